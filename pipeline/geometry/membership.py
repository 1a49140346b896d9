"""Which share of each footprint lies in each zone, and in the union of several.

What the zones can settle by themselves costs nothing more; a disc that one straight edge crosses is a formula; the rest
is a sum over cells.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.bands import IN, OUT, UNSURE, Band
from pipeline.geometry.discs import LARGEST_M, Grounds, in_spans
from pipeline.geometry.earth import CHUNK, Floats
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import Line
from pipeline.geometry.places import Places
from pipeline.geometry.shares import Asked, shares
from pipeline.geometry.straight import Rim, straight_shares
from pipeline.geometry.zones import OffsetZone, PolygonZone, Region, Union, Zone

AT_ONCE = 128
"""Footprints whose cells are looked at together: enough to be fast, few enough for the processor's cache."""

EXACT_M = 0.001
"""A footprint that a millimetre holds is its centre."""

States = NDArray[np.int8]


class Membership(NamedTuple):
    """Shares of footprints in zones.

    `each` has the shape (zones, footprints); `any` (groups, footprints) is the share in the union of a group's zones.
    """

    each: Floats
    any: Floats


def membership(
    footprints: Footprints, zones: Sequence[Zone], groups: Sequence[Sequence[int]], places: Places
) -> Membership:
    """The probability that each footprint lies in each zone: the share of its area there.

    Args:
        groups: each a list of indices into `zones`, whose union is asked for.
        places: the footprints' centres.
    """
    unions = {tuple(group): Union([zones[row] for row in group]) for group in groups if len(group) > 1}
    regions: list[Region] = [*zones, *unions.values()]
    found = _shares(footprints, regions, places)
    rows = {group: len(zones) + number for number, group in enumerate(unions)}
    nothing = np.zeros(len(footprints))
    union = [found[rows[tuple(group)]] if len(group) > 1 else found[group[0]] if group else nothing for group in groups]
    return Membership(found[: len(zones)], np.array(union).reshape(len(groups), len(footprints)))


def _shares(footprints: Footprints, regions: Sequence[Region], places: Places) -> Floats:
    known = np.flatnonzero(footprints.placed)
    found = np.zeros((len(regions), len(footprints)))
    if known.size and (footprints.reach_m[known] <= EXACT_M).all():
        exact = places if known.size == len(places) else places.part(known)
        for row, region in enumerate(regions):
            found[row, known] = region.contains(exact)
        return found
    states = _settled(footprints, regions, places, known)
    found[states == IN] = 1.0
    _proved(footprints, regions, states, found)
    _banded(footprints, regions, places, states, found)
    _straight(footprints, regions, places, states, found)
    unsure = np.flatnonzero((states == UNSURE).any(axis=0)).tolist()
    alike = list(_grouped(footprints, unsure).values())
    for begin in range(0, len(alike), AT_ONCE):
        some = alike[begin : begin + AT_ONCE]
        first = [indices[0] for indices in some]
        asked = Asked(footprints.frames(first), footprints.cells(first), states[:, first] == UNSURE)
        given = shares(asked, regions)
        for number, indices in enumerate(some):
            wanted = np.flatnonzero(asked.open[:, number])
            found[wanted[:, None], indices] = given[wanted, number][:, None]
    return found


def _settled(footprints: Footprints, regions: Sequence[Region], places: Places, known: NDArray[np.intp]) -> States:
    """What is sure by the discs that hold the footprints; exact places are always."""
    states = np.full((len(regions), len(footprints)), OUT, dtype=np.int8)
    for region in regions:
        region.seek(places)
    for begin in range(0, known.size, CHUNK):
        which = known[begin : begin + CHUNK]
        some, reach_m = places.part(which), footprints.reach_m[which]
        points = np.flatnonzero(reach_m <= EXACT_M)
        exact = some.part(points)
        for row, region in enumerate(regions):
            state = region.settle(some, reach_m)
            if points.size:
                state[points] = np.where(region.contains(exact), IN, OUT)
            states[row, which] = state
    return states


