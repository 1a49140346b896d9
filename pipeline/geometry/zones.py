"""Zones: areas derived from a line, or drawn; which exact places lie in them, and which discs surely do.

A zone answers three questions: which exact places lie in it (`contains`); which of some discs lie in it or out of it
for sure (`settle`); and how deep a place lies in it (`margin_m`), near its edge as a distance. `shares` asks the rest.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry import drawings
from pipeline.geometry import line as lines
from pipeline.geometry.bands import FAR_M, IN, OUT, UNSURE, Band, joined_bands, joined_spans
from pipeline.geometry.earth import Bools, Floats, Geometry, area_m2, densify, to_earth
from pipeline.geometry.edges import Edges, Indexer
from pipeline.geometry.line import Line
from pipeline.geometry.places import Places
from pipeline.geometry.projection import centred_on
from pipeline.geometry.touching import CrossingError, noded

BORDER_M = 100.0
"""How far two drawings of one border may lie apart: a region is not outside a zone that is made of it."""

ON_EDGE_M = 0.001
"""A place within a millimetre of a polygon's edge is on it, and so in it."""


class Region(Protocol):
    """What a zone and a union of zones have in common."""

    def contains(self, places: Places) -> Bools:
        """Which exact places lie in the region."""

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """For discs about places: `IN` or `OUT` where that is sure, else `UNSURE`."""

    def margin_m(self, places: Places) -> Floats:
        """How deep places lie in the region, negative outside; near its edge, the distance to it."""

    def seek(self, places: Places) -> None:
        """Find what the region will ask of these places or parts of them, for all at once."""

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """In which discs the margin is a distance throughout, as it is but near a line's ends and cuts."""


class Zone(Region, Protocol):
    """What zones of every kind have in common."""

    @property
    def zone_id(self) -> str:
        """The zone's id in its agreement."""

    @property
    def line_id(self) -> str | None:
        """The line that it goes by, if any."""

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
        self.band = Band(line, joined_spans(self._spans()), None if between_m is None else [between_m])
        self.contains, self.settle = self.band.contains, self.band.settle
        self.margin_m, self.measured, self.seek = self.band.margin_m, self.band.measured, self.band.seek

    def _spans(self) -> list[tuple[float, float]]:
        # What is on the line is in the zones of both its sides.
        least_m = self.from_m if self.from_m > 0.0 else -lines.ON_M
        left, right = (-self.to_m, -least_m), (least_m, self.to_m)
        return [left] if self.side == lines.LEFT else [right] if self.side == lines.RIGHT else [left, right]

    def drawing(self) -> Geometry:
        """A buffer, its arcs flattened and its corners only nearly right: never used to decide."""
        return drawings.band(self.line, self.side, self.from_m, self.to_m, self.between_m)


class CorridorZone:
    """All that lies within a distance of a line, such as a road, or of a stretch of it; its ends are round.

    Args:
        within_m: the distance to either side.
        between_m: chainages, or None for the whole line.
    """

    def __init__(
        self, zone_id: str, line_id: str, line: Line, within_m: float, between_m: tuple[float, float] | None = None
    ) -> None:
        self.zone_id, self.line_id, self.line = zone_id, line_id, line
        self.within_m, self.between_m = within_m, between_m
        self._edges = line.edges
        if between_m is not None:
            stretch = line.piece(*between_m)
            dense = np.column_stack(densify(stretch[:, 0], stretch[:, 1]))
            self._edges = Edges([dense], line.edges.indexer)

    def contains(self, places: Places) -> Bools:
        """Decided by the distance alone."""
        return np.asarray(self.margin_m(places) >= 0.0)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure where the disc does not reach the edge."""
        return settled(self.margin_m(places), radius_m)

    def seek(self, places: Places) -> None:
        """Nothing that more than one zone asks for."""

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """Everywhere."""
        return np.ones(len(places), dtype=bool)

    def margin_m(self, places: Places) -> Floats:
        """The width less the distance."""
        if self.between_m is None:
            return np.asarray(self.within_m - np.abs(places.along(self.line).offset_m))
        return np.asarray(self.within_m - places.away(self._edges).away_m)

    def drawing(self) -> Geometry:
        """A buffer with its arcs flattened: never used to decide."""
        return drawings.corridor(self.line, self.within_m, self.between_m)


class PolygonZone:
    """A drawn area. Its edges are geodesics; it is repaired after projecting, not before.

    Args:
        outline: polygon or multipolygon in degrees. One that crosses the antimeridian may be cut in two there, or run
            on beyond 180 degrees.
        indexer: where the index of its edges comes from (see `Edges`).
        line_id: the line by which what lies in it is told, if any.
    """

    def __init__(
        self, zone_id: str, outline: Geometry, indexer: Indexer | None = None, line_id: str | None = None
    ) -> None:
        self.zone_id, self.line_id = zone_id, line_id
        corners = shapely.get_coordinates(outline)
        self.projection = centred_on(corners[:, 0], corners[:, 1])
        self.plane = self.projection.polygon_to_plane(outline)
        rings = [self.projection.to_lonlat(*ring.T) for ring in _rings(self.plane)]
        self.edges = Edges([np.column_stack(ring) for ring in rings], indexer)
        self._middle, self._reach_m = self.edges.ball()

    def contains(self, places: Places) -> Bools:
        """Places on the edge belong to the zone."""
        return np.asarray(self.margin_m(places) >= -ON_EDGE_M)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure where the disc does not reach the edge."""
        return settled(self.depth_m(places, radius_m), radius_m)

    def margin_m(self, places: Places) -> Floats:
        """The distance to the edge, negative outside; far off, only that it is far."""
        return self.depth_m(places, np.zeros(len(places)))

    def seek(self, places: Places) -> None:
        """Nothing that more than one zone asks for."""

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """Everywhere."""
        return np.ones(len(places), dtype=bool)

    def depth_m(self, places: Places, radius_m: Floats) -> Floats:
        """The margin, exact for discs that may reach the polygon; the others are kept off by a ball that holds it."""
        x, y, z = places.earth - self._middle
        rough_m = self._reach_m - np.sqrt(x * x + y * y + z * z)
        margin_m = np.where(np.isfinite(rough_m), rough_m, -FAR_M)
        near = np.flatnonzero(margin_m + radius_m >= -1.0)
        if near.size:
            away_m, left = places.part(near).away(self.edges) if near.size < len(places) else places.away(self.edges)
            margin_m[near] = np.where(left, away_m, -away_m)
        return margin_m

    def holds(self, outline: Geometry) -> bool:
        """Whether a polygon lies wholly within, but for what two drawings of one border differ by."""
        corners = to_earth(*shapely.get_coordinates(outline).T) - self._middle
        if np.sqrt((corners * corners).sum(axis=0)).max() > self._reach_m + BORDER_M:
            return False
        return bool(self._roomy.covers(self.projection.polygon_to_plane(outline)))

    @cached_property
    def _roomy(self) -> Geometry:
        roomy: Geometry = shapely.buffer(self.plane, BORDER_M)
        shapely.prepare(roomy)
        return roomy

    def drawing(self) -> Geometry:
        """The outline itself."""
        return self.projection.polygon_to_lonlat(self.plane)


