"""The fuser: which incidents stand, as the windows stand, in the neighbourhood of what changed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.model.identity import incident_id
from pipeline.model.records import TRACK, Incident, Window
from pipeline.monitor.fuse.describe import Members, alone, together_described, track
from pipeline.monitor.fuse.group import grouped
from pipeline.monitor.fuse.halo import halo, longest_step_s
from pipeline.monitor.fuse.pairs import neighbourhood, others
from pipeline.monitor.fuse.shelf import (
    MOST_REPORTS,
    Shelf,
    Shelved,
    around,
    canonical,
    group_of,
    name_of,
    rows_of,
    shelved,
    stacked,
)
from pipeline.monitor.fuse.sights import BEGIN, COPY, FAMILY, KIND, TIER, Rows, Sights, Tier, sights_of
from pipeline.monitor.fuse.versions import standing, tombstone
from pipeline.monitor.fuse.watch import located, watched
from pipeline.monitor.windows import Entry, Group, Windows
from pipeline.observers import Family, Kind, Observers

_UNRESOLVED = int(Tier.UNRESOLVED)
_STEPS = 4.0
"""So many of the longest links in a row are looked along at first."""


class Fused(NamedTuple):
    """What became of the neighbourhood of some groups of reports.

    Attributes:
        incidents: those that stand.
        considered: every incident id that was looked at, standing or not.
    """

    incidents: list[Incident]
    considered: frozenset[str]


class _Nearby(NamedTuple):
    """The rows among some reports that may have to do with what changed, and how far in time they are from it.

    `away_s` is from what changed and its copies, `furthest_s` the greatest from what changed alone.
    """

    reports: Shelved
    rows: Rows
    away_s: Floats
    furthest_s: float


class Fuser:
    """Fuses what changed, and what that may bear upon; the answer is exactly the whole's.

    It has no state but what it can drop: see `forget`.

    Args:
        owns: whose windows' incidents are told; of the others, others have the last word (`pipeline.monitor.shards`).
    """

    def __init__(self, windows: Windows, observers: Observers, owns: Callable[[Window], bool] | None = None) -> None:
        self._windows, self._observers, self._owns = windows, observers, owns or (lambda _: True)
        self._halo_s = halo(observers).lasts_s
        self.forget()

    def forget(self) -> None:
        """Drops all that is at hand: the windows were changed in another way, or what was added was taken back."""
        self._shelf = Shelf(self._windows, self._observers)
        # What was last said of each incident, by the contents of its reports: what says the same is not said again.
        self._said: dict[str, tuple[bytes, ...]] = {}

    def fuse(self, groups: Iterable[Group]) -> Fused:
        """The incidents that some groups of reports, which are new or changed, have to do with."""
        held = self._windows.versions(sorted(groups))
        retired = self._windows.retired({tombstone(entry) for versions in held.values() for entry in versions})
        now = standing(held, retired)
        tracks = {group.window for group in held if group.window.tile.startswith(TRACK)}
        rest = {group: versions for group, versions in held.items() if group.window not in tracks} if tracks else held
        entries = [entry for group, entry in now.items() if group in rest]
        sights = sights_of([entry.report for entry in entries], self._observers)
        names = {group: incident_id(group.report_id, group.window) for group in rest}
        own = frozenset(name for group, name in names.items() if self._owns(group.window))
        joining = shelved(entries, sights)
        gone = [
            entry for group, versions in rest.items() for entry in versions if len(versions) > 1 or group not in now
        ]
        parts = [
            self._tracks(sorted(filter(self._owns, tracks))),
            self._singles(entries, sights, own.difference(joining.names)),
            self._neighbours(names, joining, self._ghosts(gone, joining)),
        ]
        return Fused(
            [incident for part in parts for incident in part.incidents],
            frozenset().union(*(part.considered for part in parts)),
        )

    def _tracks(self, windows: Sequence[Window]) -> Fused:
        """Each track whole: it is kept by itself, whatever its place and day."""
        held: dict[Window, dict[Group, list[Entry]]] = {window: {} for window in windows}
        for entry in self._windows.of_windows(windows):
            held[entry.window].setdefault(group_of(entry), []).append(entry)
        candidates = {tombstone(e) for groups in held.values() for versions in groups.values() for e in versions}
        retired = self._windows.retired(candidates)
        tracks = [sorted(standing(groups, retired).values(), key=canonical) for groups in held.values()]
        tracks = [entries for entries in tracks if entries]
        marks = sights_of([entries[0].report for entries in tracks], self._observers).marks.tolist()
        incidents = [track(entries, *self._who_and_what(one)) for entries, one in zip(tracks, marks, strict=True)]
        names = (incident_id(group.report_id, group.window) for groups in held.values() for group in groups)
        return Fused(incidents, frozenset(names))

    def _singles(self, entries: Sequence[Entry], sights: Sights, names: frozenset[str]) -> Fused:
        """What can be joined with nothing."""
        rows = np.flatnonzero(sights.marks[:, TIER] > Tier.DATED).tolist()
        rows = [row for row in rows if self._owns(entries[row].window)]
        marks = sights.marks[rows].tolist()
        found = [self._alone(entries[row], one, watched=False) for row, one in zip(rows, marks, strict=True)]
        return Fused(found, names)

    def _alone(self, entry: Entry, marks: Sequence[int], *, watched: bool) -> Incident:
        unresolved = marks[TIER] == _UNRESOLVED
        return alone(entry, *self._who_and_what(marks), watched=watched, unresolved=unresolved)

    def _who_and_what(self, marks: Sequence[int]) -> tuple[Kind, Family]:
        return self._observers.kinds[marks[KIND]], self._observers.families[marks[FAMILY]]

    def _neighbours(self, groups: Mapping[Group, str], joining: Shelved, ghosts: Shelved) -> Fused:
        """What the groups that can be joined, or that had a version that could, have to do with."""
        self._shelf.replace(groups, joining)
        if not joining.size and not ghosts.size:
            return Fused([], frozenset())
        nearby = self._nearby(joining, ghosts)
        considered = {
            name for name, entry in zip(ghosts.names, ghosts.entries, strict=True) if self._owns(entry.window)
        }
        self._drop(ghosts.names)
        if len(self._said) > MOST_REPORTS:
            self._said.clear()
        return self._grouped(nearby.reports, nearby.rows, nearby.away_s <= self._halo_s, considered)

    def _nearby(self, joining: Shelved, ghosts: Shelved) -> "_Nearby":
        """What chains of links lead to from what changed. From a few reports they seldom lead far: that comes first."""
        watch_s, step_s = self._observers.linking.watch_s, longest_step_s(self._observers)
        at_us = np.concatenate([joining.at_us, ghosts.at_us])
        if at_us.max() - at_us.min() <= step_s * 1e6:
            narrow = self._within(joining, ghosts, 2.0 * watch_s + _STEPS * step_s)
            if narrow.furthest_s <= (_STEPS - 1.0) * step_s:
                return narrow
        return self._within(joining, ghosts, 2.0 * (self._halo_s + watch_s))

    def _within(self, joining: Shelved, ghosts: Shelved, around_s: float) -> "_Nearby":
        """The same among the reports so far about."""
        days = {entry.window.day for some in (joining, ghosts) for entry in some.entries}
        begin = np.concatenate([some.sights.table[:, BEGIN] for some in (joining, ghosts)])
        reports = self._shelf.days(around(days, around_s), begin.min() - around_s, begin.max() + around_s)
        count = reports.size
        dirty = np.zeros(count + ghosts.size, dtype=bool)
        dirty[rows_of(reports, joining)] = True
        dirty[count:] = True
        sights = stacked([reports.sights, ghosts.sights]) if ghosts.size else reports.sights
        dirty |= self._newly_watched(sights, dirty)
        changed_s, dirty = _away_s(sights.table[:, BEGIN], dirty), _with_copies(sights, dirty)
        away_s = _away_s(sights.table[:, BEGIN], dirty)
        near = np.flatnonzero(away_s <= 2.0 * self._halo_s)
        reached = self._reached(sights.at(near), dirty[near])
        rows = near[reached]
        rows = rows[rows < count]
        return _Nearby(reports, rows, away_s[rows], float(changed_s[rows].max(initial=0.0)))

    def _reached(self, sights: Sights, dirty: Bools) -> Bools:
        """What chains of links lead to, and copies of what they lead to."""
        while True:
            reached = neighbourhood(sights, dirty, self._observers)
            dirty = _with_copies(sights, reached)
            if np.array_equal(dirty, reached):
                return reached

    def _ghosts(self, gone: Sequence[Entry], joining: Shelved) -> Shelved:
        """Versions that do not stand, and may have stood: what they were joined with is looked at again."""
        now = (
            {(name, entry.content) for name, entry in zip(joining.names, joining.entries, strict=True)} if gone else ()
        )
        kept = [entry for entry in gone if (name_of(entry), entry.content) not in now]
        return shelved(kept, sights_of([entry.report for entry in kept], self._observers))

    def _watching(self, sights: Sights, rows: Rows) -> Bools:
        """Which of some reports tell of a place that is watched: it matters to rumours only."""
        found = np.ones(len(rows), dtype=bool)
        asked = np.flatnonzero(sights.marks[rows, TIER] != Tier.LOCATED)
        found[asked] = watched(sights, rows[asked], located(sights), self._observers.linking)
        return found

    def _newly_watched(self, sights: Sights, dirty: Bools) -> Bools:
        """Which reports of rumour are watched only by reports that are new or gone."""
        by, linking = located(sights), self._observers.linking
        found = np.zeros(sights.size, dtype=bool)
        rumours = np.flatnonzero(sights.marks[:, TIER] != Tier.LOCATED)
        changed = rumours[watched(sights, rumours, by[dirty[by]], linking)]
        found[changed] = ~watched(sights, changed, by[~dirty[by]], linking)
        return found

    def _crowding(self, sights: Sights, rows: Rows) -> Bools:
        """Which reports may crowd some of them: those within a stretch of time about all."""
        begin, reach_s = sights.table[:, BEGIN], self._observers.linking.crowd_s
        if not rows.size:
            return np.zeros(sights.size, dtype=bool)
        return np.asarray((begin >= begin[rows].min() - reach_s) & (begin <= begin[rows].max() + reach_s))

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._said.pop(name, None)

    def _grouped(self, reports: Shelved, rows: Rows, sure: Bools, considered: set[str]) -> Fused:
        """The incidents of some rows, of which those are told that are sure to be whole and were not told before."""
        span = np.flatnonzero(self._crowding(reports.sights, rows))
        many = np.zeros(reports.size)
        many[span] = others(reports.sights.at(span), self._observers)
        sights = reports.sights.at(rows)
        result = grouped(sights, many[rows], self._observers)
        entries, names = reports.entries[rows].tolist(), reports.names[rows].tolist()
        seen, origin, told = self._watching(reports.sights, rows).tolist(), result.origin.tolist(), sure.tolist()
        singles, several = list[int](), list[Members]()
        for head, members in _parts(result.incident):
            if not told[head]:
                continue
            mine = [names[row] for row in members if self._owns(entries[row].window)]
            if self._is_said(names[head], (*[entries[row].content for row in members], bytes([seen[head]]))):
                considered.difference_update(mine)
                continue
            considered.update(mine)
            self._drop([names[row] for row in members if row != head])
            if not self._owns(entries[head].window):
                continue
            if len(members) == 1:
                singles.append(head)
                continue
            ordered = [head, *(row for row in members if row != head)]
            several.append(Members(ordered, [row for row in ordered if origin[row] == row], seen[head]))
        marks = sights.marks[singles].tolist()
        lone = [self._alone(entries[row], one, watched=seen[row]) for row, one in zip(singles, marks, strict=True)]
        return Fused(lone + together_described(several, entries, sights, self._observers), frozenset(considered))

    def _is_said(self, name: str, said: tuple[bytes, ...]) -> bool:
        """Whether just that was the last to be said of an incident; it is from now on."""
        known = self._said.get(name) == said
        self._said[name] = said
        return known


def _parts(incident: Rows) -> Iterator[tuple[int, list[int]]]:
    """Each incident's canonical row and all its rows, in order."""
    order = np.argsort(incident, kind="stable")
    sorted_rows, heads = order.tolist(), incident[order]
    ends = [*np.flatnonzero(np.diff(heads) != 0).tolist(), len(sorted_rows) - 1] if sorted_rows else []
    for begin, end in pairwise([0, *(end + 1 for end in ends)]):
        yield int(heads[begin]), sorted_rows[begin:end]


def _with_copies(sights: Sights, some: Bools) -> Bools:
    """Some reports and the copies of those that do not locate.

    Of one telling of half a day, observers of different kinds are taken to have seen the beginning hours apart: further
    than any link leads.
    """
    tier, copy = sights.marks[:, TIER], sights.marks[:, COPY]
    broad = np.flatnonzero((tier == Tier.BROAD) | (tier == Tier.DATED))
    told = np.unique(copy[broad[some[broad]]])
    if not told.size:
        return some
    found = some.copy()
    found[broad[np.isin(copy[broad], told)]] = True
    return found


def _away_s(begin: Floats, dirty: Bools) -> Floats:
    """How far each report is in time from the nearest of those that are dirty."""
    at = np.sort(begin[dirty])
    after = np.searchsorted(at, begin).clip(1, len(at) - 1) if len(at) > 1 else np.zeros(len(begin), dtype=np.intp)
    return np.asarray(np.minimum(np.abs(begin - at[after]), np.abs(begin - at[after - 1])))
