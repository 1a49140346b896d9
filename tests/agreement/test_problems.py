"""A wrong agreement is told all its problems at once, each with its place and what to do."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import AgreementError, load_agreement, shipped_agreements
from pipeline.agreement.load import check_agreement
from tests.worlds import write_world

PAUSE = """kind = "time_window"
title = "Suspended for an hour"
windows = [{from = 2016-03-01T12:00:00Z, until = 2016-03-01T13:00:00Z}]"""
UNTOLD = 'kind = "notified"\ntitle = "A pause that nobody announces"'


def problems(path: Path, **swaps: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    for old, new in (pair.split(" => ") for pair in swaps.values()):
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in check_agreement(path)]


@pytest.mark.parametrize("name", shipped_agreements())
def test_shipped_agreements_have_none(name: str) -> None:
    agreement = load_agreement(name)
    assert agreement.name == name
    assert agreement.clauses


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(
        write_world(tmp_path),
        zone='timezone = "Europe/Kyiv" => timezone = "Kyiv"',
        party='left = "a" => left = "c"',
        distance="to_m = 25000 => to_m = -1",
        term='activities = ["fire"] => activities = ["fier"]',
        weapon='type = "artillery" => type = "canon"',
        key='objects = ["uav"] => objekts = ["uav"]',
    )
    assert [line.split(": ")[1] for line in found] == [
        "timezone",
        "lines[line].left",
        "zones[both].to_m",
        "provisions[ceasefire].activities",
        "provisions[artillery].weapons",
        "provisions[drones].objects",
        "provisions[drones].objekts",
    ], found
    numbers = [int(line.split(":")[0].removeprefix("line ")) for line in found]
    assert numbers == sorted(numbers)
    assert numbers[0] == 6


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ("starts_near = [3 => starts_near = [1", "km from the nearer end of the line, which is at 3"),
        (f"{PAUSE} => {UNTOLD}", "exceptions[pause].notices: nothing ever gives notice"),
        ('type = "artillery" => type = "guns"', "do you mean"),
        ('line = "line" => line = "lime"', "zones[both].line: 'lime' is not among the lines"),
        ('zones = ["both"] => zones = ["bath"]', "provisions[ceasefire].zones: 'bath' is not among the zones"),
        ('exceptions = ["pause"] => exceptions = ["rest"]', "provisions[ceasefire].exceptions: 'rest' is not among"),
        ('source = "made-up" => source = "hearsay"', "lines[line].source: 'hearsay' is not among the sources"),
        ('file = "world.geojson" => file = "gone.geojson"', "lines[line].file: gone.geojson: No such file"),
        ('id = "near-a" => id = "both"', "zones[both].id: 'both' stands twice"),
        ("until = 2016-03-01T13:00:00Z => until = 2016-03-01T11:00:00Z", "is not after 2016-03-01 12:00:00"),
        ("to_m = 25000 => to_m = inf", "zones[both].to_m: Expected `float` <= 1000000"),
        (
            'activities = ["fire"] => activities = []',
            "provisions[ceasefire].activities: Expected `array` of length >= 1",
        ),
        ('objects = ["uav"] => objects = ["tank"]', "provisions[drones].objects: 'tank' does not fly"),
        ("calibre_min_mm = 100 => calibre_min_mm = -1", "provisions[artillery].weapons"),
        ("calibre_min_mm = 100 => calibre_above_mm = 120, calibre_max_mm = 120", "no calibre is within the bounds"),
        ('left = "a" => left = "b"', "'b' is on both sides"),
        ('version = "1" => version = ""', "version: Expected `str` of length >= 1"),
        ('kind = "flight" => kind = "flite"', "'flite' is no kind of provision"),
        ("in_force_from = 2016-03-01T06:00:00+00:00 => in_force_from = 2016-03-01", "in_force_from: Expected"),
        ("calibre_min_mm = 100 => calibre_min_mm = 100, calibre_below_mm = 50", "no calibre is within the bounds"),
        ('name = "world" => name = "word"', "name: 'word' is not the file's name — write 'world'"),
        ('title = "An invented => title = An invented', "TOML"),
        (
            "seen_for_days = 2 => seen_for_days = 2\nends_after_days = 1",
            "ends_after_days: 1 is less than seen_for_days: 2",
        ),
    ],
)
def test_each_kind_of_problem_names_its_place(tmp_path: Path, swap: str, message: str) -> None:
    assert any(message in line for line in problems(write_world(tmp_path), swap=swap))


def test_what_is_wrong_in_the_head_hides_nothing_below(tmp_path: Path) -> None:
    found = problems(
        write_world(tmp_path),
        head='name = "world" => name = "The World"',
        missing="accuracy_m = 200 => accuracy_mm = 200",
        zone="to_m = 7500 => to_m = -7500",
        reference='zones = ["both"] => zones = ["bath"]',
        term='objects = ["uav"] => objects = ["drone"]',
        source='source = "made-up" => source = "hearsay"',
    )
    assert [line.split(": ")[1] for line in found] == [
        "name",
        "lines[line].accuracy_m",
        "lines[line].accuracy_mm",
        "lines[line].source",
        "zones[near-a].to_m",
        "provisions[ceasefire].zones",
        "provisions[drones].objects",
    ]
    assert "it is -7500" in found[4]


def test_what_cannot_be_read_in_a_table_hides_nothing_of_the_same_table(tmp_path: Path) -> None:
    found = problems(
        write_world(tmp_path),
        zone='zones = ["near-a", "near-b"]\nobjects => zones = ["near-a", "near-c"]\nobjects',
        key='objects = ["uav"] => objekts = ["uav"]',
        party='except_operators = ["monitor"] => except_operators = ["watcher"]',
        limits="at_most = 3 => at_most = -3",
        second="at_most = 50 => at_most = true",
        unit='unit = "person" => unit = "man"',
        gun='weapons = [{type = "artillery"}]\n  [[provisions.limits]] => weapons = [{type = "canon"}]\n  '
        "[[provisions.limits]]",
        stage='title = "Artillery out" => titel = "Artillery out"',
        serial='stage = "first" => stage = "second"',
    )
    assert [line.split(": ")[1] for line in found] == [
        "provisions[drones].objects",
        "provisions[drones].zones",
        "provisions[drones].objekts",
        "provisions[drones].except_operators",
        "provisions[ceiling].limits[0].at_most",
        "provisions[ceiling].weapons",
        "provisions[ceiling].limits[1].at_most",
        "provisions[ceiling].limits[1].unit",
        "provisions[schedule].stages[0].title",
        "provisions[schedule].stages[0].titel",
        "provisions[schedule].inventory",
    ], found
    text = (tmp_path / "world.toml").read_text(encoding="utf-8").splitlines()
    at = {line.split(": ")[1]: text[int(line.split(":")[0].removeprefix("line ")) - 1].strip() for line in found}
    assert at["provisions[ceiling].limits[0].at_most"] == "at_most = -3"
    assert at["provisions[ceiling].limits[1].at_most"] == "at_most = true"
    assert at["provisions[ceiling].limits[1].unit"] == 'unit = "man"'
    assert at["provisions[schedule].stages[0].titel"] == 'titel = "Artillery out"'


BROKEN = [
    "",
    "3",
    "-1.5",
    "nan",
    '"x"',
    "true",
    "[]",
    "[3]",
    '["x"]',
    "[{}]",
    "{}",
    "2016-01-01",
    "2017-01-01T00:00:00Z",
]
"""What may stand in the place of a value; nothing takes the key out."""


@given(data=st.data())
def test_whatever_one_value_is_the_rest_of_its_table_is_checked_all_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write_world(tmp_path_factory.mktemp("broken"))
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\s*[a-z_]+ = ", line)]
    broken = data.draw(st.sampled_from(keys))
    key, value = lines[broken].split(" = ")[0], data.draw(st.sampled_from(BROKEN))
    lines[broken] = f"{key} = {value}" if value else ""
    headers = [number for number, line in enumerate(lines) if re.match(r"\[\[[a-z]+\]\]", line)]
    begin = max((number for number in headers if number < broken), default=0)
    until = min((number for number in headers if number > broken), default=len(lines))
    sources = [number for number in range(begin, until) if lines[number] == 'source = "made-up"']
    for number in sources:
        lines[number] = 'source = "hearsay"'
    path.write_text("\n".join(lines), encoding="utf-8")
    found = check_agreement(path)
    assert not any("cannot be read" in str(problem) or "0001-01-01" in problem.what for problem in found)
    if sources and key.strip() != "kind":
        assert any("'hearsay' is not among the sources" in problem.what for problem in found)


def test_a_line_that_crosses_itself_is_a_problem(tmp_path: Path) -> None:
    path = write_world(tmp_path)
    (tmp_path / "world.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        '{"type":"LineString","coordinates":[[37,48],[38,48],[38,48.5],[37.5,47]]}}]}',
        encoding="utf-8",
    )
    (told,) = problems(path)
    assert told.startswith("line 27: lines[line].file: the line crosses or runs over itself at 37.83")
    assert told.endswith(" — mend the geometry file")


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"features": 3}', '{"features":[{"geometry":null}]}', "\x00"])
def test_a_file_that_is_no_geojson_is_a_problem_and_no_crash(tmp_path: Path, content: str) -> None:
    path = write_world(tmp_path)
    (tmp_path / "world.geojson").write_text(content, encoding="utf-8")
    assert len(problems(path)) == 1


def test_a_name_that_is_nothing_says_what_there_is() -> None:
    with pytest.raises(AgreementError, match=r"neither a shipped agreement \(cyprus-1974, .*\) nor a file"):
        load_agreement("korea-1953-typo")


def test_another_geometry_makes_another_fingerprint(tmp_path: Path) -> None:
    path = write_world(tmp_path)
    before = load_agreement(path).fingerprint
    geometry = tmp_path / "world.geojson"
    geometry.write_text(geometry.read_text(encoding="utf-8").replace("48.6", "48.61"), encoding="utf-8")
    assert load_agreement(path).fingerprint != before
