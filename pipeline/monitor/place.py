"""Placing: each report, by itself, in its window. The tiles are one fixed global grid, whatever is loaded."""

from collections.abc import Sequence

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.geometry.footprints import Footprints
from pipeline.model.footprint import Area
from pipeline.model.records import Window
from pipeline.model.report import Report

TILE_DEG = 1.5
"""About 167 km of latitude; as many columns in each band as keep a tile about that wide."""

NOWHERE = "nowhere"
AREA = "area:"
TRACK = "track:"


def place(reports: Sequence[Report], footprints: Footprints) -> list[Window]:
    """The window of each report: its tile and the UTC day of `observed_from`.

    A bearing or a drawn area goes by its centre; *nowhere* and each named area have a tile of their own (a region links
    with nothing in it, and its outline may be corrected without moving what was reported of it); and reports of a track
    stay together whatever their place and day.
    """
    tiles = tile_ids(footprints.lon, footprints.lat)
    return [_window(report, tile) for report, tile in zip(reports, tiles, strict=True)]


def _window(report: Report, tile: str) -> Window:
    if report.track_id is not None:
        return Window(TRACK + report.track_id, "")
    if isinstance(report.footprint, Area) and report.footprint.area_id is not None:
        tile = AREA + report.footprint.area_id
    return Window(tile, report.observed_from.strftime("%Y-%m-%d"))


def tile_ids(lon: Floats, lat: Floats) -> list[str]:
    """The tile of each place; NaN is nowhere.

    >>> tile_ids(np.array([37.7, np.nan]), np.array([48.0, np.nan]))
    ['t092-095', 'nowhere']
    """
    known = np.isfinite(lon)
    bands = int(180 / TILE_DEG)
    band = np.clip(np.floor((np.where(known, lat, 0.0) + 90.0) / TILE_DEG), 0, bands - 1).astype(int)
    middle = np.radians((np.arange(bands) + 0.5) * TILE_DEG - 90.0)
    columns = np.maximum(1, np.round(360.0 * np.cos(middle) / TILE_DEG)).astype(int)[band]
    column = np.floor((np.where(known, lon, 0.0) + 180.0) / 360.0 * columns).astype(int) % columns
    return [
        f"t{one:03d}-{two:03d}" if there else NOWHERE
        for one, two, there in zip(band.tolist(), column.tolist(), known.tolist(), strict=True)
    ]
