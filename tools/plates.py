"""Plain SVG drawings of places on the Earth: a sheet to draw on, a view that maps it, and the outline of an answer."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from pipeline.geometry.earth import Bools, Floats, Frames, Geometry, to_lonlat
from pipeline.geometry.line import Line
from pipeline.geometry.places import Places

INK, GREY, BLUE, ORANGE, RED = "#1f2933", "#5c6773", "#2b6cb0", "#c05621", "#c53030"
PALE = {BLUE: "#d6e6f5", ORANGE: "#fbe3cf", GREY: "#e9ecef", RED: "#f8c9c9"}
"""The fill that goes with a stroke."""

STEP_PX = 1.0
"""The grid on which an outline is sought; where it meets the grid is then found by bisection."""

_BISECTIONS = 10

Answer = Callable[[Places], Bools]


class Box(NamedTuple):
    """A rectangle of a sheet, in pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class View:
    """A rectangle of a sheet through which the ground about a place is seen, north up.

    Args:
        middle: longitude and latitude of the rectangle's middle.
    """

    def __init__(self, box: Box, middle: tuple[float, float], metres_per_px: float) -> None:
        self.box, self._metres_per_px = box, metres_per_px
        self._frame = Frames(np.array(middle[:1]), np.array(middle[1:]))
        self._x, self._y = box.x + box.width / 2.0, box.y + box.height / 2.0

    @property
    def inner(self) -> Geometry:
        """The rectangle without its edge."""
        return rectangle(self.box).buffer(-0.5, join_style="mitre")

    def places(self, x: ArrayLike, y: ArrayLike) -> Places:
        """The places at some pixels."""
        east_m = (np.asarray(x, dtype=float) - self._x) * self._metres_per_px
        north_m = (self._y - np.asarray(y, dtype=float)) * self._metres_per_px
        return Places.on_earth(self._frame.to_earth(np.zeros(len(east_m), dtype=np.intp), east_m, north_m))

    def lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """The longitudes and latitudes of some pixels."""
        return to_lonlat(self.places(x, y).earth)

    def pixels(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Where some places are drawn, of shape (n, 2)."""
        lons, lats = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
        east_m, north_m = self._frame.from_lonlat(0, lons, lats)
        return np.column_stack([self._x + east_m / self._metres_per_px, self._y - north_m / self._metres_per_px])

    def line(self, corners: Floats) -> Line:
        """The line through some pixels, of shape (n, 2)."""
        return Line(*self.lonlat(corners[:, 0], corners[:, 1]))

    def at(self, line: Line, chainage_m: ArrayLike, offset_m: ArrayLike = 0.0) -> Floats:
        """Where places given by chainage and offset are drawn, of shape (n, 2)."""
        return self.pixels(*line.place(np.atleast_1d(chainage_m), offset_m))

    def outline(self, answer: Answer) -> Geometry:
        """The part of the rectangle whose places have an answer, as polygons in pixels.

        Its edge is found by bisection wherever it meets a fine grid: it is what was answered, not what was expected.
        """
        x = np.arange(self.box.x - STEP_PX, self.box.x + self.box.width + 1.5 * STEP_PX, STEP_PX)
        y = np.arange(self.box.y - STEP_PX, self.box.y + self.box.height + 1.5 * STEP_PX, STEP_PX)
        nodes = np.stack(np.meshgrid(x, y), axis=-1)
        inside = answer(self.places(nodes[..., 0].ravel(), nodes[..., 1].ravel())).reshape(nodes.shape[:2])
        inside[[0, -1]] = inside[:, [0, -1]] = False

        def meeting(one: Floats, other: Floats, one_in: Bools, other_in: Bools) -> Floats:
            """Where the edge meets the grid between nodes; NaN where it does not."""
            differ = np.nonzero(one_in != other_in)
            low, high, low_in = one[differ], other[differ], one_in[differ]
            for _ in range(_BISECTIONS):
                middle = (low + high) / 2.0
                like_low = (answer(self.places(middle[:, 0], middle[:, 1])) == low_in)[:, None]
                low, high = np.where(like_low, middle, low), np.where(like_low, high, middle)
            found = np.full(one.shape, np.nan)
            found[differ] = (low + high) / 2.0
            return found

        across = meeting(nodes[:, :-1], nodes[:, 1:], inside[:, :-1], inside[:, 1:])
        down = meeting(nodes[:-1], nodes[1:], inside[:-1], inside[1:])
        return _polygons(across, down, self.box)


def _polygons(across: Floats, down: Floats, box: Box) -> Geometry:
    """Polygons whose edges join, in each square of a grid, the two places where an edge meets its sides."""
    sides = np.stack([across[:-1], down[:, 1:], across[1:], down[:, :-1]], axis=2).reshape(-1, 4, 2)
    met = np.isfinite(sides[..., 0])
    pairs = sides[met.sum(axis=1) == 2][met[met.sum(axis=1) == 2]].reshape(-1, 2, 2)
    # A square with all four sides met is a saddle: any of its two readings will do, as it is no larger than a pixel.
    saddles = sides[met.all(axis=1)].reshape(-1, 2, 2)
    rings = shapely.get_parts(
        shapely.polygonize([shapely.union_all(shapely.linestrings(np.concatenate([pairs, saddles])))])
    )
    whole: Geometry = shapely.Polygon()
    for ring in sorted(rings, key=lambda ring: float(-ring.area)):
        whole = whole.symmetric_difference(shapely.Polygon(ring.exterior))
    return shapely.simplify(whole.intersection(rectangle(box)), 0.08)


def rectangle(box: Box) -> Geometry:
    """A box as a polygon."""
    return shapely.box(box.x, box.y, box.x + box.width, box.y + box.height)


class Sheet:
    """A drawing, shape by shape, on white, so that it can be read on a dark page too."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'font-family="Helvetica, Arial, sans-serif" font-size="13">\n<title>{title}</title>\n'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        )
        self._shapes: list[str] = []

    def __str__(self) -> str:
        return self._head + "\n".join(self._shapes) + "\n</svg>\n"

    def area(self, geometry: Geometry, colour: str, *, fill: str | None = None, stroke: float = 1.2) -> None:
        """Polygons, filled with the pale of their colour."""
        rings = [ring for part in shapely.get_parts(geometry) for ring in (part.exterior, *part.interiors)]
        path = " ".join(f"M{_points(shapely.get_coordinates(ring)[:-1])}Z" for ring in rings)
        self._shapes.append(
            f'<path d="{path}" fill="{fill or PALE[colour]}" fill-rule="evenodd" '
            f'stroke="{colour}" stroke-width="{stroke}"/>'
        )

    def path(self, points: Floats, colour: str = INK, *, width: float = 1.0, dashed: bool = False) -> None:
        """An open path."""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self._shapes.append(
            f'<path d="M{_points(points)}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="round"{dash}/>'
        )

    def line(self, points: Floats) -> None:
        """A ceasefire line, with an arrow along it and its vertices."""
        self.path(points, INK, width=2.4)
        for x, y in points:
            self.dot(x, y, INK, 3.0)
        ahead = points[-1] - points[-2]
        ahead = ahead / np.hypot(*ahead)
        aside = np.array([-ahead[1], ahead[0]])
        tip = points[-1] + 11.0 * ahead
        corners = np.array([tip, tip - 10.0 * ahead + 4.5 * aside, tip - 10.0 * ahead - 4.5 * aside])
        self._shapes.append(f'<path d="M{_points(corners)}Z" fill="{INK}"/>')

    def dot(self, x: float, y: float, colour: str, radius: float = 4.0) -> None:
        """A place."""
        self._shapes.append(f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{colour}"/>')

    def text(
        self,
        x: float,
        y: float,
        *rows: str,
        colour: str = INK,
        anchor: str = "start",
        size: int = 13,
        bold: bool = False,
    ) -> None:
        """Rows of text, the first on y, with a white rim where it runs over something."""
        weight = ' font-weight="bold"' if bold else ""
        for number, row in enumerate(rows):
            self._shapes.append(
                f'<text x="{_number(x)}" y="{_number(y + number * (size + 4))}" fill="{colour}" font-size="{size}" '
                f'text-anchor="{anchor}"{weight} stroke="#ffffff" stroke-width="3" stroke-linejoin="round" '
                f'paint-order="stroke">{row}</text>'
            )


def _number(value: float) -> str:
    """To a tenth of a pixel, without a zero at the end or a minus before none."""
    return f"{round(float(value), 1) + 0.0:.1f}".removesuffix(".0")


def _points(points: Floats) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
