"""The cells of an XLSX sheet as the text that a CSV table would have: numbers, days, times, words."""

import re
from array import array
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache

from pipeline.sources.records import TornInput

Field = bytes | memoryview


MOST_COLUMNS = 16_384
MOST_ROW = 4 << 20
"""Characters of one row, or of one shared text: many times what a row of a table may have."""
_LONGEST_NUMBER = 40
_LAST_SERIAL = 2_958_466
"""The day after 9999-12-31 in the count of days from 1900."""
_LEAP_SERIAL = 60
"""1900-02-29, a day that was none: what is before it is counted from a day later."""
_MS_A_DAY = 86_400_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PASSED_OVER = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]')
_WHOLE = re.compile(r"-?[0-9]{1,40}")


class Shows(IntEnum):
    """What a number format makes of a number."""

    NUMBER = 0
    DAY = 1
    TIME = 2


_BUILT_IN = {
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58), Shows.DAY),
    **dict.fromkeys((*range(18, 23), *range(32, 36), *range(45, 48), 55, 56), Shows.TIME),
}
"""The formats that a workbook does not write out, by their numbers (ECMA-376 part 1, 18.8.30)."""


def shows(number: int, written: Mapping[int, str]) -> Shows:
    """What the format of that number shows; `written` are those that the workbook has beside the built-in ones."""
    code = written.get(number)
    if code is None:
        return _BUILT_IN.get(number, Shows.NUMBER)
    plain = _PASSED_OVER.sub("", code.split(";", 1)[0]).lower()
    if "general" in plain:
        return Shows.NUMBER
    if "h" in plain or "s" in plain:
        return Shows.TIME
    return Shows.DAY if any(letter in plain for letter in "ydm") else Shows.NUMBER


class Words:
    """The texts that the cells of a workbook share, held close together, as CSV has them."""

    def __init__(self) -> None:
        self._all = bytearray()
        self._ends = array("Q", [0])
        self._view: memoryview | None = None

    def add(self, text: str) -> None:
        """Take the next one."""
        self._all += quoted(text)
        self._ends.append(len(self._all))

    def at(self, index: int) -> memoryview:
        """One of them, once all were taken: not a copy, as a short row may name a long text many times."""
        if self._view is None:
            self._view = memoryview(self._all)
        if not 0 <= index < len(self._ends) - 1:
            raise TornInput("the workbook is damaged: a cell names a text that is not there")
        return self._view[self._ends[index] : self._ends[index + 1]]


class Strings:
    """Takes the texts that the cells of a workbook share from the events of its XML."""

    def __init__(self) -> None:
        self.words = Words()
        self._parts: list[str] = []
        self._held = 0
        self._taking = self._spoken = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """An element begins. What tells how to pronounce a text (`rPh`) is not of it."""
        plain = name.rpartition(":")[2]
        if plain == "t":
            self._taking = not self._spoken
        elif plain == "rPh":
            self._spoken = True

    def text(self, data: str) -> None:
        """A piece of text comes."""
        if self._taking:
            self._held += len(data)
            if self._held > MOST_ROW:
                raise TornInput(f"the workbook has a text of more than {MOST_ROW >> 20} MiB")
            self._parts.append(data)

    def end(self, name: str) -> None:
        """An element ends."""
        plain = name.rpartition(":")[2]
        if plain == "t":
            self._taking = False
        elif plain == "rPh":
            self._spoken = False
        elif plain == "si":
            self.words.add(unescaped("".join(self._parts)))
            self._parts.clear()
            self._held = 0


