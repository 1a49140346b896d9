"""What operators do, where the work is shared out: which alert it belongs to, who says so, and that nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.law.lifecycle import apply
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, ActionReason, Change, Doubt, RejectReason, Status
from pipeline.store.acting import MovedOnError, RefusedError
from pipeline.store.ledger import AlertBook
from pipeline.stream.acts import make
from pipeline.stream.intake import Frame
from pipeline.stream.routing import decode_action, forward
from tests.law.acting import WELL_SAID, act
from tests.monitor.remembering import in_memory
from tests.stream.across import BETWEEN, NORTH, OUTCOMES, SOUTH, withdrawn
from tests.stream.sharing import NOW, Held, Sharing
from tests.worlds import world

GAZETTEER = load_gazetteer()


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(params=[1, 4])
def sharing(agreement: Agreement, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sharing]:
    shared = Sharing(agreement, request.param, tmp_path)
    yield shared
    shared.close()


def one_of(sharing: Sharing, report: Report) -> Alert:
    (alert,) = (one for one in sharing.standing("ceasefire").values() if report.report_id in one.report_ids)
    return alert


def told_last(sharing: Sharing, alert: Alert) -> tuple[Change, str]:
    said = sharing.latest()[alert.alert_id].said
    return said.change, said.author


# --- from report to outcome


def test_an_act_is_a_revision_by_its_author_and_said_once(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    before = len(sharing.said())
    sharing.do(alert, ActionKind.ACKNOWLEDGE, " Ines ")
    assert one_of(sharing, NORTH) == replace(alert, acknowledged_by="Ines")
    assert told_last(sharing, alert) == (Change.ACKNOWLEDGED, "Ines")
    sharing.do(alert, ActionKind.COMMENT, "Bo", text="Seen from the ridge.")
    assert told_last(sharing, alert) == (Change.COMMENTED, "Bo")
    assert len(sharing.said()) == before + 2
    assert sharing.rejects == []


def test_an_outcome_that_later_reports_speak_against_stays_and_is_doubted(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    sharing.do(alert, ActionKind.VERIFY, "Ines", reason=ActionReason.SECOND_SOURCE_NEEDED)
    sharing.do(alert, ActionKind.OUTCOME, "Bo", **OUTCOMES[Status.REFUTED])
    sharing.take([replace(NORTH, report_id="test:9", observer="camera-9")])
    now = one_of(sharing, NORTH)
    assert (now.status, now.acknowledged_by) == (Status.REFUTED, "Ines")
    assert Doubt.OUTCOME_CONTRADICTED in [note.doubt for note in now.doubts]
    assert told_last(sharing, now) == (Change.EVIDENCE_CHANGED, "monitor")


def test_what_was_found_outlives_its_evidence_and_one_partition_says_so(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    sharing.do(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    sharing.take([withdrawn(NORTH)])
    (left,) = sharing.standing("ceasefire").values()
    assert (left.alert_id, left.status) == (alert.alert_id, Status.CONFIRMED)
    assert Doubt.EVIDENCE_GONE in [note.doubt for note in left.doubts]
    said = sharing.said()
    assert len({(one.alert.alert_id, one.revision) for one in said}) == len(said)
    sharing.do(left, ActionKind.REOPEN, "Ines", reason=ActionReason.NEW_EVIDENCE)
    assert sharing.standing("ceasefire") == {}


def test_acts_go_with_an_incident_to_another_partition_and_come_back(sharing: Sharing) -> None:
    sharing.take([SOUTH, NORTH])
    sharing.do(one_of(sharing, NORTH), ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    sharing.do(one_of(sharing, NORTH), ActionKind.RESPOND, "Bo", **WELL_SAID[ActionKind.RESPOND])
    before = sharing.alerts()
    sharing.take([BETWEEN])
    (joined,) = sharing.standing("ceasefire").values()
    assert (joined.status, set(joined.report_ids)) == (Status.CONFIRMED, {"test:1", "test:2", "test:3"})
    sharing.take([withdrawn(BETWEEN)])
    assert sharing.alerts() == before


def test_what_is_confirmed_opens_a_case_at_once(sharing: Sharing) -> None:
    """By a provision that watches what operators find, in another keeper's hands."""
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    sharing.do(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    (case,) = sharing.standing("consult").values()
    assert (case.figures["threshold"], case.status) == ("confirmed", Status.ALLEGED)
    sharing.do(case, ActionKind.ACKNOWLEDGE, "Olga")
    sharing.do(case, ActionKind.OUTCOME, "Olga", **OUTCOMES[Status.NOT_A_VIOLATION])
    (now,) = sharing.standing("consult").values()
    assert (now.status, now.acknowledged_by) == (Status.NOT_A_VIOLATION, "Olga")
    assert told_last(sharing, now) == (Change.OUTCOME_RECORDED, "Olga")
    sharing.do(alert, ActionKind.REOPEN, "Ines", reason=ActionReason.NEW_EVIDENCE)
    (left,) = sharing.standing("consult").values()
    assert Doubt.EVIDENCE_GONE in [note.doubt for note in left.doubts]


# --- what crosses on the way


def test_an_act_told_twice_is_one(sharing: Sharing) -> None:
    sharing.take([NORTH])
    done = sharing.do(one_of(sharing, NORTH), ActionKind.VERIFY, "Ines", reason=ActionReason.DISPUTED)
    before = sharing.said()
    sharing.act(done, done)
    assert sharing.said() == before
    assert sharing.rejects == []


def test_an_act_that_comes_before_its_report_is_applied_with_it(sharing: Sharing, agreement: Agreement) -> None:
    alert = next(one for one in in_memory([agreement], [[NORTH]]).values() if one.provision == "ceasefire")
    sharing.act(act(alert, ActionKind.OUTCOME, outcome=Status.CONFIRMED, reason=ActionReason.INSPECTED))
    assert sharing.standing() == {}
    assert sharing.rejects == []
    sharing.take([NORTH])
    assert one_of(sharing, NORTH).status is Status.CONFIRMED


def test_of_two_who_act_at_once_the_first_counts_and_the_other_is_told_why(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    later = act(alert, ActionKind.VERIFY, by="Bo", at=NOW + timedelta(seconds=2))
    first = act(alert, ActionKind.VERIFY, by="Ines", at=NOW + timedelta(seconds=1))
    sharing.act(first, later)
    (reject,) = sharing.rejects
    assert (reject.source, reject.reason) == ("actions", RejectReason.REFUSED)
    assert reject.detail == "it is under verification already, by Ines"
    assert decode_action(reject.bytes) == later
    assert one_of(sharing, NORTH).acknowledged_by == "Ines"


def test_the_order_in_which_acts_come_does_not_matter(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    found = [
        act(alert, ActionKind.OUTCOME, by=by, at=NOW + timedelta(seconds=at_s), **OUTCOMES[outcome])
        for at_s, by, outcome in ((2, "Bo", Status.REFUTED), (1, "Ines", Status.CONFIRMED))
    ]
    for one in found:
        sharing.act(one)
    now = one_of(sharing, NORTH)
    assert now == apply([alert], found).cases[alert.alert_id].alert
    assert now.status is Status.CONFIRMED


def test_what_nobody_can_use_is_rejected_and_what_a_newer_worker_knows_is_passed_over(sharing: Sharing) -> None:
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    unsaid = act(alert, ActionKind.COMMENT, text=" ")
    values = [b"no action", b'{"kind":"applaud"}', msgspec.json.encode(unsaid)]
    values.append(msgspec.json.encode(act(alert, ActionKind.SEAL, report_ids=alert.report_ids)))
    forwarded, rejects = forward(
        "actions", [Frame(f"a/0@{n}", 0.0, value) for n, value in enumerate(values)], 4, GAZETTEER
    )
    assert forwarded == []
    assert [one.file for one in rejects] == ["a/0@0", "a/0@1", "a/0@2", "a/0@3"]
    assert "needs words" in rejects[2].detail
    assert "cannot be taken out" in rejects[3].detail
    for topics, topic in ((sharing.findings, "findings"), (sharing.topics[0], "tiles")):
        topics.put(topic, Held("", b"{}", "of_tomorrow"))
        topics.put(topic, Held("", b"no action", "actions"))
    before = sharing.said()
    sharing.work()
    sharing.do(alert, ActionKind.ACKNOWLEDGE, "Ines")
    assert len(sharing.said()) == len(before) + 1


def test_a_fault_with_one_act_stops_nothing_behind_it(sharing: Sharing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours, made here on purpose: no act is known that has it."""
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    sharing.do(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    (case,) = sharing.standing("consult").values()
    right = AlertBook.act

    def faulty(book: AlertBook, action: Action, *rest: Any) -> list[Revision]:
        if action.text == "fault":
            right(book, action, *rest)
            raise IndexError("a fault of ours")
        return right(book, action, *rest)

    monkeypatch.setattr(AlertBook, "act", faulty)
    for one in (alert, case):
        before = sharing.standing()
        sharing.do(one, ActionKind.COMMENT, "Bo", text="fault")
        assert (sharing.rejects[-1].reason, sharing.standing()) == (RejectReason.FAILED, before)
        sharing.do(one, ActionKind.COMMENT, "Bo", text="as it should be")
        assert told_last(sharing, one) == (Change.COMMENTED, "Bo")


def test_what_was_answered_is_not_answered_again_by_one_who_lost_his_file(sharing: Sharing) -> None:
    """The group had not heard yet how far he was: the act comes once more, and he does not know it."""
    sharing.take([NORTH])
    alert = one_of(sharing, NORTH)
    sharing.do(alert, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    (case,) = sharing.standing("consult").values()
    reached = {name: topics.end("tiles") for name, topics in sharing.topics.items()}, sharing.findings.end("findings")
    for one in (alert, case):
        sharing.do(one, ActionKind.COMMENT, "Ines", text="Two craters.")
        sharing.do(one, ActionKind.COMMENT, "Bo", text="And a third.")
    said = sharing.said()
    sharing.lose(*reached)
    assert sharing.said() == said


def test_an_act_goes_to_all_who_may_keep_its_report_or_to_the_keeper_of_its_agreement(agreement: Agreement) -> None:
    alert = next(iter(in_memory([agreement], [[NORTH]]).values()))
    many = replace(alert, incident_ids=("in_1", "in_2"))
    values = [msgspec.json.encode(act(one, ActionKind.ACKNOWLEDGE)) for one in (alert, many)]
    forwarded, _ = forward("actions", [Frame("a/0@0", 0.0, value) for value in values], 3, GAZETTEER)
    places = [(one.topic, one.partition, one.key, one.value) for one in forwarded]
    assert places == [
        *(("tiles", number, None, values[0]) for number in range(3)),
        ("findings", None, agreement.name.encode(), values[1]),
    ]


# --- what can be told of an act before it is sent


def test_what_is_refused_before_it_is_sent_has_the_words_of_the_law(sharing: Sharing) -> None:
    sharing.take([SOUTH, NORTH])
    south, north = one_of(sharing, SOUTH), one_of(sharing, NORTH)
    sharing.do(north, ActionKind.OUTCOME, "Olga", **OUTCOMES[Status.REFUTED])
    with pytest.raises(RefusedError, match="refuted, by Olga; reopen it first") as refused:
        sharing.do(north, ActionKind.VERIFY, "Bo", reason=ActionReason.DISPUTED)
    assert ActionKind.REOPEN in refused.value.allowed
    with pytest.raises(RefusedError, match="cannot be taken out"):
        sharing.do(south, ActionKind.SEAL, "Bo", report_ids=("test:1",), reason=ActionReason.PERSONAL_DATA)
    latest = sharing.latest()
    with pytest.raises(MovedOnError, match="stands at revision 2, not 1"):
        make(latest[north.alert_id], {}, [], ActionKind.COMMENT, "Bo", NOW, revision=1, text="Here.")
    assert len(sharing.actions) == 1
    sharing.take([BETWEEN])
    with pytest.raises(RefusedError, match="stands no more"):
        sharing.do(north, ActionKind.COMMENT, "Bo", text="Here.")


def test_a_duplicate_is_of_one_partition(sharing: Sharing) -> None:
    sharing.take([SOUTH, NORTH])
    south, north = one_of(sharing, SOUTH), one_of(sharing, NORTH)
    if sharing.count > 1:
        with pytest.raises(RefusedError, match="kept by another partition"):
            sharing.do(south, ActionKind.DUPLICATE, "Ines", north, reason=ActionReason.SAME_INCIDENT)
        return
    sharing.do(south, ActionKind.DUPLICATE, "Ines", north, reason=ActionReason.SAME_INCIDENT)
    assert list(sharing.standing("ceasefire")) == [north.alert_id]
    assert sharing.latest()[south.alert_id].said.superseded_by == (north.alert_id,)
    sharing.do(south, ActionKind.REOPEN, "Ines", reason=ActionReason.RECORDED_IN_ERROR)
    assert len(sharing.standing("ceasefire")) == 2


# --- what is lost


@pytest.mark.parametrize("dropped", [False, True])
def test_lost_files_are_made_anew_with_every_act_and_say_nothing_twice(
    sharing: Sharing, agreement: Agreement, dropped: bool
) -> None:
    """Also where the broker has dropped what came before: the reports are gone then, and what was said stays."""
    sharing.take([SOUTH, NORTH])
    confirmed, other = one_of(sharing, NORTH), one_of(sharing, SOUTH)
    sharing.do(confirmed, ActionKind.OUTCOME, "Ines", **OUTCOMES[Status.CONFIRMED])
    sharing.do(other, ActionKind.VERIFY, "Bo", reason=ActionReason.DISPUTED)
    sharing.do(next(iter(sharing.standing("consult").values())), ActionKind.ACKNOWLEDGE, "Olga")
    before, said = sharing.standing(), len(sharing.said())
    if dropped:
        for topics in sharing.topics.values():
            topics.drop("tiles")
    sharing.lose()
    assert sharing.standing() == before
    assert len(sharing.said()) == said
    with pytest.raises(RefusedError, match="confirmed, by Ines; reopen it first"):
        sharing.do(confirmed, ActionKind.VERIFY, "Bo", reason=ActionReason.DISPUTED)
    sharing.do(confirmed, ActionKind.REOPEN, "Ines", reason=ActionReason.NEW_EVIDENCE)
    sharing.do(other, ActionKind.OUTCOME, "Bo", **OUTCOMES[Status.REFUTED])
    assert one_of(sharing, NORTH) == replace(confirmed, acknowledged_by="Ines")
    assert (one_of(sharing, SOUTH).status, one_of(sharing, SOUTH).acknowledged_by) == (Status.REFUTED, "Bo")
    assert sharing.standing("consult") == {}
