"""The paths of what was watched: coverage by place and time, and a line over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import numpy as np
from litestar import get
from litestar.params import FromQuery, QueryParameter

from pipeline.agreement import Agreement
from pipeline.console.asked import From, Moment, Name, utc
from pipeline.console.board import Row
from pipeline.console.core import Console, Given
from pipeline.console.problems import invalid, not_found
from pipeline.console.records import CoverageRow, CoverageTable, SpaceTime, TaskLine
from pipeline.model.tasks import Ask
from pipeline.model.taxonomy import Severity, Standing, Status
from pipeline.model.times import from_us, to_us, to_us_array
from pipeline.model.watch_terms import TaskState
from pipeline.recon.cells import cells_of
from pipeline.recon.coverage import HOUR_MS, Coverage, coverage
from pipeline.recon.grounds import Grounds
from pipeline.recon.health import health
from pipeline.recon.log import Log
from pipeline.recon.makes import Makes, load_makes
from pipeline.recon.sums import By, Each, sums
from pipeline.recon.tasks import Task, is_overdue
from pipeline.recon.trends import noticed
from pipeline.store import Store
from pipeline.store.tasking import all_tasks

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=31)
MOST_STRETCHES = 400


class Period(NamedTuple):
    """From when until when, in whole hours."""

    begin: datetime
    until: datetime


class Seen(NamedTuple):
    """Coverage of a period, and whether anybody ever said who watched."""

    found: Coverage
    told: bool


@get("/api/coverage", sync_to_thread=True, tags=["watching"])
def show_coverage(
    console: Given,
    agreement: Name = None,
    begin: From = None,
    until: Moment = None,
    by: FromQuery[By] = "sector",
    each: FromQuery[Each] = "whole",
    class_: Annotated[list[str] | None, QueryParameter(name="class", max_items=20)] = None,
) -> CoverageTable:
    """Which share of what happened would have been noticed; by default in the last 24 hours of the observation log."""
    with console.reading() as store:
        judging = console.judging(store, agreement)
        period = period_of(store, utc(begin), utc(until), console.now)
        if period is None:
            return _untold(judging.name)
        makes = load_makes()
        names = classes_of(judging, makes, class_)
        key = ("coverage", judging.fingerprint, period, by, each, tuple(names))
        told: CoverageTable = console.answers.get(
            key, version_of(store), lambda: _table(store, judging, makes, names, period, (by, each))
        )
    return told


def _untold(name: str) -> CoverageTable:
    return CoverageTable(agreement=name, begin=None, until=None, told=False, rows=[], unknown_makes=[], assets=[])


def _table(
    store: Store, agreement: Agreement, makes: Makes, names: Sequence[str], period: Period, shape: tuple[By, Each]
) -> CoverageTable:
    seen = covered(store, agreement, makes, names, period)
    counted = noticed(agreement, seen.found, store.incidents())
    by, each = shape
    rows = [
        CoverageRow(
            line=one.line,
            sector=one.sector,
            name=one.name,
            side=None if one.side is None else one.side.value,
            from_m=round(one.from_m, 1),
            to_m=round(one.to_m, 1),
            class_name=one.class_name,
            begin=one.begin,
            until=one.until,
            share=round(one.share, 4),
            watched=one.watched.value,
            says=one.says,
            noticed=one.noticed,
        )
        for one in sums(seen.found, agreement.days, by, each, counted)
    ]
    return CoverageTable(
        agreement=agreement.name,
        begin=period.begin,
        until=period.until,
        told=seen.told,
        rows=rows,
        unknown_makes=list(seen.found.log.unknown_makes),
        assets=[one._asdict() for one in health(seen.found.log, period.until)],
    )


def covered(store: Store, agreement: Agreement, makes: Makes, names: Sequence[str], period: Period) -> Seen:
    """Coverage along the agreement's lines, hour by hour."""
    # What an asset said the day before tells how it does.
    observations = list(store.observations(period.begin - timedelta(days=1), period.until))
    log = Log.of(observations, makes, agreement.areas)
    return Seen(coverage(log, cells_of(agreement), names, *period), bool(observations))


