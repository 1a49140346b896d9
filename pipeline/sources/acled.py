"""ACLED: one row is one event, in the old layout (capitals, 25 columns) and the current one of the API and exports."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO

from pipeline.model.check import MAX_RADIUS_M, check_lonlat
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Count, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, CountUnit, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite, whole
from pipeline.sources.codes import Code, codes_of
from pipeline.sources.places import Places
from pipeline.sources.records import Dialect, Record, Table
from pipeline.sources.towns import country_zone, load_towns, region_named

RADIUS_M = {1: 5_000.0, 2: 25_000.0, 3: 150_000.0}
"""The disc for each geo_precision; for 3 only where the gazetteer does not know the region."""
TOWN_WITHIN_M = {1: 30_000.0, 2: 60_000.0, 3: 60_000.0}
"""How far from its coordinates the named town may be for each geo_precision."""
NEAR_COUNTRY_M = 300_000.0
NEAR_REGION_M = 100_000.0
"""How far from the named region the coordinates of geo_precision 3 may be."""
TEXT_LIMIT = 20_000
_READ = (
    "event_id_cnty event_date time_precision event_type sub_event_type country admin1 admin2 location latitude "
    "longitude geo_precision notes fatalities timestamp"
).split()
_MAY_LACK = {"sub_event_type", "timestamp"}
_REMEMBERED = 65_536
_SAID_LIMIT = 300
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_DATE_IN_WORDS = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3,9})[- ]([0-9]{4})")
_SUB_EVENTS = {
    "battles": ("government regains", "non-state actor overtakes", "armed clash"),
    "explosions/remote violence": ("chemical", "air/drone", "suicide", "shelling", "remote explosive", "grenade"),
    "violence against civilians": ("sexual violence", "attack", "abduction"),
    "protests": ("peaceful protest", "protest with", "excessive force"),
    "riots": ("violent demonstration", "mob violence"),
    "strategic developments": (
        *("agreement", "arrests", "change to group", "disrupted weapons", "headquarters", "looting"),
        *("non-violent transfer", "other"),
    ),
}
"""How the sub-event types of each event type begin, by the codebook. The old layout's event types have none."""
_MONTHS = ("january february march april may june july august september october november december").split()
_MONTH = {word: number for number, name in enumerate(_MONTHS, start=1) for word in (name, name[:3])}


