"""The sweep over pairs, compiled. Importing this needs numba; without it, numpy does the same (`pairs`).

Every term is rounded to thousandths before it is added, so that both give the same sums.
"""

from math import log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import Loop, inner
from pipeline.monitor.fuse.sights import (
    ALIKE,
    BEGIN,
    COPY,
    COUNT,
    COUNTED,
    END,
    EX,
    EY,
    EZ,
    KEY,
    LASTS,
    NX,
    NY,
    NZ,
    OBSERVER,
    RATE,
    REACH_M,
    REACH_S,
    TERM,
    TIER,
    VC,
    VEE,
    VEN,
    VNN,
    VT,
    WEAPONS,
    WHOLE,
    WORDS,
    X,
    Y,
    Z,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_TWO_PI = 2.0 * pi
_KM2, _MINUTE = 1e6, 60.0
_HOPELESS = 120.0
"""The square of a difference in time, by its variance, that takes 60 from the weight: twice what all else gives."""


@inner
def _rounded(weight: float) -> int:
    return int(np.rint(weight * 1000.0))


@inner
def _place(table: Floats, i: int, j: int) -> float:
    dx, dy, dz = table[j, X] - table[i, X], table[j, Y] - table[i, Y], table[j, Z] - table[i, Z]
    east = dx * table[i, EX] + dy * table[i, EY] + dz * table[i, EZ]
    north = dx * table[i, NX] + dy * table[i, NY] + dz * table[i, NZ]
    ee, en, nn = table[i, VEE] + table[j, VEE], table[i, VEN] + table[j, VEN], table[i, VNN] + table[j, VNN]
    determinant = ee * nn - en * en
    square = (east * east * nn - 2.0 * east * north * en + north * north * ee) / determinant
    return float(-0.5 * square - 0.5 * log(determinant) - log(_TWO_PI / _KM2))


@inner
def _time(table: Floats, marks: Ints, i: int, j: int) -> float:
    variance, lasts = table[i, VT] + table[j, VT], table[i, LASTS]
    whole = marks[i, WHOLE] + marks[j, WHOLE]
    if whole < 0:
        longest = max(table[i, END] - table[i, BEGIN], table[j, END] - table[j, BEGIN])
        return -log(max(longest, _MINUTE) / _MINUTE)
    if whole == 2:
        begins, ends = table[j, BEGIN] - table[i, BEGIN], table[j, END] - table[i, END]
        away, error = begins * begins + ends * ends, sqrt(pi * variance)
        return float(-away / (2.0 * variance) + log((lasts + error) / error) - log(error / _MINUTE))
    if whole == 0:
        between = max(table[j, BEGIN] - table[i, END], table[i, BEGIN] - table[j, END], 0.0)
        return float(-between / lasts - log((2.0 * lasts + sqrt(_TWO_PI * variance)) / _MINUTE))
    a, b = (i, j) if marks[i, WHOLE] == 1 else (j, i)
    gap = max(table[a, BEGIN] - table[b, BEGIN], table[b, END] - table[a, END], 0.0)
    spare = (table[a, END] - table[a, BEGIN]) - (table[b, END] - table[b, BEGIN])
    room = max(spare, 0.0) + sqrt(_TWO_PI * variance)
    return float(-gap * gap / (2.0 * variance) - log(room / _MINUTE))


@inner
def _weight(table: Floats, marks: Ints, weights: Floats, i: int, j: int) -> int:
    total = _rounded(_place(table, i, j)) + _rounded(_time(table, marks, i, j))
    total += _rounded(-log((table[i, RATE] + table[j, RATE]) * 0.5))
    total += _rounded(weights[1] if marks[i, TERM] == marks[j, TERM] else weights[2])
    if marks[i, WEAPONS] != 0 and marks[j, WEAPONS] != 0:
        total += _rounded(weights[3] if marks[i, WEAPONS] & marks[j, WEAPONS] else weights[4])
    if marks[i, COUNTED] >= 0 and marks[i, COUNTED] == marks[j, COUNTED]:
        apart, variance = table[j, COUNT] - table[i, COUNT], table[i, VC] + table[j, VC]
        weight = -apart * apart / (2.0 * variance) - 0.5 * log(_TWO_PI * variance) + log(weights[5])
        total += _rounded(max(weight, weights[6]))
    if marks[i, WORDS] >= 0 and marks[i, WORDS] == marks[j, WORDS]:
        total += _rounded(weights[0])
    return int(total)


@inner
def _square_m(table: Floats, i: int, j: int) -> float:
    dx, dy, dz = table[j, X] - table[i, X], table[j, Y] - table[i, Y], table[j, Z] - table[i, Z]
    return float(dx * dx + dy * dy + dz * dz)


@inner
def _excluded(table: Floats, marks: Ints, weights: Floats, i: int, j: int) -> bool:
    same = marks[i, TIER] == marks[j, TIER]
    reach_m, reach_s = (table[i, REACH_M], table[i, REACH_S]) if same else (weights[7], weights[8])
    if _square_m(table, i, j) > reach_m * reach_m or abs(table[j, BEGIN] - table[i, BEGIN]) > reach_s:
        return True
    if not (marks[i, ALIKE] >> marks[j, TERM]) & 1 or marks[i, KEY] == marks[j, KEY]:
        return True
    if marks[i, OBSERVER] < 0 or marks[i, OBSERVER] != marks[j, OBSERVER]:
        return False
    return not (marks[i, WORDS] >= 0 and marks[i, WORDS] == marks[j, WORDS])


@inner
def _near_columns(table: Floats, marks: Ints, rows: Ints, near: Floats) -> None:
    """Puts what tells most pairs apart side by side in memory: places, beginning, end, variance (none: not whole)."""
    for p in range(len(rows)):
        a = rows[p]
        near[p, 0], near[p, 1], near[p, 2] = table[a, X], table[a, Y], table[a, Z]
        near[p, 3], near[p, 4] = table[a, BEGIN], table[a, END]
        near[p, 5] = table[a, VT] if marks[a, WHOLE] == 1 else np.inf


@inner
def _off(near: Floats, p: int, q: int, reach_m: float) -> bool:
    """Whether two places are out of reach of each other."""
    dx, dy, dz = near[q, 0] - near[p, 0], near[q, 1] - near[p, 1], near[q, 2] - near[p, 2]
    return bool(dx * dx + dy * dy + dz * dz > reach_m * reach_m)


@inner
def _far(near: Floats, p: int, q: int, reach_m: float) -> bool:
    """Whether two reports are out of reach of each other, or so far apart in time that nothing makes up for it."""
    if _off(near, p, q, reach_m):
        return True
    begins, ends = near[q, 3] - near[p, 3], near[q, 4] - near[p, 4]
    return bool(begins * begins + ends * ends > _HOPELESS * (near[p, 5] + near[q, 5]))


def _sweep(  # noqa: PLR0913, PLR0917 - arrays in, arrays out: a compiled loop knows no records
    table: Floats, marks: Ints, weights: Floats, floor: int, rows: Ints, one: Ints, two: Ints, weight: Ints, found: Ints
) -> None:
    """Fills in the pairs of one family (`rows`, by beginning) that nothing excludes, and in `found[0]` their number.

    There may be more than there is room for: then `found[0]` is greater than the arrays are long.
    """
    number, room, count = found[0], len(one), len(rows)
    near = np.empty((count, 6))
    _near_columns(table, marks, rows, near)
    for p in range(count):
        a = rows[p]
        reach_m, until = table[a, REACH_M], near[p, 3] + table[a, REACH_S]
        q = p + 1
        while q < count and near[q, 3] <= until:
            if not _far(near, p, q, reach_m):
                i, j = min(a, rows[q]), max(a, rows[q])
                if not _excluded(table, marks, weights, i, j):
                    total = _weight(table, marks, weights, i, j)
                    if total >= floor:
                        if number < room:
                            one[number], two[number], weight[number] = i, j, total
                        number += 1
            q += 1
    found[0] = number


@inner
def _crowds(table: Floats, marks: Ints, i: int, j: int, radius_m: float, reach_s: float) -> bool:
    """Whether two reports are an observer's own, near each other: of two incidents, then."""
    if marks[i, OBSERVER] < 0 or marks[i, OBSERVER] != marks[j, OBSERVER] or marks[i, TIER] != marks[j, TIER]:
        return False
    if abs(table[i, BEGIN] - table[j, BEGIN]) > reach_s:
        return False
    return bool(_square_m(table, i, j) <= radius_m * radius_m)


def _crowd(table: Floats, marks: Ints, radius_m: float, reach_s: float, rows: Ints, found: Floats) -> None:
    """Counts, for each of `rows` (by beginning), the same observer's others near by."""
    for p in range(len(rows)):
        a = rows[p]
        if marks[a, OBSERVER] < 0:
            continue
        for q in range(p + 1, len(rows)):
            b = rows[q]
            if table[b, BEGIN] - table[a, BEGIN] > reach_s:
                break
            if _crowds(table, marks, a, b, radius_m, reach_s):
                found[a] += 1.0
                found[b] += 1.0


@inner
def _leads(table: Floats, marks: Ints, weights: Floats, floor: int, a: int, b: int) -> bool:
    """Whether what becomes of one report may depend on another of its tier."""
    if marks[a, COPY] == marks[b, COPY]:
        return True
    i, j = min(a, b), max(a, b)
    return not _excluded(table, marks, weights, i, j) and _weight(table, marks, weights, i, j) >= floor


@inner
def _own(  # noqa: PLR0913, PLR0917 - arrays in, arrays out: a compiled loop knows no records
    table: Floats,
    marks: Ints,
    weights: Floats,
    floor: int,
    crowd: Floats,
    rows: Ints,
    begin: Floats,
    near: Floats,
    part: tuple[int, int],
    p: int,
    fresh: bool,
    seen: Bools,
    todo: Ints,
    number: int,
) -> int:
    """Adds to what is to be done the reports of its own tier that one leads to; `fresh`: those it crowds, too."""
    a, (first, last) = rows[p], part
    own_m, own_s = max(table[a, REACH_M], crowd[0]), max(table[a, REACH_S], crowd[1])
    q = first + np.searchsorted(begin[first:last], begin[p] - own_s)
    while q < last and begin[q] <= begin[p] + own_s:
        crowded = fresh and not seen[q] and _crowds(table, marks, a, rows[q], crowd[0], crowd[1])
        likely = not seen[q] and not crowded and not _far(near, p, q, own_m)
        if crowded or (likely and _leads(table, marks, weights, floor, a, rows[q])):
            seen[q] = True
            todo[number] = q
            number += 1
        q += 1
    return number


@inner
def _across(  # noqa: PLR0913, PLR0917 - as above
    table: Floats,
    marks: Ints,
    weights: Floats,
    rows: Ints,
    begin: Floats,
    near: Floats,
    part: tuple[int, int],
    p: int,
    seen: Bools,
    todo: Ints,
    number: int,
) -> int:
    """Adds to what is to be done the reports of the other tier that may be one with one."""
    a, (first, last) = rows[p], part
    q = first + np.searchsorted(begin[first:last], begin[p] - weights[8])
    while q < last and begin[q] <= begin[p] + weights[8]:
        if not seen[q] and not _off(near, p, q, weights[7]):
            i, j = min(a, rows[q]), max(a, rows[q])
            if not _excluded(table, marks, weights, i, j):
                seen[q] = True
                todo[number] = q
                number += 1
        q += 1
    return number


def _reach(
    table: Floats, marks: Ints, weights: Floats, floor: int, crowd: Floats, rows: Ints, split: int, reached: Bools
) -> None:
    """Spreads `reached` over one family: to the observers' own others near by, and then along chains of links.

    `rows` are the first tier's, by beginning, up to `split`, and then the second's. `crowd` is a radius and a time.
    """
    count = len(rows)
    near = np.empty((count, 6))
    _near_columns(table, marks, rows, near)
    begin = near[:, 3].copy()
    todo, seen = np.empty(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    number = 0
    for p in range(count):
        seen[p] = reached[rows[p]]
        if seen[p]:
            todo[number] = p
            number += 1
    given, done = number, 0
    while done < number:
        p = todo[done]
        own, other = ((0, split), (split, count)) if p < split else ((split, count), (0, split))
        fresh = done < given
        number = _own(table, marks, weights, floor, crowd, rows, begin, near, own, p, fresh, seen, todo, number)
        number = _across(table, marks, weights, rows, begin, near, other, p, seen, todo, number)
        done += 1
    for p in range(count):
        if seen[p]:
            reached[rows[p]] = True


def _watch(where: Floats, when: Floats, by_where: Floats, by_when: Floats, reach: Floats, found: Bools) -> None:
    """Fills in which places are watched: some report of `by`, in order of time, is within metres and seconds of it."""
    for p in range(len(when)):
        q = np.searchsorted(by_when, when[p] - reach[1])
        while q < len(by_when) and by_when[q] <= when[p] + reach[1] and not found[p]:
            dx, dy, dz = by_where[q, 0] - where[p, 0], by_where[q, 1] - where[p, 1], by_where[q, 2] - where[p, 2]
            found[p] = dx * dx + dy * dy + dz * dz <= reach[0] * reach[0]
            q += 1


watch = Loop(_watch)
sweep = Loop(_sweep)
crowd = Loop(_crowd)
reach = Loop(_reach)
