"""Where observers stood: a file beside the table names the positions, and towns are looked up by name.

`<file name>.positions.toml` has a table for each position, and may say of which day the report is:

    reported = 2018-10-03

    [position."SMM camera at DFS"]
    lon = 37.75
    lat = 48.05
    radius_m = 300
"""

import math
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.model.check import MAX_RADIUS_M, check_lonlat
from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import InputError, RowError
from pipeline.sources.towns import load_towns
from pipeline.sources.wording.places import ALL_ROUND, FAR_M, Place, place
from pipeline.sources.wording.reading import Reading

POSITIONS_SUFFIX = ".positions.toml"
TOWN_RADIUS_M = 5_000.0
"""How far a town reaches about its point: our assumption, for towns that are known by name alone."""
_SIZE_LIMIT = 1 << 20
_EARTH_RADIUS_M = 6_371_008.8
_REMEMBERED = 10_000


class Spot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A disc within which somebody stood."""

    lon: float
    lat: float
    radius_m: float


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"positions": "position"}):
    positions: dict[str, Spot] = {}
    reported: date | None = None
    country: str = "Ukraine"


class Told(NamedTuple):
    """A footprint that words gave, and by which rule."""

    footprint: Footprint
    rule: RemarkRule
    doubtful: bool


class Positions:
    """The positions of one table. `reported` is the day of the report, where the file says so."""

    def __init__(self, file: str) -> None:
        self.beside = file + POSITIONS_SUFFIX
        known = _load(Path(self.beside)) if file != "-" else _File()
        self.reported = known.reported
        self._country = known.country
        self._named = {_key(name): spot for name, spot in known.positions.items()}
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)

    def _find(self, name: str) -> Reading[Spot]:
        """Where an observer stood by the name of the position.

        Raises:
            RowError: neither the file nor the towns have it.
        """
        spot = self._named.get(_key(name))
        if spot is not None:
            return Reading(spot)
        where = place(name)
        base = self._town(where.value.town) if where.value.town is not None else None
        if base is None:
            detail = f"the position {name[:80]!r} is not known: name it in {Path(self.beside).name}"
            raise RowError("position", RejectReason.UNKNOWN_AREA, detail)
        return Reading(_beside(base, where.value), RemarkRule.FROM_A_PLACE, where.doubtful)

    def told(self, words: str, position: str, own: Spot | None) -> Told:
        """The footprint of an event that is told from a position; `own` is the row's own place of it, if it has one.

        Raises:
            RowError: the position is not known, and the words name no known place either.
        """
        where = place(words)
        town = self._town(where.value.town) if where.value.town is not None else None
        if town is not None:
            return Told(_footprint(town, where.value), RemarkRule.FROM_A_PLACE, where.doubtful)
        spot, doubtful = (own, False) if own is not None else _sure(self.find(position))
        assert spot is not None
        if where.rule is not RemarkRule.RANGE_AND_WINDS:
            return Told(Disc(spot.lon, spot.lat, FAR_M + spot.radius_m), RemarkRule.WORDS_UNREAD, True)
        return Told(_footprint(spot, where.value), RemarkRule.RANGE_AND_WINDS, where.doubtful or doubtful)

    def _town(self, name: str) -> Spot | None:
        """A place by the file's name for it, or the only town of that name in the country."""
        spot = self._named.get(_key(name))
        if spot is not None:
            return spot
        towns = load_towns().named(name, self._country)
        return Spot(towns[0].longitude, towns[0].latitude, TOWN_RADIUS_M) if len(towns) == 1 else None


def _sure(found: Reading[Spot]) -> tuple[Spot, bool]:
    return found.value, found.doubtful


def _footprint(spot: Spot, where: Place) -> Footprint:
    if where.here:
        return Disc(spot.lon, spot.lat, spot.radius_m)
    return Bearing(spot.lon, spot.lat, *where.range_m, where.azimuths_deg, spot.radius_m)


def _beside(base: Spot, where: Place) -> Spot:
    """The disc that holds all places so far from `base`, which is somewhere within its own radius."""
    low_m, high_m = where.range_m
    if where.here:
        return base
    (begin, end), *others = where.azimuths_deg
    half_deg = ((end - begin) % 360.0) / 2
    if others or where.azimuths_deg == ALL_ROUND or half_deg > 45.0:
        return Spot(base.lon, base.lat, base.radius_m + high_m)
    middle_m, azimuth = (low_m + high_m) / 2, math.radians(begin + half_deg)
    around_m = (high_m - low_m) / 2 + high_m * math.sin(math.radians(half_deg))
    north_deg = math.degrees(middle_m * math.cos(azimuth) / _EARTH_RADIUS_M)
    east_deg = math.degrees(middle_m * math.sin(azimuth) / _EARTH_RADIUS_M / math.cos(math.radians(base.lat)))
    return Spot(base.lon + east_deg, base.lat + north_deg, base.radius_m + around_m)


def _load(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return _File()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be opened: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > _SIZE_LIMIT:
        raise InputError(f"{path}: larger than 1 MiB")
    try:
        known = msgspec.toml.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from error
    for name, spot in known.positions.items():
        problem = check_lonlat(spot.lon, spot.lat)
        if problem is not None:
            raise InputError(f"{path}: position {name!r}: {problem.detail}")
        if not 0.0 <= spot.radius_m <= MAX_RADIUS_M:
            raise InputError(f"{path}: position {name!r}: radius_m is not between 0 and {MAX_RADIUS_M:.0f}")
    return known


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
