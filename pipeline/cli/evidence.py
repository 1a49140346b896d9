"""What alerts and incidents rest on, from the log: their reports, and why several reports are one incident."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pipeline.model.identity import content_hash, precedence
from pipeline.model.records import TRACK, Alert, Incident
from pipeline.model.report import Report
from pipeline.monitor.fuse.explain import Explained, explain
from pipeline.monitor.fuse.shelf import Shelf
from pipeline.observers import load_observers
from pipeline.store.database import Store
from pipeline.store.windows import SqliteWindows

Versions = Mapping[str, Sequence[Report]]
"""Every version of some reports, by report id."""


def versions_of(store: Store, records: Iterable[Alert | Incident]) -> Versions:
    """Every version of every report that some alerts or incidents rest on."""
    return store.versions(report_id for record in records for report_id in record.report_ids)


def current(record: Alert | Incident, versions: Sequence[Report]) -> Report | None:
    """The version that an alert or incident rests on: of the day that is nearest, the one that counts."""
    if not versions:
        return None
    days = [abs((report.observed_from.date() - record.observed_from.date()).days) for report in versions]
    near = [report for report, away in zip(versions, days, strict=True) if away == min(days)]
    return max(near, key=lambda report: precedence(report, content_hash(report)))


def evidence(record: Alert | Incident, versions: Versions) -> list[Report]:
    """The reports that an alert or incident rests on, each in the version that counts; its canonical one first."""
    each = (current(record, versions.get(report_id, ())) for report_id in record.report_ids)
    return [report for report in each if report is not None]


def explained(store: Store, incident: Incident, reports: Sequence[Report]) -> Explained | None:
    """Why an incident's reports are one; None for a track, whose reports name it.

    Args:
        reports: the incident's own.
    """
    observers = load_observers()
    if incident.window.tile.startswith(TRACK):
        return None
    if len(reports) < 2:
        return explain(reports, incident.report_ids, observers)
    shelf = Shelf(SqliteWindows(store, lambda: datetime.now(UTC)), observers)
    # What else their observers told of about then says how crowded place and hour are.
    reach = timedelta(seconds=observers.linking.crowd_s)
    days = {
        (report.observed_from + step).astimezone(UTC).date().isoformat()
        for report in reports
        for step in (-reach, reach)
    }
    about = [entry.report for entry in shelf.days(days).entries]
    # Where an id stands in two windows, the other is of another incident.
    others = [report for report in about if report.report_id not in incident.report_ids]
    return explain([*others, *reports], incident.report_ids, observers)


def standing_now(store: Store, incident_id: str) -> list[str]:
    """The incidents that stand in the place of one that stands no more, however often that place was taken."""
    found, seen, asked = set[str](), {incident_id}, [incident_id]
    while asked:
        for name in store.successors(asked.pop()):
            if name in seen:
                continue
            seen.add(name)
            if store.incident(name) is not None:
                found.add(name)
            else:
                asked.append(name)
    return sorted(found)
