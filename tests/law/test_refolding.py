"""Late, corrected and withdrawn reports: what a store says after them is what it says of all at once."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.law.folding import BEFORE_ALL, MemoryFindings, refold
from pipeline.law.folds import folds_of
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Status
from pipeline.store import Recorder, open_store
from pipeline.store.acting import Acting
from pipeline.store.lawbook import StoredMemory
from tests.law.acting import REASONS
from tests.law.folding import FURTHER_A, NEAR_A, findings, guns
from tests.monitor.remembering import AREAS, as_bytes, in_memory
from tests.worlds import DAY, report, retold_reports, world


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def stored(agreement: Agreement, batches: Sequence[Sequence[Report]], folder: Path) -> dict[str, Alert]:
    """The alerts that stand in a store after these batches."""
    with open_store(folder / "store.db", write=True) as store:
        recorder = Recorder(store, [agreement], AREAS, lambda: DAY + timedelta(days=400))
        for batch in batches:
            recorder.record(batch)
        return {alert.alert_id: alert for alert in store.alerts(possible=True)}


def test_a_violation_that_moves_to_a_later_day_is_not_counted_on_both(agreement: Agreement, tmp_path: Path) -> None:
    """Kyiv's day ends at 22:00 UTC: the corrected report is on the next."""
    told = [report(day, NEAR_A, at=timedelta(days=day, hours=21, minutes=54)) for day in (1, 2)]
    moved = replace(
        told[0],
        observed_from=told[0].observed_from + timedelta(minutes=12),
        observed_until=told[0].observed_until + timedelta(minutes=12),
        published_at=DAY + timedelta(days=3),
    )
    late = stored(agreement, [told, [moved]], tmp_path)
    assert as_bytes(late) == as_bytes(in_memory([agreement], [[*told, moved]]))


def test_every_checkpoint_gives_what_a_fold_from_the_beginning_gives(agreement: Agreement, tmp_path: Path) -> None:
    given = [
        guns(f"{day}-{place.lon}", place, 1 + day % 5, 1 + day % 5, day=day)
        for day in range(0, 300, 3)
        for place in (NEAR_A, FURTHER_A)
    ]
    fold = next(fold for fold in folds_of(agreement) if fold.provision == "ceiling")
    whole = refold(fold, MemoryFindings(findings(agreement, given)), BEFORE_ALL).alerts
    with open_store(tmp_path / "store.db", write=True) as store:
        Recorder(store, [agreement], AREAS, lambda: DAY + timedelta(days=400)).record(given)
        kept = [row[0] for row in store.connection.execute("SELECT day FROM checkpoints WHERE provision = 'ceiling'")]
        assert 5 < len(kept) < 50, "those of long ago are thinned out"
        memory = StoredMemory(store.connection, agreement.name, agreement.days)
        for day in kept[::-2]:
            again = refold(fold, memory, day)
            said = [alert for alert, settled in whole if settled is None or settled >= again.from_day]
            assert [alert for alert, _ in again.alerts] == said


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(reports=retold_reports(), cuts=st.integers(1, 6))
def test_whatever_comes_late_the_store_says_what_memory_says(
    agreement: Agreement, reports: list[Report], cuts: int
) -> None:
    with TemporaryDirectory() as folder:
        late = stored(agreement, [reports[number::cuts] for number in range(cuts)], Path(folder))
    assert as_bytes(dict(sorted(late.items()))) == as_bytes(in_memory([agreement], [reports]))


def outcome(status: Status) -> dict[str, Any]:
    return {"outcome": status, "reason": REASONS[status]}


def test_what_is_decided_of_one_case_is_decided_of_that_case_alone(agreement: Agreement, tmp_path: Path) -> None:
    """Two cases may rest on the same violations: a confirmed one, and days in a row."""
    told = [report(day, NEAR_A, at=timedelta(days=day)) for day in (1, 2)]
    with open_store(tmp_path / "store.db", write=True) as store:
        Recorder(store, [agreement], AREAS, lambda: DAY + timedelta(days=9)).record(told)
        acting = Acting(store, lambda: DAY + timedelta(days=9), [agreement])
        first = next(one for one in store.alerts() if one.provision == "ceasefire" and "test:1" in one.report_ids)
        acting.act(first, ActionKind.OUTCOME, "Ines", **outcome(Status.CONFIRMED))
        cases = {one.subject: one for one in store.alerts() if one.provision == "consult"}
        assert set(cases) == {"confirmed", "sustained/line"}
        acting.act(cases["confirmed"], ActionKind.OUTCOME, "Olga", **outcome(Status.NOT_A_VIOLATION))
        Recorder(store, [agreement], AREAS, lambda: DAY + timedelta(days=10)).record(
            [report(3, NEAR_A, at=timedelta(days=3))]
        )
        stands = {one.subject: one for one in store.alerts() if one.provision == "consult"}
    assert stands["sustained/line"].status is Status.ALLEGED
    assert stands["confirmed"].status is Status.NOT_A_VIOLATION
