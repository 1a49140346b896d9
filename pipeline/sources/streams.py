"""Reading files as they are: plain, gzip or zstd, told apart by their first bytes, and never wholly in memory.

A workbook's sheet and a GeoPackage's layer come as the CSV text that they stand for.

A file that breaks off gives all that could be read, and then TornInput.
"""

import io
import tempfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import IO, BinaryIO, cast

import zstandard

from pipeline.sources.base import InputError
from pipeline.sources.records import TornInput

_CHUNK = 1 << 18
_MOST_OUT = 1 << 20
"""Bytes that one step of gzip may give: a small file may hold a great many zeros."""
_ZSTD_STEP = 1 << 10
"""Compressed bytes in one step of zstd, whose steps have no other bound: about 32 MB at the very worst."""
_GZIP_MAGIC = b"\x1f\x8b\x08"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC = b"\x2a\x4d\x18"
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_SQLITE_MAGIC = b"SQLite format 3\0"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CONTAINERS = (*_ZIP_MAGICS, _SQLITE_MAGIC, _OLE_MAGIC)
"""How files begin that may hold several tables, or one that is not read: such a file may be refused as a whole."""
MOST_SPOOLED = 2 << 30
"""Bytes of a workbook or GeoPackage that is compressed, or comes through a pipe, and so is written to a file first."""


