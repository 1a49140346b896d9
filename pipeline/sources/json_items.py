"""The items of an array in a JSON document, one by one, each with its own bytes.

Only a window of the document is held. An item that is damaged, or too long, costs itself: the next one is sought by
what the items before it look like.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

import msgspec

from pipeline.model.check import Problem
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.records import KEPT_BYTES, ROW_LIMIT, Cut, Span, TornInput

_CHUNK = 1 << 18
_WINDOW = 3 * ROW_LIMIT
_EFFORT = 1 << 25
"""Characters that may be tried in vain, in one document, to find where items begin again."""
_TRY = 256
"""What a try costs at the least, and one that nests too deeply, in the same measure."""
_DEEP = 1 << 16
_STRAY = 2
"""Bytes that may stand at the end by damage, where only a bracket should."""
_SURVEYED = 1_000
_BETWEEN = re.compile(r"[\s,]*")
_SPACE = re.compile(r"\s*")
_COLON = re.compile(r"\s*:\s*")
# After an item comes the next, a comma (or what damage made of it) between, or the end of the array; a name would mean
# that damage closed the item before its end.
_AFTER = re.compile(r"\s*(?:\S?\s*\{|,?\s*\]|,\s*[^\"\s]|,\s*\"[^\"]*\"\s*[,\]]|\Z)")
_COMMA = re.compile(r"\s*,")
_CANDIDATE = re.compile(r"[^:\s]\s*(?=\{)")
_END = {False: re.compile(r"\]\s*\Z"), True: re.compile(r"\]\s*(?:,\s*\"|\}\s*\Z)")}
_TAIL = {False: re.compile(r"\s*\]\s*\Z"), True: re.compile(r"\s*\]\s*\}\s*\Z")}


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item: an object, or the problem that it could not be read.

    `number` counts the items from 1; `span` has its bytes and where in the document they begin.
    """

    number: int
    span: Span
    value: dict[str, Any]
    problem: Problem | None = None


def items(stream: BinaryIO, key: str | None) -> Iterator[Item]:
    """The items of the array that is the member `key` of the document, or, without a key, the document itself.

    A document without that array is one item with a problem; one that is empty, or blank, has none.

    Raises:
        TornInput: the stream, or the document, breaks off; all that was whole has been given before.
    """
    text = _Text(stream)
    reader = _Reader(text, key)
    if not reader.enter():
        text.pass_to_end()
        if not (passed := text.finish()).blank:
            what = "it is no array" if key is None else f"it has no array named {key!r}"
            yield _bad(1, passed, Problem("", RejectReason.NOT_JSON, what))
        if text.torn is not None:
            raise text.torn
        return
    yield from reader.items()


