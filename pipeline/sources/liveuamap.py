"""Liveuamap: the posts of one of its answers, and a daily series of one figure that is made of its map."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from pipeline.model.check import Problem
from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Origin, Remark, Report
from pipeline.model.taxonomy import Activity, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite, whole
from pipeline.sources.codes import codes_of
from pipeline.sources.json_items import items
from pipeline.sources.peeked import Peeked
from pipeline.sources.records import KEPT_BYTES, ROW_LIMIT, Cut, Dialect, Record, Span, Table, TornInput

RADIUS_M = 10_000.0
BEFORE = timedelta(days=1)
"""How long before its post a thing happened at most; an assumption."""
_BLANK = b" \t\r\n{}"
_WHOLE = 1 << 24
"""How much of a document is held to find its stamp, or its days."""
_TEXT = 20_000
_COLUMNS = ["date", "area"]
_CELLS = ("id", "lat", "lng", "time", "timestamp", "name", "link", "source", "picture", "picpath", "color_id")
_VENUES = re.compile(rb'"venues"\s*:\s*\[')
_STAMP = re.compile(rb'(?<!\\)"globaltime"\s*:\s*"?([0-9]{9,10})\b')
_AGO = re.compile(r"(an?|[0-9]{1,4}) (second|minute|hour|day|week|month|year)s? ago")
_SECONDS = {
    "second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 31 * 86_400,
    "year": 366 * 86_400,
}  # fmt: skip
_MEMBER = re.compile(r'\s*\{?\s*"([0-9]{9,14})"\s*:\s*([^\s"{}]*)\s*\}?\s*')


class Liveuamap:
    """Reads an answer with venues; and a daily series of dates and areas, where the input is named as its own."""

    name = "liveuamap"
    title = "Liveuamap: posts on the map (JSON), and a daily series of an area (JSON or CSV)"
    describe = """\
An answer of the site as JSON, which has its posts in "venues": recognised from its content. And a daily series of one
figure, as JSON ({"1645660800000": 70196.99, …}) or CSV (date,area): nothing in it says whose it is, so write
liveuamap=PATH.

posts:
report_id     liveuamap:<id>; liveuamap:row-<24 digits of the item's SHA-256> where that is blank
published_at  timestamp, in seconds since 1970; none where there is none
observed      from a day before the post to the post, as it tells of what has just happened: our assumption, with a
              doubtful remark. The post's time is timestamp; else time ("13 hour ago") before the answer's own
              globaltime, where 13 hours may be from 12.5 to 14. Without either stamp: rejected
footprint     disc of 10 km about lat and lng: posts are put upon a town, and how exactly is not said; an assumption
activity      picture, else the last part of picpath: speech* is statement; all else is unknown, as the site does
              not publish what its pictures mean. Picture and color_id are kept as a remark
ledger        public; observer Liveuamap
text, url     name; link, else source
weapons, count, attribution
              none: a colour stands for a side, and does not say who did it

series:
report_id     liveuamap:area-<day>
observed      the day in UTC; a key is in milliseconds since 1970
footprint     nowhere: the series names no place
activity      statement: a figure that somebody measured on a map, without a unit; kept as a remark
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether there is a JSON object with Liveuamap's venues."""
        return (
            head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
            and _VENUES.search(head) is not None
            and all(key in head for key in (b'"lat"', b'"lng"', b'"time"'))
            and (b'"picpath"' in head or b'"color_id"' in head)
        )

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each post, or for each day of a series."""
        held = Peeked(stream, _WHOLE)
        start = held.head[:1_024].lstrip(b"\xef\xbb\xbf \t\r\n")
        if _VENUES.search(held.head) is not None:
            stamp = _STAMP.search(held.head)
            reader = _Posts(None if stamp is None else int(stamp[1]), context.feed)
            yield from read_table(self.name, context, _venues(held), reader.report)
        elif start.startswith(b"{"):
            yield from read_table(self.name, context, _members(held), _Days(context.feed).of_key)
        else:
            table = Table(held, Dialect())
            first = table.take(None)
            if first is not None and [cell.strip().lower() for cell in first.fields] != _COLUMNS:
                table.give_back(first)
            yield from read_table(self.name, context, table.records(len(_COLUMNS)), _Days(context.feed).of_date)


def _venues(stream: BinaryIO) -> Iterator[Record]:
    for item in items(stream, "venues"):
        yield Record(item.span, [_cell(item.value.get(key)) for key in _CELLS], item.problem)


def _cell(value: Any) -> str:
    """A member's value as text; nothing where it is neither text nor a number."""
    if isinstance(value, str):
        text = value.strip()
        return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "" if isinstance(value, bool) or not isinstance(value, int | float) else repr(value)


def _members(held: Peeked) -> Iterator[Record]:
    """The members of an object whose values are numbers, between its commas.

    Raises:
        TornInput: the document breaks off.
    """
    position = 0
    *pieces, last = held.head.split(b",")
    for piece in pieces:
        if piece.strip(_BLANK):
            yield _member(Span(position, piece))
        position += len(piece) + 1
    held.read()
    more = b"" if held.torn is not None else held.read(KEPT_BYTES)
    if more:
        yield _member(_rest(held, position, last + more))
    elif last.rstrip().endswith(b"}"):
        if last.strip(_BLANK):
            yield _member(Span(position, last.rstrip()))
    else:
        torn = held.torn or TornInput("the document breaks off before its end")
        torn.span = Span(position, last)
        raise torn


