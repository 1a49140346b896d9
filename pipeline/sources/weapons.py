"""Tables of weapons that were seen standing or stored: class, count, place, and which state of compliance."""

from collections.abc import Iterator
from datetime import tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.model.footprint import Disc, Footprint
from pipeline.model.report import Count, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, CountUnit, RejectReason, Weapon
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite
from pipeline.sources.codes import codes_of
from pipeline.sources.headed import Columns, header_of
from pipeline.sources.places import Places
from pipeline.sources.positions import Positions
from pipeline.sources.records import Dialect, Table
from pipeline.sources.wording.counts import count, counted
from pipeline.sources.wording.reading import WORDS_LIMIT, as_said
from pipeline.sources.wording.things import Arms, arms, words_of
from pipeline.sources.wording.times import when

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "record_id"),
    "class": ("class", "weapon", "weapon_class", "weapon_type", "type_of_weapon", "weapons"),
    "count": ("count", "no", "number", "quantity"),
    "state": (
        *("state", "compliance", "compliance_state", "compliance_status", "state_of_compliance"),
        *("withdrawal_status", "status_of_withdrawal"),
    ),
    "place": ("place", "location", "where"),
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
    "radius_m": ("radius_m",),
    "country": ("country",),
    "date": ("date", "day", "observed_on"),
    "time": ("time", "date_time", "date_and_time"),
    "serial": ("serial", "serial_number", "serial_no"),
    "observer": ("observer", "observed_by", "means"),
    "side": ("side", "party", "controlled_by"),
    "note": ("note", "notes", "remarks", "description"),
    "url": ("url", "link"),
}
_READ = (
    *("id", "serial", "observer", "url", "date", "time", "lon", "lat", "radius_m", "country", "place"),
    *("class", "count", "state", "side", "note"),
)
RADIUS_M = 2_000.0
"""How far about its coordinates a weapon may have stood where the table has no radius: our assumption."""
NEAR_COUNTRY_M = 50_000.0
_KYIV = ZoneInfo("Europe/Kyiv")
_VEHICLES = frozenset({Weapon.TANK, Weapon.ARMOURED_VEHICLE})
_AIRCRAFT = frozenset({Weapon.FIXED_WING, Weapon.ROTARY_WING, Weapon.UAV, Weapon.BALLOON})


class Weapons:
    """Reads tables of weapons that monitors saw, or did not find where they should be."""

    name = "weapons"
    title = "weapons seen: class, count, place and state of compliance (CSV, XLSX)"
    describe = """\
Weapons that monitors of a withdrawal saw, or did not find in storage: a row for each sighting. Recognised by a header
with class (or weapon), count (or No.), state (or compliance), a date, and place or lon and lat.

report_id     weapons:<id>; without it weapons:row-<24 digits of the SHA-256 of the row's bytes>
observed      date and time, in the time zone of the named country; Europe/Kyiv where the row names none. A day is the
              whole day, an evening or a night a broad interval. A date has to have its year
footprint     lon, lat: a disc of radius_m, else of 2 km (our assumption); else place by <file name>.positions.toml, or
              by the town that it names ("2 km NE of TOWN"), 5 km about the town's point (our assumption). Any other
              place is rejected: a weapon has no sector of sound
activity      weapon_presence. What is missing from storage is a statement: where it is, is not said
state         in violation of withdrawal lines, beyond withdrawal lines but outside designated storage sites, could not
              be verified as withdrawn, in storage, missing: kept as said. It decides nothing else: an agreement's own
              zones and storage sites do. Any other state is rejected
weapons       types and calibres, by the words of schemas/codes/osce.toml; unknown (words_unread) where they have none
count         in weapons; tanks and armoured vehicles in vehicles, aircraft in aircraft. Without a count column's cell,
              the number before the weapon in its words; 0 is that nothing was there
track_id      serial: by it an inventory of an agreement knows the weapon
attribution   none: the side of the line on which it stood is not whose it was; side is kept as said
ledger        independent
text, url     the row's words; url
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first row has the columns of a table of weapons."""
        return _is_header(Columns(header_of(head), NAMES))

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each sighting. Where the header is damaged, it and every row after it is a reject.

        Raises:
            InputError: the file of positions is wrong; before the first row.
        """
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        columns = Columns(header.fields, NAMES)
        if not _is_header(columns):
            table.give_back(header)
        reader = _Reader(columns, context)
        yield from read_table(self.name, context, table.records(len(header.fields)), reader.report)


def _is_header(columns: Columns) -> bool:
    placed = columns.have("place") or columns.have("lon", "lat")
    return placed and columns.have("class", "count", "state") and (columns.have("date") or columns.have("time"))


class _Said(NamedTuple):
    """What a row's words say, apart from where and when."""

    activity: Activity
    how_many: Count | None
    arms: Arms
    remarks: tuple[Remark, ...]
    text: str


