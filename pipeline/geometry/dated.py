"""Zones whose shape changes from day to day: one for each day that has a shape, and what was inside while it held.

A footprint that was observed over several shapes is held against each of them, and counts by the share of its interval
in which that shape held. While there is no shape nothing is inside, and nothing is known: `Held` says for how long.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats, Geometry
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.membership import Membership, membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import PolygonZone, Zone, settled, zone_area_m2

INSIDE, OUTSIDE, BOTH = "inside", "outside", "both"

CORNERS_AT_HAND = 400_000
"""Shapes of so many corners together are kept built, which takes some 150 MB; to build one of 4,000 takes 30 ms."""

Times = NDArray[np.int64]


class Span(NamedTuple):
    """When a shape holds, in microseconds since 1970, its end not included; and of which day it is."""

    from_us: int
    until_us: int
    content_date: date


class Held(NamedTuple):
    """A shape that held for a share of an interval, and the last moment of the interval at which it did."""

    number: int
    share: float
    last_us: int


class Shapes(Protocol):
    """The shapes of a series, in the order of their times, which are apart from one another."""

    @property
    def spans(self) -> Sequence[Span]:
        """When each holds."""

    def zone(self, number: int) -> Zone:
        """One of them, as a zone."""


class BuiltShapes:
    """Shapes that are built when they are first asked for; of those that were not asked for the longest, none are kept.

    Args:
        corners: how many each has.
        build: makes the zone of a shape, by its number.
    """

    def __init__(self, spans: Sequence[Span], corners: Sequence[int], build: Callable[[int], Zone]) -> None:
        self.spans, self._corners = tuple(spans), tuple(corners)
        self._build, self._built = build, OrderedDict[int, Zone]()
        self._held = 0

    def zone(self, number: int) -> Zone:
        """One shape as a zone."""
        zone = self._built.pop(number, None)
        if zone is None:
            zone = self._build(number)
            self._held += self._corners[number]
            while self._built and self._held > CORNERS_AT_HAND:
                self._held -= self._corners[self._built.popitem(last=False)[0]]
        self._built[number] = zone
        return zone


class BoundaryZone:
    """All that lies within a distance of an area's boundary: on one side of it, or on both.

    Args:
        side: `inside`, `outside` or `both`.
    """

    def __init__(self, zone_id: str, area: PolygonZone, side: str, within_m: float) -> None:
        self.zone_id, self.line_id = zone_id, None
        self.area, self.side, self.within_m = area, side, within_m

    def contains(self, places: Places) -> Bools:
        """Decided by the distance and the side; the boundary itself is on both."""
        return np.asarray(settled(self.margin_m(places), np.zeros(len(places))) > 0)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure where the disc reaches neither the boundary nor the edge."""
        return settled(self._margin_m(places, radius_m), radius_m)

    def margin_m(self, places: Places) -> Floats:
        """How deep places lie within, negative outside; far off, only that it is far."""
        return self._margin_m(places, np.zeros(len(places)))

    def seek(self, places: Places) -> None:
        """Nothing that more than one zone asks for."""

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """Everywhere."""
        return np.ones(len(places), dtype=bool)

    def _margin_m(self, places: Places, radius_m: Floats) -> Floats:
        depth_m = self.area.depth_m(places, radius_m + self.within_m)
        near_m = self.within_m - np.abs(depth_m)
        if self.side == BOTH:
            return near_m
        return np.asarray(np.minimum(near_m, depth_m if self.side == INSIDE else -depth_m))

    def drawing(self) -> Geometry:
        """A buffer with its arcs flattened: never used to decide."""
        plane = self.area.plane
        about: Geometry = shapely.buffer(plane.boundary, self.within_m, quad_segs=8)
        if self.side != BOTH:
            about = about.intersection(plane) if self.side == INSIDE else about.difference(plane)
        return self.area.projection.polygon_to_lonlat(about)


class DatedZone:
    """A zone with a shape for each of some days. Asked without a time, it answers as its latest shape does.

    Args:
        of: makes the zone of a shape out of the shape itself.
    """

    def __init__(self, zone_id: str, shapes: Shapes, of: Callable[[Zone], Zone]) -> None:
        self.zone_id, self.line_id = zone_id, None
        self.shapes, self._of = shapes, of
        self._begins_us = [span.from_us for span in shapes.spans]
        self._areas_m2: dict[int, float] = {}

    def at(self, number: int) -> Zone:
        """The zone by one of the shapes."""
        return self._of(self.shapes.zone(number))

    def number_at(self, time_us: int) -> int | None:
        """Which shape holds at a time."""
        number = bisect_right(self._begins_us, time_us) - 1
        return number if number >= 0 and time_us < self.shapes.spans[number].until_us else None

    def held(self, begin_us: int, end_us: int) -> list[Held]:
        """The shapes that held within an interval, in their order."""
        if begin_us >= end_us:
            number = self.number_at(begin_us)
            return [] if number is None else [Held(number, 1.0, begin_us)]
        found, number = [], max(0, bisect_right(self._begins_us, begin_us) - 1)
        while number < len(self._begins_us) and self._begins_us[number] < end_us:
            span = self.shapes.spans[number]
            first, last = max(begin_us, span.from_us), min(end_us, span.until_us)
            if first < last:
                found.append(Held(number, (last - first) / (end_us - begin_us), last - 1))
            number += 1
        return found

    def area_m2(self, number: int) -> float:
        """The zone's area by one of the shapes."""
        if number not in self._areas_m2:
            self._areas_m2[number] = zone_area_m2(self.at(number))
        return self._areas_m2[number]

    @cached_property
    def _latest(self) -> Zone:
        return self.at(len(self.shapes.spans) - 1)

    def contains(self, places: Places) -> Bools:
        """By the latest shape."""
        return self._latest.contains(places)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """By the latest shape."""
        return self._latest.settle(places, radius_m)

    def margin_m(self, places: Places) -> Floats:
        """By the latest shape."""
        return self._latest.margin_m(places)

    def seek(self, places: Places) -> None:
        """By the latest shape."""
        self._latest.seek(places)

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """By the latest shape."""
        return self._latest.measured(places, radius_m)

    def drawing(self) -> Geometry:
        """The latest shape."""
        return self._latest.drawing()


