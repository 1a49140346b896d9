"""Sharing the work out: which of several shards has the last word on a window, and which must hear of it.

The windows' tiles are gathered into cells of four by four, and each cell belongs to a shard. A shard keeps the windows
of its cells and of all tiles within the halo of them, as far as fusion looks; of the incidents that it finds it tells
those that are its own. So every incident is told once, by one who knows all that bears upon it, however many shards
there are.

A window goes where its tile goes, whatever is reported in it, so that all versions of a report meet wherever one is.
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from pipeline.model.records import Window
from pipeline.model.report import Report
from pipeline.monitor.fuse.halo import halo
from pipeline.monitor.place import TILE_DEG, tile_box, tile_ids
from pipeline.monitor.windows import is_on_grid
from pipeline.observers import Observers

TILES = 4
"""Tiles along a cell's side: the more, the fewer windows lie in the halo of several shards, and the fewer can share."""

_DEG_M = 110_500.0
"""A degree of latitude has no less."""

_STEPS = 6
"""Places looked at along each side of a tile and its halo: nearer to each other than tiles are wide."""

_POLAR_DEG = 72.0
"""Beyond this latitude columns are too few to look about in; what little is reported there everybody is told."""


class Shards:
    """So many shards.

    Args:
        count: how many.
        observers: what is known of them says how wide the halo is.
    """

    def __init__(self, count: int, observers: Observers) -> None:
        self.count = count
        linking = observers.linking
        # What a report tells of lies so far off its window's tile at most, if it can be joined with anything.
        self._halo_deg = (halo(observers).radius_m + linking.tells_m) / _DEG_M
        self._owners: dict[str, int] = {}
        self._hearers: dict[str, tuple[int, ...]] = {}

    def owner(self, tile: str) -> int:
        """Who has the last word on a tile's windows."""
        found = self._owners.get(tile)
        if found is None:
            found = self._owners[tile] = crc32(_cell(tile).encode()) % self.count
        return found

    def hearers(self, tile: str) -> tuple[int, ...]:
        """Who must hear of what is in a tile's windows."""
        found = self._hearers.get(tile)
        if found is None:
            found = self._hearers[tile] = self._looked_about(tile)
        return found

    def shared(self, windows: Sequence[Window], reports: Sequence[Report]) -> dict[int, list[Report]]:
        """The reports for each shard, in their order. One that revises another goes to all: that may be anywhere."""
        found: dict[int, list[Report]] = {}
        for window, report in zip(windows, reports, strict=True):
            for shard in range(self.count) if report.revises is not None else self.hearers(window.tile):
                found.setdefault(shard, []).append(report)
        return found

    def _looked_about(self, tile: str) -> tuple[int, ...]:
        if not is_on_grid(tile):
            return (self.owner(tile),)
        west, south, east, north = tile_box(tile)
        if max(abs(south), abs(north)) > _POLAR_DEG:
            return tuple(range(self.count))
        away = self._halo_deg
        across = away / np.cos(np.radians(max(abs(south), abs(north)) + away))
        lon, lat = np.meshgrid(
            np.linspace(west - across, east + across, _STEPS), np.linspace(south - away, north + away, _STEPS)
        )
        around = (lon.ravel() + 180.0) % 360.0 - 180.0
        return tuple(sorted({self.owner(name) for name in tile_ids(around, lat.ravel())}))


def _cell(tile: str) -> str:
    """The cell that a tile is of; by its middle, as bands have different numbers of columns."""
    if not is_on_grid(tile):
        return tile
    west, south, east, north = tile_box(tile)
    side = TILES * TILE_DEG
    band = int(((south + north) / 2.0 + 90.0) // side)
    columns = max(1, round(360.0 * np.cos(np.radians((band + 0.5) * side - 90.0)) / side))
    return f"{band}-{int(((west + east) / 2.0 + 180.0) / 360.0 * columns) % columns}"
