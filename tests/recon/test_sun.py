"""The sun's place, against figures that others published and against a longer formula of another author."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skyfield.api import load

from pipeline.geometry.earth import Floats
from pipeline.recon.earth_fixed import DAY_MS, Integers, to_ms
from pipeline.recon.sun import dark, sun_elevation_deg, sun_position

NOON_MS = 12 * 3_600_000


def at(text: str) -> Integers:
    return np.array(to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC)))


def meeus(time_ms: Integers) -> tuple[Floats, Floats]:
    """Right ascension and declination, in radians, by chapter 25 of J. Meeus, Astronomical Algorithms (2nd edition).

    Good for 0.01°; it has a third term of the equation of the centre, and nutation and aberration by themselves.
    """
    since = (time_ms / DAY_MS + 2_440_587.5 + 69.0 / 86_400.0 - 2_451_545.0) / 36_525.0
    mean = 280.46646 + since * (36_000.76983 + 0.0003032 * since)
    anomaly = np.radians(357.52911 + since * (35_999.05029 - 0.0001537 * since))
    centre = (1.914602 - since * (0.004817 + 0.000014 * since)) * np.sin(anomaly)
    centre += (0.019993 - 0.000101 * since) * np.sin(2 * anomaly) + 0.000289 * np.sin(3 * anomaly)
    moon = np.radians(125.04 - 1934.136 * since)
    longitude = np.radians(mean + centre - 0.00569 - 0.00478 * np.sin(moon))
    obliquity = np.radians(23.4392911 - 0.0130042 * since + 0.00256 * np.cos(moon))
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    return right_ascension, np.arcsin(np.sin(obliquity) * np.sin(longitude))


def test_a_worked_example() -> None:
    """Meeus' example 25.a, 13 October 1992 at 0 h of terrestrial time: 198.38083° and -7.78507°."""
    right_ascension, declination = sun_position(at("1992-10-12T23:59:01"))
    assert np.degrees(right_ascension) % 360.0 == pytest.approx(198.38083, abs=0.01)
    assert np.degrees(declination) == pytest.approx(-7.78507, abs=0.01)


@pytest.mark.parametrize(
    ("time", "declination_deg"),
    [
        ("2026-03-20T14:46", 0.0),
        ("2026-06-21T08:24", 23.436),
        ("2026-09-23T00:05", 0.0),
        ("2026-12-21T20:50", -23.436),
    ],
)
def test_equinoxes_and_solstices_as_almanacs_print_them(time: str, declination_deg: float) -> None:
    assert np.degrees(sun_position(at(time))[1]) == pytest.approx(declination_deg, abs=0.006)


def test_a_century_against_a_longer_formula() -> None:
    time_ms = np.arange(int(at("1950-01-01")), int(at("2050-01-01")), 5 * DAY_MS + 3_600_000)
    (ours_ra, ours_dec), (their_ra, their_dec) = sun_position(time_ms), meeus(time_ms)
    aside = np.degrees((ours_ra - their_ra + np.pi) % (2.0 * np.pi) - np.pi)
    assert np.abs(aside).max() < 0.012
    assert np.abs(np.degrees(ours_dec - their_dec)).max() < 0.006


def test_elevations_against_another_clockwork() -> None:
    """Sidereal time by skyfield (its own UT1 and nutation), the sun by Meeus, the elevation by vectors."""
    time_ms = at("2026-01-01") + np.arange(0, 365 * DAY_MS, 7 * 3_600_000)
    lon, lat = (
        np.linspace(-180.0, 180.0, len(time_ms)),
        np.tile(np.linspace(-88.0, 88.0, 12), len(time_ms))[: len(time_ms)],
    )
    time = load.timescale(builtin=True).utc(2026, 1, 1, 0, 0, (time_ms - time_ms[0]) / 1000.0)
    right_ascension, declination = meeus(time_ms)
    east = right_ascension - np.radians(15.0 * time.gast)
    sun = np.array([np.cos(declination) * np.cos(east), np.cos(declination) * np.sin(east), np.sin(declination)])
    up = np.array(
        [
            np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
            np.cos(np.radians(lat)) * np.sin(np.radians(lon)),
            np.sin(np.radians(lat)),
        ]
    )
    assert np.abs(sun_elevation_deg(lon, lat, time_ms) - np.degrees(np.arcsin((sun * up).sum(axis=0)))).max() < 0.012


@given(st.floats(-180, 180), st.floats(-66, 66), st.integers(-7_300, 18_000))
def test_the_sun_culminates_where_its_declination_says(lon: float, lat: float, day: int) -> None:
    time_ms = day * DAY_MS + NOON_MS - round(lon * 240_000) + np.arange(-20, 21) * 60_000
    highest_deg = sun_elevation_deg(lon, lat, time_ms).max()
    declination_deg = float(np.degrees(sun_position(time_ms)[1]).mean())
    assert highest_deg == pytest.approx(90.0 - abs(lat - declination_deg), abs=0.15)


def test_places_and_times_are_broadcast() -> None:
    elevation_deg = sun_elevation_deg([[0.0], [180.0]], 0.0, at("2026-03-20T12:00") + np.arange(3) * 3_600_000)
    assert elevation_deg.shape == (2, 3)
    assert elevation_deg[0] == pytest.approx(-elevation_deg[1], abs=0.05)


def test_dark() -> None:
    """Kyiv at midsummer: light at noon, twilight soon after sunset (it sets at 21:13 local time), dark at midnight."""
    noon, soon, midnight = at("2026-06-21T10:00"), at("2026-06-21T18:30"), at("2026-06-21T22:00")
    assert [bool(dark(30.52, 50.45, time)) for time in (noon, soon, midnight)] == [False, False, True]
    assert dark(30.52, 50.45, soon, below_deg=0.0)
    assert not dark(30.52, 50.45, midnight, below_deg=-18.0)
    assert bool(dark(30.52, 50.45, at("2026-12-21T22:00"), below_deg=-18.0))
