"""Judging: incidents against the clauses of one agreement.

The probability of a finding is the product of five, each of what the evidence leaves open: that anything happened at
all, and the shares of the footprint's area in the clause's zones, of the interval in which it was in force, of what may
have happened that it covers, and of what no exception suspends. A track is judged by that one of its places for which
place and time give the most.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.clauses import Clause, Coverage, Suspended
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import ReadingTable
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.zones import Union
from pipeline.model.check import PARTY
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, DoubtNote, Incident, ReadingNote
from pipeline.model.taxonomy import Activity, Doubt, Standing, Status
from pipeline.model.times import to_us, to_us_array
from pipeline.monitor.parameters import Parameters
from pipeline.monitor.site import Site

CAPPING = frozenset({Doubt.PLACE_BROAD, Doubt.WEAPON_UNCLEAR, Doubt.ACTIVITY_UNCLEAR, Doubt.ATTRIBUTION_NEEDED})
"""Doubts with which an alert is *possible* at most, whatever its probability."""

_OPEN_END = np.iinfo(np.int64).max


class Judged(NamedTuple):
    """What one agreement makes of a batch of incidents.

    `matches` counts incident × zone pairs of probability `match_from` or more; `touched` says which incidents have any.
    """

    alerts: list[Alert]
    matches: int
    touched: Bools


def judge(incidents: Sequence[Incident], agreement: Agreement, parameters: Parameters) -> Judged:
    """The alerts that incidents raise under one agreement, in the order of incidents and clauses."""
    if not incidents:
        return Judged([], 0, np.zeros(0, dtype=bool))
    batch = _Batch(incidents, agreement, parameters)
    found = np.round(batch.site.shares.each, 4) >= parameters.match_from
    return Judged(batch.alerts(), int(found.sum()), batch.of_incidents(np.asarray(found.any(axis=0))))


def time_share(begin_us: Any, end_us: Any, from_us: int, until_us: int) -> Floats:
    """The share of each interval that lies within another; an instant lies in it or not."""
    begin, end = np.asarray(begin_us), np.asarray(end_us)
    length = end - begin
    overlap = np.minimum(end, until_us) - np.maximum(begin, from_us)
    instant = ((begin >= from_us) & (begin < until_us)).astype(float)
    return np.where(length > 0, np.clip(overlap, 0, None) / np.maximum(length, 1), instant)


class _Batch:
    """One batch of incidents under one agreement; arrays are indexed by place: an incident's, or each of a track's."""

    def __init__(self, incidents: Sequence[Incident], agreement: Agreement, parameters: Parameters) -> None:
        self.agreement, self.parameters = agreement, parameters
        placed = [(incident, fix) for incident in incidents for fix in incident.fixes or (incident,)]
        self.incidents = [incident for incident, _ in placed]
        self._count = len(incidents)
        self._owner = np.repeat(np.arange(len(incidents)), [len(one.fixes) or 1 for one in incidents])
        self.footprints = Footprints([fix.footprint for _, fix in placed], agreement.areas)
        groups = [clause.zone_indices for clause in agreement.clauses]
        self.site = Site(self.footprints, agreement, groups)
        self.begin_us = to_us_array(fix.observed_from for _, fix in placed)
        self.end_us = to_us_array(fix.observed_until for _, fix in placed)
        self._known_edges_m: dict[tuple[int, ...], Floats] = {}

    def alerts(self) -> list[Alert]:
        found: list[tuple[int, int, Alert]] = []
        for number, clause in enumerate(self.agreement.clauses):
            found.extend((index, number, alert) for index, alert in self._judge(clause, self.site.shares.any[number]))
        return [alert for _, _, alert in sorted(found, key=lambda item: item[:2])]

    def _judge(self, clause: Clause, place: Floats) -> list[tuple[int, Alert]]:
        when = time_share(self.begin_us, self.end_us, *_span(clause.in_force))
        judged = []
        for index in self._best(place * when).tolist():
            incident = self.incidents[index]
            coverage = clause.covers(incident.activity, incident.weapons, incident.calibre_mm)
            if coverage.share == 0.0 or _exempt(clause, incident):
                continue
            suspended = self._suspended(clause, index)
            shares = _Shares(incident.occurred, float(place[index]), float(when[index]), coverage, suspended)
            if shares.product >= self.parameters.possible_from:
                judged.append((index, self._alert(clause, index, shares)))
        return judged

    def _best(self, likely: Floats) -> NDArray[np.intp]:
        """The most likely place of each incident that has one likely enough; the first of equals."""
        rows = np.flatnonzero(likely >= self.parameters.possible_from / 2)
        if len(likely) == self._count or not len(rows):
            return rows
        rows = rows[np.lexsort((-likely[rows], self._owner[rows]))]
        return np.asarray(rows[np.concatenate([[True], np.diff(self._owner[rows]) > 0])])

    def of_incidents(self, found: Bools) -> Bools:
        """Which incidents have any place for which `found` holds."""
        return np.asarray(np.bincount(self._owner, found, self._count) > 0)

    def _suspended(self, clause: Clause, index: int) -> float:
        """The greatest share of time and place that one notice or window of an exception covers."""
        activity = self.incidents[index].activity.value
        spans = [
            span
            for exception in clause.exceptions
            if not exception.activities or activity in exception.activities
            for span in exception.spans
        ]
        return max((self._covered(span, index) for span in spans), default=0.0)

    def _covered(self, span: Suspended, index: int) -> float:
        one = slice(index, index + 1)
        in_time = time_share(self.begin_us[one], self.end_us[one], to_us(span.begin), to_us(span.until))[0]
        in_place = 1.0 if span.zone_index is None else self.site.shares.each[span.zone_index, index]
        return float(in_time * in_place)

    def _alert(self, clause: Clause, index: int, shares: "_Shares") -> Alert:
        incident, agreement, footprints = self.incidents[index], self.agreement, self.footprints
        zone = max(clause.zone_indices, key=lambda zone: self.site.shares.each[zone, index])
        where = self.site.reference(index, zone)
        doubts = self._doubts(clause, index, zone, shares)
        capped = any(note.doubt in CAPPING for note in doubts)
        raised = shares.product >= agreement.raise_from and not capped
        known = bool(footprints.placed[index])
        return Alert(
            alert_id=alert_id(agreement.name, clause.provision_id, incident.incident_id),
            agreement=agreement.name,
            agreement_version=agreement.version,
            provision=clause.provision_id,
            article=clause.article,
            incident_id=incident.incident_id,
            status=Status.CORROBORATED if incident.origins > 1 else Status.ALLEGED,
            severity=clause.severity,
            reason=clause.reason,
            probability=shares.product,
            place_probability=round(shares.place, 4),
            observed_from=incident.observed_from,
            observed_until=incident.observed_until,
            line=where.line,
            side=where.side,
            chainage_m=where.chainage_m,
            offset_m=where.offset_m,
            lon=round(float(footprints.lon[index]), 6) if known else None,
            lat=round(float(footprints.lat[index]), 6) if known else None,
            radius_m=round(float(footprints.reach_m[index]), 1) if known else None,
            report_ids=incident.report_ids,
            doubts=doubts,
            readings=tuple(ReadingNote(r.id, r.party, r.says) for r in self._readings(clause, index)),
            attribution=incident.attributions,
            standing=Standing.RAISED if raised else Standing.POSSIBLE,
            acknowledged_by=None,
            assignee=None,
            judged_by=self.parameters.judged_by,
        )

    def _doubts(self, clause: Clause, index: int, zone: int, shares: "_Shares") -> tuple[DoubtNote, ...]:
        incident, readings = self.incidents[index], self._readings(clause, index)
        notes: list[tuple[Doubt, Mapping[str, Any]] | None] = [
            self._broad(clause, index, shares.place),
            (Doubt.PLACE_STRADDLES, {"share_inside": round(shares.place, 4)}) if shares.place < 1.0 else None,
            self._line_accuracy(clause, index, zone),
            self._line_validity(index, zone),
            (Doubt.TIME_STRADDLES, {"share_in_force": round(shares.time, 4)}) if shares.time < 1.0 else None,
            *((doubt, {"share_covered": round(shares.coverage.share, 4)}) for doubt in shares.coverage.doubts),
            (Doubt.EXCEPTION_MAY_APPLY, {"share_suspended": round(shares.suspended, 4)}) if shares.suspended else None,
            (Doubt.FORM_UNSAID, {}) if incident.activity is Activity.ARMED_CLASH else None,
            _attribution_needed(clause, incident),
            (Doubt.SINGLE_REPORT, {}) if incident.origins == 1 else None,
            (Doubt.PARTY_CLAIM, {"ledgers": list(incident.ledgers)}) if _only_parties(incident) else None,
            (Doubt.READING_DISPUTED, {"readings": [r.id for r in readings]}) if readings else None,
        ]
        return tuple(DoubtNote(note[0], dict(note[1])) for note in notes if note is not None)

    def _broad(self, clause: Clause, index: int, place: float) -> tuple[Doubt, Mapping[str, Any]] | None:
        area = float(self.footprints.area_m2[index])
        zones = sum(self.agreement.zone_areas_m2[zone] for zone in clause.zone_indices)
        if place >= 1.0 or (area <= self.parameters.broad_m2 and area <= zones):
            return None
        return Doubt.PLACE_BROAD, {"area_km2": round(area / 1e6, 1), "zone_km2": round(zones / 1e6, 1)}

    def _line_accuracy(self, clause: Clause, index: int, zone: int) -> tuple[Doubt, Mapping[str, Any]] | None:
        line_id = self.agreement.zones[zone].line_id
        if line_id is None:
            return None
        accuracy_m = self.agreement.line_table(line_id).accuracy_m
        centre_m = float(self._edges_m(clause.zone_indices)[index])
        edge_m = max(0.0, centre_m - float(self.footprints.reach_m[index]))
        if edge_m >= accuracy_m:
            return None
        return Doubt.LINE_ACCURACY, {"line_accuracy_m": accuracy_m, "edge_distance_m": round(edge_m)}

    def _edges_m(self, zone_indices: Sequence[int]) -> Floats:
        """How far the centres are from the nearest edge of what a clause's zones by lines make together."""
        key = tuple(zone_indices)
        if key not in self._known_edges_m:
            zones = [self.agreement.zones[number] for number in zone_indices]
            union = Union([zone for zone in zones if zone.line_id is not None])
            self._known_edges_m[key] = np.abs(union.margin_m(self.site.places))
        return self._known_edges_m[key]

    def _line_validity(self, index: int, zone: int) -> tuple[Doubt, Mapping[str, Any]] | None:
        """Whether the line, as it is drawn, is that of the incident's time."""
        line_id = self.agreement.zones[zone].line_id
        if line_id is None:
            return None
        table, incident = self.agreement.line_table(line_id), self.incidents[index]
        early = table.valid_from is not None and incident.observed_from < table.valid_from
        late = table.valid_until is not None and incident.observed_until > table.valid_until
        if not early and not late:
            return None
        ends = (("line_valid_from", table.valid_from), ("line_valid_until", table.valid_until))
        return Doubt.LINE_OF_ANOTHER_TIME, {name: time and time.isoformat() for name, time in ends}

    def _readings(self, clause: Clause, index: int) -> list[ReadingTable]:
        """The readings of the clause that speak of the incident's time."""
        begin, end = self.incidents[index].observed_from, self.incidents[index].observed_until
        return [
            reading
            for reading in clause.readings
            if (reading.valid_from is None or end >= reading.valid_from)
            and (reading.valid_until is None or begin < reading.valid_until)
        ]


class _Shares(NamedTuple):
    occurred: float
    place: float
    time: float
    coverage: Coverage
    suspended: float

    @property
    def product(self) -> float:
        """The probability of the finding, to four decimals."""
        return round(self.occurred * self.place * self.time * self.coverage.share * (1.0 - self.suspended), 4)


def _span(in_force: tuple[datetime, datetime | None]) -> tuple[int, int]:
    begin, until = in_force
    return to_us(begin), _OPEN_END if until is None else to_us(until)


def _exempt(clause: Clause, incident: Incident) -> bool:
    return any(claim.party in clause.except_operators for claim in incident.attributions)


def _attribution_needed(clause: Clause, incident: Incident) -> tuple[Doubt, Mapping[str, Any]] | None:
    if not clause.binds or any(claim.party in clause.binds for claim in incident.attributions):
        return None
    return Doubt.ATTRIBUTION_NEEDED, {"binds": list(clause.binds)}


def _only_parties(incident: Incident) -> bool:
    return bool(incident.ledgers) and all(ledger.startswith(PARTY) for ledger in incident.ledgers)
