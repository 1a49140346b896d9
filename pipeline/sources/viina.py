"""VIINA: events in Ukraine that a machine found in news reports, in the layouts of versions 1 and 2."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.model.check import check_lonlat
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Attribution, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, Basis, RejectReason, Weapon
from pipeline.sources.base import InputError, ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite
from pipeline.sources.codes import codes_of
from pipeline.sources.places import Places
from pipeline.sources.records import Dialect, Table
from pipeline.sources.towns import region_named

RADIUS_M = {"STREET": 1_000.0, "ADM3": 5_000.0, "ADM2": 30_000.0, "ADM1": 150_000.0}
"""The disc for each GEO_PRECISION; for ADM1 only where the gazetteer does not know the region."""
CITY_RADIUS_M = {"PPLC": 20_000.0, "PPLA": 10_000.0, "": 10_000.0}
"""The disc at ADM3 by feature_code: the capital, a region's seat, a place of which nothing is said."""
NEAR_REGION_M = 100_000.0
TEXT_LIMIT = 20_000
_COUNTRY = "Ukraine"
_ZONE = ZoneInfo("Europe/Kyiv")
_REMEMBERED = 65_536
_PLACED = {"date", "longitude", "latitude", "geo_precision"}
_LABELS = {"event_id", "t_mil_b", "a_rus_b", "a_ukr_b"}
_READ = (
    "event_id event_id_1pd date time geo_precision longitude latitude adm1_name feature_code source url text"
).split()
_BLANK = ("", "na", "nan", "none")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:\.0)?")
_ID = re.compile(r"([0-9]+)\.0")


class Layout(NamedTuple):
    """Which of VIINA's files it is: how its ids begin, and the columns that say who began it."""

    ids: str
    own: str
    initiators: tuple[tuple[str, str], ...]


_NEWER = (("a_rus_init_b", "russia"), ("a_ukr_init_b", "ukraine"))
_OLDER = (("a_rus_b", "russia"), ("a_ukr_b", "ukraine"))
ONE_PER_DAY = Layout("1pd-", "event_id_1pd", _NEWER)
EVENT_INFO = Layout("", "event_id", _NEWER)
VERSION_1 = Layout("v1-", "event_id", _OLDER)


