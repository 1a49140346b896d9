"""Crossings: whether something went over a line, by its positions before and after, or because a report says so.

A track crossed a line between two of its positions with the probability that the first was on one side and the second
on the other: the shares of their footprints there. That neither lies in any zone does not matter. Between a position
that is surely on one side and the next that surely is on the other, those that may be on either are passed over. Past
the end of an open line is no side: what goes round the end crosses nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.clauses import Clause, Crossing
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.terms import Spans
from pipeline.geometry import line as lines
from pipeline.geometry.earth import Bools, Floats, to_earth, to_lonlat
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import Line
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.geometry.shares import coverage
from pipeline.geometry.zones import OffsetZone
from pipeline.model.records import Incident
from pipeline.model.taxonomy import Activity
from pipeline.model.times import to_us_array
from pipeline.monitor.timing import share_within

LEFT_TO_RIGHT, RIGHT_TO_LEFT, BOTH = "left_to_right", "right_to_left", "both"

_SURE = 0.95
"""With this share of its footprint on one side a position is surely there."""

_EVEN = 0.5
"""Crossings from this probability up are counted."""

_LEAST = 0.01
"""Positions that are on two sides with less than this probability are no crossing."""

_FAR_M = 1_000_000.0
_HALVINGS = 30
_MET_M = 1.0

Rows = NDArray[np.intp]


class Crossed(NamedTuple):
    """One crossing of one line.

    Attributes:
        before, after: the positions, as numbers of the track's places; the same where a report says so by itself.
        direction: None where it is not said.
        on_one, on_other: the shares of the footprints on the side that it came from and that it went to; of a report
            that says so by itself, the share near the line, and 1.
        when: the share of the time between them in which the clause was in force.
        chainage_m: where along the line.
        times: how often the line was crossed in all.
    """

    line_id: str
    before: int
    after: int
    direction: str | None
    on_one: float
    on_other: float
    when: float
    chainage_m: float
    times: int

    @property
    def place(self) -> float:
        """The probability that the line lies between."""
        return self.on_one * self.on_other


def may_have_crossed(incident: Incident) -> bool:
    """Whether it has positions to go by, or says so by itself."""
    return bool(incident.fixes) or incident.activity is Activity.CROSSING


def crossings(incident: Incident, clause: Clause, asked: Crossing, agreement: Agreement) -> list[Crossed]:
    """The most probable crossing of each of a clause's lines by a track, and each that a report says by itself."""
    said = incident.activity is Activity.CROSSING
    track = _Track(incident, agreement)
    found: list[Crossed] = []
    for line_id in asked.lines:
        line = agreement.lines[line_id]
        if incident.fixes:
            found += track.crossed(line_id, line, asked.direction, clause.in_force)
        if said:
            found += track.told(line_id, line, asked.near_m, clause.in_force)
    return found


