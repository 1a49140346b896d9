"""What truly was a violation: true incidents, judged by the monitor's own judge on their exact place and time."""

from collections.abc import Sequence

import msgspec
import numpy as np

from pipeline.agreement import Agreement, Clause
from pipeline.geometry.earth import Bools
from pipeline.geometry.places import Places
from pipeline.model.footprint import Disc
from pipeline.model.records import Incident, Window
from pipeline.model.report import Count, Time
from pipeline.model.taxonomy import Activity, Standing, Weapon
from pipeline.model.times import from_us
from pipeline.monitor.judge import CAPPING, judge
from pipeline.monitor.parameters import Parameters
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS

_NO_WINDOW = Window("", "")


class Violation(msgspec.Struct, frozen=True):
    """A provision that was truly broken."""

    agreement: str
    provision: str


class TrueIncident(msgspec.Struct, frozen=True, kw_only=True):
    """A line of truth.ndjson: what happened, which provisions it broke, and which reports tell of it (none: unseen)."""

    incident_id: str
    observed_at: Time
    lon: float
    lat: float
    activity: Activity
    violations: tuple[Violation, ...]
    report_ids: tuple[str, ...]
    weapons: tuple[Weapon, ...] = ()
    calibre_mm: float | None = None
    count: Count | None = None


class Invention(msgspec.Struct, frozen=True, kw_only=True):
    """A line of invented.ndjson: the reports of one thing that never happened, a post and its copies."""

    report_ids: tuple[str, ...]


class Judge:
    """Judges true incidents under one agreement. What is invented breaks nothing.

    Only those go before the monitor's judge that may have broken something: of a kind that some clause covers beyond
    doubt, in one of that clause's zones. Of all others an alert is *possible* at most.
    """

    def __init__(self, agreement: Agreement) -> None:
        self._agreement, self._parameters = agreement, Parameters()
        self._covered = np.array([[_covers(clause, kind.said[0]) for kind in KINDS] for clause in agreement.clauses])

    def violations(self, happened: Incidents) -> list[tuple[Violation, ...]]:
        """The provisions that each incident broke: those whose alert would be raised."""
        broken: dict[int, list[Violation]] = {}
        rows = np.flatnonzero(self._eligible(happened)).tolist()
        for alert in judge(_exact(happened, rows), self._agreement, self._parameters).alerts:
            if alert.standing is Standing.RAISED:
                broken.setdefault(int(alert.incident_id), []).append(Violation(alert.agreement, alert.provision))
        return [tuple(broken.get(row, ())) for row in range(happened.size)]

    def _eligible(self, happened: Incidents) -> Bools:
        eligible = np.zeros(happened.size, dtype=bool)
        if not len(self._covered):
            return eligible
        rows = np.flatnonzero(np.asarray(self._covered.any(axis=0))[happened.kind] & ~happened.invented)
        some = happened.at(rows)
        places = Places(some.lon, some.lat)
        inside: Bools = np.array([zone.contains(places) for zone in self._agreement.zones])
        for clause, covered in zip(self._agreement.clauses, self._covered, strict=True):
            within = np.asarray(inside[list(clause.zone_indices)].any(axis=0))
            eligible[rows] |= covered[some.kind] & within
        return eligible


def _covers(clause: Clause, said: tuple[Activity, tuple[Weapon, ...], int | None]) -> bool:
    coverage = clause.covers(*said)
    return coverage.share > 0.0 and CAPPING.isdisjoint(coverage.doubts)


def _exact(happened: Incidents, rows: Sequence[int]) -> list[Incident]:
    some = happened.at(np.asarray(rows, dtype=np.intp))
    columns = (some.begin_ms, some.kind, some.number, some.lon, some.lat)
    return [
        _incident(str(row), *figures)
        for row, *figures in zip(rows, *(column.tolist() for column in columns), strict=True)
    ]


def _incident(name: str, begin_ms: int, kind: int, number: int, lon: float, lat: float) -> Incident:
    said, unit, at = KINDS[kind].said[0], KINDS[kind].unit, from_us(begin_ms * 1000)
    return Incident(
        incident_id=name,
        window=_NO_WINDOW,
        report_ids=(),
        observed_from=at,
        observed_until=at,
        footprint=Disc(lon, lat, 0.0),
        activity=said.activity,
        weapons=said.weapons,
        calibre_mm=said.calibre_mm,
        counts=() if unit is None else (Count(number, number, unit),),
    )
