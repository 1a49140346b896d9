"""The cells of which footprints are made: sectors and triangles. Each can be divided in four, equal in area."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import RADIUS_M, Floats

Some = NDArray[np.intp]

_NOTHING = 1e-200

ROOM = 1.002
"""How much larger a cell's radius is taken than in local coordinates, for what those neglect."""


class Cells(Protocol):
    """Cells in the local coordinates of the footprints that they belong to. All figures are arrays over the cells.

    `owner` numbers the footprints; `weight` is a cell's share of its footprint. A crossed cell of a larger share than
    `coarse_weight` is divided whatever the sums say.
    """

    owner: Some
    weight: Floats

    @property
    def coarse_weight(self) -> float:
        """The share of a footprint above which a cell is no measure of what an edge leaves of it."""

    def __len__(self) -> int:
        """How many cells there are."""

    def centres_m(self) -> tuple[Floats, Floats]:
        """Metres east and north of the footprint's origin."""

    def radius_m(self) -> Floats:
        """The radius of a disc about the centre that holds the cell."""

    def round_m(self) -> Floats:
        """The radius of a disc as large as the cell: what stands for it where an edge crosses it."""

    def part(self, which: Some) -> "Cells":
        """Some of the cells."""

    def divided(self) -> "Cells":
        """Four cells of each, one cell's four after the other."""


class Sectors:
    """Cells between two azimuths and two ranges, of an observer who stood in such a cell himself.

    `rows`: azimuth from and to in radians and the squares of the ranges from and to; and the same four for where the
    observer stood, as seen from the place that is given.
    """

    coarse_weight = 1.0
    """They are compact and many from the beginning."""

    def __init__(self, owner: Some, rows: Floats, weight: Floats) -> None:
        self.owner, self.rows, self.weight = owner, rows, weight

    @classmethod
    def of(cls, parts: Sequence[Floats]) -> "Cells | None":
        """Sectors from rows that begin with the owner; divided, so that none is wider than it is deep."""
        if not parts:
            return None
        table = np.concatenate(parts)
        owner, rows = table[:, 0].astype(np.intp), table[:, 1:]
        width, depth = rows[:, 1] - rows[:, 0], rows[:, 3] - rows[:, 2]
        return cls(owner, rows, _weights(owner, width * depth, width)).divided().divided()

    def __len__(self) -> int:
        return len(self.owner)

    def centres_m(self) -> tuple[Floats, Floats]:
        """See `Cells`."""
        east, north = _centres_m(self.rows[:, :4])
        beside, ahead = _centres_m(self.rows[:, 4:])
        return east + beside, north + ahead

    def radius_m(self) -> Floats:
        """See `Cells`."""
        return (_radius_m(self.rows[:, :4]) + _radius_m(self.rows[:, 4:])) * ROOM

    def round_m(self) -> Floats:
        """See `Cells`."""
        doubled_m2 = sum(
            (self.rows[:, k + 1] - self.rows[:, k]) * (self.rows[:, k + 3] - self.rows[:, k + 2]) for k in (0, 4)
        )
        return np.sqrt(doubled_m2 / (2.0 * np.pi))

    def part(self, which: Some) -> "Sectors":
        """See `Cells`."""
        return Sectors(self.owner[which], self.rows[which], self.weight[which])

    def divided(self) -> "Sectors":
        """See `Cells`."""
        return self._halved()._halved()

    def _halved(self) -> "Sectors":
        """Across the longest way: along the arc or out from the middle, of the sector or of the observer's ground."""
        rows = np.repeat(self.rows, 2, axis=0)
        low, high = rows[::2], rows[1::2]
        longest = np.vstack([_extents_m(self.rows[:, :4]), _extents_m(self.rows[:, 4:])]).argmax(axis=0)
        for way, column in enumerate((0, 2, 4, 6)):
            which = np.flatnonzero(longest == way)
            middle = (self.rows[which, column] + self.rows[which, column + 1]) / 2.0
            low[which, column + 1] = high[which, column] = middle
        return Sectors(np.repeat(self.owner, 2), rows, np.repeat(self.weight / 2.0, 2))


def _middle_m(rows: Floats) -> Floats:
    return np.sqrt((rows[:, 2] + rows[:, 3]) / 2.0)


def _centres_m(rows: Floats) -> tuple[Floats, Floats]:
    turn, reach_m = (rows[:, 0] + rows[:, 1]) / 2.0, _middle_m(rows)
    return reach_m * np.sin(turn), reach_m * np.cos(turn)


