"""Folds: what a provision that remembers makes of its findings, day by day in event time.

A fold goes over the *set* of findings, sorted, so that their order of arrival means nothing. What it knows at the
beginning of a day is its state, and states are kept as checkpoints: a late finding is folded in from the checkpoint of
its day on, and gives what a fold from the beginning would have given.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from pipeline.law.effort import UNKNOWN, Efforts
from pipeline.law.watching import Watched, watched
from pipeline.law.watching import in_order as by_time
from pipeline.model.records import Alert, Finding, Progress

BEFORE_ALL = -(10**9)
"""A day before every day that there is."""

_encode = msgspec.json.Encoder().encode


class Fold(Protocol):
    """One provision that remembers."""

    @property
    def provision(self) -> str:
        """Its id."""

    @property
    def feeds(self) -> tuple[str, ...]:
        """The provisions that it goes over: its own, unless it watches others."""

    @property
    def watches(self) -> bool:
        """Whether it goes over the alerts of other provisions (`Watched`), rather than findings of its own."""

    @property
    def weighs_effort(self) -> bool:
        """Whether what it says goes by how well was watched: then it is folded anew where that changes."""

    @property
    def state_type(self) -> type[Any]:
        """What it knows between two days: a struct, as small as what stands open allows."""

    def begin(self) -> Any:
        """The state before all findings."""

    def step(self, state: Any, day: int, found: Sequence[Any], efforts: Efforts) -> tuple[Any, list[Alert]]:
        """One day's findings, or what it watches, sorted: the state after them, and the alerts that are settled now.

        Days without any are left out.
        """

    def standing(self, state: Any) -> list[Alert]:
        """The alerts that later findings may change."""

    def progress(self, state: Any, day: int, efforts: Efforts) -> list[Progress]:
        """Where the provision stands at the end of a day that is not before the state's last."""


class Memory(Protocol):
    """What a driver keeps for the folds of one agreement."""

    @property
    def efforts(self) -> Efforts:
        """How well was watched."""

    def findings(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Finding]]]:
        """The findings of some provisions by day, from a day on; in order (`in_order`)."""

    def watched(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Watched]]]:
        """The alerts of some provisions, as they stand, by the day of `observed_from`, from a day on; in order."""

    def checkpoint(self, provision: str, day: int) -> tuple[int, bytes] | None:
        """The latest state that is kept of a day not after this one, and its day."""

    def keep(self, provision: str, day: int, state: bytes) -> None:
        """Keeps the state with which a day begins."""

    def drop(self, provision: str, after_day: int) -> None:
        """Drops the states with which later days begin."""

    def thin(self, provision: str, last_day: int) -> None:
        """Drops most of the states of long ago: a fold may begin from any that is kept."""


class Refolded(NamedTuple):
    """What a fold says anew: every alert from a day on, with the day that settled it; None where it is still open."""

    provision: str
    from_day: int
    alerts: list[tuple[Alert, int | None]]


def refold(fold: Fold, memory: Memory, changed_day: int) -> Refolded:
    """Folds anew from the checkpoint before a day whose findings changed."""
    kept = memory.checkpoint(fold.provision, changed_day)
    from_day, state = BEFORE_ALL, fold.begin()
    if kept is not None:
        from_day, state = kept[0], msgspec.json.decode(kept[1], type=fold.state_type)
    memory.drop(fold.provision, from_day)
    settled: list[tuple[Alert, int | None]] = []
    last_day = from_day
    for day, found in _days(fold, memory, from_day):
        if day > from_day:
            memory.keep(fold.provision, day, _encode(state))
        state, done = fold.step(state, day, found, memory.efforts)
        settled += [(alert, day) for alert in done]
        last_day = day
    memory.thin(fold.provision, last_day)
    return Refolded(fold.provision, from_day, settled + [(alert, None) for alert in fold.standing(state)])


def progress(fold: Fold, memory: Memory, day: int) -> list[Progress]:
    """Where a provision stands at the end of a day, by the findings up to then."""
    kept = memory.checkpoint(fold.provision, day)
    from_day, state = BEFORE_ALL, fold.begin()
    if kept is not None:
        from_day, state = kept[0], msgspec.json.decode(kept[1], type=fold.state_type)
    for number, found in _days(fold, memory, from_day):
        if number > day:
            break
        state, _ = fold.step(state, number, found, memory.efforts)
    return fold.progress(state, day, memory.efforts)


def _days(fold: Fold, memory: Memory, from_day: int) -> Iterator[tuple[int, Sequence[Any]]]:
    return memory.watched(fold.feeds, from_day) if fold.watches else memory.findings(fold.feeds, from_day)


def in_order(finding: Finding) -> tuple[Any, ...]:
    """By which findings are sorted."""
    return finding.alert.observed_from, finding.alert.incident_id, finding.alert.provision, finding.role


class MemoryFindings:
    """A driver's memory that keeps everything at hand: for tests, for a notebook.

    Args:
        findings, alerts: with the day of each.
        efforts: how well was watched.
    """

    def __init__(
        self,
        findings: Sequence[tuple[int, Finding]] = (),
        alerts: Sequence[tuple[int, Alert]] = (),
        efforts: Efforts = UNKNOWN,
    ) -> None:
        self._findings, self._alerts, self.efforts = list(findings), list(alerts), efforts
        self._kept: dict[str, dict[int, bytes]] = {}

    def findings(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Finding]]]:
        """The findings of some provisions by day."""
        found = [pair for pair in self._findings if pair[0] >= from_day and pair[1].alert.provision in provisions]
        for day in sorted({day for day, _ in found}):
            yield day, sorted((one for number, one in found if number == day), key=in_order)

    def watched(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Watched]]]:
        """The alerts of some provisions by day."""
        found = [pair for pair in self._alerts if pair[0] >= from_day and pair[1].provision in provisions]
        for day in sorted({day for day, _ in found}):
            yield day, sorted((watched(one) for number, one in found if number == day), key=by_time)

    def checkpoint(self, provision: str, day: int) -> tuple[int, bytes] | None:
        """The latest state not after a day."""
        return max((pair for pair in self._kept.get(provision, {}).items() if pair[0] <= day), default=None)

    def keep(self, provision: str, day: int, state: bytes) -> None:
        """Keeps a state."""
        self._kept.setdefault(provision, {})[day] = state

    def drop(self, provision: str, after_day: int) -> None:
        """Drops later states."""
        self._kept[provision] = {day: one for day, one in self._kept.get(provision, {}).items() if day <= after_day}

    def thin(self, provision: str, last_day: int) -> None:
        """Keeps all of them."""
