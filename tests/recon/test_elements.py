"""Made orbits: what somebody who knows satellites would check."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.earth import Floats
from pipeline.recon.earth_fixed import DAY_MS, Integers, sidereal_rad, to_ms, turned
from pipeline.recon.elements import (
    EQUATOR_KM,
    Elements,
    OrbitError,
    sun_synchronous,
    sun_synchronous_inclination_deg,
)
from pipeline.recon.ephemeris import states
from pipeline.recon.orbits import ground_track

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
EPOCH_MS = to_ms(EPOCH)


def southward(elements: Elements, begin_ms: int, orbits: int) -> tuple[Integers, Floats]:
    """Times of the crossings of the equator southwards, and the longitudes there."""
    time_ms = begin_ms + np.arange(0, int(elements.period_s * 1000.0 * orbits), 1000)
    lon, lat, _ = ground_track(elements, time_ms)
    at = np.flatnonzero((lat[:-1] >= 0.0) & (lat[1:] < 0.0))
    share = lat[at] / (lat[at] - lat[at + 1])
    east = (lon[at + 1] - lon[at] + 180.0) % 360.0 - 180.0
    return time_ms[at] + np.rint(share * 1000.0).astype(np.int64), lon[at] + share * east


def local_h(time_ms: Integers, lon: Floats) -> Floats:
    """Local mean solar time in hours."""
    return np.asarray((time_ms % DAY_MS / 3_600_000.0 + lon / 15.0) % 24.0)


@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg"),
    [(786.0, 98.62), (693.0, 98.18), (705.0, 98.2), (814.5, 98.65), (832.0, 98.75)],
    ids=["Sentinel-2", "Sentinel-1", "Landsat 8", "Sentinel-3", "SPOT 5"],
)
def test_published_sun_synchronous_orbits(altitude_km: float, inclination_deg: float) -> None:
    """What agencies publish is rounded, and means different radii by altitude."""
    assert sun_synchronous_inclination_deg(altitude_km) == pytest.approx(inclination_deg, abs=0.1)


@given(st.floats(200.0, 2000.0))
def test_the_rule_of_thumb_for_sun_synchronous_orbits(altitude_km: float) -> None:
    """cos i is -(a / 12,352 km) to the power of 3.5."""
    thumb_deg = math.degrees(math.acos(-(((EQUATOR_KM + altitude_km) / 12_352.0) ** 3.5)))
    assert sun_synchronous_inclination_deg(altitude_km) == pytest.approx(thumb_deg, abs=0.01)


@given(st.floats(300.0, 1500.0), st.floats(0.0, 23.99), st.floats(0.0, 360.0), st.integers(0, 5000))
def test_a_sun_synchronous_satellite_crosses_the_equator_at_its_local_time(
    altitude_km: float, descends_h: float, phase_deg: float, days: int
) -> None:
    epoch = EPOCH + timedelta(days=days, seconds=days * 17)
    elements = sun_synchronous(epoch, altitude_km, descends_h, phase_deg)
    times_ms, lon = southward(elements, to_ms(epoch), 2)
    aside_h = (local_h(times_ms, lon) - descends_h + 12.0) % 24.0 - 12.0
    assert np.abs(aside_h).max() * 3600.0 < 10.0


def test_the_local_time_holds_for_a_year_but_for_some_minutes() -> None:
    """The plane turns with the sun: a fixed one would lose 24 h in a year."""
    elements = sun_synchronous(EPOCH, 786.0, 10.5)
    after_ms = EPOCH_MS + np.array([0, 90, 180, 365]) * DAY_MS
    minutes = [float((local_h(*southward(elements, int(begin), 2))[0] - 10.5) * 60.0) for begin in after_ms]
    assert np.abs(minutes).max() < 6.0
    assert minutes[-1] == pytest.approx(-4.2, abs=1.0)


@given(st.floats(200.0, 2000.0), st.floats(20.0, 160.0))
def test_the_period_is_keplers_and_what_flattening_makes_of_it(altitude_km: float, inclination_deg: float) -> None:
    """From node to node: the secular rates of anomaly and perigee to the first order in J2 (Vallado, chapter 9)."""
    elements = Elements(
        epoch=EPOCH, altitude_km=altitude_km, inclination_deg=inclination_deg, raan_deg=0.0, eccentricity=0.0
    )
    times_ms, _ = southward(elements, EPOCH_MS, 4)
    nodal_s = float(np.diff(times_ms).mean()) / 1000.0
    assert nodal_s == pytest.approx(elements.period_s, rel=0.004)
    flattened = 0.75 * 0.001082616 * (EQUATOR_KM / elements.semi_major_km) ** 2
    square = math.cos(math.radians(inclination_deg)) ** 2
    faster = 1.0 + flattened * (3.0 * square - 1.0) + flattened * (5.0 * square - 1.0)
    assert nodal_s == pytest.approx(elements.period_s / faster, rel=3e-5)


@given(st.floats(300.0, 1500.0), st.floats(10.0, 170.0), st.floats(0.0, 360.0), st.integers(0, 5000))
def test_at_its_epoch_a_satellite_is_where_its_elements_say(
    altitude_km: float, inclination_deg: float, phase_deg: float, days: int
) -> None:
    """In right ascension too: the node's, and from there along the orbit."""
    epoch = EPOCH + timedelta(days=days, seconds=days * 17)
    elements = Elements(
        epoch=epoch,
        altitude_km=altitude_km,
        inclination_deg=inclination_deg,
        raan_deg=75.0,
        eccentricity=0.0,
        argument_of_perigee_deg=30.0,
        mean_anomaly_deg=phase_deg,
    )
    epoch_ms = np.array([to_ms(epoch)])
    along, tilt, node = np.radians([30.0 + phase_deg, inclination_deg, 75.0])
    x, y, z = np.cos(along), np.sin(along) * np.cos(tilt), np.sin(along) * np.sin(tilt)
    says = np.array([x * np.cos(node) - y * np.sin(node), x * np.sin(node) + y * np.cos(node), z])
    place_m = turned(states(elements, epoch_ms).place_m, -sidereal_rad(epoch_ms))[:, 0]
    assert says @ place_m / np.sqrt(place_m @ place_m) == pytest.approx(1.0, abs=0.5 * math.radians(0.2) ** 2)


