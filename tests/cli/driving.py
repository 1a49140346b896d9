"""Driving the command line: in this process for what is said, in another for signals, pipes and rights."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.cli import execute

COMMAND = (sys.executable, "-m", "pipeline")


class Told(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """`cli("run", …)`: a command within this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str | Path) -> Told:
        self._capfd.readouterr()
        code = execute([str(argument) for argument in arguments])
        return Told(code, *self._capfd.readouterr())


def start(*arguments: str | Path, before: tuple[str, ...] = (), **options: Any) -> "subprocess.Popen[bytes]":
    """A command in a process of its own, without the settings of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRUCELINE")}
    command = [*before, *COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, env={**environment, **options.pop("env", {})}, **options)


def on_a_terminal(*arguments: str | Path, streams: tuple[str, ...], env: dict[str, str] | None = None) -> bytes:
    """All that a command, which ends well, says to a terminal; `streams` are those that are one."""
    ours, theirs = pty.openpty()
    options: dict[str, Any] = dict.fromkeys(streams, theirs)
    with start(*arguments, **options, env={"TERM": "xterm-256color", **(env or {})}) as process:
        os.close(theirs)
        said = b""
        # A terminal whose other end is closed is an error to read, and not the end of a file.
        with suppress(OSError):
            while piece := os.read(ours, 65_536):
                said += piece
        assert process.wait(timeout=60) == 0
    os.close(ours)
    return said


def finish(*arguments: str | Path, before: tuple[str, ...] = (), stdin: bytes = b"", **options: Any) -> Told:
    """A command in a process of its own, to its end."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with start(*arguments, before=before, **pipes) as process:
        out, err = process.communicate(stdin, timeout=120)
    return Told(process.returncode, (out or b"").decode(), (err or b"").decode())


def line(number: int = 1, **fields: Any) -> bytes:
    """A patrol's report of an explosion near the invented line, as NDJSON; a field given as `...` is left out.

    What one observer tells in several reports is several incidents, however near they are.
    """
    report = {
        "report_id": f"test:{number}",
        "source": "test",
        "observer": "Patrol 7",
        "ledger": "independent",
        "observed_from": "2016-03-01T08:00:00Z",
        "observed_until": "2016-03-01T08:00:10Z",
        "footprint": {"kind": "disc", "lon": 37.6, "lat": 48.2, "radius_m": 100},
        "activity": "explosion",
        **fields,
    }
    return json.dumps({name: value for name, value in report.items() if value is not ...}).encode() + b"\n"


def traceless(told: Told) -> None:
    """No mistake of a user's ends in a traceback."""
    assert "Traceback" not in told.err + told.out
    assert told.err.strip() or told.code == 0
