"""What truly happens on a day of a scenario, and what is invented: Poisson in time, each kind by itself, and fire."""

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.conditions import DAY_MS, Conditions
from pipeline.scenario.fire import bombardments, exchanges, levels, ramped
from pipeline.scenario.ground import between, moved
from pipeline.scenario.incidents import Incidents, completed, distant, front, in_order
from pipeline.scenario.kinds import KINDS, NUMBER, Where, chance
from pipeline.scenario.observers import POSTS
from pipeline.scenario.world import Integers, World

INVENTED = {
    "mortar_fire": 2.0,
    "artillery_fire": 1.0,
    "explosion": 2.0,
    "drone_flight": 3.0,
    "troops_in_buffer": 2.0,
    "distant_event": 6.0,
}
"""What is invented, and how often in proportion: what lies along the line is invented near its hot spots."""

CROSSES_FROM_M = 1_500.0
CROSSES_TO_M = (1_500.0, 6_000.0)
CROSSES_ALONG_M = 2_000.0
JAMMING_SPREAD_M = 5_000.0

_DEPTH_M = np.array([kind.depth_m for kind in KINDS])
_SCATTER_M = np.array([kind.scatter_m for kind in KINDS])
_WHERE = np.array([list(Where).index(kind.where) for kind in KINDS])
_DEPTH, _SITE, _FAR = (list(Where).index(where) for where in (Where.DEPTH, Where.SITE, Where.FAR))
_CROSSES = np.array([kind.crosses for kind in KINDS])
_FIRE = np.array([kind.fire for kind in KINDS])


