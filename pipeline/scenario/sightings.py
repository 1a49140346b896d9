"""What observers make of what they see: place, time, count and delay, each with its error."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats
from pipeline.scenario.ground import between, length_m, moved
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS, Where
from pipeline.scenario.looks import Looks, Setting, look
from pipeline.scenario.observers import BEARING, Network
from pipeline.scenario.wordings import FIRST_HAND
from pipeline.scenario.world import Integers, World

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
NO_CHAINAGE = -1
ORIGINAL = -1
_NOWHERE = np.array([kind.nowhere for kind in KINDS])
_FAR = np.array([kind.where is Where.FAR for kind in KINDS])
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
        wording: which of the templates a post is written by.
        chainage_km: the kilometre of the line that a post names; `NO_CHAINAGE` where it is far from it.
        original: the row of the post that this one copies; `ORIGINAL` where it copies none.
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
    wording: Integers
    chainage_km: Integers
    original: Integers

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.incident)

    def at(self, rows: NDArray[np.bool_]) -> "Sightings":
        """Some of them: of a copy always its original too."""
        row = np.cumsum(rows) - 1
        moved_up = self._replace(original=np.where(self.original == ORIGINAL, ORIGINAL, row[self.original]))
        return Sightings._make(column[rows] for column in moved_up)


def see(network: Network, incidents: Incidents, setting: Setting, rng: np.random.Generator) -> Sightings:
    """What one network sees of some incidents."""
    looks = look(network, incidents, setting, rng)
    happened = incidents.at(looks.incident)
    begin_ms, end_ms = _time(network, looks, rng)
    least, mean, most = (int(seconds * 1000) for seconds in network.delay_s)
    delay = np.minimum(least + (mean * rng.standard_exponential(happened.size)).astype(np.int64), most)
    published_ms = np.maximum(end_ms, looks.until_ms) + delay
    pick = rng.random(happened.size)
    said = (pick >= network.said[0]).astype(np.int64) + (pick >= network.said[0] + network.said[1])
    received_ms = published_ms + (rng.random(happened.size) * network.relayed_s * 1000.0).astype(np.int64)
    counts = _count(network, happened, rng)
    bearing = network.footprint == BEARING
    place = _bearing(network, looks, setting.world, rng) if bearing else _disc(network, looks, happened, rng)
    told = _told(network, happened, *place[:2], rng)
    return Sightings._make(
        (looks.incident, looks.observer, said, begin_ms, end_ms, published_ms, received_ms, *counts, *place, *told)
    )


def _time(network: Network, looks: Looks, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """The interval that is reported."""
    errors = (network.time_error_s * 1000.0 * rng.standard_normal((2, len(looks.incident)))).astype(np.int64)
    margin, grain = int(network.margin_s * 1000), network.grain_s * 1000
    first, last = looks.from_ms + errors[0] - margin, looks.until_ms + errors[1] + margin
    first, last = np.minimum(first, last), np.maximum(first, last)
    return first // grain * grain, -(-last // grain) * grain


def _told(
    network: Network, happened: Incidents, lon: Floats, lat: Floats, rng: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """What a post says in words: by which template, near which kilometre; and that it is no copy."""
    original = np.full(happened.size, ORIGINAL)
    if not network.relayed_s:
        nought = np.zeros(happened.size, dtype=np.int64)
        return nought, nought, original
    # The post errs along the line by as much as it errs to the east: it names the place that it gives.
    east_m, _ = between(happened.lon, happened.lat, lon, lat)
    chainage_km = np.maximum(np.floor((happened.chainage_m + east_m) / 1000.0), 0.0).astype(np.int64)
    wording = rng.integers(0, len(FIRST_HAND), happened.size)
    return wording, np.where(_FAR[happened.kind], NO_CHAINAGE, chainage_km), original


def _count(network: Network, happened: Incidents, rng: np.random.Generator) -> tuple[Integers, Integers]:
    error = network.count_error
    guess = happened.number * (1.0 + error * rng.standard_normal(happened.size))
    low = np.maximum(1, np.floor(guess * (1.0 - error)).astype(np.int64))
    high = np.maximum(low, np.ceil(guess * (1.0 + error)).astype(np.int64))
    counted = _COUNTED[happened.kind]
    return np.where(counted, low, NO_COUNT), np.where(counted & (not network.open_count), high, NO_COUNT)


def _disc(
    network: Network, looks: Looks, happened: Incidents, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Integers, Integers, Integers]:
    least, most = network.radius_m
    if network.radius_share:
        radius_m = np.minimum(least + network.radius_share * length_m(looks.east_m, looks.north_m), most)
    else:
        radius_m = least + (most - least) * rng.random(happened.size)
    radius_m = np.ceil(radius_m)
    errors = rng.standard_normal((2, happened.size)) * (radius_m / _RADIUS_IN_ERRORS)
    lon, lat = moved(looks.lon, looks.lat, *errors)
    if network.relayed_s:
        radius_m = np.where(rng.random(happened.size) < _NOWHERE[happened.kind], -1.0, radius_m)
    nought = np.zeros(happened.size, dtype=np.int64)
    return lon, lat, radius_m, nought, nought, nought


def _bearing(
    network: Network, looks: Looks, world: World, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Integers, Integers, Integers]:
    """A range in whole kilometres and one wind, or two where the azimuth lies near the bound between them."""
    posts = world.posts[network.name]
    swing = network.azimuth_error * rng.standard_normal(len(looks.incident))
    azimuth = half_wind(looks.east_m + swing * looks.north_m, looks.north_m - swing * looks.east_m)
    away_m = length_m(looks.east_m, looks.north_m) * (1.0 + network.range_error * rng.standard_normal(len(swing)))
    least = np.maximum(0, np.floor(away_m / 1000.0 - 0.5).astype(np.int64))
    most = np.maximum(least, np.ceil(away_m * 1.15 / 1000.0 - 0.5).astype(np.int64)) + 1
    return posts.lon[looks.observer], posts.lat[looks.observer], np.zeros(len(swing)), azimuth, least, most


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
