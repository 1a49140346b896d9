"""`incidents list`, `show` and `export`, and what `alerts show` says of its incident."""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas
import pytest
from msgspec.structs import replace
from rich.console import Console

from pipeline.agreement import load_agreement
from pipeline.cli.incident_table import print_incidents
from pipeline.cli.show_incident import MOST_PAIRS, Book, Known, sections
from pipeline.model.footprint import Area, Bearing, Disc, Nowhere
from pipeline.model.records import Incident
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.monitor.fuse.explain import explain
from pipeline.observers import load_observers
from pipeline.store import open_store
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import HOSTILE, agreement_file, record
from tests.worlds import report

PLACE = Disc(37.6, 48.25, 300.0)
LATER = timedelta(hours=8, seconds=2)

HEARD = report("heard", PLACE, observer="array-1", ledger="sensor", count=Count(3, None, CountUnit.EXPLOSION))
SEEN = report(
    "seen", Disc(37.601, 48.251, 400.0), at=LATER, observer="Patrol 7", ledger="independent", weapons=(Weapon.MORTAR,)
)
BEARING = report(
    "bearing", Bearing(37.55, 48.25, 3_000.0, 4_500.0, ((80.0, 100.0),)), observer="tower-2", ledger="sensor"
)
POSTED = report(
    "posted",
    Disc(37.6, 48.25, 3_000.0),
    at=timedelta(hours=8, minutes=1),
    lasting=timedelta(minutes=10),
    observer="Daily",
    ledger="public",
    text=HOSTILE,
)
COPIED = report(
    "copied",
    Disc(37.6, 48.25, 3_000.0),
    at=timedelta(hours=8, minutes=1),
    lasting=timedelta(minutes=10),
    observer="Weekly",
    ledger="public",
)
ELSEWHERE = report("elsewhere", Disc(37.2, 48.0, 200.0), at=timedelta(hours=14), observer="Patrol 9", ledger="sensor")
RUMOUR = report("rumour", Area(area_id="ua-donetsk"), at=timedelta(hours=12), ledger="public")
NO_PLACE = report("no-place", Nowhere(), at=timedelta(hours=13), ledger="independent")
DRIVEN = [
    report(
        f"track-{step}",
        Disc(37.6 + step / 100, 48.25, 50.0),
        Activity.MOVEMENT,
        at=timedelta(hours=16, minutes=step),
        observer="radar-1",
        ledger="sensor",
        track_id="T 1",
    )
    for step in range(3)
]
ONE = (HEARD, SEEN, BEARING, POSTED, COPIED)
ALL = (*ONE, ELSEWHERE, RUMOUR, NO_PLACE, *DRIVEN)


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def store(tmp_path: Path, agreement: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement, ALL)


def incidents_of(store: Path, *, unresolved: bool | None = False) -> list[Incident]:
    with open_store(store) as opened:
        return list(opened.incidents(unresolved=unresolved))


def incident_of(store: Path, told: Report) -> Incident:
    (found,) = [one for one in incidents_of(store, unresolved=None) if told.report_id in one.report_ids]
    return found


def listed(cli: Cli, *options: Any) -> list[dict[str, Any]]:
    told = cli("incidents", "list", "--json", *options)
    assert told.code == 0, told.err
    return [json.loads(row) for row in told.out.splitlines()]


def plain(text: str) -> str:
    return " ".join(text.split())


def test_json_lists_the_incidents_oldest_first_and_rumours_apart(cli: Cli, store: Path) -> None:
    incidents = listed(cli)
    assert [one["report_ids"] for one in incidents] == [list(one.report_ids) for one in incidents_of(store)]
    assert [one["observed_from"] for one in incidents] == sorted(one["observed_from"] for one in incidents)
    assert [one["report_ids"] for one in listed(cli, "--unresolved")] == [[RUMOUR.report_id]]
    assert all(one["unresolved"] is False for one in incidents)


