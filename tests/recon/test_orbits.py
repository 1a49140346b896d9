"""Passes: against skyfield, against every second looked at by itself, and against what is known of such orbits."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from numpy.typing import NDArray
from skyfield.api import EarthSatellite, load, wgs84

from pipeline.geometry.earth import Bools, Floats, distance_m, to_earth
from pipeline.recon.earth_fixed import DAY_MS, TURNS_RAD_S, Integers, normals, to_geodetic, to_ms
from pipeline.recon.elements import Elements, OrbitError, propagator, sun_synchronous
from pipeline.recon.ephemeris import Ephemeris, states
from pipeline.recon.orbits import Passes, Sensor, ground_track, look_of_half_width_deg, passes

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
EPOCH_MS = to_ms(EPOCH)
WEEK = timedelta(days=7)
SUN_SYNCHRONOUS = sun_synchronous(EPOCH, 600.0, 10.5)
STATION = Elements(epoch=EPOCH, altitude_km=420.0, inclination_deg=51.6, raan_deg=40.0)
HORIZON = Sensor(kind="thermal", greatest_look_deg=90.0)
CLOCK = load.timescale(builtin=True)

Looks = Literal["both", "left", "right"]


def sky_time(time_ms: Any) -> Any:
    """Times as skyfield has them; there is no leap second since the epoch."""
    return CLOCK.utc(2026, 3, 1, 0, 0, (np.asarray(time_ms) - EPOCH_MS) / 1000.0)


@pytest.mark.parametrize("elements", [SUN_SYNCHRONOUS, STATION])
def test_places_beneath_against_skyfield(elements: Elements) -> None:
    """They differ by the turn of the Earth in UT1 less UTC (29 m at most), and by less than 0.2 m beyond it."""
    time_ms = EPOCH_MS + np.arange(0, 7 * DAY_MS, 97_000)
    time = sky_time(time_ms)
    ours = ground_track(elements, time_ms)
    theirs = wgs84.geographic_position_of(EarthSatellite.from_satrec(propagator(elements), CLOCK).at(time))
    lon, lat = theirs.longitude.degrees, theirs.latitude.degrees
    apart_m = distance_m(ours.lon, ours.lat, lon, lat)
    turned_m = np.abs(time.dut1) * TURNS_RAD_S * 6_378_137.0 * np.cos(np.radians(lat))
    assert apart_m.max() < 30.0
    assert np.abs(apart_m - turned_m).max() < 0.2
    assert np.abs(ours.altitude_m - theirs.elevation.m).max() < 0.001


@pytest.mark.parametrize("elements", [SUN_SYNCHRONOUS, STATION])
def test_rising_and_setting_against_skyfield(elements: Elements) -> None:
    """Within a quarter of a second; skyfield itself stops at half a second."""
    place = wgs84.latlon(48.3, 37.9)
    satellite = EarthSatellite.from_satrec(propagator(elements), CLOCK)
    found = passes(elements, HORIZON, [37.9], [48.3], EPOCH, EPOCH + WEEK)
    hour_ms = 3_600_000
    events, kinds = satellite.find_events(
        place, sky_time(EPOCH_MS - hour_ms), sky_time(EPOCH_MS + 7 * DAY_MS + hour_ms), altitude_degrees=0.0
    )
    their_ms = np.array([event.timestamp() for event in events.utc_datetime()]) * 1000.0
    culminate_ms = their_ms[kinds == 1]
    within = (culminate_ms >= EPOCH_MS) & (culminate_ms < EPOCH_MS + 7 * DAY_MS)
    assert len(found.target) == within.sum() > 40
    for ours_ms, kind in ((found.begin_ms, 0), (found.end_ms, 2)):
        assert np.abs(their_ms[kinds == kind][:, None] - ours_ms).min(axis=0).max() < 500.0
        elevation_deg = (satellite - place).at(sky_time(ours_ms)).altaz()[0].degrees
        assert np.abs(elevation_deg).max() < 0.003


@pytest.mark.parametrize("elements", [SUN_SYNCHRONOUS, STATION])
def test_closest_approaches_against_skyfield(elements: Elements) -> None:
    """The least range to 0.1 s, its length to 30 m (what UT1 less UTC makes), elevation to 0.01°."""
    away = EarthSatellite.from_satrec(propagator(elements), CLOCK) - wgs84.latlon(48.3, 37.9)
    found = passes(elements, HORIZON, [37.9], [48.3], EPOCH, EPOCH + WEEK)
    around_ms = np.arange(-5_000, 5_001, 20)
    ranges_m = away.at(sky_time((found.closest_ms[:, None] + around_ms).ravel())).distance().m
    ranges_m = ranges_m.reshape(len(found.target), -1)
    assert np.abs(around_ms[ranges_m.argmin(axis=1)]).max() <= 100
    elevation, _, distance = away.at(sky_time(found.closest_ms)).altaz()
    assert np.abs(distance.m - found.range_m).max() < 30.0
    assert np.abs(elevation.degrees - found.elevation_deg).max() < 0.01


def test_cubics_between_the_nodes() -> None:
    """Within 0.5 m and 0.05 m/s of SGP4 itself."""
    time_ms = EPOCH_MS + np.arange(0, DAY_MS, 7_001)
    exact = states(STATION, time_ms)
    between = Ephemeris(STATION, EPOCH_MS, EPOCH_MS + DAY_MS).at(time_ms.astype(float))
    assert np.abs(between.place_m - exact.place_m).max() < 0.5
    assert np.abs(between.velocity_m_s - exact.velocity_m_s).max() < 0.05


def orbits() -> SearchStrategy[Elements]:
    return st.builds(
        lambda altitude_km, inclination_deg, raan_deg, eccentricity, phase_deg: Elements(
            epoch=EPOCH,
            altitude_km=altitude_km,
            inclination_deg=inclination_deg,
            raan_deg=raan_deg,
            eccentricity=eccentricity,
            mean_anomaly_deg=phase_deg,
        ),
        st.floats(200.0, 2000.0),
        st.floats(0.0, 180.0),
        st.floats(0.0, 360.0),
        st.floats(0.0, 0.002),
        st.floats(0.0, 360.0),
    )


def runs(inside: Bools) -> NDArray[np.intp]:
    """Where stretches of true begin, and where they have ended, of shape (n, 2)."""
    return np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]))).reshape(-1, 2)


@settings(max_examples=30)
@given(orbits(), st.floats(5.0, 90.0), st.floats(-180, 180), st.floats(-90, 90))
def test_no_pass_is_missed_and_none_invented(elements: Elements, look_deg: float, lon: float, lat: float) -> None:
    """Every five seconds of a day looked at by themselves; passes shorter than a minute may be a matter of rounding."""
    time_ms = EPOCH_MS + np.arange(0, DAY_MS, 5_000)
    place_m = states(elements, time_ms).place_m
    sight_m = to_earth(lon, lat)[:, None] - place_m
    sight = sight_m / np.linalg.norm(sight_m, axis=0)
    nadir = -normals(*to_geodetic(place_m)[:2])
    elevated = -(sight * normals(np.array([lon]), np.array([lat]))).sum(axis=0) >= 0.0
    inside = elevated & (np.degrees(np.arccos(np.clip((sight * nadir).sum(axis=0), -1.0, 1.0))) <= look_deg)
    sensor = Sensor(kind="thermal", greatest_look_deg=look_deg)
    found = passes(elements, sensor, [lon], [lat], EPOCH - timedelta(hours=1), EPOCH + timedelta(hours=25))
    told = np.zeros(len(time_ms), dtype=bool)
    for begin_ms, end_ms in zip(found.begin_ms, found.end_ms, strict=True):
        told |= (time_ms >= begin_ms) & (time_ms <= end_ms)
    odd = runs(told != inside)
    assert ((odd[:, 1] - odd[:, 0]) <= 12).all()
    long = runs(inside)
    long = long[long[:, 1] - long[:, 0] > 12]
    assert all(told[first:last].mean() > 0.8 for first, last in long)


LON, LAT = np.random.default_rng(5).uniform([-180.0, -85.0], [180.0, 85.0], size=(30, 2)).T


@settings(max_examples=10)
@given(st.lists(st.integers(1, 2 * DAY_MS - 1), max_size=3, unique=True))
def test_intervals_share_the_passes_out(cuts_ms: list[int]) -> None:
    """Each pass is in one of them, whole, and to the millisecond as if nothing had been cut."""
    bounds = [EPOCH + timedelta(milliseconds=ms) for ms in [0, *sorted(cuts_ms), 2 * DAY_MS]]
    sensor = Sensor(kind="optical", greatest_look_deg=50.0, least_sun_elevation_deg=10.0)
    parts = [passes(SUN_SYNCHRONOUS, sensor, LON, LAT, begin, end) for begin, end in pairwise(bounds)]
    whole = passes(SUN_SYNCHRONOUS, sensor, LON, LAT, bounds[0], bounds[-1])
    for columns, column in zip(zip(*parts, strict=True), whole, strict=True):
        joined = np.concatenate(columns)
        assert joined.dtype == column.dtype
        rtol = 0.0 if column.dtype == np.int64 else 1e-9
        np.testing.assert_allclose(joined.astype(float), column.astype(float), rtol=rtol)


def radar(looks: Looks, greatest_deg: float = 45.0) -> Sensor:
    return Sensor(kind="radar", greatest_look_deg=greatest_deg, least_look_deg=20.0, looks=looks)


def rows(found: Passes) -> set[tuple[int, int]]:
    return set(zip(found.target.tolist(), found.closest_ms.tolist(), strict=True))


def test_left_and_right_are_both() -> None:
    both, left, right = (
        passes(SUN_SYNCHRONOUS, radar(looks), LON, LAT, EPOCH, EPOCH + WEEK) for looks in ("both", "left", "right")
    )
    assert rows(left) | rows(right) == rows(both)
    assert not rows(left) & rows(right)
    assert left.left.all()
    assert not right.left.any()
    assert ((both.look_deg >= 20.0) & (both.look_deg <= 45.0)).all()
    assert len(left.target) > 50 < len(right.target)


def test_a_place_east_of_a_southbound_satellite_is_on_its_left() -> None:
    time_ms = EPOCH_MS + np.arange(0, 6_000_000, 1000)
    track = ground_track(SUN_SYNCHRONOUS, time_ms)
    over = int(np.flatnonzero((track.lat[:-1] > 30.0) & (track.lat[1:] <= 30.0))[0])
    moment = EPOCH + timedelta(milliseconds=int(time_ms[over]) - EPOCH_MS)
    found = passes(
        SUN_SYNCHRONOUS,
        HORIZON,
        track.lon[over] + np.array([3.0, -3.0]),
        [30.0, 30.0],
        moment - timedelta(minutes=3),
        moment + timedelta(minutes=3),
    )
    assert dict(zip(found.target.tolist(), found.left.tolist(), strict=True)) == {0: True, 1: False}


def test_mirrored_in_the_equator_left_is_right() -> None:
    """The same orbit half a turn on, its perigee too, is the mirror image, but for the Earth's pear shape (J3)."""
    mirrored = Elements(
        epoch=EPOCH, altitude_km=600.0, inclination_deg=97.8, raan_deg=200.0, argument_of_perigee_deg=270.0
    )
    straight = Elements(
        epoch=EPOCH, altitude_km=600.0, inclination_deg=97.8, raan_deg=20.0, argument_of_perigee_deg=90.0
    )
    end = EPOCH + timedelta(days=3)
    ours = passes(straight, radar("left"), LON, LAT, EPOCH, end)
    theirs = passes(mirrored, radar("right", 47.0), LON, -LAT, EPOCH - timedelta(minutes=1), end + timedelta(minutes=1))
    sure = (ours.look_deg > 22.0) & (ours.look_deg < 43.0)
    assert sure.sum() > 30
    for target, closest_ms, look_deg in zip(ours.target[sure], ours.closest_ms[sure], ours.look_deg[sure], strict=True):
        same = np.flatnonzero((theirs.target == target) & (np.abs(theirs.closest_ms - closest_ms) < 10_000))
        assert len(same) == 1
        assert theirs.look_deg[same[0]] == pytest.approx(look_deg, abs=1.0)


