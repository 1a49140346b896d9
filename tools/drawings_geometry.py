"""Writes the drawings of docs/geometry.md: `make drawings`. What they show is what `pipeline.geometry` answers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import shapely

from pipeline.geometry.bands import IN, UNSURE
from pipeline.geometry.cells import Sectors
from pipeline.geometry.earth import GEOD, Bools, Floats, Frames, to_lonlat
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import BEYOND, LEFT, ON, RIGHT, Line
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.geometry.zones import CorridorZone, OffsetZone, Zone
from pipeline.model.footprint import Disc
from tools.plates import BLUE, GREY, INK, ORANGE, RED, Box, Sheet, View, rectangle

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MIDDLE = (37.5, 48.2)
WORDS = {LEFT: "left", ON: "on", RIGHT: "right", BEYOND: "beyond"}


def main() -> None:
    """Writes every drawing."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, drawing in DRAWINGS.items():
        (IMAGES / name).write_text(drawing(), encoding="utf-8")


def where() -> str:
    """Four places, and what is said of them."""
    sheet = Sheet(720, 350, "Chainage, offset and side of four places")
    view = View(Box(0, 0, 720, 350), MIDDLE, 25.0)
    corners = np.array([[70, 240, 400, 600], [235, 275, 135, 195]], dtype=float).T
    line = view.line(corners)
    sheet.line(corners)
    for kilometre in range(2, int(line.length_m / 1000.0), 2):
        sheet.path(view.at(line, [kilometre * 1000.0] * 2, [-90.0, 90.0]), INK)
        (x, y) = view.at(line, kilometre * 1000.0, 400.0)[0]
        sheet.text(x, y + 4, f"{kilometre} km", colour=GREY, anchor="middle", size=11)
    for place, aside in (
        ((265.0, 115.0), (-14, -12)),
        ((412.0, 50.0), (14, -4)),
        ((520.0, 285.0), (-14, 0)),
        ((652.0, 150.0), (0, -48)),
    ):
        _place(sheet, view, line, place, aside)
    sheet.text(20, 330, "dashed: to the nearest place on the line", colour=GREY, size=12)
    return str(sheet)


def _place(sheet: Sheet, view: View, line: Line, place: tuple[float, float], aside: tuple[float, float]) -> None:
    """A place, the way to its foot, and the answer in words."""
    x, y = place
    found = line.locate(*view.lonlat([x], [y]))
    side = int(found.side[0])
    colour = {LEFT: BLUE, RIGHT: ORANGE}.get(side, GREY)
    sheet.path(np.vstack([[[x, y]], view.at(line, found.chainage_m)]), colour, dashed=True, width=1.4)
    sheet.dot(x, y, colour, 5.0)
    anchor = "end" if aside[0] < 0 else "start" if aside[0] > 0 else "middle"
    rows = (f"chainage {found.chainage_m[0]:,.0f} m", f"offset {_signed(found.offset_m[0])} m", WORDS[side])
    sheet.text(x + aside[0], y + aside[1], *rows, colour=colour, anchor=anchor)


def corner() -> str:
    """Sides at a sharp bend, by the bisector; and what asking one of the two edges would give."""
    sheet = Sheet(720, 330, "Sides at a corner: by the bisector, and wrongly by one edge alone")
    for left, heading in ((0, "By the bisector, as here"), (365, "By the earlier edge alone")):
        view = View(Box(left + 10, 40, 335, 280), MIDDLE, 25.0)
        corners = np.array([[left + 40, left + 170, left + 65], [220, 225, 120]], dtype=float).T
        line = view.line(corners)
        first = view.line(corners[:2])
        _sides(sheet, view, line)
        if left:
            sheet.area(view.outline(partial(_misled, line=line, first=first)), RED)
        _rays(sheet, view, line, first.length_m, drawn_on=bool(left))
        sheet.line(corners)
        sheet.text(left + 12, 26, heading, bold=True)
        sheet.text(left + 30, 180, "left", colour=BLUE)
        sheet.text(left + 45, 285, "right", colour=ORANGE)
        if left:
            sheet.text(left + 249, 168, "right of the", "line, but would", "be called left", colour=RED, size=12)
    return str(sheet)


