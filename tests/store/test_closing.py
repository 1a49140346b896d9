"""Retention: what is far behind the watermark is kept no longer, and what comes for it all the same is judged alone."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc
from pipeline.store import Recorder, Store, open_store
from tests.worlds import DAY, report, world

IN_A_ZONE = Disc(37.45, 48.35, 50.0)
RETENTION_DAYS = 30
LATER = timedelta(days=RETENTION_DAYS + 10)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def recorder(store: Store, agreement: Agreement) -> Recorder:
    return Recorder(store, [agreement], {}, clock=lambda: DAY + 2 * LATER, retention_days=RETENTION_DAYS)


def held(store: Store) -> set[str]:
    return {row[0] for row in store.connection.execute("SELECT report_id FROM reports")}


def in_the_log(store: Store) -> set[str]:
    return {one.report_id for _, frame in store.reports() for one in frame}


def test_a_window_is_closed_when_it_is_too_far_behind(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        record([report(1, IN_A_ZONE), report(2, IN_A_ZONE, track_id="one", observer="drone")])
        alerts = list(store.alerts())
        assert alerts
        record([report(3, IN_A_ZONE, at=timedelta(days=RETENTION_DAYS))])
        assert held(store) == {"test:1", "test:2", "test:3"}
        record([report(4, IN_A_ZONE, at=LATER)])
        assert held(store) == in_the_log(store) == {"test:3", "test:4"}
        assert store.figures()["reports"] == 2
        assert {alert.alert_id for alert in alerts} <= {alert.alert_id for alert in store.alerts()}


def test_what_comes_for_a_closed_window_is_judged_by_itself_and_changes_nothing_that_was_said(
    tmp_path: Path, agreement: Agreement
) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        record = recorder(store, agreement).record
        record([report(1, IN_A_ZONE), report(2, IN_A_ZONE, observer="another")])
        record([report(4, IN_A_ZONE, at=LATER)])
        before = list(store.alerts(possible=True))
        fifth = report(5, IN_A_ZONE, at=timedelta(hours=9))
        again = record([report(1, IN_A_ZONE), fifth, report(4, IN_A_ZONE, at=LATER)])
        assert (again.new, again.late) == ((True, True, False), (True, True, False))
        new = [alert for alert in store.alerts(possible=True) if alert not in before]
        assert {alert.report_ids for alert in new} == {("test:5",)}
        assert [alert for alert in store.alerts(possible=True) if alert not in new] == before
        assert held(store) == {"test:4"}


def test_after_a_restart_it_knows_what_is_closed(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder(store, agreement).record([report(1, IN_A_ZONE), report(4, IN_A_ZONE, at=LATER)])
        recorder(store, agreement).record([report(6, IN_A_ZONE)])
        assert held(store) == {"test:4"}
        assert any("test:6" in alert.report_ids for alert in store.alerts())
