"""Corridors along a line, and areas between two lines: what they are compiled to, and what is wrong with them."""

from pathlib import Path

import pytest

from pipeline.agreement import load_agreement
from pipeline.agreement.load import check_agreement
from pipeline.geometry.places import Places
from pipeline.geometry.zones import CorridorZone
from tests.worlds import LINE, further_line, further_zone, write_line, write_world

ROAD = [[37.0, 49.0], [37.4, 49.0], [37.4, 49.2]]
OTHER = [[36.95, 47.95], [37.5, 47.9], [38.5, 48.55]]
MARKER = '  [[lines.markers]]\n  id = "bend"\n  name = "The bend"\n  lon = 37.4\n  lat = 49.0\n'

CORRIDOR = 'kind = "corridor"\nline = "road"\nwithin_m = 2000'
STRETCH = CORRIDOR + '\nbetween = ["bend", "end"]\nparty = "a"\nnote = "North of the bend."'
BETWEEN = 'kind = "between_lines"\nlines = ["line", "other"]'


def written(folder: Path, **zones: str) -> Path:
    """A world with a road and another line, and these zones."""
    extra = further_line(folder, "road", ROAD) + MARKER + further_line(folder, "other", OTHER)
    return write_world(folder, extra=extra + "".join(further_zone(name, asks) for name, asks in zones.items()))


def inside(path: Path, zone_id: str, *places: tuple[float, float]) -> list[bool]:
    (zone,) = [zone for zone in load_agreement(path).zones if zone.zone_id == zone_id]
    found: list[bool] = zone.contains(Places([lon for lon, _ in places], [lat for _, lat in places])).tolist()
    return found


def test_a_corridor_lies_on_both_sides_and_round_the_ends(tmp_path: Path) -> None:
    path = written(tmp_path, corridor=CORRIDOR)
    both = (37.2, 49.015), (37.2, 48.985)
    ends = (36.98, 49.0), (37.4, 49.215)
    beyond = (37.2, 49.02), (36.97, 49.0), (37.4, 49.22)
    assert inside(path, "corridor", *both, *ends, *beyond) == [True] * 4 + [False] * 3
    (zone,) = [zone for zone in load_agreement(path).zones if zone.zone_id == "corridor"]
    assert isinstance(zone, CorridorZone)
    assert (zone.line_id, zone.within_m, zone.between_m) == ("road", 2_000.0, None)


def test_a_corridor_of_a_stretch_goes_round_the_stretchs_ends(tmp_path: Path) -> None:
    path = written(tmp_path, stretch=STRETCH)
    assert inside(path, "stretch", (37.4, 49.1), (37.38, 49.0), (37.35, 49.0)) == [True, True, False]


def test_a_stretch_may_be_given_by_chainages_in_any_order(tmp_path: Path) -> None:
    path = written(tmp_path, stretch=CORRIDOR + "\nbetween = [20000, 10_000.0]")
    lon, lat = load_agreement(path).lines["road"].place([7_900.0, 8_100.0, 21_900.0, 22_100.0])
    assert inside(path, "stretch", *zip(lon.tolist(), lat.tolist(), strict=True)) == [False, True, True, False]


def test_the_area_between_two_lines_is_told_by_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, middle=BETWEEN, turned='kind = "between_lines"\nlines = ["other", "line"]')
    places = (37.5, 48.1), (37.5, 48.3), (37.5, 47.85), (36.9, 48.0)
    assert inside(path, "middle", *places) == inside(path, "turned", *places) == [True, False, False, False]
    lines = {zone.zone_id: zone.line_id for zone in load_agreement(path).zones}
    assert (lines["middle"], lines["turned"]) == ("line", "other")