class Viina:
    """Reads VIINA's tables of events."""

    name = "viina"
    title = "VIINA: events in Ukraine from news reports, versions 1 and 2 (CSV)"
    describe = """\
Violent Incident Information from News Articles, as CSV: the events file of version 1, and event_info and event_1pd of
version 2. event_labels has neither place nor time and is refused: read event_1pd, which has the flags. Do not read
event_info and event_1pd together: they tell of the same events.

report_id     viina:v1-<event_id>, viina:<event_id> (event_info), viina:1pd-<event_id_1pd>
observed      with a time: the 24 hours before it, as date and time are those of the news report (our assumption);
              without one: the local day (Europe/Kyiv). 00:00 is taken for no time: nearly half of the rows have it
footprint     by GEO_PRECISION:
              STREET  disc of 1 km    geocoded from words: our assumption
              ADM3    disc of 5 km    a settlement: our assumption. By feature_code 20 km for the capital (PPLC) and
                                      10 km for a region's seat (PPLA), or where there is no feature_code
              ADM2    disc of 30 km   a district, about a representative point
              ADM1    the region      ADM1_NAME by the gazetteer; else a disc of 150 km
              anything else is rejected
coordinates   further than 100 km from the named region, where the gazetteer knows it, the row is rejected
activity      by the flags (_b), the most specific of force first (schemas/codes/viina.toml); unknown where only
              consequences are flagged, or none, or the file has no flags (event_info); other where t_mil_b is 0 and
              nothing else is set, and the doubtful remark code_doubted where it is 0 beside a flag of force. A flag
              that is empty or NA is not known, and not 0
weapons       the alternatives of all flags that are set and name any
attribution   a_rus_init_b or a_ukr_init_b (version 1: a_rus_b or a_ukr_b, which say the same there), not both: the
              claim is VIINA's, basis coded
published_at  date and time, where there is a time
ledger        public; observer the outlet, or VIINA
text, url     text and url
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row has the columns of one of VIINA's files of events."""
        first = Table(io.BytesIO(head), Dialect()).take(None)
        columns = set() if first is None else set(_plain(first.fields))
        return _layout(columns) is not None or _is_labels(columns)

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each event. Where the header is damaged, it and every row after it is a reject.

        Raises:
            InputError: it is the file of labels.
        """
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        columns = _plain(header.fields)
        layout = _layout(set(columns))
        if layout is None:
            if _is_labels(set(columns)):
                raise InputError(
                    f"{context.file}: VIINA's event_labels has neither places nor times: read event_1pd, which has "
                    "both and the flags, or event_info, which has both without them"
                )
            table.give_back(header)
        reader = _Reader(columns, layout or EVENT_INFO, context)
        yield from read_table(self.name, context, table.records(len(columns)), reader.report)


def _plain(cells: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def _layout(columns: set[str]) -> Layout | None:
    if not columns >= _PLACED:
        return None
    if columns >= {"event_id_1pd", "n_reports", "event_ids", "t_mil_b"}:
        return ONE_PER_DAY
    if columns >= {"event_id", "report_id", "geo_api", "text"}:
        return EVENT_INFO if "event_id_1pd" in columns else VERSION_1
    return None


def _is_labels(columns: set[str]) -> bool:
    return columns >= _LABELS and not columns & {"longitude", "latitude"}


class _Meaning(NamedTuple):
    """What the flags of a row say."""

    activity: Activity
    weapons: tuple[Weapon, ...]
    attribution: Attribution | None
    remarks: tuple[Remark, ...]


class _Reader:
    """Makes a report of one row's fields."""

    def __init__(self, columns: list[str], layout: Layout, context: ReadContext) -> None:
        # A column that the table does not have is empty: its place is behind the last field.
        where = {name: at for at, name in enumerate(columns)}
        self._cells = itemgetter(*(where.get(name, len(columns)) for name in _READ))
        self._layout = layout
        self._flags = [name.removesuffix("_b") for name in columns if re.fullmatch("[at]_[a-z_]+_b", name)]
        self._flag_cells = itemgetter(*[where[f"{flag}_b"] for flag in self._flags], len(columns), len(columns))
        self._gazetteer = context.gazetteer
        self._feed = context.feed
        self._places = Places()
        self._where = lru_cache(maxsize=_REMEMBERED)(self._find_where)
        self._meaning = lru_cache(maxsize=_REMEMBERED)(self._find_meaning)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        padded = [*fields, ""]
        event, event_1pd, day, hour, precision, lon, lat, region, feature, outlet, url, text = self._cells(padded)
        observed_from, observed_until, published_at, time_remarks = _when(day, hour)
        meaning = self._meaning(self._flag_cells(padded))
        own = _id(event_1pd if self._layout is ONE_PER_DAY else event)
        return Report(
            report_id=f"viina:{self._layout.ids + own if own else 'row-' + origin.sha256[:24]}",
            source="viina",
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=self._where(precision, lon, lat, region, feature),
            activity=meaning.activity,
            feed=self._feed,
            observer=outlet.strip()[:100] or "VIINA",
            ledger="public",
            published_at=published_at,
            weapons=meaning.weapons,
            attribution=meaning.attribution,
            text=text.strip()[:TEXT_LIMIT] or None,
            url=url.strip()[:TEXT_LIMIT] or None,
            remarks=(meaning.remarks + time_remarks) or None,
            origin=origin,
        )

    def _find_where(self, *cells: str) -> Footprint:
        precision, lon_text, lat_text, region, feature = (cell.strip() for cell in cells)
        lon, lat = finite(lon_text, "longitude"), finite(lat_text, "latitude")
        area = region_named(self._gazetteer, region, _COUNTRY)
        problem = check_lonlat(lon, lat)
        if problem is None and area is not None:
            problem = self._places.contradiction(lon, lat, area, NEAR_REGION_M)
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
        radius_m = RADIUS_M.get(precision.upper())
        if radius_m is None:
            reason = RejectReason.BAD_VALUE if precision else RejectReason.MISSING
            raise RowError("GEO_PRECISION", reason, f"{precision[:80]!r} is none of STREET, ADM3, ADM2, ADM1")
        if precision.upper() == "ADM1" and area is not None:
            return Area(area_id=area.area_id)
        if precision.upper() == "ADM3":
            radius_m = CITY_RADIUS_M.get(feature.upper(), radius_m)
        return Disc(lon, lat, radius_m)

    def _find_meaning(self, cells: tuple[str, ...]) -> _Meaning:
        known = {flag: _flag(cell, flag) for flag, cell in zip(self._flags, cells, strict=False)}
        flagged = {flag for flag, is_set in known.items() if is_set}
        codes = codes_of("viina")["flag"].codes
        strange = sorted(flag for flag in flagged if flag.startswith("t_") and flag not in codes)
        if strange:
            detail = f"column {strange[0][:80] + '_b'!r} is none of the flags that docs/codes.md lists"
            raise RowError("activity", RejectReason.UNKNOWN_TERM, detail)
        told = [flag for flag in codes if flag in flagged and codes[flag].activity is not Activity.UNKNOWN]
        weapons = tuple(dict.fromkeys(weapon for flag in told for weapon in codes[flag].weapons))
        if told:
            activity = codes[told[0]].activity or Activity.UNKNOWN
        else:
            peaceful = known.get("t_mil") is False and not flagged & codes.keys() - {"t_loc"}
            activity = Activity.OTHER if peaceful else Activity.UNKNOWN
        initiators = [party for column, party in self._layout.initiators if column.removesuffix("_b") in flagged]
        remarks = _of_several("activity", told) + _of_several("attribution", initiators)
        if known.get("t_mil") is False and activity.group == "fire":
            said = f"t_mil 0, {' '.join(told)}"[:300]
            remarks += (Remark("activity", said, RemarkRule.CODE_DOUBTED, doubtful=True),)
        claimed = Attribution(initiators[0], "VIINA", Basis.CODED) if len(initiators) == 1 else None
        return _Meaning(activity, () if weapons == (Weapon.UNKNOWN,) else weapons, claimed, remarks)


