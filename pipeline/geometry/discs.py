"""How much of each of many discs has at most a certain signed offset from some edges: what shares in bands are made of.

A disc is cut in cells, four at a time, whose offsets are asked for. A cell that the offset's edge cannot reach counts
whole or not at all, and that is proved. Where the four offsets are those of a plane, the edge is straight, and what it
leaves of a cell is a formula; else the cell is divided in four, down to a 1,024th of the disc.

Nothing but + - * / and square roots is used, in one order: the compiled loop gives the same numbers to the last bit.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import GEOD, RADIUS_M, Bools, Floats, ground_to_chord_m
from pipeline.geometry.edges import Edges, kernels
from pipeline.geometry.index import GRID_BITS, HALF_WIDTH
from pipeline.geometry.shares import ALMOST
from pipeline.geometry.unit_disc import LAST, ROOM, table

Longs = NDArray[np.int64]

LARGEST_M = 5_000.0
"""The radius up to which the ground of a disc is a paraboloid, to a millimetre."""

STRAIGHT_SIZE = 0.125
"""The largest cells that an edge may be taken to cross straight, by the root of their share of the disc."""

TWISTED = 1.0 / 1_280.0
"""By how much, in radii and over the size of a cell, four offsets may differ from those of a plane: by as much as adds
little to the share."""

UNEVEN = 1.0 / 80.0
"""By how much, over the size of a cell, the square of that plane's slope may differ from 1, which a distance has."""

ROUND = 0.612
"""Half the edge of a square on which a straight edge leaves, in the mean over all ways, what it leaves of a disc."""

FAR_M = 1e7
_CELLS = 100
"""So many cells of a disc are looked at, about."""

MANY_CELLS = 1_000_000
"""From so many on, the compiled loop is worth the seconds that it takes to get it."""

_AT_ONCE = 1_024
"""Discs that are looked at together without the compiled loop."""


class Grounds(NamedTuple):
    """Discs on the ground, each with its own east and north.

    `middle` (3, n) in Earth-centred metres; `east`, `north` (3, n) as long as the radius; `up` (3, n) of length 1;
    `drop_m` (2, n): how far the ground falls off to the rim in the east and in the north; `radius_m`.
    """

    middle: Floats
    east: Floats
    north: Floats
    up: Floats
    drop_m: Floats
    radius_m: Floats

    @classmethod
    def about(cls, earth: Floats, radius_m: Floats) -> "Grounds":
        """Those about some places (3, n)."""
        x, y, z = earth
        out = np.sqrt(x * x + y * y)
        at_pole = out == 0.0
        along, aside = np.where(at_pole, 1.0, x), np.where(at_pole, 0.0, y)
        along, aside = along / np.where(at_pole, 1.0, out), aside / np.where(at_pole, 1.0, out)
        level = out * (1.0 - GEOD.es)
        length = np.sqrt(level * level + z * z)
        sine, cosine = z / length, level / length
        east = np.array([-aside, along, np.zeros_like(x)])
        north = np.array([-sine * along, -sine * aside, cosine])
        squeezed = 1.0 - GEOD.es * sine * sine
        prime_m = GEOD.a / np.sqrt(squeezed)
        bend_m = np.array([2.0 * prime_m, 2.0 * prime_m * (1.0 - GEOD.es) / squeezed])
        up = np.array([cosine * along, cosine * aside, sine])
        return cls(earth, east * radius_m, north * radius_m, up, radius_m * radius_m / bend_m, radius_m)

    def part(self, which: slice) -> "Grounds":
        """Some of the discs."""
        return Grounds(*(column[..., which] for column in self))

    def places(self, disc: NDArray[np.intp], x: Floats, y: Floats) -> Floats:
        """Earth-centred places (3, n), so many radii east and north of the middles of some discs."""
        drop_m = x * x * self.drop_m[0, disc] + y * y * self.drop_m[1, disc]
        return np.array(
            [
                self.middle[k, disc] + x * self.east[k, disc] + y * self.north[k, disc] - drop_m * self.up[k, disc]
                for k in range(3)
            ]
        )


