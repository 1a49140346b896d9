"""Verification tasks in a store: each step into the log, in a frame of its own kind, and into a table made from it.

As with actions, the table can be made anew from the log, and what stands is a function of the set of steps
(`pipeline.recon.tasks`). Nothing is sent to anybody: a task says what people asked of each other.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline.model.records import Alert
from pipeline.model.tasks import Ask, TaskEvent, task_event, task_id
from pipeline.model.watch_terms import TaskStep
from pipeline.recon.tasks import Task, tasks
from pipeline.store.database import Store, StoreError, store_errors

TASKS = "tasks"
"""The kind of a frame of the log that holds steps of tasks."""

_TICK = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(TaskEvent).decode


class TaskRefusedError(StoreError):
    """A step that cannot be taken with the task as it stands.

    Attributes:
        allowed: what can be done from here.
    """

    def __init__(self, message: str, allowed: Sequence[TaskStep] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class Tasking:
    """The steps of tasks, in a store that is opened for writing.

    Args:
        clock: the driver's clock.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store, self._clock = store, clock
        self._sql = store.connection

    def propose(self, asks: Iterable[Ask], by: str) -> list[tuple[Task, bool]]:
        """Proposes looks; for each its task as it stands then, and whether it is new.

        Raises:
            TaskRefusedError: nothing was written.
        """
        with self.store.transaction():
            return [self._proposed(ask, by) for ask in asks]

    def take(self, name: str, step: TaskStep, by: str, **fields: Any) -> Task:
        """Takes a step with a task; how it stands then.

        Args:
            name: the task's id.
            fields: of the step (`pipeline.model.tasks.TaskEvent`), as its kind needs them.

        Raises:
            TaskRefusedError: it cannot be taken, and why.
        """
        with self.store.transaction():
            self._check_reports(fields.get("report_ids", ()))
            return self._taken(name, step, by, fields)

    def _proposed(self, ask: Ask, by: str) -> tuple[Task, bool]:
        name = task_id(ask)
        known = tasks(_events(self._sql, name)).get(name)
        if known is not None and known.state is not None:
            return known, False
        return self._taken(name, TaskStep.PROPOSE, by, {"ask": ask}), True

    def _taken(self, name: str, step: TaskStep, by: str, fields: dict[str, Any]) -> Task:
        events = _events(self._sql, name)
        now, last = self._clock(), max((one.at for one in events), default=None)
        at = now if last is None else max(now, last + _TICK)
        made = task_event(task_id=name, step=step, by=by.strip(), at=at, **fields)
        before = tasks(events).get(name)
        after = tasks([*events, made])[name]
        became = after.taken[-1]
        if not became.done:
            raise TaskRefusedError(became.why, () if before is None else before.allowed)
        _file(self._sql, made, self._log(made))
        return after

    def _check_reports(self, report_ids: Sequence[str]) -> None:
        """An answer names reports that are in the record."""
        asked = "SELECT count(*) FROM reports WHERE report_id = ?"
        missing = [name for name in report_ids if not self._sql.execute(asked, (name,)).fetchone()[0]]
        if missing:
            raise TaskRefusedError(f"the record has no report {missing[0]}: an answer's reports are recorded first")

    def _log(self, made: TaskEvent) -> int:
        # As with actions: a frame that was judged may be gone since, and its number is not given twice.
        last = "SELECT max(seq) FROM (SELECT seq FROM frames UNION ALL SELECT seq FROM positions)"
        seq = int(self._sql.execute(last).fetchone()[0] or 0) + 1
        values = seq, self._clock().isoformat(), 0, _encode(made), TASKS
        self._sql.execute(
            "INSERT INTO frames (seq, appended_at, reports, payload, kind) VALUES (?, ?, ?, ?, ?)", values
        )
        return seq


def all_tasks(store: Store) -> dict[str, Task]:
    """Every task of a store, by its id."""
    with store_errors(store.path):
        return tasks(_decode(row[0]) for row in store.connection.execute("SELECT event FROM task_events"))


def tasks_of(store: Store, alert: Alert) -> list[Task]:
    """The tasks that are about an alert, in the order in which they were proposed.

    As an action does, a task belongs to whichever alert of the provision rests on its anchor, or on what revises it.
    """
    with store_errors(store.path):
        rows = store.connection.execute(
            "WITH RECURSIVE lineage (name) AS (SELECT value FROM json_each(?) "
            "UNION SELECT report_id FROM revising JOIN lineage ON revised_by = name) "
            "SELECT DISTINCT event FROM lineage CROSS JOIN task_events ON report_id = lineage.name",
            (_encode(sorted(alert.report_ids)).decode(),),
        )
        proposals = [_decode(row[0]) for row in rows.fetchall()]
        names = {one.task_id for one in proposals if one.ask is not None and _clause(one.ask) == _clause(alert)}
        found = tasks(event for name in sorted(names) for event in _events(store.connection, name))
    return sorted((one for one in found.values() if one.state is not None), key=_begun)


def restore_tasks(connection: sqlite3.Connection) -> int:
    """Files what the log of frames has of tasks, where the table lacks it; how many steps were missing.

    In the transaction that is open.
    """
    rows = connection.execute(
        "SELECT seq, payload FROM frames WHERE kind = ? AND seq NOT IN (SELECT seq FROM task_events) ORDER BY seq",
        (TASKS,),
    ).fetchall()
    return sum(_file(connection, _decode(line), seq) for seq, payload in rows for line in payload.split(b"\n"))


def _begun(task: Task) -> tuple[datetime, str]:
    return task.taken[0].event.at, task.task_id


def _clause(one: Ask | Alert) -> tuple[str, str, str]:
    return one.agreement, one.provision, one.subject


def _events(connection: sqlite3.Connection, name: str) -> list[TaskEvent]:
    rows = connection.execute("SELECT event FROM task_events WHERE task_id = ?", (name,))
    return [_decode(row[0]) for row in rows.fetchall()]


def _file(connection: sqlite3.Connection, event: TaskEvent, seq: int) -> bool:
    anchor = None if event.ask is None else event.ask.report_id
    values = event.event_id, event.task_id, anchor, seq, _encode(event)
    return connection.execute("INSERT OR IGNORE INTO task_events VALUES (?, ?, ?, ?, ?)", values).rowcount > 0
