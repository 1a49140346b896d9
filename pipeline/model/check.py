"""What a report or an observation must be, beyond its types. The one gate through which every one of them enters."""

from collections.abc import Container, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec
import numpy as np
import shapely
from msgspec.structs import replace
from numpy.typing import NDArray

from pipeline.model.columns import Discs, ReportColumns
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Nowhere, Polygon, Ring
from pipeline.model.records import Observation
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import RejectReason
from pipeline.model.times import to_us

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2101, 1, 1, tzinfo=UTC)
_EARLIEST_US, _LATEST_US = to_us(EARLIEST), to_us(LATEST)
MAX_RADIUS_M = 2_000_000.0
MAX_VERTICES = 20_000
"""Enough for any district's outline; a bound on what one untrusted line may cost."""
MAX_CROSSINGS = 10_000
"""Pairs of edges that cross or run along each other where a multipolygon's parts overlap:
to unite the parts and cut the whole up takes two seconds then. Fifty long triangles across each other keep below.
"""
LONG_EDGE_DEG, MAX_LONG_EDGES = 5.0, 200
"""An edge is a geodesic: a long one is bent, and stands for many short ones, which may cross each other."""
_MAX_NEAR = 2_000_000
"""Pairs of such edges that are looked at."""
LEAST_AREA_DEG2 = 1e-18
"""About a hundredth of a square millimetre: less is a slip of the digits, and no area."""
PARTY = "party:"
_LEDGERS = ("independent", "sensor", "public")
_PLAIN_LEDGERS = frozenset({None, *_LEDGERS})
_MAX_ID = 300


class Problem(msgspec.Struct, frozen=True):
    """Why a report cannot be taken, and which field is to blame."""

    field: str
    reason: RejectReason
    detail: str


def check(report: Report, area_ids: Container[str]) -> Problem | None:
    """The first thing that is wrong with `report`, or None.

    `area_ids` are the ids that the gazetteer knows.
    """
    if _is_plainly_good(report):
        return None
    return (
        _check_id("report_id", report.report_id, report.revises, report.source)
        or _check_times(report)
        or _check_footprint(report.footprint, area_ids)
        or _check_figures(report)
    )


def _is_plainly_good(report: Report) -> bool:
    """Whether a glance is enough, as it is for most: nothing about it is unusual. What is said no to may be good."""
    disc, count, published = report.footprint, report.count, report.published_at
    own, source, begin, end = report.report_id, report.source, report.observed_from, report.observed_until
    return (
        type(disc) is Disc
        and -180.0 <= disc.lon <= 180.0
        and -90.0 <= disc.lat <= 90.0
        and (disc.lon != 0.0 or disc.lat != 0.0)
        and 0.0 <= disc.radius_m <= MAX_RADIUS_M
        and begin.tzinfo is end.tzinfo is UTC
        and EARLIEST <= begin <= end < LATEST
        and own.startswith(source + ":")
        and 1 < len(source) + 1 < len(own) <= _MAX_ID
        and report.ledger in _PLAIN_LEDGERS
        and (published is None or (published.tzinfo is UTC and EARLIEST <= published < LATEST))
        and report.revises is None
        and report.received_at is None
        and report.calibre_mm is None
        and (count is None or not _is_no_interval(count))
    )


def check_observation(observation: Observation, area_ids: Container[str]) -> Problem | None:
    """The first thing that is wrong with an observation, or None."""
    return (
        _check_id("observation_id", observation.observation_id, observation.revises, observation.source)
        or _check_times(observation)
        or _check_footprint(observation.footprint, area_ids)
        or _check_watch(observation)
    )


def check_all(reports: Sequence[Report], columns: ReportColumns, area_ids: Container[str]) -> dict[int, Problem]:
    """The reports that have a problem, by their index: what `check` says of each of them.

    Args:
        reports: with times that are aware, as every decoded report has.
        columns: of the same reports.
    """
    dubious = dubious_times(columns.observed_from_us, columns.observed_until_us)
    dubious |= _dubious_figures(reports)
    dubious |= _dubious_footprints(reports) if columns.discs is None else dubious_discs(columns.discs)
    found = {index: check(reports[index], area_ids) for index in np.flatnonzero(dubious).tolist()}
    return {index: problem for index, problem in found.items() if problem is not None}


