"""What a provision that remembers asks, in the words of `agreement show`."""

from pipeline.agreement.format import ProvisionTable
from pipeline.agreement.remembering import (
    ConsultationTable,
    EscalationTable,
    QuietDaysTable,
    ReturnFireTable,
    ScheduleTable,
    StandingTable,
    StockCeilingTable,
)
from pipeline.cli.words import distance

Entry = tuple[str, str]


def remembers(table: ProvisionTable) -> list[Entry]:
    """Its own lines, beside those of every provision; none of a provision that does not remember."""
    match table:
        case StockCeilingTable():
            limits = [("at most", f"{one.at_most:,} {one.unit}: {one.title}") for one in table.limits]
            counts = f"what was seen within {table.seen_for_days} days, in each zone by itself"
            after = f"with {table.ends_after_days} days without a sighting"
            ends = [] if table.ends_after_days is None else [("ends", after)]
            return [*limits, ("counts", counts), *ends]
        case QuietDaysTable():
            then = f"; what follows is due {table.then_within_days} days after" if table.then_within_days else ""
            broken = ", ".join(table.activities)
            return [("needs", f"{table.days} days in a row without {broken}, in each zone by itself{then}")]
        case ScheduleTable():
            stages = [
                (f"stage {one.id}", f"{one.title}, by {one.complete_by:%Y-%m-%d %H:%M %z}") for one in table.stages
            ]
            kept = [("kept in", ", ".join(table.storage))] if table.storage else []
            known = [("inventory", f"{len(table.inventory)} weapons by serial number")] if table.inventory else []
            shown = [] if table.raises else [("raises", "nothing; it shows how far the schedule is")]
            return [*stages, *kept, *known, *shown]
        case ReturnFireTable():
            near = f"within {table.within_minutes:g} min and {distance(table.within_m)} of fire on the other side"
            return [("answers", f"{', '.join(table.activities)} {near}, with no call on the mechanism since")]
        case StandingTable():
            one = f"until it is seen gone; one within {distance(table.same_place_m)} of its first place"
            return [("forbids", ", ".join(table.activities)), ("stands", one)]
        case EscalationTable():
            return [
                ("watches", f"{', '.join(table.provisions)}; a false alarm in {table.false_alarm_days} days at most")
            ]
        case ConsultationTable():
            return [
                ("watches", ", ".join(table.provisions)),
                ("confirmed", f"{table.confirmed} within {table.within_days} days"),
                ("sustained", f"{table.sustained_per_day} a day in one sector on {table.sustained_days} days in a row"),
            ]
    return []
