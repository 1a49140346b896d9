"""Under the densest fire incidents stay small, and no report is lost."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.model.records import Incident
from pipeline.model.report import Report
from pipeline.monitor.fuse.sights import BEGIN, REACH_M, REACH_S, X, Z, sights_of
from tests.monitor.fusion.bombarding import WATCHES, bombarded
from tests.monitor.fusion.telling import OBSERVERS, fused

REPORTS, ALONG_M, LASTING_S = 6_000, 10_000.0, 720.0


@pytest.fixture(scope="module")
def reports() -> Sequence[Report]:
    return bombarded(REPORTS, ALONG_M, LASTING_S)


@pytest.fixture(scope="module")
def incidents(reports: Sequence[Report]) -> Sequence[Incident]:
    return fused(reports)


def test_every_report_is_in_one_incident(reports: Sequence[Report], incidents: Sequence[Incident]) -> None:
    assert sorted(name for one in incidents for name in one.report_ids) == [report.report_id for report in reports]


def test_no_incident_runs_along_the_front(reports: Sequence[Report], incidents: Sequence[Incident]) -> None:
    row = {report.report_id: number for number, report in enumerate(reports)}
    table = sights_of(reports, OBSERVERS).table
    for incident in incidents:
        told = table[[row[name] for name in incident.report_ids]]
        apart_m = np.linalg.norm(told[:, None, X : Z + 1] - told[None, :, X : Z + 1], axis=2)
        assert apart_m.max() <= told[0, REACH_M]
        assert np.ptp(told[:, BEGIN]) <= told[0, REACH_S]


def test_no_incident_swallows_the_others(incidents: Sequence[Incident]) -> None:
    """A chain of neighbours would end in one incident of them all; an explosion has one report of each network."""
    sizes = sorted(len(one.report_ids) for one in incidents)
    assert sizes[-1] <= 4 * len(WATCHES)
    assert REPORTS / len(WATCHES) / 2 < len(incidents)
