"""GeoPackages: a layer as the CSV text that it stands for, its geometry in WGS 84, and what no database may do."""

import gzip
import io
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.footprint import Area, Disc, Footprint, Polygon
from pipeline.sources.base import InputError
from pipeline.sources.inputs import Input, open_input
from pipeline.sources.records import TornInput
from pipeline.sources.streams import ByteStream
from tests.sources.reading import outcomes

UCDP = Path(__file__).parents[2].parent / "shared/data/ucdp_ged/ged_ukraine_2014_2019_hdx.csv"
MAPPING = """
name = "t"
time = { column = "day", timezone = "UTC" }
activity.value = "other"
place = { kind = "geometry" }
"""
SQUARE = shapely.box(37.0, 48.0, 37.5, 48.25)


def write(path: Path, shapes: list[Any], layer: str = "events", crs: str = "EPSG:4326", **columns: list[Any]) -> Path:
    table = geopandas.GeoDataFrame(columns or {"day": ["2022-03-01"] * len(shapes)}, geometry=shapes, crs=crs)
    table.to_file(path, layer=layer, driver="GPKG")
    return path


def text(path: Path, part: str | None = None) -> str:
    with path.open("rb") as file, ByteStream(file, str(path), part=part) as stream:
        return b"".join(iter(lambda: stream.read(1 << 16), b"")).decode()


def table_of(path: Path, part: str | None = None) -> pandas.DataFrame:
    return pandas.read_csv(io.StringIO(text(path, part)))


def one(word: str, mapping: Path | None = None) -> Input:
    (given,) = open_input(word, mapping=mapping)
    return given


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(MAPPING)
    return path


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32637", "EPSG:5564"])
def test_points_come_as_wkt_and_as_longitude_and_latitude(tmp_path: Path, crs: str) -> None:
    points = geopandas.GeoSeries.from_xy([37.8, 38.123456789, -0.5], [48.1, 47.9, 51.5], crs="EPSG:4326")
    path = write(tmp_path / "a.gpkg", [*points.to_crs(crs), None], crs=crs, name=["a", "b", "c", "d"])
    found = table_of(path)
    assert list(found.columns) == ["fid", "name", "geometry", "lon", "lat"]
    close = (
        1e-6 if crs == "EPSG:5564" else 2e-9
    )  # that one has another datum: what was written was moved there and back
    np.testing.assert_allclose(found.lon[:3], points.x, atol=close)
    np.testing.assert_allclose(found.lat[:3], points.y, atol=close)
    np.testing.assert_allclose(shapely.get_coordinates(shapely.from_wkt(found.geometry[:3])), found[["lon", "lat"]][:3])
    assert found.iloc[3, 2:].isna().all()


def test_columns_are_what_a_csv_table_would_say(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.gpkg",
        [shapely.Point(37, 48)],
        code=["043"],
        number=[214797.0],
        share=[0.1],
        flag=[True],
        said=['a "b", c\nd'],
        when=[datetime(2022, 3, 1, 12, 30, tzinfo=UTC)],
        LAT=[1],
    )
    # One version of GDAL writes thousandths, another does not.
    assert text(path).replace(".000Z", "Z") == (
        "fid,code,number,share,flag,said,when,LAT,geometry\r\n"
        '1,043,214797,0.1,true,"a ""b"", c\nd",2022-03-01T12:30:00Z,1,POINT (37 48)\r\n'
    )


def test_a_real_table_gives_the_same_reports_as_its_csv(tmp_path: Path) -> None:
    if not UCDP.is_file():
        pytest.skip("the UCDP table is not beside this checkout")
    plain = pandas.read_csv(UCDP, skiprows=[1], dtype=str, keep_default_na=False)
    plain.to_csv(tmp_path / "a.csv", index=False)
    at = geopandas.points_from_xy(plain.longitude.astype(float), plain.latitude.astype(float), crs="EPSG:4326")
    geopandas.GeoDataFrame(plain.rename(columns={"id": "event"}), geometry=at).rename(columns={"event": "id"}).to_file(
        tmp_path / "a.gpkg", driver="GPKG"
    )
    by_csv, by_layer = (list(one(str(tmp_path / name)).rows()) for name in ("a.csv", "a.gpkg"))
    assert outcomes(by_layer) == outcomes(by_csv)
    assert len(by_layer) == len(plain)
    for row, other in zip(by_layer, by_csv, strict=True):
        for report, same in zip(row.reports, other.reports, strict=True):
            assert (report.observed_from, report.observed_until) == (same.observed_from, same.observed_until)
            assert (report.footprint, report.count, report.text) == (same.footprint, same.count, same.text)


