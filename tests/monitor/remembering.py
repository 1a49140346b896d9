"""A driver that keeps everything in memory: what a store must end with, whatever it went through."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor

AREAS = load_gazetteer().outlines


class Standing(NamedTuple):
    """What stands, by id, in the order of the ids."""

    alerts: dict[str, Alert]
    incidents: dict[str, Incident]


def remembered(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> Standing:
    """What stands after these batches, kept as a driver would keep it: rumours that tell of no incident included."""
    monitor = Monitor(agreements, MemoryWindows(), AREAS)
    alerts: dict[str, Alert] = {}
    incidents: dict[str, Incident] = {}
    for batch in fed:
        changes = monitor.process(batch)
        alerts = {key: alert for key, alert in alerts.items() if alert.incident_id not in changes.considered}
        alerts |= {alert.alert_id: alert for told in changes.alerts.values() for alert in told}
        incidents = {key: one for key, one in incidents.items() if key not in changes.considered}
        incidents |= {one.incident_id: one for one in changes.incidents}
    return Standing(dict(sorted(alerts.items())), dict(sorted(incidents.items())))


def in_memory(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> dict[str, Alert]:
    """The alerts that stand after these batches."""
    return remembered(agreements, fed).alerts


def as_bytes(records: Mapping[str, Alert | Incident]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, records.values()))
