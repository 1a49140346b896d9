"""The inputs that a user names: paths, `SOURCE=PATH`, folders and `-`, opened, recognised and read."""

import re
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.gazetteer import Gazetteer, load_gazetteer
from pipeline.model.check import Problem
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import Batch, BatchSource, InputError, ReadContext, Row, Source, reject
from pipeline.sources.csv_mapping import MAPPING_SUFFIX, load_mapping
from pipeline.sources.gate import gated
from pipeline.sources.nothing import HEAD_BYTES, Nothing
from pipeline.sources.positions import POSITIONS_SUFFIX
from pipeline.sources.records import Span, TornInput
from pipeline.sources.registry import BUILT_IN, recognise, sources
from pipeline.sources.streams import ByteStream

BATCH_ROWS = 1_000
"""Rows that become one batch where a source gives none itself."""

_DOCUMENTS = ("cap", "geojson", "liveuamap", Nothing.name)
"""What has no lines."""
_MAPPED = ("csv", "geojson")
"""The sources that read by a mapping."""

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is open."""
_LOCK = "~$"
"""So begin the names of the files by which an office program tells others that a workbook is open."""
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.+)", re.DOTALL)


class Input:
    """One file, or standard input, with the source that reads it.

    Attributes:
        file: The file as the user wrote it, with the sheet or layer where one was named.
        source: The source that reads it.
        size: Bytes on disk, or None where that is not known.
        torn: Whether the input broke off; known when its rows have been read.
    """

    def __init__(
        self,
        file: str,
        source: Source,
        size: int | None,
        context: ReadContext,
        stream: ByteStream | None,
        part: str | None = None,
    ):
        self.file = file
        self.source = source
        self.size = size
        self.torn = False
        self._context = context
        self._stream = stream
        self._part = part

    def __repr__(self) -> str:
        return f"Input({self.source.name}={self.file})"

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file so far, before decompression: `size` when all is read."""
        return self._stream.bytes_read if self._stream is not None else 0

    @property
    def seconds_read(self) -> float:
        """Seconds for which the file was read and decompressed so far."""
        return self._stream.seconds_read if self._stream is not None else 0.0

    def rows(self) -> Iterator[Row]:
        """The rows, once. A tear gives one last row, whose reject has the reason torn_input, and sets `torn`.

        Raises:
            InputError: the file is gone since it was named, or does not fit its mapping; before the first row.
        """
        number = 0
        with self._opened() as stream:
            try:
                for row in self._read(stream):
                    number = row.number
                    yield row
            except TornInput as torn:
                yield self._tear(number + 1, torn)

    def batches(self) -> Iterator[Batch]:
        """The same rows, once, as columns; as fast as the source can give them.

        Raises:
            InputError: as `rows`.
        """
        number = 0
        with self._opened() as stream:
            try:
                for batch in self._read_batches(stream):
                    number += batch.rows
                    yield batch
            except TornInput as torn:
                yield Batch.of([self._tear(number + 1, torn)])

    def rows_of(self, stream: BinaryIO) -> Iterator[Row]:
        """The rows of a stretch of the file that begins as the file does."""
        return self._read(stream)

    def _opened(self) -> ByteStream:
        if self._stream is None:
            self._stream = _open(Path(parse_part(self.file)[0]), self._part)
        return self._stream

    def _read(self, stream: ByteStream | BinaryIO) -> Iterator[Row]:
        rows = self.source.read(cast(BinaryIO, stream), self._context)
        return rows if self.source.name in BUILT_IN else gated(self.source.name, self._context, rows)

    def _read_batches(self, stream: ByteStream) -> Iterator[Batch]:
        if self.source.name in BUILT_IN and isinstance(self.source, BatchSource):
            yield from self.source.batches(cast(BinaryIO, stream), self._context)
            return
        rows: list[Row] = []
        try:
            for row in self._read(stream):
                rows.append(row)
                if len(rows) >= BATCH_ROWS:
                    yield Batch.of(rows)
                    rows = []
        except TornInput:
            yield Batch.of(rows)
            raise
        yield Batch.of(rows)

    def _tear(self, number: int, torn: TornInput) -> Row:
        self.torn = True
        span = torn.span or Span(0, b"")
        return reject(self.source.name, self._context, number, span, Problem("", RejectReason.TORN_INPUT, torn.detail))


def open_input(
    word: str,
    source: str | None = None,
    mapping: Path | None = None,
    *,
    gazetteer: Gazetteer | None = None,
    feed: str | None = None,
) -> list[Input]:
    """The inputs that one INPUT word of the command line stands for: one, or a folder's files in name order.

    Args:
        word: A path, `SOURCE=PATH`, or `-` for standard input; of a workbook or a GeoPackage with several sheets or
            layers, `PATH#SHEET`.
        source: The name of the source, as if written before the path.
        mapping: A csv mapping file; without it, one beside the file is used (`events.csv.mapping.toml`).
        gazetteer: The named areas; the shipped ones by default.
        feed: The configured stream by which the reports come.

    Raises:
        InputError: what is named is not there, is not recognised beyond doubt, or its mapping file is wrong.
    """
    prefix, file = parse_word(word)
    if prefix and source and prefix != source:
        raise InputError(f"{word}: the source is given twice, as {prefix!r} and as {source!r}")
    name = prefix or source
    chosen = _source(name) if name else None
    areas = gazetteer or load_gazetteer()
    path, part = parse_part(file)
    if path == "-":
        stdin = getattr(sys.stdin, "buffer", None)
        if stdin is None:
            raise InputError("-: there is no standard input")
        context = ReadContext(file, areas, mapping, feed)
        part = part or _sheet(chosen, context)
        stream = ByteStream(stdin, keep_open=True, part=part)
        return [Input(file, _settle(stream, chosen, context, waiting=True), None, context, stream, part)]
    files = [file] if part is not None else _files(file)
    return [_file_input(one, chosen, ReadContext(one, areas, mapping, feed)) for one in files]


