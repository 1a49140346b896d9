"""Splitting bytes into rows: lines, and the records of a table with quoted fields.

Only as much is held in memory as one row may have. A row that is damaged costs itself and not its neighbours.
"""

import csv
import hashlib
import itertools
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import msgspec

from pipeline.model.check import Problem
from pipeline.model.taxonomy import RejectReason

KEPT_BYTES = 65_536
"""How much of a row that cannot be read is kept."""
ROW_LIMIT = 1 << 20
"""The longest row in bytes: twice what the largest area that a report may carry needs, and more than two reads give."""
LINE_LIMIT = 256
"""The most physical lines that one record of a table may run over; a stray quote costs no more."""
_CHUNK = 1 << 18
_BOM = b"\xef\xbb\xbf"


class Cut(msgspec.Struct, frozen=True, gc=False):
    """What is known of a row that was too long to hold."""

    length: int
    sha256: str


class Span(msgspec.Struct, frozen=True, gc=False):
    """The bytes of one row without its line ending. Where `cut` is set, `data` is only their beginning."""

    position: int
    data: bytes
    cut: Cut | None = None

    @property
    def length(self) -> int:
        """How many bytes the row has."""
        return len(self.data) if self.cut is None else self.cut.length

    @property
    def sha256(self) -> str:
        """The SHA-256 of all the row's bytes."""
        return hashlib.sha256(self.data).hexdigest() if self.cut is None else self.cut.sha256

    @property
    def blank(self) -> bool:
        """Whether there is nothing but white space."""
        return self.cut is None and (not self.data or self.data.isspace())


class TornInput(Exception):
    """The input breaks off or cannot be decompressed any further.

    Attributes:
        detail: What went wrong, in a sentence.
        span: The piece of a row that was left, where somebody was reading rows.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.span: Span | None = None


class Block(msgspec.Struct, frozen=True, gc=False):
    """Whole lines that follow one another, without their LF; a CR at the end of one is still there.

    Where `cut` is set, it is one line that was too long to hold, and there is only its beginning.
    """

    position: int
    pieces: list[bytes]
    cut: Cut | None = None

    def spans(self) -> Iterator[Span]:
        """The lines, one by one, blank ones too."""
        if self.cut is not None:
            yield Span(self.position, self.pieces[0], self.cut)
            return
        position = self.position
        for piece in self.pieces:
            yield Span(position, piece.removesuffix(b"\r"))
            position += len(piece) + 1


class _Unfinished:
    """A line whose end has not been read yet; past the limit, only its beginning, length and hash."""

    def __init__(self, position: int, limit: int) -> None:
        self.position = position
        self.length = 0
        self._limit = limit
        self._parts: list[bytes] = []
        self._hash: hashlib._Hash | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece of the line."""
        self.length += len(piece)
        if self._hash is not None:
            self._hash.update(piece)
            return
        self._parts.append(piece)
        if self.length > self._limit:
            whole = b"".join(self._parts)
            self._hash = hashlib.sha256(whole)
            self._parts = [whole[:KEPT_BYTES]]

    def finish(self) -> Block:
        """The line. Its hash, where it was too long, covers a carriage return at its end."""
        cut = None if self._hash is None else Cut(self.length, self._hash.hexdigest())
        return Block(self.position, [b"".join(self._parts)], cut)


def blocks(stream: BinaryIO, limit: int = ROW_LIMIT) -> Iterator[Block]:
    """The lines of `stream`, as many at once as each read gives; a byte order mark at the start is left out.

    A line of more than `limit` bytes comes with its first 64 KiB, its whole length and whole hash, in its own block.

    Raises:
        TornInput: the stream breaks off; `span` is then the piece of a line that was left.
    """
    unfinished = _Unfinished(0, limit)
    try:
        chunk = _first_chunk(stream)
        if chunk.startswith(_BOM):
            chunk = chunk[3:]
            unfinished = _Unfinished(3, limit)
        while chunk:
            first, *others = chunk.split(b"\n")
            unfinished.add(first)
            if others:
                last = others.pop()
                yield from _blocks(unfinished, others, limit)
                position = unfinished.position + unfinished.length + 1 + sum(map(len, others)) + len(others)
                unfinished = _Unfinished(position, limit)
                unfinished.add(last)
            chunk = stream.read(_CHUNK)
    except TornInput as torn:
        (torn.span,) = unfinished.finish().spans()
        raise
    if unfinished.length:
        yield unfinished.finish()


def _blocks(first: _Unfinished, others: list[bytes], limit: int) -> Iterator[Block]:
    """A line that is at its end, and those after it, in as few blocks as may be."""
    head = first.finish()
    if head.cut is None and (limit >= 2 * _CHUNK or all(len(piece) <= limit for piece in others)):
        yield Block(head.position, head.pieces + others)
        return
    yield head
    position = first.position + first.length + 1
    for piece in others:
        line = _Unfinished(position, limit)
        line.add(piece)
        yield line.finish()
        position += len(piece) + 1


