"""Acting on alerts in a store: what is written, what is refused, and that log and order are all that counts."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.law.lifecycle import apply
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, ActionReason, Activity, Change, Doubt, PartyResponse, Status, Weapon
from pipeline.store import Recorder, Store, StoreError, open_store
from pipeline.store.acting import Acting, MovedOnError, RefusedError
from pipeline.store.desk import decode_action
from tests.law.acting import REASONS, WELL_SAID
from tests.monitor.fusion.telling import bridged, disc, told
from tests.monitor.remembering import AREAS, as_bytes, in_memory
from tests.store.histories import has_no_gaps
from tests.worlds import DAY, report, world, write_world

NOW = DAY + timedelta(days=9)
OUTCOMES: dict[Status, dict[str, Any]] = {
    found: {"outcome": found, "reason": reason} for found, reason in REASONS.items()
}


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "t.db", write=True) as opened:
        yield opened


@pytest.fixture
def recorder(store: Store, agreement: Agreement) -> Recorder:
    return recording(store, agreement)


@pytest.fixture
def acting(store: Store) -> Acting:
    return Acting(store, clock())


def recording(store: Store, agreement: Agreement) -> Recorder:
    return Recorder(store, [agreement], AREAS, clock=lambda: NOW)


class clock:  # noqa: N801 - it stands where a function would
    """A clock that goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self._now = NOW

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


WATCHING = frozenset({"rising", "consult"})
"""The provisions that go by the alerts of others as they stand, and so by what operators did."""


def standing(store: Store) -> list[Alert]:
    """The alerts of the ceasefire itself."""
    alerts = (alert for alert in store.alerts(possible=True) if alert.provision == "ceasefire")
    return sorted(alerts, key=lambda alert: (alert.observed_from, alert.alert_id))


def view(store: Store, without: frozenset[str] = WATCHING) -> bytes:
    alerts = [alert for alert in store.alerts(possible=True) if alert.provision not in without]
    return as_bytes({alert.alert_id: alert for alert in alerts})


def actions_of(store: Store) -> list[Action]:
    return [decode_action(row[0]) for row in store.connection.execute("SELECT action FROM actions")]


def withdrawn(report: Report) -> Report:
    return replace(report, retracted=True, published_at=DAY + timedelta(days=1))


