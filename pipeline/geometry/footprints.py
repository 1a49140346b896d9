"""Footprints as arrays: a disc that bounds each, its area, and the cells of which it is made."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.cells import Cells, Sectors, Triangles
from pipeline.geometry.earth import GEOD, Bools, Floats, Frames, Geometry, area_m2, distance_m, middle, united
from pipeline.geometry.projection import densify_polygon
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Polygon

_quietly = np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")
"""For outlines as untrusted as they are drawn: what two corners a hair apart do to a division concerns nobody."""

_ROUND = 2.0 * np.pi


class Footprints:
    """Many footprints, placed: for each the centre and radius of a disc that holds it, and its area.

    Args:
        footprints: any mix of kinds.
        areas: outlines in degrees by `area_id`, for the areas that are given by name.

    Attributes:
        lon, lat: the bounding discs' centres; NaN for *nowhere*.
        reach_m: the bounding discs' radii; infinite for *nowhere*.
        area_m2: the footprints' own areas; infinite for *nowhere*.
        is_disc: which of them are just their bounding discs.
    """

    def __init__(self, footprints: Sequence[Footprint], areas: Mapping[str, Geometry]) -> None:
        self._others: dict[int, Bearing | Area] = {}
        self._outlines: dict[int, Geometry] = {}
        rows = []
        for index, footprint in enumerate(footprints):
            if isinstance(footprint, Disc):
                rows.append((footprint.lon, footprint.lat, footprint.radius_m, np.pi * footprint.radius_m**2))
                continue
            if isinstance(footprint, Area):
                self._outlines[index] = outline(footprint, areas)
            if isinstance(footprint, Bearing | Area):
                self._others[index] = footprint
            rows.append(_bound(footprint, self._outlines.get(index)))
        self.lon, self.lat, self.reach_m, self.area_m2 = np.array(rows, dtype=float).reshape(len(rows), 4).T.copy()
        self.is_disc = np.isfinite(self.lon)
        self.is_disc[list(self._others)] = False

    @classmethod
    def of_discs(cls, lon: Floats, lat: Floats, radius_m: Floats) -> "Footprints":
        """Discs from arrays; NaN is nowhere."""
        made = cls.__new__(cls)
        made._others, made._outlines = {}, {}
        made.is_disc = np.isfinite(lon)
        made.lon, made.lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
        made.reach_m = np.where(made.is_disc, radius_m, np.inf)
        made.area_m2 = np.pi * made.reach_m**2
        return made

    def part(self, which: NDArray[np.intp]) -> "Footprints":
        """Some of them, by their numbers."""
        some = Footprints.__new__(Footprints)
        some.lon, some.lat, some.reach_m = self.lon[which], self.lat[which], self.reach_m[which]
        some.area_m2, some.is_disc = self.area_m2[which], self.is_disc[which]
        others = [(row, number) for row, number in enumerate(which.tolist()) if number in self._others]
        some._others = {row: self._others[number] for row, number in others}
        some._outlines = {row: self._outlines[number] for row, number in others if number in self._outlines}
        return some

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def placed(self) -> Bools:
        """Which footprints name a place at all."""
        return np.asarray(np.isfinite(self.lon))

    def alike(self, index: int) -> Hashable:
        """A key that footprints of the same place and shape share."""
        footprint = self._others.get(index)
        if footprint is None:
            return float(self.lon[index]), float(self.lat[index]), float(self.reach_m[index])
        if isinstance(footprint, Bearing):
            return footprint
        return footprint.area_id or index

    def outline(self, index: int) -> Geometry | None:
        """The polygon of an area footprint, in degrees; None for the other kinds."""
        return self._outlines.get(index)

    def frames(self, indices: Sequence[int]) -> Frames:
        """The local coordinates that the cells of some footprints are in: about the observer, or the middle."""
        places = [self._origin(index) for index in indices]
        lon, lat = np.array(places, dtype=float).reshape(-1, 2).T
        return Frames(lon, lat)

    def _origin(self, index: int) -> tuple[float, float]:
        footprint = self._others.get(index)
        if isinstance(footprint, Bearing):
            return footprint.lon, footprint.lat
        return float(self.lon[index]), float(self.lat[index])

    def cells(self, indices: Sequence[int]) -> list[Cells]:
        """The cells that fill some footprints, to begin with; each knows which of them it belongs to."""
        sectors: list[Floats] = []
        triangles: list[tuple[int, Floats]] = []
        for owner, index in enumerate(indices):
            footprint = self._others.get(index)
            if isinstance(footprint, Area):
                triangles.append((owner, _triangles(self._outlines[index])))
            elif isinstance(footprint, Bearing):
                sectors.append(_sector_rows(owner, footprint))
            else:
                sectors.append(np.array([(owner, 0.0, _ROUND, 0.0, self.reach_m[index] ** 2, 0.0, _ROUND, 0.0, 0.0)]))
        return [made for made in (Sectors.of(sectors), Triangles.of(triangles)) if made is not None]


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
    """Centre longitude and latitude, radius and area of a footprint that is no disc."""
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
    near, far, beside = bearing.range_min_m, bearing.range_max_m, bearing.observer_radius_m
    area = sum(np.radians(width) / 2.0 * (far**2 - near**2) for _, width in parts)
    start, width = parts[0]
    if len(parts) > 1 or width > 180.0:
        return bearing.lon, bearing.lat, far + beside, area
    half_way = (near + far) / 2.0
    lon, lat, _ = GEOD.fwd(bearing.lon, bearing.lat, start + width / 2.0, half_way)
    cosine = np.cos(np.radians(width / 2.0))
    corners = [np.sqrt(end**2 + half_way**2 - 2.0 * end * half_way * cosine) for end in (near, far)]
    # A plane triangle on the ellipsoid: a thousandth covers the difference up to the longest ranges of sensors.
    return float(lon), float(lat), float(max(*corners, far - half_way) * 1.001) + beside, area


@lru_cache(maxsize=256)
@_quietly
def _bound_outline(geometry: Geometry) -> tuple[float, float, float, float]:
    corners = shapely.get_coordinates(geometry)
    lon, lat = _middle(geometry)
    return lon, lat, float(distance_m(lon, lat, corners[:, 0], corners[:, 1]).max()), area_m2(geometry)


def _sector_rows(owner: int, bearing: Bearing) -> Floats:
    near, far = bearing.range_min_m**2, bearing.range_max_m**2
    ground = (0.0, _ROUND, 0.0, bearing.observer_radius_m**2)
    return np.array(
        [(owner, np.radians(start), np.radians(start + width), near, far, *ground) for start, width in sectors(bearing)]
    )


@lru_cache(maxsize=256)
@_quietly
def _triangles(geometry: Geometry) -> Floats:
    """Triangles that fill an outline, as rows of six: metres east and north of its middle, corner by corner.

    They are those of the outline and, mirrored back, those of its mirror image, so that neither east nor west is
    preferred. An outline too thin for any triangle is taken for its edges.
    """
    lon, lat = _middle(geometry)
    frame = Frames(np.array([lon]), np.array([lat]))
    dense = densify_polygon(geometry)
    flat = shapely.transform(dense, lambda c: np.column_stack(frame.from_lonlat(0, c[:, 0], c[:, 1])).round(3))
    sound = united(flat)
    mirror = np.array([-1.0, 1.0])
    mirrored = _cut_up(shapely.transform(sound, lambda c: c * mirror)) * np.tile(mirror, 3)
    corners = np.concatenate([_cut_up(sound), mirrored])
    if len(corners):
        return corners
    path = shapely.get_coordinates(shapely.get_parts(flat)[0].exterior)
    return np.concatenate([path[:-1], path[1:], path[1:]], axis=1)


def _cut_up(flat: Geometry) -> Floats:
    made = shapely.get_parts(shapely.constrained_delaunay_triangles(shapely.normalize(flat)))
    corners = shapely.get_coordinates(made).reshape(len(made), 4, 2)[:, :3].reshape(-1, 6)
    return np.asarray(corners[_doubled_m2(corners) > 0.0])


def _doubled_m2(corners: Floats) -> Floats:
    x1, y1, x2, y2, x3, y3 = corners.T
    return np.asarray(np.abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)))


def _middle(geometry: Geometry) -> tuple[float, float]:
    corners = shapely.get_coordinates(geometry)
    return middle(corners[:, 0], corners[:, 1])
