"""Observations in the stream: who judges by them hears of them, and what he says is what the embedded monitor says."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.metrics import DriverMetrics, Role
from pipeline.model.records import Observation
from pipeline.model.taxonomy import RejectReason
from pipeline.model.watch_terms import ObservationState
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.store.watchlog import WatchLog
from pipeline.stream.delivery import Delivery, Sending
from pipeline.stream.intake import Frame, observed, share_out
from pipeline.stream.keeper import Taken
from pipeline.stream.law_keeper import LawKeeper
from pipeline.stream.partitions import Partitions
from pipeline.stream.topic_admin import create
from pipeline.stream.wire import encode, encode_frame
from tests.stream.sharing import NOW, Held, Sharing
from tests.stream.talking import settings_for
from tests.stream.watched import LATER, REPORTS, WATCHED, embedded, frame, watch
from tests.worlds import DAY, world

GAZETTEER = load_gazetteer()


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def sharing(agreement: Agreement, tmp_path: Path) -> Iterator[Sharing]:
    shared = Sharing(agreement, 2, tmp_path)
    yield shared
    shared.close()


# --- from observation to verdict


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("order", ["reports_first", "watched_first", "in_turns"])
def test_the_alerts_are_those_of_the_embedded_monitor(
    agreement: Agreement, tmp_path: Path, count: int, order: str
) -> None:
    whole, unwatched = (embedded(_made(tmp_path / name), agreement, one) for name, one in (("w", WATCHED), ("u", ())))
    shared = Sharing(agreement, count, _made(tmp_path / "shared"))
    parts = {"reports_first": [(REPORTS, []), ([], WATCHED)], "watched_first": [([], WATCHED), (REPORTS, [])]}
    turns = [(REPORTS[n::5], WATCHED[::-1][n::3]) for n in range(5)]
    for reports, watched in parts.get(order, turns):
        shared.watch(*map(encode, watched), frame(watched))
        shared.take(reports)
    shared.pause()
    shared.close()
    assert shared.alerts() == whole != unwatched


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def rising(sharing: Sharing) -> int:
    return len(sharing.standing("rising"))


def test_what_comes_at_every_moment_is_folded_when_it_pauses(sharing: Sharing) -> None:
    sharing.take(REPORTS)
    sharing.watch(frame([LATER]))
    sharing.watch(frame(WATCHED))
    assert rising(sharing) == 1
    kept = [sharing.law.look() for _ in range(2)]
    assert [one is not None and len(one.outcome.revisions) > 0 for one in kept] == [False, True]
    sharing.pause()
    assert rising(sharing) == 0


def test_what_was_not_folded_yet_is_when_the_file_is_opened_again(sharing: Sharing) -> None:
    sharing.take(REPORTS)
    sharing.watch(frame([LATER]))
    sharing.watch(frame(WATCHED))
    assert rising(sharing) == 1
    sharing.law.close()
    sharing.law = sharing.law_keeper(sharing.findings.end("findings"))
    sharing.send(sharing.law, sharing.findings)
    assert rising(sharing) == 0


# --- what is lost


def test_a_lost_file_is_made_anew_with_all_observations_and_says_nothing_twice(sharing: Sharing) -> None:
    sharing.take(REPORTS)
    sharing.watch(frame(WATCHED))
    sharing.pause()
    before, said = sharing.alerts(), len(sharing.said())
    sharing.lose()
    assert sharing.alerts() == before
    assert len(sharing.said()) == said


def test_observations_that_the_broker_dropped_are_read_from_their_own_topic(sharing: Sharing) -> None:
    sharing.watch(frame(WATCHED), b"no line of ours")
    before = [one.observation_id for one in sharing.law.store.observations(DAY, DAY + timedelta(days=20))]
    sharing.findings.drop("findings")
    rejects = len(sharing.rejects)
    sharing.lose()
    after = [one.observation_id for one in sharing.law.store.observations(DAY, DAY + timedelta(days=20))]
    assert after == before != []
    assert len(sharing.rejects) == rejects == 1


def test_what_was_reckoned_by_other_rules_is_reckoned_anew(sharing: Sharing) -> None:
    sharing.take(REPORTS)
    sharing.watch(frame(WATCHED))
    sharing.pause()
    sharing.law.close()
    file = sharing.folder / "findings-0.db"
    with closing(sqlite3.connect(file)) as sql, sql:
        assert sql.execute("UPDATE efforts SET shares = ?", (b'{"provisions":{}}',)).rowcount > 0
        sql.execute("UPDATE made_by SET judged_by = 'another'")
    sharing.law = sharing.law_keeper(sharing.findings.end("findings"))
    kept = sharing.law.store.connection.execute("SELECT shares FROM efforts").fetchall()
    assert kept
    assert all(b"ceasefire" in row[0] for row in kept)


# --- what is bad


def test_a_bad_line_is_rejected_once_with_its_bytes_and_loses_nothing_else(sharing: Sharing) -> None:
    bad = [b"no JSON", frame([replace(WATCHED[0], asset="")])]
    misplaced = encode_frame(REPORTS[:1])
    sharing.watch(b"\n".join([frame(WATCHED[:1]), bad[0], misplaced, bad[1], frame(WATCHED[1:2])]))
    assert [(one.row, one.reason) for one in sharing.rejects] == [
        (2, RejectReason.NOT_JSON),
        (3, RejectReason.BAD_VALUE),
        (4, RejectReason.BAD_VALUE),
    ]
    assert [sharing.rejects[0].bytes, sharing.rejects[2].bytes] == bad
    assert len(list(sharing.law.store.observations(DAY - timedelta(days=2), DAY + timedelta(days=20)))) == 2


def test_what_anybody_else_put_among_findings_is_checked_as_well(sharing: Sharing) -> None:
    sharing.findings.put("findings", Held("", b"no JSON\n" + frame(WATCHED[:1]), "observations"))
    sharing.work()
    assert [one.reason for one in sharing.rejects] == [RejectReason.NOT_JSON]
    assert len(list(sharing.law.store.observations(DAY - timedelta(days=2), DAY + timedelta(days=20)))) == 1


def test_a_fault_with_one_record_rejects_that_and_the_next_is_taken(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours, made here on purpose: no observation is known that has it."""
    right = WatchLog.enter

    def faulty(log: WatchLog, given: Sequence[Observation]) -> object:
        found = right(log, given)
        if given[0].observation_id == WATCHED[0].observation_id:
            raise IndexError("a fault of ours")
        return found

    monkeypatch.setattr(WatchLog, "enter", faulty)
    sharing.watch(frame(WATCHED[:1]), frame(WATCHED[1:2]))
    assert [one.reason for one in sharing.rejects] == [RejectReason.FAILED]
    found = sharing.law.store.observations(DAY - timedelta(days=2), DAY + timedelta(days=20))
    assert [one.observation_id for one in found] == [WATCHED[1].observation_id]


