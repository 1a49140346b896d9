"""The lifecycle of tasks: whatever people do, in whatever order it comes, no step is lost and none is unexplained."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from pipeline.cli.show_tasks import alert_task_lines, handover_task_lines
from pipeline.model.tasks import TaskEvent, task_id
from pipeline.model.watch_terms import TaskOutcome, TaskReason, TaskState, TaskStep
from pipeline.recon.tasks import ENDED, RULES, Task, allowed_from, is_open, is_overdue, tasks
from pipeline.store import open_store
from pipeline.store.tasking import Tasking, TaskRefusedError, all_tasks, restore_tasks, tasks_of
from tests.cli.recorded import CLEAR, agreement_file, record
from tests.recon.asking import NOON, WELL_SAID, ask, step

REACHED = {
    TaskState.PROPOSED: [],
    TaskState.REQUESTED: [TaskStep.REQUEST],
    TaskState.ACCEPTED: [TaskStep.REQUEST, TaskStep.ACCEPT],
    TaskState.UNDER_WAY: [TaskStep.REQUEST, TaskStep.ACCEPT, TaskStep.START],
    TaskState.ANSWERED: [TaskStep.REQUEST, TaskStep.ACCEPT, TaskStep.ANSWER],
    TaskState.FAILED: [TaskStep.REQUEST, TaskStep.FAIL],
    TaskState.WITHDRAWN: [TaskStep.WITHDRAW],
}
"""By state, the steps after the proposal that lead there."""


class Lifecycle(RuleBasedStateMachine):
    """Several people take steps with three tasks, legal or not, well said or not, at times that may be the same."""

    @initialize()
    def begin(self) -> None:
        self.events: list[TaskEvent] = []

    @rule(
        kind=st.sampled_from(TaskStep),
        number=st.integers(0, 2),
        by=st.sampled_from(["Ines", "Bo", " "]),
        moves_on=st.booleans(),
        reason=st.sampled_from([None, *TaskReason]),
        as_said=st.booleans(),
    )
    def take(self, kind: TaskStep, number: int, by: str, moves_on: bool, reason: Any, as_said: bool) -> None:
        fields = {} if as_said else {"reason": reason, "outcome": None}
        last = max((one.at for one in self.events), default=NOON)
        at_s = (last - NOON).total_seconds() + moves_on
        self.events.append(step(kind, number, at_s=at_s, by=by, **fields))

    @invariant()
    def no_step_is_lost_and_none_is_unexplained(self) -> None:
        found = tasks(self.events)
        held = [one for task in found.values() for one in task.taken]
        assert {one.event.event_id for one in held} == {one.event_id for one in self.events}
        assert all(one.done != bool(one.why) for one in held)

    @invariant()
    def its_steps_lead_to_where_it_stands(self) -> None:
        for task in tasks(self.events).values():
            done = [one.event.step for one in task.taken if one.done]
            states = [None, *(RULES[kind].becomes for kind in done)]
            assert all(state in RULES[kind].begins for state, kind in zip(states, done, strict=False))
            assert task.state == states[-1]
            assert task.allowed == allowed_from(task.state)
            assert all(state not in ENDED for state in states[:-1])
            assert task.state is None or task.ask is not None

    def teardown(self) -> None:
        """In any other order, and told twice, it is the same."""
        shuffled = [*self.events, *self.events]
        Random(0).shuffle(shuffled)
        assert tasks(shuffled) == tasks(self.events)


Lifecycle.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestLifecycle = Lifecycle.TestCase


def reached(state: TaskState) -> Task:
    steps = [TaskStep.PROPOSE, *REACHED[state]]
    return tasks(step(kind, at_s=number) for number, kind in enumerate(steps))[task_id(ask())]


@pytest.mark.parametrize("state", TaskState)
def test_every_state_is_reached_and_refuses_with_a_reason_what_it_does_not_allow(state: TaskState) -> None:
    task = reached(state)
    assert task.state is state
    for kind in TaskStep:
        after = tasks([*(one.event for one in task.taken), step(kind, at_s=9, by="Bo")])[task.task_id]
        assert after.taken[-1].done is (kind in task.allowed), kind
        assert (after.taken[-1].why == "") is (kind in task.allowed)
    assert is_open(task) is (state not in ENDED)
    assert is_overdue(task, NOON + timedelta(hours=3)) is is_open(task)
    assert not is_overdue(task, NOON)


def test_refusals_say_what_stands_in_the_way() -> None:
    proposed = step(TaskStep.PROPOSE)
    answered = [one.event for one in reached(TaskState.ANSWERED).taken]
    for events, said in (
        ([step(TaskStep.ACCEPT)], "nobody has proposed it"),
        (
            [step(TaskStep.PROPOSE), step(TaskStep.START, at_s=1)],
            "it is proposed, by Ines; for start it has to be accepted",
        ),
        ([*answered, step(TaskStep.FAIL, at_s=9)], "it is answered, by Ines: propose another look instead"),
        ([proposed, step(TaskStep.PROPOSE, at_s=1, by="Bo")], "it is proposed already"),
    ):
        assert said in tasks(events)[task_id(ask())].taken[-1].why


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (TaskStep.PROPOSE, {"by": " "}, "the name of whoever"),
        (TaskStep.PROPOSE, {"ask": None}, "what is asked for"),
        (TaskStep.PROPOSE, {"ask": ask(1)}, "under the id that follows from it"),
        (TaskStep.FAIL, {"reason": None}, "needs a reason, one of weather"),
        (TaskStep.FAIL, {"reason": TaskReason.MADE_IN_ERROR}, "needs a reason, one of weather"),
        (TaskStep.REQUEST, {"reason": TaskReason.WEATHER}, "takes no reason"),
        (TaskStep.ANSWER, {"outcome": None}, "what the look found"),
        (TaskStep.START, {"outcome": TaskOutcome.UNCLEAR}, "takes no outcome"),
        (TaskStep.START, {"report_ids": ("test:1",)}, "takes no outcome and no reports"),
    ],
)
def test_what_is_not_well_said_is_refused(kind: TaskStep, fields: dict[str, Any], said: str) -> None:
    (task,) = tasks([step(kind, **fields)]).values()
    assert said in task.taken[-1].why


def test_the_same_look_proposed_twice_is_one_task_whatever_it_was_expected_to_give() -> None:
    assert task_id(ask(points=1.0, says="why", about="al_2", mission="other")) == task_id(ask())
    assert task_id(ask(look_from=NOON)) != task_id(ask())
    gap: dict[str, Any] = {"kind": "gap", "report_id": None}
    assert task_id(ask(about="one", **gap)) != task_id(ask(about="other", **gap))


def test_a_store_keeps_every_step_and_makes_the_tasks_anew_from_its_log(tmp_path: Path) -> None:
    path, name = tmp_path / "truceline.db", task_id(ask())
    with open_store(path, write=True) as opened:
        tasking = Tasking(opened, clock=lambda: NOON)
        assert [(one.state, is_new) for one, is_new in tasking.propose([ask(), ask(1), ask()], "Ines")] == [
            (TaskState.PROPOSED, True),
            (TaskState.PROPOSED, True),
            (TaskState.PROPOSED, False),
        ]
        for kind in REACHED[TaskState.UNDER_WAY]:
            tasking.take(name, kind, "Bo", **WELL_SAID[kind])
        with pytest.raises(TaskRefusedError, match="it is under way") as refused:
            tasking.take(name, TaskStep.ACCEPT, "Bo")
        assert refused.value.allowed == (TaskStep.ANSWER, TaskStep.FAIL, TaskStep.WITHDRAW)
        with pytest.raises(TaskRefusedError, match="the record has no report test:9"):
            tasking.take(name, TaskStep.ANSWER, "Bo", outcome=TaskOutcome.UNCLEAR, report_ids=("test:9",))
        before = all_tasks(opened)
        assert before[name].state is TaskState.UNDER_WAY
        times = [one.event.at for one in before[name].taken]
        assert all(early < late for early, late in pairwise(times)), "the clock stood still, the steps did not"
        opened.connection.execute("DELETE FROM task_events")
        assert restore_tasks(opened.connection) == 5
        assert restore_tasks(opened.connection) == 0
        assert all_tasks(opened) == before


def test_a_task_follows_its_alert_to_the_report_that_revises_its_anchor(tmp_path: Path) -> None:
    file = agreement_file(tmp_path / "agreement")
    store = record(tmp_path / "truceline.db", file, [CLEAR])
    with open_store(store, write=True) as opened:
        (alert,) = (one for one in opened.alerts() if one.provision == "ceasefire")
        about: dict[str, Any] = {
            "agreement": alert.agreement,
            "provision": alert.provision,
            "report_id": alert.report_ids[0],
        }
        Tasking(opened).propose([ask(about=alert.alert_id, **about)], "Ines")
    record(store, file, [replace(CLEAR, report_id="test:90", revises=CLEAR.report_id)])
    with open_store(store) as opened:
        (after,) = (one for one in opened.alerts() if one.provision == "ceasefire")
        others = [one for one in opened.alerts(possible=True) if one.provision != "ceasefire"]
        assert (after.alert_id != alert.alert_id, after.report_ids) == (True, ("test:90",))
        (task,) = tasks_of(opened, after)
        assert alert_task_lines([task], NOON)[0].startswith(f"{task.task_id}: drone-0, 2026-03-20 13:00 to 14:00 UTC")
        (line,) = handover_task_lines([task], NOON + timedelta(hours=3))
        assert "proposed, overdue, by Ines" in line
        assert not [one for other in others for one in tasks_of(opened, other)]
