"""How far a command has come, on standard error: a bar in a terminal, elsewhere a plain line every few seconds."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from pipeline.cli.common import bytes_of, error_console, number, plural, say, visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

EVERY_S = 5.0
"""How often a plain line is said."""

_WARM_UP_S = 0.5
"""A rate over less time than this says nothing."""


class Measured(Protocol):
    """What is read: how many bytes it has, where that is known, and how many of them are read."""

    @property
    def size(self) -> int | None:
        """All its bytes, or None."""

    @property
    def bytes_read(self) -> int:
        """Those that were read."""


class Progress:
    """The bytes of the inputs that are read so far, with a few words beside them.

    Args:
        inputs: whose bytes make the whole; where one's size is not known, there is no share of it.
    """

    def __init__(self, inputs: Sequence[Measured]) -> None:
        self._inputs = list(inputs)
        sizes = [given.size for given in inputs]
        self._total = None if any(size is None for size in sizes) else sum(size or 0 for size in sizes)
        self._begun = self._said = time.monotonic()
        self._stack = ExitStack()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Progress":
        console = error_console()
        if console.is_terminal:
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = TextColumn("{task.fields[file]}"), BarColumn(bar_width=24), TimeElapsedColumn()
            bar = Progress(*columns, TextColumn("{task.fields[words]}"), console=console, transient=True)
            self._bar = self._stack.enter_context(bar)
            self._task = bar.add_task("", total=self._total, file="", words="")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, file: str, rows: int, words: str) -> None:
        """Tells how many rows are read and what came of them."""
        elapsed = time.monotonic() - self._begun
        rate = f" · {number(rows / elapsed)}/s" if elapsed > _WARM_UP_S else ""
        self._tell(file, f"{plural(rows, 'row')}{rate}{words}", sum(given.bytes_read for given in self._inputs))

    def catch_up(self, agreements: str, done: int, whole: int) -> None:
        """Tells how far the judging of what is in the log has come."""
        self._tell("", f"judging the log by {agreements}: frame {number(done)} of {number(whole)}", None)

    def call_out(self, line: str) -> None:
        """A line of its own above the bar, at once."""
        if self._bar is not None:
            self._bar.console.print(visible(line), soft_wrap=True)
        else:
            say(line)

    def _tell(self, file: str, words: str, done: int | None) -> None:
        from pipeline.cli.words import safe

        name = safe(file, 40)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, file=name, words=words)
        elif time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            parts = (name, self._share(done), words)
            say(" · ".join(part for part in parts if part))

    def _share(self, done: int | None) -> str:
        if done is None:
            return ""
        return f"{bytes_of(done)} of {bytes_of(self._total)}" if self._total else bytes_of(done)
