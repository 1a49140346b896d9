"""The same work in SQL, by databases that know geometry; each on one thread."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyproj import CRS

from pipeline.geometry.line import BEYOND, LEFT, ON, ON_M, RIGHT
from tests.bench.peers import Band, Found, Making, Missing, Plane
from tests.bench.terrain import PLANE, Course, Floats


class Sedona:
    """SedonaDB: its nearest-neighbour join with the edges, and SQL for the rest."""

    name = "SedonaDB: ST_KNN join with the edges, zones by distance and side"
    share = 0.1

    def __init__(self, course: Course, bands: Sequence[Band]) -> None:
        self._context, self._bands = _wanted("sedonadb").connect(), bands
        self._context.sql("set datafusion.execution.target_partitions = 1")
        self._view("edges", _edges(Plane.of(course)))
        plane = CRS(f"{PLANE} +type=crs").to_json()
        self._query = f"""
            with flat as (
                select id, st_transform(st_setcrs(st_point(lon, lat), 'OGC:CRS84'), '{plane}') as g from places
            ),
            points as (select id, st_x(g) as x, st_y(g) as y, st_point(st_x(g), st_y(g)) as place from flat),
            lines as (select *, st_makeline(st_point(ax, ay), st_point(bx, by)) as edge from edges),
            nearest as (select * from points join lines on st_knn(place, edge, 1, false)),
            {_measured(bands)}"""

    def __call__(self, lon: Floats, lat: Floats) -> Found:
        self._view("places", _places(lon, lat))
        table = pa.table(self._context.sql(self._query))
        return _found(lambda name: table[name].to_numpy(), self._bands)

    def _view(self, name: str, table: pa.Table) -> None:
        self._context.create_data_frame(table).to_view(name, overwrite=True)


class Duck:
    """DuckDB with its spatial extension: it has no nearest-neighbour join, so the chainage tells the edge."""

    name = "DuckDB spatial: ST_LineLocatePoint, ASOF join with the edges, zones by distance and side"
    share = 0.04

    def __init__(self, course: Course, bands: Sequence[Band]) -> None:
        self._connection, self._bands = _wanted("duckdb").connect(config={"threads": 1}), bands
        (library,) = Path(_wanted("duckdb_extension_spatial").__file__).parent.rglob("spatial.duckdb_extension")
        self._connection.execute(f"load '{library}'")
        # Else it holds every edge against every place, where it could search.
        self._connection.execute("set asof_loop_join_threshold = 0")
        plane = Plane.of(course)
        self._connection.register("edge_table", _edges(plane))
        self._connection.execute("create table edges as select * from edge_table order by chainage")
        self._connection.execute("create table line as select st_geomfromtext(?) as line", [plane.line.wkt])
        self._query = f"""
            with flat as (
                select id, st_transform(st_point(lon, lat), 'OGC:CRS84', '{PLANE} +type=crs', always_xy := true) as g
                from places
            ),
            points as (
                select id, st_x(g) as x, st_y(g) as y, st_linelocatepoint(line, g) * {float(plane.chainage_m[-1])} as at
                from flat, line
            ),
            nearest as (select * from points asof join edges on points.at >= edges.chainage),
            {_measured(bands)}"""

    def __call__(self, lon: Floats, lat: Floats) -> Found:
        self._connection.register("places", _places(lon, lat))
        columns = self._connection.execute(self._query).fetchnumpy()
        return _found(lambda name: np.asarray(columns[name]), self._bands)


def _wanted(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        how = "`make bench` installs it"
        raise Missing(f"{module} is not installed: {how}") from error


def _edges(plane: Plane) -> pa.Table:
    """The line's edges, with the directions that decide the side: the edge's own, and at its ends the bisectors."""
    columns = {"ax": plane.x[:-1], "ay": plane.y[:-1], "bx": plane.x[1:], "by": plane.y[1:]}
    columns |= {"ux": plane.ux, "uy": plane.uy, "length": plane.length_m, "chainage": plane.chainage_m[:-1]}
    for letter, direction in (("x", plane.ux), ("y", plane.uy)):
        padded = np.concatenate([direction[:1], direction, direction[-1:]])
        columns |= {f"s{letter}": padded[:-2] + direction, f"e{letter}": direction + padded[2:]}
    first = np.arange(len(plane.ux)) == 0
    return _table({**columns, "first": first, "last": first[::-1]})


def _places(lon: Floats, lat: Floats) -> pa.Table:
    return _table({"id": np.arange(len(lon)), "lon": lon, "lat": lat})


def _table(columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    return pa.table({name: pa.array(column) for name, column in columns.items()})


def _measured(bands: Sequence[Band]) -> str:
    """What both queries end with: from places and their nearest edges (`nearest`) to all that is asked."""
    zones = ", ".join(
        f"(away >= {b.from_m} and away <= {b.to_m} and side in ({b.side}, {ON})) as zone{number}"
        for number, b in enumerate(bands)
    )
    return f"""
        ahead as (select *, (x - ax) * ux + (y - ay) * uy as ahead from nearest),
        held as (select *, greatest(0.0, least(length, ahead)) as along from ahead),
        apart as (select *, x - ax - along * ux as dx, y - ay - along * uy as dy from held),
        sided as (
            select *, sqrt(dx * dx + dy * dy) as away,
            case when along = 0.0 then sx * dy - sy * dx when along = length then ex * dy - ey * dx
                 else ux * dy - uy * dx end >= 0.0 as is_left,
            (first and ahead < 0.0) or (last and ahead > length) as beyond from apart
        ),
        located as (
            select id, chainage + along as chainage_m, away,
            case when is_left and not beyond then -away else away end as offset_m,
            case when away <= {ON_M} then {ON} when beyond then {BEYOND} when is_left then {LEFT} else {RIGHT} end
            as side from sided
        )
        select id, chainage_m, offset_m, side, {zones} from located"""


def _found(column: Callable[[str], NDArray[Any]], bands: Sequence[Band]) -> Found:
    """A query's answer, in the order of the places."""
    order = np.argsort(column("id"))
    zones = np.array([column(f"zone{number}")[order] for number in range(len(bands))])
    chainage_m, offset_m, side = (column(name)[order] for name in ("chainage_m", "offset_m", "side"))
    return Found(zones, chainage_m, offset_m, side.astype(np.int8))


DATABASES: tuple[Making, ...] = (Sedona, Duck)