def test_a_list_can_be_narrowed(cli: Cli, store: Path) -> None:
    several = listed(cli, "--reports", "4")
    assert [set(one["report_ids"]) for one in several] == [{told.report_id for told in ONE}]
    assert several[0]["origins"] == 4
    assert listed(cli, "--limit", "2") == listed(cli)[-2:]
    assert {one["report_ids"][0] for one in listed(cli, "--since", "2016-03-01T15:00Z")} == {DRIVEN[0].report_id}


@pytest.mark.parametrize("options", [("--reports", "0"), ("--since", "yesterday"), ("--limit", "0"), ("-a", "no.toml")])
def test_a_list_of_what_is_not_there_is_wrong_usage(cli: Cli, store: Path, options: tuple[str, ...]) -> None:
    told = cli("incidents", "list", *options)
    assert told.code == 2
    traceless(told)


def test_the_table_tells_what_where_and_by_how_many(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("incidents", "list", "-a", agreement)
    row = next(row for row in told.out.splitlines() if incident_of(store, SEEN).incident_id in row)
    assert re.search(r"2016-03-01 08:00  10:00 .*  5        4        \d\.\d\d  ", row)
    assert "explosion, mortar" in row
    assert re.search(r"\d+ km \w+ of (Westtown|Easttown)", row)
    assert re.search(r"movement .*(Westtown|Easttown)", told.out)
    assert "no place named" in told.out
    assert f"{len(incidents_of(store))} incidents; 1 unresolved rumour apart (--unresolved)" in told.err
    assert "happened: probability that it happened at all" in told.err
    assert "1 unresolved rumour\n" in cli("incidents", "list", "--unresolved").err


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_terminal_of_any_width_gets_whole_ids(store: Path, agreement: Path, width: int) -> None:
    console = Console(width=width, force_terminal=True, no_color=True, markup=False, highlight=False)
    with console.capture() as captured:
        print_incidents(console, incidents_of(store), [load_agreement(agreement)])
    text = re.sub(r"\x1b\[[\d;]*m", "", captured.get())
    assert all(one.incident_id in text.split() for one in incidents_of(store))
    assert all(len(row) <= max(width, 80) for row in text.splitlines())


def test_show_tells_everything_that_is_known(cli: Cli, store: Path, agreement: Path) -> None:
    incident = incident_of(store, SEEN)
    told = cli("incidents", "show", incident.incident_id, "-a", agreement)
    assert told.code == 0
    for shown in (
        f"{incident.incident_id} 5 reports from 4 independent origins · happened with probability",
        "explosion: an explosion, its origin undetermined; weapon: mortar; explosions: at least 3",
        "2016-03-01 08:00",
        "Kyiv)",
        "That not all of them are made up, and so that it happened: probability",
        "acoustic and seismic arrays; says well enough where and when",
        "posts, outlets, agencies; says only broadly where or when",
        "source test, observer Patrol 7, ledger independent",
        "Why they are one",
        "docs/fusion.md",
        "Alerts",
        "world/ceasefire: raised, corroborated",
    ):
        assert shown in plain(told.out), shown
    with open_store(store) as opened:
        assert all(alert.alert_id in told.out for alert in opened.alerts() if alert.incident_id == incident.incident_id)


def test_show_weighs_each_pair_and_names_copies_as_copies(cli: Cli, store: Path) -> None:
    incident = incident_of(store, SEEN)
    out = cli("incidents", "show", incident.incident_id).out
    numbers = {name: number for number, name in enumerate(incident.report_ids, 1)}
    first, second = (told for told in sorted((POSTED, COPIED), key=lambda told: told.report_id))
    assert f"{numbers[second.report_id]}. {second.report_id}" in out
    assert f"a copy of {numbers[first.report_id]}: it tells just the same" in out
    rows = re.findall(r"^ +(\d), (\d)  .*?([+-]\d+\.\d)$", out, re.MULTILINE)
    originals = sorted(number for name, number in numbers.items() if name != second.report_id)
    assert [(int(one), int(two)) for one, two, _ in rows] == [
        (one, two) for one in originals for two in originals if one < two
    ]
    heading = next(row for row in out.splitlines() if row.split()[:1] == ["pair"])
    assert heading.split() == ["pair", "place", "time", "crowding", "activity", "sum"]


def test_the_weights_in_json_are_all_of_them_and_add_up(cli: Cli, store: Path) -> None:
    incident = incident_of(store, SEEN)
    whole = cli("incidents", "show", incident.incident_id, "--json").json()
    pairs = whole["explained"]["pairs"]
    assert len(pairs) == 5 * 4 // 2
    assert [pair["copies"] for pair in pairs].count(True) == 1
    for pair in pairs:
        assert pair["total"] == pytest.approx(sum(pair["weights"].values()), abs=1e-6)
    located = {HEARD.report_id, SEEN.report_id, BEARING.report_id}
    assert all(pair["total"] > 0.0 for pair in pairs if {pair["one"], pair["two"]} <= located)
    assert {name: whole["explained"]["tiers"][name] for name in located} == dict.fromkeys(located, "located")
    assert [told["report_id"] for told in whole["reports"]] == list(incident.report_ids)
    assert whole["occurred"] == incident.occurred


def test_many_pairs_are_cut_to_those_that_weigh_least(store: Path) -> None:
    many = [
        report(f"s{number:02}", Disc(37.6 + number / 1e5, 48.25, 300.0), observer=f"array-{number}", ledger="sensor")
        for number in range(12)
    ]
    ids = tuple(told.report_id for told in many)
    incident = replace(incident_of(store, HEARD), report_ids=ids)
    known = Known(incident, explain(many, ids, load_observers()))
    (lines,) = (section.lines for section in sections(known, [], many, Book()) if section.heading == "Why they are one")
    weights = [float(line.split()[-1]) for line in lines if re.match(r" *\d+, \d+ ", line)]
    assert len(weights) == MOST_PAIRS < 66
    assert weights == sorted(weights)
    assert "The 6 pairs that weigh more are left out; --json has them." in lines


def test_a_track_is_told_by_its_places_and_is_not_weighed(cli: Cli, store: Path) -> None:
    out = plain(cli("incidents", "show", incident_of(store, DRIVEN[0]).incident_id).out)
    assert "a track of 3 places, of which the first and the last" in out
    assert "The reports name the same track: T 1." in out
    assert "48.2500° N 37.6200° E" in out


def test_a_single_report_and_a_rumour_are_told_as_what_they_are(cli: Cli, store: Path) -> None:
    single = plain(cli("incidents", "show", incident_of(store, ELSEWHERE).incident_id).out)
    assert "1 report from one origin. That it is not made up" in single
    assert "Why they are one" not in single
    rumour = plain(cli("incidents", "show", incident_of(store, RUMOUR).incident_id).out)
    assert "· unresolved" in rumour
    assert "too broad in place or time to tell which incident it saw. It raises no alert." in rumour


def test_nothing_of_a_reports_text_steers_the_terminal(cli: Cli, store: Path) -> None:
    out = cli("incidents", "show", incident_of(store, POSTED).incident_id).out
    assert not [char for char in out if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) <= 0x9F]
    assert "\\x1b[2J" in out


