"""Fire that comes in numbers: exchanges, which excite themselves, and sustained bombardment."""

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.conditions import DAY_MS, Conditions
from pipeline.scenario.ground import moved
from pipeline.scenario.incidents import Incidents, completed, front
from pipeline.scenario.kinds import NUMBER
from pipeline.scenario.world import FRONT_SPREAD_M, World

ANSWERS_TO_FIRST = 2.4
ANSWERS_TO_OTHERS = 0.6
ANSWER_DELAY_S = 240.0
ANSWER_SPREAD_M = 350.0
GENERATIONS = 10
_EXCHANGED = np.array([NUMBER[name] for name in ("small_arms_fire", "small_arms_fire", "mortar_fire", "explosion")])
_BOMBARDED = np.array([NUMBER[name] for name in ("artillery_fire", "artillery_fire", "mortar_fire", "explosion")])


def levels(scenario: Scenario, day: int) -> tuple[float, float]:
    """How much fire there is as a day begins and as it ends, in terms of the beginning of the first."""
    return (1.0 if day == 0 else scenario.fire_growth), scenario.fire_growth


def ramped(evenly: Floats, first: float, last: float) -> Floats:
    """Even draws from 0 to 1, made as much thicker towards the end as `last` is more than `first`.

    >>> ramped(np.array([0.0, 0.5, 1.0]), 1.0, 3.0).round(3).tolist()
    [0.0, 0.618, 1.0]
    """
    if first == last:
        return evenly
    return (np.sqrt(first * first + (last * last - first * first) * evenly) - first) / (last - first)


def exchanges(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    """Exchanges of fire: a first incident, answers to it, and answers to these, each somewhat later and further off."""
    first, last = levels(scenario, conditions.day)
    number = int(rng.poisson(scenario.exchanges_per_day * (first + last) / 2.0))
    at = ramped(rng.random(number), first, last)
    begin_ms = conditions.begin_ms + (at * DAY_MS).astype(np.int64)
    chainage_m, offset_m = front(world, number, rng)
    lon, lat = world.path.place(chainage_m, offset_m)
    generations, answers = [(begin_ms, chainage_m, lon, lat)], ANSWERS_TO_FIRST
    for _ in range(GENERATIONS):
        begin_ms, chainage_m, lon, lat = generations[-1]
        to = np.repeat(np.arange(len(begin_ms)), rng.poisson(answers, len(begin_ms)))
        delay_ms = (ANSWER_DELAY_S * 1000.0 * rng.standard_exponential(len(to))).astype(np.int64)
        there = moved(lon[to], lat[to], *(ANSWER_SPREAD_M * rng.standard_normal((2, len(to)))))
        generations.append((begin_ms[to] + delay_ms, chainage_m[to], *there))
        answers = ANSWERS_TO_OTHERS
    begin_ms, chainage_m, lon, lat = (np.concatenate(columns) for columns in zip(*generations, strict=True))
    kind = _EXCHANGED[rng.integers(0, len(_EXCHANGED), len(begin_ms))]
    every = completed(begin_ms, kind, chainage_m, (lon, lat), rng)
    # What would be answered after midnight is not: each day has its own fire.
    return every.at(every.begin_ms < conditions.begin_ms + DAY_MS)


def bombardments(scenario: Scenario, world: World, conditions: Conditions, rng: np.random.Generator) -> Incidents:
    """Bombardment along some stretches, from an hour of the first day on, without end."""
    stretches, number = world.stretches, scenario.bombarded_stretches
    after = stretches.after[:number] if conditions.day == 0 else np.zeros(number)
    stretch = np.repeat(np.arange(number), rng.poisson(scenario.bombardment_per_hour * 24.0 * (1.0 - after)))
    at = after[stretch] + (1.0 - after[stretch]) * rng.random(len(stretch))
    from_m, until_m = stretches.from_m[stretch], stretches.until_m[stretch]
    chainage_m = from_m + (until_m - from_m) * rng.random(len(stretch))
    place = world.path.place(chainage_m, FRONT_SPREAD_M * rng.standard_normal(len(stretch)))
    kind = _BOMBARDED[rng.integers(0, len(_BOMBARDED), len(stretch))]
    return completed(conditions.begin_ms + (at * DAY_MS).astype(np.int64), kind, chainage_m, place, rng)
