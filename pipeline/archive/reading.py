"""Reading an archive: what is asked for and no more, by folders, by what files tell of their rows, and by columns."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.archive.chosen import Period
from pipeline.archive.kinds import ACTIONS, OBSERVATIONS, REPORTS, Kind, as_date
from pipeline.model.actions import Action
from pipeline.model.records import Observation
from pipeline.model.report import Report

MANIFEST = "archive.json"
TAKEN = "taken"
"""The folder of a day that is told as a whole: when it was."""

FORMAT = 1
_T = TypeVar("_T")
_PART = re.compile(r"part-[0-9a-f]{24}\.parquet")


class ArchiveError(Exception):
    """An archive that cannot be read or written, and why."""


def is_archive(path: Path) -> bool:
    """Whether a path names an archive."""
    return (path / MANIFEST).is_file()


def folder_of(archive: Path, table: str, parts: dict[str, str]) -> Path:
    """The folder in which records of a table belong, named as other tools read it: `day=2026-03-01`."""
    return archive.joinpath(table, *(f"{name}={quote(value, safe='@')}" for name, value in parts.items()))


def taken(now: datetime) -> str:
    """A time as a folder names it; the names are in the order of the times."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


class Archive:
    """An archive that is there.

    Raises:
        ArchiveError: it is none, or of another format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            told = msgspec.json.decode((folder / MANIFEST).read_bytes())
        except (OSError, msgspec.MsgspecError) as error:
            raise ArchiveError(f"{folder}: no archive: it has no {MANIFEST} that can be read") from error
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise ArchiveError(f"{folder}: an archive of another format; this Truceline reads format {FORMAT}")

    def extent(self, period: Period) -> tuple[int, int]:
        """How many reports there are in the days that a period touches, and how many bytes their files have."""
        files = [file for _, file in self._files(REPORTS, period)]
        return sum(row_count(file) for file in files), sum(file.stat().st_size for file in files)

    def reports(self, period: Period) -> Iterator[Report]:
        """The reports of a period, day by day in the order of their times."""
        for day in self._by_day(REPORTS, period):
            yield from self._decoded(REPORTS, day, period, Report)

    def observations(self, period: Period) -> Iterator[Observation]:
        """Who watched, as far as it was received in time."""
        for day in self._by_day(OBSERVATIONS, Period(as_of=period.as_of)):
            yield from self._decoded(OBSERVATIONS, day, Period(as_of=period.as_of), Observation)

    def undated(self, period: Period) -> int:
        """How many reports of the days that a period touches have nobody who says when they were received."""
        files = [file for _, file in self._files(REPORTS, period)]
        return sum(read_columns(file, ["received_at"])["received_at"].null_count for file in files)

    def records(self, kind: Kind) -> Iterator[Any]:
        """Every record of a table; where days are told as a whole, as each was told last."""
        decode: Callable[[Any], Any] = msgspec.json.Decoder(kind.record).decode
        files = [file for _, file in self._files(kind, Period())]
        if kind.whole:
            files = [file for day in sorted(self.days(kind)) if (file := self.last_told(kind, day))]
        for file in files:
            yield from map(decode, read_columns(file, ["record"])["record"].to_pylist())

    def days(self, kind: Kind) -> set[str]:
        """The days of which a table has files."""
        return {day for day, _ in self._files(kind, Period())}

    def last_told(self, kind: Kind, day: str) -> Path | None:
        """The file in which a day was told as a whole for the last time."""
        files = folder_of(self.folder, kind.name, {"day": day}).glob(f"{TAKEN}=*/part-*.parquet")
        return max(files, key=lambda file: file.parent.name, default=None)

    def actions(self, period: Period) -> list[Action]:
        """What operators had done by then, in the order in which they did it."""
        files = [file for _, file in self._files(ACTIONS, Period())]
        if not files:
            return []
        table = pa.concat_tables([read_columns(file, ["decided_at", "action_id", "record"]) for file in files])
        table = table.sort_by([("decided_at", "ascending"), ("action_id", "ascending")])
        decode: Callable[[Any], Action] = msgspec.json.Decoder(Action).decode
        return [one for one in map(decode, table["record"].to_pylist()) if period.decided(one.decided_at)]

    def _by_day(self, kind: Kind, period: Period) -> Iterator[list[Path]]:
        days: dict[str, list[Path]] = {}
        for day, file in self._files(kind, period):
            days.setdefault(day, []).append(file)
        yield from (days[day] for day in sorted(days))

    def _files(self, kind: Kind, period: Period) -> Iterator[tuple[str, Path]]:
        """The files of a table with their day, as far as a day may hold what is asked for."""
        for file in sorted((self.folder / kind.name).rglob("part-*.parquet")):
            parts = dict(part.split("=", 1) for part in file.parent.relative_to(self.folder / kind.name).parts)
            day = unquote(parts.get("day", ""))
            if _PART.fullmatch(file.name) and (not day or _touches(day, period)):
                yield day, file

    def _decoded(self, kind: Kind, files: list[Path], period: Period, record: type[_T]) -> Iterator[_T]:
        columns = ["observed_from", "observed_until", "received_at", "content", "record"]
        table = pa.concat_tables([read_columns(file, columns) for file in files])
        for column, least, most in (
            ("received_at", None, period.as_of),
            ("observed_from", None, period.until and period.until - timedelta(microseconds=1)),
            ("observed_until", period.begin, None),
        ):
            if least is not None:
                table = table.filter(pc.greater_equal(table[column], pa.scalar(least, table[column].type)))
            if most is not None:
                table = table.filter(pc.less_equal(table[column], pa.scalar(most, table[column].type)))
        table = table.sort_by([("observed_from", "ascending"), ("content", "ascending")])
        decode: Callable[[Any], _T] = msgspec.json.Decoder(record).decode
        yield from map(decode, table["record"].to_pylist())


def row_count(file: Path) -> int:
    """How many rows a file has.

    Raises:
        ArchiveError: it is no Parquet file.
    """
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(f"{file}: cannot be read: {error}") from error


def read_columns(file: Path, columns: list[str]) -> Any:
    """Some columns of a file.

    Raises:
        ArchiveError: it is no Parquet file, or has other columns.
    """
    try:
        return pq.read_table(file, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(f"{file}: cannot be read: {error}") from error


def _touches(day: str, period: Period) -> bool:
    """Whether what began on a day may reach into a period; what lasts longer than a day began before it."""
    begin = datetime.combine(as_date(day), datetime.min.time(), UTC)
    return period.until is None or begin < period.until