def solar_h(found: Passes, lon: float) -> Floats:
    """Local mean solar time in hours of the closest approaches."""
    return np.asarray((found.closest_ms % DAY_MS / 3_600_000.0 + lon / 15.0) % 24.0)


@settings(max_examples=15)
@given(st.integers(0, 365), st.floats(20.0, 45.0), st.floats(-180, 180))
def test_a_satellite_of_half_past_ten_comes_by_at_its_hours(days: int, look_deg: float, lon: float) -> None:
    """At 48° N southwards in the morning, northwards in the evening, whatever the day.

    The track itself comes by some 40 min before the equator's local time at night, and after it in the morning.
    """
    begin = EPOCH + timedelta(days=days)
    sensor = Sensor(kind="thermal", greatest_look_deg=look_deg)
    found = passes(SUN_SYNCHRONOUS, sensor, [lon], [48.0], begin, begin + timedelta(days=5))
    hours = solar_h(found, lon)
    morning = hours[(hours > 6.0) & (hours < 18.0)]
    evening = hours[(hours <= 6.0) | (hours >= 18.0)]
    assert ((morning > 10.0) & (morning < 12.0)).all()
    assert ((evening > 20.5) & (evening < 23.0)).all()


def test_the_hours_stay_as_days_go_by() -> None:
    sensor = Sensor(kind="optical", greatest_look_deg=30.0, least_sun_elevation_deg=5.0)
    middles = []
    for days in range(0, 360, 60):
        begin = EPOCH + timedelta(days=days)
        found = passes(SUN_SYNCHRONOUS, sensor, [37.9], [48.3], begin, begin + timedelta(days=15))
        middles.append(float(np.median(solar_h(found, 37.9)[found.sunlit])))
    assert max(middles) - min(middles) < 0.35


