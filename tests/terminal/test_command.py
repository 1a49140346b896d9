"""`truceline watch` as it is started: on a terminal of a kind that is met over SSH, and where there is none."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.driving import Cli, start, traceless
from tests.terminal.conftest import Adding
from tests.terminal.driving import WAIT_S, Desk
from tests.terminal.test_watch import fires

OWN_TITLE = re.compile(rb"\x1b\][^\x07\x1b]*\x07")
MANY_COLOURS = re.compile(rb"\x1b\[[\d;]*[34]8;[25];")
ANY_COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7])[;m]")


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capfd)


def test_without_a_terminal_it_says_what_programs_may_ask(cli: Cli, desk: Desk) -> None:
    told = cli("watch", "--store", desk.path)
    assert told.code == 2
    assert "truceline alerts list --json" in told.err
    assert "tail" in told.err
    traceless(told)


class Terminal:
    """A terminal of 80 columns with a command in it."""

    def __init__(self, *arguments: str | Path, env: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        settings = {"COLORTERM": "", **env}
        self._process = start(*arguments, env=settings, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.said = b""

    def until(self, word: bytes) -> None:
        """Reads until something is said."""
        end = time.monotonic() + WAIT_S
        while word not in self.said:
            assert time.monotonic() < end, self.said[-3_000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.said += os.read(self._ours, 65_536)

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """What the command ends with."""
        # A terminal whose other end is closed is an error to read, and not the end of a file.
        with suppress(OSError):
            while select.select([self._ours], [], [], WAIT_S)[0] and (piece := os.read(self._ours, 65_536)):
                self.said += piece
        os.close(self._ours)
        with self._process as process:
            return process.wait(WAIT_S)


def test_on_a_plain_terminal_it_shows_the_record_and_leaves_the_terminal_as_it_was(desk: Desk, add: Adding) -> None:
    add(*fires(1))
    command = ("watch", "--store", desk.path, "-a", desk.law)
    sixteen, bare = (Terminal(*command, env={"TERM": "xterm", **env}) for env in ({}, {"NO_COLOR": "1"}))
    for terminal in (sixteen, bare):
        terminal.until("▲ grave".encode())
        terminal.press(b"j\r")
    for terminal in (sixteen, bare):
        terminal.until(b"May be done")
        terminal.press(b"q")
        assert terminal.end() == 0
        assert not MANY_COLOURS.search(terminal.said)
        assert terminal.said.rindex(b"\x1b[?1049l") > terminal.said.rindex(b"\x1b[?1049h")
        assert b"\x07" not in OWN_TITLE.sub(b"", terminal.said)
    assert ANY_COLOUR.search(sixteen.said)
    assert not ANY_COLOUR.search(bare.said)
