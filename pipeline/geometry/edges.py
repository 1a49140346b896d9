"""Oriented edges on the ellipsoid, and which of them a place is nearest to.

An edge is a chord of at most `MAX_EDGE_M` between two places of the ellipsoid, put back on its geodesic by its sagitta.
`docs/geometry.md` defines the answers; this is the one place that computes them, for lines and for rings of polygons.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from types import ModuleType
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import index as tree
from pipeline.geometry.earth import CHUNK, GEOD, RADIUS_M, Bools, Floats, to_earth
from pipeline.geometry.index import Ellipsoid, Index
from pipeline.geometry.touching import Touching, touching

Ints = NDArray[np.int32]

PLAIN_PAIRS = 20_000_000
"""Until so many pairs of a place and an edge were asked for, looking at all is quicker than to make an index."""

KNOWN_PAIRS = 1_000_000
"""From so many on, an index that was kept is worth its reading."""

MANY_PLACES = 200_000
"""From so many on, the compiled loops are worth the half second that it takes to get them."""

_PLAIN_AT_ONCE = 1 << 16
_PAST_M = 1e-3


class Nearest(NamedTuple):
    """For each place: the nearest edge, the share along it, the chord to it, the side (left positive), past an end."""

    edge: Ints
    share: Floats
    chord_m: Floats
    left: Bools
    beyond: Bools


class Indexer(Protocol):
    """Where the index of edges comes from, if it is not made anew: something that keeps it."""

    def known(self, edges: "Edges") -> Index | None:
        """One that was kept, if there is one: quick."""

    def __call__(self, edges: "Edges") -> Index:
        """That one, or a new one."""


class Edges:
    """The edges of some paths: of a line, or of the rings of a polygon.

    Args:
        paths: arrays of longitude and latitude, of shape (n, 2), with no two equal neighbours and no edge longer than
            `MAX_EDGE_M`; one that ends where it begins is closed.
        indexer: where the index comes from, when it is first needed; without one, it is made.
    """

    def __init__(self, paths: Sequence[Floats], indexer: Indexer | None = None) -> None:
        self.indexer = indexer
        self._asked = self._places = 0
        earth = [to_earth(path[:, 0], path[:, 1]) for path in paths]
        self._to_frame, self.ellipsoid = _frame(np.concatenate(earth, axis=1))
        turned = [_turned(self._to_frame, places) for places in earth]
        self.start = np.concatenate([places[:, :-1] for places in turned], axis=1)
        self.along = np.concatenate([np.diff(places, axis=1) for places in turned], axis=1)
        self.closed = [bool((path[0] == path[-1]).all()) for path in paths]
        self.counts = [len(path) - 1 for path in paths]
        self._table = tree.table(self.start, self.along, self.ellipsoid)
        self._square_m2 = (self.along * self.along).sum(axis=0)
        self._left = self._lefts()
        self._before, self._after = self._neighbours()
        self._is_first, self._is_last = (at == np.arange(len(self)) for at in (self._before, self._after))
        # What decides the side, at an edge's start, along it, and at its end.
        at_start, at_end = self._left[:, self._before] + self._left, self._left + self._left[:, self._after]
        self._facing = np.ascontiguousarray(np.stack([at_start, self._left, at_end]).transpose(2, 0, 1))
        self._touching: Touching | None = touching(paths)

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def index(self) -> Index:
        """The tree of candidates, made or fetched when it is first asked for."""
        return build_index(self) if self.indexer is None else self.indexer(self)

    def _pays(self, number: int) -> bool:
        """Whether to go by the index for so many more places: it is there, or all that was asked is worth having it."""
        self._places += number
        before, self._asked = self._asked, self._asked + number * len(self)
        if "index" in self.__dict__ or self._asked > PLAIN_PAIRS:
            return True
        if self.indexer is not None and before <= KNOWN_PAIRS < self._asked:
            known = self.indexer.known(self)
            if known is not None:
                self.index = known
        return "index" in self.__dict__

    def nearest(self, earth: Floats) -> Nearest:
        """The nearest of all edges to each Earth-centred place (3, n); of two that are equally near, the earlier."""
        number = earth.shape[1]
        found = Nearest(
            np.empty(number, dtype=np.int32),
            np.empty(number),
            np.empty(number),
            np.empty(number, dtype=bool),
            np.empty(number, dtype=bool),
        )
        plain = not self._pays(number)
        for begin in range(0, number, CHUNK):
            part = slice(begin, begin + CHUNK)
            places = _turned(self._to_frame, earth[:, part])
            edge, share, square = self._plain(places) if plain else self._indexed(places)
            piece = self._finished(places, edge, share, square)
            found.edge[part], found.share[part], found.chord_m[part] = piece.edge, piece.share, piece.chord_m
            found.left[part], found.beyond[part] = piece.left, piece.beyond
        return found

    def _plain(self, places: Floats) -> tuple[Ints, Floats, Floats]:
        """By looking at every edge."""
        number = places.shape[1]
        edge, share, square = np.empty(number, dtype=np.int32), np.empty(number), np.empty(number)
        step = max(1, _PLAIN_AT_ONCE // len(self))
        for begin in range(0, number, step):
            part = slice(begin, begin + step)
            some = places[:, part]
            at = np.arange(some.shape[1])
            shares, squares = _against(
                some[:, :, None], self.start[:, None, :], self.along[:, None, :], *self._table[:, 6:].T
            )
            edge[part] = squares.argmin(axis=1)
            share[part], square[part] = shares[at, edge[part]], squares[at, edge[part]]
        return edge, share, square

    def _indexed(self, places: Floats) -> tuple[Ints, Floats, Floats]:
        """By the tree."""
        number = places.shape[1]
        edge, share, square = np.empty(number, dtype=np.int32), np.empty(number), np.empty(number)
        loop = self._loops()
        if loop is not None:
            loop.nearest(
                places,
                self.ellipsoid.radius_m,
                tree.HALF_WIDTH,
                tree.GRID_BITS,
                *self.index,
                self._table,
                edge,
                share,
                square,
            )
        else:
            self._descend(places, edge, share, square)
        off = np.flatnonzero(edge < 0)
        if len(off):
            edge[off], share[off], square[off] = self._plain(places[:, off])
        return edge, share, square

    def _descend(self, places: Floats, edge: Ints, share: Floats, square: Floats) -> None:
        """The twin of `kernels.nearest`."""
        nodes, begins, candidates = self.index
        leaf = _leaves(places, self.ellipsoid.radius_m, nodes)
        edge[leaf < 0] = -1
        active = np.flatnonzero(leaf >= 0)
        at, last = begins[leaf[active]], begins[leaf[active] + 1]
        square[active] = np.inf
        while len(active):
            tried = candidates[at]
            row = self._table[tried].T
            shares, squares = _against(places[:, active], row[:3], row[3:6], row[6], row[7])
            better = squares < square[active]
            won = active[better]
            edge[won], share[won], square[won] = tried[better], shares[better], squares[better]
            at = at + 1
            more = at < last
            active, at, last = active[more], at[more], last[more]

    def _finished(self, places: Floats, edge: Ints, share: Floats, square: Floats) -> Nearest:
        """The place on the geodesic, the chord to it, and the side, decided by the bisector at a vertex."""
        loop = self._loops()
        chord_m, left = np.empty(len(edge)), np.empty(len(edge), dtype=bool)
        if loop is not None:
            loop.finish(places, edge, RADIUS_M, self._table, self._facing, share, square, chord_m, left)
        else:
            share, chord_m, left = self._foot(places, edge, share, square)
        at_start, at_end = share == 0.0, share == 1.0
        found = Nearest(edge, share, chord_m, left, self._past(places, edge, at_start, at_end))
        return found if self._touching is None else self._touched(found, places)

    def _foot(self, places: Floats, edge: Ints, share: Floats, square: Floats) -> tuple[Floats, Floats, Bools]:
        """The twin of `kernels.finish`."""
        # A place far off sees the chord foreshortened: the foot is where its meridian on the edge's great circle is.
        inner = (share > 0.0) & (share < 1.0)
        foreshortened = np.maximum(1.0 - square / (2.0 * RADIUS_M * RADIUS_M), 0.5)
        share = np.where(inner, 0.5 + (share - 0.5) / foreshortened, share)
        share = np.minimum(np.maximum(share, 0.0), 1.0) + 0.0  # which makes nought of minus nought
        row = self._table[edge].T
        foot = [row[k] + share * row[k + 3] for k in range(3)]
        x, y, z = (places[k] - foot[k] for k in range(3))
        sagitta_m = share * (1.0 - share) * row[7]
        # By the length as it is here: of two metres the mean radius would make two millimetres too many.
        away = np.sqrt(foot[0] * foot[0] + foot[1] * foot[1] + foot[2] * foot[2])
        dip = (x * foot[0] + y * foot[1] + z * foot[2]) / away
        chord_m2 = x * x + y * y + z * z + sagitta_m * (sagitta_m - 2.0 * dip)
        facing = self._facing[edge, np.where(share == 0.0, 0, np.where(share == 1.0, 2, 1))].T
        left = x * facing[0] + y * facing[1] + z * facing[2] >= 0.0
        return share, np.sqrt(np.maximum(chord_m2, 0.0)), left

    def _loops(self) -> ModuleType | None:
        """The compiled loops, where they are worth getting."""
        return kernels() if self._places > MANY_PLACES else None

    def _past(self, places: Floats, edge: Ints, at_start: Bools, at_end: Bools) -> Bools:
        """Which places lie past the end of a path that is not closed."""
        past = np.zeros(edge.shape, dtype=bool)
        for at, is_end, share in ((at_start, self._is_first, 0.0), (at_end, self._is_last, 1.0)):
            some = np.flatnonzero(at & is_end[edge])
            if some.size:
                ends, tangent = edge[some], self._tangents(share)[:, edge[some]]
                rest = places[:, some] - (self.start[:, ends] + share * self.along[:, ends])
                ahead_m = tangent[0] * rest[0] + tangent[1] * rest[1] + tangent[2] * rest[2]
                past[some] = (ahead_m > _PAST_M) if share else (ahead_m < -_PAST_M)
        return past

    def _touched(self, found: Nearest, places: Floats) -> Nearest:
        """Where paths touch, the pass decides whose edge is angularly the nearest: the place lies between its edges."""
        assert self._touching is not None
        group = np.where(
            found.share == 0.0,
            self._touching.of_start[found.edge],
            np.where(found.share == 1.0, self._touching.of_end[found.edge], -1),
        )
        for number in np.unique(group[group >= 0]).tolist():
            passes = self._touching.groups[number]
            some = np.flatnonzero(group == number)
            edge = found.edge[some]
            rest = places[:, some] - (self.start[:, edge] + found.share[some] * self.along[:, edge])
            chosen = np.array([self._towards(passing, rest) for passing in passes]).argmax(axis=0)
            before, after = np.array(passes, dtype=np.int32)[chosen].T
            found.edge[some], found.share[some] = np.where(after >= 0, after, before), np.where(after >= 0, 0.0, 1.0)
            facing = self._left[:, before] * (before >= 0) + self._left[:, after] * (after >= 0)
            found.left[some] = (rest * facing).sum(axis=0) >= 0.0
            found.beyond[some] = self._past(places[:, some], found.edge[some], after >= 0, after < 0)
        return found

    def _towards(self, passing: tuple[int, int], rest: Floats) -> Floats:
        """How much one edge or the other of a pass points the way that places lie."""
        cosines = [
            sign * (self.along[:, edge, None] * rest).sum(axis=0) / np.sqrt(self._square_m2[edge])
            for sign, edge in zip((-1.0, 1.0), passing, strict=True)
            if edge >= 0
        ]
        return np.asarray(np.maximum.reduce(cosines))

    def _lefts(self) -> Floats:
        """The horizontal unit vector to the left of each edge."""
        left = np.cross(_normals(self.ellipsoid, self.start + 0.5 * self.along).T, self.along.T).T
        return np.asarray(left / np.sqrt((left * left).sum(axis=0)))

    @cache  # noqa: B019 - two answers for each object, which lives as long as its agreement
    def _tangents(self, share: float) -> Floats:
        """The horizontal unit vector along each edge, at its start or its end."""
        up = _normals(self.ellipsoid, self.start + share * self.along)
        along = self.along - (self.along * up).sum(axis=0) * up
        return np.asarray(along / np.sqrt((along * along).sum(axis=0)))

    def ball(self) -> tuple[Floats, float]:
        """The centre (3, 1), in Earth-centred coordinates, and the radius of a ball that holds all edges."""
        corners = np.concatenate([self.start, self.start + self.along], axis=1)
        middle = (corners.min(axis=1) + corners.max(axis=1))[:, None] / 2.0
        reach_m = np.sqrt(((corners - middle) ** 2).sum(axis=0).max())
        return self._to_frame.T @ middle, float(reach_m)

    def tangent(self, edge: int, share: float) -> Floats:
        """The horizontal unit vector (3, 1) along an edge, at a share of it, in Earth-centred coordinates."""
        place, along = (self.start + share * self.along)[:, [edge]], self.along[:, [edge]]
        up = _normals(self.ellipsoid, place)
        along = along - (along * up).sum(axis=0) * up
        return np.asarray(self._to_frame.T @ (along / np.sqrt((along * along).sum())))

    def _neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The edges before and after each on its path; an open path's first and last have themselves."""
        before, after = np.arange(len(self)) - 1, np.arange(len(self)) + 1
        first = 0
        for count, closed in zip(self.counts, self.closed, strict=True):
            last = first + count - 1
            before[first], after[last] = (last, first) if closed else (first, last)
            first += count
        return before, after


