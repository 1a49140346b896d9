"""XLSX workbooks: a sheet as the CSV text that it stands for, and what no workbook may do."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import zstandard

from pipeline.sources.base import InputError
from pipeline.sources.inputs import Input, open_input
from pipeline.sources.sheet_cells import Shows, shows
from pipeline.sources.streams import ByteStream
from tests.sources.reading import outcomes
from tests.sources.workbooks import SPACE, bare, grid

UCDP = Path(__file__).parents[2].parent / "shared/data/ucdp_ged/ged_ukraine_2014_2019_hdx.csv"
MAPPING = (
    'name = "t"\n[time]\ncolumn = "day"\ntimezone = "UTC"\n[place]\nkind = "nowhere"\n[activity]\nvalue = "other"\n'
)

Sheets = dict[str, list[list[Any]]]


def book(sheets: Sheets, path: Path | None = None) -> bytes:
    """A workbook with these sheets, as openpyxl writes it."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    if path is not None:
        path.write_bytes(out.getvalue())
    return out.getvalue()


def text(data: bytes, part: str | None = None) -> str:
    with ByteStream(io.BytesIO(data), "a.xlsx", part=part) as stream:
        return b"".join(iter(lambda: stream.read(1 << 16), b"")).decode()


def one(word: str, mapping: Path | None = None) -> Input:
    (given,) = open_input(word, mapping=mapping)
    return given


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (3, "3"),
        (214797.0, "214797"),
        (36.2, "36.2"),
        (-1e-7, "-1e-07"),
        (True, "true"),
        (date(2022, 3, 1), "2022-03-01"),
        (datetime.fromisoformat("2022-03-01T12:30"), "2022-03-01 12:30:00"),
        (datetime.fromisoformat("2022-03-01"), "2022-03-01 00:00:00"),
        (datetime.fromisoformat("2022-03-01T12:30:15.250"), "2022-03-01 12:30:15.250"),
        (date(1900, 2, 28), "1900-02-28"),
        (time(0, 45), "00:45:00"),
        ("0035", "0035"),
        ("#N/A", "#N/A"),
        ("=1+1", ""),
        ('said "no", twice', '"said ""no"", twice"'),
        ("two\nlines", '"two\nlines"'),
        ("Грозне & <b>", "Грозне & <b>"),
        ("back\r", '"back\r"'),
    ],
)
def test_a_cell_is_what_a_csv_table_would_say(cell: object, said: str) -> None:
    assert text(book({"A": [["a", cell, "b"]]})) == f"a,{said},b\r\n"


def test_what_other_programs_write_is_read_too() -> None:
    # Prefixed elements, runs with a pronunciation, a text escaped, a formula's value, a cell without a reference.
    shared = (
        f'<x:sst xmlns:x="{SPACE[7:-1]}"><x:si><x:r><x:t>ab</x:t></x:r><x:r><x:t>cd</x:t></x:r>'
        "<x:rPh><x:t>no</x:t></x:rPh></x:si><x:si><x:t>a_x000D_b_xD800_</x:t></x:si></x:sst>"
    )
    rows = (
        '<x:row><x:c t="s"><x:v>0</x:v></x:c><x:c r="C1" t="s"><x:v>1</x:v></x:c>'
        "<x:c><x:v>123456789012345678</x:v></x:c></x:row><x:row/>"
        '<x:row r="900000"><x:c t="str"><x:f>A1&amp;1</x:f><x:v>sum</x:v></x:c><x:c t="e"><x:v>#REF!</x:v></x:c>'
        '<x:c t="inlineStr"><x:is><x:t>in</x:t></x:is></x:c></x:row>'
    )
    sheet = f'<x:worksheet xmlns:x="{SPACE[7:-1]}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    assert text(bare(sheet, shared)) == 'abcd,,"a\rb_xD800_",123456789012345678\r\nsum,#REF!,in,\r\n'


