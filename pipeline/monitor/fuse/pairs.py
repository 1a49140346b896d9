"""Which pairs of reports may be one incident, and with what weight: sweeps in time.

Each sweep is a compiled loop where there are many reports and numba is there, and its twin in numpy where not.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.monitor.fuse.evidence import UNIT, Weights, excluded, terms
from pipeline.monitor.fuse.sights import (
    BEGIN,
    COPY,
    FAMILY,
    OBSERVER,
    RATE,
    REACH_S,
    TIER,
    Ints,
    Rows,
    Sights,
    Tier,
    X,
    Z,
)
from pipeline.observers import Observers

_AT_ONCE = 1 << 18
"""Pairs that are looked at together."""

_ROOM = 8
"""Pairs for each report that there is room for at first."""

MANY = 1_500
"""From so many reports on the compiled loops are worth getting."""


class Links(NamedTuple):
    """Pairs of reports that may be one incident, as rows (the first is the smaller), with their weights."""

    one: Rows
    two: Rows
    weight: Ints


_NONE = Links(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@cache
def kernels() -> ModuleType | None:
    """The compiled loops; None where numba is not installed."""
    try:
        from pipeline.monitor.fuse import kernels as compiled
    except ImportError:
        return None
    return compiled


def loops_for(count: int, least: int) -> ModuleType | None:
    """The compiled loops, where there are more than `least` to look at, or where they were got already."""
    return kernels() if count > least or kernels.cache_info().currsize else None


def links(sights: Sights, observers: Observers) -> Links:
    """The pairs of some reports of one tier that nothing excludes. Their rates tell of the crowding already."""
    families, floor = by_family(sights), round(observers.linking.never_below * UNIT)
    loops = loops_for(sights.size, MANY)
    if loops is None:
        return _links(sights, families, Weights.of(observers), floor)
    room = _ROOM * sights.size
    while True:
        found = np.zeros(1, dtype=np.int64)
        kept = Links(*(np.empty(room, dtype=np.int64) for _ in range(3)))
        for rows in families:
            loops.sweep(*sights, np.array(Weights.of(observers)), floor, rows, *kept, found)
        if found[0] <= room:
            return Links._make(column[: found[0]] for column in kept)
        room = int(found[0])


def others(sights: Sights, observers: Observers) -> Floats:
    """For each report, how many others its observer tells of near by: they are other incidents."""
    radius_m, reach_s = observers.linking.crowd_radius_m, observers.linking.crowd_s
    families, found = by_family(sights), np.zeros(sights.size)
    loops = loops_for(sights.size, MANY)
    for rows in families:
        if loops is None:
            found += _others(sights, rows, radius_m, reach_s)
        else:
            loops.crowd(*sights, radius_m, reach_s, rows, found)
    return found


def crowded(sights: Sights, many: Floats, observers: Observers) -> Sights:
    """The same reports, with the rate of incidents as it is about each of them.

    Args:
        many: what `others` gives.
    """
    linking = observers.linking
    space = np.pi * (linking.crowd_radius_m / 1000.0) ** 2 * 2.0 * linking.crowd_s / 60.0
    table = sights.table.copy()
    table[:, RATE] += many / space
    return Sights(table, sights.marks)


def by_family(sights: Sights) -> list[Rows]:
    """The rows of each family, in order of their beginning."""
    if not sights.size:
        return []
    family = sights.marks[:, FAMILY]
    order = np.lexsort((sights.table[:, BEGIN], family))
    return np.split(order, np.flatnonzero(np.diff(family[order])) + 1)


def _links(sights: Sights, families: Sequence[Rows], weights: Weights, floor: int) -> Links:
    """The twin of `kernels.sweep`."""
    found: list[Links] = [_NONE]
    for rows in families:
        for one, two in _near(sights, rows, sights.table[rows, REACH_S]):
            open_pairs = ~excluded(sights, weights, one, two)
            first, second = one[open_pairs], two[open_pairs]
            weight = terms(sights, weights, first, second).sum(axis=0)
            kept = weight >= floor
            found.append(Links(first[kept], second[kept], weight[kept]))
    return Links._make(np.concatenate(columns) for columns in zip(*found, strict=True))


def _others(sights: Sights, rows: Rows, radius_m: float, reach_s: float) -> Floats:
    """The twin of `kernels.crowd`."""
    found = np.zeros(sights.size)
    observer, tier = sights.marks[:, OBSERVER], sights.marks[:, TIER]
    for one, two in _near(sights, rows, np.full(len(rows), reach_s)):
        same = (observer[one] == observer[two]) & (observer[one] >= 0) & (tier[one] == tier[two])
        apart = sights.table[one[same], X : Z + 1] - sights.table[two[same], X : Z + 1]
        near = (apart * apart).sum(axis=1) <= radius_m * radius_m
        for side in (one, two):
            found += np.bincount(side[same][near], minlength=sights.size)
    return found


def _near(sights: Sights, rows: Rows, reach_s: Floats) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of `rows`, which are in order of beginning, within reach in time, some at once; the smaller row first."""
    at = sights.table[rows, BEGIN]
    many = np.searchsorted(at, at + reach_s, side="right") - np.arange(len(rows)) - 1
    before = np.cumsum(many) - many
    for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(before // _AT_ONCE)) + 1):
        left = np.repeat(part, many[part])
        steps = np.arange(len(left)) - np.repeat(before[part] - before[part[0]], many[part]) + 1
        one, two = rows[left], rows[left + steps]
        yield np.minimum(one, two), np.maximum(one, two)


def neighbourhood(sights: Sights, dirty: Bools, observers: Observers) -> Bools:
    """Which reports may have to do with some of them: those that a chain of possible links leads to.

    What lies outside makes the same incidents with or without `dirty`. The links are those that there would be if
    nothing else happened about: crowding makes links weaker, never stronger.

    Args:
        sights: with their plain rates; those that are gone stand among them, marked in `dirty`.
    """
    reached = dirty.copy()
    loops = loops_for(sights.size, MANY)
    weights, floor = Weights.of(observers), round(observers.linking.never_below * UNIT)
    crowd = (observers.linking.crowd_radius_m, observers.linking.crowd_s)
    tier = sights.marks[:, TIER]
    for family in by_family(sights):
        dated = family[tier[family] == Tier.DATED]
        sharp, broad = family[tier[family] == Tier.LOCATED], family[tier[family] == Tier.BROAD]
        for rows, split in ((np.concatenate([sharp, broad]), len(sharp)), (dated, len(dated))):
            if not dirty[rows].any():
                continue
            if loops is None:
                _reach(sights, weights, floor, crowd, rows, reached)
            else:
                loops.reach(*sights, np.array(weights), floor, np.array(crowd), rows, split, reached)
    return reached


def _reach(
    sights: Sights, weights: Weights, floor: int, crowd: tuple[float, float], rows: Rows, reached: Bools
) -> None:
    """The twin of `kernels.reach`."""
    first: list[tuple[Rows, Rows]] = []
    chains: list[tuple[Rows, Rows]] = []
    tier, observer = sights.marks[:, TIER], sights.marks[:, OBSERVER]
    longest = max(float(sights.table[rows, REACH_S].max()), crowd[1], weights.attach_s)
    rows = rows[np.argsort(sights.table[rows, BEGIN], kind="stable")]
    for one, two in _near(sights, rows, np.full(len(rows), longest)):
        apart = sights.table[one, X : Z + 1] - sights.table[two, X : Z + 1]
        near = (apart * apart).sum(axis=1) <= crowd[0] ** 2
        near &= np.abs(sights.table[one, BEGIN] - sights.table[two, BEGIN]) <= crowd[1]
        near &= (observer[one] == observer[two]) & (observer[one] >= 0) & (tier[one] == tier[two])
        first.append((one[near], two[near]))
        open_pairs = ~excluded(sights, weights, one, two)
        alike = tier[one] == tier[two]
        heavy = np.zeros(len(one), dtype=bool)
        asked = np.flatnonzero(open_pairs & alike)
        heavy[asked] = terms(sights, weights, one[asked], two[asked]).sum(axis=0) >= floor
        across = (
            open_pairs
            & (np.minimum(tier[one], tier[two]) == Tier.LOCATED)
            & (np.maximum(tier[one], tier[two]) == Tier.BROAD)
        )
        copies = alike & (sights.marks[one, COPY] == sights.marks[two, COPY])
        kept = heavy | across | copies
        chains.append((one[kept], two[kept]))
    _spread(first, reached, once=True)
    _spread(chains, reached, once=False)


def _spread(pairs: Sequence[tuple[Rows, Rows]], reached: Bools, *, once: bool) -> None:
    """Lets what is reached reach its partners; on and on, unless `once`."""
    if not pairs:
        return
    one, two = (np.concatenate(side) for side in zip(*pairs, strict=True))
    while True:
        left, right = reached[one], reached[two]
        new = left != right
        reached[one[new]] = True
        reached[two[new]] = True
        if once or not new.any():
            return
