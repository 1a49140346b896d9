"""CAP 1.2, the Common Alerting Protocol: one alert is one row; each area that an event is told of is a report."""

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.model.check import Problem, check, in_utc
from pipeline.model.report import Origin
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, reject
from pipeline.sources.cap_alert import Alerts
from pipeline.sources.records import KEPT_BYTES, ROW_LIMIT, Cut, Span, TornInput

DOCUMENT_LIMIT = 1 << 26
_CHUNK = 1 << 20
_NAMESPACE = b"urn:oasis:names:tc:emergency:cap:1."
_OPENING = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?alert[\s>]")
_TOKEN = re.compile(rb"(<!--)|(<!\[CDATA\[)|<(/?)(?:[A-Za-z_][\w.-]*:)?alert(?=[\s>])[^>]*>?")
_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "iso-8859-1", "windows-1252": "windows-1252"}


class Cap:
    """Reads alerts of the Common Alerting Protocol, alone or many in one document."""

    name = "cap"
    title = "CAP 1.2: public alerts of the Common Alerting Protocol (XML)"
    describe = """\
Alerts of the Common Alerting Protocol, versions 1.1 and 1.2: a document that is one alert, or one with many, such as a
feed. Recognised by an alert element and the CAP namespace. Prefixes that are never declared are read as if they were.

report_id     cap:<sender>,<identifier>, for the second report of an alert and further ones with #2, #3, …
              One report for each area of an event. Several info blocks that differ in their language alone are one
              event; the first gives the text, the others are remarks
observed      from onset, else effective, else sent, to expires. Without expires to the end of that day in the zone of
              the time as written, with a remark: how long it lasts is not known
published_at  sent
footprint     an area's only circle: that disc; polygons, and circles beside them: their union as it is drawn. More than
              20,000 corners are simplified, with a remark that says by how much. Neither: the gazetteer's area of that
              areaDesc or geocode, else the row is rejected. CAP writes latitude first
activity      other for every category but Security and CBRNE, which are unknown: none says armed force
revises       msgType Update and Cancel: what their references name. The alert that is named has as many reports as
              were read of it in this input, else as many as the new one has
retracted     msgType Cancel; and, of an Update, what is not there any more
rejected      status Exercise, Test, System and Draft, msgType Ack and Error: they tell of nothing that happens
remarks       event, category, urgency, severity and certainty, as said
ledger        public; observer senderName, else sender; text headline and description; url web
A document with a document type declaration or an entity is one reject: nothing is expanded, nothing is fetched.
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether it is XML with an alert and the namespace of CAP."""
        begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return begins.startswith(b"<") and _NAMESPACE in head and _OPENING.search(head) is not None

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each alert."""
        whole, torn = _whole(stream)
        try:
            encoding = _encoding(whole)
        except RowError as error:
            yield reject(self.name, context, 1, whole, error.problem)
            if torn is not None:
                raise torn from None
            return
        alerts = Alerts(context)
        for number, (span, problem) in enumerate(_pieces(whole.data, torn), start=1):
            yield (
                problem_row
                if (problem_row := _refused(context, number, span, problem))
                else _row(alerts, encoding, context, number, span)
            )
        if torn is not None:
            raise torn


def _refused(context: ReadContext, number: int, span: Span, problem: Problem | None) -> Row | None:
    if problem is None and span.length > ROW_LIMIT:
        problem = Problem("", RejectReason.TOO_LONG, f"{span.length} bytes; an alert has {ROW_LIMIT} at most")
    return None if problem is None else reject(Cap.name, context, number, span, problem)


def _row(alerts: Alerts, encoding: str, context: ReadContext, number: int, span: Span) -> Row:
    try:
        reports = alerts.reports(_decoded(span.data, encoding), Origin(context.file, number, span.sha256))
    except RowError as error:
        return reject(Cap.name, context, number, span, error.problem)
    for report in reports:
        problem = check(report, context.gazetteer.areas)
        if problem is not None:
            return reject(Cap.name, context, number, span, problem)
    alerts.remember(reports)
    return Row(number, span.position, tuple(in_utc(report) for report in reports))


def _whole(stream: BinaryIO) -> tuple[Span, TornInput | None]:
    """The document, cut where it is too long to hold, and the tear where it breaks off."""
    data, length, seen = bytearray(), 0, hashlib.sha256()
    torn = None
    try:
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            seen.update(chunk)
            if length <= DOCUMENT_LIMIT:
                data += chunk
    except TornInput as error:
        torn = error
    if length > DOCUMENT_LIMIT:
        return Span(0, bytes(data[:KEPT_BYTES]), Cut(length, seen.hexdigest())), torn
    return Span(0, bytes(data)), torn


def _encoding(whole: Span) -> str:
    """The encoding of the document.

    Raises:
        RowError: it cannot be read as a whole.
    """
    if whole.cut is not None:
        detail = f"{whole.cut.length} bytes; a document has {DOCUMENT_LIMIT} at most"
        raise RowError("", RejectReason.TOO_LONG, detail)
    first = _OPENING.search(whole.data)
    if _TYPE.search(whole.data, 0, first.start() if first is not None else len(whole.data)) is not None:
        raise RowError("", RejectReason.BAD_VALUE, "it has a document type declaration, which may hide anything")
    declared = _ENCODING.match(whole.data.removeprefix(b"\xef\xbb\xbf").lstrip()[:200])
    name = declared[1].decode().lower() if declared is not None else "utf-8"
    if name not in _ENCODINGS:
        raise RowError("", RejectReason.BAD_ENCODING, f"it is written in {name!r}, which is not read")
    return _ENCODINGS[name]


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} of the alert is not {encoding.upper()}"
        raise RowError("", RejectReason.BAD_ENCODING, detail) from error


def _pieces(data: bytes, torn: TornInput | None) -> Iterator[tuple[Span, Problem | None]]:
    """The alerts of a document by their tags; what lies between a tag and the one that it lacks is a problem."""
    opened: int | None = None
    ended = 0
    found = False
    for begin, end, closing in _tags(data):
        if not closing and opened is None:
            opened = begin
            continue
        found = True
        start = opened if opened is not None else ended
        stop = end if closing else begin
        yield (
            Span(start, data[start:stop]),
            None if closing and opened is not None else Problem("", RejectReason.BAD_ROW, "an alert is not closed"),
        )
        opened, ended = None if closing else begin, stop
    if opened is not None and torn is not None:
        torn.span = Span(opened, data[opened:])
    elif opened is not None:
        yield Span(opened, data[opened:]), Problem("", RejectReason.BAD_ROW, "the document ends within an alert")
    elif not found and data.strip() and torn is None:
        yield Span(0, data), Problem("", RejectReason.BAD_ROW, "there is no alert in it")


def _tags(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the tags of alerts begin and end, and whether they are closing ones; not those in comments and CDATA."""
    at = 0
    unclosed: set[bytes] = set()
    while (token := _TOKEN.search(data, at)) is not None:
        at = token.end()
        if token[1] or token[2]:
            mark = b"-->" if token[1] else b"]]>"
            end = -1 if mark in unclosed else data.find(mark, at)
            if end < 0:
                unclosed.add(mark)
            else:
                at = end + len(mark)
        else:
            yield token.start(), token.end(), bool(token[3])
