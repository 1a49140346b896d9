"""What a webhook is told: which revisions, and each as an event of the specification CloudEvents 1.0, in JSON."""

from typing import Any, NamedTuple

import msgspec

from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change, Severity, Standing, Status
from pipeline.notify.config import WebhookConfig
from pipeline.notify.shortening import MOST_ITEMS, short, shortened
from pipeline.notify.words import Words

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
TYPE = "org.truceline.alert.revised.v1"

MOST_BYTES = 64 << 10
"""No event is longer: what an alert rests on may be thousands of reports."""

_QUIET = frozenset(
    {
        Change.ACKNOWLEDGED,
        Change.ASSIGNED,
        Change.COMMENTED,
        Change.ATTRIBUTED,
        Change.RESPONDED,
        Change.SEALED,
    }
)
"""What operators do among themselves: it leaves open whether and how the alert stands."""

_SPARED = ("figures", "readings", "doubts", "attribution", "report_ids", "incident_ids")
"""What is left out of an event that is still too long, in this order."""

_SEVERITIES = list(Severity)
_encode = msgspec.json.Encoder().encode


class Wanted(NamedTuple):
    """Whether a receiver wants to hear of a revision, and whether it knows the alert from then on."""

    tell: bool
    knows: bool


def stands(alert: Alert) -> bool:
    """Whether an alert is raised, and in the current view."""
    return alert.standing is Standing.RAISED and alert.status is not Status.SUPERSEDED


def is_at_least(severity: Severity, least: Severity) -> bool:
    """Whether one severity is as grave as another, or graver."""
    return _SEVERITIES.index(severity) >= _SEVERITIES.index(least)


def wanted(said: Revision, knows: bool, hook: WebhookConfig) -> Wanted:
    """Whether a receiver is told of a revision.

    What was never raised is never told. Of what was told, it is told too that it stands no more.

    Args:
        knows: whether the receiver was told of the alert, and not yet that it stands no more.
    """
    alert = said.alert
    if hook.agreements and alert.agreement not in hook.agreements:
        return Wanted(False, knows)
    if not (stands(alert) and is_at_least(alert.severity, hook.least)):
        return Wanted(knows, False)
    if said.change in _QUIET and not hook.acts:
        return Wanted(False, knows)
    return Wanted(True, True)


def event_id(said: Revision, record: str = "") -> str:
    """The event's id: derived, so that one that comes twice is known again.

    Args:
        record: what the record is called; empty for the first that was followed.
    """
    return f"{said.alert.alert_id}/{said.revision}{'/' if record else ''}{record}"


def event(said: Revision, words: Words, source: str, console: str, record: str = "") -> bytes:
    """A revision as an event, at most `MOST_BYTES` long."""
    data, name = _data(said, words, console), event_id(said, record)
    body = _encode(_whole(said, name, source, data))
    for spared in _SPARED:
        if len(body) <= MOST_BYTES:
            break
        data["cut"] = sorted({*data.get("cut", ()), spared})
        data["alert"] = {key: value for key, value in data["alert"].items() if key != spared}
        body = _encode(_whole(said, name, source, data))
    return body


def _whole(said: Revision, name: str, source: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": TYPE,
        "time": said.decided_at,
        "subject": said.alert.alert_id,
        "datacontenttype": "application/json",
        "data": data,
    }


def _data(said: Revision, words: Words, console: str) -> dict[str, Any]:
    alert = said.alert
    record, cut = shortened(msgspec.to_builtins(alert))
    data = {
        "alert": record,
        "revision": said.revision,
        "change": said.change.value,
        "author": short(said.author),
        "decided_at": said.decided_at,
        "stands": stands(alert),
        "supersedes": said.supersedes[:MOST_ITEMS],
        "superseded_by": said.superseded_by[:MOST_ITEMS],
        "title": short(words.title(alert)),
        "says": short(words.says(alert)),
        "place": short(words.place(alert)),
        "console": f"{console}/?alert={alert.alert_id}" if console else None,
    }
    return {**data, "cut": sorted(cut)} if cut else data
