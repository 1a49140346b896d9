"""A driver that keeps everything in memory: what a store must end with, whatever it went through."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.monitor import Changes, MemoryWindows, Monitor

AREAS = load_gazetteer().outlines


class Standing(NamedTuple):
    """What stands, by id, in the order of the ids."""

    alerts: dict[str, Alert]
    incidents: dict[str, Incident]


class Book:
    """What a driver has written down, change by change: rumours that tell of no incident included."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.incidents: dict[str, Incident] = {}

    def take(self, changes: Changes) -> None:
        """Withdraws what was considered again, and writes down what stands of it now."""
        gone = changes.considered
        self.alerts = {key: alert for key, alert in self.alerts.items() if alert.incident_id not in gone}
        self.alerts |= {alert.alert_id: alert for told in changes.alerts.values() for alert in told}
        self.incidents = {key: one for key, one in self.incidents.items() if key not in gone}
        self.incidents |= {one.incident_id: one for one in changes.incidents}

    def standing(self) -> Standing:
        return Standing(dict(sorted(self.alerts.items())), dict(sorted(self.incidents.items())))


def remembered(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> Standing:
    """What stands after these batches, kept as a driver would keep it."""
    monitor, book = Monitor(agreements, MemoryWindows(), AREAS), Book()
    for batch in fed:
        book.take(monitor.process(batch))
    return book.standing()


def in_memory(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> dict[str, Alert]:
    """The alerts that stand after these batches."""
    return remembered(agreements, fed).alerts


def as_bytes(records: Mapping[str, Alert | Incident]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, records.values()))
