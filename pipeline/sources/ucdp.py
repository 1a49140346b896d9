"""UCDP GED, the Georeferenced Event Dataset: one row is one event, with the precision of its place and time."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO

from pipeline.gazetteer import Gazetteer, NamedArea
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Count, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, CountUnit, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite, whole
from pipeline.sources.codes import codes_of
from pipeline.sources.places import Places
from pipeline.sources.records import Dialect, Record, Table
from pipeline.sources.towns import country_zone

COLUMNS = (
    "id relid year active_year code_status type_of_violence conflict_dset_id conflict_new_id conflict_name "
    "dyad_dset_id dyad_new_id dyad_name side_a_dset_id side_a_new_id side_a side_b_dset_id side_b_new_id side_b "
    "number_of_sources source_article source_office source_date source_headline source_original where_prec "
    "where_coordinates where_description adm_1 adm_2 latitude longitude geom_wkt priogrid_gid country country_id "
    "region event_clarity date_prec date_start date_end deaths_a deaths_b deaths_civilians deaths_unknown best "
    "high low gwnoa gwnob"
).split()
"""The standard layout, which Candidate files without a header row have."""
_NEEDED = frozenset(
    "id type_of_violence where_prec latitude longitude country date_prec date_start date_end best high low".split()
)
_READ = (
    "id type_of_violence where_prec longitude latitude country date_start date_end low best high "
    "source_headline where_description adm_1 event_clarity"
).split()
RADIUS_M = {1: 2_000.0, 2: 25_000.0, 3: 30_000.0, 4: 150_000.0, 5: 150_000.0, 6: 500_000.0, 7: 100_000.0}
"""The disc for each where_prec; for 4 and 6 only where the gazetteer does not know the region or the country."""
NEAR_COUNTRY_M = 300_000.0
NEAR_REGION_M = 100_000.0
"""How far from the named region the coordinates of where_prec 4 may be."""
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_RELID = re.compile(r"[A-Z]{3}-[0-9]{4}-[0-9]-.+")


class Ucdp:
    """Reads UCDP GED in the layouts that are found: standard, HDX (with a tag row), Candidate without a header."""

    name = "ucdp"
    title = "UCDP GED: events of organised violence, yearly and Candidate files (CSV)"
    describe = """\
The Georeferenced Event Dataset of the Uppsala Conflict Data Program, as CSV: the standard layout of 49 columns, the HDX
layout (other columns, a row of HXL tags below the header), and Candidate files that lack the header row.

report_id     ucdp:<id>; an id that was saved as a float (214797.0) is the same id
observed      whole local days, from the start of date_start to the end of date_end, in the country's time zone
              (of a country that the gazetteer does not know, that of its towns; UTC where they have several). The
              file's own dates give the interval; date_prec says how UCDP came to them and changes nothing
footprint     by where_prec:
              1  disc of 2 km       an exact place; 2 km for the extent of a settlement is our assumption
              2  disc of 25 km      a limited area around the place: about 25 km in the codebook
              3  disc of 30 km      a district, about its representative point; broad on purpose, as we ship no outlines
                                    of districts
              4  the named region   adm_1 by the gazetteer; else a disc of 150 km
              5  disc of 150 km     part of a country, or between places
              6  the country        by the gazetteer; else a disc of 500 km
              7  disc of 100 km     at sea or in the air
              anything else is rejected. The coordinates of 3 to 7 are a region's, never a place
coordinates   further than 300 km from the named country, where the gazetteer knows it, the row is rejected; and with
              where_prec 4 further than 100 km from the named region
activity      type_of_violence 1 (state-based) and 2 (non-state): armed_clash; 3 (one-sided): attack_on_civilians.
              event_clarity 2 (several events may be one row) is kept as a remark, as said