def replaced(tmp_path: Path, agreement: Path) -> tuple[Path, str, str]:
    """A store in which an earlier report came late, the id that stands no more, and the one that stands."""
    early = report("early", PLACE, at=timedelta(hours=7, minutes=59, seconds=59), observer="array-5", ledger="sensor")
    store = record(tmp_path / "truceline.db", agreement, [HEARD])
    (old,) = incidents_of(store)
    record(store, agreement, [early])
    (new,) = incidents_of(store)
    assert set(new.report_ids) == {HEARD.report_id, early.report_id}
    return store, old.incident_id, new.incident_id


def test_an_id_that_stands_no_more_is_told_with_what_took_its_place(cli: Cli, tmp_path: Path, agreement: Path) -> None:
    _, old, new = replaced(tmp_path, agreement)
    told = cli("incidents", "show", old)
    assert (told.code, told.out) == (0, f"{old} stands no more: its reports now tell of {new}\n")
    assert cli("incidents", "show", old, "--json").json() == {"incident_id": old, "successors": [new]}
    shown = cli("incidents", "show", new)
    assert "Took the place of" in shown.out
    assert old in shown.out


def test_the_alert_of_an_incident_that_stands_no_more_names_the_one_that_does(
    cli: Cli, tmp_path: Path, agreement: Path
) -> None:
    store, old, new = replaced(tmp_path, agreement)
    with open_store(store) as opened:
        gone = {revision.alert.alert_id for revision in opened.history() if revision.alert.incident_id == old}
    for alert_id in gone:
        out = plain(cli("alerts", "show", alert_id, "-a", agreement).out)
        assert f"{old} does not stand as this alert tells of it; in its place: {new}" in out
    assert gone


