"""Which edges may be nearest: a tree of square cells, each with the few edges that no other edge beats all over it.

The cells are squares of a stereographic plane about the middle of the edges. The tree covers the Earth but for a cap
about the place opposite, whose answers come from all edges. Pruning is exact: the places that are nearer to one place
than to a whole edge are an intersection of half-spaces, so they are convex, and an edge that loses to one place at all
corners of a cell loses to it everywhere in the cell.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import RADIUS_M, Bools, Floats

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

HALF_WIDTH = 8.0
"""Half the root's width, where 1 is the circle 90 degrees from the middle: all within 166 degrees of it."""

NODE_BITS = 4
"""A node has 16 × 16 cells; it is built in four steps of 2 × 2, whose lists shrink as they go."""

DEPTH = 7
"""Levels of nodes; the smallest cells are under a metre wide."""

GRID_BITS = NODE_BITS * DEPTH
NODE_CELLS = 1 << NODE_BITS
LEAF_EDGES = 16
"""A cell with no more candidates is not divided further."""

FAR_M = 300_000.0
FAR_EDGES = 48
"""So many, where the edges are farther off than that."""

SMALL_BITS = 20
SMALL_EDGES = 128
"""So many in a cell of 200 m or less: few places lie in one, and a finely drawn line would make a great many."""

_RUN = 8
"""A run of edges has this many shorter runs: far off, whole runs are pruned together."""

_MOST_RUNS = 64
_MOST_PAIRS = 1 << 17
"""Pairs of a cell and a candidate that are looked at together: a bound on memory."""

_FEW_EDGES = 128
"""A cell whose runs have no more edges is held against the edges themselves."""

_COARSE = 4.0
"""A run whose radius is more than the cell's over this gives way to its shorter runs."""

_CLEAR = 2.0
"""So do all, where they are farther off than so many times the cell's radius: few of their edges are candidates."""


class Index(NamedTuple):
    """The tree as arrays, which can be kept in a file.

    `nodes` (number, 256): a child's number, or -1 less the number of a leaf. The edges of leaf k are
    `edges[begins[k]:begins[k + 1]]`, in ascending order.
    """

    nodes: Ints
    begins: Ints
    edges: Ints


class Ellipsoid(NamedTuple):
    """The ellipsoid in the edges' frame: `radius_m` from the Earth's centre to the middle, which is the z axis."""

    radius_m: float
    form: Floats
    """The symmetric matrix M of x'Mx = 1."""

    def place(self, u: Floats, v: Floats) -> Floats:
        """The places (3, n) on the ellipsoid of places in the stereographic plane."""
        ray = np.array([u, v, np.ones_like(u)])
        m = self.form
        turned = [m[axis, 0] * ray[0] + m[axis, 1] * ray[1] + m[axis, 2] * ray[2] for axis in range(3)]
        reach = 2.0 * self.radius_m * turned[2] / (ray[0] * turned[0] + ray[1] * turned[1] + ray[2] * turned[2])
        return np.array([u * reach, v * reach, reach - self.radius_m])


Keep = Callable[..., None]


def build(start: Floats, along: Floats, ellipsoid: Ellipsoid, keep: Keep | None = None) -> Index:
    """The index of edges from `start` to `start + along`, of shape (3, n) in their own frame.

    Args:
        keep: `kernels.keep`, where it can be had.
    """
    return _Builder(start, along, ellipsoid, keep).build()


def table(start: Floats, along: Floats, ellipsoid: Ellipsoid) -> Floats:
    """For each edge its start, its vector, the inverse square of its length, and four times its sagitta."""
    rows = np.zeros((start.shape[1], 8))
    rows[:, :3], rows[:, 3:6] = start.T, along.T
    square_m2 = along[0] * along[0] + along[1] * along[1] + along[2] * along[2]
    up = ellipsoid.form @ (start + 0.5 * along)
    # Along the edge the ellipsoid's curvature is d'Md / |Mx| over the square of the length.
    rows[:, 6] = 1.0 / square_m2
    rows[:, 7] = (along * (ellipsoid.form @ along)).sum(axis=0) / (2.0 * np.sqrt((up * up).sum(axis=0)))
    return rows


