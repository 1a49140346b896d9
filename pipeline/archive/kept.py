"""A record that was kept, as an input: an archive or a store in place of files."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from pipeline.archive.chosen import Period
from pipeline.archive.reading import Archive, is_archive
from pipeline.model.actions import Action
from pipeline.model.records import Observation
from pipeline.model.report import Report
from pipeline.sources.base import Row
from pipeline.sources.inputs import Input
from pipeline.sources.nothing import Nothing
from pipeline.store import open_store
from pipeline.store.schema import APPLICATION_ID

_HEADER = b"SQLite format 3\0"
_APPLICATION_AT = 68


class KeptInput(Input):
    """The reports and observations of a record, a row each, once.

    Attributes:
        size: how many bytes the record has on disk; `bytes_read` is the share of them that the reports taken are.
        undated: as `Chosen.undated`.
    """

    def __init__(
        self, file: str, size: int, count: int, records: Callable[[], Iterator[Report | Observation]], undated: int = 0
    ) -> None:
        self.file, self.source, self.size, self.torn = file, Nothing(), size, False
        self.undated = undated
        self._whole, self._count, self._records, self._taken = size, count, records, 0

    @property
    def bytes_read(self) -> int:
        """As far as it is known: a record is not read from its beginning to its end."""
        return self._whole * self._taken // max(1, self._count)

    @property
    def seconds_read(self) -> float:
        """Not measured."""
        return 0.0

    def rows(self) -> Iterator[Row]:
        """The rows, once."""
        for number, record in zip(count(1), self._records(), strict=False):
            if isinstance(record, Report):
                self._taken += 1
                yield Row(number, 0, (record,))
            else:
                yield Row(number, 0, observations=(record,))
        self._taken = self._count


def kept_input(path: Path, period: Period) -> KeptInput | None:
    """A record that was kept, as far as it belongs to a period; None where the path names none.

    Raises:
        ArchiveError, StoreError: it cannot be read.
    """
    if is_archive(path):
        archive = Archive(path)
        undated = archive.undated(period) if period.as_of is not None else 0
        count, size = archive.extent(period)
        return KeptInput(str(path), size, count, lambda: _of_archive(archive, period), undated)
    if is_store(path):
        with open_store(path) as store:
            count = store.figures()["reports"]
        return KeptInput(str(path), path.stat().st_size, count, lambda: _of_store(path, period))
    return None


def acts_of(path: Path, period: Period) -> list[Action]:
    """What operators had done by the time of knowledge, by a record that was kept; of files, nothing."""
    if is_archive(path):
        return Archive(path).actions(period)
    if is_store(path):
        with open_store(path) as store:
            return [one for one in store.actions() if period.decided(one.decided_at)]
    return []


def is_store(path: Path) -> bool:
    """Whether a path names a store of Truceline's."""
    try:
        with path.open("rb") as file:
            head = file.read(_APPLICATION_AT + 4)
    except OSError:
        return False
    return head.startswith(_HEADER) and int.from_bytes(head[_APPLICATION_AT:], "big") == APPLICATION_ID


def _of_archive(archive: Archive, period: Period) -> Iterator[Report | Observation]:
    yield from archive.observations(period)
    yield from archive.reports(period)


def _of_store(path: Path, period: Period) -> Iterator[Report | Observation]:
    """In the order in which the store took them in."""
    with open_store(path) as store:
        yield from filter(period.known, store.watch_log())
        for _, reports in store.reports():
            yield from filter(period.takes, reports)
