"""Invented tasks and steps."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.model.tasks import Ask, TaskEvent, task_event, task_id
from pipeline.model.watch_terms import TaskOutcome, TaskReason, TaskStep

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)

WELL_SAID: dict[TaskStep, dict[str, Any]] = {
    TaskStep.PROPOSE: {},
    TaskStep.REQUEST: {},
    TaskStep.ACCEPT: {},
    TaskStep.START: {},
    TaskStep.ANSWER: {"outcome": TaskOutcome.EVIDENCE_FOUND},
    TaskStep.FAIL: {"reason": TaskReason.WEATHER},
    TaskStep.WITHDRAW: {"reason": TaskReason.NO_LONGER_NEEDED},
}


def ask(number: int = 0, **fields: Any) -> Ask:
    """A look at an alert."""
    given: dict[str, Any] = {
        "asset": f"drone-{number}",
        "kind": "alert",
        "about": "al_1",
        "look_from": NOON + timedelta(hours=1),
        "look_until": NOON + timedelta(hours=2),
        "lon": 37.6,
        "lat": 48.2,
        "radius_m": 300.0,
        "notices": "heavy_fire",
        "agreement": "world",
        "provision": "ceasefire",
        "report_id": "test:1",
    }
    return Ask(**{**given, **fields})


def step(kind: TaskStep, number: int = 0, *, at_s: float = 0.0, by: str = "Ines", **fields: Any) -> TaskEvent:
    """A step of a task, well said unless the fields say otherwise."""
    asked = ask(number)
    given = {**WELL_SAID[kind], **({"ask": asked} if kind is TaskStep.PROPOSE else {}), **fields}
    return task_event(task_id=task_id(asked), step=kind, by=by, at=NOON + timedelta(seconds=at_s), **given)
