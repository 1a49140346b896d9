"""The shelf: days of reports as columns, kept at hand. A memo of the windows and nothing more: it can be dropped."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools
from pipeline.model.identity import incident_id
from pipeline.model.times import to_us_array
from pipeline.monitor.fuse.sights import BEGIN, TIER, Ints, Rows, Sights, Tier, sights_of
from pipeline.monitor.fuse.versions import standing, tombstone
from pipeline.monitor.windows import Entry, Group, Windows
from pipeline.observers import Observers

MOST_REPORTS = 80_000
"""So many reports are kept at hand; days that were not asked for lately give way."""

_DAY_S = 86_400.0
_LAST = date.max.toordinal()

Objects = NDArray[np.object_]


class Shelved(NamedTuple):
    """Reports that can be joined, in canonical order.

    Attributes:
        entries: of `Entry`.
        names: the id of the incident that each alone would be.
        at_us: `observed_from`, in microseconds.
        sights: their columns.
    """

    entries: Objects
    names: Objects
    at_us: Ints
    sights: Sights

    @property
    def size(self) -> int:
        """How many there are. (The length of a named tuple is the number of its columns.)"""
        return len(self.entries)

    def at(self, rows: Rows | Bools | slice) -> "Shelved":
        """Some of them."""
        table, marks = self.sights
        return Shelved(self.entries[rows], self.names[rows], self.at_us[rows], Sights(table[rows], marks[rows]))


def group_of(entry: Entry) -> Group:
    """The window and id under which a report is held."""
    return Group(entry.window, entry.report.report_id)


def name_of(entry: Entry) -> str:
    """The id of the incident that a report alone would be."""
    return incident_id(entry.report.report_id, entry.window)


def canonical(entry: Entry) -> tuple[object, ...]:
    """The order of the sorted set: by `observed_from`, then `report_id` (and window, where one id stands in two)."""
    return entry.report.observed_from, entry.report.report_id, entry.window


def shelved(entries: Sequence[Entry], sights: Sights) -> Shelved:
    """Those of some reports that can be joined, in canonical order."""
    rows = np.flatnonzero(sights.marks[:, TIER] <= Tier.DATED).tolist()
    rows.sort(key=lambda row: canonical(entries[row]))
    kept = [entries[row] for row in rows]
    return Shelved(
        _objects(kept),
        _objects([name_of(entry) for entry in kept]),
        to_us_array([entry.report.observed_from for entry in kept]),
        sights.at(np.array(rows, dtype=np.intp)),
    )


class _Day(NamedTuple):
    reports: Shelved
    names: set[str]


class Shelf:
    """Days at hand.

    Args:
        windows: where everything is kept.
    """

    def __init__(self, windows: Windows, observers: Observers) -> None:
        self._windows, self._observers = windows, observers
        self._days: OrderedDict[str, _Day] = OrderedDict()

    def replace(self, gone: Mapping[Group, str], new: Shelved) -> None:
        """Puts the current versions of some groups in place of what the days at hand have of them.

        Args:
            gone: the groups, with the ids of the incidents that they alone would be.
            new: what stands of them and can be joined.
        """
        stale: dict[str, list[str]] = {}
        for group, name in gone.items():
            if group.window.day in self._days:
                stale.setdefault(group.window.day, []).append(name)
        days = np.array([entry.window.day for entry in new.entries], dtype=np.object_)
        for day, names in stale.items():
            self._days[day] = _replaced(self._days[day], names, new.at(days == day))

    def days(self, days: Iterable[str], begin_s: float = -np.inf, until_s: float = np.inf) -> Shelved:
        """The reports of some days, together; of those that begin between two times (`BEGIN`), where these are told."""
        wanted = sorted(days)
        self._load([day for day in wanted if day not in self._days])
        parts = [_within(self._days[day].reports, begin_s, until_s) for day in wanted]
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
            entries = list(standing(groups, retired).values())
            reports = shelved(entries, sights_of([entry.report for entry in entries], self._observers))
            self._days[day] = _Day(reports, set(reports.names))

    def _make_room(self, at_least: int) -> None:
        total = sum(day.reports.size for day in self._days.values())
        while total > MOST_REPORTS and len(self._days) > at_least:
            _, dropped = self._days.popitem(last=False)
            total -= dropped.reports.size


def _replaced(day: _Day, names: Sequence[str], new: Shelved) -> _Day:
    reports = day.reports
    gone = day.names.intersection(names)
    if gone:
        reports = reports.at(np.array([name not in gone for name in reports.names], dtype=bool))
    place = rows_of(reports, new)
    merged = Shelved(
        np.insert(reports.entries, place, new.entries),
        np.insert(reports.names, place, new.names),
        np.insert(reports.at_us, place, new.at_us),
        Sights(
            np.insert(reports.sights.table, place, new.sights.table, axis=0),
            np.insert(reports.sights.marks, place, new.sights.marks, axis=0),
        ),
    )
    day.names.difference_update(gone)
    day.names.update(new.names)
    return _Day(merged, day.names)


def _within(reports: Shelved, begin_s: float, until_s: float) -> Shelved:
    begin = reports.sights.table[:, BEGIN]
    inside = (begin >= begin_s) & (begin <= until_s)
    return reports if inside.all() else reports.at(inside)


def stacked(parts: Sequence[Sights]) -> Sights:
    """Columns one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Sights(np.concatenate([part.table for part in parts]), np.concatenate([part.marks for part in parts]))


def joined(parts: Sequence[Shelved]) -> Shelved:
    """Days, in their order, as one."""
    if len(parts) == 1:
        return parts[0]
    entries, names, at_us, sights = zip(*parts, strict=True)
    return Shelved(np.concatenate(entries), np.concatenate(names), np.concatenate(at_us), stacked(sights))


def around(days: Iterable[str], reach_s: float) -> set[str]:
    """Some days, and those before and after that lie within reach of them."""
    steps = range(-ceil(reach_s / _DAY_S), ceil(reach_s / _DAY_S) + 1)
    numbers = {date.fromisoformat(day).toordinal() + step for day in days for step in steps}
    return {date.fromordinal(number).isoformat() for number in numbers if 1 <= number <= _LAST}


def rows_of(reports: Shelved, some: Shelved) -> Rows:
    """The rows at which some reports stand among others, or would."""
    rows = np.searchsorted(reports.at_us, some.at_us, side="left")
    last = np.searchsorted(reports.at_us, some.at_us, side="right")
    # Of the same microsecond the rest of the canonical order decides.
    for number in np.flatnonzero(last - rows > 0).tolist():
        key = canonical(some.entries[number])
        rows[number] = bisect_left(reports.entries, key, rows[number], last[number], key=canonical)
    return rows


def _objects(items: Sequence[object]) -> Objects:
    return np.fromiter(items, dtype=np.object_, count=len(items))