def _radius_m(rows: Floats) -> Floats:
    middle, near, far = _middle_m(rows), np.sqrt(rows[:, 2]), np.sqrt(rows[:, 3])
    cosine = np.cos(np.minimum(rows[:, 1] - rows[:, 0], 2.0 * np.pi) / 2.0)
    corners = [np.sqrt(np.maximum(r * r + middle * middle - 2.0 * r * middle * cosine, 0.0)) for r in (near, far)]
    return np.maximum(np.maximum(*corners), np.maximum(far - middle, middle - near))


def _extents_m(rows: Floats) -> Floats:
    """Along the arc and out from the middle, of shape (2, n)."""
    near, far = np.sqrt(rows[:, 2]), np.sqrt(rows[:, 3])
    return np.array([(rows[:, 1] - rows[:, 0]) * (near + far) / 2.0, far - near])


class Triangles:
    """Cells with three corners; `rows`: metres east and north of each corner."""

    coarse_weight = 1.0 / 1_000.0
    """The first are few and may be long: two divisions may change nothing while an edge cuts off a corner."""

    def __init__(self, owner: Some, rows: Floats, weight: Floats) -> None:
        self.owner, self.rows, self.weight = owner, rows, weight

    @classmethod
    def of(cls, parts: Sequence[tuple[int, Floats]]) -> "Cells | None":
        """Triangles of several footprints, each with its number."""
        if not parts:
            return None
        owner = np.concatenate([np.full(len(rows), number, dtype=np.intp) for number, rows in parts])
        rows = np.concatenate([rows for _, rows in parts])
        made = cls(owner, rows, np.ones(len(rows)))
        # Local coordinates stretch what lies far off.
        true_size = made._size() * np.sinc(np.hypot(*made.centres_m()) / RADIUS_M / np.pi)
        length = np.hypot(rows[:, 2] - rows[:, 0], rows[:, 3] - rows[:, 1])
        made.weight = _weights(owner, true_size, length)
        return made

    def __len__(self) -> int:
        return len(self.owner)

    def centres_m(self) -> tuple[Floats, Floats]:
        """See `Cells`."""
        x, y = self.rows[:, 0::2], self.rows[:, 1::2]
        return (x[:, 0] + x[:, 1] + x[:, 2]) / 3.0, (y[:, 0] + y[:, 1] + y[:, 2]) / 3.0

    def radius_m(self) -> Floats:
        """See `Cells`."""
        east, north = self.centres_m()
        corners = [np.hypot(self.rows[:, k] - east, self.rows[:, k + 1] - north) for k in (0, 2, 4)]
        return np.asarray(np.maximum.reduce(corners) * ROOM)

    def round_m(self) -> Floats:
        """See `Cells`."""
        return np.sqrt(self._size() / (2.0 * np.pi))

    def part(self, which: Some) -> "Triangles":
        """See `Cells`."""
        return Triangles(self.owner[which], self.rows[which], self.weight[which])

    def divided(self) -> "Triangles":
        """See `Cells`."""
        return self._halved()._halved()

    def _halved(self) -> "Triangles":
        """Across the middle of the longest side, so that long ones become compact."""
        a, b, c = (self.rows[:, k : k + 2] for k in (0, 2, 4))
        sides = np.array([_length(b - a), _length(c - b), _length(a - c)])
        longest = sides.argmax(axis=0)[:, None]
        # Turned about, so that the longest side is the first.
        p, q, r = (
            np.where(longest == 0, one, np.where(longest == 1, two, three))
            for one, two, three in ((a, b, c), (b, c, a), (c, a, b))
        )
        middle = (p + q) / 2.0
        rows = np.stack([np.hstack([p, middle, r]), np.hstack([middle, q, r])], axis=1).reshape(-1, 6)
        return Triangles(np.repeat(self.owner, 2), rows, np.repeat(self.weight / 2.0, 2))

    def _size(self) -> Floats:
        """Twice the area."""
        x1, y1, x2, y2, x3, y3 = self.rows.T
        return np.asarray(np.abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)))


def _weights(owner: Some, size: Floats, length: Floats) -> Floats:
    """Each cell's share of its footprint: of its area; where there is none, of its length; else all alike."""
    weight = 1.0 / np.bincount(owner)[owner]
    for measure in (length, size):
        whole = np.bincount(owner, measure)[owner]
        some = whole > _NOTHING
        weight[some] = measure[some] / whole[some]
    return weight


def _length(sides: Floats) -> Floats:
    return np.hypot(sides[:, 0], sides[:, 1])