def _proved(footprints: Footprints, regions: Sequence[Region], states: States, found: Floats) -> None:
    """An outline that lies wholly in a drawn zone does, whatever its cells say: two drawings of a border differ."""
    for index in np.flatnonzero((states == UNSURE).any(axis=0) & ~footprints.is_disc).tolist():
        outline = footprints.outline(index)
        if outline is None:
            continue
        for row in np.flatnonzero(states[:, index] == UNSURE).tolist():
            region = regions[row]
            parts = region.parts if isinstance(region, Union) else [region]
            if any(isinstance(part, PolygonZone) and part.holds(outline) for part in parts):
                states[row, index], found[row, index] = IN, 1.0


def _banded(footprints: Footprints, regions: Sequence[Region], places: Places, states: States, found: Floats) -> None:
    """Discs in which nothing but the offset matters: those of all bands of one line together."""
    small = footprints.is_disc & (footprints.reach_m <= LARGEST_M)
    for line, bands in _by_line(regions).items():
        rows = np.array(list(bands))
        unsure = np.flatnonzero((states[rows] == UNSURE).any(axis=0) & small)
        for begin in range(0, unsure.size, CHUNK):
            which = unsure[begin : begin + CHUNK]
            centres, radius_m = places.part(which), footprints.reach_m[which]
            asked = states[rows[:, None], which] == UNSURE
            asked &= np.array([band.measured(centres, radius_m) for band in bands.values()])
            some = np.flatnonzero(asked.any(axis=0))
            which, asked, centres = which[some], asked[:, some], centres.part(some)
            grounds, offset_m = Grounds.about(centres.earth, radius_m[some]), centres.along(line).offset_m
            given = in_spans(line.edges, grounds, offset_m, [band.spans for band in bands.values()], asked)
            for row, wanted, share in zip(rows.tolist(), asked, given, strict=True):
                found[row, which[wanted]], states[row, which[wanted]] = share[wanted], IN


def _by_line(regions: Sequence[Region]) -> dict[Line, dict[int, Band]]:
    """The regions that are one band, by their rows, of each line of which the nearest edge tells the side."""
    bands: dict[Line, dict[int, Band]] = {}
    for row, region in enumerate(regions):
        parts = region.parts if isinstance(region, Union) else [region]
        band = parts[0].band if isinstance(parts[0], OffsetZone) else parts[0]
        if len(parts) == 1 and isinstance(band, Band) and band.line.edges._touching is None:
            bands.setdefault(band.line, {})[row] = band
    return bands


def _straight(footprints: Footprints, regions: Sequence[Region], places: Places, states: States, found: Floats) -> None:
    unsure = np.flatnonzero((states == UNSURE).any(axis=0) & footprints.is_disc)
    for begin in range(0, unsure.size, 4 * AT_ONCE):
        chunk = unsure[begin : begin + 4 * AT_ONCE]
        centres = places.part(chunk)
        rims: dict[bytes, Rim] = {}  # the two sides of an edge ask about the same discs
        for row, region in enumerate(regions):
            some = np.flatnonzero(states[row, chunk] == UNSURE)
            some = some[region.measured(centres.part(some), footprints.reach_m[chunk[some]])]
            if not some.size:
                continue
            which = chunk[some]
            rim = rims.get(which.tobytes())
            if rim is None:
                rim = Rim(footprints.frames(which.tolist()), footprints.reach_m[which])
                rims[which.tobytes()] = rim
            share, simple = straight_shares(rim, region)
            found[row, which[simple]] = share[simple]
            states[row, which[simple]] = IN


def _grouped(footprints: Footprints, indices: Sequence[int]) -> dict[Hashable, list[int]]:
    """The indices of footprints that are alike, together: a region that a hundred reports name is looked at once."""
    alike: dict[Hashable, list[int]] = {}
    for index in indices:
        alike.setdefault(footprints.alike(index), []).append(index)
    return alike
