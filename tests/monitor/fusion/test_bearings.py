"""Bearings that cross: where several heard or saw it from several sides, it was where their sectors meet."""

from collections.abc import Sequence
from math import cos, radians, sin
from pathlib import Path

import numpy as np
import pytest
import shapely
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Frames
from pipeline.geometry.footprints import Footprints, outline
from pipeline.model.footprint import Area, Bearing, Disc
from pipeline.model.report import Report
from tests.monitor.fusion.telling import HERE, bearing, disc, only, parts, place, told
from tests.monitor.remembering import remembered
from tests.worlds import PROVISION, drawn_zone, world

WEST, SOUTH = bearing(90, -3_000, 0), bearing(0, 0, -3_000)
"""Two who look at one place, from 3 km to the west and to the south of it."""


def crossed(bearings: Sequence[Bearing]) -> list[Report]:
    return [told(number, f"patrol-{number}", one) for number, one in enumerate(bearings, 1)]


def in_metres(lonlat: shapely.Geometry, at: tuple[float, float]) -> shapely.Geometry:
    """A shape in degrees as one in metres east and north of a place."""
    frames = Frames(np.array([at[0]]), np.array([at[1]]))
    return shapely.transform(lonlat, lambda places: np.column_stack(frames.from_lonlat(0, places[:, 0], places[:, 1])))


def holds(sector: Bearing, places: shapely.Geometry, slack_m: float) -> bool:
    """Whether all corners of a shape in degrees lie in the sector, by range and azimuth from the observer."""
    east, north = shapely.get_coordinates(in_metres(places, (sector.lon, sector.lat))).T
    range_m, azimuth_deg = np.hypot(east, north), np.degrees(np.arctan2(east, north))
    slack_deg = np.degrees(slack_m / range_m)
    ((begin, end),) = sector.azimuths_deg
    turned = (azimuth_deg - begin + slack_deg) % 360.0
    within = turned <= (end - begin) % 360.0 + 2.0 * slack_deg
    far = (range_m >= sector.range_min_m - slack_m) & (range_m <= sector.range_max_m + slack_m)
    return bool((within & far).all())


@pytest.mark.parametrize("about", [HERE, (0.0, -60.0), (-70.0, 70.0)])
@pytest.mark.parametrize("turn", [0.0, 33.0, 170.0, 251.0])
def test_the_place_is_what_the_sectors_have_in_common(about: tuple[float, float], turn: float) -> None:
    looking = []
    for azimuth in (turn, turn + 80.0, turn + 140.0):
        east_m, north_m = -3_000 * sin(radians(azimuth)), -3_000 * cos(radians(azimuth))
        looking.append(bearing(azimuth, east_m, north_m, about=about))
    incident = only(crossed(looking))
    assert incident.origins == 3
    assert isinstance(incident.footprint, Area)
    common = outline(incident.footprint, {})
    assert common.is_valid
    assert common.covers(shapely.Point(about))
    assert all(holds(sector, common, 20.0) for sector in looking)
    area_m2 = shapely.area(in_metres(common, about))
    assert 0 < area_m2 < 2.0 * (3_000 * radians(20.0)) ** 2


def test_a_zone_is_judged_by_the_crossing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither sector lies in the zone, what they have in common does; and half of it in the zone's eastern half."""
    reports = crossed([WEST, SOUTH])
    box, half_box = (-1_500.0, 1_500.0), (0.0, 1_500.0)
    whole = boxed(tmp_path_factory.mktemp("box"), *box)
    assert all(0.1 < place_probability(whole, [report]) < 0.6 for report in reports)
    assert place_probability(whole, reports) == pytest.approx(1.0, abs=0.001)
    half = boxed(tmp_path_factory.mktemp("half"), *half_box)
    footprint = only(reports).footprint
    assert isinstance(footprint, Area)
    crossing = in_metres(outline(footprint, {}), HERE)
    east = shapely.intersection(crossing, shapely.box(0.0, -1_500.0, 1_500.0, 1_500.0))
    assert place_probability(half, reports) == pytest.approx(shapely.area(east) / shapely.area(crossing), abs=0.01)


def boxed(folder: Path, from_m: float, until_m: float) -> Agreement:
    """An agreement with a drawn zone: the land 1.5 km to the north and south of a place, and so far east and west."""
    corners = [(from_m, -1_500), (until_m, -1_500), (until_m, 1_500), (from_m, 1_500), (from_m, -1_500)]
    zone = drawn_zone(folder, "box", [list(place(east_m, north_m)) for east_m, north_m in corners])
    asks = 'kind = "prohibited_activity"\nzones = ["box"]\nactivities = ["fire"]'
    return world(folder, extra=zone + PROVISION.format(id="box", severity="grave", asks=asks))


def place_probability(agreement: Agreement, reports: Sequence[Report]) -> float:
    alerts = remembered([agreement], [reports]).alerts.values()
    return next(alert.place_probability for alert in alerts if alert.provision == "box")


def test_bearings_that_do_not_cross_are_two_incidents() -> None:
    away = bearing(270, -3_000, 0)
    assert parts(crossed([away, SOUTH])) == ["1", "2"]
    side_by_side = bearing(0, 9_000, -3_000)
    assert parts(crossed([side_by_side, SOUTH])) == ["1", "2"]


def test_two_that_look_the_same_way_from_one_place_have_all_of_it_in_common() -> None:
    wide, narrow = bearing(0, width_deg=60.0, range_m=(500.0, 3_000.0)), bearing(5, width_deg=20.0)
    footprint = only(crossed([wide, narrow])).footprint
    assert isinstance(footprint, Area)
    area = outline(footprint, {})
    assert holds(wide, area, 5.0)
    assert holds(narrow, area, 5.0)


def test_where_somebody_knows_the_place_bearings_hardly_move_it() -> None:
    incident = only([*crossed([WEST, SOUTH]), told(3, "array-1", disc(100, 0, 150))])
    assert isinstance(incident.footprint, Disc)
    assert incident.footprint.radius_m == pytest.approx(150, rel=0.1)
    assert incident.origins == 3


def test_an_observer_who_is_not_sure_where_he_stood_leaves_more_of_it_open() -> None:
    unsure = [replace(one, observer_radius_m=800.0) for one in (WEST, SOUTH)]
    areas = []
    for bearings in ([WEST, SOUTH], unsure):
        footprint = only(crossed(bearings)).footprint
        assert isinstance(footprint, Area)
        areas.append(in_metres(outline(footprint, {}), HERE))
    assert shapely.covers(areas[1], areas[0])
    assert shapely.area(areas[1]) > 1.5 * shapely.area(areas[0])


def test_bearings_cross_on_the_antimeridian() -> None:
    about = (180.0, -17.0)
    west, south = bearing(90, -3_000, 0, about=about), bearing(0, 0, -3_000, about=about)
    footprint = only(crossed([west, south])).footprint
    placed = Footprints([footprint], {})
    assert abs(abs(placed.lon[0]) - 180.0) < 0.02
    assert placed.lat[0] == pytest.approx(-17.0, abs=0.02)
    assert placed.reach_m[0] < 2_000.0


def test_bearings_of_observers_far_apart_cross_where_both_point() -> None:
    """Two who stand 30 km apart and look at each other: their norths are a quarter of a degree apart."""
    each = [
        bearing(azimuth, east_m, width_deg=10.0, range_m=(10_000.0, 20_000.0))
        for azimuth, east_m in ((90, -15_000), (270, 15_000))
    ]
    footprint = only(crossed(each)).footprint
    assert isinstance(footprint, Area)
    assert all(holds(sector, outline(footprint, {}), 20.0) for sector in each)
