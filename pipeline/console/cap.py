"""Alerts as messages of the Common Alerting Protocol, CAP 1.2, with an Atom feed as their index.

A message is restricted to the mission: it tells of a suspicion, names no party as the author of anything, and quotes no
report. What was said of an alert is a chain of messages: an Alert, Updates that refer to what they replace, and a
Cancel when it stands no more; an alert that is opened again begins a new chain.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from pipeline.console.settings import CapStatus
from pipeline.console.telling import Telling
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change, Severity, Standing, Status

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/cap+xml"

RESTRICTION = "For the monitoring mission and those it reports to. A suspicion, not a finding; not for publication."

MOST_REFERENCES = 50

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
"""What operators do among themselves, and what is claimed of who did it: no message tells of it."""

_ENDED = frozenset({Status.SUPERSEDED, Status.REFUTED, Status.NOT_A_VIOLATION})
_SEVERITY = {Severity.GRAVE: "Severe", Severity.SERIOUS: "Moderate", Severity.MINOR: "Minor"}


class Message(NamedTuple):
    """One message about an alert.

    Attributes:
        kind: Alert, Update or Cancel.
        replaces: the revisions whose messages it replaces.
    """

    said: Revision
    kind: str
    replaces: tuple[Revision, ...] = ()

    @property
    def name(self) -> str:
        """Its identifier."""
        return _name(self.said)


def _name(said: Revision) -> str:
    return f"{said.alert.alert_id}.{said.revision}"


def messages(history: Sequence[Revision]) -> list[Message]:
    """What is told of one alert, in order; nothing of what was never raised."""
    told: list[Message] = []
    chain: tuple[Revision, ...] = ()
    for said in history:
        if said.change in _QUIET and chain:
            continue
        stands = said.alert.standing is Standing.RAISED and said.alert.status not in _ENDED
        if stands:
            told.append(Message(said, "Update" if chain else "Alert", chain))
            chain = (*chain, said)
        elif chain:
            told.append(Message(said, "Cancel", chain))
            chain = ()
    return told


def _sent(time: datetime) -> str:
    """A time as the protocol has it: to the second, UTC as -00:00."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def as_xml(message: Message, telling: Telling, sender: str, status: CapStatus) -> bytes:
    """A message in the protocol's XML."""
    said, alert = message.said, message.said.alert
    root = ET.Element("alert", xmlns=NAMESPACE)
    replaced = message.replaces[-MOST_REFERENCES:]
    references = " ".join(f"{sender},{_name(one)},{_sent(one.decided_at)}" for one in replaced)
    head = {
        "identifier": message.name,
        "sender": sender,
        "sent": _sent(said.decided_at),
        "status": status,
        "msgType": message.kind,
        "scope": "Restricted",
        "restriction": RESTRICTION,
        "note": said.change.meaning if message.kind != "Alert" else "",
        "references": references,
        "incidents": alert.incident_id,
    }
    _put(root, head)
    _put_info(ET.SubElement(root, "info"), said, telling)
    return _document(root)


def _put_info(info: ET.Element, said: Revision, telling: Telling) -> None:
    alert = said.alert
    fields = {
        "language": "en",
        "category": "Security",
        "event": telling.title(alert),
        "responseType": "Assess",
        "urgency": "Unknown",
        "severity": _SEVERITY[alert.severity],
        "certainty": _certainty(alert),
        "effective": _sent(said.decided_at),
        "onset": _sent(alert.observed_from),
        "senderName": "Truceline",
        "headline": f"{telling.title(alert)}: {telling.place(alert)}"[:160],
        "description": _description(alert, telling),
    }
    _put(info, fields)
    for name, value in _parameters(said).items():
        if value is not None:
            _put(ET.SubElement(info, "parameter"), {"valueName": name, "value": str(value)})
    area = ET.SubElement(info, "area")
    _put(area, {"areaDesc": telling.place(alert)})
    if alert.lon is not None and alert.lat is not None:
        radius_km = (alert.radius_m or 0.0) / 1_000.0
        _put(area, {"circle": f"{alert.lat:.5f},{alert.lon:.5f} {radius_km:.3f}"})


def _certainty(alert: Alert) -> str:
    if alert.status is Status.CONFIRMED:
        return "Observed"
    if alert.status in _ENDED:
        return "Unlikely"
    return "Likely" if alert.probability > 0.5 else "Possible"


def _description(alert: Alert, telling: Telling) -> str:
    said = [
        f"A suspected violation of {alert.article} of {alert.agreement}: {alert.reason.meaning}.",
        *filter(None, [telling.says(alert)]),
        f"Probability {min(alert.probability, 0.99) if alert.probability < 1 else 1:.2f}; {alert.status.meaning}.",
        *telling.doubts(alert),
    ]
    return " ".join(said)


def _parameters(said: Revision) -> dict[str, object]:
    alert = said.alert
    return {
        "truceline:alert_id": alert.alert_id,
        "truceline:revision": said.revision,
        "truceline:agreement": f"{alert.agreement} {alert.agreement_version}",
        "truceline:provision": alert.provision,
        "truceline:article": alert.article,
        "truceline:status": alert.status,
        "truceline:probability": alert.probability,
        "truceline:line": alert.line,
        "truceline:chainage_m": alert.chainage_m,
        "truceline:offset_m": alert.offset_m,
        "truceline:observed_until": _sent(alert.observed_until),
    }


def feed(found: Sequence[Message], telling: Telling, base: str, now: datetime) -> bytes:
    """The index: the last message about each alert, the latest first."""
    root = ET.Element("feed", xmlns=ATOM)
    updated = max((one.said.decided_at for one in found), default=now)
    _put(root, {"id": f"{base}/cap/feed.atom", "title": "Truceline alerts", "updated": _atom(updated)})
    ET.SubElement(root, "link", rel="self", href=f"{base}/cap/feed.atom", type="application/atom+xml")
    _put(ET.SubElement(root, "author"), {"name": "Truceline"})
    for one in found:
        alert, entry = one.said.alert, ET.SubElement(root, "entry")
        href = f"{base}/cap/alerts/{alert.alert_id}.xml?revision={one.said.revision}"
        title = f"{one.kind}: {telling.title(alert)}, {telling.place(alert)}"
        _put(entry, {"id": f"urn:truceline:cap:{one.name}", "title": title, "updated": _atom(one.said.decided_at)})
        ET.SubElement(entry, "link", href=href, type=MEDIA_TYPE)
        _put(entry, {"summary": f"{alert.severity}, {alert.status}: {alert.article} of {alert.agreement}"})
    return _document(root)


def _atom(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _put(parent: ET.Element, fields: dict[str, str]) -> None:
    """Elements with a text each, in order; what is empty is left out."""
    for name, text in fields.items():
        if text:
            ET.SubElement(parent, name).text = _xml_text(text)


def _xml_text(text: str) -> str:
    """Text without what XML 1.0 cannot hold."""
    return "".join(char if _may_be(ord(char)) else "\N{REPLACEMENT CHARACTER}" for char in text)


def _may_be(code: int) -> bool:
    return code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _document(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
