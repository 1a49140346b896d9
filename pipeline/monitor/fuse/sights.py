"""Reports as columns: what fusion weighs of each, and whether it says enough of place and time to be joined at all.

Places are in Earth-centred metres and errors in metres east and north, so that fusion knows no agreement and no map.
"""

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats, to_earth
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.model.times import to_us_array
from pipeline.monitor.fuse import told
from pipeline.observers import Observers

Ints = NDArray[np.int64]
Rows = NDArray[np.intp]


class Tier(IntEnum):
    """What a report is good for.

    `LOCATED` reports make incidents; `BROAD` ones join each other and then one of those; `DATED` ones (a place and no
    more than a day) join each other. `ALONE` is an event of a curated set that cannot be told apart from its like, and
    stays an incident of its own; `UNRESOLVED` is a rumour of that kind: kept, and no incident.
    """

    LOCATED = 0
    BROAD = 1
    DATED = 2
    ALONE = 3
    UNRESOLVED = 4


X, Y, Z, EX, EY, EZ, NX, NY, NZ, VEE, VEN, VNN, BEGIN, END, VT, COUNT, VC, RATE, LASTS, REACH_M, REACH_S = range(21)
"""Columns of floats: the place and the unit vectors to the east and north there (Earth-centred metres, to a
decimetre), the variances of the place (east, east by north, north), beginning and end in seconds without the
observer's margin, the variance of both, the logarithm of the count and its variance, the rate of such incidents in a
square kilometre and a minute, how long they last, and the reach in metres and seconds."""

OBSERVER, WORDS, WEAPONS, ALIKE, TERM, COUNTED, WHOLE, TIER, KIND, FAMILY, COPY, KEY = range(12)
"""Columns of integers: who (-1: nobody is named), in which words or where published (-1: none), a bit for each weapon
that it may have been (0: not said), a bit for each activity that is taken for its own, the activity, the unit of the
count (-1: none), whether it sees the whole, the tier, the kind of observer, the family of activities, a number that two
reports share which tell just the same of time, place and activity, and one that is the report's own."""


class Sights(NamedTuple):
    """Reports as columns: `table` (n, 21) of floats and `marks` (n, 12) of integers."""

    table: Floats
    marks: Ints

    @property
    def size(self) -> int:
        """How many there are. (The length of a named tuple is the number of its columns.)"""
        return len(self.table)

    def at(self, rows: Rows | NDArray[np.bool_]) -> "Sights":
        """Some of them."""
        return Sights(self.table[rows], self.marks[rows])


ACTIVITIES = tuple(Activity)
_TERM = {activity: number for number, activity in enumerate(ACTIVITIES)}


def sights_of(reports: Sequence[Report], observers: Observers) -> Sights:
    """The columns of some reports, in their order."""
    count, known = len(reports), _known(observers)
    table, marks = np.empty((count, 21)), np.empty((count, 12), dtype=np.int64)
    begin_us = to_us_array([report.observed_from for report in reports])
    end_us = to_us_array([report.observed_until for report in reports])
    begin, end = begin_us / 1e6, end_us / 1e6
    places = told.Places([report.footprint for report in reports])
    marks[:, [KIND, OBSERVER]] = known.who.of(reports)
    kind = marks[:, KIND]
    term = np.array([_TERM[report.activity] for report in reports], dtype=np.int64)
    family = known.family[term]
    marks[:, TERM], marks[:, FAMILY] = term, family
    marks[:, ALIKE], marks[:, WHOLE] = known.alike[term], known.whole[kind]
    marks[:, WORDS], marks[:, WEAPONS] = told.words(reports), told.weapons(reports)
    marks[:, TIER] = _tiers(places, kind, end - begin, observers)
    # Of a date there is neither a whole nor a part.
    marks[marks[:, TIER] == Tier.DATED, WHOLE] = -2
    _placed(table, places, observers)
    _timed(table, begin, end, known.margin_s[kind] + known.margin_share[kind] * (end - begin))
    table[:, VT] = np.maximum(known.begins_s[kind], known.begins_share[kind] * (end - begin)) ** 2
    table[:, COUNT], marks[:, COUNTED] = told.counts(reports)
    table[:, VC] = known.count_error[kind] ** 2
    table[:, RATE], table[:, LASTS] = known.rate[family], known.lasts_s[family]
    reach = known.reach[np.where(marks[:, TIER] == Tier.LOCATED, 0, 1), family]
    table[:, REACH_M], table[:, REACH_S] = reach.T
    exact = (table[:, X : Z + 1] * 10.0, table[:, VEE : VNN + 1])
    whole = [np.rint(column).astype(np.int64) for part in exact for column in part.T]
    marks[:, COPY] = mixed([begin_us, end_us, term, *whole])
    marks[:, KEY] = told.keys(reports)
    return Sights(table, marks)


