"""A record, held against the truth: docs/scoring.md says what each figure means."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from pipeline.agreement import Agreement
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.model.taxonomy import Standing
from pipeline.monitor.parameters import DEFAULT
from pipeline.scenario.scoring.findings import Alerting, Happened, alerting, findings, knowable
from pipeline.scenario.scoring.folder import Truth
from pipeline.scenario.scoring.fusion import Fusion, fusion, grouped, standing
from pipeline.scenario.scoring.reliability import Reliability, reliability
from pipeline.scenario.scoring.together import truly_together


class ScoreError(ValueError):
    """A record that cannot be held against this truth."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How good a record is.

    Attributes:
        days: how long the scenario goes on.
        judged_by: the monitor's core and figures.
        reports: those compared: of the scenario, in the record, neither withdrawn nor revised.
        missing: reports of the scenario that the record has not, or no longer.
        foreign: reports of the record that are not of the scenario; left out.
        located, all: which reports belong together, over those that tell well enough where to tell which incident they
            saw, and over all that name a place.
        findings: how reliable probabilities are, over every finding from 0.01 up.
        point_in_polygon_brier: of the same findings, where the answer is 1 if the incident's centre lies in a zone of
            the provision, and else 0.
        alerts: what an operator gets.
    """

    scenario: str
    seed: int
    agreement: str
    agreement_version: str
    days: float
    judged_by: str
    reports: int
    missing: int
    foreign: int
    located: Fusion
    all: Fusion
    findings: Reliability
    point_in_polygon_brier: float | None
    alerts: Alerting


def score(
    truth: Truth,
    reports: Iterable[Report],
    incidents: Sequence[Incident],
    alerts: Iterable[Alert],
    agreement: Agreement,
) -> Score:
    """Holds a record against the truth of a scenario.

    Args:
        reports: all that the record has, in every version.
        incidents: all that stand; reports of those that are unresolved are in none.
        alerts: all that are not superseded; those of other agreements, and those that are only possible, are left out.
        agreement: the one in which the scenario was played.

    Raises:
        ScoreError: no report of the record is of the scenario.
    """
    group_of, broken = truth.group_of, truth.broken(agreement.name)
    there = standing(reports)
    compared = [report for report in there if report.report_id in group_of]
    if not compared:
        raise ScoreError(f"no report of {truth.played.name}, seed {truth.played.seed}, is in this store")
    resolved = [one for one in incidents if not one.unresolved and not group_of.keys().isdisjoint(one.report_ids)]
    groups = grouped(compared, group_of, (incident.report_ids for incident in resolved))
    found = findings(resolved, agreement, group_of, broken)
    observed_s = [incident.observed_at.timestamp() for incident in truth.incidents]
    return Score(
        scenario=truth.played.name,
        seed=truth.played.seed,
        agreement=agreement.name,
        agreement_version=agreement.version,
        days=truth.played.days,
        judged_by=DEFAULT.judged_by,
        reports=len(compared),
        missing=len(group_of) - len(compared),
        foreign=len(there) - len(compared),
        located=fusion(groups.truth[groups.located], groups.said[groups.located]),
        all=fusion(groups.truth[groups.placed], groups.said[groups.placed]),
        findings=reliability(found.probability, found.true),
        point_in_polygon_brier=float(np.mean((found.in_polygon - found.true) ** 2)) if len(found.true) else None,
        alerts=alerting(
            [
                one
                for one in alerts
                if one.agreement == agreement.name
                and one.standing is Standing.RAISED
                and not group_of.keys().isdisjoint(one.report_ids)
            ],
            Happened(group_of, broken, observed_s, truth.played.days),
            groups.truth[groups.located].tolist(),
            {report.report_id: report for report in compared},
            knowable(truly_together(compared, group_of, broken, agreement.areas), agreement, group_of, broken),
        ),
    )
