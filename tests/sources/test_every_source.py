"""What every source promises: it knows its own and nobody else's, is written down, and bears any damage."""

import io
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.gazetteer import load_gazetteer
from pipeline.sources.base import ReadContext, Row
from pipeline.sources.codes import code_tables
from pipeline.sources.records import TornInput
from pipeline.sources.registry import recognise, sources
from tests.sources.reading import assert_conserved, content, read_rows
from tests.sources.samples import SAMPLES
from tests.sources.test_damaged_input import damaged

DOCS = Path(__file__).resolve().parents[2] / "docs"
BY_MAPPING = ("csv", "geojson")
ON_THE_PAGE_ITSELF = ("ndjson", "ucdp", "csv")
ONE_DOCUMENT = ("cap",)

sample = cache(lambda name: SAMPLES[name]())


def as_it_stands(name: str, data: bytes) -> list[Row]:
    """The rows of what is not compressed, up to where a document breaks off."""
    rows = list[Row]()
    with suppress(TornInput):
        rows.extend(sources()[name].read(io.BytesIO(data), ReadContext("some/file", load_gazetteer())))
    return rows


def test_every_source_has_a_sample_a_page_and_its_codes() -> None:
    assert set(sources()) == {*SAMPLES, *BY_MAPPING}
    index = (DOCS / "sources.md").read_text(encoding="utf-8")
    for name in sources():
        if name not in ON_THE_PAGE_ITSELF:
            assert f"(sources/{name}.md)" in index
            assert (DOCS / "sources" / f"{name}.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
    assert set(code_tables()) <= set(sources())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_whole_and_recognised_by_its_source_alone(name: str) -> None:
    assert recognise(sample(name), "some/file") == [name]
    rows = read_rows(name, sample(name))
    assert rows
    assert [row.reject for row in rows if row.reject is not None] == []
    assert_conserved(rows, sample(name))
    ids = [report.report_id for row in rows for report in row.reports]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
def test_every_row_of_a_damaged_input_is_told_once(name: str, data: st.DataObject) -> None:
    bad = data.draw(damaged(sample(name)))
    assert_conserved(as_it_stands(name, bad), bad)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in (*ONE_DOCUMENT, "liveuamap")])
@given(at=st.integers(1, 8), byte=st.sampled_from([b"\xff", b"\0", b"\xc3"]))
def test_a_damaged_row_leaves_its_neighbours_alone(name: str, at: int, byte: bytes) -> None:
    whole = sample(name)
    lines = whole.splitlines(keepends=True)
    hurt = len(lines) - at
    there = lines[hurt]
    lines[hurt] = there[:9] + byte + there[9:]
    before = [one.report_id for one in content(read_rows(name, whole))]
    after = [one.report_id for one in content(read_rows(name, b"".join(lines)))]
    assert after == before[: len(before) - at] + before[len(before) - at + 1 :]


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.binary(max_size=200))
def test_any_bytes_at_all_are_read_without_an_error(name: str, data: bytes) -> None:
    rows = as_it_stands(name, data)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
