"""Cells along an agreement's lines: by chainage and side, each with some places that stand for it."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Floats
from pipeline.geometry.line import BEYOND, LEFT, RIGHT, Line
from pipeline.model.taxonomy import Side

CELL_M = 5_000.0
DEPTH_M = 7_500.0
LATTICE_M = 2_500.0
"""How far apart the places of a cell lie, about."""

MOST_ACROSS = 6

_CODES = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}


class Stretch(NamedTuple):
    """A part of a line that is one sector, or belongs to none; then its id and name are the line's."""

    line_id: str
    sector_id: str
    name: str
    from_m: float
    to_m: float


class Cell(NamedTuple):
    """One cell: what lies on one side of a line between two chainages, down to a depth."""

    line_id: str
    sector_id: str
    side: Side
    from_m: float
    to_m: float
    depth_m: float


class Cells(NamedTuple):
    """Cells, by line, side and chainage.

    Attributes:
        sectors: names by id, in the agreement's order.
        lon, lat: places that stand for the cells.
        cell: the number of the cell for which each place stands; ascending.
    """

    cells: tuple[Cell, ...]
    sectors: dict[str, str]
    lon: Floats
    lat: Floats
    cell: NDArray[np.int64]

    def mean(self, of_places: Floats) -> Floats:
        """The mean over each cell's places, of what is told of places in the first axis."""
        begins = np.searchsorted(self.cell, np.arange(len(self.cells)))
        count = np.bincount(self.cell, minlength=len(self.cells)).reshape(-1, *[1] * (of_places.ndim - 1))
        return np.asarray(np.add.reduceat(of_places, begins, axis=0) / count)

    def at(self, agreement: Agreement, lon: Floats, lat: Floats) -> NDArray[np.int64]:
        """The number of the cell in which each place lies, by the nearest of the cells' lines; -1 for none."""
        found = np.full(len(lon), -1, dtype=np.int64)
        nearest_m = np.full(len(lon), np.inf)
        for line_id in dict.fromkeys(one.line_id for one in self.cells):
            told = agreement.lines[line_id].locate(lon, lat)
            away_m = np.where(told.side == BEYOND, np.inf, np.abs(told.offset_m))
            nearer = away_m < nearest_m
            nearest_m[nearer], found[nearer] = away_m[nearer], -1
            for number, one in enumerate(self.cells):
                if one.line_id == line_id:
                    along = (told.chainage_m >= one.from_m) & (told.chainage_m <= one.to_m)
                    side = told.left if one.side is Side.LEFT else ~told.left
                    found[nearer & along & side & (away_m <= one.depth_m)] = number
        return found

    @property
    def length_m(self) -> Floats:
        """How long each is: what it weighs in a sector."""
        return np.array([one.to_m - one.from_m for one in self.cells])


def cells_of(agreement: Agreement, cell_m: float = CELL_M, depth_m: float = DEPTH_M) -> Cells:
    """Cells along the lines that have sectors, or along all lines where none has; none crosses a sector's end.

    Args:
        cell_m: how long a cell is at most.
        depth_m: how far from the line it reaches.
    """
    cells, lon, lat = list[Cell](), list[Floats](), list[Floats]()
    number = list[int]()
    pieces = stretches(agreement)
    for line_id in dict.fromkeys(one.line_id for one in pieces):
        line = agreement.lines[line_id]
        for side in (Side.LEFT, Side.RIGHT):
            for piece in pieces:
                if piece.line_id != line_id:
                    continue
                for from_m, to_m in _parts(piece, cell_m):
                    places = _places(line, side, (from_m, to_m), depth_m)
                    lon.append(places[0])
                    lat.append(places[1])
                    number += [len(cells)] * len(places[0])
                    cells.append(Cell(line_id, piece.sector_id, side, from_m, to_m, depth_m))
    names = {one.sector_id: one.name for one in reversed(pieces)}
    ordered = {one.sector_id: names[one.sector_id] for one in pieces}
    flat = [np.concatenate(column) if column else np.zeros(0) for column in (lon, lat)]
    return Cells(tuple(cells), ordered, flat[0], flat[1], np.array(number, dtype=np.int64))


def stretches(agreement: Agreement) -> list[Stretch]:
    """The sectors of an agreement's lines, in its order, and what of those lines is in none."""
    found = list[Stretch]()
    lines = dict.fromkeys(sector.line_id for sector in agreement.sectors) or dict.fromkeys(agreement.lines)
    for line_id in lines:
        name, at_m = agreement.line_table(line_id).title, 0.0
        for sector in sorted((one for one in agreement.sectors if one.line_id == line_id), key=lambda one: one.from_m):
            if sector.from_m > at_m + 1.0:
                found.append(Stretch(line_id, line_id, name, at_m, sector.from_m))
            if sector.to_m > max(at_m, sector.from_m):
                begin_m = max(at_m, sector.from_m)
                found.append(Stretch(line_id, sector.sector_id, sector.name, begin_m, sector.to_m))
                at_m = sector.to_m
        length_m = agreement.lines[line_id].length_m
        if length_m > at_m + 1.0:
            found.append(Stretch(line_id, line_id, name, at_m, length_m))
    return found


def _parts(piece: Stretch, cell_m: float) -> list[tuple[float, float]]:
    """Parts of equal length."""
    count = max(1, int(np.ceil((piece.to_m - piece.from_m) / cell_m - 1e-9)))
    ends_m = np.linspace(piece.from_m, piece.to_m, count + 1).tolist()
    return list(pairwise(ends_m))


def _places(line: Line, side: Side, between_m: tuple[float, float], depth_m: float) -> tuple[Floats, Floats]:
    """A lattice in chainage and offset, without what a bend of the line puts on the other side."""
    along_m, across_m = _middles(*between_m), _middles(0.0, depth_m)
    chainage_m, offset_m = (column.ravel() for column in np.meshgrid(along_m, across_m, indexing="ij"))
    sign = -1.0 if side is Side.LEFT else 1.0
    lon, lat = line.place(chainage_m, sign * offset_m)
    kept = line.locate(lon, lat).side == _CODES[side]
    return (lon[kept], lat[kept]) if kept.any() else (lon, lat)


def _middles(begin_m: float, end_m: float) -> Floats:
    count = min(MOST_ACROSS, max(1, round((end_m - begin_m) / LATTICE_M)))
    return np.asarray(begin_m + (end_m - begin_m) * (np.arange(count) + 0.5) / count)