def _rest(held: Peeked, position: int, begun: bytes) -> Span:
    """All that is left of a document that is too long to hold."""
    length, digest = len(begun), hashlib.sha256(begun)
    while more := held.read(KEPT_BYTES):
        length += len(more)
        digest.update(more)
    return Span(position, begun[:KEPT_BYTES], Cut(length, digest.hexdigest()))


def _member(span: Span) -> Record:
    if span.length > ROW_LIMIT:
        cut = (
            span if span.cut is not None else Span(span.position, span.data[:KEPT_BYTES], Cut(span.length, span.sha256))
        )
        detail = f"{span.length} bytes; a row has {ROW_LIMIT} at most"
        return Record(cut, [], Problem("", RejectReason.TOO_LONG, detail))
    match = _MEMBER.fullmatch(span.data.decode("utf-8-sig", "replace"))
    if match is None:
        return Record(span, [], Problem("", RejectReason.BAD_ROW, "it is no day in milliseconds and a number"))
    return Record(span, [match[1], match[2]])


class _Days:
    """Makes a report of one day of a series."""

    def __init__(self, feed: str | None) -> None:
        self._feed = feed

    def of_key(self, fields: list[str], origin: Origin) -> Report:
        """The report of a day in milliseconds since 1970."""
        moment = _since_1970(fields[0][:-3], "date")
        if moment.time() != datetime.min.time() or not fields[0].endswith("000"):
            raise RowError("date", RejectReason.BAD_TIME, f"{fields[0]!r} is not the beginning of a day in UTC")
        return self._report(moment, fields[1], origin)

    def of_date(self, fields: list[str], origin: Origin) -> Report:
        """The report of a day that is written 2022-02-24."""
        text = fields[0].strip()
        try:
            day = datetime.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            day = None
        if day is None:
            raise RowError("date", RejectReason.BAD_TIME, f"{text[:80]!r} is no date written YYYY-MM-DD")
        return self._report(day.replace(tzinfo=UTC), fields[1], origin)

    def _report(self, day: datetime, area: str, origin: Origin) -> Report:
        if not 1900 <= day.year <= 2100:
            raise RowError("date", RejectReason.TIME_OUT_OF_RANGE, f"the year {day.year} is not between 1900 and 2100")
        finite(area.strip(), "area")
        return Report(
            report_id=f"liveuamap:area-{day:%Y-%m-%d}",
            source="liveuamap",
            observed_from=day,
            observed_until=day + timedelta(days=1),
            footprint=Nowhere(),
            activity=Activity.STATEMENT,
            feed=self._feed,
            observer="Liveuamap",
            ledger="public",
            remarks=(Remark("activity", f"area {area.strip()}"[:300], RemarkRule.AS_SAID),),
            origin=origin,
        )


class _Posts:
    """Makes a report of one post."""

    def __init__(self, stamp: int | None, feed: str | None) -> None:
        self._stamp = None if stamp is None else datetime.fromtimestamp(stamp, UTC)
        self._feed = feed
        self._pictures = codes_of("liveuamap")["picture"]

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the post cannot be read.
        """
        cell = dict(zip(_CELLS, fields, strict=True))
        first, last, said = self._posted(cell["time"], cell["timestamp"])
        picture = (cell["picture"] or cell["picpath"]).rpartition("/")[2]
        kept = f"picture {picture or 'none'}, color_id {cell['color_id'] or 'none'}"
        own, code = cell["id"], self._pictures.find(picture)
        return Report(
            report_id=f"liveuamap:{whole(own, 'id')}" if own else f"liveuamap:row-{origin.sha256[:24]}",
            source="liveuamap",
            observed_from=first - BEFORE,
            observed_until=last,
            footprint=Disc(finite(cell["lng"], "lng"), finite(cell["lat"], "lat"), RADIUS_M),
            activity=Activity.UNKNOWN if code is None or code.activity is None else code.activity,
            feed=self._feed,
            observer="Liveuamap",
            ledger="public",
            published_at=first if cell["timestamp"] else None,
            text=cell["name"][:_TEXT] or None,
            url=next((link for link in (cell["link"], cell["source"]) if link.startswith("http")), None),
            remarks=(
                Remark("observed_from", said[:300], RemarkRule.RELATIVE_TIME, doubtful=True),
                Remark("activity", kept[:300], RemarkRule.AS_SAID),
            ),
            origin=origin,
        )

    def _posted(self, words: str, timestamp: str) -> tuple[datetime, datetime, str]:
        """Between which times a post was made, and the words that say so."""
        if timestamp:
            moment = _since_1970(timestamp, "timestamp")
            return moment, moment, words or f"timestamp {timestamp}"
        if not words:
            raise RowError("time", RejectReason.MISSING, "the post has neither a timestamp nor a time")
        match = _AGO.fullmatch(words.lower())
        if match is None:
            raise RowError("time", RejectReason.BAD_TIME, f"{words[:80]!r} is not written as '13 hour ago'")
        if self._stamp is None:
            detail = f"{words[:80]!r} is before a time that the document does not give: it has no globaltime"
            raise RowError("time", RejectReason.BAD_TIME, detail)
        number, unit = 1 if match[1].startswith("a") else int(match[1]), timedelta(seconds=_SECONDS[match[2]])
        try:
            return self._stamp - (number + 1) * unit, self._stamp - max(number - 0.5, 0) * unit, words
        except OverflowError as error:
            raise RowError("time", RejectReason.TIME_OUT_OF_RANGE, f"{words[:80]!r} is too long ago") from error


def _since_1970(seconds: str, field: str) -> datetime:
    number = whole(seconds, field)
    if not -2_208_988_800 <= number < 4_133_980_800:
        raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{number} s is not between 1900 and 2100")
    return datetime.fromtimestamp(number, UTC)
