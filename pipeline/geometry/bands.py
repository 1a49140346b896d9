"""Bands along a line: what lies between signed offsets, and between chainages. Offset zones are made of them."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import line as lines
from pipeline.geometry.earth import Bools, Floats, densify
from pipeline.geometry.edges import Edges
from pipeline.geometry.ends import Cut
from pipeline.geometry.line import Line
from pipeline.geometry.places import Places

OUT, UNSURE, IN = -1, 0, 1

FAR_M = 1e9
"""A margin that no radius reaches."""

Spans = list[tuple[float, float]]


class Band:
    """What lies, seen along a line, in one of some intervals of signed offset and in one of some of chainage.

    Args:
        spans: intervals of signed offset in metres, apart from one another.
        stretches: intervals of chainage in metres, likewise; None for the whole line.
    """

    def __init__(self, line: Line, spans: Spans, stretches: Spans | None) -> None:
        self.line, self.spans, self.stretches = line, spans, stretches
        self._held = stretches
        if line.closed and stretches and stretches[-1][1] >= line.length_m:
            # Where a closed line ends it begins: of the two chainages there, `Line` tells the lesser.
            self._held = [(0.0, 0.0), *stretches]
        self.reach_m = max(max(-low, high) for low, high in spans)

    def contains(self, places: Places) -> Bools:
        """Decided by distance, side and chainage; the edges belong to the band, and nothing beyond an open end does."""
        where = places.along(self.line)
        inside = _within(where.offset_m, self.spans)
        if not self.line.closed:
            inside &= where.side != lines.BEYOND
        if self._held is not None:
            inside &= _within(where.chainage_m, self._held)
        return inside

    def seek(self, places: Places) -> None:
        """Find what the band asks of all of some places at once."""
        places.along(self.line)
        if not self.line.closed:
            places.nearest_end_m(self.line)

    def settle(self, places: Places, radius_m: Floats) -> NDArray[np.int8]:
        """Sure by the triangle inequality: no place in the disc is nearer to an edge than the radius allows."""
        where = places.along(self.line)
        away_m = np.abs(where.offset_m)
        depth_m = _depth_m(where.offset_m, self.spans)
        sure_out = away_m - radius_m > self.reach_m
        calm = self._calm(places, away_m, radius_m)
        sure_in = calm & (depth_m > radius_m)
        sure_out |= calm & (depth_m < -radius_m)
        past = np.flatnonzero(~sure_out & (where.side == lines.BEYOND))
        if past.size:
            some, some_m = places.earth[:, past], radius_m[past]
            sure_out[past] = np.logical_or.reduce([end.is_nearest(some, some_m) for end in self.line.ends])
        if self._held is not None:
            within = _within(where.chainage_m, self._held)
            sure_in &= within
            self._keep_apart(places, away_m, radius_m, sure_in, self._outside)
            left_out = ~sure_out & ~within
            self._keep_apart(places, away_m, radius_m, left_out, self._inside)
            sure_out |= left_out
        return np.where(sure_out, OUT, np.where(sure_in, IN, UNSURE)).astype(np.int8)

    def measured(self, places: Places, radius_m: Floats) -> Bools:
        """In which discs every edge is one of offset, so that the margin is the distance to it."""
        where = places.along(self.line)
        away_m = np.abs(where.offset_m)
        calm = self._calm(places, away_m, radius_m)
        if self._held is not None:
            calm &= _within(where.chainage_m, self._held)
            self._keep_apart(places, away_m, radius_m, calm, self._outside)
        return calm

    def _calm(self, places: Places, away_m: Floats, radius_m: Floats) -> Bools:
        """In which discs no place is nearest to an open end: the signed offset changes by no more than the way."""
        calm = np.asarray(places.along(self.line).side != lines.BEYOND)
        if self.line.closed:
            return calm
        doubtful = np.flatnonzero(calm & (places.nearest_end_m(self.line) - radius_m <= away_m + radius_m))
        far_m = away_m[doubtful] + 2.0 * radius_m[doubtful]
        for end in self.line.ends:
            near = doubtful[end.chord_m(places.earth[:, doubtful]) <= far_m]
            calm[near] &= end.is_farther(places.earth[:, near], radius_m[near])
        return calm

    def _keep_apart(self, places: Places, away_m: Floats, radius_m: Floats, kept: Bools, other: Edges | None) -> None:
        """Of some discs, keep those in which no place can be nearest to the other part of the line."""
        some = np.flatnonzero(kept)
        if other is not None and some.size:
            other_m = places.part(some).away(other).away_m
            kept[some] = other_m - radius_m[some] > away_m[some] + radius_m[some]

    @cached_property
    def _inside(self) -> Edges | None:
        return _pieces(self.line, self.stretches or [])

    @cached_property
    def _outside(self) -> Edges | None:
        ends = [0.0, *(end for stretch in self.stretches or [] for end in stretch), self.line.length_m]
        return _pieces(self.line, list(zip(ends[::2], ends[1::2], strict=True)))

    def margin_m(self, places: Places) -> Floats:
        """How deep places lie in the band; negative outside. Near an edge, the distance to it."""
        where = places.along(self.line)
        beyond = where.side == lines.BEYOND
        offset_m = np.where(beyond & where.left, -where.offset_m, where.offset_m)
        depth_m, away_m = _depth_m(offset_m, self.spans), np.abs(offset_m)
        if not self.line.closed:
            # Elsewhere an end is farther than any other edge.
            near = np.flatnonzero(beyond | (places.nearest_end_m(self.line) - away_m < 2.0 * depth_m + 1.0))
            if near.size:
                depth_m[near] = np.minimum(
                    depth_m[near], self._to_ends_m(places.part(near), beyond[near], away_m[near])
                )
        if self._held is not None:
            nearest_m = np.full(away_m.shape, FAR_M)
            for cut in self._cuts:
                square_m = _where_square(np.abs(_ahead_m(places, cut)), _chord_m(places, cut), away_m)
                nearest_m = np.minimum(nearest_m, square_m)
            within = _within(where.chainage_m, self._held)
            depth_m = np.minimum(depth_m, np.where(within, nearest_m, -nearest_m))
        return depth_m

    def _to_ends_m(self, places: Places, beyond: Bools, away_m: Floats) -> Floats:
        """How far before the cuts at the line's ends places lie; negative past them."""
        nearest_m = np.full(away_m.shape, FAR_M)
        for end in self.line.ends:
            ahead_m, end_m = np.abs(end.ahead_m(places.earth)), end.chord_m(places.earth)
            # Past this end, or before it; what lies past the other end is not its business.
            cut_m = np.where(
                beyond, np.where(end_m <= away_m + 1.0, -ahead_m, FAR_M), _where_square(ahead_m, end_m, away_m)
            )
            # What is within half a metre of the end is on the line, though it be past it.
            nearest_m = np.minimum(nearest_m, np.maximum(cut_m, lines.ON_M - end_m))
        return nearest_m

    @cached_property
    def _cuts(self) -> list[Cut]:
        cuts = []
        for low_m, high_m in self.stretches or []:
            if low_m > 0.0 or self.line.closed:
                cuts.append(self.line.cut(low_m, forward=False))
            if high_m < self.line.length_m or self.line.closed:
                cuts.append(self.line.cut(high_m, forward=True))
        return cuts


