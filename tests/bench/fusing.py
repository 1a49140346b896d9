"""Other ways of putting reports together, each as well as it can be done, for the bench `fusion`.

Each takes reports as columns and gives each a group; `APART` is a group of its own.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.report import Report
from pipeline.model.times import to_us_array
from pipeline.scenario.scoring import APART

Labels = NDArray[np.int64]

EARTH_M = 6_371_000.0
"""Other ways measure on a sphere; over a kilometre that is exact to some metres."""


class Seen(NamedTuple):
    """Reports as columns, in order of time.

    Attributes:
        row: each one's place among the reports given.
        at_m: Earth-centred coordinates of the footprint's centre.
        middle_s: the middle of the interval, in seconds.
        reach_m: how far the footprint reaches from its centre.
        activity, observer: numbers that stand for them.
    """

    row: Labels
    at_m: Floats
    middle_s: Floats
    reach_m: Floats
    activity: Labels
    observer: Labels


class Pairs(NamedTuple):
    """Reports near each other in space and time, as places in the columns; `first` is the earlier."""

    first: Labels
    second: Labels
    away_m: Floats
    apart_s: Floats


def seen(reports: Sequence[Report], rows: Labels) -> Seen:
    """Some rows of reports, which name a place, as columns."""
    some = [reports[row] for row in rows.tolist()]
    footprints = Footprints([report.footprint for report in some], {})
    lon, lat = np.radians(footprints.lon), np.radians(footprints.lat)
    at_m = EARTH_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    begin, end = (
        to_us_array(times) for times in zip(*((r.observed_from, r.observed_until) for r in some), strict=True)
    )
    middle_s = (begin + end) / 2e6
    order = np.argsort(middle_s, kind="stable")
    columns = (
        rows,
        at_m,
        middle_s,
        footprints.reach_m,
        _numbered([report.activity.value for report in some]),
        _numbered([report.observer or "" for report in some]),
    )
    return Seen._make(column[order] for column in columns)


def _numbered(words: Sequence[str]) -> Labels:
    return np.unique(words, return_inverse=True)[1].astype(np.int64)


def pairs_within(given: Seen, reach_m: float, reach_s: float) -> Pairs:
    """All pairs that are no further apart than that: along the order of time, one step at a time."""
    parts = list(_steps(given, reach_m, reach_s))
    return Pairs._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _steps(given: Seen, reach_m: float, reach_s: float) -> Iterator[Pairs]:
    for step in range(1, len(given.row)):
        apart_s = given.middle_s[step:] - given.middle_s[:-step]
        first = np.flatnonzero(apart_s <= reach_s)
        away_m = np.sqrt(((given.at_m[first + step] - given.at_m[first]) ** 2).sum(axis=1))
        near = away_m <= reach_m
        yield Pairs(first[near], first[near] + step, away_m[near], apart_s[first[near]])
        if not len(first):
            break


def by_density(given: Seen, reach_m: float, reach_s: float, least: int = 2) -> Labels:
    """DBSCAN in space and time: neighbours are near in both; what has `least` of them, itself included, is a core."""
    near, number = pairs_within(given, reach_m, reach_s), len(given.row)
    neighbours = 1 + np.bincount(near.first, minlength=number) + np.bincount(near.second, minlength=number)
    core = neighbours >= least
    both = core[near.first] & core[near.second]
    groups = np.where(core, _linked(number, near.first[both], near.second[both]), APART)
    for edge, inner in ((near.first, near.second), (near.second, near.first)):
        border = core[inner] & ~core[edge]
        groups[edge[border]] = groups[inner[border]]
    return groups


def _linked(number: int, one: Labels, other: Labels) -> Labels:
    """The connected components of a graph: each named after its first member."""
    name = np.arange(number)
    while True:
        least, before = np.minimum(name[one], name[other]), name.copy()
        np.minimum.at(name, one, least)
        np.minimum.at(name, other, least)
        name = name[name]
        if np.array_equal(name, before):
            return name


def by_taxonomy(given: Seen, reach_m: float, reach_s: float) -> Labels:
    """Events of one source at a time are matched to those known so far: within a fixed window, of equal activity, the
    nearest first, one to one. What matches nothing is a new event. Every observer is a source; the finest come first.
    """
    near = pairs_within(given, reach_m, reach_s)
    rank = _finest_first(given)[given.observer]
    same = (given.activity[near.first] == given.activity[near.second]) & (rank[near.first] != rank[near.second])
    near = Pairs._make(column[same] for column in near)
    turned = rank[near.first] > rank[near.second]
    known, new = np.where(turned, near.second, near.first), np.where(turned, near.first, near.second)
    cost = near.away_m / reach_m + near.apart_s / reach_s
    order = np.lexsort((cost, rank[new]))
    return _one_to_one(len(given.row), known[order], new[order], rank)


def _finest_first(given: Seen) -> Labels:
    """The rank of each observer, by how exactly it places."""
    reports = np.bincount(given.observer)
    mean_m = np.bincount(given.observer, weights=given.reach_m) / np.maximum(reports, 1)
    return np.argsort(np.argsort(mean_m, kind="stable"), kind="stable").astype(np.int64)


def _one_to_one(number: int, known: Labels, new: Labels, rank: Labels) -> Labels:
    event = np.arange(number)
    taken: set[tuple[int, int]] = set()
    matched: Bools = np.zeros(number, dtype=bool)
    for one, other in zip(known.tolist(), new.tolist(), strict=True):
        # An event stands where its first report does; that report is its own.
        if matched[one] or matched[other] or (one, int(rank[other])) in taken:
            continue
        event[other], matched[other] = one, True
        taken.add((one, int(rank[other])))
    return event
