"""What a broker is made of: Java, the jars of Kafka that Maven fetches once, the log's settings."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pipeline.resources import folder as shipped

MIN_JAVA = 17
MIN_FREE_BYTES = 200_000_000
"""Less than this on a disk, and neither the jars nor a broker's first topics have room."""

_MAVEN_LIMIT_S = 900
_WORDS_OF_MAVEN = 6
_PART = ".part-"


class BrokerError(Exception):
    """The broker cannot be had, started or stopped; the message says what is missing or in the way."""


def cache_folder() -> Path:
    """Where fetched jars are kept: `truceline/kafka` in the user's cache folder."""
    return _of_the_user("XDG_CACHE_HOME", ".cache")


def data_folder() -> Path:
    """Where a broker keeps its data unless told otherwise: `truceline/kafka` in the user's data folder."""
    return _of_the_user("XDG_DATA_HOME", ".local/share")


def _of_the_user(variable: str, otherwise: str) -> Path:
    parent = Path(os.environ.get(variable, ""))
    try:
        # The convention has a relative folder ignored.
        return (parent if parent.is_absolute() else Path.home() / otherwise) / "truceline" / "kafka"
    except RuntimeError as error:
        raise BrokerError(f"there is no home folder; set {variable}") from error


def log_settings() -> Path:
    """The settings of the broker's own log."""
    return shipped("deploy") / "kafka" / "log4j2.properties"


def java() -> str:
    """The program `java`, of JAVA_HOME or else of the path.

    Raises:
        BrokerError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"in JAVA_HOME ({home})" if home else "on the path"
        raise BrokerError(f"there is no java {where}; Kafka needs Java {MIN_JAVA} or later")
    told = _run([found, "-version"], 60)
    version = java_version(told.stderr + told.stdout)
    if version is None:
        raise BrokerError(f"{found} does not tell its version: {_end_of(told.stderr + told.stdout)}")
    if version < MIN_JAVA:
        raise BrokerError(f"{found} is Java {version}; Kafka needs {MIN_JAVA} or later (JAVA_HOME names another)")
    return found


def java_version(told: str) -> int | None:
    """The number of a Java release by what `java -version` tells; None where it tells none.

    >>> java_version('openjdk version "17.0.15" 2025-04-15'), java_version('java version "1.8.0_292"')
    (17, 8)
    >>> java_version("no such thing") is None
    True
    """
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None


def kafka_version() -> str:
    """The release of Kafka that is fetched."""
    found = re.search(r"<kafka\.version>([^<]+)<", _pom().read_text(encoding="utf-8"))
    if found is None:
        raise BrokerError(f"{_pom()} names no version of Kafka; install Truceline again")
    return found[1]


def jars(tell: Callable[[str], None], cache: Path | None = None) -> Path:
    """The folder with Kafka's jars, fetched by Maven where they are not there yet.

    It appears whole or not at all, also where several processes ask for it or one is killed on the way.

    Args:
        tell: is given a line for people where it takes a while.
        cache: the folder that keeps them, instead of the user's own.

    Raises:
        BrokerError: there is no Maven, or Maven or the disk fails.
    """
    kept = cache or cache_folder()
    target = kept / f"{kafka_version()}-{hashlib.sha256(_pom().read_bytes()).hexdigest()[:12]}"
    if target.is_dir():
        return target
    with disk_errors(kept):
        kept.mkdir(parents=True, exist_ok=True)
        with locked(kept / "lock"):
            if not target.is_dir():
                _clear(kept)
                _fetch(target, tell)
    return target


def _pom() -> Path:
    return shipped("deploy") / "kafka" / "pom.xml"


def _clear(kept: Path) -> None:
    """Removes what a fetch that was killed left behind. Whoever holds the lock is the only one who fetches."""
    for left in kept.glob(f"{_PART}*"):
        shutil.rmtree(left, ignore_errors=True)


def _fetch(target: Path, tell: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError("there is no mvn on the path; Apache Maven fetches Kafka (Debian: apt-get install maven)")
    java()
    check_room(target.parent)
    tell(f"fetching Kafka {kafka_version()} (43 MB, once) into {target}")
    with tempfile.TemporaryDirectory(prefix=_PART, dir=target.parent) as part:
        into = Path(part) / "jars"
        command = [maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", str(_pom())]
        command += ["-Dstyle.color=never", "dependency:copy-dependencies", f"-DoutputDirectory={into}"]
        told = _run(command, _MAVEN_LIMIT_S)
        if told.returncode:
            said = _end_of(told.stdout + told.stderr)
            raise BrokerError(f"Maven could not fetch Kafka (exit code {told.returncode}); its last lines:\n{said}")
        if not list(into.glob("kafka_*.jar")):
            raise BrokerError(f"Maven says that it fetched Kafka, and left no broker in {into}")
        into.rename(target)


def _run(command: list[str], limit_s: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit_s,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"{command[0]} was not done within {limit_s:.0f} s") from error
    except OSError as error:
        raise BrokerError(f"{command[0]} cannot be run: {error.strerror or error}") from error


def _end_of(said: str) -> str:
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    return "\n".join(lines[-_WORDS_OF_MAVEN:]) or "(it said nothing)"


def check_room(folder: Path) -> None:
    """Sees that the disk of a folder has room.

    Raises:
        BrokerError: it has too little.
    """
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        needed = f"{MIN_FREE_BYTES / 1e6:.0f} MB"
        raise BrokerError(f"{folder}: the disk has {free / 1e6:.0f} MB free, and Kafka needs {needed}")


@contextmanager
def locked(path: Path) -> Iterator[TextIO]:
    """Waits until nobody else holds the lock of this name, and holds it; the system gives up a dead process's."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Makes an error of the system, met with the files of a folder, one that names it.

    Raises:
        BrokerError: in its place.
    """
    try:
        yield
    except OSError as error:
        raise BrokerError(f"{error.filename or folder}: {error.strerror or error}") from error


def remove(path: Path) -> None:
    """Removes a file that may not be there."""
    with suppress(FileNotFoundError):
        path.unlink()
