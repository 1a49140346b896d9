"""Fusing: from a window's reports to its incidents.

One report is one incident here: the reach of linking is nought, so an incident depends on its own report's versions and
on nothing else. Wider linking belongs in `fuse`; its callers ask for whole neighbourhoods already.
"""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.model.identity import incident_id, precedence
from pipeline.model.records import Incident
from pipeline.monitor.windows import Entry, Group, Tombstone


def current(versions: Iterable[Entry]) -> Entry:
    """The version that counts within a window."""
    return max(versions, key=lambda entry: precedence(entry.report, entry.content))


def tombstone(entry: Entry) -> Tombstone:
    """What would retire this report."""
    return Tombstone(entry.report.report_id, entry.report.ledger)


def fuse(neighbourhood: Mapping[Group, Sequence[Entry]], retired: set[Tombstone]) -> list[Incident]:
    """The incidents of some groups of reports, in the order of their windows and report ids.

    A report that is withdrawn, or that another of its ledger revises, makes no incident.
    """
    incidents = []
    for group in sorted(neighbourhood):
        standing = [entry for entry in neighbourhood[group] if tombstone(entry) not in retired]
        if standing:
            entry = current(standing)
            if not entry.report.retracted:
                incidents.append(_alone(entry))
    return incidents


def _alone(entry: Entry) -> Incident:
    report = entry.report
    return Incident(
        incident_id=incident_id(report.report_id, entry.window),
        window=entry.window,
        report_ids=(report.report_id,),
        observed_from=report.observed_from,
        observed_until=report.observed_until,
        footprint=report.footprint,
        activity=report.activity,
        weapons=report.weapons,
        calibre_mm=report.calibre_mm,
        count=report.count,
        ledgers=(report.ledger,) if report.ledger else (),
        attributions=(report.attribution,) if report.attribution else (),
    )
