"""Tables as GeoParquet and GeoPackage: batches of Arrow on their way to disk."""

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.tables.kinds import TableKind, schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow
    from numpy.typing import NDArray

BATCH_ROWS = 20_000
"""Rows that are held at a time."""

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}
"""What makes a Parquet file a GeoParquet one; with no `crs` it is longitude and latitude in WGS 84."""


def regrouped(batches: "Iterable[pyarrow.RecordBatch]") -> "Iterator[pyarrow.RecordBatch]":
    """The same rows in batches of `BATCH_ROWS`: a file does not show in what pieces its rows came."""
    import pyarrow

    waiting: list[pyarrow.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= BATCH_ROWS:
            whole = pyarrow.Table.from_batches(waiting)
            full = count - count % BATCH_ROWS
            for begin in range(0, full, BATCH_ROWS):
                yield from whole.slice(begin, BATCH_ROWS).combine_chunks().to_batches()
            waiting, count = whole.slice(full).to_batches(), count - full
    if count:
        yield from pyarrow.Table.from_batches(waiting).combine_chunks().to_batches()


def points_wkb(lon: "NDArray[np.float64]", lat: "NDArray[np.float64]") -> "pyarrow.Array[Any]":
    """Points as WKB; null where the place is NaN."""
    import numpy as np
    import pyarrow

    known = np.isfinite(lon)
    points = np.empty(int(known.sum()), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    points["order"], points["kind"], points["x"], points["y"] = 1, 1, lon[known], lat[known]
    ends = np.concatenate([[0], np.cumsum(known) * points.itemsize]).astype(np.int32)
    there = None if known.all() else pyarrow.py_buffer(np.packbits(known, bitorder="little").tobytes())
    buffers = [there, pyarrow.py_buffer(ends.tobytes()), pyarrow.py_buffer(points.tobytes())]
    return pyarrow.Array.from_buffers(pyarrow.binary(), len(known), buffers)


def write_parquet(path: Path, kind: TableKind, batches: "Iterable[pyarrow.RecordBatch]") -> int:
    """Writes a table as Parquet, as GeoParquet where it has places; returns its rows."""
    import pyarrow.parquet

    written = 0
    form = schema(kind)
    if "geometry" in form.names:
        form = form.with_metadata({"geo": msgspec.json.encode(_GEO)})
    with path.open("wb") as out, pyarrow.parquet.ParquetWriter(out, form, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.replace_schema_metadata(form.metadata))
            written += batch.num_rows
    return written


def write_gpkg(path: Path, kind: TableKind, batches: "Iterable[pyarrow.RecordBatch]") -> int:
    """Writes a table as one layer of a GeoPackage; returns its rows."""
    import pyarrow
    import pyogrio

    feed = _Feed(batches)
    reader = pyarrow.RecordBatchReader.from_batches(schema(kind), iter(feed))
    try:
        pyogrio.write_arrow(
            reader,
            path,
            layer=kind.value,
            driver="GPKG",
            geometry_name="geometry",
            geometry_type="Point",
            crs="EPSG:4326",
            dataset_options={"VERSION": "1.3"},
            layer_options={"GEOMETRY_NAME": "geometry"},
        )
        kept = pyogrio.read_info(path)["features"]
    except (RuntimeError, ValueError) as error:
        if feed.error is not None:
            raise feed.error from None
        raise _gdal_error(path, error, feed.size) from error
    if feed.error is not None:
        raise feed.error
    if kept != feed.rows:
        raise OSError(errno.EIO, f"only {kept} of {feed.rows} rows were taken")
    return feed.rows


def _gdal_error(path: Path, error: Exception, given: int) -> OSError:
    """GDAL's errors as the system's. It often tells of a full disk by what failed afterwards, so the room is measured.

    Args:
        given: the bytes that GDAL had been given to write.
    """
    room = shutil.disk_usage(path.parent).free + (path.stat().st_size if path.exists() else 0)
    if room < given or "disk is full" in str(error):
        return OSError(errno.ENOSPC, str(error))
    return OSError(errno.EIO, " ".join(str(error).split()))


class _Feed:
    """Batches on their way through GDAL. An error in making them must not get lost in there: it ends the batches."""

    def __init__(self, batches: Iterable["pyarrow.RecordBatch"]) -> None:
        self._batches = batches
        self.rows = self.size = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator["pyarrow.RecordBatch"]:
        try:
            for batch in self._batches:
                self.rows += batch.num_rows
                self.size += batch.nbytes
                yield batch
        except BaseException as error:  # noqa: BLE001 - raised again when GDAL has let go of the file
            self.error = error


ARROW_WRITERS: "Mapping[str, Callable[[Path, TableKind, Iterable[pyarrow.RecordBatch]], int]]" = {
    ".parquet": write_parquet,
    ".gpkg": write_gpkg,
}
"""By ending."""