def test_of_several_layers_one_has_to_be_named(tmp_path: Path, mapping: Path) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE])
    write(path, [SQUARE, SQUARE], layer='odd "one"')
    with pytest.raises(InputError, match=r"2 layers: 'events', 'odd \"one\"'. Write .*#events for the first"):
        open_input(str(path), mapping=mapping)
    with pytest.raises(InputError, match="there is no layer 'x'; there are: 'events'"):
        open_input(f"{path}#x", mapping=mapping)
    assert len(list(one(f'{path}#odd "one"', mapping).rows())) == 2
    mapping.write_text('sheet = "events"' + MAPPING)
    assert len(list(one(str(path), mapping).rows())) == 1


def test_a_layer_may_have_no_places_and_the_file_may_be_compressed_or_piped(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(pandas.DataFrame({"day": ["2022-03-01"], "note": ["x"]}), path, driver="GPKG")
    said = "fid,day,note\r\n1,2022-03-01,x\r\n"
    assert text(path) == said
    packed = tmp_path / "a.gpkg.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert text(packed) == said
    with ByteStream(io.BytesIO(path.read_bytes())) as piped:
        assert piped.read(1_000) == said.encode()
    assert not list(tmp_path.glob("truceline-*"))


def footprints(path: Path, mapping: Path, more: str = "") -> Iterator[Footprint | str]:
    mapping.write_text(MAPPING.replace('"geometry" }', f'"geometry"{more} }}'))
    for row in one(f"csv={path}", mapping).rows():
        yield row.reports[0].footprint if row.reject is None else f"{row.reject.reason.value} {row.reject.field}"


def test_a_polygon_is_the_area_and_a_point_needs_a_radius(tmp_path: Path, mapping: Path) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE, shapely.MultiPolygon([SQUARE]), shapely.Point(37, 48), None])
    square, several, point, none = footprints(path, mapping, ", radius_m = 500")
    assert isinstance(square, Area)
    assert isinstance(square.geometry, Polygon)
    assert shapely.Polygon(square.geometry.coordinates[0]).equals(SQUARE)
    assert isinstance(several, Area)
    assert point == Disc(37.0, 48.0, 500.0)
    assert none == "missing place.geometry"
    assert list(footprints(path, mapping))[2] == "missing geometry"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("POINT Z (37 48 200)", Disc(37.0, 48.0, 9.0)),
        ("srid=4326;point(37 48)", Disc(37.0, 48.0, 9.0)),
        ('"{""type"":""Point"",""coordinates"":[37,48]}"', Disc(37.0, 48.0, 9.0)),
        ("POINT EMPTY", "bad_geometry place.geometry"),
        ("POINT (37)", "bad_geometry place.geometry"),
        ("SRID=3857;POINT (37 48)", "bad_geometry place.geometry"),
        ("unreadable", "bad_geometry place.geometry"),
        ("GEOMETRYCOLLECTION (" * 50_000, "bad_geometry place.geometry"),
        ('"' + '{""type"":' * 50_000 + '"', "bad_geometry place.geometry"),
        ("(" * 100_000, "bad_geometry place.geometry"),
        ("POLYGON (" + "(" * 100_000 + ")" * 100_001, "bad_geometry place.geometry"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "disc",
)
def test_a_cell_holds_wkt_or_geojson(tmp_path: Path, mapping: Path, cell: str, said: Footprint | str) -> None:
    (tmp_path / "a.csv").write_text(f"day,geometry\n2022-03-01,{cell}\n")
    assert list(footprints(tmp_path / "a.csv", mapping, ", radius_m = 9")) == [said]


def test_the_column_of_the_geometry_has_any_name(tmp_path: Path, mapping: Path) -> None:
    (tmp_path / "a.csv").write_text('day,shape\n2022-03-01,"LINESTRING (37 48, 37.01 48)"\n')
    (drawn,) = footprints(tmp_path / "a.csv", mapping, ', geometry = "shape", within_m = 100')
    assert isinstance(drawn, Area)


def edited(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as made, made:
        for statement in statements:
            made.execute(statement)
    return path


FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DROP TABLE gpkg_contents"], "an SQLite database that is no GeoPackage"),
        (["UPDATE gpkg_contents SET data_type = 'tiles'"], "holds no layer of features or attributes"),
        (["DROP TABLE events", f"CREATE VIEW events AS {FOREVER}"], "holds no layer"),
        (["UPDATE gpkg_geometry_columns SET srs_id = 0"], "does not say in which coordinates it is"),
        (
            [
                "INSERT INTO gpkg_spatial_ref_sys VALUES ('x', 9, 'NONE', 9, '+proj=pipeline +step +proj=null', '')",
                "UPDATE gpkg_geometry_columns SET srs_id = 9",
            ],
            "in coordinates that are not known",
        ),
    ],
)
def test_what_can_be_mended_is_told(tmp_path: Path, statements: list[str], said: str) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE])
    with closing(sqlite3.connect(path)) as made, made:
        for (trigger,) in made.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            made.execute(f'DROP TRIGGER "{trigger}"')
    with pytest.raises(InputError, match=said):
        text(edited(path, *statements))


