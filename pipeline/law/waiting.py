"""Alerts that wait for somebody to see them, and those that have waited too long: a pure function of time.

The supervisor is shown as the one to look after an overdue alert; nothing is written, so that nothing has to be taken
back when it is acknowledged.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.law.transitions import OPEN
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Standing
from pipeline.watch import Watch

SUPERVISOR = "supervisor"
"""Who is to look after an alert that was left unacknowledged too long."""


class Waiting(NamedTuple):
    """An alert, and when it was first raised."""

    alert: Alert
    raised_at: datetime

    def lasts(self, now: datetime) -> timedelta:
        """How long it has been there."""
        return max(now - self.raised_at, timedelta())


def is_open(alert: Alert) -> bool:
    """Whether it was raised and waits for an outcome."""
    return alert.standing is Standing.RAISED and alert.status in OPEN


def is_unacknowledged(alert: Alert) -> bool:
    """Whether it was raised, waits for an outcome, and nobody has seen it."""
    return is_open(alert) and alert.acknowledged_by is None


def overdue(waiting: Iterable[Waiting], now: datetime, watch: Watch) -> list[Waiting]:
    """Those that are unacknowledged for longer than their severity allows, the longest first."""
    late = [
        one for one in waiting if is_unacknowledged(one.alert) and one.lasts(now) > watch.patience(one.alert.severity)
    ]
    return sorted(late, key=lambda one: (one.raised_at, one.alert.alert_id))


def looks_after(one: Waiting, now: datetime, watch: Watch) -> str | None:
    """Who is to look after an alert: its assignee, the supervisor where it is overdue, or nobody."""
    return SUPERVISOR if overdue([one], now, watch) else one.alert.assignee