def test_an_act_is_in_the_history_by_its_author_and_in_the_log(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    recorder.record([told(1, "array-1")])
    (alert,) = standing(store)
    done = acting.act(alert, ActionKind.ACKNOWLEDGE, " Ines ")
    said = acting.act(alert, ActionKind.COMMENT, "Bo", text="Seen from the ridge.")
    assert (done.revision, said.revision) == (2, 3)
    (now,) = standing(store)
    assert now == replace(alert, acknowledged_by="Ines")
    entries = [(entry.change, entry.author) for entry in store.history(alert.alert_id)]
    assert entries == [(Change.REPORTED, "monitor"), (Change.ACKNOWLEDGED, "Ines"), (Change.COMMENTED, "Bo")]
    logged = store.connection.execute("SELECT payload FROM frames WHERE kind = 'actions' ORDER BY seq").fetchall()
    assert [decode_action(row[0]) for row in logged] == [done.action, said.action]
    assert said.action.decided_at > done.action.decided_at
    assert [report.report_id for _, frame in store.reports() for report in frame] == ["test:1"]


def test_what_is_refused_writes_nothing_and_says_what_may_be_done(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    recorder.record([told(1, "array-1")])
    (alert,) = standing(store)
    acting.act(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.REFUTED])
    before = list(store.history()), store.figures()
    with pytest.raises(RefusedError, match="refuted, by Ines; reopen it first") as refused:
        acting.act(alert, ActionKind.VERIFY, "Bo", reason=ActionReason.DISPUTED)
    assert ActionKind.REOPEN in refused.value.allowed
    assert (list(store.history()), store.figures()) == before
    assert len(actions_of(store)) == 1


def test_a_revision_that_has_moved_on_refuses(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([told(1, "array-1")])
    (alert,) = standing(store)
    acting.act(alert, ActionKind.ACKNOWLEDGE, "Ines", revision=1)
    with pytest.raises(MovedOnError, match="stands at revision 2, not 1"):
        acting.act(alert, ActionKind.VERIFY, "Bo", revision=1, reason=ActionReason.DISPUTED)
    assert acting.act(alert, ActionKind.COMMENT, "Bo", text="As it stands.").revision == 3


def test_an_alert_that_stands_no_more_names_what_stands_in_its_place(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    one, other, between = bridged()
    recorder.record([one, other])
    kept, lost = standing(store)
    recorder.record([between])
    with pytest.raises(RefusedError, match=f"stands no more; in its place: {kept.alert_id}"):
        acting.act(lost, ActionKind.ACKNOWLEDGE, "Ines")


def test_acts_of_two_alerts_go_with_the_one_that_they_become_and_part_again(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    one, other, between = bridged()
    recorder.record([one, other])
    first, second = standing(store)
    acting.act(first, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    acting.act(second, ActionKind.OUTCOME, "Bo", **OUTCOMES[Status.REFUTED])
    acted = view(store)
    recorder.record([between])
    (joined,) = standing(store)
    case = acting.look(joined)
    assert case is not None
    assert (joined.status, [act.done for act in case.case.acts]) == (Status.CONFIRMED, [True, False])
    assert Doubt.OUTCOMES_DIFFER in [note.doubt for note in joined.doubts]
    recorder.record([withdrawn(between)])
    assert view(store) == acted
    assert has_no_gaps(store)


def test_an_outcome_outlives_its_evidence_and_the_operator_is_told(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    only = told(1, "array-1")
    recorder.record([only])
    (alert,) = standing(store)
    acting.act(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    recorder.record([withdrawn(only)])
    (left,) = standing(store)
    assert (left.alert_id, left.status) == (alert.alert_id, Status.CONFIRMED)
    assert {note.doubt for note in left.doubts} >= {Doubt.EVIDENCE_GONE, Doubt.OUTCOME_CONTRADICTED}
    acting.act(left, ActionKind.COMMENT, "Ines", text="The sensor was taken down since.")
    acting.act(left, ActionKind.REOPEN, "Ines", reason=ActionReason.NEW_EVIDENCE)
    assert standing(store) == []
    assert list(store.history(alert.alert_id))[-1].alert.status is Status.SUPERSEDED


def test_evidence_that_returns_ends_the_contradiction(store: Store, recorder: Recorder, acting: Acting) -> None:
    only = told(1, "array-1")
    recorder.record([only])
    (alert,) = standing(store)
    acting.act(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    before = view(store)
    recorder.record([withdrawn(only)])
    recorder.record([replace(only, published_at=DAY + timedelta(days=2))])
    assert view(store) == before


def test_a_duplicate_names_the_other_and_returns_with_a_new_beginning(
    store: Store, recorder: Recorder, acting: Acting
) -> None:
    recorder.record([told(1, "array-1"), told(2, "array-1", disc(9_000), at_s=600)])
    one, other = standing(store)
    done = acting.act(one, ActionKind.DUPLICATE, "Ines", other=other, reason=ActionReason.SAME_INCIDENT)
    assert done.case is not None
    assert done.case.duplicate_of == other.alert_id
    assert standing(store) == [other]
    assert list(store.history(one.alert_id))[-1].superseded_by == (other.alert_id,)
    with pytest.raises(RefusedError, match=f"{one.alert_id} is itself marked as a duplicate of {other.alert_id}"):
        acting.act(other, ActionKind.DUPLICATE, "Ines", other=one, reason=ActionReason.SAME_INCIDENT)
    recorder.record([withdrawn(told(2, "array-1", disc(9_000), at_s=600))])
    assert [alert.alert_id for alert in standing(store)] == [one.alert_id]


def test_a_duplicate_is_of_the_same_provision(store: Store, recorder: Recorder, acting: Acting) -> None:
    gun: dict[str, Any] = {"weapons": (Weapon.ARTILLERY,), "calibre_mm": 122.0}
    recorder.record([told(1, "array-1"), told(2, "patrol-1", activity=Activity.OUTGOING_FIRE, at_s=900, **gun)])
    (one, *_), (other, *_) = standing(store), [a for a in store.alerts(possible=True) if a.provision == "artillery"]
    with pytest.raises(RefusedError, match="only alerts of one provision are duplicates"):
        acting.act(one, ActionKind.DUPLICATE, "Ines", other=other, reason=ActionReason.SAME_INCIDENT)


def test_a_split_gives_two_alerts_that_are_acted_on_apart(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([told(1, "array-1"), told(2, "array-2")])
    (whole,) = standing(store)
    named = whole.report_ids[1:]
    acting.act(whole, ActionKind.SPLIT, "Ines", report_ids=named, reason=ActionReason.SEPARATE_INCIDENTS)
    parts = {alert.report_ids: alert for alert in standing(store)}
    assert set(parts) == {whole.report_ids[:1], named}
    acting.act(parts[named], ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.REFUTED])
    assert {alert.status for alert in standing(store)} == {Status.ALLEGED, Status.REFUTED}
    recorder.record([told(3, "array-3")])
    now = {alert.alert_id: alert for alert in standing(store)}
    assert now[parts[named].alert_id].status is Status.REFUTED
    assert set(now[whole.alert_id].report_ids) == {*whole.report_ids[:1], "test:3"}


def test_what_an_operator_said_outlives_another_agreement_text(
    store: Store, recorder: Recorder, acting: Acting, tmp_path: Path
) -> None:
    recorder.record([told(1, "array-1")])
    (alert,) = standing(store)
    acting.act(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    path = write_world(tmp_path)
    text = path.read_text(encoding="utf-8").replace('version = "1"', 'version = "2"').replace("25000", "24000")
    path.write_text(text, encoding="utf-8")
    recording(store, load_agreement(path)).catch_up()
    (now,) = standing(store)
    assert (now.agreement_version, now.status, now.acknowledged_by) == ("2", Status.CONFIRMED, "Ines")


DERIVED = "actions touching acted resting alerts history incidents positions findings checkpoints folded".split()


def forget(store: Store) -> None:
    """Leaves the log and the windows, and nothing that follows from them."""
    for table in DERIVED:
        store.connection.execute(f"DELETE FROM {table}")


def test_everything_is_made_anew_from_the_log_alone(
    store: Store, recorder: Recorder, acting: Acting, agreement: Agreement
) -> None:
    only, *pair = [told(9, "array-1", disc(9_000), at_s=900), *bridged()[:2]]
    recorder.record([only, *pair])
    for alert, found in zip(standing(store), OUTCOMES.values(), strict=False):
        acting.act(alert, ActionKind.OUTCOME, "Ines", **found)
        acting.act(alert, ActionKind.RESPOND, "Bo", party="a", response=PartyResponse.EXPLAIN, text="A drill.")
    recorder.record([withdrawn(only), bridged()[2]])
    recording(store, agreement).catch_up()
    before, actions = view(store), sorted(actions_of(store), key=lambda one: one.action_id)
    forget(store)
    assert list(store.alerts(possible=True)) == []
    recording(store, agreement).catch_up()
    assert view(store) == before
    assert sorted(actions_of(store), key=lambda one: one.action_id) == actions


def test_who_cannot_write_cannot_act(store: Store, recorder: Recorder) -> None:
    with pytest.raises(StoreError, match="another run"):
        open_store(store.path, write=True)


def test_a_failing_disk_leaves_nothing_of_an_act(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([told(1, "array-1")])
    (alert,) = standing(store)
    before = list(store.history()), view(store)
    for table in ("frames", "actions", "touching", "acted", "resting", "history", "alerts"):
        fail = "BEGIN SELECT RAISE(ABORT, 'the disk fails'); END"
        store.connection.execute(f"CREATE TEMP TRIGGER failing AFTER INSERT ON main.{table} {fail}")
        with pytest.raises(StoreError, match="the disk fails"):
            acting.act(alert, ActionKind.ACKNOWLEDGE, "Ines")
        store.connection.execute("DROP TRIGGER failing")
        assert (list(store.history()), view(store)) == before
    assert acting.act(alert, ActionKind.ACKNOWLEDGE, "Ines").revision == 2


SECRET = "the woman in the second house saw it"
WITNESS = told("w", "patrol-7", text=SECRET, url="https://example.org/whisper-1")


def files_of(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.path.parent.glob(store.path.name + "*"))


def test_what_is_sealed_is_gone_from_every_file_and_no_alert_changes(
    store: Store, recorder: Recorder, acting: Acting, agreement: Agreement
) -> None:
    other = told("p", "villager", at_s=1.0, text=SECRET)
    recorder.record([told(number, "array-1", disc(40_000 + 900 * number), at_s=99 * number) for number in range(400)])
    recorder.record([WITNESS, other, told("s", "array-1", at_s=1.0)])
    (alert,) = [one for one in standing(store) if "test:w" in one.report_ids]
    proof = store.connection.execute("SELECT seq, payload FROM frames").fetchall()
    contents = store.connection.execute("SELECT report_id, content FROM reports").fetchall()
    assert SECRET.encode() in files_of(store)
    acting.act(alert, ActionKind.SEAL, "Ines", report_ids=alert.report_ids, reason=ActionReason.WITNESS_PROTECTION)
    for secret in (SECRET, "whisper-1", "patrol-7", "villager"):
        assert secret.encode() not in files_of(store), secret
    assert [row for row in store.connection.execute("SELECT seq, payload FROM frames") if row in proof] == proof
    assert store.connection.execute("SELECT report_id, content FROM reports").fetchall() == contents
    sealed = {name: versions[0] for name, versions in store.versions(alert.report_ids).items()}
    assert sealed["test:w"].text == sealed["test:p"].text != SECRET
    assert str(sealed["test:w"].observer).startswith("patrol-sealed-")
    assert str(sealed["test:p"].observer).startswith("sealed-")
    assert sealed["test:w"].origin is None
    assert [one for one in standing(store) if one.alert_id == alert.alert_id] == [alert]
    before = view(store)
    assert recorder.record([WITNESS]).new == (False,)
    forget(store)
    recording(store, agreement).catch_up()
    assert view(store) == before


def test_a_seal_beside_a_reader_says_that_it_is_not_done_yet(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([WITNESS])
    (alert,) = standing(store)
    seal: dict[str, Any] = {"report_ids": alert.report_ids, "reason": ActionReason.PERSONAL_DATA}
    with sqlite3.connect(store.path) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM frames").fetchone()
        store.connection.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(StoreError, match="close it and seal once more"):
            acting.act(alert, ActionKind.SEAL, "Ines", **seal)
    reader.close()
    with pytest.raises(RefusedError, match="was sealed already, and nothing of that is left"):
        acting.act(alert, ActionKind.SEAL, "Ines", **seal)
    assert SECRET.encode() not in files_of(store)


def test_what_is_sealed_already_is_not_sealed_again(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([WITNESS])
    (alert,) = standing(store)
    seal: dict[str, Any] = {"report_ids": alert.report_ids, "reason": ActionReason.PERSONAL_DATA}
    assert acting.act(alert, ActionKind.SEAL, "Ines", **seal).revision == 2
    before = list(store.history()), store.figures()
    with pytest.raises(RefusedError, match="was sealed already"):
        acting.act(alert, ActionKind.SEAL, "Bo", **seal)
    assert (list(store.history()), store.figures()) == before
    # Its publisher told it anew, with words: those are not sealed yet.
    recorder.record([replace(WITNESS, text="I saw it too.", published_at=DAY)])
    (alert,) = standing(store)
    assert acting.act(alert, ActionKind.SEAL, "Bo", **seal).revision > 2


def test_a_report_with_nothing_to_seal_was_not_sealed_already(store: Store, recorder: Recorder, acting: Acting) -> None:
    recorder.record([report("bare", disc())])
    (alert,) = standing(store)
    told_of = acting.act(alert, ActionKind.SEAL, "Ines", report_ids=alert.report_ids, reason=ActionReason.PERSONAL_DATA)
    assert told_of.revision == 2


POOL = [
    *bridged(),
    *(withdrawn(one) for one in bridged()),
    replace(bridged()[0], report_id="test:50", revises=bridged()[0].report_id),
    replace(bridged()[1], report_id="test:51", revises=bridged()[1].report_id, footprint=disc(9_000)),
    replace(bridged()[0], report_id="test:52", revises="test:50", observed_from=DAY, observed_until=DAY),
    told(60, "array-5", disc(9_000), at_s=60.0),
    told(61, "array-6", disc(9_000), at_s=61.0),
    # Told again with another day: one id in two windows.
    told(60, "array-5", disc(9_000), day=timedelta(days=1, hours=8)),
]
"""Reports that join, part, correct and withdraw each other."""


class Do(msgspec.Struct, frozen=True):
    """Does something with the n-th alert that stands; what is refused is as good as not tried."""

    alert: int
    kind: ActionKind
    found: Status


STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(POOL), min_size=1, max_size=4),
        st.builds(Do, st.integers(0, 9), st.sampled_from(ActionKind), st.sampled_from([*OUTCOMES])),
    ),
    min_size=2,
    max_size=14,
)


def attempt(store: Store, acting: Acting, step: Do) -> None:
    alerts = standing(store)
    if not alerts or step.kind is ActionKind.SEAL:
        return
    alert = alerts[step.alert % len(alerts)]
    fields: dict[str, Any] = dict(WELL_SAID[step.kind])
    if step.kind is ActionKind.OUTCOME:
        fields = dict(OUTCOMES[step.found])
    if step.kind is ActionKind.SPLIT:
        fields["report_ids"] = alert.report_ids[-1:]
    if step.kind is ActionKind.DUPLICATE:
        others = [one for one in alerts if one.provision == alert.provision and one != alert]
        if not others:
            return
        fields = {"reason": ActionReason.SAME_INCIDENT, "other": others[step.alert % len(others)]}
    try:
        acting.act(alert, step.kind, "Ines", **fields)
    except RefusedError:
        return


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, data=st.data())
def test_the_record_is_what_the_law_makes_of_the_sets_whatever_the_order(
    agreement: Agreement,
    tmp_path_factory: pytest.TempPathFactory,
    steps: Sequence[list[Report] | Do],
    data: st.DataObject,
) -> None:
    fed: list[Report] = []
    path = tmp_path_factory.mktemp("s") / "t.db"
    with open_store(path, write=True) as store, open_store(path, write=True, beside=True) as other:
        recorder, acting = recording(store, agreement), Acting(other, clock())
        for step in steps:
            if isinstance(step, Do):
                attempt(store, acting, step)
            else:
                recorder.record(step)
                fed += step
        recorder.record([])
        live = view(store, frozenset())
        recording(store, agreement).catch_up()
        assert view(store, frozenset()) == live
        actions = actions_of(store)
        received = [replace(report, received_at=NOW) for report in fed]
        judged = in_memory([agreement], [data.draw(st.permutations(received))])
        revised: dict[str, set[str]] = {}
        for report in fed:
            if report.revises is not None:
                revised.setdefault(report.revises, set()).add(report.report_id)
        judged = {name: alert for name, alert in judged.items() if alert.provision not in WATCHING}
        docket = apply(judged.values(), data.draw(st.permutations(actions)), revised)
        cases = {name: case.alert for name, case in docket.cases.items()}
        stands = {name: alert for name, alert in cases.items() if alert.status is not Status.SUPERSEDED}
        assert view(store) == as_bytes(stands)
        assert has_no_gaps(store)
        before = view(store, frozenset())
        told_of = [act.action.action_id for case in docket.cases.values() for act in case.acts]
        assert {*told_of, *(act.action.action_id for act in docket.loose)} == {one.action_id for one in actions}
        assert all(act.done or act.why for case in docket.cases.values() for act in case.acts)
        forget(store)
        recording(store, agreement).catch_up()
        assert view(store, frozenset()) == before
