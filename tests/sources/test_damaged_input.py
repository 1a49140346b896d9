"""Damage never stops the reading, never loses a row, and never changes a neighbour's report."""

import csv
import gzip
import io
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.gazetteer import load_gazetteer
from pipeline.model.columns import columns_of, joined
from pipeline.sources.base import ReadContext
from pipeline.sources.inputs import Input
from pipeline.sources.ndjson import Ndjson
from pipeline.sources.records import Dialect, Span, Table, lines
from pipeline.sources.registry import sources
from pipeline.sources.streams import CONTAINERS, ByteStream
from tests.sources.reading import assert_conserved, content, opened, outcomes, read_rows
from tests.sources.test_ndjson import line
from tests.sources.test_ucdp import row, table

HEADER = b"id,when,x,y,what,note\n"
CSV_ROWS = [
    b"1,2022-03-01,38,48,shot,plain",
    b'2,2022-03-02,38,48,burst,"quoted, with ""quotes"""',
    b'3,2022-03-03,38,48,shot,"over\r\ntwo lines"',
    b"4,2022-03-04,38,48,burst,",
    b'"5",2022-03-05,38.5,48.5,"shot","a\n\n""b"""',
    '6,2022-03-06,38,48,shot,"Авдіївка, 5\' away"'.encode(),
    b'7,2022-03-07,38,48,burst,5" pipe',
]
NDJSON = b"".join(line(report_id=f"sensor:{number}", text=f"№ {number}") + b"\n" for number in range(12))
UCDP = table(*(row(id=str(number), source_headline=f'"one, {number}"') for number in range(12)))


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "t.mapping.toml"
    path.write_text(
        'name = "t"\ntext = "note"\n[id]\ncolumn = "id"\n[time]\ncolumn = "when"\ntimezone = "UTC"\n'
        '[place]\nkind = "disc"\nlon = "x"\nlat = "y"\nradius_m = 1\nwithin = {value = "ua"}\n'
        '[activity]\ncolumn = "what"\n'
    )
    return path


BYTES = st.one_of(
    st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"{", b"9", b'""', b'","', b""]), st.binary()
)


