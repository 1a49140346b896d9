"""Paths that touch themselves or one another: a common vertex where they do, and what is no touching but a crossing."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats

TOUCH_M = 0.01
"""Nearer than a centimetre, a vertex lies on an edge."""

TIP_M = 2.0
"""Where a path turns sharply, the arms lie that near one another for a while: that is no touching."""

_APART_M = 1e9
"""From one path to the next: no way leads there."""

Pass = tuple[int, int]
"""The edges before and after a vertex, on one of the times that a path comes there; -1 where it begins or ends."""


class Touching(NamedTuple):
    """Vertices that a path passes more than once, or that several paths share.

    Attributes:
        of_start, of_end: for each edge the number of the group that its start or end belongs to, or -1.
        groups: the passes through each.
    """

    of_start: NDArray[np.int32]
    of_end: NDArray[np.int32]
    groups: list[list[Pass]]


def touching(paths: Sequence[Floats]) -> Touching | None:
    """The vertices that are passed more than once; None where there are none.

    Args:
        paths: arrays of shape (n, 2); two vertices are one only where they are equal.
    """
    edges = sum(len(path) - 1 for path in paths)
    place, before, after = (np.concatenate(parts) for parts in zip(*_passes(paths), strict=True))
    _, name, count = np.unique(place, return_inverse=True, return_counts=True)
    if count.max() < 2:
        return None
    of_start, of_end = np.full(edges, -1, dtype=np.int32), np.full(edges, -1, dtype=np.int32)
    groups: dict[int, list[Pass]] = {}
    for at in np.flatnonzero(count[name] > 1).tolist():
        groups.setdefault(int(name[at]), []).append((int(before[at]), int(after[at])))
    for number, several in enumerate(groups.values()):
        for passing in several:
            if passing[0] >= 0:
                of_end[passing[0]] = number
            if passing[1] >= 0:
                of_start[passing[1]] = number
    return Touching(of_start, of_end, list(groups.values()))


def _passes(paths: Sequence[Floats]) -> Iterator[tuple[NDArray[np.complex128], NDArray[np.intp], NDArray[np.intp]]]:
    """For each path its passes: where, the edge before and the edge after."""
    first = 0
    for path in paths:
        last = first + len(path) - 2
        place = path[:, 0] % 360.0 + 1j * path[:, 1]
        before, after = np.arange(first - 1, last + 1), np.arange(first, last + 2)
        if (path[0] == path[-1]).all():
            before[0] = last
            yield place[:-1], before[:-1], after[:-1]
        else:
            before[0] = after[-1] = -1
            yield place, before, after
        first = last + 1


class CrossingError(ValueError):
    """A path crosses or runs over itself or another; `args` are x and y of where."""


def noded(paths: Sequence[Floats]) -> list[Floats]:
    """The same paths in a plane, with a common vertex wherever a vertex lies on another edge.

    Args:
        paths: arrays of x and y in metres, of shape (n, 2).

    Raises:
        CrossingError: two edges cross, or lie on one another.
    """
    start = np.concatenate([path[:-1] for path in paths])
    end = np.concatenate([path[1:] for path in paths])
    _refuse_turning_back(paths)
    length_m = np.hypot(*(end - start).T)
    apart_m = np.repeat(np.arange(len(paths)) * _APART_M, [len(path) - 1 for path in paths])
    chainage_m = np.cumsum(length_m) - length_m + apart_m
    edges = np.asarray(shapely.linestrings(np.stack([start, end], axis=1)))
    one, other = shapely.STRtree(edges).query(edges, predicate="dwithin", distance=TOUCH_M)
    apart = (one < other) & ~_share_a_vertex(start, end, one, other)
    cuts: dict[int, list[Floats]] = {}
    same: dict[tuple[float, float], Floats] = {}
    for first, second in zip(one[apart].tolist(), other[apart].tolist(), strict=True):
        touched = [
            (edge, corner, at_m)
            for edge, by in ((first, second), (second, first))
            for corner, at_m in ((start[by], chainage_m[by]), (end[by], chainage_m[by] + length_m[by]))
            if _foot(corner, start[edge], end[edge])[0] <= TOUCH_M
        ]
        if not touched:
            raise CrossingError(*_meeting(edges[first], edges[second]))
        for edge, corner, at_m in touched:
            foot_m = chainage_m[edge] + _foot(corner, start[edge], end[edge])[1] * length_m[edge]
            if abs(at_m - foot_m) <= TIP_M:
                continue
            near = [there for there in (start[edge], end[edge]) if np.hypot(*(there - corner)) <= TOUCH_M]
            if near:
                same[tuple(corner)] = same.get(tuple(near[0]), near[0])
            else:
                cuts.setdefault(edge, []).append(corner)
    made = _with_cuts(paths, cuts, same) if cuts or same else list(paths)
    _refuse_crossing(made)
    return made


def _share_a_vertex(start: Floats, end: Floats, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.asarray(
        (start[one] == end[other]).all(axis=1)
        | (end[one] == start[other]).all(axis=1)
        | (start[one] == start[other]).all(axis=1)
        | (end[one] == end[other]).all(axis=1)
    )


def _foot(place: Floats, start: Floats, end: Floats) -> tuple[float, float]:
    """How far a place is from an edge, and the share of the edge at which that is."""
    along = end - start
    share = float(np.clip((place - start) @ along / (along @ along), 0.0, 1.0))
    return float(np.hypot(*(place - start - share * along))), share


def _meeting(one: shapely.LineString, other: shapely.LineString) -> tuple[float, float]:
    place = shapely.shortest_line(one, other).coords[0]
    return float(place[0]), float(place[1])


def _with_cuts(
    paths: Sequence[Floats], cuts: dict[int, list[Floats]], same: dict[tuple[float, float], Floats]
) -> list[Floats]:
    made = []
    first = 0
    for path in paths:
        corners: list[Floats] = []
        for number, (begin, end) in enumerate(itertools.pairwise(path), start=first):
            corners.append(begin)
            corners.extend(sorted(cuts.get(number, ()), key=lambda cut: float((cut - begin) @ (end - begin))))
        corners.append(path[-1])
        moved = np.array([same.get((float(x), float(y)), (x, y)) for x, y in corners], dtype=float)
        made.append(moved[np.concatenate([[True], (np.diff(moved, axis=0) != 0.0).any(axis=1)])])
        first += len(path) - 1
    return made


def _refuse_turning_back(paths: Sequence[Floats]) -> None:
    """An edge that lies on the one before it gives no place between them a side."""
    for path in paths:
        along = np.diff(path, axis=0)
        if (path[0] == path[-1]).all():
            along = np.concatenate([along, along[:1]])
        ahead = along / np.hypot(along[:, :1], along[:, 1:])
        turn = ahead[:-1, 0] * ahead[1:, 1] - ahead[:-1, 1] * ahead[1:, 0]
        back = ((ahead[:-1] * ahead[1:]).sum(axis=1) < 0.0) & (np.abs(turn) < 1e-9)
        if back.any():
            raise CrossingError(*path[int(np.argmax(back)) + 1].tolist())


def _refuse_crossing(paths: Sequence[Floats]) -> None:
    """Two passes through a vertex cross where the edges of one lie on either side of the other."""
    found = _touching_plane(paths)
    if found is None:
        return
    start = np.concatenate([path[:-1] for path in paths])
    along = np.concatenate([np.diff(path, axis=0) for path in paths])
    for several in found.groups:
        corner = next(start[after] if after >= 0 else start[before] + along[before] for before, after in several)
        for one, other in itertools.combinations(several, 2):
            angles = [
                np.arctan2(*(sign * along[edge])[::-1])
                for before, after in (one, other)
                for sign, edge in ((-1.0, before), (1.0, after))
                if edge >= 0
            ]
            if _overlap(angles):
                raise CrossingError(*corner.tolist())
            if len(angles) == 4 and _between(angles[0], angles[1], angles[2]) != _between(
                angles[0], angles[1], angles[3]
            ):
                raise CrossingError(*corner.tolist())


def _touching_plane(paths: Sequence[Floats]) -> Touching | None:
    """`touching`, for metres instead of degrees."""
    widest = max(float(np.abs(path[:, 0]).max()) for path in paths) + 1.0
    return touching([path * (90.0 / widest, 1.0) for path in paths])


def _overlap(angles: list[float]) -> bool:
    turns = np.diff(np.sort(np.asarray(angles)))
    return bool((turns < 1e-9).any() or (angles and (max(angles) - min(angles)) > 2.0 * np.pi - 1e-9))


def _between(low: float, high: float, angle: float) -> bool:
    """Whether a direction lies in the turn from one to another, anticlockwise."""
    return (angle - low) % (2.0 * np.pi) < (high - low) % (2.0 * np.pi)
