"""A scenario's observation log: it says who watched, and who could not, just as the conditions were drawn."""

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
import shapely

from pipeline.agreement import Agreement
from pipeline.geometry.footprints import outline
from pipeline.model.check import check_observation
from pipeline.model.footprint import Area, Bearing, Disc
from pipeline.model.records import Observation
from pipeline.model.report import Report
from pipeline.model.times import to_us
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.within import within
from pipeline.scenario import generate
from pipeline.scenario.catalogue import scenario_named
from pipeline.scenario.conditions import DAY_MS, Conditions, prevail, region
from pipeline.scenario.ground import moved
from pipeline.scenario.observers import NETWORKS
from pipeline.scenario.watching import CLOUD_WITHIN_M, Keeper, near_regions, observer_name
from pipeline.scenario.world import World
from tests.scenario.days import BEGIN_MS, fresh

STANDING = [network for network in NETWORKS if network.spacing_m]
BLIND = {ObservationState.OUTAGE: "outages", ObservationState.JAMMED: "jammed"}
PLAIN_LOG = "7784a4559e7e6ba75aee8e5307177ab340e61c15200915dfd97415d1a8fe4b0e"


class Kept(NamedTuple):
    """A day with jammers, as it was drawn and as the log has it."""

    world: World
    conditions: Conditions
    records: list[Observation]


@pytest.fixture(scope="module")
def kept(hypothetical: Agreement) -> Kept:
    world = World(hypothetical, fresh(41))
    conditions = prevail(scenario_named("jammed"), world, 0, BEGIN_MS, fresh(42))
    lines = Keeper(world, "x-").day(conditions, BEGIN_MS + DAY_MS)
    return Kept(world, conditions, [msgspec.json.decode(line, type=Observation) for line in lines])


def ms(record: Observation) -> tuple[int, int]:
    return to_us(record.observed_from) // 1000, to_us(record.observed_until) // 1000


def test_every_record_is_one_that_is_taken(kept: Kept) -> None:
    assert [problem for one in kept.records if (problem := check_observation(one, {}))] == []
    told = {(one.asset, one.observed_from, one.state, str(one.footprint)) for one in kept.records}
    assert len({one.observation_id for one in kept.records}) == len(told) < len(kept.records)
    received = [one.received_at for one in kept.records if one.received_at is not None]
    assert len(received) == len(kept.records)
    assert received == sorted(received)


def test_nobody_says_that_he_was_blind_before_he_was_and_all_say_so_every_half_hour(kept: Kept) -> None:
    versions: dict[str, list[datetime]] = defaultdict(list)
    for one in kept.records:
        assert one.received_at is not None
        late_s = (one.received_at - one.observed_until).total_seconds()
        if one.state in BLIND:
            assert late_s == 0.0
            assert one.published_at == one.received_at
            said = versions[one.observation_id]
            assert (one.observed_until - max([one.observed_from, *said])).total_seconds() <= 1_800.0
            said.append(one.observed_until)
        elif one.state is ObservationState.OBSCURED:
            assert late_s == -30.0


