"""Incidents made by hand of invented reports, for what is pure: whether fusion would join them is not asked."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.records import Incident, Window
from pipeline.model.report import Report
from pipeline.monitor.fuse.counts import bounded
from tests.worlds import reports_near_the_line, write_world

SECTORS = """
[[lines.markers]]
id = "westtown"
name = "Westtown"
lon = 37.3
lat = 48.2
[[lines.markers]]
id = "easttown"
name = "Easttown"
lon = 37.9
lat = 48.1
[[lines.sectors]]
id = "west"
name = "West"
from = "start"
to = "westtown"
[[lines.sectors]]
id = "middle"
name = "Middle"
from = "westtown"
to = "easttown"
"""
"""From Easttown to the line's end there is no sector."""

Told = tuple[Incident, tuple[Report, ...]]
LEDGERS = (None, "independent", "sensor", "party:a", "party:b", "public")


def sectored(folder: Path, day_ends: str = "24:00") -> Agreement:
    """The invented agreement, with sectors along a part of its line."""
    path = write_world(folder, extra=SECTORS)
    path.write_text(path.read_text().replace("format = 1", f'format = 1\nday_ends = "{day_ends}"'))
    return load_agreement(path)


def standing(*reports: Report, unresolved: bool = False, incident_id: str = "") -> Told:
    """One incident of some reports, with their evidence."""
    first, *others = reports
    names = (first.report_id, *sorted(other.report_id for other in others))
    return Incident(
        incident_id=incident_id or f"in_{first.report_id}",
        window=Window("tile", "day"),
        report_ids=names,
        observed_from=first.observed_from,
        observed_until=first.observed_until,
        footprint=first.footprint,
        activity=first.activity,
        counts=bounded(reports),
        ledgers=tuple(sorted({report.ledger for report in reports if report.ledger})),
        unresolved=unresolved,
    ), reports


@st.composite
def incidents(draw: st.DrawFn, counts: st.SearchStrategy[object]) -> list[Told]:
    """Some incidents of one to four reports each, by any ledgers."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        told: Sequence[Report] = draw(st.lists(reports_near_the_line(), min_size=1, max_size=4))
        reports = [
            replace(
                report,
                report_id=f"test:{number}-{row}",
                ledger=draw(st.sampled_from(LEDGERS)),
                count=draw(counts),
            )
            for row, report in enumerate(told)
        ]
        found.append(standing(*reports, unresolved=draw(st.booleans()), incident_id=f"in_{number}"))
    return found
