"""What a plan of looks is made from: the mission, the hours, open alerts and gaps, and what is asked for already."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pipeline.agreement import Agreement
from pipeline.cli.choosing import since_time
from pipeline.cli.common import UserError, say
from pipeline.cli.mission import makes_of, mission_of
from pipeline.cli.watch_log import Period, Records
from pipeline.cli.whereabouts import short_place
from pipeline.cli.words import nearest, safe
from pipeline.geometry.earth import distance_m
from pipeline.law.transitions import OPEN
from pipeline.model.records import Alert
from pipeline.model.tasks import Ask
from pipeline.model.times import to_us
from pipeline.recon.assets import Asset, Assets, Flying
from pipeline.recon.cells import cells_of
from pipeline.recon.coverage import coverage
from pipeline.recon.gain import Question
from pipeline.recon.log import Log
from pipeline.recon.looks import Surroundings
from pipeline.recon.makes import Makes
from pipeline.recon.questions import gaps, of_alert
from pipeline.recon.tasks import Task, is_open
from pipeline.recon.traces import load_traces
from pipeline.store import Store
from pipeline.store.tasking import all_tasks, tasks_of

PAST = timedelta(hours=24)
"""Of which gaps are looked for, before the hours that are planned."""

LONGEST_H = 72.0
"""Nobody knows the clouds, the jamming and the alerts of a later day."""


class Read(NamedTuple):
    """What the options name. `name` is the mission's, as tasks tell it."""

    agreement: Agreement
    makes: Makes
    mission: Assets
    name: str


class Asked(NamedTuple):
    """What there is to find out; and by name, what there is that no look is planned for, and why."""

    questions: list[Question]
    aside: list[tuple[str, str]]


def given(store: Store, agreement: str | None, mission: str | None, makes: Path | None) -> Read:
    """The mission and its agreement; without either, the agreement by which the store was judged.

    Raises:
        AgreementError, MissionError, UserError: one is not there, or has problems.
    """
    known = makes_of(makes)
    judged = list(store.agreements())
    named = agreement if agreement is not None or mission is not None or len(judged) != 1 else judged[0]
    if named is None and mission is None:
        raise UserError(f"name an agreement with -a: the store was judged by {', '.join(judged) or 'none'}")
    read, found = mission_of(mission, named, known)
    return Read(found, known, read, mission or found.name)


def around(read: Read, store: Store, begin: str | None, hours: float, cloud: str) -> Surroundings:
    """The hours that are planned, the forecast, and when assets are asked for already."""
    if hours > LONGEST_H:
        raise UserError(f"--hours {hours:g}: {LONGEST_H:g} at most")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    first = now if begin is None else since_time(begin, now, "--from").astimezone(UTC)
    assets = {one.asset_id: one for one in read.mission.assets}
    busy: dict[str, list[tuple[int, int]]] = {}
    for task in all_tasks(store).values():
        if is_open(task) and task.ask is not None:
            busy.setdefault(task.ask.asset, []).append(_busy(task.ask, assets.get(task.ask.asset)))
    end = first + timedelta(hours=hours)
    return Surroundings(read.agreement, read.makes, load_traces(), first, end, _clouds(cloud), busy)


def _busy(ask: Ask, asset: Asset | None) -> tuple[int, int]:
    """When a task's asset can do nothing else; where the task does not say so, what its way there and home takes."""
    if ask.busy_from is not None and ask.busy_until is not None:
        return to_us(ask.busy_from) // 1000, to_us(ask.busy_until) // 1000
    travel_s, turnaround_s = 0.0, 0.0
    if asset is not None and isinstance(asset.where, Flying):
        where = asset.where
        travel_s = float(distance_m(*where.home, ask.lon, ask.lat)) / where.speed_m_s
        turnaround_s = where.turnaround_s
    begin_ms, until_ms = to_us(ask.look_from) // 1000, to_us(ask.look_until) // 1000
    return begin_ms - round(1000.0 * travel_s), until_ms + round(1000.0 * (travel_s + turnaround_s))


def _clouds(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if not shares or not all(0.0 <= share <= 1.0 for share in shares):
        raise UserError(f"--cloud {safe(text, 60)}: shares from 0 to 1, as 0.4 or 0.2,0.2,0.6")
    return shares


def questions(
    read: Read,
    store: Store,
    around: Surroundings,
    wanted: tuple[int, str],
    logs: Sequence[str] | None,
    *,
    possible: bool,
) -> Asked:
    """Open alerts, and gaps of one class; without those for which somebody was asked to look already."""
    asked, aside = list[Question](), list[tuple[str, str]]()
    for alert in store.alerts(possible=possible):
        if alert.agreement != read.agreement.name or alert.status not in OPEN:
            continue
        tasks = [task for task in tasks_of(store, alert) if is_open(task)]
        made = _asked_already(tasks) or _of_alert(read, store, alert, around)
        if isinstance(made, str):
            aside.append((alert.alert_id, made))
        else:
            asked.append(made)
    open_gaps: dict[str, list[Task]] = {}
    for task in all_tasks(store).values():
        if is_open(task) and task.ask is not None and task.ask.kind == "gap":
            open_gaps.setdefault(task.ask.about, []).append(task)
    for gap in _gaps(read, store, around, wanted, logs):
        already = _asked_already(open_gaps.get(gap.name, ()))
        if already:
            aside.append((gap.name, already))
        else:
            asked.append(gap)
    return Asked(asked, aside)


def _asked_already(tasks: Sequence[Task]) -> str:
    return f"a task is open: {tasks[0].task_id}" if tasks else ""


def _of_alert(read: Read, store: Store, alert: Alert, around: Surroundings) -> Question | str:
    incident = store.incident(alert.incident_id)
    activity = None if incident is None else incident.activity
    return of_alert(alert, activity, read.makes, around.begin, short_place(alert, read.agreement))


def _gaps(
    read: Read, store: Store, around: Surroundings, wanted: tuple[int, str], logs: Sequence[str] | None
) -> Iterator[Question]:
    most, name = wanted
    if not most:
        return
    if read.makes.class_named(name) is None:
        raise UserError(nearest(name, [one.name for one in read.makes.classes], "class"))
    past = Period(around.begin - PAST, around.begin)
    log = Log.of(Records.of(store, logs).about(past, read.makes), read.makes, read.agreement.areas)
    found = coverage(log, cells_of(read.agreement), [name], *past)
    if not found.told.any():
        say("nobody said who watched in the 24 hours before: no gaps are planned for (docs/recon.md)")
        return
    yield from gaps(found, read.agreement, most)
