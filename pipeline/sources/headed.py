"""Tables whose columns go by several names: which column is which, and times as precise as they are written."""

import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from pipeline.gazetteer import Gazetteer, NamedArea
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Remark
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.cells import finite
from pipeline.sources.places import Places
from pipeline.sources.records import Dialect, Table
from pipeline.sources.towns import country_zone

Interval = tuple[datetime, datetime]
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_EPOCH = re.compile(r"([0-9]{9,10})(?:\.[0-9]*)?|([0-9]{12,13})(?:\.0*)?")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_REMEMBERED = 10_000
NEAR_REGION_M = 100_000.0
NEAR_COUNTRY_M = 300_000.0
"""How far from the named region or country coordinates may lie."""


Cells = dict[str, str]
"""The cells of a row by their meaning."""


class Columns:
    """The header of a table, and for each meaning the column that has it.

    Of several names that one meaning has, the first that the table has holds; letter case does not matter, and neither
    do spaces, hyphens and underscores.
    """

    def __init__(self, header: Iterable[str], names: Mapping[str, tuple[str, ...]]) -> None:
        places: dict[str, int] = {}
        for at, cell in enumerate(header):
            places.setdefault(_plain(cell), at)
        found = {meaning: next((name for name in known if name in places), None) for meaning, known in names.items()}
        self.names = {meaning: name for meaning, name in found.items() if name is not None}
        self.at = {meaning: places[name] for meaning, name in self.names.items()}
        self._meanings = tuple(names)
        # A column that the table does not have is empty: its place is behind the last field.
        self._read = itemgetter(*(self.at.get(meaning, -1) for meaning in names))

    def have(self, *meanings: str) -> bool:
        """Whether the table has a column for each."""
        return all(meaning in self.at for meaning in meanings)

    def cells(self, fields: list[str]) -> Cells:
        """The row's cells by their meaning, without the spaces about them; empty where there is no such column."""
        return dict(zip(self._meanings, map(str.strip, self._read([*fields, ""])), strict=True))


def header_of(head: bytes) -> list[str]:
    """The cells of the first row of what may be a table."""
    first = Table(io.BytesIO(head), Dialect()).take(None)
    return [] if first is None or first.problem is not None else first.fields


def _plain(cell: str) -> str:
    return _NO_LETTER.sub("_", cell.strip().casefold()).strip("_")


