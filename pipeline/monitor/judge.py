"""Judging: incidents against the clauses of one agreement.

The probability of a finding is the product of five, each of what the evidence leaves open: that anything happened at
all, and the shares of the footprint's area in the clause's zones, of the interval in which it was in force, of what may
have happened that it covers, and of what no exception suspends. A track is judged by that one of its places for which
place and time give the most.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from pipeline.agreement.clauses import NOTICE, UNSAID, Clause, Coverage, Crossing, Dwell, Suspended
from pipeline.agreement.compiled import Agreement
from pipeline.geometry.dated import Intervals
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, DoubtNote, Finding, Incident, ReadingNote
from pipeline.model.taxonomy import Doubt, Standing, Status
from pipeline.model.times import from_us, to_us, to_us_array
from pipeline.monitor.crossings import Crossed, crossings, may_have_crossed
from pipeline.monitor.doubts import Note, PlaceDoubts, Shares, doubt_notes, readings
from pipeline.monitor.dwell import Stays, dwell_short, stays
from pipeline.monitor.parameters import Parameters
from pipeline.monitor.readings import judged_as_read
from pipeline.monitor.site import Referenced, Site
from pipeline.monitor.timing import share_within, time_share

CAPPING = frozenset(
    {
        Doubt.PLACE_BROAD,
        Doubt.WEAPON_UNCLEAR,
        Doubt.ACTIVITY_UNCLEAR,
        Doubt.ATTRIBUTION_NEEDED,
        Doubt.COUNT_INDETERMINATE,
        Doubt.DIRECTION_UNCLEAR,
        Doubt.DWELL_SHORT,
    }
)
"""Doubts with which an alert is *possible* at most, whatever its probability."""


_ALWAYS = ((datetime.min.replace(tzinfo=UTC), None),)


class Judged(NamedTuple):
    """What one agreement makes of a batch of incidents.

    `findings` are for the provisions that remember. `matches` counts incident × zone pairs of probability `match_from`
    or more; `touched` says which incidents have any.
    """

    alerts: list[Alert]
    findings: list[Finding]
    matches: int
    touched: Bools


def judge(incidents: Sequence[Incident], agreement: Agreement, parameters: Parameters) -> Judged:
    """The alerts and findings that incidents raise under one agreement, in the order of incidents and clauses."""
    if not incidents:
        return Judged([], [], 0, np.zeros(0, dtype=bool))
    batch = _Batch(incidents, agreement, parameters)
    found = np.round(batch.site.shares.each, 4) >= parameters.match_from
    return Judged(*batch.judged(), int(found.sum()), batch.of_incidents(np.asarray(found.any(axis=0))))


def standing(probability: float, doubts: Sequence[DoubtNote], agreement: Agreement) -> Standing:
    """Whether an alert of this probability, with these doubts, is put before people."""
    capped = any(note.doubt in CAPPING for note in doubts)
    return Standing.RAISED if probability >= agreement.raise_from and not capped else Standing.POSSIBLE


class _Batch:
    """One batch of incidents under one agreement; arrays are indexed by place: an incident's, or each of a track's."""

    def __init__(self, incidents: Sequence[Incident], agreement: Agreement, parameters: Parameters) -> None:
        self.agreement, self.parameters = agreement, parameters
        placed = [(incident, fix) for incident in incidents for fix in incident.fixes or (incident,)]
        self.incidents = [incident for incident, _ in placed]
        self._count = len(incidents)
        self._owner = np.repeat(np.arange(len(incidents)), [len(one.fixes) or 1 for one in incidents])
        self._tracked = np.array([bool(one.fixes) for one in self.incidents])
        self.footprints = Footprints([fix.footprint for _, fix in placed], agreement.areas)
        clauses = [clause for text in agreement.clauses for clause in (text, *(read.clause for read in text.read_as))]
        groups = list(dict.fromkeys(clause.zone_indices for clause in clauses if clause is not None))
        self.begin_us = to_us_array(fix.observed_from for _, fix in placed)
        self.end_us = to_us_array(fix.observed_until for _, fix in placed)
        self.site = Site(self.footprints, agreement, groups, Intervals(self.begin_us, self.end_us))
        self._groups = {zones: number for number, zones in enumerate(groups)}
        self._doubts = PlaceDoubts(self.footprints, self.site, agreement, parameters)

    def judged(self) -> tuple[list[Alert], list[Finding]]:
        """What the incidents raise by themselves, and what they are to the provisions that remember."""
        alerts: list[tuple[int, int, Alert]] = []
        findings: list[tuple[int, int, Finding]] = []
        for number, clause in enumerate(self.agreement.clauses):
            judged = judged_as_read(clause, self._by_incident) if clause.read_as else self._judge(clause)
            for index, alert in judged:
                if clause.role is None:
                    alerts.append((index, number, alert))
                else:
                    findings.append((index, number, self._finding(clause, clause.role, index, alert)))
        return [one[2] for one in sorted(alerts, key=_place)], [one[2] for one in sorted(findings, key=_place)]

    def _finding(self, clause: Clause, role: str, index: int, alert: Alert) -> Finding:
        incident, zone = self.incidents[index], self._zone(clause, index)
        places = np.flatnonzero(self._owner == self._owner[index]) if incident.fixes else ()
        return Finding(
            role=role,
            alert=alert,
            zone=self.agreement.tables.zones[zone].id,
            incident=incident,
            shares=tuple(round(float(self._inside(clause)[place]), 4) for place in places),
        )

    def _by_incident(self, clause: Clause, asked: frozenset[int]) -> dict[int, tuple[int, Alert]]:
        """What is judged by a clause, by incident; those that are asked about are told of, whatever comes out."""
        return {int(self._owner[index]): (index, alert) for index, alert in self._judge(clause, asked)}

    def _judge(self, clause: Clause, asked: frozenset[int] = frozenset()) -> list[tuple[int, Alert]]:
        wanted = np.isin(self._owner, list(asked))
        if clause.crossing is not None:
            return self._judge_lines(clause, clause.crossing, wanted)
        return self._judge_zones(clause, wanted)

    def _inside(self, clause: Clause) -> Floats:
        """The share of each footprint in a clause's zones."""
        return np.asarray(self.site.shares.any[self._groups[clause.zone_indices]])

    def _judge_zones(self, clause: Clause, wanted: Bools) -> list[tuple[int, Alert]]:
        place = self._inside(clause)
        when = share_within(self.begin_us, self.end_us, clause.in_force)
        stayed = None if clause.dwell is None else self._stays(clause, clause.dwell)
        if stayed is not None:
            place = place * (stayed.counts | ~self._tracked)
        judged = []
        # Of a notice, any part that lies in the zones may matter.
        followed = self._followed(clause) | wanted | ((place * when > 0.0) & (clause.role == NOTICE))
        for index in self._best(place * when, followed).tolist():
            incident = self.incidents[index]
            coverage = clause.covers(incident.activity, incident.weapons, incident.calibre_mm)
            if coverage.share == 0.0 and not wanted[index]:
                continue
            if _exempt(clause, incident) or (clause.role is None and _none_left(incident)):
                continue
            suspended = self._suspended(clause, index, index)
            shares = Shares(incident.occurred, float(place[index]), float(when[index]), coverage, suspended)
            if shares.product >= self.parameters.possible_from or followed[index]:
                judged.append((index, self._alert_in_zones(clause, index, shares, stayed)))
        return judged

    def _judge_lines(self, clause: Clause, asked: Crossing, wanted: Bools) -> list[tuple[int, Alert]]:
        """What crossed a line, each once: by the most probable of its crossings."""
        judged = []
        starts = np.flatnonzero(np.diff(self._owner, prepend=-1)).tolist()
        for start in starts:
            incident = self.incidents[start]
            if not may_have_crossed(incident):
                continue
            coverage = clause.covers(incident.activity, incident.weapons, incident.calibre_mm)
            if (coverage.share == 0.0 and not wanted[start]) or _exempt(clause, incident) or _none_left(incident):
                continue
            crossed = crossings(incident, clause, asked, self.agreement)
            if not crossed and wanted[start]:
                always = replace(clause, in_force=_ALWAYS)
                crossed = [one._replace(when=0.0) for one in crossings(incident, always, asked, self.agreement)]
            found = [(self._crossing_shares(clause, asked, start, one, coverage), one) for one in crossed]
            shares, best = max(found, key=lambda pair: pair[0].product, default=(None, None))
            if shares is None or best is None:
                continue
            if shares.product >= self.parameters.possible_from or wanted[start]:
                judged.append((start + best.after, self._alert_at_line(clause, start, best, shares)))
        return judged

    def _crossing_shares(self, clause: Clause, asked: Crossing, start: int, one: Crossed, coverage: Coverage) -> Shares:
        if one.direction is None and asked.direction != "both":
            coverage = Coverage(coverage.share * UNSAID, (*coverage.doubts, Doubt.DIRECTION_UNCLEAR))
        suspended = self._suspended(clause, start + one.before, start + one.after)
        return Shares(self.incidents[start].occurred, one.place, one.when, coverage, suspended)

    def _followed(self, clause: Clause) -> Bools:
        if not clause.follows:
            return np.zeros(len(self.incidents), dtype=bool)
        return np.array([one.window.tile in clause.follows for one in self.incidents])

    def _best(self, likely: Floats, followed: Bools) -> NDArray[np.intp]:
        """The most likely place of each incident that has one likely enough or is followed; the first of equals."""
        rows = np.flatnonzero((likely >= self.parameters.possible_from / 2) | followed)
        if len(likely) == self._count or not len(rows):
            return rows
        rows = rows[np.lexsort((-likely[rows], self._owner[rows]))]
        return np.asarray(rows[np.concatenate([[True], np.diff(self._owner[rows]) > 0])])

    def of_incidents(self, found: Bools) -> Bools:
        """Which incidents have any place for which `found` holds."""
        return np.asarray(np.bincount(self._owner, found, self._count) > 0)

    def _suspended(self, clause: Clause, first: int, last: int) -> float:
        """The greatest share of the time from one place to another, and of both, that one notice or window covers."""
        activity = self.incidents[first].activity.value
        spans = [
            span
            for exception in clause.exceptions
            if not exception.activities or activity in exception.activities
            for span in exception.spans
        ]
        return max((self._covered(span, first, last) for span in spans), default=0.0)

    def _covered(self, span: Suspended, first: int, last: int) -> float:
        begin_us, end_us = self.begin_us[first : first + 1], self.end_us[last : last + 1]
        in_time = time_share(begin_us, end_us, to_us(span.begin), to_us(span.until))[0]
        in_place = 1.0 if span.zone_index is None else self.site.shares.each[span.zone_index, [first, last]].min()
        return float(in_time * in_place)

    def _stays(self, clause: Clause, dwell: Dwell) -> Stays:
        """How long each track stayed in a clause's zones; what is no track counts wherever it is."""
        tracked = np.flatnonzero(self._tracked)
        margin_m = np.full(len(self.incidents), np.nan)
        if tracked.size:
            margin_m[tracked] = self.site.margin_m(clause.zone_indices, tracked)
        margin_m[~self.footprints.placed] = np.nan
        return stays(dwell, margin_m, self._owner, self.begin_us, self.end_us)

    def _alert_in_zones(self, clause: Clause, index: int, shares: Shares, stayed: Stays | None) -> Alert:
        zone = self._zone(clause, index)
        of_place = self._doubts.in_zones(clause, self.incidents[index], index, zone, shares.place)
        of_place += self._doubts.of_shapes(zone, index, self._groups[clause.zone_indices])
        if clause.dwell is not None and not self._tracked[index]:
            of_place.append(dwell_short(clause.dwell, self.incidents[index]))
        alert = self._alert(clause, index, shares, self.site.reference(index, zone), of_place)
        if stayed is None or not self._tracked[index]:
            return alert
        span = {"inside_from": stayed.begin_us[index], "inside_until": stayed.end_us[index]}
        return replace(alert, figures={name: from_us(int(at_us)).isoformat() for name, at_us in span.items()})

    def _alert_at_line(self, clause: Clause, start: int, crossed: Crossed, shares: Shares) -> Alert:
        """Told of where it was first seen on the other side."""
        before, after = start + crossed.before, start + crossed.after
        of_place = self._doubts.at_line(crossed.line_id, self.incidents[start], (before, after), crossed.place)
        if before == after and crossed.place < 1.0:
            of_place.append((Doubt.PLACE_STRADDLES, {"share_inside": round(crossed.place, 4)}))
        elif crossed.place < 1.0:
            on = {"share_before": round(crossed.on_one, 4), "share_after": round(crossed.on_other, 4)}
            of_place.append((Doubt.SIDE_UNCLEAR, on))
        alert = self._alert(clause, after, shares, self.site.along(after, crossed.line_id), of_place)
        figures = {
            "direction": crossed.direction,
            "between_from": from_us(int(self.begin_us[before])).isoformat(),
            "between_until": from_us(int(self.end_us[after])).isoformat(),
            "chainage_m": round(crossed.chainage_m, 1),
            "times": crossed.times,
        }
        return replace(alert, figures=figures)

    def _alert(
        self, clause: Clause, index: int, shares: Shares, where: Referenced, of_place: Sequence[Note | None]
    ) -> Alert:
        incident, agreement, footprints = self.incidents[index], self.agreement, self.footprints
        read = readings(clause, incident)
        doubts = doubt_notes(clause, incident, shares, of_place, read)
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
            readings=tuple(ReadingNote(r.id, r.party, r.says) for r in read),
            attribution=incident.attributions,
            standing=standing(shares.product, doubts, agreement),
            acknowledged_by=None,
            assignee=None,
            judged_by=self.parameters.judged_by,
        )

    def _zone(self, clause: Clause, index: int) -> int:
        """The clause's zone in which most of a footprint lies."""
        return max(clause.zone_indices, key=lambda zone: self.site.shares.each[zone, index])


def _place(found: tuple[int, int, Any]) -> tuple[int, int]:
    return found[:2]


def _none_left(incident: Incident) -> bool:
    """Whether what it says is that nothing is there (any more)."""
    return bool(incident.counts) and all(count.max == 0 for count in incident.counts)


def _exempt(clause: Clause, incident: Incident) -> bool:
    return any(claim.party in clause.except_operators for claim in incident.attributions)
