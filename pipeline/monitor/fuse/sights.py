"""Reports as columns: what fusion weighs of each, and whether it says enough of place and time to be joined at all.

Places are in Earth-centred metres and errors in metres east and north, so that fusion knows no agreement and no map.
"""

import hashlib
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats, to_earth
from pipeline.model.footprint import Bearing, Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.model.times import to_us_array
from pipeline.observers import Observers

Ints = NDArray[np.int64]
Rows = NDArray[np.intp]

RADIUS_IN_ERRORS = 2.145966
"""A radius of so many standard errors (of each of two dimensions) holds nine places in ten."""


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
UNITS = tuple(CountUnit)
_TERM = {activity: number for number, activity in enumerate(ACTIVITIES)}
_UNIT = {unit: number for number, unit in enumerate(UNITS)}
_BIT = {weapon: 0 if weapon is Weapon.UNKNOWN else 1 << number for number, weapon in enumerate(Weapon)}
_BEARING_SHARE = 0.25
"""Of the square of an observer's own radius: the variance of a disc of even chances."""


def sights_of(reports: Sequence[Report], observers: Observers) -> Sights:
    """The columns of some reports, in their order."""
    count, known = len(reports), _known(observers)
    table, marks = np.empty((count, 21)), np.empty((count, 12), dtype=np.int64)
    begin_us = to_us_array(report.observed_from for report in reports)
    end_us = to_us_array(report.observed_until for report in reports)
    places = np.array([_place(report) for report in reports], dtype=np.float64).reshape(count, 7)
    counts = np.array([_count(report) for report in reports], dtype=np.float64).reshape(count, 3)
    marks[:, KIND] = [_kind(report, observers) for report in reports]
    kind = marks[:, KIND]
    term = np.array([_TERM[report.activity] for report in reports], dtype=np.int64)
    family = known.family[term]
    marks[:, TERM], marks[:, FAMILY] = term, family
    marks[:, ALIKE], marks[:, WHOLE] = known.alike[term], known.whole[kind]
    marks[:, OBSERVER] = [_observer(report) for report in reports]
    marks[:, WORDS] = [_words(report) for report in reports]
    marks[:, WEAPONS] = [_weapons(report) for report in reports]
    marks[:, TIER] = _tiers(reports, kind, (end_us - begin_us) / 1e6, observers)
    # Of a date there is neither a whole nor a part.
    marks[marks[:, TIER] == Tier.DATED, WHOLE] = -2
    _placed(table, places, observers)
    begin, end = begin_us / 1e6, end_us / 1e6
    _timed(table, begin, end, known.margin_s[kind] + known.margin_share[kind] * (end - begin))
    table[:, VT] = np.maximum(known.begins_s[kind], known.begins_share[kind] * (end - begin)) ** 2
    table[:, COUNT], marks[:, COUNTED] = _counted(counts)
    table[:, VC] = known.count_error[kind] ** 2
    table[:, RATE], table[:, LASTS] = known.rate[family], known.lasts_s[family]
    reach = known.reach[np.where(marks[:, TIER] == Tier.LOCATED, 0, 1), family]
    table[:, REACH_M], table[:, REACH_S] = reach.T
    exact = (table[:, X : Z + 1] * 10.0, table[:, VEE : VNN + 1])
    whole = [np.rint(column).astype(np.int64) for part in exact for column in part.T]
    marks[:, COPY] = mixed([begin_us, end_us, term, *whole])
    marks[:, KEY] = [crc32(report.report_id.encode()) for report in reports]
    return Sights(table, marks)


def _placed(table: Floats, places: Floats, observers: Observers) -> None:
    lon, lat, along_e, along_n = places[:, :4].T
    earth, east, north = _frames(lon, lat)
    table[:, X : Z + 1] = np.round(earth + along_e[:, None] * east + along_n[:, None] * north, 1)
    table[:, EX : EZ + 1], table[:, NX : NZ + 1] = east, north
    table[:, VEE : VNN + 1] = places[:, 4:7] + _floor(observers)


def _timed(table: Floats, begin: Floats, end: Floats, margin_s: Floats) -> None:
    begin, end = begin + margin_s, end - margin_s
    middle = (begin + end) / 2.0
    table[:, BEGIN], table[:, END] = np.minimum(begin, middle), np.maximum(end, middle)


def _counted(counts: Floats) -> tuple[Floats, Ints]:
    """The logarithm of each count's middle, and its unit."""
    unit, least, most = counts.T
    most = np.where(most > 0.0, most, 2.3 * least)
    counted = (unit >= 0.0) & (most > 0.0)
    # So many digits of the logarithm are plenty, and they are the same on every machine.
    middle = np.round(np.log(np.where(counted, (np.maximum(least, 0.3) + most) / 2.0, 1.0)), 5)
    return np.asarray(middle, dtype=np.float64), np.where(counted, unit, -1.0).astype(np.int64)


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