@st.composite
def damaged(draw: st.DrawFn, data: bytes, start: int = 0) -> bytes:
    """`data` with a few pieces past `start` overwritten, put in or left out."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(start, len(data)))
        gone = draw(st.integers(0, 12))
        data = data[:at] + draw(BYTES) + data[at + gone :]
    return data


@given(damaged(NDJSON))
def test_every_row_of_a_damaged_ndjson_file_is_told_once(data: bytes) -> None:
    assert_conserved(read_rows("ndjson", data), data)


@given(damaged(NDJSON), st.sampled_from(["ndjson", "ucdp"]), st.integers(1, 400))
def test_rows_as_columns_are_the_rows(data: bytes, source: str, a_read: int) -> None:
    rows = read_rows(source, data)
    given = Input(
        "some/file",
        sources()[source],
        None,
        ReadContext("some/file", load_gazetteer()),
        ByteStream(Pieces(data, a_read)),
    )
    batches = list(given.batches())
    assert sum(batch.rows for batch in batches) == len(rows)
    assert [reject for batch in batches for reject in batch.rejects] == [row.reject for row in rows if row.reject]
    columns, expected = (
        joined([batch.columns for batch in batches]),
        columns_of([report for row in rows for report in row.reports]),
    )
    assert (columns.report_ids, columns.footprints) == (expected.report_ids, expected.footprints)
    assert columns.observed_from_us.tolist() == expected.observed_from_us.tolist()
    assert columns.observed_until_us.tolist() == expected.observed_until_us.tolist()


@given(damaged(NDJSON), st.integers(1, 400))
def test_rows_are_the_same_whether_a_neighbour_is_damaged_or_not(data: bytes, a_read: int) -> None:
    """A block of good lines is decoded at once, and one with a bad line each by itself: it makes no difference."""
    at_once = read_rows("ndjson", data)
    context = ReadContext("some/file", load_gazetteer())
    assert list(Ndjson().read(cast(BinaryIO, Pieces(data, a_read)), context)) == at_once
    by_line = [row for span in lines(io.BytesIO(data)) for row in Ndjson().read(io.BytesIO(span.data + b"\n"), context)]
    assert outcomes(by_line) == outcomes(at_once)


@given(damaged(UCDP))
def test_every_row_of_a_damaged_ucdp_file_is_told_once(data: bytes) -> None:
    assert_conserved(read_rows("ucdp", data), data)


@given(data=damaged(HEADER + b"\n".join(CSV_ROWS), start=len(HEADER)))
def test_every_row_of_a_damaged_table_is_told_once(data: bytes, mapping: Path) -> None:
    assert_conserved(read_rows("csv", data, mapping), data)


class LineByLine(Dialect):
    """Every line is looked at by itself: the plain way, and the slow one."""

    def split_lines(self, lines: list[Span]) -> list[list[str] | None]:
        return [None] * len(lines)


@example(['""', "\r"])
@given(st.lists(st.sampled_from(["a", ",", '"', '""', "\n", "\r\n", "b,c", '"x",', '"y\nz"', "\r", "\0", "é"])))
def test_many_lines_split_at_once_give_the_records_that_each_by_itself_does(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    at_once = list(Table(io.BytesIO(data), Dialect()).records(3))
    assert at_once == list(Table(io.BytesIO(data), LineByLine()).records(3))


@given(
    data=st.binary().filter(lambda data: not data.startswith(CONTAINERS)), source=st.sampled_from(["ndjson", "ucdp"])
)
def test_any_bytes_at_all_are_read_without_an_error(data: bytes, source: str) -> None:
    given = opened(source, data)
    rows = list(given.rows())
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@given(st.data(), st.sampled_from([gzip.compress, zstandard.compress]), st.sampled_from(["ndjson", "ucdp"]))
def test_a_damaged_compressed_file_gives_rows_and_at_most_one_tear(
    data: st.DataObject, pack: object, source: str
) -> None:
    assert callable(pack)
    packed = data.draw(damaged(pack(NDJSON if source == "ndjson" else UCDP)))
    given = opened(source, packed)
    rows = list(given.rows())
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all(bool(row.reports) != (row.reject is not None) for row in rows)
    tears = [at for at, outcome in enumerate(outcomes(rows)) if outcome == "torn_input"]
    assert tears == ([len(rows) - 1] if given.torn else [])


@given(
    at=st.integers(0, len(CSV_ROWS) - 1),
    damage=st.one_of(
        st.sampled_from([b'"', b'1,"', b'1,2022-03-01,38,48,shot,"', b'a"b,"c', b'"""', b',"",,"']), BYTES
    ),
)
def test_a_damaged_row_of_a_table_leaves_its_neighbours_alone(at: int, damage: bytes, mapping: Path) -> None:
    damage = damage.replace(b"\n", b"")
    before, after = CSV_ROWS[:at], CSV_ROWS[at + 1 :]
    spoilt = list(content(read_rows("csv", HEADER + b"\n".join([*before, damage, *after]), mapping)))
    alone = list(content(read_rows("csv", HEADER + b"\n".join([*before, *after]), mapping)))
    assert [report for report in spoilt if report in alone] == alone


