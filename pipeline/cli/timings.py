"""Where a command's time goes, part by part."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TypeVar

from pipeline.cli.common import error_console, number

T = TypeVar("T")


class Timings:
    """Seconds by part. While one part waits for another, the time is the other's alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._parts: list[str] = []
        self._since = perf_counter()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What is done within is this part's; what a part within it does is not.

        >>> timings = Timings()
        >>> with timings.part("write"), timings.part("match"):
        ...     pass
        >>> sorted(timings.seconds)
        ['match', 'write']
        """
        self._count()
        self._parts.append(name)
        try:
            yield
        finally:
            self._count()
            self._parts.pop()

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The items; what it takes to come by them is this part's."""
        given = iter(items)
        while True:
            with self.part(name):
                try:
                    item = next(given)
                except StopIteration:
                    return
            yield item

    def move(self, giver: str, taker: str, seconds: float) -> None:
        """Counts seconds of one part as another's, which somebody else measured."""
        self.seconds[giver] = self.seconds.get(giver, 0.0) - seconds
        self.seconds[taker] = self.seconds.get(taker, 0.0) + seconds

    def show(self, rows: int) -> None:
        """The parts in a table on standard error, in the order in which rows pass through them."""
        from rich import box
        from rich.table import Table

        whole = sum(self.seconds.values())
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("part", "seconds", "share", "rows/s"):
            table.add_column(heading, justify="left" if heading == "part" else "right")
        for name, seconds in [*((part, self.seconds.get(part, 0.0)) for part in PARTS), ("all", whole)]:
            rate = number(rows / seconds) if seconds > 0 and name != "start" else ""
            table.add_row(name, f"{seconds:.2f}", f"{seconds / whole:.0%}", rate, end_section=name == PARTS[-1])
        error_console().print(table)

    def _count(self) -> None:
        now = perf_counter()
        if self._parts:
            self.seconds[self._parts[-1]] = self.seconds.get(self._parts[-1], 0.0) + now - self._since
        self._since = now


PARTS = ("start", "read", "decode", "match", "write")
"""Start: loading the agreements and what they need. Decode: splitting rows, decoding and checking them."""
