"""Corrections within an incident: what is revised gives way, what is withdrawn goes, the rest stays as it was."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Weapon
from tests.monitor.fusion.telling import bridged, disc, only, parts, post, told, told_of
from tests.monitor.remembering import remembered
from tests.worlds import DAY, world

ONE, TWO, THREE = (told(1, "array-1", disc(0, 0, 150)), told(2, "array-2", disc(60, 0, 200)), told(3, "camera-1"))
FIRST_TO_LAST = (THREE, ONE, TWO)
"""In order of `observed_from`: the camera adds a minute at both ends."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def after(*batches: Sequence[Report]) -> list[Incident]:
    return list(remembered([], batches).incidents.values())


def test_a_revision_takes_the_place_of_what_it_revises() -> None:
    revision = replace(TWO, report_id="test:4", revises="test:2", footprint=disc(40, 0, 90))
    (incident,) = after([ONE, TWO, THREE], [revision])
    assert set(incident.report_ids) == {"test:1", "test:3", "test:4"}
    assert incident == only([ONE, THREE, revision])
    assert after([revision], [ONE, TWO, THREE]) == [incident]


def test_a_revision_that_tells_of_another_place_leaves_the_incident() -> None:
    elsewhere = replace(TWO, report_id="test:4", revises="test:2", footprint=disc(8_000, 0, 90))
    assert sorted(map(told_of, after([ONE, TWO, THREE], [elsewhere]))) == ["1 3", "4"]


def test_a_later_version_counts_and_keeps_its_incident() -> None:
    later = replace(TWO, footprint=disc(-30, 0, 90), published_at=DAY + timedelta(days=1))
    (incident,) = after([ONE, TWO, THREE], [later])
    assert incident == only([ONE, THREE, later])


@pytest.mark.parametrize("gone", FIRST_TO_LAST, ids=lambda report: report.report_id)
def test_what_is_withdrawn_leaves_the_rest(gone: Report) -> None:
    rest = [report for report in FIRST_TO_LAST if report is not gone]
    withdrawn = replace(gone, retracted=True, published_at=DAY + timedelta(days=1))
    (incident,) = after(FIRST_TO_LAST, [withdrawn])
    assert incident == only(rest)
    whole = only(FIRST_TO_LAST)
    assert (incident.incident_id == whole.incident_id) == (gone is not FIRST_TO_LAST[0])
    assert after(FIRST_TO_LAST, [withdrawn], [replace(one, retracted=True, published_at=DAY) for one in rest]) == []


def test_a_report_between_two_incidents_joins_them_and_splits_them_when_it_is_withdrawn() -> None:
    one, other, between = bridged()
    assert sorted(map(told_of, after([one], [other]))) == ["1", "2"]
    assert after([one, other], [between]) == [only([one, other, between])]
    withdrawn = replace(between, retracted=True, published_at=DAY + timedelta(days=1))
    assert after([one, other], [between], [withdrawn]) == after([one, other])


def test_posts_that_are_withdrawn_leave_the_located_as_they_were() -> None:
    told_by = [post(4, "outlet-1", at_s=-900.0, lasting_s=1_800.0), post(5, "outlet-2", disc(500, 0, 2_000))]
    withdrawn = [replace(one, retracted=True, published_at=DAY + timedelta(days=1)) for one in told_by]
    assert after([ONE, TWO], told_by, withdrawn) == [only([ONE, TWO])]


def test_a_track_is_one_incident_whatever_its_length(agreement: Agreement) -> None:
    """It is judged by that one of its places for which place and time give the most."""
    flown = [
        told(
            number,
            "radar-1",
            disc(-90_000 + 15_000 * number, 0, 200),
            Activity.FLIGHT,
            at_s=600.0 * number,
            weapons=(Weapon.UAV,),
            track_id="shahed",
        )
        for number in range(8)
    ]
    standing = remembered([agreement], [flown[:3], flown[5:], flown[3:5]])
    (incident,) = standing.incidents.values()
    assert [fix.footprint for fix in incident.fixes] == [report.footprint for report in flown]
    assert (incident.observed_from, incident.observed_until) == (flown[0].observed_from, flown[-1].observed_until)
    alone = [remembered([agreement], [[report]]).alerts for report in flown]
    assert alone[0] == {}
    near = [by_provision(alerts, "drones") for alerts in alone if alerts]
    best = max(near, key=lambda alert: alert.probability)
    found = by_provision(standing.alerts, "drones")
    assert (found.probability, found.place_probability) == (best.probability, best.place_probability)
    assert (found.lon, found.lat) == (best.lon, best.lat)


def by_provision(alerts: dict[str, Alert], name: str) -> Alert:
    (found,) = (alert for alert in alerts.values() if alert.provision == name)
    return found


def test_a_track_joins_nothing_and_nothing_joins_it() -> None:
    flown = [told(number, "radar-1", disc(), Activity.FLIGHT, track_id="one") for number in (1, 2)]
    seen = told(3, "camera-1", disc(), Activity.FLIGHT)
    other = told(4, "radar-2", disc(), Activity.FLIGHT, track_id="two")
    assert parts([*flown, seen, other]) == ["1 2", "3", "4"]


def test_an_observers_broad_report_does_not_join_the_incident_of_its_own_located_one() -> None:
    broad = told(3, "array-2", disc(300, 0, 3_000))
    assert parts([ONE, TWO, replace(broad, observer="array-3")]) == ["1 2 3"]
    assert parts([ONE, TWO, broad]) == ["1 2", "3"]


def test_a_report_is_no_second_witness_of_itself() -> None:
    """The later version moved by three seconds, across midnight: into another window."""
    midnight = timedelta(days=1)
    first = replace(told(1, "array-1", day=midnight, at_s=2.0), observer=None)
    moved = replace(
        first,
        observed_from=first.observed_from + timedelta(seconds=2),
        observed_until=first.observed_until + timedelta(seconds=2),
        published_at=DAY + timedelta(days=2),
    )
    assert {first.observed_from.day, moved.observed_from.day} == {1, 2}
    assert all(len(set(one.report_ids)) == len(one.report_ids) for one in after([first, moved]))
    assert all(one.origins == 1 for one in after([first, moved]))
