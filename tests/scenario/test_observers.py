"""Observers are as good as they are said to be, and no better: detection, place, time, count and delay."""

import numpy as np
import pytest
from pyproj import Geod

from pipeline.agreement import Agreement
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS, NUMBER, Where
from pipeline.scenario.looks import Setting
from pipeline.scenario.observers import BEARING, DISC, NETWORKS, Network
from pipeline.scenario.sightings import WITHIN_RADIUS, Sightings, see
from pipeline.scenario.world import World
from tests.scenario.days import BEGIN_MS, fair

GEOD = Geod(ellps="WGS84")
BY_NAME = {network.name: network for network in NETWORKS}
NUMBER_OF_INCIDENTS = 12_000


@pytest.fixture(scope="module")
def world(hypothetical: Agreement) -> World:
    return World(hypothetical, np.random.Generator(np.random.PCG64(11)))


def along_the_line(world: World, kind: str, offset_m: float, lasts_ms: int = 30_000, number: int = 8) -> Incidents:
    """Many incidents of one kind, all at one distance from the line."""
    rng = np.random.Generator(np.random.PCG64(12))
    size = NUMBER_OF_INCIDENTS
    chainage_m = rng.random(size) * world.path.length_m
    lon, lat = world.path.place(chainage_m, np.full(size, offset_m))
    begin = BEGIN_MS + np.arange(size) * 7_000
    lasts, kinds, numbers = (np.full(size, value, dtype=np.int64) for value in (lasts_ms, NUMBER[kind], number))
    still, true = np.zeros(size), np.zeros(size, dtype=bool)
    return Incidents(begin, lasts, kinds, numbers, chainage_m, lon, lat, still, still, true)


@pytest.fixture(scope="module")
def setting(world: World) -> Setting:
    return fair(world)


def watched(network: str, setting: Setting, incidents: Incidents) -> Sightings:
    return see(BY_NAME[network], incidents, setting, np.random.Generator(np.random.PCG64(13)))


@pytest.mark.parametrize(
    ("network", "kind", "distances_m"),
    [
        ("array", "mortar_fire", (0, 8_000, 12_000, 18_000, 30_000)),
        ("array", "small_arms_fire", (0, 5_000, 8_000, 14_000)),
        ("watch", "small_arms_fire", (0, 5_000, 8_000, 14_000)),
        ("drone", "guns_forward", (10_000, 40_000, 60_000, 100_000)),
    ],
)
def test_what_is_further_away_is_seen_more_rarely(
    network: str, kind: str, distances_m: tuple[int, ...], world: World, setting: Setting
) -> None:
    seen = [watched(network, setting, along_the_line(world, kind, float(away))).size for away in distances_m]
    shares = np.array(seen) / NUMBER_OF_INCIDENTS
    assert (np.diff(shares) < -0.02).all(), shares
    assert shares[-1] < 0.25 * shares[0]


def test_loud_fire_carries_further_than_small_arms(world: World, setting: Setting) -> None:
    loud, quiet = (
        watched("array", setting, along_the_line(world, kind, 10_000.0)).size
        for kind in ("mortar_fire", "small_arms_fire")
    )
    assert loud > 4 * quiet


@pytest.mark.parametrize("network", [one for one in NETWORKS if one.footprint == DISC], ids=lambda one: one.name)
def test_nine_true_places_in_ten_lie_in_the_disc(network: Network, world: World, setting: Setting) -> None:
    kind = max(KINDS, key=lambda kind: kind.seen.get(network.name, (0.0, 0.0))).name
    incidents = along_the_line(world, kind, 4_000.0, 3_600_000 if network.period_s[1] else 30_000)
    seen = see(network, incidents, setting, np.random.Generator(np.random.PCG64(14)))
    placed = seen.radius_m > 0.0
    row = seen.incident[placed]
    away_m = GEOD.inv(incidents.lon[row], incidents.lat[row], seen.lon[placed], seen.lat[placed])[2]
    assert len(row) > 900
    # Four standard errors of a share of 0.9 among that many, and the geometry's own half a percent.
    margin = 4.0 * 0.3 / np.sqrt(len(row)) + 0.005
    assert abs((away_m < seen.radius_m[placed]).mean() - WITHIN_RADIUS) < margin
    least, most = network.radius_m
    assert seen.radius_m[placed].min() >= least
    assert seen.radius_m[placed].max() <= most


