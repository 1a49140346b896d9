"""The monitor: reports in, changes out."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Geometry
from pipeline.geometry.footprints import Footprints
from pipeline.model.identity import content_hash
from pipeline.model.records import Alert, Finding, Incident, Window
from pipeline.model.report import Report
from pipeline.monitor.fuse import Fuser
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.monitor.place import place
from pipeline.monitor.windows import Entry, Group, Tombstone, Windows


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch of reports changed.

    Attributes:
        new: for each report of the batch, whether it was new (else it is a duplicate).
        considered: every incident id that was looked at again and may say something else now, standing or not.
        incidents: those of them that stand now, rumours that tell of none (`unresolved`) included.
        alerts: every alert that the considered incidents have now, by agreement. An alert of theirs that is in the
            record and not here has lost its evidence.
        findings: the same, of what the considered incidents are to provisions that remember.
        revised: for each report id that the batch revises, the ids of the reports that do.
        matches: incident × zone pairs of `incidents`, over all agreements.
        outside: those of `incidents` that touch no zone of any agreement.
    """

    new: tuple[bool, ...]
    considered: frozenset[str]
    incidents: tuple[Incident, ...]
    alerts: Mapping[str, tuple[Alert, ...]]
    findings: Mapping[str, tuple[Finding, ...]]
    revised: Mapping[str, frozenset[str]]
    matches: int
    outside: int


class Monitor:
    """The functional core. What it must remember is in `windows`; what it keeps at hand it can drop (`forget`).

    Args:
        agreements: compiled, of different names.
        windows: where the windows' sets of reports are kept.
        areas: outlines in degrees by `area_id`.
        owns: whose windows' incidents are told, where the work is shared out; all without it.
    """

    def __init__(
        self,
        agreements: Sequence[Agreement],
        windows: Windows,
        areas: Mapping[str, Geometry],
        parameters: Parameters = DEFAULT,
        owns: Callable[[Window], bool] | None = None,
    ) -> None:
        self.agreements = tuple(agreements)
        self.windows, self.areas, self.parameters = windows, areas, parameters
        self._fuser = Fuser(windows, parameters.observers, owns)

    def forget(self) -> None:
        """Drops what is kept at hand: to be called where the windows take back what they were given."""
        self._fuser.forget()

    def process(self, reports: Sequence[Report]) -> Changes:
        """Takes a batch of reports in and judges what it touches.

        The windows and the alerts that follow from them are the same whatever the order, the batches and the repeats.
        """
        entries = self.place(reports)
        new = self.windows.add(entries)
        self.windows.retire(tombstones(entries))
        return self.consider([entry for entry, fresh in zip(entries, new, strict=True) if fresh], tuple(new))

    def consider(self, entries: Sequence[Entry], new: tuple[bool, ...] = ()) -> Changes:
        """Judges what these entries of the windows touch, as the windows stand, against every agreement."""
        revised = _revised(entries)
        groups = {Group(entry.window, entry.report.report_id) for entry in entries}
        groups.update(self.windows.holding(sorted(revised)))
        incidents, considered = self._fuser.fuse(groups)
        judged = [incident for incident in incidents if not incident.unresolved]
        alerts, findings, matches = {}, {}, 0
        touched = np.zeros(len(judged), dtype=bool)
        for agreement in self.agreements:
            found = judge(judged, agreement, self.parameters)
            alerts[agreement.name], findings[agreement.name] = tuple(found.alerts), tuple(found.findings)
            matches += found.matches
            touched |= found.touched
        return Changes(
            new=new,
            considered=considered,
            incidents=tuple(incidents),
            alerts=alerts,
            findings=findings,
            revised=revised,
            matches=matches,
            outside=len(incidents) - int(touched.sum()),
        )

    def place(self, reports: Sequence[Report]) -> list[Entry]:
        """Each report with its window and the hash of what it says."""
        footprints = Footprints([report.footprint for report in reports], self.areas)
        windows = place(reports, footprints)
        return [Entry(window, content_hash(report), report) for window, report in zip(windows, reports, strict=True)]


def tombstones(entries: Sequence[Entry]) -> list[Tombstone]:
    """What some reports retire."""
    revising = (entry.report for entry in entries if entry.report.revises is not None)
    return [Tombstone(report.revises, report.ledger) for report in revising if report.revises is not None]


def _revised(entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    revised: dict[str, frozenset[str]] = {}
    for entry in entries:
        if entry.report.revises is not None:
            known = revised.get(entry.report.revises, frozenset())
            revised[entry.report.revises] = known | {entry.report.report_id}
    return revised
