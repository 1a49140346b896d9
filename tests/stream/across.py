"""Reports on both sides of a border between partitions, and outcomes that may be recorded of them."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.model.report import Report
from pipeline.model.taxonomy import Status
from tests.law.acting import REASONS
from tests.monitor.fusion.telling import disc, fused, told
from tests.worlds import DAY

BORDER = (37.45, 48.0)
"""Where a cell ends: of four partitions, what lies north of it belongs to another than what lies south."""

OUTCOMES: dict[Status, dict[str, Any]] = {
    found: {"outcome": found, "reason": reason} for found, reason in REASONS.items()
}


def across() -> tuple[Report, Report, Report]:
    """Two reports on both sides of the border that are two incidents, and a third with which all three are one.

    The third is seen before both, so that with it the incident is known by it, and is the southern side's.
    """
    for apart_m in range(1_000, 4_000, 25):
        south = told(1, "camera-1", disc(0, -apart_m / 2.0 - 300, 900, about=BORDER), at_s=20)
        north = told(2, "camera-2", disc(0, apart_m / 2.0 - 300, 900, about=BORDER), at_s=60)
        between = told(3, "camera-3", disc(0, -300, 900, about=BORDER), at_s=0)
        if len(fused([south, north])) == 2 and len(fused([south, north, between])) == 1:
            return south, north, between
    raise AssertionError("there is no distance at which two are apart and three are one")


SOUTH, NORTH, BETWEEN = across()


def withdrawn(report: Report) -> Report:
    return replace(report, retracted=True, published_at=DAY + timedelta(days=1))
