"""The commands that only tell: agreements, sources, rejects. Terminals, colours and pipes."""

import base64
import json
from pathlib import Path

import pytest

from pipeline.resources import folder
from tests.cli.driving import Cli, line, on_a_terminal
from tests.worlds import further_line, further_zone, write_world

SHIPPED = (
    "cyprus-1974",
    "donbas-2015",
    "energy-truce-2025",
    "georgia-2009",
    "golan-1974",
    "idlib-2020",
    "kashmir-loc",
    "korea-2018",
    "lebanon-2024",
    "nuba-2002",
    "sudan-south-sudan-2012",
    "ukraine-hypothetical",
)


def test_agreement_list_marks_what_is_hypothetical(cli: Cli) -> None:
    rows = {row.split()[0]: row for row in cli("agreement", "list").out.splitlines()[1:]}
    assert set(SHIPPED) == rows.keys()
    assert "HYPOTHETICAL" in rows["ukraine-hypothetical"]
    assert "HYPOTHETICAL" not in rows["donbas-2015"]
    told = {row["name"]: row for row in map(json.loads, cli("agreement", "list", "--json").out.splitlines())}
    assert told["ukraine-hypothetical"]["hypothetical"] is True
    assert min(told["donbas-2015"]["judged"], told["donbas-2015"]["not_yet_judged"]) > 0


@pytest.mark.parametrize("name", SHIPPED)
def test_agreement_show_names_every_article_and_gap(cli: Cli, name: str) -> None:
    page = " ".join(cli("agreement", "show", name).out.split())
    data = cli("agreement", "show", name, "--json").json()
    for provision in data["provisions"]:
        assert f"{provision['id']}: {' '.join(provision['title'].split())}" in page
        assert provision["article"] in page
    for gap in data["not_encoded"]:
        assert " ".join(gap["why"].split()) in page
    told = {row["name"]: row for row in map(json.loads, cli("agreement", "list", "--json").out.splitlines())}
    assert ("Provisions not yet judged" in page) == (told[name]["not_yet_judged"] > 0)
    for line_ in data["lines"]["features"]:
        assert line_["geometry"]["type"] == "LineString"
        assert line_["properties"]["accuracy_m"] > 0
    assert {feature["geometry"]["type"] for feature in data["zones"]["features"]} <= {"Polygon", "MultiPolygon"}
    assert {"name", "version", "parties"} <= data.keys()


def test_agreement_show_tells_corridors_and_areas_between_lines(cli: Cli, tmp_path: Path) -> None:
    extra = further_line(tmp_path, "road", [[37.0, 49.0], [37.4, 49.0]])
    extra += further_zone("beside", 'kind = "corridor"\nline = "road"\nwithin_m = 2000\nbetween = ["start", 9000]')
    extra += further_zone("amid", 'kind = "between_lines"\nlines = ["line", "road"]\nparty = "a"')
    path = write_world(tmp_path, extra=extra)
    page = " ".join(cli("agreement", "show", path).out.split())
    assert "beside: beside where within 2 km of road, between start and 9 km area 48.6 km² source made-up" in page
    assert "amid: amid where between line and road area" in page
    course = "runs from 37.000, 49.000 (longitude, latitude) east on the whole: left is north, right is south"
    assert f"road: road length 29 km, drawn to within 50 m {course} source" in page
    zones = {
        zone["properties"]["id"]: zone for zone in cli("agreement", "show", path, "--json").json()["zones"]["features"]
    }
    assert zones["beside"]["properties"]["within_m"] == 2000
    assert zones["amid"]["properties"]["lines"] == ["line", "road"]
    lon = [place[0] for place in zones["beside"]["geometry"]["coordinates"][0]]
    assert min(lon) == pytest.approx(36.9727, abs=2e-3)


def test_agreement_check_says_that_there_is_no_problem(cli: Cli, world: Path) -> None:
    told = cli("agreement", "check", world)
    assert (told.code, told.out) == (0, f"{world}: no problems\n")


def test_agreement_check_tells_every_problem_of_every_file(cli: Cli, world: Path, tmp_path: Path) -> None:
    text = world.read_text()
    world.write_text(
        text.replace('zones = ["both"]', 'zones = ["nowhere"]').replace('severity = "serious"', 'severity = "bad"')
    )
    told = cli("agreement", "check", world, tmp_path / "none.toml", "donbas-2015")
    assert told.code == 2
    places = [row for row in told.out.splitlines() if row.startswith(f"{world}:")]
    assert len(places) == 4
    for place in places:
        number = int(place.removeprefix(f"{world}:").split(":")[0])
        assert 1 < number <= len(text.splitlines())
    assert "none.toml" in told.out
    assert "donbas-2015: no problems" in told.out
    rows = [json.loads(row) for row in cli("agreement", "check", world, "--json").out.splitlines()]
    assert len(rows) == 4
    assert all({"file", "line", "where", "what"} <= row.keys() for row in rows)