class _Cells(NamedTuple):
    """Cells of one size, each with its candidates: runs `runs[begins[k]:begins[k + 1]]` are those of cell k.

    `address` is where a cell's entries in the nodes begin.
    """

    column: Longs
    row: Longs
    address: Longs
    begins: Longs
    runs: Longs

    @property
    def counts(self) -> Longs:
        """How many candidates each cell has."""
        return np.diff(self.begins)

    def part(self, which: Longs) -> "_Cells":
        """Some of the cells."""
        counts = self.counts[which]
        runs = self.runs[_spread(self.begins[which], counts)]
        return _Cells(self.column[which], self.row[which], self.address[which], _begins(counts), runs)

    def divided(self, block: int) -> "_Cells":
        """Four cells of each, with all its candidates; each has block × block entries of its node."""
        column = (self.column[:, None] * 2 + _RIGHT).ravel()
        row = (self.row[:, None] * 2 + _UP).ravel()
        address = (self.address[:, None] + block * (_RIGHT * NODE_CELLS + _UP)).ravel()
        counts = np.repeat(self.counts, 4)
        runs = self.runs[_spread(np.repeat(self.begins[:-1], 4), counts)]
        return _Cells(column, row, address, _begins(counts), runs)

    def kept(self, which: Bools) -> "_Cells":
        """The same cells with some of their candidates."""
        before = np.concatenate([[0], np.cumsum(which)])
        return self._replace(begins=before[self.begins], runs=self.runs[which])

    def chunks(self, most_pairs: int) -> list["_Cells"]:
        """The cells in batches, each of no more pairs than that once it is divided, or of one cell."""
        number = np.cumsum(self.counts * 4) // most_pairs
        ends = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(self.column)]
        return [self.part(np.arange(low, high)) for low, high in itertools.pairwise(ends)]


_RIGHT, _UP = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def _begins(counts: Longs) -> Longs:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _spread(begins: Longs, counts: Longs) -> Longs:
    """So many numbers from each begin on, one after the other."""
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(begins - (np.cumsum(counts) - counts), counts))


class _Runs:
    """All runs of consecutive edges, the single edges first: a ball about each, and a place of the line in it.

    Run k is made of the runs from `first[k]` on, `number[k]` of them, and of `edges[k]` edges.
    """

    def __init__(self, start: Floats, along: Floats) -> None:
        end = start + along
        low, high, place = np.minimum(start, end), np.maximum(start, end), start
        edges = np.ones(start.shape[1], dtype=np.int64)
        first, number = np.arange(len(edges)), edges
        levels = [(low, high, place, first, number, edges)]
        above = 0
        while len(edges) > _MOST_RUNS:
            begins = np.arange(0, len(edges), _RUN)
            first, number = above + begins, np.diff(begins, append=len(edges))
            above += len(edges)
            low, high = np.minimum.reduceat(low, begins, axis=1), np.maximum.reduceat(high, begins, axis=1)
            place, edges = place[:, begins], np.add.reduceat(edges, begins)
            levels.append((low, high, place, first, number, edges))
        self.top = np.arange(above, above + len(edges))
        lows, highs, places, firsts, numbers, sizes = zip(*levels, strict=True)
        low, high = np.concatenate(lows, axis=1), np.concatenate(highs, axis=1)
        self.centre = (low + high) / 2.0
        self.radius_m = np.sqrt(((high - low) ** 2).sum(axis=0)) / 2.0
        self.place = np.concatenate(places, axis=1)
        self.first, self.number, self.edges = np.concatenate(firsts), np.concatenate(numbers), np.concatenate(sizes)

    def shorter(self, cells: _Cells, which: Bools) -> _Cells:
        """The cells with the next shorter runs in the place of some."""
        first = np.where(which, self.first[cells.runs], cells.runs)
        number = np.where(which, self.number[cells.runs], 1)
        before = np.concatenate([[0], np.cumsum(number)])
        return cells._replace(begins=before[cells.begins], runs=_spread(first, number))


