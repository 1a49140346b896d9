"""The live view of a monitor at work: what is played, the counts, a strip of the line, the alerts as they arrive."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from pipeline.agreement import Agreement
from pipeline.cli.alert_table import STYLES, clock
from pipeline.cli.common import number
from pipeline.cli.strip import ROWS, Strip, blocks_or_ascii
from pipeline.cli.whereabouts import off_line, place, short_place
from pipeline.cli.words import probability, zone_name, zone_of
from pipeline.model.records import Alert

_KEPT = 200
_RATE_OVER = 40
_HEAD = 4
_LEAST_STREAM = 4
_SHORT_ID, _LONG_ID, _TIME, _PLACE, _OFF = 9, 23, 9, 26, 28
PLAIN_WIDTH = 140
_WIDE, _NARROW = 120, 64
"""Columns from which an id has room to stand whole, and below which a provision has none."""


class Counts(NamedTuple):
    """What has come in so far."""

    reports: int = 0
    rejected: int = 0
    incidents: int = 0
    unresolved: int = 0
    alerts: int = 0
    possible: int = 0


class LiveView:
    """Everything that the screen shows; it is drawn anew to the terminal's size each time.

    Attributes:
        console: where the console of it can be opened; empty where there is none.
        ended: there is no more to come.
    """

    def __init__(self, agreement: Agreement, scenario: str, pace: float, encoding: str) -> None:
        self.agreement, self.scenario, self.pace = agreement, scenario, pace
        self.now: datetime = agreement.in_force[0]
        self.counts = Counts()
        self.console, self.ended = "", False
        self._seen: deque[tuple[float, int]] = deque(maxlen=_RATE_OVER)
        self._alerts: deque[Alert] = deque(maxlen=_KEPT)
        self._strip = Strip(agreement, blocks_or_ascii(encoding))

    def add(self, alerts: Iterable[Alert]) -> None:
        """Alerts that were just raised."""
        for alert in alerts:
            self._alerts.append(alert)
            self._strip.add(alert)

    def count(self, counts: Counts, at_s: float) -> None:
        """What has come in by a time of a monotonic clock."""
        self.counts = counts
        self._seen.append((at_s, counts.reports))

    def _per_second(self) -> float:
        """Reports a second over the last looks."""
        (begin, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - begin) if end > begin else 0.0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or options.max_height
        lines = [*self._head(), Text("")]
        if height >= _HEAD + ROWS + _LEAST_STREAM:
            lines.extend(self._strip.lines(width, self.now))
            lines.append(Text(f"{self._strip.legend()} · listed as they arrive · p: probability", "dim"))
        lines.append(Text(_row(_HEADINGS, width), "bold"))
        room = max(1, height - len(lines))
        recent = list(self._alerts)[-room:]
        lines.extend(alert_line(alert, self.agreement, width) for alert in recent)
        if not recent:
            lines.append(Text("no alert yet", "dim"))
        for line in lines[:height]:
            line.truncate(width, overflow="ellipsis")
            yield line

    def _head(self) -> list[Text]:
        first = Text(self.agreement.name, "bold")
        if self.agreement.tables.header.hypothetical:
            first.append("  HYPOTHETICAL", "bold yellow")
        first.append(f"   simulated: {self.scenario}, {self.pace:,.0f} times as fast")
        zone = zone_of(self.agreement)
        local = f"  ({clock(self.now, zone)} {zone_name(zone)})" if zone is not None else ""
        counts, rate = self.counts, self._per_second() if self._seen else 0.0
        figures = (
            f"reports {number(counts.reports)} ({rate:.0f}/s)   rejected {number(counts.rejected)}   "
            f"incidents {number(counts.incidents)}   "
        )
        last = Text(figures)
        last.append(f"alerts {number(counts.alerts)}", "bold")
        last.append(f"   possible {number(counts.possible)}   rumours {number(counts.unresolved)}")
        clock_line = Text(f"{self.now:%Y-%m-%d %H:%M:%S} UTC{local}   ")
        if self.console:
            clock_line.append(f"console {self.console}   ", "bold")
        clock_line.append("the scenario has ended; Ctrl-C ends the console" if self.ended else "Ctrl-C ends")
        return [first, clock_line, last]


class _Cells(NamedTuple):
    time: str
    severity: str
    provision: str
    place: str
    off: str
    probability: str
    alert_id: str


_HEADINGS = _Cells("time", "severity", "provision", "place", "off the drawn line", "p", "id")


def alert_line(alert: Alert, agreement: Agreement | None, width: int) -> Text:
    """One alert on one line of a width; time is UTC."""
    cells = _Cells(
        f"{alert.observed_from:%H:%M:%S}",
        alert.severity.value,
        alert.provision,
        place(alert, agreement) if width >= _WIDE else short_place(alert, agreement),
        off_line(alert, agreement),
        probability(alert.probability),
        alert.alert_id,
    )
    text = Text(_row(cells, width))
    text.stylize(STYLES[alert.severity], _TIME, _TIME + len(alert.severity))
    return text


def plain_line(alert: Alert, agreement: Agreement | None) -> str:
    """One alert as a line where there is no screen; a terminal that is narrower folds it, as an id is never cut."""
    return alert_line(alert, agreement, PLAIN_WIDTH).plain.rstrip()


def _row(cells: _Cells, width: int) -> str:
    """Cells in columns; where there is little room the distance goes first, then the provision and the id's end."""
    tail = f" {cells.probability:<4} {cells.alert_id if width >= _WIDE else cells.alert_id[:_SHORT_ID]}"
    provision = f"{set_cell_size(cells.provision, 15)} " if width >= _NARROW else ""
    head = f"{cells.time:<{_TIME}}{cells.severity:<9}{provision}"
    # The headings' own id is shorter than an alert's.
    room = max(1, width - cell_len(head) - 6 - (_LONG_ID if width >= _WIDE else _SHORT_ID))
    where = cells.place
    if room >= _PLACE + _OFF:
        where = f"{set_cell_size(cells.place, room - _OFF - 1)} {set_cell_size(cells.off, _OFF)}"
    return head + set_cell_size(where, room) + tail
