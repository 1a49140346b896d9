"""An open line's end: which discs surely hold no place whose nearest place on the line it is, and which only such."""

from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats

_SAMPLES_M = 50.0 * 2.0 ** (np.arange(26) / 2.0)
"""So far from the end, along the line, are the places that a disc may be nearer to: up to 290 km."""

_SAGITTA_M = 3.0

_MOST_VERTICES = 1_000
"""Of a finer line it costs more to ask all vertices than to look at the few discs that are left open."""

_AT_ONCE = 1 << 19
"""Pairs of a ball and a vertex that are looked at together."""

_LEVEL = 0.001
"""Room for what the ground's bulge does to an angle, by the distance."""


class Cut(NamedTuple):
    """A cut across a line: its place (3, 1) on the line, and the horizontal unit vector (3, 1) that leads out of it."""

    place: Floats
    outwards: Floats


class End:
    """One end of an open line.

    Args:
        cut: the end.
        path: the line's vertices in Earth-centred coordinates, (3, n), from this end on.
    """

    def __init__(self, cut: Cut, path: Floats) -> None:
        self.cut = cut
        way_m = np.cumsum(np.sqrt((np.diff(path, axis=1) ** 2).sum(axis=0)))
        sampled = np.unique(np.minimum(np.searchsorted(way_m, _SAMPLES_M), len(way_m) - 1)) + 1
        apart = path[:, sampled] - cut.place
        self._half_way = cut.place + apart / 2.0
        self._towards = apart / np.sqrt((apart * apart).sum(axis=0))
        self._fan = _fan(cut, path[:, 1:] - cut.place)
        self._bisectors = _Bisectors(path - cut.place) if path.shape[1] <= _MOST_VERTICES else None

    def chord_m(self, earth: Floats) -> Floats:
        """How far places (3, n) are."""
        x, y, z = earth - self.cut.place
        return np.asarray(np.sqrt(x * x + y * y + z * z))

    def ahead_m(self, earth: Floats) -> Floats:
        """How far places lie past the end, square to it; negative before it."""
        return _along(self.cut.outwards[:, 0], earth - self.cut.place)

    def is_farther(self, earth: Floats, radius_m: Floats) -> Bools:
        """In which discs every place is nearer to one and the same place of the line than to the end.

        Nearer to one of two places is what lies on its side of the plane half-way between them.
        """
        nearer = np.zeros(radius_m.shape, dtype=bool)
        for half_way, towards in zip(self._half_way.T, self._towards.T, strict=True):
            nearer |= _along(towards, earth - half_way[:, None]) > radius_m * (1.0 + _LEVEL) + 0.1
        return nearer

    def is_nearest(self, earth: Floats, radius_m: Floats) -> Bools:
        """In which discs every place has the end as its nearest: the line leads away from all of them, or is far."""
        out = earth - self.cut.place
        nearest = np.zeros(radius_m.shape, dtype=bool)
        if self._fan is not None:
            room_m = radius_m * (1.0 + _LEVEL) + _LEVEL * self.chord_m(earth) + 1.0
            nearest = (_along(self._fan[0], out) < -room_m) & (_along(self._fan[1], out) < -room_m)
        if self._bisectors is not None:
            left = np.flatnonzero(~nearest)
            nearest[left] = self._bisectors.keep(out[:, left], radius_m[left])
        return np.asarray(nearest)


class _Bisectors:
    """The planes half-way between a line's end and each place of the line, seen from the end.

    A ball about `out` keeps to the end's side of the one towards `v` where out·v + radius |v| < |v|² / 2. What that
    leaves over bends upwards along an edge, but for the square: so much room do the edges' ends have to leave.

    Args:
        path: the line's vertices from the end on, (3, n), as seen from it.
    """

    def __init__(self, path: Floats) -> None:
        self._ahead = path[:, 1:]
        self._length_m = np.sqrt((self._ahead * self._ahead).sum(axis=0))
        edge_m2 = (np.diff(path, axis=1) ** 2).sum(axis=0)
        # The first edge begins at the end itself, where nothing is left over, and is decided by its direction.
        self._room_m2 = np.concatenate([[0.0], edge_m2[1:] / 8.0])
        self._room_m2 = np.maximum(self._room_m2, np.append(self._room_m2[1:], 0.0))
        self._longest_m = float(np.sqrt(edge_m2.max()))

    def keep(self, out: Floats, radius_m: Floats) -> Bools:
        """Which balls hold only places that are nearer to the end than to any other place of the line."""
        found = np.zeros(radius_m.shape, dtype=bool)
        step = max(1, _AT_ONCE // len(self._length_m))
        for begin in range(0, len(radius_m), step):
            some = slice(begin, begin + step)
            found[some] = self._kept(out[:, some], radius_m[some])
        return found

    def _kept(self, out: Floats, radius_m: Floats) -> Bools:
        away_m = np.sqrt((out * out).sum(axis=0))
        reach_m = 2.0 * (away_m + radius_m).max(initial=0.0) + self._longest_m
        near = self._length_m <= reach_m
        near[0] = True
        ahead, length_m = self._ahead[:, near], self._length_m[near]
        towards = out[0][:, None] * ahead[0] + out[1][:, None] * ahead[1] + out[2][:, None] * ahead[2]
        # A geodesic lies off its chord by no more than a few metres, whichever way the edges were cut.
        slack_m2 = _SAGITTA_M * (away_m[:, None] + radius_m[:, None] + length_m)
        over = towards + radius_m[:, None] * (1.0 + _LEVEL) * length_m - length_m * length_m / 2.0 + slack_m2
        kept = (over < -self._room_m2[near]).all(axis=1)
        return np.asarray(kept & (towards[:, 0] + (radius_m * (1.0 + _LEVEL) + 1.0) * length_m[0] < 0.0))


def _fan(cut: Cut, apart: Floats) -> Floats | None:
    """The two outermost directions (2, 3) in which the line's places lie, seen from its end; None if all round it."""
    up = cut.place[:, 0] / np.sqrt((cut.place * cut.place).sum())
    inwards = -cut.outwards[:, 0]
    across = np.cross(up, inwards)
    turn = np.arctan2(_along(across, apart), _along(inwards, apart))
    if turn.max() - turn.min() > np.pi - 0.01:
        return None
    return np.array([np.cos(end) * inwards + np.sin(end) * across for end in (turn.min(), turn.max())])


def _along(direction: Floats, vectors: Floats) -> Floats:
    return np.asarray(direction[0] * vectors[0] + direction[1] * vectors[1] + direction[2] * vectors[2])
