"""Exchanges of fire, and how far along the line a day's fire spreads: two plain companions of the chart."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats

Integers = NDArray[np.int64]

WITHIN_US = 3_600_000_000
WITHIN_M = 10_000.0
HELD_SHARE = 0.9
FEWEST = 5
"""Of fewer events no width is told: that of two says nothing."""

_AT_ONCE = 1_000


class Spread(NamedTuple):
    """How far a day's events spread along a line, beside the days before.

    Attributes:
        width_m: of the shortest interval of chainage with nine in ten of them; None of fewer than `FEWEST`.
        usual_width_m: the median of the days before; None where none of them has a width.
        chance: of a day at least as wide, were it like the days before: its rank among them (P. Hall, D. M.
            Titterington, 1989, for ranks as chances); 1 where there is nothing to compare.
    """

    width_m: float | None
    usual_width_m: float | None
    chance: float


def answered(time_us: Integers, chainage_m: Floats, side: Integers) -> Bools:
    """Which events have one of the other side of the line within an hour and 10 km along it, before or after.

    Args:
        side: −1 left of the line, 1 right of it; 0, on it or not known, answers nothing.
    """
    order = np.argsort(time_us, kind="stable")
    time, place, half = time_us[order], chainage_m[order], side[order]
    first = np.searchsorted(time, time - WITHIN_US, side="left")
    until = np.searchsorted(time, time + WITHIN_US, side="right")
    found = np.zeros(len(time), dtype=bool)
    for begin in range(0, len(time), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        near = slice(int(first[some][0]), int(until[some][-1]))
        # Those of the slice that are too early or too late for one of them are near enough for another.
        soon = np.abs(time[near] - time[some, None]) <= WITHIN_US
        close = np.abs(place[near] - place[some, None]) <= WITHIN_M
        found[some] = (soon & close & (half[near] * half[some, None] < 0)).any(axis=1)
    result = np.zeros(len(time), dtype=bool)
    result[order] = found
    return result


def exchanges(time_us: Integers, chainage_m: Floats, side: Integers) -> NDArray[np.intp]:
    """The events with which exchanges of fire begin, in order of time: so many exchanges there are.

    An exchange takes up at most an hour and 10 km to either side of the event that begins it. Fire that goes on for six
    hours, or along 40 km, is several: the number grows with how long and how wide it is. Equal events count as one, and
    the order in which they are given changes only which of several equal ones is named.

    >>> hour = 3_600_000_000
    >>> exchanges(np.array([0, hour // 2, 5 * hour]), np.array([0.0, 900.0, 0.0]), np.array([-1, 1, 1])).tolist()
    [0]
    """
    rows = np.flatnonzero(answered(time_us, chainage_m, side))
    rows = rows[np.lexsort((side[rows], chainage_m[rows], time_us[rows]))]
    lately: deque[tuple[int, float]] = deque()
    begun = []
    for row, time, place in zip(rows.tolist(), time_us[rows].tolist(), chainage_m[rows].tolist(), strict=True):
        while lately and time - lately[0][0] > WITHIN_US:
            lately.popleft()
        if all(abs(place - other) > WITHIN_M for _, other in lately):
            lately.append((time, place))
            begun.append(row)
    return np.array(begun, dtype=np.intp)


def width_m(chainage_m: Floats) -> float | None:
    """The length of the shortest interval of chainage with nine in ten of the events.

    >>> width_m(np.array([10.0, 0.0, 30.0, 20.0, 40.0, 50.0, 60.0, 70.0, 80.0, 9_000.0]))
    80.0
    """
    if len(chainage_m) < FEWEST:
        return None
    place = np.sort(chainage_m)
    # In tenths, as 0.9 times a number may come out a hair above a whole one.
    held = -(-len(place) * round(HELD_SHARE * 10) // 10)
    return float((place[held - 1 :] - place[: len(place) - held + 1]).min())


def spread(chainage_m: Floats, widths_before_m: Sequence[float | None]) -> Spread:
    """A day's spread, beside the widths of the days before it.

    >>> spread(np.arange(10) * 1_000.0, [2_000.0, None, 3_000.0, 9_000.0])
    Spread(width_m=8000.0, usual_width_m=3000.0, chance=0.5)
    """
    width = width_m(chainage_m)
    before = [one for one in widths_before_m if one is not None]
    usual = float(np.median(before)) if before else None
    if width is None or not before:
        return Spread(width, usual, 1.0)
    return Spread(width, usual, (1 + sum(one >= width for one in before)) / (1 + len(before)))
