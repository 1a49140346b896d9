"""Why a finding is not more certain: the doubts of its place, and those of what is said."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.agreement.clauses import Clause, Coverage
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import ReadingTable
from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.zones import Union
from pipeline.model.check import PARTY
from pipeline.model.records import DoubtNote, Incident
from pipeline.model.taxonomy import Activity, Doubt
from pipeline.monitor.parameters import Parameters
from pipeline.monitor.site import Site

Note = tuple[Doubt, Mapping[str, Any]]


class Shares(NamedTuple):
    """What the probability of a finding is the product of."""

    occurred: float
    place: float
    time: float
    coverage: Coverage
    suspended: float

    @property
    def product(self) -> float:
        """The probability of the finding, to four decimals."""
        return round(self.occurred * self.place * self.time * self.coverage.share * (1.0 - self.suspended), 4)


class PlaceDoubts:
    """The doubts that a batch of footprints gives under one agreement."""

    def __init__(self, footprints: Footprints, site: Site, agreement: Agreement, parameters: Parameters) -> None:
        self._footprints, self._site = footprints, site
        self._agreement, self._parameters = agreement, parameters
        self._known_edges_m: dict[tuple[int, ...], Floats] = {}

    def in_zones(self, clause: Clause, incident: Incident, index: int, zone: int, place: float) -> list[Note | None]:
        """Of a footprint in a clause's zones, most of it in one of them."""
        line_id = self._agreement.zones[zone].line_id
        return [
            self._broad(clause, index, place),
            (Doubt.PLACE_STRADDLES, {"share_inside": round(place, 4)}) if place < 1.0 else None,
            None if line_id is None else self._line_accuracy(line_id, self._edge_m(clause.zone_indices, index)),
            None if line_id is None else self._line_validity(line_id, incident),
        ]

    def at_line(self, line_id: str, incident: Incident, rows: Sequence[int], place: float) -> list[Note | None]:
        """Of footprints on either side of a line that they are told to have crossed."""
        offset_m = np.abs(self._site.places.along(self._agreement.lines[line_id]).offset_m)
        area_m2 = max(float(self._footprints.area_m2[row]) for row in rows)
        edge_m = min(float(offset_m[row] - self._footprints.reach_m[row]) for row in rows)
        broad = area_m2 > self._parameters.broad_m2 and place < 1.0
        return [
            (Doubt.PLACE_BROAD, {"area_km2": round(area_m2 / 1e6, 1)}) if broad else None,
            self._line_accuracy(line_id, max(0.0, edge_m)),
            self._line_validity(line_id, incident),
        ]

    def _broad(self, clause: Clause, index: int, place: float) -> Note | None:
        area = float(self._footprints.area_m2[index])
        zones = sum(self._agreement.zone_areas_m2[zone] for zone in clause.zone_indices)
        if place >= 1.0 or (area <= self._parameters.broad_m2 and area <= zones):
            return None
        return Doubt.PLACE_BROAD, {"area_km2": round(area / 1e6, 1), "zone_km2": round(zones / 1e6, 1)}

    def _edge_m(self, zone_indices: Sequence[int], index: int) -> float:
        """How far a footprint is from the nearest edge of what a clause's zones by lines make together."""
        key = tuple(zone_indices)
        if key not in self._known_edges_m:
            zones = [self._agreement.zones[number] for number in zone_indices]
            union = Union([zone for zone in zones if zone.line_id is not None])
            self._known_edges_m[key] = np.abs(union.margin_m(self._site.places))
        return max(0.0, float(self._known_edges_m[key][index]) - float(self._footprints.reach_m[index]))

    def _line_accuracy(self, line_id: str, edge_m: float) -> Note | None:
        accuracy_m = self._agreement.line_table(line_id).accuracy_m
        if edge_m >= accuracy_m:
            return None
        return Doubt.LINE_ACCURACY, {"line_accuracy_m": accuracy_m, "edge_distance_m": round(edge_m)}

    def _line_validity(self, line_id: str, incident: Incident) -> Note | None:
        """Whether the line, as it is drawn, is that of the incident's time."""
        table = self._agreement.line_table(line_id)
        early = table.valid_from is not None and incident.observed_from < table.valid_from
        late = table.valid_until is not None and incident.observed_until > table.valid_until
        if not early and not late:
            return None
        ends = (("line_valid_from", table.valid_from), ("line_valid_until", table.valid_until))
        return Doubt.LINE_OF_ANOTHER_TIME, {name: time and time.isoformat() for name, time in ends}


def doubt_notes(
    clause: Clause,
    incident: Incident,
    shares: Shares,
    of_place: Sequence[Note | None],
    read: Sequence[ReadingTable],
) -> tuple[DoubtNote, ...]:
    """All doubts of a finding, in the order in which they are told.

    Args:
        of_place: those of its place.
        read: the readings of the clause that speak of its time.
    """
    notes: list[Note | None] = [
        *of_place,
        (Doubt.TIME_STRADDLES, {"share_in_force": round(shares.time, 4)}) if shares.time < 1.0 else None,
        *((doubt, {"share_covered": round(shares.coverage.share, 4)}) for doubt in shares.coverage.doubts),
        (Doubt.EXCEPTION_MAY_APPLY, {"share_suspended": round(shares.suspended, 4)}) if shares.suspended else None,
        (Doubt.FORM_UNSAID, {}) if incident.activity is Activity.ARMED_CLASH else None,
        _attribution_needed(clause, incident),
        (Doubt.SINGLE_REPORT, {}) if incident.origins == 1 else None,
        (Doubt.PARTY_CLAIM, {"ledgers": list(incident.ledgers)}) if _only_parties(incident) else None,
        (Doubt.READING_DISPUTED, {"readings": [r.id for r in read]}) if read else None,
    ]
    return tuple(DoubtNote(note[0], dict(note[1])) for note in notes if note is not None)


def readings(clause: Clause, incident: Incident) -> list[ReadingTable]:
    """The readings of a clause that speak of the incident's time."""
    begin, end = incident.observed_from, incident.observed_until
    return [
        reading
        for reading in clause.readings
        if (reading.valid_from is None or end >= reading.valid_from)
        and (reading.valid_until is None or begin < reading.valid_until)
    ]


def _attribution_needed(clause: Clause, incident: Incident) -> Note | None:
    if not clause.binds or any(claim.party in clause.binds for claim in incident.attributions):
        return None
    return Doubt.ATTRIBUTION_NEEDED, {"binds": list(clause.binds)}


def _only_parties(incident: Incident) -> bool:
    return bool(incident.ledgers) and all(ledger.startswith(PARTY) for ledger in incident.ledgers)