class Times:
    """Reads times: a day is the whole local day, a minute a minute, a second or seconds since 1970 an instant."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tzinfo], Interval] = {}

    def interval(self, text: str, field: str, zone: tzinfo = UTC) -> Interval:
        """From the beginning to the end of what is written; `zone` is that of times without one.

        Raises:
            RowError: it is empty, or no time.
        """
        key = text, zone
        found = self._known.get(key)
        if found is None:
            found = _interval(text, field, zone)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found


def _interval(text: str, field: str, zone: tzinfo) -> Interval:
    if not text:
        raise RowError(field, RejectReason.MISSING, "the time is empty")
    try:
        if (epoch := _EPOCH.fullmatch(text)) is not None:
            moment = datetime.fromtimestamp(float(text) / (1 if epoch[1] else 1000), UTC)
            return moment, moment
        match = _ISO.fullmatch(text)
        if match is None:
            raise ValueError("it is written neither as 2026-01-31, 2026-01-31 23:59:59 nor as seconds since 1970")
        if not "1900" <= text[:4] <= "2100":
            raise RowError(field, RejectReason.TIME_OUT_OF_RANGE, f"{text[:80]!r} is not between 1900 and 2100")
        return _written(text, match, zone)
    except (ValueError, OverflowError, OSError) as error:
        raise RowError(field, RejectReason.BAD_TIME, f"{text[:80]!r} is no time: {error}") from error


def _written(text: str, match: re.Match[str], zone: tzinfo) -> Interval:
    if match[2] is None:
        if match[4] is not None:
            raise ValueError("a day has no zone of its own")
        day = datetime.combine(datetime.fromisoformat(match[1]), time(), zone)
        return day.astimezone(UTC), (day + timedelta(days=1)).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    lasts = timedelta(minutes=0 if match[3] else 1)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
        return moment, moment + lasts
    # A local time that occurs twice, or never, when the clocks change may be either.
    both = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(both), max(both) + lasts


def in_doubt(zone: tzinfo | None, **times: str) -> tuple[Remark, ...]:
    """The remarks on local times that are read in UTC as nobody knows their zone, by the field that each becomes."""
    if zone is not None:
        return ()
    found = ((field, text, _ISO.fullmatch(text)) for field, text in times.items())
    return tuple(
        Remark(field, text, RemarkRule.WORDS_UNREAD, doubtful=True)
        for field, text, match in found
        if match is not None and match[4] is None
    )


class Where:
    """Reads the place of a row: a disc by coordinates and a radius, or an area of the gazetteer by its name."""

    def __init__(self, columns: Columns, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._factor = 1000.0 if columns.names.get("radius_m", "").endswith("km") else 1.0
        self._places = Places()
        # The smallest first: of a country and its region, the region's zone holds.
        self._areas = sorted(gazetteer.areas.values(), key=lambda area: area.geometry.area)
        self._outlines = np.array([area.geometry for area in self._areas], dtype=object)
        shapely.prepare(self._outlines)
        self._area = lru_cache(maxsize=_REMEMBERED)(self._find_area)
        self._zone_at = lru_cache(maxsize=_REMEMBERED)(self._find_zone_at)
        self._zone_of = lru_cache(maxsize=1_000)(country_zone)

    def footprint(self, cells: Cells) -> Footprint:
        """Where it was.

        Raises:
            RowError: the row has no place that can be read, or its coordinates are far from the area that it names.
        """
        point = self._point(cells)
        if point is not None:
            radius_m = finite(cells["radius_m"], "radius_m") * self._factor
            self.hold(cells, *point, radius_m)
            return Disc(*point, radius_m)
        area = self._named(cells)
        if area is not None:
            return Area(area_id=area.area_id)
        name = cells["area"]
        if name:
            raise RowError("area", RejectReason.UNKNOWN_AREA, f"{name[:80]!r} is not in the gazetteer")
        raise RowError("footprint", RejectReason.MISSING, "the row names no place")

    def hold(self, cells: Cells, lon: float, lat: float, radius_m: float = 0.0) -> None:
        """Holds a point against the area, else the country, that the row names, where the gazetteer knows it.

        Raises:
            RowError: it lies far outside.
        """
        area = self._named(cells) or self._area(cells["country"], "")
        if area is None:
            return
        near_m = NEAR_COUNTRY_M if area.name == area.country else NEAR_REGION_M
        problem = self._places.contradiction(lon, lat, area, max(near_m, radius_m))
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)

    def zone(self, cells: Cells, point: tuple[float, float] | None = None) -> tzinfo | None:
        """The time zone of the named area, else of the area in which the row's point lies, else of the named country.

        None where none of them is known. `point` is that of an outline.
        """
        area = self._named(cells)
        if area is not None:
            return ZoneInfo(area.timezone)
        point = point or self._point(cells)
        zone = None if point is None else self._zone_at(*point)
        return zone or self._zone_of(self._gazetteer, cells["country"])

    def _point(self, cells: Cells) -> tuple[float, float] | None:
        lon, lat = cells["lon"], cells["lat"]
        return (finite(lon, "lon"), finite(lat, "lat")) if lon or lat else None

    def _named(self, cells: Cells) -> NamedArea | None:
        return self._area(cells["area"], cells["country"])

    def _find_area(self, name: str, country: str) -> NamedArea | None:
        if not name:
            return None
        return self._gazetteer.areas.get(name) or self._gazetteer.find(name, country or None)

    def _find_zone_at(self, lon: float, lat: float) -> tzinfo | None:
        around = np.flatnonzero(shapely.intersects_xy(self._outlines, lon, lat))
        return ZoneInfo(self._areas[around[0]].timezone) if around.size else None
