"""The windows in SQLite: the core's seam, on disk."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from pipeline.model.records import Window
from pipeline.monitor.windows import Entry, Group, Tombstone
from pipeline.store.database import Store
from pipeline.store.frames import encode_frame

FRAME_REPORTS = 4_000
"""About 1 MiB."""

_NO_LEDGER = ""


class SqliteWindows:
    """Windows kept in a store. Adding appends what is new to the log, as one frame, in the transaction that is open.

    Args:
        clock: gives the time at which a frame is appended.

    Attributes:
        changed: of what was added last and was new, the ids that the log held already when this was made.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store, self._clock = store, clock
        self._sql: sqlite3.Connection = store.connection
        self._fresh: dict[Group, dict[bytes, Entry]] = {}
        self._alone: set[Group] = set()
        self._upto = ""
        # A frame that was judged may be gone since, with its windows: its number is not given twice.
        self.seq: int = self._sql.execute("SELECT coalesce(max(seq), 0) FROM positions").fetchone()[0]
        self._opened_at = self.look_at_log()
        self._held_before: set[str] = set()
        self.changed: frozenset[str] = frozenset()

    def look_at_log(self) -> int:
        """The number of the log's last frame: operators' acts are written into it beside the windows."""
        last: int = self._sql.execute("SELECT coalesce(max(seq), 0) FROM frames").fetchone()[0]
        self.seq = max(self.seq, last)
        return self.seq

    def next_frame(self) -> int:
        """The number for a frame of another kind, written in the transaction that is open."""
        self.seq += 1
        return self.seq

    def forget(self) -> None:
        """Drops what is kept at hand: what was added last was taken back, or the tables were changed in another way."""
        self._fresh, self._alone = {}, set()

    @contextmanager
    def as_of(self, seq: int, line: int) -> Iterator[None]:
        """Shows the windows as they would be if the log ended with this line of a frame; nothing is to be added."""
        self.forget()
        self._upto = f" AND (seq, line) <= ({seq}, {line})"
        try:
            yield
        finally:
            self._upto = ""

    def add(self, entries: Sequence[Entry]) -> list[bool]:
        """Adds reports to their windows; for each, whether it was new there."""
        groups = [Group(entry.window, entry.report.report_id) for entry in entries]
        held = self._held(groups)
        self._fresh, self._alone = {}, set()
        new = []
        for group, entry in zip(groups, entries, strict=True):
            stored, fresh = held.get(group), self._fresh.setdefault(group, {})
            is_new = entry.content not in fresh and (stored is None or entry.content not in stored)
            if is_new:
                fresh[entry.content] = entry
            if stored is None:
                self._alone.add(group)
            new.append(is_new)
        fresh_entries = [entry for entry, is_new in zip(entries, new, strict=True) if is_new]
        self.changed = frozenset(self._held_before.intersection(entry.report.report_id for entry in fresh_entries))
        self._append(fresh_entries)
        return new

    def retire(self, tombstones: Iterable[Tombstone]) -> None:
        """Adds tombstones."""
        rows = [(name, ledger or _NO_LEDGER) for name, ledger in tombstones]
        self._sql.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?)", rows)

    def retired(self, candidates: Iterable[Tombstone]) -> set[Tombstone]:
        """Which of these are among the tombstones."""
        if self._sql.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
            return set()
        asked = set(candidates)
        found = self._sql.execute(
            "SELECT report_id, ledger FROM tombstones WHERE report_id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted({candidate.report_id for candidate in asked})),),
        )
        return asked & {Tombstone(name, ledger or None) for name, ledger in found}

    def holding(self, report_ids: Iterable[str]) -> list[Group]:
        """The groups, in any window, of these report ids."""
        asked = f"SELECT DISTINCT tile, day FROM reports WHERE report_id = ?{self._upto} ORDER BY tile, day"
        return [Group(Window(*row), name) for name in report_ids for row in self._sql.execute(asked, (name,))]

    def versions(self, groups: Sequence[Group]) -> dict[Group, list[Entry]]:
        """Every version that the windows hold of these groups; what was added last is at hand, the rest in the log."""
        found: dict[Group, list[Entry]] = {group: list(self._fresh.get(group, {}).values()) for group in groups}
        elsewhere = [group for group in groups if group not in self._alone]
        places: dict[int, list[tuple[int, Group, bytes]]] = {}
        for group, versions in self._held(elsewhere).items():
            for content, (seq, line) in versions.items():
                if content not in self._fresh.get(group, {}):
                    places.setdefault(seq, []).append((line, group, content))
        for seq, wanted in sorted(places.items()):
            reports = self.store.lines(seq, [line for line, _, _ in wanted])
            for line, group, content in wanted:
                found[group].append(Entry(group.window, content, reports[line]))
        return found

    def of_windows(self, windows: Sequence[Window]) -> list[Entry]:
        """All that some windows hold."""
        asked = json.dumps([[window.day, window.tile] for window in windows])
        return self._entries(
            "SELECT tile, day, content, seq, line FROM json_each(?) AS asked CROSS JOIN reports "
            "ON day = json_extract(asked.value, '$[0]') AND tile = json_extract(asked.value, '$[1]')",
            asked,
        )

    def of_days(self, days: Sequence[str]) -> list[Entry]:
        """All that the windows of the grid's tiles hold of some days."""
        asked = json.dumps(sorted(days))
        return self._entries(
            "SELECT tile, day, content, seq, line FROM json_each(?) AS asked CROSS JOIN reports ON day = asked.value "
            "WHERE tile GLOB 't[0-9]*'",
            asked,
        )

    def _entries(self, sql: str, *values: str) -> list[Entry]:
        places: dict[int, list[tuple[int, Window, bytes]]] = {}
        for tile, day, content, seq, line in self._sql.execute(sql + self._upto, values):
            places.setdefault(seq, []).append((line, Window(tile, day), content))
        found = []
        for seq, wanted in sorted(places.items()):
            reports = self.store.lines(seq, [line for line, _, _ in wanted])
            found += [Entry(window, content, reports[line]) for line, window, content in wanted]
        return found

    def _held(self, groups: Sequence[Group]) -> dict[Group, dict[bytes, tuple[int, int]]]:
        """Where the log holds each version of some groups, by content."""
        if not groups:
            return {}
        asked = set(groups)
        held: dict[Group, dict[bytes, tuple[int, int]]] = {}
        self._held_before = set()
        found = self._sql.execute(
            "SELECT tile, day, report_id, content, seq, line FROM json_each(?) AS asked "
            f"CROSS JOIN reports ON report_id = asked.value{self._upto}",
            (json.dumps([*{group.report_id for group in groups}]),),
        )
        for tile, day, report_id, content, seq, line in found:
            group = Group(Window(tile, day), report_id)
            if seq <= self._opened_at:
                self._held_before.add(report_id)
            if group in asked:
                held.setdefault(group, {})[content] = seq, line
        return held

    def _append(self, entries: Sequence[Entry]) -> None:
        for begin in range(0, len(entries), FRAME_REPORTS):
            self._append_frame(entries[begin : begin + FRAME_REPORTS])

    def _append_frame(self, entries: Sequence[Entry]) -> None:
        seq = self.next_frame()
        open_part, sealable = encode_frame([entry.report for entry in entries], os.urandom)
        appended = self._clock().isoformat()
        self._sql.execute(
            "INSERT INTO frames (seq, appended_at, reports, payload) VALUES (?, ?, ?, ?)",
            (seq, appended, len(entries), open_part),
        )
        self._sql.execute("INSERT INTO sealable VALUES (?, ?)", (seq, sealable))
        rows = (
            (e.window.tile, e.window.day, e.report.report_id, e.content, seq, line) for line, e in enumerate(entries)
        )
        self._sql.executemany("INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?)", rows)
        revising = ((e.report.report_id, e.report.revises) for e in entries if e.report.revises is not None)
        self._sql.executemany("INSERT OR IGNORE INTO revising VALUES (?, ?)", revising)
        self._sql.execute(
            "INSERT INTO figures VALUES ('reports', ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (len(entries),),
        )
