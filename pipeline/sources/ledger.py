"""A party's daily claim: one row says how many of what it counted in a place on a day."""

import re
from collections.abc import Iterator
from datetime import UTC
from typing import BinaryIO

from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Count, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, CountUnit, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite
from pipeline.sources.codes import codes_of
from pipeline.sources.headed import Columns, Times, Where, header_of, in_doubt
from pipeline.sources.records import Dialect, Table

NAMES = {
    "id": ("claim_id", "reference", "id"),
    "date": ("date", "day"),
    "party": ("party", "claimed_by"),
    "class": ("class", "activity", "kind"),
    "count": ("count", "number", "total"),
    "area": ("area", "area_id", "place", "region", "province"),
    "country": ("country",),
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
    "radius_m": ("radius_m", "radius_km"),
    "published_at": ("published_at", "published"),
    "note": ("note", "notes", "text"),
    "url": ("url", "link"),
}
_FIGURE = r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.0*)?"
_EXACT = re.compile(_FIGURE)
_RANGE = re.compile(rf"{_FIGURE}\s*(?:-|–|—|to)\s*{_FIGURE}")
_OPEN = re.compile(rf"(?:at least|≥|>=|over|more than)\s*{_FIGURE}|{_FIGURE}\s*\+")
_ROUGH = re.compile(rf"(?:about|around|some|approximately|approx\.?|~|≈)\s*{_FIGURE}")
_NOT_KNOWN = frozenset({"n/k", "nk", "unknown", "uncountable", "not known"})
Counted = tuple[Count, RemarkRule | None]


class Ledger:
    """Reads what a party claims, day by day, by place and class."""

    name = "ledger"
    title = "a party's daily claims: how many of what, in which place (CSV)"
    describe = """\
What a party claims to have counted, as CSV: a row for each day, place and class. Recognised by a header with date,
party, class (or activity), count, and area or lon, lat and radius_m.

report_id     ledger:<claim_id, reference or id>; without it ledger:row-<24 digits of the SHA-256 of the row's bytes>
observed      the whole local day of date, in the time zone of the named area, else of the area of the gazetteer in
              which the coordinates lie, else of the country; UTC with a doubtful remark where none is known
footprint     lon, lat and radius_m (or radius_km): a disc; else the area that area, place, region or province names in
              the gazetteer. A row without a place, or with one that is not known, is rejected; and so are coordinates
              further than 100 km from the named area (300 km from a country)
activity      class, by the words of schemas/codes/ledger.toml; a word that it does not have is rejected. Where the
              count may be nothing (0, 0-5), a statement, as it may be that nothing happened; the class is kept as said
count         count, in the unit of the class: 12, 1,200, 5-7; "at least 30", "30+": open above; "about 30": 15 to 60;
              N/K, unknown, uncountable: at least one. An empty cell is rejected
ledger        party:<party>, observer the party, in the letters in which it is written
attribution   none: a claim of what happened does not say who did it
text          note; url by url or link; published_at where the table has it
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the header has what a claim needs, and is none of weapons in a state of compliance."""
        header = header_of(head)
        if not {cell.strip().casefold() for cell in header}.isdisjoint(("state", "compliance")):
            return False
        columns = Columns(header, NAMES)
        placed = columns.have("area") or columns.have("lon", "lat", "radius_m")
        return placed and columns.have("date", "party", "class", "count")

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each claim."""
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        reader = _Reader(Columns(header.fields, NAMES), context)
        yield from read_table(self.name, context, table.records(len(header.fields)), reader.report)


class _Reader:
    """Makes a report of a claim."""

    def __init__(self, columns: Columns, context: ReadContext) -> None:
        self._columns = columns
        self._feed = context.feed
        self._times = Times()
        self._where = Where(columns, context.gazetteer)
        self._classes = codes_of("ledger")["class"]

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        cells = self._columns.cells(fields)
        party = cells["party"]
        if not party:
            raise RowError("ledger", RejectReason.MISSING, "the party is empty")
        date, published = cells["date"], cells["published_at"]
        zone = self._where.zone(cells)
        observed_from, observed_until = self._times.interval(date, "date", zone or UTC)
        code = self._classes.of(cells["class"])
        assert code.activity is not None
        count, rule = counted(cells["count"], code.unit or CountUnit.EVENT)
        remarks: tuple[Remark, ...] = () if rule is None else (Remark("count", cells["count"][:300], rule),)
        activity = code.activity
        if count.min == 0:
            # It may be that nothing happened: a claim of nothing is words, and breaches no clause on force.
            activity = Activity.STATEMENT
            remarks += (Remark("activity", cells["class"][:300], RemarkRule.AS_SAID),)
        return Report(
            report_id=f"ledger:{cells['id'] or f'row-{origin.sha256[:24]}'}",
            source="ledger",
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=self._where.footprint(cells),
            activity=activity,
            feed=self._feed,
            observer=party,
            ledger=f"party:{party}",
            published_at=self._times.interval(published, "published_at", zone or UTC)[0] if published else None,
            count=count,
            text=cells["note"][:20_000] or None,
            url=cells["url"] or None,
            remarks=(remarks + in_doubt(zone, observed_from=date, published_at=published)) or None,
            origin=origin,
        )


def counted(text: str, unit: CountUnit) -> Counted:
    """How many a cell says, and the rule by which, where it is no plain number.

    >>> counted("at least 30", CountUnit.EVENT)[0].max is None
    True

    Raises:
        RowError: it is empty, or no number.
    """
    word = " ".join(text.casefold().split())
    if (exact := _EXACT.fullmatch(word)) is not None:
        number = _number(exact[1])
        return Count(number, number, unit), None
    if word in _NOT_KNOWN:
        return Count(1.0, None, unit), RemarkRule.COUNT_NOT_KNOWN
    if (both := _RANGE.fullmatch(word)) is not None:
        return Count(_number(both[1]), _number(both[2]), unit), None
    if (least := _OPEN.fullmatch(word)) is not None:
        number = _number(least[1] or least[2])
        beyond = word.startswith((">", "over", "more")) and not word.startswith(">=")
        return Count(number + beyond, None, unit), RemarkRule.COUNT_OPEN
    if (rough := _ROUGH.fullmatch(word)) is not None:
        number = _number(rough[1])
        return Count(max(number // 2, min(number, 1.0)), number * 2, unit), RemarkRule.COUNT_ROUGH
    if not word:
        raise RowError("count", RejectReason.MISSING, "the count is empty")
    raise RowError("count", RejectReason.BAD_VALUE, f"{text[:80]!r} is no number, and none of the words for one")


def _number(digits: str) -> float:
    return finite(digits.replace(",", ""), "count")
