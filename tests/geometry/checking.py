"""How the tests of geometry hold answers to the oracle; and some lines to hold them about."""

import numpy as np
from numpy.typing import ArrayLike

from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, UNPLACED, Line
from tests.geometry.worldwide import Path
from tests.oracles import MAY_LEFT, MAY_ON, MAY_PAST, MAY_RIGHT, Bools, Floats, OracleLine, tolerance_m

SOMEWHERE = {
    "Donbas": Path((37.0, 39.5, 41.0, 44.0), (48.0, 48.8, 47.2, 48.9)),
    "far north": Path((-3.0, 5.0, 16.0), (80.5, 81.8, 80.0)),
    "Fiji": Path((176.5, 179.9, -177.0), (-17.0, -18.2, -16.4)),
}
"""Bent lines of some hundred kilometres."""

MAY = {LEFT: MAY_LEFT, ON: MAY_ON, RIGHT: MAY_RIGHT, BEYOND: MAY_PAST, UNPLACED: 0}


def assert_located(line: Line, oracle: OracleLine, lon: Floats, lat: Floats) -> None:
    """Every answer is one that the oracle admits: distance, a foot that is as near as any, and its side."""
    feet, found = oracle.feet(lon, lat), line.locate(lon, lat)
    slack = tolerance_m(feet.nearest_m)
    assert astray(lon, lat, np.abs(np.abs(found.offset_m) - feet.nearest_m) > slack) == [], "offset"
    apart_m = np.abs(found.chainage_m - feet.chainage_m)
    if oracle.closed:
        apart_m = np.minimum(apart_m, oracle.length_m - apart_m)
    assert astray(lon, lat, ~(feet.admissible & (apart_m <= slack)).any(axis=0)) == [], "chainage"
    masks = np.array([MAY[code] for code in found.side.tolist()])
    assert astray(lon, lat, (masks & feet.sides) == 0) == [], "side"
    negative = found.side == LEFT
    assert (found.offset_m[negative] < 0).all()
    assert (found.offset_m[(found.side == RIGHT) | (found.side == BEYOND)] > 0).all()
    assert (np.abs(found.offset_m[found.side == ON]) <= 0.5).all()
    assert (found.side[np.abs(found.offset_m) <= 0.499] == ON).all()


def astray(lon: Floats, lat: Floats, wrong: ArrayLike) -> list[tuple[float, float]]:
    """The first of the places whose answers are wrong, to be asserted to be none."""
    bad = np.broadcast_to(np.asarray(wrong), lon.shape)
    return list(zip(lon[bad].tolist(), lat[bad].tolist(), strict=True))[:5]


def misjudged(
    found: Bools, expected: ArrayLike, lon: Floats, lat: Floats, sure: ArrayLike = True
) -> list[tuple[float, float]]:
    """The first of the places that are in or out against what is expected, where that is sure."""
    return astray(lon, lat, np.asarray(sure) & (found != np.asarray(expected)))


def beside(path: Path, right_m: float) -> Path:
    """A line of the same kind, so far to the right at each vertex."""
    oracle = OracleLine(*path)
    chainages = np.array([*oracle.begin_m, oracle.length_m])
    lon, lat = oracle.at(chainages, right_m)
    return Path(tuple(lon.tolist()), tuple(lat.tolist()))
