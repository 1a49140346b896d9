"""Zones: areas derived from a line, or drawn; and which footprints lie in them.

A zone answers two questions: which exact places lie in it (`contains`), and, for places with a radius about them, which
of them lie in it or out of it for sure (`settle`). All else is a share, which `membership` takes.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import shapely
import shapely.ops
from numpy.typing import NDArray

from pipeline.geometry import line as lines
from pipeline.geometry.line import Line, Located
from pipeline.geometry.projection import Bools, Floats, Geometry, area_m2, centred_on

SLACK = 0.002
"""How far the plane's scale may be off where a polygon is asked for distances: these only decide what is sampled."""

BORDER_M = 100.0
"""How far two drawings of one border may lie apart: a region is not outside a zone that is made of it."""

OUT, UNSURE, IN = -1, 0, 1


class Places(NamedTuple):
    """Exact places, and where they lie along every line that a zone may ask for."""

    lon: Floats
    lat: Floats
    located: Mapping[str, Located]


class Zone(Protocol):
    """What an offset zone and a polygon zone have in common."""

    @property
    def zone_id(self) -> str:
        """The zone's id in its agreement."""

    @property
    def line_id(self) -> str | None:
        """The line that it goes by, if any."""

    def contains(self, places: Places) -> Bools:
        """Which exact places lie in the zone."""

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """For discs about places: `IN` or `OUT` where that is sure, else `UNSURE`."""

    def drawing(self) -> Geometry:
        """The zone as a polygon in degrees, for maps and areas only."""


class OffsetZone:
    """All that lies between two distances from a line, on one side or both, between two chainages.

    Args:
        side: -1 left, 1 right, 0 both.
        from_m, to_m: unsigned distances from the line.
        between_m: chainages, or None for the whole line. Nothing beyond an open line's end is in the zone.
    """

    def __init__(
        self,
        zone_id: str,
        line_id: str,
        line: Line,
        side: int,
        from_m: float,
        to_m: float,
        between_m: tuple[float, float] | None = None,
    ) -> None:
        self.zone_id, self.line_id, self.line = zone_id, line_id, line
        self.side, self.from_m, self.to_m, self.between_m = side, from_m, to_m, between_m

    def contains(self, places: Places) -> Bools:
        """Decided by distance, side and chainage, exactly; edges belong to the zone."""
        chainage_m, offset_m, side, _ = places.located[self.line_id]
        away_m = np.abs(offset_m)
        inside = (away_m >= self.from_m) & (away_m <= self.to_m) & (side != lines.BEYOND) & (side != lines.UNPLACED)
        if self.side:
            inside &= (side == self.side) | (side == lines.ON)
        if self.between_m:
            inside &= (chainage_m >= self.between_m[0]) & (chainage_m <= self.between_m[1])
        return np.asarray(inside)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure by the triangle inequality: no place in the disc is nearer to an edge than the radius allows."""
        _, offset_m, side, end_m = places.located[self.line_id]
        away_m = np.abs(offset_m)
        sure_out = (away_m - radius_m > self.to_m) | (away_m + radius_m < self.from_m) | (side == lines.UNPLACED)
        near_end = end_m - radius_m <= away_m + radius_m
        margin_m = self.to_m - away_m
        if self.from_m > 0:
            margin_m = np.minimum(margin_m, away_m - self.from_m)
        if self.side:
            margin_m = np.minimum(margin_m, away_m)
            sure_out |= (side == -self.side) & (radius_m < away_m) & ~near_end
        inside = self.contains(places)
        sure_in = inside & (radius_m < margin_m) & ~near_end & ~self._near_cut(places, away_m, radius_m)
        settled = np.where(sure_out, OUT, np.where(sure_in, IN, UNSURE))
        return np.where(radius_m == 0, np.where(inside, IN, OUT), settled).astype(np.int8)

    def _near_cut(self, places: Places, away_m: Floats, radius_m: Floats) -> Bools:
        """Which discs may hold a place whose nearest place on the line lies outside the zone's stretch."""
        if self._rest is None:
            return np.zeros(away_m.shape, dtype=bool)
        x, y = self.line.projection.to_plane(places.lon, places.lat)
        x, y = np.where(np.isfinite(x), x, 0.0), np.where(np.isfinite(y), y, 0.0)
        rest_m = shapely.distance(self._rest, shapely.points(x, y)) / self.line.projection.scale(x)
        return np.asarray(rest_m * (1.0 - SLACK) - radius_m <= away_m + radius_m)

    @cached_property
    def _rest(self) -> Geometry | None:
        """What of the line lies outside the zone's stretch."""
        if self.between_m is None:
            return None
        low, high = self.between_m
        ends = [(0.0, low), (high, self.line.length_m)]
        return shapely.union_all([self.line.piece(*end) for end in ends if end[1] > end[0]])

    @property
    def offsets_m(self) -> list[tuple[float, float]]:
        """The intervals of signed offset that the zone holds."""
        left, right = (-self.to_m, -self.from_m), (self.from_m, self.to_m)
        if self.side:
            return [left if self.side == lines.LEFT else right]
        return [left, right] if self.from_m > 0 else [(-self.to_m, self.to_m)]

    def drawing(self) -> Geometry:
        """A buffer, its arcs flattened and its corners only nearly right: never used to decide."""
        line = self.line
        stretch = line.piece(*self.between_m) if self.between_m else line.plane
        band: Geometry = shapely.buffer(stretch, self.to_m, cap_style="flat", quad_segs=32)
        if self.from_m > 0:
            band = band.difference(shapely.buffer(stretch, self.from_m, cap_style="flat", quad_segs=32))
        if self.side:
            band = self._one_side(band, stretch)
        return line.projection.polygon_to_lonlat(band)

    def _one_side(self, band: Geometry, stretch: Geometry) -> Geometry:
        parts = [
            part
            for part in shapely.get_parts(shapely.ops.split(band, _extended(stretch, 3.0 * self.to_m)))
            if self.line.locate(*_inner_place(self.line, part)).side[0] == self.side
        ]
        return shapely.union_all(parts) if parts else shapely.Polygon()