class _Reader:
    """Makes a report of one row's fields."""

    def __init__(self, columns: Columns, context: ReadContext) -> None:
        # A column that the table does not have is empty: its place is behind the last field.
        self._cells = itemgetter(*(columns.at.get(meaning, -1) for meaning in _READ))
        self._feed = context.feed
        self._gazetteer = context.gazetteer
        self._positions = Positions(context.file)
        self._places = Places()
        self._zone = lru_cache(maxsize=1_000)(self._find_zone)
        self._where = lru_cache(maxsize=16_384)(self._find_where)
        self._said = lru_cache(maxsize=16_384)(_said)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        cells = list(map(str.strip, self._cells([*fields, ""])))
        if sum(map(len, cells)) > WORDS_LIMIT:
            cells = [cell[:WORDS_LIMIT] for cell in cells]
        own, serial, observer, url, day, hour, lon, lat, radius, country, place, *words = cells
        said = self._said(*words)
        where, where_remarks = self._where(lon, lat, radius, place, country)
        stated = f"{day}, {hour}" if day and hour else day or hour
        times = when(stated, self._zone(country), None)
        if times is None:
            reason = RejectReason.BAD_TIME if stated else RejectReason.MISSING
            raise RowError("observed_from", reason, f"{stated[:80]!r} is no date with a year")
        return Report(
            report_id=f"weapons:{own or 'row-' + origin.sha256[:24]}",
            source="weapons",
            observed_from=times.value.begin,
            observed_until=times.value.end,
            footprint=where,
            activity=said.activity,
            feed=self._feed,
            observer=observer[:300] or None,
            ledger="independent",
            weapons=said.arms.weapons,
            calibre_mm=said.arms.calibre_mm,
            count=said.how_many,
            track_id=serial or None,
            text=f"{place} | {said.text}" if place else said.text,
            url=url or None,
            remarks=said.remarks + where_remarks + times.remark("observed_from", stated),
            origin=origin,
        )

    def _find_zone(self, country: str) -> tzinfo:
        area = self._gazetteer.find(country) if country else None
        return ZoneInfo(area.timezone) if area is not None else _KYIV

    def _find_where(
        self, lon_text: str, lat_text: str, radius_text: str, place: str, country: str
    ) -> tuple[Footprint, tuple[Remark, ...]]:
        if lon_text or lat_text:
            lon, lat = finite(lon_text, "longitude"), finite(lat_text, "latitude")
            area = self._gazetteer.find(country) if country else None
            problem = None if area is None else self._places.contradiction(lon, lat, area, NEAR_COUNTRY_M)
            if problem is not None:
                raise RowError(problem.field, problem.reason, problem.detail)
            return Disc(lon, lat, finite(radius_text, "radius_m") if radius_text else RADIUS_M), ()
        if not place:
            raise RowError("footprint", RejectReason.MISSING, "the row has neither a place nor coordinates")
        spot = self._positions.find(place)
        found = Disc(spot.value.lon, spot.value.lat, spot.value.radius_m)
        return found, spot.remark("footprint", place)


def _said(kind: str, number: str, state: str, side: str, note: str) -> _Said:
    """What the words say, apart from where and when."""
    code = codes_of("weapons")["state"].of(state, "state")
    assert code.activity is not None
    if not kind:
        raise RowError("weapons", RejectReason.MISSING, "the class of weapon is empty")
    read = arms(kind)
    how_many, count_remarks = _counted(number, kind, read.value.weapons)
    remarks = (*as_said("activity", state), *as_said("attribution", side), *read.remark("weapons", kind))
    text = " | ".join(word for word in (kind, number, state, note) if word)
    return _Said(code.activity, how_many, read.value, remarks + count_remarks, text)


def _counted(number: str, words: str, weapons: tuple[Weapon, ...]) -> tuple[Count | None, tuple[Remark, ...]]:
    """How many, in the unit of such weapons; of several numbers in the words alone, none is taken for the whole."""
    if not number:
        pairs = counted(words, words_of("weapon").pattern)
        if len(pairs) != 1:
            return None, ()
        number = pairs[0][1]
    read = count(number)
    kinds = set(weapons)
    if kinds and kinds <= _VEHICLES:
        unit = CountUnit.VEHICLE
    else:
        unit = CountUnit.AIRCRAFT if kinds and kinds <= _AIRCRAFT else CountUnit.WEAPON
    return Count(read.value.least, read.value.most, unit), read.remark("count", number)
