"""What every part of the console works with: the store, the alerts at hand, the words, the clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from pipeline.agreement import Agreement
from pipeline.console.answers import Answers
from pipeline.console.backend import Backend
from pipeline.console.board import Board, Row, Snapshot, rows_of
from pipeline.console.hub import Hub
from pipeline.console.listing import is_overdue, looked_after_by
from pipeline.console.problems import not_found
from pipeline.console.records import Changed, Listed
from pipeline.console.settings import Settings
from pipeline.metrics import DriverMetrics, Role
from pipeline.model.records import Alert
from pipeline.store import Store, open_store
from pipeline.store.history import Entry

PLACES_KEPT = 200_000

_fields = msgspec.structs.asdict


class Console:
    """The console's parts, wired together."""

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self.backend, self.settings = backend, settings
        self.board = Board(backend.path)
        self.metrics = DriverMetrics(Role.SERVE, lambda: settings.clock().timestamp())
        self.hub = Hub(
            self.board,
            self._changed,
            settings.clock,
            self.metrics.progress,
            tick_s=settings.tick_s,
            alive_s=settings.alive_s,
            behind=lambda: backend.trouble,
        )
        self.answers = Answers()
        self.laws = Answers()
        self._places: dict[tuple[Any, ...], str] = {}

    @property
    def now(self) -> datetime:
        """The time in UTC."""
        return self.settings.clock()

    @property
    def snapshot(self) -> Snapshot:
        """The alerts as they stood when the store was looked at last."""
        return self.board.snapshot

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The store as it is at this moment, whatever is written meanwhile."""
        with open_store(self.backend.path) as store:
            store.connection.execute("BEGIN")
            yield store

    def row(self, alert_id: str) -> Row:
        """An alert as it stands.

        Raises:
            ProblemError: there is none of this id.
        """
        row = self.snapshot.rows.get(alert_id)
        if row is None:
            # It may have been raised a moment ago.
            with self.reading() as store:
                row = rows_of(store, [alert_id]).get(alert_id)
        if row is None:
            raise not_found("there is no alert of this id")
        return row

    def listed(self, row: Row) -> Listed:
        """An alert with what a list shows of it."""
        alert, telling, now = row.alert, self.settings.telling, self.now
        return Listed(
            **_fields(alert),
            revision=row.revision,
            raised_at=row.raised_at,
            title=telling.title(alert),
            place=self.place(alert),
            off_line=telling.off_line(alert),
            looked_after_by=looked_after_by(row, now),
            overdue=is_overdue(row, now),
        )

    def place(self, alert: Alert) -> str:
        """Where an alert is, in words; what was said once is kept at hand."""
        key = (alert.agreement, alert.lon, alert.lat, alert.radius_m, alert.chainage_m, alert.line, alert.subject)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= PLACES_KEPT:
                self._places.clear()
            known = self._places[key] = self.settings.telling.place(alert)
        return known

    def agreement(self, name: str) -> Agreement:
        """The agreement of a name.

        Raises:
            ProblemError: its data is not at hand.
        """
        found = self.settings.telling.agreement(name)
        if found is None:
            raise not_found("there is no agreement of this name, or its data is not at hand")
        return found

    def judging(self, store: Store, name: str | None) -> Agreement:
        """The agreement that is asked for; else the only one by which the store was judged."""
        names = list(store.agreements())
        if name is None and len(names) != 1:
            raise not_found(f"say which agreement: the store was judged by {', '.join(names) or 'none'}")
        if name is not None and name not in names:
            raise not_found("the store was not judged by an agreement of this name")
        return self.agreement(names[0] if name is None else name)

    def _changed(self, one: Entry) -> Changed:
        said = one.said
        now = self.snapshot.rows.get(said.alert.alert_id)
        raised_at = said.decided_at if now is None else now.raised_at
        return Changed(
            entry=one.number,
            revision=said.revision,
            change=said.change,
            author=said.author,
            decided_at=said.decided_at,
            supersedes=said.supersedes,
            superseded_by=said.superseded_by,
            alert=self.listed(Row(said.alert, said.revision, raised_at)),
        )


Given = NamedDependency[SkipValidation[Console]]
"""A handler's console."""
