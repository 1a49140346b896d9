"""Exact places, and where they lie along each line that is asked about: found once, kept with the places."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.geometry.earth import Bools, Floats, chord_to_ground_m, to_earth
from pipeline.geometry.edges import Edges
from pipeline.geometry.line import Line, Located

Some = Bools | NDArray[np.intp]


class Away(NamedTuple):
    """Distances in metres to the nearest of some edges, and on which side of it (left is the inside of a polygon)."""

    away_m: Floats
    left: Bools


class Places:
    """Places, of which some may be nowhere (NaN).

    Args:
        lon, lat: degrees, arrays of one length.

    >>> places = Places([37.5, 37.5], [48.1, 47.9])
    >>> places.along(Line([37.0, 38.0], [48.0, 48.0])).offset_m.round(-2).tolist()
    [-11000.0, 11200.0]
    """

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        self._take(to_earth(np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))))

    def _take(self, earth: Floats) -> None:
        self.earth = earth
        self._located: dict[Line, Located] = {}
        self._away: dict[Edges, Away] = {}
        self._to_end_m: dict[Line, Floats] = {}

    @classmethod
    def on_earth(cls, earth: Floats) -> "Places":
        """Places that are given by Earth-centred coordinates, of shape (3, n)."""
        places = cls.__new__(cls)
        places._take(earth)
        return places

    def __len__(self) -> int:
        return len(self.earth[0])

    def along(self, line: Line) -> Located:
        """Where the places lie, seen along a line."""
        if line not in self._located:
            self._located[line] = line.locate_earth(self.earth)
        return self._located[line]

    def away(self, edges: Edges) -> Away:
        """How far the places are from some edges."""
        if edges not in self._away:
            found = edges.nearest(self.earth)
            self._away[edges] = Away(chord_to_ground_m(found.chord_m), found.left)
        return self._away[edges]

    def nearest_end_m(self, line: Line) -> Floats:
        """How far the nearer end of an open line is, as a chord."""
        if line not in self._to_end_m:
            self._to_end_m[line] = np.minimum(*(end.chord_m(self.earth) for end in line.ends))
        return self._to_end_m[line]

    def part(self, which: Some) -> "Places":
        """Some of the places, with what is known of them."""
        some = Places.on_earth(self.earth[:, which])
        some._located = {line: found.part(which) for line, found in self._located.items()}
        some._away = {edges: Away(found.away_m[which], found.left[which]) for edges, found in self._away.items()}
        some._to_end_m = {line: end_m[which] for line, end_m in self._to_end_m.items()}
        return some