@pytest.mark.parametrize(
    ("number", "code", "form"),
    [
        (0, None, Shows.NUMBER),
        (14, None, Shows.DAY),
        (22, None, Shows.TIME),
        (164, "yyyy\\-mm\\-dd", Shows.DAY),
        (164, '[$-409]d"th of" mmmm;@', Shows.DAY),
        (164, "[h]:mm", Shows.TIME),
        (164, '0.00" days"', Shows.NUMBER),
        (164, "[Red]General", Shows.NUMBER),
        (164, "0.0E+00", Shows.NUMBER),
    ],
)
def test_a_format_tells_a_day_and_a_time_from_a_number(number: int, code: str | None, form: Shows) -> None:
    assert shows(number, {} if code is None else {number: code}) is form


@pytest.mark.parametrize(
    ("from_1904", "serial", "said"),
    [
        ("0", "1", "1900-01-01"),
        ("0", "60", "60"),
        ("0", "61", "1900-03-01"),
        ("1", "0", "1904-01-01"),
        ("0", "9e9", "9000000000"),
        ("0", "word", "word"),
        ("0", "nan", "nan"),
    ],
)
def test_days_are_counted_as_the_workbook_counts_them(from_1904: str, serial: str, said: str) -> None:
    source = zipfile.ZipFile(io.BytesIO(bare(grid(f'<row><c s="1"><v>{serial}</v></c></row>'))))
    out = io.BytesIO()
    with source, zipfile.ZipFile(out, "w") as parts:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/workbook.xml":
                data = data.replace(b"<sheets>", f'<workbookPr date1904="{from_1904}"/><sheets>'.encode())
            parts.writestr(name, data)
        parts.writestr("xl/styles.xml", f'<styleSheet {SPACE}><cellXfs><xf/><xf numFmtId="14"/></cellXfs></styleSheet>')
    assert text(out.getvalue()).strip() == said


def test_a_row_is_as_wide_as_the_first_and_one_without_anything_is_none() -> None:
    data = book({"A": [["a", "b", "c", None], [], ["", None], [1], [1, 2, 3, 4]]})
    assert text(data) == "a,b,c\r\n1,,\r\n1,2,3,4\r\n"


def test_a_real_table_gives_the_same_reports_as_its_csv(tmp_path: Path) -> None:
    if not UCDP.is_file():
        pytest.skip("the UCDP table is not beside this checkout")
    import pandas

    table = pandas.read_csv(UCDP, nrows=200, keep_default_na=False)
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_excel(tmp_path / "a.xlsx", index=False)
    by_csv, by_sheet = (list(one(str(tmp_path / name)).rows()) for name in ("a.csv", "a.xlsx"))
    assert outcomes(by_sheet) == outcomes(by_csv)
    assert len(by_sheet) == 199
    for row, other in zip(by_sheet, by_csv, strict=True):
        for report, plain in zip(row.reports, other.reports, strict=True):
            assert (report.observed_from, report.observed_until) == (plain.observed_from, plain.observed_until)
            assert (report.footprint, report.count, report.text) == (plain.footprint, plain.count, plain.text)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    path = tmp_path / "two#1.xlsx"
    book({"Read me": [["About"]], "none": [], "Events #1": [["day"], [date(2022, 3, 1)]]}, path)
    return path


def test_of_several_sheets_one_has_to_be_named(two: Path) -> None:
    with pytest.raises(InputError, match=r"2 sheets hold something: 'Read me', 'Events #1'. Write .*#Read me for"):
        open_input(str(two))
    with pytest.raises(InputError, match="there is no sheet 'Event'; there are: 'Read me', 'none', 'Events #1'"):
        open_input(f"ndjson={two}#Event")


def test_a_sheet_is_named_on_the_command_line_or_in_the_mapping(two: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING)
    word = f"{two}#Events #1"
    (row,) = one(f"csv={word}", mapping).rows()
    assert row.reports[0].origin is not None
    assert (row.reports[0].origin.file, row.number, row.position) == (word, 1, len("day\r\n"))
    mapping.write_text('sheet = "Events #1"\n' + MAPPING)
    assert len(list(one(str(two), mapping).rows())) == 1
    Path(f"{two}.mapping.toml").write_text('sheet = "Events #1"\n' + MAPPING)
    assert len(list(one(str(two)).rows())) == 1
    Path(f"{word}.mapping.toml").write_text(MAPPING)
    assert len(list(one(word).rows())) == 1


