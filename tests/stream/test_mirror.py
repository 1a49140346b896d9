"""A store that mirrors the topics: whatever order the records come in, and however often, it shows what was said."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.law.lifecycle import Case, apply
from pipeline.model.records import Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, ActionReason, Doubt, Status
from pipeline.store import Recorder, Store, StoreError, open_store
from pipeline.store.acting import Acting, acting_store
from pipeline.store.watching import actions_on
from pipeline.stream.courier import Watch
from pipeline.stream.errors import SettingsError
from pipeline.stream.mirror import Mirror, Record, is_mirror
from pipeline.stream.mirror_feed import in_order
from pipeline.stream.mirroring import Mirroring
from pipeline.stream.routing import decode_action
from pipeline.stream.wire import decode_incident, encode_reject, encode_revision
from tests.law.acting import WELL_SAID
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.across import BETWEEN, NORTH, OUTCOMES, SOUTH, withdrawn
from tests.stream.sharing import NOW, Sharing
from tests.stream.talking import settings_for, until
from tests.stream.test_acts_parity import POOL, WATCHING, Do, attempt
from tests.stream.watched import WATCHED, frame
from tests.worlds import world

GAZETTEER = load_gazetteer()


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def sharing(agreement: Agreement, tmp_path: Path) -> Iterator[Sharing]:
    shared = Sharing(agreement, 4, tmp_path)
    yield shared
    shared.close()


Lane = tuple[str, int]
"""A topic's partition."""


def lanes(sharing: Sharing) -> dict[Lane, list[Record]]:
    """All that is on the topics, as the broker has it."""
    found: dict[Lane, list[Record]] = {}
    for partition, topics in (*sharing.topics.items(), (sharing.count, sharing.findings)):
        for topic in ("tiles", "incidents", "transitions"):
            found[topic, partition] = [
                Record(topic, partition, offset, one.key, one.value, 0.0, one.kind, one.tended)
                for offset, one in enumerate(topics.held.get(topic, ()))
            ]
    for topic, values in (
        ("actions", sharing.actions),
        ("observations", sharing.observations),
        ("rejects", [encode_reject(one) for one in sharing.rejects]),
    ):
        found[topic, 0] = [Record(topic, 0, n, "", value, NOW.timestamp()) for n, value in enumerate(values)]
    return found


def opened(path: Path) -> Mirror:
    mirror = Mirror(open_store(path, write=True), GAZETTEER, lambda: NOW)
    mirror.claim("a broker")
    return mirror


def mirrored(sharing: Sharing, path: Path) -> Store:
    mirror = opened(path)
    mirror.take([one for lane in lanes(sharing).values() for one in lane])
    return mirror.store


def said_of(said: Sequence[Revision]) -> dict[str, list[Revision]]:
    found: dict[str, list[Revision]] = {}
    for one in said:
        found.setdefault(one.alert.alert_id, []).append(one)
    return found


def cases(agreement: Agreement, sharing: Sharing, fed: Sequence[Report]) -> dict[str, Case]:
    """What the law makes of the sets of reports and acts."""
    judged = in_memory([agreement], [[replace(one, received_at=NOW) for one in fed]])
    revised: dict[str, set[str]] = {}
    for report in fed:
        if report.revises is not None:
            revised.setdefault(report.revises, set()).add(report.report_id)
    given = [alert for alert in judged.values() if alert.provision not in WATCHING]
    found = apply(given, map(decode_action, sharing.actions), revised).cases
    return {name: case for name, case in found.items() if case.alert.provision not in WATCHING}


def check(store: Store, sharing: Sharing, agreement: Agreement, fed: Sequence[Report]) -> None:
    """That the store says what the topics say, and shows what operators did as the law has it."""
    assert as_bytes({one.alert_id: one for one in store.alerts(possible=True)}) == sharing.alerts()
    assert said_of([*store.history()]) == said_of(sharing.said())
    incidents: dict[str, bytes | None] = {}
    for topics in sharing.topics.values():
        incidents |= {one.key: one.value for one in topics.held.get("incidents", ())}
    standing = {name: decode_incident(value) for name, value in incidents.items() if value is not None}
    assert {one.incident_id: one for one in store.incidents(unresolved=None)} == standing
    shown = {}
    for name in cases(agreement, sharing, fed):
        alert = store.alert(name)
        assert alert is not None
        look = Acting(store).look(alert)
        shown[name] = None if look is None else look.case
    assert shown == cases(agreement, sharing, fed)
    ids = {decode_action(value).action_id for value in sharing.actions}
    assert {one.action_id for name in said_of(sharing.said()) for one in actions_on(store, name)} <= ids


