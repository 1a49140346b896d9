"""What reports say, a field at a time, as columns: the figures that `sights` weighs."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.report import Report
from pipeline.model.taxonomy import CountUnit, Weapon
from pipeline.observers import Observers

Ints = NDArray[np.int64]
F = TypeVar("F")

RADIUS_IN_ERRORS = 2.145966
"""A radius of so many standard errors (of each of two dimensions) holds nine places in ten."""

UNITS = tuple(CountUnit)
_UNIT = {unit: number for number, unit in enumerate(UNITS)}
_UNKNOWN = Weapon.UNKNOWN
_BIT = {weapon: 1 << number for number, weapon in enumerate(Weapon)}
_BEARING_SHARE = 0.25
"""Of the square of an observer's own radius: the variance of a disc of even chances."""

_LEAST_DEG = 1e-6
_MOST_KNOWN = 1 << 16
"""So many observers are kept in mind."""


class Places:
    """Where some reports say it happened.

    Attributes:
        lon, lat: degrees; NaN where that is nowhere or an area.
        apart_m: (n, 2) a shift east and north from there.
        variances_m2: (n, 3) of the place: east, east by north, north.
        radius_m: of discs; infinite where it is none.
        is_bearing: which are bearings.
    """

    def __init__(self, footprints: Sequence[Footprint]) -> None:
        count = len(footprints)
        self.lon, self.lat = np.full((2, count), np.nan)
        self.apart_m, self.variances_m2 = np.zeros((count, 2)), np.zeros((count, 3))
        self.radius_m, self.is_bearing = np.full(count, np.inf), np.zeros(count, dtype=bool)
        self._discs(*_of_kind(footprints, Disc))
        self._bearings(*_of_kind(footprints, Bearing))

    def _discs(self, rows: list[int], discs: Sequence[Disc]) -> None:
        given = np.array([(disc.lon, disc.lat, disc.radius_m) for disc in discs], dtype=np.float64).reshape(-1, 3)
        self.lon[rows], self.lat[rows], self.radius_m[rows] = given.T
        share = (given[:, 2] / RADIUS_IN_ERRORS) ** 2
        self.variances_m2[rows, 0] = self.variances_m2[rows, 2] = share

    def _bearings(self, rows: list[int], bearings: Sequence[Bearing]) -> None:
        for row, bearing in zip(rows, bearings, strict=True):
            own = _BEARING_SHARE * bearing.observer_radius_m**2
            east, north, ee, en, nn = _sector(bearing.range_min_m, bearing.range_max_m, bearing.azimuths_deg)
            self.lon[row], self.lat[row], self.is_bearing[row] = bearing.lon, bearing.lat, True
            self.apart_m[row], self.variances_m2[row] = (east, north), (ee + own, en, nn + own)


def _of_kind(footprints: Sequence[Footprint], kind: type[F]) -> tuple[list[int], list[F]]:
    found = [(row, footprint) for row, footprint in enumerate(footprints) if isinstance(footprint, kind)]
    return [row for row, _ in found], [footprint for _, footprint in found]


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


class Who:
    """Who reports: kinds of observer and numbers for those who are named, each looked up once."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers
        self._known: dict[tuple[str, str | None, str | None], tuple[int, int]] = {}

    def of(self, reports: Sequence[Report]) -> Ints:
        """(n, 2): the number of the kind, and one for the observer (-1: nobody is named)."""
        known = self._known
        if len(known) > _MOST_KNOWN:
            known.clear()
        found = []
        for report in reports:
            key = report.source, report.ledger, report.observer
            numbers = known.get(key)
            if numbers is None:
                numbers = known[key] = self._looked_up(*key)
            found.append(numbers)
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    def _looked_up(self, source: str, ledger: str | None, observer: str | None) -> tuple[int, int]:
        kind = self._observers.kind_of(source, (ledger or "").partition(":")[0], _first_word(observer or ""))
        return kind, -1 if observer is None else number_of(f"{source}\x1f{observer}")


def _first_word(name: str) -> str:
    for number, letter in enumerate(name):
        if not letter.isalpha():
            return name[:number].lower()
    return name.lower()


def number_of(text: str) -> int:
    """A number that texts share only if they are the same."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def words(reports: Sequence[Report]) -> Ints:
    """A number for the address at which each is published, or for its words; -1 where there are none."""
    said = [report.url or report.text for report in reports]
    return np.array([number_of(text) if text else -1 for text in said], dtype=np.int64)


def weapons(reports: Sequence[Report]) -> Ints:
    """A bit for each weapon that it may have been; 0 where that is not said."""
    bits = np.zeros(len(reports), dtype=np.int64)
    for row, report in enumerate(reports):
        if report.weapons and _UNKNOWN not in report.weapons:
            bits[row] = sum({_BIT[weapon] for weapon in report.weapons})
    return bits


def counts(reports: Sequence[Report]) -> tuple[Floats, Ints]:
    """The logarithm of each count's middle, and its unit; -1 where nothing was counted."""
    given = [(row, report.count) for row, report in enumerate(reports) if report.count is not None]
    rows = [row for row, _ in given]
    unit = np.full(len(reports), -1, dtype=np.int64)
    least, most = np.ones(len(reports)), np.ones(len(reports))
    unit[rows], least[rows] = [_UNIT[count.unit] for _, count in given], [count.min for _, count in given]
    most[rows] = [-1.0 if count.max is None else count.max for _, count in given]
    most = np.where(most > 0.0, most, 2.3 * least)
    counted: Bools = (unit >= 0) & (most > 0.0)
    # So many digits of the logarithm are plenty, and they are the same on every machine.
    middle = np.round(np.log(np.where(counted, (np.maximum(least, 0.3) + most) / 2.0, 1.0)), 5)
    return np.asarray(middle, dtype=np.float64), np.where(counted, unit, -1)


def keys(reports: Sequence[Report]) -> Ints:
    """A number for each report, its own wherever it is looked at."""
    return np.array([crc32(report.report_id.encode()) for report in reports], dtype=np.int64)
