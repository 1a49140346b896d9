"""The hot loops over places and edges, compiled. Importing this needs numba; without it, numpy does the same.

`nearest` gives the same numbers as its twin in numpy, bit by bit; `keep` may keep another edge more or less where two
are all but equally near, which no answer shows.
"""

from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import Loop, inner

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

Tree = tuple[float, float, int, Ints, Ints, Ints]
"""The Earth's radius where the tree's middle is, `index.HALF_WIDTH`, `index.GRID_BITS`, and the index."""


@inner
def _leaf(x: float, y: float, z: float, tree: Tree) -> int:
    """The leaf of a place; -1 where the tree does not reach."""
    radius_m, half_width, bits, nodes = tree[:4]
    cells = float(1 << bits)
    scale = cells / (2.0 * half_width)
    below = z + radius_m
    u = (x / below + half_width) * scale
    v = (y / below + half_width) * scale
    if not (u >= 0.0 and u < cells and v >= 0.0 and v < cells):
        return -1
    column, row = floor(u), floor(v)
    shift = bits - 4
    entry = nodes[0, ((column >> shift) & 15) * 16 + ((row >> shift) & 15)]
    while entry >= 0:
        shift -= 4
        entry = nodes[entry, ((column >> shift) & 15) * 16 + ((row >> shift) & 15)]
    return -1 - int(entry)


@inner
def by_tree(x: float, y: float, z: float, tree: Tree, table: Floats) -> tuple[int, float, float]:
    """The nearest edge to a place, the unclamped share along it, the square of the distance; -1 as in `nearest`."""
    leaf = _leaf(x, y, z, tree)
    best, best_edge, best_share = np.inf, -1, 0.0
    if leaf < 0:
        return best_edge, best_share, best
    begins, candidates = tree[4], tree[5]
    for k in range(begins[leaf], begins[leaf + 1]):
        edge = candidates[k]
        share, square = against(x, y, z, table, edge)
        if square < best:
            best, best_edge, best_share = square, edge, share
    return best_edge, best_share, best


@inner
def against(x: float, y: float, z: float, table: Floats, edge: int) -> tuple[float, float]:
    """The unclamped share along an edge, and the square of the distance to it."""
    dx, dy, dz = table[edge, 3], table[edge, 4], table[edge, 5]
    wx, wy, wz = x - table[edge, 0], y - table[edge, 1], z - table[edge, 2]
    share = (wx * dx + wy * dy + wz * dz) * table[edge, 6]
    held = min(max(share, 0.0), 1.0)
    rx, ry, rz = wx - held * dx, wy - held * dy, wz - held * dz
    sagitta = held * (1.0 - held) * table[edge, 7]
    return share, rx * rx + ry * ry + rz * rz - sagitta * sagitta


@inner
def foot(  # noqa: PLR0913, PLR0917 - arrays in, arrays out: a compiled loop knows no records
    x: float, y: float, z: float, here: int, share: float, square: float, radius_m: float, table: Floats, facing: Floats
) -> tuple[float, float, bool]:
    """The share along the geodesic, the chord to it, and whether the place is to the left: as `Edges._foot` has it."""
    s = share
    if s > 0.0 and s < 1.0:
        s = 0.5 + (s - 0.5) / max(1.0 - square / (2.0 * radius_m * radius_m), 0.5)
    s = min(max(s, 0.0), 1.0) + 0.0
    fx = table[here, 0] + s * table[here, 3]
    fy = table[here, 1] + s * table[here, 4]
    fz = table[here, 2] + s * table[here, 5]
    x, y, z = x - fx, y - fy, z - fz
    sagitta = s * (1.0 - s) * table[here, 7]
    dip = (x * fx + y * fy + z * fz) / sqrt(fx * fx + fy * fy + fz * fz)
    chord = x * x + y * y + z * z + sagitta * (sagitta - 2.0 * dip)
    part = 0 if s == 0.0 else (2 if s == 1.0 else 1)
    left = x * facing[here, part, 0] + y * facing[here, part, 1] + z * facing[here, part, 2] >= 0.0
    return s, sqrt(max(chord, 0.0)), left


@Loop
def nearest(  # noqa: PLR0913, PLR0917 - as above
    places: Floats,
    radius_m: float,
    half_width: float,
    bits: int,
    nodes: Ints,
    begins: Ints,
    candidates: Ints,
    table: Floats,
    edge_out: Ints,
    share_out: Floats,
    square_out: Floats,
) -> None:
    """For each place (3, n) the nearest edge, the unclamped share along it, and the square of the distance.

    Args:
        table: for each edge what `index.table` gives.
        edge_out: -1 where the tree does not reach.
    """
    tree = radius_m, half_width, bits, nodes, begins, candidates
    for at in range(places.shape[1]):
        edge_out[at], share_out[at], square_out[at] = by_tree(places[0, at], places[1, at], places[2, at], tree, table)


