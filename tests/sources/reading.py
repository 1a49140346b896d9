"""Reading invented inputs, and the promise that every row keeps."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import ReadContext, Row
from pipeline.sources.inputs import Input
from pipeline.sources.records import KEPT_BYTES
from pipeline.sources.registry import sources
from pipeline.sources.streams import ByteStream


def opened(source: str, data: bytes, mapping: Path | None = None) -> Input:
    """An input that holds `data`, compressed or not."""
    context = ReadContext("some/file", load_gazetteer(), mapping)
    return Input("some/file", sources()[source], len(data), context, ByteStream(io.BytesIO(data)))


def read_rows(source: str, data: bytes, mapping: Path | None = None, feed: str | None = None) -> list[Row]:
    """All rows of `data` as it stands, whatever it begins with."""
    context = ReadContext("some/file", load_gazetteer(), mapping, feed)
    return list(sources()[source].read(io.BytesIO(data), context))


def only_report(rows: list[Row]) -> Report:
    """The one report of the one row."""
    assert len(rows) == 1
    assert rows[0].reject is None, rows[0].reject
    (report,) = rows[0].reports
    return report


def outcomes(rows: list[Row]) -> list[str]:
    """For each row its report's id, or its reject's reason and field."""
    return [
        row.reports[0].report_id if row.reject is None else f"{row.reject.reason} {row.reject.field}".strip()
        for row in rows
    ]


def content(rows: list[Row]) -> Iterator[Report]:
    """The reports without the number of their row, which a neighbour may shift."""
    for row in rows:
        for report in row.reports:
            assert report.origin is not None
            yield replace(report, origin=replace(report.origin, row=0))


def assert_conserved(rows: list[Row], data: bytes) -> None:
    """Every row is told once, either as reports or as one reject that has its bytes; rows come in order."""
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    positions = [row.position for row in rows if not _is_tear(row)]
    assert positions == sorted(set(positions))
    for row in rows:
        assert bool(row.reports) != (row.reject is not None)
        if row.reject is None:
            origin = row.reports[0].origin
            assert origin is not None
            assert origin.row == row.number
            continue
        reject = row.reject
        whole = data[reject.position : reject.position + reject.length]
        assert (reject.row, reject.position, reject.length) == (row.number, row.position, len(whole))
        assert reject.bytes == whole[:KEPT_BYTES]
        assert reject.sha256 == hashlib.sha256(whole).hexdigest()
        assert reject.bytes or _is_tear(row)


def _is_tear(row: Row) -> bool:
    return row.reject is not None and row.reject.reason is RejectReason.TORN_INPUT
