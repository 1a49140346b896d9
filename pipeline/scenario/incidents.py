"""What truly happens in a span of a scenario, as columns: background and exchanges of fire."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats
from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.ground import moved
from pipeline.scenario.kinds import KINDS, NUMBER, Where
from pipeline.scenario.world import FAR_SCATTER_M, FRONT_SPREAD_M, HOT_SHARE, HOT_SPREAD_M, World

Integers = NDArray[np.int64]

DAY_MS = 86_400_000
EXCHANGE_MEMBERS = (3, 10)
EXCHANGE_SPREAD_M = 500.0
EXCHANGE_LASTS_MS = 900_000
_EXCHANGED = np.array([NUMBER[name] for name in ("small_arms_fire", "small_arms_fire", "mortar_fire", "explosion")])

_NUMBER = np.array([kind.number for kind in KINDS])
_LASTS_MS = np.array([kind.lasts_s for kind in KINDS]) * 1000
_DEPTH_M = np.array([kind.depth_m for kind in KINDS])
_WHERE = np.array([list(Where).index(kind.where) for kind in KINDS])
_FRONT, _DEPTH, _FAR = (list(Where).index(where) for where in (Where.FRONT, Where.DEPTH, Where.FAR))


class Incidents(NamedTuple):
    """Incidents in order of time, as columns.

    `chainage_m` is where along the line each was drawn (for finding the observers near it); 0 for those far off.
    """

    begin_ms: Integers
    lasts_ms: Integers
    kind: Integers
    number: Integers
    chainage_m: Floats
    lon: Floats
    lat: Floats

    @property
    def size(self) -> int:
        """How many there are. (The length of a named tuple is the number of its columns.)"""
        return len(self.begin_ms)

    def at(self, rows: slice | NDArray[np.intp]) -> "Incidents":
        """Some of them."""
        return Incidents._make(column[rows] for column in self)


def happen(scenario: Scenario, world: World, begin_ms: int, span_ms: int, rng: np.random.Generator) -> Incidents:
    """The incidents of a span of time: Poisson in time, each kind by itself, and exchanges of fire besides."""
    parts = [_background(scenario, world, begin_ms, span_ms, rng), _exchanges(scenario, world, begin_ms, span_ms, rng)]
    together = Incidents._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    return together.at(np.lexsort((together.kind, together.begin_ms)))


def _background(scenario: Scenario, world: World, begin_ms: int, span_ms: int, rng: np.random.Generator) -> Incidents:
    per_day = np.array([scenario.per_day.get(kind.name, 0.0) for kind in KINDS])
    kind = np.repeat(np.arange(len(KINDS)), rng.poisson(per_day * (span_ms / DAY_MS)))
    begin = begin_ms + (rng.random(len(kind)) * span_ms).astype(np.int64)
    chainage_m, offset_m = _front(world, len(kind), rng)
    where = _WHERE[kind]
    low, high = _DEPTH_M[kind].T
    along, away, side = rng.random((3, len(kind)))
    deep = where == _DEPTH
    chainage_m = np.where(deep, along * world.path.length_m, chainage_m)
    offset_m = np.where(deep, np.where(side < 0.5, -1.0, 1.0) * (low + (high - low) * away), offset_m)
    lon, lat = world.path.place(chainage_m, offset_m)
    far = where == _FAR
    lon[far], lat[far] = _distant(world, int(far.sum()), rng)
    return _complete(begin, kind, np.where(far, 0.0, chainage_m), lon, lat, rng)


def _front(world: World, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Chainage and offset of places at the front. The first hot spots are the busiest."""
    spot = (rng.random(number) * rng.random(number) * len(world.hot_spots_m)).astype(np.intp)
    near = world.hot_spots_m[spot] + HOT_SPREAD_M * rng.standard_normal(number)
    chainage_m = np.where(rng.random(number) < HOT_SHARE, near, rng.random(number) * world.path.length_m)
    return np.clip(chainage_m, 0.0, world.path.length_m), FRONT_SPREAD_M * rng.standard_normal(number)


def _distant(world: World, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    site = (rng.random(number) * rng.random(number) * len(world.far_lon)).astype(np.intp)
    east_m, north_m = (rng.random((2, number)) * 2.0 - 1.0) * FAR_SCATTER_M
    return moved(world.far_lon[site], world.far_lat[site], east_m, north_m)


def _exchanges(scenario: Scenario, world: World, begin_ms: int, span_ms: int, rng: np.random.Generator) -> Incidents:
    """Exchanges of fire: a place at the front, and members about it within a kilometre and a quarter of an hour."""
    number = int(rng.poisson(scenario.exchanges_per_day * (span_ms / DAY_MS)))
    members = rng.integers(EXCHANGE_MEMBERS[0], EXCHANGE_MEMBERS[1] + 1, number)
    first = begin_ms + (rng.random(number) * (span_ms - EXCHANGE_LASTS_MS)).astype(np.int64)
    chainage_m, offset_m = _front(world, number, rng)
    parent = np.repeat(np.arange(number), members)
    begin = first[parent] + (rng.random(len(parent)) * EXCHANGE_LASTS_MS).astype(np.int64)
    lon, lat = world.path.place(chainage_m[parent], offset_m[parent])
    lon, lat = moved(lon, lat, *((rng.random((2, len(parent))) * 2.0 - 1.0) * EXCHANGE_SPREAD_M))
    kind = _EXCHANGED[rng.integers(0, len(_EXCHANGED), len(parent))]
    return _complete(begin, kind, chainage_m[parent], lon, lat, rng)


def _complete(
    begin: Integers, kind: Integers, chainage_m: Floats, lon: Floats, lat: Floats, rng: np.random.Generator
) -> Incidents:
    least, most = _NUMBER[kind].T
    # The square makes small numbers common and large ones rare.
    draw = rng.random(len(kind))
    number = least + (draw * draw * (most - least + 1)).astype(np.int64)
    short, long = _LASTS_MS[kind].T
    lasts = short + (rng.random(len(kind)) * (long - short)).astype(np.int64)
    return Incidents(begin, lasts, kind, number, chainage_m, lon, lat)