@Loop
def finish(  # noqa: PLR0913, PLR0917 - as above
    places: Floats,
    edge: Ints,
    radius_m: float,
    table: Floats,
    facing: Floats,
    share: Floats,
    square: Floats,
    chord_out: Floats,
    left_out: NDArray[np.bool_],
) -> None:
    """The place on the geodesic, the chord to it, and the side: the twin of `Edges._foot`. `share` is written too."""
    for at in range(places.shape[1]):
        share[at], chord_out[at], left_out[at] = foot(
            places[0, at], places[1, at], places[2, at], edge[at], share[at], square[at], radius_m, table, facing
        )


@inner
def _square(corners: Floats, place: int, cell: int, table: Floats, edge: int) -> tuple[float, float]:
    dx, dy, dz = table[edge, 3], table[edge, 4], table[edge, 5]
    wx = corners[place, 0, cell] - table[edge, 0]
    wy = corners[place, 1, cell] - table[edge, 1]
    wz = corners[place, 2, cell] - table[edge, 2]
    share = min(max((wx * dx + wy * dy + wz * dz) * table[edge, 6], 0.0), 1.0)
    rx, ry, rz = wx - share * dx, wy - share * dy, wz - share * dz
    return rx * rx + ry * ry + rz * rz, share


@inner
def _reach(pivots: Floats, place: int, table: Floats, edge: int) -> float:
    """An upper bound of the distance from a pivot to any place of the edge."""
    total = 0.0
    for axis in range(3):
        total += (table[edge, axis] + table[edge, 3 + axis] / 2.0 - pivots[place, axis]) ** 2
    return sqrt(total) + 0.5 / sqrt(table[edge, 6])


@inner
def _keep_near(  # noqa: PLR0913, PLR0917 - as above
    corners: Floats,
    cell: int,
    low: int,
    high: int,
    candidates: NDArray[np.int64],
    table: Floats,
    room_m: float,
    squares: Floats,
    kept: NDArray[np.bool_],
) -> None:
    """Keep what is little farther from the cell's middle than the nearest; write its distances, squared."""
    least = np.inf
    for k in range(low, high):
        away = _square(corners, 0, cell, table, candidates[k])[0]
        squares[k - low, 0] = away
        least = min(least, away)
    limit = sqrt(least) + room_m
    for k in range(low, high):
        kept[k] = sqrt(squares[k - low, 0]) <= limit
        if kept[k]:
            for corner in range(1, 5):
                squares[k - low, corner] = _square(corners, corner, cell, table, candidates[k])[0]


@inner
def _find_pivots(  # noqa: PLR0913, PLR0917 - as above
    corners: Floats,
    cell: int,
    low: int,
    high: int,
    candidates: NDArray[np.int64],
    table: Floats,
    squares: Floats,
    kept: NDArray[np.bool_],
    pivots: Floats,
    to_corners: Floats,
) -> None:
    """The nearest place of all to the cell's middle and to each corner, and its distances to the corners, squared."""
    for place in range(5):
        best, least = -1, np.inf
        for k in range(low, high):
            if kept[k] and squares[k - low, place] < least:
                best, least = k, squares[k - low, place]
        edge = candidates[best]
        share = _square(corners, place, cell, table, edge)[1]
        for axis in range(3):
            pivots[place, axis] = table[edge, axis] + share * table[edge, 3 + axis]
        for corner in range(4):
            total = 0.0
            for axis in range(3):
                total += (corners[corner + 1, axis, cell] - pivots[place, axis]) ** 2
            to_corners[place, corner] = total


@inner
def _is_beaten(squares: Floats, to_corners: Floats, room: float) -> bool:
    """Whether a pivot is nearer than the edge at every corner."""
    for corner in range(4):  # noqa: SIM110 - compiled, a generator is no faster and not always known
        if not squares[corner + 1] > to_corners[corner] + room:
            return False
    return True


@Loop
def keep(  # noqa: PLR0913, PLR0917 - as above
    corners: Floats,
    bulge_m: Floats,
    radius_m: Floats,
    begins: NDArray[np.int64],
    candidates: NDArray[np.int64],
    table: Floats,
    slack_m: float,
    rounding: float,
    kept: NDArray[np.bool_],
) -> None:
    """Which candidate edges may be nearest in each cell: the twin of `_Builder._kept` for single edges.

    Args:
        corners: for each cell its middle and its four corners, (5, 3, n).
        kept: for each candidate, written.
    """
    pivots, to_corners = np.empty((5, 3)), np.empty((5, 4))
    longest = 0
    for cell in range(len(begins) - 1):
        longest = max(longest, begins[cell + 1] - begins[cell])
    squares = np.empty((longest, 5))
    for cell in range(len(begins) - 1):
        low, high = begins[cell], begins[cell + 1]
        _keep_near(corners, cell, low, high, candidates, table, 2.0 * radius_m[cell] + slack_m, squares, kept)
        _find_pivots(corners, cell, low, high, candidates, table, squares, kept, pivots, to_corners)
        for k in range(low, high):
            if kept[k]:
                for place in range(5):
                    reach = _reach(pivots, place, table, candidates[k])
                    room = 2.0 * bulge_m[cell] * reach + rounding * (reach + 1.0) + slack_m * slack_m
                    if _is_beaten(squares[k - low], to_corners[place], room):
                        kept[k] = False
                        break
