"""What an Alertmanager is told of an alert: whether it is still to be told of, by which labels, and in which words."""

from datetime import datetime, timedelta

import msgspec

from pipeline.law.waiting import Waiting, is_open, is_unacknowledged
from pipeline.model.records import Alert
from pipeline.notify.alertmanager import Pushed
from pipeline.notify.config import AlertmanagerConfig
from pipeline.notify.events import is_at_least
from pipeline.notify.labels import labels
from pipeline.notify.shortening import short
from pipeline.notify.words import Words

LAPSES_AFTER = 3
"""What is not pushed again ends after so many intervals, so that nobody is paged by a notifier that is gone."""

RESOLVED_FOR = 5
"""That an alert has ended is told for so many intervals: the first time, an Alertmanager's clock may lie behind."""


class Stood(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it is pushed, apart from until when it stands."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    link: str = ""

    def until(self, ends_at: datetime) -> Pushed:
        """The same as it is pushed now. Nothing ends before it began."""
        return Pushed(
            labels=self.labels,
            annotations=self.annotations,
            starts_at=self.starts_at,
            ends_at=max(ends_at, self.starts_at),
            generator_url=self.link,
        )


def is_pushed(alert: Alert, how: AlertmanagerConfig) -> bool:
    """Whether an alert is to stand in the Alertmanager now."""
    if how.agreements and alert.agreement not in how.agreements:
        return False
    waits = is_unacknowledged(alert) if how.until == "acknowledged" else is_open(alert)
    return waits and is_at_least(alert.severity, how.least)


def stood(one: Waiting, sector: str, words: Words, console: str) -> Stood:
    """An alert as it is pushed.

    Args:
        sector: where it stands, for its label.
        console: where people look at an alert; empty where nowhere.
    """
    alert = one.alert
    link = f"{console}/?alert={alert.alert_id}" if console else ""
    told = {
        "summary": f"{words.title(alert)}: {words.place(alert)}, {_when(alert)}.",
        "description": _description(alert, words),
        "article": f"{alert.article} of {alert.agreement}",
        "status": alert.status.value,
        "probability": _probability(alert),
        "acknowledged_by": alert.acknowledged_by or "",
        "assignee": alert.assignee or "",
        "console": link,
    }
    annotations = {name: short(text) for name, text in told.items() if text}
    return Stood(labels=labels(alert, sector), annotations=annotations, starts_at=one.raised_at, link=link)


def ends_at(resolved_at: datetime | None, now: datetime, how: AlertmanagerConfig) -> datetime:
    """Until when an alert that is pushed now stands. What has ended does not stand on, however its end was timed."""
    if resolved_at is None:
        return now + timedelta(seconds=LAPSES_AFTER * how.resend_s)
    return min(resolved_at, now)


def _description(alert: Alert, words: Words) -> str:
    away = words.off_line(alert)
    said = [
        f"A suspected violation of {alert.article} of {alert.agreement}: {alert.reason.meaning}.",
        *filter(None, [words.says(alert)]),
        f"From the line: {away}." if away else "",
        f"Probability {_probability(alert)}; {alert.status.meaning}.",
        *words.doubts(alert),
    ]
    return " ".join(part for part in said if part)


def _probability(alert: Alert) -> str:
    """What is not certain is not said to be."""
    return "1" if alert.probability >= 1 else f"{min(alert.probability, 0.99):.2f}"


def _when(alert: Alert) -> str:
    begin, until = alert.observed_from, alert.observed_until
    if until - begin < timedelta(minutes=1):
        return f"{begin:%Y-%m-%d %H:%M} UTC"
    if begin.date() == until.date():
        return f"{begin:%Y-%m-%d %H:%M} to {until:%H:%M} UTC"
    return f"{begin:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