@given(at=st.integers(0, 11), damage=BYTES)
def test_a_damaged_line_of_ndjson_leaves_its_neighbours_alone(at: int, damage: bytes) -> None:
    rows = NDJSON.splitlines()
    rows[at] = damage.replace(b"\n", b"")
    spoilt = outcomes(read_rows("ndjson", b"\n".join(rows)))
    others = [f"sensor:{number}" for number in range(12) if number != at]
    assert [outcome for outcome in spoilt if outcome in others] == others


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        (b'2,2022-03-02,38,48,shot,"open', "bad_row"),
        (b'"2,2022-03-02,38,48,shot,x', "bad_row"),
        (b'2,2022-03-02,38,48,shot,"a" b', "bad_row"),
        (b"2,2022-03-02,38,48,shot", "bad_row"),
        (b"2,2022-03-02,38,48,shot,a,b", "bad_row"),
        (b"2,2022-03-02,38,48,shot,\xff", "bad_encoding"),
        (b"2,2022-03-02,38,48,shot,\0", "bad_value"),
        (b"2,2022-03-02,38,48,shot," + b"x" * 1_100_000, "too_long"),
        (b'2,2022-03-02,38,48,shot,"' + b"x" * 1_100_000 + b'"', "too_long"),
    ],
)
def test_a_spoilt_row_costs_one_row(spoilt: bytes, expected: str, mapping: Path) -> None:
    data = HEADER + b"1,2022-03-01,38,48,shot,x\n" + spoilt + b"\n" + b"3,2022-03-03,38,48,shot,x\n" * 1000
    rows = read_rows("csv", data, mapping)
    assert outcomes(rows) == ["csv:t:1", expected] + ["csv:t:3"] * 1000
    assert_conserved(rows, data)


def test_a_record_over_too_many_lines_is_given_up_line_by_line(mapping: Path) -> None:
    data = HEADER + b'2,2022-03-02,38,48,shot,"' + b"x\n" * 400 + b'"\n3,2022-03-03,38,48,shot,x\n'
    rows = read_rows("csv", data, mapping)
    assert outcomes(rows)[-1] == "csv:t:3"
    assert set(outcomes(rows)[:-1]) == {"bad_row"}
    assert_conserved(rows, data)


def test_a_table_that_is_torn_within_quotes_loses_only_what_is_torn(mapping: Path) -> None:
    whole = HEADER + b"1,2022-03-01,38,48,shot,x\n" + b'2,2022-03-02,38,48,shot,"one\ntwo\nthr'
    packed = gzip.compress(whole)[:-8]
    given = opened("csv", packed, mapping)
    rows = list(given.rows())
    assert outcomes(rows) == ["csv:t:1", "bad_row", "bad_row", "torn_input"]
    assert [row.reject.bytes for row in rows if row.reject is not None] == [
        b'2,2022-03-02,38,48,shot,"one',
        b"two",
        b"thr",
    ]


FIELDS = st.lists(st.sampled_from(["a", " ", '"', "'", ",", ";", "|", "\t", "\n", "\r\n", "é"]), max_size=8).map(
    "".join
)


@cache
def dialect(delimiter: str) -> Dialect:
    return Dialect(delimiter)


@given(
    rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    every=st.booleans(),
)
def test_a_well_formed_table_is_split_as_the_csv_module_splits_it(
    rows: list[list[str]], delimiter: str, ending: str, every: bool
) -> None:
    text = io.StringIO()
    csv.writer(
        text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    ).writerows(rows)
    records = list(Table(io.BytesIO(text.getvalue().encode()), dialect(delimiter)).records(3))
    assert [record.fields for record in records] == rows
    assert all(record.problem is None for record in records)


class Pieces(io.BytesIO):
    """Gives so many of its bytes at a time."""

    def __init__(self, data: bytes, a_read: int) -> None:
        super().__init__(data)
        self._a_read = a_read

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._a_read)


class Trickle(io.BytesIO):
    """Gives its bytes a few at a time, as a slow pipe does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1 + self.tell() % 3)


@given(st.lists(st.binary(max_size=20).map(lambda piece: piece.replace(b"\n", b"")), max_size=8), st.integers(1, 12))
def test_lines_are_the_same_however_the_bytes_come(pieces: list[bytes], limit: int) -> None:
    data = b"\n".join(pieces)
    at_once, slowly = list(lines(io.BytesIO(data), limit)), list(lines(Trickle(data), limit))
    assert [(span.position, span.length, span.sha256) for span in at_once] == [
        (span.position, span.length, span.sha256) for span in slowly
    ]
    assert all((span.cut is not None) == (span.length > limit) for span in at_once if not data.endswith(b"\r"))
