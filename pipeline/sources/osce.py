"""Tables of ceasefire violations, as the OSCE Special Monitoring Mission to Ukraine annexed them to its reports."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.model.check import check, in_utc
from pipeline.model.footprint import Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Count, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, CountUnit, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, reject
from pipeline.sources.cells import finite
from pipeline.sources.headed import Columns
from pipeline.sources.peeked import Peeked
from pipeline.sources.places import Places
from pipeline.sources.positions import Positions, Spot
from pipeline.sources.records import Dialect, Record, Table
from pipeline.sources.wording.clock import Interval
from pipeline.sources.wording.counts import count, counted
from pipeline.sources.wording.reading import WORDS_LIMIT, Reading, as_said
from pipeline.sources.wording.things import Arms, Kind, arms, kinds, senses, words_of
from pipeline.sources.wording.times import dates, when

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("event_id", "id"),
    "position": ("smm_position", "position_of_the_smm", "position_of_smm", "smm_location"),
    "location": (
        *("event_location", "location_of_event", "location_of_the_event", "location_of_events"),
        *("event_location_from_smm_position", "location_of_ceasefire_violation"),
    ),
    "means": ("means", "means_of_observation", "how_observed"),
    "number": ("no", "number", "count", "quantity", "number_of_events"),
    "observation": ("observation", "observed", "event", "type_of_event", "type"),
    "description": ("description", "remarks", "comment"),
    "in_out": ("in_out", "in_out_direction", "direction", "incoming_outgoing"),
    "weapon": ("weapon", "weapons", "type_of_weapon", "weapon_type", "weapon_system"),
    "date": ("date", "event_date"),
    "time": ("date_time", "date_and_time", "time", "time_of_event", "event_time"),
    "reported": ("report_date", "reporting_date", "date_of_report"),
    "lon": ("position_lon", "position_longitude", "smm_position_lon", "smm_position_longitude", "lon", "longitude"),
    "lat": ("position_lat", "position_latitude", "smm_position_lat", "smm_position_latitude", "lat", "latitude"),
    "radius_m": ("position_radius_m", "smm_position_radius_m", "radius_m"),
    "url": ("url", "link"),
}
"""How the tables of different years call a column."""
_READ = (
    *("id", "url", "date", "time", "reported", "position", "location", "lon", "lat", "radius_m"),
    *("means", "number", "observation", "description", "in_out", "weapon"),
)
POSITION_RADIUS_M = 500.0
"""How well the coordinates of a position are known where the table has no radius: our assumption."""
NEAR_COUNTRY_M = 50_000.0
_TITLES = 5
_ZONE = ZoneInfo("Europe/Kyiv")
_APART = re.compile(r"\s*[/;+]\s*|,\s+|\s+and\s+")


class Osce:
    """Reads tables of ceasefire violations, whatever the order and the names of their columns."""

    name = "osce"
    title = "OSCE SMM: tables of ceasefire violations (CSV, XLSX)"
    describe = """\
Tables of ceasefire violations, as the OSCE Special Monitoring Mission to Ukraine annexed them to its daily reports.
Recognised by a header with SMM position, Event location (or Location of event), a date or time, and Observation,
Description or No.; up to five lines of title may stand above it. Words are read by small rules, and kept as remarks.

report_id     osce:<event_id or id>; without it osce:row-<24 digits of the SHA-256 of the row's bytes>; a second report
              of one row ends in -2
observed      local time (Europe/Kyiv). A minute is a minute; an evening, a night, a day is a broad interval. A time
              without a day is of the reporting day, which ends at 19:30; N/K is all of it
reported on   by report_date, by `reported` in <file name>.positions.toml, or by the date in a title line; a day without
              a year is the one nearest to it
position      lon and lat where the table has them (within radius_m, else 500 m: our assumption); else by name in
              <file name>.positions.toml; else "2 km NE of TOWN" by the towns of GeoNames, 5 km about the town's point
              (our assumption). A position that is not known rejects the row
footprint     by Event location, from the position or from the town that it names:
              4-5 km SSW       a bearing: the range, and 22.5 degrees for each wind
              NE to SE         all directions clockwise from the one to the other
              4.5 km           a quarter less to a quarter more: our assumption
              easterly         the half circle about east, doubtful
              no range         up to 20 km, doubtful: our assumption. No direction: all round, doubtful
              N/K, unread      a disc of 20 km about the position, doubtful
activity      Observation, else Description, by the words of schemas/codes/osce.toml; unknown (words_unread) where they
              have none. Incoming, outgoing, undetermined and directions of flight are kept as said and decide nothing
count         No. in the unit of what was observed. N/K, uncountable: at least one. Several kinds with a number each are
              a report each; with one number for all, one report in the unit event, or for things that are unlike
              (explosions and flares) one each, from 1 to that number
