"""The one seam between the core and the world: where the windows' sets of reports are kept."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from pipeline.model.records import Window
from pipeline.model.report import Report


class Entry(NamedTuple):
    """A report on its way into its window."""

    window: Window
    content: bytes
    report: Report


class Group(NamedTuple):
    """All that a window holds under one report id: its versions."""

    window: Window
    report_id: str


class Tombstone(NamedTuple):
    """Retires a report id of a ledger, in every window: a later report of that ledger revises it."""

    report_id: str
    ledger: str | None


def is_on_grid(tile: str) -> bool:
    """Whether a tile is one of the grid's, with a place of its own.

    >>> is_on_grid("t092-095"), is_on_grid("track:ab"), is_on_grid("nowhere")
    (True, False, False)
    """
    return tile[1:2].isdigit()


class Windows(Protocol):
    """A set of reports per window, and the set of tombstones. Adding is commutative and idempotent."""

    def add(self, entries: Sequence[Entry]) -> list[bool]:
        """Adds reports to their windows; for each, whether it was new there (same id and content: not new)."""

    def retire(self, tombstones: Iterable[Tombstone]) -> None:
        """Adds tombstones."""

    def retired(self, candidates: Iterable[Tombstone]) -> set[Tombstone]:
        """Which of these are among the tombstones."""

    def holding(self, report_ids: Iterable[str]) -> list[Group]:
        """The groups, in any window, of these report ids."""

    def versions(self, groups: Sequence[Group]) -> dict[Group, list[Entry]]:
        """Every version that the windows hold of these groups."""

    def of_windows(self, windows: Sequence[Window]) -> Iterable[Entry]:
        """All that some windows hold."""

    def of_days(self, days: Sequence[str]) -> Iterable[Entry]:
        """All that the windows of the grid's tiles hold of some days; not tracks, named areas and *nowhere*."""


class MemoryWindows:
    """Windows in memory: for tests, for `match`, for a notebook."""

    def __init__(self) -> None:
        self._groups: dict[Group, dict[bytes, Entry]] = {}
        self._windows: dict[str, set[Window]] = {}
        self._held: dict[Window, dict[Group, None]] = {}
        self._tombstones: set[Tombstone] = set()

    def add(self, entries: Sequence[Entry]) -> list[bool]:
        """Adds reports to their windows; for each, whether it was new there."""
        new = []
        for entry in entries:
            report_id = entry.report.report_id
            versions = self._groups.setdefault(Group(entry.window, report_id), {})
            new.append(entry.content not in versions)
            versions.setdefault(entry.content, entry)
            self._held.setdefault(entry.window, {})[Group(entry.window, report_id)] = None
            self._windows.setdefault(report_id, set()).add(entry.window)
        return new

    def retire(self, tombstones: Iterable[Tombstone]) -> None:
        """Adds tombstones."""
        self._tombstones.update(tombstones)

    def retired(self, candidates: Iterable[Tombstone]) -> set[Tombstone]:
        """Which of these are among the tombstones."""
        return self._tombstones.intersection(candidates)

    def holding(self, report_ids: Iterable[str]) -> list[Group]:
        """The groups, in any window, of these report ids."""
        return [Group(window, name) for name in report_ids for window in sorted(self._windows.get(name, ()))]

    def versions(self, groups: Sequence[Group]) -> dict[Group, list[Entry]]:
        """Every version that the windows hold of these groups."""
        return {group: list(self._groups.get(group, {}).values()) for group in groups}

    def of_windows(self, windows: Sequence[Window]) -> list[Entry]:
        """All that some windows hold."""
        groups = [group for window in windows for group in self._held.get(window, ())]
        return [entry for group in groups for entry in self._groups[group].values()]

    def of_days(self, days: Sequence[str]) -> list[Entry]:
        """All that the windows of the grid's tiles hold of some days."""
        wanted = set(days)
        return self.of_windows([window for window in self._held if window.day in wanted and is_on_grid(window.tile)])
