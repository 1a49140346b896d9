"""Footprints as arrays: a disc that bounds each, its area, and a lattice of equally weighted places within it."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import shapely

from pipeline.geometry.projection import GEOD, Bools, Floats, Geometry, area_m2, distance_m
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Polygon

LATTICE = 256
"""Places in a lattice: a share of the area is then right to about 0.015."""

_ROUND = np.arange(96) * 360.0 / 96
_BORDER_DEG = 0.0005
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


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
        self._areas = areas
        placed = [_bound(footprint, areas) for footprint in footprints]
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
            return _outline_lattice(outline(footprint, self._areas))
        raise ValueError("a report from nowhere has no lattice")

    def rim(self, index: int) -> tuple[Floats, Floats]:
        """Places along one footprint's edge: only where these lie in a zone too does it hold the footprint wholly."""
        footprint = self._footprints[index]
        if isinstance(footprint, Disc):
            return _fan(footprint.lon, footprint.lat, _ROUND, np.full(_ROUND.shape, footprint.radius_m))
        if isinstance(footprint, Bearing):
            ends = [(start, start + width) for start, width in sectors(footprint)]
            azimuth = np.concatenate([np.linspace(start, end, 33) for start, end in ends])
            ranges = np.repeat([footprint.range_min_m, footprint.range_max_m], len(azimuth))
            return _fan(footprint.lon, footprint.lat, np.tile(azimuth, 2), ranges)
        if isinstance(footprint, Area):
            # A little within: two drawings of one border differ by rounding.
            edge = shapely.buffer(outline(footprint, self._areas), -_BORDER_DEG).boundary
            corners = shapely.get_coordinates(edge)
            return (corners[:, 0], corners[:, 1]) if len(corners) else self.lattice(index)
        raise ValueError("a report from nowhere has no edge")


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


def _bound(footprint: Footprint, areas: Mapping[str, Geometry]) -> tuple[float, float, float, float]:
    """Centre longitude and latitude, radius and area of one footprint."""
    if isinstance(footprint, Disc):
        return footprint.lon, footprint.lat, footprint.radius_m, np.pi * footprint.radius_m**2
    if isinstance(footprint, Bearing):
        return _bound_bearing(footprint)
    if isinstance(footprint, Area):
        return _bound_outline(outline(footprint, areas))
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
def _outline_lattice(geometry: Geometry) -> tuple[Floats, Floats]:
    """A grid of equal cells (in sine of latitude, which keeps their areas equal), centred on the outline's extent."""
    west, south, east, north = geometry.bounds
    low, high = np.sin(np.radians([south, north]))
    shapely.prepare(geometry)
    cells = 1024.0
    for _ in range(4):
        rows = max(
            3, round(np.sqrt(cells * (high - low) / max(np.radians(east - west), 1e-12) * _squeeze(south, north)))
        )
        columns = max(3, round(cells / rows))
        grid_lon = west + (np.arange(columns) + 0.5) / columns * (east - west)
        grid_lat = np.degrees(np.arcsin(low + (np.arange(rows) + 0.5) / rows * (high - low)))
        lon, lat = (part.ravel() for part in np.meshgrid(grid_lon, grid_lat))
        kept = shapely.contains_xy(geometry, lon, lat)
        if kept.sum() >= LATTICE:
            break
        cells *= 2.0 * LATTICE / max(int(kept.sum()), LATTICE // 4)
    if not kept.any():
        place = geometry.representative_point()
        return np.array([place.x]), np.array([place.y])
    return lon[kept], lat[kept]


def _squeeze(south: float, north: float) -> float:
    """What makes the grid's cells about square: 1 / cos² of the middle latitude."""
    return float(1.0 / max(np.cos(np.radians((south + north) / 2.0)), 0.01) ** 2)
