"""The fuser: which incidents stand, as the windows stand, in the neighbourhood of what changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.model.identity import incident_id
from pipeline.model.records import Incident, Window
from pipeline.monitor.fuse.describe import Members, alone, together_described, track
from pipeline.monitor.fuse.group import grouped
from pipeline.monitor.fuse.halo import halo
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
    stacked,
)
from pipeline.monitor.fuse.sights import BEGIN, FAMILY, KIND, TIER, Ints, Rows, Sights, Tier, sights_of
from pipeline.monitor.fuse.versions import standing, tombstone
from pipeline.monitor.fuse.watch import located, watched
from pipeline.monitor.place import TRACK
from pipeline.monitor.windows import Entry, Group, Windows
from pipeline.observers import Family, Kind, Observers


class Fused(NamedTuple):
    """What became of the neighbourhood of some groups of reports.

    Attributes:
        incidents: those that stand.
        considered: every incident id that was looked at, standing or not.
    """

    incidents: list[Incident]
    considered: frozenset[str]


class Fuser:
    """Fuses what changed, and what that may bear upon; the answer is exactly the whole's.

    It has no state but what it can drop: see `forget`.
    """

    def __init__(self, windows: Windows, observers: Observers) -> None:
        self._windows, self._observers = windows, observers
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
        parts = [self._tracks(sorted(tracks))]
        rest = {group: versions for group, versions in held.items() if group.window not in tracks}
        entries = [entry for group, entry in now.items() if group in rest]
        sights = sights_of([entry.report for entry in entries], self._observers)
        single = sights.marks[:, TIER] > Tier.DATED
        parts.append(self._singles(rest, entries, sights, single))
        joining = [entry for entry, by_itself in zip(entries, single.tolist(), strict=True) if not by_itself]
        parts.append(self._neighbours(rest, joining))
        return Fused(
            [incident for part in parts for incident in part.incidents],
            frozenset().union(*(part.considered for part in parts)),
        )

    def _tracks(self, windows: Sequence[Window]) -> Fused:
        incidents, considered = [], set[str]()
        for window in windows:
            held: dict[Group, list[Entry]] = {}
            for entry in self._windows.of_window(window):
                held.setdefault(group_of(entry), []).append(entry)
            retired = self._windows.retired({tombstone(entry) for versions in held.values() for entry in versions})
            entries = sorted(standing(held, retired).values(), key=canonical)
            considered.update(incident_id(group.report_id, window) for group in held)
            if entries:
                marks = sights_of([entries[0].report], self._observers).marks[0]
                incidents.append(track(entries, *self._who_and_what(marks)))
        return Fused(incidents, frozenset(considered))

    def _singles(
        self, held: Mapping[Group, Sequence[Entry]], entries: Sequence[Entry], sights: Sights, single: Bools
    ) -> Fused:
        incidents = [
            self._alone(entries[row], sights.marks[row], watched=False) for row in np.flatnonzero(single).tolist()
        ]
        joining = {group_of(entries[row]) for row in np.flatnonzero(~single).tolist()}
        by_itself = (incident_id(group.report_id, group.window) for group in held if group not in joining)
        return Fused(incidents, frozenset(by_itself))

    def _alone(self, entry: Entry, marks: Ints, *, watched: bool) -> Incident:
        unresolved = bool(marks[TIER] == Tier.UNRESOLVED)
        return alone(entry, *self._who_and_what(marks), watched=watched, unresolved=unresolved)

    def _who_and_what(self, marks: Ints) -> tuple[Kind, Family]:
        return self._observers.kinds[marks[KIND]], self._observers.families[marks[FAMILY]]

    def _neighbours(self, held: Mapping[Group, Sequence[Entry]], joining: Sequence[Entry]) -> Fused:
        """What the groups that can be joined, or that had a version that could, have to do with."""
        ghosts = self._ghosts(held, joining)
        self._shelf.replace(held, joining)
        if not joining and not ghosts.entries:
            return Fused([], frozenset())
        days = {entry.window.day for entry in [*joining, *ghosts.entries]}
        shelved = self._shelf.days(around(days, 2.0 * (self._halo_s + self._observers.linking.watch_s)))
        count = len(shelved.entries)
        dirty = np.zeros(count + len(ghosts.entries), dtype=bool)
        dirty[rows_of(shelved, {name_of(entry) for entry in joining})] = True
        dirty[count:] = True
        sights = stacked([shelved.sights, ghosts.sights])
        dirty |= self._newly_watched(sights, dirty)
        away_s = _away_s(sights.table[:, BEGIN], dirty)
        near = np.flatnonzero(away_s <= 2.0 * self._halo_s)
        reached = neighbourhood(sights.at(near), dirty[near], self._observers)
        rows = near[reached]
        rows = rows[rows < count]
        considered = set(ghosts.names)
        self._drop(considered)
        return self._grouped(shelved, rows, away_s[rows] <= self._halo_s, considered)

    def _ghosts(self, held: Mapping[Group, Sequence[Entry]], joining: Sequence[Entry]) -> Shelved:
        """Versions that do not stand, and may have stood: what they were joined with is looked at again."""
        now = {(group_of(entry), entry.content) for entry in joining}
        entries = [entry for group, versions in held.items() for entry in versions if (group, entry.content) not in now]
        sights = sights_of([entry.report for entry in entries], self._observers)
        rows = np.flatnonzero(sights.marks[:, TIER] <= Tier.DATED)
        kept = [entries[row] for row in rows.tolist()]
        return Shelved(kept, [name_of(entry) for entry in kept], sights.at(rows))

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
        if len(self._said) > MOST_REPORTS:
            self._said.clear()

    def _grouped(self, shelved: Shelved, rows: Rows, sure: Bools, considered: set[str]) -> Fused:
        """The incidents of some rows, of which those are told that are sure to be whole and were not told before."""
        span = np.flatnonzero(self._crowding(shelved.sights, rows))
        many = np.zeros(len(shelved.entries))
        many[span] = others(shelved.sights.at(span), self._observers)
        sights = shelved.sights.at(rows)
        result = grouped(sights, many[rows], self._observers)
        entries = [shelved.entries[row] for row in rows.tolist()]
        names = [shelved.names[row] for row in rows.tolist()]
        watching = self._watching(shelved.sights, rows)
        singles, several = list[Incident](), list[Members]()
        for head, members in _parts(result.incident):
            if not sure[head]:
                continue
            seen = bool(watching[head])
            if self._is_said(names[head], (*(entries[row].content for row in members), bytes([seen]))):
                considered.difference_update(names[row] for row in members)
                continue
            considered.update(names[row] for row in members)
            for row in members:
                if row != head:
                    self._said.pop(names[row], None)
            if len(members) == 1:
                singles.append(self._alone(entries[head], sights.marks[head], watched=seen))
            else:
                ordered = [head, *(row for row in members if row != head)]
                several.append(Members(ordered, [row for row in ordered if result.origin[row] == row], seen))
        return Fused(singles + together_described(several, entries, sights, self._observers), frozenset(considered))

    def _is_said(self, name: str, said: tuple[bytes, ...]) -> bool:
        """Whether just that was the last to be said of an incident; it is from now on."""
        known = self._said.get(name) == said
        self._said[name] = said
        return known


def _parts(incident: Rows) -> Iterator[tuple[int, list[int]]]:
    """Each incident's canonical row and all its rows, in order."""
    order = np.argsort(incident, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(incident[order])) + 1) if len(order) else []:
        members = part.tolist()
        yield int(incident[members[0]]), members


def _away_s(begin: Floats, dirty: Bools) -> Floats:
    """How far each report is in time from the nearest of those that are dirty."""
    at = np.sort(begin[dirty])
    after = np.searchsorted(at, begin).clip(1, len(at) - 1) if len(at) > 1 else np.zeros(len(begin), dtype=np.intp)
    return np.asarray(np.minimum(np.abs(begin - at[after]), np.abs(begin - at[after - 1])))
