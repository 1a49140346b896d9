"""Verification tasks: looks that somebody is asked for, and what was done about them; records like actions."""

import hashlib
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from pipeline.model.report import Time
from pipeline.model.watch_terms import TaskOutcome, TaskReason, TaskStep


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task asks for: one asset, one place, one time, for one alert or one gap.

    Like an action it is anchored on a report, so that it follows its alert through merges.

    Attributes:
        mission: the file or the name of the mission whose asset it is.
        kind: whether it is to verify an alert, or to close a gap: a place where nobody watched.
        about: the alert's id as it was then, or the name of the gap.
        look_from, look_until: when to look.
        busy_from, busy_until: when the asset can do nothing else: on its way, and until it can go again, among them.
        radius_m: of the place about its centre.
        notices: the class of activity of which signs are looked for.
        agreement, provision, subject, report_id: of an alert: its clause, and the anchor, its canonical report.
        points, cost_h: what the look was expected to give, and to cost in hours of one drone in the air.
        says: why, in a sentence.
    """

    asset: str
    kind: Literal["alert", "gap"]
    about: str
    look_from: Time
    look_until: Time
    lon: float
    lat: float
    radius_m: float
    notices: str
    mission: str = ""
    agreement: str = ""
    provision: str = ""
    subject: str = ""
    report_id: str | None = None
    points: float | None = None
    cost_h: float | None = None
    says: str = ""
    busy_from: Time | None = None
    busy_until: Time | None = None


class TaskEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of one task.

    Attributes:
        event_id: derived from all the rest.
        task_id: derived from what is asked for.
        ask: of a proposal, what it is.
        reason: one term, where the step needs one (`reasons_for_step`).
        text: words, kept as they are.
        outcome: of an answer, what the look found.
        report_ids: of an answer, the reports that tell of it.
    """

    event_id: str = ""
    task_id: str
    step: TaskStep
    by: str
    at: Time
    ask: Ask | None = None
    reason: TaskReason | None = None
    text: str | None = None
    outcome: TaskOutcome | None = None
    report_ids: tuple[str, ...] = ()


_encode = msgspec.json.Encoder().encode


def task_id(ask: Ask) -> str:
    """The id of the task that asks for a look: who proposes the same look twice proposes one task.

    What it was expected to give, to cost and to keep the asset from is left out, and so is the name that its alert had.
    """
    anchor = ask.about if ask.report_id is None else ""
    asked = replace(ask, points=None, cost_h=None, busy_from=None, busy_until=None, says="", mission="", about=anchor)
    return "ta_" + hashlib.sha256(_encode(asked)).hexdigest()[:20]


def task_event(**fields: Any) -> TaskEvent:
    """A step with the id that follows from its content: told twice, it is one."""
    made = TaskEvent(**fields)
    return replace(made, event_id="te_" + hashlib.sha256(_encode(replace(made, event_id=""))).hexdigest()[:20])


def reasons_for_step(step: TaskStep) -> tuple[TaskReason, ...]:
    """The reasons that a step may have; none where it needs none.

    >>> [reason.value for reason in reasons_for_step(TaskStep.WITHDRAW)]
    ['no_longer_needed', 'another_instead', 'made_in_error']
    """
    return tuple(reason for reason in TaskReason if reason.group == step.value)
