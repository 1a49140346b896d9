"""What a monitor that puts no two reports together makes of a scenario: how much is in a zone, how much alerts."""

import pytest

from pipeline.agreement import Agreement
from pipeline.model.records import Incident, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import Standing
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import DEFAULT
from pipeline.scenario import generate
from tests.scenario.conftest import Played, played


def alone(report: Report) -> Incident:
    """A report as an incident of its own."""
    return Incident(
        incident_id=report.report_id,
        window=Window("", ""),
        report_ids=(report.report_id,),
        observed_from=report.observed_from,
        observed_until=report.observed_until,
        footprint=report.footprint,
        activity=report.activity,
        weapons=report.weapons,
        calibre_mm=report.calibre_mm,
    )


def shares(one: Played, agreement: Agreement) -> tuple[float, float]:
    """The share of the reports that touch a zone, and of those that would raise an alert, each by itself."""
    judged = judge([alone(report) for report in one.reports], agreement, DEFAULT)
    raised = {alert.incident_id for alert in judged.alerts if alert.standing is Standing.RAISED}
    return float(judged.touched.mean()), len(raised) / len(one.reports)


@pytest.mark.parametrize("seed", [2, 7])
def test_routine_is_a_fifth_in_a_zone_and_a_twentieth_alerting(seed: int, hypothetical: Agreement) -> None:
    in_zone, alerting = shares(played("routine", hypothetical, seed), hypothetical)
    assert 0.16 <= in_zone <= 0.24
    assert 0.035 <= alerting <= 0.065


def test_quiet_hardly_alerts(quiet: Played, hypothetical: Agreement) -> None:
    in_zone, alerting = shares(quiet, hypothetical)
    assert 0.1 <= in_zone <= 0.3
    assert 0.0 < alerting <= 0.015


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("quiet", 1_500, 2_500),
        ("routine", 18_000, 22_000),
        ("escalation", 18_000, 24_000),
        ("breakdown", 27_000, 40_000),
        ("noisy-public", 18_000, 26_000),
        ("jammed", 18_000, 24_000),
    ],
)
def test_a_day_has_about_so_many_reports(name: str, least: int, most: int, hypothetical: Agreement) -> None:
    assert least < sum(len(chunk.reports) for chunk in generate(name, 3, hypothetical)) < most
