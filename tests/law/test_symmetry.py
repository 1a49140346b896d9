"""All parties are treated by the same rules: in a mirror, every shipped agreement judges alike."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import shapely
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement, shipped_agreements
from pipeline.agreement.build import build
from pipeline.agreement.format import LineTable, OffsetZoneTable, PolygonZoneTable, Tables
from pipeline.agreement.problems import Problems
from pipeline.model.footprint import Disc
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.resources import folder
from pipeline.scenario import write_scenario
from tests.monitor.remembering import AREAS, in_memory
from tests.worlds import mirrored, mirrored_lon

PLAYED_EARLIER = {"korea-2018": timedelta(days=2_500)}
"""Of an agreement that is in force no more on the scenario's day: so much earlier it happens."""
OTHER = {"left": "right", "right": "left", "both": "both"}
REPORTS = 3_000


def mirror_file(source: Path, target: Path) -> None:
    """Writes a GeoJSON file's mirror image."""

    def turned(value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], int | float):
            return [mirrored_lon(value[0]), *value[1:]]
        return [turned(one) for one in value]

    data = json.loads(source.read_bytes())
    for feature in data["features"]:
        feature["geometry"]["coordinates"] = turned(feature["geometry"]["coordinates"])
    target.write_text(json.dumps(data), encoding="utf-8")


def mirrored_line(table: LineTable) -> LineTable:
    markers = tuple(replace(marker, lon=mirrored_lon(marker.lon)) for marker in table.markers)
    start = (mirrored_lon(table.starts_near[0]), table.starts_near[1])
    return replace(table, markers=markers, starts_near=start, left=table.right, right=table.left)


def mirrored_tables(tables: Tables) -> Tables:
    zones = tuple(
        replace(zone, side=OTHER[zone.side]) if isinstance(zone, OffsetZoneTable) else zone for zone in tables.zones
    )
    return replace(tables, lines=tuple(map(mirrored_line, tables.lines)), zones=zones)


@pytest.fixture(scope="module")
def areas() -> Mapping[str, Any]:
    """The gazetteer's areas, mirrored."""
    return {
        name: shapely.transform(area, lambda at: np.column_stack([76.0 - at[:, 0], at[:, 1]]))
        for name, area in AREAS.items()
    }


def image(name: str, where: Path, areas: Mapping[str, Any]) -> Agreement:
    """A shipped agreement's mirror image."""
    given = load_agreement(name)
    (where / "lines").mkdir()
    (where / "agreements").mkdir()
    files = [line.file for line in given.tables.lines]
    files += [zone.file for zone in given.tables.zones if isinstance(zone, PolygonZoneTable) and zone.file]
    for file in files:
        mirror_file(folder("geodata") / "agreements" / file, where / "agreements" / file)
    problems = Problems("")
    built = build(mirrored_tables(given.tables), where / "agreements", areas, problems, hashlib.sha256())
    assert built is not None, problems.found
    return built


def earlier(report: Report, by: timedelta) -> Report:
    """The same report of so much earlier."""
    times = ("observed_from", "observed_until", "published_at", "received_at")
    return replace(report, **{name: at - by for name in times if (at := getattr(report, name)) is not None})


def seen(alerts: Mapping[str, Alert], turned: bool) -> dict[tuple[Any, ...], tuple[float, int]]:
    """What each alert says, without its order of incidents of one time: its probability, and on how many it rests."""
    sides = {"left": "right", "right": "left"} if turned else {}
    return {
        (
            tuple(sorted(alert.report_ids)),
            alert.provision,
            alert.severity,
            sides.get(str(alert.side), str(alert.side)),
            tuple(note.doubt for note in alert.doubts),
        ): (alert.probability, max(1, len(alert.incident_ids)))
        for alert in alerts.values()
    }


@pytest.mark.parametrize("name", shipped_agreements())
def test_a_shipped_agreement_s_mirror_image_judges_mirrored_reports_alike(
    name: str, tmp_path: Path, areas: Mapping[str, Any]
) -> None:
    there = image(name, tmp_path, areas)
    write_scenario(tmp_path / "scenario", "breakdown", 17, load_agreement(name), REPORTS)
    reports = [
        earlier(report, PLAYED_EARLIER.get(name, timedelta()))
        for report in msgspec.json.Decoder(Report).decode_lines((tmp_path / "scenario" / "reports.ndjson").read_bytes())
    ]
    here = seen(in_memory([load_agreement(name)], [reports]), turned=False)
    mirrored_alerts = seen(in_memory([there], [[mirrored(one) for one in reports]]), turned=True)
    assert len(here) > 50
    assert here.keys() == mirrored_alerts.keys()
    for key, (probability, incidents) in here.items():
        # A share of a footprint is right to 0.005: so of each incident, here and in the mirror.
        assert abs(probability - mirrored_alerts[key][0]) <= 0.01 * incidents


def test_true_violations_on_either_side_raise_alerts_alike(tmp_path: Path) -> None:
    """A two-proportion z test of the share of true violations that raise an alert, at a chance of 1 in 1,000.

    Only violations that some report saw within 500 m count: who lives nearer to observers is the scenario's choice.
    """
    agreement = load_agreement("ukraine-hypothetical")
    line = agreement.lines["contact-line"]
    counted = {-1: [0, 0], 1: [0, 0]}
    for seed in (5, 6, 7):
        write_scenario(tmp_path / str(seed), "breakdown", seed, agreement, 4_000)
        reports = msgspec.json.Decoder(Report).decode_lines((tmp_path / str(seed) / "reports.ndjson").read_bytes())
        located = {
            one.report_id for one in reports if isinstance(one.footprint, Disc) and one.footprint.radius_m <= 500
        }
        told = {name for alert in in_memory([agreement], [reports]).values() for name in alert.report_ids}
        truth = [json.loads(row) for row in (tmp_path / str(seed) / "truth.ndjson").read_bytes().splitlines()]
        violations = [one for one in truth if one["violations"] and located.intersection(one["report_ids"])]
        offsets = line.locate([one["lon"] for one in violations], [one["lat"] for one in violations]).offset_m
        for one, offset_m in zip(violations, offsets, strict=True):
            both = counted[-1 if offset_m < 0 else 1]
            both[0] += 1
            both[1] += bool(told.intersection(one["report_ids"]))
    (left, left_told), (right, right_told) = counted[-1], counted[1]
    assert min(left, right) > 50
    pooled = (left_told + right_told) / (left + right)
    error = (pooled * (1 - pooled) * (1 / left + 1 / right)) ** 0.5
    assert abs(left_told / left - right_told / right) <= 3.29 * error + 1e-12
