"""One file that grows: its new rows, from where reading stopped, and what to do where it is another file by now.

Only whole lines are read, so a line that is still being written, or a character of it, waits for its end. Where reading
goes on in the middle, a source is given the file's beginning up to its first row (a table's header) and what follows
from the last row on that was read; that row is passed over.

A file that cannot be read in pieces (compressed, or one JSON or XML document) is read whole, once it rests.
"""

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from msgspec.structs import replace

from pipeline.model.report import Origin, Report
from pipeline.sources.base import InputError, Row
from pipeline.sources.inputs import Input
from pipeline.sources.nothing import Nothing
from pipeline.sources.records import TornInput
from pipeline.sources.streams import ByteStream

SETTLED_S = 5.0
"""After so long without change a file of a folder has its last line, whether that ends or not."""
ROWS_AT_ONCE = 1_000
_KNOWN_BYTES = 1_024
"""Of a file's beginning, by which it is known again."""
_HEAD_BYTES = 65_536
_RESTS_S = 0.2
"""After so long without change a file that is read whole is looked into."""
_BLOCK = 1 << 18
_PACKED = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"SQLite format 3\0", b"BZh", b"\xfd7zXZ\0")


class Position(NamedTuple):
    """How far a file was read.

    Attributes:
        device, inode, known_bytes, sha256: which file it was: by the system, and by the hash of its first bytes.
        first: the byte at which its first row begins; what is before is its header.
        row, position: the last row that was read, and the byte at which it begins.
        size: the byte up to which all was read that could be.
    """

    device: int
    inode: int
    known_bytes: int
    sha256: str
    first: int
    row: int
    position: int
    size: int


class Gathered(NamedTuple):
    """Some rows of an input, and how far it is read with them; no position where it cannot be read again.

    `file` is the path, from the root on, that is followed; rows may come from where it was moved to.
    """

    file: str
    input: Input
    rows: list[Row]
    position: Position | None


