"""Whatever a store goes through, in whatever order, it ends as if all its reports had come at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.store import Recorder, Store, StoreError, open_store
from tests.monitor.remembering import AREAS, as_bytes, in_memory
from tests.store.histories import has_no_gaps
from tests.worlds import DAY, report, retold_reports, world, write_world

WRITTEN = ["frames", "sealable", "reports", "tombstones", "incidents", "alerts", "history", "positions", "figures"]
"""The tables that a batch of reports writes to."""


class Take(NamedTuple):
    """Records some reports, or none; `doubled` gives the first of them twice in the batch."""

    reports: int
    doubled: bool


class Fail(NamedTuple):
    """Tries to record some reports, and the disk fails when the first row of that table is written."""

    reports: int
    table: str


class JudgeBy(NamedTuple):
    """Opens the store anew under other agreements; catching up, where asked for, is interrupted after some frames."""

    agreements: tuple[str, ...]
    interrupted_after: int | None


Step = Take | Fail | JudgeBy

ALLEGIANCES = [("first",), ("second",), ("other",), ("first", "other"), ("other", "second"), ()]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(Take, st.integers(0, 6), st.booleans()),
    st.builds(Fail, st.integers(1, 6), st.sampled_from(WRITTEN)),
    st.builds(JudgeBy, st.sampled_from(ALLEGIANCES), st.sampled_from([None, 1, 2, 3, 100])),
)


@pytest.fixture(scope="module")
def agreements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Agreement]:
    """An agreement, its second version, and another one whose parties and line are mirrored."""
    changed = write_world(tmp_path_factory.mktemp("second"))
    text = changed.read_text(encoding="utf-8").replace("to_m = 15000", "to_m = 9000").replace("25000", "12000")
    changed.write_text(text.replace('version = "1"', 'version = "2"'), encoding="utf-8")
    return {
        "first": world(tmp_path_factory.mktemp("first")),
        "second": load_agreement(changed),
        "other": world(tmp_path_factory.mktemp("other"), "other", mirror=True),
    }


class Interrupted(Exception):
    pass


@contextmanager
def failing(store: Store, table: str) -> Iterator[None]:
    """A disk that fails once the transaction has written its first row of a table."""
    fail = "BEGIN SELECT RAISE(ABORT, 'the disk fails'); END"
    store.connection.execute(f"CREATE TEMP TRIGGER failing AFTER INSERT ON main.{table} {fail}")
    try:
        yield
    finally:
        store.connection.execute("DROP TRIGGER failing")


def catch_up(recorder: Recorder, interrupted_after: int) -> None:
    frames = 0

    def progress(done: int, whole: int) -> None:
        nonlocal frames
        frames += 1
        if frames == interrupted_after:
            raise Interrupted

    with suppress(Interrupted):
        recorder.catch_up(progress)


def live_through(path: Path, agreements: dict[str, Agreement], fed: Sequence[Report], steps: Sequence[Step]) -> None:
    """Takes a store through these steps; what is left of the reports is recorded at the end."""
    left = list(fed)
    for begin, work in visits(steps):
        with open_store(path, write=True) as store:
            recorder = Recorder(store, [agreements[name] for name in begin.agreements], AREAS, clock=lambda: DAY)
            if begin.interrupted_after is not None:
                catch_up(recorder, begin.interrupted_after)
            for step in work:
                if attempt(recorder, left[: step.reports], step):
                    left = left[step.reports :]
    with open_store(path, write=True) as store:
        Recorder(store, [agreements["other"]], AREAS, clock=lambda: DAY).record(left)


def visits(steps: Sequence[Step]) -> list[tuple[JudgeBy, list[Take | Fail]]]:
    """The steps, each with its fellows between one opening of the store and the next."""
    found: list[tuple[JudgeBy, list[Take | Fail]]] = [(JudgeBy(("first",), None), [])]
    for step in steps:
        if isinstance(step, JudgeBy):
            found.append((step, []))
        else:
            found[-1][1].append(step)
    return found


def attempt(recorder: Recorder, batch: list[Report], step: Take | Fail) -> bool:
    """Whether the batch was taken."""
    if isinstance(step, Take):
        recorder.record(batch + batch[: step.doubled])
        return True
    before = recorder.store.figures()["reports"]
    with failing(recorder.store, step.table):
        try:
            recorder.record(batch)
        except StoreError:
            assert recorder.store.figures()["reports"] == before
            return False
    return True


@given(
    reports=retold_reports(20),
    steps=st.lists(STEPS, max_size=16),
    final=st.sampled_from(["first", "second"]),
    data=st.data(),
)
def test_a_store_ends_as_if_all_had_come_at_once(
    agreements: dict[str, Agreement],
    tmp_path_factory: pytest.TempPathFactory,
    reports: list[Report],
    steps: list[Step],
    final: str,
    data: st.DataObject,
) -> None:
    fed = data.draw(st.permutations(reports + reports[: len(reports) // 2]))
    check_ends_as_if_at_once(tmp_path_factory.mktemp("store") / "t.db", agreements, fed, steps, final)


def test_a_failed_batch_counts_as_judged_by_nobody(agreements: dict[str, Agreement], tmp_path: Path) -> None:
    """An empty batch notes how far the log is judged; what another agreement's run adds then must be judged yet."""
    near_the_line = Disc(37.45, 48.35, 50.0)
    fed = [report(number, near_the_line) for number in range(4)]
    steps: list[Step] = [Take(1, False), Fail(1, "alerts"), Take(0, False)]
    steps += [JudgeBy(("other",), None), Take(1, False), JudgeBy(("first",), None), Take(1, False)]
    check_ends_as_if_at_once(tmp_path / "t.db", agreements, fed, steps, "first")


def check_ends_as_if_at_once(
    path: Path, agreements: dict[str, Agreement], fed: Sequence[Report], steps: Sequence[Step], final: str
) -> None:
    live_through(path, agreements, fed, steps)
    loaded = [agreements[final], agreements["other"]]
    with open_store(path, write=True) as store:
        Recorder(store, loaded, AREAS, clock=lambda: DAY).catch_up()
        kept = {alert.alert_id: alert for alert in store.alerts(possible=True)}
        figures = store.figures()
        assert has_no_gaps(store)
    assert as_bytes(kept) == as_bytes(in_memory(loaded, [fed]))
    at_once = Monitor(loaded, MemoryWindows(), AREAS).process(fed)
    told = sum(not incident.unresolved for incident in at_once.incidents)
    assert (figures["reports"], figures["incidents"]) == (sum(at_once.new), told)
