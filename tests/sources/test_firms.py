"""FIRMS: each pixel's real size, each way of writing a minute, on invented rows and on the real tables."""

import csv
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model.footprint import Disc
from pipeline.sources.firms import SATELLITES, Firms
from pipeline.sources.inputs import open_input
from pipeline.sources.registry import recognise
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

VIIRS = (
    "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,"
    "daynight,type"
)
PIXEL = {
    "latitude": "48.5", "longitude": "37.25", "bright_ti4": "330.1", "scan": "0.6", "track": "0.8",
    "acq_date": "2024-05-06", "acq_time": "0035", "satellite": "N20", "instrument": "VIIRS", "confidence": "n",
    "version": "2.0NRT", "bright_ti5": "290", "frp": "3.5", "daynight": "N", "type": "0",
}  # fmt: skip


def table(*rows: dict[str, str], columns: str = VIIRS) -> bytes:
    return "\n".join(
        [columns, *(",".join((PIXEL | row)[name] for name in columns.split(",")) for row in rows)]
    ).encode()


def test_a_row_becomes_a_report_of_heat_and_nothing_more() -> None:
    report = only_report(read_rows("firms", table({})))
    assert report.origin is not None
    assert report.report_id == f"firms:row-{report.origin.sha256[:24]}"
    assert (report.activity, report.ledger, report.observer) == ("heat", "sensor", "NOAA-20/VIIRS")
    assert (report.weapons, report.count, report.attribution, report.published_at) == ((), None, None, None)
    assert report.footprint == Disc(37.25, 48.5, 500.0)
    (remark,) = report.remarks or ()
    assert (remark.rule, remark.doubtful) == ("as_said", False)
    assert remark.said == "confidence n, frp 3.5 MW, daynight N, type 0, version 2.0NRT"


@pytest.mark.parametrize(
    ("written", "minute"),
    [("35", 35), ("0035", 35), ("00:35", 35), ("00:35:00", 35), ("35.0", 35), ("149", 109), ("0", 0), ("2359", 1439)],
)
def test_the_minute_of_the_pass_however_it_is_written(written: str, minute: int) -> None:
    report = only_report(read_rows("firms", table({"acq_time": written})))
    assert report.observed_from == datetime(2024, 5, 6, tzinfo=UTC) + timedelta(minutes=minute)
    assert report.observed_until - report.observed_from == timedelta(minutes=1)


def test_columns_go_by_their_names_in_any_order() -> None:
    columns = ",".join(reversed([name for name in VIIRS.split(",") if name not in ("instrument", "type", "version")]))
    data = table({}, columns=columns)
    assert recognise(data, "x.csv") == ["firms"]
    assert only_report(read_rows("firms", data)).observer == "NOAA-20/VIIRS"


def test_a_file_without_a_header_is_read_in_the_standard_order() -> None:
    header = VIIRS.removesuffix(",type")
    data = table({}, columns=header).partition(b"\n")[2]
    assert only_report(read_rows("firms", data)).footprint == Disc(37.25, 48.5, 500.0)


@pytest.mark.parametrize(
    ("confidence", "frp", "doubted"),
    [
        ("low", "133.4", True), ("l", "100", True), ("29", "250", True), ("low", "99.9", False),
        ("30", "250", False), ("nominal", "250", False), ("h", "250", False), ("low", "", False), ("100", "1", False),
    ],
)  # fmt: skip
def test_low_confidence_with_very_high_power_is_doubted(confidence: str, frp: str, doubted: bool) -> None:
    (remark,) = only_report(read_rows("firms", table({"confidence": confidence, "frp": frp}))).remarks or ()
    assert remark.rule == ("code_doubted" if doubted else "as_said")
    assert remark.doubtful is doubted
    assert remark.said.startswith(f"confidence {confidence}")


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"latitude": ""}, "missing latitude"),
        ({"latitude": "0", "longitude": "0.0"}, "null_island footprint"),
        ({"latitude": "91"}, "coordinates_swapped footprint"),
        ({"scan": ""}, "missing scan"),
        ({"scan": "0"}, "bad_value scan"),
        ({"track": "-0.4"}, "bad_value track"),
        ({"scan": "600"}, "bad_value scan"),
        ({"acq_time": ""}, "missing acq_time"),
        ({"acq_time": "2460"}, "bad_time acq_time"),
        ({"acq_time": "12345"}, "bad_time acq_time"),
        ({"acq_time": "noon"}, "bad_time acq_time"),
        ({"acq_time": "00:35:99"}, "bad_time acq_time"),
        ({"acq_date": "2024-02-30"}, "bad_time acq_time"),
        ({"acq_date": "0001-01-01"}, "time_out_of_range acq_date"),
        ({"confidence": ""}, "missing confidence"),
        ({"confidence": "certain"}, "unknown_term confidence"),
        ({"confidence": "101"}, "bad_value confidence"),
        ({"type": "4"}, "unknown_term type"),
        ({"daynight": "X"}, "unknown_term daynight"),
        ({"frp": "hot"}, "bad_value frp"),
        ({"satellite": ""}, "missing satellite"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_column(changed: dict[str, str], outcome: str) -> None:
    data = table({"longitude": "1"}, changed, {"longitude": "3"})
    rows = read_rows("firms", data)
    assert outcomes(rows)[1] == outcome
    assert [row.reject is None for row in rows] == [True, False, True]
    assert_conserved(rows, data)


def test_a_satellite_that_is_not_known_keeps_its_name() -> None:
    assert only_report(read_rows("firms", table({"satellite": "N99"}))).observer == "N99/VIIRS"


def test_other_tables_are_not_taken_for_it() -> None:
    assert not Firms().recognises(b"latitude,longitude,acq_date,acq_time\n1,2,3,4\n", "firms.csv")
    assert not Firms().recognises(b"", "firms.csv")


@pytest.mark.parametrize(
    ("name", "instrument", "count", "doubted"),
    [
        ("MODIS_C6_1_Global_24h_part.csv", "MODIS", 12_000, 5),
        ("VIIRS_NOAA20_NRT_ukraine_2025-08-11_excerpt.csv", "VIIRS", 16, 1),
    ],
)
def test_every_row_of_the_real_tables_is_read_as_the_csv_module_reads_it(
    shared_data: Callable[[str], Path], name: str, instrument: str, count: int, doubted: int
) -> None:
    path = shared_data(f"firms/{name}")
    with path.open(encoding="utf-8", newline="") as file:
        pixels = list(csv.DictReader(file))
    (given,) = open_input(str(path))
    assert given.source.name == "firms"
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    assert len(rows) == len(pixels) == count
    assert len({row.reports[0].report_id for row in rows}) == len({tuple(pixel.values()) for pixel in pixels})
    found = 0
    for pixel, row in zip(pixels, rows, strict=True):
        (report,) = row.reports
        digits = pixel["acq_time"].replace(":", "").zfill(4)[:4]
        assert f"{report.observed_from:%Y-%m-%d %H%M}" == f"{pixel['acq_date']} {digits}"
        radius_m = math.hypot(float(pixel["scan"]), float(pixel["track"])) / 2 * 1000
        assert report.footprint == Disc(float(pixel["longitude"]), float(pixel["latitude"]), radius_m)
        assert report.observer == f"{SATELLITES[pixel['satellite'].lower()]}/{instrument}"
        found += any(remark.doubtful for remark in report.remarks or ())
    assert found == doubted