def classes_of(agreement: Agreement, makes: Makes, names: Sequence[str] | None) -> list[str]:
    """The classes of activity that are asked for; else those that the provisions are about."""
    known = [one.name for one in makes.classes]
    if names:
        if unknown := sorted(set(names) - set(known)):
            raise invalid(f"there is no class {unknown[0][:60]}; the classes are {', '.join(known)}", "class")
        return list(dict.fromkeys(names))
    wanted = {name for ground in Grounds(agreement, makes).provisions.values() for name in ground.classes}
    return [name for name in known if name in wanted] or known


def period_of(store: Store, begin: datetime | None, until: datetime | None, now: datetime) -> Period | None:
    """The time that is asked about, in whole hours; else the last day of the observation log, if there is one.

    What the log has beyond `now` is a plan, and shows nothing yet.

    Raises:
        ProblemError: it ends before it begins, or is too long.
    """
    if begin is None or until is None:
        (last_us,) = store.connection.execute("SELECT max(until_us) FROM observations").fetchone()
        if last_us is None and begin is None and until is None:
            return None
        if last_us is not None:
            last_us = min(last_us, to_us(now))
        last = until or (begin + 24 * HOUR if last_us is None and begin is not None else from_us(last_us or 0))
        begin, until = begin or last - 24 * HOUR, until or last
    try:
        begun, ended = _whole(begin), from_us(-(-to_us(until) // _HOUR_US) * _HOUR_US)
    except OverflowError as error:
        raise invalid("a time beyond all calendars", "until") from error
    if ended <= begun:
        raise invalid("the period ends before it begins", "until")
    if ended - begun > LONGEST:
        raise invalid(f"a period of more than {LONGEST.days} days: ask for less at once", "until")
    return Period(begun, ended)


_HOUR_US = HOUR_MS * 1_000


def _whole(time: datetime) -> datetime:
    return from_us(to_us(time) // _HOUR_US * _HOUR_US)


def version_of(store: Store) -> int:
    """What tells that the log of observations and the incidents are as they were."""
    asked = "SELECT coalesce(max(seq), 0) FROM frames WHERE kind IN ('reports', 'observations')"
    return int(store.connection.execute(asked).fetchone()[0])


@get("/api/spacetime", sync_to_thread=True, tags=["watching"])
def show_spacetime(
    console: Given,
    line: Annotated[str, QueryParameter(max_length=200)],
    agreement: Name = None,
    begin: From = None,
    until: Moment = None,
    step_m: Annotated[float, QueryParameter(ge=500.0, le=200_000.0)] = 5_000.0,
) -> SpaceTime:
    """A line over time: how many alerts stand in each stretch and hour, and how well it was watched meanwhile.

    By default it is the last 24 hours of the observation log; where there is none, of the alerts.
    """
    with console.reading() as store:
        judging = console.judging(store, agreement)
        if line not in judging.lines:
            raise not_found(f"the agreement has no such line; its lines are {', '.join(judging.lines)}")
        rows = _on_line(console, judging.name, line)
        period = period_of(store, utc(begin), utc(until), console.now) or _last_day(rows)
        length_m = judging.lines[line].length_m
        edges = np.linspace(0.0, length_m, min(MOST_STRETCHES, max(1, round(length_m / step_m))) + 1)
        makes = load_makes()
        names = classes_of(judging, makes, None)
        key = ("spacetime", judging.fingerprint, period, tuple(names))
        seen: Seen = console.answers.get(key, version_of(store), lambda: covered(store, judging, makes, names, period))
    hours = [period.begin + HOUR * number for number in range((period.until - period.begin) // HOUR)]
    return SpaceTime(
        agreement=judging.name,
        line=line,
        length_m=round(length_m, 1),
        edges_m=np.round(edges, 1).tolist(),
        hours=hours,
        alerts=_counts(rows, edges, period),
        grave=_counts([row for row in rows if row.alert.severity is Severity.GRAVE], edges, period),
        covered=_shares(seen, line, edges),
        markers=_markers(judging, line),
    )


@get("/api/tasks", sync_to_thread=True, tags=["watching"])
def list_tasks(console: Given) -> list[TaskLine]:
    """The looks that were asked for, to verify an alert or to close a gap; the one that is to end first comes first."""
    with console.reading() as store:
        known = all_tasks(store).values()
    now = console.now
    lines = [_task(one, one.ask, one.state, now) for one in known if one.ask is not None and one.state is not None]
    return sorted(lines, key=lambda line: (line.look_until, line.task_id))


def _task(task: Task, ask: Ask, state: TaskState, now: datetime) -> TaskLine:
    last = task.last or task.taken[-1].event
    words = [str(one).replace("_", " ") for one in (last.step, last.reason, last.outcome) if one is not None]
    return TaskLine(
        task_id=task.task_id,
        state=state.value,
        overdue=is_overdue(task, now),
        asset=ask.asset,
        kind=ask.kind,
        about=ask.about,
        agreement=ask.agreement,
        provision=ask.provision,
        look_from=ask.look_from,
        look_until=ask.look_until,
        lon=ask.lon,
        lat=ask.lat,
        radius_m=ask.radius_m,
        notices=ask.notices,
        why=ask.says,
        said=f"{', '.join(words)}, by {last.by}" + (f": {last.text}" if last.text else ""),
        at=last.at,
    )


def _on_line(console: Console, agreement: str, line: str) -> list[Row]:
    """The alerts that stand on a line."""
    return [
        row
        for row in console.snapshot.listed
        if row.alert.agreement == agreement
        and row.alert.line == line
        and row.alert.chainage_m is not None
        and row.alert.standing is Standing.RAISED
        and row.alert.status is not Status.SUPERSEDED
    ]


def _last_day(rows: Sequence[Row]) -> Period:
    last = max((row.alert.observed_from for row in rows), default=from_us(0))
    until = _whole(last) + HOUR
    return Period(until - 24 * HOUR, until)


def _counts(rows: Sequence[Row], edges: np.ndarray[Any, Any], period: Period) -> list[list[int]]:
    """How many alerts began in each hour, in each stretch."""
    chainage = np.array([row.alert.chainage_m for row in rows], dtype=np.float64)
    begun_us = to_us_array([row.alert.observed_from for row in rows])
    hours = (period.until - period.begin) // HOUR
    hour_edges = to_us(period.begin) + _HOUR_US * np.arange(hours + 1)
    # The end of the last hour belongs to the next.
    inside = (begun_us >= hour_edges[0]) & (begun_us < hour_edges[-1])
    counted, _, _ = np.histogram2d(
        (begun_us[inside] - hour_edges[0]) // _HOUR_US,
        np.clip(chainage[inside], edges[0], edges[-1]),
        bins=(np.arange(hours + 1) - 0.5, edges),
    )
    table: list[list[int]] = counted.astype(int).tolist()
    return table


def _shares(seen: Seen, line: str, edges: np.ndarray[Any, Any]) -> list[list[float | None]]:
    """By hour and stretch, the mean over both sides and all classes of what would have been noticed."""
    found, steps = seen.found, seen.found.steps
    table: list[list[float | None]] = [[None] * (len(edges) - 1) for _ in range(steps)]
    cells = [(number, one) for number, one in enumerate(found.cells.cells) if one.line_id == line]
    if not cells or not seen.told:
        return table
    by_cell = found.share.mean(axis=2)
    for column, (begin, end) in enumerate(pairwise(edges.tolist())):
        lengths = [(number, min(end, one.to_m) - max(begin, one.from_m)) for number, one in cells]
        weights = {number: length for number, length in lengths if length > 0.0}
        if not weights:
            continue
        mean = np.average(by_cell[list(weights)], axis=0, weights=list(weights.values()))
        for hour in np.flatnonzero(found.told).tolist():
            table[hour][column] = round(float(mean[hour]), 3)
    return table


def _markers(agreement: Agreement, line: str) -> list[dict[str, Any]]:
    """The named places along a line, by chainage."""
    markers = agreement.line_table(line).markers
    told = agreement.lines[line].locate(
        np.array([one.lon for one in markers], dtype=np.float64),
        np.array([one.lat for one in markers], dtype=np.float64),
    )
    return [
        {"name": one.name, "chainage_m": round(at, 1)}
        for one, at in zip(markers, told.chainage_m.tolist(), strict=True)
    ]