class _Track:
    """The places of one incident, in the order of their times."""

    def __init__(self, incident: Incident, agreement: Agreement) -> None:
        fixes = incident.fixes or (incident,)
        self._footprints = Footprints([fix.footprint for fix in fixes], agreement.areas)
        self._places = Places(self._footprints.lon, self._footprints.lat)
        self._begin_us = to_us_array([fix.observed_from for fix in fixes])
        self._end_us = to_us_array([fix.observed_until for fix in fixes])

    def told(self, line_id: str, line: Line, near_m: float, in_force: Spans) -> list[Crossed]:
        """The place that is the most probably near the line, where the report says that the line was crossed."""
        near = self._shares([OffsetZone("", line_id, line, 0, 0.0, near_m)])[0]
        when = share_within(self._begin_us, self._end_us, in_force)
        best = int(np.argmax(near * when))
        if near[best] == 0.0:
            return []
        chainage_m = float(self._places.along(line).chainage_m[best])
        return [Crossed(line_id, best, best, None, float(near[best]), 1.0, float(when[best]), chainage_m, 1)]

    def crossed(self, line_id: str, line: Line, direction: str, in_force: Spans) -> list[Crossed]:
        """The most probable crossing between two positions."""
        left, right = self._sides(line)
        before, after = self._pairs(left, right)
        ways = [way for way in (LEFT_TO_RIGHT, RIGHT_TO_LEFT) if direction in (BOTH, way)]
        one = np.array([(left if way == LEFT_TO_RIGHT else right)[before] for way in ways])
        other = np.array([(right if way == LEFT_TO_RIGHT else left)[after] for way in ways])
        likely, meets, chainage_m = self._between(line, before, after, (one * other).max(axis=0, initial=0.0))
        place = np.where(likely & meets, one * other, 0.0)
        when = share_within(self._begin_us[before], self._end_us[after], in_force)
        if not (place * when).any():
            return []
        way, pair = np.unravel_index(int(np.argmax(place * when)), place.shape)
        return [
            Crossed(
                line_id,
                int(before[pair]),
                int(after[pair]),
                ways[int(way)],
                float(one[way, pair]),
                float(other[way, pair]),
                float(when[pair]),
                float(chainage_m[pair]),
                _apart(before, after, (place * when).max(axis=0)),
            )
        ]

    def _sides(self, line: Line) -> tuple[Floats, Floats]:
        """The shares of each footprint left and right of a line; past its end, and nowhere, neither."""
        located = self._places.along(line)
        alongside = (located.side != lines.BEYOND) & (located.side != lines.UNPLACED)
        discs = np.flatnonzero(self._footprints.is_disc & alongside)
        left, right = np.zeros(len(alongside)), np.zeros(len(alongside))
        left[discs] = coverage(-located.offset_m[discs], self._footprints.reach_m[discs])
        right[discs] = 1.0 - left[discs]
        others = np.flatnonzero(~self._footprints.is_disc & alongside)
        if others.size:
            sides = [OffsetZone("", "", line, side, 0.0, _FAR_M) for side in (lines.LEFT, lines.RIGHT)]
            shares = self._shares(sides)
            left[others], right[others] = shares[0][others], shares[1][others]
        return left, right

    def _shares(self, zones: Sequence[OffsetZone]) -> Floats:
        return membership(self._footprints, zones, [], self._places).each

    def _pairs(self, left: Floats, right: Floats) -> tuple[Rows, Rows]:
        """Positions that follow one another, of all, and of those that are surely on one side or on none."""
        placed = self._footprints.placed
        sure = placed & ((np.maximum(left, right) >= _SURE) | (left + right == 0.0))
        pairs = {
            pair for some in (placed, sure) for pair in zip(*_following(np.flatnonzero(some).tolist()), strict=True)
        }
        ordered = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
        return ordered[:, 0], ordered[:, 1]

    def _between(self, line: Line, before: Rows, after: Rows, place: Floats) -> tuple[Bools, Bools, Floats]:
        """Of pairs of positions: which are likely enough, which have the line between them, and where along it.

        Where both centres are on one side, it is that of the nearer that tells where.
        """
        located = self._places.along(line)
        likely = place >= _LEAST
        nearer = np.where(np.abs(located.offset_m[before]) <= np.abs(located.offset_m[after]), before, after)
        chainage_m, meets = located.chainage_m[nearer].copy(), np.ones(len(before), dtype=bool)
        through = np.flatnonzero(likely & (located.left[before] != located.left[after]))
        if through.size:
            earth, starts_left = self._places.earth, located.left[before[through]]
            found = _met(line, earth[:, before[through]], earth[:, after[through]], starts_left)
            meets[through], chainage_m[through] = found
        return likely, meets, chainage_m


def _following(rows: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    return rows[:-1], rows[1:]


def _met(line: Line, start: Floats, end: Floats, starts_left: Bools) -> tuple[Bools, Floats]:
    """Whether straight ways from one side to the other meet the line, and at which chainage; halved until they do."""
    low, high = np.zeros(len(starts_left)), np.ones(len(starts_left))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        located = line.locate_earth(to_earth(*to_lonlat(start + (end - start) * middle)))
        same = located.left == starts_left
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (located.side != lines.BEYOND) & (np.abs(located.offset_m) <= _MET_M), located.chainage_m


def _apart(before: Rows, after: Rows, likely: Floats) -> int:
    """How many of some pairs of positions, the likeliest first, are crossings that lie apart in time."""
    chosen: list[tuple[int, int]] = []
    for pair in np.argsort(-likely, kind="stable").tolist():
        if likely[pair] < _EVEN:
            break
        begin, end = int(before[pair]), int(after[pair])
        if all(end <= first or last <= begin for first, last in chosen):
            chosen.append((begin, end))
    return max(1, len(chosen))