def between_lines(
    zone_id: str, first: Line, second: Line, indexer: Indexer | None = None, line_id: str | None = None
) -> PolygonZone:
    """The area between two lines, the ends of which are joined by geodesics: those that are nearer to one another."""
    one, other = (np.column_stack([line.lon, line.lat]) for line in (first, second))
    straight = drawings.ends_apart_m(one[-1], other[0]) + drawings.ends_apart_m(other[-1], one[0])
    crossed = drawings.ends_apart_m(one[-1], other[-1]) + drawings.ends_apart_m(other[0], one[0])
    ring = np.vstack([one, other if straight <= crossed else other[::-1], one[:1]])
    return PolygonZone(zone_id, shapely.Polygon(drawings.unwrapped(ring)), indexer, line_id)


class Union:
    """All that lies in any of some zones. Bands that meet are one: a disc across the line is wholly in both sides."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        bands = [zone.band for zone in zones if isinstance(zone, OffsetZone)]
        self.parts: list[Region] = [zone for zone in zones if not isinstance(zone, OffsetZone)]
        self.parts += joined_bands(bands)

    def contains(self, places: Places) -> Bools:
        """In any of the parts."""
        inside = np.zeros(len(places), dtype=bool)
        for part in self.parts:
            inside |= part.contains(places)
        return inside

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Wholly in one part, or out of all."""
        states = np.full(len(places), OUT, dtype=np.int8)
        for part in self.parts:
            np.maximum(states, part.settle(places, radius_m), out=states)
        return states

    def seek(self, places: Places) -> None:
        """What the parts do."""
        for part in self.parts:
            part.seek(places)

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """Where all the parts' margins are."""
        return np.asarray(np.logical_and.reduce([part.measured(places, radius_m) for part in self.parts]))

    def margin_m(self, places: Places) -> Floats:
        """The deepest of the parts' margins; where two parts share an edge, it is none of the union's."""
        margin_m = np.full(len(places), -FAR_M)
        for part in self.parts:
            more_m = part.margin_m(places)
            shared = np.abs(margin_m + more_m) < 0.05 * np.abs(more_m) + ON_EDGE_M
            margin_m = np.where(shared, FAR_M, np.maximum(margin_m, more_m))
        return margin_m


def settled(margin_m: Floats, radius_m: Floats) -> NDArray[np.int8]:
    """What margins tell of discs; a place on the edge is inside."""
    states = np.where(margin_m > radius_m, IN, np.where(margin_m < -radius_m, OUT, UNSURE))
    exact = np.where(margin_m >= -ON_EDGE_M, IN, OUT)
    return np.where(radius_m > 0.0, states, exact).astype(np.int8)


def _rings(plane: Geometry) -> list[Floats]:
    """The rings of a polygon with its inside to the left of each, and a common vertex wherever two of them touch."""
    parts = shapely.get_parts(shapely.orient_polygons(plane, exterior_cw=False))
    rings = [shapely.get_coordinates(ring) for part in parts for ring in (part.exterior, *part.interiors)]
    try:
        return noded(rings)
    except CrossingError:
        return rings  # a sliver thinner than a centimetre: which of its edges is nearer makes no difference


def zone_area_m2(zone: Zone) -> float:
    """The zone's area, from its drawing."""
    return area_m2(zone.drawing())
