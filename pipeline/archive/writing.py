"""Writing an archive: new files beside those that are there, none of which is touched again.

A file's name follows from what is in it. What an archive holds already, by its content, is not written again, so that
to archive twice is to archive once. A file appears whole or not at all.

A report is what it is for ever. An incident stands until a later report changes it: a day whose incidents are others
than the archive told last is told anew, in a folder of the time at which it was, and the last is what stands.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.archive.kinds import (
    ACTIONS,
    ALERTS,
    INCIDENTS,
    KINDS,
    OBSERVATIONS,
    REJECTS,
    REPORTS,
    Kind,
    encode,
    geometry,
)
from pipeline.archive.reading import MANIFEST, TAKEN, Archive, ArchiveError, folder_of, read_columns, taken
from pipeline.outputs import OutputError, whole_or_nothing
from pipeline.sources.inputs import Input
from pipeline.store import Store

BATCH = 100_000
"""So many records are gathered before files are written of them."""

ROW_GROUP = 10_000
"""Rows of which a file tells the least and the greatest of each column together: a place or a time needs few."""

_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


class Added(msgspec.Struct, kw_only=True):
    """What an archive was given: how many records of each kind are new, and how many were there."""

    new: dict[str, int] = {}
    known: dict[str, int] = {}

    def note(self, kind: Kind, given: int, new: int) -> None:
        """Counts a batch."""
        self.new[kind.name] = self.new.get(kind.name, 0) + new
        self.known[kind.name] = self.known.get(kind.name, 0) + given - new


def archive_store(store: Store, folder: Path, added: Added, now: datetime) -> Iterator[str]:
    """Puts a store's record into an archive, and gives the name of each table as it is done with.

    Args:
        now: when this is done; incidents are told as they stand now.

    Raises:
        ArchiveError: the folder holds something else, or cannot be written to.
        StoreError: the store cannot be read.
    """
    writer = _Writer(folder, added)
    for kind, records in (
        (REPORTS, (report for _, reports in store.reports() for report in reports)),
        (OBSERVATIONS, store.watch_log()),
        (ACTIONS, store.actions()),
        (REJECTS, (reject for _, reject in store.rejects())),
        (ALERTS, store.history()),
    ):
        writer.add(kind, records)
        yield kind.name
    writer.add_days(INCIDENTS, store.incidents(unresolved=None), now)
    yield INCIDENTS.name


def archive_inputs(inputs: Sequence[Input], folder: Path, added: Added) -> Iterator[str]:
    """Puts what inputs hold into an archive, and gives the name of each as it is done with.

    Raises:
        ArchiveError: as `archive_store`.
        InputError: an input is gone since it was named.
    """
    writer = _Writer(folder, added)
    for given in inputs:
        rows = given.rows()
        while batch := list(islice(rows, BATCH)):
            writer.add(REPORTS, (report for row in batch for report in row.reports))
            writer.add(OBSERVATIONS, (one for row in batch for one in row.observations))
            writer.add(REJECTS, (row.reject for row in batch if row.reject is not None))
        yield given.file


class _Writer:
    def __init__(self, folder: Path, added: Added) -> None:
        self._folder, self._added = folder, added
        if folder.exists() and any(folder.iterdir()):
            Archive(folder)
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with whole_or_nothing(folder / MANIFEST) as path:
                path.write_bytes(msgspec.json.encode({"format": 1, "tables": sorted(KINDS)}) + b"\n")
        except (OSError, OutputError) as error:
            raise ArchiveError(f"{folder}: cannot be written to: {error}") from error

    def add(self, kind: Kind, records: Iterable[Any]) -> None:
        """Writes those records that are not there yet."""
        remaining = iter(records)
        while batch := list(islice(remaining, BATCH)):
            new = 0
            parted: dict[tuple[tuple[str, str], ...], list[Any]] = defaultdict(list)
            for record in batch:
                parted[tuple(kind.parts(record).items())].append(record)
            for parts, some in parted.items():
                new += self._write(kind, folder_of(self._folder, kind.name, dict(parts)), some)
            self._added.note(kind, len(batch), new)

    def add_days(self, kind: Kind, records: Iterable[Any], now: datetime) -> None:
        """Tells anew every day whose records, which come in the order of their days, are not those told last."""
        archive = Archive(self._folder)
        gone = archive.days(kind)
        for day, some in groupby(records, key=lambda one: kind.parts(one)["day"]):
            gone.discard(day)
            self._tell(kind, archive, day, {kind.content(one): one for one in some}, now)
        for day in sorted(gone):
            self._tell(kind, archive, day, {}, now)

    def _tell(self, kind: Kind, archive: Archive, day: str, told: dict[bytes, Any], now: datetime) -> None:
        last = archive.last_told(kind, day)
        unchanged = last is not None and last.name == _name(told)
        if not unchanged:
            self._put(kind, folder_of(self._folder, kind.name, {"day": day, TAKEN: taken(now)}), told)
        self._added.note(kind, len(told), 0 if unchanged else len(told))

    def _write(self, kind: Kind, folder: Path, records: Sequence[Any]) -> int:
        known = _known(folder)
        fresh = {content: one for one in records if (content := kind.content(one)) not in known}
        if fresh:
            self._put(kind, folder, fresh)
        return len(fresh)

    @staticmethod
    def _put(kind: Kind, folder: Path, records: dict[bytes, Any]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with whole_or_nothing(folder / _name(records)) as path:
                table = _table(kind, list(records.values()), list(records))
                pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
        except (OSError, OutputError) as error:
            raise ArchiveError(f"{folder}: cannot be written to: {error}") from error


def _name(contents: Iterable[bytes]) -> str:
    """A file's name, by what is in it."""
    return f"part-{hashlib.sha256(b''.join(sorted(contents))).hexdigest()[:24]}.parquet"


def _known(folder: Path) -> set[bytes]:
    """The contents that stand in a folder."""
    files = sorted(folder.glob("part-*.parquet")) if folder.is_dir() else []
    found: set[bytes] = set()
    for file in files:
        found.update(read_columns(file, ["content"])["content"].to_pylist())
    return found


def _table(kind: Kind, records: list[Any], contents: list[bytes]) -> Any:
    """The records as a table, those near one another together."""
    values = kind.values(records)
    arrays = [pa.array(_nulled(values[field.name]), field.type) for field in kind.columns]
    arrays += [pa.array(contents, pa.binary(16)), pa.array(map(encode, records), pa.binary())]
    if kind.placed:
        arrays.append(geometry(values))
    table = pa.Table.from_arrays(arrays, schema=kind.form)
    if kind.placed:
        table = table.take(_by_place(values)).replace_schema_metadata({"geo": msgspec.json.encode(_GEO)})
    return table


def _nulled(column: Any) -> Any:
    """NaN is no figure of a table."""
    if not isinstance(column, np.ndarray):
        return column
    return [None if np.isnan(value) else value for value in column.tolist()]


def _by_place(values: Any) -> Any:
    """An order in which what is near one another stands together: along Morton's curve, then by time."""
    code = np.zeros(len(values["lon"]), dtype=np.uint64)
    for shift, (name, span) in enumerate((("lon", 360.0), ("lat", 180.0))):
        share = (np.nan_to_num(np.asarray(values[name], dtype=float)) + span / 2) / span
        cells = (share * 65_535.0).astype(np.uint64)
        for bit in range(16):
            code |= ((cells >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    times = np.array([time.timestamp() for time in values["observed_from"]])
    return pa.array(np.lexsort((times, code)))
