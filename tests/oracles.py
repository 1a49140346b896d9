"""Slow, plain answers to hold the fast ones against: pyproj.Geod walked in small steps, shapely on dense lines."""

import numpy as np
from pyproj import Geod

GEOD = Geod(ellps="WGS84")


class OracleLine:
    """A line as a dense cloud of places on its geodesic edges.

    The nearest is found by brute force and then refined: between its two neighbours, by golden-section search.
    """

    def __init__(self, lon: list[float], lat: list[float], step_m: float = 250.0) -> None:
        self.edges = []
        chainage = 0.0
        for begin, end in zip(zip(lon, lat, strict=True), list(zip(lon, lat, strict=True))[1:], strict=False):
            azimuth, _, length = GEOD.inv(*begin, *end)
            along = np.linspace(0.0, length, max(2, int(length / step_m) + 2))
            places = GEOD.fwd(
                np.full(along.shape, begin[0]), np.full(along.shape, begin[1]), np.full(along.shape, azimuth), along
            )
            self.edges.append((begin, azimuth, length, chainage, along, places[0], places[1]))
            chainage += length
        self.length_m = chainage

    def locate(self, lon: float, lat: float) -> tuple[float, float, int, bool]:
        """Chainage, unsigned distance, side (-1 left, 1 right; by the angle bisector at a vertex), past an end."""
        best = min((self._on_edge(number, lon, lat) for number in range(len(self.edges))), key=lambda found: found[1])
        number, away, along = best[2], best[1], best[0]
        edge = self.edges[number]
        foot_lon, foot_lat, _ = GEOD.fwd(*edge[0], edge[1], along)
        headings = [self._heading(number, along)]
        at_start, at_end = along < 0.01, along > edge[2] - 0.01
        if at_start and number > 0:
            headings.append(self._heading(number - 1, self.edges[number - 1][2]))
        if at_end and number < len(self.edges) - 1:
            headings.append(self._heading(number + 1, 0.0))
        towards = GEOD.inv(foot_lon, foot_lat, lon, lat)[0]
        east = sum(np.sin(np.radians(heading)) for heading in headings)
        north = sum(np.cos(np.radians(heading)) for heading in headings)
        bearing = np.degrees(np.arctan2(east, north))
        turn = (towards - bearing + 180.0) % 360.0 - 180.0
        first, last = at_start and number == 0, at_end and number == len(self.edges) - 1
        past = (first and abs(turn) > 90.001) or (last and abs(turn) < 89.999)
        return edge[3] + along, away, (1 if turn > 0 else -1), bool(past)

    def _heading(self, number: int, along: float) -> float:
        begin, azimuth, _, _, *_ = self.edges[number]
        back = GEOD.fwd(*begin, azimuth, along)[2] if along > 0 else azimuth + 180.0
        return float((back + 180.0) % 360.0 if along > 0 else azimuth)

    def _on_edge(self, number: int, lon: float, lat: float) -> tuple[float, float, int]:
        begin, azimuth, length, _, along, lons, lats = self.edges[number]
        away = GEOD.inv(np.full(lons.shape, lon), np.full(lons.shape, lat), lons, lats)[2]
        at = int(np.argmin(away))
        low, high = along[max(at - 1, 0)], along[min(at + 1, len(along) - 1)]

        def distance(where: float) -> float:
            foot_lon, foot_lat, _ = GEOD.fwd(*begin, azimuth, where)
            return float(GEOD.inv(lon, lat, foot_lon, foot_lat)[2])

        golden = (np.sqrt(5.0) - 1.0) / 2.0
        for _ in range(60):
            one, two = high - golden * (high - low), low + golden * (high - low)
            if distance(one) < distance(two):
                high = two
            else:
                low = one
        where = min((0.0, length, (low + high) / 2.0), key=distance)
        return where, distance(where), number
