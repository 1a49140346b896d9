"""Footprints as arrays: a disc that bounds each, its area, and a lattice of equally weighted places within it."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import shapely

from pipeline.geometry.projection import GEOD, Bools, Floats, Geometry, area_m2, distance_m
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Polygon

LATTICE = 256
"""Places in a lattice: a share of the area is then right to about 0.015."""

MOST_CELLS = 65_536
"""The finest grid that is laid over an outline: a bound on what one untrusted polygon may cost."""

_COVER_CELLS = 144.0
_ROUND = np.arange(64) * 360.0 / 64
_CIRCUMSCRIBED = 1.0 / np.cos(np.pi / 64)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0

_quietly = np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")
"""For outlines as untrusted as they are drawn: what two corners a hair apart do to a division concerns nobody."""


class Footprints:
    """Many footprints, placed: for each the centre and radius of a disc that holds it, and its area.

    Args:
        footprints: any mix of kinds.
        areas: outlines in degrees by `area_id`, for the areas that are given by name.

    Attributes:
        lon, lat: the bounding discs' centres; NaN for *nowhere*.
        reach_m: the bounding discs' radii; infinite for *nowhere*.
        area_m2: the footprints' own areas; infinite for *nowhere*.
    """

    def __init__(self, footprints: Sequence[Footprint], areas: Mapping[str, Geometry]) -> None:
        self._footprints = footprints
        self._outlines = {
            index: outline(footprint, areas)
            for index, footprint in enumerate(footprints)
            if isinstance(footprint, Area)
        }
        placed = [_bound(footprint, self._outlines.get(index)) for index, footprint in enumerate(footprints)]
        table = np.array(placed, dtype=float).reshape(len(placed), 4)
        self.lon, self.lat, self.reach_m, self.area_m2 = table.T

    def __len__(self) -> int:
        return len(self._footprints)

    @property
    def placed(self) -> Bools:
        """Which footprints name a place at all."""
        return np.asarray(np.isfinite(self.lon))

    def alike(self, index: int) -> Hashable:
        """A key that footprints of the same place and shape share."""
        footprint = self._footprints[index]
        if isinstance(footprint, Disc | Bearing):
            return footprint
        return footprint.area_id if isinstance(footprint, Area) and footprint.area_id else index

    def lattice(self, index: int) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of equally weighted places that fill one footprint."""
        footprint = self._footprints[index]
        if isinstance(footprint, Disc):
            return _disc_lattice(footprint)
        if isinstance(footprint, Bearing):
            return _bearing_lattice(footprint)
        if isinstance(footprint, Area):
            return _outline_lattice(self._outlines[index])
        raise ValueError("a report from nowhere has no lattice")

    def outline(self, index: int) -> Geometry | None:
        """The polygon of an area footprint, in degrees; None for the other kinds."""
        return self._outlines.get(index)

    def cover(self, index: int) -> tuple[Floats, Floats, Floats]:
        """Small discs (longitudes, latitudes, radii) that together hold all of one footprint, and little more.

        A zone that holds each of them holds the footprint wholly: a proof, where a lattice is only a sample.
        """
        if index in self._outlines:
            return _cover(self._outlines[index])
        lon, lat, reach = self.lon[index], self.lat[index], self.reach_m[index]
        round_about = _fan(lon, lat, _ROUND, np.full(_ROUND.shape, reach * _CIRCUMSCRIBED))
        # Longitudes run on past 180 degrees, so that a footprint there is no band round the Earth.
        east = lon + (round_about[0] - lon + 180.0) % 360.0 - 180.0
        return _cover(shapely.Polygon(np.column_stack([east, round_about[1]])))


def outline(area: Area, areas: Mapping[str, Geometry]) -> Geometry:
    """The polygon of an area footprint, in degrees."""
    if area.area_id is not None:
        return areas[area.area_id]
    assert area.geometry is not None
    return _shape(area.geometry)


def _shape(geometry: Polygon | MultiPolygon) -> Geometry:
    polygons = [geometry.coordinates] if isinstance(geometry, Polygon) else geometry.coordinates
    return shapely.multipolygons(
        [
            shapely.Polygon([place[:2] for place in rings[0]], [[place[:2] for place in ring] for ring in rings[1:]])
            for rings in polygons
        ]
    )


def _bound(footprint: Footprint, drawn: Geometry | None) -> tuple[float, float, float, float]:
    """Centre longitude and latitude, radius and area of one footprint."""
    if isinstance(footprint, Disc):
        return footprint.lon, footprint.lat, footprint.radius_m, np.pi * footprint.radius_m**2
    if isinstance(footprint, Bearing):
        return _bound_bearing(footprint)
    if drawn is not None:
        return _bound_outline(drawn)
    return np.nan, np.nan, np.inf, np.inf


def sectors(bearing: Bearing) -> list[tuple[float, float]]:
    """The azimuth intervals of a bearing as (start, width) in degrees, overlaps joined, in order of start.

    >>> sectors(Bearing(0, 0, 1, 2, ((350, 10), (5, 20))))
    [(350.0, 30.0)]
    """
    spans = sorted((start % 360.0, (end - start) % 360.0 or 360.0) for start, end in bearing.azimuths_deg)
    joined: list[tuple[float, float]] = []
    for start, width in spans:
        if joined and start <= joined[-1][0] + joined[-1][1]:
            first, reach = joined[-1]
            joined[-1] = first, max(reach, start + width - first)
        else:
            joined.append((start, width))
    while len(joined) > 1 and (over := joined[-1][0] + joined[-1][1] - 360.0) >= joined[0][0]:
        first_start, first_width = joined.pop(0)
        start, width = joined[-1]
        joined[-1] = start, width + max(0.0, first_start + first_width - over)
    if any(width >= 360.0 for _, width in joined):
        return [(0.0, 360.0)]
    return joined