def test_a_hidden_sheet_is_read_only_where_it_is_named() -> None:
    made = openpyxl.Workbook()
    made.worksheets[0].append(["seen"])
    hidden = made.create_sheet("lists")
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    made.save(out)
    assert text(out.getvalue()) == "seen\r\n"
    assert text(out.getvalue(), "lists") == "hidden\r\n"


def test_a_workbook_may_be_compressed_and_its_size_is_that_of_the_file(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING)
    data = book({"A": [["day"], *[[date(2022, 3, 1)]] * 50]}, tmp_path / "a.xlsx")
    (tmp_path / "a.xlsx.gz").write_bytes(gzip.compress(data))
    for name in ("a.xlsx", "a.xlsx.gz"):
        given = one(str(tmp_path / name), mapping)
        assert len(list(given.rows())) == 50
        assert given.bytes_read == given.size


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_large_workbook_is_read_whole_however_it_is_packed(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    rows = "".join(f'<row><c t="str"><v>{random.randbytes(30_000).hex()}</v></c></row>' for _ in range(30))
    (tmp_path / "a").write_bytes(pack(bare(grid(rows))))
    with (tmp_path / "a").open("rb") as file, ByteStream(file) as stream:
        found = b"".join(iter(lambda: stream.read(1 << 16), b""))
    assert (found.count(b"\r\n"), len(found)) == (30, 30 * 60_002)
    assert stream.bytes_read == (tmp_path / "a").stat().st_size


def test_what_an_office_program_leaves_in_a_folder_is_no_input(tmp_path: Path) -> None:
    book({"A": [["day"], [date(2022, 3, 1)]]}, tmp_path / "a.xlsx")
    (tmp_path / "a.xlsx.mapping.toml").write_text(MAPPING)
    for name in ("~$a.xlsx", "a.xlsx-wal", ".~lock.a.xlsx#"):
        (tmp_path / name).write_bytes(b"\0")
    assert [Path(given.file).name for given in open_input(str(tmp_path))] == ["a.xlsx"]


def _archive(name: str, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr(name, data)
    return out.getvalue()


def _with_a_password(data: bytes) -> bytes:
    """Says of every part that it is encrypted."""
    found = bytearray(data)
    at = -1
    while (at := found.find(b"PK\x01\x02", at + 1)) >= 0:
        found[at + 8] |= 1
    return bytes(found)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "a.xlsx: an old .xls workbook, or one with a password; save it",
        ),
        (_archive("events.csv"), "a zip archive that is no XLSX workbook; save it as .xlsx, or unpack it"),
        (_with_a_password(bare(grid(""))), "protected by a password"),
    ],
)
def test_what_can_be_mended_is_told(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        text(data)


def test_a_part_of_a_plain_table_is_told_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"day\n")
    with pytest.raises(InputError, match="neither a workbook nor a GeoPackage, so it has no part 'A'"):
        open_input(f"{tmp_path}/a.csv#A")


@pytest.mark.parametrize("word", ["{}", "ucdp={}"])
def test_a_workbook_that_breaks_off_is_one_reject(tmp_path: Path, word: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(bare(grid(""))[:-40])
    given = one(word.format(tmp_path / "a.xlsx"))
    assert outcomes(list(given.rows())) == ["torn_input"]
    assert given.torn


def test_the_rows_before_the_damage_are_read(tmp_path: Path) -> None:
    day = '<row><c t="str"><v>{}</v></c></row>'.format
    (tmp_path / "a.xlsx").write_bytes(bare(grid(day("day") + day("2022-03-01") + "<row><c></row>")))
    (tmp_path / "a.xlsx.mapping.toml").write_text(MAPPING)
    rows = list(one(str(tmp_path / "a.xlsx")).rows())
    assert [row.reject is None for row in rows] == [True, False]
