"""The list: drawn a line at a time, so that it is as quick with 50,000 alerts as with ten."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.listing import is_overdue
from pipeline.console.records import Listed
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.taxonomy import Severity
from pipeline.terminal.groups import Group, Item, unfolded
from pipeline.terminal.words import chance, harmless, lasting, marks, sign, whereabouts

HIGH = 2
"""Lines of an alert in the list."""

KEPT = 4_000

_ROOMY = 70
"""Columns from which there is room for whole sentences."""

STYLES = {
    Severity.GRAVE: Style.parse("bold red"),
    Severity.SERIOUS: Style.parse("bold yellow"),
    Severity.MINOR: Style.parse("cyan"),
}
_DIM, _BOLD, _PLAIN, _CHOSEN = Style(dim=True), Style(bold=True), Style(), Style(reverse=True)


class Said(NamedTuple):
    """What an item of the list says: a sign, and a left and a right part of each line."""

    severity: Severity
    level: int
    waits: bool
    sign: str
    what: str
    figures: str
    where: str
    how: str


class AlertList(ScrollView, can_focus=False):
    """The list of alerts, of which one is chosen."""

    class Opened(Message):
        """An item was clicked."""

    def __init__(self, console: Console, **how: Any) -> None:
        super().__init__(**how)
        self._source = console
        self._all: Sequence[Item] = ()
        self._items: Sequence[Item] = ()
        self.kept: dict[tuple[str, int], Listed] = {}
        self.opened: set[str] = set()
        self.key, self.place = "", 0
        self.now: Callable[[], datetime] = lambda: console.now

    @property
    def items(self) -> Sequence[Item]:
        """What stands in the list, with the alerts of open groups."""
        return self._items

    @property
    def chosen(self) -> Item | None:
        """What is chosen; nothing at the beginning, or where what was chosen has left the list."""
        found = self._items[self.place] if self.place < len(self._items) else None
        return found if found is not None and found.key == self.key else None

    def show(self, items: Sequence[Item]) -> None:
        """Another list. What is chosen stays chosen, and stays where it is on the screen."""
        self._all, before = items, self.place
        self._items = unfolded(items, self.opened)
        if self.chosen is None and self.key:
            places = (place for place, item in enumerate(self._items) if item.key == self.key)
            # Where what was chosen has left the list, the one that took its place is next.
            self.place = next(places, min(self.place, max(0, len(self._items) - 1)))
        self._fit()
        if self.scroll_y > 0 and self.place != before:
            self._scroll(int(self.scroll_y) + HIGH * (self.place - before))
        self.refresh()

    def move(self, step: int) -> Item | None:
        """Chooses another item, so many further down."""
        return self.choose(self.place + step if self.chosen is not None else self.place)

    def choose(self, place: int) -> Item | None:
        """Chooses the item at a place, or the nearest that there is."""
        if not self._items:
            return None
        self.place = max(0, min(len(self._items) - 1, place))
        self.key = self._items[self.place].key
        self.bring()
        self.refresh()
        return self.chosen

    def bring(self) -> None:
        """Scrolls to what is chosen."""
        top, high = self.place * HIGH, self.scrollable_content_region.height
        if top < self.scroll_y:
            self._scroll(top)
        elif top + HIGH > self.scroll_y + high:
            self._scroll(top + HIGH - high)

    def fold(self, key: str, opened: bool | None = None) -> None:
        """Opens or closes a group."""
        wanted = key not in self.opened if opened is None else opened
        if wanted:
            self.opened.add(key)
        else:
            self.opened.discard(key)
        self.show(self._all)

    def listed(self, row: Row) -> Listed:
        """An alert with what is shown of it; what was told once is kept at hand."""
        key = (row.alert.alert_id, row.revision)
        known = self.kept.get(key)
        if known is None:
            if len(self.kept) >= KEPT:
                self.kept.clear()
            known = self.kept[key] = self._source.listed(row)
        return known

    def on_resize(self) -> None:
        """Keeps what is chosen in sight."""
        self._fit()
        self.bring()

    def on_click(self, event: events.Click) -> None:
        """Chooses and opens."""
        place = (int(self.scroll_y) + event.y) // HIGH
        if place < len(self._items):
            self.choose(place)
            self.post_message(self.Opened())

    def render_line(self, y: int) -> Strip:
        """One line of the list as it is on the screen."""
        width = self.scrollable_content_region.width
        place, line = divmod(int(self.scroll_y) + y, HIGH)
        if place >= len(self._items):
            empty = "  No alert passes the filters." if not self._items and y == 1 else ""
            return Strip([Segment(set_cell_size(empty, width), _DIM)], width)
        item = self._items[place]
        return _line(self._said(item, width), line, width, item.key == self.key)

    def _said(self, item: Item, width: int) -> Said:
        if isinstance(item, Group):
            return self._group(item)
        alert, now = self.listed(item.row), self.now()
        age = lasting(now - item.row.raised_at)
        return Said(
            alert.severity,
            item.level,
            is_unacknowledged(alert),
            alert.severity,
            harmless(alert.title),
            f"p {chance(alert.probability)}  {age:>7}",
            whereabouts(alert),
            ", ".join(marks(alert, is_overdue(item.row, now), width < _ROOMY)),
        )

    def _group(self, group: Group) -> Said:
        first, waiting = self.listed(group.rows[0]), len(group.waiting)
        folded = "▾" if group.key in self.opened else "▸"
        return Said(
            first.severity,
            1,
            waiting > 0,
            first.severity,
            f"{folded} {len(group.rows)} × {harmless(first.title)}",
            f"{lasting(self.now() - group.rows[0].raised_at):>7}",
            harmless(group.sector),
            f"{waiting} not acknowledged" if waiting else "all acknowledged",
        )

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, HIGH * len(self._items))

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, force=True, immediate=True)


def _line(said: Said, line: int, width: int, chosen: bool) -> Strip:
    """One of the two lines of an item."""
    indent = "  " * (said.level - 1)
    if line:
        how = (said.how, _PLAIN if chosen else _DIM)
        strip = _spread((f"{indent}   ", _PLAIN), (said.where, _PLAIN), how, width)
    else:
        head = (f"{indent} {sign(said.severity, said.waits)} {said.sign:<8} ", STYLES[said.severity])
        strip = _spread(head, (said.what, _BOLD if said.waits else _PLAIN), (said.figures, _PLAIN), width)
    return strip.apply_style(_CHOSEN) if chosen else strip


def _spread(head: tuple[str, Style], left: tuple[str, Style], right: tuple[str, Style], width: int) -> Strip:
    """Text at both ends of a line; what has no room is cut off, and of the right half of it at most."""
    used = cell_len(head[0])
    end = _cut(right[0], max(0, (width - used) // 2))
    room = max(0, width - used - cell_len(end) - 3)
    shown = set_cell_size(_cut(left[0], room), room)
    parts = [head, (shown, left[1]), ("  ", _PLAIN), (end, right[1]), (" ", _PLAIN)]
    return Strip([Segment(text, style) for text, style in parts if text]).adjust_cell_length(width)


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else set_cell_size(text, max(0, room - 1)) + "…"
