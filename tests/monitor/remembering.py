"""A driver that keeps everything in memory: what a store must end with, whatever it went through."""

from collections.abc import Sequence

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor

AREAS = load_gazetteer().outlines


def in_memory(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> dict[str, Alert]:
    """What stands after these batches, kept as a driver would keep it."""
    monitor = Monitor(agreements, MemoryWindows(), AREAS)
    standing: dict[str, Alert] = {}
    for batch in fed:
        changes = monitor.process(batch)
        standing = {key: a for key, a in standing.items() if a.incident_id not in changes.considered}
        standing |= {alert.alert_id: alert for alerts in changes.alerts.values() for alert in alerts}
    return dict(sorted(standing.items()))


def as_bytes(alerts: dict[str, Alert]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, alerts.values()))
