"""Grouping: which reports are one incident. A pure function of a set of reports in canonical order.

Located reports make the incidents. Broad ones join each other, copies of one origin first, and then each group of them
joins the located incident that suits it best, without changing it: located incidents, and so their ids, are the same
with and without them. Reports that tell a day and no hour join each other.
"""

from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.monitor.fuse.evidence import UNIT, Weights, excluded, terms
from pipeline.monitor.fuse.pairs import by_family, crowded, links
from pipeline.monitor.fuse.rounds import joined
from pipeline.monitor.fuse.sights import (
    ALIKE,
    BEGIN,
    COPY,
    END,
    EX,
    EZ,
    KEY,
    NX,
    NZ,
    OBSERVER,
    RATE,
    TERM,
    TIER,
    VEE,
    VEN,
    VNN,
    VT,
    WEAPONS,
    WORDS,
    Ints,
    Rows,
    Sights,
    Tier,
    X,
    Z,
    mixed,
)
from pipeline.observers import Observers


class Grouped(NamedTuple):
    """What became of reports, each by its row.

    Attributes:
        incident: the row of its incident's canonical report; -1 where it is unresolved.
        origin: the row of the report of which it is a copy; its own where it is none.
    """

    incident: Rows
    origin: Rows


def grouped(sights: Sights, many: Floats, observers: Observers) -> Grouped:
    """Which reports are one incident.

    Args:
        sights: in canonical order: by `observed_from`, then `report_id`.
        many: how many others the observer of each tells of near by (`pairs.others`).
    """
    incident, origin = np.arange(sights.size), np.arange(sights.size)
    tier = sights.marks[:, TIER]
    incident[tier == Tier.UNRESOLVED] = -1
    about = crowded(sights, many, observers)
    linking = observers.linking
    above = round(linking.join_above * UNIT)
    for number in (Tier.LOCATED, Tier.BROAD, Tier.DATED):
        rows = np.flatnonzero(tier == number)
        rounds = linking.rounds if number == Tier.LOCATED else linking.broad_rounds
        origin[rows] = rows[_originals(sights.marks[rows], located=number == Tier.LOCATED)]
        own = rows[origin[rows] == rows]
        if own.size:
            incident[own] = own[joined(sights.marks[own, KEY], links(about.at(own), observers), above, rounds)]
        if number == Tier.BROAD:
            _attach(incident, np.flatnonzero(tier == Tier.LOCATED), own, about, observers)
        incident[rows] = incident[origin[rows]]
    return Grouped(incident, origin)


def _originals(marks: Ints, *, located: bool) -> Rows:
    """For each report the first that tells just the same: copies have one origin.

    Two who are named and located tell the same because they saw the same; only one observer, or one whom nobody names,
    says it again.
    """
    told = marks[:, [COPY, OBSERVER, WORDS]].copy()
    if located:
        apart = (told[:, 1] >= 0) & (told[:, 2] < 0)
        told[apart, 2] = -2 - np.flatnonzero(apart)
    else:
        told[:, 1:] = _tellings(told)[:, None]
    _, first, back = np.unique(told, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[back.ravel()])


def _tellings(told: Ints) -> Ints:
    """How many other things an observer had told in other words by then, just alike: those are no copies."""
    number = np.zeros(len(told), dtype=np.int64)
    known: dict[tuple[int, int], list[int]] = {}
    for row, (copy, observer, words) in enumerate(told.tolist()):
        if observer >= 0:
            said = known.setdefault((copy, observer), [])
            if words < 0 or words not in said:
                said.append(words)
            number[row] = said.index(words) if words >= 0 else len(said) - 1
    return number


def _attach(incident: Rows, located: Rows, own: Rows, about: Sights, observers: Observers) -> None:
    """Joins each group of broad reports to the located incident that suits it best."""
    if not located.size or not own.size:
        return
    heads, number = np.unique(incident[located], return_inverse=True)
    whole, told = together(about.at(located), number), about.at(own)
    weights = Weights.of(observers)
    pair_head, pair_own = _candidates(about.at(heads), told, weights.attach_s)
    near = _within(about.table[heads, X : Z + 1], told.table[:, X : Z + 1], pair_head, pair_own, weights.attach_m)
    pair_head, pair_own = pair_head[near], pair_own[near]
    open_pairs = ~excluded(about, weights, heads[pair_head], own[pair_own])
    open_pairs &= ((whole.marks[pair_head, ALIKE] >> told.marks[pair_own, TERM]) & 1) == 1
    who = about.marks[located, OBSERVER]
    taken = _seats(number, who)[who >= 0]
    open_pairs &= ~np.isin(_seats(pair_head, told.marks[pair_own, OBSERVER]), taken)
    pair_head, pair_own = pair_head[open_pairs], pair_own[open_pairs]
    both = Sights(np.concatenate([whole.table, told.table]), np.concatenate([whole.marks, told.marks]))
    weight = terms(both, weights, pair_head, len(heads) + pair_own).sum(axis=0)
    groups, member = np.unique(incident[own], return_inverse=True)
    best = _best(member, pair_head, pair_own, weight, len(heads), round(observers.linking.join_above * UNIT))
    best = _one_seat_each(best, member, told.marks[:, OBSERVER])
    incident[own] = np.where(best >= 0, heads[best], groups)[member]


def _within(one: Floats, two: Floats, first: Rows, second: Rows, reach_m: float) -> Bools:
    """Which pairs of places are within reach; of the many that time allows, few are, and this is quickly seen."""
    square = np.zeros(len(first))
    for column in range(3):
        square += (one[first, column] - two[second, column]) ** 2
    return np.asarray(square <= reach_m * reach_m)


