"""A field of a gigabyte is one reject, and is never held. Here 64 MB: how long it is makes no other difference."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from pipeline.gazetteer import load_gazetteer
from pipeline.sources.base import ReadContext
from pipeline.sources.csv_table import CsvTable
from pipeline.sources.records import KEPT_BYTES
from pipeline.sources.streams import ByteStream
from tests.sources.reading import outcomes

LENGTH = 64_000_000
MAPPING = """
name = "t"
id.column = "id"
time = { column = "day", timezone = "UTC" }
place.kind = "nowhere"
activity.value = "other"
"""


class Made:
    """A file that is made as it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int) -> bytes:
        return next(self._pieces, b"")


def pieces(begin: bytes, end: bytes) -> Iterator[bytes]:
    yield b"id,day,note\n1,2022-03-01,a\n2,2022-03-01," + begin
    for _ in range(LENGTH // 250_000):
        yield b"x" * 250_000
    yield end + b"\n3,2022-03-01,c\n"


@pytest.mark.parametrize(("begin", "end"), [(b"", b""), (b'"', b'"'), (b'"', b"")], ids=["plain", "quoted", "open"])
def test_a_very_long_field_is_one_reject_and_is_never_held(tmp_path: Path, begin: bytes, end: bytes) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING)
    stream = ByteStream(cast(BinaryIO, Made(pieces(begin, end))), keep_open=True)
    tracemalloc.start()
    try:
        rows = list(CsvTable().read(cast(BinaryIO, stream), ReadContext("a.csv", load_gazetteer(), mapping)))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert outcomes(rows) == ["csv:t:1", "too_long", "csv:t:3"]
    reject = rows[1].reject
    assert reject is not None
    assert (reject.length, len(reject.bytes)) == (len(b"2,2022-03-01,") + len(begin) + LENGTH + len(end), KEPT_BYTES)
    assert most < 12 << 20