def _sides(sheet: Sheet, view: View, line: Line) -> None:
    """All that lies left of a line in one colour, right of it in another."""
    sheet.area(rectangle(view.box), ORANGE, stroke=0.0)
    sheet.area(view.outline(lambda places: places.along(line).left), BLUE, stroke=0.0)


def _misled(places: Places, line: Line, first: Line) -> Bools:
    """Places nearest to the bend that the first edge, drawn on, has on its other side."""
    found = places.along(line)
    at_bend = np.abs(found.chainage_m - first.length_m) < 0.01
    return np.asarray(at_bend & (places.along(first).left != found.left))


def _rays(sheet: Sheet, view: View, line: Line, bend_m: float, *, drawn_on: bool) -> None:
    """The square lines that bound the places nearest to a bend; and the bisector, or the edge drawn on."""
    before, bend, after = view.at(line, [bend_m - 1.0, bend_m, bend_m + 1.0])
    into, out = ((to - of) / np.hypot(*(to - of)) for to, of in ((bend, before), (after, bend)))
    for way in (into, out):
        sheet.path(np.array([bend, bend + 80.0 * np.array([-way[1], way[0]])]), GREY, dashed=True)
    ahead = into if drawn_on else (into - out) / np.hypot(*(into - out))
    sheet.path(np.array([bend, bend + 140.0 * ahead]), INK, dashed=True, width=1.4)
    x, y = bend + 75.0 * ahead
    sheet.text(x - 20.0, y + 22.0, "the edge, drawn on" if drawn_on else "bisector", size=12)


def corners() -> str:
    """A zone at an outer and at an inner corner; and its drawing's edge, magnified."""
    sheet = Sheet(720, 580, "A zone from 1 to 4 km left of a line: an arc at the outer corner, a kink at the inner")
    view = View(Box(0, 0, 720, 340), MIDDLE, 27.0)
    corners = np.array([[105, 290, 480, 680], [320, 195, 300, 215]], dtype=float).T
    line = view.line(corners)
    zone = OffsetZone("zone", "line", line, LEFT, 1_000.0, 4_000.0)
    sheet.area(view.outline(zone.contains), BLUE)
    sheet.line(corners)
    bend_m = float(line.locate(*view.lonlat([290], [195])).chainage_m[0])
    for step_m in (-0.5, 0.5):
        sheet.path(view.at(line, [bend_m, bend_m + step_m], [0.0, -4_000.0]), GREY, dashed=True)
    sheet.text(290, 28, "arc: 4 km from the vertex", anchor="middle", size=12)
    sheet.text(500, 90, "kink: 4 km from both edges", anchor="middle", size=12)
    sheet.text(465, 210, "zone: 1 to 4 km left", colour=BLUE, size=12, anchor="middle")
    _flattened(sheet, Box(60, 410, 630, 140))
    return str(sheet)


def _flattened(sheet: Sheet, box: Box) -> None:
    """How far the drawing of a zone of 50 km is from the zone, round its outer corner."""
    lon, lat = MIDDLE
    tips = GEOD.fwd([lon, lon], [lat, lat], [240.0, 120.0], [80_000.0, 80_000.0])
    line = Line([tips[0][0], lon, tips[0][1]], [tips[1][0], lat, tips[1][1]])
    zone = OffsetZone("zone", "line", line, LEFT, 0.0, 50_000.0)
    drawn = zone.drawing()
    turn = np.linspace(-15.0, 15.0, 481)
    real_m = _edge_m(turn, lambda lons, lats: zone.contains(Places(lons, lats)))
    drawn_m = _edge_m(turn, lambda lons, lats: np.asarray(shapely.contains_xy(drawn, lons, lats)))

    def plotted(away_m: Floats) -> Floats:
        x = box.x + (turn + 15.0) / 30.0 * box.width
        return np.column_stack([x, box.y - (away_m - 50_000.0) * box.height / 20.0])

    sheet.text(20, box.y - 38, "The edge of a zone of 50 km round such a corner, heights magnified", bold=True)
    for metres in (0, -10, -20):
        y = float(plotted(np.full(turn.shape, 50_000.0 + metres))[0, 1])
        sheet.path(np.array([[box.x, y], [box.x + box.width, y]]), "#d5dbe1")
        sheet.text(box.x - 8, y + 4, f"{_signed(metres)} m", colour=GREY, anchor="end", size=11)
    sheet.path(plotted(drawn_m), RED, width=1.6)
    sheet.path(plotted(real_m), BLUE, width=2.2)
    sheet.text(box.x, box.y - 10, "the zone: all round just 50 km from the vertex", colour=BLUE, size=12)
    sheet.text(box.x, box.y + 130, "a buffered polygon, as maps show it", colour=RED, size=12)
    sheet.text(box.x + box.width, box.y + 158, "30 degrees round the vertex: 26 km", colour=GREY, anchor="end", size=11)


