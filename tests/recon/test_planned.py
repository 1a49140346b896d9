"""The plan as an observation log: who looks when and from where, by hours, endurance, consent and night."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.check import check
from pipeline.model.footprint import Area, Bearing, Disc, Polygon
from pipeline.model.records import Observation
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.assets import Asset, Assets, Everywhere, Hours, Orbiting, Standing
from pipeline.recon.missions import load_mission
from pipeline.recon.permission import refusals
from pipeline.recon.planned import planned
from pipeline.recon.tracks import STRETCH_S, sampled
from tests.recon.missions import MAKES, asset, assets, flying, mirrored, mission, rules
from tests.worlds import mirrored_lon, world

MONDAY = datetime(2016, 3, 7, tzinfo=UTC)
DAY = timedelta(days=1)
TOWER = Standing(lon=37.6, lat=48.0)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"), extra=rules())


@pytest.fixture(scope="module")
def mirror_image(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("mirror"), mirror=True, extra=rules(mirror=True))


def plan(
    what: Asset | Assets, agreement: Agreement, begin: datetime = MONDAY, length: timedelta = DAY
) -> list[Observation]:
    given_ = mission(what) if isinstance(what, Asset) else what
    return list(planned(given_, MAKES, agreement, begin, begin + length))


def shape(one: Observation) -> Any:
    assert isinstance(one.footprint, Area)
    geometry = one.footprint.geometry
    assert geometry is not None
    if isinstance(geometry, Polygon):
        return shapely.Polygon(geometry.coordinates[0], geometry.coordinates[1:])
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in geometry.coordinates])


def spans(records: list[Observation]) -> list[tuple[float, float]]:
    """Hours after Monday's beginning, of each record."""
    hour = timedelta(hours=1)
    return [((one.observed_from - MONDAY) / hour, (one.observed_until - MONDAY) / hour) for one in records]


def test_what_stands_watches_in_its_hours_each_day(agreement: Agreement) -> None:
    by_night = asset(TOWER, hours=Hours(begin=20.0, until=4.0))
    assert spans(plan(by_night, agreement, MONDAY, 2 * DAY)) == [(0.0, 4.0), (20.0, 28.0), (44.0, 48.0)]
    assert spans(plan(asset(TOWER), agreement, MONDAY + timedelta(hours=6))) == [(6.0, 24.0), (24.0, 30.0)]


def test_what_stands_sees_as_far_as_its_make(agreement: Agreement) -> None:
    (disc,) = (one.footprint for one in plan(asset(TOWER), agreement))
    assert disc == Disc(37.6, 48.0, 34_698.0)
    sectors = Standing(lon=37.6, lat=48.0, sectors_deg=((350.0, 10.0),))
    (bearing,) = (one.footprint for one in plan(asset(sectors), agreement))
    assert bearing == Bearing(37.6, 48.0, 0.0, 34_698.0, ((350.0, 10.0),))


def test_it_is_there_only_while_it_is(agreement: Agreement) -> None:
    half = asset(TOWER, valid_from=MONDAY + timedelta(hours=3), valid_until=MONDAY + timedelta(hours=5))
    assert spans(plan(half, agreement)) == [(3.0, 5.0)]
    assert plan(half, agreement, MONDAY + DAY) == []


def test_one_that_is_listed_as_worse_is_degraded(agreement: Agreement) -> None:
    (one,) = plan(asset(TOWER, quality=0.5), agreement)
    assert (one.state, one.quality) == (ObservationState.DEGRADED, 0.5)
    (one,) = plan(asset(TOWER), agreement)
    assert (one.state, one.quality) == (ObservationState.WATCHING, None)


def test_one_that_is_refused_watches_nothing(agreement: Agreement) -> None:
    assert plan(asset(TOWER, consent=("a",)), agreement) == []


