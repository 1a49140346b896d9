"""The cells of the unit disc: what squares become where a square grid is laid on the disc, and stay equal in area.

The map is Shirley and Chiu's: squares about the middle become circles about it. Its cells are nearly parallelograms.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats

LAST = 5
"""The finest level: there are 4 ** LAST cells."""

ROOM = 1.002
"""How much larger a cell is taken than it is, for chords in the place of ways along the ground."""

_FINE = LAST + 4


@cache
def table() -> Floats:
    """All cells of all levels, from the whole disc on; the four cells of cell k are 4 * k + 1 and those that follow it.

    Each row: the middle (east, north); the radius of a disc about it that holds the cell; two vectors, half the cell
    each; the inverse of their matrix; and how the middles of its four cells are twisted, the second and third against
    the first and fourth.
    """
    corners = _rounded(np.linspace(-1.0, 1.0, 2**_FINE + 1))
    middles = _rounded(np.linspace(-1.0, 1.0, 2 ** (_FINE + 1) + 1)[1::2])
    return np.ascontiguousarray(np.concatenate([_rows(level, middles, corners) for level in range(LAST + 1)]))


def _rounded(along: Floats) -> Floats:
    """Where in the unit disc the places of a square grid lie, (east, north, 2)."""
    x, y = np.meshgrid(along, along, indexing="ij")
    wide = np.abs(x) >= np.abs(y)
    reach, beside = np.where(wide, x, y), np.where(wide, y, x)
    turn = beside / np.where(reach == 0.0, 1.0, reach) * (np.pi / 4.0)
    ahead, aside = reach * np.cos(turn), reach * np.sin(turn)
    return np.where(wide[..., None], np.stack([ahead, aside], -1), np.stack([aside, ahead], -1))


def _rows(level: int, middles: Floats, corners: Floats) -> Floats:
    size = 2**level
    wide = len(middles) // (2 * size)
    inner = middles.reshape(size, 2, wide, size, 2, wide, 2).mean(axis=(2, 5))
    one, two, three, four = inner[:, 0, :, 0], inner[:, 1, :, 0], inner[:, 0, :, 1], inner[:, 1, :, 1]
    middle = (one + two + three + four) / 4.0
    right, ahead = (two + four - one - three) / 2.0, (three + four - one - two) / 2.0
    area = right[..., 0] * ahead[..., 1] - right[..., 1] * ahead[..., 0]
    inverse = np.stack([ahead[..., 1], -right[..., 1], -ahead[..., 0], right[..., 0]], -1) / area[..., None]
    radius_m = _reach(middle, corners) * ROOM
    rows = np.concatenate([middle, radius_m[..., None], right, ahead, inverse, one + four - two - three], -1)
    return np.asarray(rows.reshape(size * size, -1)[_order(level)])


def _reach(middle: Floats, corners: Floats) -> Floats:
    """How far the cells' rims are from their middles."""
    size = len(middle)
    step = (len(corners) - 1) // size
    reach = np.zeros((size, size))
    steps = np.arange(step + 1)
    rim = {(i, j) for end in (0, step) for k in steps.tolist() for i, j in ((end, k), (k, end))}
    for i, j in rim:
        apart = corners[i : i + step * size - step + 1 : step, j : j + step * size - step + 1 : step] - middle
        np.maximum(reach, np.hypot(apart[..., 0], apart[..., 1]), out=reach)
    return reach


def _order(level: int) -> NDArray[np.intp]:
    """The cells of a level, column by column, in the order in which four that are one on the level before are one."""
    column = row = np.zeros(1, dtype=np.intp)
    for _ in range(level):
        column = (column[:, None] * 2 + np.array([0, 1, 0, 1])).ravel()
        row = (row[:, None] * 2 + np.array([0, 0, 1, 1])).ravel()
    return np.asarray(column * 2**level + row)