def _extended(stretch: Geometry, by_m: float) -> Geometry:
    """A polyline with both ends drawn out straight, so that it cuts a band about it in two."""
    corners = shapely.get_coordinates(stretch)
    before, after = corners[0] - corners[1], corners[-1] - corners[-2]
    first = corners[0] + before / np.hypot(*before) * by_m
    last = corners[-1] + after / np.hypot(*after) * by_m
    return shapely.LineString(np.vstack([first, corners, last]))


def _inner_place(line: Line, part: Geometry) -> tuple[Floats, Floats]:
    place = part.representative_point()
    return line.projection.to_lonlat([place.x], [place.y])


class PolygonZone:
    """A drawn area. Its edges are geodesics; it is repaired after projecting, not before.

    Args:
        outline: polygon or multipolygon in degrees.
    """

    line_id = None

    def __init__(self, zone_id: str, outline: Geometry) -> None:
        self.zone_id = zone_id
        corners = shapely.get_coordinates(outline)
        self.projection = centred_on(corners[:, 0], corners[:, 1])
        self.plane = self.projection.polygon_to_plane(outline)
        self._edge = self.plane.boundary
        shapely.prepare(self.plane)
        shapely.prepare(self._edge)

    def contains(self, places: Places) -> Bools:
        """Places on the edge belong to the zone."""
        x, y = self.projection.to_plane(places.lon, places.lat)
        reached = np.isfinite(x) & np.isfinite(y)
        return np.asarray(
            reached & shapely.intersects_xy(self.plane, np.where(reached, x, 0.0), np.where(reached, y, 0.0))
        )

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure where the disc does not reach the edge."""
        x, y = self.projection.to_plane(places.lon, places.lat)
        reached = np.isfinite(x) & np.isfinite(y)
        points = shapely.points(np.where(reached, x, 0.0), np.where(reached, y, 0.0))
        inside = reached & shapely.intersects(self.plane, points)
        reach = radius_m * self.projection.scale(np.where(reached, x, 0.0)) * (1.0 + SLACK)
        unsure = reached & (radius_m > 0) & shapely.dwithin(self._edge, points, reach.tolist())
        return np.where(unsure, UNSURE, np.where(inside, IN, OUT)).astype(np.int8)

    def holds(self, outline: Geometry) -> bool:
        """Whether a polygon lies wholly within, but for what two drawings of one border differ by."""
        return bool(self._roomy.covers(self.projection.polygon_to_plane(outline)))

    @cached_property
    def _roomy(self) -> Geometry:
        roomy: Geometry = shapely.buffer(self.plane, BORDER_M)
        shapely.prepare(roomy)
        return roomy

    def drawing(self) -> Geometry:
        """The outline itself."""
        return self.projection.polygon_to_lonlat(self.plane)


def edge_distance_m(zones: Sequence[OffsetZone], chainage_m: float, offset_m: float) -> float:
    """How far a place is from the nearest edge of the union of some zones of one line.

    Two zones that meet at the line have no edge between them.
    """
    whole = [span for zone in zones if zone.between_m is None for span in zone.offsets_m]
    edges = [abs(offset_m - edge) for span in joined_spans(whole) for edge in span]
    for zone in zones:
        if zone.between_m is not None:
            edges.extend(abs(offset_m - edge) for span in joined_spans(zone.offsets_m) for edge in span)
            edges.extend(abs(chainage_m - end) for end in zone.between_m)
    return min(edges)


def joined_spans(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same intervals, with those that meet or overlap made one."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def locate_all(lon: Floats, lat: Floats, lines_by_id: Mapping[str, Line]) -> Places:
    """Places, and where they lie along every line; NaN places are located nowhere."""
    known = np.isfinite(lon) & np.isfinite(lat)
    located = {}
    for line_id, line in lines_by_id.items():
        found = line.locate(lon[known], lat[known])
        whole = Located(
            np.full(lon.shape, np.nan),
            np.full(lon.shape, np.inf),
            np.full(lon.shape, lines.UNPLACED, dtype=np.int8),
            np.full(lon.shape, np.inf),
        )
        whole.chainage_m[known], whole.offset_m[known] = found.chainage_m, found.offset_m
        whole.side[known], whole.end_m[known] = found.side, found.end_m
        located[line_id] = whole
    return Places(lon, lat, located)


def subset(places: Places, mask: Bools) -> Places:
    """Some of the places."""
    located = {line_id: found.part(mask) for line_id, found in places.located.items()}
    return Places(places.lon[mask], places.lat[mask], located)


def zone_area_m2(zone: Zone) -> float:
    """The zone's area, from its drawing."""
    return area_m2(zone.drawing())
