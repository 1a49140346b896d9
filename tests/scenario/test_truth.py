"""The truth beside the reports: complete, consistent with them, and judged rightly."""

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import chain

import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.resources import folder
from pipeline.scenario import INVENTED, TrueIncident, generate
from pipeline.scenario.observers import NETWORKS
from tests.oracles import OracleLine
from tests.scenario.conftest import Played, played

GEOD = Geod(ellps="WGS84")
FIRE = set("explosion impact outgoing_fire projectile muzzle_flash shot burst shelling armed_clash".split())
FIRE |= {"air_strike", "drone_strike", "missile_strike"}
NEAR_EDGE_DEG = 0.02


@pytest.mark.parametrize("name", ["routine", "quiet", "noisy"])
def test_each_report_tells_of_just_one_incident_true_or_invented(name: str, request: pytest.FixtureRequest) -> None:
    one: Played = request.getfixturevalue(name)
    told = Counter(chain.from_iterable(true.report_ids for true in one.truth))
    told.update(chain.from_iterable(invention.report_ids for invention in one.inventions))
    assert set(told) == {report.report_id for report in one.reports}
    assert set(told.values()) == {1}


def test_what_goes_with_each_report_is_what_the_files_say(noisy: Played) -> None:
    row = {name: number for number, incident in enumerate(noisy.truth) for name in incident.report_ids}
    assert [row.get(report.report_id, INVENTED) for report in noisy.reports] == noisy.incident.tolist()
    makes = [{make for make, _ in network.makes} for network in NETWORKS]
    for report, network in zip(noisy.reports, noisy.network.tolist(), strict=True):
        assert str(report.observer).partition("-")[0] in makes[network]


def test_some_incidents_are_seen_by_nobody_and_some_by_several(routine: Played) -> None:
    seen = [len(incident.report_ids) for incident in routine.truth]
    assert seen.count(0) > 0.05 * len(seen)
    assert sum(number > 2 for number in seen) > 0.2 * len(seen)


def test_incidents_are_in_order_of_time_with_ids_of_their_own(routine: Played) -> None:
    times = [incident.observed_at for incident in routine.truth]
    assert times == sorted(times)
    assert len({incident.incident_id for incident in routine.truth}) == len(times)


def test_an_incident_has_happened_when_its_reports_come_in(routine: Played) -> None:
    by_id = {report.report_id: report for report in routine.reports}
    for incident in routine.truth:
        for report in of(incident, by_id):
            assert report.received_at is not None
            assert report.received_at > incident.observed_at


def of(incident: TrueIncident, by_id: dict[str, Report]) -> list[Report]:
    return [by_id[name] for name in incident.report_ids]


def provisions(incident: TrueIncident, agreement: Agreement) -> set[str]:
    assert all(violation.agreement == agreement.name for violation in incident.violations)
    return {violation.provision for violation in incident.violations}


def test_fire_is_a_violation_just_where_a_plain_map_says_so(routine: Played, hypothetical: Agreement) -> None:
    """Plain polygons in degrees: near their edges they say nothing, for the zone's edges are geodesics."""
    russia = json.loads((folder("geodata") / "zones" / "russia-west-of-60e.geojson").read_text(encoding="utf-8"))
    parties = [load_gazetteer().outlines["ua"], *(shape(feature["geometry"]) for feature in russia["features"])]
    edges = shapely.union_all([party.boundary for party in parties])
    checked = Counter[bool]()
    for incident in routine.truth:
        place = shapely.Point(incident.lon, incident.lat)
        fire = incident.activity.value in FIRE
        if fire and shapely.dwithin(edges, place, NEAR_EDGE_DEG):
            continue
        expected = fire and any(party.contains(place) for party in parties)
        assert ("ceasefire" in provisions(incident, hypothetical)) == expected, incident
        checked[expected] += 1
    assert checked[True] > 100
    assert checked[False] > 5_000


def test_drones_over_the_buffer_are_violations_by_a_slow_measure(routine: Played, hypothetical: Agreement) -> None:
    geojson = json.loads((folder("geodata") / "lines" / "ukraine-hypothetical.geojson").read_text(encoding="utf-8"))
    lon, lat = zip(*geojson["features"][0]["geometry"]["coordinates"], strict=True)
    line = OracleLine(list(lon), list(lat))
    checked = Counter[bool]()
    flights = [one for one in routine.truth if one.activity == "flight" and one.weapons == ("uav",)]
    for incident in flights[::8]:
        _, away_m, _, beyond = line.locate(incident.lon, incident.lat)
        if abs(away_m - 7_500.0) < 2.0 + 1e-4 * away_m:
            continue
        expected = away_m < 7_500.0 and not beyond
        assert ("drones" in provisions(incident, hypothetical)) == expected, incident
        checked[expected] += 1
    assert checked[True] >= 5
    assert checked[False] >= 5


def test_what_no_clause_forbids_is_no_violation(routine: Played, hypothetical: Agreement) -> None:
    harmless = {"heat", "statement", "other", "flare", "live_fire_training", "mine_explosion"}
    assert not any(provisions(one, hypothetical) for one in routine.truth if one.activity in harmless)
    broken = set(chain.from_iterable(provisions(one, hypothetical) for one in routine.truth))
    assert broken == {"ceasefire", "buffer-troops", "artillery-100", "mlrs", "drones", "monitoring"}


def test_before_an_agreement_is_in_force_nothing_is_a_violation(plain: Agreement) -> None:
    before = generate("routine", 1, plain, 4_000, datetime(2025, 6, 1, tzinfo=UTC))
    during = generate("routine", 1, plain, 4_000)
    assert sum(chunk.violating for chunk in before) == 0
    assert sum(chunk.violating for chunk in during) > 0


def test_another_agreement_gives_the_same_kinds_of_day(plain: Agreement) -> None:
    one = played("quiet", plain, seed=2)
    assert 1_500 < len(one.reports) < 3_000