def _placed(table: Floats, places: told.Places, observers: Observers) -> None:
    earth, east, north = _frames(places.lon, places.lat)
    along_e, along_n = places.apart_m.T
    table[:, X : Z + 1] = np.round(earth + along_e[:, None] * east + along_n[:, None] * north, 1)
    table[:, EX : EZ + 1], table[:, NX : NZ + 1] = east, north
    table[:, VEE : VNN + 1] = places.variances_m2 + _floor(observers)


def _timed(table: Floats, begin: Floats, end: Floats, margin_s: Floats) -> None:
    begin, end = begin + margin_s, end - margin_s
    middle = (begin + end) / 2.0
    table[:, BEGIN], table[:, END] = np.minimum(begin, middle), np.maximum(end, middle)


def mixed(columns: Sequence[Ints]) -> Ints:
    """One number from several, by Steele, Lea and Flood's mixing ("Fast Splittable Pseudorandom Number Generators")."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed += column.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(1)).astype(np.int64)


class _Known(NamedTuple):
    """What is known of observers, as arrays by kind, by family and by term; `reach` is by tier, family, metres or s."""

    margin_s: Floats
    begins_s: Floats
    margin_share: Floats
    begins_share: Floats
    count_error: Floats
    whole: Ints
    rate: Floats
    lasts_s: Floats
    reach: Floats
    family: Ints
    alike: Ints
    who: told.Who


@lru_cache(maxsize=8)
def _known(observers: Observers) -> _Known:
    kinds, families = observers.kinds, observers.families
    alike = np.zeros(len(ACTIVITIES), dtype=np.int64)
    family = np.zeros(len(ACTIVITIES), dtype=np.int64)
    for number, one in enumerate(families):
        family[[_TERM[term] for term in one.activities]] = number
        for terms in one.alike:
            for term in terms:
                alike[_TERM[term]] |= sum(1 << _TERM[other] for other in terms)
    return _Known(
        np.array([kind.margin_s for kind in kinds]),
        np.array([kind.begins_s for kind in kinds]),
        np.array([kind.margin_share for kind in kinds]),
        np.array([kind.begins_share for kind in kinds]),
        np.array([kind.count_error for kind in kinds]),
        np.array([kind.sees == "whole" for kind in kinds], dtype=np.int64),
        np.array([one.per_1000km2_day for one in families]) / (1000.0 * 24.0 * 60.0),
        np.array([one.lasts_s for one in families]),
        np.array([[(f.reach_m, f.reach_s) for f in families], [(f.broad_reach_m, f.broad_reach_s) for f in families]]),
        family,
        alike,
        told.Who(observers),
    )


def _floor(observers: Observers) -> Floats:
    square = observers.linking.place_floor_m**2
    return np.array([square, 0.0, square])


def _frames(lon: Floats, lat: Floats) -> tuple[Floats, Floats, Floats]:
    """Places (n, 3) and the unit vectors to the east and north there; nought and the axes for nowhere."""
    nowhere = np.isnan(lon)
    lon, lat = np.where(nowhere, 0.0, lon), np.where(nowhere, 0.0, lat)
    earth = to_earth(lon, lat).T
    # The vectors need no more than a part in a million; the arithmetic that is the same everywhere is worth more.
    out = np.sqrt(earth[:, 0] ** 2 + earth[:, 1] ** 2)
    safe = np.maximum(out, 1.0)
    along, across = np.where(out > 1.0, earth[:, 0] / safe, 1.0), np.where(out > 1.0, earth[:, 1] / safe, 0.0)
    up_z = earth[:, 2] * (1.0 / (1.0 - 0.00669437999014))
    long = np.sqrt(out * out + up_z * up_z)
    sine, cosine = up_z / long, out / long
    east = np.stack([-across, along, np.zeros_like(along)], axis=1)
    north = np.stack([-sine * along, -sine * across, cosine], axis=1)
    earth[nowhere] = 0.0
    return earth, east, north


def _tiers(places: told.Places, kind: Ints, lasts_s: Floats, observers: Observers) -> Ints:
    linking = observers.linking
    curated = np.array([one.curated for one in observers.kinds])[kind]
    rumour = np.array([one.rumours for one in observers.kinds])[kind]
    # A bearing that looks further than this is of no place that is near the one by which its window goes.
    bearing = places.is_bearing & (np.hypot(*places.apart_m.T) <= linking.tells_m)
    named = ((places.radius_m <= linking.tells_m) | bearing) & ~curated
    brief = lasts_s <= linking.tells_s
    tier = np.where(rumour, Tier.UNRESOLVED, Tier.ALONE).astype(np.int64)
    tier[named & (lasts_s <= linking.dated_s)] = Tier.DATED
    tier[named & brief] = Tier.BROAD
    tier[named & brief & ~rumour & ((places.radius_m <= linking.locates_m) | bearing)] = Tier.LOCATED
    return tier