def athwart_km(altitude_km: float, look_deg: float) -> float:
    """The width of a swath on a sphere, to both sides (J. R. Wertz, Space Mission Analysis and Design, chapter 5)."""
    radius_km = 6371.0
    look = math.radians(look_deg)
    return 2.0 * radius_km * (math.asin((radius_km + altitude_km) / radius_km * math.sin(look)) - look)


@given(st.floats(160.0, 2000.0), st.floats(1.0, 45.0))
def test_a_half_width_as_a_look_angle(altitude_km: float, look_deg: float) -> None:
    half_width_m = athwart_km(altitude_km, look_deg) * 500.0
    assert look_of_half_width_deg(half_width_m, altitude_km) == pytest.approx(look_deg, abs=0.001)


def test_a_half_width_past_the_horizon_is_refused() -> None:
    with pytest.raises(OrbitError, match=r"^half_width_m: "):
        look_of_half_width_deg(3_000_000.0, 600.0)


def beneath_km(elements: Elements, lat: float) -> float:
    """How high above the ellipsoid a satellite passes a parallel."""
    track = ground_track(elements, EPOCH_MS + np.arange(0, DAY_MS, 10_000))
    return float(track.altitude_m[np.abs(track.lat - lat) < 1.0].mean()) / 1000.0


