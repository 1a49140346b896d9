"""Our own format: what a line gives, and what is said of a line that cannot be read."""

import hashlib
import io
import tracemalloc
from typing import Any, BinaryIO, cast

import msgspec
import pytest

from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Disc
from pipeline.sources.base import ReadContext
from pipeline.sources.ndjson import Ndjson
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

GOOD: dict[str, Any] = {
    "report_id": "sensor:1",
    "source": "sensor",
    "observed_from": "2016-03-01T12:00:00+02:00",
    "observed_until": "2016-03-01T12:05:00+02:00",
    "footprint": {"kind": "disc", "lon": 38.0, "lat": 48.0, "radius_m": 100.0},
    "activity": "explosion",
}


def line(**changed: Any) -> bytes:
    return msgspec.json.encode({key: value for key, value in (GOOD | changed).items() if value is not ...})


def test_a_line_gives_its_report_in_utc_and_says_where_it_came_from() -> None:
    data = line()
    report = only_report(read_rows("ndjson", data + b"\n", feed="north"))
    assert report.observed_from.isoformat() == "2016-03-01T10:00:00+00:00"
    assert report.footprint == Disc(38.0, 48.0, 100.0)
    assert report.feed == "north"
    assert report.origin is not None
    assert msgspec.to_builtins(report.origin) == {
        "file": "some/file",
        "row": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def test_what_a_line_says_of_its_origin_and_feed_stands() -> None:
    origin = {"file": "first.csv", "row": 7, "sha256": "ab"}
    report = only_report(read_rows("ndjson", line(origin=origin, feed="south"), feed="north"))
    assert msgspec.to_builtins(report.origin) == origin
    assert report.feed == "south"


def test_null_is_the_same_as_absent_for_every_field_that_is_not_required() -> None:
    optional = (
        "feed observer ledger published_at received_at weapons calibre_mm count attribution track_id revises retracted "
        "text url origin"
    ).split()
    nulls = only_report(read_rows("ndjson", line(**dict.fromkeys(optional))))
    absent = only_report(read_rows("ndjson", line()))
    assert msgspec.structs.replace(nulls, origin=None) == msgspec.structs.replace(absent, origin=None)


def test_a_field_that_is_not_known_is_passed_over() -> None:
    assert outcomes(read_rows("ndjson", line(mood={"calm": [1, None]}))) == ["sensor:1"]


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (b"not json", "not_json"),
        (b"[1, 2]", "not_json"),
        (b'"text"', "not_json"),
        (b"{}{}", "missing report_id"),
        (line()[:-1], "not_json"),
        (line() + b"}", "not_json"),
        (line().replace(b"48.0", b"NaN"), "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 100_000, "not_json"),
        (line().replace(b"sensor:1", b"sensor:\xff"), "bad_encoding"),
        (line(mood="x").replace(b'"x"', b'"\xc3"'), "bad_encoding"),
        (line().replace(b"sensor:1", b"\0sensor:1"), "not_json"),
        (line(report_id=...), "missing report_id"),
        (line(report_id=None), "missing report_id"),
        (line(report_id="other:1"), "bad_id report_id"),
        (line(report_id="sensor:"), "bad_id report_id"),
        (line(revises="sensor:1"), "bad_revision revises"),
        (line(footprint={"kind": "disc", "lat": 1.0, "radius_m": 1.0}), "missing footprint.lon"),
        (line(footprint={"kind": "disc", "lon": "1", "lat": 1.0, "radius_m": 1.0}), "bad_value footprint.lon"),
        (line(footprint={"kind": "disc", "lon": 999, "lat": 1, "radius_m": 1}), "coordinates_out_of_range footprint"),
        (line(footprint={"kind": "disc", "lon": 48, "lat": 138, "radius_m": 1}), "coordinates_swapped footprint"),
        (line(footprint={"kind": "disc", "lon": 0, "lat": 0, "radius_m": 1}), "null_island footprint"),
        (line(footprint={"kind": "disc", "lon": 1, "lat": 1, "radius_m": -1}), "bad_value footprint.radius_m"),
        (line(footprint={"kind": "spot"}), "bad_value footprint.kind"),
        (line(footprint={"kind": "area", "area_id": "atlantis"}), "unknown_area footprint.area_id"),
        (line(activity="party"), "unknown_term activity"),
        (line(weapons=["tank", "spoon"]), "unknown_term weapons[1]"),
        (line(count={"min": 3, "max": 1, "unit": "shot"}), "bad_value count"),
        (line(count={"min": 3, "max": 4, "unit": "cow"}), "unknown_term count.unit"),
        (line(observed_from="2016-03-01T12:00:00"), "bad_time observed_from"),
        (line(observed_from="Time Unknown"), "bad_time observed_from"),
        (line(observed_from=1456833600), "bad_time observed_from"),
        (line(observed_from="0000-01-01T00:00:00Z"), "bad_time observed_from"),
        (line(observed_from="0001-01-01T00:00:00+14:00"), "time_out_of_range observed_from"),
        (line(observed_until="3000-01-01T00:00:00Z"), "time_out_of_range observed_until"),
        (line(observed_until="2016-03-01T09:00:00Z"), "end_before_start observed_until"),
        (line(text=5), "bad_value text"),
    ],
)
def test_a_bad_line_is_rejected_with_its_reason_and_field_and_the_others_go_on(bad: bytes, outcome: str) -> None:
    data = b"\n".join([line(), bad, line(report_id="sensor:2")])
    rows = read_rows("ndjson", data)
    assert outcomes(rows) == ["sensor:1", outcome, "sensor:2"]
    assert_conserved(rows, data)


