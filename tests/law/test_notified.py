"""Exceptions whose notices arrive as reports: what was announced in time is no violation."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.load import check_agreement
from pipeline.geometry.earth import area_m2
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.outlines import polygon_of
from pipeline.law.effort import UNKNOWN
from pipeline.law.folding import BEFORE_ALL, MemoryFindings, refold
from pipeline.law.folds.notified import Notices
from pipeline.model.footprint import Bearing, Disc, Footprint, Nowhere
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Compliance, Doubt, Standing
from tests.law.folding import NEAR_A, NEAR_B, alerts, findings, fold_of, stands
from tests.worlds import DAY, FOOTPRINTS, report, world, write_world

RANGE = Disc(37.45, 48.35, 3_000.0)
"""A range about `NEAR_A`."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def fired(number: int | str = 1, place: Footprint = NEAR_A, hours: float = 10, **fields: Any) -> Report:
    fields = {"activity": Activity.LIVE_FIRE_TRAINING, "observer": "patrol", "ledger": "independent"} | fields
    return report(number, place, at=timedelta(hours=hours), **fields)


def notice(
    number: int | str = "notice", place: Footprint = RANGE, hours: float = 9, *, ahead: float | None = 3, **fields: Any
) -> Report:
    """Of six hours of training; published so many hours before it begins."""
    published = None if ahead is None else DAY + timedelta(hours=hours - ahead)
    known: dict[str, Any] = {
        "lasting": timedelta(hours=6),
        "observer": "patrol",
        "ledger": "independent",
        "published_at": published,
    }
    return report(number, place, Activity.NOTIFICATION, at=timedelta(hours=hours), **(known | fields))


def suspended(agreement: Agreement, *given: Report) -> float | None:
    """The share by which the one alert is suspended; None where there is none."""
    found = alerts(agreement, "training", *given)
    if not found:
        return None
    (alert,) = found
    notes = {note.doubt: note.figures for note in alert.doubts}
    return float(notes.get(Doubt.EXCEPTION_MAY_APPLY, {"share_suspended": 0.0})["share_suspended"])


def test_without_a_notice_it_is_judged_as_it_is(agreement: Agreement) -> None:
    (alert,) = alerts(agreement, "training", fired())
    assert alert.standing is Standing.RAISED
    assert (alert.incident_ids, alert.figures) == ((alert.incident_id,), {})


@pytest.mark.parametrize(("ahead", "counts"), [(3, True), (2, True), (1.9, False), (-1, False)])
def test_a_notice_counts_where_it_was_published_in_time(agreement: Agreement, ahead: float, counts: bool) -> None:
    assert suspended(agreement, fired(), notice(ahead=ahead)) == (None if counts else 0.0)


def test_when_it_was_published_is_not_known_it_counts_by_half(agreement: Agreement) -> None:
    (plain,) = alerts(agreement, "training", fired())
    (alert,) = alerts(agreement, "training", fired(), notice(ahead=None))
    assert alert.probability == pytest.approx(plain.probability / 2, rel=0.02)
    assert Doubt.EXCEPTION_MAY_APPLY in {note.doubt for note in alert.doubts}
    assert alert.alert_id == plain.alert_id
    assert alert.figures["published_at"] is None


@pytest.mark.parametrize(
    ("what", "share"),
    [
        (fired(place=NEAR_B), 0.0),
        (fired(hours=8.9), 0.0),
        (fired(hours=15.1), 0.0),
        (fired(hours=14.9), None),
        (fired(hours=12, lasting=timedelta(hours=6)), 0.5),
        (fired(hours=6, lasting=timedelta(hours=6)), 0.5),
    ],
)
def test_it_covers_its_own_time_and_place(agreement: Agreement, what: Report, share: float | None) -> None:
    found = suspended(agreement, what, notice())
    assert found == (None if share is None else pytest.approx(share, abs=0.01))


def test_it_covers_a_part_of_a_place(agreement: Agreement) -> None:
    assert suspended(agreement, fired(place=Disc(37.45, 48.35, 4_000.0)), notice()) == pytest.approx(9 / 16, abs=0.01)


def test_other_activities_are_not_covered(agreement: Agreement) -> None:
    shots = report(1, NEAR_A, Activity.EXPLOSION, at=timedelta(hours=10))
    assert alerts(agreement, "training", shots, notice()) == []
    covered = [one for _, one in findings(agreement, [shots, notice()]) if one.alert.provision == "ceasefire"]
    assert covered == []


def test_a_notice_of_which_hardly_anything_lies_in_the_zones_covers_that(agreement: Agreement) -> None:
    """Most of what is announced lies elsewhere: as a violation it would not be worth a word."""
    lon, lat = agreement.lines["line"].place(60_000.0, -24_700.0)
    edge = Disc(round(float(lon), 5), round(float(lat), 5), 100.0)
    away = agreement.lines["line"].place(60_000.0, -64_700.0)
    broad = Disc(round(float(away[0]), 5), round(float(away[1]), 5), 41_000.0)
    assert suspended(agreement, fired(place=edge)) == 0.0
    assert suspended(agreement, fired(place=edge), notice(place=broad)) is None


def test_a_notice_without_a_place_covers_nothing(agreement: Agreement) -> None:
    assert suspended(agreement, fired(), notice(place=Nowhere())) == 0.0