def test_what_needs_daylight_is_obscured_at_night(agreement: Agreement) -> None:
    """In early March the sun is above the horizon from some 4 to 15.5 h UTC there, twilight half an hour more."""
    rounds = flying((37.6, 48.0), (37.7, 48.0), (37.8, 48.0), on_ground=True, turnaround_s=0.0)
    records = plan(asset(rounds, make="patrol", staff="civilian", staff_of="x"), agreement)
    dark = [one for one in records if one.state is ObservationState.OBSCURED]
    assert dark
    assert {one.reason for one in dark} == {"night"}
    for begin, _ in spans([one for one in records if one not in dark]):
        assert 3.0 < begin < 16.5
    for begin, _ in spans(dark):
        assert begin < 4.5
        break
    assert {int(begin) for begin, _ in spans(dark)} >= {0, 1, 2, 17, 18, 20}


def test_rounds_keep_to_endurance_turnaround_and_hours(agreement: Agreement) -> None:
    where = flying((37.6, 48.0), (37.7, 48.0), (37.9, 48.0), endurance_s=5_400.0, turnaround_s=3_600.0)
    records = plan(asset(where, make="long_drone", hours=Hours(begin=6.0, until=18.0)), agreement)
    flights: list[list[Observation]] = [[records[0]]]
    for before, after in pairwise(records):
        gap = after.observed_from - before.observed_until
        assert gap >= timedelta(0)
        if gap > timedelta(0):
            flights.append([])
        flights[-1].append(after)
    out_and_home = timedelta(seconds=(7_460 + 22_380) / 25.0)
    for flight in flights:
        assert flight[-1].observed_until - flight[0].observed_from + out_and_home <= timedelta(seconds=5_410)
        assert all(one.observed_until - one.observed_from <= timedelta(seconds=STRETCH_S + 1) for one in flight)
    for flight, following in pairwise(flights):
        assert following[0].observed_from - flight[-1].observed_until >= out_and_home + timedelta(seconds=3_590)
    assert spans(records)[0][0] == pytest.approx(6.0 + 7_460 / 25.0 / 3_600.0, abs=0.01)
    assert 16.0 < spans(records)[-1][1] <= 18.0
    assert len(flights) == 5


def test_a_track_is_swept_as_wide_as_it_sees(agreement: Agreement) -> None:
    where = flying((37.6, 48.0), (37.7, 48.0), (37.9, 48.0), swath_m=3_000.0)
    records = plan(asset(where, make="long_drone"), agreement)
    swept = shapely.union_all([shape(one) for one in records])
    west, south, east, north = swept.bounds
    assert (west, east) == pytest.approx((37.7 - 3_000 / 74_600, 37.9 + 3_000 / 74_600), abs=0.003)
    assert (south, north) == pytest.approx((48.0 - 3_000 / 111_200, 48.0 + 3_000 / 111_200), abs=0.002)


def test_over_one_place_it_stays(agreement: Agreement) -> None:
    records = plan(asset(flying((37.6, 48.0), (37.7, 48.0), endurance_s=7_200.0), make="long_drone"), agreement)
    assert len({str(one.footprint) for one in records}) == 1
    first = spans(records)[0][0]
    watched = sum(until - begin for begin, until in spans(records) if begin < first + 2.0)
    assert watched == pytest.approx(2.0 - 2 * 7_460 / 25.0 / 3_600.0, abs=0.01)


def test_what_flies_only_as_it_is_asked_is_not_in_the_plan(agreement: Agreement) -> None:
    assert plan(asset(flying((37.6, 48.0)), make="long_drone"), agreement) == []


def test_passes_are_told_about_the_lines_and_by_night_are_obscured(agreement: Agreement) -> None:
    satellite = Orbiting(epoch=MONDAY, altitude_m=786_000.0, descends_at_h=10.5, greatest_look_deg=30.0)
    records = plan(asset(satellite, make="optical_satellite"), agreement, length=7 * DAY)
    by_day = [one for one in records if one.state is ObservationState.WATCHING]
    assert 4 <= len(by_day) <= 10
    assert len(by_day) < len(records)
    for one in records:
        local_h = (one.observed_from.hour + one.observed_from.minute / 60 + 37.7 / 15) % 24
        assert (9.8 < local_h < 11.8) if one in by_day else (local_h > 20.0 and one.reason == "night")
        assert timedelta(seconds=29) < one.observed_until - one.observed_from < timedelta(minutes=4)
        west, south, east, north = shape(one).bounds
        assert 33.5 < west < east < 42.0
        assert 46.0 < south < north < 50.6


