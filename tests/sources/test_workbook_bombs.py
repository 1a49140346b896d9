"""Damaged workbooks, and bombs: each ends at a bound, as one reject, in little memory."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.base import InputError
from pipeline.sources.records import TornInput
from pipeline.sources.streams import ByteStream
from tests.sources.workbooks import SPACE, bare, grid


def _held(stream: ByteStream) -> tuple[int, int, str]:
    """Bytes of text, the most memory that was needed for them, and why there are no more."""
    length, detail = 0, ""
    tracemalloc.start()
    try:
        while chunk := stream.read(1 << 20):
            length += len(chunk)
    except TornInput as torn:
        detail = torn.detail
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        stream.close()
    return length, most, detail


def _lying() -> bytes:
    """The list of parts says of the sheet that it has ten bytes."""
    found = bytearray(bare(grid("<row><c><v>1</v></c></row>" * 9)))
    at = found.find(b"PK\x01\x02", found.find(b"xl/worksheets/a.xml", found.rfind(b"PK\x01\x02")) - 100)
    found[at + 24 : at + 28] = struct.pack("<L", 10)
    return bytes(found)


def _many_parts() -> bytes:
    found = bytearray(bare(grid("")))
    at = found.rfind(b"PK\x05\x06")
    found[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    return bytes(found)


ROW = "<row><c><v>1</v></c></row>"
LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: bare(grid(ROW))[:-40], "breaks off"),
        (lambda: bare(grid(ROW) + "<more>"), "damaged"),
        (lambda: bare(grid(f"{ROW}<row><c></row>")), "damaged"),
        (lambda: bare(LAUGHS + grid(f"{ROW}<row><c><v>&b;</v></c></row>")), "its XML is not as XLSX has it"),
        (lambda: bare(grid('<row><c t="s"><v>7</v></c></row>')), "names a text that is not there"),
        (lambda: bare(grid('<row><c r="C1"><v>1</v></c><c r="A1"><v>1</v></c></row>')), "not in order"),
        (lambda: bare(grid('<row><c r="XFE1"><v>1</v></c></row>')), "there is no column 'XFE'"),
        (lambda: bare(grid(f'<row a="{"x" * (5 << 20)}">{ROW}</row>')), "does not end what it begins"),
        (lambda: bare(grid(f"<row><c><v>{'1' * (5 << 20)}</v></c></row>")), "a row of more than 4 MiB"),
        (lambda: bare(grid(ROW), f"<sst {SPACE}><si><t>{'x' * (5 << 20)}</t></si></sst>"), "a text of more than 4 MiB"),
        (lambda: bare(grid(ROW), method=zipfile.ZIP_BZIP2), "in a way that XLSX does not know"),
        (lambda: bare(grid(ROW).replace("<sheetData>", "<sheetData>" + " " * (257 << 20))), "more than 256 MiB"),
        (_lying, "damaged"),
        (_many_parts, "more than 10,000 parts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_workbook_or_a_bomb_is_one_reject(make: Callable[[], bytes], said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make())
    with path.open("rb") as file:
        _, most, torn = _held(ByteStream(file, str(path)))
    assert said in torn
    assert most < 40 << 20


def test_two_cells_at_the_corners_of_a_sheet_need_no_memory() -> None:
    corner = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    length, most, _ = _held(ByteStream(io.BytesIO(bare(grid(corner)))))
    assert length == len("1\r\n") + 16_383 + len("2\r\n")
    assert most < 8 << 20


def test_a_long_text_in_very_many_cells_ends_at_a_bound_and_needs_no_memory() -> None:
    shared = f"<sst {SPACE}><si><t>{'x' * (3 << 20)}</t></si></sst>"
    data = bare(grid('<row><c t="s"><v>0</v></c></row>' * 400), shared)
    length, most, torn = _held(ByteStream(io.BytesIO(data)))
    assert "more than 1 GiB of text" in torn
    assert 1 << 30 <= length < 1100 << 20
    assert most < 40 << 20


WHOLE = bare(
    grid("".join(f'<row><c t="s"><v>{n % 9}</v></c><c><v>{n}</v></c></row>' for n in range(50))),
    f"<sst {SPACE}>" + "".join(f"<si><t>w{n}</t></si>" for n in range(9)) + "</sst>",
    zipfile.ZIP_STORED,
)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(WHOLE)))
def test_no_bytes_make_reading_fail_otherwise(changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(WHOLE)
    for at, byte in changes:
        damaged[at] = byte
    for data in (bytes(damaged), b"PK\x03\x04" + bytes(damaged[4:cut])):
        try:
            _held(ByteStream(io.BytesIO(data)))
        except (
            TornInput,
            InputError,
            UnicodeDecodeError,
        ):  # the last is of this test: the bytes are a table's to judge
            continue
