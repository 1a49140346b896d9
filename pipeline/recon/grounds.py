"""Grounds: the places and the classes of activity that a provision is about, as samples.

How well a provision was watched is the mean over them. The places are a lattice along each line, square to it, dense
near the line as most provisions are; of a drawn zone far from the lines, a lattice in its bounds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.agreement.clauses import COORDINATION, NOTICE
from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.places import Places
from pipeline.model.taxonomy import Activity
from pipeline.recon.makes import Makes

ALONG = 5
"""Samples along each sector."""

OFFSETS_M = (800.0, 2_500.0, 5_500.0, 12_000.0, 30_000.0, 60_000.0, 100_000.0)
"""Samples off the line, on either side."""

NEAR_M = 7_500.0

DRAWN = 6
"""Samples by side of the bounds of a zone that no other sample lies in."""

_APART = frozenset({COORDINATION, NOTICE})
"""Roles that are about words, which nobody watches for."""

_TERMS = {one.value: one for one in Activity}


class Ground(NamedTuple):
    """Of one provision: the classes that it is about, and which of the samples lie in its zones."""

    classes: tuple[str, ...]
    inside: Bools


class Grounds:
    """The samples of one agreement.

    Attributes:
        lon, lat: of the samples.
        sector: of each, the sector's id, the line's where it has none, or "" away from the lines.
        near: which of them lie within `NEAR_M` of a line: where it is decided whether a line is watched.
        zones: by zone id, which of the samples lie in it.
        provisions: by id; without those that no known class is about.
    """

    def __init__(self, agreement: Agreement, makes: Makes) -> None:
        lon, lat, self.sector, self.near = _along_lines(agreement)
        zones = list(agreement.zones)
        inside = [zone.contains(Places(lon, lat)) for zone in zones]
        for row, zone in enumerate(zones):
            if not inside[row].any():
                more_lon, more_lat = _drawn(zone.drawing())
                inside = [np.concatenate([one, np.zeros(len(more_lon), dtype=bool)]) for one in inside]
                inside[row][len(lon) :] = True
                lon, lat = np.concatenate([lon, more_lon]), np.concatenate([lat, more_lat])
                self.sector = np.concatenate([self.sector, np.full(len(more_lon), "")])
                self.near = np.concatenate([self.near, np.zeros(len(more_lon), dtype=bool)])
        self.lon, self.lat = lon, lat
        self.zones = {zone.zone_id: one for zone, one in zip(zones, inside, strict=True)}
        self.provisions = dict(self._provisions(agreement, makes, inside))

    def _provisions(self, agreement: Agreement, makes: Makes, inside: list[Bools]) -> Iterator[tuple[str, Ground]]:
        along = np.isin(self.sector, "", invert=True)
        for provision in dict.fromkeys(clause.provision_id for clause in agreement.clauses):
            clauses = [one for one in agreement.clauses if one.provision_id == provision and one.role not in _APART]
            terms = sorted({term for clause in clauses for term in clause.activities})
            known = [makes.class_of(_TERMS[term]) for term in terms]
            classes = tuple(dict.fromkeys(one.name for one in known if one is not None))
            rows = {row for clause in clauses for row in clause.zone_indices}
            held = np.any([inside[row] for row in rows], axis=0) if rows else along
            if classes and held.any():
                yield provision, Ground(classes, held)


def _along_lines(agreement: Agreement) -> tuple[Floats, Floats, NDArray[np.object_], Bools]:
    offsets = np.array([-offset for offset in reversed(OFFSETS_M)] + list(OFFSETS_M))
    lon, lat, names = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, dtype=object)]
    for line_id, line in agreement.lines.items():
        pieces = [(one.sector_id, one.from_m, one.to_m) for one in agreement.sectors if one.line_id == line_id]
        for name, from_m, to_m in pieces or [(line_id, 0.0, line.length_m)]:
            along = from_m + (np.arange(ALONG) + 0.5) / ALONG * (to_m - from_m)
            places = line.place(np.repeat(along, len(offsets)), np.tile(offsets, ALONG))
            lon.append(places[0])
            lat.append(places[1])
            names.append(np.full(len(places[0]), name, dtype=object))
    pieces_of = len(np.concatenate(names)) // len(offsets)
    near = np.tile(np.abs(offsets) <= NEAR_M, pieces_of)
    return np.concatenate(lon), np.concatenate(lat), np.concatenate(names), near


def _drawn(outline: shapely.Geometry) -> tuple[Floats, Floats]:
    """A lattice within an outline in degrees, or at least its inner point."""
    west, south, east, north = shapely.bounds(outline)
    steps = (np.arange(DRAWN) + 0.5) / DRAWN
    lon, lat = (axis.ravel() for axis in np.meshgrid(west + steps * (east - west), south + steps * (north - south)))
    within = shapely.contains_xy(outline, lon, lat)
    if not within.any():
        inner = shapely.point_on_surface(outline)
        return np.array([shapely.get_x(inner)]), np.array([shapely.get_y(inner)])
    return lon[within], lat[within]