class _Corners(NamedTuple):
    """For each cell its middle and its four corners, (5, 3, n); how far it bulges beyond them; its radius."""

    places: Floats
    bulge_m: Floats
    radius_m: Floats


class _Builder:
    def __init__(self, start: Floats, along: Floats, ellipsoid: Ellipsoid, keep: Keep | None) -> None:
        self._start, self._along, self._ellipsoid = start, along, ellipsoid
        self._inverse_m2 = 1.0 / (along * along).sum(axis=0)
        self._table, self._keep = table(start, along, ellipsoid), keep
        # By so much an edge may be nearer than its chord.
        self._slack_m = float(self._table[:, 7].max()) / 4.0 + ROUNDING
        self._runs = _Runs(start, along)
        self._entries = np.zeros(256, dtype=np.int32)
        self._node_count = 1
        self._leaf_counts: list[Ints] = []
        self._leaf_edges: list[Ints] = []
        self._leaf_count = 0

    def build(self) -> Index:
        zero = np.zeros(1, dtype=np.int64)
        top = self._runs.top
        waiting = [(_Cells(zero, zero, zero, np.array([0, len(top)]), top), 1)]
        while waiting:
            cells, bits = waiting.pop()
            for some in cells.chunks(_MOST_PAIRS):
                waiting.extend((rest, bits + 1) for rest in self._divide(some, bits))
        begins = _begins(np.concatenate(self._leaf_counts)).astype(np.int32)
        nodes = self._entries[: 256 * self._node_count].reshape(-1, 256)
        return Index(nodes, begins, np.concatenate(self._leaf_edges))

    def _divide(self, cells: _Cells, bits: int) -> list[_Cells]:
        """Divide each cell in 2 × 2: leaves are written where they belong; what is left to divide, given back."""
        block = 1 << -bits % NODE_BITS
        fine, coarse = self._pruned(cells.divided(block), bits)
        is_leaf = (fine.counts <= self._enough(fine, bits)) | (bits == GRID_BITS)
        self._write_leaves(fine.part(np.flatnonzero(is_leaf)), block)
        rest = [some for some in (fine.part(np.flatnonzero(~is_leaf)), *coarse) if len(some.column)]
        return rest if block > 1 else [self._with_nodes(some) for some in rest]

    def _enough(self, cells: _Cells, bits: int) -> NDArray[np.intp]:
        """How many candidates are few."""
        middle = self._corners(cells.column, cells.row, bits).places[0]
        away_m = np.sqrt(_squares(middle - self._start[:, cells.runs[cells.begins[:-1]]]))
        return np.where(away_m > FAR_M, FAR_EDGES, SMALL_EDGES if bits >= SMALL_BITS else LEAF_EDGES)

    def _write_leaves(self, cells: _Cells, block: int) -> None:
        number = len(cells.column)
        leaves = -1 - (self._leaf_count + np.arange(number))
        within = (np.arange(block)[:, None] * NODE_CELLS + np.arange(block)).ravel()
        self._entries[cells.address[:, None] + within] = leaves[:, None]
        self._leaf_count += number
        self._leaf_counts.append(cells.counts.astype(np.int32))
        self._leaf_edges.append(cells.runs.astype(np.int32))

    def _with_nodes(self, cells: _Cells) -> _Cells:
        """The cells, each with a new node."""
        numbers = self._node_count + np.arange(len(cells.column))
        self._node_count += len(numbers)
        if 256 * self._node_count > len(self._entries):
            more = np.zeros(max(256 * len(numbers), len(self._entries)), dtype=np.int32)
            self._entries = np.concatenate([self._entries, more])
        self._entries[cells.address] = numbers
        return cells._replace(address=256 * numbers)

    def _pruned(self, cells: _Cells, bits: int) -> tuple[_Cells, list[_Cells]]:
        """The cells without what cannot be nearest in them: those with edges only, and those with runs left."""
        fine, coarse = [], []
        while len(cells.column):
            is_fine = np.maximum.reduceat(cells.runs, cells.begins[:-1]) < len(self._table)
            fine.append(cells.part(np.flatnonzero(is_fine)))
            cells = cells.part(np.flatnonzero(~is_fine))
            if not len(cells.column):
                break
            corners = self._corners(cells.column, cells.row, bits)
            cells = self._near(cells, corners)
            longer = self._too_long(cells, corners, bits)
            is_mixed = np.maximum.reduceat(cells.runs, cells.begins[:-1]) >= len(self._table)
            is_done = is_mixed & ~np.logical_or.reduceat(longer, cells.begins[:-1])
            coarse.append(cells.part(np.flatnonzero(is_done)))
            cells = self._runs.shorter(cells, longer).part(np.flatnonzero(~is_done))
        whole = _together(fine)
        return self._kept(whole, self._corners(whole.column, whole.row, bits)), coarse

    def _too_long(self, cells: _Cells, corners: _Corners, bits: int) -> Bools:
        """Which runs give way to shorter ones."""
        sizes, radius_m = self._runs.edges[cells.runs], self._runs.radius_m[cells.runs]
        owner = np.repeat(np.arange(len(cells.column)), cells.counts)
        few = np.add.reduceat(sizes, cells.begins[:-1]) <= _FEW_EDGES
        least_m = np.minimum.reduceat(self._away_m(corners.places[0], owner, cells.runs), cells.begins[:-1])
        of_cell = few | (least_m > _CLEAR * corners.radius_m) | (bits == GRID_BITS)
        is_run = cells.runs >= len(self._table)
        return np.asarray(is_run & (of_cell[owner] | (radius_m * _COARSE > corners.radius_m[owner])))

    def _corners(self, column: Longs, row: Longs, bits: int) -> _Corners:
        width = 2.0 * HALF_WIDTH / float(1 << bits)
        places = np.empty((5, 3, len(column)))
        for place, (right, up) in enumerate([(0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]):
            u = np.asarray((column + right) * width - HALF_WIDTH, dtype=float)
            v = np.asarray((row + up) * width - HALF_WIDTH, dtype=float)
            places[place] = self._ellipsoid.place(u, v)
        middle, one, two, three, four = places
        across_m2 = np.maximum(((one - three) ** 2).sum(axis=0), ((two - four) ** 2).sum(axis=0))
        # The cap over the corners' circle, a fifth more for the ellipsoid; what is nearly a hemisphere prunes nothing.
        rest_m2 = RADIUS_M**2 - across_m2 / 4.0
        cap_m = RADIUS_M - np.sqrt(np.maximum(rest_m2, 0.0))
        bulge_m = np.where(across_m2 < RADIUS_M**2, 1.2 * cap_m + 1e-6, np.inf)
        radius_m = np.sqrt(((places[1:] - middle) ** 2).sum(axis=1).max(axis=0)) + bulge_m
        return _Corners(places, bulge_m, radius_m)

    def _kept(self, cells: _Cells, corners: _Corners) -> _Cells:
        """The cells without the edges that cannot be nearest in them."""
        if self._keep is not None:
            kept = np.zeros(len(cells.runs), dtype=bool)
            self._keep(*corners, cells.begins, cells.runs, self._table, self._slack_m, ROUNDING, kept)
            return cells.kept(kept)
        owner = np.repeat(np.arange(len(cells.column)), cells.counts)
        away_m = self._to_edges_m(corners.places[0], owner, cells.runs)
        least_m = np.minimum.reduceat(away_m, cells.begins[:-1])
        near = away_m <= (least_m + 2.0 * corners.radius_m + self._slack_m)[owner]
        cells, owner = cells.kept(near), owner[near]
        to_corners_m = [self._to_edges_m(corners.places[k], owner, cells.runs) for k in range(1, 5)]
        pivots = [
            self._foot(cells, corners.places[k], _first_least(cells, measure))
            for k, measure in enumerate([away_m[near], *to_corners_m])
        ]
        return self._unbeaten(cells, corners, pivots, np.array(to_corners_m) ** 2)

    def _near(self, cells: _Cells, corners: _Corners) -> _Cells:
        """The cells without the runs that cannot hold what is nearest in them."""
        owner = np.repeat(np.arange(len(cells.column)), cells.counts)
        upper_m = np.sqrt(_squares(corners.places[0][:, owner] - self._runs.place[:, cells.runs]))
        limit_m = np.minimum.reduceat(upper_m, cells.begins[:-1]) + 2.0 * corners.radius_m + self._slack_m
        near = self._away_m(corners.places[0], owner, cells.runs) <= limit_m[owner]
        cells, owner, upper_m = cells.kept(near), owner[near], upper_m[near]
        pivot = self._runs.place[:, cells.runs[_first_least(cells, upper_m)]]
        away_m2 = np.array([self._away_m(corners.places[k], owner, cells.runs) ** 2 for k in range(1, 5)])
        return self._unbeaten(cells, corners, [pivot], away_m2)

    def _unbeaten(self, cells: _Cells, corners: _Corners, pivots: list[Floats], away_m2: Floats) -> _Cells:
        """The cells without the candidates that are farther from all corners than a pivot is.

        Args:
            away_m2: lower bounds of the squares of their distances to the corners, (4, n).
        """
        owner = np.repeat(np.arange(len(cells.column)), cells.counts)
        centre, radius_m = self._runs.centre[:, cells.runs], self._runs.radius_m[cells.runs]
        beaten = np.zeros(len(owner), dtype=bool)
        for pivot in pivots:
            to_corners_m2 = ((corners.places[1:] - pivot) ** 2).sum(axis=1)
            reach_m = np.sqrt(_squares(centre - pivot[:, owner])) + radius_m
            room = 2.0 * corners.bulge_m[owner] * reach_m + ROUNDING * (reach_m + 1.0) + self._slack_m**2
            beaten |= (away_m2 > to_corners_m2[:, owner] + room).all(axis=0)
        return cells.kept(~beaten)

    def _away_m(self, places: Floats, owner: Longs, runs: Longs) -> Floats:
        """A lower bound of the distances from each cell's place to its candidates."""
        to_centre_m = np.sqrt(_squares(places[:, owner] - self._runs.centre[:, runs]))
        return np.asarray(np.maximum(to_centre_m - self._runs.radius_m[runs], 0.0))

    def _to_edges_m(self, places: Floats, owner: Longs, edges: Longs) -> Floats:
        """The distances from each cell's place to its candidate edges."""
        offset, along = places[:, owner] - self._start[:, edges], self._along[:, edges]
        share = np.clip((offset * along).sum(axis=0) * self._inverse_m2[edges], 0.0, 1.0)
        return np.asarray(np.sqrt(_squares(offset - share * along)))

    def _foot(self, cells: _Cells, places: Floats, which: Longs) -> Floats:
        """For each cell the place of one of its candidate edges that is nearest to a place of the cell."""
        edge = cells.runs[which]
        along = self._along[:, edge]
        share = ((places - self._start[:, edge]) * along).sum(axis=0) * self._inverse_m2[edge]
        return np.asarray(self._start[:, edge] + np.clip(share, 0.0, 1.0) * along)


ROUNDING = 1e-8
"""Room for rounding: of two edges that are equally near, neither is dropped."""


def _together(parts: list[_Cells]) -> _Cells:
    counts = _begins(np.concatenate([part.counts for part in parts]))
    column, row, address = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return _Cells(column, row, address, counts, np.concatenate([part.runs for part in parts]))


def _first_least(cells: _Cells, measure: Floats) -> Longs:
    """For each cell the first of its candidates of least measure, as an index into all."""
    least = np.minimum.reduceat(measure, cells.begins[:-1])
    best = np.flatnonzero(measure == np.repeat(least, cells.counts))
    return np.asarray(best[np.searchsorted(best, cells.begins[:-1])])


def _squares(vectors: Floats) -> Floats:
    return np.asarray((vectors * vectors).sum(axis=0))
