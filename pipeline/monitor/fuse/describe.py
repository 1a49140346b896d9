"""Describing: what an incident is, from the reports that are one."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import to_lonlat
from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.identity import incident_id
from pipeline.model.records import Fix, Incident
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.monitor.fuse.belief import occurred
from pipeline.monitor.fuse.counts import bounded
from pipeline.monitor.fuse.crossing import crossing
from pipeline.monitor.fuse.group import together
from pipeline.monitor.fuse.sights import (
    FAMILY,
    KIND,
    TIER,
    VEE,
    VNN,
    VT,
    WHOLE,
    WORDS,
    Sights,
    Tier,
    X,
    Z,
)
from pipeline.monitor.fuse.told import RADIUS_IN_ERRORS
from pipeline.monitor.windows import Entry
from pipeline.observers import Family, Kind, Observers

_ORDER = {activity: number for number, activity in enumerate(Activity)}
_RANK = {weapon: number for number, weapon in enumerate(Weapon)}
_UNKNOWN = Weapon.UNKNOWN
_LOCATED = int(Tier.LOCATED)
_SHARP = 4.0
"""A report whose times vary by up to so many times the least variance has a say in when it was."""


class Members(NamedTuple):
    """The reports of one incident: rows of the columns, canonical first, and which of them are no copies.

    `watched`: whether anybody who is no rumour reported anything from near by within some hours.
    """

    rows: list[int]
    originals: list[int]
    watched: bool


def alone(entry: Entry, kind: Kind, family: Family, *, watched: bool, unresolved: bool) -> Incident:
    """The incident of a single report: all that it says, as it says it."""
    report = entry.report
    return Incident(
        incident_id=incident_id(report.report_id, entry.window),
        window=entry.window,
        report_ids=(report.report_id,),
        observed_from=report.observed_from,
        observed_until=report.observed_until,
        footprint=report.footprint,
        activity=report.activity,
        weapons=report.weapons,
        calibre_mm=report.calibre_mm,
        counts=(report.count,) if report.count else (),
        ledgers=(report.ledger,) if report.ledger else (),
        attributions=(report.attribution,) if report.attribution else (),
        occurred=occurred([kind], family, watched=watched),
        unresolved=unresolved,
        notified_at=_notified([report], report.activity),
    )


def together_described(
    groups: Sequence[Members], entries: Sequence[Entry], sights: Sights, observers: Observers
) -> list[Incident]:
    """The incidents of several reports each."""
    if not groups:
        return []
    rows = _Rows.of(entries, sights, observers)
    placing = [_placing(group, rows) for group in groups]
    flat = np.array(list(chain.from_iterable(placing)), dtype=np.intp)
    number = np.repeat(np.arange(len(groups)), [len(some) for some in placing])
    whole = together(sights.at(flat), number)
    lon, lat = to_lonlat(whole.table[:, X : Z + 1].T)
    radius_m = RADIUS_IN_ERRORS * np.sqrt((whole.table[:, VEE] + whole.table[:, VNN]) / 2.0)
    columns = (lon.round(6).tolist(), lat.round(6).tolist(), radius_m.round(1).tolist())
    discs = [Disc(*disc) for disc in zip(*columns, strict=True)]
    return [_described(group, some, disc, rows) for group, some, disc in zip(groups, placing, discs, strict=True)]


class _Rows(NamedTuple):
    """Reports, and what describing asks of their columns, as plain lists: each is asked about one by one."""

    entries: Sequence[Entry]
    reports: list[Report]
    tier: list[int]
    whole: list[int]
    variance: list[float]
    words: list[int]
    kind: list[int]
    family: list[int]
    observers: Observers

    @classmethod
    def of(cls, entries: Sequence[Entry], sights: Sights, observers: Observers) -> "_Rows":
        marks = [sights.marks[:, column].tolist() for column in (TIER, WHOLE, WORDS, KIND, FAMILY)]
        tier, whole, words, kind, family = marks
        reports = [entry.report for entry in entries]
        return cls(entries, reports, tier, whole, sights.table[:, VT].tolist(), words, kind, family, observers)


def track(entries: Sequence[Entry], kind: Kind, family: Family) -> Incident:
    """The incident of a track: its reports, in canonical order, are the places of one moving thing."""
    reports = [entry.report for entry in entries]
    first = entries[0]
    return Incident(
        incident_id=incident_id(first.report.report_id, first.window),
        window=first.window,
        report_ids=_named(reports),
        observed_from=min(report.observed_from for report in reports),
        observed_until=max(report.observed_until for report in reports),
        footprint=first.report.footprint,
        activity=first.report.activity,
        weapons=_weapons(reports),
        calibre_mm=_calibre(reports),
        counts=bounded(reports),
        ledgers=_ledgers(reports),
        attributions=_attributions(reports),
        occurred=occurred([kind], family, watched=True),
        fixes=tuple(
            Fix(observed_from=r.observed_from, observed_until=r.observed_until, footprint=r.footprint) for r in reports
        )
        if len(reports) > 1
        else (),
        notified_at=_notified(reports, first.report.activity),
    )


def _notified(reports: Sequence[Report], activity: Activity) -> datetime | None:
    """When the first of some reports that announce the same was published."""
    if activity is not Activity.NOTIFICATION:
        return None
    told = [report.published_at for report in reports if report.activity is activity and report.published_at]
    return min(told, default=None)


def _placing(group: Members, rows: _Rows) -> list[int]:
    """The reports that say where: the located ones, or, where none is, all that are no copies."""
    located = [row for row in group.originals if rows.tier[row] == _LOCATED]
    return located or group.originals


def _described(group: Members, placing: list[int], disc: Disc, rows: _Rows) -> Incident:
    reports = [rows.reports[row] for row in group.rows]
    best = [rows.reports[row] for row in placing]
    first = rows.entries[group.rows[0]]
    begin, end = _when(placing, rows)
    telling = [report for report in best if report.weapons] or reports
    independent, activity = _independent(group, rows), _activity(best, rows.observers.families)
    return Incident(
        incident_id=incident_id(first.report.report_id, first.window),
        window=first.window,
        report_ids=_named(reports),
        observed_from=begin,
        observed_until=end,
        footprint=_where(best, disc),
        activity=activity,
        weapons=_weapons(telling),
        calibre_mm=_calibre(telling),
        counts=bounded([rows.reports[row] for row in group.originals]),
        ledgers=_ledgers(reports),
        attributions=_attributions(reports),
        occurred=_occurred(group, independent, rows),
        origins=len(independent),
        notified_at=_notified(reports, activity),
    )


def _named(reports: Sequence[Report]) -> tuple[str, ...]:
    first, *others = [report.report_id for report in reports]
    return (first, *sorted(others))


def _where(best: Sequence[Report], disc: Disc) -> Footprint:
    """The place by all errors together; bearings alone cross, and what they have in common is the place."""
    if len(best) == 1:
        return best[0].footprint
    bearings = [report.footprint for report in best if isinstance(report.footprint, Bearing)]
    if len(bearings) == len(best):
        return crossing(bearings) or disc
    return disc


def _when(placing: Sequence[int], rows: _Rows) -> tuple[datetime, datetime]:
    """What the sharpest of those that saw the whole have in common; where nobody did, all that was seen."""
    whole = [row for row in placing if rows.whole[row] == 1]
    if not whole:
        reports = [rows.reports[row] for row in placing]
        return min([r.observed_from for r in reports]), max([r.observed_until for r in reports])
    most = _SHARP * min([rows.variance[row] for row in whole])
    sharp = [rows.reports[row] for row in whole if rows.variance[row] <= most]
    begin, end = max([r.observed_from for r in sharp]), min([r.observed_until for r in sharp])
    return (begin, end) if begin <= end else (end, begin)


def _activity(reports: Sequence[Report], families: Sequence[Family]) -> Activity:
    """What most say; terms that leave it open give way to any other."""
    said = [report.activity for report in reports]
    if said.count(said[0]) == len(said):
        return said[0]
    vague = {term for family in families for term in family.vague}
    clear = [term for term in said if term not in vague] or said
    return min(set(clear), key=lambda term: (-clear.count(term), _ORDER[term]))


def _weapons(reports: Sequence[Report]) -> tuple[Weapon, ...]:
    """What all who say it allow; where they exclude each other, whatever one of them allows."""
    said = [report.weapons for report in reports if report.weapons]
    told = [frozenset(weapons) for weapons in said if _UNKNOWN not in weapons]
    if not told:
        return said[0] if said else ()
    common = frozenset.intersection(*told) or frozenset.union(*told)
    return tuple(sorted(common, key=_RANK.__getitem__))


def _calibre(reports: Sequence[Report]) -> float | tuple[float, float] | None:
    given = [report.calibre_mm for report in reports if report.calibre_mm is not None]
    if not given:
        return None
    told = [one if isinstance(one, tuple) else (one, one) for one in given]
    least, most = max(pair[0] for pair in told), min(pair[1] for pair in told)
    if least > most:
        least, most = min(pair[0] for pair in told), max(pair[1] for pair in told)
    return least if least == most else (least, most)


def _independent(group: Members, rows: _Rows) -> list[int]:
    """One row for each origin: those that use the same words, or are published at one address, have one."""
    found: dict[tuple[int, int], int] = {}
    for row in group.originals:
        words = rows.words[row]
        found.setdefault((words, -1) if words >= 0 else (-1, row), row)
    return sorted(found.values())


def _occurred(group: Members, independent: Sequence[int], rows: _Rows) -> float:
    kinds = [rows.observers.kinds[rows.kind[row]] for row in independent]
    return occurred(kinds, rows.observers.families[rows.family[group.rows[0]]], watched=group.watched)


def _ledgers(reports: Sequence[Report]) -> tuple[str, ...]:
    return tuple(sorted({report.ledger for report in reports if report.ledger}))


def _attributions(reports: Sequence[Report]) -> tuple[Attribution, ...]:
    told = {report.attribution for report in reports if report.attribution}
    return tuple(sorted(told, key=lambda claim: (claim.party, claim.author, claim.basis)))
