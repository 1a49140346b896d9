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
"""A node has 16 × 16 cells; it is built in two steps of 4 × 4, whose lists shrink as they go."""

DEPTH = 7
"""Levels of nodes; the smallest cells are under a metre wide."""

GRID_BITS = NODE_BITS * DEPTH
LEAF_EDGES = 16
"""A cell with no more candidates is not divided further."""

FAR_M = 300_000.0
FAR_EDGES = 48
"""So many, where the edges are farther off than that."""

_STEP_BITS = 2
_RUN = 8
"""A run of edges has this many shorter runs: far off, whole runs are pruned together."""
_MOST_RUNS = 64
_MOST_PAIRS = 1 << 17
"""Pairs of a cell and a run that are looked at together: a bound on memory."""
_COARSE = 8.0
_FEW_RUNS = 64
"""With no more runs a cell than this, or in cells up to `_COARSE` times their radius, shorter runs are tried."""


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
    """Cells of one size, each with its candidates: runs `runs[begins[k]:begins[k + 1]]` are those of cell k."""

    column: Longs
    row: Longs
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
        return _Cells(self.column[which], self.row[which], _begins(counts), runs)

    def divided(self) -> "_Cells":
        """Sixteen cells of each, with all its candidates, one cell's sixteen after the other."""
        number, counts = len(self.column), self.counts
        inner = np.tile(np.arange(16), number)
        column = np.repeat(self.column * 4, 16) + inner // 4
        row = np.repeat(self.row * 4, 16) + inner % 4
        of_each = np.repeat(counts, 16)
        runs = self.runs[_spread(np.repeat(self.begins[:-1], 16), of_each)]
        return _Cells(column, row, _begins(of_each), runs)

    def kept(self, which: Bools) -> "_Cells":
        """The same cells with some of their candidates."""
        before = np.concatenate([[0], np.cumsum(which)])
        return _Cells(self.column, self.row, before[self.begins], self.runs[which])

    def chunks(self, most_pairs: int) -> list["_Cells"]:
        """The cells in batches, each of no more pairs than that once it is divided, or of one cell."""
        number = np.cumsum(self.counts * 16) // most_pairs
        ends = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(self.column)]
        return [self.part(np.arange(low, high)) for low, high in itertools.pairwise(ends)]


def _begins(counts: Longs) -> Longs:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _spread(begins: Longs, counts: Longs) -> Longs:
    """So many numbers from each begin on, one after the other."""
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(begins - (np.cumsum(counts) - counts), counts))