def dubious_ids(report_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Which ids, of reports whose source is what stands before the first colon, `check` has to look at."""
    return np.array(
        [not 0 < own.find(":") < len(own) - 1 or len(own) > _MAX_ID for own in report_ids],
        dtype=np.bool_,
    )


def dubious_times(from_us: NDArray[np.int64], until_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which intervals, in microseconds since 1970, `check` has to look at: all that are wrong are among them."""
    within = (from_us >= _EARLIEST_US) & (until_us < _LATEST_US) & (from_us <= until_us)
    return np.asarray(~within)


def dubious_discs(discs: Discs) -> NDArray[np.bool_]:
    """Which discs `check` has to look at: all that are wrong are among them."""
    placed = (np.abs(discs.lon) <= 180.0) & (np.abs(discs.lat) <= 90.0) & ((discs.lon != 0.0) | (discs.lat != 0.0))
    return np.asarray(~(placed & (discs.radius_m >= 0.0) & (discs.radius_m <= MAX_RADIUS_M)))


def _dubious_footprints(reports: Sequence[Report]) -> NDArray[np.bool_]:
    """Which footprints of any kind `check` has to look at."""
    return np.array(
        [
            not isinstance(report.footprint, Nowhere)
            and (not isinstance(report.footprint, Disc) or _check_disc(report.footprint) is not None)
            for report in reports
        ],
        dtype=np.bool_,
    )


def _dubious_figures(reports: Sequence[Report]) -> NDArray[np.bool_]:
    """Which reports `check` has to look at for their ids, their other times or their figures."""
    return np.array(
        [
            not report.report_id.startswith(f"{report.source}:")
            or not 1 < len(report.source) + 1 < len(report.report_id) <= _MAX_ID
            or report.revises is not None
            or not (report.ledger is None or report.ledger in _LEDGERS)
            or not (report.published_at is None or EARLIEST <= report.published_at < LATEST)
            or not (report.received_at is None or EARLIEST <= report.received_at < LATEST)
            or (report.count is not None and _is_no_interval(report.count))
            or report.calibre_mm is not None
            for report in reports
        ],
        dtype=np.bool_,
    )


def _is_no_interval(count: Count) -> bool:
    return count.min < 0 or (count.max is not None and count.max < count.min)


_Timed = TypeVar("_Timed", Report, Observation)


def in_utc(report: _Timed) -> _Timed:
    """The same record with its times in UTC."""
    if (
        report.observed_from.tzinfo is report.observed_until.tzinfo is UTC
        and (report.published_at is None or report.published_at.tzinfo is UTC)
        and (report.received_at is None or report.received_at.tzinfo is UTC)
    ):
        return report
    moved = {
        name: time.astimezone(UTC)
        for name in ("observed_from", "observed_until", "published_at", "received_at")
        if (time := getattr(report, name)) is not None and time.tzinfo is not UTC
    }
    return replace(report, **moved) if moved else report


def _check_id(field: str, own: str, revised: str | None, source: str) -> Problem | None:
    if not source or not own.startswith(source + ":") or len(own) == len(source) + 1:
        return Problem(field, RejectReason.BAD_ID, f"{own[:80]!r} does not begin with {source[:40]!r} and a colon")
    if len(own) > _MAX_ID:
        return Problem(field, RejectReason.BAD_ID, f"longer than {_MAX_ID} characters")
    if revised is not None and (revised == own or not revised.startswith(source + ":")):
        what = field.partition("_")[0]
        return Problem(
            "revises", RejectReason.BAD_REVISION, f"{revised[:80]!r} is the {what} itself or another source's"
        )
    return None


def _check_watch(observation: Observation) -> Problem | None:
    asset, quality = observation.asset, observation.quality
    if not 0 < len(asset) <= _MAX_ID:
        return Problem("asset", RejectReason.BAD_VALUE, f"give the asset a name of 1 to {_MAX_ID} characters")
    if quality is not None and not 0.0 <= quality <= 1.0:
        return Problem("quality", RejectReason.BAD_VALUE, f"{quality} is no share: it has to be between 0 and 1")
    return None


def _check_times(report: Report | Observation) -> Problem | None:
    begin, end, published = report.observed_from, report.observed_until, report.published_at
    if begin.tzinfo is None or end.tzinfo is None:
        return Problem("observed_from", RejectReason.BAD_TIME, "a time without a zone")
    if begin < EARLIEST or begin >= LATEST:
        return _out_of_range("observed_from", begin)
    if end < EARLIEST or end >= LATEST:
        return _out_of_range("observed_until", end)
    if published is not None and (published < EARLIEST or published >= LATEST):
        return _out_of_range("published_at", published)
    if report.received_at is not None and not EARLIEST <= report.received_at < LATEST:
        return _out_of_range("received_at", report.received_at)
    if end < begin:
        return Problem("observed_until", RejectReason.END_BEFORE_START, f"{end:%Y-%m-%d %H:%M:%S} is before its start")
    return None


def _out_of_range(field: str, time: datetime) -> Problem:
    return Problem(field, RejectReason.TIME_OUT_OF_RANGE, f"the year {time.year} is not between 1900 and 2100")


def _check_footprint(footprint: Footprint, area_ids: Container[str]) -> Problem | None:
    if isinstance(footprint, Disc):
        return _check_disc(footprint)
    if isinstance(footprint, Bearing):
        return check_lonlat(footprint.lon, footprint.lat) or _check_bearing(footprint)
    if isinstance(footprint, Area):
        return _check_area(footprint, area_ids)
    return None


def _check_disc(disc: Disc) -> Problem | None:
    return check_lonlat(disc.lon, disc.lat) or _check_length("radius_m", disc.radius_m)


def check_lonlat(lon: float, lat: float) -> Problem | None:
    """What is wrong with a place, or None."""
    if -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0:
        if lon == 0.0 and lat == 0.0:
            return Problem("footprint", RejectReason.NULL_ISLAND, "longitude and latitude are both 0")
        return None
    if -180.0 <= lat <= 180.0 and -90.0 <= lon <= 90.0:
        return Problem("footprint", RejectReason.COORDINATES_SWAPPED, f"longitude {lon} and latitude {lat}")
    return Problem("footprint", RejectReason.COORDINATES_OUT_OF_RANGE, f"longitude {lon} and latitude {lat}")


def _check_length(field: str, length_m: float) -> Problem | None:
    if 0.0 <= length_m <= MAX_RADIUS_M:
        return None
    return Problem(
        f"footprint.{field}", RejectReason.BAD_VALUE, f"{length_m} m is not between 0 and {MAX_RADIUS_M:.0f}"
    )


@lru_cache(maxsize=16_384)
def _check_bearing(bearing: Bearing) -> Problem | None:
    lengths = ("range_min_m", "range_max_m", "observer_radius_m")
    problem = next((wrong for name in lengths if (wrong := _check_length(name, getattr(bearing, name)))), None)
    if problem:
        return problem
    if bearing.range_max_m <= bearing.range_min_m:
        return Problem("footprint.range_max_m", RejectReason.BAD_VALUE, "not greater than range_min_m")
    angles = [angle for pair in bearing.azimuths_deg for angle in pair]
    if not 2 <= len(angles) <= 64 or not all(-360.0 <= angle <= 720.0 for angle in angles):
        return Problem("footprint.azimuths_deg", RejectReason.BAD_VALUE, "give 1 to 32 intervals in degrees")
    for start, end in bearing.azimuths_deg:
        if start == end or abs(end - start) > 360.0:
            detail = f"from {start} to {end} is no interval; give the observer's own error its width, such as 89 to 91"
            return Problem("footprint.azimuths_deg", RejectReason.BAD_VALUE, detail)
    return None


def _check_area(area: Area, area_ids: Container[str]) -> Problem | None:
    if (area.geometry is None) == (area.area_id is None):
        return Problem("footprint", RejectReason.BAD_VALUE, "an area has a geometry or an area_id: just one of them")
    if area.area_id is not None:
        if area.area_id in area_ids:
            return None
        return Problem("footprint.area_id", RejectReason.UNKNOWN_AREA, f"{area.area_id[:80]!r} is not known")
    assert area.geometry is not None
    return _check_rings(area.geometry)


def _check_rings(geometry: Polygon | MultiPolygon) -> Problem | None:
    polygons = [geometry.coordinates] if isinstance(geometry, Polygon) else geometry.coordinates
    rings: list[Ring] = [ring for polygon in polygons for ring in polygon]
    if not rings or any(not polygon for polygon in polygons):
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, "it has no rings")
    if sum(map(len, rings)) > MAX_VERTICES:
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, f"more than {MAX_VERTICES} vertices")
    problem = next((problem for ring in rings if (problem := _check_ring(ring))), None)
    if problem:
        return problem
    if sum(map(_long_edges, rings)) > MAX_LONG_EDGES:
        detail = f"more than {MAX_LONG_EDGES} edges longer than {LONG_EDGE_DEG:g}°"
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, detail)
    outlines = [_outline(polygon) for polygon in polygons]
    for outline in outlines:
        why = shapely.is_valid_reason(outline)
        if why != "Valid Geometry":
            return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, str(why))
        if outline.area < LEAST_AREA_DEG2:
            return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, "a ring encloses nothing")
    if _is_tangled(outlines):
        detail = "its parts overlap in too many places: unite them"
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, detail)
    return None