def test_sources_lists_and_describes(cli: Cli) -> None:
    listed = [row.split()[0] for row in cli("sources").out.splitlines()]
    assert listed[:3] == ["ndjson", "ucdp", "csv"]
    assert len(listed) == len(set(listed)) == 15
    assert "where_prec" in cli("sources", "ucdp").out
    assert json.loads(cli("sources", "csv", "--json").out)["name"] == "csv"
    told = cli("sources", "nosuch")
    assert (told.code, "ndjson, ucdp, csv" in told.err) == (2, True)


def test_rejects_are_listed_shown_and_exported(cli: Cli, world: Path, tmp_path: Path) -> None:
    bad = b"caf\xc3\xa9 {\x1b[31m\n"
    (tmp_path / "r.ndjson").write_bytes(line(1) + bad + b"{}\n")
    assert cli("run", "-a", world, "ndjson=r.ndjson").code == 0
    listed = cli("rejects", "list").out.splitlines()
    assert len(listed) == 2
    assert "r.ndjson:2" in listed[0]
    assert "not_json" in listed[0]
    shown = cli("rejects", "show", "1").out
    assert shown.splitlines()[-1] == "café {\\x1b[31m"
    about = cli("rejects", "show", "1", "--json").json()
    assert base64.b64decode(about["bytes_base64"]) == bad.rstrip(b"\n")
    assert cli("rejects", "export", "-o", "out.ndjson").code == 0
    rows = [json.loads(row) for row in (tmp_path / "out.ndjson").read_text().splitlines()]
    assert [row["row"] for row in rows] == [2, 3]
    assert about == rows[0]
    told = cli("rejects", "show", "9")
    assert (told.code, "no reject 9" in told.err) == (2, True)
    assert cli("rejects", "export", "-o", "out.gpkg").code == 2


def test_no_rejects_is_said_and_no_data(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1))
    cli("run", "-a", world, "r.ndjson")
    told = cli("rejects", "list")
    assert (told.code, told.out) == (0, "")
    assert "every row was read" in told.err


def test_a_store_that_is_not_there_is_told_with_what_to_do(cli: Cli, tmp_path: Path) -> None:
    told = cli("rejects", "list")
    assert told.code == 2
    assert "truceline run" in told.err
    assert list(tmp_path.iterdir()) == []


STREAMS = ("stdin", "stdout", "stderr")


def test_a_terminal_gets_a_bar_and_no_color_means_none(world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(b"".join(line(number) for number in range(100)))
    coloured, plain = (
        on_a_terminal("run", "-a", world, path, "--store", tmp_path / name, streams=STREAMS, env=settings)
        for name, settings in (("a.db", {}), ("b.db", {"NO_COLOR": "1"}))
    )
    for written in (coloured, plain):
        assert b"rows read" in written
        assert b"100 rows" in written
    assert b"\x1b[3" in coloured
    assert b"\x1b[3" not in plain


def test_scenario_is_made_and_runs(cli: Cli, tmp_path: Path) -> None:
    named = [row.split()[0] for row in cli("scenario", "list").out.splitlines()]
    assert named == ["quiet", "routine", "escalation", "breakdown", "noisy-public", "jammed"]
    told = cli("scenario", "make", "quiet", "--seed", "7", "-o", "made", "--reports", "200", "--json")
    assert told.code == 0
    assert told.json()["reports"] == 200
    files = {"reports.ndjson", "truth.ndjson", "invented.ndjson", "scenario.json", "observations.ndjson", "assets.toml"}
    assert {path.name for path in (tmp_path / "made").iterdir()} == files
    assert cli("scenario", "make", "quiet", "--seed", "7", "-o", "again", "--reports", "200").code == 0
    for name in ("reports.ndjson", "truth.ndjson"):
        assert (tmp_path / "made" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    summary = cli("run", "-a", "ukraine-hypothetical", "made/reports.ndjson", "--json").json()
    assert (summary["rows_read"], summary["rejected"]) == (200, 0)


def test_scenario_by_other_figures_says_so(cli: Cli, tmp_path: Path) -> None:
    made = ("scenario", "make", "quiet", "--seed", "7", "-o", "made")
    (tmp_path / "makes.toml").write_bytes((folder("geodata") / "recon" / "makes.toml").read_bytes())
    told = cli(*made, "--detection", "0.7", "--makes", "makes.toml", "--json").json()
    assert (told["makes"], told["parameters"]["detection"]) == ("makes.toml", 0.7)
    (tmp_path / "makes.toml").write_text("no makes")
    told = cli(*made, "--makes", "makes.toml")
    assert (told.code, "makes.toml: this is no file of makes" in told.err) == (2, True)
    assert cli(*made, "--makes", "nosuch.toml").code == 2


def test_scenario_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    assert cli("scenario", "make", "nosuch", "--seed", "7", "-o", "made").code == 2
    (tmp_path / "file").write_text("")
    told = cli("scenario", "make", "quiet", "--seed", "7", "-o", "file")
    assert (told.code, "Traceback" in told.err) == (1, False)