class GrowingFile:
    """A file by its path, looked at now and then.

    Args:
        opens: gives the input for a path, recognised by what is in the file.
        tell: is told what the user should know.
        position: where an earlier run stopped.
        settles: it is one of a folder: a last line without an end is taken once the file rests, and what has another
            name by now is followed by that. Else a line waits for its end.

    Attributes:
        file: the path from the root on.
        former: how far the file was read that had this name before.
    """

    def __init__(
        self,
        path: str,
        opens: Callable[[str], Input],
        tell: Callable[[str], None],
        position: Position | None,
        *,
        settles: bool,
    ) -> None:
        self.path, self.position = path, position
        self.file = str(Path(path).absolute())
        self.former: Position | None = None
        self._opens, self._tell, self._settles = opens, tell, settles
        self._input: Input | None = None
        self._searched = 0
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._since = 0.0
        self._settled_at = -1
        # Whether a row at the end was not taken, as it may not have ended there.
        self._held_back = False
        self._given_up: tuple[int, int, int] | None = None
        self._refused = False

    def look(self) -> Iterator[Gathered]:
        """The rows that came since the last look."""
        try:
            file = Path(self.path).open("rb", buffering=0)  # noqa: SIM115 - closed below, whatever comes
        except OSError as error:
            if not isinstance(error, FileNotFoundError) and not self._refused:
                self._tell(f"{self.path}: it cannot be opened: {error.strerror or error}; tried again")
            self._refused = not isinstance(error, FileNotFoundError)
            return
        self._refused = False
        with file:
            now = os.fstat(file.fileno())
            self._rest(now)
            if self.position is not None and not _is_same(file.fileno(), self.position):
                yield from self._of_another()
            if now.st_size == 0 or self._given_up == self._seen:
                return
            try:
                yield from self._new(file.fileno(), now.st_size)
            except InputError as error:
                is_begun = b"\n" in os.pread(file.fileno(), _HEAD_BYTES, 0)
                if is_begun and not self._settles:
                    raise
                if is_begun or self._rests(SETTLED_S):
                    self._given_up = self._seen
                    self._tell(f"{error}; passed over until it changes")

    def _rest(self, now: os.stat_result) -> None:
        """Notes since when the file has not changed."""
        seen = now.st_ino, now.st_size, now.st_mtime_ns
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()

    def _rests(self, for_s: float) -> bool:
        return time.monotonic() - self._since >= for_s

    def _of_another(self) -> Iterator[Gathered]:
        """The rest of the file that was read so far, where it has another name now; then this one is new."""
        before = self.position
        assert before is not None
        moved = _beside(self.path, before)
        self.former = before
        if moved is not None and not self._settles:
            with Path(moved).open("rb", buffering=0) as old:
                end = os.fstat(old.fileno()).st_size
                if not _is_packed(old.fileno()):
                    given = self._input or self._opens(moved)
                    yield from self._part(given, old.fileno(), end, final=True)
        elif moved is None and before.inode != Path(self.path).stat().st_ino:
            self._tell(f"{self.path}: is another file now, and the one read before is not beside it; begun anew")
        elif moved is None:
            self._tell(f"{self.path}: was cut short or written anew; read from its beginning")
        self.position, self._input, self._searched, self._settled_at = None, None, 0, -1

    def _new(self, file: int, size: int) -> Iterator[Gathered]:
        if _is_packed(file) or self._is_document(file):
            yield from self._whole(file, size)
            return
        taken = self.position.size if self.position is not None else 0
        end = _last_line_end(file, max(taken, self._searched), size)
        if end is None:
            self._searched = size
        final = self._settles and self._settled_at != size and self._rests(SETTLED_S)
        if final and (size > taken or self._held_back):
            end, self._settled_at = size, size
        else:
            final = False
        if end is None:
            return
        given = self._opened()
        if given is not None:
            yield from self._part(given, file, end, final=final)

    def _opened(self) -> Input | None:
        """The input, once there is something by which to recognise it."""
        if self._input is None:
            given = self._opens(self.path)
            self._input = None if given.source.name == Nothing.name else given
        return self._input

    def _is_document(self, file: int) -> bool:
        """Whether it cannot be read in pieces: it is neither a table nor one object a line."""
        head = os.pread(file, _HEAD_BYTES, 0).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not head.startswith((b"{", b"[", b"<")) or (b"\n" not in head and not self._rests(_RESTS_S)):
            return False
        given = self._opened()
        return given is not None and given.source.name != "ndjson"

    def _part(self, given: Input, file: int, end: int, *, final: bool) -> Iterator[Gathered]:
        """The rows after the last one that was read; the last ones, should they not be whole, only if it is final."""
        before = self.position
        resumed = before is not None and before.row > 0
        first, row, position = (before.first, before.row, before.position) if before and resumed else (0, 0, 0)
        stream = _Part(file, [(0, first), (position, end)] if resumed else [(0, end)])
        rows: list[Row] = []
        self._held_back = False
        for read in given.rows_of(cast(BinaryIO, stream)):
            if resumed and read.number == 1:
                continue
            if read.reject is not None and stream.ended and not final:
                self._held_back = True
                break
            shifted = (
                _shifted(read, before.row - 1, before.position - first, given.file) if before and resumed else read
            )
            first = shifted.position if shifted.number == 1 else first
            row, position = shifted.number, shifted.position
            rows.append(shifted)
            if len(rows) >= ROWS_AT_ONCE:
                yield Gathered(self.file, given, rows, self._reached(file, first, row, position, position, final))
                rows = []
        reached = self._reached(file, first, row, position, end, final)
        if rows:
            yield Gathered(self.file, given, rows, reached)

    def _reached(self, file: int, first: int, row: int, position: int, size: int, final: bool) -> Position:
        """How far it is read. What was taken though it may go on is read again, should it do so."""
        if final:
            kept = self.position
            first, row, position = (kept.first, kept.row, kept.position) if kept else (0, 0, 0)
        found = os.fstat(file)
        known = os.pread(file, _KNOWN_BYTES, 0)
        digest = hashlib.sha256(known).hexdigest()
        reached = Position(found.st_dev, found.st_ino, len(known), digest, first, row, position, size)
        if not final or self._settled_at == size:
            self.position = reached
        return reached

    def _whole(self, file: int, size: int) -> Iterator[Gathered]:
        """All of a file that cannot be read in pieces, once it rests and is complete."""
        if (self.position is not None and self.position.size == size) or not self._rests(_RESTS_S):
            return
        if not _is_complete(self.path):
            self._given_up = self._seen
            self._tell(f"{self.path}: is not complete; it is read when it is")
            return
        given, rows, last = self._opens(self.path), list[Row](), (0, 0)
        for row in given.rows():
            rows.append(row)
            last = row.number, row.position
            if len(rows) >= ROWS_AT_ONCE:
                yield Gathered(self.file, given, rows, self._reached(file, 0, *last, size=0, final=False))
                rows = []
        reached = self._reached(file, 0, *last, size=size, final=False)
        yield Gathered(self.file, given, rows, reached)


