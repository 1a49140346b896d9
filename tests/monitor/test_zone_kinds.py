"""Reports in, alerts out: in a corridor beyond its road's end, and between two lines."""

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Doubt, Side, Standing
from pipeline.monitor import MemoryWindows, Monitor
from tests.matches import matches
from tests.worlds import OCCURRED, PROVISION, further_line, further_zone, report, world

ROAD = [[36.2, 49.2], [36.6, 49.2]]
"""Far from the other lines; it ends in the east."""

BACK = [[37.0, 47.9], [37.5, 47.5], [38.5, 47.5], [38.6, 48.6]]
"""Forces are to go back from the line to this one."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder = tmp_path_factory.mktemp("world")
    extra = further_line(folder, "road", ROAD) + further_line(folder, "back", BACK)
    extra += further_zone("along-the-road", 'kind = "corridor"\nline = "road"\nwithin_m = 5000')
    extra += further_zone("given-up", 'kind = "between_lines"\nlines = ["back", "line"]')
    for provision, zone in (("road-is-safe", "along-the-road"), ("nobody-fires-between", "given-up")):
        asks = f'kind = "prohibited_activity"\nzones = ["{zone}"]\nactivities = ["fire"]'
        extra += PROVISION.format(id=provision, severity="grave", asks=asks)
    return world(folder, extra=extra)


def alerts(agreement: Agreement, where: Footprint) -> dict[str, Alert]:
    changes = Monitor([agreement], MemoryWindows(), {}).process([report(1, where)])
    return {alert.provision: alert for alert in changes.alerts[agreement.name]}


def test_fire_beyond_the_roads_end_and_near_it_breaks_the_corridor(agreement: Agreement) -> None:
    lon, lat = 36.64, 49.2
    found = alerts(agreement, Disc(lon, lat, 100.0))
    assert found.keys() == {"road-is-safe"}
    alert = found["road-is-safe"]
    assert (alert.standing, alert.probability) == (Standing.RAISED, OCCURRED)
    assert (alert.line, alert.side) == ("road", Side.BEYOND)
    assert alert.offset_m == pytest.approx(2_916, abs=2)
    assert alert.chainage_m == pytest.approx(agreement.lines["road"].length_m, abs=0.1)
    assert alerts(agreement, Disc(36.68, 49.2, 100.0)) == {}


@pytest.mark.parametrize("lat", [49.165, 49.235])
def test_a_corridor_holds_on_both_sides_of_its_road(agreement: Agreement, lat: float) -> None:
    assert alerts(agreement, Disc(36.4, lat, 100.0)).keys() == {"road-is-safe"}


def beside_the_road(agreement: Agreement, away_m: float, radius_m: float) -> Disc:
    lon, lat = agreement.lines["road"].place(15_000.0, away_m)
    return Disc(float(lon), float(lat), radius_m)


def test_near_a_corridors_edge_the_roads_accuracy_is_a_doubt(agreement: Agreement) -> None:
    near = alerts(agreement, beside_the_road(agreement, 4_970.0, 10.0))["road-is-safe"]
    deep = alerts(agreement, beside_the_road(agreement, 1_000.0, 10.0))["road-is-safe"]
    assert Doubt.LINE_ACCURACY in {note.doubt for note in near.doubts}
    assert Doubt.LINE_ACCURACY not in {note.doubt for note in deep.doubts}


def test_what_lies_across_a_corridors_edge_is_in_it_by_its_share(agreement: Agreement) -> None:
    alert = alerts(agreement, beside_the_road(agreement, 5_000.0, 500.0))["road-is-safe"]
    assert alert.probability == pytest.approx(0.5 * OCCURRED, abs=0.02)


def test_fire_between_two_lines_is_told_by_the_first(agreement: Agreement) -> None:
    found = alerts(agreement, Disc(38.2, 47.8, 100.0))
    assert found.keys() == {"nobody-fires-between"}
    alert = found["nobody-fires-between"]
    assert (alert.standing, alert.probability, alert.line, alert.side) == (Standing.RAISED, OCCURRED, "back", Side.LEFT)
    assert alerts(agreement, Disc(38.2, 47.4, 100.0)) == {}
    assert alerts(agreement, Disc(37.45, 48.35, 100.0)).keys() == {"ceasefire"}


def test_matches_name_the_zones_own_line(agreement: Agreement) -> None:
    rows = matches([report(1, Disc(36.64, 49.2, 100.0)), report(2, Disc(38.2, 47.8, 100.0))], agreement)
    assert [(row.report_id, row.zone, row.line) for row in rows] == [
        ("test:1", "along-the-road", "road"),
        ("test:2", "given-up", "back"),
    ]


def test_an_observer_whose_place_is_not_exact_may_have_heard_it_elsewhere(agreement: Agreement) -> None:
    """From the place given the sector lies wholly in the corridor; from others about it, it does not."""
    near = Bearing(36.4, 49.2, 2_000.0, 4_500.0, ((0.0, 90.0),))
    assert alerts(agreement, near)["road-is-safe"].probability == OCCURRED
    found = alerts(agreement, replace(near, observer_radius_m=3_000.0))["road-is-safe"]
    assert 0.5 < found.probability / OCCURRED < 0.95