weapons       Weapon, else Description: types and calibres; every weapon that is named is an alternative
ledger        independent; observer the position. An event that both a patrol and a camera saw is in the table once
attribution   none
text          the row's words, each cell to 2,000 characters
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether one of the first rows has the columns of a table of ceasefire violations."""
        return _find_header(head) is not None

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each event. Without a header every row is a reject.

        Raises:
            InputError: the file of positions is wrong; before the first row.
        """
        peeked = Peeked(stream)
        table = Table(peeked, Dialect())
        header = _find_header(peeked.head)
        titled: date | None = None
        if header is not None:
            for _ in range(header.titles):
                title = table.take(None)
                titled = titled or (_date_in(title) if title is not None else None)
            table.take(None)
        first = None if header is not None else table.take(None)
        if first is not None:
            table.give_back(first)
        width = header.width if header is not None else len(first.fields) if first is not None else 0
        reader = _Reader(header.columns if header is not None else Columns((), NAMES), context, titled)
        yield from rows_of_several(self.name, context, table.records(width), reader.reports)


class _Header(NamedTuple):
    """The columns of a table, how many they are, and how many lines stand above them."""

    columns: Columns
    width: int
    titles: int


def _find_header(head: bytes) -> _Header | None:
    table = Table(io.BytesIO(head), Dialect())
    for titles in range(_TITLES + 1):
        record = table.take(None)
        if record is None:
            break
        columns = Columns(record.fields, NAMES)
        if (
            columns.have("position", "location")
            and (columns.have("time") or columns.have("date"))
            and any(columns.have(meaning) for meaning in ("observation", "description", "number"))
        ):
            return _Header(columns, len(record.fields), titles)
    return None


def _date_in(title: Record) -> date | None:
    """The day that a title names, with its year."""
    found = dates(" ".join(title.fields), None)
    return max(found[0]) if found and found[0] else None


def rows_of_several(
    source: str,
    context: ReadContext,
    records: Iterator[Record],
    read: Callable[[list[str], Origin], tuple[Report, ...]],
) -> Iterator[Row]:
    """One row for each record of a table in which a row may tell of several things: all are good, or none is."""
    for number, record in enumerate(records, start=1):
        problem = record.problem
        if problem is None:
            try:
                reports = read(record.fields, Origin(context.file, number, record.span.sha256))
            except RowError as error:
                problem = error.problem
            else:
                problem = next((wrong for one in reports if (wrong := check(one, context.gazetteer.areas))), None)
        if problem is not None:
            yield reject(source, context, number, record.span, problem)
        else:
            yield Row(number, record.span.position, tuple(map(in_utc, reports)))


class _Told(NamedTuple):
    """One thing that a row tells of, how many there were, and the remarks on both."""

    activity: Activity
    how_many: Count | None
    remarks: tuple[Remark, ...]


class _Said(NamedTuple):
    """What a row's words say, apart from where and when."""

    things: tuple[_Told, ...]
    arms: Arms
    text: str


class _Reader:
    """Makes the reports of one row's fields."""

    def __init__(self, columns: Columns, context: ReadContext, titled: date | None) -> None:
        # A column that the table does not have is empty: its place is behind the last field.
        self._cells = itemgetter(*(columns.at.get(meaning, -1) for meaning in _READ))
        self._feed = context.feed
        self._positions = Positions(context.file)
        self._reported = self._positions.reported or titled
        self._country = context.gazetteer.find("Ukraine")
        self._places = Places()
        self._where = lru_cache(maxsize=16_384)(self._find_where)
        self._said = lru_cache(maxsize=16_384)(_said)

    def reports(self, fields: list[str], origin: Origin) -> tuple[Report, ...]:
        """The reports, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        cells = list(map(str.strip, self._cells([*fields, ""])))
        if sum(map(len, cells)) > WORDS_LIMIT:
            cells = [cell[:WORDS_LIMIT] for cell in cells]
        own, url, day, hour, reported, position, location, lon, lat, radius, *words = cells
        if not position:
            raise RowError("position", RejectReason.MISSING, "the position is empty")
        footprint, remarks = self._where(location, position, lon, lat, radius)
        said = self._said(*words)
        times = self._when(day, hour, reported)
        if times.rule is not None:
            remarks += times.remark("observed_from", f"{day} {hour}")
        key = own or f"row-{origin.sha256[:24]}"
        return tuple(
            [
                Report(
                    report_id=f"osce:{key}" if index == 1 else f"osce:{key}-{index}",
                    source="osce",
                    observed_from=times.value.begin,
                    observed_until=times.value.end,
                    footprint=footprint,
                    activity=one.activity,
                    feed=self._feed,
                    observer=position.removeprefix("SMM ")[:300],
                    ledger="independent",
                    weapons=said.arms.weapons,
                    calibre_mm=said.arms.calibre_mm,
                    count=one.how_many,
                    text=f"{position} | {location} | {said.text}",
                    url=url or None,
                    remarks=one.remarks + remarks,
                    origin=origin,
                )
                for index, one in enumerate(said.things, 1)
            ]
        )

    def _find_where(
        self, location: str, position: str, lon: str, lat: str, radius: str
    ) -> tuple[Footprint, tuple[Remark, ...]]:
        told = self._positions.told(location, position, self._find_spot(lon, lat, radius))
        return told.footprint, Reading(None, told.rule, told.doubtful).remark("footprint", location)

    def _find_spot(self, lon_text: str, lat_text: str, radius_text: str) -> Spot | None:
        """The position by the row's own coordinates."""
        if not lon_text and not lat_text:
            return None
        lon, lat = finite(lon_text, "longitude"), finite(lat_text, "latitude")
        country = self._country
        problem = None if country is None else self._places.contradiction(lon, lat, country, NEAR_COUNTRY_M)
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
        return Spot(lon, lat, finite(radius_text, "radius_m") if radius_text else POSITION_RADIUS_M)

    def _when(self, day: str, hour: str, reported: str) -> Reading[Interval]:
        known = self._reported
        if reported:
            found = dates(reported, None)
            if found is None or not found[0]:
                raise RowError("report_date", RejectReason.BAD_TIME, f"{reported[:80]!r} is no date with a year")
            known = max(found[0])
        words = f"{day}, {hour}" if day and hour else day or hour
        times = when(words, _ZONE, known)
        if times is None:
            hint = f"no day, or no year, can be read; say `reported` in {self._positions.beside.rpartition('/')[2]}"
            reason = RejectReason.BAD_TIME if words else RejectReason.MISSING
            raise RowError("observed_from", reason, f"{words[:80]!r}: {hint}")
        return times