def test_a_notice_that_was_withdrawn_covers_nothing(agreement: Agreement) -> None:
    gone = replace(notice(ahead=2.5), retracted=True)
    assert suspended(agreement, fired(), notice(), gone) == 0.0


def test_of_several_the_one_that_covers_most_counts(agreement: Agreement) -> None:
    long = fired(hours=9, lasting=timedelta(hours=10))
    given = [long, notice("one", hours=9), notice("two", hours=10, lasting=timedelta(hours=8))]
    (alert,) = alerts(agreement, "training", *given)
    (other,) = alerts(agreement, "training", *given[:2])
    assert alert.figures["notice"] != other.figures["notice"]
    assert suspended(agreement, *given) == pytest.approx(0.8, abs=0.01)


def test_what_lasts_into_the_next_day_may_be_covered_by_a_notice_of_then(agreement: Agreement) -> None:
    long = fired(hours=20, lasting=timedelta(hours=10))
    assert suspended(agreement, long, notice(hours=24)) == pytest.approx(0.6, abs=0.01)


def test_a_moving_thing_is_covered_where_it_was_judged(agreement: Agreement) -> None:
    moving = [
        fired(number, place, hours=10 + number, track_id="one")
        for number, place in enumerate([Disc(36.0, 50.0, 50.0), NEAR_A])
    ]
    assert suspended(agreement, *moving, notice()) is None
    assert suspended(agreement, *moving, notice(place=Disc(36.0, 50.0, 500.0))) == 0.0


def test_what_can_matter_no_more_is_not_kept(agreement: Agreement) -> None:
    fold, state = fold_of(agreement, "training"), None
    told = findings(agreement, [fired(), notice(), fired(2, hours=40), notice("later", hours=40)])
    state = fold.begin()
    for day in sorted({day for day, _ in told}):
        state, _ = fold.step(state, day, [one for number, one in told if number == day], UNKNOWN)
        assert isinstance(state, Notices)
        assert (state.given, state.held) == ((), ())
        assert msgspec.json.decode(msgspec.json.encode(state), type=Notices) == state
    assert (state.received, state.covered) == (2, 2)


@given(data=st.data())
def test_folding_on_from_any_day_is_folding_from_the_beginning(agreement: Agreement, data: st.DataObject) -> None:
    hours = st.floats(6, 80)
    given = [
        fired(number, data.draw(st.sampled_from([NEAR_A, NEAR_B])), hours=data.draw(hours), lasting=timedelta(hours=9))
        for number in range(3)
    ] + [
        notice(f"n{number}", hours=data.draw(hours), ahead=data.draw(st.sampled_from([3, None]))) for number in range(3)
    ]
    found, fold = findings(agreement, given), fold_of(agreement, "training")
    late = data.draw(st.sampled_from(found))
    memory = MemoryFindings([one for one in found if one is not late])
    before = refold(fold, memory, BEFORE_ALL)
    complete = MemoryFindings(found)
    complete._kept = memory._kept
    again = refold(fold, complete, late[0])
    kept = [one for one in before.alerts if one[1] is not None and one[1] < again.from_day]
    whole = refold(fold, MemoryFindings(found), BEFORE_ALL).alerts
    assert sorted(map(msgspec.json.encode, kept + again.alerts)) == sorted(map(msgspec.json.encode, whole))


def test_progress_counts_notices_and_what_they_cover(agreement: Agreement) -> None:
    given = fired(), notice(), fired(2, NEAR_B, hours=12)
    told = stands(agreement, "training", "2016-03-01", *given)["all zones"]
    assert told.figures == {"notices": 1, "covered": 1, "raised": 1, "possible": 0}
    assert told.compliance is Compliance.BROKEN


@given(place=FOOTPRINTS)
def test_the_polygon_of_a_footprint_is_no_smaller_and_hardly_larger(place: Footprint) -> None:
    outline, area = polygon_of(place, {}), float(Footprints([place], {}).area_m2[0])
    if isinstance(place, Nowhere):
        assert outline is None
        return
    assert outline is not None
    assert area_m2(outline) >= area * 0.999
    if area > 1e4 and not isinstance(place, Bearing):
        assert area_m2(outline) <= area * 1.003 + 1.0


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ("from_reports = true => from_reports = false", "exceptions[announced].notice_hours: says by when"),
        ("notice_hours = 2 => notice_hours = -2", "exceptions[announced].notice_hours: Expected `float` >= 0"),
        ('kind = "notified" => kind = "time_window"', "exceptions[announced].from_reports: an exception of kind"),
        (
            'kind = "standing" => kind = "standing"\nexceptions = ["announced"]',
            "provisions[positions].exceptions: 'announced' takes its notices from reports",
        ),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, swap: str, message: str) -> None:
    path = write_world(tmp_path)
    old, new = swap.split(" => ")
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    assert any(message in str(problem) for problem in check_agreement(path))


def test_the_page_says_where_notices_come_from(tmp_path: Path) -> None:
    from pipeline.cli.agreement_page import page

    text = "\n".join(page(load_agreement(write_world(tmp_path)), 110))
    assert "from reports of a notification, published 2 hours or more before it begins" in text