def _outline(polygon: list[Ring]) -> shapely.Polygon:
    flat = [[position[:2] for position in ring] for ring in polygon]
    return shapely.Polygon(flat[0], flat[1:])


def _is_tangled(outlines: list[shapely.Polygon]) -> bool:
    """Whether parts overlap and their edges do so more than `MAX_CROSSINGS` times; edges may meet at their ends."""
    if len(outlines) == 1 or shapely.multipolygons(outlines).is_valid:
        return False
    corners, ring = shapely.get_coordinates(shapely.get_rings(outlines), return_index=True)
    joined = np.flatnonzero(ring[:-1] == ring[1:])
    edges = np.asarray(shapely.linestrings(np.stack([corners[joined], corners[joined + 1]], axis=1)))
    tree, near, crossings = shapely.STRtree(edges), 0, 0
    for begin in range(0, len(edges), 16):  # few at a time: they are counted no further than they matter
        one, other = tree.query(edges[begin : begin + 16])
        near += len(one)
        if near > _MAX_NEAR:
            return True
        once = one + begin < other
        first, second = edges[one[once] + begin], edges[other[once]]
        meet = shapely.intersects(first, second)
        crossings += int((~shapely.touches(first[meet], second[meet])).sum())
        if crossings > MAX_CROSSINGS:
            return True
    return False