class _Part(io.RawIOBase):
    """Stretches of a file, one after the other; `ended` once a read has met the end."""

    def __init__(self, file: int, stretches: list[tuple[int, int]]) -> None:
        super().__init__()
        self._file, self._stretches = file, stretches
        self.ended = False

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills `buffer` with what there is."""
        while self._stretches:
            begin, end = self._stretches[0]
            data = os.pread(self._file, min(len(buffer), max(0, end - begin)), begin)
            if data:
                self._stretches[0] = begin + len(data), end
                buffer[: len(data)] = data
                return len(data)
            self._stretches.pop(0)
        self.ended = True
        return 0


def _is_same(file: int, position: Position) -> bool:
    """Whether it is the file that was read, with all that was read of it."""
    found = os.fstat(file)
    if (found.st_dev, found.st_ino) != (position.device, position.inode) or found.st_size < position.size:
        return False
    return hashlib.sha256(os.pread(file, position.known_bytes, 0)).hexdigest() == position.sha256


def _beside(path: str, position: Position) -> str | None:
    """The name that the file which was read has now, in the same folder."""
    with os.scandir(Path(path).absolute().parent) as found:
        for one in found:
            if one.inode() == position.inode and one.is_file(follow_symlinks=False):
                with Path(one.path).open("rb", buffering=0) as file:
                    if _is_same(file.fileno(), position):
                        return one.path
    return None


def _last_line_end(file: int, begin: int, size: int) -> int | None:
    """Behind the last line feed between two bytes; None where there is none."""
    end = size
    while end > begin:
        start = max(begin, end - _BLOCK)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return None


def _is_packed(file: int) -> bool:
    return os.pread(file, 16, 0).startswith(_PACKED)


def _is_complete(path: str) -> bool:
    try:
        with ByteStream(Path(path).open("rb"), path) as stream:
            while stream.read(_BLOCK):
                pass
    except TornInput:
        return False
    except InputError:
        # A workbook of several sheets is whole; which of them is meant, whoever opens it says.
        return True
    return True


def _shifted(row: Row, rows: int, bytes_: int, file: str) -> Row:
    """A row that was read from the middle of a file, with its number and its place in all of it."""
    number, position = row.number + rows, row.position + bytes_
    told = row.reject and replace(row.reject, row=number, position=position)
    reports = tuple(_at(report, row.number, number, file) for report in row.reports)
    watched = tuple(
        replace(one, origin=_moved(one.origin, row.number, number, file)) if one.origin else one
        for one in row.observations
    )
    return Row(number, position, reports, told, watched)


def _at(report: Report, was: int, number: int, file: str) -> Report:
    return replace(report, origin=_moved(report.origin, was, number, file)) if report.origin else report


def _moved(origin: Origin, was: int, number: int, file: str) -> Origin:
    """A line that is another's may bring its own origin."""
    return replace(origin, row=number) if (origin.file, origin.row) == (file, was) else origin