def _bound_bearing(bearing: Bearing) -> tuple[float, float, float, float]:
    parts = sectors(bearing)
    near, far = bearing.range_min_m, bearing.range_max_m
    area = sum(np.radians(width) / 2.0 * (far**2 - near**2) for _, width in parts)
    start, width = parts[0]
    if len(parts) > 1 or width > 180.0:
        return bearing.lon, bearing.lat, far, area
    middle = (near + far) / 2.0
    lon, lat, _ = GEOD.fwd(bearing.lon, bearing.lat, start + width / 2.0, middle)
    cosine = np.cos(np.radians(width / 2.0))
    corners = [np.sqrt(end**2 + middle**2 - 2.0 * end * middle * cosine) for end in (near, far)]
    # A plane triangle on the ellipsoid: a thousandth covers the difference up to the longest ranges of sensors.
    return float(lon), float(lat), float(max(*corners, far - middle) * 1.001), area


@lru_cache(maxsize=256)
@_quietly
def _bound_outline(geometry: Geometry) -> tuple[float, float, float, float]:
    west, south, east, north = geometry.bounds
    lon, lat = (west + east) / 2.0, (south + north) / 2.0
    corners = shapely.get_coordinates(geometry)
    return lon, lat, float(distance_m(lon, lat, corners[:, 0], corners[:, 1]).max()), area_m2(geometry)


def _disc_lattice(disc: Disc) -> tuple[Floats, Floats]:
    """A sunflower and its mirror image east to west, so that mirrored reports have mirrored shares."""
    half = (np.arange(LATTICE // 2) + 0.5) / (LATTICE // 2)
    azimuth = 360.0 * (np.arange(LATTICE // 2) * _GOLDEN % 1.0)
    return _fan(disc.lon, disc.lat, np.concatenate([azimuth, -azimuth]), disc.radius_m * np.sqrt(np.tile(half, 2)))


def _bearing_lattice(bearing: Bearing) -> tuple[Floats, Floats]:
    parts = sectors(bearing)
    whole = sum(width for _, width in parts)
    azimuths, ranges = [], []
    for start, width in parts:
        pairs = max(8, round(LATTICE / 2 * width / whole))
        share = np.arange(pairs) * _GOLDEN % 1.0
        depth = (np.arange(pairs) + 0.5) / pairs
        azimuths.append(start + width * np.concatenate([share, 1.0 - share]))
        low, high = bearing.range_min_m**2, bearing.range_max_m**2
        ranges.append(np.sqrt(low + (high - low) * np.tile(depth, 2)))
    return _fan(bearing.lon, bearing.lat, np.concatenate(azimuths), np.concatenate(ranges))


def _fan(lon: float, lat: float, azimuth_deg: Floats, range_m: Floats) -> tuple[Floats, Floats]:
    lons, lats, _ = GEOD.fwd(np.full(azimuth_deg.shape, lon), np.full(azimuth_deg.shape, lat), azimuth_deg, range_m)
    return np.asarray(lons), np.asarray(lats)


@lru_cache(maxsize=256)
@_quietly
def _outline_lattice(geometry: Geometry) -> tuple[Floats, Floats]:
    """A grid of equal cells (in sine of latitude, which keeps their areas equal), centred on the outline's extent.

    An outline too thin for any grid of `MOST_CELLS` is sampled along its edge instead.
    """
    west, south, east, north = geometry.bounds
    low, high = np.sin(np.radians([south, north]))
    shapely.prepare(geometry)
    cells = 4.0 * LATTICE
    while cells <= MOST_CELLS:
        rows, columns = _grid_shape(cells, geometry)
        grid_lon = west + (np.arange(columns) + 0.5) / columns * (east - west)
        grid_lat = np.degrees(np.arcsin(low + (np.arange(rows) + 0.5) / rows * (high - low)))
        lon, lat = (part.ravel() for part in np.meshgrid(grid_lon, grid_lat))
        kept = shapely.contains_xy(geometry, lon, lat)
        if kept.sum() >= LATTICE:
            return lon[kept], lat[kept]
        cells *= 4.0
    edge: Geometry = geometry.boundary
    along = shapely.line_interpolate_point([edge] * LATTICE, np.linspace(0.0, 1.0, LATTICE), normalized=True)
    return shapely.get_x(along), shapely.get_y(along)


def _grid_shape(cells: float, geometry: Geometry) -> tuple[int, int]:
    """Rows and columns of a grid of about so many cells that are about square on the ground."""
    west, south, east, north = geometry.bounds
    across = max(east - west, 1e-12) * np.cos(np.radians((south + north) / 2.0))
    rows = np.clip(np.sqrt(cells * max(north - south, 1e-12) / max(across, 1e-12)), 1.0, cells)
    return int(np.ceil(rows)), int(np.ceil(cells / rows))


@lru_cache(maxsize=256)
@_quietly
def _cover(geometry: Geometry) -> tuple[Floats, Floats, Floats]:
    rows, columns = _grid_shape(_COVER_CELLS, geometry)
    west, south, east, north = geometry.bounds
    lon, lat = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    left, below = (part.ravel() for part in np.meshgrid(lon[:-1], lat[:-1]))
    right, above = (part.ravel() for part in np.meshgrid(lon[1:], lat[1:]))
    shapely.prepare(geometry)
    kept = shapely.intersects(geometry, shapely.box(left, below, right, above))
    left, below, right, above = left[kept], below[kept], right[kept], above[kept]
    middle = (left + right) / 2.0, (below + above) / 2.0
    corners = [distance_m(*middle, x, y) for x in (left, right) for y in (below, above)]
    return *middle, np.maximum.reduce(corners) * 1.001
