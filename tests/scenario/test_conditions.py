"""What observers have to cope with: satellites see when they pass and where no cloud is, and the blind see nothing."""

import numpy as np
import pytest

from pipeline.agreement import Agreement
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.conditions import DAY_MS, Conditions, region
from pipeline.scenario.kinds import NUMBER
from pipeline.scenario.looks import Looks, Setting, look
from pipeline.scenario.observers import NETWORKS
from pipeline.scenario.world import World
from tests.scenario.days import BEGIN_MS, conditions_of, day_of, fair, fresh, only

BY_NAME = {network.name: network for network in NETWORKS}
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def world(hypothetical: Agreement) -> World:
    return World(hypothetical, fresh(31))


def looked(network: str, scenario: Scenario, setting: Setting, seed: int = 32) -> Looks:
    return look(BY_NAME[network], day_of(scenario, setting.world, seed), setting, fresh(seed))


def as_drawn(scenario: Scenario, world: World, seed: int = 33) -> Setting:
    return Setting(scenario, world, conditions_of(scenario, world, seed))


def test_a_satellite_comes_back_after_just_its_period(world: World) -> None:
    passes = conditions_of(only(), world, 33).passes["satellite"]
    assert (np.diff(passes.time_ms) >= 0).all()
    for satellite in range(BY_NAME["satellite"].observers):
        steps_ms = np.diff(passes.time_ms[passes.satellite == satellite])
        least_s, most_s = BY_NAME["satellite"].period_s
        assert len(steps_ms) >= 6
        assert len(set(steps_ms.tolist())) == 1
        assert least_s * 1000 <= steps_ms[0] <= most_s * 1000
        assert steps_ms[0] % 1000 == 0


def test_a_satellite_sees_what_goes_on_as_it_passes_and_nothing_else(world: World) -> None:
    scenario, setting = only(farm_fire=3_000.0), fair(world)
    fires = day_of(scenario, world, 32)
    seen = looked("satellite", scenario, setting)
    passes = setting.conditions.passes["satellite"]
    assert seen.from_ms.tolist() == seen.until_ms.tolist()
    assert set(zip(seen.from_ms, seen.observer, strict=True)) <= set(zip(passes.time_ms, passes.satellite, strict=True))
    assert (seen.from_ms >= fires.begin_ms[seen.incident]).all()
    assert (seen.from_ms <= (fires.begin_ms + fires.lasts_ms)[seen.incident]).all()
    over = [
        int(((passes.time_ms >= begin) & (passes.time_ms <= begin + lasts)).sum())
        for begin, lasts in zip(fires.begin_ms, fires.lasts_ms, strict=True)
    ]
    chance = 0.6
    assert len(seen.incident) == pytest.approx(chance * sum(over), rel=0.05)


def test_an_industrial_fire_is_seen_at_nearly_every_pass_over_the_same_place(world: World) -> None:
    scenario = only(industrial_fire=150.0)
    seen = looked("satellite", scenario, fair(world))
    fires = day_of(scenario, world, 32)
    passes = fair(world).conditions.passes["satellite"]
    over = np.searchsorted(passes.time_ms, fires.begin_ms + fires.lasts_ms, side="right")
    over -= np.searchsorted(passes.time_ms, fires.begin_ms)
    assert len(seen.incident) > 0.9 * over.sum()
    assert over.max() > 3


def test_what_is_under_cloud_is_not_seen(world: World) -> None:
    scenario = only(farm_fire=3_000.0, distant_heat=3_000.0)
    setting = as_drawn(scenario, world)
    seen, passes = looked("satellite", scenario, setting), setting.conditions.passes["satellite"]
    clear = {
        (time_ms, satellite): set(np.flatnonzero(~cloudy).tolist())
        for time_ms, satellite, cloudy in zip(
            passes.time_ms.tolist(), passes.satellite.tolist(), passes.cloudy, strict=True
        )
    }
    places = region(seen.lon, seen.lat).tolist()
    assert all(
        place in clear[time_ms, satellite]
        for time_ms, satellite, place in zip(seen.from_ms.tolist(), seen.observer.tolist(), places, strict=True)
    )
    unhindered = len(looked("satellite", scenario, fair(world)).incident)
    assert len(seen.incident) == pytest.approx((1.0 - BY_NAME["satellite"].cloud) * unhindered, rel=0.06)


