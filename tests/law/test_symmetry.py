"""All parties are treated by the same rules: in a mirror, every shipped agreement judges alike."""

import hashlib
import json
import random
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
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Basis, Weapon
from pipeline.resources import folder
from pipeline.scenario import write_scenario
from tests.monitor.remembering import AREAS, in_memory
from tests.worlds import mirrored, mirrored_lon

PLAYED_EARLIER = {"korea-2018": timedelta(days=2_500)}
"""Of an agreement that is in force no more on the scenario's day: so much earlier it happens."""
OTHER = {"left": "right", "right": "left", "both": "both"}
REPORTS = 3_000
STREWN = {"cyprus-1974", "energy-truce-2025", "georgia-2009", "nuba-2002"}
"""Agreements without a line, or of which a scenario along one breaks little."""


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
    for part in ("lines", "zones", "agreements"):
        (where / part).mkdir()
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


def played(name: str, where: Path) -> list[Report]:
    """What happens along an agreement's line; where that breaks little, reports strewn over its zones."""
    agreement = load_agreement(name)
    if name in STREWN:
        return strewn(agreement, 1_200)
    write_scenario(where / "scenario", "breakdown", 17, agreement, REPORTS)
    lines = (where / "scenario" / "reports.ndjson").read_bytes()
    by = PLAYED_EARLIER.get(name, timedelta())
    return [earlier(report, by) for report in msgspec.json.Decoder(Report).decode_lines(lines)]


def claim(party: str) -> Attribution:
    """The post says whose it was."""
    return Attribution(party, "post", Basis.OBSERVED)


def strewn(agreement: Agreement, number: int) -> list[Report]:
    """Discs in and about an agreement's zones, of anything, at any time in its first term or its first three years."""
    draw = random.Random(17)
    begin = agreement.tables.header.in_force_from
    until = agreement.tables.header.in_force_until or begin + timedelta(days=1_095)
    parts = [part for zone in agreement.zones for part in shapely.get_parts(zone.drawing())]
    named = {name for clause in agreement.clauses for name in clause.activities}
    named |= {name for clause in agreement.clauses for known in clause.weapons for name in known.types}
    activities = [one for one in Activity if one.value in named]
    weapons = [one for one in Weapon if one.value in named] or list(Weapon)
    found = []
    for index in range(number):
        west, south, east, north = draw.choice(parts).bounds
        wide, high = (east - west) / 4, (north - south) / 4
        at = begin + (until - begin) * draw.random()
        found.append(
            Report(
                report_id=f"strewn:{index}",
                source="strewn",
                observer=draw.choice(("one", "two", "three")),
                ledger="independent",
                observed_from=at,
                observed_until=at + timedelta(minutes=draw.choice((0, 5, 600))),
                footprint=Disc(
                    round(draw.uniform(west - wide, east + wide), 5),
                    round(draw.uniform(south - high, north + high), 5),
                    draw.choice((0.0, 100.0, 800.0)),
                ),
                activity=draw.choice((draw.choice(activities), draw.choice(list(Activity)))),
                weapons=draw.choice(((), (draw.choice(weapons),))),
                calibre_mm=draw.choice((None, 82.0, 122.0)),
                attribution=draw.choice((None, claim(draw.choice(agreement.parties).id))),
            )
        )
    return found


@pytest.mark.parametrize("name", shipped_agreements())
def test_a_shipped_agreement_s_mirror_image_judges_mirrored_reports_alike(
    name: str, tmp_path: Path, areas: Mapping[str, Any]
) -> None:
    there, reports = image(name, tmp_path, areas), played(name, tmp_path)
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


def swapped(names: tuple[str, ...], roles: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(roles.get(name, name) for name in names)


def with_roles(tables: Tables, roles: Mapping[str, str]) -> Tables:
    """The same text with the parties' roles exchanged: whoever was bound is free, and the other is bound."""
    lines = tuple(
        replace(line, left=roles.get(str(line.left), line.left), right=roles.get(str(line.right), line.right))
        for line in tables.lines
    )
    provisions = tuple(
        replace(
            table,
            **{
                key: swapped(getattr(table, key), roles) for key in ("binds", "except_operators") if hasattr(table, key)
            },
        )
        for table in tables.provisions
    )
    readings = tuple(replace(one, party=roles.get(one.party, one.party)) for one in tables.readings)
    return replace(tables, lines=lines, provisions=provisions, readings=readings)


def attributed(reports: list[Report], roles: Mapping[str, str]) -> list[Report]:
    """The same reports, with one party named where the other was."""
    return [
        one
        if one.attribution is None
        else replace(one, attribution=claim(roles.get(one.attribution.party, one.attribution.party)))
        for one in reports
    ]


@pytest.mark.parametrize(
    ("name", "parties"),
    [
        ("cyprus-1974", ("turkish-forces", "national-guard")),
        ("georgia-2009", ("georgia", "beyond")),
        ("golan-1974", ("israel", "syria")),
        ("lebanon-2024", ("hezbollah", "israel")),
        ("sudan-south-sudan-2012", ("sudan", "south-sudan")),
    ],
)
def test_a_text_that_binds_some_is_the_same_for_the_others_once_roles_are_exchanged(
    name: str, parties: tuple[str, str]
) -> None:
    one, other = parties
    roles = {one: other, other: one}
    given = load_agreement(name)
    problems = Problems("")
    there = build(with_roles(given.tables, roles), folder("geodata") / "agreements", AREAS, problems, hashlib.sha256())
    assert there is not None, problems.found
    reports = strewn(given, 1_200)
    exchanged = attributed(reports, roles)
    here, elsewhere = (in_memory([agreement], [some]) for agreement, some in ((given, reports), (there, exchanged)))
    bound = {table.id for table in given.tables.provisions if getattr(table, "binds", ())}
    assert sum(alert.provision in bound and bool(alert.attribution) for alert in here.values()) > 3
    assert said_of(here) == said_of(elsewhere)


def said_of(alerts: Mapping[str, Alert]) -> set[tuple[Any, ...]]:
    """What each alert says but for whom it names."""
    return {
        (
            tuple(sorted(alert.report_ids)),
            alert.provision,
            alert.standing,
            alert.probability,
            str(alert.side),
            tuple(note.doubt for note in alert.doubts),
            len(alert.attribution),
        )
        for alert in alerts.values()
    }
