"""Does a point lie in, or near, the area that its row names?"""

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.gazetteer import NamedArea
from pipeline.model.check import Problem, check_lonlat
from pipeline.model.taxonomy import RejectReason

_EARTH_RADIUS_M = 6_371_008.8


class _Outline:
    """An area made ready for many questions."""

    def __init__(self, area: NamedArea) -> None:
        self._geometry = area.geometry
        shapely.prepare(self._geometry)
        densified = shapely.segmentize(self._geometry, 0.1)
        self._vertices: NDArray[np.float64] = np.radians(shapely.get_coordinates(densified))
        self.near = lru_cache(maxsize=65_536)(self._near)

    def _near(self, lon: float, lat: float, tolerance_m: float) -> bool:
        """Whether the point lies in the area or within `tolerance_m` of its outline (a sphere is good enough)."""
        if shapely.intersects_xy(self._geometry, lon, lat):
            return True
        phi = np.radians(lat)
        half_dlat = (self._vertices[:, 1] - phi) / 2
        half_dlon = (self._vertices[:, 0] - np.radians(lon)) / 2
        chord = np.sin(half_dlat) ** 2 + np.cos(phi) * np.cos(self._vertices[:, 1]) * np.sin(half_dlon) ** 2
        nearest_m = 2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(chord.min()))
        return bool(nearest_m <= tolerance_m)


class Places:
    """Checks points against named areas, and remembers the outlines that it was asked about."""

    def __init__(self) -> None:
        self._outlines: dict[str, _Outline] = {}

    def contradiction(self, lon: float, lat: float, area: NamedArea, tolerance_m: float) -> Problem | None:
        """Why the point cannot be where its row says, or None.

        A point further than `tolerance_m` from the area contradicts the name; where the exchanged coordinates do not,
        they were swapped.
        """
        problem = check_lonlat(lon, lat)
        if problem is not None:
            return problem
        outline = self._outlines.get(area.area_id)
        if outline is None:
            outline = self._outlines[area.area_id] = _Outline(area)
        if outline.near(lon, lat, tolerance_m):
            return None
        if check_lonlat(lat, lon) is None and outline.near(lat, lon, tolerance_m):
            detail = f"longitude {lon} and latitude {lat} lie in or near {area.name} when exchanged"
            return Problem("footprint", RejectReason.COORDINATES_SWAPPED, detail)
        detail = f"longitude {lon} and latitude {lat} lie more than {tolerance_m / 1000:.0f} km from {area.name}"
        return Problem("footprint", RejectReason.CONTRADICTS_NAMED_PLACE, detail)
