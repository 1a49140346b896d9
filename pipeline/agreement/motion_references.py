"""Whether a provision about what moves, over a line or in and out of zones, agrees with the rest of its file."""

from collections.abc import Sequence

from pipeline.agreement.format import CrossingTable, StayTable, ZoneTable
from pipeline.agreement.remembering_references import Checker
from pipeline.model.taxonomy import Activity, Weapon


def check_crossing(checker: Checker, index: int, table: CrossingTable) -> None:
    """Adds a problem for each name and term that does not fit."""
    where = ("provisions", index)
    checker.known(*where, "lines", dict.fromkeys(table.lines), "lines", table.id)
    checker.known(*where, "binds", table.binds, "parties", table.id)
    checker.known(*where, "except_operators", table.except_operators, "parties", table.id)
    checker.terms(*where, "activities", table.activities, Activity, table.id)
    checker.terms(*where, "objects", table.objects, Weapon, table.id)


def check_stay(checker: Checker, index: int, table: StayTable, all_zones: Sequence[ZoneTable]) -> None:
    """Adds a problem where no place of the zones can be so deep within; how deep a drawn one is is not known here."""
    zones = [zone for zone in all_zones if zone.id in getattr(table, "zones", ())]
    depths = [getattr(zone, "to_m", None) or getattr(zone, "within_m", None) for zone in zones]
    if table.hysteresis_m and depths and all(depth is not None and depth <= table.hysteresis_m for depth in depths):
        mend = "it is told to be inside only from that depth on"
        checker.problems.add("provisions", index, "hysteresis_m", "no place of its zones is so deep", mend, table.id)
