"""Cyprus: what happens within the buffer zone, and 25 m from it; what is built stands until it is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.report import Count
from pipeline.model.taxonomy import Activity, CountUnit, Standing, Weapon
from tests.agreement.placing import Lonlat, beside, broken, oracle_line, report, ring, whose, within
from tests.monitor.remembering import in_memory

AT = datetime(1996, 8, 14, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def cyprus() -> Agreement:
    return load_agreement("cyprus-1974")


@pytest.fixture(scope="module")
def inside() -> Lonlat:
    return beside(ring("cyprus-buffer-zone"), 0.3, 400.0)[0]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.55, 0.7, 0.9])
def test_the_zone_ends_at_its_edge(cyprus: Agreement, share: float) -> None:
    assert within(cyprus, ("buffer-zone",), *beside(ring("cyprus-buffer-zone"), share, 25.0)) == [True, False]


def test_the_zone_lies_between_the_two_lines(cyprus: Agreement) -> None:
    north, south = oracle_line("cyprus-north"), oracle_line("cyprus-south")
    for share in (0.2, 0.5, 0.8):
        lon, lat = ring("cyprus-buffer-zone").at(share * ring("cyprus-buffer-zone").length_m)
        assert min(float(line.distance_m(lon, lat)[0]) for line in (north, south)) < 5.0


def test_its_area_is_near_to_what_is_reported(cyprus: Agreement) -> None:
    assert cyprus.zone_areas_m2[0] / 1e6 == pytest.approx(346, rel=0.02)


@pytest.mark.parametrize(("party", "raised"), [("turkish-forces", True), ("national-guard", True), ("unficyp", False)])
def test_either_force_may_not_be_there_and_the_monitors_may(
    cyprus: Agreement, inside: Lonlat, party: str, raised: bool
) -> None:
    seen = report(1, AT, inside, Activity.TROOP_PRESENCE, Weapon.SMALL_ARMS, attribution=whose(party))
    assert broken(cyprus, seen) == ({"forward"} if raised else set())


def test_shots_are_told_of_whoever_fired(cyprus: Agreement, inside: Lonlat) -> None:
    assert broken(cyprus, report(1, AT, inside, Activity.SHOT, Weapon.SMALL_ARMS)) == {"ceasefire"}


def test_a_position_stands_until_it_is_seen_gone(cyprus: Agreement, inside: Lonlat) -> None:
    built = report(1, AT, inside, Activity.POSITION, Weapon.UNKNOWN, count=Count(1, 1, CountUnit.POSITION))
    again = report(2, AT + timedelta(days=40), inside, Activity.POSITION, Weapon.UNKNOWN)
    gone = report(
        3, AT + timedelta(days=60), inside, Activity.POSITION, Weapon.UNKNOWN, count=Count(0, 0, CountUnit.POSITION)
    )
    standing = [one for one in in_memory([cyprus], [[built, again]]).values() if one.provision == "positions"]
    assert len(standing) == 1
    assert standing[0].standing is Standing.RAISED
    ended = [one for one in in_memory([cyprus], [[built, again, gone]]).values() if one.provision == "positions"]
    assert len(ended) == 1
    assert ended[0].observed_until > standing[0].observed_until


def test_it_is_told_that_the_lines_are_disputed(cyprus: Agreement) -> None:
    assert {line.status for line in cyprus.tables.lines} == {"disputed"}


def test_nothing_is_judged_before_the_first_whole_day(cyprus: Agreement, inside: Lonlat) -> None:
    shot = report(1, datetime(1974, 8, 16, 12, tzinfo=UTC), inside, Activity.SHOT, Weapon.SMALL_ARMS)
    assert broken(cyprus, shot) == set()
    later = replace(shot, observed_from=datetime(1974, 8, 17, 12, tzinfo=UTC))
    assert broken(cyprus, replace(later, observed_until=later.observed_from + timedelta(minutes=1))) == {"ceasefire"}
