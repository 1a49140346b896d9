"""What the next watch has to know: what is open, new and waiting, and what was done. A pure function of the record."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.law.lifecycle import Case, Docket
from pipeline.law.transitions import Act
from pipeline.law.waiting import Waiting, is_open, is_unacknowledged, overdue
from pipeline.model.actions import Action
from pipeline.model.taxonomy import ActionKind, Doubt, Severity, Status
from pipeline.watch import Watch

CONTRADICTING = frozenset({Doubt.OUTCOME_CONTRADICTED, Doubt.OUTCOMES_DIFFER})
"""The doubts of which an operator has to be told."""

_GRAVEST_FIRST = list(reversed(Severity))


class Asked(NamedTuple):
    """An alert that waits for verification, who asked for it, and for how long it has waited."""

    waiting: Waiting
    action: Action
    lasts: timedelta


class Handover(NamedTuple):
    """The note from one watch to the next; alerts gravest first, then the longest open.

    Attributes:
        new: of the open ones, those raised in this watch.
        contradicted: alerts with an outcome that what came since, or another operator, contradicts.
        acts: what was done in this watch, in order of time; those that are not in force are left out.
        responses: of these, what parties said.
    """

    since: datetime
    now: datetime
    open: Sequence[Waiting]
    new: Sequence[Waiting]
    asked: Sequence[Asked]
    unacknowledged: Sequence[Waiting]
    overdue: Sequence[Waiting]
    contradicted: Sequence[Waiting]
    acts: Sequence[Act]
    responses: Sequence[Act]


def handover(
    alerts: Iterable[Waiting], dockets: Iterable[Docket], since: datetime, now: datetime, watch: Watch
) -> Handover:
    """The note of a watch that began at `since`."""
    found = sorted(alerts, key=gravest_first)
    cases = [case for docket in dockets for case in docket.cases.values()]
    opened = [one for one in found if is_open(one.alert)]
    acts = {act.action.action_id: act for case in cases for act in case.acts if act.done}
    done = [act for act in acts.values() if since <= act.action.decided_at <= now]
    done.sort(key=lambda act: (act.action.decided_at, act.action.action_id))
    return Handover(
        since=since,
        now=now,
        open=opened,
        new=[one for one in opened if one.raised_at >= since],
        asked=_asked(opened, {case.alert.alert_id: case for case in cases}, now),
        unacknowledged=[one for one in opened if is_unacknowledged(one.alert)],
        overdue=overdue(opened, now, watch),
        contradicted=[one for one in found if any(note.doubt in CONTRADICTING for note in one.alert.doubts)],
        acts=done,
        responses=[act for act in done if act.action.kind is ActionKind.RESPOND],
    )


def _asked(opened: Iterable[Waiting], cases: Mapping[str, Case], now: datetime) -> list[Asked]:
    found = []
    for one in opened:
        if one.alert.status is Status.UNDER_VERIFICATION and one.alert.alert_id in cases:
            acts = cases[one.alert.alert_id].acts
            last = [act.action for act in acts if act.done and act.action.kind is ActionKind.VERIFY][-1]
            found.append(Asked(one, last, max(now - last.decided_at, timedelta())))
    return sorted(found, key=lambda asked: asked.action.decided_at)


def gravest_first(one: Waiting) -> tuple[int, datetime, str]:
    """The order of a note: by severity, then what waits longest."""
    return _GRAVEST_FIRST.index(one.alert.severity), one.raised_at, one.alert.alert_id