def _of_several(field: str, words: list[str]) -> tuple[Remark, ...]:
    return (Remark(field, " ".join(words)[:300], RemarkRule.ONE_OF_SEVERAL),) if len(words) > 1 else ()


def _flag(text: str, flag: str) -> bool | None:
    """Whether a flag is set; None where the label is missing, which is not the same as 0."""
    plain = text.strip().lower()
    if plain in _BLANK:
        return None
    if plain in ("1", "1.0", "true"):
        return True
    if plain in ("0", "0.0", "false"):
        return False
    raise RowError(f"{flag}_b", RejectReason.BAD_VALUE, f"{text[:80]!r} is neither 0 nor 1")


def _id(text: str) -> str:
    plain = text.strip()
    if plain.isdigit():
        return plain
    if plain.lower() in _BLANK:
        return ""
    saved_as_float = _ID.fullmatch(plain)
    return plain if saved_as_float is None else saved_as_float[1]


@lru_cache(maxsize=_REMEMBERED)
def _when(day: str, hour: str) -> tuple[datetime, datetime, datetime | None, tuple[Remark, ...]]:
    """The interval, when it was published, and the remark that the time is not known."""
    text = day.strip()
    if not text:
        raise RowError("date", RejectReason.MISSING, "the date is empty")
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError("it is not written YYYYMMDD")
        if not "1900" <= match[1] <= "2100":
            raise RowError("date", RejectReason.TIME_OUT_OF_RANGE, f"{text[:80]!r} is not between 1900 and 2100")
        midnight = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=_ZONE)
    except ValueError as error:
        raise RowError("date", RejectReason.BAD_TIME, f"{text[:80]!r} is no date: {error}") from error
    given = hour.strip()
    clock = _TIME.fullmatch(given)
    if clock is None and given.lower() not in _BLANK:
        raise RowError("time", RejectReason.BAD_TIME, f"{given[:80]!r} is no time written HH:MM")
    if clock is None or (clock[1].lstrip("0"), clock[2]) == ("", "00"):
        remarks = (Remark("observed_from", given, RemarkRule.TIME_NOT_KNOWN),) if given else ()
        return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC), None, remarks
    published = midnight.replace(hour=int(clock[1]), minute=int(clock[2])).astimezone(UTC)
    return published - timedelta(days=1), published, published, ()
