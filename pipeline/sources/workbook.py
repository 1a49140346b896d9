"""XLSX workbooks: one sheet as CSV text, a row at a time.

A workbook is a zip of XML. It is read with the standard library alone and in one direction, so that memory stays flat
whatever a cell claims: two cells at opposite corners of a sheet, or a million that share one long text, are small files
that a reader of whole sheets needs hundreds of gigabytes for.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers import expat

from pipeline.sources.base import InputError
from pipeline.sources.records import TornInput
from pipeline.sources.sheet_cells import Field, Rows, Shows, Strings, Words, printable, shows

MOST_ENTRIES = 10_000
MOST_INFLATED = 256 << 20
"""Bytes that the parts of one workbook may have, unpacked, by what really comes out of them."""
MOST_TEXT = 1 << 30
"""Bytes of CSV that one sheet may become: a few bytes of a cell may stand for a long text."""
MOST_SHEETS = 1_000
_MOST_TOKEN = 4 << 20
"""Bytes of XML without an end; the parser begins anew with such a piece at each chunk."""
_PART_XML = 8 << 20
"""XML of a part that is held as a whole: the list of sheets, the styles."""
_CHUNK = 1 << 16
_OUT = 1 << 16
_END = b"PK\x05\x06"
_END_BYTES = 22
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RELATION = re.compile(r"\{[^}]*/relationships\}id")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ParseError,
    expat.ExpatError,
    struct.error,
    NotImplementedError,
    UnicodeError,
)


class _Takes(Protocol):
    """What is told of the events of XML."""

    def start(self, name: str, attributes: dict[str, str], /) -> None: ...

    def text(self, data: str, /) -> None: ...

    def end(self, name: str, /) -> None: ...


class _Sheet(NamedTuple):
    name: str
    part: str
    hidden: bool


def sheet_text(file: BinaryIO, name: str, sheet: str | None) -> Iterator[bytes]:
    """One sheet of a workbook as CSV text in pieces: `sheet`, or the only visible one that holds anything.

    Raises:
        InputError: it is another kind of file, is protected, or holds several sheets.
        TornInput: it is damaged, or its parts are larger than any table's.
    """
    try:
        yield from _Workbook(file, name).text(sheet)
    except OSError as error:
        raise TornInput(f"reading failed: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise TornInput(f"the workbook is damaged: {error}") from error


class _Workbook:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self._left = MOST_INFLATED
        _check_directory(file)
        self._zip = zipfile.ZipFile(file)
        self._parts = {info.filename.lower(): info for info in self._zip.infolist()}
        if "xl/workbook.xml" not in self._parts:
            raise InputError(f"{name}: a zip archive that is no XLSX workbook; save it as .xlsx, or unpack it")

    def text(self, chosen: str | None) -> Iterator[bytes]:
        book = self._whole("xl/workbook.xml")
        space = _space(book)
        properties = book.find(f"{space}workbookPr")
        from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        words, formats = self._words(), self._formats()
        sheets = self._sheets(book, space)

        def rows(sheet: _Sheet) -> Iterator[list[Field]]:
            return self._rows(sheet, Rows(words, formats, from_1904))

        if chosen is not None:
            yield from _bounded(_lines(rows(self._named(sheets, chosen))))
            return
        filled = [sheet for sheet in sheets if not sheet.hidden and next(rows(sheet), None)]
        if len(filled) > 1:
            raise InputError(
                f"{self._name}: {len(filled)} sheets hold something: {_listed(filled)}. "
                f'Write {self._name}#{printable(filled[0].name)} for the first, or `sheet = "…"` in a csv mapping'
            )
        if filled:
            yield from _bounded(_lines(rows(filled[0])))

    def _sheets(self, book: Element, space: str) -> list[_Sheet]:
        relations = {
            one.get("Id", ""): one.get("Target", "")
            for one in self._whole("xl/_rels/workbook.xml.rels")
            if one.get("Type", "").endswith("/worksheet")
        }
        found = []
        for one in book.iterfind(f"{space}sheets/{space}sheet"):
            relation = next((value for key, value in one.items() if _RELATION.fullmatch(key)), "")
            if relation in relations:
                target = relations[relation]
                part = target[1:] if target.startswith("/") else f"xl/{target}"
                found.append(_Sheet(one.get("name", ""), part.lower(), one.get("state", "visible") != "visible"))
        if len(found) > MOST_SHEETS:
            raise TornInput(f"the workbook has {len(found):,} sheets; {MOST_SHEETS:,} at most are read")
        return found

    def _named(self, sheets: list[_Sheet], name: str) -> _Sheet:
        named = [sheet for sheet in sheets if sheet.name == name]
        if len(named) != 1:
            raise InputError(f"{self._name}: there is no sheet {name!r}; there are: {_listed(sheets)}")
        return named[0]

    def _rows(self, sheet: _Sheet, rows: Rows) -> Iterator[list[Field]]:
        try:
            for _ in _parsed(self._bytes(sheet.part), rows):
                yield from rows.ready
                rows.ready.clear()
                if rows.over:
                    return
        except (TornInput, *_DAMAGE):
            # What was whole before the damage is read.
            yield from rows.ready
            raise

    def _words(self) -> Words:
        strings = Strings()
        if "xl/sharedstrings.xml" in self._parts:
            for _ in _parsed(self._bytes("xl/sharedstrings.xml"), strings):
                pass
        return strings.words

    def _formats(self) -> list[Shows]:
        """What each style shows."""
        if "xl/styles.xml" not in self._parts:
            return []
        styles = self._whole("xl/styles.xml")
        space = _space(styles)
        written = {
            _number(one.get("numFmtId")): one.get("formatCode", "")
            for one in styles.iterfind(f"{space}numFmts/{space}numFmt")
        }
        return [shows(_number(one.get("numFmtId")), written) for one in styles.iterfind(f"{space}cellXfs/{space}xf")]

    def _whole(self, part: str) -> Element:
        held = bytearray()
        for chunk in self._bytes(part):
            held += chunk
            if len(held) > _PART_XML:
                raise TornInput(f"the workbook's part {part} has more than {_PART_XML >> 20} MiB")
        if b"\0" in held or b"<!DOCTYPE" in held:
            raise TornInput("the workbook is damaged: its XML is not as XLSX has it")
        return fromstring(bytes(held))

    def _bytes(self, part: str) -> Iterator[bytes]:
        """The bytes of a part, unpacked as they are asked for and counted."""
        info = self._parts.get(part)
        if info is None:
            raise TornInput(f"the workbook is damaged: its part {part[:80]} is missing")
        if info.flag_bits & 1:
            raise InputError(f"{self._name}: the workbook is protected by a password; save it without one")
        if info.compress_type not in _METHODS:
            raise TornInput(f"the workbook is damaged: its part {part[:80]} is packed in a way that XLSX does not know")
        with self._zip.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise TornInput(f"the workbook has more than {MOST_INFLATED >> 20} MiB, unpacked; save it as CSV")
                yield chunk


def _check_directory(file: BinaryIO) -> None:
    """Bounds the list of entries before zipfile makes an object of each."""
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - _END_BYTES))
    tail = file.read()
    at = len(tail) - _END_BYTES
    if not (tail[at:].startswith(_END) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise TornInput("the workbook breaks off before its end")
    entries, directory = struct.unpack_from("<HL", tail, at + 10)
    if entries > MOST_ENTRIES or directory > MOST_ENTRIES * 256 or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise TornInput(f"the workbook has more than {MOST_ENTRIES:,} parts")


def _parsed(chunks: Iterator[bytes], taker: _Takes) -> Iterator[None]:
    """Tells `taker` what the XML holds, a chunk with each step."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = taker.start, taker.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = taker.text, _no_doctype
    fed = 0
    for chunk in chunks:
        parser.Parse(chunk)
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > _MOST_TOKEN:
            raise TornInput("the workbook is damaged: its XML does not end what it begins")
        yield
    parser.Parse(b"", True)
    yield


