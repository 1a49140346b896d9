"""Sudan and South Sudan: 10 km on each side, and not in all, of a line that was not agreed."""

from datetime import UTC, datetime

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from tests.agreement.placing import broken, oracle_line, place, report, whose, within
from tests.monitor.remembering import in_memory

AT = datetime(2014, 2, 10, 9, tzinfo=UTC)
ZONES = ("ten-km-sudan", "ten-km-south-sudan")


@pytest.fixture(scope="module")
def border() -> Agreement:
    return load_agreement("sudan-south-sudan-2012")


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("chainage_m", [120_000.0, 700_000.0, 1_500_000.0])
def test_ten_kilometres_on_each_side(border: Agreement, chainage_m: float, side: str) -> None:
    line = oracle_line("sudan-south-sudan")
    where = [place(line, chainage_m, side, away_m) for away_m in (100.0, 5_025.0, 9_975.0, 10_025.0)]
    assert within(border, ZONES, *where) == [True, True, True, False]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("party", "raised"), [("sudan", True), ("south-sudan", True), ("jbvmm", False)])
def test_neither_s_forces_may_be_on_either_side(border: Agreement, side: str, party: str, raised: bool) -> None:
    where = place(oracle_line("sudan-south-sudan"), 700_000.0, side, 4_000.0)
    seen = report(1, AT, where, Activity.TROOP_PRESENCE, Weapon.SMALL_ARMS, attribution=whose(party))
    assert broken(border, seen) == ({"demilitarised"} if raised else set())


def test_they_have_two_weeks_to_leave(border: Agreement) -> None:
    where = place(oracle_line("sudan-south-sudan"), 700_000.0, "left", 4_000.0)
    days = [datetime(2013, 3, day, 12, tzinfo=UTC) for day in (22, 25)]
    seen = [report(1, day, where, Activity.WEAPON_PRESENCE, Weapon.TANK, attribution=whose("sudan")) for day in days]
    assert [broken(border, one) for one in seen] == [set(), {"demilitarised"}]


def test_each_alert_says_that_the_line_was_not_agreed(border: Agreement) -> None:
    where = place(oracle_line("sudan-south-sudan"), 700_000.0, "right", 4_000.0)
    (alert,) = in_memory([border], [[report(1, AT, where, Activity.SHELLING, Weapon.ARTILLERY)]]).values()
    assert {"line_disputed", "line_accuracy"} <= {note.doubt.value for note in alert.doubts}


def test_its_length_falls_short_of_what_is_reported_as_the_drawing_cuts_bends_off(border: Agreement) -> None:
    assert 0.85 < border.lines["centre-line"].length_m / 2_100_000 < 1.0
