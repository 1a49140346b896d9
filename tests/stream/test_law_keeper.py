"""Provisions that remember, where the work is shared out: what keepers tell each other, with topics in memory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import Status
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.stream.keeper import Common, Keeper, Said, Taken
from pipeline.stream.law_keeper import LawKeeper
from pipeline.stream.wire import decode_revision, encode_frame
from tests.law.folding import NEAR_A, guns
from tests.monitor.remembering import AREAS, as_bytes, in_memory
from tests.worlds import DAY, report, retold_reports, world


class Topics:
    """One partition of each topic that a keeper reads and writes."""

    def __init__(self) -> None:
        self.held: dict[str, list[tuple[str, bytes | None]]] = {}

    def put(self, topic: str, value: bytes | None, key: str = "") -> int:
        self.held.setdefault(topic, []).append((key, value))
        return len(self.held[topic]) - 1

    def records(self, topic: str, begin: int, end: int) -> Iterable[Taken]:
        found = enumerate(self.held.get(topic, []))
        return [Taken(offset, value or b"") for offset, (_, value) in found if begin <= offset < end]

    def end(self, topic: str) -> int:
        return len(self.held.get(topic, []))

    def since(self, topic: str, begin: int) -> Iterable[Said]:
        return [Said(offset, *said) for offset, said in enumerate(self.held.get(topic, [])) if offset >= begin]


class Sharing:
    """Keepers of so many partitions, the keeper of findings, and the topics between them."""

    def __init__(self, agreement: Agreement, count: int, folder: Path) -> None:
        self.agreement, self.count, self.folder = agreement, count, folder
        self.topics = {partition: Topics() for partition in range(count)}
        self.findings = Topics()
        self.common = Common(
            folder,
            [agreement],
            load_gazetteer(),
            Shards(count, DEFAULT.observers),
            lambda: DAY + timedelta(days=9),
            400,
        )
        self.keepers = {partition: self.keeper(partition) for partition in range(count)}
        self.law = self.law_keeper(0)

    def keeper(self, partition: int) -> Keeper:
        keeper = Keeper(partition, self.common, f"tiles-{partition}.db")
        keeper.catch_up(0, self.topics[partition], lambda: None)
        return keeper

    def law_keeper(self, offset: int, name: str = "findings-0.db") -> LawKeeper:
        keeper = LawKeeper(0, self.common, name)
        keeper.catch_up(offset, self.findings, lambda: None)
        return keeper

    def close(self) -> None:
        for keeper in self.keepers.values():
            keeper.close()
        self.law.close()

    def take(self, batch: Sequence[Report]) -> None:
        """A batch goes to the partitions that must hear it, and what they say goes on."""
        windows = place(batch, Footprints([one.footprint for one in batch], AREAS))
        for partition, heard in self.common.shards.shared(windows, batch).items():
            topics, keeper = self.topics[partition], self.keepers[partition]
            offset = topics.put("tiles", encode_frame(heard))
            keeper.take([Taken(offset, encode_frame(heard))])
            self.send(keeper, topics)
        self.fold()

    def fold(self) -> None:
        begin = self.law.next_offset
        left: Sequence[Taken] = list(self.findings.records("findings", begin, self.findings.end("findings")))
        while left:
            _, left = self.law.take(left)
        self.send(self.law, self.findings)

    def send(self, keeper: Keeper | LawKeeper, topics: Topics) -> None:
        reached: dict[str, int] = {}
        for one in (out := keeper.outgoing(100_000)):
            to = self.findings if one.topic == "findings" else topics
            reached[one.topic] = to.put(one.topic, one.value, one.key or "")
        if out:
            keeper.sent(out[-1].number, reached)

    def alerts(self) -> bytes:
        """What stands, on all partitions."""
        latest: dict[str, Revision] = {}
        for topics in (*self.topics.values(), self.findings):
            for _, value in topics.held.get("alerts", []):
                said = decode_revision(value or b"")
                if said.revision >= latest.get(said.alert.alert_id, said).revision:
                    latest[said.alert.alert_id] = said
        standing = {name: one.alert for name, one in latest.items() if one.alert.status is not Status.SUPERSEDED}
        return as_bytes(dict(sorted(standing.items())))


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def sharing(agreement: Agreement, tmp_path: Path) -> Iterator[Sharing]:
    shared = Sharing(agreement, 2, tmp_path)
    yield shared
    shared.close()


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(reports=retold_reports(), count=st.sampled_from([1, 2, 4]), cuts=st.integers(1, 5))
def test_shared_out_or_not_provisions_that_remember_say_the_same(
    agreement: Agreement, reports: list[Report], count: int, cuts: int
) -> None:
    with TemporaryDirectory() as folder:
        shared = Sharing(agreement, count, Path(folder))
        for number in range(cuts):
            shared.take(reports[number::cuts])
        shared.close()
        assert shared.alerts() == as_bytes(in_memory([agreement], [reports]))


GIVEN = [
    guns(1, NEAR_A, 2, 2),
    guns(2, NEAR_A, 6, 6, day=1),
    guns(3, NEAR_A, 1, 1, day=4),
    *(report(f"shot-{day}", NEAR_A, at=timedelta(days=day)) for day in (1, 2, 3)),
]


def test_a_lost_file_is_made_anew_and_says_nothing_twice(sharing: Sharing, agreement: Agreement) -> None:
    sharing.take(GIVEN[:4])
    before = sharing.findings.end("alerts")
    sharing.law.close()
    sharing.law = sharing.law_keeper(sharing.findings.end("findings"), "findings-0.1.db")
    sharing.send(sharing.law, sharing.findings)
    assert sharing.findings.end("alerts") == before > 0
    sharing.take(GIVEN[4:])
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))


def test_what_was_told_twice_or_by_one_who_slept_changes_nothing(sharing: Sharing, agreement: Agreement) -> None:
    for one in GIVEN:
        sharing.take([one])
    for _, value in list(sharing.findings.held["findings"])[:-1]:
        sharing.findings.put("findings", value)
    sharing.fold()
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))


def test_what_cannot_be_read_or_was_judged_by_other_rules_is_passed_over(
    sharing: Sharing, agreement: Agreement
) -> None:
    sharing.findings.put("findings", b"no record of ours")
    sharing.findings.put(
        "findings", b'{"agreement":"world","judged_by":"another","partition":0,"reached":9,"incident_ids":["in_1"]}'
    )
    for one in GIVEN:
        sharing.take([one])
    assert sharing.law.next_offset == sharing.findings.end("findings")
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))
