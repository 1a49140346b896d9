"""Alerts that wait: when they become the supervisor's, what the register counts, and what a watch hands over."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.law.handover import handover
from pipeline.law.lifecycle import apply
from pipeline.law.register import entry, register
from pipeline.law.waiting import SUPERVISOR, Waiting, looks_after, overdue
from pipeline.model.taxonomy import ActionKind, Severity, Standing, Status
from pipeline.watch import Watch, load_watch
from tests.law.acting import NOON, act, duplicate, minutes, outcome
from tests.law.test_lifecycle import OTHER, alert

WATCH = load_watch()


@pytest.mark.parametrize(("severity", "allowed"), [("grave", 15), ("serious", 60), ("minor", 480)])
def test_how_long_an_alert_may_wait_goes_by_its_severity(severity: str, allowed: int) -> None:
    one = Waiting(alert("test:1", severity=Severity[severity.upper()]), NOON)
    assert overdue([one], NOON + minutes(allowed), WATCH) == []
    assert overdue([one], NOON + minutes(allowed + 1), WATCH) == [one]


@pytest.mark.parametrize(
    "fields",
    [{"acknowledged_by": "Ines"}, {"standing": Standing.POSSIBLE}, {"status": Status.CONFIRMED}],
)
def test_what_was_seen_was_never_raised_or_has_an_outcome_is_not_overdue(fields: dict[str, Any]) -> None:
    assert overdue([Waiting(alert("test:1", **fields), NOON)], NOON + timedelta(days=9), WATCH) == []


def test_the_supervisor_is_shown_until_somebody_acknowledges() -> None:
    one = Waiting(alert("test:1", assignee="Team 2"), NOON)
    assert looks_after(one, NOON + minutes(1), WATCH) == "Team 2"
    assert looks_after(one, NOON + minutes(20), WATCH) == SUPERVISOR
    seen = Waiting(alert("test:1", assignee="Team 2", acknowledged_by="Bo"), NOON)
    assert looks_after(seen, NOON + minutes(20), WATCH) == "Team 2"


def test_the_longest_waiting_comes_first_and_no_clock_gives_less_than_nothing() -> None:
    early, late = Waiting(OTHER, NOON), Waiting(alert("test:1"), NOON + minutes(5))
    assert overdue([late, early], NOON + minutes(60), WATCH) == [early, late]
    assert late.lasts(NOON) == timedelta()


def test_the_figures_are_those_of_the_file_with_their_reasons() -> None:
    assert {one.severity for one in WATCH.unacknowledged} == set(Severity)
    assert all(one.why for one in WATCH.unacknowledged)
    strict = Watch(1, 8.0, (WATCH.unacknowledged[0],))
    assert strict.patience(Severity.MINOR) == minutes(15)


def test_the_register_has_a_line_for_each_severity_with_medians_and_the_share_left() -> None:
    alerts = [alert(f"test:{n}", name=f"al_{n}") for n in range(5)]
    actions = [
        act(alerts[0], ActionKind.ACKNOWLEDGE, at=minutes(10)),
        outcome(alerts[0], Status.CONFIRMED, at=minutes(60)),
        outcome(alerts[1], Status.REFUTED, at=minutes(20)),
        duplicate(alerts[2], alerts[0], at=minutes(30)),
    ]
    docket = apply(alerts, actions)
    entries = [entry(Waiting(docket.cases[one.alert_id].alert, NOON), docket.cases[one.alert_id]) for one in alerts]
    (line,) = register(entries, NOON + minutes(90))
    assert (line.raised, line.seen, line.superseded, line.confirmed, line.refuted) == (5, 3, 1, 1, 1)
    assert (line.until_seen, line.until_found) == (minutes(20), minutes(40))
    assert (line.without, line.oldest) == (0.5, minutes(90))


def test_a_reopened_alert_counts_as_one_without_an_outcome() -> None:
    one = alert("test:1")
    done = [outcome(one, Status.CONFIRMED), act(one, ActionKind.REOPEN, at=minutes(1))]
    case = apply([one], done).cases[one.alert_id]
    made = entry(Waiting(case.alert, NOON), case)
    assert (made.found_at, made.seen_at) == (None, NOON)
    (line,) = register([made], NOON + minutes(5))
    assert line.without == 1.0


def test_a_note_tells_of_its_own_watch_and_of_all_that_is_open() -> None:
    old, new = alert("test:1", severity=Severity.MINOR), alert("test:5", name="al_5")
    asked = act(old, ActionKind.VERIFY, at=minutes(-600))
    docket = apply([old, new], [asked, act(new, ActionKind.RESPOND, at=minutes(-5))])
    waiting = [Waiting(docket.cases["al_1"].alert, NOON - minutes(700)), Waiting(docket.cases["al_5"].alert, NOON)]
    note = handover(waiting, [docket], NOON - minutes(480), NOON + minutes(20), WATCH)
    assert [one.alert.alert_id for one in note.open] == ["al_5", "al_1"]
    assert [one.alert.alert_id for one in note.new] == ["al_5"]
    assert [one.alert.alert_id for one in note.overdue] == ["al_5"]
    assert [(one.waiting.alert.alert_id, one.lasts) for one in note.asked] == [("al_1", minutes(620))]
    assert [one.action.kind for one in note.acts] == [ActionKind.RESPOND]
    assert note.responses == note.acts
