"""Trends: what was noticed in a period by sector and class, adjusted for what was watched."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Incident
from pipeline.model.times import to_us_array
from pipeline.model.watch_terms import Watched
from pipeline.recon.coverage import HOUR_MS, Coverage, Group
from pipeline.recon.log import Integers
from pipeline.recon.rates import Comparison, Rate, compare, dispersion, least_noticed, rate

LIKELY = 0.5
"""An incident counts from this probability on that it happened at all."""

PLACED_M = 5_000.0
"""One whose place is less certain counts in no cell."""

DAY_H = 24.0
LEAST_DAYS = 5
"""A period of fewer days is divided in eight, not in days, to see how much counts spread."""

PARTS = 8


class Noticed(NamedTuple):
    """Incidents that count, as columns.

    Attributes:
        cell: -1 for those in none: elsewhere, or too uncertain in place.
        column: the number of the class; -1 for another.
        time_ms: when it began.
    """

    cell: Integers
    column: Integers
    time_ms: Integers
    lon: Floats
    lat: Floats

    def within(self, cells: Integers, column: int, begin_ms: int, end_ms: int) -> NDArray[np.bool_]:
        """Which are in some cells, of a class, and begin in an interval."""
        in_time = (self.time_ms >= begin_ms) & (self.time_ms < end_ms)
        return np.asarray(np.isin(self.cell, cells) & (self.column == column) & in_time)


class Trend(NamedTuple):
    """One row: a sector or one of its sides, and a class.

    Attributes:
        rate: of what happens in one hour, adjusted.
        least_per_h: the rate from which on something would have been noticed, 95 times in 100.
        watched: what silence in the period is called.
        against: the other period's rate, and how this one compares; None where none was asked for.
    """

    group: Group
    class_name: str
    rate: Rate
    least_per_h: float
    watched: Watched
    against: tuple[Rate, Comparison] | None = None

    @property
    def word(self) -> str:
        """What it comes to."""
        alone = silence_word(self.rate.number, self.watched)
        if self.against is None:
            return alone
        compared = self.against[1].word
        # Whatever a comparison says, what was not observed is not told without saying so.
        seen = self.watched in {Watched.OBSERVED, Watched.PARTLY_OBSERVED}
        return compared if seen and self.against[1].made else f"{alone}; {compared}"


SILENT: Mapping[Watched, str] = {
    Watched.OBSERVED: "quiet",
    Watched.PARTLY_OBSERVED: "nothing noticed, partly observed",
    Watched.UNOBSERVED: "unobserved",
    Watched.UNKNOWN: "unknown",
}
"""What it is called where nothing was noticed."""


def silence_word(number: int, watched: Watched) -> str:
    """A number of things noticed, or what it is worth that there is none.

    >>> silence_word(0, Watched.OBSERVED), silence_word(0, Watched.UNOBSERVED), silence_word(3, Watched.UNOBSERVED)
    ('quiet', 'unobserved', '3 noticed, unobserved')
    """
    if not number:
        return SILENT[watched]
    told = "" if watched is Watched.OBSERVED else f", {watched.value.replace('_', ' ')}"
    return f"{number:,} noticed{told}"


def noticed(agreement: Agreement, coverage: Coverage, incidents: Iterable[Incident]) -> Noticed:
    """The incidents that count, by cell and class."""
    makes = coverage.log.makes
    columns = {name: column for column, name in enumerate(coverage.class_names)}
    kept = [one for one in incidents if one.occurred >= LIKELY and not one.unresolved]
    placed = Footprints([one.footprint for one in kept], agreement.areas)
    known = placed.placed & (placed.reach_m <= PLACED_M)
    cell = np.full(len(kept), -1, dtype=np.int64)
    cell[known] = coverage.cells.at(agreement, placed.lon[known], placed.lat[known])
    classes = [makes.class_of(one.activity) for one in kept]
    column = np.array([-1 if one is None else columns.get(one.name, -1) for one in classes], dtype=np.int64)
    time_ms = to_us_array([one.observed_from for one in kept]) // 1000
    return Noticed(cell, column, time_ms, placed.lon, placed.lat)


def trends(
    coverage: Coverage,
    seen: Noticed,
    *,
    sides: bool = False,
    against: tuple[Coverage, Noticed] | None = None,
    anyway: bool = False,
) -> list[Trend]:
    """A row for each sector, or each of its sides, and class that the record tells from others.

    Args:
        against: another period, of the same cells and classes.
        anyway: compare also what is not comparable.
    """
    groups = coverage.groups(sides=sides)
    here = _rates(coverage, seen, groups)
    there = None if against is None else _rates(*against, groups)
    found = list[Trend]()
    for number, group in enumerate(groups):
        for column, name in enumerate(coverage.class_names):
            if not coverage.log.makes.told_apart(name):
                continue
            one = here[number][column]
            other = None if there is None else there[number][column]
            compared = None if other is None else (other, compare(one, other, anyway=anyway))
            least = least_noticed(one.exposure_h, dispersion=one.dispersion)
            watched = coverage.level(one.share, told=bool(coverage.told.any()))
            found.append(Trend(group, name, one, least, watched, compared))
    return found


def _rates(coverage: Coverage, seen: Noticed, groups: Sequence[Group]) -> list[list[Rate]]:
    """By group and class."""
    shares = np.array([coverage.of_group(group) for group in groups]) * (coverage.step_ms / HOUR_MS)
    hours = coverage.steps * coverage.step_ms / HOUR_MS
    edges = _parts(coverage, hours)
    exposures = np.add.reduceat(shares, edges, axis=1)
    begins_ms = coverage.begin_ms + edges * coverage.step_ms
    counts = np.zeros(exposures.shape, dtype=np.int64)
    for row, group in enumerate(groups):
        for column in range(len(coverage.class_names)):
            which = seen.within(group.cells, column, coverage.begin_ms, coverage.end_ms)
            part = np.searchsorted(begins_ms, seen.time_ms[which], side="right") - 1
            counts[row, :, column] = np.bincount(part, minlength=len(edges))
    spread = [
        dispersion((counts[row, :, column], exposures[row, :, column]) for row in range(len(groups)))
        for column in range(len(coverage.class_names))
    ]
    return [
        [
            rate(int(counts[row, :, column].sum()), float(exposures[row, :, column].sum()), hours, dispersion=wide)
            for column, wide in enumerate(spread)
        ]
        for row in range(len(groups))
    ]


def _parts(coverage: Coverage, hours: float) -> Integers:
    """The steps with which the parts of a period begin: its days, or its eighths."""
    part_h = DAY_H if hours >= LEAST_DAYS * DAY_H else hours / PARTS
    steps = max(1, round(part_h * HOUR_MS / coverage.step_ms))
    return np.arange(0, coverage.steps, steps, dtype=np.int64)