@pytest.mark.parametrize("state", BLIND)
def test_the_blind_are_blind_just_as_long_as_was_drawn(state: ObservationState, kept: Kept) -> None:
    said: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for one in kept.records:
        if one.state is state:
            said[one.asset].add(ms(one))
    blind = 0
    for network in STANDING:
        intervals = getattr(kept.conditions, BLIND[state])[network.name]
        for number in range(len(intervals.from_ms)):
            drawn = np.zeros(DAY_MS // 1000, dtype=bool)
            told = np.zeros_like(drawn)
            for begin_ms, until_ms in zip(intervals.from_ms[number], intervals.until_ms[number], strict=True):
                drawn[(begin_ms - BEGIN_MS) // 1000 : (until_ms - BEGIN_MS) // 1000] = True
            for begin_ms, until_ms in said.get(observer_name(network, number), ()):
                told[(begin_ms - BEGIN_MS) // 1000 : (until_ms - BEGIN_MS) // 1000] = True
            assert (drawn == told).all()
            blind += bool(drawn.any())
    assert blind > 10


def test_nearly_every_place_at_the_front_is_in_the_strips_of_those_who_may_see_it(kept: Kept) -> None:
    rng = fresh(43)
    chainage_m = rng.random(2_000) * kept.world.path.length_m
    lon, lat = kept.world.path.place(chainage_m, 4_000.0 * rng.standard_normal(2_000))
    for network in STANDING:
        posts = kept.world.posts[network.name]
        first = np.floor(chainage_m / posts.spacing_m - (network.slots - 1) / 2.0).astype(int)
        slots = np.clip(first, 0, len(posts.lon) - network.slots)[:, None] + np.arange(network.slots)
        held = np.zeros((len(posts.lon), len(lon)), dtype=bool)
        for number in range(len(posts.lon)):
            name = observer_name(network, number)
            footprints = [
                one.footprint for one in kept.records if one.asset == name and isinstance(one.footprint, Disc | Bearing)
            ]
            held[number] = within(footprints, {}, lon, lat).holds.any(axis=0)
        inside = held[slots, np.arange(len(lon))[:, None]]
        assert inside.mean() > 0.95
        # It is not that everybody watches everything.
        assert held.sum(axis=0).mean() < 1.6 * network.slots


def test_satellites_are_said_to_watch_where_no_cloud_is(kept: Kept) -> None:
    rng = fresh(44)
    chainage_m, offset_m = rng.random(400) * kept.world.path.length_m, (rng.random(400) - 0.5) * 200_000.0
    lon, lat = kept.world.path.place(chainage_m, offset_m)
    # What lies at the side of a square may be counted to its neighbour: an area's edge is a geodesic.
    clear_of_sides = np.abs(lat % 2.0 - 1.0) < 0.98
    passes = kept.conditions.passes["satellite"]
    cloudy = passes.cloudy[:, region(lon, lat)]
    watched, obscured = np.zeros_like(cloudy), np.zeros_like(cloudy)
    rows = {time_ms: row for row, time_ms in enumerate(passes.time_ms.tolist())}
    for one in kept.records:
        if one.make == "satellite":
            row = rows[sum(ms(one)) // 2]
            into = obscured if one.state is ObservationState.OBSCURED else watched
            into[row] = within([one.footprint], {}, lon, lat).holds[0]
    assert watched.all()
    assert (obscured == cloudy)[:, clear_of_sides].all()
    assert 0.1 < cloudy.mean() < 0.4


def test_areas_are_whole_and_reach_far_enough(kept: Kept) -> None:
    areas = {one.make: one.footprint for one in kept.records if isinstance(one.footprint, Area)}
    everywhere, swath = (outline(one, {}) for one in (areas["post"], areas["satellite"]))
    assert shapely.is_valid(everywhere)
    assert shapely.is_valid(swath)
    assert shapely.contains_xy(everywhere, kept.world.far_lon, kept.world.far_lat).all()
    rng, path = fresh(45), kept.world.path
    from_m = 0.7 * CLOUD_WITHIN_M * (2.0 * rng.random((2, len(path.lon))) - 1.0)
    lon, lat = moved(path.lon, path.lat, *from_m)
    known = {(column, row) for column, row in near_regions(kept.world).tolist()}
    assert set(zip(np.floor(lon / 2.0).tolist(), np.floor(lat / 2.0).tolist(), strict=True)) <= known


def test_a_scenario_that_is_cut_short_says_nothing_of_what_comes_after(plain: Agreement) -> None:
    chunks = list(generate("jammed", 3, plain, 3_000))
    records = [msgspec.json.decode(line, type=Observation) for chunk in chunks for line in chunk.observations]
    lasting = [one for one in records if one.make != "satellite"]
    assert max(one.observed_until for one in lasting) <= chunks[-1].until
    whole = next(iter(generate("jammed", 3, plain))).observations
    assert len(records) < len(whole)


def test_days_follow_each_other(plain: Agreement) -> None:
    chunks = list(generate("quiet", 3, plain, 5_000))
    records = [msgspec.json.decode(line, type=Observation) for chunk in chunks for line in chunk.observations]
    names = list(dict.fromkeys(one.observation_id for one in records))
    assert names == [f"sim:quiet-3-o{1 + at}" for at in range(len(names))]
    array = [ms(one) for one in records if one.asset == "array-001" and one.state is ObservationState.WATCHING]
    assert {begin for begin, _ in array} == {ms(records[0])[0] + day * DAY_MS for day in range(3)}


def test_assets_are_named_as_in_their_reports(plain: Agreement) -> None:
    chunks = list(generate("routine", 3, plain, 8_000))
    told = {msgspec.json.decode(line, type=Report).observer for chunk in chunks for line in chunk.reports}
    logged = {msgspec.json.decode(line, type=Observation).asset for chunk in chunks for line in chunk.observations}
    assert {name for name in told if name and not name.startswith("outlet-")} <= logged


def test_bytes_are_those_of_every_other_machine(plain: Agreement) -> None:
    chunks = generate("jammed", 1, plain, 25_000)
    digest = hashlib.sha256("\n".join(line for chunk in chunks for line in chunk.observations).encode()).hexdigest()
    assert digest == PLAIN_LOG