def test_open_sources_are_about_their_region(agreement: Agreement) -> None:
    (one,) = plan(asset(Everywhere(west=36, south=47, east=39, north=49), make="open_sources"), agreement)
    assert shape(one).bounds == (36.0, 47.0, 39.0, 49.0)


@pytest.mark.parametrize("name", ["ukraine-hypothetical", "donbas-2015"])
def test_the_shipped_plans_are_sound_records(name: str) -> None:
    agreement = load_agreement(name)
    begin = max(MONDAY, agreement.in_force[0])
    records = plan(load_mission(name, agreement), agreement, begin, timedelta(hours=12))
    assert len({one.observation_id for one in records}) == len(records)
    areas = load_gazetteer().outlines
    for one in records:
        assert begin <= one.observed_from < one.observed_until
        stand_in = Report(
            report_id=one.observation_id,
            source=one.source,
            observed_from=one.observed_from,
            observed_until=one.observed_until,
            activity=Activity.EXPLOSION,
            footprint=one.footprint,
        )
        assert check(stand_in, areas) is None, one


def test_a_plan_is_the_same_in_parts_and_whole() -> None:
    agreement = load_agreement("ukraine-hypothetical")
    shipped = load_mission("ukraine-hypothetical", agreement)
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    whole = plan(shipped, agreement, begin)
    parts = [one for number in range(4) for one in plan(shipped, agreement, begin + number * DAY / 4, DAY / 4)]
    moving = {one.observation_id for one in whole if isinstance(one.footprint, Area) and one.asset != "open-sources"}
    still = [one for one in parts if one.observation_id not in moving]
    assert len(moving) > 300
    assert moving <= {one.observation_id for one in parts}
    assert len(still) == 4 * (len(whole) - len(moving))
    assert {one.observed_until - one.observed_from for one in still} == {DAY / 4}


@given(one=assets(), begin=st.integers(0, 47))
def test_nobody_looks_from_where_it_may_not_be(agreement: Agreement, one: Asset, begin: int) -> None:
    records = plan(one, agreement, MONDAY + timedelta(hours=begin), timedelta(hours=9))
    if refusals(one, agreement, MAKES):
        assert records == []
    elif isinstance(one.where, Standing):
        assert len(records) in (1, 2)
    else:
        lon, lat = sampled(one.where)  # type: ignore[arg-type]
        assert all(shape(record).distance(shapely.MultiPoint(np.column_stack([lon, lat]))) < 1e-3 for record in records)


@given(one=assets())
def test_the_plan_of_the_mirror_image_is_the_mirror_image_of_the_plan(
    agreement: Agreement, mirror_image: Agreement, one: Asset
) -> None:
    here, there = plan(one, agreement), plan(mirrored(one), mirror_image)
    if MAKES.make(one.make).daylight:  # type: ignore[union-attr]
        # The sun rises in the east of both.
        here = [record for record in here if 6 <= record.observed_from.hour < 13]
        there = [record for record in there if 6 <= record.observed_from.hour < 13]
    assert len(here) == len(there)
    for record, image in zip(here, there, strict=True):
        assert abs(record.observed_from - image.observed_from) <= timedelta(seconds=1)
        assert record.state is image.state
        if isinstance(record.footprint, Disc):
            assert isinstance(image.footprint, Disc)
            assert image.footprint == replace(record.footprint, lon=mirrored_lon(record.footprint.lon))
        else:
            turned = shapely.transform(shape(record), lambda c: np.column_stack([76.0 - c[:, 0], c[:, 1]]))
            assert turned.symmetric_difference(shape(image)).area < 0.02 * turned.area