class Below(NamedTuple):
    """The shares of discs that have no greater offset, and which of them are proved to be 0 or 1."""

    share: Floats
    proved: Bools


def in_spans(
    edges: Edges, grounds: Grounds, offset_m: Floats, regions: Sequence[Sequence[tuple[float, float]]], asked: Bools
) -> Floats:
    """The shares of discs in each of some regions that are made of intervals of signed offset.

    Args:
        grounds: discs of a radius of at most `LARGEST_M`, in which no place is nearest to an open end.
        offset_m: the signed offsets of their middles.
        asked: which regions to ask about each, of shape (regions, discs).
    """
    ends_m = np.unique([end for spans in regions for span in spans for end in span])
    reach_m = grounds.radius_m * ROOM
    first, last = np.searchsorted(ends_m, offset_m - reach_m), np.searchsorted(ends_m, offset_m + reach_m)
    at = [np.searchsorted(ends_m, spans) for spans in regions]
    discs = np.arange(len(offset_m))
    wanted = np.zeros((len(discs), max(1, int((last - first).max(initial=0)))), dtype=bool)
    for row, spans in zip(asked, at, strict=True):
        for end in spans.ravel():
            some = np.flatnonzero(row & (first <= end) & (end < last))
            wanted[some, end - first[some]] = True
    among = np.minimum(first[:, None] + np.arange(wanted.shape[1]), len(ends_m) - 1)
    found = below(edges, grounds, np.where(wanted, ends_m[among], np.nan))
    shares = np.zeros(asked.shape)
    for row, spans in enumerate(at):
        wholly = np.zeros(len(discs), dtype=bool)
        for low, high in spans:
            least, most = (_at(found, first, last, end) for end in (low, high))
            shares[row] += most.share - least.share
            wholly |= most.proved & least.proved & (most.share - least.share == 1.0)
        shares[row] = np.where(wholly, 1.0, np.clip(shares[row], 0.0, 1.0 - ALMOST))
    return shares


def _at(found: Below, first: Longs, last: Longs, end: int) -> Below:
    """What was found about one of the ends, or is sure since it is not reached."""
    column = np.clip(end - first, 0, found.share.shape[1] - 1)
    discs = np.arange(len(first))
    reached = (first <= end) & (end < last)
    share = np.where(reached, found.share[discs, column], np.where(end < first, 0.0, 1.0))
    return Below(share, ~reached | found.proved[discs, column])


