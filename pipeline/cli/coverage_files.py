"""Coverage as files: NDJSON and CSV; with the outlines of sectors and cells GeoParquet, GeoPackage and GeoJSON."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.agreement import Agreement
from pipeline.cli.common import UserError
from pipeline.model.taxonomy import Side
from pipeline.outputs import whole_or_nothing
from pipeline.recon.sums import Sum

if TYPE_CHECKING:
    import geopandas

    from pipeline.geometry.earth import Geometry

TABLES = (".ndjson", ".csv", ".parquet", ".gpkg", ".geojson")
PICTURES = (".png", ".svg")

_CODES = {Side.LEFT: -1, Side.RIGHT: 1, None: 0}


def check_names(out: Path | None, plot: Path | None) -> None:
    """Makes sure, before any work is done, that files can have these names.

    Raises:
        UserError: they cannot.
    """
    for path, endings in ((out, TABLES), (plot, PICTURES)):
        if path is None:
            continue
        if path.suffix.lower() not in endings:
            raise UserError(f"{path}: the ending says the format: {', '.join(endings)}")
        if not path.parent.is_dir():
            raise UserError(f"{path}: there is no folder {path.parent}")


def write_sums(path: Path, rows: Sequence[Sum], agreement: Agreement, depth_m: float) -> None:
    """Writes rows in the format of the file's ending.

    Raises:
        OutputError: the file cannot be written.
    """
    ending = path.suffix.lower()
    with whole_or_nothing(path) as beside:
        if ending == ".ndjson":
            _write_ndjson(beside, rows)
        elif ending == ".csv":
            _write_csv(beside, rows)
        else:
            frame = _frame(rows, agreement, depth_m)
            if ending == ".parquet":
                frame.to_parquet(beside, index=False, compression="zstd")
            else:
                driver = "GPKG" if ending == ".gpkg" else "GeoJSON"
                frame.to_file(beside, driver=driver, layer="coverage", engine="pyogrio")


def _record(row: Sum) -> dict[str, Any]:
    side = None if row.side is None else row.side.value
    told = {**row._asdict(), "side": side, "watched": row.watched.value, "share": round(row.share, 4), "says": row.says}
    return {("class" if name == "class_name" else name): value for name, value in told.items()}


def _write_ndjson(path: Path, rows: Sequence[Sum]) -> None:
    import msgspec

    encoder = msgspec.json.Encoder()
    with path.open("wb") as out:
        for row in rows:
            out.write(encoder.encode(_record(row)) + b"\n")


def _write_csv(path: Path, rows: Sequence[Sum]) -> None:
    from pipeline.tables.rows import inert, iso

    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\r\n")
        for number, row in enumerate(rows):
            record = _record(row)
            if not number:
                table.writerow(record)
            record["begin"], record["until"] = iso(row.begin), iso(row.until)
            table.writerow([inert(cell) if isinstance(cell, str) else cell for cell in record.values()])


def _frame(rows: Sequence[Sum], agreement: Agreement, depth_m: float) -> "geopandas.GeoDataFrame":
    import geopandas

    outlines: dict[tuple[Any, ...], Geometry] = {}
    keys = [(row.line, row.side, row.from_m, row.to_m) for row in rows]
    for line, side, from_m, to_m in dict.fromkeys(keys):
        outlines[line, side, from_m, to_m] = _outline(agreement, line, side, (from_m, to_m), depth_m)
    return geopandas.GeoDataFrame(
        [_record(row) for row in rows], geometry=[outlines[key] for key in keys], crs="EPSG:4326"
    )


def _outline(
    agreement: Agreement, line: str, side: Side | None, between_m: tuple[float, float], depth_m: float
) -> "Geometry":
    """For maps only; nothing is decided by it."""
    from pipeline.geometry.drawings import band

    return band(agreement.lines[line], _CODES[side], 0.0, depth_m, between_m)
