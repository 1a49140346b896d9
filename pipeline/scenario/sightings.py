"""Who sees which incident, and what they make of it: place, time, count and delay, each with its error."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats
from pipeline.scenario.ground import between, length_m, moved
from pipeline.scenario.incidents import Incidents, Integers
from pipeline.scenario.kinds import KINDS
from pipeline.scenario.observers import BEARING, Network
from pipeline.scenario.world import World

HALF_WINDS = np.array(
    [
        (0.0, 1.0), (0.195090322, 0.98078528), (0.382683432, 0.923879533), (0.555570233, 0.831469612),
        (0.707106781, 0.707106781), (0.831469612, 0.555570233), (0.923879533, 0.382683432), (0.98078528, 0.195090322),
    ]
)  # fmt: skip
"""East and north of the directions from north to east, 11.25 degrees apart: the winds and the bounds between them."""

WITHIN_RADIUS = 0.9
"""The share of true places that lie within the disc that is reported, for discs of every network."""
_RADIUS_IN_ERRORS = 2.145966
"""The radius within which that share of a normal error in two dimensions falls, in standard errors of each."""

NO_COUNT = -1
_NOWHERE = np.array([kind.nowhere for kind in KINDS])
_COUNTED = np.array([kind.unit is not None for kind in KINDS])


class Sightings(NamedTuple):
    """What one network saw, as columns; one row will be one report.

    Attributes:
        incident: the row of the incident.
        observer: which of the network's observers.
        said: 0 precise, 1 broad, 2 vague.
        begin_ms, end_ms: the interval that is reported; whole grains of the network.
        published_ms, received_ms: when it was published (where somebody publishes) and received.
        count_min, count_max: `NO_COUNT` where nobody counted.
        lon, lat, radius_m: the disc that is reported; radius 0 for a bearing, negative where the report names no place.
        azimuth: which half wind is reported (bearings).
        range_min_km, range_max_km: whole kilometres (bearings).
    """

    incident: Integers
    observer: Integers
    said: Integers
    begin_ms: Integers
    end_ms: Integers
    published_ms: Integers
    received_ms: Integers
    count_min: Integers
    count_max: Integers
    lon: Floats
    lat: Floats
    radius_m: Floats
    azimuth: Integers
    range_min_km: Integers
    range_max_km: Integers

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.incident)

    def at(self, rows: NDArray[np.bool_]) -> "Sightings":
        """Some of them."""
        return Sightings._make(column[rows] for column in self)


class _Seen(NamedTuple):
    incident: Integers
    observer: Integers
    east_m: Floats
    north_m: Floats


def see(network: Network, incidents: Incidents, world: World, rng: np.random.Generator) -> Sightings:
    """What one network sees of some incidents."""
    seen = _detect(network, incidents, world, rng)
    happened = incidents.at(seen.incident)
    begin_ms, end_ms, heard_ms = _time(network, happened, rng)
    least, mean, most = (int(seconds * 1000) for seconds in network.delay_s)
    delay = np.minimum(least + (mean * rng.standard_exponential(happened.size)).astype(np.int64), most)
    published_ms = heard_ms + delay
    pick = rng.random(happened.size)
    said = (pick >= network.said[0]).astype(np.int64) + (pick >= network.said[0] + network.said[1])
    received_ms = published_ms + (rng.random(happened.size) * network.relayed_s * 1000.0).astype(np.int64)
    counts = _count(network, happened, rng)
    bearing = network.footprint == BEARING
    place = _bearing(network, seen, world, rng) if bearing else _disc(network, seen, happened, rng)
    return Sightings._make(
        (seen.incident, seen.observer, said, begin_ms, end_ms, published_ms, received_ms, *counts, *place)
    )


def _detect(network: Network, incidents: Incidents, world: World, rng: np.random.Generator) -> _Seen:
    """Each of the observers that come into question sees an incident by itself; the further off, the more rarely."""
    near, half_m = np.array([kind.seen.get(network.name, (0.0, 1.0)) for kind in KINDS]).T
    rows = np.flatnonzero(near[incidents.kind] > 0.0)
    kind = incidents.kind[rows]
    slots = np.arange(network.slots)
    if network.name in world.posts:
        posts = world.posts[network.name]
        first = np.floor(incidents.chainage_m[rows] / posts.spacing_m - (network.slots - 1) / 2.0).astype(np.int64)
        observer = np.clip(first, 0, len(posts.lon) - network.slots)[:, None] + slots
        at = incidents.lon[rows][:, None], incidents.lat[rows][:, None]
        east_m, north_m = between(posts.lon[observer], posts.lat[observer], *at)
        ratio = length_m(east_m, north_m) / half_m[kind][:, None]
        chance = near[kind][:, None] / (1.0 + ratio * ratio * ratio * ratio)
    else:
        observer = (rng.integers(0, network.observers, len(rows))[:, None] + slots) % network.observers
        east_m = north_m = np.zeros(observer.shape)
        chance = np.broadcast_to(near[kind][:, None], observer.shape)
    row, slot = np.nonzero(rng.random(observer.shape) < chance)
    return _Seen(rows[row], observer[row, slot], east_m[row, slot], north_m[row, slot])


def _time(network: Network, happened: Incidents, rng: np.random.Generator) -> tuple[Integers, Integers, Integers]:
    """The interval that is reported, and the moment from which the delay counts: no report comes before its end."""
    number, lasts_ms = happened.size, happened.lasts_ms
    glimpse_ms = np.minimum(lasts_ms, int(network.glimpse_s * 1000)) if network.glimpse_s else lasts_ms
    begin = happened.begin_ms + (rng.random(number) * (lasts_ms - glimpse_ms)).astype(np.int64)
    end = begin + glimpse_ms
    errors = (network.time_error_s * 1000.0 * rng.standard_normal((2, number))).astype(np.int64)
    margin, grain = int(network.margin_s * 1000), network.grain_s * 1000
    first, last = begin + errors[0] - margin, end + errors[1] + margin
    first, last = np.minimum(first, last), np.maximum(first, last)
    first, last = first // grain * grain, -(-last // grain) * grain
    return first, last, np.maximum(last, end)


def _count(network: Network, happened: Incidents, rng: np.random.Generator) -> tuple[Integers, Integers]:
    error = network.count_error
    guess = happened.number * (1.0 + error * rng.standard_normal(happened.size))
    low = np.maximum(1, np.floor(guess * (1.0 - error)).astype(np.int64))
    high = np.maximum(low, np.ceil(guess * (1.0 + error)).astype(np.int64))
    counted = _COUNTED[happened.kind]
    return np.where(counted, low, NO_COUNT), np.where(counted & (not network.open_count), high, NO_COUNT)


def _disc(
    network: Network, seen: _Seen, happened: Incidents, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Integers, Integers, Integers]:
    least, most = network.radius_m
    if network.radius_share:
        radius_m = np.minimum(least + network.radius_share * length_m(seen.east_m, seen.north_m), most)
    else:
        radius_m = least + (most - least) * rng.random(happened.size)
    radius_m = np.ceil(radius_m)
    errors = rng.standard_normal((2, happened.size)) * (radius_m / _RADIUS_IN_ERRORS)
    lon, lat = moved(happened.lon, happened.lat, *errors)
    if network.relayed_s:
        radius_m = np.where(rng.random(happened.size) < _NOWHERE[happened.kind], -1.0, radius_m)
    nought = np.zeros(happened.size, dtype=np.int64)
    return lon, lat, radius_m, nought, nought, nought


def _bearing(
    network: Network, seen: _Seen, world: World, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Integers, Integers, Integers]:
    """A range in whole kilometres and one wind, or two where the azimuth lies near the bound between them."""
    posts = world.posts[network.name]
    swing = network.azimuth_error * rng.standard_normal(len(seen.incident))
    azimuth = half_wind(seen.east_m + swing * seen.north_m, seen.north_m - swing * seen.east_m)
    away_m = length_m(seen.east_m, seen.north_m) * (1.0 + network.range_error * rng.standard_normal(len(swing)))
    least = np.maximum(0, np.floor(away_m / 1000.0 - 0.5).astype(np.int64))
    most = np.maximum(least, np.ceil(away_m * 1.15 / 1000.0 - 0.5).astype(np.int64)) + 1
    return posts.lon[seen.observer], posts.lat[seen.observer], np.zeros(len(swing)), azimuth, least, most


def half_wind(east_m: Floats, north_m: Floats) -> Integers:
    """The nearest of 32 directions, counted clockwise from north.

    >>> half_wind(np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.0, -1.0])).tolist()
    [0, 8, 20]
    """
    # The quadrant, and the two lengths as if it were the first: a quarter turn to the left makes the east the north.
    quadrant = np.where(north_m > 0.0, np.where(east_m >= 0.0, 0, 3), np.where(east_m > 0.0, 1, 2))
    east, north = np.abs(east_m), np.abs(north_m)
    east, north = np.where(quadrant % 2, north, east), np.where(quadrant % 2, east, north)
    nearness = east[:, None] * HALF_WINDS[:, 0] + north[:, None] * HALF_WINDS[:, 1]
    # The ninth direction, due east, is the first of the next quadrant.
    best = np.where(east > nearness.max(axis=1), 8, nearness.argmax(axis=1))
    return np.asarray((quadrant * 8 + best) % 32)
