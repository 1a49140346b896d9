"""The central test, over the wire: whatever the workers and partitions, order and repeats, the alerts are the same."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.agreement import load_agreement
from pipeline.model.report import Report
from tests.monitor.remembering import Standing, as_bytes, remembered
from tests.stream.talking import settings_for, until
from tests.stream.watched import REPORTS as RISING
from tests.stream.watched import WATCHED, embedded, frame
from tests.stream.working import PATIENCE_S, Case, incidents, made, put, remembering, revisions, shuffled
from tests.worlds import write_world

REPORTS = 6_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 5, REPORTS)


@pytest.fixture(scope="module")
def stands(reports: list[Report], tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """What the embedded monitor says of them."""
    agreement = load_agreement(remembering(tmp_path_factory.mktemp("agreement")))
    return remembered([agreement], [reports])


@pytest.mark.parametrize(("workers", "partitions"), [(1, 1), (2, 4), (4, 12)])
def test_the_alerts_are_those_of_the_embedded_monitor(
    kafka: str, tmp_path: Path, reports: list[Report], stands: Standing, workers: int, partitions: int
) -> None:
    case = Case(settings_for(kafka, partitions=partitions), tmp_path, reports, as_bytes(stands.alerts))
    case.send(shuffled(reports, seed=partitions))
    whole = as_bytes(stands.incidents)
    with ExitStack() as stack:
        running = [
            stack.enter_context(case.worker(f"worker-{number}", TRUCELINE_WORKER_SESSION_S="60"))
            for number in range(workers)
        ]
        case.until_right()
        until(lambda: as_bytes(incidents(case.settings)) == whole, within_s=PATIENCE_S)
        assert [one.stop() for one in running] == [0] * workers
    assert case.current() == case.wanted
    assert as_bytes(incidents(case.settings)) == whole
    said = revisions(case.settings, "transitions")
    assert len({(one.alert.alert_id, one.revision) for one in said}) == len(said), "something was said twice"


@pytest.mark.parametrize(("workers", "partitions"), [(1, 1), (2, 4), (4, 4)])
def test_what_was_watched_weighs_as_it_does_in_the_embedded_monitor(
    kafka: str, tmp_path: Path, workers: int, partitions: int
) -> None:
    agreement = write_world(tmp_path)
    wanted = embedded(tmp_path, load_agreement(agreement), WATCHED)
    case = Case(settings_for(kafka, partitions=partitions), tmp_path, RISING, wanted, agreement)
    with ExitStack() as stack:
        case.send(shuffled(RISING, seed=workers), frame=20)
        put(case.settings, "observations", [frame(WATCHED[n::4]) for n in range(3)])
        # As a feed of its own would have it that knows one topic only.
        put(case.settings, "reports", [frame(WATCHED[3::4])])
        for number in range(workers):
            stack.enter_context(case.worker(f"worker-{number}", TRUCELINE_WORKER_SESSION_S="60"))
        case.until_right()
