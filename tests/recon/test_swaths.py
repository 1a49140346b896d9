"""Swaths: the same places as passes tell, wherever on the Earth."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.earth import area_m2
from pipeline.recon.elements import OrbitError, sun_synchronous
from pipeline.recon.orbits import Sensor, passes
from pipeline.recon.swaths import swath

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
ELEMENTS = sun_synchronous(EPOCH, 600.0, 10.5)
ANYWHERE = np.random.default_rng(3)
LON = ANYWHERE.uniform(-180.0, 180.0, 4000)
LAT = np.degrees(np.arcsin(ANYWHERE.uniform(-1.0, 1.0, 4000)))

SENSORS = [
    Sensor(kind="thermal", greatest_look_deg=56.0),
    Sensor(kind="optical", greatest_look_deg=25.0, least_sun_elevation_deg=10.0),
    Sensor(kind="radar", greatest_look_deg=45.0, least_look_deg=20.0),
    Sensor(kind="radar", greatest_look_deg=45.0, least_look_deg=20.0, looks="left"),
    Sensor(kind="radar", greatest_look_deg=45.0, least_look_deg=20.0, looks="right"),
]


@settings(max_examples=25)
@given(st.sampled_from(SENSORS), st.integers(0, 86_400), st.integers(1, 7_000))
def test_a_swath_holds_the_places_that_are_passed(sensor: Sensor, after_s: int, lasts_s: int) -> None:
    """Over the poles and the antimeridian too; all but places a few kilometres from an edge, which is straight here."""
    begin = EPOCH + timedelta(seconds=after_s)
    end = begin + timedelta(seconds=lasts_s)
    covered = swath(ELEMENTS, sensor, begin, end)
    assert covered.is_valid
    west, south, east, north = covered.bounds
    assert -180.0 <= west < east <= 180.0
    assert -90.0 <= south < north <= 90.0
    passed = np.zeros(len(LON), dtype=bool)
    passed[passes(ELEMENTS, sensor, LON, LAT, begin, end).target] = True
    odd = np.flatnonzero(passed != shapely.contains_xy(covered, LON, LAT))
    edge_deg = shapely.distance(shapely.points(LON[odd], LAT[odd]), covered.boundary) * np.cos(np.radians(LAT[odd]))
    assert (edge_deg < 0.03).all()


def test_how_wide_and_long_a_swath_is() -> None:
    """A minute at 600 km, 25° to both sides: 415 km long on the ground, 578 km wide by the spherical triangle."""
    sensor = Sensor(kind="thermal", greatest_look_deg=25.0)
    covered = swath(ELEMENTS, sensor, EPOCH, EPOCH + timedelta(minutes=1))
    assert area_m2(covered) / 1e6 == pytest.approx(415.0 * 578.0, rel=0.05)


def test_two_strips_where_it_does_not_look_down() -> None:
    both, left, right = (
        swath(ELEMENTS, sensor, EPOCH + timedelta(minutes=20), EPOCH + timedelta(minutes=22)) for sensor in SENSORS[2:]
    )
    assert [shape.geom_type for shape in (both, left, right)] == ["MultiPolygon", "Polygon", "Polygon"]
    assert not shapely.intersects(left, right)
    assert shapely.equals_exact(shapely.union_all([left, right]).normalize(), both.normalize(), 1e-9)


def test_past_the_horizon_is_refused() -> None:
    with pytest.raises(OrbitError, match=r"^greatest_look_deg: 70° is past the horizon"):
        swath(ELEMENTS, Sensor(kind="thermal", greatest_look_deg=70.0), EPOCH, EPOCH + timedelta(minutes=1))


def test_more_than_a_day_is_refused() -> None:
    with pytest.raises(OrbitError, match=r"^end: "):
        swath(ELEMENTS, SENSORS[0], EPOCH, EPOCH + timedelta(days=2))
