"""The loop over discs, compiled: the twin of `discs._plain`, which gives the same numbers to the last bit.

The edges that may be nearest in a disc are gathered once, from the leaves of the tree that it reaches. All cells are
held against them, several at a time; where the edges are too many, each cell goes by the tree. Either way it finds the
same edge: the nearest is among those gathered, and of two that are equally near the earlier is taken.
"""

from math import floor

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import Loop, inner
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.kernels import Tree, against, by_tree, foot

Longs = NDArray[np.int64]
Ground = tuple[Floats, Floats, Floats, Floats, Floats, Floats]
"""The columns of `discs.Grounds`."""

MOST = 96
"""With more edges than this, the tree is quicker."""

_MOST_NODES = 64
_ROOM = 1.02
"""By so much a disc may be wider in the tree's plane than the sphere's scale at its middle says, and more."""


@inner
def _gathered(  # noqa: PLR0913, PLR0917 - arrays in, arrays out: a compiled loop knows no records
    x: float, y: float, z: float, radius_m: float, tree: Tree, disc: int, marks: Longs, nodes: Longs, found: Longs
) -> int:
    """Writes the edges that may be nearest in a disc; tells how many, or -1 if they are too many.

    Args:
        marks: for each edge, the last disc for which it was found.
        nodes: room for nodes to look into: number, first column, first row, bits of their cells.
    """
    to_middle_m, half_width, bits, entries = tree[0], tree[1], tree[2], tree[3]
    cells = float(1 << bits)
    scale = cells / (2.0 * half_width)
    below = z + to_middle_m
    u, v = x / below, y / below
    reach = _ROOM * radius_m / (2.0 * to_middle_m) * (1.0 + u * u + v * v)
    west, east = (u + half_width - reach) * scale, (u + half_width + reach) * scale
    south, north = (v + half_width - reach) * scale, (v + half_width + reach) * scale
    if not (west >= 0.0 and south >= 0.0 and east < cells and north < cells):
        return -1
    first_column, last_column, first_row, last_row = floor(west), floor(east), floor(south), floor(north)
    nodes[0, 0], nodes[0, 1], nodes[0, 2], nodes[0, 3] = 0, 0, 0, bits - 4
    waiting, count = 1, 0
    while waiting > 0:
        waiting -= 1
        node, left, low, shift = nodes[waiting, 0], nodes[waiting, 1], nodes[waiting, 2], nodes[waiting, 3]
        for column in range(max(first_column >> shift, left), min(last_column >> shift, left + 15) + 1):
            for row in range(max(first_row >> shift, low), min(last_row >> shift, low + 15) + 1):
                entry = entries[node, (column & 15) * 16 + (row & 15)]
                if entry < 0:
                    count = _marked(-1 - entry, tree, disc, marks, found, count)
                elif waiting < _MOST_NODES:
                    nodes[waiting, 0], nodes[waiting, 1] = entry, column * 16
                    nodes[waiting, 2], nodes[waiting, 3] = row * 16, shift - 4
                    waiting += 1
                else:
                    return -1
                if count < 0:
                    return -1
    return count


@inner
def _marked(leaf: int, tree: Tree, disc: int, marks: Longs, found: Longs, count: int) -> int:
    """Adds a leaf's edges to those found, each but once; -1 if they are too many."""
    begins, candidates = tree[4], tree[5]
    for k in range(begins[leaf], begins[leaf + 1]):
        edge = candidates[k]
        if marks[edge] != disc:
            if count == MOST:
                return -1
            marks[edge] = disc
            found[count] = edge
            count += 1
    return count


