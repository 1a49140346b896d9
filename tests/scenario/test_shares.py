"""What a monitor makes of a scenario: how much of it lies in a zone, and how much alerts."""

import pytest

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.taxonomy import Standing
from pipeline.monitor import MemoryWindows, Monitor
from tests.scenario.conftest import Played, played


def shares(one: Played, agreement: Agreement) -> tuple[float, float]:
    """The share of the reports that touch a zone, and of those that raise an alert."""
    monitor = Monitor([agreement], MemoryWindows(), load_gazetteer().outlines)
    changes = [monitor.process(one.reports[begin : begin + 4_000]) for begin in range(0, len(one.reports), 4_000)]
    outside = sum(change.outside for change in changes)
    raised = {
        name
        for change in changes
        for alert in change.alerts[agreement.name]
        if alert.standing is Standing.RAISED
        for name in alert.report_ids
    }
    return 1.0 - outside / len(one.reports), len(raised) / len(one.reports)


@pytest.mark.parametrize("seed", [2, 7])
def test_routine_is_a_fifth_in_a_zone_and_a_twentieth_alerting(seed: int, hypothetical: Agreement) -> None:
    in_zone, alerting = shares(played("routine", hypothetical, seed), hypothetical)
    assert 0.16 <= in_zone <= 0.24
    assert 0.035 <= alerting <= 0.065


def test_quiet_hardly_alerts(quiet: Played, hypothetical: Agreement) -> None:
    in_zone, alerting = shares(quiet, hypothetical)
    assert 0.1 <= in_zone <= 0.3
    assert 0.0 < alerting <= 0.015


def test_a_day_of_routine_is_about_twenty_thousand_reports(routine: Played, quiet: Played) -> None:
    assert 18_000 < len(routine.reports) < 22_000
    assert 1_700 < len(quiet.reports) < 2_600