# --- whatever comes, in whatever order


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.one_of(
            st.lists(st.sampled_from(POOL), min_size=1, max_size=3),
            st.builds(Do, st.integers(0, 5), st.sampled_from(ActionKind), st.sampled_from([*OUTCOMES])),
        ),
        min_size=2,
        max_size=10,
    ),
    count=st.sampled_from([1, 4]),
    seed=st.integers(0, 1 << 32),
)
def test_any_order_of_partitions_and_any_repeats_show_what_was_said(
    agreement: Agreement, steps: list[list[Report] | Do], count: int, seed: int
) -> None:
    fed: list[Report] = []
    rng = random.Random(seed)
    with TemporaryDirectory() as folder:
        sharing = Sharing(agreement, count, Path(folder))
        for step in steps:
            if isinstance(step, Do):
                attempt(sharing, step)
            else:
                sharing.take(step)
                fed += step
        sharing.close()
        path, left = Path(folder, "mirror.db"), lanes(sharing)
        mirror = opened(path)
        at = dict.fromkeys(left, 0)
        while unread := [lane for lane in left if at[lane] < len(left[lane])]:
            lane = rng.choice(unread)
            begin = rng.randint(0, at[lane])
            at[lane] += rng.randint(1, 5)
            some = left[lane][begin : at[lane]]
            mirror.take(rng.sample(some, len(some)))
            if rng.random() < 0.1:
                mirror.store.close()
                mirror = opened(path)
        with closing(mirror.store):
            check(mirror.store, sharing, agreement, fed)


class Polled(NamedTuple):
    """A record as the client of the broker gives it, as far as its turn goes by it."""

    partition: int
    offset: int
    timestamp: int


@given(st.lists(st.dictionaries(st.integers(0, 2), st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=3)))
def test_whatever_the_clocks_of_brokers_say_each_partition_keeps_its_order(polls: list[dict[int, list[int]]]) -> None:
    ends = dict.fromkeys(range(3), 0)
    given: list[Mapping[int, list[Polled]]] = []
    for times in polls:
        given.append({n: [Polled(n, ends[n] + i, time) for i, time in enumerate(some)] for n, some in times.items()})
        ends = {n: end + len(times.get(n, ())) for n, end in ends.items()}
    records = in_order(given)
    assert {n: [one.offset for one in records if one.partition == n] for n in ends} == {
        n: [*range(end)] for n, end in ends.items()
    }
    lanes = [[one for one in records if one.partition == n] for n in ends]
    if all(lane == sorted(lane, key=lambda one: one.timestamp) for lane in lanes):
        assert records == sorted(records, key=lambda one: one.timestamp)


# --- from report to outcome


def test_what_operators_did_is_shown_as_the_law_has_it(sharing: Sharing, agreement: Agreement, tmp_path: Path) -> None:
    fed = [SOUTH, NORTH, BETWEEN]
    sharing.take(fed)
    (alert,) = sharing.standing("ceasefire").values()
    sharing.do(alert, ActionKind.ACKNOWLEDGE, "Ines")
    reason = ActionReason.SEPARATE_INCIDENTS
    sharing.do(alert, ActionKind.SPLIT, "Ines", report_ids=alert.report_ids[-1:], reason=reason)
    sharing.do(alert, ActionKind.OUTCOME, "Bo", **OUTCOMES[Status.CONFIRMED])
    first, second = sharing.standing("ceasefire").values()
    part = first if first.alert_id != alert.alert_id else second
    sharing.do(part, ActionKind.COMMENT, "Bo", **WELL_SAID[ActionKind.COMMENT])
    with closing(mirrored(sharing, tmp_path / "mirror.db")) as store:
        check(store, sharing, agreement, fed)
        look = Acting(store).look(alert)
        assert look is not None
        assert [(one.action.kind, one.done) for one in look.case.acts] == [
            (ActionKind.ACKNOWLEDGE, True),
            (ActionKind.SPLIT, True),
            (ActionKind.OUTCOME, True),
        ]
        (case,) = (one for one in store.alerts() if one.provision == "consult")
        assert case.figures["threshold"] == "confirmed"
        assert store.agreements() == {agreement.name: agreement.version}


