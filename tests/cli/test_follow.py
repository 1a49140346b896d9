"""`run --follow`: it goes on until it is interrupted, and where it stopped."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.store import StoreError, open_store
from tests.cli.driving import Cli, line, start


def reports(store: Path) -> int:
    try:
        with open_store(store) as opened:
            return opened.figures()["reports"]
    except StoreError:
        return 0


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_it_goes_on_where_it_was_killed_and_ends_when_it_is_asked_to(world: Path, tmp_path: Path) -> None:
    store, log, folder = tmp_path / "t.db", tmp_path / "log.ndjson", tmp_path / "in"
    folder.mkdir()
    log.write_bytes(line(1) + b"broken\n" + line(2)[:50])
    command: list[Any] = ["run", "-a", world, log, folder, "--store", store, "--follow", "--feed", "f", "--json"]
    with start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: reports(store) == 1)
        add(log, line(2)[50:])
        (folder / "a.ndjson").write_bytes(line(3))
        wait_for(lambda: reports(store) == 3)
        process.kill()
    add(log, line(4))
    log.rename(tmp_path / "log.1")
    log.write_bytes(line(5))
    with start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(lambda: reports(store) == 5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
    summary = json.loads(out)
    assert (summary["rows_read"], summary["duplicates"], summary["alerts"]) == (2, 0, 5)
    assert b"Traceback" not in err
    with open_store(store) as opened:
        assert [(reject.file, reject.row) for _, reject in opened.rejects()] == [(str(log), 2)]
        assert {one.feed for versions in opened.versions(["test:4"]).values() for one in versions} == {"f"}


def test_what_cannot_be_followed_is_wrong_usage(cli: Cli, world: Path) -> None:
    Path("t.ndjson").write_bytes(line(1))
    assert cli("run", "-a", world, "missing.ndjson", "--follow").code == 2
    assert cli("run", "-a", world, "t.ndjson", "--follow", "--pace", "2").code == 2
    assert cli("run", "-a", world, "-", "-", "--follow").code == 2
    assert not Path("truceline.db").exists()
    assert "tail -F" in cli("send", "t.ndjson", "--follow").err


def test_a_bad_row_ends_a_strict_one(cli: Cli, world: Path) -> None:
    Path("t.ndjson").write_bytes(line(1) + b"broken\n" + line(2))
    told = cli("run", "-a", world, "t.ndjson", "--follow", "--strict", "--json")
    assert (told.code, told.json()["rejected"]) == (3, 1)
