"""Where a batch's footprints lie under one agreement: the geometry that matching and judging share."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, UNPLACED
from pipeline.geometry.membership import Membership, membership
from pipeline.geometry.places import Places
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
    """

    def __init__(self, footprints: Footprints, agreement: Agreement, groups: Sequence[Sequence[int]]) -> None:
        self.footprints, self.agreement = footprints, agreement
        self.places = Places(footprints.lon, footprints.lat)
        self.shares: Membership = membership(footprints, agreement.zones, groups, self.places)

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