def test_a_database_that_is_open_elsewhere_loses_no_rows_in_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("PRAGMA user_version = 9")
        with pytest.raises(InputError, match="another program has it open and holds rows back"):
            text(path)
    assert text(path).startswith("fid,day,geometry\r\n")


@pytest.mark.parametrize("damage", [b"CREATE T\xbaBLE", b"CREATE TABLE\xff", b"\0REATE TABLE"])
def test_a_damaged_schema_is_one_reject(tmp_path: Path, damage: bytes) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE])
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE gpkg_contents", damage.ljust(26, b" ")))
    assert outcomes(list(one(f"ucdp={path}").rows())) == ["torn_input"]


def test_nothing_that_is_computed_is_run(tmp_path: Path) -> None:
    path = edited(
        write(tmp_path / "a.gpkg", [SQUARE]),
        "ALTER TABLE events ADD COLUMN long TEXT AS (hex(zeroblob(1000000000))) VIRTUAL",
    )
    assert text(path).startswith("fid,day,geometry\r\n1,2022-03-01,")


def test_text_that_is_no_utf_8_rejects_its_row_alone(tmp_path: Path, mapping: Path) -> None:
    path = write(tmp_path / "a.gpkg", [SQUARE] * 3, day=["2022-03-01"] * 3, note=["a", "b", "c"])
    with closing(sqlite3.connect(path)) as made, made:
        made.create_function("ST_IsEmpty", 1, lambda _: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            made.create_function(name, 1, lambda _: 0.0)
        made.execute("UPDATE events SET note = CAST(x'ff2c22' AS TEXT) WHERE fid = 2")
    rows = list(one(f"csv={path}", mapping).rows())
    assert [row.reject.reason.value if row.reject else "" for row in rows] == ["", "bad_encoding", ""]
    assert rows[1].reject is not None
    assert b'"\xff,"""' in rows[1].reject.bytes


def blob(wkb: bytes, flags: int = 1) -> bytes:
    return b"GP\0" + bytes([flags]) + struct.pack("<i", 4326) + wkb


def nested(kind: int, deep: int) -> bytes:
    return struct.pack("<BII", 1, kind, 1) * deep + struct.pack("<BII", 1, 3, 0)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, ""),
        (b"", "unreadable"),
        (b"no geometry at all", "unreadable"),
        (blob(shapely.to_wkb(SQUARE)[:40]), "unreadable"),
        (blob(nested(6, 100_000)), "unreadable"),
        (blob(nested(7, 100_000)), "unreadable"),
        (blob(struct.pack("<BII", 1, 6, 2**32 - 1)), "unreadable"),
        (blob(struct.pack("<BII", 1, 3, 2**32 - 1)), "unreadable"),
        (blob(b"\0" * (2 << 20)), "unreadable"),
        (blob(struct.pack("<BIdd", 1, 1, 37.0, 48.0), flags=0x20 | 1), "unreadable"),
        (blob(struct.pack("<BIdd", 1, 1, 37.0, 48.0)), "POINT (37 48)"),
        (blob(struct.pack(">BIddd", 0, 1001, 37.0, 48.0, 200.0), flags=0), "POINT (37 48)"),
        (blob(struct.pack("<4d", 0, 0, 0, 0) + struct.pack("<BIdd", 1, 1, 37.0, 48.0), flags=3), "POINT (37 48)"),
        (blob(shapely.to_wkb(shapely.MultiPolygon([SQUARE, SQUARE]))), "MULTIPOLYGON"),
        (blob(shapely.to_wkb(shapely.MultiPoint([(1, 2), (3, 4)]))), "MULTIPOINT"),
        (blob(shapely.to_wkb(shapely.MultiLineString([[(1, 2), (3, 4)]]))), "MULTILINESTRING"),
    ],
)
def test_a_geometry_that_cannot_be_read_is_said_to_be_so_and_fails_nothing(
    tmp_path: Path, geometry: bytes | None, said: str
) -> None:
    path = tmp_path / "a.gpkg"
    write(path, [SQUARE, SQUARE])
    with closing(sqlite3.connect(path)) as made, made:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            made.create_function(name, 1, lambda _: 1)
        made.execute("UPDATE events SET geom = ? WHERE fid = 1", (geometry,))
    first, second = table_of(path).geometry.fillna("")
    assert first.startswith(said)
    assert bool(first) == bool(said)
    assert second.startswith("POLYGON")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    return write(folder / "a.gpkg", [shapely.Point(n, n) for n in range(40)]).read_bytes()


@given(data=st.data())
def test_no_bytes_make_reading_fail_otherwise(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(16, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(16, len(whole)))
    with ByteStream(io.BytesIO(bytes(damaged[:cut]))) as stream:
        try:
            while stream.read(1 << 16):
                pass
        except (TornInput, InputError):
            return