@given(st.floats(200.0, 2000.0), st.floats(0.0, 180.0), st.floats(0.0, 0.005))
def test_a_satellite_keeps_the_height_of_its_elements(altitude_km: float, inclination_deg: float, aside: float) -> None:
    """But for the eccentricity, and some 10 km that the flattening lifts and sinks it (most of it at SGP4's J2)."""
    elements = Elements(
        epoch=EPOCH, altitude_km=altitude_km, inclination_deg=inclination_deg, raan_deg=0.0, eccentricity=aside
    )
    time_ms = EPOCH_MS + np.arange(0, int(elements.period_s * 1000.0), 30_000)
    away_km = np.sqrt((states(elements, time_ms).place_m ** 2).sum(axis=0)) / 1000.0
    eccentric_km = elements.semi_major_km * aside
    assert np.abs(away_km - elements.semi_major_km).max() < eccentric_km + 25.0
    assert away_km.max() - away_km.min() > 1.5 * eccentric_km - 20.0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"epoch": datetime(2026, 3, 1)}, "epoch"),  # noqa: DTZ001 - that is what is wrong with it
        ({"altitude_km": 35_786.0}, "altitude_km"),
        ({"altitude_km": math.nan}, "altitude_km"),
        ({"altitude_km": 300.0, "eccentricity": 0.04}, "eccentricity"),
        ({"eccentricity": -0.1}, "eccentricity"),
        ({"inclination_deg": 181.0}, "inclination_deg"),
        ({"raan_deg": 400.0}, "raan_deg"),
        ({"raan_deg": None}, "raan_deg"),
        ({"local_time_of_descending_node_h": 10.5}, "raan_deg"),
        ({"raan_deg": None, "local_time_of_descending_node_h": 25.0}, "local_time_of_descending_node_h"),
        ({"argument_of_perigee_deg": math.inf}, "argument_of_perigee_deg"),
        ({"mean_anomaly_deg": 1000.0}, "mean_anomaly_deg"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], field: str) -> None:
    right = {"epoch": EPOCH, "altitude_km": 600.0, "raan_deg": 10.0}
    with pytest.raises(OrbitError, match=f"^{field}: "):
        Elements(**{**right, **wrong})


def test_a_file_is_refused_likewise() -> None:
    with pytest.raises(msgspec.ValidationError, match="altitude_km: must be from 160 to 2000, not 36000"):
        msgspec.convert({"epoch": EPOCH, "altitude_km": 36_000.0, "raan_deg": 1.0}, Elements)