def happen(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    """The incidents of a day, in order of time, and with them what somebody invents."""
    return in_order(
        [
            _background(scenario, world, conditions, rng),
            exchanges(scenario, world, conditions, rng),
            bombardments(scenario, world, conditions, rng),
            _jamming(scenario, world, conditions, rng),
            _inventions(scenario, world, conditions, rng),
        ]
    )


def inventions_per_day(scenario: Scenario) -> float:
    """So many that they are the share that the scenario states of the original posts that are to be expected."""
    chances = {kind.name: chance(kind, POSTS.name, scenario.posts_factor) for kind in KINDS}
    posts = POSTS.slots * sum(number * chances[name] for name, number in scenario.per_day.items())
    return posts * scenario.invented_share / (1.0 - scenario.invented_share)


def _background(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    per_day = np.array([scenario.per_day.get(kind.name, 0.0) for kind in KINDS])
    first, last = levels(scenario, conditions.day)
    kind = np.repeat(np.arange(len(KINDS)), rng.poisson(per_day * np.where(_FIRE, (first + last) / 2.0, 1.0)))
    evenly = rng.random(len(kind))
    at = np.where(_FIRE[kind], ramped(evenly, first, last), evenly)
    begin_ms = conditions.begin_ms + (at * DAY_MS).astype(np.int64)
    chainage_m, offset_m = front(world, len(kind), rng)
    where = _WHERE[kind]
    low, high = _DEPTH_M[kind].T
    along, away, side = rng.random((3, len(kind)))
    deep = where == _DEPTH
    chainage_m = np.where(deep, along * world.path.length_m, chainage_m)
    offset_m = np.where(deep, np.where(side < 0.5, -1.0, 1.0) * (low + (high - low) * away), offset_m)
    offset_m = np.where(_CROSSES[kind], offset_m + np.where(offset_m < 0.0, -CROSSES_FROM_M, CROSSES_FROM_M), offset_m)
    lon, lat = world.path.place(chainage_m, offset_m)
    far = where == _FAR
    lon[far], lat[far] = distant(world, int(far.sum()), rng)
    site = _settle(world, kind, chainage_m, lon, lat, rng)
    every = completed(begin_ms, kind, np.where(far, 0.0, chainage_m), (lon, lat), rng)
    return _crossing(every, offset_m, world, rng).at(~_occupied(every, site))


def _settle(
    world: World, kind: Integers, chainage_m: Floats, lon: Floats, lat: Floats, rng: np.random.Generator
) -> Integers:
    """Puts what happens at fixed sites there, and gives the site of each; −1 of all else."""
    site = np.full(len(kind), -1)
    for number, sites in world.sites.items():
        rows = np.flatnonzero(kind == number)
        at = (rng.random(len(rows)) * rng.random(len(rows)) * len(sites.lon)).astype(np.intp)
        east_m, north_m = _SCATTER_M[number] * rng.standard_normal((2, len(rows)))
        lon[rows], lat[rows] = moved(sites.lon[at], sites.lat[at], east_m, north_m)
        chainage_m[rows] = sites.chainage_m[at]
        site[rows] = number * 1_000 + at
    return site


def _occupied(every: Incidents, site: Integers) -> Bools:
    """What would begin at a site where something of its kind still goes on."""
    rows = np.flatnonzero(site >= 0)
    rows = rows[np.lexsort((every.begin_ms[rows], site[rows]))]
    # Sites are set a day and more apart on one scale of time, so that none reaches into the next.
    begin_ms = every.begin_ms[rows] + site[rows] * (4 * DAY_MS)
    until_ms = np.maximum.accumulate(begin_ms + every.lasts_ms[rows])
    occupied = np.zeros(every.size, dtype=bool)
    occupied[rows[1:]] = begin_ms[1:] < until_ms[:-1]
    return occupied


def _crossing(every: Incidents, offset_m: Floats, world: World, rng: np.random.Generator) -> Incidents:
    """What crosses the line ends on the other side of it."""
    rows = np.flatnonzero(_CROSSES[every.kind])
    along_m = every.chainage_m[rows] + CROSSES_ALONG_M * rng.standard_normal(len(rows))
    beyond_m = CROSSES_TO_M[0] + (CROSSES_TO_M[1] - CROSSES_TO_M[0]) * rng.random(len(rows))
    there = world.path.place(
        np.clip(along_m, 0.0, world.path.length_m), np.where(offset_m[rows] < 0.0, beyond_m, -beyond_m)
    )
    moves = np.zeros((2, every.size))
    moves[:, rows] = between(every.lon[rows], every.lat[rows], *there)
    return every._replace(moves_east_m=moves[0], moves_north_m=moves[1])


def _jamming(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    """What jammers do, besides the stray jamming of the background."""
    jams = conditions.jams
    hours = (jams.until_ms - jams.from_ms) / 3_600_000
    jam = np.repeat(np.arange(len(hours)), rng.poisson(scenario.jamming_per_hour * hours))
    lasts_ms = (jams.until_ms - jams.from_ms)[jam]
    begin_ms = jams.from_ms[jam] + (rng.random(len(jam)) * lasts_ms).astype(np.int64)
    along_m, offset_m = JAMMING_SPREAD_M * rng.standard_normal((2, len(jam)))
    chainage_m = np.clip(jams.chainage_m[jam] + along_m, 0.0, world.path.length_m)
    kind = np.full(len(jam), NUMBER["jamming"])
    return completed(begin_ms, kind, chainage_m, world.path.place(chainage_m, offset_m), rng)


def _inventions(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    number = int(rng.poisson(inventions_per_day(scenario)))
    begin_ms = conditions.begin_ms + (rng.random(number) * DAY_MS).astype(np.int64)
    weights = np.array(list(INVENTED.values()))
    bounds = np.cumsum(weights) / weights.sum()
    # The last bound may be a hair below 1.
    pick = np.minimum(np.searchsorted(bounds, rng.random(number), side="right"), len(bounds) - 1)
    kind = np.array([NUMBER[name] for name in INVENTED])[pick]
    chainage_m, offset_m = front(world, number, rng)
    lon, lat = world.path.place(chainage_m, offset_m)
    far = _WHERE[kind] == _FAR
    lon[far], lat[far] = distant(world, int(far.sum()), rng)
    return completed(begin_ms, kind, np.where(far, 0.0, chainage_m), (lon, lat), rng, invented=True)
