"""The register: what became of alerts, from the allegation to the outcome, how long it took, and what never got one."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from pipeline.law.lifecycle import Case
from pipeline.law.transitions import FOUND
from pipeline.law.waiting import Waiting
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind, Severity, Status


class Entry(NamedTuple):
    """One alert's way; times are None where it has not come so far.

    Attributes:
        seen_at: when somebody acknowledged it, or did what implies that.
        asked_at: when verification was asked for last.
        found_at: when the outcome that stands was recorded.
    """

    alert: Alert
    raised_at: datetime
    seen_at: datetime | None
    asked_at: datetime | None
    found_at: datetime | None

    def age(self, now: datetime) -> timedelta:
        """From the allegation to its outcome, or until now where there is none."""
        return max((self.found_at or now) - self.raised_at, timedelta())


class Line(NamedTuple):
    """What became of the alerts of one severity under one agreement; durations are medians.

    Of those raised each is superseded, has one of the three outcomes, or has none.

    Attributes:
        seen: of all that were raised.
        under_verification: of those that have no outcome.
        superseded: those that were marked as duplicates of others.
        without_outcome: how many of the rest have none.
        without: the share of the rest that has none.
        oldest: the age of the oldest of these.
    """

    agreement: str
    severity: Severity
    raised: int
    seen: int
    until_seen: timedelta | None
    under_verification: int
    confirmed: int
    not_a_violation: int
    refuted: int
    until_found: timedelta | None
    superseded: int
    without_outcome: int
    without: float | None
    oldest: timedelta | None


def entry(one: Waiting, case: Case | None) -> Entry:
    """An alert's way, from its acts."""
    acts = [] if case is None else [act.action for act in case.acts if act.done]
    times = {kind: [act.decided_at for act in acts if act.kind is kind] for kind in ActionKind}
    seeing = (*times[ActionKind.ACKNOWLEDGE], *times[ActionKind.VERIFY], *times[ActionKind.OUTCOME])
    found = times[ActionKind.OUTCOME] if one.alert.status in FOUND else []
    return Entry(
        one.alert,
        one.raised_at,
        min((*seeing, *times[ActionKind.DUPLICATE]), default=None),
        max(times[ActionKind.VERIFY], default=None),
        max(found, default=None),
    )


def register(entries: Iterable[Entry], now: datetime) -> list[Line]:
    """A line for each agreement and severity, the gravest first."""
    grouped: dict[tuple[str, Severity], list[Entry]] = {}
    for one in entries:
        grouped.setdefault((one.alert.agreement, one.alert.severity), []).append(one)
    order = list(reversed(Severity))
    keys = sorted(grouped, key=lambda key: (key[0], order.index(key[1])))
    return [_line(*key, grouped[key], now) for key in keys]


def _line(agreement: str, severity: Severity, every: list[Entry], now: datetime) -> Line:
    entries = [one for one in every if one.alert.status is not Status.SUPERSEDED]
    statuses = [one.alert.status for one in entries]
    left = [one for one in entries if one.alert.status not in FOUND]
    return Line(
        agreement=agreement,
        severity=severity,
        raised=len(every),
        seen=sum(one.seen_at is not None for one in every),
        until_seen=_median(one.seen_at - one.raised_at for one in every if one.seen_at is not None),
        **_counts(statuses),
        until_found=_median(one.age(now) for one in entries if one.found_at is not None),
        superseded=len(every) - len(entries),
        without_outcome=len(left),
        without=len(left) / len(entries) if entries else None,
        oldest=max((one.age(now) for one in left), default=None),
    )


def _counts(statuses: list[Status]) -> Mapping[str, int]:
    counted = (Status.UNDER_VERIFICATION, *sorted(FOUND))
    return {status.value: statuses.count(status) for status in counted}


def _median(spans: Iterable[timedelta]) -> timedelta | None:
    """The median; what was seen before it was first raised, as an alert that was only possible then, took no time."""
    seconds = [max(span.total_seconds(), 0.0) for span in spans]
    return timedelta(seconds=median(seconds)) if seconds else None
