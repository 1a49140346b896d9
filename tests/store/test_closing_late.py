"""What comes too late or is told again: it never raises twice what was said, nor feeds what provisions remember."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.store import Recorder, Store, open_store
from pipeline.store.closing import closed_before
from tests.worlds import DAY, report, world

IN_A_ZONE = Disc(37.45, 48.35, 50.0)
ELSEWHERE = Disc(37.46, 48.36, 50.0)
RETENTION_DAYS = 30
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LATER = timedelta(days=RETENTION_DAYS + 10)
NOW = DAY + 2 * LATER

HOURS = st.integers(0, 47).map(lambda hours: timedelta(hours=hours))


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def recorder(store: Store, agreement: Agreement, now: datetime = NOW) -> Recorder:
    return Recorder(store, [agreement], {}, clock=lambda: now, retention_days=RETENTION_DAYS)


def guns(number: int, at: timedelta, place: Disc = IN_A_ZONE, **fields: Any) -> Report:
    """Two pieces of artillery where none may be."""
    seen = Count(2.0, 2.0, CountUnit.WEAPON)
    return report(
        number,
        place,
        Activity.WEAPON_PRESENCE,
        at=at,
        weapons=(Weapon.ARTILLERY,),
        calibre_mm=122.0,
        count=seen,
        **fields,
    )


def held(store: Store) -> set[str]:
    return {row[0] for row in store.connection.execute("SELECT report_id FROM reports")}


def written(store: Store, table: str) -> list[tuple[object, ...]]:
    return sorted(store.connection.execute(f"SELECT * FROM {table}"))


def remembered(store: Store) -> list[object]:
    """What provisions that remember go by; those that watch alerts aside: they go by the alerts that stand."""
    asked = "SELECT * FROM checkpoints WHERE provision NOT IN ('rising', 'consult')"
    return [written(store, "findings"), sorted(store.connection.execute(asked))]


@st.composite
def tellings(draw: st.DrawFn) -> list[Report]:
    """Reports of two days, at one of two places, some of them by several observers, of one track, or corrections."""
    told = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        at, place = draw(HOURS), draw(st.sampled_from([IN_A_ZONE, ELSEWHERE]))
        observer = draw(st.sampled_from([None, "one", "two"]))
        track = draw(st.sampled_from([None, None, None, "t"]))
        revises = draw(st.sampled_from([None, None, *range(1, number)]))
        fields: dict[str, Any] = {
            "observer": observer,
            "track_id": track,
            "revises": f"test:{revises}" if revises else None,
        }
        one = guns(number, at, place, **fields) if draw(st.booleans()) else report(number, place, at=at, **fields)
        told.append(one)
    return told


@settings(deadline=None, max_examples=60)
@given(told=tellings(), orders=st.data())
def test_an_old_file_that_is_sent_again_says_nothing(
    agreement: Agreement, told: Sequence[Report], orders: st.DataObject
) -> None:
    again = orders.draw(st.permutations(told))
    apart = orders.draw(st.booleans())
    with TemporaryDirectory() as folder, open_store(Path(folder) / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        record(told)
        said = {name for alert in store.alerts(possible=True) for name in alert.report_ids}
        assert record([report(99, IN_A_ZONE, at=LATER)]).revisions
        alerts, findings = written(store, "alerts"), written(store, "findings")
        for some in [[one] for one in again] if apart else [again]:
            revisions = record([one for one in some if one.report_id in said]).revisions
            assert not [(r.alert.alert_id, r.alert.report_ids, r.change) for r in revisions]
        assert written(store, "alerts") == alerts
        assert written(store, "findings") == findings


@settings(deadline=None, max_examples=40)
@given(told=tellings())
def test_what_is_judged_by_itself_is_no_part_of_what_provisions_remember(
    agreement: Agreement, told: Sequence[Report]
) -> None:
    with TemporaryDirectory() as folder, open_store(Path(folder) / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        record([guns(90, LATER - timedelta(days=1)), report(99, IN_A_ZONE, at=LATER)])
        before = remembered(store)
        for one in told:
            record([one])
        assert remembered(store) == before
        assert held(store) == {"test:90", "test:99"}


def test_a_report_that_was_corrected_stays_so_when_it_is_sent_again_late(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        first = report(1, IN_A_ZONE)
        record([report(2, ELSEWHERE, revises=first.report_id), first, report(99, IN_A_ZONE, at=LATER)])
        before = list(store.alerts(possible=True))
        record([first])
        assert list(store.alerts(possible=True)) == before


def test_what_another_said_of_a_closed_window_is_not_said_again(tmp_path: Path, agreement: Agreement) -> None:
    both = [report(1, IN_A_ZONE), report(2, IN_A_ZONE, observer="another")]
    with open_store(tmp_path / "other.db", write=True) as store:
        revisions = recorder(store, agreement).record(both).revisions
    with open_store(tmp_path / "t.db", write=True) as store:
        taking = recorder(store, agreement)
        taking.record([report(99, IN_A_ZONE, at=LATER)])
        taking.adopt({}, revisions)
        assert not taking.record(both[1:]).revisions


@pytest.mark.parametrize("at", [LATER - timedelta(hours=20), timedelta(hours=9)])
def test_a_correction_that_moves_a_report_to_a_closed_window_takes_it_away(
    tmp_path: Path, agreement: Agreement, at: timedelta
) -> None:
    """By `unjudged` as well, which passes over the correction itself."""
    wrong = report(1, IN_A_ZONE, at=LATER)
    for by in ("record", "unjudged"):
        with open_store(tmp_path / f"{by}.db", write=True) as store:
            taking = recorder(store, agreement)
            taking.record([wrong])
            right = report(2, IN_A_ZONE, at=at, revises=wrong.report_id)
            if by == "record":
                taking.record([right])
            else:
                taking.unjudged([(1, [right])], lambda _: None)
                taking.catch_up()
            assert "test:1" not in {name for alert in store.alerts(possible=True) for name in alert.report_ids}
            if by == "record":
                (lost,) = [r for r in store.history() if "test:1" in r.alert.report_ids and r.superseded_by]
                assert {store.alert(name).report_ids for name in lost.superseded_by} == {("test:2",)}  # type: ignore[union-attr]


def test_a_correction_sent_again_late_changes_nothing(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        wrong, right = report(1, IN_A_ZONE, at=LATER), report(2, IN_A_ZONE, revises="test:1")
        record([wrong, right])
        before = list(store.alerts(possible=True))
        assert before
        assert not record([right, wrong]).revisions
        assert list(store.alerts(possible=True)) == before


@settings(deadline=None, max_examples=60)
@given(
    days=st.integers(-3 * 365, 20 * 365),
    received=st.none() | st.integers(-3 * 365, 20 * 365),
    now=st.integers(0, 100),
)
def test_the_watermark_never_passes_the_time_at_which_a_report_is_taken_in(
    agreement: Agreement, days: int, received: int | None, now: int
) -> None:
    clock = DAY + timedelta(days=now)
    given_at = None if received is None else DAY + timedelta(days=received)
    told = replace(report(1, IN_A_ZONE, at=timedelta(days=days)), received_at=given_at)
    with TemporaryDirectory() as folder, open_store(Path(folder) / "t.db", write=True) as store:
        watermark = recorder(store, agreement, clock).record([told]).watermark
        assert watermark is not None
        assert watermark == min(told.observed_from, clock if given_at is None else min(clock, given_at))


def test_one_report_of_the_future_closes_nothing(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement, DAY + timedelta(days=1)).record
        future = report(9, IN_A_ZONE, at=timedelta(days=3650), received_at=DAY + timedelta(days=3651))
        record([report(1, IN_A_ZONE), future])
        assert record([report(2, IN_A_ZONE, observer="another")]).late == (False,)
        assert held(store) == {"test:1", "test:2", "test:9"}


@given(
    watermark=st.datetimes(timezones=st.just(UTC)) | st.just(FIRST),
    retention_days=st.integers(1, 3650),
)
def test_any_watermark_has_a_first_open_day(watermark: datetime, retention_days: int) -> None:
    day = closed_before(watermark, retention_days)
    assert day == FIRST.date() or watermark.date() - day > timedelta(days=retention_days)


def test_a_report_of_the_first_year_is_taken_in(tmp_path: Path, agreement: Agreement) -> None:
    begin = datetime(1, 1, 5, tzinfo=UTC)
    old = replace(report(1, IN_A_ZONE), observed_from=begin, observed_until=begin)
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder(store, agreement).record([old])
        recorder(store, agreement).record([report(2, IN_A_ZONE)])
        assert held(store) == {"test:2"}


def test_what_was_put_off_moves_the_watermark_and_leaves_out_what_is_closed(
    tmp_path: Path, agreement: Agreement
) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        taking = recorder(store, agreement)
        parts = [(1, [report(1, IN_A_ZONE), report(99, IN_A_ZONE, at=LATER)]), (2, [report(3, IN_A_ZONE)])]
        taking.unjudged(parts, lambda _: None)
        assert held(store) == {"test:99"}
        taking.catch_up()
        assert not [alert for alert in store.alerts() if alert.report_ids != ("test:99",)]
        outcome = taking.record([report(4, IN_A_ZONE)])
        assert (outcome.late, outcome.watermark) == ((True,), DAY + LATER)
        assert held(store) == {"test:99"}


def test_a_crash_before_closing_is_made_good_when_the_store_is_opened(
    tmp_path: Path, agreement: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        crashing = recorder(store, agreement)
        store.connection.execute(
            "CREATE TEMP TRIGGER failing BEFORE DELETE ON main.reports BEGIN SELECT RAISE(ABORT, 'killed'); END"
        )
        with pytest.raises(Exception, match="killed"):
            crashing.record([report(1, IN_A_ZONE), report(99, IN_A_ZONE, at=LATER)])
        store.connection.execute("DROP TRIGGER failing")
        assert held(store) == {"test:1", "test:99"}
        recorder(store, agreement)
        assert held(store) == {"test:99"}


def test_what_is_closed_stays_closed_under_a_longer_retention(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder(store, agreement).record([report(1, IN_A_ZONE), report(99, IN_A_ZONE, at=LATER)])
        longer = Recorder(store, [agreement], {}, clock=lambda: NOW, retention_days=300)
        assert not longer.record([report(1, IN_A_ZONE)]).revisions
        assert held(store) == {"test:99"}


def test_a_track_that_is_closed_is_not_opened_by_what_comes_late(tmp_path: Path, agreement: Agreement) -> None:
    def of_a_track(number: int, at: timedelta) -> Report:
        return report(number, IN_A_ZONE, at=at, track_id="one", observer="drone", activity=Activity.FLIGHT)

    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        told = [of_a_track(number, timedelta(minutes=number)) for number in (1, 2, 3)]
        record([*told, report(99, IN_A_ZONE, at=LATER)])
        assert held(store) == {"test:99"}
        assert not [said for one in told for said in record([one]).revisions]
        assert held(store) == {"test:99"}
