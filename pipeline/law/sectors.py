"""Where incidents stand in people's tables: in a sector of an agreement's lines, or why in none."""

from typing import NamedTuple

import numpy as np

from pipeline.agreement.compiled import Agreement, Sector
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import BEYOND
from pipeline.geometry.places import Places
from pipeline.model.term import Term

PLACE_M = 5_000.0
"""A footprint that reaches no farther than this stands in the sector in which its middle lies."""

FAR_M = 75_000.0
"""From here on a line's sectors say nothing of a place."""


class Unsectored(Term):
    """Why an incident stands in no sector."""

    NO_SECTOR = "no_sector", "near a line, where it has no sector"
    BEYOND = "beyond", "past a line's end"
    AWAY = "away", "far from the lines"
    BROAD = "broad", "an area too wide for one sector"
    NOWHERE = "nowhere", "no place named"


class Where(NamedTuple):
    """A sector by its id, or the reason why in none; of a table that is not by sector, neither."""

    sector: str | None = None
    unsectored: Unsectored | None = None


class Sectors:
    """The sectors of one agreement.

    Sectors of one id on several lines are one. A place goes by the nearest of the lines that have sectors.
    """

    def __init__(self, agreement: Agreement) -> None:
        self._sectors = agreement.sectors
        ids = list(dict.fromkeys(sector.line_id for sector in self._sectors))
        self._lines = [(agreement.lines[line_id], self._of_line(line_id)) for line_id in ids]
        self.names = {sector.sector_id: sector.name for sector in reversed(self._sectors)}
        self._rank = {name: number for number, name in enumerate(dict.fromkeys(s.sector_id for s in self._sectors))}

    def _of_line(self, line_id: str) -> list[Sector]:
        return sorted((one for one in self._sectors if one.line_id == line_id), key=lambda one: one.from_m)

    def rank(self, where: Where) -> int:
        """The place of a row in a table: sectors as the agreement lists them, then the reasons."""
        if where.sector is not None:
            return self._rank[where.sector]
        return len(self._rank) + (0 if where.unsectored is None else list(Unsectored).index(where.unsectored))

    def of(self, placed: Footprints) -> list[Where]:
        """Where each footprint stands."""
        if not self._lines:
            return [
                Where(unsectored=Unsectored.NO_SECTOR if known else Unsectored.NOWHERE)
                for known in placed.placed.tolist()
            ]
        places = Places(placed.lon, placed.lat)
        along = [places.along(line) for line, _ in self._lines]
        away_m = np.abs([located.offset_m for located in along])
        nearest = np.where(np.isfinite(away_m), away_m, np.inf).argmin(axis=0)
        rows = np.arange(len(placed))
        chainage_m = np.array([located.chainage_m for located in along])[nearest, rows]
        side = np.array([located.side for located in along])[nearest, rows]
        columns = (nearest, away_m[nearest, rows], chainage_m, side == BEYOND, placed.reach_m, placed.placed)
        return [self._where(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _where(self, line: int, away_m: float, chainage_m: float, beyond: bool, reach_m: float, placed: bool) -> Where:
        if not placed:
            return Where(unsectored=Unsectored.NOWHERE)
        near_m = reach_m if reach_m > PLACE_M else 0.0
        if away_m - near_m > FAR_M:
            return Where(unsectored=Unsectored.AWAY)
        if beyond or away_m > FAR_M:
            return Where(unsectored=Unsectored.BROAD if near_m else Unsectored.BEYOND)
        low, high = chainage_m - near_m, chainage_m + near_m
        for sector in self._lines[line][1]:
            if sector.from_m <= low and high <= sector.to_m:
                return Where(sector.sector_id)
        return Where(unsectored=Unsectored.BROAD if near_m else Unsectored.NO_SECTOR)