def _said(means: str, number: str, observation: str, description: str, in_out: str, weapon: str) -> _Said:
    """What the words say. Weapons that the description does not name are none; those of an unread cell are unknown."""
    read = arms(weapon or description)
    named = bool(weapon) or read.rule is not RemarkRule.WORDS_UNREAD
    remarks = (
        *(read.remark("weapons", weapon or description) if named else ()),
        *as_said("observer", means or ", ".join(senses(f"{observation} {description}"))),
        *as_said("activity", in_out),
        *(as_said("activity", description) if observation else ()),
    )
    things = [one._replace(remarks=one.remarks + remarks) for one in told_things(observation, description, number)]
    text = " | ".join(word for word in (means, number, observation, description, in_out, weapon) if word)
    return _Said(tuple(things), read.value if named else Arms(), text)


def told_things(observation: str, description: str, number: str) -> tuple[_Told, ...]:
    """What a row tells of: one thing, or several with what is known of the number of each."""
    named = kinds(observation) or kinds(description)
    words = observation if kinds(observation) else description
    if not named:
        remarks = Reading(None, RemarkRule.WORDS_UNREAD, doubtful=True).remark("activity", words or observation)
        return (_numbered(Kind("", Activity.UNKNOWN, None), number, remarks),)
    numbers = _numbers(named, words, number)
    if numbers is not None:
        return tuple(_numbered(kind, given, ()) for kind, given in zip(named, numbers, strict=True))
    which = Reading(None, RemarkRule.ONE_OF_SEVERAL).remark("activity", words)
    if len({kind.activity.group for kind in named}) == 1:
        return (_numbered(named[0]._replace(unit=CountUnit.EVENT), number, which),)
    most = count(number).value.most if number else None
    shared = Reading(None, RemarkRule.ONE_OF_SEVERAL).remark("count", number)
    return tuple(_Told(kind.activity, Count(1.0, most, kind.unit or CountUnit.EVENT), shared) for kind in named)


def _numbers(named: tuple[Kind, ...], words: str, number: str) -> list[str] | None:
    """The number of each kind, in the same order; None where there is one for several."""
    if len(named) == 1:
        return [number or dict(_counted(words)).get(named[0].word, "")]
    parts = [part for part in _APART.split(number) if part]
    if len(parts) == len(named):
        return parts
    each = dict(_counted(words))
    return [each[kind.word] for kind in named] if not number and all(kind.word in each for kind in named) else None


def _counted(words: str) -> list[tuple[str, str]]:
    """Numbers in a text by the table's word for what they count."""
    pairs = counted(words, words_of("description").pattern)
    return [(kinds(noun)[0].word, number) for noun, number in pairs if kinds(noun)]


def _numbered(kind: Kind, number: str, remarks: tuple[Remark, ...]) -> _Told:
    if not number:
        return _Told(kind.activity, None, remarks)
    read = count(number)
    if read.value.most == 0.0:
        raise RowError("count", RejectReason.BAD_VALUE, "none was observed")
    interval = Count(read.value.least, read.value.most, kind.unit or CountUnit.EVENT)
    return _Told(kind.activity, interval, remarks + read.remark("count", number))