@inner
def _places(ground: Ground, disc: int, axes: Floats, number: int, x: Floats, y: Floats, z: Floats) -> None:
    """Places so many radii east (x) and north (y) of a disc's middle, to the edges' frame: as `Grounds.places`."""
    middle, east, north, up, drop_m = ground[0], ground[1], ground[2], ground[3], ground[4]
    m0, m1, m2 = middle[0, disc], middle[1, disc], middle[2, disc]
    e0, e1, e2 = east[0, disc], east[1, disc], east[2, disc]
    n0, n1, n2 = north[0, disc], north[1, disc], north[2, disc]
    u0, u1, u2 = up[0, disc], up[1, disc], up[2, disc]
    drop_east_m, drop_north_m = drop_m[0, disc], drop_m[1, disc]
    a00, a01, a02 = axes[0, 0], axes[0, 1], axes[0, 2]
    a10, a11, a12 = axes[1, 0], axes[1, 1], axes[1, 2]
    a20, a21, a22 = axes[2, 0], axes[2, 1], axes[2, 2]
    for at in range(number):
        p, q = x[at], y[at]
        drop = p * p * drop_east_m + q * q * drop_north_m
        a = m0 + p * e0 + q * n0 - drop * u0
        b = m1 + p * e1 + q * n1 - drop * u1
        c = m2 + p * e2 + q * n2 - drop * u2
        x[at] = a00 * a + a01 * b + a02 * c
        y[at] = a10 * a + a11 * b + a12 * c
        z[at] = a20 * a + a21 * b + a22 * c


@inner
def _nearest_of(  # noqa: PLR0913, PLR0917 - as above
    edges: Longs, few: int, table: Floats, number: int, x: Floats, y: Floats, z: Floats, best: Floats, which: Longs
) -> None:
    """The nearest of a few edges to each place, the earlier of two. It is written so that several go at a time."""
    for at in range(number):
        best[at], which[at] = np.inf, -1
    for k in range(few):
        edge = edges[k]
        sx, sy, sz = table[edge, 0], table[edge, 1], table[edge, 2]
        dx, dy, dz = table[edge, 3], table[edge, 4], table[edge, 5]
        inverse_m2, sagitta_m = table[edge, 6], table[edge, 7]
        for at in range(number):
            wx, wy, wz = x[at] - sx, y[at] - sy, z[at] - sz
            held = min(max((wx * dx + wy * dy + wz * dz) * inverse_m2, 0.0), 1.0)
            rx, ry, rz = wx - held * dx, wy - held * dy, wz - held * dz
            sagitta = held * (1.0 - held) * sagitta_m
            square = rx * rx + ry * ry + rz * rz - sagitta * sagitta
            better = (square < best[at]) | ((square == best[at]) & (edge < which[at]))
            best[at] = square if better else best[at]
            which[at] = edge if better else which[at]


@inner
def _found(x: float, y: float, z: float, tree: Tree, table: Floats) -> int:
    """The nearest edge by the tree, or of all edges where it does not reach."""
    edge, _, square = by_tree(x, y, z, tree, table)
    if edge < 0:
        for other in range(len(table)):
            _, away = against(x, y, z, table, other)
            if edge < 0 or away < square:
                edge, square = other, away
    return edge


@inner
def _left_of(margin: float, wide: float, deep: float) -> float:
    """The twin of `discs._left_of`."""
    most, least = max(wide, deep), min(wide, deep)
    away = abs(margin)
    corner = most + least - away
    if corner <= 0.0:
        cut = 0.0
    elif away <= most - least:
        cut = 0.5 - away / (2.0 * most)
    else:
        cut = corner * corner / (8.0 * most * least)
    return 1.0 - cut if margin > 0.0 else cut


@inner
def _slope(offsets: Floats, at: int, rows: Floats, cell: int, size: float, rules: Floats) -> tuple[float, float, bool]:
    """The twin of `discs._slope`."""
    one, two, three, four = offsets[at], offsets[at + 1], offsets[at + 2], offsets[at + 3]
    right, ahead = (two + four - one - three) / 2.0, (three + four - one - two) / 2.0
    east, north = rows[cell, 7] * right + rows[cell, 8] * ahead, rows[cell, 9] * right + rows[cell, 10] * ahead
    twist = one + four - two - three - (east * rows[cell, 11] + north * rows[cell, 12])
    even = abs(east * east + north * north - 1.0) <= rules[2] / size
    return east, north, size <= rules[0] and abs(twist) <= rules[1] / size and even


