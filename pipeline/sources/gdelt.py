"""GDELT events 1.0 and 2.0: what a machine coded from news reports; one row is one coded event."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from pipeline.gazetteer import Gazetteer
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Attribution, Origin, Remark, Report
from pipeline.model.taxonomy import Basis, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite, whole
from pipeline.sources.codes import codes_of
from pipeline.sources.peeked import Peeked
from pipeline.sources.places import Places
from pipeline.sources.records import Dialect, Table
from pipeline.sources.remembering import remembering

_ACTOR = "Code Name CountryCode KnownGroupCode EthnicCode Religion1Code Religion2Code Type1Code Type2Code Type3Code"
_GEO = "Type FullName CountryCode ADM1Code ADM2Code Lat Long FeatureID"
_EVENT = (
    "IsRootEvent EventCode EventBaseCode EventRootCode QuadClass GoldsteinScale NumMentions NumSources NumArticles "
    "AvgTone"
)


def _columns(geo: list[str]) -> list[str]:
    """The columns of a file without a header, in small letters."""
    names = "GLOBALEVENTID SQLDATE MonthYear Year FractionDate".split()
    names += [f"{actor}{name}" for actor in ("Actor1", "Actor2") for name in _ACTOR.split()]
    names += _EVENT.split()
    names += [f"{place}Geo_{name}" for place in ("Actor1", "Actor2", "Action") for name in geo]
    return [name.lower() for name in [*names, "DATEADDED", "SOURCEURL"]]


_OLD = _columns([name for name in _GEO.split() if name != "ADM2Code"])
LAYOUTS = {57: _OLD[:-1], 58: _OLD, 61: _columns(_GEO.split())}
"""The columns by how many there are: 1.0 without and with SOURCEURL, and 2.0."""
_NEEDED = frozenset(
    "globaleventid sqldate eventcode actiongeo_type actiongeo_fullname actiongeo_lat actiongeo_long dateadded".split()
)
RADIUS_M = {1: 2_000_000.0, 2: 700_000.0, 3: 15_000.0, 4: 15_000.0, 5: 150_000.0}
"""The disc for each ActionGeo_Type; for 1 and 5 only where the gazetteer does not know the country or the region."""
_ALASKA = "usak"
_ALASKA_RADIUS_M = 2_000_000.0
NEAR_COUNTRY_M = 300_000.0
_RECKONED_DAYS = (7, 30)
_YEAR_DAYS = (365, 366)
_LOOKED_AT = 20
_DAY = timedelta(days=1)
Interval = tuple[datetime, datetime, datetime | None, tuple[Remark, ...]]


class Gdelt:
    """Reads the event tables of GDELT 1.0 (57 or 58 columns) and 2.0 (61), and those saved with a header."""

    name = "gdelt"
    title = "GDELT 1.0 and 2.0 events, coded by machine from the news (tab-separated)"
    describe = """\
The event tables of the GDELT project: 1.0 (57 columns, or 58 with SOURCEURL) and 2.0 (61), separated by tabs, without a
header; and tables with a header of GDELT's names, separated by tabs or commas. A row is what a machine coded from news
reports, and no incident that anybody saw: one incident has many rows.

report_id     gdelt:<GLOBALEVENTID>; gdelt:row-<24 digits of the row's SHA-256> where that is blank
observed      the day of SQLDATE in UTC. Where it lies 7 or 30 days before DATEADDED (GDELT reckons "last week" and
              "last month" so), or 365 or 366, or after it: all days from the one to the other, with a doubtful remark
footprint     by ActionGeo_Type:
              1  the country        by the gazetteer; else a disc of 2000 km, the widest there is
              2  disc of 700 km     a state of the USA (Alaska: 2000 km)
              3  disc of 15 km      a city or landmark in the USA; its extent is our assumption
              4  disc of 15 km      a city or landmark elsewhere
              5  the named region   by the gazetteer; else a disc of 150 km
              0, blank, or blank coordinates: rejected. The coordinates of 1, 2 and 5 are the middle of an area