def _edge_m(turn_deg: Floats, inside: Callable[[Floats, Floats], Bools]) -> Floats:
    """How far from the middle an edge lies, in each direction."""
    low, high = np.full(turn_deg.shape, 40_000.0), np.full(turn_deg.shape, 60_000.0)
    origin = np.full(turn_deg.shape, MIDDLE[0]), np.full(turn_deg.shape, MIDDLE[1])
    for _ in range(24):
        half_way = (low + high) / 2.0
        within = inside(*GEOD.fwd(*origin, turn_deg, half_way)[:2])
        low, high = np.where(within, half_way, low), np.where(within, high, half_way)
    return low


def ends() -> str:
    """Where zones end: cut square by chainage, or round."""
    sheet = Sheet(720, 310, "An offset zone ends square; a corridor's ends are round")
    for left, heading in ((0, "Offset zone, 2 km on both sides"), (360, "Corridor, within 2 km")):
        view = View(Box(left, 36, 360, 274), MIDDLE, 25.0)
        corners = np.array([[left + 20, left + 150, left + 265], [250, 190, 155]], dtype=float).T
        line = view.line(corners)
        stretch = 3_000.0, line.length_m
        zone: Zone = OffsetZone("zone", "line", line, 0, 0.0, 2_000.0, stretch)
        if left:
            zone = CorridorZone("zone", "line", line, 2_000.0, stretch)
        sheet.area(view.outline(zone.contains), BLUE)
        sheet.line(corners)
        (x, y) = view.at(line, stretch[0])[0]
        sheet.dot(x, y, RED, 5.0)
        sheet.text(x - 8, y - 12, "marker", colour=RED, anchor="end", size=12)
        if not left:
            sheet.text(20, 110, "other", "chainages", colour=GREY, size=12)
            sheet.text(318, 115, "beyond", colour=GREY, anchor="middle", size=12)
        sheet.text(left + 20, 26, heading, bold=True)
    return str(sheet)


TOUCHES = {
    "The line goes on past itself": (235.0, 205.0, 155.0, 125.0),
    "It comes back on the inside": (235.0, 205.0, 125.0, 155.0),
}
"""Directions of the four arms about a touch, in the order in which the line runs through them."""


def touching() -> str:
    """Sides about a place where a line touches itself."""
    sheet = Sheet(720, 350, "Sides where a line touches itself: the pass that is angularly the nearest decides")
    for number, (heading, azimuths) in enumerate(TOUCHES.items()):
        left = 10.0 + 360.0 * number
        view = View(Box(left, 40, 340, 300), MIDDLE, 10.0)
        corners = _twice_through((left + 170.0, 165.0), azimuths, inside=bool(number))
        line = view.line(corners)
        _sides(sheet, view, line)
        for square in np.radians([azimuths[0] + 90.0, azimuths[2 if number else 3] - 90.0]):
            reach = np.array([[0.0], [120.0]]) * [np.sin(square), -np.cos(square)]
            sheet.path(np.array([left + 170.0, 165.0]) + reach, GREY, dashed=True)
        sheet.line(corners)
        sheet.text(left + 2, 26, heading, bold=True)
        sheet.text(left + 35, 192, "first pass", size=12)
        sheet.text(left + 305, 192, "second pass", size=12, anchor="end")
        sheet.text(left + 170, 62, "nearest to the touch", size=12, anchor="middle", colour=GREY)
        for x, word, colour in ((55, "left", BLUE), (285, "right" if number else "left", ORANGE if number else BLUE)):
            sheet.text(left + x, 110, word, colour=colour, anchor="middle")
    return str(sheet)


