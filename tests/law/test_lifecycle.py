"""What operators do with alerts: every transition, what is refused, and what data can and cannot change of it."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.law.lifecycle import Case, Docket, apply, in_order
from pipeline.law.transitions import BY_REPORTS, RULES
from pipeline.model.actions import OUTCOMES, Action, reasons_for
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.report import Attribution
from pipeline.model.taxonomy import (
    ActionKind,
    ActionReason,
    Basis,
    Confidence,
    Doubt,
    Reason,
    Severity,
    Standing,
    Status,
)
from tests.law.acting import act, duplicate, minutes, outcome
from tests.worlds import DAY


def alert(*reports: str, name: str = "al_1", probability: float = 0.9, **fields: Any) -> Alert:
    """An alert as the monitor judges it, resting on some reports."""
    single = len(reports) == 1
    known: dict[str, Any] = {
        "alert_id": name,
        "agreement": "world",
        "agreement_version": "1",
        "provision": "ceasefire",
        "article": "Article 1",
        "incident_id": name.replace("al_", "in_"),
        "status": Status.ALLEGED if single else Status.CORROBORATED,
        "severity": Severity.GRAVE,
        "reason": Reason.PROHIBITED_ACTIVITY,
        "probability": probability,
        "place_probability": 1.0,
        "observed_from": DAY,
        "observed_until": DAY,
        **dict.fromkeys("line side chainage_m offset_m lon lat radius_m acknowledged_by assignee".split()),
        "report_ids": reports,
        "doubts": (DoubtNote(Doubt.SINGLE_REPORT, {}),) if single else (),
        "readings": (),
        "attribution": (),
        "standing": Standing.RAISED if probability >= 0.5 else Standing.POSSIBLE,
        "judged_by": "test",
    }
    return Alert(**{**known, **fields})


ONE, OTHER = alert("test:1"), alert("test:5", name="al_5")


def only(docket: Docket) -> Case:
    (case,) = docket.cases.values()
    return case


def case(judged: Alert | Iterable[Alert], *actions: Action, **more: Any) -> Case:
    """What became of the first of some alerts."""
    alerts = [judged] if isinstance(judged, Alert) else list(judged)
    return apply(alerts, actions, **more).cases[alerts[0].alert_id]


def whys(some: Case) -> list[str]:
    return [done.why for done in some.acts]


def notes(some: Case) -> dict[Doubt, dict[str, Any]]:
    return {note.doubt: note.figures for note in some.alert.doubts}


WAYS: dict[Status, list[Action]] = {
    Status.ALLEGED: [],
    Status.UNDER_VERIFICATION: [act(ONE, ActionKind.VERIFY, by="Olga", at=minutes(-9))],
    **{found: [outcome(ONE, found, by="Olga", at=minutes(-9))] for found in OUTCOMES},
    Status.SUPERSEDED: [duplicate(ONE, OTHER, by="Olga", at=minutes(-9))],
}
"""How an alert comes to each status; a corroborated one is as an alleged one to the table."""

BECOMES = {
    ActionKind.VERIFY: Status.UNDER_VERIFICATION,
    ActionKind.OUTCOME: Status.CONFIRMED,
    ActionKind.DUPLICATE: Status.SUPERSEDED,
    ActionKind.REOPEN: Status.ALLEGED,
}


@pytest.mark.parametrize("kind", ActionKind)
@pytest.mark.parametrize("status", WAYS)
def test_the_table_is_what_happens(status: Status, kind: ActionKind) -> None:
    whole = alert("test:1", "test:2", status=Status.ALLEGED)
    more: dict[str, Any] = {"other": "al_5", "other_report_id": "test:5"} if kind is ActionKind.DUPLICATE else {}
    way = [replace(one, seen=whole) for one in WAYS[status]]
    done = case([whole, OTHER], *way, act(whole, kind, **more))
    (last,) = [one for one in done.acts if one.action.by == "Ines"]
    assert last.done is (status in RULES[kind].begins)
    if last.done:
        assert done.alert.status is BECOMES.get(kind, status)
    else:
        assert done.alert.status is status
        assert last.why
        assert "Olga" in last.why or status is Status.ALLEGED or kind is ActionKind.ATTRIBUTE


def test_the_table_speaks_of_every_action_and_status() -> None:
    assert set(RULES) == set(ActionKind)
    assert {status for rule in RULES.values() for status in rule.begins} == set(Status)
    assert set(WAYS) | {Status.CORROBORATED} == set(Status)


@pytest.mark.parametrize("found", OUTCOMES)
def test_an_outcome_has_a_reason_of_its_own(found: Status) -> None:
    good = outcome(ONE, found)
    assert case(ONE, good).alert.status is found
    for reason in (None, ActionReason.WITNESS_PROTECTION, *(set(ActionReason) - set(reasons_for(good.kind, found)))):
        done = case(ONE, replace(good, reason=reason))
        assert done.alert.status is Status.ALLEGED
        assert whys(done) == [f"it needs a reason, one of {', '.join(reasons_for(good.kind, found))}"]


@pytest.mark.parametrize(
    ("kind", "lacking", "word"),
    [
        (ActionKind.COMMENT, {"text": " "}, "words"),
        (ActionKind.ATTRIBUTE, {"confidence": None}, "confident"),
        (ActionKind.ATTRIBUTE, {"basis": None}, "basis"),
        (ActionKind.RESPOND, {"party": None}, "party"),
        (ActionKind.SPLIT, {"report_ids": ()}, "reports"),
        (ActionKind.DUPLICATE, {"other": None}, "other alert"),
        (ActionKind.OUTCOME, {"outcome": Status.ALLEGED}, "an outcome is one of"),
        (ActionKind.COMMENT, {"reason": ActionReason.INSPECTED}, "takes no reason"),
        (ActionKind.ACKNOWLEDGE, {"by": " "}, "name"),
    ],
)
def test_what_is_not_well_said_is_refused(kind: ActionKind, lacking: dict[str, Any], word: str) -> None:
    done = case(ONE, act(ONE, kind, **lacking))
    assert not done.acts[0].done
    assert word in done.acts[0].why


def test_whoever_moves_an_alert_on_has_seen_it() -> None:
    assert case(ONE).alert.acknowledged_by is None
    assert case(ONE, act(ONE, ActionKind.COMMENT)).alert.acknowledged_by is None
    for kind in (ActionKind.ACKNOWLEDGE, ActionKind.VERIFY, ActionKind.OUTCOME):
        assert case(ONE, act(ONE, kind, by="Ana")).alert.acknowledged_by == "Ana"
    twice = case(ONE, act(ONE, ActionKind.ACKNOWLEDGE, by="Ana"), act(ONE, ActionKind.VERIFY, at=minutes(1)))
    assert twice.alert.acknowledged_by == "Ana"


def test_an_alert_is_given_and_taken_back() -> None:
    given = act(ONE, ActionKind.ASSIGN, assignee="Team 2")
    assert case(ONE, given).alert.assignee == "Team 2"
    assert whys(case(ONE, given, act(ONE, ActionKind.ASSIGN, at=minutes(1)))) == ["", "it is Team 2's already"]
    back = act(ONE, ActionKind.ASSIGN, assignee=None, at=minutes(1))
    assert case(ONE, given, back).alert.assignee is None


def test_an_attribution_is_a_claim_with_its_author_beside_those_of_the_reports() -> None:
    told = Attribution("b", "an outlet", Basis.STATEMENT)
    claimed = case(alert("test:1", attribution=(told,)), act(ONE, ActionKind.ATTRIBUTE, by="Ana"))
    assert claimed.alert.attribution == (told, Attribution("a", "Ana", Basis.INFERENCE, Confidence.LOW))
    again = act(ONE, ActionKind.ATTRIBUTE, by="Ana", at=minutes(1))
    assert len(case(ONE, act(ONE, ActionKind.ATTRIBUTE, by="Ana"), again).alert.attribution) == 1


def test_responses_remarks_and_seals_change_nothing_of_the_alert() -> None:
    acts = [act(ONE, kind) for kind in (ActionKind.RESPOND, ActionKind.COMMENT, ActionKind.SEAL)]
    done = case(ONE, *acts)
    assert done.alert == ONE
    assert [one.action.kind for one in done.acts if one.done] == [one.kind for one in in_order(acts)]


def test_any_order_and_any_repeats_give_the_same() -> None:
    acts = [
        act(ONE, ActionKind.ACKNOWLEDGE, by="Ana"),
        act(ONE, ActionKind.ACKNOWLEDGE, by="Bo"),
        outcome(ONE, Status.REFUTED, at=minutes(1)),
        outcome(ONE, Status.CONFIRMED, at=minutes(1)),
        act(ONE, ActionKind.REOPEN, at=minutes(2)),
    ]
    expected = apply([ONE, OTHER], acts)
    for order in permutations(acts):
        assert apply([OTHER, ONE], [*order, *order[:2]]) == expected


def test_what_the_reports_make_of_it_shows_only_where_no_operator_has_moved_it_on() -> None:
    more = alert("test:1", "test:2")
    asked = act(ONE, ActionKind.VERIFY)
    assert case(more).alert.status is Status.CORROBORATED
    assert case(more, asked).alert.status is Status.UNDER_VERIFICATION
    opened = act(ONE, ActionKind.REOPEN, at=minutes(1))
    assert case(more, asked, opened).alert.status is Status.CORROBORATED


def test_two_alerts_become_one_with_the_acts_of_both_and_what_is_illegal_then_is_explained() -> None:
    mine, yours = outcome(ONE, Status.CONFIRMED, by="Ana"), outcome(OTHER, Status.REFUTED, by="Bo", at=minutes(1))
    assert [one.alert.status for one in apply([ONE, OTHER], [mine, yours]).cases.values()] == [
        Status.CONFIRMED,
        Status.REFUTED,
    ]
    merged = case(alert("test:1", "test:5"), yours, mine)
    assert merged.alert.status is Status.CONFIRMED
    assert whys(merged) == ["", "its outcome is recorded: confirmed, by Ana; reopen it first"]
    differ = {"outcome": "confirmed", "by": "Ana", "other": "refuted", "other_by": "Bo"}
    assert notes(merged)[Doubt.OUTCOMES_DIFFER] == differ
    settled = [
        act(ONE, ActionKind.REOPEN, at=minutes(2)),
        outcome(alert("test:1", "test:5"), Status.REFUTED, at=minutes(3)),
    ]
    after = case(alert("test:1", "test:5"), yours, mine, *settled)
    assert (after.alert.status, notes(after)) == (Status.REFUTED, {})


def test_when_they_part_again_each_has_its_own() -> None:
    mine, yours = act(ONE, ActionKind.ACKNOWLEDGE, by="Ana"), act(OTHER, ActionKind.ASSIGN)
    joined = alert("test:1", "test:5")
    on_both = act(joined, ActionKind.COMMENT, at=minutes(1))
    parted = apply([ONE, OTHER], [mine, yours, on_both]).cases
    assert [one.action.kind for one in parted["al_1"].acts] == [ActionKind.ACKNOWLEDGE, ActionKind.COMMENT]
    assert [one.action.kind for one in parted["al_5"].acts] == [ActionKind.ASSIGN]


def test_an_action_follows_its_anchor_to_the_report_that_corrects_it() -> None:
    done = outcome(ONE, Status.CONFIRMED)
    corrected = alert("test:8", name="al_8")
    followed = apply([corrected], [done], {"test:1": ["test:7"], "test:7": ["test:8"]})
    assert only(followed).alert.status is Status.CONFIRMED
    assert only(followed).alert.alert_id == "al_8"


def test_another_provisions_alert_of_the_same_report_is_another_matter() -> None:
    artillery = alert("test:1", name="al_2", provision="artillery")
    docket = apply([ONE, artillery], [outcome(ONE, Status.CONFIRMED)])
    assert [one.alert.status for one in docket.cases.values()] == [Status.CONFIRMED, Status.ALLEGED]


@pytest.mark.parametrize("found", OUTCOMES)
def test_an_outcome_stands_when_the_evidence_is_withdrawn_and_says_so(found: Status) -> None:
    gone = only(apply([], [outcome(ONE, found)]))
    assert (gone.alert.status, gone.alert.alert_id, gone.gone) == (found, "al_1", True)
    assert Doubt.EVIDENCE_GONE in notes(gone)
    assert (Doubt.OUTCOME_CONTRADICTED in notes(gone)) is (found is Status.CONFIRMED)


def test_what_nobody_moved_on_goes_with_its_reports_and_what_was_done_is_kept() -> None:
    done = [act(ONE, ActionKind.ACKNOWLEDGE), act(ONE, ActionKind.COMMENT)]
    docket = apply([], done)
    assert docket.cases == {}
    assert [one.action.kind for one in docket.loose] == [one.kind for one in in_order(done)]
    assert all("supports an alert of this provision" in one.why for one in docket.loose)
    reopened = [outcome(ONE, Status.CONFIRMED), act(ONE, ActionKind.REOPEN, at=minutes(1))]
    assert apply([], reopened).cases == {}
    assert [one.done for one in apply([], reopened).loose] == [True, True]


def test_other_acts_stand_with_an_alert_whose_evidence_is_gone() -> None:
    whole = alert("test:1", "test:2")
    on_second = act(alert("test:2", name="al_2"), ActionKind.COMMENT)
    gone = only(apply([], [on_second, act(ONE, ActionKind.RESPOND), outcome(whole, Status.CONFIRMED)]))
    assert {one.action.kind for one in gone.acts} == {ActionKind.COMMENT, ActionKind.RESPOND, ActionKind.OUTCOME}


def test_new_reports_tell_the_operator_when_they_contradict_him() -> None:
    more, less = alert("test:1", "test:2"), alert("test:1", probability=0.6)
    confirmed, refuted = outcome(ONE, Status.CONFIRMED), outcome(ONE, Status.REFUTED)
    assert Doubt.OUTCOME_CONTRADICTED not in notes(case(more, confirmed))
    assert Doubt.OUTCOME_CONTRADICTED not in notes(case(ONE, confirmed))
    assert Doubt.OUTCOME_CONTRADICTED not in notes(case(less, refuted))
    assert notes(case(less, confirmed))[Doubt.OUTCOME_CONTRADICTED]["probability_now"] == 0.6
    told = notes(case(more, refuted))[Doubt.OUTCOME_CONTRADICTED]
    assert told == {
        "outcome": "refuted",
        "by": "Ines",
        "new_reports": 1,
        "probability_seen": 0.9,
        "probability_now": 0.9,
    }
    again = [act(ONE, ActionKind.REOPEN, at=minutes(1)), outcome(more, Status.REFUTED, at=minutes(2))]
    assert notes(case(more, refuted, *again)) == {}


def test_what_an_operator_moved_on_stays_before_people_however_unlikely_it_becomes() -> None:
    less = alert("test:1", probability=0.3)
    assert case(less).alert.standing is Standing.POSSIBLE
    kept = case(less, outcome(ONE, Status.CONFIRMED))
    assert kept.alert.standing is Standing.RAISED
    assert Doubt.OUTCOME_CONTRADICTED in notes(kept)


def test_a_duplicate_comes_back_when_the_other_stands_no_more() -> None:
    marked = duplicate(ONE, OTHER)
    assert case([ONE, OTHER], marked).alert.status is Status.SUPERSEDED
    assert case([ONE, OTHER], marked).duplicate_of == "al_5"
    alone = case(ONE, marked)
    assert (alone.alert.status, whys(alone)) == (Status.ALLEGED, ["al_5 stands no more"])
    joined = case(alert("test:1", "test:5"), marked)
    assert (joined.alert.status, whys(joined)) == (Status.CORROBORATED, ["it and al_5 are one alert now"])


def test_two_alerts_are_never_each_others_duplicates() -> None:
    docket = apply([ONE, OTHER], [duplicate(ONE, OTHER), duplicate(OTHER, ONE, at=minutes(1))])
    assert [one.alert.status for one in docket.cases.values()] == [Status.SUPERSEDED, Status.ALLEGED]
    assert whys(docket.cases["al_5"]) == ["al_1 is itself marked as a duplicate of al_5"]


def test_a_split_makes_two_alerts_of_one_incident_and_each_has_its_own_course() -> None:
    whole = alert("test:1", "test:2", "test:3")
    split = act(whole, ActionKind.SPLIT, report_ids=("test:2",))
    docket = apply([whole], [split])
    kept, apart = docket.cases["al_1"], next(one for name, one in docket.cases.items() if name != "al_1")
    assert (kept.alert.report_ids, apart.alert.report_ids) == (("test:1", "test:3"), ("test:2",))
    assert apart.alert.incident_id == whole.incident_id
    assert (kept.alert.status, apart.alert.status) == (Status.CORROBORATED, Status.ALLEGED)
    assert {Doubt.SPLIT_BY_OPERATOR, Doubt.SINGLE_REPORT} == set(notes(apart))
    found = outcome(apart, Status.REFUTED, at=minutes(1))
    after = apply([whole], [split, found]).cases
    assert [after[one.alert.alert_id].alert.status for one in (kept, apart)] == [Status.CORROBORATED, Status.REFUTED]
    back = apply([whole], [split, duplicate(apart, kept, at=minutes(1))]).cases
    assert back[apart.alert.alert_id].duplicate_of == "al_1"


def test_the_first_report_stays_with_its_alert() -> None:
    whole = alert("test:1", "test:2")
    assert "stays with it" in whys(case(whole, act(whole, ActionKind.SPLIT, report_ids=("test:1",))))[0]
    assert "none of these" in whys(case(whole, act(whole, ActionKind.SPLIT, report_ids=("test:9",))))[0]


def test_what_an_operator_split_and_data_part_is_followed() -> None:
    whole = alert("test:1", "test:2")
    split = act(whole, ActionKind.SPLIT, report_ids=("test:2",))
    apart = next(one for one in apply([whole], [split]).cases.values() if one.alert.report_ids == ("test:2",))
    found = outcome(apart, Status.REFUTED, at=minutes(1))
    docket = apply([ONE, alert("test:2", name="al_2")], [split, found])
    assert docket.cases["al_2"].alert.status is Status.REFUTED
    assert docket.cases["al_1"].alert.status is Status.ALLEGED
    assert "none of these" in whys(docket.cases["al_1"])[0]


def test_refusals_name_what_is_allowed_from_here() -> None:
    refuted = case(ONE, outcome(ONE, Status.REFUTED))
    assert refuted.allowed == (
        ActionKind.COMMENT,
        ActionKind.SPLIT,
        ActionKind.RESPOND,
        ActionKind.SEAL,
        ActionKind.REOPEN,
    )
    assert ActionKind.REOPEN not in case(ONE).allowed
    assert case(ONE).alert.status in BY_REPORTS
