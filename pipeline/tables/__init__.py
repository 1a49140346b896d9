"""Matches, alerts, histories, incidents and rejects as tables: NDJSON, CSV, GeoParquet, GeoPackage or GeoJSON.

NDJSON keeps the records whole; in the other four, which are flat, what is nested becomes a JSON string. The geometry is
the centre of where it happened, as a point: a table for looking at and for joining, not the footprint itself. A file
appears whole or not at all: it is written beside its place and moved there at the end.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.outputs import whole_or_nothing
from pipeline.tables import rows
from pipeline.tables.arrow import ARROW_WRITERS, regrouped
from pipeline.tables.kinds import (
    BOOLEANS,
    COLUMNS,
    INTEGERS,
    NESTED,
    NUMBERS,
    TIMES,
    NumberedReject,
    OutputNameError,
    TableKind,
    check_output,
    schema,
)

if TYPE_CHECKING:
    import geopandas

    from pipeline.monitor.match import MatchColumns

__all__ = [
    "BOOLEANS",
    "COLUMNS",
    "INTEGERS",
    "NESTED",
    "NUMBERS",
    "TIMES",
    "NumberedReject",
    "OutputNameError",
    "TableKind",
    "check_output",
    "matches_frame",
    "write_matches",
    "write_records",
]


def write_records(path: Path, kind: TableKind, records: Iterable[Any]) -> int:
    """Writes records to a file in the format of its ending, in their order, and returns how many.

    Args:
        kind: any but matches, which `write_matches` writes.

    Raises:
        OutputNameError: the ending, the folder or the kind will not do.
        OutputError: the file cannot be written; what stood there before still does.
    """
    check_output(path, kind)
    made = rows.ROWS[kind](records)
    ending = path.suffix.lower()
    with whole_or_nothing(path) as beside:
        if ending in ARROW_WRITERS:
            return ARROW_WRITERS[ending](beside, kind, rows.arrow_batches(kind, made))
        return rows.TEXT_WRITERS[ending](beside, kind, made)


def write_matches(path: Path, batches: "Iterable[MatchColumns]") -> int:
    """Writes matches to a file in the format of its ending, in their order, and returns how many.

    Raises:
        OutputNameError: the ending or the folder will not do.
        OutputError: the file cannot be written; what stood there before still does.
    """
    from pipeline.tables import matches

    kind = TableKind.MATCHES
    check_output(path, kind)
    ending = path.suffix.lower()
    with whole_or_nothing(path) as beside:
        if ending in ARROW_WRITERS:
            return ARROW_WRITERS[ending](beside, kind, regrouped(matches.arrow_batches(batches)))
        return matches.TEXT_WRITERS[ending](beside, batches)


def matches_frame(batches: "Iterable[MatchColumns]") -> "geopandas.GeoDataFrame":
    """Matches as a GeoDataFrame in WGS 84, with the columns that the files have."""
    import geopandas
    import numpy as np
    import pyarrow
    import shapely

    from pipeline.tables import matches

    table = pyarrow.Table.from_batches(list(matches.arrow_batches(batches)), schema(TableKind.MATCHES))
    frame = table.drop_columns(["geometry"]).to_pandas()
    points = np.asarray(shapely.points(frame["lon"], frame["lat"]), dtype=object)
    points[frame["lon"].isna()] = None
    return geopandas.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")