@pytest.mark.parametrize(
    ("altitude_km", "look_deg", "rel"),
    [(786.0, 10.3, 0.03), (693.0, 35.0, 0.01), (500.0, 45.0, 0.01), (830.0, 56.0, 0.06)],
)
@pytest.mark.parametrize("lat", [0.0, 48.0, -60.0])
def test_as_many_passes_a_day_as_the_swath_is_wide(altitude_km: float, look_deg: float, rel: float, lat: float) -> None:
    """Twice in an orbit a swath crosses a parallel, slantwise: that share of the parallel it covers.

    The slant is from the inclination and the Earth's turn. Averages of 16 days and 200 places: of a narrow swath they
    are few passes, and a very wide one is at other latitudes too, where it crosses at another slant.
    """
    elements = sun_synchronous(EPOCH, altitude_km, 10.5)
    tilt, north = math.radians(elements.inclination_in_use_deg), math.radians(lat)
    speed_km_s = elements.motion_rad_s * 6371.0
    east_km_s = speed_km_s * math.cos(tilt) / math.cos(north) - TURNS_RAD_S * 6371.0 * math.cos(north)
    north_km_s = speed_km_s * math.sqrt(1.0 - (math.cos(tilt) / math.cos(north)) ** 2)
    along_km = athwart_km(beneath_km(elements, lat), look_deg) * math.hypot(east_km_s, north_km_s) / north_km_s
    a_day = 2.0 * 86_400.0 / elements.period_s * along_km / (2.0 * math.pi * 6371.0 * math.cos(north))
    lon = np.arange(-180.0, 180.0, 1.8)
    sensor = Sensor(kind="thermal", greatest_look_deg=look_deg)
    found = passes(elements, sensor, lon, np.full(len(lon), lat), EPOCH, EPOCH + timedelta(days=16))
    assert len(found.target) / len(lon) / 16.0 == pytest.approx(a_day, rel=rel)


