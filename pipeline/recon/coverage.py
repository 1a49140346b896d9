"""Coverage: of what happened where and when, which share would have been noticed; and where nobody could see.

Cells along the agreement's lines, steps of time, classes of activity. Silence in a cell is called by its share: quiet
where most would have been noticed, unobserved where next to nothing would.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.model.taxonomy import Side
from pipeline.model.times import from_us, to_us
from pipeline.model.watch_terms import Watched
from pipeline.recon.cells import Cells
from pipeline.recon.chance import chances_seen
from pipeline.recon.log import Log
from pipeline.recon.makes import Words

HOUR_MS = 3_600_000

OTHERS = frozenset({"open_source"})
"""Techniques of which nothing is the mission's own: what others tell does not make it see."""


class Group(NamedTuple):
    """What a row of a table is about: a sector, or one of its sides.

    Attributes:
        cells: the numbers of its cells.
    """

    sector_id: str
    name: str
    side: Side | None
    cells: NDArray[np.int64]


class Coverage(NamedTuple):
    """Shares of what would have been noticed.

    Attributes:
        begin_ms, step_ms: steps of one length, one after the other.
        share: of shape (cells, steps, classes).
        told: for each step, whether anybody said anything of who watched.
    """

    log: Log
    cells: Cells
    class_names: tuple[str, ...]
    begin_ms: int
    step_ms: int
    share: Floats
    told: Bools

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.told)

    @property
    def end_ms(self) -> int:
        """The end of the last step."""
        return self.begin_ms + self.steps * self.step_ms

    def begins(self, step: int) -> datetime:
        """When a step begins; of the number of steps, when the last one ends."""
        return from_us(1000 * (self.begin_ms + step * self.step_ms))

    def groups(self, *, sides: bool = False) -> list[Group]:
        """The sectors, or their sides, with their cells."""
        found = list[Group]()
        each: Sequence[Side | None] = (Side.LEFT, Side.RIGHT) if sides else (None,)
        for sector_id, name in self.cells.sectors.items():
            for side in each:
                which = [
                    number
                    for number, one in enumerate(self.cells.cells)
                    if one.sector_id == sector_id and side in {None, one.side}
                ]
                found.append(Group(sector_id, name, side, np.array(which, dtype=np.int64)))
        return found

    def of_group(self, group: Group) -> Floats:
        """The share in a group of cells, each weighed by its length; of shape (steps, classes)."""
        weights = self.cells.length_m[group.cells]
        return np.asarray(np.tensordot(weights / weights.sum(), self.share[group.cells], axes=1))

    def by_sector(self) -> dict[str, Floats]:
        """The shares of each sector by its id; of shape (steps, classes)."""
        return {group.sector_id: self.of_group(group) for group in self.groups()}

    def exposure_h(self, group: Group) -> Floats:
        """The observed hours of a group of cells, by class: what its shares come to over time."""
        return np.asarray(self.of_group(group).sum(axis=0) * (self.step_ms / HOUR_MS))

    def level(self, share: float, *, told: bool = True) -> Watched:
        """What a share is called, where anybody said who watched."""
        return level(self.log.makes.words, share, told=told)


def level(words: Words, share: float, *, told: bool = True) -> Watched:
    """What a share is called.

    >>> from pipeline.recon.makes import load_makes
    >>> [level(load_makes().words, share).value for share in (0.8, 0.3, 0.01)]
    ['observed', 'partly_observed', 'unobserved']
    """
    if not told:
        return Watched.UNKNOWN
    if share >= words.observed_from:
        return Watched.OBSERVED
    return Watched.UNOBSERVED if share < words.unobserved_below else Watched.PARTLY_OBSERVED


def coverage(
    log: Log,
    cells: Cells,
    class_names: Sequence[str],
    begin: datetime,
    end: datetime,
    step_s: int = 3600,
    without: Collection[str] = frozenset(),
) -> Coverage:
    """Coverage of some cells between two times; the last step may reach beyond the end.

    Args:
        without: techniques that are left out, such as `OTHERS`.

    Raises:
        ValueError: there is no such class.
    """
    begin_ms, step_ms = to_us(begin) // 1000, step_s * 1000
    steps = max(1, -(-(to_us(end) // 1000 - begin_ms) // step_ms))
    places = chances_seen(log, cells.lon, cells.lat, class_names, begin_ms, step_ms, steps, without)
    told = log.told(begin_ms, step_ms, steps)
    return Coverage(log, cells, tuple(class_names), begin_ms, step_ms, cells.mean(places), told)