def test_which_way_the_lines_run_makes_no_difference(tmp_path: Path) -> None:
    path = written(tmp_path, middle=BETWEEN)
    (tmp_path / "turned").mkdir()
    turned = written(tmp_path / "turned", middle=BETWEEN)
    text = turned.read_text(encoding="utf-8")
    turned.write_text(text.replace(f"starts_near = {OTHER[0]}", f"starts_near = {OTHER[-1]}"), encoding="utf-8")
    one, other = load_agreement(path), load_agreement(turned)
    assert other.lines["other"].lon[0] == one.lines["other"].lon[-1]
    assert other.zone_areas_m2 == pytest.approx(one.zone_areas_m2)


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        (CORRIDOR.replace("road", "rode"), "zones[z].line: 'rode' is not among the lines"),
        (CORRIDOR.replace("2000", "0"), "zones[z].within_m: Expected `float` > 0"),
        (CORRIDOR.replace("2000", "nan"), "zones[z].within_m: "),
        (CORRIDOR.replace("\nwithin_m = 2000", ""), "zones[z].within_m: is missing"),
        (CORRIDOR + '\nside = "left"', "zones[z].side: no such key"),
        (CORRIDOR + '\nbetween = ["bend"]', "zones[z].between: Expected `array` of length 2"),
        (CORRIDOR + '\nbetween = [10, "bent"]', "zones[z].between: names no marker of the line: 'bent'"),
        (
            CORRIDOR + '\nbetween = ["bend", 90000]',
            "zones[z].between: runs from 29269 to 90000 m; the line from 0 to",
        ),
        (CORRIDOR + '\nbetween = ["bend", "bend"]', "zones[z].between: runs from 29269 to 29269 m"),
        (CORRIDOR + "\nbetween = [-5, 90]", "zones[z].between: runs from -5 to 90 m"),
        (CORRIDOR + '\nparty = "c"', "zones[z].party: 'c' is not among the parties"),
        (BETWEEN.replace("other", "another"), "zones[z].lines: 'another' is not among the lines"),
        (BETWEEN.replace("other", "line"), "zones[z].lines: 'line' stands twice — name two lines"),
        (BETWEEN.replace(', "other"', ""), "zones[z].lines: Expected `array` of length 2"),
        (BETWEEN.replace('"]', '", "road"]'), "zones[z].lines: Expected `array` of length 2"),
        (BETWEEN + '\nparty = "c"', "zones[z].party: 'c' is not among the parties"),
        ('kind = "corridors"', "is no kind of zone — use one of between_lines, corridor, offset, polygon"),
    ],
)
def test_each_problem_is_told_once_with_its_place(tmp_path: Path, asks: str, message: str) -> None:
    path = written(tmp_path, z=asks)
    text = path.read_text(encoding="utf-8")
    (found,) = check_agreement(path)
    assert message in str(found)
    assert found.line > text.count("\n", 0, text.index('id = "z"')) - 1


def test_lines_may_share_an_end(tmp_path: Path) -> None:
    path = written(tmp_path, middle=BETWEEN)
    write_line(tmp_path, "other", [LINE[0], [37.5, 47.5], [38.5, 47.5], LINE[-1]])
    assert inside(path, "middle", (37.5, 48.1), (37.5, 48.3), (37.5, 47.45), (36.9, 48.0)) == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("corners", [LINE, LINE[::-1]], ids=["the same", "turned"])
def test_two_drawings_of_one_line_have_nothing_between_them(tmp_path: Path, corners: list[list[float]]) -> None:
    path = written(tmp_path, z=BETWEEN)
    write_line(tmp_path, "other", corners)
    assert [problem.what for problem in check_agreement(path)] == [
        "no area lies between the lines 'line' and 'other'",
    ]


def test_a_line_that_cannot_be_read_is_the_only_problem(tmp_path: Path) -> None:
    path = written(tmp_path, corridor=CORRIDOR, middle=BETWEEN)
    for name in ("road", "other"):
        (tmp_path / f"{name}.geojson").unlink()
    assert [problem.where for problem in check_agreement(path)] == ["lines[road].file", "lines[other].file"]


def test_a_corner_that_a_polygon_gives_twice_is_one(tmp_path: Path) -> None:
    path = written(tmp_path, z='kind = "polygon"\nfile = "drawn.geojson"')
    (tmp_path / "drawn.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        '{"type":"Polygon","coordinates":[[[37,48],[38,48],[38,48],[38,49],[37,48],[37,48]]]}}]}',
        encoding="utf-8",
    )
    assert inside(path, "z", (37.9, 48.1), (37.1, 48.9), (38.0, 48.0), (38.1, 48.0)) == [True, False, True, False]


def test_a_polygon_that_encloses_nothing_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, z='kind = "polygon"\nfile = "flat.geojson"')
    (tmp_path / "flat.geojson").write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        '{"type":"Polygon","coordinates":[[[37,48],[38,48],[37,48],[37,48]]]}}]}',
        encoding="utf-8",
    )
    assert [str(problem).split(": ", 1)[1] for problem in check_agreement(path)] == [
        "zones[z].file: flat.geojson: its polygons enclose nothing"
    ]
