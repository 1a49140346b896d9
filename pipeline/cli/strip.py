"""A small map of a line for the terminal: chainage across, one side above and the other below, shaded by alerts."""

from collections import deque
from datetime import datetime, timedelta
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from pipeline.agreement import Agreement
from pipeline.cli.alert_table import STYLES
from pipeline.cli.whereabouts import short_name
from pipeline.geometry.line import BEYOND, LEFT, UNPLACED
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Severity

BANDS_M = (2_000.0, 10_000.0, 75_000.0)
"""Distances from the line up to which its rows reach, on each side; what is farther off is not on the strip."""

RECENT = timedelta(hours=6)
"""How long an alert stays on the strip, in the time of what is shown."""

ROWS = 2 * len(BANDS_M) + 3
_MARGIN = 20
_STEPS = (1, 2, 4, 8)
"""How many alerts in a cell each shade stands for, and more."""

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Glyphs(NamedTuple):
    """The characters of a strip: shades from few to many, the line, a marker on it, a border of sectors."""

    shades: str
    line: str
    marker: str
    border: str


BLOCKS = Glyphs("░▒▓█", "━", "┿", "│")
ASCII = Glyphs(".:*#", "-", "+", "|")


class _Spot(NamedTuple):
    time: datetime
    chainage_m: float
    row: int
    severity: Severity


class Strip:
    """The strip along an agreement's first line. Alerts are placed by where they are, whichever line judged them."""

    def __init__(self, agreement: Agreement, glyphs: Glyphs = BLOCKS) -> None:
        self._line_id, self._line = next(iter(agreement.lines.items()))
        self._agreement, self._glyphs = agreement, glyphs
        self._spots: deque[_Spot] = deque()
        table = agreement.line_table(self._line_id)
        self._sides = (short_name(table.left or "left"), short_name(table.right or "right"))

    def add(self, alert: Alert) -> None:
        """Marks an alert, if it is near enough."""
        if alert.lon is None or alert.lat is None:
            return
        located = self._line.locate([alert.lon], [alert.lat])
        side, away_m = int(located.side[0]), abs(float(located.offset_m[0]))
        if side in (BEYOND, UNPLACED) or away_m > BANDS_M[-1]:
            return
        band = next(number for number, reach_m in enumerate(BANDS_M) if away_m <= reach_m)
        row = len(BANDS_M) - 1 - band if side == LEFT else len(BANDS_M) + 1 + band
        self._spots.append(_Spot(alert.observed_from, float(located.chainage_m[0]), row, alert.severity))

    def lines(self, width: int, now: datetime) -> list[Text]:
        """The strip in `ROWS` lines of a width, as it is at a time."""
        self._spots = deque(spot for spot in self._spots if spot.time >= now - RECENT)
        across = max(10, width - _MARGIN)
        cells: dict[tuple[int, int], list[Severity]] = {}
        for spot in self._spots:
            cells.setdefault((spot.row, self._column(spot.chainage_m, across)), []).append(spot.severity)
        middle = len(BANDS_M)
        rows = [self._sectors(across)]
        for row in range(2 * middle + 1):
            body = self._drawn_line(across) if row == middle else self._heat(row, across, cells)
            rows.append(Text().append(self._label(row), "dim").append_text(body))
        return [*rows, self._names(across)]

    def legend(self) -> str:
        """What the shades say."""
        shades = " ".join(f"{shade} {step}" for shade, step in zip(self._glyphs.shades, _STEPS, strict=True))
        return f"{shades}+ alerts in {RECENT // timedelta(hours=1)} h"

    def _column(self, chainage_m: float, across: int) -> int:
        return min(across - 1, int(chainage_m / self._line.length_m * across))

    def _label(self, row: int) -> str:
        """The margin: whose side at the outer rows, the distance at each; the side says where a place lies."""
        middle = len(BANDS_M)
        if row == middle:
            return " " * _MARGIN
        band = middle - 1 - row if row < middle else row - middle - 1
        low = BANDS_M[band - 1] / 1000 if band else 0.0
        reach = f"{low:.0f}-{BANDS_M[band] / 1000:.0f} km"
        side = self._sides[row > middle] if row in (0, 2 * middle) else ""
        return f"{set_cell_size(side, 11)}{reach:>8} "

    def _heat(self, row: int, across: int, cells: dict[tuple[int, int], list[Severity]]) -> Text:
        text = Text()
        for column in range(across):
            found = cells.get((row, column))
            if not found:
                text.append(" ")
                continue
            shade = sum(len(found) >= step for step in _STEPS) - 1
            text.append(self._glyphs.shades[shade], STYLES[max(found, key=_RANK.__getitem__)])
        return text

    def _drawn_line(self, across: int) -> Text:
        drawn = [self._glyphs.line] * across
        for chainage_m, _ in self._markers():
            drawn[self._column(chainage_m, across)] = self._glyphs.marker
        return Text("".join(drawn))

    def _markers(self) -> list[tuple[float, str]]:
        chainages = self._agreement.marker_chainages_m[self._line_id]
        markers = self._agreement.line_table(self._line_id).markers
        return sorted((chainages[marker.id], marker.name) for marker in markers)

    def _sectors(self, across: int) -> Text:
        """Sector names, each between its ends, as far as it has room."""
        text = Text(" " * _MARGIN)
        at = 0
        own = (sector for sector in self._agreement.sectors if sector.line_id == self._line_id)
        for sector in sorted(own, key=lambda sector: sector.from_m):
            begin, end = self._column(sector.from_m, across), self._column(sector.to_m, across)
            room = end - max(begin, at)
            if room < 2:
                continue
            text.append(" " * (max(begin, at) - at))
            text.append(self._glyphs.border, "dim")
            text.append(_fitted(sector.name, room - 1), "bold")
            at = max(begin, at) + room
        return text

    def _names(self, across: int) -> Text:
        """Names of markers below their ticks; one that would touch the name before it is left out."""
        row = Text(" " * _MARGIN)
        at = 0
        for chainage_m, name in self._markers():
            begin = min(max(0, self._column(chainage_m, across) - cell_len(name) // 2), across - cell_len(name))
            if begin < at:
                continue
            row.append(" " * (begin - at) + name + " ", "dim")
            at = begin + cell_len(name) + 1
        row.rstrip()
        return row


def _fitted(name: str, room: int) -> str:
    if cell_len(name) <= room:
        return set_cell_size(name, room)
    return set_cell_size(name, room - 1) + "." if room > 3 else " " * room


def blocks_or_ascii(encoding: str) -> Glyphs:
    """The glyphs that a terminal's encoding can show.

    >>> blocks_or_ascii("utf-8").line, blocks_or_ascii("ascii").line
    ('━', '-')
    """
    try:
        "".join(BLOCKS).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS
