"""A mission's file: what is shipped can be used, and a wrong one is told all its problems at once."""

from pathlib import Path

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.recon.makes import load_makes
from pipeline.recon.missions import MissionError, load_mission, read_mission, shipped_missions
from pipeline.recon.permission import refusals
from tests.worlds import world

MISSION = """
version = 1
title = "Invented"
agreement = "world"

[[asset]]
id = "tower"
make = "tower_camera"
operator = "monitor"
consent = ["a"]
side = "left"
where = { kind = "standing", lon = 37.6, lat = 48.35, sectors_deg = [[90, 270]] }

[[asset]]
id = "drone"
make = "long_drone"
operator = "monitor"
consent = ["b"]
only_in = ["both"]
hours = { from = 20, until = 4 }
  [asset.where]
  kind = "flying"
  home = [37.6, 48.0]
  track = [[37.7, 48.0], [37.8, 48.0]]
  speed_m_s = 25
  endurance_s = 7200
  range_m = 40000
  swath_m = 4000

[[asset]]
id = "eye"
make = "optical_satellite"
operator = "somebody"
  [asset.where]
  kind = "orbiting"
  epoch = 2016-03-01T00:00:00Z
  altitude_m = 700000
  descends_at_h = 10.5

[[asset]]
id = "walkers"
make = "fixed_post"
operator = "monitor"
staff = "civilian"
staff_of = "others"
where = { kind = "standing", lon = 37.6, lat = 48.0 }
"""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def problems(agreement: Agreement | None, *swaps: str) -> list[str]:
    text = MISSION
    for old, new in (swap.split(" => ") for swap in swaps):
        assert old in text
        text = text.replace(old, new, 1)
    try:
        read_mission(text.encode(), "invented.toml", agreement)
    except MissionError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_right_mission_is_read(agreement: Agreement) -> None:
    read = read_mission(MISSION.encode(), "invented.toml", agreement)
    assert [one.asset_id for one in read.assets] == ["tower", "drone", "eye", "walkers"]
    assert [one.domain for one in read.assets] == ["ground", "air", "orbit", "ground"]
    assert read.assets[1].hours.begin == 20.0


def test_every_problem_is_told_at_once_in_the_order_of_the_file(agreement: Agreement) -> None:
    found = problems(
        agreement,
        'make = "tower_camera" => make = "telescope"',
        'side = "left" => side = "up"',
        "range_m = 40000 => range_m = -1",
        "epoch = 2016-03-01T00:00:00Z => epoch = 2016-03-01",
        'staff_of = "others" => staf_of = "others"',
    )
    assert [line.split(": ")[1] for line in found] == [
        "asset[tower].side",
        "asset[drone].where.range_m",
        "asset[eye].where.epoch",
        "asset[walkers].staf_of",
    ], found
    numbers = [int(line.split(":")[0].removeprefix("line ")) for line in found]
    assert numbers == sorted(numbers)
    assert numbers[0] == 11


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ('make = "tower_camera" => make = "telescope"', "asset[tower].make: 'telescope' is no make"),
        ('id = "drone" => id = "tower"', "asset[tower].id: 'tower' stands 2 times"),
        ('agreement = "world" => agreement = "word"', "the mission was put together for 'word', and this is 'world'"),
        ("version = 1 => version = 2", "version: 2 is not known"),
        ('consent = ["a"] => consent = ["c"]', "asset[tower].consent: 'c' is not in world"),
        ('only_in = ["both"] => only_in = ["bath"]', "asset[drone].only_in: 'bath' is not in world"),
        ("sectors_deg = [[90, 270]] => sectors_deg = [[90, 90]]", "90 to 90 is no sector"),
        ("lon = 37.6, lat = 48.35 => lon = 0, lat = 0", "0, 0 is no place"),
        ("lon = 37.6, lat = 48.35 => lon = 37.6, lat = 148.35", "asset[tower].where.lat: Expected `float` <= 90"),
        ("until = 4 => until = 20", "asset[drone].hours: begin and end at one time"),
        ("until = 4 => until = 25", "asset[drone].hours.until: Expected `float` <= 24"),
        ("range_m = 40000 => range_m = 10000", "place 2 is 15 km from home, and its range is 10 km"),
        ("endurance_s = 7200 => endurance_s = 600", "a round takes 0.3 h, and it can be away for 0.2 h"),
        (
            "descends_at_h = 10.5 => inclination_deg = 98",
            "asset[eye].where.descends_at_h: a sun-synchronous orbit needs",
        ),
        (
            "descends_at_h = 10.5 => sun_synchronous = false",
            "where.inclination_deg: an orbit that is not sun-synchronous",
        ),
        ("altitude_m = 700000 => altitude_m = 20000000", "altitude_km: must be from"),
        ("descends_at_h = 10.5 => descends_at_h = 10.5\nleast_look_deg = 40", "least_look_deg: must be"),
        ("descends_at_h = 10.5 => descends_at_h = 10.5\ngreatest_look_deg = 65", "past the horizon"),
        ('descends_at_h = 10.5 => descends_at_h = 10.5\nsensor = "radar"', "asset[eye].where.sensor: is radar"),
        ('make = "optical_satellite" => make = "tower_camera"', "satellites, and they alone"),
        ('make = "fixed_post" => make = "open_sources"', "'open_sources' sweeps areas, and so has no reach"),
        ('staff_of = "others" => note = "none"', "asset[walkers].staff_of: goes with staff"),
        ('kind = "orbiting" => kind = "orbital"', "'orbital' is none of"),
        ('title = "Invented" => title = "Inv', "TOML"),
    ],
)
def test_each_kind_of_problem_names_its_place(agreement: Agreement, swap: str, message: str) -> None:
    found = problems(agreement, swap)
    assert any(message in line for line in found), found


def test_without_an_agreement_its_names_are_not_asked_for() -> None:
    assert problems(None, 'consent = ["a"] => consent = ["c"]') == []


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="byte 0 is not UTF-8"):
        read_mission(b"\xff", "broken.toml")
    with pytest.raises(MissionError, match="no mission of that name"):
        load_mission("nowhere")


@pytest.mark.parametrize("name", shipped_missions())
def test_shipped_missions_fit_their_agreements(name: str) -> None:
    agreement = load_agreement(name)
    read = load_mission(name, agreement)
    assert read.agreement == name
    for one in read.assets:
        assert one.source
        assert one.domain in ("orbit", "open") or one.consent
    assert len([one for one in read.assets if refusals(one, agreement, load_makes())]) <= 1


def test_the_hypothetical_mission_has_the_same_on_both_sides() -> None:
    assets = {one.asset_id: one for one in load_mission("ukraine-hypothetical").assets}
    sided = {name for name, one in assets.items() if one.side is not None and one.staff_of != "united-states"}
    assert sided
    for name in sided:
        other = name[: -len("left")] + "right" if name.endswith("left") else name[: -len("right")] + "left"
        one, like = assets[name], assets[other]
        assert (one.make, one.operator, one.staff, one.hours) == (like.make, like.operator, like.staff, like.hours)
        assert type(one.where) is type(like.where)