def build_index(edges: Edges) -> Index:
    """The index, made anew."""
    loop = kernels()
    return tree.build(edges.start, edges.along, edges.ellipsoid, None if loop is None else loop.keep)


@cache
def kernels() -> ModuleType | None:
    """The compiled loops; None where numba is not installed."""
    try:
        from pipeline.geometry import kernels as compiled
    except ImportError:
        return None
    return compiled


def _frame(earth: Floats) -> tuple[Floats, Ellipsoid]:
    """Axes about the middle of some places, the third one up, and the ellipsoid as it is seen from there."""
    middle = (earth.min(axis=1) + earth.max(axis=1)) / 2.0
    if np.sqrt((middle * middle).sum()) < RADIUS_M / 100.0:
        middle = earth[:, 0]  # edges all round the Earth: any middle will do
    up = middle / np.sqrt((middle * middle).sum())
    aside = np.eye(3)[np.argmin(np.abs(up))]
    east = np.cross(aside, up)
    east /= np.sqrt((east * east).sum())
    axes = np.array([east, np.cross(up, east), up])
    shape = np.array([1.0 / GEOD.a**2, 1.0 / GEOD.a**2, 1.0 / GEOD.b**2])
    form = (axes * shape) @ axes.T
    return axes, Ellipsoid(float(1.0 / np.sqrt(form[2, 2])), form)