def lines(stream: BinaryIO, limit: int = ROW_LIMIT) -> Iterator[Span]:
    """The lines of `stream`, ended by LF or CRLF, one by one, blank ones too; otherwise as `blocks` gives them.

    Raises:
        TornInput: the stream breaks off; `span` is then the piece of a line that was left.
    """
    for block in blocks(stream, limit):
        yield from block.spans()


def _first_chunk(stream: BinaryIO) -> bytes:
    """Enough to see a byte order mark and what follows it, however little a read gives."""
    chunk = stream.read(_CHUNK)
    while chunk and len(chunk) <= len(_BOM) and _BOM.startswith(chunk):
        more = stream.read(_CHUNK)
        if not more:
            break
        chunk += more
    return chunk


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of a table: its fields, or the problem that it could not be split."""

    span: Span
    fields: list[str]
    problem: Problem | None = None


class Dialect:
    """How the fields of a table are set apart: one ASCII delimiter, and double quotes or none at all."""

    def __init__(self, delimiter: str = ",", quoting: bool = True) -> None:
        self.delimiter = delimiter
        self.quoting = quoting
        d = re.escape(delimiter.encode())
        self._spaces = b" \t\r\v\f".replace(delimiter.encode(), b"")
        inside = rb'(?:[^"]++|"")*+'
        field = rb'(?:"%b"|[^"%b][^%b]*+)?' % (inside, d, d)
        # After a line break within quotes a bare quote in a field is a sign that the quotes are out of step.
        strict = rb'(?:"%b"|[^"%b]*+)' % (inside, d)
        self._complete = _pattern(rb"%b(?:%b%b)*+" % (field, d, field))
        self._opens = _pattern(rb'(?:%b%b)*+"%b' % (field, d, inside))
        self._goes_on = _pattern(inside)
        self._closes = _pattern(rb'%b"(?:%b%b)*+' % (inside, d, strict))
        self._opens_anew = _pattern(rb'%b"%b(?:%b%b)*+"%b' % (inside, d, strict, d, inside))
        self._field = re.compile('(?:^|{0})(?:"((?:[^"]++|"")*+)"|([^{0}]*))'.format(re.escape(delimiter)))

    def is_blank(self, line: Span) -> bool:
        """Whether there is nothing but white space; a delimiter that is a tab is none."""
        return line.cut is None and not line.data.strip(self._spaces)

    def begins_open(self, line: bytes) -> bool | None:
        """Whether a quoted field runs on past the first line of a record; None where the quotes are in disorder."""
        if not self.quoting or b'"' not in line or self._complete.fullmatch(line):
            return False
        return True if self._opens.fullmatch(line) else None

    def stays_open(self, line: bytes) -> bool | None:
        """The same for a line that begins within a quoted field."""
        if b'"' not in line or self._goes_on.fullmatch(line):
            return True
        if self._closes.fullmatch(line):
            return False
        return True if self._opens_anew.fullmatch(line) else None

    def split_lines(self, lines: list[Span]) -> list[list[str] | None]:
        """The fields of each line that is a whole record by itself; None where one has to be looked at more closely.

        What is split here is split as `split` does, only many lines at a time.
        """
        try:
            texts = [line.data.decode() for line in lines]
        except UnicodeDecodeError:
            return [None] * len(lines)
        found: list[list[str] | None] = [
            None if line.cut is not None or "\0" in text or self.is_blank(line) else text.split(self.delimiter)
            for line, text in zip(lines, texts, strict=True)
        ]
        if self.quoting:
            quoted = [at for at, text in enumerate(texts) if '"' in text and found[at] is not None]
            for at, fields in zip(quoted, self._unquoted([texts[at] for at in quoted]), strict=True):
                # The csv module ends a row at a bare carriage return, which is a byte as any other here.
                found[at] = None if "\r" in texts[at] else fields
        return found

    def _unquoted(self, texts: list[str]) -> list[list[str] | None]:
        """The fields of lines with quotes, None where the quotes of one do not close within it."""
        found: list[list[str] | None] = []
        while len(found) < len(texts):
            # Begun anew after a line that runs on, or whose quotes are in disorder: the next may be whole by itself.
            begun, rows = len(found), csv.reader(texts[len(found) :], delimiter=self.delimiter, strict=True)
            with suppress(csv.Error):
                for fields in rows:
                    if rows.line_num > len(found) - begun + 1:
                        break
                    found.append(fields)
            if len(found) < len(texts):
                found.append(None)
        return found

    def split(self, text: str) -> list[str]:
        """The fields of one whole record, without their quotes."""
        if not self.quoting or '"' not in text:
            return text.split(self.delimiter)
        return [
            match[1].replace('""', '"') if match[1] is not None else match[2] for match in self._field.finditer(text)
        ]


def _pattern(expression: bytes) -> re.Pattern[bytes]:
    return re.compile(expression, re.DOTALL)


class Table:
    """The records of a table, taken one at a time.

    A quoted field may hold line breaks. Where a record of several lines turns out wrong (its quotes in disorder, too
    long, another number of fields), only its first line is given up and reading goes on at the next line: a stray
    quote never swallows the rows after it.
    """

    def __init__(self, stream: BinaryIO, dialect: Dialect, limit: int = ROW_LIMIT) -> None:
        self._blocks = blocks(stream, limit)
        self._ahead: deque[_Line] = deque()
        self._dialect = dialect
        self._limit = limit
        self._torn: TornInput | None = None

    def records(self, width: int) -> Iterator[Record]:
        """The records that follow, each with `width` fields or with its problem.

        Raises:
            TornInput: the stream breaks off; all that was whole has been given before.
        """
        while (record := self.take(width)) is not None:
            yield record

    def take(self, width: int | None) -> Record | None:
        """The next record, of any width where `width` is None; None at the end. Blank lines are no records."""
        while (line := self._next()) is not None:
            first, fields = line
            if fields is not None:
                return Record(first, fields) if width in (None, len(fields)) else _misfit(first, fields, width)
            if not self._dialect.is_blank(first):
                return self._look(first, width)
        if self._torn is not None:
            raise self._torn
        return None

    def _look(self, first: Span, width: int | None) -> Record:
        """The record that begins with a line which is none by itself."""
        if first.cut is not None:
            return _bad(first, RejectReason.TOO_LONG, f"{first.cut.length} bytes; a row has {self._limit} at most")
        is_open = self._dialect.begins_open(first.data)
        if is_open is None:
            return _bad(first, RejectReason.BAD_ROW, "text follows a closing quote")
        if not is_open:
            return self._record(first, width)
        return self._joined(first, width)

    def give_back(self, record: Record) -> None:
        """Let the next take begin with this record, which was the last one taken."""
        self._ahead.appendleft((record.span, None))

    def _next(self) -> "_Line | None":
        while not self._ahead and self._torn is None:
            try:
                block = next(self._blocks, None)
            except TornInput as torn:
                self._torn = torn
                return None
            if block is None:
                return None
            spans = list(block.spans())
            self._ahead.extend(zip(spans, self._dialect.split_lines(spans), strict=True))
        return self._ahead.popleft() if self._ahead else None

    def _joined(self, first: Span, width: int | None) -> Record:
        taken: list[_Line] = [(first, None)]
        length = first.length
        is_open: bool | None = True
        while is_open and len(taken) < LINE_LIMIT and length <= self._limit:
            line = self._next()
            if line is None:
                break
            taken.append(line)
            span, _ = line
            length += span.length + 2
            is_open = None if span.cut is not None else self._dialect.stays_open(span.data)
        if is_open is False and length <= self._limit:
            record = self._record(_join([span for span, _ in taken]), width)
            if record.problem is None or record.problem.reason is not RejectReason.BAD_ROW:
                return record
        self._ahead.extendleft(reversed(taken[1:]))
        return _bad(first, RejectReason.BAD_ROW, "a quote opens here, and the lines after it do not end the row")

    def _record(self, span: Span, width: int | None) -> Record:
        problem = None
        try:
            text = span.data.decode()
        except UnicodeDecodeError as error:
            problem = Problem("", RejectReason.BAD_ENCODING, f"byte {error.start} of the row is not UTF-8")
            text = span.data.decode(errors="replace")
        fields = self._dialect.split(text)
        if width not in (None, len(fields)):
            return _misfit(span, fields, width)
        if problem is None and "\0" in text:
            problem = Problem("", RejectReason.BAD_VALUE, "the row holds a NUL byte")
        return Record(span, fields, problem)


def _join(spans: list[Span]) -> Span:
    """One span of several lines, with the line endings that stood between them."""
    parts = [spans[0].data]
    for before, after in itertools.pairwise(spans):
        ending = after.position - before.position - len(before.data)
        parts += (b"\n" if ending == 1 else b"\r\n", after.data)
    return Span(spans[0].position, b"".join(parts))


_Line = tuple[Span, list[str] | None]
"""A line, and its fields where it is a whole record by itself."""


def _misfit(span: Span, fields: list[str], width: int | None) -> Record:
    return _bad(span, RejectReason.BAD_ROW, f"{len(fields)} fields where the table has {width} columns")


def _bad(span: Span, reason: RejectReason, detail: str) -> Record:
    return Record(span, [], Problem("", reason, detail))
