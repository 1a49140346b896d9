"""Incidents as columns, and what all kinds of them have in common: where the front is, how many there are, how long."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.scenario.ground import moved
from pipeline.scenario.kinds import KINDS
from pipeline.scenario.world import FAR_SCATTER_M, FRONT_SPREAD_M, HOT_SHARE, HOT_SPREAD_M, Integers, World

_NUMBER = np.array([kind.number for kind in KINDS])
_LASTS_MS = np.array([kind.lasts_s for kind in KINDS]) * 1000


class Incidents(NamedTuple):
    """Incidents in order of time, as columns.

    Attributes:
        chainage_m: where along the line each was drawn (for finding the observers near it); 0 for those far off.
        moves_east_m, moves_north_m: by how much its place shifts while it lasts.
        invented: it never happened; somebody posts about it.
    """

    begin_ms: Integers
    lasts_ms: Integers
    kind: Integers
    number: Integers
    chainage_m: Floats
    lon: Floats
    lat: Floats
    moves_east_m: Floats
    moves_north_m: Floats
    invented: Bools

    @property
    def size(self) -> int:
        """How many there are. (The length of a named tuple is the number of its columns.)"""
        return len(self.begin_ms)

    def at(self, rows: slice | NDArray[np.intp] | Bools) -> "Incidents":
        """Some of them."""
        return Incidents._make(column[rows] for column in self)


def completed(
    begin_ms: Integers,
    kind: Integers,
    chainage_m: Floats,
    place: tuple[Floats, Floats],
    rng: np.random.Generator,
    invented: bool = False,
) -> Incidents:
    """Incidents of which begin, kind and place are known."""
    least, most = _NUMBER[kind].T
    # The square makes small numbers common and large ones rare.
    draw = rng.random(len(kind))
    number = least + (draw * draw * (most - least + 1)).astype(np.int64)
    short, long = _LASTS_MS[kind].T
    lasts_ms = short + (rng.random(len(kind)) * (long - short)).astype(np.int64)
    still = np.zeros(len(kind))
    return Incidents(begin_ms, lasts_ms, kind, number, chainage_m, *place, still, still, np.full(len(kind), invented))


def in_order(parts: Sequence[Incidents]) -> Incidents:
    """All of them together, in order of time."""
    together = Incidents._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    return together.at(np.lexsort((together.kind, together.begin_ms)))


def front(world: World, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Chainage and offset of places at the front. The first hot spots are the busiest."""
    spot = (rng.random(number) * rng.random(number) * len(world.hot_spots_m)).astype(np.intp)
    near = world.hot_spots_m[spot] + HOT_SPREAD_M * rng.standard_normal(number)
    chainage_m = np.where(rng.random(number) < HOT_SHARE, near, rng.random(number) * world.path.length_m)
    return np.clip(chainage_m, 0.0, world.path.length_m), FRONT_SPREAD_M * rng.standard_normal(number)


def distant(world: World, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Places about the far sites, the first the busiest."""
    site = (rng.random(number) * rng.random(number) * len(world.far_lon)).astype(np.intp)
    east_m, north_m = (rng.random((2, number)) * 2.0 - 1.0) * FAR_SCATTER_M
    return moved(world.far_lon[site], world.far_lat[site], east_m, north_m)