def _twice_through(touch: tuple[float, float], azimuths: tuple[float, float, float, float], *, inside: bool) -> Floats:
    """The corners, in pixels, of a line that comes through a place twice; it may come back by the far arm, inside."""
    x, y = touch
    turn = np.radians(azimuths)
    arms_x, arms_y = x + 120.0 * np.sin(turn), y - 120.0 * np.cos(turn)
    between = (
        ([arms_x[1], arms_x[2] + 25.0, arms_x[2] + 25.0], [y + 160.0, y + 160.0, arms_y[2]]) if inside else ([], [])
    )
    xs = [arms_x[0], x, arms_x[1], *between[0], arms_x[2], x, arms_x[3]]
    ys = [arms_y[0], y, arms_y[1], *between[1], arms_y[2], y, arms_y[3]]
    return np.column_stack([xs, ys])


def shares() -> str:
    """The share of a disc in a zone, as the sum over its cells."""
    sheet = Sheet(720, 330, "The share of a disc in a zone: the sum over its cells")
    for number, (left, name) in enumerate(((0, "Cells to begin with"), (240, "Divided once"), (480, "Divided twice"))):
        view = View(Box(left + 10, 40, 220, 225), MIDDLE, 80.0)
        corners = np.array([[left - 300, left + 130, left + 500], [270, 370, 110]], dtype=float).T
        line = view.line(corners)
        zone = OffsetZone("zone", "line", line, LEFT, 0.0, 16_000.0)
        shown = view.outline(zone.contains)
        sheet.area(shown, GREY, stroke=0.0)
        lon, lat = view.lonlat([left + 112.0], [150.0])
        disc = Footprints([Disc(float(lon[0]), float(lat[0]), 6_800.0)], {})
        proved = _cells(sheet, view, zone, disc, number)
        for edge in shapely.get_parts(shapely.line_merge(shown.boundary.intersection(view.inner))):
            sheet.path(shapely.get_coordinates(edge), INK, width=1.6)
        sheet.text(left + 12, 26, name, bold=True)
        sheet.text(left + 12, 288, f"proved within: {proved[0]:.3f}", colour=BLUE, size=12)
        sheet.text(left + 12, 304, f"on an edge: {proved[1]:.3f}", colour=RED, size=12)
        share = membership(disc, [zone], [], Places(disc.lon, disc.lat)).each[0, 0]
    sheet.text(708, 322, f"the answer: {share:.3f}", anchor="end", size=12, bold=True)
    return str(sheet)


def _cells(sheet: Sheet, view: View, zone: Zone, disc: Footprints, divisions: int) -> tuple[float, float]:
    """Draws a disc's cells after some divisions; the shares of those proved within, and of those on an edge."""
    frame, (cells,) = disc.frames([0]), disc.cells([0])
    within = 0.0
    for division in range(divisions + 1):
        state = zone.settle(Places.on_earth(frame.to_earth(cells.owner, *cells.centres_m())), cells.radius_m())
        assert isinstance(cells, Sectors)
        for row, settled in zip(cells.rows, state.tolist(), strict=True):
            last = division == divisions or settled != UNSURE
            if last:
                _cell(sheet, view, frame, row, {IN: BLUE, UNSURE: RED}.get(settled, GREY))
        within += float(cells.weight[state == IN].sum())
        crossed = cells.part(np.flatnonzero(state == UNSURE))
        cells = crossed.divided()
    return within, float(crossed.weight.sum())


def _cell(sheet: Sheet, view: View, frame: Frames, row: Floats, colour: str) -> None:
    """One cell of a disc: between two azimuths and two ranges."""
    turn = np.linspace(row[0], row[1], 9)
    turn = np.concatenate([turn, turn[::-1]])
    reach_m = np.repeat(np.sqrt(row[2:4]), 9)
    lon, lat = to_lonlat(frame.to_earth(np.zeros(18, dtype=np.intp), reach_m * np.sin(turn), reach_m * np.cos(turn)))
    fill = "#ffffff" if colour == GREY else None
    sheet.area(shapely.simplify(shapely.Polygon(view.pixels(lon, lat)), 0.1), colour, fill=fill, stroke=0.6)


def _signed(metres: float) -> str:
    return f"{metres:,.0f}".replace("-", "−")


DRAWINGS: dict[str, Callable[[], str]] = {
    "geometry-where.svg": where,
    "geometry-corner.svg": corner,
    "geometry-corners.svg": corners,
    "geometry-ends.svg": ends,
    "geometry-touching.svg": touching,
    "geometry-shares.svg": shares,
}

if __name__ == "__main__":
    main()