class Stretch(NamedTuple):
    """A stretch of time in which no zone's shape changes, and the footprints that were observed within.

    Attributes:
        rows: numbers of the footprints.
        share: of each, how much of its interval lies within.
        places: their centres.
        zones: the zones as they are, by their numbers; one that has no shape then is not among them.
    """

    rows: NDArray[np.intp]
    share: Floats
    places: Places
    zones: dict[int, Zone]


class Intervals(NamedTuple):
    """When each of some footprints was observed, in microseconds since 1970."""

    begin_us: Times
    end_us: Times


class DatedMembership(NamedTuple):
    """Shares over time, and between which shares of single shapes they lie (both alike where none changes)."""

    shares: Membership
    least: Floats
    most: Floats


def stretches(zones: Sequence[Zone], places: Places, when: Intervals) -> Iterator[Stretch]:
    """The stretches in which footprints were observed, in the order of time."""
    dated = {number: zone for number, zone in enumerate(zones) if isinstance(zone, DatedZone)}
    edges = {edge for zone in dated.values() for span in zone.shapes.spans for edge in span[:2]}
    cuts = np.array(sorted(edges), dtype=np.int64)
    # Number 0 is all that is before the first cut.
    first = np.searchsorted(cuts, when.begin_us, side="right")
    last = np.maximum(first, np.searchsorted(cuts, when.end_us, side="left"))
    length_us = when.end_us - when.begin_us
    reached = np.zeros(len(cuts) + 2, dtype=np.int64)
    np.add.at(reached, first, 1)
    np.add.at(reached, last + 1, -1)
    for number in np.flatnonzero(np.cumsum(reached) > 0).tolist():
        if not 0 < number < len(cuts):
            continue
        begin_us, until_us = int(cuts[number - 1]), int(cuts[number])
        held = {at: zone.number_at(begin_us) for at, zone in dated.items()}
        there = {at: dated[at].at(shape) for at, shape in held.items() if shape is not None}
        rows = np.flatnonzero((first <= number) & (number <= last))
        within = np.minimum(when.end_us[rows], until_us) - np.maximum(when.begin_us[rows], begin_us)
        share = np.where(length_us[rows] > 0, within / np.maximum(length_us[rows], 1), 1.0)
        if there:
            yield Stretch(rows, share, places.part(rows), there)


def dated_membership(
    footprints: Footprints,
    zones: Sequence[Zone],
    groups: Sequence[Sequence[int]],
    places: Places,
    when: Intervals,
) -> DatedMembership:
    """The same as `membership`, where some of the zones are dated: each footprint by the shapes of its own time."""
    static = [number for number, zone in enumerate(zones) if not isinstance(zone, DatedZone)]
    row_of = {zone: row for row, zone in enumerate(static)}
    # What of a group never changes holds while nothing else of it has a shape, too.
    still = [[row_of[zone] for zone in group if zone in row_of] for group in groups]
    base = membership(footprints, [zones[zone] for zone in static], still, places)
    each = np.zeros((len(zones), len(footprints)))
    each[static] = base.each
    found, least, most = base.any.copy(), base.any.copy(), base.any.copy()
    seen = np.zeros(found.shape, dtype=bool)
    for stretch in stretches(zones, places, when):
        rows, share = stretch.rows, stretch.share
        changed = [number for number, group in enumerate(groups) if not stretch.zones.keys().isdisjoint(group)]
        beside = sorted({zone for number in changed for zone in groups[number]} & row_of.keys())
        there = {**stretch.zones, **{zone: zones[zone] for zone in beside}}
        at = {zone: row for row, zone in enumerate(there)}
        asked = [[at[zone] for zone in groups[number] if zone in at] for number in changed]
        part = membership(footprints.part(rows), list(there.values()), asked, stretch.places)
        for row, zone in enumerate(stretch.zones):
            each[zone, rows] += part.each[row] * share
        for number, value in zip(changed, part.any, strict=True):
            first = ~seen[number, rows]
            least[number, rows] = np.where(first, value, np.minimum(least[number, rows], value))
            most[number, rows] = np.where(first, value, np.maximum(most[number, rows], value))
            found[number, rows] += (value - base.any[number, rows]) * share
            seen[number, rows] = True
    return DatedMembership(Membership(_tidy(each), _tidy(found)), least, most)


def _tidy(shares: Floats) -> Floats:
    """Shares that were summed over time: three thirds are one."""
    return np.asarray(np.clip(np.round(shares, 12), 0.0, 1.0))