coordinates   further than 300 km from the named country, where the gazetteer knows it, the row is rejected
activity      EventCode, a CAMEO code with its leading zeros (docs/codes.md); most are words and diplomacy
weapons       as the code says
count         none: NumMentions counts news reports; kept as a remark
attribution   Actor1Name where it is given: GDELT codes what actor 1 did to actor 2 (author GDELT, basis coded)
published_at  DATEADDED of 14 digits. Of 8 digits it is a day and no instant: kept as a remark
ledger        public; observer GDELT
url           SOURCEURL, where it is an address; else kept as a remark
text          none
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row is GDELT's header, or one of the first rows has what only its events have."""
        dialect = _dialect(head)
        table = Table(io.BytesIO(head), dialect)
        for _ in range(_LOOKED_AT):
            record = table.take(None)
            if record is None:
                return False
            if _NEEDED <= {_plain(cell) for cell in record.fields} or _is_event(record.fields):
                return True
        return False

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each event; a header is no row."""
        held = Peeked(stream)
        table = Table(held, _dialect(held.head))
        first = table.take(None)
        if first is None:
            return
        columns = [_plain(cell) for cell in first.fields]
        if not _NEEDED <= set(columns):
            table.give_back(first)
            columns = _layout(held.head)
        reader = _Reader(columns, context)
        yield from read_table(self.name, context, table.records(len(columns)), reader.report)


def _plain(cell: str) -> str:
    return cell.strip().lower()


def _dialect(head: bytes) -> Dialect:
    """Tabs, where the first line has one; a field of GDELT's own files is never quoted."""
    line = head.lstrip(b"\xef\xbb\xbf\r\n ").partition(b"\n")[0]
    return Dialect("\t", quoting=False) if b"\t" in line else Dialect(",")


def _layout(head: bytes) -> list[str]:
    """The columns of a file without a header: those of the width that most of its first rows have."""
    table = Table(io.BytesIO(head), _dialect(head))
    widths = [len(record.fields) for _ in range(_LOOKED_AT) if (record := table.take(None)) is not None]
    known = [width for width in widths if width in LAYOUTS]
    return LAYOUTS[max(set(known), key=known.count)] if known else LAYOUTS[61]


def _is_event(cells: list[str]) -> bool:
    """Whether a row has one of the widths and, cell by cell, what only an event of GDELT's has."""
    columns = LAYOUTS.get(len(cells))
    if columns is None:
        return False
    cell = dict(zip(columns, cells, strict=True))
    day = cell["sqldate"]
    return (
        cell["globaleventid"].isdigit()
        and len(day) == 8
        and day.isdigit()
        and (cell["monthyear"], cell["year"]) == (day[:6], day[:4])
        and cell["isrootevent"] in ("0", "1")
        and cell["quadclass"] in ("1", "2", "3", "4")
        and cell["eventcode"].startswith(cell["eventrootcode"])
        and cell["dateadded"].isdigit()
        and len(cell["dateadded"]) in (8, 14)
    )


class _Reader:
    """Makes a report of one row's fields."""

    def __init__(self, columns: list[str], context: ReadContext) -> None:
        at = {name: index for index, name in enumerate(columns)}
        self._id, self._date, self._added = at["globaleventid"], at["sqldate"], at["dateadded"]
        self._code, self._actor, self._mentions = at["eventcode"], at.get("actor1name"), at.get("nummentions")
        self._url = at.get("sourceurl")
        self._geo = tuple(at[f"actiongeo_{name}"] for name in ("type", "fullname", "lat", "long"))
        self._adm1 = at.get("actiongeo_adm1code")
        self._feed = context.feed
        self._place = remembering(65_536)(_Footprints(context.gazetteer).of)
        self._activity = remembering(1_024)(codes_of("gdelt")["EventCode"].of)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        kind, name, lat, lon = self._geo
        adm1 = "" if self._adm1 is None else fields[self._adm1]
        footprint, remarks = self._place(fields[kind], fields[name], fields[lat], fields[lon], adm1)
        begins, ends, published_at, dated = _days(fields[self._date], fields[self._added])
        own = fields[self._id].strip()
        code = self._activity(fields[self._code])
        url, said = self._link(fields)
        return Report(
            report_id=f"gdelt:{own}" if own.isascii() and own.isdigit() else _other_id(own, origin),
            source="gdelt",
            observed_from=begins,
            observed_until=ends,
            footprint=footprint,
            activity=code.activity,  # type: ignore[arg-type]  # test_codes holds that each has one
            weapons=code.weapons,
            feed=self._feed,
            observer="GDELT",
            ledger="public",
            published_at=published_at,
            attribution=None if self._actor is None else _did(fields[self._actor]),
            url=url,
            remarks=remarks + dated + said + (() if self._mentions is None else _mentions(fields[self._mentions])),
            origin=origin,
        )

    def _link(self, fields: list[str]) -> tuple[str | None, tuple[Remark, ...]]:
        url = "" if self._url is None else fields[self._url].strip()
        if url.startswith("http"):
            return url, ()
        return None, (Remark("url", url[:300], RemarkRule.AS_SAID),) if url else ()


def _other_id(own: str, origin: Origin) -> str:
    return f"gdelt:{whole(own, 'globaleventid')}" if own else f"gdelt:row-{origin.sha256[:24]}"