@inner
def _summed(  # noqa: PLR0913, PLR0917 - as above
    disc: int,
    group: int,
    rows: Floats,
    size: float,
    offsets: Floats,
    rules: Floats,
    last: bool,
    limit: Floats,
    cells: Longs,
    active: Bools,
    sums: Floats,
    proved: Bools,
    then_cells: Longs,
    then_active: Bools,
    then: int,
) -> int:
    """Adds what four cells give, or puts them among those to divide; tells how many those are by now."""
    cell = cells[group]
    east, north, straight = _slope(offsets, 4 * group, rows, cell, size, rules)
    for k in range(4):
        inside = 4 * cell + 1 + k
        wide = deep = rules[3] * size
        if straight:
            wide = abs(east * rows[inside, 3] + north * rows[inside, 4])
            deep = abs(east * rows[inside, 5] + north * rows[inside, 6])
        divided = False
        for j in range(limit.shape[1]):
            then_active[then, j] = False
            if active[group, j]:
                margin = limit[disc, j] - offsets[4 * group + k]
                if not abs(margin) < rows[inside, 2]:
                    sums[j] += size * size if margin > 0.0 else 0.0
                elif straight or last:
                    sums[j] += size * size * _left_of(margin, wide, deep)
                    proved[disc, j] = False
                else:
                    then_active[then, j] = divided = True
        if divided:
            then_cells[then] = inside
            then += 1
    return then


@Loop
def below(  # noqa: PLR0913, PLR0917 - as above
    ground: Ground,
    limit: Floats,
    rows: Floats,
    levels: int,
    rules: Floats,
    earth_m: float,
    axes: Floats,
    tree: Tree,
    table: Floats,
    facing: Floats,
    share: Floats,
    proved: Bools,
) -> None:
    """Writes the shares of discs with no greater offset than each limit, and clears what is not proved.

    Args:
        limit: in radii, of shape (discs, limits of each); NaN for none.
        rows: `unit_disc.table()`, which has so many levels.
        axes: of the edges' frame.
        table, facing: for each edge what `index.table` gives, and what decides the side.
    """
    number, most = limit.shape[1], 4**levels + 1
    cells, then_cells = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    active, then_active = np.empty((most, number), dtype=np.bool_), np.empty((most, number), dtype=np.bool_)
    x, y, z, offsets = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
    which, near, sums = np.empty(most, dtype=np.int64), np.empty(MOST, dtype=np.int64), np.empty(number)
    marks, nodes = np.full(len(table), -1), np.empty((_MOST_NODES, 4), dtype=np.int64)
    for disc in range(len(limit)):
        x[0] = y[0] = 0.0
        _places(ground, disc, axes, 1, x, y, z)
        few = _gathered(x[0], y[0], z[0], ground[5][disc], tree, disc, marks, nodes, near)
        count = 4
        for j in range(number):
            share[disc, j] = 0.0
            for group in range(count):
                cells[group], active[group, j] = 1 + group, np.isfinite(limit[disc, j])
        size = 0.5
        for level in range(2, levels + 1):
            size /= 2.0
            for at in range(4 * count):
                cell = 4 * cells[at // 4] + 1 + at % 4
                x[at], y[at] = rows[cell, 0], rows[cell, 1]
            _places(ground, disc, axes, 4 * count, x, y, z)
            if few >= 0:
                _nearest_of(near, few, table, 4 * count, x, y, z, offsets, which)
            for at in range(4 * count):
                edge = which[at] if few >= 0 else _found(x[at], y[at], z[at], tree, table)
                along, square = against(x[at], y[at], z[at], table, edge)
                _, chord, left = foot(x[at], y[at], z[at], edge, along, square, earth_m, table, facing)
                offsets[at] = (-chord if left else chord) / ground[5][disc]
            sums[:] = 0.0
            then = 0
            for group in range(count):
                then = _summed(
                    disc, group, rows, size, offsets, rules, level == levels, limit,
                    cells, active, sums, proved, then_cells, then_active, then,
                )  # fmt: skip
            share[disc] += sums
            cells, then_cells, active, then_active, count = then_cells, cells, then_active, active, then
