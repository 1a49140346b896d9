"""Whatever crashes in between: no alert is lost, none doubled in the current view, and no revision goes backwards."""

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.stream.intake import Frame, share_out
from pipeline.stream.settings import Settings
from pipeline.stream.wire import decode_reject, encode_frame
from tests.stream.brokers import PrivateBroker
from tests.stream.talking import heard, settings_for, until
from tests.stream.working import SESSION_S, Case, made, put, revisions, shuffled

REPORTS = 2_500
PARTITIONS = 3


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 11, REPORTS)


@pytest.fixture
def case(kafka: str, tmp_path: Path, reports: list[Report]) -> Case:
    return Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports)


def halves(reports: Sequence[Report], seed: int) -> tuple[list[Report], list[Report]]:
    given = shuffled(reports, seed)
    return given[: len(given) // 2], given[len(given) // 2 :]


def never_backwards(settings: Settings) -> None:
    """On each partition, what is said of an alert is said in the order of its revisions, or said again."""
    latest: dict[str, int] = {}
    for said in revisions(settings, "transitions"):
        name = said.alert.alert_id
        assert said.revision <= latest.get(name, 0) + 1, "a revision is missing"
        latest[name] = max(said.revision, latest.get(name, 0))


def test_workers_killed_again_and_again(case: Case) -> None:
    rng, given = random.Random(1), shuffled(case.reports, seed=1)
    with case.worker() as worker:
        for number in range(5):
            case.send(given[number::5], frame=40)
            time.sleep(rng.uniform(2.5, 5.0))
            worker.kill()
            worker.again()
        case.until_right()
        assert worker.stop() == 0
    never_backwards(case.settings)


def test_a_lost_state_folder_is_made_anew_from_the_topics(case: Case) -> None:
    first, second = halves(case.reports, seed=2)
    with case.worker() as worker:
        case.send(first)
        until(lambda: len(revisions(case.settings)) > 5)
        worker.kill()
        shutil.rmtree(worker.state)
        worker.again()
        case.send(second)
        case.until_right()
    never_backwards(case.settings)


def test_a_partition_that_moves_to_another_worker_and_back(case: Case) -> None:
    first, second = halves(case.reports, seed=3)
    with case.worker("one") as one, case.worker("two") as two:
        case.send(first, frame=40)
        until(lambda: len(revisions(case.settings)) > 5)
        assert one.stop() == 0
        case.send(second[: len(second) // 2], frame=40)
        one.again()
        time.sleep(4.0)
        two.kill()
        case.send(second[len(second) // 2 :], frame=40)
        case.until_right()
    never_backwards(case.settings)


def test_a_worker_that_slept_while_another_went_on_says_nothing_old(case: Case) -> None:
    first, second = halves(case.reports, seed=4)
    with case.worker("sleeper") as sleeper:
        case.send(first, frame=20)
        until(lambda: len(revisions(case.settings)) > 3)
        sleeper.signal(signal.SIGSTOP)
        with case.worker("other"):
            case.send(second, frame=100)
            time.sleep(SESSION_S)
            case.until_right()
            sleeper.signal(signal.SIGCONT)
            assert sleeper.process.wait(timeout=60.0) == 1
            assert sleeper.said("others have gone on")
            time.sleep(2.0)
            assert case.current() == case.wanted
    never_backwards(case.settings)


def test_a_broker_killed_and_back(
    own_broker: Callable[..., PrivateBroker], tmp_path: Path, reports: list[Report]
) -> None:
    broker = own_broker()
    case = Case(settings_for(broker.bootstrap, partitions=PARTITIONS), tmp_path, reports)
    first, second = halves(reports, seed=5)
    with case.worker() as worker:
        case.send(first, frame=40)
        until(lambda: len(revisions(case.settings)) > 3)
        broker.kill()
        time.sleep(8.0)
        assert worker.process.poll() is None, "it should wait for the broker"
        broker.start()
        case.send(second, frame=40)
        case.until_right()
        assert worker.stop() == 0


def test_a_broker_that_takes_nothing_for_a_while(
    own_broker: Callable[..., PrivateBroker], tmp_path: Path, reports: list[Report]
) -> None:
    """One that hangs: since 4.1 a topic that asks for more copies than there can be is written to all the same."""
    broker = own_broker()
    case = Case(settings_for(broker.bootstrap, partitions=PARTITIONS), tmp_path, reports)
    first, second = halves(reports, seed=6)
    with case.worker() as worker:
        case.send(first)
        until(lambda: len(revisions(case.settings)) > 3)
        case.send(second, frame=20)
        hung = broker.process_id
        os.kill(hung, signal.SIGSTOP)
        try:
            until(lambda: worker.said("the broker takes nothing"))
            assert worker.process.poll() is None, "it should wait for the broker"
        finally:
            os.kill(hung, signal.SIGCONT)
        case.until_right()
        assert worker.stop() == 0


def test_what_cannot_be_read_goes_to_the_rejects_and_stops_nothing(case: Case) -> None:
    first, second = halves(case.reports, seed=7)
    case.send(first)
    good = encode_frame([case.reports[0]])
    poison = [b"\xff\xfe not json", b"", b"[" * 100_000, good + b'\n{"report_id": 1}\n' + good, b"{}"]
    put(case.settings, "reports", poison)
    put(case.settings, "tiles", [b"\x00\x01", b'{"report_id"'], partition=0)
    case.send(second)
    with case.worker():
        case.until_right()
        until(lambda: len(heard(case.settings, "rejects")) >= 6)
    rejects = [decode_reject(one.value) for one in heard(case.settings, "rejects") if one.value]
    assert {reject.bytes for reject in rejects} >= {b"\xff\xfe not json", b'{"report_id": 1}', b"{}", b'{"report_id"'}
    assert all(reject.file.startswith((f"{case.settings.prefix}reports/", "tiles/0@")) for reject in rejects)


def test_a_hole_that_was_committed_over_is_filled(case: Case) -> None:
    first, second = halves(case.reports, seed=8)
    with case.worker() as worker:
        case.send(first)
        until(lambda: len(revisions(case.settings)) > 3)
        time.sleep(3.0)
        assert worker.stop() == 0
        shards = Shards(PARTITIONS, DEFAULT.observers)
        for begin in range(0, len(second), 100):
            frame = Frame("test", time.time(), encode_frame(second[begin : begin + 100]))
            for partition, value in share_out([frame], load_gazetteer(), shards).tiles:
                put(case.settings, "tiles", [value], partition=partition)
        commit_over(case.settings)
        worker.again()
        last = replace(case.reports[-1], received_at=None)
        case.send([last] * PARTITIONS * 40, frame=1)
        case.until_right()


def commit_over(settings: Settings) -> None:
    """Commits, for the workers' group, all but the last record of each partition of `tiles`."""
    from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

    places = [TopicPartition(f"{settings.prefix}tiles", number) for number in range(PARTITIONS)]
    group = f"{settings.prefix}workers"
    consumer = KafkaConsumer(bootstrap_servers=list(settings.bootstrap_servers), group_id=group)
    try:
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.commit({place: OffsetAndMetadata(max(0, end - 1), "", -1) for place, end in ends.items()})
    finally:
        consumer.close()


def test_a_worker_that_is_stuck_ends_with_a_clear_code(case: Case) -> None:
    first, second = halves(case.reports, seed=9)
    with case.worker(TRUCELINE_WORKER_STUCK_AFTER_S="6") as worker:
        case.send(first)
        until(lambda: len(revisions(case.settings)) > 3)
        locks = [sqlite3.connect(file, isolation_level=None) for file in worker.state.glob("tiles-*.db")]
        for lock in locks:
            lock.execute("PRAGMA busy_timeout = 20000")
            lock.execute("BEGIN IMMEDIATE")
        case.send(second)
        assert worker.process.wait(timeout=60.0) == 1
        assert worker.said("stuck: nothing was done")
        for lock in locks:
            lock.close()
        worker.again()
        case.until_right()