@remembering(65_536)
def _did(actor: str) -> Attribution | None:
    name = actor.strip()
    return Attribution(name[:300], "GDELT", Basis.CODED) if name else None


@remembering(4_096)
def _mentions(number: str) -> tuple[Remark, ...]:
    said = number.strip()
    return (Remark("count", f"NumMentions {said}"[:300], RemarkRule.AS_SAID),) if said else ()


class _Footprints:
    """Makes a footprint of what a row says of its place, and a remark of the place's name."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._places = Places()

    def of(self, kind: str, name: str, lat: str, lon: str, adm1: str) -> tuple[Footprint, tuple[Remark, ...]]:
        """The footprint.

        Raises:
            RowError: there is no place, or it contradicts the named country.
        """
        latitude, longitude = finite(lat.strip(), "actiongeo_lat"), finite(lon.strip(), "actiongeo_long")
        precision = whole(kind.strip(), "actiongeo_type")
        if precision not in RADIUS_M:
            detail = f"{precision} is none of GDELT's kinds of place 1 to 5"
            raise RowError("actiongeo_type", RejectReason.BAD_VALUE, detail)
        parts = [part.strip() for part in name.split(",")]
        country = self._gazetteer.find(parts[-1])
        if country is not None and country.name == country.country:
            problem = self._places.contradiction(longitude, latitude, country, NEAR_COUNTRY_M)
            if problem is not None:
                raise RowError(problem.field, problem.reason, problem.detail)
        area = None
        if precision == 1 and country is not None and country.name == country.country:
            area = country
        elif precision == 5:
            regions = (self._gazetteer.find(part, parts[-1]) for part in parts[:-1])
            area = next((region for region in regions if region is not None), None)
        rule = RemarkRule.CENTRE_OF_AN_AREA if precision in (1, 2, 5) else RemarkRule.AS_SAID
        remarks = (Remark("footprint", name.strip()[:300], rule),) if name.strip() or precision in (1, 2, 5) else ()
        if area is not None:
            return Area(area_id=area.area_id), remarks
        alaska = precision == 2 and adm1.strip().lower() == _ALASKA
        return Disc(longitude, latitude, _ALASKA_RADIUS_M if alaska else RADIUS_M[precision]), remarks


@remembering(16_384)
def _days(date: str, added: str) -> Interval:
    """The days from the event's to, where they are in doubt, the one on which it was added; and when that was."""
    day = _day(date, "sqldate")
    stamp, published_at = _added(added.strip())
    remarks: tuple[Remark, ...] = ()
    if published_at is None and stamp is not None:
        remarks = (Remark("published_at", f"DATEADDED {added.strip()}", RemarkRule.AS_SAID),)
    if stamp is None:
        return day, day + _DAY, None, ()
    lag = (stamp - day).days
    said = f"SQLDATE {date.strip()}, DATEADDED {added.strip()}"
    if lag in _YEAR_DAYS or lag < -1:
        remarks += (Remark("observed_from", said, RemarkRule.DATES_DIFFER, doubtful=True),)
    elif lag in _RECKONED_DAYS:
        remarks += (Remark("observed_from", said, RemarkRule.RELATIVE_TIME, doubtful=True),)
    else:
        return day, day + _DAY, published_at, remarks
    return min(day, stamp), max(day, stamp) + _DAY, published_at, remarks


def _added(text: str) -> tuple[datetime | None, datetime | None]:
    """The day on which a row was added, and the instant, where that is written."""
    if not text:
        return None, None
    stamped = len(text) == 14 and text.isascii() and text.isdigit()
    day = _day(text[:8] if stamped else text, "dateadded")
    if stamped:
        try:
            instant = day.replace(hour=int(text[8:10]), minute=int(text[10:12]), second=int(text[12:]))
        except ValueError as error:
            raise RowError("dateadded", RejectReason.BAD_TIME, f"{text!r} is no time: {error}") from error
        return day, instant
    return day, None


def _day(text: str, field: str) -> datetime:
    """The beginning of a day that is written 20140218 or 2014-02-18, in UTC."""
    text = text.strip()
    if not text:
        raise RowError(field, RejectReason.MISSING, "the date is empty")
    digits = text[:4] + text[5:7] + text[8:] if len(text) == 10 and text[4] == text[7] == "-" else text
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise RowError(field, RejectReason.BAD_TIME, f"{text[:80]!r} is no date written as 20140218 or 2014-02-18")
    year = int(digits[:4])
    if not 1900 <= year <= 2100:
        raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{text!r} is not between 1900 and 2100")
    try:
        return datetime(year, int(digits[4:6]), int(digits[6:]), tzinfo=UTC)
    except ValueError as error:
        raise RowError(field, RejectReason.BAD_TIME, f"{text!r} is no date: {error}") from error
