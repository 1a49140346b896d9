"""How fast it is on this machine: `make bench`. Nothing here is asserted."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Figure:
    """One figure, measured once or several times.

    Attributes:
        values: what was measured, in the order of the runs; none where it could not be, and then `note` says why.
        note: what a reader has to know in order not to misread it.
    """

    what: str
    values: Sequence[float]
    unit: str = ""
    note: str = ""

    @classmethod
    def one(cls, what: str, value: float, unit: str = "", note: str = "") -> "Figure":
        """A figure that is the same in every run."""
        return cls(what, (value,), unit, note)

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(frozen=True)
class Effort:
    """How much work a bench does: how often each thing is measured, and which share of the full work it is.

    Attributes:
        seeds, scenario: what is played where it is measured how good an answer is, and not how fast.
    """

    repeats: int = 5
    scale: float = 1.0
    seeds: Sequence[int] = (1, 2, 3)
    scenario: str = "routine"

    def of(self, count: int) -> int:
        """So many, at this scale."""
        return max(1, round(count * self.scale))


def in_turns(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds that each work took, in every round.

    The works take turns, so that whatever else the machine does meanwhile falls on all of them alike. A first round
    is not counted: it compiles, fills caches and fetches pages of memory.
    """
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            began = perf_counter()
            work()
            taken[name].append(perf_counter() - began)
    return taken


def rates(seconds: Sequence[float], count: int) -> list[float]:
    """How many a second, in every round."""
    return [count / taken for taken in seconds]


@contextmanager
def one_core() -> Iterator[bool]:
    """All that runs within, threads of libraries included, shares one core; whether the system can promise that."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)
