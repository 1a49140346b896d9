"""Reading files as they are: plain, gzip or zstd, told apart by their first bytes, and never wholly in memory.

A file that breaks off gives all that could be read, and then TornInput.
"""

import io
import zlib
from collections.abc import Iterator
from time import perf_counter
from typing import IO

import zstandard

from pipeline.sources.records import TornInput

_CHUNK = 1 << 18
_MOST_OUT = 1 << 20
"""Bytes that one step of gzip may give: a small file may hold a great many zeros."""
_ZSTD_STEP = 1 << 10
"""Compressed bytes in one step of zstd, whose steps have no other bound: about 32 MB at the very worst."""
_GZIP_MAGIC = b"\x1f\x8b\x08"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC = b"\x2a\x4d\x18"


class ByteStream(io.RawIOBase):
    """The decompressed bytes of a file. A read gives what there is, so that a slow pipe is read as it comes."""

    def __init__(self, raw: IO[bytes], file_name: str = "", keep_open: bool = False) -> None:
        super().__init__()
        self._raw = raw
        self._keep_open = keep_open
        self._chunks = self._unpack(file_name)
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
