"""GeoJSON by a mapping: geometries to footprints, properties as columns, and errors that point at the cause."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from pipeline.geometry.earth import distance_m
from pipeline.model.footprint import Area, Disc, MultiPolygon, Polygon
from pipeline.sources.base import InputError
from pipeline.sources.geojson import GeoJson
from pipeline.sources.inputs import open_input
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

MAPPING = """
name = "t"
activity = "what"
text = "note"
[id]
column = "id"
[time]
column = "when"
timezone = "Europe/Kyiv"
[place]
kind = "geometry"
"""
RING = [[37.0, 48.0], [38.0, 48.0], [38.0, 49.0], [37.0, 48.0]]
POINT = {"type": "Point", "coordinates": [37.5, 48.5]}


def feature(geometry: object = POINT, own: object = 7, **properties: Any) -> dict[str, Any]:
    known = {"what": "shelling", "when": "2022-03-01", "note": "by the mill"}
    return {"type": "Feature", "id": own, "properties": known | properties, "geometry": geometry}


def collection(*features: object, **members: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", **members, "features": features}).encode()


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "t.mapping.toml"
    path.write_text(MAPPING + "radius_m = 500\nwithin_m = 1000\n", encoding="utf-8")
    return path


def test_a_feature_becomes_a_report(mapping: Path) -> None:
    report = only_report(read_rows("geojson", collection(feature()), mapping))
    assert (report.report_id, report.source, report.activity) == ("geojson:t:7", "geojson", "shelling")
    assert (report.footprint, report.text) == (Disc(37.5, 48.5, 500.0), "by the mill")
    assert f"{report.observed_from:%d %H} {report.observed_until:%d %H}" == "28 22 01 22"


def test_areas_are_taken_as_they_are(mapping: Path) -> None:
    data = collection(
        feature({"type": "Polygon", "coordinates": [RING]}), feature({"type": "MultiPolygon", "coordinates": [[RING]]})
    )
    first, second = (row.reports[0].footprint for row in read_rows("geojson", data, mapping))
    assert (first, second) == (Area(geometry=Polygon([RING])), Area(geometry=MultiPolygon([[RING]])))


def test_a_line_is_all_that_lies_so_near_to_it(mapping: Path) -> None:
    line = [[37.0, 48.0], [37.2, 48.1]]
    report = only_report(
        read_rows("geojson", collection(feature({"type": "LineString", "coordinates": line})), mapping)
    )
    assert isinstance(report.footprint, Area)
    assert isinstance(report.footprint.geometry, Polygon)
    corners = report.footprint.geometry.coordinates[0]
    points = shapely.get_coordinates(shapely.segmentize(shapely.LineString(line), 0.0005))
    for lon, lat in corners:
        assert distance_m([lon] * len(points), [lat] * len(points), points[:, 0], points[:, 1]).min() == pytest.approx(
            1000.0, rel=0.02
        )


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (feature(None), "missing geometry"),
        (feature({"type": "MultiPoint", "coordinates": [[1, 2]]}), "bad_geometry geometry"),
        (feature({"type": [1]}), "bad_geometry geometry"),
        (feature({"type": "Point", "coordinates": ["x", 2]}), "bad_geometry geometry"),
        (feature({"type": "Point", "coordinates": [1]}), "bad_geometry geometry"),
        (feature({"type": "Point", "coordinates": [0, 0]}), "null_island footprint"),
        (feature({"type": "Polygon", "coordinates": [[[1, 2]]]}), "bad_geometry footprint.geometry"),
        (feature({"type": "LineString", "coordinates": [[1, 2], [50, 2]]}), "bad_geometry geometry"),
        (feature(what="dancing"), "unknown_term activity"),
        (feature(when=None), "missing observed_from"),
        ({"type": "Thing"}, "bad_row"),
        ("text", "not_json"),
    ],
)
def test_what_cannot_be_read_is_rejected(mapping: Path, given: object, outcome: str) -> None:
    data = collection(feature(own=1), given, feature(own=3))
    rows = read_rows("geojson", data, mapping)
    assert outcomes(rows) == ["geojson:t:1", outcome, "geojson:t:3"]
    assert_conserved(rows, data)


@pytest.mark.parametrize("geometry", [POINT, {"type": "LineString", "coordinates": RING}])
def test_points_and_lines_need_a_stated_width(tmp_path: Path, geometry: object) -> None:
    path = tmp_path / "bare.mapping.toml"
    path.write_text(MAPPING, encoding="utf-8")
    assert outcomes(read_rows("geojson", collection(feature(geometry)), path)) == ["missing geometry"]


@pytest.mark.parametrize("mark", [b"", b"\x1e"])
def test_features_may_stand_one_a_line(mapping: Path, mark: bytes) -> None:
    data = b"".join(mark + json.dumps(one).encode() + b"\n" for one in (feature(own=1), feature(own=2)))
    data += b'{"type": "Feature",\n'
    assert GeoJson().recognises(data, "x")
    rows = read_rows("geojson", data, mapping)
    assert outcomes(rows) == ["geojson:t:1", "geojson:t:2", "not_json"]
    assert_conserved(rows, data)


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_an_old_crs_member_may_name_wgs_84(mapping: Path, name: str) -> None:
    data = collection(feature(), crs={"type": "name", "properties": {"name": name}})
    assert outcomes(read_rows("geojson", data, mapping)) == ["geojson:t:7"]


@pytest.mark.parametrize("crs", [{"type": "name", "properties": {"name": "EPSG:3857"}}, {"type": "link"}])
def test_other_coordinates_are_an_error(mapping: Path, crs: object) -> None:
    with pytest.raises(InputError, match="not of WGS 84"):
        read_rows("geojson", collection(feature(), crs=crs), mapping)


def test_a_property_that_no_feature_has_is_an_error(mapping: Path) -> None:
    mapping.write_text(mapping.read_text(encoding="utf-8").replace('"what"', '"wat"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"key activity.column: 'wat': .* has no such column"):
        read_rows("geojson", collection(feature()), mapping)


def test_the_mapping_beside_the_file_or_given_is_used(mapping: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.geojson"
    path.write_bytes(collection(feature()))
    with pytest.raises(InputError, match="it needs a mapping"):
        open_input(str(path))
    (given,) = open_input(str(path), mapping=mapping)
    assert given.source.name == "geojson"
    (tmp_path / "events.geojson.mapping.toml").write_bytes(mapping.read_bytes())
    (beside,) = open_input(str(path))
    assert outcomes(list(beside.rows())) == outcomes(list(given.rows())) == ["geojson:t:7"]


@pytest.mark.parametrize("head", [b"", b"{}", b'{"a":{"type":"FeatureCollection"}}', b'{"footprint":1}', b"[1]"])
def test_other_files_are_not_taken_for_it(head: bytes) -> None:
    assert not GeoJson().recognises(head, "x.geojson")