def test_blank_lines_are_no_rows_and_neither_byte_order_mark_nor_crlf_are_part_of_one() -> None:
    data = b"\xef\xbb\xbf\r\n" + line() + b"\r\n  \r\n\n" + line(report_id="sensor:2") + b"\r\nbad\r\n"
    rows = read_rows("ndjson", data)
    assert outcomes(rows) == ["sensor:1", "sensor:2", "not_json"]
    assert [row.number for row in rows] == [1, 2, 3]
    assert data[rows[1].position :].startswith(b'{"report_id":"sensor:2"')
    assert_conserved(rows, data)


@pytest.mark.parametrize(
    ("head", "is_ours"),
    [
        (line() + b"\n", True),
        (b"\xef\xbb\xbf\n\n" + line(), True),
        (line(text="x" * 100_000)[:65_536], True),
        (b'{"report_ids": [], "observed_at": 1}\n', False),
        (b'{"type": "FeatureCollection"}', False),
        (b"report_id,footprint\n", False),
        (b"[" + line() + b"]", False),
        (b"", False),
    ],
)
def test_it_is_recognised_by_its_first_line(head: bytes, is_ours: bool) -> None:
    assert Ndjson().recognises(head, "x") is is_ours


class Endless(io.RawIOBase):
    """One line of `length` bytes between two good lines, made as it is read."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._before = line() + b"\n"
        self._after = b"\n" + line(report_id="sensor:2")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._before:
            given, self._before = self._before, b""
        elif self._left:
            given = b"x" * min(size, self._left)
            self._left -= len(given)
        else:
            given, self._after = self._after, b""
        return given


def test_a_line_of_80_mb_is_rejected_by_its_first_64_kib_and_never_held() -> None:
    length = 80_000_000
    context = ReadContext("x", load_gazetteer())
    tracemalloc.start()
    try:
        rows = list(Ndjson().read(cast(BinaryIO, Endless(length)), context))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert outcomes(rows) == ["sensor:1", "too_long", "sensor:2"]
    reject = rows[1].reject
    assert reject is not None
    assert reject.bytes == b"x" * 65_536
    assert reject.length == length
    whole = hashlib.sha256()
    for _ in range(length // 1_000_000):
        whole.update(b"x" * 1_000_000)
    assert reject.sha256 == whole.hexdigest()
    assert most < 8_000_000