@pytest.mark.parametrize(("look_deg", "aside_deg", "rel"), [(20.0, 0.01, 1e-4), (45.0, 0.04, 5e-4), (56.0, 0.07, 1e-3)])
def test_range_and_elevation_by_the_triangle_on_a_sphere(look_deg: float, aside_deg: float, rel: float) -> None:
    """Satellite, place and the Earth's centre, with the height that the satellite has just there."""
    found = passes(SUN_SYNCHRONOUS, Sensor(kind="thermal", greatest_look_deg=look_deg), LON, LAT, EPOCH, EPOCH + WEEK)
    radius_m = 6_371_000.0
    away = 1.0 + ground_track(SUN_SYNCHRONOUS, found.closest_ms).altitude_m / radius_m
    elevation_deg = np.degrees(np.arccos(away * np.sin(np.radians(found.look_deg))))
    assert np.abs(elevation_deg - found.elevation_deg).max() < aside_deg
    arc = np.radians(90.0 - elevation_deg - found.look_deg)
    range_m = radius_m * np.sqrt(1.0 + away * away - 2.0 * away * np.cos(arc))
    assert np.abs(range_m / found.range_m - 1.0).max() < rel


def test_daylight() -> None:
    """Half of the passes of a satellite of half past ten are by night; a radar does not mind."""
    optical = Sensor(kind="optical", greatest_look_deg=40.0, least_sun_elevation_deg=10.0)
    seen = passes(SUN_SYNCHRONOUS, optical, [37.9], [48.3], EPOCH, EPOCH + 4 * WEEK)
    assert (seen.sunlit == (seen.sun_elevation_deg >= 10.0)).all()
    assert 0.4 < seen.sunlit.mean() < 0.6
    assert ((solar_h(seen, 37.9) < 13.0) == seen.sunlit).all()
    either = Sensor(kind="radar", greatest_look_deg=40.0)
    assert passes(SUN_SYNCHRONOUS, either, [37.9], [48.3], EPOCH, EPOCH + WEEK).sunlit.all()
    assert [sensor.needs_clear_sky for sensor in (optical, HORIZON, either)] == [True, True, False]


def test_passes_are_in_order_and_no_places_have_none() -> None:
    found = passes(SUN_SYNCHRONOUS, HORIZON, LON, LAT, EPOCH, EPOCH + WEEK)
    assert (np.diff(found.closest_ms) >= 0).all()
    assert ((found.begin_ms < found.closest_ms) & (found.closest_ms < found.end_ms)).all()
    assert [len(column) for column in passes(SUN_SYNCHRONOUS, HORIZON, [], [], EPOCH, EPOCH + WEEK)] == [0] * 10


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"greatest_look_deg": 0.0}, "greatest_look_deg"),
        ({"greatest_look_deg": 91.0}, "greatest_look_deg"),
        ({"greatest_look_deg": math.nan}, "greatest_look_deg"),
        ({"least_look_deg": 40.0}, "least_look_deg"),
        ({"least_look_deg": -1.0}, "least_look_deg"),
        ({"least_sun_elevation_deg": 100.0}, "least_sun_elevation_deg"),
        ({"least_sun_elevation_deg": None}, "least_sun_elevation_deg"),
        ({"kind": "radar"}, "least_sun_elevation_deg"),
    ],
)
def test_what_is_wrong_with_a_sensor_is_named(wrong: dict[str, Any], field: str) -> None:
    right = {"kind": "optical", "greatest_look_deg": 30.0, "least_sun_elevation_deg": 10.0}
    with pytest.raises(OrbitError, match=f"^{field}: "):
        Sensor(**{**right, **wrong})


@pytest.mark.parametrize(
    ("lon", "lat", "begin", "end", "field"),
    [
        ([0.0], [91.0], EPOCH, EPOCH + WEEK, "targets_lat"),
        ([0.0], [math.nan], EPOCH, EPOCH + WEEK, "targets_lat"),
        ([math.nan], [0.0], EPOCH, EPOCH + WEEK, "targets_lon"),
        ([0.0, 1.0], [0.0], EPOCH, EPOCH + WEEK, "targets_lon"),
        ([0.0], [0.0], EPOCH, EPOCH, "end"),
        ([0.0], [0.0], datetime(2026, 3, 1), EPOCH + WEEK, "begin"),  # noqa: DTZ001 - that is what is wrong with it
    ],
)
def test_what_is_wrong_with_a_question_is_named(
    lon: list[float], lat: list[float], begin: datetime, end: datetime, field: str
) -> None:
    with pytest.raises(OrbitError, match=f"^{field}: "):
        passes(SUN_SYNCHRONOUS, HORIZON, lon, lat, begin, end)


def test_times_are_whole_milliseconds() -> None:
    found = passes(SUN_SYNCHRONOUS, HORIZON, LON, LAT, EPOCH, EPOCH + WEEK)
    columns: list[Integers] = [found.target, found.begin_ms, found.closest_ms, found.end_ms]
    assert [column.dtype for column in columns] == [np.dtype(np.int64)] * 4
