"""The shelf: days of reports as columns, kept at hand. A memo of the windows and nothing more: it can be dropped."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence, Set
from datetime import date
from math import ceil
from typing import NamedTuple

import numpy as np

from pipeline.model.identity import incident_id
from pipeline.monitor.fuse.sights import TIER, Rows, Sights, Tier, sights_of
from pipeline.monitor.fuse.versions import standing, tombstone
from pipeline.monitor.windows import Entry, Group, Windows
from pipeline.observers import Observers

MOST_REPORTS = 80_000
"""So many reports are kept at hand; days that were not asked for lately give way."""


_DAY_S = 86_400.0
_LAST = date.max.toordinal()


class Shelved(NamedTuple):
    """Reports that can be joined, in canonical order: the entries, the ids of what each alone would be, the columns."""

    entries: list[Entry]
    names: list[str]
    sights: Sights


def group_of(entry: Entry) -> Group:
    """The window and id under which a report is held."""
    return Group(entry.window, entry.report.report_id)


def name_of(entry: Entry) -> str:
    """The id of the incident of which a report is the canonical one."""
    return incident_id(entry.report.report_id, entry.window)


def canonical(entry: Entry) -> tuple[object, ...]:
    """The order of reports: by `observed_from`, then `report_id` (and window, where one id stands in two)."""
    return entry.report.observed_from, entry.report.report_id, entry.window


class Shelf:
    """Days at hand.

    Args:
        windows: where everything is kept.
    """

    def __init__(self, windows: Windows, observers: Observers) -> None:
        self._windows, self._observers = windows, observers
        self._days: OrderedDict[str, Shelved] = OrderedDict()

    def replace(self, gone: Iterable[Group], entries: Sequence[Entry]) -> None:
        """Puts the current versions of some groups in place of what the days at hand have of them."""
        out: dict[str, set[Group]] = {}
        for group in gone:
            if group.window.day in self._days:
                out.setdefault(group.window.day, set()).add(group)
        new: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.window.day in out:
                new.setdefault(entry.window.day, []).append(entry)
        for day, groups in out.items():
            self._days[day] = self._replaced(self._days[day], groups, new.get(day, []))

    def days(self, days: Iterable[str]) -> Shelved:
        """The reports of some days, together."""
        wanted = sorted(days)
        self._load([day for day in wanted if day not in self._days])
        parts = [self._days[day] for day in wanted]
        for day in wanted:
            self._days.move_to_end(day)
        self._make_room(len(wanted))
        return joined(parts)

    def _load(self, days: Sequence[str]) -> None:
        if not days:
            return
        held: dict[str, dict[Group, list[Entry]]] = {day: {} for day in days}
        for entry in self._windows.of_days(days):
            held[entry.window.day].setdefault(group_of(entry), []).append(entry)
        candidates = {tombstone(e) for groups in held.values() for versions in groups.values() for e in versions}
        retired = self._windows.retired(candidates)
        for day, groups in held.items():
            self._days[day] = self._shelved(list(standing(groups, retired).values()))

    def _shelved(self, entries: Sequence[Entry]) -> Shelved:
        ordered = sorted(entries, key=canonical)
        sights = sights_of([entry.report for entry in ordered], self._observers)
        rows = np.flatnonzero(sights.marks[:, TIER] <= Tier.DATED)
        kept = [ordered[row] for row in rows.tolist()]
        return Shelved(kept, [name_of(entry) for entry in kept], sights.at(rows))

    def _replaced(self, shelved: Shelved, groups: set[Group], new: Sequence[Entry]) -> Shelved:
        kept = [row for row, entry in enumerate(shelved.entries) if group_of(entry) not in groups]
        added = self._shelved(new)
        old = [shelved.entries[row] for row in kept]
        both = old + added.entries
        names = [shelved.names[row] for row in kept] + added.names
        order = sorted(range(len(both)), key=lambda row: canonical(both[row]))
        sights = stacked([shelved.sights.at(np.array(kept, dtype=np.intp)), added.sights])
        rows = np.array(order, dtype=np.intp)
        return Shelved([both[row] for row in order], [names[row] for row in order], sights.at(rows))

    def _make_room(self, at_least: int) -> None:
        total = sum(len(shelved.entries) for shelved in self._days.values())
        while total > MOST_REPORTS and len(self._days) > at_least:
            _, dropped = self._days.popitem(last=False)
            total -= len(dropped.entries)


def stacked(parts: Sequence[Sights]) -> Sights:
    """Columns one after the other."""
    return Sights(np.concatenate([part.table for part in parts]), np.concatenate([part.marks for part in parts]))


def joined(parts: Sequence[Shelved]) -> Shelved:
    """Days, in their order, as one."""
    if len(parts) == 1:
        return parts[0]
    entries = [entry for part in parts for entry in part.entries]
    names = [name for part in parts for name in part.names]
    return Shelved(entries, names, stacked([part.sights for part in parts]))


def around(days: Iterable[str], reach_s: float) -> set[str]:
    """Some days, and those before and after that lie within reach of them."""
    steps = range(-ceil(reach_s / _DAY_S), ceil(reach_s / _DAY_S) + 1)
    numbers = {date.fromisoformat(day).toordinal() + step for day in days for step in steps}
    return {date.fromordinal(number).isoformat() for number in numbers if 1 <= number <= _LAST}


def rows_of(shelved: Shelved, names: Set[str]) -> Rows:
    """The rows of some reports, by the ids of what they alone would be."""
    return np.array([row for row, name in enumerate(shelved.names) if name in names], dtype=np.intp)
