"""Which share of a footprint lies in a region: the sum over its cells, divided where an edge crosses them.

A cell that no edge reaches counts whole or not at all, and that is proved. One that an edge crosses counts as a disc of
its size would, cut by a straight edge where the region's margin says; cells are divided until that settles.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.bands import IN, OUT, UNSURE
from pipeline.geometry.cells import Cells
from pipeline.geometry.earth import Bools, Floats, Frames
from pipeline.geometry.places import Places
from pipeline.geometry.zones import Region

SETTLED = 0.0025
"""A share that two divisions in a row change by no more than this is taken as it is."""

MOST_DIVISIONS = 5
ROUGH_DIVISIONS = 3
"""So often at least, where a cell lies at a line's end or a cut: what its margin says there is no measure of it."""

LEAST_WEIGHT = 1.0 / 20_000.0
"""A cell of a smaller share of its footprint is not divided."""

_MANY = 0.25
"""A region that more than this part of the cells ask about looks at all of them at once."""

ALMOST = 1e-4
"""A share that is not proved to be all or nothing keeps so far from it."""


class Asked(NamedTuple):
    """Footprints, and which regions to ask about each, of shape (regions, footprints)."""

    frames: Frames
    cells: Sequence[Cells]
    open: Bools


def shares(asked: Asked, regions: Sequence[Region]) -> Floats:
    """The shares asked for, of shape (regions, footprints); what is not asked for is 0.

    1 where every cell is proved to lie in the region, 0 where none reaches it; in between otherwise.
    """
    total = np.zeros(asked.open.shape)
    wholly = asked.open.copy()
    for cells in asked.cells:
        total += _Sum(asked, regions, wholly).over(cells)
    return np.where(wholly, 1.0, np.minimum(total, 1.0 - ALMOST))


class _Sum:
    """The sum over cells of one kind. `wholly` is cleared for what is found not to lie in a region wholly."""

    def __init__(self, asked: Asked, regions: Sequence[Region], wholly: Bools) -> None:
        self._asked, self._regions, self._wholly = asked, regions, wholly
        self._certain = np.zeros(asked.open.shape)
        self._number = len(asked.open[0])

    def over(self, cells: Cells) -> Floats:
        """The shares, divided as often as is needed."""
        crossed = self._asked.open[:, cells.owner]
        total = self._certain
        calm = np.zeros(self._asked.open.shape, dtype=bool)
        for division in range(MOST_DIVISIONS + 1):
            crossed, uncertain = self._look(cells, crossed)
            before, total = total, self._certain + uncertain
            change = np.abs(total - before)
            still = (change <= SETTLED) & (division > 0)
            goes_on = ~(still & calm) | self._coarse | (self._unmeasured & (division < ROUGH_DIVISIONS))
            calm = still
            if division == MOST_DIVISIONS:
                self._owners_not_whole(cells, crossed)
                break
            crossed = self._closed(cells, crossed, goes_on)
            which = np.flatnonzero(crossed.any(axis=0))
            if not which.size:
                break
            cells, crossed = cells.part(which).divided(), np.repeat(crossed[:, which], 4, axis=1)
        return total

    def _closed(self, cells: Cells, crossed: Bools, goes_on: Bools) -> Bools:
        """Which cells to divide for which region; the others' part is certain from now on."""
        divided = crossed & goes_on[:, cells.owner] & (cells.weight >= LEAST_WEIGHT)
        left = crossed & ~divided
        self._owners_not_whole(cells, left)
        for region in np.flatnonzero(left.any(axis=1)).tolist():
            some = np.flatnonzero(left[region])
            self._add(region, cells.owner[some], (cells.weight * self._coverage[region])[some])
        return divided

    def _owners_not_whole(self, cells: Cells, crossed: Bools) -> None:
        for region in np.flatnonzero(crossed.any(axis=1)).tolist():
            self._wholly[region, cells.owner[crossed[region]]] = False

    def _look(self, cells: Cells, asked: Bools) -> tuple[Bools, Floats]:
        """Hold cells against the regions; which of them an edge crosses, and what those give."""
        places = Places.on_earth(self._asked.frames.to_earth(cells.owner, *cells.centres_m()))
        radius_m, round_m = cells.radius_m(), cells.round_m()
        crossed = np.zeros(asked.shape, dtype=bool)
        self._coverage = np.zeros(asked.shape)
        self._unmeasured = np.zeros(self._asked.open.shape, dtype=bool)
        self._coarse = np.zeros(self._asked.open.shape, dtype=bool)
        uncertain = np.zeros(self._asked.open.shape)
        for region in np.flatnonzero(asked.mean(axis=1) > _MANY).tolist():
            self._regions[region].seek(places)
        for region in np.flatnonzero(asked.any(axis=1)).tolist():
            some = np.flatnonzero(asked[region])
            part = places if some.size == len(places) else places.part(some)
            state = self._regions[region].settle(part, radius_m[some])
            inside, unsure = some[state == IN], some[state == UNSURE]
            self._add(region, cells.owner[inside], cells.weight[inside])
            self._wholly[region, cells.owner[some[state == OUT]]] = False
            if unsure.size:
                crossing = part.part(np.flatnonzero(state == UNSURE))
                margin_m = self._regions[region].margin_m(crossing)
                measured = self._regions[region].measured(crossing, radius_m[unsure])
                self._unmeasured[region, cells.owner[unsure[~measured]]] = True
                self._coarse[region, cells.owner[unsure[cells.weight[unsure] > cells.coarse_weight]]] = True
                self._coverage[region, unsure] = coverage(margin_m, round_m[unsure])
                crossed[region, unsure] = True
                given = cells.weight[unsure] * self._coverage[region, unsure]
                uncertain[region] += np.bincount(cells.owner[unsure], given, self._number)
        return crossed, uncertain

    def _add(self, region: int, owner: NDArray[np.intp], weight: Floats) -> None:
        self._certain[region] += np.bincount(owner, weight, self._number)


def coverage(margin_m: Floats, radius_m: Floats) -> Floats:
    """The share of discs that a straight edge leaves: `margin_m` is how far within it their centres lie.

    >>> coverage(np.array([0.0, 10.0, -20.0, 5.0]), np.array([10.0, 10.0, 10.0, 10.0])).round(4).tolist()
    [0.5, 1.0, 0.0, 0.8045]
    """
    depth = np.clip(margin_m / np.maximum(radius_m, 1e-9), -1.0, 1.0)
    return np.asarray(1.0 - (np.arccos(depth) - depth * np.sqrt(1.0 - depth * depth)) / np.pi)
