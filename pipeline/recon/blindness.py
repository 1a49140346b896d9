"""Blind spells: where next to nothing would have been noticed, since when, until when, and why.

Of the mission's own blindness they tell if coverage is reckoned without what others see (`coverage.OTHERS`).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools
from pipeline.model.taxonomy import Side
from pipeline.model.times import from_us
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.coverage import Coverage
from pipeline.recon.log import NOWHERE, AssetLog
from pipeline.recon.within import within


class Cause(NamedTuple):
    """Assets that would have watched there and could not, for one reason.

    Attributes:
        reason: in the words of the records; None where they give none.
    """

    state: ObservationState
    reason: str | None
    assets: tuple[str, ...]


class Spell(NamedTuple):
    """Neighbouring cells of one side that were blind for one class during the same time.

    Attributes:
        sectors: the ids of the sectors that it touches.
        since, until: from the records of those that went blind, where these tell; else from the steps' bounds.
        from_before, goes_on: whether it reaches to the beginning, or the end, of what was looked at: then it began
            earlier, or ends later, than it was looked for.
        causes: empty where there was nobody who would have watched.
        cells, steps: from the first to the last, their end being one more.
    """

    class_name: str
    line_id: str
    side: Side
    sectors: tuple[str, ...]
    from_m: float
    to_m: float
    since: datetime
    until: datetime
    from_before: bool
    goes_on: bool
    causes: tuple[Cause, ...]
    cells: tuple[int, int]
    steps: tuple[int, int]


class _Blinded(NamedTuple):
    """A record that an asset could not watch, and the cells that it would have watched."""

    asset: str
    state: ObservationState
    reason: str | None
    from_ms: int
    until_ms: int
    cells: Bools


def blind_spells(coverage: Coverage, least_s: float = 0.0) -> list[Spell]:
    """All blind spells of at least some length, by line, side and chainage, then time.

    Silence of which nobody said who watched is unknown, and is no spell.
    """
    found = list[Spell]()
    below = coverage.log.makes.words.unobserved_below
    for column, name in enumerate(coverage.class_names):
        blind = (coverage.share[:, :, column] < below) & coverage.told
        records = _blinded(coverage, name) if blind.any() else []
        found += [
            _spell(coverage, name, rectangle, records)
            for rectangle in _rectangles(coverage, blind)
            if (rectangle[3] - rectangle[2]) * coverage.step_ms >= 1000.0 * least_s
        ]
    return sorted(found, key=lambda one: (one.line_id, one.side.value, one.from_m, one.since, one.class_name))


def _rectangles(coverage: Coverage, blind: Bools) -> list[tuple[int, int, int, int]]:
    """First and last cell, first and last step of runs that neighbouring cells share; the ends are one more."""
    cells = coverage.cells.cells
    open_: dict[tuple[int, int], int] = {}
    found = list[tuple[int, int, int, int]]()
    for number in range(len(cells) + 1):
        here = set(_runs(blind[number])) if number < len(cells) else set[tuple[int, int]]()
        one, before = cells[min(number, len(cells) - 1)], cells[number - 1]
        apart = number and (one.line_id, one.side) != (before.line_id, before.side)
        for run in list(open_):
            if apart or run not in here:
                found.append((open_.pop(run), number, *run))
        for run in here:
            open_.setdefault(run, number)
    return found


def _runs(row: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _blinded(coverage: Coverage, class_name: str) -> list[_Blinded]:
    """Records of blindness, or of watching worse, of the assets that notice a class."""
    found = list[_Blinded]()
    for one in coverage.log.assets:
        if one.make is None or class_name not in one.make.sees:
            continue
        rows = np.flatnonzero(
            (one.until_ms > coverage.begin_ms) & (one.from_ms < coverage.end_ms) & (one.quality < 1.0)
        )
        if rows.size:
            found += _of_asset(coverage, one, rows.tolist())
    return found


def _of_asset(coverage: Coverage, one: AssetLog, rows: list[int]) -> list[_Blinded]:
    cells = coverage.cells
    held = within(one.footprints, coverage.log.areas, cells.lon, cells.lat).holds
    in_cells = np.array([cells.mean(row.astype(float)) > 0.0 for row in held]).reshape(len(held), len(cells.cells))
    watches = in_cells[np.unique(one.footprint[(one.footprint != NOWHERE) & (one.quality > 0.0)])].any(axis=0)
    found = []
    for row in rows:
        footprint, record = int(one.footprint[row]), one.records[row]
        if record.state is ObservationState.WATCHING:
            continue
        where = watches if footprint == NOWHERE else in_cells[footprint] & watches
        if where.any():
            span = int(one.from_ms[row]), int(one.until_ms[row])
            found.append(_Blinded(one.asset, record.state, record.reason, *span, where))
    return found


def _spell(coverage: Coverage, name: str, rectangle: tuple[int, int, int, int], records: list[_Blinded]) -> Spell:
    first, last, begin, end = rectangle
    cells = coverage.cells.cells[first:last]
    from_ms, until_ms = (coverage.begin_ms + step * coverage.step_ms for step in (begin, end))
    meant = [
        one
        for one in records
        if one.until_ms > from_ms and one.from_ms < until_ms and bool(one.cells[first:last].any())
    ]
    from_before, goes_on = begin == 0, end == coverage.steps
    # A step is blind on the whole; the records say when the last of them went blind, and the first came back.
    begun = [one.from_ms for one in meant if abs(one.from_ms - from_ms) <= coverage.step_ms]
    # A record that ends where the coverage does is no return: nothing later is known yet.
    over = [one.until_ms for one in meant if one.until_ms < coverage.end_ms]
    ended = [over_ms for over_ms in over if abs(over_ms - until_ms) <= coverage.step_ms]
    since_ms = max(begun) if begun else from_ms
    over_ms = min(ended) if ended else until_ms
    if over_ms <= since_ms:
        since_ms, over_ms = from_ms, until_ms
    return Spell(
        name,
        cells[0].line_id,
        cells[0].side,
        tuple(dict.fromkeys(one.sector_id for one in cells)),
        cells[0].from_m,
        cells[-1].to_m,
        from_us(1000 * since_ms),
        from_us(1000 * over_ms),
        from_before and not begun,
        goes_on and not ended,
        _causes(meant, from_ms, until_ms),
        (first, last),
        (begin, end),
    )


def _causes(records: list[_Blinded], from_ms: int, until_ms: int) -> tuple[Cause, ...]:
    """What held for most of the spell, by state and reason, those of most assets first."""
    held_ms = Counter[tuple[ObservationState, str | None, str]]()
    for one in records:
        held_ms[one.state, one.reason, one.asset] += min(one.until_ms, until_ms) - max(one.from_ms, from_ms)
    assets: dict[tuple[ObservationState, str | None], set[str]] = {}
    for (state, reason, asset), lasted_ms in held_ms.items():
        if lasted_ms >= (until_ms - from_ms) / 2:
            assets.setdefault((state, reason), set()).add(asset)
    number = Counter({key: len(named) for key, named in assets.items()})
    ordered = sorted(assets, key=lambda key: (-number[key], key[0].value, key[1] or ""))
    return tuple(Cause(state, reason, tuple(sorted(assets[state, reason]))) for state, reason in ordered)


class Blackout(NamedTuple):
    """Blind spells that belong together: of one line, overlapping in place and time.

    Attributes:
        sides: of the line, sorted.
        causes: empty where there was nobody who would have watched.
    """

    line_id: str
    sides: tuple[Side, ...]
    sectors: tuple[str, ...]
    from_m: float
    to_m: float
    since: datetime
    until: datetime
    from_before: bool
    goes_on: bool
    class_names: tuple[str, ...]
    causes: tuple[Cause, ...]


def blackouts(spells: Sequence[Spell]) -> list[Blackout]:
    """Spells put together, as a person would tell of them; those that somebody could have watched first."""
    groups: list[list[Spell]] = []
    for one in spells:
        near = [group for group in groups if any(_together(one, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([one, *(other for group in near for other in group)])
    found = [_blackout(group) for group in groups]
    return sorted(found, key=lambda one: (not one.causes, one.line_id, one.since, one.from_m))


def _together(one: Spell, other: Spell) -> bool:
    return (
        one.line_id == other.line_id
        and bool(one.causes) == bool(other.causes)
        and one.from_m <= other.to_m
        and other.from_m <= one.to_m
        and one.since < other.until
        and other.since < one.until
    )


def _blackout(group: Sequence[Spell]) -> Blackout:
    assets: dict[tuple[ObservationState, str | None], set[str]] = {}
    for cause in (cause for one in group for cause in one.causes):
        assets.setdefault((cause.state, cause.reason), set()).update(cause.assets)
    causes = [Cause(*key, tuple(sorted(named))) for key, named in assets.items()]
    along = sorted(group, key=lambda one: one.from_m)
    since, until = min(one.since for one in group), max(one.until for one in group)
    return Blackout(
        group[0].line_id,
        tuple(sorted({one.side for one in group}, key=lambda side: side.value)),
        tuple(dict.fromkeys(sector for one in along for sector in one.sectors)),
        min(one.from_m for one in group),
        max(one.to_m for one in group),
        since,
        until,
        any(one.from_before for one in group if one.since == since),
        any(one.goes_on for one in group if one.until == until),
        tuple(sorted({one.class_name for one in group})),
        tuple(sorted(causes, key=lambda one: (-len(one.assets), one.state.value, one.reason or ""))),
    )
