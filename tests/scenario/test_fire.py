"""Fire that comes in numbers: bursts that excite themselves, days that grow, stretches under bombardment."""

import msgspec
import numpy as np
import pytest
from pyproj import Geod

from pipeline.agreement import Agreement
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.conditions import DAY_MS
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS
from pipeline.scenario.world import World
from tests.scenario.days import BEGIN_MS, day_of, fresh, only

GEOD = Geod(ellps="WGS84")
FIRE = np.array([kind.fire for kind in KINDS])


@pytest.fixture(scope="module")
def world(hypothetical: Agreement) -> World:
    return World(hypothetical, fresh(51))


@pytest.fixture(scope="module")
def bursts(world: World) -> list[Incidents]:
    """Exchanges, told apart by the chainage of the place where each began."""
    day = day_of(only(exchanges_per_day=400.0), world, 52)
    return [day.at(np.flatnonzero(day.chainage_m == chainage)) for chainage in np.unique(day.chainage_m)]


def test_an_exchange_has_some_members_and_seldom_very_many(bursts: list[Incidents]) -> None:
    sizes = np.array([one.size for one in bursts])
    # 1 + 2.4 / (1 - 0.6): what a branching process comes to.
    assert sizes.mean() == pytest.approx(7.0, rel=0.12)
    assert (sizes == 1).any()
    assert sizes.max() < 60


def test_members_of_an_exchange_lie_about_a_kilometre_and_ten_minutes_apart(bursts: list[Incidents]) -> None:
    away_m, apart_ms = [], []
    for one in bursts:
        first, second = np.triu_indices(one.size, k=1)
        away_m += GEOD.inv(one.lon[first], one.lat[first], one.lon[second], one.lat[second])[2].tolist()
        apart_ms += np.abs(one.begin_ms[first] - one.begin_ms[second]).tolist()
    assert 700.0 < np.median(away_m) < 1_300.0
    assert 450_000 < np.mean(apart_ms) < 900_000


def test_an_exchange_excites_itself(bursts: list[Incidents]) -> None:
    """Where more has happened by the tenth minute, more comes after it: in a burst of even density it would not."""
    size, early, late = np.array(
        [
            (one.size, (after_ms < 600_000).sum(), (after_ms >= 600_000).sum())
            for one in bursts
            for after_ms in [one.begin_ms - one.begin_ms.min()]
        ]
    ).T
    assert np.corrcoef(early, late)[0, 1] > 0.2
    assert late[early >= 6].mean() > 1.5 * late[early <= 3].mean()
    assert (early + late == size).all()


def test_a_scenario_of_ones_own_may_have_no_bursts(world: World) -> None:
    calm = msgspec.structs.replace(scenario_named("routine"), exchanges_per_day=0.0)
    assert len(np.unique(fire_of(day_of(calm, world, 53)).chainage_m)) == fire_of(day_of(calm, world, 53)).size
    assert (
        len(np.unique(fire_of(day_of(scenario_named("routine"), world, 53)).chainage_m))
        < fire_of(day_of(scenario_named("routine"), world, 53)).size
    )


def fire_of(day: Incidents) -> Incidents:
    return day.at(FIRE[day.kind] & ~day.invented)


def per_hour(scenario: Scenario, world: World, day: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Incidents of fire in each third of a day, an hour."""
    many = [fire_of(day_of(scenario, world, seed, day)) for seed in range(60, 80)]
    begin_ms = np.concatenate([one.begin_ms for one in many]) - BEGIN_MS - day * DAY_MS
    return np.bincount(begin_ms * 3 // DAY_MS, minlength=3) / (8.0 * len(many))


def test_escalation_grows_over_its_first_day_to_three_times_the_fire_and_stays_there(world: World) -> None:
    routine = per_hour(scenario_named("routine"), world, 0)
    first, second = (per_hour(scenario_named("escalation"), world, day) for day in (0, 1))
    assert routine.min() > 0.8 * routine.max()
    # A third of the day each: on average 4/3, 2 and 8/3 times.
    assert first / routine.mean() == pytest.approx([4 / 3, 2.0, 8 / 3], rel=0.15)
    assert second / routine.mean() == pytest.approx([3.0, 3.0, 3.0], rel=0.15)


def test_breakdown_ends_in_bombardment_of_whole_stretches(world: World) -> None:
    scenario = scenario_named("breakdown")
    calm = msgspec.structs.replace(scenario, bombarded_stretches=0)
    assert per_hour(calm, world, 0)[2] < 0.4 * per_hour(scenario, world, 0)[2]
    stretches = world.stretches
    for day in (0, 1):
        fire = fire_of(day_of(scenario, world, 81, day))
        for number in range(scenario.bombarded_stretches):
            within = (fire.chainage_m >= stretches.from_m[number]) & (fire.chainage_m <= stretches.until_m[number])
            hour = ((fire.begin_ms[within] - BEGIN_MS - day * DAY_MS) // 3_600_000).astype(int)
            since = 0 if day else int(stretches.after[number] * 24) + 1
            hourly = np.bincount(hour, minlength=24)[since:]
            assert hourly.min() >= 5, "it does not end"
            assert hourly.mean() > 0.8 * scenario.bombardment_per_hour