class _Text:
    """A window of the document, one character a byte whatever the encoding.

    Attributes:
        held: the window.
        at: where in it reading goes on.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.held = ""
        self.at = 0
        self.ended = False
        self.torn: TornInput | None = None
        self._base = 0
        self._passed: _Passed | None = None
        self._mark = 0

    @property
    def position(self) -> int:
        """Where in the document reading goes on."""
        return self._base + self.at

    def fill(self) -> None:
        """Hold enough for an item and what comes after it, or all that is left."""
        if self.ended or len(self.held) - self.at >= 2 * ROW_LIMIT:
            return
        self._remember()
        parts, length = [self.held[self.at :]], len(self.held) - self.at
        try:
            while length < _WINDOW and not self.ended:
                chunk = self._stream.read(_CHUNK)
                parts.append(chunk.decode("latin-1"))
                length += len(chunk)
                self.ended = not chunk
        except TornInput as torn:
            self.torn, self.ended = torn, True
        self._base += self.at
        self.held, self.at, self._mark = "".join(parts), 0, 0

    def begin(self) -> None:
        """Begin a piece here."""
        self._passed, self._mark = _Passed(self.position), self.at

    def finish(self) -> Span:
        """The piece from where it was begun to here."""
        assert self._passed is not None
        self._remember()
        span, self._passed = self._passed.span(), None
        return span

    def pass_to_end(self) -> None:
        """Go to the end of the document."""
        while True:
            self.at = len(self.held)
            if self.ended:
                return
            self.fill()

    def _remember(self) -> None:
        if self._passed is not None:
            self._passed.add(self.held[self._mark : self.at].encode("latin-1"))
            self._mark = self.at


class _Passed:
    """A piece of the document as it is passed over: its bytes, or where it is long their beginning, length and hash."""

    def __init__(self, position: int) -> None:
        self._position = position
        self._data = b""
        self._length = 0
        self._hash = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self._length += len(piece)
        self._hash.update(piece)
        self._data = (self._data + piece)[: ROW_LIMIT + 1] if len(self._data) <= ROW_LIMIT else self._data

    def span(self) -> Span:
        if self._length <= ROW_LIMIT:
            return Span(self._position, self._data)
        return Span(self._position, self._data[:KEPT_BYTES], Cut(self._length, self._hash.hexdigest()))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


_scan = json.JSONDecoder(parse_constant=_no_number).raw_decode


class _Reader:
    """Reads the items of the array, once it has been entered."""

    def __init__(self, text: _Text, key: str | None) -> None:
        self._text = text
        self._key = key
        self._number = 0
        self._effort = _EFFORT
        self._like: frozenset[str] = frozenset()
        self._over = False

    def enter(self) -> bool:
        """Go to the array's first item; False where there is no such array, with a piece begun at the beginning."""
        text = self._text
        text.fill()
        if text.held.startswith("\xef\xbb\xbf"):
            text.at = 3
        text.begin()
        text.at = _end(_SPACE, text.held, text.at)
        entered = self._member() if self._key is not None else text.held.startswith("[", text.at)
        if entered:
            text.at += self._key is None
            text.finish()
        return entered

    def _member(self) -> bool:
        """Go into the array by the members before it; where one of them is damaged, by its name alone."""
        held, at = self._text.held, self._text.at
        try:
            while held[at] in "{,":
                name, at = _scan(held, _end(_SPACE, held, at + 1))
                at = _end(_COLON, held, at)
                if name == self._key and held.startswith("[", at):
                    self._text.at = at + 1
                    return True
                at = _end(_SPACE, held, _scan(held, at)[1])
        except (ValueError, RecursionError, IndexError):
            pass
        return self._by_name()

    def _by_name(self) -> bool:
        opening, text = re.compile(rf'"{re.escape(self._key or "")}"\s*:\s*\['), self._text
        while (match := opening.search(text.held, text.at)) is None:
            if text.ended:
                return False
            text.at = max(len(text.held) - ROW_LIMIT, text.at)
            text.fill()
        text.at = match.end()
        return True

    def items(self) -> Iterator[Item]:
        """The items that follow, to the array's end."""
        text = self._text
        while True:
            text.fill()
            text.at = _end(_BETWEEN, text.held, text.at)
            text.fill()
            if text.at == len(text.held):
                if self._over:
                    return
                raise text.torn or TornInput("the document breaks off before the end of its array")
            if _END[self._key is not None].match(text.held, text.at):
                text.pass_to_end()
                if text.torn is not None:
                    raise text.torn
                return
            yield self._item()

    def _item(self) -> Item:
        text = self._text
        begin = text.at
        try:
            value, end = _scan(text.held, begin)
        except (ValueError, RecursionError) as error:
            return self._damaged(str(getattr(error, "msg", "") or "it is nested too deeply"))
        if not isinstance(value, dict):
            return self._damaged("it is no object")
        if end - begin > ROW_LIMIT or not self._ends(value, end):
            return self._damaged("what follows it does not belong to an array")
        self._number += 1
        span = Span(text.position, text.held[begin:end].encode("latin-1"))
        text.at = end
        return self._decoded(span, value)

    def _ends(self, value: dict[str, Any], end: int) -> bool:
        """Whether an item may end here."""
        if _AFTER.match(self._text.held, end) is not None:
            return True
        return value.keys() == self._like and _COMMA.match(self._text.held, end) is not None

    def _decoded(self, span: Span, value: dict[str, Any]) -> Item:
        if not span.data.isascii():
            try:
                value = json.loads(span.data.decode())
            except UnicodeDecodeError as error:
                detail = f"byte {error.start} of the item is not UTF-8"
                return _bad(self._number, span, Problem("", RejectReason.BAD_ENCODING, detail))
        self._like = frozenset(value)
        return Item(self._number, span, value)

    def _damaged(self, detail: str) -> Item:
        """The piece from here to the next item that is whole, or to the array's end."""
        self._number += 1
        text = self._text
        text.begin()
        while (found := self._next()) is None and not text.ended:
            # What is left is enough for an item that begins in it to be seen whole.
            text.at = max(len(text.held) - ROW_LIMIT, text.at)
            text.fill()
        text.at = self._tail() if found is None else found
        span = text.finish()
        if span.cut is None:
            span = Span(span.position, span.data.rstrip(b" \t\r\n,"))
        return _bad(self._number, span, Problem("", RejectReason.NOT_JSON, detail))

    def _tail(self) -> int:
        """The end of the last piece.

        Raises:
            TornInput: the document does not end as one does.
        """
        text = self._text
        held = text.held
        tail = _TAIL[self._key is not None].search(held, max(len(held) - _CHUNK, text.at + 1))
        if tail is not None:
            return tail.start()
        if text.torn is None and (held.rstrip().endswith(("]", "}")) or len(held[text.at :].strip()) <= _STRAY):
            self._over = True
            return len(held)
        torn = text.torn or TornInput("the document breaks off within an item")
        text.pass_to_end()
        torn.span = text.finish()
        raise torn

    def _next(self) -> int | None:
        """Where in the window the next item begins, if it does."""
        if not self._like:
            # No item has been whole so far: the longest of those that follow is one, and not a part of one.
            longest = max(itertools.islice(self._candidates(), _SURVEYED), key=lambda found: found[1], default=None)
            self._like = frozenset() if longest is None else longest[2]
        return next((at for at, _length, keys in self._candidates() if self._is_like(keys)), None)

    def _candidates(self) -> Iterator[tuple[int, int, frozenset[str]]]:
        """The objects that follow in the window, each with its length and keys; of those in others, none."""
        held, at = self._text.held, self._text.at
        last = len(held) if self._text.ended else len(held) - ROW_LIMIT
        while self._effort > 0 and (match := _CANDIDATE.search(held, at)) is not None and match.end() < last:
            begin = at = match.end()
            try:
                value, end = _scan(held, begin)
            except (ValueError, RecursionError) as error:
                # To say where it failed, the decoder counts the lines from the window's beginning.
                self._effort -= _TRY + (error.pos // 128 if isinstance(error, json.JSONDecodeError) else _DEEP)
                continue
            self._effort -= _TRY + end - begin
            if isinstance(value, dict) and _AFTER.match(held, end) is not None:
                at = end - 1
                yield begin, end - begin, frozenset(value)

    def _is_like(self, keys: frozenset[str]) -> bool:
        return 2 * len(keys & self._like) >= len(keys | self._like)


def _end(pattern: re.Pattern[str], text: str, at: int = 0) -> int:
    match = pattern.match(text, at)
    if match is None:
        raise ValueError("not as JSON is written")
    return match.end()


def _bad(number: int, span: Span, problem: Problem) -> Item:
    if span.cut is not None:
        detail = f"{span.cut.length} bytes; an item has {ROW_LIMIT} at most"
        problem = Problem("", RejectReason.TOO_LONG, detail)
    return Item(number, span, {}, problem)
