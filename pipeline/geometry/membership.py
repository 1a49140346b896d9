"""Which share of each footprint lies in each zone, and in the union of several.

What the zones can settle by themselves costs nothing more; the rest is the share of a lattice of places.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import Line
from pipeline.geometry.projection import Bools, Floats
from pipeline.geometry.zones import (
    IN,
    OUT,
    UNSURE,
    OffsetZone,
    Places,
    PolygonZone,
    Zone,
    joined_spans,
    locate_all,
    subset,
)

AT_ONCE = 64
"""Lattices that are located together: enough to be fast, few enough for the processor's cache."""

States = NDArray[np.int8]


class Membership(NamedTuple):
    """Shares of footprints in zones.

    `each` has the shape (zones, footprints); `any` (groups, footprints) is the share in the union of a group's zones.
    """

    each: Floats
    any: Floats


def membership(
    footprints: Footprints,
    zones: Sequence[Zone],
    groups: Sequence[Sequence[int]],
    lines_by_id: Mapping[str, Line],
    places: Places,
) -> Membership:
    """The probability that each footprint lies in each zone: the share of its area there.

    Args:
        groups: each a list of indices into `zones`, whose union is asked for.
        places: the footprints' centres, as `locate_all` gives them.
    """
    known = footprints.placed
    settled = np.full((len(zones), len(footprints)), OUT, dtype=np.int8)
    joint = np.full((len(groups), len(footprints)), OUT, dtype=np.int8)
    some, reach_m = subset(places, known), footprints.reach_m[known]
    for number, zone in enumerate(zones):
        settled[number, known] = zone.settle(some, reach_m)
    for number, group in enumerate(groups):
        joint[number, known] = _settle_union(
            [zones[row] for row in group], settled[list(group)][:, known], some, reach_m
        )
    each, union = (settled == IN).astype(float), (joint == IN).astype(float)
    unsure = (settled == UNSURE).any(axis=0) | (joint == UNSURE).any(axis=0)
    straddling = _grouped(footprints, np.flatnonzero(unsure).tolist())
    for begin in range(0, len(straddling), AT_ONCE):
        for sample in _samples(footprints, straddling[begin : begin + AT_ONCE], zones, lines_by_id):
            first = sample.indices[0]
            for row in np.flatnonzero(settled[:, first] == UNSURE).tolist():
                each[row, sample.indices] = sample.share([row])
            for number in np.flatnonzero(joint[:, first] == UNSURE).tolist():
                union[number, sample.indices] = sample.share(groups[number])
    return Membership(each, union)


def _settle_union(zones: Sequence[Zone], states: States, places: Places, radius_m: Floats) -> States:
    """What is sure of discs and the union of some zones, from what is sure of each.

    Bands of one line that meet are one band: a disc across the line lies in neither side's zone, and wholly in both.
    """
    inside, outside = (states == IN).any(axis=0), (states == OUT).all(axis=0)
    bands: dict[str, list[OffsetZone]] = {}
    for zone in zones:
        if isinstance(zone, OffsetZone) and zone.between_m is None:
            bands.setdefault(zone.line_id, []).append(zone)
    for line_id, several in bands.items():
        if len(several) > 1:
            inside = inside | _in_bands(several, places, line_id, radius_m)
    return np.where(inside, IN, np.where(outside, OUT, UNSURE)).astype(np.int8)


def _in_bands(zones: Sequence[OffsetZone], places: Places, line_id: str, radius_m: Floats) -> Bools:
    where = places.located[line_id]
    near_end = where.end_m - radius_m <= np.abs(where.offset_m) + radius_m
    inside = np.zeros(radius_m.shape, dtype=bool)
    for low, high in joined_spans([span for zone in zones for span in zone.offsets_m]):
        inside |= (where.offset_m - low > radius_m) & (high - where.offset_m > radius_m)
    return np.asarray(inside & ~near_end)


def _grouped(footprints: Footprints, indices: Sequence[int]) -> list[list[int]]:
    """The indices of footprints that are alike, together: a region that a hundred reports name is sampled once."""
    alike: dict[Hashable, list[int]] = {}
    for index in indices:
        alike.setdefault(footprints.alike(index), []).append(index)
    return list(alike.values())


class _Sample:
    """The lattice of one footprint (and of all that are alike) held against every zone.

    `prove` says of a union of zones, given by their numbers, whether it surely holds all of the footprint.
    """

    def __init__(self, indices: Sequence[int], hits: Bools, prove: Callable[[Sequence[int]], bool]) -> None:
        self.indices = list(indices)
        self._hits, self._prove = hits, prove

    def share(self, rows: Sequence[int]) -> float:
        """The share in the union of some zones; 1 only where it is proved that nothing of the footprint is outside."""
        hits = np.atleast_1d(self._hits[list(rows)].any(axis=0))
        if hits.all() and not self._prove(rows):
            return 1.0 - 0.5 / len(hits)
        return float(np.mean(hits))


def _samples(
    footprints: Footprints, alike: Sequence[Sequence[int]], zones: Sequence[Zone], lines_by_id: Mapping[str, Line]
) -> Iterator[_Sample]:
    lattices = [footprints.lattice(indices[0]) for indices in alike]
    places = locate_all(
        np.concatenate([lon for lon, _ in lattices]), np.concatenate([lat for _, lat in lattices]), lines_by_id
    )
    found = np.array([zone.contains(places) for zone in zones])
    ends = np.cumsum([len(lon) for lon, _ in lattices])
    for indices, hits in zip(alike, np.split(found, ends[:-1], axis=1), strict=True):
        yield _Sample(indices, hits, partial(_held, footprints, indices[0], zones, lines_by_id))


def _held(
    footprints: Footprints, index: int, zones: Sequence[Zone], lines_by_id: Mapping[str, Line], rows: Sequence[int]
) -> bool:
    """Whether the union of some zones surely holds a footprint: every small disc of its cover, or its outline."""
    chosen = [zones[row] for row in rows]
    outline = footprints.outline(index)
    if outline is not None and any(isinstance(zone, PolygonZone) and zone.holds(outline) for zone in chosen):
        return True
    lon, lat, radius_m = footprints.cover(index)
    places = locate_all(lon, lat, lines_by_id)
    states = np.array([zone.settle(places, radius_m) for zone in chosen])
    return bool((_settle_union(chosen, states, places, radius_m) == IN).all())