def test_an_unknown_id_is_wrong_usage_and_the_nearest_are_named(cli: Cli, store: Path) -> None:
    incident = incidents_of(store)[0]
    told = cli("incidents", "show", incident.incident_id[:-1] + "x")
    assert (told.code, told.out) == (2, "")
    assert incident.incident_id in told.err
    assert cli("incidents", "show", f"{incident.incident_id[:-3]}…").code == 0
    several = cli("incidents", "show", "in_")
    assert (several.code, "incidents begin so" in several.err) == (2, True)
    assert cli("incidents", "show", "").code == 2


def test_an_alert_explains_its_incident_in_short(cli: Cli, store: Path, agreement: Path) -> None:
    incident = incident_of(store, SEEN)
    with open_store(store) as opened:
        alert = next(one for one in opened.alerts() if one.incident_id == incident.incident_id)
    out = plain(cli("alerts", "show", alert.alert_id, "-a", agreement).out)
    assert f"{incident.incident_id} 5 reports from 4 independent origins." in out
    assert "is a copy of" in out
    assert re.search(r"The pair with the least to say for it, test:\w+ and test:\w+: [+-]\d+\.\d \(place ", out)
    assert f"truceline incidents show {incident.incident_id}" in out
    assert "single_report" not in out
    assert "One origin says so" not in out
    assert cli("alerts", "show", alert.alert_id, "--json").json()["incident"]["origins"] == 4


ENDINGS = ("ndjson", "csv", "parquet", "gpkg", "geojson")


@pytest.mark.parametrize("ending", ENDINGS)
def test_export_has_every_incident_in_every_format(cli: Cli, store: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"incidents.{ending}"
    told = cli("incidents", "export", "-o", out)
    assert (told.code, f"{len(incidents_of(store))} incidents" in told.err) == (0, True)
    ids = [one.incident_id for one in incidents_of(store)]
    if ending == "ndjson":
        lines = [json.loads(row) for row in out.read_text().splitlines()]
        assert [row["incident_id"] for row in lines] == ids
        assert [row["origins"] for row in lines] == [one.origins for one in incidents_of(store)]
        return
    if ending == "csv":
        rows = out.read_text().splitlines()
        assert rows[0].endswith("occurred,origins,unresolved,fixes,notified_at,lon,lat,radius_m")
        assert len(rows) == len(ids) + 1
        assert all(",false," in row for row in rows[1:])
        return
    frame = geopandas.read_parquet(out) if ending == "parquet" else geopandas.read_file(out)
    assert list(frame["incident_id"]) == ids
    check_places(frame, incidents_of(store))


def check_places(frame: Any, incidents: Sequence[Incident]) -> None:
    """Points are the centres of footprints; where no place is named there is none."""
    for row, incident in zip(frame.itertuples(), incidents, strict=True):
        if isinstance(incident.footprint, Disc):
            assert (row.geometry.x, row.geometry.y) == (incident.footprint.lon, incident.footprint.lat)
            assert row.radius_m == incident.footprint.radius_m
        if isinstance(incident.footprint, Nowhere):
            assert row.geometry is None


def test_export_of_rumours_and_to_a_wrong_name(cli: Cli, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "rumours.ndjson"
    assert cli("incidents", "export", "-o", out, "--unresolved").code == 0
    assert [json.loads(row)["report_ids"] for row in out.read_text().splitlines()] == [[RUMOUR.report_id]]
    told = cli("incidents", "export", "-o", "incidents.xyz")
    assert told.code == 2
    traceless(told)
