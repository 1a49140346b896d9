"""The lines about the list: the store, the connection to it, the counts, the clock."""

from datetime import datetime, tzinfo
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from pipeline.model.taxonomy import Severity
from pipeline.terminal.feed import View
from pipeline.terminal.filters import Filters
from pipeline.terminal.listing import STYLES
from pipeline.terminal.words import clock, harmless, lasting, sign, zone_name, zone_of

STALE_S = 10.0
"""After so long without an answer of the store, what is shown counts as old."""


class Condition(NamedTuple):
    """How it stands with the store.

    Attributes:
        looked_at: when it was read last.
        trouble: why it cannot be read.
        latest: when its last change was decided on.
    """

    looked_at: datetime
    trouble: str = ""
    latest: datetime | None = None

    def is_stale(self, now: datetime) -> bool:
        """Whether what is shown is not how it stands."""
        return bool(self.trouble) or (now - self.looked_at).total_seconds() > STALE_S


def first_line(name: str, condition: Condition, now: datetime, zone: tzinfo, bell: bool, width: int) -> Text:
    """The store and whether it is live; the clock in UTC and in the agreement's zone."""
    state = "▲ Stale" if condition.is_stale(now) else "● Live"
    style = "bold red" if condition.is_stale(now) else "green"
    here = "" if zone == zone_of(None) else f" · {now.astimezone(zone):%H:%M} {zone_name(zone)}"
    right = f"{'bell on · ' if bell else ''}{clock(now)}{here}"
    room = max(0, width - cell_len(f"Truceline  {state}  ") - cell_len(right) - 2)
    left = harmless(name)
    shown = left if cell_len(left) <= room else "…" + left[len(left) - max(0, room - 1) :]
    return Text.assemble(
        ("Truceline", "bold"), "  ", (state, style), "  ", set_cell_size(shown, room), "  ", right, no_wrap=True
    )


def counts_line(view: View) -> Text:
    """How many nobody has acknowledged, by severity."""
    parts: list[tuple[str, str | Style]] = []
    for severity, count in view.waiting.items():
        parts += [(f"{sign(severity, count > 0)} {count} {severity}", STYLES[severity] if count else "dim"), ("  ", "")]
    return Text.assemble(*parts, "not acknowledged", no_wrap=True, overflow="ellipsis")


def order_line(view: View, filters: Filters, condition: Condition, started: datetime) -> Text:
    """What is listed, when something changed last, and the order."""
    many = "alert" if view.total == 1 else "alerts"
    only = f" · only {filters.says}" if filters.says else ""
    told = "no change since" if condition.latest is None else "last change"
    groups = f", grouped above {filters.budget} an hour" if filters.budget else ""
    said = f"{view.total:,} {many}{only} · {told} {clock(condition.latest or started)} · the gravest first{groups}"
    return Text(said, "dim", no_wrap=True, overflow="ellipsis")


def hidden_line(view: View | None) -> str:
    """What the filters are not to hide without a word."""
    if view is None or not view.hidden:
        return ""
    are = "alert, not acknowledged, is" if view.hidden == 1 else "alerts, not acknowledged, are"
    return f"{sign(Severity.GRAVE, True)} {view.hidden} grave {are} hidden by the filters"


def banner(condition: Condition, now: datetime) -> str:
    """What is said while the store cannot be read, or is old; empty while all is well."""
    if not condition.is_stale(now):
        return ""
    since = f"since {clock(condition.looked_at)} ({lasting(now - condition.looked_at)})"
    why = harmless(condition.trouble) or "it gives no answer"
    return f"▲ Stale {since}: what you see is as it was then. {why}"
