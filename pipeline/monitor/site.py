"""Where a batch's footprints lie under one agreement: the geometry that matching and judging share."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.dated import DatedMembership, DatedZone, Intervals, dated_membership, stretches
from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, UNPLACED
from pipeline.geometry.membership import Membership, membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import Union
from pipeline.model.taxonomy import Side

SIDES: dict[int, Side | None] = {
    LEFT: Side.LEFT,
    ON: Side.ON,
    RIGHT: Side.RIGHT,
    BEYOND: Side.BEYOND,
    UNPLACED: None,
}


class Referenced:
    """A place's linear reference, rounded for the record: chainage and offset to a decimetre."""

    __slots__ = ("chainage_m", "line", "offset_m", "side")

    def __init__(self, line: str | None, side: Side | None, chainage_m: float | None, offset_m: float | None) -> None:
        self.line, self.side, self.chainage_m, self.offset_m = line, side, chainage_m, offset_m


NO_LINE = Referenced(None, None, None, None)


class Site:
    """A batch of footprints under one agreement.

    Attributes:
        places: the footprints' centres along every line.
        shares: each zone's share of each footprint, and each clause's (the union of its zones).
        over_time: the same with what changed while it was observed, where a zone's shape changes with time.
    """

    def __init__(
        self,
        footprints: Footprints,
        agreement: Agreement,
        groups: Sequence[Sequence[int]],
        when: Intervals | None = None,
    ) -> None:
        """A batch's footprints. `when` they were observed is asked only of an agreement with dated zones."""
        self.footprints, self.agreement, self.when = footprints, agreement, when
        self.places = Places(footprints.lon, footprints.lat)
        self.over_time: DatedMembership | None = None
        if agreement.is_dated and when is not None:
            self.over_time = dated_membership(footprints, agreement.zones, groups, self.places, when)
            self.shares: Membership = self.over_time.shares
        else:
            self.shares = membership(footprints, agreement.zones, groups, self.places)

    def reference(self, index: int, zone_index: int | None) -> Referenced:
        """Where a footprint's centre lies along its zone's line; with no line to go by, along the nearest."""
        line_id = self.agreement.zones[zone_index].line_id if zone_index is not None else None
        if line_id is None:
            line_id = self._nearest[index]
        return NO_LINE if line_id is None else self.along(index, line_id)

    def along(self, index: int, line_id: str) -> Referenced:
        """Where a footprint's centre lies along a line."""
        located = self.places.along(self.agreement.lines[line_id])
        side = SIDES[int(located.side[index])]
        if side is None:
            return NO_LINE
        return Referenced(
            line_id,
            side,
            round(float(located.chainage_m[index]), 1),
            round(float(located.offset_m[index]), 1),
        )

    def margin_m(self, zone_indices: Sequence[int], which: NDArray[np.intp]) -> Floats:
        """How deep some footprints' centres lie in a union of zones; as near an edge as they came, where it is dated.

        Where a zone has no shape for all of the time, it has no edge either.
        """
        zones = {number: self.agreement.zones[number] for number in zone_indices}
        still = [zone for zone in zones.values() if not isinstance(zone, DatedZone)]
        everyone = len(which) == len(self.footprints)
        found = Union(still).margin_m(self.places if everyone else self.places.part(which))
        if len(still) == len(zones):
            return found
        row_of = np.full(len(self.footprints), -1)
        row_of[which] = np.arange(len(which))
        seen = np.zeros(len(which), dtype=bool)
        for stretch in () if self.when is None else stretches(self.agreement.zones, self.places, self.when):
            there = [zone for number, zone in stretch.zones.items() if number in zones]
            asked = np.flatnonzero(row_of[stretch.rows] >= 0)
            if not there or not asked.size:
                continue
            rows = row_of[stretch.rows[asked]]
            margin_m = Union([*there, *still]).margin_m(stretch.places.part(asked))
            nearer = ~seen[rows] | (np.abs(margin_m) < np.abs(found[rows]))
            found[rows] = np.where(nearer, margin_m, found[rows])
            seen[rows] = True
        return found

    @cached_property
    def _nearest(self) -> list[str | None]:
        """The nearest line's id for each footprint."""
        ids = list(self.agreement.lines)
        if not ids:
            return [None] * len(self.footprints)
        away: Floats = np.array([np.abs(self.places.along(line).offset_m) for line in self.agreement.lines.values()])
        best: NDArray[np.intp] = away.argmin(axis=0)
        near = np.isfinite(away.min(axis=0))
        return [ids[int(i)] if there else None for i, there in zip(best, near, strict=True)]
