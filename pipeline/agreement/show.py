"""An agreement as data for others: JSON with its lines and zones as GeoJSON."""

from typing import Any

import msgspec
import numpy as np
import shapely

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import LineTable
from pipeline.agreement.overlays import is_judged
from pipeline.agreement.sentence import sentence

DIGITS = 6


def as_json(agreement: Agreement) -> dict[str, Any]:
    """One object: `name`, `version`, `parties`, `provisions`, and `lines` and `zones` as FeatureCollections."""
    tables = msgspec.to_builtins(agreement.tables, builtin_types=())
    head = tables.pop("header")
    del tables["ids"]
    for provision, table in zip(tables["provisions"], agreement.tables.provisions, strict=True):
        provision["judged"] = provision["id"] in agreement.judged
        provision["sentence"] = sentence(agreement.tables, table)
    for reading, said in zip(tables["readings"], agreement.readings, strict=True):
        reading["judged"] = is_judged(said)
    return {
        **head,
        **tables,
        "fingerprint": agreement.fingerprint,
        "lines": lines_geojson(agreement),
        "zones": zones_geojson(agreement),
    }


def lines_geojson(agreement: Agreement) -> dict[str, Any]:
    """The lines, oriented, with geodesic edges cut short; properties as in the file, and `length_m`."""
    return _collection(
        _feature(
            np.round(np.column_stack([line.lon, line.lat]), DIGITS).tolist(),
            "LineString",
            {**_about(agreement.line_table(line_id)), "length_m": round(line.length_m, 1)},
        )
        for line_id, line in agreement.lines.items()
    )


def zones_geojson(agreement: Agreement) -> dict[str, Any]:
    """The zones as polygons for drawing; `area_km2` is measured on these."""
    features = []
    for zone, table, area in zip(agreement.zones, agreement.tables.zones, agreement.zone_areas_m2, strict=True):
        drawn = shapely.set_precision(shapely.simplify(zone.drawing(), 0.0005), 10.0**-DIGITS)
        shape = shapely.geometry.mapping(drawn)
        about = {**msgspec.to_builtins(table), "area_km2": round(area / 1e6, 1)}
        features.append(_feature(shape["coordinates"], shape["type"], about))
    return _collection(features)


def _about(table: LineTable) -> dict[str, Any]:
    about: dict[str, Any] = msgspec.to_builtins(table)
    return about


def _feature(coordinates: Any, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _collection(features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}