def _kind(report: Report, observers: Observers) -> int:
    ledger = (report.ledger or "").partition(":")[0]
    return _known_kind(observers, report.source, ledger, _first_word(report.observer or ""))


@lru_cache(maxsize=4096)
def _known_kind(observers: Observers, source: str, ledger: str, name: str) -> int:
    return observers.kind_of(source, ledger, name)


@lru_cache(maxsize=65536)
def _first_word(name: str) -> str:
    for number, letter in enumerate(name):
        if not letter.isalpha():
            return name[:number].lower()
    return name.lower()


def _observer(report: Report) -> int:
    return -1 if report.observer is None else _number(report.source, report.observer)


def _words(report: Report) -> int:
    if report.url is None and report.text is None:
        return -1
    return _number(report.url or report.text or "")


@lru_cache(maxsize=65536)
def _number(*texts: str) -> int:
    digest = hashlib.sha256("\x1f".join(texts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _weapons(report: Report) -> int:
    bits = 0
    for weapon in report.weapons:
        if weapon is Weapon.UNKNOWN:
            return 0
        bits |= _BIT[weapon]
    return bits


def _count(report: Report) -> tuple[float, float, float]:
    count = report.count
    if count is None:
        return -1.0, 0.0, 0.0
    return _UNIT[count.unit], count.min, -1.0 if count.max is None else count.max


_LEAST_DEG = 1e-6
_UNPLACED = (np.nan, np.nan, 0.0, 0.0, 0.0, 0.0, 0.0)


def _place(report: Report) -> tuple[float, ...]:
    """Longitude, latitude, a shift east and north from there, and the variances of place."""
    footprint = report.footprint
    if isinstance(footprint, Disc):
        share = (footprint.radius_m / RADIUS_IN_ERRORS) ** 2
        return footprint.lon, footprint.lat, 0.0, 0.0, share, 0.0, share
    if isinstance(footprint, Bearing):
        own = _BEARING_SHARE * footprint.observer_radius_m**2
        east, north, ee, en, nn = _sector(footprint.range_min_m, footprint.range_max_m, footprint.azimuths_deg)
        return footprint.lon, footprint.lat, east, north, ee + own, en, nn + own
    return _UNPLACED


@lru_cache(maxsize=65536)
def _sector(
    least_m: float, most_m: float, azimuths_deg: tuple[tuple[float, float], ...]
) -> tuple[float, float, float, float, float]:
    """The mean place of a ring's sectors, east and north of the observer, and its variances; every range as likely."""
    range_m, square_m2 = (least_m + most_m) / 2.0, (least_m**2 + least_m * most_m + most_m**2) / 3.0
    begin = np.radians([pair[0] for pair in azimuths_deg])
    # No sector is narrower than a hair, or nothing would be divided by nothing.
    width = np.radians([max((pair[1] - pair[0]) % 360.0 or 360.0, _LEAST_DEG) for pair in azimuths_deg])
    end, whole = begin + width, width.sum()
    sine = (np.cos(begin) - np.cos(end)).sum() / whole
    cosine = (np.sin(end) - np.sin(begin)).sum() / whole
    double = (np.sin(2.0 * end) - np.sin(2.0 * begin)).sum() / (4.0 * whole)
    cross = (np.cos(2.0 * begin) - np.cos(2.0 * end)).sum() / (4.0 * whole)
    ee, nn, en = square_m2 * (0.5 - double), square_m2 * (0.5 + double), square_m2 * cross
    east, north = range_m * sine, range_m * cosine
    return east, north, ee - east * east, en - east * north, nn - north * north


def _tiers(reports: Sequence[Report], kind: Ints, lasts_s: Floats, observers: Observers) -> Ints:
    linking = observers.linking
    curated = np.array([one.curated for one in observers.kinds])[kind]
    rumour = np.array([one.rumours for one in observers.kinds])[kind]
    disc = np.array([r.footprint.radius_m if isinstance(r.footprint, Disc) else np.inf for r in reports])
    bearing = np.array([isinstance(r.footprint, Bearing) for r in reports], dtype=bool)
    told = ((disc <= linking.tells_m) | bearing) & ~curated
    brief = lasts_s <= linking.tells_s
    tier = np.where(rumour, Tier.UNRESOLVED, Tier.ALONE).astype(np.int64)
    tier[told & (lasts_s <= linking.dated_s)] = Tier.DATED
    tier[told & brief] = Tier.BROAD
    tier[told & brief & ~rumour & ((disc <= linking.locates_m) | bearing)] = Tier.LOCATED
    return tier