weapons       none: UCDP does not say
count         deaths from low to high in the unit fatality, widened to hold best where best lies outside
attribution   none: the two sides of a dyad are not who fired
ledger        independent; observer UCDP
text          source_headline, else where_description
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row is UCDP's header, or a whole row of a file without one."""
        first = _first_row(head)
        return _NEEDED <= {_plain(cell) for cell in first} or _is_event(first)

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each event; the header and the tag row are no rows."""
        table = Table(stream, Dialect())
        first = table.take(None)
        if first is None:
            return
        columns = [_plain(cell) for cell in first.fields]
        if not _NEEDED <= set(columns):
            columns = COLUMNS
            table.give_back(first)
        reader = _Reader(columns, context)
        yield from read_table(self.name, context, _without_tags(table, len(columns)), reader.report)


def _plain(cell: str) -> str:
    return cell.strip().lower()


def _first_row(head: bytes) -> list[str]:
    first = Table(io.BytesIO(head), Dialect()).take(None)
    return [] if first is None else first.fields


def _is_event(cells: list[str]) -> bool:
    """Whether a row of the standard layout's width has, cell by cell, what only an event of UCDP's has."""
    if len(cells) != len(COLUMNS):
        return False
    cell = dict(zip(COLUMNS, cells, strict=True))
    return (
        cell["type_of_violence"].strip() in ("1", "2", "3")
        and cell["where_prec"].strip() in ("1", "2", "3", "4", "5", "6", "7")
        and _RELID.fullmatch(cell["relid"].strip()) is not None
        and _DATE.fullmatch(cell["date_start"].strip()) is not None
    )


def _without_tags(table: Table, width: int) -> Iterator[Record]:
    """The records, without a row of HXL tags at their beginning."""
    first = table.take(width)
    if first is None:
        return
    filled = [cell for cell in first.fields if cell.strip()]
    if first.problem is not None or not filled or not all(cell.startswith("#") for cell in filled):
        yield first
    yield from table.records(width)


class _Reader:
    """Makes a report of one row's fields."""

    def __init__(self, columns: list[str], context: ReadContext) -> None:
        # A column that the table does not have is empty: its place is behind the last field.
        where = {name: at for at, name in enumerate(columns)}
        self._cells = itemgetter(*(where.get(name, len(columns)) for name in _READ))
        self._gazetteer: Gazetteer = context.gazetteer
        self._feed = context.feed
        self._places = Places()
        self._country = lru_cache(maxsize=1_000)(self._find_country)
        self._footprint = lru_cache(maxsize=65_536)(self._find_footprint)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        own, kind, precision, lon, lat, country, start, end, low, best, high, headline, words, region, clarity = map(
            str.strip, self._cells([*fields, ""])
        )
        _, zone = self._country(country)
        observed_from, observed_until = _days(start, end, zone)
        return Report(
            report_id=f"ucdp:{own if own.isdecimal() and own.isascii() and own[0] != '0' else whole(own, 'id')}",
            source="ucdp",
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=self._footprint(lon, lat, precision, country, region),
            activity=_activity(kind),
            feed=self._feed,
            observer="UCDP",
            ledger="independent",
            count=_deaths(low, best, high),
            text=headline or words or None,
            remarks=_unclear(clarity),
            origin=origin,
        )

    def _find_country(self, name: str) -> tuple[NamedArea | None, tzinfo]:
        area = self._gazetteer.find(name) if name else None
        # A former name stands in brackets: `Yemen (North Yemen)`.
        known = country_zone(self._gazetteer, name) or country_zone(self._gazetteer, name.partition(" (")[0])
        return area, known or UTC

    def _find_footprint(self, lon_text: str, lat_text: str, code: str, country_name: str, region: str) -> Footprint:
        country, _ = self._country(country_name)
        lon, lat = finite(lon_text, "longitude"), finite(lat_text, "latitude")
        if (
            country is not None
            and (problem := self._places.contradiction(lon, lat, country, NEAR_COUNTRY_M)) is not None
        ):
            raise RowError(problem.field, problem.reason, problem.detail)
        precision = whole(code, "where_prec")
        if precision not in RADIUS_M:
            raise RowError("where_prec", RejectReason.BAD_VALUE, f"{precision} is none of UCDP's codes 1 to 7")
        area = None
        if precision == 4 and region:
            area = self._gazetteer.find(region, country_name)
            problem = None if area is None else self._places.contradiction(lon, lat, area, NEAR_REGION_M)
            if problem is not None:
                raise RowError(problem.field, problem.reason, problem.detail)
        elif precision == 6:
            area = country
        return Disc(lon, lat, RADIUS_M[precision]) if area is None else Area(area_id=area.area_id)


@lru_cache(maxsize=65_536)
def _days(start: str, end: str, zone: tzinfo) -> tuple[datetime, datetime]:
    first, last = _date(start, "date_start"), _date(end, "date_end")
    if last < first:
        raise RowError("date_end", RejectReason.END_BEFORE_START, f"{last} is before {first}")
    days = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
    return days[0].astimezone(UTC), days[1].astimezone(UTC)


def _date(text: str, field: str) -> date:
    if not text:
        raise RowError(field, RejectReason.MISSING, "the date is empty")
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError("it is not written YYYY-MM-DD")
        if not "1900" <= match[1][:4] <= "2100":
            raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{text[:80]!r} is not between 1900 and 2100")
        return date.fromisoformat(match[1])
    except ValueError as error:
        raise RowError(field, RejectReason.BAD_TIME, f"{text[:80]!r} is no date: {error}") from error


@lru_cache(maxsize=100)
def _activity(text: str) -> Activity:
    kind = whole(text, "type_of_violence")
    code = codes_of("ucdp")["type_of_violence"].find(str(kind))
    if code is None or code.activity is None:
        raise RowError("type_of_violence", RejectReason.BAD_VALUE, f"{kind} is none of UCDP's codes 1 to 3")
    return code.activity


@lru_cache(maxsize=100)
def _unclear(text: str) -> tuple[Remark, ...] | None:
    """What event_clarity says, where it is not 1: that the event is told of clearly enough to stand by itself."""
    if text in ("", "1", "1.0"):
        return None
    return (Remark("activity", f"event_clarity {text.removesuffix('.0')}"[:300], RemarkRule.AS_SAID),)


@lru_cache(maxsize=10_000)
def _deaths(low: str, best: str, high: str) -> Count | None:
    """The interval that holds all three estimates; those that are not given are left out."""
    given = [whole(text, field) for text, field in ((low, "low"), (best, "best"), (high, "high")) if text]
    return Count(float(min(given)), float(max(given)), CountUnit.FATALITY) if given else None
