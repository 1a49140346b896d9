"""The share of a disc through which runs one edge that is all but straight: by a formula, and a correction.

The region's margin at twelve places about the disc's rim tells how the edge runs: it is a distance, so that along the
rim it goes up and down once, and twice a little where the edge is bent; any other edge shows in what is left.
The edge's deviation from its straight chord is then measured at the five nodes of a Gauss-Legendre rule along it, whose
integral is the area between them. Discs whose edge is not that simple are left to `shares`.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats, Frames
from pipeline.geometry.places import Places
from pipeline.geometry.shares import ALMOST, coverage
from pipeline.geometry.zones import Region

_AT_RIM = 0.97
_TURN = np.arange(12)[:, None] * np.pi / 6.0
_WAVES = np.hstack([np.ones((12, 1)), np.sin(_TURN), np.cos(_TURN), np.sin(2.0 * _TURN), np.cos(2.0 * _TURN)])
_FIT = np.linalg.pinv(_WAVES)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_BOW = np.vander(_NODES, 3) @ np.linalg.pinv(np.vander(_NODES, 3))
"""Takes the deviations at the nodes to those of the parabola that is nearest to them."""

RIM = 0.015
"""How far, in radii, the margins at the rim may be from two waves."""
LINEAR = 0.15
"""How far, in radii, the edge may be from straight."""
SMOOTH = 0.02
"""How far, in radii, it may be from a parabola."""
TRUE = 0.03
"""How far the margin's slope may be from one metre a metre: it is then a distance."""


class Rim:
    """Twelve places about the rim of each of some discs, and its middle.

    Args:
        frames: about the discs' middles.
        radius_m: the discs' radii, one for each frame.
    """

    def __init__(self, frames: Frames, radius_m: Floats) -> None:
        self.frames, self.radius_m = frames, radius_m
        zero = np.zeros((1, len(radius_m)))
        east_m, north_m = (np.vstack([wave(_TURN) * _AT_RIM * radius_m, zero]) for wave in (np.sin, np.cos))
        self.places = _places(frames, np.arange(len(radius_m)), east_m, north_m)


def straight_shares(rim: Rim, region: Region) -> tuple[Floats, Bools]:
    """The shares of the discs in a region, and for which of them that is the answer."""
    frames, radius_m = rim.frames, rim.radius_m
    rim_m = _AT_RIM * radius_m
    margin_m = region.margin_m(rim.places).reshape(13, -1)
    level, east, north, bent, askew = waves = _times(_FIT, margin_m[:12])
    slope = np.hypot(east, north) / rim_m
    steady = np.abs(margin_m[:12] - _times(_WAVES, waves)).max(axis=0) <= RIM * radius_m
    steady &= np.maximum(np.hypot(bent, askew), np.abs(margin_m[12] - level)) <= LINEAR * radius_m
    steady &= (np.abs(slope - 1.0) <= TRUE) & (np.abs(level) < 0.98 * radius_m)
    found = np.zeros(len(radius_m))
    some = np.flatnonzero(steady)
    if some.size:
        towards = east[some] / (slope * rim_m)[some], north[some] / (slope * rim_m)[some]
        found[some], steady[some] = _along_the_chord(frames, some, radius_m[some], level[some], towards, region)
    return np.clip(found, ALMOST, 1.0 - ALMOST), steady


def _along_the_chord(
    frames: Frames,
    which: NDArray[np.intp],
    radius_m: Floats,
    level_m: Floats,
    towards: tuple[Floats, Floats],
    region: Region,
) -> tuple[Floats, Bools]:
    """The shares of discs with the chord's distance from their middle, and the direction (east, north) inwards."""
    east, north = towards
    half_m = np.sqrt(radius_m * radius_m - level_m * level_m)
    along = _NODES[:, None] * half_m
    nodes = _places(frames, which, -level_m * east - along * north, -level_m * north + along * east)
    more_m = region.margin_m(nodes).reshape(along.shape)
    smooth = np.abs(more_m - _times(_BOW, more_m)).max(axis=0) <= SMOOTH * radius_m
    smooth &= np.abs(more_m).max(axis=0) <= LINEAR * radius_m
    between_m2 = half_m * _times(_WEIGHTS[None, :], more_m)[0]
    return coverage(level_m, radius_m) + between_m2 / (np.pi * radius_m * radius_m), smooth


def _times(matrix: Floats, columns: Floats) -> Floats:
    """The matrix product, term by term: a disc's share must not depend on how many others are looked at with it."""
    return np.array([sum(row[k] * columns[k] for k in range(len(columns))) for row in matrix])


def _places(frames: Frames, which: NDArray[np.intp], east_m: Floats, north_m: Floats) -> Places:
    """Several places of each disc, all the discs' first ones first."""
    owner = np.tile(which, len(east_m))
    return Places.on_earth(frames.to_earth(owner, east_m.ravel(), north_m.ravel()))