def test_what_outlives_its_evidence_is_shown_so(sharing: Sharing, agreement: Agreement, tmp_path: Path) -> None:
    sharing.take([NORTH])
    (alert,) = sharing.standing("ceasefire").values()
    sharing.do(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    sharing.take([withdrawn(NORTH)])
    with closing(mirrored(sharing, tmp_path / "mirror.db")) as store:
        check(store, sharing, agreement, [NORTH, withdrawn(NORTH)])
        look = Acting(store).look(alert)
        assert look is not None
        assert Doubt.EVIDENCE_GONE in [note.doubt for note in look.case.alert.doubts]


def test_evidence_observations_and_rejects_are_there(sharing: Sharing, tmp_path: Path) -> None:
    sharing.take([NORTH])
    sharing.watch(frame(WATCHED), b"no observation")
    with closing(mirrored(sharing, tmp_path / "mirror.db")) as store:
        (alert,) = (one for one in store.alerts() if one.provision == "ceasefire")
        versions = store.versions(alert.report_ids)
        assert {name: len(some) for name, some in versions.items()} == {NORTH.report_id: 1}
        assert store.figures()["observations"] == len(WATCHED)
        assert [one for _, one in store.rejects()] == sharing.rejects != []


# --- what goes wrong


def test_a_worker_that_slept_and_said_something_old_changes_nothing(sharing: Sharing, tmp_path: Path) -> None:
    sharing.take([NORTH])
    (alert,) = sharing.standing("ceasefire").values()
    sharing.do(alert, ActionKind.ACKNOWLEDGE, "Ines")
    lane = next(some for some in lanes(sharing).values() if some and some[0].topic == "transitions")
    with closing(mirrored(sharing, tmp_path / "mirror.db")) as store:
        before = [*store.history()], [*store.alerts(possible=True)]
    mirror = opened(tmp_path / "mirror.db")
    with closing(mirror.store):
        mirror.take([one._replace(offset=one.offset + len(lane)) for one in lane])
        assert ([*mirror.store.history()], [*mirror.store.alerts(possible=True)]) == before


def test_what_nobody_can_read_is_passed_over(sharing: Sharing, tmp_path: Path) -> None:
    sharing.take([NORTH])
    mirror = opened(tmp_path / "mirror.db")
    endless = encode_revision(replace(sharing.said()[0], revision=1 << 70))
    junk = [endless, b"", b"{", b"\xff", b'{"kind":"applaud"}', b"[" * 10_000, None]
    with closing(mirror.store):
        for lane in [*lanes(sharing)]:
            mirror.take([Record(*lane, n, "in_x", value) for n, value in enumerate(junk)])
        assert mirror.store.figures()["alerts"] == 0
        for some in lanes(sharing).values():
            mirror.take([one._replace(offset=one.offset + len(junk)) for one in some])
        assert as_bytes({one.alert_id: one for one in mirror.store.alerts(possible=True)}) == sharing.alerts()


def test_where_transitions_are_gone_the_last_revision_is_left(sharing: Sharing, tmp_path: Path) -> None:
    sharing.take([NORTH, SOUTH])
    sharing.do(next(iter(sharing.standing("ceasefire").values())), ActionKind.ACKNOWLEDGE, "Ines")
    mirror = opened(tmp_path / "mirror.db")
    with closing(mirror.store):
        for lane, some in lanes(sharing).items():
            if lane[0] == "transitions":
                mirror.skip(*lane, len(some))
            else:
                mirror.take(some)
        assert mirror.lacks_transitions
        for partition, topics in (*sharing.topics.items(), (sharing.count, sharing.findings)):
            held = enumerate(topics.held.get("alerts", ()))
            mirror.fill([Record("alerts", partition, n, one.key, one.value, tended=one.tended) for n, one in held])
        mirror.filled()
        assert as_bytes({one.alert_id: one for one in mirror.store.alerts(possible=True)}) == sharing.alerts()
        known = {one.alert.alert_id: one.revision for one in sharing.said()}
        assert {one.alert.alert_id: one.revision for one in mirror.store.history()} == known


def test_incidents_are_heard_anew_where_the_broker_may_have_forgotten_some(sharing: Sharing, tmp_path: Path) -> None:
    sharing.take([NORTH])
    with closing(mirrored(sharing, tmp_path / "mirror.db")) as store:
        Mirror(store, GAZETTEER, lambda: NOW).hear()
        mirror = Mirror(store, GAZETTEER, lambda: NOW + timedelta(days=4))
        assert not mirror.heard_long_ago
        mirror = Mirror(store, GAZETTEER, lambda: NOW + timedelta(days=6))
        assert mirror.heard_long_ago
        mirror.forget_incidents(range(4))
        assert (store.figures()["incidents"], [mirror.reached("incidents", n) for n in range(4)]) == (0, [0] * 4)
        mirror.take([one for lane in lanes(sharing).values() for one in lane])
        assert store.figures()["incidents"] == 1


# --- whose it is


def test_nobody_else_writes_to_a_mirror(sharing: Sharing, agreement: Agreement, tmp_path: Path) -> None:
    sharing.take([NORTH])
    path = tmp_path / "mirror.db"
    with closing(mirrored(sharing, path)) as store:
        assert is_mirror(store)
        (alert,) = (one for one in store.alerts() if one.provision == "ceasefire")
        before = [*store.connection.iterdump()]
        with (
            acting_store(path, ActionKind.ACKNOWLEDGE) as beside,
            pytest.raises(StoreError, match=r"mirrors the topics of a broker.*--kafka"),
        ):
            Acting(beside).act(alert, ActionKind.ACKNOWLEDGE, "Ines")
    with open_store(path, write=True) as store:
        with pytest.raises(StoreError, match="mirrors the topics of a broker"):
            Recorder(store, [agreement], GAZETTEER.outlines).record([SOUTH])
        assert [*store.connection.iterdump()] == before


def test_a_mirror_is_of_one_broker_and_nothing_else(tmp_path: Path, agreement: Agreement) -> None:
    path = tmp_path / "t.db"
    with closing(opened(path).store) as store:
        again = Mirror(store, GAZETTEER, lambda: NOW)
        again.claim("a broker")
        with pytest.raises(SettingsError, match="another broker"):
            again.claim("another")
        # A broker of before had no ids for topics; what it is given later is believed once.
        again.recognise({})
        again.recognise({"tiles": "a", "rejects": "b"})
        again.recognise({"tiles": "a", "actions": "c"})
        with pytest.raises(SettingsError, match=r"`rejects`, `tiles` was made anew.*another --store"):
            again.recognise({"tiles": "d", "actions": "c", "rejects": "e"})
    with open_store(tmp_path / "run.db", write=True) as store:
        Recorder(store, [agreement], GAZETTEER.outlines).record([NORTH])
        with pytest.raises(SettingsError, match="is a store of `truceline run`"):
            Mirror(store, GAZETTEER, lambda: NOW)
        assert not is_mirror(store)


class Failing(Watch):
    """Fails in a way for which nobody is prepared, again and again."""

    def __init__(self) -> None:
        self.ticks = 0

    def tick(self) -> None:
        self.ticks += 1
        raise ValueError("a fault")


def test_a_fault_is_told_once_and_does_not_end_the_work(tmp_path: Path) -> None:
    path, said, watch = tmp_path / "mirror.db", list[str](), Failing()
    opened(path).store.close()
    with Mirroring(settings_for("127.0.0.1:1"), path, said.append, watch) as mirroring:
        mirroring.start()
        until(lambda: watch.ticks >= 2)
    assert said == ["the mirror cannot go on: ValueError: a fault"]
    assert "the mirror cannot go on" in str(mirroring.trouble)
