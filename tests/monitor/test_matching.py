"""The columns of the match table say what the records would, row by row."""

import random
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.columns import columns_of, joined
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere
from pipeline.model.report import Report
from pipeline.monitor.match import match_columns
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.rounding import rounded
from tests import strategies
from tests.matches import matches, one_by_one, records
from tests.worlds import report, world

SECOND_LINE = """
[[lines]]
id = "other"
title = "Another line"
file = "other.geojson"
starts_near = [36.9, 48.9]
left = "a"
right = "b"
accuracy_m = 200
source = "made-up"
confidence = "low"

[[zones]]
id = "along-other"
title = "along-other"
kind = "offset"
line = "other"
side = "left"
to_m = 9000
source = "made-up"
confidence = "low"

[[zones]]
id = "drawn"
title = "drawn"
kind = "polygon"
file = "drawn.geojson"
source = "made-up"
confidence = "low"
"""
OTHER = '{"type":"LineString","coordinates":[[36.9,48.9],[37.6,48.7],[38.6,48.95]]}'
DRAWN = '{"type":"Polygon","coordinates":[[[37.0,47.9],[38.5,47.9],[38.5,48.85],[37.0,48.85],[37.0,47.9]]]}'


@pytest.fixture(scope="module", params=["two lines and an area", "ukraine-hypothetical"])
def agreement(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    if request.param == "ukraine-hypothetical":
        return load_agreement("ukraine-hypothetical")
    folder = tmp_path_factory.mktemp("world")
    for name, geometry in (("other", OTHER), ("drawn", DRAWN)):
        feature = f'{{"type":"Feature","properties":{{}},"geometry":{geometry}}}'
        (folder / f"{name}.geojson").write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}')
    return world(folder, extra=SECOND_LINE)


def some_reports(count: int = 300) -> list[Report]:
    rng = random.Random(3)

    def footprint() -> Footprint:
        lon, lat = round(rng.uniform(36.5, 39.0), 6), round(rng.uniform(47.6, 49.2), 6)
        kind = rng.random()
        if kind < 0.7:
            return Disc(lon, lat, rng.choice([0.0, 0.0, 300.0, 5_000.0]))
        if kind < 0.8:
            return Bearing(lon, lat, 0.0, 9_000.0, ((rng.uniform(0.0, 90.0), 120.0),))
        return Area(area_id="ua-donetsk") if kind < 0.85 else Nowhere()

    return [report(number, footprint(), at=timedelta(seconds=rng.randint(0, 10**6))) for number in range(count)]


@pytest.mark.parametrize("all_reports", [False, True])
def test_columns_are_what_a_plain_reading_finds(agreement: Agreement, all_reports: bool) -> None:
    reports = some_reports()
    found = matches(reports, agreement, all_reports=all_reports)
    assert found == list(one_by_one(reports, agreement, all_reports=all_reports))
    assert len({row.zone for row in found} - {None}) > 3
    assert (None in {row.zone for row in found}) == all_reports


def test_a_zone_without_a_line_goes_by_the_nearest(agreement: Agreement) -> None:
    drawn = [zone.zone_id for zone in agreement.zones if zone.line_id is None]
    rows = [row for row in matches(some_reports(), agreement) if row.zone in drawn]
    assert rows
    assert {row.line for row in rows if row.lon is not None} == set(agreement.lines)


def test_places_without_records_match_as_their_records_do(agreement: Agreement) -> None:
    reports = [one for one in some_reports() if isinstance(one.footprint, Disc | Nowhere)]
    columns = columns_of(reports)
    found = match_columns(columns._replace(footprints=[]), agreement, DEFAULT, all_reports=True)
    assert list(records(found)) == matches(reports, agreement, all_reports=True)


def test_no_reports_have_no_matches(agreement: Agreement) -> None:
    assert matches([], agreement, all_reports=True) == []


@given(st.lists(st.lists(strategies.reports(), max_size=4), min_size=1, max_size=4))
def test_columns_of_parts_joined_are_columns_of_the_whole(parts: list[list[Report]]) -> None:
    apart = joined([columns_of(part) for part in parts])
    whole = columns_of([one for part in parts for one in part])
    assert (apart.report_ids, apart.footprints) == (whole.report_ids, whole.footprints)
    for one, other in (
        (apart.observed_from_us, whole.observed_from_us),
        (apart.observed_until_us, whole.observed_until_us),
    ):
        assert one.tolist() == other.tolist()
    assert (apart.discs is None) == (whole.discs is None)
    if apart.discs is not None and whole.discs is not None:
        assert np.array_equal(apart.discs, whole.discs, equal_nan=True)


TIES = st.integers(-20_000_000, 20_000_000).map(lambda number: number / 20)


@given(st.lists(st.floats(-3e7, 3e7) | TIES, max_size=50), st.sampled_from([1, 6]))
def test_arrays_are_rounded_as_numbers_are(values: list[float], digits: int) -> None:
    assert [*map(repr, rounded(np.array(values), digits).tolist())] == [repr(round(value, digits)) for value in values]


def test_what_is_no_figure_stays_none() -> None:
    assert np.isnan(rounded(np.array([np.nan, 1.26]), 1)).tolist() == [True, False]