class _Runs:
    """Runs of so many consecutive edges: a ball about each, and a place of the line in it."""

    def __init__(self, start: Floats, along: Floats, size: int) -> None:
        self.size, self.edges = size, start.shape[1]
        firsts = np.arange(0, self.edges, size)
        end = start + along
        low = np.minimum(np.minimum.reduceat(start, firsts, axis=1), np.minimum.reduceat(end, firsts, axis=1))
        high = np.maximum(np.maximum.reduceat(start, firsts, axis=1), np.maximum.reduceat(end, firsts, axis=1))
        self.centre = (low + high) / 2.0
        self.radius_m = np.sqrt(((high - low) ** 2).sum(axis=0)) / 2.0
        self.place = start[:, firsts]

    @property
    def number(self) -> int:
        """How many runs there are."""
        return len(self.radius_m)

    def shorter(self, cells: _Cells) -> _Cells:
        """The cells with the runs of the next shorter size in the place of these."""
        most = -(-self.edges // (self.size // _RUN))
        first = cells.runs * _RUN
        number = np.minimum(_RUN, most - first)
        before = np.concatenate([[0], np.cumsum(number)])
        return _Cells(cells.column, cells.row, before[cells.begins], _spread(first, number))


class _Corners(NamedTuple):
    """For each cell its middle and its four corners, (5, 3, n); how far it bulges beyond them; its radius."""

    places: Floats
    bulge_m: Floats
    radius_m: Floats


class _Task(NamedTuple):
    """Cells to divide: where their entries begin, how long the runs are, and the bits of the cells they become."""

    cells: _Cells
    address: Longs
    level: int
    bits: int


class _Builder:
    def __init__(self, start: Floats, along: Floats, ellipsoid: Ellipsoid, keep: Keep | None) -> None:
        self._start, self._along, self._ellipsoid = start, along, ellipsoid
        self._end = start + along
        self._inverse_m2 = 1.0 / (along * along).sum(axis=0)
        self._table, self._keep = table(start, along, ellipsoid), keep
        # By so much an edge may be nearer than its chord.
        self._slack_m = float(self._table[:, 7].max()) / 4.0 + ROUNDING
        self._runs = [_Runs(start, along, 1)]
        while self._runs[-1].number > _MOST_RUNS:
            self._runs.append(_Runs(start, along, self._runs[-1].size * _RUN))
        self._entries = np.zeros(256, dtype=np.int32)
        self._node_count = 1
        self._leaf_counts: list[Longs] = []
        self._leaf_edges: list[Longs] = []
        self._leaf_count = 0

    def build(self) -> Index:
        level = len(self._runs) - 1
        zero = np.zeros(1, dtype=np.int64)
        runs = np.arange(self._runs[level].number)
        waiting = [_Task(_Cells(zero, zero, np.array([0, len(runs)]), runs), zero, level, _STEP_BITS)]
        while waiting:
            task = waiting.pop()
            done = 0
            for cells in task.cells.chunks(_MOST_PAIRS):
                some = slice(done, done + len(cells.column))
                waiting.extend(self._divide(task._replace(cells=cells, address=task.address[some])))
                done = some.stop
        begins = _begins(np.concatenate(self._leaf_counts)).astype(np.int32)
        nodes = self._entries[: 256 * self._node_count].reshape(-1, 256)
        return Index(nodes, begins, np.concatenate(self._leaf_edges).astype(np.int32))

    def _divide(self, task: _Task) -> list[_Task]:
        """Divide each cell in 4 × 4: leaves are written where they belong, the rest is a task of its own."""
        number, bits = len(task.cells.column), task.bits
        cells, level = self._pruned(task.cells.divided(), bits, task.level, to_edges=bits == GRID_BITS)
        is_leaf = np.full(len(cells.column), level == 0) & (
            (cells.counts <= self._enough(cells, bits)) | (bits == GRID_BITS)
        )
        leaves, rest = np.flatnonzero(is_leaf), np.flatnonzero(~is_leaf)
        column, row = np.tile(np.arange(16) // 4, number), np.tile(np.arange(16) % 4, number)
        within = bits % NODE_BITS != 0
        step = 4 if within else 1
        address = np.repeat(task.address, 16) + column * step * 16 + row * step
        if within:  # each is a block of 4 × 4 entries of its node
            block = (np.arange(4)[:, None] * 16 + np.arange(4)).ravel()
            self._entries[address[leaves][:, None] + block] = self._leaves(cells.part(leaves))[:, None]
            below = address[rest]
        else:
            self._entries[address[leaves]] = self._leaves(cells.part(leaves))
            self._entries[address[rest]] = self._node_count + np.arange(len(rest))
            below = 256 * self._new_nodes(len(rest))
        return [_Task(cells.part(rest), below, level, bits + _STEP_BITS)] if len(rest) else []

    def _enough(self, cells: _Cells, bits: int) -> NDArray[np.intp]:
        """How many candidates are few: far from all edges more, where less depends on an answer."""
        middle = self._corners(cells.column, cells.row, bits).places[0]
        away_m = np.sqrt(_squares(middle - self._start[:, cells.runs[cells.begins[:-1]] % len(self._table)]))
        return np.where(away_m > FAR_M, FAR_EDGES, LEAF_EDGES)

    def _new_nodes(self, number: int) -> Longs:
        first = self._node_count
        self._node_count += number
        if 256 * self._node_count > len(self._entries):
            more = np.zeros(max(256 * number, len(self._entries)), dtype=np.int32)
            self._entries = np.concatenate([self._entries, more])
        return first + np.arange(number)

    def _leaves(self, cells: _Cells) -> Ints:
        """Entries for new leaves."""
        number = len(cells.column)
        entries = -1 - (self._leaf_count + np.arange(number))
        self._leaf_count += number
        self._leaf_counts.append(cells.counts)
        self._leaf_edges.append(cells.runs)
        return entries.astype(np.int32)

    def _pruned(self, cells: _Cells, bits: int, level: int, *, to_edges: bool = False) -> tuple[_Cells, int]:
        """The cells without what cannot be nearest in them; and how long the runs are by now."""
        corners = self._corners(cells.column, cells.row, bits)
        cells = self._kept(cells, corners, level)
        while level > 0 and (
            to_edges
            or len(cells.runs) <= _FEW_RUNS * len(cells.column)
            or corners.radius_m.min() < _COARSE * self._runs[level].radius_m.mean()
        ):
            cells, level = self._runs[level].shorter(cells), level - 1
            cells = self._kept(cells, corners, level)
        return cells, level

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

    def _kept(self, cells: _Cells, corners: _Corners, level: int) -> _Cells:
        if level == 0 and self._keep is not None:
            kept = np.zeros(len(cells.runs), dtype=bool)
            self._keep(
                corners.places,
                corners.bulge_m,
                corners.radius_m,
                cells.begins,
                cells.runs,
                self._table,
                self._slack_m,
                ROUNDING,
                kept,
            )
            return cells.kept(kept)
        owner = np.repeat(np.arange(len(cells.column)), cells.counts)
        away_m, upper_m = self._away_m(corners.places[0], owner, cells.runs, level)
        least_m = np.minimum.reduceat(upper_m, cells.begins[:-1])
        near = away_m <= (least_m + 2.0 * corners.radius_m + self._slack_m)[owner]
        cells, owner, upper_m = cells.kept(near), owner[near], upper_m[near]
        away_m2 = np.array([self._away_m(corners.places[k], owner, cells.runs, level)[0] ** 2 for k in range(1, 5)])
        pivots = [self._pivot(cells, corners.places[0], upper_m, level)]
        if level == 0:
            pivots += [self._pivot(cells, corners.places[k], away_m2[k - 1], level) for k in range(1, 5)]
        beaten = np.zeros(len(owner), dtype=bool)
        runs = self._runs[level]
        for pivot in pivots:
            to_corners_m2 = ((corners.places[1:] - pivot) ** 2).sum(axis=1)
            reach_m = np.sqrt(_squares(runs.centre[:, cells.runs] - pivot[:, owner])) + runs.radius_m[cells.runs]
            room = 2.0 * corners.bulge_m[owner] * reach_m + ROUNDING * (reach_m + 1.0) + self._slack_m**2
            beaten |= (away_m2 > to_corners_m2[:, owner] + room).all(axis=0)
        return cells.kept(~beaten)

    def _away_m(self, places: Floats, owner: Longs, runs: Longs, level: int) -> tuple[Floats, Floats]:
        """A lower and an upper bound of the distances from each cell's place to its candidates."""
        if level:
            some = self._runs[level]
            to_centre_m = np.sqrt(_squares(places[:, owner] - some.centre[:, runs]))
            upper_m = np.sqrt(_squares(places[:, owner] - some.place[:, runs]))
            return np.maximum(to_centre_m - some.radius_m[runs], 0.0), upper_m
        offset = places[:, owner] - self._start[:, runs]
        along = self._along[:, runs]
        share = np.clip((offset * along).sum(axis=0) * self._inverse_m2[runs], 0.0, 1.0)
        away_m = np.sqrt(_squares(offset - share * along))
        return away_m, away_m

    def _pivot(self, cells: _Cells, places: Floats, measure: Floats, level: int) -> Floats:
        """For each cell the place of its best candidate that is nearest to a place of the cell."""
        least = np.minimum.reduceat(measure, cells.begins[:-1])
        best = np.flatnonzero(measure == np.repeat(least, cells.counts))
        first = best[np.searchsorted(best, cells.begins[:-1])]
        run = cells.runs[first]
        if level:
            return np.asarray(self._runs[level].place[:, run])
        along = self._along[:, run]
        share = ((places - self._start[:, run]) * along).sum(axis=0) * self._inverse_m2[run]
        return np.asarray(self._start[:, run] + np.clip(share, 0.0, 1.0) * along)


ROUNDING = 1e-8
"""Room for rounding: of two edges that are equally near, neither is dropped."""


def _squares(vectors: Floats) -> Floats:
    return np.asarray((vectors * vectors).sum(axis=0))
