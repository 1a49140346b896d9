"""Lengths and directions on the ground by plain arithmetic, so that a scenario has the same bytes on every machine.

Only +, -, ×, ÷ and the square root are used here and wherever a scenario draws a place: IEEE 754 rounds those alike
everywhere, while sines and logarithms differ in the last digit between processors and libraries. The price is that
lengths are true to a few parts in a thousand over tens of kilometres. Nothing is judged by them: what a scenario calls
true is the place that came out, and the monitor's own geometry judges that.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats

_COSINE = tuple(
    1.0 / factorial
    for factorial in (-6402373705728000, 20922789888000, -87178291200, 479001600, -3628800, 40320, -720, 24)
)
"""The Taylor series of the cosine, from x¹⁸ to x⁴."""

_RADIAN = 0.017453292519943295


def metres_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    """The length of a degree of longitude and of latitude on the WGS 84 ellipsoid at some latitudes.

    >>> east, north = metres_per_degree(np.array([0.0, 48.0]))
    >>> east.round().tolist(), north.round().tolist()
    ([111319.0, 74625.0], [110574.0, 111190.0])
    """
    square = (lat * _RADIAN) * (lat * _RADIAN)
    cosine = np.zeros_like(square)
    for term in _COSINE:
        cosine = (cosine + term) * square
    cosine = (cosine - 0.5) * square + 1.0
    c2 = cosine * cosine
    east = cosine * (111412.84 - 93.5 * (4.0 * c2 - 3.0) + 0.118 * (16.0 * c2 * c2 - 20.0 * c2 + 5.0))
    north = 111132.954 - 559.822 * (2.0 * c2 - 1.0) + 1.175 * (8.0 * c2 * c2 - 8.0 * c2 + 1.0)
    return east, north


def moved(lon: Floats, lat: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """Places shifted by metres to the east and to the north, rounded to six decimals (a decimetre)."""
    _, north = metres_per_degree(lat)
    there = lat + north_m / north
    east, _ = metres_per_degree((lat + there) * 0.5)
    return np.round(lon + east_m / east, 6), np.round(there, 6)


def between(lon: Floats, lat: Floats, to_lon: Floats, to_lat: Floats) -> tuple[Floats, Floats]:
    """Metres to the east and to the north from one place to another."""
    east, north = metres_per_degree((lat + to_lat) * 0.5)
    return (to_lon - lon) * east, (to_lat - lat) * north


def length_m(east_m: Floats, north_m: Floats) -> Floats:
    """The length of a shift."""
    return np.asarray(np.sqrt(east_m * east_m + north_m * north_m))


class Path:
    """A line as a chain of straight frames: places along and across it.

    Args:
        lon, lat: vertices, no further apart than some kilometres.
    """

    def __init__(self, lon: Floats, lat: Floats) -> None:
        self.lon, self.lat = np.round(lon, 7), np.round(lat, 7)
        east_m, north_m = between(self.lon[:-1], self.lat[:-1], self.lon[1:], self.lat[1:])
        edge_m = length_m(east_m, north_m)
        self._east, self._north = east_m / edge_m, north_m / edge_m
        self._chainage_m = np.concatenate([[0.0], np.cumsum(edge_m)])

    @property
    def length_m(self) -> float:
        """The length of the whole."""
        return float(self._chainage_m[-1])

    def place(self, chainage_m: Floats, offset_m: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude of places by chainage and offset, left of the line negative."""
        last = len(self._chainage_m) - 2
        edge: NDArray[np.intp] = np.clip(np.searchsorted(self._chainage_m, chainage_m, side="right") - 1, 0, last)
        along, east, north = chainage_m - self._chainage_m[edge], self._east[edge], self._north[edge]
        return moved(self.lon[edge], self.lat[edge], along * east + offset_m * north, along * north - offset_m * east)
