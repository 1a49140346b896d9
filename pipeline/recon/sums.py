"""Coverage summed up: by sector or cell, over an hour, a reporting day or the whole, with what silence is called."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from pipeline.agreement.days import ReportingDays
from pipeline.model.taxonomy import Side
from pipeline.model.watch_terms import Watched
from pipeline.recon.coverage import HOUR_MS, Coverage, Group
from pipeline.recon.trends import Noticed, silence_word

By = Literal["sector", "side", "cell"]
Each = Literal["whole", "day", "hour"]


class Sum(NamedTuple):
    """One row.

    Attributes:
        side: None for both.
        share: of what happened, that would have been noticed.
        observed_h, partly_h, unobserved_h, unknown_h: for how long it was so.
        noticed: how many incidents are in the record; None where no record was looked at, or where it does not tell the
            class from others.
    """

    line: str
    sector: str
    name: str
    side: Side | None
    from_m: float
    to_m: float
    class_name: str
    begin: datetime
    until: datetime
    share: float
    watched: Watched
    observed_h: float
    partly_h: float
    unobserved_h: float
    unknown_h: float
    noticed: int | None

    @property
    def says(self) -> str:
        """What it comes to, in a word or two."""
        if self.noticed is None:
            return self.watched.value.replace("_", " ")
        return silence_word(self.noticed, self.watched)


def sums(coverage: Coverage, days: ReportingDays, by: By, each: Each, seen: Noticed | None = None) -> Iterator[Sum]:
    """The rows, by place, class and time."""
    begins = _begins(coverage, days, each)
    edges = [*begins, coverage.steps]
    for group in _groups(coverage, by):
        shares = coverage.of_group(group)
        for column, name in enumerate(coverage.class_names):
            for begin, end in pairwise(edges):
                yield _sum(
                    coverage,
                    group,
                    (name, shares[:, column]),
                    (begin, end),
                    _number(coverage, group, column, (begin, end), seen),
                )


def _groups(coverage: Coverage, by: By) -> list[Group]:
    if by != "cell":
        return coverage.groups(sides=by == "side")
    names = coverage.cells.sectors
    return [
        Group(one.sector_id, names[one.sector_id], one.side, np.array([number]))
        for number, one in enumerate(coverage.cells.cells)
    ]


def _begins(coverage: Coverage, days: ReportingDays, each: Each) -> list[int]:
    """The steps with which a new row begins."""
    if each == "whole":
        return [0]
    times_us = 1000 * (coverage.begin_ms + coverage.step_ms * np.arange(coverage.steps, dtype=np.int64))
    parts = days.day_of(times_us) if each == "day" else times_us // (1000 * HOUR_MS)
    return [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist()]


def _number(coverage: Coverage, group: Group, column: int, steps: tuple[int, int], seen: Noticed | None) -> int | None:
    if seen is None or not coverage.log.makes.told_apart(coverage.class_names[column]):
        return None
    begin_ms, end_ms = (coverage.begin_ms + step * coverage.step_ms for step in steps)
    return int(seen.within(group.cells, column, begin_ms, end_ms).sum())


def _sum(
    coverage: Coverage, group: Group, of: tuple[str, np.ndarray], steps: tuple[int, int], number: int | None
) -> Sum:
    begin, end = steps
    shares, told = of[1][begin:end], coverage.told[begin:end]
    share = float(shares.mean())
    levels = [coverage.level(float(one), told=bool(known)) for one, known in zip(shares, told, strict=True)]
    step_h = coverage.step_ms / HOUR_MS
    cells = [coverage.cells.cells[row] for row in group.cells.tolist()]
    return Sum(
        cells[0].line_id,
        group.sector_id,
        group.name,
        group.side,
        min(one.from_m for one in cells),
        max(one.to_m for one in cells),
        of[0],
        coverage.begins(begin),
        coverage.begins(end),
        share,
        coverage.level(share, told=bool(told.any())),
        observed_h=step_h * levels.count(Watched.OBSERVED),
        partly_h=step_h * levels.count(Watched.PARTLY_OBSERVED),
        unobserved_h=step_h * levels.count(Watched.UNOBSERVED),
        unknown_h=step_h * levels.count(Watched.UNKNOWN),
        noticed=number,
    )
