"""A driver that keeps everything in memory: what a store must end with, whatever it went through."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.law.folding import BEFORE_ALL, MemoryFindings, refold
from pipeline.law.folds import folds_of
from pipeline.model.records import Alert, Finding, Incident
from pipeline.model.report import Report
from pipeline.model.times import to_us_array
from pipeline.monitor import Changes, MemoryWindows, Monitor

AREAS = load_gazetteer().outlines


class Standing(NamedTuple):
    """What stands, by id, in the order of the ids."""

    alerts: dict[str, Alert]
    incidents: dict[str, Incident]


class Book:
    """What a driver has written down, change by change: rumours that tell of no incident included."""

    def __init__(self, agreements: Sequence[Agreement]) -> None:
        self.agreements = {agreement.name: agreement for agreement in agreements}
        self.alerts: dict[str, Alert] = {}
        self.findings: dict[tuple[str, ...], Finding] = {}
        self.incidents: dict[str, Incident] = {}

    def take(self, changes: Changes) -> None:
        """Withdraws what was considered again, and writes down what stands of it now."""
        gone = changes.considered
        self.alerts = {key: alert for key, alert in self.alerts.items() if alert.incident_id not in gone}
        self.alerts |= {alert.alert_id: alert for told in changes.alerts.values() for alert in told}
        self.findings = {key: one for key, one in self.findings.items() if one.incident.incident_id not in gone}
        self.findings |= {
            (name, one.alert.provision, one.role, one.incident.incident_id): one
            for name, told in changes.findings.items()
            for one in told
        }
        self.incidents = {key: one for key, one in self.incidents.items() if key not in gone}
        self.incidents |= {one.incident_id: one for one in changes.incidents}

    def standing(self) -> Standing:
        alerts = self.alerts | {alert.alert_id: alert for alert in self._folded()}
        return Standing(dict(sorted(alerts.items())), dict(sorted(self.incidents.items())))

    def _folded(self) -> Iterator[Alert]:
        """What the provisions that remember say of all findings at once."""
        for name, agreement in self.agreements.items():
            found = [one for key, one in self.findings.items() if key[0] == name]
            days = agreement.days.day_of(to_us_array(one.alert.observed_from for one in found)).tolist()
            memory, said = MemoryFindings(list(zip(days, found, strict=True))), list[Alert]()
            for fold in folds_of(agreement):
                said += [] if fold.watches else [alert for alert, _ in refold(fold, memory, BEFORE_ALL).alerts]
            yield from said
            said += [alert for alert in self.alerts.values() if alert.agreement == name]
            on = agreement.days.day_of(to_us_array(alert.observed_from for alert in said)).tolist()
            memory = MemoryFindings((), list(zip(on, said, strict=True)))
            for fold in folds_of(agreement):
                yield from (alert for alert, _ in refold(fold, memory, BEFORE_ALL).alerts if fold.watches)


def remembered(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> Standing:
    """What stands after these batches, kept as a driver would keep it."""
    monitor, book = Monitor(agreements, MemoryWindows(), AREAS), Book(agreements)
    for batch in fed:
        book.take(monitor.process(batch))
    return book.standing()


def in_memory(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]]) -> dict[str, Alert]:
    """The alerts that stand after these batches."""
    return remembered(agreements, fed).alerts


def as_bytes(records: Mapping[str, Alert | Incident]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, records.values()))