class Acled:
    """Reads ACLED's tables of events."""

    name = "acled"
    title = "ACLED: events of political violence and protest, old and current layout (CSV)"
    describe = """\
The Armed Conflict Location & Event Data Project, as CSV: the old layout (25 columns in capitals) and the current one of
the API and of exports. Columns go by their names, in any order.

report_id     acled:<event_id_cnty>; row- and 24 digits of the row's SHA-256 where it is empty
observed      local days in the country's time zone (UTC where it has several), by time_precision:
              1  the day
              2  7 days about it    event_date is the middle of the week (codebook; in the data it is a Wednesday)
              3  its month          with the 15 days before and after event_date, which need not be the month's middle
footprint     by geo_precision:
              1  disc of 5 km       a town: 95 % of the coordinates within 30 km of their town are within 7 km of its
                                    middle; 5 km is our assumption
              2  disc of 25 km      near a town, or a small part of a region: our assumption
              3  the named region   admin1 by the gazetteer; else a disc of 150 km: our assumption
              anything else is rejected
named places  where no town of the name location in that country (GeoNames, 5,000 inhabitants and more) lies within
              30 km of the coordinates (60 km for 2 and 3), the disc is made wide enough to take in the nearest, with a
              doubtful remark places_differ. Not where admin2 names another town that is within 60 km: villages share
              names with far-off towns. A name that is not known is not checked
coordinates   further than 300 km from the named country, where the gazetteer knows it, the row is rejected; and with
              geo_precision 3 further than 100 km from the named region
activity      sub_event_type, else event_type, by schemas/codes/acled.toml; a type that is not there is rejected, in
              either column. A sub-event type that is none of its event type's: the doubtful remark code_doubted.
              Demonstrations, riots and most strategic developments are other
weapons       alternatives, where the sub-event type names kinds; none in the old layout
count         fatalities in the unit fatality; 0 is a number
attribution   none: actor1 and actor2 do not say who fired
published_at  timestamp
ledger        independent; observer ACLED
text          notes, which are never searched
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row has the columns of either layout."""
        first = Table(io.BytesIO(head), Dialect()).take(None)
        return first is not None and _is_header(_plain(first.fields))

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each event; the header and a row of tags below it are no rows.

        Where the header is damaged, it and every row after it is a reject.
        """
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        columns = _plain(header.fields)
        if not _is_header(columns):
            table.give_back(header)
        reader = _Reader(columns, context)
        yield from read_table(self.name, context, _without_tags(table, len(columns)), reader.report)


def _plain(cells: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def _is_header(columns: list[str]) -> bool:
    return set(_READ) - _MAY_LACK <= set(columns)


def _without_tags(table: Table, width: int) -> Iterator[Record]:
    """The records below the header, without the row of HXL tags that some copies have."""
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
        self._gazetteer = context.gazetteer
        self._feed = context.feed
        self._places = Places()
        self._zone = lru_cache(maxsize=1_000)(self._find_zone)
        self._when = lru_cache(maxsize=_REMEMBERED)(self._find_when)
        self._where = lru_cache(maxsize=_REMEMBERED)(self._find_where)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        own, day, time_code, kind, special, country, *place, notes, deaths, stamp = self._cells([*fields, ""])
        observed_from, observed_until = self._when(day, time_code, country)
        footprint, remarks = self._where(country, *place)
        code, doubts = _what(kind, special)
        return Report(
            report_id=f"acled:{own.strip() or 'row-' + origin.sha256[:24]}",
            source="acled",
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=footprint,
            activity=code.activity or Activity.UNKNOWN,
            feed=self._feed,
            observer="ACLED",
            ledger="independent",
            published_at=_published(stamp),
            weapons=code.weapons,
            count=_count(deaths),
            text=notes.strip()[:TEXT_LIMIT] or None,
            remarks=((remarks or ()) + doubts) or None,
            origin=origin,
        )

    def _find_zone(self, country: str) -> tzinfo:
        return country_zone(self._gazetteer, country) or UTC

    def _find_when(self, text: str, code: str, country: str) -> tuple[datetime, datetime]:
        day, precision = _date(text.strip()), whole(code.strip(), "time_precision")
        if precision == 1:
            first, last = day, day
        elif precision == 2:
            first, last = day - timedelta(days=3), day + timedelta(days=3)
        elif precision == 3:
            next_month = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            first = min(day.replace(day=1), day - timedelta(days=15))
            last = max(next_month - timedelta(days=1), day + timedelta(days=15))
        else:
            raise RowError("time_precision", RejectReason.BAD_VALUE, f"{precision} is none of ACLED's codes 1 to 3")
        zone = self._zone(country.strip())
        begins, ends = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
        return begins.astimezone(UTC), ends.astimezone(UTC)

    def _find_where(self, *cells: str) -> tuple[Footprint, tuple[Remark, ...] | None]:
        country, region, district, town, lat_text, lon_text, code = (cell.strip() for cell in cells)
        lon, lat = finite(lon_text, "longitude"), finite(lat_text, "latitude")
        problem = check_lonlat(lon, lat)
        area = self._gazetteer.find(country)
        if problem is None and area is not None:
            problem = self._places.contradiction(lon, lat, area, NEAR_COUNTRY_M)
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
        precision = whole(code, "geo_precision")
        if precision not in RADIUS_M:
            raise RowError("geo_precision", RejectReason.BAD_VALUE, f"{precision} is none of ACLED's codes 1 to 3")
        radius_m = RADIUS_M[precision]
        named = region_named(self._gazetteer, region, country) if precision == 3 else None
        if named is not None and (problem := self._places.contradiction(lon, lat, named, NEAR_REGION_M)) is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
        off_m = load_towns().elsewhere_m(
            town, country, lon, lat, tolerance_m=TOWN_WITHIN_M[precision], district=district
        )
        if off_m is not None:
            said = f"{town}, {country} at {lat_text}, {lon_text}"[:_SAID_LIMIT]
            remark = Remark("footprint", said, RemarkRule.PLACES_DIFFER, doubtful=True)
            return Disc(lon, lat, min(off_m + radius_m, MAX_RADIUS_M)), (remark,)
        return Disc(lon, lat, radius_m) if named is None else Area(area_id=named.area_id), None


def _date(text: str) -> date:
    if not text:
        raise RowError("event_date", RejectReason.MISSING, "the date is empty")
    iso, words = _DATE.fullmatch(text), _DATE_IN_WORDS.fullmatch(text)
    try:
        if iso is not None:
            year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
        elif words is not None:
            year, month, day = int(words[3]), _MONTH.get(words[2].lower(), 0), int(words[1])
        else:
            raise ValueError("it is not written 01-January-2015, 1 January 2015 or 2015-01-01")
        if not 1900 <= year <= 2100:
            raise RowError("event_date", RejectReason.TIME_OUT_OF_RANGE, f"{text[:80]!r} is not between 1900 and 2100")
        return date(year, month, day)
    except ValueError as error:
        raise RowError("event_date", RejectReason.BAD_TIME, f"{text[:80]!r} is no date: {error}") from error


@lru_cache(maxsize=1_000)
def _what(kind: str, special: str) -> tuple[Code, tuple[Remark, ...]]:
    """What the row's types stand for, and the doubt where its sub-event type is none of its event type's."""
    codes = codes_of("acled")
    if not special.strip():
        return codes["event_type"].of(kind), ()
    code = codes["sub_event_type"].of(special)
    if not kind.strip():
        return code, ()
    above = codes["event_type"].of(kind)
    belong = _SUB_EVENTS.get(" ".join(kind.casefold().split()))
    plain = " ".join(special.casefold().split())
    fits = above.activity is code.activity if belong is None else plain.startswith(belong)
    if fits:
        return code, ()
    said = f"{kind.strip()}: {special.strip()}"[:_SAID_LIMIT]
    return code, (Remark("activity", said, RemarkRule.CODE_DOUBTED, doubtful=True),)


@lru_cache(maxsize=10_000)
def _count(text: str) -> Count | None:
    if not text.strip():
        return None
    deaths = float(whole(text.strip(), "fatalities"))
    return Count(deaths, deaths, CountUnit.FATALITY)


@lru_cache(maxsize=10_000)
def _published(text: str) -> datetime | None:
    """ACLED's stamp of its last change of the row, in seconds since 1970."""
    if not text.strip():
        return None
    try:
        return datetime.fromtimestamp(whole(text.strip(), "timestamp"), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise RowError("timestamp", RejectReason.BAD_TIME, f"{text[:80]!r} is no time in seconds") from error
