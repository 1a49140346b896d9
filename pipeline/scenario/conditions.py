"""What observers have to cope with on a day: outages, jammers, the hours at which satellites pass, and cloud."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.kinds import NUMBER
from pipeline.scenario.observers import NETWORKS, Network
from pipeline.scenario.world import Integers, World

DAY_MS = 86_400_000
JAMMED_S = (10_800, 28_800)
JAM_SCATTER_M = 5_000.0
REGIONS = 64
REGION_DEG = 2.0

_JAMMING = NUMBER["jamming"]


class Jams(NamedTuple):
    """Where along the line observers are jammed, and when. No jam goes on past the end of its day."""

    chainage_m: Floats
    from_ms: Integers
    until_ms: Integers


class Intervals(NamedTuple):
    """For each observer of a network, one row of intervals; empty ones end as they begin."""

    from_ms: Integers
    until_ms: Integers

    def hold(self, observer: Integers, time_ms: Integers) -> Bools:
        """Whether a time lies in one of an observer's intervals."""
        time = time_ms[:, None]
        return np.asarray(((self.from_ms[observer] <= time) & (time < self.until_ms[observer])).any(axis=1))


class Passes(NamedTuple):
    """A network's passes, in order of time; `cloudy` is by pass and region."""

    time_ms: Integers
    satellite: Integers
    cloudy: Bools


class Conditions(NamedTuple):
    """What observers have to cope with on one day.

    Attributes:
        day: its number in the scenario, from 0.
        outages, jammed: by network, for those whose observers stand somewhere.
        passes: by network, for those that pass over.
    """

    day: int
    begin_ms: int
    jams: Jams
    outages: Mapping[str, Intervals]
    jammed: Mapping[str, Intervals]
    passes: Mapping[str, Passes]

    def and_then(self, after: "Conditions") -> "Conditions":
        """With what the next day brings, for whatever goes on into it."""
        return self._replace(
            outages={name: _both(one, after.outages[name]) for name, one in self.outages.items()},
            jammed={name: _both(one, after.jammed[name]) for name, one in self.jammed.items()},
            passes={
                name: Passes._make(np.concatenate(columns) for columns in zip(one, after.passes[name], strict=True))
                for name, one in self.passes.items()
            },
        )

    def blind(self, network: Network, observer: Integers, time_ms: Integers, kind: Integers) -> Bools:
        """Who sees nothing at a time. Whoever is jammed notices that, and reports it."""
        out = self.outages[network.name].hold(observer, time_ms)
        return np.asarray(out | (self.jammed[network.name].hold(observer, time_ms) & (kind != _JAMMING)))


def prevail(scenario: Scenario, world: World, day: int, begin_ms: int, rng: np.random.Generator) -> Conditions:
    """The conditions of one day."""
    jams = _jams(scenario, world, begin_ms, rng)
    standing = [network for network in NETWORKS if network.name in world.posts]
    return Conditions(
        day,
        begin_ms,
        jams,
        {one.name: _outages(one, len(world.posts[one.name].lon), begin_ms, rng) for one in standing},
        {one.name: _jammed(one, world, jams) for one in standing},
        {one.name: _passes(one, world, begin_ms, rng) for one in NETWORKS if one.name in world.orbits},
    )


def region(lon: Floats, lat: Floats) -> NDArray[np.intp]:
    """The region of each place, for cloud: squares of two degrees, far apart where they share a number."""
    column, row = np.floor(lon / REGION_DEG), np.floor(lat / REGION_DEG)
    return np.asarray((column + 11.0 * row) % REGIONS, dtype=np.intp)


def _both(one: Intervals, other: Intervals) -> Intervals:
    return Intervals._make(np.concatenate(columns, axis=1) for columns in zip(one, other, strict=True))


def _jams(scenario: Scenario, world: World, begin_ms: int, rng: np.random.Generator) -> Jams:
    number = scenario.jammed_stretches
    spot = np.arange(number) % len(world.hot_spots_m)
    near_m = world.hot_spots_m[spot] + JAM_SCATTER_M * rng.standard_normal(number)
    lasts_ms, from_ms = _within_a_day(JAMMED_S, number, begin_ms, rng)
    return Jams(np.clip(near_m, 0.0, world.path.length_m), from_ms, from_ms + lasts_ms)


def _outages(network: Network, observers: int, begin_ms: int, rng: np.random.Generator) -> Intervals:
    lasts_ms, from_ms = _within_a_day(network.outage_s, observers, begin_ms, rng)
    out = rng.random(observers) < network.outage
    return Intervals(from_ms[:, None], np.where(out, from_ms + lasts_ms, from_ms)[:, None])


def _within_a_day(
    bounds_s: tuple[int, int], number: int, begin_ms: int, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """How long and from when, evenly between the bounds, and such that it ends within the day."""
    short, long = bounds_s
    length, at = rng.random((2, number))
    lasts_ms = ((short + (long - short) * length) * 1000.0).astype(np.int64)
    return lasts_ms, begin_ms + (at * (DAY_MS - lasts_ms)).astype(np.int64)


def _jammed(network: Network, world: World, jams: Jams) -> Intervals:
    posts = world.posts[network.name]
    chainage_m = (np.arange(len(posts.lon)) + 0.5) * posts.spacing_m
    near = np.abs(chainage_m[:, None] - jams.chainage_m) < network.jam_reach_m
    return Intervals(np.broadcast_to(jams.from_ms, near.shape), np.where(near, jams.until_ms, jams.from_ms))


def _passes(network: Network, world: World, begin_ms: int, rng: np.random.Generator) -> Passes:
    orbits = world.orbits[network.name]
    most = DAY_MS // (network.period_s[0] * 1000) + 1
    first = -((orbits.phase_ms - begin_ms) // orbits.period_ms)
    turns = (first[:, None] + np.arange(most)) * orbits.period_ms[:, None] + orbits.phase_ms[:, None]
    satellite, turn = np.nonzero(turns < begin_ms + DAY_MS)
    time_ms = turns[satellite, turn]
    order = np.argsort(time_ms, kind="stable")
    return Passes(time_ms[order], satellite[order], rng.random((len(order), REGIONS)) < network.cloud)
