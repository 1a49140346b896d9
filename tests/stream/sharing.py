"""Keepers with topics in memory: reports and operators' acts go in, and what each says goes to those who hear it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Status
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.stream.acts import Told, make, told_of
from pipeline.stream.intake import Frame
from pipeline.stream.keeper import Common, Keeper, Said, Taken
from pipeline.stream.law_keeper import LawKeeper
from pipeline.stream.routing import decode_action, forward
from pipeline.stream.tail import Heard
from pipeline.stream.wire import TENDED, decode_reject, decode_revision, encode_frame
from tests.monitor.remembering import AREAS, as_bytes
from tests.worlds import DAY

FINDINGS = -1
"""Stands for the partition of `findings`."""

NOW: datetime = DAY + timedelta(days=9)


class Held(NamedTuple):
    """A record on a topic."""

    key: str
    value: bytes | None
    kind: str = ""
    tended: bytes | None = None


class Topics:
    """One partition of each topic that a keeper reads and writes; of `actions` and `observations`, all."""

    def __init__(self, kept: Mapping[str, list[bytes]]) -> None:
        self.held: dict[str, list[Held]] = {}
        self.dropped: dict[str, int] = {}
        self._kept = kept

    def put(self, topic: str, record: Held) -> int:
        self.held.setdefault(topic, []).append(record)
        return len(self.held[topic]) - 1

    def drop(self, topic: str) -> None:
        """The broker drops what is on a topic now."""
        self.dropped[topic] = self.end(topic)

    def records(self, topic: str, begin: int, end: int) -> Iterable[Taken]:
        begin = max(begin, self.dropped.get(topic, 0))
        found = enumerate(self.held.get(topic, []))
        return [Taken(offset, one.value or b"", 0.0, one.kind) for offset, one in found if begin <= offset < end]

    def begin(self, topic: str) -> tuple[int, float]:
        return self.dropped.get(topic, 0), 0.0

    def end(self, topic: str) -> int:
        return len(self.held.get(topic, []))

    def everywhere(self, topic: str, until: float) -> Iterable[Taken]:
        assert until == 0.0
        return [Taken(offset, value, 0.0, topic) for offset, value in enumerate(self._kept[topic])]

    def since(self, topic: str, begin: int) -> Iterable[Said]:
        found = enumerate(self.held.get(topic, []))
        return [Said(offset, one.key, one.value, one.tended) for offset, one in found if offset >= begin]


class Sharing:
    """Keepers of so many partitions, the keeper of findings, and the topics between them."""

    def __init__(self, agreement: Agreement, count: int, folder: Path) -> None:
        self.agreement, self.count, self.folder = agreement, count, folder
        self.actions: list[bytes] = []
        self.observations: list[bytes] = []
        kept = {"actions": self.actions, "observations": self.observations}
        self.topics = {partition: Topics(kept) for partition in range(count)}
        self.findings = Topics(kept)
        self.rejects: list[Reject] = []
        self.clock = NOW
        self.common = Common(
            folder,
            [agreement],
            load_gazetteer(),
            Shards(count, DEFAULT.observers),
            lambda: NOW,
            400,
        )
        self.keepers = {partition: self.keeper(partition) for partition in range(count)}
        self.law = self.law_keeper(0)

    def keeper(self, partition: int, offset: int = 0, name: str = "") -> Keeper:
        keeper = Keeper(partition, self.common, name or f"tiles-{partition}.db")
        keeper.catch_up(offset, self.topics[partition], lambda: None)
        return keeper

    def lose(self, tiles: Mapping[int, int] | None = None, findings: int | None = None) -> None:
        """Every file is lost, and made anew from before what the group has heard of: all, unless offsets say less."""
        self.close()
        for partition, topics in self.topics.items():
            reached = topics.end("tiles") if tiles is None else tiles[partition]
            self.keepers[partition] = self.keeper(partition, reached, f"tiles-{partition}.anew.db")
            self.send(self.keepers[partition], topics)
        reached = self.findings.end("findings") if findings is None else findings
        self.law = self.law_keeper(reached, "findings-0.anew.db")
        self.send(self.law, self.findings)
        self.work()

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
            self.topics[partition].put("tiles", Held("", encode_frame(heard)))
        self.work()

    def act(self, *actions: Action) -> None:
        """Operators' acts go where they must be heard, and what follows from them goes on."""
        values = [msgspec.json.encode(one) for one in actions]
        self.actions += values
        frames = [Frame(f"actions/0@{number}", 0.0, value) for number, value in enumerate(values)]
        forwarded, rejects = forward("actions", frames, self.count, self.common.gazetteer)
        self.rejects += rejects
        for one in forwarded:
            to = self.findings if one.partition is None else self.topics[one.partition]
            to.put(one.topic, Held("", one.value, "actions"))
        self.work()

    def watch(self, *frames: bytes) -> None:
        """Observations go to whoever judges by them."""
        self.observations += frames
        given = [Frame(f"observations/0@{number}", NOW.timestamp(), value) for number, value in enumerate(frames)]
        forwarded, rejects = forward("observations", given, self.count, self.common.gazetteer)
        assert {(one.topic, one.partition) for one in forwarded} <= {("findings", n) for n in range(self.count)}
        self.rejects += rejects
        for one in forwarded:
            if one.partition == 0:
                self.findings.put("findings", Held("", one.value, "observations"))
        self.work()

    def pause(self) -> None:
        """Nothing comes for a while."""
        for _ in range(2):
            self.law.look()
        self.send(self.law, self.findings)

    def work(self) -> None:
        """Each keeper takes what is new on its topic."""
        for partition, keeper in self.keepers.items():
            left = self.topics[partition].records("tiles", keeper.next_offset, self.topics[partition].end("tiles"))
            while left:
                _, left = keeper.take(list(left))
            self.send(keeper, self.topics[partition])
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
            reached[one.topic] = to.put(one.topic, Held(one.key or "", one.value, tended=one.tended))
            self.rejects += [decode_reject(one.value or b"")] if one.topic == "rejects" else []
        if out:
            keeper.sent(out[-1].number, reached)

    def said(self, topic: str = "transitions") -> list[Revision]:
        """All that was said of alerts."""
        held = [one for topics in (*self.topics.values(), self.findings) for one in topics.held.get(topic, [])]
        return [decode_revision(one.value or b"") for one in held]

    def latest(self) -> dict[str, Told]:
        """Of each alert the greatest revision, as whoever acts reads it."""
        latest: dict[str, Told] = {}
        for partition, topics in (*self.topics.items(), (FINDINGS, self.findings)):
            for one in topics.held.get("alerts", []):
                headers = {} if one.tended is None else {TENDED: one.tended}
                told = told_of(Heard(partition, 0, None, one.value, headers))
                if told.said.revision >= latest.get(told.alert.alert_id, told).said.revision:
                    latest[told.alert.alert_id] = told
        return dict(sorted(latest.items()))

    def standing(self, provision: str | None = None) -> dict[str, Alert]:
        """What stands, on all partitions."""
        alerts = {name: told.alert for name, told in self.latest().items() if provision in (None, told.alert.provision)}
        return {name: one for name, one in alerts.items() if one.status is not Status.SUPERSEDED}

    def do(self, alert: Alert, kind: ActionKind, by: str, other: Alert | None = None, **fields: Any) -> Action:
        """An operator acts, as `truceline act` does."""
        latest = self.latest()
        meant = None if other is None else latest[other.alert_id]
        self.clock += timedelta(seconds=1)
        before = [decode_action(value) for value in self.actions]
        made = make(latest[alert.alert_id], latest, before, kind, by, self.clock, other=meant, **fields)
        self.act(made.action)
        return made.action

    def alerts(self) -> bytes:
        """The same as bytes."""
        return as_bytes(self.standing())
