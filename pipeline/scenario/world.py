"""The world of a scenario: a line with hot spots, observers' posts along it, and sites far from every zone."""

from typing import NamedTuple

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.bands import OUT
from pipeline.geometry.earth import Floats
from pipeline.geometry.places import Places
from pipeline.scenario.catalogue import ScenarioError
from pipeline.scenario.ground import Path
from pipeline.scenario.observers import NETWORKS, Network

HOT_SPOTS = 8
HOT_SHARE = 0.7
HOT_SPREAD_M = 4_000.0
FRONT_SPREAD_M = 3_000.0
FAR_SITES = 120
FAR_CLEAR_M = 40_000.0
"""No zone comes nearer than this to a far site: more than the scatter about a site and a report's error together."""
FAR_SCATTER_M = 12_000.0

_REACHES_DEG = (10.0, 20.0, 40.0)
_TRIES = 600


class Posts(NamedTuple):
    """Where a network's observers stand, in order of chainage, `spacing_m` apart."""

    spacing_m: float
    lon: Floats
    lat: Floats


class World:
    """The fixed part of a scenario, drawn once.

    Args:
        agreement: its first line is the one along which things happen.
        rng: draws the hot spots, the posts and the far sites.

    Attributes:
        path: the line.
        hot_spots_m: chainages about which incidents at the front cluster; the first are the busiest.
        posts: by network, for those whose observers stand somewhere.
        far_lon, far_lat: the far sites; the first are the busiest.

    Raises:
        ScenarioError: the agreement has no line, or its zones leave no room outside.
    """

    def __init__(self, agreement: Agreement, rng: np.random.Generator) -> None:
        line = next(iter(agreement.lines.values()), None)
        if line is None:
            raise ScenarioError(f"{agreement.name} has no line for a scenario to happen along")
        self.path = Path(line.lon, line.lat)
        self.hot_spots_m = rng.random(HOT_SPOTS) * self.path.length_m
        self.posts = {network.name: self._post(network, rng) for network in NETWORKS if network.spacing_m}
        self.far_lon, self.far_lat = _far_sites(agreement, self.path, rng)

    def _post(self, network: Network, rng: np.random.Generator) -> Posts:
        """Observers at even distances along the line, on alternate sides, none nearer to it than half their offset."""
        number = max(network.slots, int(self.path.length_m / network.spacing_m))
        spacing_m = self.path.length_m / number
        side = np.where(np.arange(number) % 2, 1.0, -1.0)
        offset_m: Floats = side * network.offset_m * (0.5 + rng.random(number))
        return Posts(spacing_m, *self.path.place((np.arange(number, dtype=np.float64) + 0.5) * spacing_m, offset_m))


def _far_sites(agreement: Agreement, path: Path, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Places that no zone comes near, as close to the line as there are enough."""
    for reach_deg in _REACHES_DEG:
        west, east = path.lon.min() - reach_deg, path.lon.max() + reach_deg
        south, north = max(path.lat.min() - reach_deg, -80.0), min(path.lat.max() + reach_deg, 80.0)
        lon = np.round(west + (east - west) * rng.random(_TRIES), 4)
        lat = np.round(south + (north - south) * rng.random(_TRIES), 4)
        lon = np.where(lon > 180.0, lon - 360.0, np.where(lon < -180.0, lon + 360.0, lon))
        places = Places(lon, lat)
        clear = np.full(_TRIES, FAR_CLEAR_M)
        out = np.ones(_TRIES, dtype=bool)
        for zone in agreement.zones:
            out &= zone.settle(places, clear) == OUT
        if out.sum() >= FAR_SITES:
            return lon[out][:FAR_SITES], lat[out][:FAR_SITES]
    raise ScenarioError(f"the zones of {agreement.name} leave no room for what a scenario puts outside them")
