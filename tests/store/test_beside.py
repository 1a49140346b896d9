"""Operators act while a run writes: both take turns, and nothing of either is lost."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.agreement import load_agreement
from pipeline.model.footprint import Disc
from pipeline.model.taxonomy import ActionKind, Change
from pipeline.store import Recorder, Store, StoreError, open_store
from pipeline.store.acting import Acting
from pipeline.store.database import BusyStoreError
from tests.monitor.remembering import AREAS
from tests.store.histories import has_no_gaps
from tests.worlds import DAY, report, write_world

REPORTS = 4_000
BATCH = 300
ACTS = 10
MAIN = f"from pipeline.store import runner; runner.BATCH_REPORTS = {BATCH}; from pipeline.cli import main; main()"
"""Many small transactions, one right after the other."""


def view(store: Store) -> list[bytes]:
    return [msgspec.json.encode(alert) for alert in store.alerts(possible=True)]


def acted_on(store: Store) -> int:
    return sum(entry.change is Change.COMMENTED for entry in store.history())


def test_acts_are_done_while_a_run_is_at_work_and_the_record_is_as_if_it_had_been_made_anew(tmp_path: Path) -> None:
    agreement, path, given = write_world(tmp_path), tmp_path / "t.db", tmp_path / "reports.ndjson"
    told = [report(row, Disc(36.9 + row % 160 * 0.01, 48.0 + row // 160 * 0.01, 50.0)) for row in range(REPORTS)]
    given.write_bytes(b"\n".join(map(msgspec.json.encode, told)))
    with open_store(path, write=True) as store:
        Recorder(store, [load_agreement(agreement)], AREAS).record(told[:BATCH])
        alerts = list(store.alerts())[:ACTS]
    arguments = ["run", "-a", str(agreement), str(given), "--store", str(path)]
    with subprocess.Popen([sys.executable, "-c", MAIN, *arguments], stderr=subprocess.PIPE) as run:
        while frames(path) < 2:
            assert run.poll() is None
            time.sleep(0.02)
        for alert in alerts:
            with open_store(path, write=True, beside=True) as store:
                Acting(store).act(alert, ActionKind.COMMENT, "Ines", text="Seen from the ridge.")
        at_work = run.poll() is None
        _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said.decode()
    assert at_work, "the run ended before the last act: it is to be given more to do"
    with open_store(path, write=True) as store:
        assert acted_on(store) == len(alerts) == ACTS
        assert has_no_gaps(store)
        before = view(store)
        assert Recorder(store, [load_agreement(agreement)], AREAS).catch_up() == 0
        assert view(store) == before


def frames(path: Path) -> int:
    with open_store(path) as store:
        return store.figures()["frames"]


def test_whose_turn_does_not_come_is_told_so_and_nothing_was_done(tmp_path: Path) -> None:
    agreement, path = load_agreement(write_world(tmp_path)), tmp_path / "t.db"
    with open_store(path, write=True) as store, open_store(path, write=True, beside=True) as other:
        Recorder(store, [agreement], AREAS, clock=lambda: DAY).record([report(1, Disc(37.45, 48.35, 50.0))])
        (alert, *_) = store.alerts()
        acting = Acting(other, lambda: datetime.now(UTC))
        other.patience_s = 0.01
        with store.transaction(), pytest.raises(BusyStoreError, match="another program is writing"):
            acting.act(alert, ActionKind.ACKNOWLEDGE, "Ines")
        assert acting.act(alert, ActionKind.ACKNOWLEDGE, "Ines").revision == 2


def test_nothing_is_made_for_an_act_where_no_store_is(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store here"):
        open_store(tmp_path / "none.db", write=True, beside=True)
    assert list(tmp_path.iterdir()) == []
