"""The command that serves the console: where it listens, and how it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.console.conftest import Record, some_reports


def start(*words: str | Path) -> "subprocess.Popen[bytes]":
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_streams_open(path: Path, agreement: Path, record: Record, how: signal.Signals) -> None:
    record(*some_reports(6))
    command = ("serve", "--store", path, "--port", "0", "-a", agreement)
    with start(*command) as process:
        assert process.stderr is not None
        told = process.stderr.readline().decode()
        url = told.split("(")[0].split(": ", 1)[1].strip()
        with httpx.stream("GET", f"{url}api/events", timeout=60, trust_env=False) as listening:
            lines = listening.iter_lines()
            assert next(lines).startswith("id:")
            process.send_signal(how)
            begun = time.monotonic()
            list(lines)
        assert process.wait(timeout=60) == 0
        assert time.monotonic() - begun < 60
        assert process.stderr.read().decode().splitlines()[-1] == "stopped"
        assert process.stdout is not None
        assert process.stdout.read() == b""


def test_nobody_else_is_let_in(path: Path, record: Record) -> None:
    record(*some_reports(1))
    with start("serve", "--store", path, "--host", "0.0.0.0") as process:
        assert process.wait(timeout=60) == 2
        assert process.stderr is not None
        assert b"this machine alone" in process.stderr.read()


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    with start("serve", "--store", tmp_path / "none.db") as process:
        assert process.wait(timeout=60) == 2
        assert process.stderr is not None
        assert b"there is no store here" in process.stderr.read()