def _turned(axes: Floats, earth: Floats) -> Floats:
    x, y, z = earth
    return np.array([axis[0] * x + axis[1] * y + axis[2] * z for axis in axes])


def _normals(ellipsoid: Ellipsoid, places: Floats) -> Floats:
    normals = ellipsoid.form @ places
    return np.asarray(normals / np.sqrt((normals * normals).sum(axis=0)))


def _against(
    places: Floats, start: Floats, along: Floats, inverse_m2: Floats, sagitta_m: Floats
) -> tuple[Floats, Floats]:
    """Unclamped shares along edges, and squares of the distances to them; for places far off, a little more or less."""
    x, y, z = places[0] - start[0], places[1] - start[1], places[2] - start[2]
    share = (x * along[0] + y * along[1] + z * along[2]) * inverse_m2
    held = np.minimum(np.maximum(share, 0.0), 1.0)
    x -= held * along[0]
    y -= held * along[1]
    z -= held * along[2]
    sagitta = held * (1.0 - held) * sagitta_m
    return share, x * x + y * y + z * z - sagitta * sagitta


def _leaves(places: Floats, radius_m: float, nodes: Ints) -> NDArray[np.intp]:
    """The leaf of each place; -1 where the tree does not reach."""
    cells = float(1 << tree.GRID_BITS)
    scale = cells / (2.0 * tree.HALF_WIDTH)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = places[2] + radius_m
        u = (places[0] / below + tree.HALF_WIDTH) * scale
        v = (places[1] / below + tree.HALF_WIDTH) * scale
    inside = (u >= 0.0) & (u < cells) & (v >= 0.0) & (v < cells)
    column, row = np.where(inside, u, 0.0).astype(np.int64), np.where(inside, v, 0.0).astype(np.int64)
    entry = np.zeros(len(column), dtype=np.int32)
    shift = tree.GRID_BITS
    active = np.arange(len(column))
    while len(active):
        shift -= tree.NODE_BITS
        slot = ((column[active] >> shift) & 15) * 16 + ((row[active] >> shift) & 15)
        entry[active] = nodes[entry[active], slot]
        active = active[entry[active] >= 0]
    return np.where(inside, -1 - entry, -1)
