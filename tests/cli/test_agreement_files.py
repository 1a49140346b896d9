"""`truceline agreement new`, `diff`, `export` and `schema`."""

import json
from pathlib import Path

import pyogrio
import pytest

from pipeline.agreement import load_agreement, shipped_agreements
from pipeline.resources import folder
from tests.cli.driving import Cli

RIVER, MOVED = [[37.0, 48.0], [37.5, 48.1]], [[37.0, 48.0], [37.2, 48.3], [37.5, 48.1]]


def drawn(coordinates: object, kind: str = "LineString") -> str:
    shape = {"type": kind, "coordinates": coordinates}
    return json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": shape}]})


@pytest.fixture
def begun(cli: Cli, tmp_path: Path) -> Path:
    """An agreement that was begun round a line in another folder."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "river.geojson").write_text(drawn(RIVER))
    out = tmp_path / "river-accord.toml"
    assert cli("agreement", "new", tmp_path / "lines" / "river.geojson", "-o", out).code == 0
    return out


def test_what_is_begun_passes_the_check_as_it_stands_and_says_that_it_is_invented(cli: Cli, begun: Path) -> None:
    assert cli("agreement", "check", begun).out.strip().endswith("no problems")
    agreement = load_agreement(begun)
    assert agreement.tables.header.name == "river-accord"
    assert agreement.tables.header.hypothetical
    assert len(agreement.judged) == 2
    # What is commented out can be put in: each such line is a key, or the head of a table.
    text = begun.read_text()
    more = text.replace("# exceptions", "exceptions").replace("# between", "between")
    heads = ("  [[lines", "[[exceptions", "  [[exceptions.windows")
    keys = "id name lon lat kind title activities from_reports notice_hours source confidence from until".split()
    for key in (*heads, *keys, *(f"  {key}" for key in keys)):
        more = more.replace(f"\n# {key}", f"\n{key}")
    begun.write_text(more)
    assert cli("agreement", "check", begun).out.strip().endswith("no problems"), more


def test_a_file_that_is_there_stays_and_a_line_that_is_none_is_told(cli: Cli, begun: Path, tmp_path: Path) -> None:
    before = begun.read_bytes()
    again = cli("agreement", "new", tmp_path / "lines" / "river.geojson", "-o", begun)
    assert (again.code, begun.read_bytes()) == (2, before)
    assert "left as it is" in again.err
    for text, told in (("{}", "LineString"), ("{", "no JSON"), (drawn([1, 2], "Point"), "LineString")):
        (tmp_path / "bad.geojson").write_text(text)
        refused = cli("agreement", "new", tmp_path / "bad.geojson", "-o", tmp_path / "x.toml")
        assert (refused.code, told in refused.err) == (2, True), refused.err
    assert cli("agreement", "new", tmp_path / "none.geojson", "-o", tmp_path / "x.toml").code == 2
    assert cli("agreement", "new", tmp_path / "lines" / "river.geojson", "-o", tmp_path / "No Name.toml").code == 2


def test_a_later_version_differs_in_law_and_in_words(cli: Cli, begun: Path) -> None:
    later = begun.with_name("river-accord-2.toml")
    text = begun.read_text().replace('name = "river-accord"', 'name = "river-accord-2"')
    text = text.replace("to_m = 5000 ", "to_m = 7000 ").replace('title = "No fire near the line"', 'title = "No fire"')
    later.write_text(text.replace('[[provisions]]\nid = "no-heavy-weapons"', '[[provisions]]\nid = "no-tanks"'))
    told = [json.loads(row) for row in cli("agreement", "diff", begun, later, "--json").out.splitlines()]
    law = {(one["table"], one["id"], one["key"]) for one in told if one["law"]}
    assert law == {
        ("zones", "strip-a", "to_m"),
        ("zones", "strip-a", "area_km2"),
        ("provisions", "no-heavy-weapons", ""),
        ("provisions", "no-tanks", ""),
    }
    words = {(one["table"], one["id"], one["key"]) for one in told if not one["law"]}
    assert words == {("header", "", "name"), ("provisions", "no-fire", "title")}
    page = cli("agreement", "diff", begun, later).out
    assert page.index("In the law") < page.index("zones strip-a to_m") < page.index("In words alone")
    assert "no-tanks: added" in page
    assert cli("agreement", "diff", begun, begun).out == "no difference\n"


def test_a_line_that_was_drawn_anew_is_a_change_of_law(cli: Cli, begun: Path, tmp_path: Path) -> None:
    other = tmp_path / "later"
    other.mkdir()
    (tmp_path / "lines" / "moved.geojson").write_text(drawn(MOVED))
    (other / "river-accord.toml").write_text(begun.read_text().replace("lines/river", "../lines/moved"))
    told = [
        json.loads(row)
        for row in cli("agreement", "diff", begun, other / "river-accord.toml", "--json").out.splitlines()
    ]
    assert {("lines", "line", "length_m"), ("lines", "line", "vertices")} <= {
        (one["table"], one["id"], one["key"]) for one in told if one["law"]
    }


@pytest.mark.parametrize("name", shipped_agreements())
def test_lines_and_zones_are_exported_for_a_map(cli: Cli, tmp_path: Path, name: str) -> None:
    agreement = load_agreement(name)
    expected = {"lines": len(agreement.lines), "zones": len(agreement.zones)}
    assert cli("agreement", "export", name, "-o", tmp_path / "map.gpkg").code == 0
    layers = {layer: len(pyogrio.read_dataframe(tmp_path / "map.gpkg", layer=layer)) for layer in expected}
    assert layers == expected
    assert cli("agreement", "export", name, "-o", tmp_path / "map.geojson").code == 0
    features = json.loads((tmp_path / "map.geojson").read_text())["features"]
    told = [feature["properties"]["layer"] for feature in features]
    assert {layer: told.count(layer) for layer in expected} == expected


def test_an_ending_that_is_no_map_is_refused(cli: Cli, tmp_path: Path) -> None:
    refused = cli("agreement", "export", "korea-2018", "-o", tmp_path / "map.shp")
    assert (refused.code, list(tmp_path.iterdir())) == (2, [])
    assert ".geojson or .gpkg" in refused.err


def test_the_command_gives_it(cli: Cli, tmp_path: Path) -> None:
    published = json.loads((folder("schemas") / "agreement.json").read_bytes())
    told = cli("agreement", "schema")
    assert told.code == 0
    assert json.loads(told.out) == published
    assert cli("agreement", "schema", "-o", tmp_path / "agreement.json").code == 0
    assert json.loads((tmp_path / "agreement.json").read_bytes()) == published
    assert cli("agreement", "schema", "-o", tmp_path / "missing" / "agreement.json").code == 2
