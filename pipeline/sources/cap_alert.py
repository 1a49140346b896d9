"""One alert of the Common Alerting Protocol as reports: what each element becomes."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec.structs import replace

from pipeline.model.footprint import Footprint, Nowhere
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Origin, Remark, Report
from pipeline.model.taxonomy import Activity, RejectReason
from pipeline.sources.base import ReadContext, RowError
from pipeline.sources.cap_area import footprint
from pipeline.sources.codes import codes_of

_PREFIX = re.compile(r"[<\s/]([A-Za-z_][\w.-]*):(?=[A-Za-z_])")
_MOST_PREFIXES = 1_000
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})")
_KINDS = {"Alert": False, "Update": True, "Cancel": True}
"""The msgTypes that tell of something, and whether they have to name what they change."""
_NO_EVENT = ("Exercise", "System", "Test", "Draft", "Ack", "Error")
_SAID = ("event", "category", "urgency", "severity", "certainty")
_SAME = ("category", "urgency", "severity", "certainty", "effective", "onset", "expires")
_REMEMBERED = 100_000


class _Head(NamedTuple):
    """What holds for every report of an alert."""

    report_id: str
    kind: str
    sender: str
    sent: datetime
    origin: Origin
    feed: str | None

    def numbered(self, number: int) -> str:
        """The id of one of its reports; numbers begin at 0."""
        return _numbered(self.report_id, number)


class Alerts:
    """Makes reports of alerts, and remembers how many each had, so that a later one can take all of them back."""

    def __init__(self, context: ReadContext) -> None:
        self._context = context
        self._made: dict[str, int] = {}

    def reports(self, text: str, origin: Origin) -> list[Report]:
        """The reports of the alert that `text` is, not yet checked.

        Raises:
            RowError: it cannot be read, or tells of nothing that happens.
        """
        alert = _parsed(text)
        status, kind = _needed(alert, "status"), _needed(alert, "msgType")
        for field, word in (("status", status), ("msgType", kind)):
            if word in _NO_EVENT:
                detail = f"{word}: it tells of nothing that happens"
                raise RowError(field, RejectReason.BAD_VALUE, detail)
        if status != "Actual" or kind not in _KINDS:
            detail = f"status {status[:40]!r} with msgType {kind[:40]!r} is not among those of CAP 1.2"
            raise RowError("status" if status != "Actual" else "msgType", RejectReason.UNKNOWN_TERM, detail)
        sender, sent = _needed(alert, "sender"), _time(_needed(alert, "sent"), "sent")
        own = f"cap:{sender},{_needed(alert, 'identifier')}"
        head = _Head(own, kind, sender, sent, origin, self._context.feed)
        told = [] if kind == "Cancel" else list(self._told(alert, head))
        if kind == "Alert":
            return told
        return self._revising(head, told, _references(alert))

    def remember(self, reports: Sequence[Report]) -> None:
        """Remember the reports of an alert that was read."""
        if len(self._made) < _REMEMBERED:
            told = [report for report in reports if not report.retracted]
            if told:
                self._made[told[0].report_id] = len(told)

    def _told(self, alert: Element, head: _Head) -> Iterator[Report]:
        """A report for each area of each event."""
        number = 0
        infos = _all(alert, "info")
        if not infos:
            raise RowError("info", RejectReason.MISSING, "the alert has no info: it does not say what happens")
        for info, *others in _events(infos):
            observed_from, observed_until, remarks = _interval(info, head.sent)
            said = (*remarks, *_said(info, others))
            areas = _all(info, "area")
            if not areas:
                raise RowError("area", RejectReason.MISSING, "the alert names no area")
            for area in areas:
                place, about = footprint(area, self._context.gazetteer)
                yield Report(
                    report_id=head.numbered(number),
                    source="cap",
                    observed_from=observed_from,
                    observed_until=observed_until,
                    footprint=place,
                    activity=_activity(info),
                    feed=head.feed,
                    observer=(_text(info, "senderName") or head.sender)[:300],
                    ledger="public",
                    published_at=head.sent,
                    text=_words(info),
                    url=_text(info, "web") or None,
                    remarks=(*said, *about),
                    origin=head.origin,
                )
                number += 1

    def _revising(self, head: _Head, told: list[Report], references: list[str]) -> list[Report]:
        """The reports of an Update or a Cancel, each of which takes one of the earlier reports back."""
        old = [
            _numbered(reference, number)
            for reference in references
            for number in range(self._made.get(reference, max(len(told), 1)))
        ]
        changed = [replace(report, revises=before) for report, before in zip(told, old, strict=False)]
        gone = [_retraction(head, len(told) + at, before) for at, before in enumerate(old[len(told) :])]
        return changed + told[len(old) :] + gone


def _numbered(report_id: str, number: int) -> str:
    return report_id if number == 0 else f"{report_id}#{number + 1}"


def _retraction(head: _Head, number: int, revised: str) -> Report:
    """A report that an earlier one holds no longer: it tells of no place."""
    place: Footprint = Nowhere()
    return Report(
        report_id=head.numbered(number),
        source="cap",
        observed_from=head.sent,
        observed_until=head.sent,
        footprint=place,
        activity=Activity.STATEMENT,
        feed=head.feed,
        observer=head.sender[:300],
        ledger="public",
        published_at=head.sent,
        revises=revised,
        retracted=True,
        origin=head.origin,
    )


def _parsed(text: str) -> Element:
    """The alert element; prefixes that its document declares, or does not, are declared about it."""
    prefixes = sorted(set(_PREFIX.findall(text)) - {"xml", "xmlns"})
    if len(prefixes) > _MOST_PREFIXES:
        raise RowError("", RejectReason.BAD_ROW, f"more than {_MOST_PREFIXES} prefixes")
    declared = "".join(f' xmlns:{prefix}="urn:prefix:{prefix}"' for prefix in prefixes)
    try:
        root: Element = fromstring(f"<document{declared}>{text}</document>", forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise RowError("", RejectReason.BAD_ROW, f"it is no well-formed XML: {error}") from error
    return root[0]


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(parent: Element, name: str) -> list[Element]:
    return [child for child in parent if _local(child) == name]


def _text(parent: Element, name: str) -> str:
    found = next((child.text for child in parent if _local(child) == name), None)
    return (found or "").strip()


def _needed(parent: Element, name: str) -> str:
    word = _text(parent, name)
    if not word:
        raise RowError(name, RejectReason.MISSING, f"the alert has no {name}")
    return word


def _time(text: str, field: str) -> datetime:
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError("it is not written as 2026-01-31T23:59:59+00:00")
        if not "1900" <= text[:4] <= "2100":
            raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{text[:40]!r} is not between 1900 and 2100")
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RowError(field, RejectReason.BAD_TIME, f"{text[:80]!r} is no time: {error}") from error


def _interval(info: Element, sent: datetime) -> tuple[datetime, datetime, tuple[Remark, ...]]:
    field = next((name for name in ("onset", "effective") if _text(info, name)), None)
    begins = sent if field is None else _time(_text(info, field), field)
    expires = _text(info, "expires")
    if expires:
        return begins.astimezone(UTC), _time(expires, "expires").astimezone(UTC), ()
    ends = datetime.combine(begins.date() + timedelta(days=1), time(), begins.tzinfo)
    remark = Remark("observed_until", "no expires", RemarkRule.TIME_NOT_KNOWN)
    return begins.astimezone(UTC), ends.astimezone(UTC), (remark,)


def _references(alert: Element) -> list[str]:
    """The first report ids of the alerts that this one names."""
    words = _needed(alert, "references").split()
    triples = [word.split(",") for word in words]
    if any(len(triple) != 3 or not all(triple) for triple in triples):
        raise RowError("references", RejectReason.BAD_VALUE, "references are written sender,identifier,sent")
    return [f"cap:{sender},{identifier}" for sender, identifier, _sent in triples]


def _events(infos: list[Element]) -> list[list[Element]]:
    """The infos by what they tell of: those that are alike in all but the words, in different languages, are one."""
    events: dict[tuple[object, ...], list[Element]] = {}
    for at, info in enumerate(infos):
        key = _key(info)
        languages = {_language(one) for one in events.get(key, ())}
        events.setdefault((*key, at) if _language(info) in languages else key, []).append(info)
    return list(events.values())


def _key(info: Element) -> tuple[object, ...]:
    same = tuple(tuple((one.text or "").strip() for one in _all(info, name)) for name in _SAME)
    codes = tuple(_text(code, "value") for code in _all(info, "eventCode"))
    areas = tuple(
        tuple((_local(part), "".join(part.itertext()).split()) for part in area if _local(part) != "areaDesc")
        for area in _all(info, "area")
    )
    return same, codes, repr(areas)


def _language(info: Element) -> str:
    return _text(info, "language").lower() or "en-us"


def _activity(info: Element) -> Activity:
    """That of its categories; where one of them leaves open what happened, it is unknown."""
    words = [(one.text or "").strip() for one in _all(info, "category")]
    found = {codes_of("cap")["category"].of(word, "category").activity for word in words or [""]}
    return Activity.UNKNOWN if Activity.UNKNOWN in found else Activity.OTHER


def _words(info: Element) -> str | None:
    words = [word for name in ("headline", "description") if (word := _text(info, name))]
    return "\n".join(words or [_text(info, "event")])[:20_000] or None


def _said(info: Element, others: Sequence[Element]) -> Iterator[Remark]:
    for name in _SAID:
        words = ", ".join(word for one in _all(info, name) if (word := (one.text or "").strip()))
        if words:
            yield Remark("activity", f"{name}: {words}"[:300], RemarkRule.AS_SAID)
    for other in others:
        words = _text(other, "headline") or _text(other, "event")
        yield Remark("text", f"{_language(other)}: {words}"[:300], RemarkRule.AS_SAID)
