"""One alert with all that is known of it, and what operators do with it: for the page and for the terminal."""

import msgspec

from pipeline.console.acts import act_record, checked, fields_of
from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.problems import ProblemError
from pipeline.console.records import AlertDetail, Done, Listed, Wish
from pipeline.model.records import Alert
from pipeline.recon.tasks import Task
from pipeline.store.acting import Acting, MovedOnError
from pipeline.store.tasking import tasks_of


def opened(console: Console, alert_id: str) -> AlertDetail:
    """One alert: its incident, reports, doubts, history, what was done with it and what may be, all of it in words.

    Raises:
        ProblemError: there is none of this id.
        StoreError: the store cannot be read.
    """
    row = console.row(alert_id)
    with console.reading() as store:
        alert = store.alert(alert_id) or row.alert
        found = Acting(store).look(alert)
        row = Row(alert, row.revision if found is None else found.revision, row.raised_at)
        behind = console.settings.telling.alert(store, alert, console.now)
        incident = store.incident(alert.incident_id)
        history = list(store.history(alert_id))
        tasks = [_task(one) for one in tasks_of(store, alert)]
    return AlertDetail(
        alert=console.listed(row),
        doubts=list(console.settings.telling.doubts(alert)),
        incident=incident,
        reports=list(behind.reports),
        history=history,
        acts=[act_record(act) for act in behind.acts],
        allowed=[] if found is None else list(found.case.allowed),
        passages=list(behind.passages),
        tasks=tasks,
        now=list(behind.now),
    )


def _task(one: Task) -> dict[str, object]:
    """A task with its steps, as programs have it."""
    return {
        "task_id": one.task_id,
        "state": one.state,
        "ask": one.ask,
        "allowed": list(one.allowed),
        "report_ids": list(one.report_ids),
        "steps": [{"event": taken.event, "done": taken.done, "why": taken.why or None} for taken in one.taken],
    }


def done(console: Console, row: Row, wish: Wish, revision: int | None) -> Done:
    """Does what an operator wishes with an alert.

    Args:
        revision: that the operator had before him; None for whatever stands.

    Raises:
        ProblemError: the wish is badly said, or the alert has moved on: then it holds how the alert stands now.
        RefusedError: it cannot be done from where the alert stands.
        StoreError: nothing was written.
    """
    other = None if wish.other is None else console.row(wish.other).alert
    alert, fields = row.alert, fields_of(wish)
    checked(wish, alert, other, console.settings.telling.agreement(alert.agreement))
    try:
        acted = console.backend.act(alert, wish.action, wish.by, revision=revision, other=other, **fields)
    except MovedOnError as moved:
        raise _moved_on(console, alert, moved) from moved
    case = acted.case
    listed = None if case is None else console.listed(Row(case.alert, acted.revision, row.raised_at))
    acts = [] if case is None else [one for one in case.acts if one.action.action_id == acted.action.action_id]
    record = act_record(acts[0] if acts else acted.action)
    return Done(act=record, alert=listed, allowed=[] if case is None else list(case.allowed))


def _moved_on(console: Console, alert: Alert, moved: MovedOnError) -> ProblemError:
    """The conflict, with the alert as it stands."""
    present: Listed | None = None
    with console.reading() as store:
        found = store.alert(alert.alert_id)
        standing = None if found is None else Acting(store).look(found)
        if standing is not None:
            raised_at = console.row(alert.alert_id).raised_at
            present = console.listed(Row(standing.case.alert, standing.revision, raised_at))
    told = None if present is None else msgspec.to_builtins(present)
    return ProblemError(409, "moved_on", str(moved), present=told)