def below(edges: Edges, grounds: Grounds, offset_m: Floats) -> Below:
    """How much of each disc lies at most so far to the right of some edges.

    Args:
        grounds: discs in which no place is nearest to an open end, and of a radius of at most `LARGEST_M`.
        offset_m: signed geodesic metres, left negative, of shape (discs, most that are asked of one); NaN for none.
    """
    chord_m = np.copysign(ground_to_chord_m(np.minimum(np.abs(offset_m), FAR_M)), offset_m)
    limit = np.ascontiguousarray(chord_m / grounds.radius_m[:, None])
    found = Below(np.zeros(limit.shape), np.isfinite(limit))
    loops = _loops(edges, len(limit))
    if loops is not None:
        _compiled(loops, edges, grounds, limit, found)
        return found
    for begin in range(0, len(limit), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        _plain(edges, grounds.part(part), limit[part], Below(found.share[part], found.proved[part]))
    return found


def _loops(edges: Edges, number: int) -> ModuleType | None:
    """The compiled loop, where it is worth getting and there is an index for it to go by."""
    asked = number * _CELLS
    if kernels() is None or edges._places + asked <= MANY_CELLS or not edges._pays(asked):
        return None
    from pipeline.geometry import disc_kernels

    return disc_kernels


def _compiled(loops: ModuleType, edges: Edges, grounds: Grounds, limit: Floats, found: Below) -> None:
    tree = edges.ellipsoid.radius_m, HALF_WIDTH, GRID_BITS, *edges.index
    rules = np.array([STRAIGHT_SIZE, TWISTED, UNEVEN, ROUND])
    ground = tuple(np.ascontiguousarray(column) for column in grounds)
    loops.below(
        ground, limit, table(), LAST, rules, RADIUS_M, edges._to_frame, tree, edges._table, edges._facing, *found
    )


def _plain(edges: Edges, grounds: Grounds, limit: Floats, found: Below) -> None:
    """The twin of `disc_kernels.below`."""
    rows, number = table(), len(limit)
    owner, cell = np.repeat(np.arange(number), 4), np.tile(np.arange(1, 5), number)
    active = np.isfinite(limit)[owner]
    size = 0.5
    for level in range(2, LAST + 1):
        size /= 2.0
        inside = 4 * cell[:, None] + np.arange(1, 5)
        offset = _offsets(edges, grounds, owner, rows[inside])
        margin = limit[owner][:, None, :] - offset[:, :, None]
        crossed = active[:, None, :] & (np.abs(margin) < rows[inside, 2][:, :, None])
        wide, deep, straight = _halves(offset, rows[cell], rows[inside], size)
        ends = crossed & (straight[:, None, None] | (level == LAST))
        whole = active[:, None, :] & ~crossed & (margin > 0.0)
        given = size * size * np.where(ends, _left_of(margin, wide[:, :, None], deep[:, :, None]), whole)
        for column in range(limit.shape[1]):
            found.share[:, column] += np.bincount(np.repeat(owner, 4), given[:, :, column].ravel(), number)
            found.proved[owner[ends[:, :, column].any(axis=1)], column] = False
        rest = crossed & ~ends
        group, of_four = np.nonzero(rest.any(axis=2))
        owner, cell, active = owner[group], inside[group, of_four], rest[group, of_four]
        if not len(owner):
            break


def _offsets(edges: Edges, grounds: Grounds, owner: NDArray[np.intp], rows: Floats) -> Floats:
    """The signed chords from four cells of each disc to the edges, left negative, in radii."""
    near = edges.nearest(grounds.places(np.repeat(owner, 4), rows[:, :, 0].ravel(), rows[:, :, 1].ravel()))
    chord_m = np.where(near.left, -near.chord_m, near.chord_m)
    return np.asarray(chord_m.reshape(-1, 4) / grounds.radius_m[owner][:, None])


def _halves(offset: Floats, row: Floats, rows: Floats, size: float) -> tuple[Floats, Floats, Bools]:
    """How far the two halves of four cells reach across the edge; and which four it crosses straight."""
    east, north, straight = _slope(offset, row, size)
    wide, deep = (np.abs(east[:, None] * rows[:, :, k] + north[:, None] * rows[:, :, k + 1]) for k in (3, 5))
    square = ROUND * size
    return np.where(straight[:, None], wide, square), np.where(straight[:, None], deep, square), straight


def _slope(offset: Floats, row: Floats, size: float) -> tuple[Floats, Floats, Bools]:
    """East and north slope of the plane of four offsets, and where they are those of a straight edge's distance."""
    one, two, three, four = offset.T
    right, ahead = (two + four - one - three) / 2.0, (three + four - one - two) / 2.0
    east, north = row[:, 7] * right + row[:, 8] * ahead, row[:, 9] * right + row[:, 10] * ahead
    twist = one + four - two - three - (east * row[:, 11] + north * row[:, 12])
    even = np.abs(east * east + north * north - 1.0) <= UNEVEN / size
    return east, north, even & (np.abs(twist) <= TWISTED / size) & (size <= STRAIGHT_SIZE)


def _left_of(margin: Floats, wide: Floats, deep: Floats) -> Floats:
    """The share of cells within a straight edge so far within which their middles lie.

    Args:
        wide, deep: how far the two halves of a cell reach across the edge.
    """
    most, least, away = np.maximum(wide, deep), np.minimum(wide, deep), np.abs(margin)
    corner = most + least - away
    cut = np.where(
        away <= most - least,
        0.5 - away / (2.0 * most),
        corner * corner / (8.0 * most * np.where(least > 0.0, least, 1.0)),
    )
    cut = np.where(corner <= 0.0, 0.0, cut)
    return np.where(margin > 0.0, 1.0 - cut, cut)
