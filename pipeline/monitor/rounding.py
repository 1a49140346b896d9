"""Rounding arrays as Python rounds numbers: to the nearest decimal, by the number's exact value."""

import numpy as np

from pipeline.geometry.earth import Floats

_NEAR_TIE = 1e-6
_LARGEST = 1e9
"""Up to here the scaled number's own error is far below `_NEAR_TIE`."""


def rounded(values: Floats, digits: int) -> Floats:
    """`round(value, digits)` of each value; NaN stays.

    numpy's own rounding scales first, which moves a number over the tie that it only nearly was:

    >>> rounded(np.array([0.15, 2.5, -0.05]), 1).tolist(), np.round(0.15, 1).item(), round(0.15, 1)
    ([0.1, 2.5, -0.1], 0.2, 0.1)
    """
    scale = 10.0**digits
    scaled = values * scale
    whole = np.rint(scaled)
    result = whole / scale
    with np.errstate(invalid="ignore"):
        doubtful = (np.abs(np.abs(scaled - whole) - 0.5) < _NEAR_TIE) | (np.abs(scaled) > _LARGEST)
    for index in np.flatnonzero(doubtful).tolist():
        result[index] = round(float(values[index]), digits)
    return np.asarray(result)
