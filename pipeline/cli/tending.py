"""How the alerts of a store are looked after, for the commands that list and show them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pipeline.cli.common import UserError
from pipeline.cli.show_acts import Tended, watch_word
from pipeline.cli.words import safe
from pipeline.law.transitions import Act
from pipeline.law.waiting import SUPERVISOR, is_unacknowledged, looks_after
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Severity, Status
from pipeline.store import Store
from pipeline.store.acting import Acting
from pipeline.store.watching import actions_on, waiting
from pipeline.watch import load_watch


class Wanted(NamedTuple):
    """Which alerts are asked for, by how they are looked after; none of it for all."""

    status: Status | None = None
    assignee: str | None = None
    unacknowledged: bool = False

    @classmethod
    def of(cls, status: str | None, assignee: str | None, unacknowledged: bool) -> "Wanted":
        """What the options say.

        Raises:
            UserError: there is no such status.
        """
        known = {one.value: one for one in Status}
        if status is not None and status not in known:
            raise UserError(f"--status {safe(status, 60)}: one of {', '.join(known)}")
        return cls(None if status is None else known[status], assignee, unacknowledged)

    def __bool__(self) -> bool:
        return self != Wanted()


def tended_so(store: Store, alerts: Sequence[Alert], wanted: Wanted, now: datetime) -> list[Alert]:
    """Those alerts that are looked after as wanted."""
    found = [
        alert
        for alert in alerts
        if (wanted.status is None or alert.status is wanted.status)
        and (not wanted.unacknowledged or is_unacknowledged(alert))
    ]
    if wanted.assignee is None:
        return found
    if wanted.assignee != SUPERVISOR:
        found = [alert for alert in found if alert.assignee == wanted.assignee]
    watch = load_watch()
    return [one.alert for one in waiting(store, found) if looks_after(one, now, watch) == wanted.assignee]


def watched(store: Store, alerts: Sequence[Alert], now: datetime) -> dict[str, str]:
    """By alert id, who looks after it, or that nobody does."""
    patience = {severity: load_watch().patience(severity) for severity in Severity}
    return {one.alert.alert_id: watch_word(one.alert, one.raised_at, now, patience) for one in waiting(store, alerts)}


def tended(store: Store, alert: Alert, now: datetime) -> Tended:
    """How one alert is looked after, and all that was done with it."""
    opened = Acting(store).look(alert)
    (since,) = waiting(store, [alert])
    times = since.lasts(now), load_watch().patience(alert.severity)
    if opened is not None:
        return Tended(opened.case, opened.case.acts, *times)
    gone = "the alert stands no more"
    return Tended(None, [Act(one, False, gone) for one in actions_on(store, alert.alert_id)], *times)


def act_fields(act: Act) -> dict[str, Any]:
    """An act as JSON has it: the action without the alert that was seen, and whether it is in force."""
    return {**action_fields(act.action), "done": act.done, "why": act.why or None}


def action_fields(action: Action) -> dict[str, Any]:
    """An action without what it leaves out; of the alert as it was seen, its reports and probability."""
    told = {name: value for name, value in msgspec.structs.asdict(action).items() if value not in (None, ())}
    seen = told.pop("seen")
    return {**told, "seen": {"report_ids": seen.report_ids, "probability": seen.probability}}