def _long_edges(ring: Ring) -> int:
    corners = np.array([position[:2] for position in ring])
    return int((np.abs(np.diff(corners, axis=0)).max(axis=1) > LONG_EDGE_DEG).sum())


def _check_ring(ring: Ring) -> Problem | None:
    if len(ring) < 4 or ring[0] != ring[-1]:
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, "a ring is not closed")
    for position in ring:
        if len(position) not in (2, 3):
            return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, "a position is not longitude, latitude")
        problem = check_lonlat(position[0], position[1])
        if problem and problem.reason is not RejectReason.NULL_ISLAND:
            return problem
    if len({(position[0], position[1]) for position in ring}) < 3:
        return Problem("footprint.geometry", RejectReason.BAD_GEOMETRY, "a ring encloses nothing")
    return None


def _check_figures(report: Report) -> Problem | None:
    calibre = report.calibre_mm
    if calibre is not None:
        low, high = calibre if isinstance(calibre, tuple) else (calibre, calibre)
        if not 0.0 < low <= high <= 2000.0:
            return Problem("calibre_mm", RejectReason.BAD_VALUE, f"{calibre} is no calibre in millimetres")
    ledger = report.ledger
    if ledger is not None and ledger not in _LEDGERS and not (ledger.startswith(PARTY) and len(ledger) > len(PARTY)):
        return Problem(
            "ledger", RejectReason.UNKNOWN_TERM, f"{ledger[:40]!r} is none of {', '.join(_LEDGERS)}, party:NAME"
        )
    count = report.count
    if count is not None and _is_no_interval(count):
        return Problem("count", RejectReason.BAD_VALUE, f"from {count.min} to {count.max} is no interval")
    return None
