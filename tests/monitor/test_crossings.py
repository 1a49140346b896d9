"""Lines crossed: by a track's positions on either side, or because a report says so."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.load import check_agreement
from pipeline.geometry.line import LEFT, RIGHT
from pipeline.model.footprint import Area, Disc, Footprint, Nowhere, Polygon
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Doubt, Reason, Side, Standing, Weapon
from pipeline.monitor import MemoryWindows, Monitor
from tests.worlds import OCCURRED, PROVISION, further_line, report, world, write_world

BOTH = 'kind = "crossing"\nlines = ["line"]\ndirection = "both"'


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    extra = PROVISION.format(id="either", severity="grave", asks=BOTH)
    drones = PROVISION.format(id="drones-over", severity="grave", asks=f'{BOTH}\nobjects = ["uav"]')
    return world(tmp_path_factory.mktemp("world"), extra=extra + drones)


def at(agreement: Agreement, chainage_m: float, offset_m: float, radius_m: float = 50.0) -> Disc:
    lon, lat = agreement.lines["line"].place(chainage_m, offset_m)
    return Disc(round(float(lon), 6), round(float(lat), 6), radius_m)


def track(*places: Footprint, activity: Activity = Activity.MOVEMENT, **fields: Any) -> list[Report]:
    """One thing, seen every ten minutes."""
    return [
        report(number, place, activity, at=timedelta(hours=8, minutes=10 * number), track_id="one", **fields)
        for number, place in enumerate(places)
    ]


def alerts(agreement: Agreement, given: list[Report]) -> dict[str, Alert]:
    changes = Monitor([agreement], MemoryWindows(), {}).process(given)
    found = [alert for alert in changes.alerts[agreement.name] if alert.reason is Reason.LINE_CROSSED]
    assert len({alert.provision for alert in found}) == len(found)
    return {alert.provision: alert for alert in found}


def doubts(alert: Alert) -> dict[Doubt, dict[str, Any]]:
    return {note.doubt: note.figures for note in alert.doubts}


def test_positions_on_either_side_cross_the_line_though_both_lie_far_from_it(agreement: Agreement) -> None:
    far = 40_000.0
    found = alerts(agreement, track(at(agreement, 90_000, -far), at(agreement, 90_000, far)))
    alert = found["line"]
    assert set(found) == {"line", "either"}
    assert (alert.standing, alert.probability, alert.place_probability) == (Standing.RAISED, OCCURRED, 1.0)
    assert (alert.line, alert.side) == ("line", Side.RIGHT)
    assert alert.figures["direction"] == "left_to_right"
    assert alert.figures["between_from"] == "2016-03-01T08:00:00+00:00"
    assert alert.figures["between_until"] == "2016-03-01T08:10:10+00:00"
    assert alert.figures["times"] == 1
    assert alert.figures["chainage_m"] == pytest.approx(90_000, abs=1_000)


def test_a_direction_that_is_allowed_is_no_crossing(agreement: Agreement) -> None:
    found = alerts(agreement, track(at(agreement, 60_000, 9_000), at(agreement, 60_000, -9_000)))
    assert set(found) == {"either"}
    assert found["either"].figures["direction"] == "right_to_left"


def test_a_track_that_stays_on_its_side_crosses_nothing(agreement: Agreement) -> None:
    assert alerts(agreement, track(at(agreement, 60_000, -900), at(agreement, 61_000, -100))) == {}


def test_many_crossings_are_one_alert(agreement: Agreement) -> None:
    sides = [at(agreement, 60_000 + 500 * number, 2_000 * (-1) ** number) for number in range(6)]
    found = alerts(agreement, track(*sides))
    assert (found["either"].figures["times"], found["line"].figures["times"]) == (5, 3 - 1)


def test_what_is_known_of_the_sides_is_the_probability(agreement: Agreement) -> None:
    before, after = at(agreement, 60_000, -2_000), at(agreement, 60_000, 500, radius_m=1_000)
    alert = alerts(agreement, track(before, after))["either"]
    assert alert.place_probability == pytest.approx(0.8045, abs=0.001)
    assert doubts(alert)[Doubt.SIDE_UNCLEAR] == {"share_before": 1.0, "share_after": alert.place_probability}


def test_a_position_that_may_be_on_either_side_is_passed_over(agreement: Agreement) -> None:
    before, after = at(agreement, 60_000, -2_000), at(agreement, 60_000, 2_000)
    between = at(agreement, 60_000, 0, radius_m=800)
    alert = alerts(agreement, track(before, between, Nowhere(), after))["either"]
    assert (alert.probability, alert.figures["times"]) == (OCCURRED, 1)


def test_who_goes_round_the_end_crosses_nothing(agreement: Agreement) -> None:
    end = agreement.lines["line"].length_m
    one, other = at(agreement, end - 1_000, -20_000), at(agreement, end - 1_000, 20_000)
    past = Disc(38.62, 48.75, 50.0)
    assert alerts(agreement, track(one, past, other)) == {}
    assert "either" in alerts(agreement, track(one, other))


def test_a_straight_way_past_the_end_of_a_bent_line_crosses_nothing(tmp_path: Path) -> None:
    """Both positions lie beside the line, one on either side; the way between them passes where there is none."""
    hook = further_line(tmp_path, "hook", [[37.0, 48.0], [37.2, 48.0], [37.2, 48.028]])
    asks = BOTH.replace('"line"', '"hook"')
    bent = world(tmp_path, extra=hook + PROVISION.format(id="over-it", severity="minor", asks=asks))
    west, east = Disc(37.05, 48.08, 20.0), Disc(37.215, 48.027, 20.0)
    nearer = Disc(37.05, 48.02, 20.0)
    located = bent.lines["hook"].locate([west.lon, nearer.lon, east.lon], [west.lat, nearer.lat, east.lat])
    assert located.side.tolist() == [LEFT, LEFT, RIGHT]
    assert "over-it" not in alerts(bent, track(west, east))
    assert "over-it" in alerts(bent, track(nearer, east))


def test_a_drawn_position_has_the_share_of_its_area_on_each_side(agreement: Agreement) -> None:
    lon, lat = 37.55, 48.226
    box = [[lon - 0.1, lat - 0.06], [lon + 0.1, lat - 0.06], [lon + 0.1, lat + 0.06], [lon - 0.1, lat + 0.06]]
    area = Area(geometry=Polygon([[*box, box[0]]]))
    alert = alerts(agreement, track(at(agreement, 60_000, -20_000), area))["either"]
    assert 0.3 < alert.place_probability < 0.7


@pytest.mark.parametrize(
    ("activity", "weapons", "provisions"),
    [
        (Activity.FLIGHT, (Weapon.UAV,), {"line", "either", "drones-over"}),
        (Activity.FLIGHT, (Weapon.FIXED_WING,), {"line", "either"}),
        (Activity.TROOP_PRESENCE, (), set()),
        (Activity.MOVEMENT, (), {"line", "either"}),
    ],
)
def test_what_crosses_counts(
    agreement: Agreement, activity: Activity, weapons: tuple[Weapon, ...], provisions: set[str]
) -> None:
    flown = track(at(agreement, 60_000, -9_000), at(agreement, 60_000, 9_000), activity=activity, weapons=weapons)
    assert set(alerts(agreement, flown)) == provisions


def test_before_it_is_in_force_nothing_is_crossed(agreement: Agreement) -> None:
    sides = at(agreement, 60_000, -9_000), at(agreement, 60_000, 9_000)
    early = [
        report(n, place, Activity.MOVEMENT, at=timedelta(hours=n), track_id="one") for n, place in enumerate(sides)
    ]
    assert alerts(agreement, early) == {}
    half = [report(n, p, Activity.MOVEMENT, at=timedelta(hours=5 + 2 * n), track_id="one") for n, p in enumerate(sides)]
    alert = alerts(agreement, half)["either"]
    assert doubts(alert)[Doubt.TIME_STRADDLES]["share_in_force"] == pytest.approx(0.5, abs=0.01)


class TestAReportThatSaysSo:
    def test_counts_near_the_line(self, agreement: Agreement) -> None:
        said = report(1, at(agreement, 60_000, 500), Activity.CROSSING)
        alert = alerts(agreement, [said])["either"]
        assert (alert.standing, alert.figures["direction"]) == (Standing.RAISED, None)
        assert alerts(agreement, [report(1, at(agreement, 60_000, 3_000), Activity.CROSSING)]) == {}

    def test_does_not_say_which_way(self, agreement: Agreement) -> None:
        alert = alerts(agreement, [report(1, at(agreement, 60_000, 500), Activity.CROSSING)])["line"]
        assert alert.probability == round(0.5 * OCCURRED, 4)
        assert alert.standing is Standing.POSSIBLE
        assert Doubt.DIRECTION_UNCLEAR in doubts(alert)

    def test_is_told_by_its_positions_where_there_are_any(self, agreement: Agreement) -> None:
        sides = at(agreement, 60_000, -500), at(agreement, 60_000, 500)
        alert = alerts(agreement, track(*sides, activity=Activity.CROSSING))["line"]
        assert alert.figures["direction"] == "left_to_right"

    def test_alone_no_other_activity_crosses(self, agreement: Agreement) -> None:
        assert alerts(agreement, [report(1, at(agreement, 60_000, 0), Activity.MOVEMENT)]) == {}


@given(st.data())
def test_a_track_told_backwards_crosses_the_other_way(agreement: Agreement, data: st.DataObject) -> None:
    places = [
        at(agreement, data.draw(st.floats(30_000, 120_000)), data.draw(st.floats(-4_000, 4_000)), radius_m=700)
        for _ in range(data.draw(st.integers(2, 5)))
    ]
    there, back = alerts(agreement, track(*places)), alerts(agreement, track(*reversed(places)))
    assert ("either" in there) == ("either" in back)
    if "either" in there:
        assert there["either"].probability == pytest.approx(back["either"].probability, abs=1e-3)


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ('lines = ["line"] => lines = ["lime"]', "provisions[line].lines: 'lime' is not among the lines"),
        ('lines = ["line"] => lines = []', "provisions[line].lines: Expected `array` of length >= 1"),
        ('direction = "left_to_right" => direction = "up"', "provisions[line].direction: Invalid enum value 'up'"),
        ('direction = "left_to_right" => direction = "both"\nobjects = ["drone"]', "provisions[line].objects"),
        ('direction = "left_to_right" => direction = "both"\nactivities = ["fly"]', "provisions[line].activities"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, swap: str, message: str) -> None:
    path = write_world(tmp_path)
    old, new = swap.split(" => ")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert any(message in str(problem) for problem in check_agreement(path))


def test_the_page_says_what_must_not_cross(tmp_path: Path) -> None:
    from pipeline.cli.agreement_page import page

    text = " ".join(" ".join(page(load_agreement(write_world(tmp_path)), 110)).split())
    assert "Nothing may cross The line from the side of Party A to that of Party B" in text
