"""What reports would make, were they put together as they truly belong."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.geometry.earth import Geometry
from pipeline.model.records import Incident
from pipeline.model.report import Report
from pipeline.monitor import Monitor
from pipeline.monitor.fuse.describe import Members, alone, together_described, track
from pipeline.monitor.fuse.shelf import canonical
from pipeline.monitor.fuse.sights import FAMILY, KIND, TIER, sights_of
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.windows import Entry, MemoryWindows
from pipeline.scenario.scoring.fusion import locates


def truly_together(
    reports: Sequence[Report],
    group_of: Mapping[str, int],
    wanted: Mapping[int, object],
    areas: Mapping[str, Geometry],
) -> list[Incident]:
    """The incident that the reports of each true group would make, for those wanted of which a located report tells.

    Args:
        group_of: the true group of each report, by its id.
        areas: outlines in degrees by `area_id`.
    """
    located = {group_of[report.report_id] for report in reports if locates(report)}
    some = [one for one in reports if group_of[one.report_id] in located and group_of[one.report_id] in wanted]
    entries = sorted(Monitor((), MemoryWindows(), areas).place(some), key=canonical)
    sights = sights_of([entry.report for entry in entries], DEFAULT.observers)
    observers = DEFAULT.observers
    who = [(observers.kinds[marks[KIND]], observers.families[marks[FAMILY]]) for marks in sights.marks]
    groups: dict[int, list[int]] = {}
    # The best first: the located ones, in canonical order, give an incident its name and its day.
    for row in np.argsort(sights.marks[:, TIER], kind="stable").tolist():
        groups.setdefault(group_of[entries[row].report.report_id], []).append(row)
    incidents, several = [], []
    for rows in groups.values():
        fixes = _fixes([entries[row] for row in rows])
        if fixes:
            incidents.append(track(fixes, *who[rows[0]]))
        elif len(rows) == 1:
            incidents.append(alone(entries[rows[0]], *who[rows[0]], watched=True, unresolved=False))
        else:
            several.append(Members(rows, rows, True))
    return incidents + together_described(several, entries, sights, observers)


def _fixes(entries: Sequence[Entry]) -> list[Entry]:
    """The places of the moving thing, where it is one."""
    return sorted((entry for entry in entries if entry.report.track_id is not None), key=canonical)
