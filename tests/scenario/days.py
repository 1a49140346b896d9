"""Days of scenarios made for one test, and what stands between them and the player."""

import numpy as np

from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.conditions import DAY_MS, Conditions, prevail
from pipeline.scenario.happen import happen
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.looks import Setting
from pipeline.scenario.world import World

BEGIN_MS = 1_772_323_200_000


def fresh(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def only(exchanges_per_day: float = 0.0, **per_day: float) -> Scenario:
    """Nothing but these kinds, and exchanges of fire."""
    return Scenario(name="x", title="", description="", per_day=per_day, exchanges_per_day=exchanges_per_day)


def conditions_of(scenario: Scenario, world: World, seed: int, day: int = 0) -> Conditions:
    one, after = (
        prevail(scenario, world, number, BEGIN_MS + number * DAY_MS, fresh(seed + number)) for number in (day, day + 1)
    )
    return one.and_then(after)


def day_of(scenario: Scenario, world: World, seed: int, day: int = 0) -> Incidents:
    return happen(scenario, world, conditions_of(scenario, world, seed, day), fresh(seed))


def fair(world: World) -> Setting:
    """A setting in which nobody is out of order and no cloud hides anything."""
    scenario = only()
    conditions = conditions_of(scenario, world, 1)
    return Setting(
        scenario,
        world,
        conditions._replace(
            outages={name: one._replace(until_ms=one.from_ms) for name, one in conditions.outages.items()},
            passes={name: one._replace(cloudy=np.zeros_like(one.cloudy)) for name, one in conditions.passes.items()},
        ),
    )
