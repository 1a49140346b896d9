"""Why a finding is not more certain: the doubts of its place, and those of what is said."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.agreement.clauses import Clause, Coverage
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import ReadingTable
from pipeline.geometry.dated import DatedZone, Held
from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.check import PARTY
from pipeline.model.records import DoubtNote, Incident
from pipeline.model.taxonomy import Activity, Doubt
from pipeline.model.times import from_us
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
            self._accuracy(clause, index, zone),
            *(() if line_id is None else self._of_line(line_id, incident)),
        ]

    def of_shapes(self, zone: int, index: int, group: int) -> list[Note | None]:
        """Of a footprint in a dated zone: by which days' shapes it was judged, and whether they agree.

        Args:
            group: the number of the clause's zones among those that were asked for together.
        """
        dated, over_time = self._agreement.zones[zone], self._site.over_time
        if not isinstance(dated, DatedZone) or over_time is None:
            return []
        held = self._held(dated, index)
        least, most = (round(float(shares[group, index]), 4) for shares in (over_time.least, over_time.most))
        changes = (Doubt.SHAPE_CHANGES, {"share_least": least, "share_most": most}) if least < most else None
        return [self._of_another_day(dated, held), changes]

    def _of_another_day(self, dated: DatedZone, held: Sequence[Held]) -> Note | None:
        clock = ZoneInfo(self._agreement.tables.header.timezone)
        spans = [dated.shapes.spans[one.number] for one in held]
        last = [from_us(one.last_us).astimezone(clock).date() for one in held]
        ages = [((day - span.content_date).days, span.content_date) for day, span in zip(last, spans, strict=True)]
        missing = round(1.0 - sum(one.share for one in held), 4)
        if missing <= 0.0 and not any(age for age, _ in ages):
            return None
        oldest, of_day = max(ages, default=(None, None))
        figures = {
            "age_days": oldest,
            "content_date": of_day and of_day.isoformat(),
            "share_without": max(missing, 0.0),
        }
        return Doubt.SHAPE_OF_ANOTHER_DAY, figures

    def _held(self, dated: DatedZone, index: int) -> list[Held]:
        """The shapes that held while a footprint was observed."""
        when = self._site.when
        return [] if when is None else dated.held(int(when.begin_us[index]), int(when.end_us[index]))

    def at_line(self, line_id: str, incident: Incident, rows: Sequence[int], place: float) -> list[Note | None]:
        """Of footprints on either side of a line that they are told to have crossed."""
        offset_m = np.abs(self._site.places.along(self._agreement.lines[line_id]).offset_m)
        area_m2 = max(float(self._footprints.area_m2[row]) for row in rows)
        edge_m = min(float(offset_m[row] - self._footprints.reach_m[row]) for row in rows)
        broad = area_m2 > self._parameters.broad_m2 and place < 1.0
        return [
            (Doubt.PLACE_BROAD, {"area_km2": round(area_m2 / 1e6, 1)}) if broad else None,
            self._line_accuracy(line_id, max(0.0, edge_m)),
            *self._of_line(line_id, incident),
        ]

    def _broad(self, clause: Clause, index: int, place: float) -> Note | None:
        if place >= 1.0:
            return None
        area = float(self._footprints.area_m2[index])
        zones = sum(self._zone_m2(zone, index) for zone in clause.zone_indices)
        if area <= self._parameters.broad_m2 and area <= zones:
            return None
        return Doubt.PLACE_BROAD, {"area_km2": round(area / 1e6, 1), "zone_km2": round(zones / 1e6, 1)}

    def _zone_m2(self, zone: int, index: int) -> float:
        """A zone's area; of a dated one that of its greatest shape while the footprint was observed."""
        dated = self._agreement.zones[zone]
        if not isinstance(dated, DatedZone):
            return self._agreement.zone_areas_m2[zone]
        return max((dated.area_m2(one.number) for one in self._held(dated, index)), default=0.0)

    def _edge_m(self, zone_indices: Sequence[int], index: int) -> float:
        """How far a footprint is from the nearest edge of what a clause's zones by lines make together."""
        key = tuple(zone_indices)
        if key not in self._known_edges_m:
            zones = [(number, self._agreement.zones[number]) for number in zone_indices]
            drawn = [number for number, zone in zones if zone.line_id is not None or isinstance(zone, DatedZone)]
            self._known_edges_m[key] = np.abs(self._site.margin_m(drawn, np.arange(len(self._footprints))))
        return max(0.0, float(self._known_edges_m[key][index]) - float(self._footprints.reach_m[index]))

    def _accuracy(self, clause: Clause, index: int, zone: int) -> Note | None:
        """Whether the zone's edge may lie on the other side of a footprint: that of its line, or of its series."""
        line_id, series = self._agreement.zones[zone].line_id, self._agreement.series_table(zone)
        if series is not None:
            return self._near_edge(series.accuracy_m, self._edge_m(clause.zone_indices, index))
        return None if line_id is None else self._line_accuracy(line_id, self._edge_m(clause.zone_indices, index))

    def _line_accuracy(self, line_id: str, edge_m: float) -> Note | None:
        return self._near_edge(self._agreement.line_table(line_id).accuracy_m, edge_m)

    def _near_edge(self, accuracy_m: float, edge_m: float) -> Note | None:
        if edge_m >= accuracy_m:
            return None
        return Doubt.LINE_ACCURACY, {"line_accuracy_m": accuracy_m, "edge_distance_m": round(edge_m)}

    def _of_line(self, line_id: str, incident: Incident) -> list[Note | None]:
        """What the line itself leaves open."""
        status = self._agreement.line_table(line_id).status
        disputed = (Doubt.LINE_DISPUTED, {"line_status": status}) if status != "agreed" else None
        return [disputed, self._line_validity(line_id, incident)]

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