def _no_doctype(*_: object) -> None:
    """Entities, which a text of a few bytes may make large, are declared in one."""
    raise TornInput("the workbook is damaged: its XML is not as XLSX has it")


def _lines(rows: Iterator[list[Field]]) -> Iterator[bytes]:
    """Lines of CSV, each filled up to the width of the first."""
    width = 0
    for fields in rows:
        width = width or len(fields)
        yield b",".join(fields) + b"," * (width - len(fields)) + b"\r\n"


def _bounded(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines, some at once."""
    given = held = 0
    some: list[bytes] = []
    try:
        for line in lines:
            some.append(line)
            held += len(line)
            if held >= _OUT:
                yield b"".join(some)
                given, held, some = given + held, 0, []
                if given > MOST_TEXT:
                    raise TornInput(f"the sheet becomes more than {MOST_TEXT >> 30} GiB of text; save it as CSV")
    except (TornInput, *_DAMAGE):
        yield b"".join(some)
        raise
    yield b"".join(some)


def _space(root: Element) -> str:
    tag: str = root.tag
    return tag[: tag.rfind("}") + 1]


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 10 else 0


def _listed(sheets: list[_Sheet]) -> str:
    more = f" and {len(sheets) - 20} more" if len(sheets) > 20 else ""
    return ", ".join(repr(sheet.name) for sheet in sheets[:20]) + more
