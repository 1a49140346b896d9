"""`recon assets` and `recon log`: what there is to look with, whether it may, and the plan as a log."""

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from pipeline.agreement import load_agreement
from pipeline.cli.recon_assets import about
from pipeline.model.records import Observation
from pipeline.recon.makes import load_makes
from pipeline.recon.missions import load_mission
from tests.cli.driving import Cli, on_a_terminal
from tests.law.test_no_blame import blaming
from tests.recon.missions import rules
from tests.worlds import write_world

MISSION = """
version = 1
title = "Invented"

[[asset]]
id = "hill"
make = "acoustic_array"
operator = "monitor"
consent = ["{consent}"]
where = {{ kind = "standing", lon = 37.6, lat = 48.0 }}

[[asset]]
id = "posts"
make = "open_sources"
operator = "public"
where = {{ kind = "everywhere", west = 36, south = 47, east = 39, north = 49 }}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """An agreement, and a mission of which one asset is refused."""
    path = tmp_path / "mission.toml"
    path.write_text(MISSION.format(consent="a"), encoding="utf-8")
    return write_world(tmp_path, extra=rules()), path


def test_the_table_says_who_may_not_and_why(cli: Cli, files: tuple[Path, Path]) -> None:
    told = cli("recon", "assets", files[1], "-a", files[0])
    assert told.code == 0
    head, hill, posts = told.out.splitlines()
    assert head.split()[:3] == ["asset", "make", "operator"]
    assert "no" in hill.split()
    assert "by-leave: no consent of b, on whose side it is (Article 10)" in hill
    assert "yes" in posts.split()


def test_one_in_full_and_as_records(cli: Cli, files: tuple[Path, Path]) -> None:
    told = cli("recon", "assets", files[1], "-a", files[0], "--asset", "hill")
    assert "acoustic_array: acoustic arrays" in told.out
    assert "half of that at 11 km" in told.out
    assert "at km 91, 21 km right" in told.out
    rows = [json.loads(row) for row in cli("recon", "assets", files[1], "-a", files[0], "--json").out.splitlines()]
    assert [(row["id"], row["allowed"], row["domain"]) for row in rows] == [
        ("hill", False, "ground"),
        ("posts", True, "open"),
    ]
    assert rows[0]["refusals"] == [
        {"rule": "by-leave", "article": "Article 10", "reason": "no consent of b, on whose side it is"}
    ]


def test_the_shipped_mission_of_an_agreement_is_found(cli: Cli) -> None:
    by_agreement = cli("recon", "assets", "-a", "ukraine-hypothetical")
    assert by_agreement.out == cli("recon", "assets", "ukraine-hypothetical").out
    assert "No personnel of the United States on the ground (Scenario, art. 8)" in by_agreement.out


@pytest.mark.parametrize("name", ["ukraine-hypothetical", "donbas-2015"])
def test_nothing_that_is_said_of_an_asset_blames_anybody(name: str) -> None:
    agreement = load_agreement(name)
    assets = load_mission(name, agreement).assets
    said = "\n".join(line for one in assets for line in about(one, agreement, load_makes()))
    assert len(said) > 5_000
    assert blaming(said) == []


def test_on_a_narrow_terminal_every_id_is_whole() -> None:
    said = on_a_terminal("recon", "assets", "donbas-2015", streams=("stdout",), env={"COLUMNS": "70"}).decode()
    assert "camera-filtration-station" in said


def test_the_plan_is_a_log_that_can_be_read_again(cli: Cli, files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "plan.ndjson"
    told = cli("recon", "log", files[1], "-a", files[0], "--from", "2016-03-07T06:00Z", "--hours", "24", "-o", out)
    assert (told.code, told.out) == (0, "")
    assert "2 observations of 1 asset by plan; refused: hill (by-leave)" in told.err
    read = [msgspec.json.decode(row, type=Observation) for row in out.read_bytes().splitlines()]
    assert {(one.asset, one.source) for one in read} == {("posts", "plan")}
    packed = tmp_path / "plan.ndjson.gz"
    again = ("recon", "log", files[1], "-a", files[0], "--from", "2016-03-07T06:00Z")
    assert cli(*again, "-o", packed).code == 0
    assert gzip.decompress(packed.read_bytes()) == out.read_bytes()
    assert cli(*again, "-o", "-").out.encode() == out.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("recon assets", "name a mission, or an agreement with -a"),
        ("recon assets nowhere", "nowhere: neither a shipped mission"),
        ("recon assets donbas-2015 -a ukraine-hypothetical", "was put together for 'donbas-2015'"),
        ("recon assets donbas-2015 --asset camera", "6 assets begin so"),
        ("recon assets donbas-2015 --makes gone.toml", "gone.toml: cannot be read"),
        ("recon log donbas-2015 --from May -o -", "write a day or time"),
        ("recon log donbas-2015 -o plan.csv", "the ending says the format"),
        ("recon log donbas-2015 --hours 0 -o -", "0 is not above 0"),
    ],
)
def test_wrong_usage_is_told(cli: Cli, words: str, message: str) -> None:
    told = cli(*words.split())
    assert (told.code, told.out) == (2, "")
    assert message in told.err
    assert "Traceback" not in told.err


def test_every_problem_of_a_mission_is_told(cli: Cli, files: tuple[Path, Path]) -> None:
    text = files[1].read_text(encoding="utf-8")
    files[1].write_text(text.replace("acoustic_array", "ear").replace("west = 36", "west = 46"), encoding="utf-8")
    told = cli("recon", "assets", files[1], "-a", files[0])
    assert told.code == 2
    assert "asset[hill].make: 'ear' is no make" in told.err
    assert "asset[posts].where: the box has no inside" in told.err
