"""What one ledger has in one row of the table: figures that are added up where, and only where, they may be.

Incidents that stand are different things, so what one ledger counted of them is added, unit by unit. Claims of several
events, and rumours, may overlap: two that meet in time and place may be of the same. Of those there were at least as
many as ones that do not meet have together, and at most as many as all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import fsum
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.geometry.earth import distance_m
from pipeline.model.report import Count
from pipeline.model.taxonomy import CountUnit

_ORDER = {unit: number for number, unit in enumerate(CountUnit)}


class Spot(NamedTuple):
    """When and about where, as far as is needed to say what may be the same; not placed, it may be anywhere."""

    begin: datetime
    end: datetime
    placed: bool
    lon: float
    lat: float
    reach_m: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one ledger has in one row.

    Attributes:
        incidents: how many it has; each is either `matched` or in it `only`.
        matched_with: how many of them each other ledger has too.
        claims: records that only claim a number of events; `claimed` is that number, of all of them.
        rumours: records too broad to tell which incident they saw.
        reports: on which all this rests.
        counts: how many of each unit it counted, claims left out.
    """

    ledger: str
    incidents: int
    matched: int
    only: int
    matched_with: dict[str, int]
    claims: int
    claimed: Count | None
    rumours: int
    reports: int
    counts: tuple[Count, ...]


class Tally:
    """One ledger's figures in one row, as they come; in whatever order, the same comes out."""

    def __init__(self) -> None:
        self._incidents = self._only = self._reports = 0
        self._with: Counter[str] = Counter()
        self._firm: dict[CountUnit, list[Count]] = {}
        self._claims: list[tuple[Spot, Count]] = []
        self._rumours: list[tuple[Spot, tuple[Count, ...]]] = []

    def incident(self, others: Iterable[str], reports: int, counts: Iterable[Count]) -> None:
        """Takes in an incident that other ledgers have too, or none."""
        named = list(others)
        self._incidents += 1
        self._only += not named
        self._reports += reports
        self._with.update(named)
        for count in counts:
            self._firm.setdefault(count.unit, []).append(count)

    def claim(self, spot: Spot, reports: int, claimed: Count) -> None:
        """Takes in a claim of several events, or of none."""
        self._reports += reports
        self._claims.append((spot, claimed))

    def rumour(self, spot: Spot, reports: int, counts: tuple[Count, ...]) -> None:
        """Takes in what is too broad to tell which incident it saw."""
        self._reports += reports
        self._rumours.append((spot, counts))

    def figures(self, ledger: str) -> Figures:
        """What has come so far."""
        return Figures(
            ledger=ledger,
            incidents=self._incidents,
            matched=self._incidents - self._only,
            only=self._only,
            matched_with=dict(sorted(self._with.items())),
            claims=len(self._claims),
            claimed=overlapping(self._claims) if self._claims else None,
            rumours=len(self._rumours),
            reports=self._reports,
            counts=tuple(self._counts()),
        )

    def _counts(self) -> Iterable[Count]:
        loose: dict[CountUnit, list[tuple[Spot, Count]]] = {}
        for spot, counts in self._rumours:
            for count in counts:
                loose.setdefault(count.unit, []).append((spot, count))
        for unit in sorted({*self._firm, *loose}, key=_ORDER.__getitem__):
            told = [added(self._firm[unit])] if unit in self._firm else []
            told += [overlapping(loose[unit])] if unit in loose else []
            # What rumours tell of may be among the incidents.
            yield Count(max(count.min for count in told), added(told).max, unit)


def added(counts: Sequence[Count]) -> Count:
    """The sum of counts of one unit; open where one is.

    Raises:
        ValueError: they are of unlike units.
    """
    (unit,) = {count.unit for count in counts}
    most = [count.max for count in counts if count.max is not None]
    # fsum: the order in which they come may not show in the last digit.
    return Count(fsum(count.min for count in counts), fsum(most) if len(most) == len(counts) else None, unit)


def overlapping(told: Sequence[tuple[Spot, Count]]) -> Count:
    """How many in all, where those that meet in time and place may have counted the same."""
    ranked = sorted(told, key=lambda one: (-one[1].min, *map(str, one[0]), str(one[1].max)))
    apart: list[tuple[Spot, Count]] = []
    for spot, count in ranked:
        if not _meets(spot, [other for other, _ in apart]):
            apart.append((spot, count))
    least, whole = (added([count for _, count in some]) for some in (apart, told))
    return Count(least.min, whole.max, whole.unit)


def _meets(spot: Spot, others: Sequence[Spot]) -> bool:
    then = [other for other in others if _at_once(spot, other)]
    if not then:
        return False
    if not spot.placed or not all(other.placed for other in then):
        return True
    reach_m = np.maximum(spot.reach_m, [other.reach_m for other in then])
    away_m = distance_m(spot.lon, spot.lat, [other.lon for other in then], [other.lat for other in then])
    return bool((away_m <= reach_m).any())


def _at_once(one: Spot, other: Spot) -> bool:
    begin, end = max(one.begin, other.begin), min(one.end, other.end)
    return begin < end or one.begin == other.begin or (begin == end and one.begin == one.end)
