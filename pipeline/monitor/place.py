"""Placing: each report, by itself, in its window. The tiles are one fixed global grid, whatever is loaded."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.footprint import Area
from pipeline.model.records import Window, track_tile
from pipeline.model.report import Report
from pipeline.model.times import to_us_array

TILE_DEG = 1.5
"""About 167 km of latitude; as many columns in each band as keep a tile about that wide."""

_BANDS = int(180 / TILE_DEG)
_COLUMNS = 1_000
"""More than any band has."""

NOWHERE = "nowhere"
AREA = "area:"


def place(reports: Sequence[Report], footprints: Footprints) -> list[Window]:
    """The window of each report: its tile and the UTC day of `observed_from`.

    A bearing or a drawn area goes by its centre; *nowhere* and each named area have a tile of their own (a region links
    with nothing in it, and its outline may be corrected without moving what was reported of it); and reports of a track
    stay together whatever their place and day.
    """
    tiles = tile_ids(footprints.lon, footprints.lat)
    days = np.datetime_as_string(to_us_array([r.observed_from for r in reports]).astype("datetime64[us]"), unit="D")
    known: dict[tuple[str, str], Window] = {}
    found = []
    for report, tile, day in zip(reports, tiles, days.tolist(), strict=True):
        if report.track_id is not None:
            key = track_tile(report.track_id), ""
        elif isinstance(report.footprint, Area) and report.footprint.area_id is not None:
            key = AREA + report.footprint.area_id, day
        else:
            key = tile, day
        window = known.get(key)
        if window is None:
            window = known[key] = Window(*key)
        found.append(window)
    return found


def tile_ids(lon: Floats, lat: Floats) -> list[str]:
    """The tile of each place; NaN is nowhere.

    >>> tile_ids(np.array([37.7, np.nan]), np.array([48.0, np.nan]))
    ['t092-095', 'nowhere']
    """
    known = np.isfinite(lon)
    band = np.clip(np.floor((np.where(known, lat, 0.0) + 90.0) / TILE_DEG), 0, _BANDS - 1).astype(int)
    columns = _columns(band)
    column = np.floor((np.where(known, lon, 0.0) + 180.0) / 360.0 * columns).astype(int) % columns
    number = band * _COLUMNS + column
    names = {one: f"t{one // _COLUMNS:03d}-{one % _COLUMNS:03d}" for one in np.unique(number).tolist()}
    return [names[one] if there else NOWHERE for one, there in zip(number.tolist(), known.tolist(), strict=True)]


def tile_box(tile: str) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile of the grid, in degrees.

    >>> [round(degrees, 2) for degrees in tile_box("t092-095")]
    [36.46, 48.0, 38.73, 49.5]
    """
    band, column = int(tile[1:4]), int(tile[5:])
    width, south = 360.0 / int(_columns(np.array([band]))[0]), band * TILE_DEG - 90.0
    return column * width - 180.0, south, (column + 1) * width - 180.0, south + TILE_DEG


def _columns(band: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many tiles there are in each band."""
    middle = np.radians((band + 0.5) * TILE_DEG - 90.0)
    columns: NDArray[np.intp] = np.maximum(1, np.round(360.0 * np.cos(middle) / TILE_DEG)).astype(np.intp)
    return columns
