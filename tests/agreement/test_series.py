"""A dated series out of daily drawings, and what an agreement makes of it: on invented squares."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.load import check_agreement
from pipeline.agreement.making import Care, Day, gaps, in_order, make_day
from pipeline.agreement.published import PublishedError, read_published
from pipeline.cli.app import app
from pipeline.model.footprint import Disc, Footprint
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.taxonomy import Doubt
from pipeline.monitor import MemoryWindows, Monitor
from tests.matches import matches
from tests.worlds import OCCURRED, PROVISION, report, write_world

Ring = Sequence[Sequence[float]]

DAY = timedelta(days=1)
KYIV_MIDNIGHT = datetime(2016, 3, 9, 22, 0, tzinfo=UTC)
"""When the 10th of March begins there."""


def square(west: float, east: float, south: float = 48.0, north: float = 49.0) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(*rings: Ring, **properties: Any) -> dict[str, Any]:
    coordinates = [[ring] for ring in rings]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "MultiPolygon", "coordinates": coordinates},
    }


def collection(*features: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def put(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def days_of(*paths: Path, care: Care | None = None) -> list[Day]:
    return [make_day(one, care or Care()) for path in paths for one in read_published(path, {})]


def drawn(folder: Path, **shapes: Ring) -> list[Day]:
    """Days of March 2016 by their number, such as `d10`, each one ring."""
    paths = [put(folder, f"2016-03-{name[1:]}.json", collection(feature(ring))) for name, ring in shapes.items()]
    return in_order(days_of(*paths))[0]


def test_what_the_file_says_of_its_day_goes_before_its_name(tmp_path: Path) -> None:
    wrapped = {"value": collection(feature(square(37.0, 38.0), date="2016-03-08"))}
    (inside,) = days_of(put(tmp_path, "2016-03-10.json", wrapped))
    (named,) = days_of(put(tmp_path, "map_20160310.geojson", collection(feature(square(37.0, 38.0)))))
    assert (inside.content_date, inside.age_days, inside.from_name) == (date(2016, 3, 8), 2, False)
    assert (named.content_date, named.age_days, named.from_name) == (date(2016, 3, 10), None, True)
    assert inside.measure == pytest.approx(8_216, rel=0.01)


def test_a_file_of_several_days_is_taken_apart(tmp_path: Path) -> None:
    both = collection(feature(square(37.0, 38.0), day="2016-03-08"), feature(square(37.0, 38.1), day="2016-03-09"))
    assert [day.content_date.day for day in days_of(put(tmp_path, "all.json", both))] == [8, 9]


def test_a_bow_tie_is_repaired_and_told(tmp_path: Path) -> None:
    tie = [[37.0, 48.0], [38.0, 49.0], [38.0, 48.0], [37.0, 49.0], [37.0, 48.0]]
    (day,) = days_of(put(tmp_path, "2016-03-10.json", collection(feature(tie))))
    assert day.shape.is_valid
    assert day.measure == pytest.approx(8_216 / 2, rel=0.02)
    assert day.repaired == ["1 of 1 parts invalid once projected (1 before)"]


def test_slivers_go_and_corners_that_say_nothing(tmp_path: Path) -> None:
    busy = [[lon, 48.0] for lon in np.linspace(37.0, 38.0, 500)] + square(37.0, 38.0)[2:]
    path = put(tmp_path, "2016-03-10.json", collection(feature(busy, square(39.0, 39.0005, 48.0, 48.0005))))
    (day,) = days_of(path)
    assert day.corners < 60
    assert day.repaired == ["1 slivers dropped"]
    (whole,) = days_of(path, care=Care(tolerance_m=0.0, least_km2=0.0))
    assert whole.corners > 500


def test_a_day_that_is_there_twice_counts_once_and_a_later_file_corrects(tmp_path: Path) -> None:
    one = put(tmp_path, "2016-03-10.json", collection(feature(square(37.0, 38.0), date="2016-03-10")))
    same = put(tmp_path, "2016-03-11.json", collection(feature(square(37.0, 38.0), date="2016-03-10")))
    other = put(tmp_path, "2016-03-12.json", collection(feature(square(37.0, 38.01), date="2016-03-10")))
    days, dropped = in_order(days_of(other, same, one))
    assert [(day.content_date.day, day.file) for day in days] == [(10, "2016-03-12.json")]
    assert dropped == [
        "2016-03-11.json: 2016-03-10 once more, as in 2016-03-10.json",
        "2016-03-10.json: 2016-03-10 is drawn anew in 2016-03-12.json",
    ]


def test_a_leap_that_is_back_is_doubtful_and_one_that_stays_is_told(tmp_path: Path) -> None:
    small, large = square(37.0, 38.0), square(37.0, 38.2)
    days = drawn(tmp_path, d10=small, d11=large, d12=large, d13=small, d14=large, d30=large)
    assert [bool(day.doubtful) for day in days] == [False, True, True, False, False, False]
    assert "is back by 2016-03-13" in days[1].doubtful
    assert [len(day.notes) for day in days] == [0, 0, 1, 0, 1, 1]
    assert "did its meaning change?" in days[4].notes[0]


@pytest.mark.parametrize("at", [10, 12])
def test_another_countrys_polygon_is_doubtful_wherever_it_stands(tmp_path: Path, at: int) -> None:
    far = square(25.0, 26.0)
    here = {f"d{number}": square(37.0, 38.0 + number / 1000) for number in (10, 11, 12, 13, 14, 15)}
    days = drawn(tmp_path, **here | {f"d{at}": far, f"d{at + 1}": far})
    assert [day.content_date.day for day in days if day.doubtful] == [at, at + 1]
    assert all(day.doubtful.startswith("shares no ground with") for day in days if day.doubtful)


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    days = drawn(tmp_path, d10=square(37.0, 38.0), d11=square(37.0, 38.0), d15=square(37.0, 38.01))
    assert gaps(days) == [(date(2016, 3, 11), date(2016, 3, 15), 3)]
    assert "its shape is that of 2016-03-10" in days[1].notes[0]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[1, 2", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b'{"type": "FeatureCollection", "features": []}', "no feature"),
        (b'{"type":"Polygon","coordinates":[[[500,0],[0,1],[1,1],[500,0]]]}', "not longitude, latitude"),
        (b'{"type":"Polygon","coordinates":[[[1,0],[0,1]]]}', "a geometry cannot be read"),
        (b'{"type":"Polygon","coordinates":"none"}', "a geometry cannot be read"),
        (b'{"type":"Point","coordinates":[1,2]}', "no feature"),
        (
            b'{"type":"FeatureCollection","crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"features":[]}',
            "not in WGS 84",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "2016-03-10.json"
    path.write_bytes(data)
    with pytest.raises(PublishedError, match=why):
        read_published(path, {})


def test_the_command_writes_a_series_that_an_agreement_reads(tmp_path: Path) -> None:
    legacy = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    for number, east in ((10, 38.0), (11, 38.01)):
        held = feature(square(37.0, east), type="held")
        lost = feature(square(38.5, 39.0), type="lost")
        put(tmp_path, f"2016-03-{number}.geojson", collection(held, lost, crs=legacy))
    put(tmp_path, "2016-03-12.geojson", collection(feature(square(20.0, 21.0), type="held")))
    out = tmp_path / "world-area.geojson"
    arguments = ["agreement", "series", str(tmp_path), "-o"]
    result = CliRunner().invoke(app, [*arguments, str(out), "--only", "type=held", "--json"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["content_date"], row["kept"]) for row in rows] == [
        ("2016-03-10", True),
        ("2016-03-11", True),
        ("2016-03-12", False),
    ]
    assert "2016-03-12: left out: shares no ground with 2016-03-11" in result.stderr
    written = json.loads(out.read_bytes())["features"]
    assert [one["properties"]["valid_until"] for one in written] == ["2016-03-11", "2016-03-12"]
    table = tmp_path / "series.gpkg"
    assert CliRunner().invoke(app, [*arguments, str(table), "--only", "type=held"]).exit_code == 0
    assert geopandas.read_file(table)["area_km2"].round(-2).tolist() == [8_200.0, 8_300.0]
    told = CliRunner().invoke(app, [*arguments, str(out)]).stderr
    assert "features of a day differ in type (held, lost): all are taken as one" in told


SERIES = """
[[series]]
id = "held"
title = "What one side holds"
file = "held.geojson"
accuracy_m = 300
gap_days = {gap_days}
source = "made-up"
confidence = "low"
{more}
"""

ZONE = """
[[zones]]
id = "{id}"
title = "{id}"
kind = "series"
series = "held"
source = "made-up"
confidence = "low"
{asks}
"""

ZONES = {
    "area": "",
    "rim": "within_m = 5000",
    "rim-in": 'within_m = 5000\nside = "inside"',
    "rim-out": 'within_m = 5000\nside = "outside"',
}


def written(folder: Path, days: dict[str, Any], *, gap_days: int = 0, more: str = "", **zones: str) -> Path:
    """A world with a series of these days, each a geometry, and a provision for each of some zones."""
    features = [
        {"type": "Feature", "properties": {"content_date": day}, "geometry": geometry} for day, geometry in days.items()
    ]
    put(folder, "held.geojson", collection(*features))
    extra = SERIES.format(gap_days=gap_days, more=more)
    for name, asks in zones.items():
        extra += ZONE.format(id=name, asks=asks)
        fire = f'kind = "prohibited_activity"\nzones = ["{name}"]\nactivities = ["fire"]'
        extra += PROVISION.format(id=f"no-fire-{name}", severity="grave", asks=fire)
    return write_world(folder, extra=extra)


def polygon(west: float, east: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [square(west, east, 50.0, 51.0)]}


MOVING = {"2016-03-10": polygon(37.0, 38.0), "2016-03-11": polygon(37.0, 38.5), "2016-03-20": polygon(37.0, 39.0)}


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return load_agreement(written(tmp_path_factory.mktemp("world"), MOVING, gap_days=2, **ZONES))


def alerts(agreement: Agreement, where: Footprint, begin: datetime, end: datetime | None = None) -> dict[str, Alert]:
    told = replace(report(1, where), observed_from=begin, observed_until=end or begin)
    found = Monitor([agreement], MemoryWindows(), {}).process([told]).alerts[agreement.name]
    return {alert.provision.removeprefix("no-fire-"): alert for alert in found}


def doubt(alert: Alert, which: Doubt) -> DoubtNote | None:
    return next((note for note in alert.doubts if note.doubt is which), None)


def test_an_event_is_held_against_the_shape_of_its_own_day(agreement: Agreement) -> None:
    place = Disc(38.25, 50.5, 100.0)
    last = KYIV_MIDNIGHT + DAY - timedelta(seconds=1)
    assert alerts(agreement, place, KYIV_MIDNIGHT - timedelta(seconds=1)) == {}
    assert alerts(agreement, place, last) == {}
    found = alerts(agreement, place, last + timedelta(seconds=1))
    assert found.keys() == {"area"}
    assert found["area"].probability == OCCURRED
    assert doubt(found["area"], Doubt.SHAPE_OF_ANOTHER_DAY) is None


def test_a_shape_stands_for_as_long_as_it_may_and_says_how_old_it_is(agreement: Agreement) -> None:
    place, noon = Disc(38.25, 50.5, 100.0), KYIV_MIDNIGHT + timedelta(hours=12)
    note = doubt(alerts(agreement, place, noon + 3 * DAY)["area"], Doubt.SHAPE_OF_ANOTHER_DAY)
    assert note is not None
    assert note.figures == {"age_days": 2, "content_date": "2016-03-11", "share_without": 0.0}
    assert alerts(agreement, place, noon + 4 * DAY) == {}
    assert alerts(agreement, place, noon + 10 * DAY).keys() == {"area"}


def test_an_interval_over_several_days_is_as_probable_as_the_days_make_it(agreement: Agreement) -> None:
    alert = alerts(agreement, Disc(38.25, 50.5, 100.0), KYIV_MIDNIGHT, KYIV_MIDNIGHT + 2 * DAY)["area"]
    assert alert.probability == pytest.approx(OCCURRED / 2, abs=1e-3)
    note = doubt(alert, Doubt.SHAPE_CHANGES)
    assert note is not None
    assert note.figures == {"share_least": 0.0, "share_most": 1.0}
    inside = alerts(agreement, Disc(37.5, 50.5, 100.0), KYIV_MIDNIGHT, KYIV_MIDNIGHT + 2 * DAY)["area"]
    assert inside.probability == OCCURRED
    assert doubt(inside, Doubt.SHAPE_CHANGES) is None


def test_of_days_without_a_shape_nothing_is_known(agreement: Agreement) -> None:
    begin = KYIV_MIDNIGHT + 3 * DAY
    alert = alerts(agreement, Disc(37.5, 50.5, 100.0), begin, begin + 4 * DAY)["area"]
    assert alert.place_probability == 0.25
    note = doubt(alert, Doubt.SHAPE_OF_ANOTHER_DAY)
    assert note is not None
    assert note.figures == {"age_days": 2, "content_date": "2016-03-11", "share_without": 0.75}


def test_near_the_edge_of_the_day_is_told_by_the_side(agreement: Agreement) -> None:
    noon = KYIV_MIDNIGHT + timedelta(hours=12)
    assert alerts(agreement, Disc(38.05, 50.5, 10.0), noon).keys() == {"rim", "rim-out"}
    assert alerts(agreement, Disc(37.95, 50.5, 10.0), noon).keys() == {"area", "rim", "rim-in"}
    assert alerts(agreement, Disc(38.1, 50.5, 10.0), noon) == {}
    halved = alerts(agreement, Disc(38.0, 50.5, 2_000.0), noon)
    assert halved["rim"].place_probability == 1.0
    for name in ("area", "rim-in", "rim-out"):
        assert halved[name].place_probability == pytest.approx(0.5, abs=0.01)
    near = doubt(alerts(agreement, Disc(37.999, 50.5, 10.0), noon)["area"], Doubt.LINE_ACCURACY)
    assert near is not None
    assert near.figures["line_accuracy_m"] == 300


def test_whoever_is_asked_with_whom_each_gets_its_own_answer(agreement: Agreement) -> None:
    noon = KYIV_MIDNIGHT + timedelta(hours=12)
    told = [
        replace(
            report(number, Disc(37.9 + number / 20, 50.5, 4_000.0)), observed_from=begin, observed_until=begin + over
        )
        for number, (begin, over) in enumerate(
            (noon + day * DAY, hours * timedelta(hours=7)) for day in range(-1, 13, 2) for hours in (0, 5, 20)
        )
    ]
    together = matches(told, agreement)
    assert len(together) > 10
    assert together == [row for one in told for row in matches([one], agreement)]
    assert matches(told[::-1], agreement) == [row for one in told[::-1] for row in matches([one], agreement)]


def test_the_page_tells_which_days_are_missing(tmp_path: Path) -> None:
    path = written(tmp_path, MOVING, gap_days=2, area="")
    page = CliRunner().invoke(app, ["agreement", "show", str(path)]).stdout
    assert "3, from 2016-03-10 to 2016-03-20, in held.geojson" in page
    assert "on 6 days, on which nothing is judged by it" in page
    told = json.loads(CliRunner().invoke(app, ["agreement", "show", str(path), "--json"]).stdout)
    assert told["series"][0]["gap_days"] == 2
    assert told["zones"]["features"][-1]["properties"]["series"] == "held"


def test_a_dated_line_has_two_sides(tmp_path: Path) -> None:
    lines = {
        day: {"type": "LineString", "coordinates": [[37.0, 50.0], [lon, 50.0], [lon, 51.0]]}
        for day, lon in (("2016-03-10", 38.0), ("2016-03-11", 38.5))
    }
    west, about = 'within_m = 9000\nside = "left"', "within_m = 9000"
    agreement = load_agreement(written(tmp_path, lines, more="starts_near = [37.0, 50.0]", west=west, about=about))
    noon = KYIV_MIDNIGHT + timedelta(hours=12)
    assert alerts(agreement, Disc(37.95, 50.5, 100.0), noon).keys() == {"west", "about"}
    assert alerts(agreement, Disc(38.05, 50.5, 100.0), noon).keys() == {"about"}
    assert alerts(agreement, Disc(38.45, 50.5, 100.0), noon) == {}
    assert alerts(agreement, Disc(38.45, 50.5, 100.0), noon + DAY).keys() == {"west", "about"}


TWICE = collection(
    *[{"type": "Feature", "properties": {"content_date": "2016-03-10"}, "geometry": polygon(37.0, 38.0)}] * 2
)


@pytest.mark.parametrize(
    ("asks", "data", "message"),
    [
        ('side = "left"\nwithin_m = 5000', None, "zones[z].series: is of areas, which have no left"),
        ('side = "inside"', None, "zones[z].series: a side is that of the boundary: give within_m, too"),
        ("within_m = 0", None, "zones[z].within_m: Expected `float` > 0"),
        ("", TWICE, "series[held].file: held.geojson: holds two shapes of one day"),
        ("", collection(feature(square(37.0, 38.0))), "no FeatureCollection with a content_date for each feature"),
        ("", collection(), "series[held].file: held.geojson: holds 0 days"),
    ],
)
def test_each_problem_is_told_with_its_place(tmp_path: Path, asks: str, data: Any, message: str) -> None:
    path = written(tmp_path, MOVING, z=asks)
    if data is not None:
        put(tmp_path, "held.geojson", data)
    (found,) = check_agreement(path)
    assert message in str(found)


def test_a_zone_of_a_series_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, MOVING, z="")
    path.write_text(path.read_text(encoding="utf-8").replace('series = "held"', 'series = "hold"'), encoding="utf-8")
    assert ["'hold' is not among the series"] == [problem.what for problem in check_agreement(path)]


def test_only_so_many_shapes_are_kept_and_what_is_built_anew_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of the bound changes what is at hand, and no answer."""
    path = written(tmp_path, MOVING, area="")
    told = [
        replace(report(number, Disc(38.25, 50.5, 100.0)), observed_from=begin, observed_until=begin)
        for number, begin in enumerate(KYIV_MIDNIGHT + hours * timedelta(hours=12) for hours in (21, 1, 3, 1, 21, 3))
    ]
    expected = matches(told, load_agreement(path))
    assert [row.report_id for row in expected] == ["test:0", "test:2", "test:4", "test:5"]
    monkeypatch.setattr("pipeline.geometry.dated.CORNERS_AT_HAND", 5)
    agreement = load_agreement(path)
    assert [row for one in told for row in matches([one], agreement)] == expected


def test_a_mirror_image_has_mirrored_answers(agreement: Agreement, tmp_path: Path) -> None:
    mirrored = {day: polygon(76.0 - shape["coordinates"][0][1][0], 39.0) for day, shape in MOVING.items()}
    image = load_agreement(written(tmp_path, mirrored, gap_days=2, **ZONES))
    for lon, radius_m in ((37.97, 3_000.0), (38.03, 500.0), (38.48, 8_000.0), (37.02, 2_500.0)):
        told = [
            replace(
                report(1, Disc(at, 50.4, radius_m)), observed_from=KYIV_MIDNIGHT, observed_until=KYIV_MIDNIGHT + 3 * DAY
            )
            for at in (lon, 76.0 - lon)
        ]
        one, other = matches(told[:1], agreement), matches(told[1:], image)
        assert [(row.zone, row.probability) for row in one] == [(row.zone, row.probability) for row in other]
        assert one
