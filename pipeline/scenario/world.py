"""The world of a scenario: a line with hot spots, posts and fixed sites about it, and sites far from every zone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement import Agreement
from pipeline.geometry.bands import OUT
from pipeline.geometry.earth import Floats
from pipeline.geometry.places import Places
from pipeline.scenario.catalogue import ScenarioError
from pipeline.scenario.ground import Path
from pipeline.scenario.kinds import KINDS, SITES, Kind
from pipeline.scenario.observers import NETWORKS, Network

Integers = NDArray[np.int64]

HOT_SPOTS = 8
HOT_SHARE = 0.7
HOT_SPREAD_M = 4_000.0
FRONT_SPREAD_M = 3_000.0
FAR_SITES = 40
FAR_CLEAR_M = 60_000.0
"""No zone comes nearer than this to a far site: more than the scatter about a site and a report's error together."""
FAR_SCATTER_M = 12_000.0
MOST_STRETCHES = 8
STRETCH_M = (15_000.0, 35_000.0)
STRETCH_FROM = (0.3, 0.8)

_REACHES_DEG = (10.0, 20.0, 40.0)
_TRIES = 600


class Posts(NamedTuple):
    """Where a network's observers stand, in order of chainage, `spacing_m` apart."""

    spacing_m: float
    lon: Floats
    lat: Floats


class Sites(NamedTuple):
    """Fixed sites, the busiest first."""

    chainage_m: Floats
    lon: Floats
    lat: Floats


class Orbits(NamedTuple):
    """When a network's satellites pass: `phase_ms` and every `period_ms` from 1970 on."""

    phase_ms: Integers
    period_ms: Integers


class Stretches(NamedTuple):
    """Stretches of the line that may come under bombardment, and after which share of the first day."""

    from_m: Floats
    until_m: Floats
    after: Floats


class World:
    """The fixed part of a scenario, drawn once.

    Args:
        agreement: its first line is the one along which things happen.
        rng: draws all that is fixed.

    Attributes:
        path: the line.
        hot_spots_m: chainages about which incidents at the front cluster; the first are the busiest.
        posts: by network, for those whose observers stand somewhere.
        sites: by the number of the kind, for those that happen at fixed sites.
        orbits: by network, for those that pass over.
        stretches: where bombardment sets in, if it does, in this order.
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
        self.sites = {number: self._sites(KINDS[number], rng) for number in SITES}
        self.orbits = {network.name: _orbits(network, rng) for network in NETWORKS if network.period_s[1]}
        self.stretches = self._stretches(rng)
        self.far_lon, self.far_lat = _far_sites(agreement, self.path, rng)

    def _post(self, network: Network, rng: np.random.Generator) -> Posts:
        """Observers at even distances along the line, on alternate sides, none nearer to it than half their offset."""
        number = max(network.slots, int(self.path.length_m / network.spacing_m))
        spacing_m = self.path.length_m / number
        side = np.where(np.arange(number) % 2, 1.0, -1.0)
        offset_m: Floats = side * network.offset_m * (0.5 + rng.random(number))
        return Posts(spacing_m, *self.path.place((np.arange(number, dtype=np.float64) + 0.5) * spacing_m, offset_m))

    def _sites(self, kind: Kind, rng: np.random.Generator) -> Sites:
        along, away, side = rng.random((3, kind.sites))
        low, high = kind.depth_m
        chainage_m = along * self.path.length_m
        return Sites(
            chainage_m, *self.path.place(chainage_m, np.where(side < 0.5, -1.0, 1.0) * (low + (high - low) * away))
        )

    def _stretches(self, rng: np.random.Generator) -> Stretches:
        along, length, after = rng.random((3, MOST_STRETCHES))
        length_m = STRETCH_M[0] + (STRETCH_M[1] - STRETCH_M[0]) * length
        from_m = along * np.maximum(self.path.length_m - length_m, 0.0)
        until_m = np.minimum(from_m + length_m, self.path.length_m)
        return Stretches(from_m, until_m, STRETCH_FROM[0] + (STRETCH_FROM[1] - STRETCH_FROM[0]) * after)


def _orbits(network: Network, rng: np.random.Generator) -> Orbits:
    period_ms = rng.integers(network.period_s[0], network.period_s[1] + 1, network.observers) * 1000
    return Orbits((rng.random(network.observers) * period_ms).astype(np.int64), period_ms)


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