def parse_word(word: str) -> tuple[str | None, str]:
    """The source that an INPUT word names, if it does, and the path; a path that exists is taken as it is."""
    match = _PREFIXED.fullmatch(word)
    if match is None or Path(word).exists():
        return None, word
    return match[1], match[2]


def parse_part(file: str) -> tuple[str, str | None]:
    """The path in a PATH#SHEET, and the sheet or layer; a path that exists is taken as it is."""
    at = -1 if Path(file).exists() else file.find("#")
    while at >= 0:
        path = file[:at]
        if path == "-" or (path and Path(path).is_file()):
            return path, file[at + 1 :] or None
        at = file.find("#", at + 1)
    return file, None


def _source(name: str) -> Source:
    known = sources()
    if name not in known:
        raise InputError(f"there is no source named {name!r}; there are: {', '.join(known)}")
    return known[name]


def _files(file: str) -> list[str]:
    if not file:
        raise InputError("an input's name is empty: write a path, SOURCE=PATH or -")
    path = Path(file)
    try:
        if not path.is_dir():
            return [file]
        names = sorted(child.name for child in path.iterdir() if child.is_file())
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    beside = (MAPPING_SUFFIX, POSITIONS_SUFFIX)
    names = [name for name in names if not name.startswith((".", _LOCK)) and not name.endswith(beside)]
    listed = set(names)
    names = [name for name in names if not any(name.removesuffix(end) in listed - {name} for end in _BESIDE)]
    if not names:
        raise InputError(f"{file}: the folder holds no files to read")
    return [str(path / name) for name in names]


def _open(path: Path, part: str | None) -> ByteStream:
    try:
        return ByteStream(path.open("rb"), str(path), part=part)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def _file_input(file: str, chosen: Source | None, context: ReadContext) -> Input:
    own, part = parse_part(file)
    path = Path(own)
    beside = _mapping_beside(path, part)
    mapped = context.mapping is None and beside is not None and (chosen is None or chosen.name in _MAPPED)
    if mapped:
        context = ReadContext(file, context.gazetteer, beside, context.feed)
    part = part or _sheet(chosen, context)
    with ExitStack() as closing:
        stream = closing.enter_context(_open(path, part))
        status = path.stat()
        waiting = not stat.S_ISREG(status.st_mode)
        if mapped:
            chosen = chosen or _mapped(stream, path.name, waiting)
        found = _settle(stream, chosen, context, waiting)
        if waiting:  # what cannot be opened twice stays open from being recognised to being read
            closing.pop_all()
            return Input(file, found, None, context, stream, part)
    return Input(file, found, status.st_size, context, None, part)


def _mapped(stream: ByteStream, name: str, waiting: bool) -> Source:
    """The source that reads a file with a mapping beside it."""
    head, _ = stream.peek(HEAD_BYTES, until_line=waiting)
    return _source("geojson" if sources()["geojson"].recognises(head, name) else "csv")


def _mapping_beside(path: Path, part: str | None) -> Path | None:
    """The mapping that lies beside a table: that of its sheet, should there be one."""
    names = [f"{path.name}#{part}{MAPPING_SUFFIX}"] if part is not None and "/" not in part else []
    found = (path.with_name(name) for name in [*names, path.name + MAPPING_SUFFIX])
    return next((one for one in found if one.is_file()), None)


def _sheet(chosen: Source | None, context: ReadContext) -> str | None:
    """The sheet or layer that the mapping names."""
    if context.mapping is None or (chosen is not None and chosen.name not in _MAPPED):
        return None
    return load_mapping(context.mapping, context.file).sheet


def _settle(stream: ByteStream, chosen: Source | None, context: ReadContext, waiting: bool) -> Source:
    """The source that reads the stream: the chosen one, else the one that recognises it beyond doubt."""
    if chosen is None:
        chosen = _recognised(*stream.peek(HEAD_BYTES, until_line=waiting), context)
    elif not waiting:
        stream.peek(1)  # a workbook of which no sheet can be had is told before other inputs are read
    if chosen.name in BUILT_IN and chosen.name not in _DOCUMENTS:
        head, _ = stream.peek(HEAD_BYTES, until_line=waiting)
        if b"\r" in head and b"\n" not in head:
            raise InputError(
                f"{context.file}: its lines end in CR alone, as on old Macs; write it anew with LF or CRLF "
                "(tr '\\r' '\\n' does)"
            )
    if chosen.name in _MAPPED:
        load_mapping(context.mapping, context.file)
    return chosen


def _recognised(head: bytes, torn: TornInput | None, context: ReadContext) -> Source:
    names = recognise(head, Path(parse_part(context.file)[0]).name)
    if context.mapping is not None and names != ["geojson"] and "csv" not in names:
        names.append("csv")
    if len(names) == 1:
        return sources()[names[0]]
    file = context.file
    if names:
        choices = " or ".join(f"{name}={file}" for name in names)
        raise InputError(f"{file}: it may be {' or '.join(names)}; write {choices}")
    if torn is not None or (len(head) < HEAD_BYTES and not head.strip()):
        return Nothing()
    raise InputError(
        f"{file}: its format is not recognised; write SOURCE={file} with one of {', '.join(sources())}, "
        f"or for another table put a mapping beside it as {Path(file).name}{MAPPING_SUFFIX} (docs/sources.md)"
    )