def blind(conditions: Conditions, network: str, observer: int, time_ms: int, *, jammed: bool = False) -> bool:
    one = (conditions.jammed if jammed else conditions.outages)[network]
    pairs = zip(one.from_ms[observer].tolist(), one.until_ms[observer].tolist(), strict=True)
    return any(begin <= time_ms < end for begin, end in pairs)


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        ("array", "mortar_fire"),
        ("watch", "small_arms_fire"),
        ("drone", "troops_withdrawn"),
        ("radar", "drone_crossing"),
    ],
)
def test_an_observer_reports_nothing_while_it_is_out_of_order(network: str, kind: str, world: World) -> None:
    scenario = only(**{kind: 3_000.0})
    setting = as_drawn(scenario, world)
    seen, whole = looked(network, scenario, setting), looked(network, scenario, fair(world))
    assert 100 < len(seen.incident) < 0.99 * len(whole.incident)
    looks = zip(whole.observer.tolist(), whole.from_ms.tolist(), strict=True)
    missed = sum(blind(setting.conditions, network, observer, time_ms) for observer, time_ms in looks)
    assert len(seen.incident) == len(whole.incident) - missed


def test_outages_are_as_common_and_as_long_as_stated_and_end_within_their_day(world: World) -> None:
    for network in NETWORKS:
        if network.name not in world.posts:
            continue
        days = [conditions_of(only(), world, 40 + 2 * day).outages[network.name] for day in range(10)]
        lasts_ms = np.concatenate([(one.until_ms - one.from_ms)[:, 0] for one in days])
        share = (lasts_ms > 0).mean()
        assert abs(share - network.outage) < 4.0 * np.sqrt(network.outage / len(lasts_ms))
        least_s, most_s = network.outage_s
        assert ((lasts_ms == 0) | ((lasts_ms >= least_s * 1000) & (lasts_ms <= most_s * 1000))).all()
        assert all((one.until_ms[:, 0] <= BEGIN_MS + DAY_MS).all() for one in days)


def test_jammers_blind_most_drones_and_the_arrays_near_hot_spots_for_hours(world: World) -> None:
    jammed = conditions_of(scenario_named("jammed"), world, 33)
    hours = {name: (one.until_ms - one.from_ms).sum(axis=1) / HOUR_MS / 2 for name, one in jammed.jammed.items()}
    assert (hours["drone"] > 0.0).mean() > 0.4
    assert 0.02 < (hours["array"] > 0.0).mean() < 0.4
    assert hours["array"].max() > 1.5
    posts = world.posts["array"]
    chainage_m = (np.arange(len(posts.lon)) + 0.5) * posts.spacing_m
    away_m = np.abs(chainage_m[:, None] - world.hot_spots_m).min(axis=1)
    assert away_m[hours["array"] > 0.0].max() < 50_000.0
    routine = conditions_of(scenario_named("routine"), world, 33)
    assert all((one.until_ms <= one.from_ms).all() for one in routine.jammed.values())


def test_whoever_is_jammed_reports_the_jamming_alone(world: World) -> None:
    scenario = scenario_named("jammed")
    setting = as_drawn(scenario, world)
    happened = day_of(scenario, world, 33)
    while_jammed = []
    for network in ("array", "watch", "drone"):
        seen = look(BY_NAME[network], happened, setting, fresh(34))
        while_jammed += [
            int(happened.kind[row])
            for row, observer, time_ms in zip(
                seen.incident.tolist(), seen.observer.tolist(), seen.from_ms.tolist(), strict=True
            )
            if blind(setting.conditions, network, observer, time_ms, jammed=True)
        ]
    assert len(while_jammed) > 20
    assert set(while_jammed) == {NUMBER["jamming"]}


def test_what_goes_on_past_midnight_meets_the_conditions_of_the_next_day(world: World) -> None:
    """Fires that begin late in the evening are seen by the satellites that pass after midnight."""
    scenario = only(farm_fire=20_000.0)
    seen = looked("satellite", scenario, fair(world))
    assert (seen.from_ms > BEGIN_MS + DAY_MS).sum() > 20
