"""Findings and alerts, held against which provisions were truly broken."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.places import Places
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.model.taxonomy import Standing
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import DEFAULT, Parameters
from pipeline.scenario.scoring.fusion import mostly

FROM = Parameters(possible_from=0.01)
"""By what findings are judged for a score: from lower down than what an alert begins at."""

AT_ONCE = 50_000

Broken = Mapping[int, frozenset[str]]
"""The provisions that each true incident broke, by its group."""

Pair = tuple[int, str]
"""A true incident, by its group, and a provision."""


class Findings(NamedTuple):
    """Findings as columns: what was said of each, what a point in polygon says, and whether it is true."""

    probability: Floats
    in_polygon: Floats
    true: Bools


class Alerting(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator gets.

    Attributes:
        raised, true: raised alerts, and those of a true violation.
        false_per_day: the others, for each day of the scenario.
        alerted: violations (a true incident and a provision that it broke) with a raised alert.
        per_violation: true alerts for each of these.
        seen, seen_alerted: violations of which a located report tells, and those of them with a raised alert.
        recall: their share; None where there are none.
        knowable, knowable_alerted, knowable_recall: the same of those only whose alert would be raised if reports were
            put together as they truly belong.
        delay_median_s, delay_p95_s: from the true incident to the first report of its first raised alert.
    """

    raised: int
    true: int
    false_per_day: float | None
    alerted: int
    per_violation: float | None
    seen: int
    seen_alerted: int
    recall: float | None
    knowable: int
    knowable_alerted: int
    knowable_recall: float | None
    delay_median_s: float | None
    delay_p95_s: float | None


def findings(
    incidents: Sequence[Incident], agreement: Agreement, group_of: Mapping[str, int], broken: Broken
) -> Findings:
    """Every finding of some incidents from a probability of 0.01 up, judged anew."""
    parts = [
        _findings(judge(incidents[first : first + AT_ONCE], agreement, FROM).alerts, agreement, group_of, broken)
        for first in range(0, len(incidents), AT_ONCE)
    ]
    nothing = Findings(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    return Findings._make(np.concatenate(columns) for columns in zip(nothing, *parts, strict=True))


def _findings(alerts: Sequence[Alert], agreement: Agreement, group_of: Mapping[str, int], broken: Broken) -> Findings:
    return Findings(
        np.array([alert.probability for alert in alerts], dtype=np.float64),
        _in_polygon(alerts, agreement),
        np.array([pair is not None for pair in violations(alerts, group_of, broken)], dtype=bool),
    )


def _in_polygon(alerts: Sequence[Alert], agreement: Agreement) -> Floats:
    """1 where the centre of what was reported lies in a zone of the provision, else 0: what a plain map would say."""
    inside = np.zeros(len(alerts))
    for clause in agreement.clauses:
        rows = [row for row, alert in enumerate(alerts) if alert.provision == clause.provision_id]
        lon = np.array([alerts[row].lon for row in rows], dtype=np.float64)
        lat = np.array([alerts[row].lat for row in rows], dtype=np.float64)
        known = np.isfinite(lon)
        places = Places(np.where(known, lon, 0.0), np.where(known, lat, 0.0))
        for zone in clause.zone_indices:
            inside[rows] = np.maximum(inside[rows], known & agreement.zones[zone].contains(places))
    return inside


def violations(alerts: Sequence[Alert], group_of: Mapping[str, int], broken: Broken) -> list[Pair | None]:
    """The true violation that each alert tells of, by the true incident to which most of its reports belong."""
    groups = mostly([alert.report_ids for alert in alerts], group_of).tolist()
    return [
        (group, alert.provision) if alert.provision in broken.get(group, ()) else None
        for group, alert in zip(groups, alerts, strict=True)
    ]


class Happened(NamedTuple):
    """What alerts are held against.

    Attributes:
        group_of: the true group of each report, by its id.
        observed_s: when each true incident happened, in seconds since 1970.
        days: how long the scenario goes on.
    """

    group_of: Mapping[str, int]
    broken: Broken
    observed_s: Sequence[float]
    days: float


def knowable(
    truly_together: Sequence[Incident], agreement: Agreement, group_of: Mapping[str, int], broken: Broken
) -> frozenset[Pair]:
    """The violations whose alert would be raised if reports were put together as they truly belong.

    Args:
        truly_together: what the reports of each true incident would make, were they one incident of the record.
    """
    raised = [one for one in judge(truly_together, agreement, DEFAULT).alerts if one.standing is Standing.RAISED]
    return frozenset(pair for pair in violations(raised, group_of, broken) if pair is not None)


def alerting(
    raised: Sequence[Alert],
    happened: Happened,
    located: Iterable[int],
    reports: Mapping[str, Report],
    could: frozenset[Pair],
) -> Alerting:
    """What came of the true violations, and what came besides.

    Args:
        located: the true groups of which a located report tells.
        reports: those that are compared, by their ids.
        could: the knowable violations.
    """
    pairs = violations(raised, happened.group_of, happened.broken)
    true = [(pair, alert) for pair, alert in zip(pairs, raised, strict=True) if pair is not None]
    found = {pair for pair, _ in true}
    seen = {(group, provision) for group in set(located) for provision in happened.broken.get(group, ())}
    there = seen & could
    delays = _delays(true, happened, reports)
    return Alerting(
        raised=len(raised),
        true=len(true),
        false_per_day=(len(raised) - len(true)) / happened.days if happened.days else None,
        alerted=len(found),
        per_violation=len(true) / len(found) if found else None,
        seen=len(seen),
        seen_alerted=len(seen & found),
        recall=len(seen & found) / len(seen) if seen else None,
        knowable=len(there),
        knowable_alerted=len(there & found),
        knowable_recall=len(there & found) / len(there) if there else None,
        delay_median_s=float(np.median(delays)) if delays else None,
        delay_p95_s=float(np.percentile(delays, 95)) if delays else None,
    )


def _delays(true: Iterable[tuple[Pair, Alert]], happened: Happened, reports: Mapping[str, Report]) -> list[float]:
    """For each violation with an alert, how long until its first report came in; others' reports in it aside."""
    first: dict[Pair, float] = {}
    for pair, alert in true:
        for name in alert.report_ids:
            report = reports.get(name)
            if report is not None and report.received_at is not None and happened.group_of.get(name) == pair[0]:
                waited = report.received_at.timestamp() - happened.observed_s[pair[0]]
                first[pair] = min(waited, first.get(pair, waited))
    return list(first.values())