def test_place_errors_are_the_same_in_every_direction(world: World, setting: Setting) -> None:
    incidents = along_the_line(world, "mortar_fire", 4_000.0)
    seen = watched("array", setting, incidents)
    east = (seen.lon - incidents.lon[seen.incident]) * GEOD.inv(36.0, 48.0, 37.0, 48.0)[2] / seen.radius_m
    north = (seen.lat - incidents.lat[seen.incident]) * 111_200.0 / seen.radius_m
    assert abs(east.mean()) < 0.02
    assert abs(north.mean()) < 0.02
    assert east.std() == pytest.approx(north.std(), rel=0.05)


def test_most_bearings_hold_the_true_place(world: World, setting: Setting) -> None:
    incidents = along_the_line(world, "mortar_fire", 2_000.0)
    seen = watched("watch", setting, incidents)
    row = seen.incident
    azimuth, _, away_m = GEOD.inv(seen.lon, seen.lat, incidents.lon[row], incidents.lat[row])
    first = np.where(seen.azimuth % 2, seen.azimuth - 1, seen.azimuth) * 11.25 - 11.25
    width = np.where(seen.azimuth % 2, 45.0, 22.5)
    in_sector = (azimuth - first) % 360.0 < width
    in_range = (away_m >= seen.range_min_km * 1000) & (away_m <= seen.range_max_km * 1000)
    assert 0.9 < in_sector.mean() < 0.99
    assert 0.85 < in_range.mean() < 0.995
    assert (seen.range_max_km > seen.range_min_km).all()


@pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.name)
def test_times_counts_and_delays_are_as_stated(network: Network, world: World, setting: Setting) -> None:
    kind = next(kind for kind in KINDS if network.name in kind.seen and kind.unit is not None)
    incidents = along_the_line(world, kind.name, 3_000.0, lasts_ms=20_000, number=20)
    seen = see(network, incidents, setting, np.random.Generator(np.random.PCG64(15)))
    happened = incidents.at(seen.incident)
    grain_ms = network.grain_s * 1000
    assert not (seen.begin_ms % grain_ms).any()
    assert not (seen.end_ms % grain_ms).any()
    # A part of what happened lies in what is reported, but for the rarest of errors; posts are worse.
    overlaps = (seen.begin_ms <= happened.begin_ms + 20_000) & (seen.end_ms >= happened.begin_ms)
    assert overlaps.mean() > (0.85 if network.relayed_s else 0.95)
    delay_s = (seen.published_ms - np.maximum(seen.end_ms, happened.begin_ms)) / 1000.0
    assert delay_s.min() >= network.delay_s[0]
    assert np.median(delay_s) < network.delay_s[0] + network.delay_s[1]
    # With "at least so many", the count errs by one bound, else by two.
    right = seen.count_min <= 20
    if network.open_count:
        assert (seen.count_max == -1).all()
    else:
        right &= seen.count_max >= 20
    assert 0.65 < right.mean() <= 1.0


def test_observers_differ_by_network(world: World, setting: Setting) -> None:
    """One in three or fewer of an array's reports name the weapon; a drone's camera nearly always does."""
    incidents = along_the_line(world, "mortar_fire", 3_000.0)
    precise = {name: float((watched(name, setting, incidents).said == 0).mean()) for name in ("array", "drone")}
    assert precise["array"] < 0.4
    assert precise["drone"] > 0.8


def test_nobody_who_stands_by_the_line_sees_what_is_far_off() -> None:
    standing = {network.name for network in NETWORKS if network.spacing_m}
    assert all(standing.isdisjoint(kind.seen) for kind in KINDS if kind.where is Where.FAR)
    assert {network.name for network in NETWORKS if network.footprint == BEARING} <= standing