# --- on their way


def test_observations_among_reports_go_to_their_own_topic_by_asset() -> None:
    other = replace(WATCHED[1], asset="another")
    value = b"\n".join([frame(WATCHED[:1]), encode_frame(REPORTS[:1]), frame([other]), frame(WATCHED[2:3])])
    shared = share_out([Frame("reports/0@0", NOW.timestamp(), value)], GAZETTEER, Shards(2, DEFAULT.observers))
    assert shared.rejects == []
    found = {asset: observed(value, "there", GAZETTEER)[0] for asset, value in shared.observations}
    assert {asset: [one.observation_id for one in some] for asset, some in found.items()} == {
        "array": [WATCHED[0].observation_id, WATCHED[2].observation_id],
        "another": [other.observation_id],
    }
    assert {one.received_at for some in found.values() for one in some} == {NOW}
    assert sum(feed.reports for feed in shared.received.values()) == 1


# --- what is told of it


@pytest.mark.parametrize(
    "watched",
    [
        [watch("log", 24 * 2, 5)],
        [watch("now", 24 * 9 - 2, 2), watch("plan", 24 * 9, 20, state=ObservationState.DENIED)],
    ],
)
def test_how_well_was_watched_lately_is_told_now_and_then(sharing: Sharing, watched: Sequence[Observation]) -> None:
    """Lately is the last hour of a log that has ended, or else before now, whatever is planned."""
    sharing.watch(frame(watched))
    kept = sharing.law.look()
    assert kept is not None
    told = kept.coverage[sharing.agreement.name]
    assert min(told.values()) > 0.0
    again = sharing.law.look()
    assert again is None or not again.coverage


def test_who_gives_the_partition_up_tells_it_no_more(kafka: str, sharing: Sharing) -> None:
    settings = settings_for(kafka, partitions=1)
    create(settings)
    metrics = DriverMetrics(Role.WORKER)
    delivery = Delivery(settings.prefix, _nothing_is_sent, metrics, lambda: None)
    common = sharing.common._replace(folder=sharing.folder / "of-the-worker")
    held = Partitions(LawKeeper, "findings", settings, common, metrics, delivery, lambda: None, lambda: None)
    told = list[float | None]()

    async def work() -> None:
        held.assigned = {0}
        await held.open()
        # What is received before it is over is a plan.
        watched = frame([watch("log", 0, 5)])
        assert await held.keep(0, [Taken(0, watched, (DAY + timedelta(hours=6)).timestamp(), "observations")])
        await held.look()
        told.append(metrics.registry.get_sample_value(*COVERAGE))
        await held.give_up([0])
        told.append(metrics.registry.get_sample_value(*COVERAGE))

    asyncio.run(work())
    assert told[0] is not None
    assert told[0] > 0.0
    assert told[1] is None


COVERAGE = "truceline_coverage_ratio", {"line": "world/line", "sector": "line"}


async def _nothing_is_sent(_topic: str, _one: Sending) -> Awaitable[Any]:
    raise AssertionError("nothing is said of observations alone")
