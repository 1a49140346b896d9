"""Verification tasks in words: in a list, on their own page, on an alert's, and in the note for the next watch."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.cli.layout import Folds, Row
from pipeline.cli.printing import Section
from pipeline.cli.words import distance, position, safe, stamp
from pipeline.model.tasks import Ask, TaskEvent
from pipeline.model.watch_terms import TaskStep
from pipeline.recon.tasks import Taken, Task, is_open, is_overdue

HEADINGS = ("task", "state", "look (UTC)", "asset", "for", "notices", "last step")
FOLDS = Folds(first=(0, 1, 2), second=(3, 4, 5), third=(6,), standing_out=1)

NAMED = 8
"""So many reports are named in a line; `--json` has them all."""

_DID = {
    TaskStep.PROPOSE: "proposed it",
    TaskStep.REQUEST: "asked for it",
    TaskStep.ACCEPT: "accepted it",
    TaskStep.START: "said that it has begun",
    TaskStep.ANSWER: "recorded the answer",
    TaskStep.FAIL: "recorded that it failed",
    TaskStep.WITHDRAW: "withdrew it",
}


def task_row(task: Task, now: datetime) -> Row:
    """A task in one row."""
    last = task.last
    overdue = is_overdue(task, now)
    cells = (
        task.task_id,
        state_words(task, now),
        "" if task.ask is None else span(task.ask),
        "" if task.ask is None else task.ask.asset,
        "" if task.ask is None else task.ask.about,
        "" if task.ask is None else task.ask.notices,
        "" if last is None else f"{stamp(_utc(last.at))}, {last.by}",
    )
    return Row(tuple(map(safe, cells)), "bold red" if overdue else "bold" if is_open(task) else "", not is_open(task))


def state_words(task: Task, now: datetime) -> str:
    """Where it stands; and that its time has passed, if so."""
    state = "unknown" if task.state is None else task.state.value.replace("_", " ")
    outcome = task.last.outcome if task.last is not None else None
    said = f"{state}: {outcome.value.replace('_', ' ')}" if outcome is not None else state
    return f"{said}, overdue" if is_overdue(task, now) else said


def span(ask: Ask) -> str:
    """When to look."""
    begin, until = _utc(ask.look_from), _utc(ask.look_until)
    end = f"{until:%H:%M}" if begin.date() == until.date() else stamp(until)
    return f"{begin:%Y-%m-%d %H:%M} to {end}"


def task_sections(task: Task, now: datetime) -> list[Section]:
    """A task's own page."""
    said = [Section("Asked for", _asked(task.ask)), Section("Stands", (state_words(task, now),))]
    if task.report_ids:
        said.append(Section("Answer's reports", (_listed(task.report_ids),)))
    said.append(Section("Steps", tuple(map(step_line, task.taken))))
    if task.allowed:
        said.append(Section("From here", (", ".join(task.allowed),)))
    return [section for section in said if section.lines]


def _asked(ask: Ask | None) -> tuple[str, ...]:
    if ask is None:
        return ()
    about = f"to verify alert {ask.about}" if ask.kind == "alert" else f"to close the gap {ask.about}"
    lines = [
        f"{safe(ask.asset)}, {span(ask)} UTC, {safe(about)}",
        f"{position(ask.lon, ask.lat)}, within {distance(ask.radius_m)}; signs of {safe(ask.notices)}",
    ]
    if ask.points is not None and ask.cost_h is not None:
        lines.append(f"expected to give {ask.points:.3f} points, at a cost of {ask.cost_h:.1f} h of a drone in the air")
    return (*lines, safe(ask.says)) if ask.says else tuple(lines)


def step_line(taken: Taken) -> str:
    """When, who, what; and why it is not in force, if it is not."""
    one = taken.event
    said = f"{stamp(_utc(one.at))} UTC, {safe(one.by, 200)} {_did(one)}"
    return said if taken.done else f"{said}. Not in force: {safe(taken.why)}."


def _did(one: TaskEvent) -> str:
    words = _DID[one.step]
    if one.outcome is not None:
        words += f": {one.outcome.meaning}"
    if one.report_ids:
        words += f", in {_listed(one.report_ids)}"
    if one.reason is not None:
        words += f" ({one.reason.meaning})"
    return f"{words}: “{safe(one.text)}”" if one.text else words


def alert_task_lines(tasks: Sequence[Task], now: datetime) -> tuple[str, ...]:
    """The tasks of an alert, a line each, for the alert's page."""
    lines = []
    for task in tasks:
        if task.ask is None or task.last is None:
            continue
        answer = f"; reports: {_listed(task.report_ids)}" if task.report_ids else ""
        last = f"{safe(task.last.by, 200)}, {stamp(_utc(task.last.at))} UTC"
        look = f"{safe(task.ask.asset)}, {span(task.ask)} UTC"
        lines.append(f"{task.task_id}: {look}; {state_words(task, now)} ({last}){answer}")
    return tuple(lines)


def handover_task_lines(tasks: Iterable[Task], now: datetime) -> Iterator[str]:
    """The tasks that are open, as a list in Markdown: those whose time has passed first, then by when to look."""
    standing = [task for task in tasks if is_open(task) and task.ask is not None]
    for task in sorted(standing, key=lambda one: (not is_overdue(one, now), _look_from(one), one.task_id)):
        assert task.ask is not None
        last = "" if task.last is None else f", by {safe(task.last.by, 200)}"
        yield (
            f"- `{task.task_id}` {state_words(task, now)}{last}: {safe(task.ask.asset)}, {span(task.ask)} UTC, "
            f"for `{safe(task.ask.about)}`"
        )


def _look_from(task: Task) -> datetime:
    return datetime.max.replace(tzinfo=UTC) if task.ask is None else task.ask.look_from


def task_fields(task: Task, now: datetime) -> dict[str, Any]:
    """A task as programs have it."""
    return {
        "task_id": task.task_id,
        "state": task.state,
        "overdue": is_overdue(task, now),
        "ask": None if task.ask is None else msgspec.to_builtins(task.ask),
        "outcome": None if task.last is None else task.last.outcome,
        "report_ids": task.report_ids,
        "allowed": task.allowed,
        "steps": [{**msgspec.to_builtins(one.event), "done": one.done, "why": one.why or None} for one in task.taken],
    }


def headline(task: Task) -> str:
    """Its figures in one line."""
    if task.ask is None or task.state is None:
        return "nobody has proposed it"
    return f"{task.state.value.replace('_', ' ')} · {task.ask.kind} · {safe(task.ask.asset)}"


def _listed(report_ids: Sequence[str]) -> str:
    more = f" and {len(report_ids) - NAMED} more" if len(report_ids) > NAMED else ""
    return ", ".join(safe(name, 120) for name in report_ids[:NAMED]) + more


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(second=0, microsecond=0)