def _seats(number: Rows, observer: Ints) -> Ints:
    """A number for each pair of an incident and an observer."""
    return mixed([number.astype(np.int64), observer])


def _one_seat_each(best: Rows, member: Rows, observer: Ints) -> Rows:
    """Of several groups that go to one incident and share an observer only the first goes there."""
    taken: dict[int, set[int]] = {}
    chosen = best.copy()
    order = np.argsort(member, kind="stable")
    parts = np.split(observer[order], np.flatnonzero(np.diff(member[order])) + 1)
    for group in np.flatnonzero(best >= 0).tolist():
        who = {one for one in parts[group].tolist() if one >= 0}
        seats = taken.setdefault(int(best[group]), set())
        if seats & who:
            chosen[group] = -1
        seats |= who if chosen[group] >= 0 else set()
    return chosen


def _candidates(heads: Sights, told: Sights, reach: float) -> tuple[Rows, Rows]:
    """Pairs of one family and within reach in time of each other."""
    count = heads.size
    both = Sights(np.concatenate([heads.table, told.table]), np.concatenate([heads.marks, told.marks]))
    nothing = np.zeros(0, dtype=np.intp)
    found = [(nothing, nothing)]
    for rows in by_family(both):
        head, own = rows[rows < count], rows[rows >= count]
        at, when = both.table[head, BEGIN], both.table[own, BEGIN]
        first, last = np.searchsorted(at, when - reach, side="left"), np.searchsorted(at, when + reach, side="right")
        many = last - first
        steps = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        found.append((head[np.repeat(first, many) + steps], np.repeat(own - count, many)))
    head_rows, own_rows = zip(*found, strict=True)
    return np.concatenate(head_rows), np.concatenate(own_rows)


def _best(member: Rows, pair_head: Rows, pair_own: Rows, weight: Ints, heads: int, above: int) -> Rows:
    """For each group the incident that suits all of it, with the greatest mean weight; -1 where there is none."""
    size = np.bincount(member)
    best = np.full(len(size), -1)
    pairs, back = np.unique(member[pair_own] * heads + pair_head, return_inverse=True)
    many = np.bincount(back, minlength=len(pairs))
    total = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(total, back, weight)
    group, head = pairs // heads, pairs % heads
    good = (many == size[group]) & (total > above * many)
    group, head, total = group[good], head[good], total[good]
    order = np.lexsort((head, -total, group))
    group, head = group[order], head[order]
    foremost = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])[: len(group)])
    best[group[foremost]] = head[foremost]
    return best


def together(sights: Sights, number: Rows) -> Sights:
    """Each group as if it were one report: places weighed by the inverse of their variances, the sharpest times.

    Args:
        number: the group of each report, from 0 on.
    """
    count = int(number.max()) + 1
    table, marks = sights
    first = np.full(count, len(number))
    np.minimum.at(first, number, np.arange(len(number)))
    whole, said = table[first].copy(), marks[first].copy()
    shift, spread = _weighted(table, number, first)
    whole[:, X : Z + 1] += shift
    whole[:, VEE : VNN + 1] = spread
    sharpest = _sharpest(table[:, VT], number, count)
    whole[:, [BEGIN, END, VT]] = table[sharpest][:, [BEGIN, END, VT]]
    whole[:, RATE] = np.maximum.reduceat(table[np.argsort(number, kind="stable"), RATE], _starts(number))
    bits = np.full(count, -1, dtype=np.int64)
    np.bitwise_and.at(bits, number, np.where(marks[:, WEAPONS] == 0, -1, marks[:, WEAPONS]))
    said[:, WEAPONS] = np.where(bits == -1, 0, bits)
    said[:, OBSERVER] = -1
    np.bitwise_and.at(said[:, ALIKE], number, marks[:, ALIKE])
    return Sights(whole, said)


def _starts(number: Rows) -> Rows:
    return np.searchsorted(np.sort(number), np.arange(int(number.max()) + 1))


def _sharpest(variance: Floats, number: Rows, count: int) -> Rows:
    """The report of each group that times best; of equals the first."""
    order = np.lexsort((np.arange(len(number)), variance, number))
    return np.asarray(order[np.searchsorted(number[order], np.arange(count))])


def _weighted(table: Floats, number: Rows, first: Rows) -> tuple[Floats, Floats]:
    """The shift of the mean place from the first report's, in Earth-centred metres, and the variances of the mean."""
    ee, en, nn = table[:, VEE], table[:, VEN], table[:, VNN]
    determinant = ee * nn - en * en
    pe, px, pn = nn / determinant, -en / determinant, ee / determinant
    here = table[first[number]]
    apart = table[:, X : Z + 1] - here[:, X : Z + 1]
    east = (apart * here[:, EX : EZ + 1]).sum(axis=1)
    north = (apart * here[:, NX : NZ + 1]).sum(axis=1)
    columns = (pe, px, pn, pe * east + px * north, px * east + pn * north)
    a, b, c, d, e = (np.bincount(number, column, len(first)) for column in columns)
    whole = a * c - b * b
    spread = np.column_stack([c / whole, -b / whole, a / whole])
    mean_e, mean_n = (c * d - b * e) / whole, (a * e - b * d) / whole
    start = table[first]
    return mean_e[:, None] * start[:, EX : EZ + 1] + mean_n[:, None] * start[:, NX : NZ + 1], spread