def joined_spans(spans: Sequence[tuple[float, float]]) -> Spans:
    """The same intervals, with those that meet or overlap made one.

    >>> joined_spans([(3.0, 5.0), (0.0, 3.0), (6.0, 7.0)])
    [(0.0, 5.0), (6.0, 7.0)]
    """
    joined: Spans = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def joined_bands(bands: Sequence[Band]) -> list[Band]:
    """The same bands, with those that meet made one: side by side on one stretch, or end to end on equal offsets."""
    by_stretch: dict[tuple[Line, tuple[tuple[float, float], ...] | None], list[tuple[float, float]]] = {}
    for band in bands:
        key = band.line, None if band.stretches is None else tuple(band.stretches)
        by_stretch.setdefault(key, []).extend(band.spans)
    by_spans: dict[tuple[Line, tuple[tuple[float, float], ...]], list[tuple[float, float]]] = {}
    for (line, stretches), spans in by_stretch.items():
        whole = ((0.0, line.length_m),)
        by_spans.setdefault((line, tuple(joined_spans(spans))), []).extend(stretches or whole)
    return [
        Band(line, list(spans), None if _whole(line, joined_spans(stretches)) else joined_spans(stretches))
        for (line, spans), stretches in by_spans.items()
    ]


def _whole(line: Line, stretches: Spans) -> bool:
    return len(stretches) == 1 and stretches[0][0] <= 0.0 and stretches[0][1] >= line.length_m


def _within(values: Floats, spans: Spans) -> Bools:
    low, high = spans[0]
    inside = (values >= low) & (values <= high)
    for low, high in spans[1:]:
        inside |= (values >= low) & (values <= high)
    return inside


def _depth_m(offset_m: Floats, spans: Spans) -> Floats:
    low, high = spans[0]
    depth_m = np.minimum(offset_m - low, high - offset_m)
    for low, high in spans[1:]:
        depth_m = np.maximum(depth_m, np.minimum(offset_m - low, high - offset_m))
    return depth_m


def _where_square(ahead_m: Floats, cut_m: Floats, away_m: Floats) -> Floats:
    """The distance to a cut that runs square from the line: near it, the line is no nearer than the cut's own foot."""
    return np.maximum(ahead_m, (cut_m - away_m) / 2.0)


def _ahead_m(places: Places, cut: Cut) -> Floats:
    """How far places lie out past a cut, square to it; negative before it."""
    x, y, z = places.earth - cut.place
    out = cut.outwards[:, 0]
    return np.asarray(x * out[0] + y * out[1] + z * out[2])


def _chord_m(places: Places, cut: Cut) -> Floats:
    x, y, z = places.earth - cut.place
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def _pieces(line: Line, stretches: Spans) -> Edges | None:
    """The edges of some stretches of a line; None where nothing is left of it."""
    pieces = [line.piece(max(low, 0.0), min(high, line.length_m)) for low, high in stretches if high - low > 1e-6]
    dense = [np.column_stack(densify(piece[:, 0], piece[:, 1])) for piece in pieces]
    return Edges(dense, line.edges.indexer) if dense else None
