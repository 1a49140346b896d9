"""The table of incidents that an operator reads."""

from collections.abc import Sequence

from rich.console import Console

from pipeline.agreement import Agreement
from pipeline.cli.alert_table import one_clock, time_cells
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.show_reports import activity_words, weapon_words
from pipeline.cli.whereabouts import about
from pipeline.cli.words import probability
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Incident

_FOLDS = Folds((0, 1, 2, 3, 4, 5), (6, 7), (8,))
_MOST_WEAPONS = 3


def print_incidents(console: Console, incidents: Sequence[Incident], agreements: Sequence[Agreement]) -> None:
    """Incidents as a table with its headings; the agreements lend their clock and the names of places."""
    clock = one_clock(agreements)
    agreement = agreements[0] if clock else None
    headings = ("time (UTC)", clock, "for", "reports", "origins", "happened", "id", "what", "place")
    rows = [
        Row(
            (
                *time_cells(incident, agreement, one_zone=True),
                f"{len(incident.report_ids)}",
                f"{incident.origins}",
                probability(incident.occurred),
                incident.incident_id,
                what(incident),
                place,
            )
        )
        for incident, place in zip(incidents, places(incidents, agreements), strict=True)
    ]
    print_rows(console, headings, rows, _FOLDS)


def what(incident: Incident) -> str:
    """Activity and weapons in a few words."""
    named = [weapon_words(weapon) for weapon in incident.weapons[:_MOST_WEAPONS]]
    more = len(incident.weapons) - len(named)
    weapons = " or ".join(named) + (f" or {more} others" if more else "")
    return f"{activity_words(incident.activity)}, {weapons}" if weapons else activity_words(incident.activity)


def places(incidents: Sequence[Incident], agreements: Sequence[Agreement]) -> list[str]:
    """Where each was, in a few words."""
    discs = Footprints([incident.footprint for incident in incidents], load_gazetteer().outlines)
    columns = discs.placed.tolist(), discs.lon.tolist(), discs.lat.tolist(), discs.reach_m.tolist()
    return [
        about(lon, lat, reach_m, agreements) if placed else "no place named"
        for placed, lon, lat, reach_m in zip(*columns, strict=True)
    ]
