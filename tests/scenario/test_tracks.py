"""Drones that cross the line are followed: several fixes, one track, one incident."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from pyproj import Geod

from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.scenario.observers import NETWORKS, NUMBER
from tests.scenario.conftest import Played

GEOD = Geod(ellps="WGS84")
RADAR = NETWORKS[NUMBER["radar"]]


@pytest.fixture(scope="module")
def tracks(routine: Played) -> dict[str, list[tuple[Report, int]]]:
    """The fixes of each track in order of time, each with its incident."""
    found = defaultdict(list)
    for report, incident in zip(routine.reports, routine.incident.tolist(), strict=True):
        if report.track_id is not None:
            found[report.track_id].append((report, incident))
    return {track: sorted(fixes, key=lambda fix: fix[0].observed_from) for track, fixes in found.items()}


Tracks = dict[str, list[tuple[Report, int]]]


def test_what_a_radar_reports_is_a_track_and_nothing_else_is(routine: Played) -> None:
    of_radar = routine.network == NUMBER["radar"]
    assert [report.track_id is not None for report in routine.reports] == of_radar.tolist()
    assert 0.005 < of_radar.mean() < 0.05


def test_a_track_is_one_incident_and_an_incident_one_track(tracks: Tracks, routine: Played) -> None:
    incidents = [{incident for _, incident in fixes} for fixes in tracks.values()]
    assert all(len(one) == 1 for one in incidents)
    assert len(set.union(*incidents)) == len(tracks)
    for fixes in tracks.values():
        truth = routine.truth[fixes[0][1]]
        assert set(truth.report_ids) == {report.report_id for report, _ in fixes}
        assert truth.weapons == ("uav",)


def test_fixes_have_their_own_times_and_places_and_follow_a_flight(tracks: Tracks) -> None:
    several = [[report for report, _ in fixes] for fixes in tracks.values() if len(fixes) >= 4]
    assert len(several) > 10
    for fixes in several:
        assert len({report.observer for report in fixes}) == 1
        for before, after in pairwise(fixes):
            assert isinstance(before.footprint, Disc)
            assert isinstance(after.footprint, Disc)
            seconds = (after.observed_from - before.observed_from).total_seconds()
            assert round(seconds / RADAR.fix_s) >= 1
            assert seconds % RADAR.fix_s < 5 or seconds % RADAR.fix_s > RADAR.fix_s - 5
            away_m = GEOD.inv(before.footprint.lon, before.footprint.lat, after.footprint.lon, after.footprint.lat)[2]
            assert away_m / seconds < 80.0, "faster than such a drone"


def test_a_track_leads_away_from_where_it_began(tracks: Tracks, routine: Played) -> None:
    first: list[float] = []
    last: list[float] = []
    for fixes in tracks.values():
        truth = routine.truth[fixes[0][1]]
        for report, into in ((fixes[0][0], first), (fixes[-1][0], last)):
            assert isinstance(report.footprint, Disc)
            into.append(GEOD.inv(truth.lon, truth.lat, report.footprint.lon, report.footprint.lat)[2])
    assert np.median(last) > 3_000.0
    assert np.median(first) < 0.5 * np.median(last)
