"""The lifecycle of verification tasks: from a proposal to what the look found.

A pure function of the set of steps: each step once, sorted by time and id, so that neither the order in which they come
nor repeats matter. A step that is not legal from where the task stands is kept, and says why it is not in force: two
people may be at it at once. `docs/tasking.md` shows the table to people.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from pipeline.model.tasks import Ask, TaskEvent, reasons_for_step, task_id
from pipeline.model.watch_terms import TaskState, TaskStep

NOT_BEGUN = None
"""Where a task stands before it is proposed."""

ENDED = frozenset({TaskState.ANSWERED, TaskState.FAILED, TaskState.WITHDRAWN})
"""The states from which no step leads on."""

_ASKED = frozenset({TaskState.REQUESTED, TaskState.ACCEPTED, TaskState.UNDER_WAY})


class Rule(NamedTuple):
    """From which states a step is legal, and what the task becomes."""

    begins: frozenset[TaskState | None]
    becomes: TaskState


RULES: Mapping[TaskStep, Rule] = {
    TaskStep.PROPOSE: Rule(frozenset({NOT_BEGUN}), TaskState.PROPOSED),
    TaskStep.REQUEST: Rule(frozenset({TaskState.PROPOSED}), TaskState.REQUESTED),
    TaskStep.ACCEPT: Rule(frozenset({TaskState.REQUESTED}), TaskState.ACCEPTED),
    TaskStep.START: Rule(frozenset({TaskState.ACCEPTED}), TaskState.UNDER_WAY),
    TaskStep.ANSWER: Rule(_ASKED - {TaskState.REQUESTED}, TaskState.ANSWERED),
    TaskStep.FAIL: Rule(_ASKED, TaskState.FAILED),
    TaskStep.WITHDRAW: Rule(_ASKED | {TaskState.PROPOSED}, TaskState.WITHDRAWN),
}
"""The steps. Whatever is not here is refused, and says why."""


class Taken(NamedTuple):
    """What became of a step: `done`, or else in `why` the reason for which it is not in force."""

    event: TaskEvent
    done: bool
    why: str = ""


class Task(NamedTuple):
    """A task as it stands.

    Attributes:
        state: None where it was never proposed, as far as is known: its steps are kept until it is.
        taken: in order of time, those that are not in force among them.
        allowed: what may be done with it from here.
    """

    task_id: str
    state: TaskState | None
    ask: Ask | None
    taken: tuple[Taken, ...]
    allowed: tuple[TaskStep, ...]

    @property
    def last(self) -> TaskEvent | None:
        """The step by which it came to stand where it does."""
        return next((one.event for one in reversed(self.taken) if one.done), None)

    @property
    def report_ids(self) -> tuple[str, ...]:
        """The reports that its answer names."""
        return self.last.report_ids if self.last is not None and self.last.step is TaskStep.ANSWER else ()


def is_open(task: Task) -> bool:
    """Whether somebody has still to do something about it."""
    return task.state is not None and task.state not in ENDED


def is_overdue(task: Task, now: datetime) -> bool:
    """Whether it is open, and the time for the look has passed."""
    return is_open(task) and task.ask is not None and task.ask.look_until < now


def in_order(events: Iterable[TaskEvent]) -> list[TaskEvent]:
    """Each step once, by time and then by id."""
    once = {event.event_id: event for event in events}
    return sorted(once.values(), key=lambda event: (event.at, event.event_id))


def tasks(events: Iterable[TaskEvent]) -> dict[str, Task]:
    """Every task by its id, sorted: where it stands, and what became of each step."""
    by_task: dict[str, list[TaskEvent]] = {}
    for event in in_order(events):
        by_task.setdefault(event.task_id, []).append(event)
    return {name: _followed(name, steps) for name, steps in sorted(by_task.items())}


def _followed(name: str, steps: Iterable[TaskEvent]) -> Task:
    state: TaskState | None = None
    ask: Ask | None = None
    taken: list[Taken] = []
    last: TaskEvent | None = None
    for event in steps:
        why = unsaid(event) or _refusal(event.step, state, last)
        taken.append(Taken(event, not why, why))
        if not why:
            state, ask, last = RULES[event.step].becomes, event.ask or ask, event
    return Task(name, state, ask, tuple(taken), allowed_from(state))


def allowed_from(state: TaskState | None) -> tuple[TaskStep, ...]:
    """What may be done with a task from a state."""
    return tuple(step for step, rule in RULES.items() if state in rule.begins)


def _refusal(step: TaskStep, state: TaskState | None, last: TaskEvent | None) -> str:
    if state in RULES[step].begins:
        return ""
    if state is None or last is None:
        return "nobody has proposed it"
    by = f", by {last.by}"
    if step is TaskStep.PROPOSE:
        return f"it is proposed already: it is {_words(state)}{by}"
    if state in ENDED:
        return f"it is {_words(state)}{by}: propose another look instead"
    needed = " or ".join(_words(one) for one in TaskState if one in RULES[step].begins)
    return f"it is {_words(state)}{by}; for {step} it has to be {needed}"


def unsaid(event: TaskEvent) -> str:
    """What a step lacks, or says wrongly; empty where it is well said."""
    if not event.by.strip():
        return "a step needs the name of whoever takes it"
    reasons = reasons_for_step(event.step)
    if reasons and event.reason not in reasons:
        return f"it needs a reason, one of {', '.join(reasons)}"
    if not reasons and event.reason is not None:
        return f"{event.step} takes no reason"
    if event.step is not TaskStep.ANSWER and (event.outcome is not None or event.report_ids):
        return f"{event.step} takes no outcome and no reports: these are an answer's"
    is_said, lacking = _NEEDS.get(event.step, (bool, ""))
    return "" if is_said(event) else lacking


_NEEDS: Mapping[TaskStep, tuple[Callable[[TaskEvent], bool], str]] = {
    TaskStep.PROPOSE: (
        lambda one: one.ask is not None and one.task_id == task_id(one.ask) and one.ask.look_from <= one.ask.look_until,
        "a proposal says what is asked for, under the id that follows from it",
    ),
    TaskStep.ANSWER: (lambda one: one.outcome is not None, "an answer says what the look found"),
}
"""What a step must say, beside its author and its reason."""


def _words(state: TaskState) -> str:
    return state.value.replace("_", " ")
