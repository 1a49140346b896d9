"""The list as it comes: looks at the store, and says what has changed since it looked last."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.console.board import Row, Snapshot
from pipeline.console.core import Console
from pipeline.console.listing import chosen
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.taxonomy import Severity
from pipeline.store.database import StoreError
from pipeline.store.history import Entry
from pipeline.terminal.filters import Filters
from pipeline.terminal.groups import Item, grouped
from pipeline.terminal.laws import Laws
from pipeline.terminal.words import GRAVEST_FIRST


class View(NamedTuple):
    """The list under some filters.

    Attributes:
        total: how many alerts are in it.
        waiting: of these, how many nobody has acknowledged, by severity.
        hidden: grave ones that nobody has acknowledged and that the filters hide.
    """

    items: Sequence[Item]
    total: int
    waiting: dict[Severity, int]
    hidden: int


class Look(NamedTuple):
    """What one look at the store gave.

    Attributes:
        view: None where nothing has changed.
        changed: ids of alerts of which something new was said; None where all of it is new.
        calls: grave alerts that have come to wait for somebody.
        latest: when the last change was decided on.
        trouble: why the store could not be read, or what it shows is not how things are now.
        took_s: how long it took.
    """

    view: View | None = None
    changed: frozenset[str] | None = frozenset()
    calls: tuple[Row, ...] = ()
    latest: datetime | None = None
    trouble: str = ""
    took_s: float = 0.0


class Feed:
    """Looks at a store, always from one thread."""

    def __init__(self, console: Console, laws: Laws) -> None:
        self._console, self._laws = console, laws
        self._snapshot: Snapshot | None = None
        self._filters: Filters | None = None
        self._graves: set[str] = set()

    def look(self, filters: Filters) -> Look:
        """What is there by now, and whether it is another than before."""
        began = time.monotonic()
        try:
            entries = self._console.board.refresh()
        except StoreError as error:
            return Look(trouble=str(error))
        before, snapshot = self._snapshot, self._console.snapshot
        # What is there may be shown, and old all the same.
        trouble = self._console.backend.trouble or ""
        if snapshot is before and filters == self._filters:
            return Look(trouble=trouble)
        whole = before is None or (snapshot is not before and not entries)
        calls = self._calls(snapshot, entries, whole)
        self._snapshot, self._filters = snapshot, filters
        return Look(
            self._view(snapshot, filters),
            None if whole else frozenset(one.said.alert.alert_id for one in entries),
            # What was there when the watch began calls nobody.
            () if before is None else calls,
            entries[-1].said.decided_at if entries else None,
            trouble,
            took_s=time.monotonic() - began,
        )

    def _view(self, snapshot: Snapshot, filters: Filters) -> View:
        console = self._console
        rows = list(chosen(snapshot, filters.wanted, console.now, console.place))
        waiting = dict.fromkeys(GRAVEST_FIRST, 0)
        for row in rows:
            if is_unacknowledged(row.alert):
                waiting[row.alert.severity] += 1
        hidden = max(0, len(self._graves) - waiting[Severity.GRAVE])
        return View(grouped(rows, filters.budget, self._laws.sector_of), len(rows), waiting, hidden)

    def _calls(self, snapshot: Snapshot, entries: Sequence[Entry], whole: bool) -> tuple[Row, ...]:
        """The grave alerts that wait since this look, be they in the list or not."""
        known = self._graves
        if whole:
            self._graves = {name for name, row in snapshot.rows.items() if _is_grave(row)}
        else:
            names = {one.said.alert.alert_id for one in entries}
            waits = {name for name in names if name in snapshot.rows and _is_grave(snapshot.rows[name])}
            self._graves = (known - names) | waits
        return tuple(snapshot.rows[name] for name in sorted(self._graves - known))


def _is_grave(row: Row) -> bool:
    return row.alert.severity is Severity.GRAVE and is_unacknowledged(row.alert)