class Rows:
    """Takes the rows of a sheet from the events of its XML, as the fields of lines of CSV.

    Args:
        formats: what each style shows, by its index.
        from_1904: whether days are counted from 1904.

    Attributes:
        ready: the rows that have ended, each up to its last field that is not empty; to be taken out.
        over: whether there are no more.
    """

    def __init__(self, words: Words, formats: list[Shows], from_1904: bool) -> None:
        self.ready: list[list[Field]] = []
        self.over = False
        self._words, self._from_1904 = words, from_1904
        self._formats = {str(at): form for at, form in enumerate(formats)}
        self._columns: dict[str, int] = {}
        self._fields: list[Field] = []
        self._attributes: dict[str, str] = {}
        self._parts: list[str] = []
        self._held = 0
        self._taking = self._spoken = False
        self._prefix: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._prefix is None:
            self._name(name)
        if name == self._cell:
            self._attributes = attributes
        elif name == self._value or (name == self._text and not self._spoken):
            self._taking = True
        elif name == self._phonetic:
            self._spoken = True

    def text(self, data: str) -> None:
        """A piece of text comes."""
        if self._taking:
            self._hold(len(data))
            self._parts.append(data)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == self._value or name == self._text:  # noqa: PLR1714 - twice as fast
            self._taking = False
        elif name == self._cell:
            self._take()
        elif name == self._row:
            fields = self._fields
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                self.ready.append(fields)
            self._fields, self._held = [], 0
        elif name == self._phonetic:
            self._spoken = False
        elif name == self._data:
            self.over = True

    def _name(self, root: str) -> None:
        """The names of the elements, which have the prefix of the first one."""
        self._prefix = prefix = root[: root.rfind(":") + 1]
        self._row, self._cell, self._value = f"{prefix}row", f"{prefix}c", f"{prefix}v"
        self._text, self._phonetic, self._data = f"{prefix}t", f"{prefix}rPh", f"{prefix}sheetData"

    def _hold(self, more: int) -> None:
        self._held += more
        if self._held > MOST_ROW:
            raise TornInput(f"the workbook has a row of more than {MOST_ROW >> 20} MiB")

    def _take(self) -> None:
        attributes, fields = self._attributes, self._fields
        reference = attributes.get("r")
        at = len(fields)
        if reference is not None:
            letters = reference.rstrip("0123456789")
            at = self._columns.get(letters, -1)
            if at < 0:
                at = self._columns[letters] = _column_index(letters)
        if at < len(fields) or at >= MOST_COLUMNS:
            raise TornInput("the workbook is damaged: the cells of a row are not in order, or too many")
        if at > len(fields):
            fields.extend([b""] * (at - len(fields)))
        fields.append(self._field(attributes) if self._parts else b"")

    def _field(self, attributes: dict[str, str]) -> Field:
        parts = self._parts
        text = parts[0] if len(parts) == 1 else "".join(parts)
        parts.clear()
        kind = attributes.get("t", "n")
        if kind == "s":
            plain = text.strip()
            word = self._words.at(int(plain) if plain.isdecimal() and len(plain) < 12 else -1)
            self._hold(len(word))
            return word
        if kind == "n":
            form = self._formats.get(attributes.get("s", ""), Shows.NUMBER)
            return number_field(text, form, self._from_1904)
        if kind == "b":
            return b"true" if text.strip() == "1" else b"false"
        return quoted(unescaped(text))


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters if len(letters) <= 3 else "":
        index = index * 26 + ord(letter) - 64 if "A" <= letter <= "Z" else MOST_COLUMNS + 1
    if not 0 < index <= MOST_COLUMNS:
        raise TornInput(f"the workbook is damaged: there is no column {letters[:20]!r}")
    return index - 1


def unescaped(text: str) -> str:
    """A text with the characters that XML cannot hold."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    # Half of a pair stands for no character.
    return match[0] if 0xD800 <= code < 0xE000 else chr(code)


def quoted(text: str) -> bytes:
    """A text as a field of CSV."""
    if '"' in text:
        text = text.replace('"', '""')
    elif "," not in text and "\n" not in text and "\r" not in text:
        return text.encode()
    return f'"{text}"'.encode()


def printable(name: str) -> str:
    """The name of a sheet or a layer for a message, unless it would do something to the terminal."""
    return name if name.isprintable() else "NAME"


@lru_cache(maxsize=20_000)
def number_field(text: str, form: Shows, from_1904: bool = False) -> bytes:
    """A number as a sheet shows it: whole ones without `.0`, days and times as ISO 8601 has them."""
    plain = text.strip()
    if form is Shows.NUMBER and _WHOLE.fullmatch(plain):
        return plain.encode()
    try:
        value = float(plain) if len(plain) <= _LONGEST_NUMBER else None
    except ValueError:
        value = None
    if value is None:
        return quoted(text)
    moment = None if form is Shows.NUMBER else _moment(value, form, from_1904)
    return moment.encode() if moment is not None else number_text(value).encode()


def number_text(value: float) -> str:
    """A number in as few digits as say it exactly."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _moment(serial: float, form: Shows, from_1904: bool) -> str | None:
    """A count of days as a day, a day with its time, or a time of day alone; None where it is no moment."""
    if not 0 <= serial < _LAST_SERIAL - (1462 if from_1904 else 0):
        return None
    if not from_1904 and _LEAP_SERIAL <= serial < _LEAP_SERIAL + 1:
        return None
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if serial < _LEAP_SERIAL else 30)  # noqa: DTZ001 - a sheet's times have no zone
    ms = round(serial * _MS_A_DAY)
    try:
        moment = first + timedelta(milliseconds=ms)
    except OverflowError:
        return None
    time = moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 1000:03d}" if moment.microsecond else "")
    if serial < 1 and form is Shows.TIME:
        return time
    day = moment.date().isoformat()
    return f"{day} {time}" if form is Shows.TIME or ms % _MS_A_DAY else day