class ByteStream(io.RawIOBase):
    """The decompressed bytes of a file. A read gives what there is, so that a slow pipe is read as it comes.

    Args:
        part: the sheet of a workbook, or the layer of a GeoPackage; the only one unless it is given.

    A read raises InputError, before anything is read, for a file of which no table can be had, or more than one.
    """

    def __init__(self, raw: IO[bytes], file_name: str = "", keep_open: bool = False, part: str | None = None) -> None:
        super().__init__()
        self._raw = raw
        self._keep_open = keep_open
        self._chunks = self._table(file_name, part)
        self._ahead = b""
        self._torn: TornInput | None = None
        self.bytes_read = 0
        """Bytes taken from the file so far, before decompression."""
        self.seconds_read = 0.0
        """How long taking and decompressing them took, waiting for them included."""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what there is, at least one byte unless the end is reached."""
        while not self._ahead:
            if self._torn is not None:
                raise self._torn
            chunk = self._next()
            if chunk is None:
                return 0
            self._ahead = chunk
        given = self._ahead[: len(buffer)]
        self._ahead = self._ahead[len(given) :]
        buffer[: len(given)] = given
        return len(given)

    def peek(self, size: int, until_line: bool = False) -> tuple[bytes, TornInput | None]:
        """The first `size` bytes, which stay to be read; with `until_line`, no more than one line needs.

        A tear within them is told beside them and comes again when they have been read.
        """
        parts, have = [self._ahead], len(self._ahead)
        try:
            while have < size and not (until_line and b"\n" in b"".join(parts).lstrip()):
                chunk = self._next()
                if chunk is None:
                    break
                parts.append(chunk)
                have += len(chunk)
        except TornInput as torn:
            self._torn = torn
        self._ahead = b"".join(parts)
        return self._ahead[:size], self._torn

    def close(self) -> None:
        """Close the file too, unless it is to stay open."""
        self._chunks.close()
        if not self._keep_open:
            self._raw.close()
        super().close()

    def _next(self) -> bytes | None:
        began = perf_counter()
        try:
            return next(self._chunks, None)
        finally:
            self.seconds_read += perf_counter() - began

    def _take(self) -> bytes:
        try:
            data: bytes = (
                self._raw.read1(_CHUNK) if isinstance(self._raw, io.BufferedReader) else self._raw.read(_CHUNK)
            )
        except OSError as error:
            raise TornInput(f"reading failed: {error.strerror or error}") from error
        self.bytes_read += len(data)
        return data

    def _table(self, file_name: str, part: str | None) -> Generator[bytes]:
        """What was compressed, and of what holds several tables the text of one."""
        name = file_name or "the input"
        unpacked = self._unpack(file_name)
        head, torn = _beginning(unpacked)
        if head.startswith(_OLE_MAGIC):
            raise InputError(
                f"{name}: an old .xls workbook, or one with a password; save it as .xlsx without one, or CSV"
            )
        if not head.startswith(CONTAINERS):
            if part is not None:
                raise InputError(f"{name}: neither a workbook nor a GeoPackage, so it has no part {part!r}")
            if head:
                yield head
            if torn is not None:
                raise torn
            yield from unpacked
            return
        with self._whole(head, unpacked, name) as whole:
            for chunk in _text_of(whole, head, name, part):
                if whole is self._raw:
                    self.bytes_read = self._raw.tell()
                yield chunk
            if whole is self._raw:
                self.bytes_read = self._raw.seek(0, 2)

    @contextmanager
    def _whole(self, head: bytes, unpacked: Iterator[bytes], name: str) -> Iterator[BinaryIO]:
        """The file, if it can be read in any order as it lies there; else a copy of it, until it was read."""
        path = getattr(self._raw, "name", None)
        if isinstance(path, str) and self._raw.seekable() and Path(path).is_file() and self._begins_with(head):
            yield cast(BinaryIO, self._raw)
            return
        with tempfile.NamedTemporaryFile(prefix="truceline-") as copy:
            written = copy.write(head)
            for chunk in unpacked:
                written += copy.write(chunk)
                if written > MOST_SPOOLED:
                    raise InputError(
                        f"{name}: more than {MOST_SPOOLED >> 30} GiB, unpacked; unpack it and name the file"
                    )
            copy.flush()
            yield cast(BinaryIO, copy)

    def _begins_with(self, head: bytes) -> bool:
        """Whether the head was not compressed."""
        at = self._raw.tell()
        self._raw.seek(0)
        found = self._raw.read(len(head))
        self._raw.seek(at)
        return found == head

    def _unpack(self, file_name: str) -> Iterator[bytes]:
        head = self._take()
        while 0 < len(head) < 4 and (more := self._take()):
            head += more
        if head.startswith(_GZIP_MAGIC) or (file_name.endswith(".gz") and len(head) < len(_GZIP_MAGIC)):
            yield from self._gunzip(head)
        elif _is_zstd(head) or (file_name.endswith(".zst") and len(head) < len(_ZSTD_MAGIC)):
            yield from self._unzstd(head)
        else:
            while head:
                yield head
                head = self._take()

    def _gunzip(self, data: bytes) -> Iterator[bytes]:
        decoder = zlib.decompressobj(wbits=31)
        while data:
            before = decoder.copy()
            try:
                out = decoder.decompress(data, _MOST_OUT)
            except zlib.error as error:
                yield from _up_to_the_error(before, data)
                raise TornInput(f"the gzip data are damaged: {error}") from error
            if out:
                yield out
            if decoder.eof:
                data = decoder.unused_data.lstrip(b"\0")
                while not data and (data := self._take()):
                    data = data.lstrip(b"\0")
                if not data:
                    return
                decoder = zlib.decompressobj(wbits=31)
            else:
                data = decoder.unconsumed_tail or self._take()
        if rest := decoder.flush():
            yield rest
        raise TornInput("the gzip file breaks off before its end")

    def _unzstd(self, data: bytes) -> Iterator[bytes]:
        frames = zstandard.ZstdDecompressor()
        decoder = frames.decompressobj()
        while data:
            step, data = data[:_ZSTD_STEP], data[_ZSTD_STEP:]
            try:
                out = decoder.decompress(step)
            except zstandard.ZstdError as error:
                raise TornInput(f"the zstd data are damaged: {error}") from error
            if out:
                yield out
            if decoder.eof:
                data = decoder.unused_data + data or self._take()
                if not data:
                    return
                decoder = frames.decompressobj()
            else:
                data = data or self._take()
        raise TornInput("the zstd file breaks off before its end")


def _beginning(chunks: Iterator[bytes]) -> tuple[bytes, TornInput | None]:
    """As much as tells a workbook or a GeoPackage from anything else: one chunk, unless that is very short."""
    head = b""
    try:
        while chunk := next(chunks, b""):
            head += chunk
            if not any(magic.startswith(head) for magic in CONTAINERS):
                break
    except TornInput as torn:
        return head, torn
    return head, None


def _text_of(whole: BinaryIO, head: bytes, name: str, part: str | None) -> Iterator[bytes]:
    # Those who read neither do not wait for what is needed to.
    if head.startswith(_ZIP_MAGICS):
        from pipeline.sources.workbook import sheet_text

        return sheet_text(whole, name, part)
    from pipeline.sources.geopackage import layer_text

    return layer_text(Path(whole.name), name, part)


def _is_zstd(head: bytes) -> bool:
    return head.startswith(_ZSTD_MAGIC) or (head[1:4] == _SKIPPABLE_MAGIC and head[0] & 0xF0 == 0x50)


def _up_to_the_error(decoder: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What can be had of a damaged chunk: a decoder that fails gives nothing of what it was fed, so feed it in bits."""
    for at in range(len(data)):
        try:
            out = decoder.decompress(data[at : at + 1])
        except zlib.error:
            return
        if out:
            yield out
