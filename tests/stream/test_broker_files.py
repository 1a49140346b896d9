"""Kafka is fetched once, appears whole or not at all, and what is missing is named.

The programs that a machine may lack, or that may fail, are scripts here: they are another's code.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.stream import broker_files
from pipeline.stream.broker_config import check_port, free_port
from pipeline.stream.broker_files import BrokerError, jars, kafka_version

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
# What is left of a Maven that fetches: the folder that it is told to fill, and a note of every call.
MAVEN = """
for word in "$@"; do case "$word" in -DoutputDirectory=*) into="${word#-DoutputDirectory=}" ;; esac; done
echo "$@" >> "$(dirname "$0")/calls"
mkdir -p "$into"
"""
FETCHES = MAVEN + 'touch "$into/slf4j.jar"; sleep 0.3; touch "$into/kafka_2.13-9.jar"'

Programs = Callable[..., Path]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Makes scripts the only programs of their names: `programs(java="echo …", mvn="exit 1")`."""
    folder = tmp_path / "programs"
    plain = {name: str(shutil.which(name)) for name in ("sh", "mkdir", "touch", "sleep", "dirname")}

    def _programs(**scripts: str) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, place in plain.items():
            (folder / name).symlink_to(place)
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.delenv("JAVA_HOME", raising=False)
        return folder

    return _programs


def nobody(_: str) -> None:
    pass


def only_folders(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.is_dir()] if cache.exists() else []


@pytest.mark.needs("java", "maven")
def test_maven_fetches_a_broker_and_its_log_s_binding(tmp_path: Path) -> None:
    said: list[str] = []
    folder = jars(said.append, tmp_path / "cache")
    names = {path.name for path in folder.iterdir()}
    assert f"kafka_2.13-{kafka_version()}.jar" in names
    log4j = {name.rpartition("-")[2] for name in names if name.startswith("log4j-")}
    assert len(log4j) == 1, f"log4j and its binding are of several releases: {log4j}"
    assert any(name.startswith("log4j-slf4j-impl") for name in names)
    assert len(said) == 1
    assert jars(said.append, tmp_path / "cache") == folder
    assert len(said) == 1, "it was fetched again"


def test_one_of_several_fetches_and_nobody_does_again(programs: Programs, tmp_path: Path) -> None:
    calls = programs(java=JAVA_17, mvn=FETCHES) / "calls"
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: jars(nobody, tmp_path / "cache"), range(4)))
    assert len(found) == 1
    assert sorted(path.name for path in found.pop().iterdir()) == ["kafka_2.13-9.jar", "slf4j.jar"]
    assert len(calls.read_text().splitlines()) == 1
    programs()
    assert only_folders(tmp_path / "cache") == [jars(nobody, tmp_path / "cache").name], "it needs a program still"


@pytest.mark.parametrize(
    ("maven", "says"),
    [
        (MAVEN + 'touch "$into/slf4j.jar"; echo "[ERROR] no such host"; echo "[ERROR] offline"; exit 7', "offline"),
        (MAVEN, "left no broker"),
    ],
    ids=["fails", "fetches nothing"],
)
def test_a_fetch_that_fails_leaves_nothing(programs: Programs, tmp_path: Path, maven: str, says: str) -> None:
    programs(java=JAVA_17, mvn=maven)
    with pytest.raises(BrokerError, match=says):
        jars(nobody, tmp_path / "cache")
    assert only_folders(tmp_path / "cache") == []
    programs(java=JAVA_17, mvn=FETCHES)
    assert jars(nobody, tmp_path / "cache").is_dir()


_FETCH = """
import sys
from pathlib import Path
from pipeline.stream.broker_files import jars
jars(print, Path(sys.argv[1]))
"""


def test_a_fetch_that_is_killed_leaves_no_half_of_it(programs: Programs, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    folder = programs(
        java=JAVA_17, mvn=MAVEN + 'touch "$into/kafka_2.13-9.jar"; echo $$ > "$(dirname "$0")/pid"; exec sleep 60'
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", _FETCH, str(cache)], env=environment, stdout=subprocess.DEVNULL
    ) as one:
        deadline = time.monotonic() + 60
        while not (folder / "pid").exists() or not (folder / "pid").read_text().strip():
            assert time.monotonic() < deadline, "it does not fetch"
            time.sleep(0.02)
        one.send_signal(signal.SIGKILL)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    programs(java=JAVA_17, mvn=FETCHES)
    found = jars(nobody, cache)
    assert only_folders(cache) == [found.name], "what was left was not cleared away"
    assert len(list(found.iterdir())) == 2


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        ({"java": JAVA_17}, "no mvn"),
        ({"mvn": FETCHES}, "no java"),
        ({"java": "echo 'openjdk version \"11.0.2\"' >&2", "mvn": FETCHES}, "Java 11; Kafka needs 17"),
        ({"java": "echo 'java version \"1.8.0_292\"' >&2", "mvn": FETCHES}, "Java 8; Kafka needs 17"),
        ({"java": "echo 'a stub' >&2", "mvn": FETCHES}, "does not tell its version: a stub"),
    ],
    ids=["no Maven", "no Java", "Java 11", "Java 8", "no Java's answer"],
)
def test_what_is_missing_is_named(programs: Programs, tmp_path: Path, scripts: dict[str, str], says: str) -> None:
    programs(**scripts)
    with pytest.raises(BrokerError, match=says):
        jars(nobody, tmp_path / "cache")
    assert only_folders(tmp_path / "cache") == []


def test_java_home_goes_before_the_path(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = programs(java=JAVA_17)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    with pytest.raises(BrokerError, match="JAVA_HOME"):
        broker_files.java()
    (tmp_path / "jdk").mkdir()
    (tmp_path / "jdk" / "bin").symlink_to(folder)
    assert broker_files.java() == str(tmp_path / "jdk" / "bin" / "java")


def test_a_full_disk_is_told(small_disk: Callable[[int], Path], programs: Programs) -> None:
    cache = small_disk(1 << 20) / "cache"
    programs(java=JAVA_17, mvn=FETCHES)
    with pytest.raises(BrokerError, match="1 MB free"):
        jars(nobody, cache)


def test_a_port_of_another_s_is_told() -> None:
    import socket

    port = free_port()
    check_port(port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(BrokerError, match=f"port {port} is taken"):
            check_port(port)
    check_port(port)
