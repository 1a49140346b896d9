"""Liveuamap: posts with times in words, and a daily series; invented answers, and the real series."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.model.footprint import Disc, Nowhere
from pipeline.sources.inputs import open_input
from pipeline.sources.records import TornInput
from pipeline.sources.registry import recognise
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

STAMP = datetime(2024, 5, 6, 12, tzinfo=UTC)
POST = {
    "id": 22_500_001, "name": "Shelling was heard", "lat": "48.14", "lng": "37.74", "time": "13 hour ago",
    "picture": "bomb", "picpath": "/pics/bomb-1.png", "color_id": 1, "link": "https://example.org/22500001",
    "source": "https://example.org/source",
}  # fmt: skip


def answer(*posts: Mapping[str, object], stamp: int | None = int(STAMP.timestamp())) -> bytes:
    found: dict[str, object] = {"last": 1, "venues": [{**POST, **post} for post in posts], "amount": len(posts)}
    return json.dumps(found if stamp is None else {**found, "globaltime": stamp}).encode()


def test_an_answer_is_recognised_by_its_venues_and_a_series_is_not() -> None:
    assert recognise(answer({}), "x.json") == ["liveuamap"]
    assert recognise(b'{"1645660800000":70196.9,"1645747200000":72085.8}', "liveuamap.json") == []
    assert recognise(b"date,area\n2022-02-24,70196.9\n", "liveuamap.csv") == []


def test_hours_ago_are_before_the_answers_own_stamp() -> None:
    report = only_report(read_rows("liveuamap", answer({})))
    assert report.report_id == "liveuamap:22500001"
    assert report.observed_from == STAMP - timedelta(hours=14, days=1)
    assert report.observed_until == STAMP - timedelta(hours=12.5)
    assert report.published_at is None
    assert (report.footprint, report.activity) == (Disc(37.74, 48.14, 10_000.0), "unknown")
    assert (report.observer, report.ledger, report.text) == ("Liveuamap", "public", "Shelling was heard")
    assert report.url == "https://example.org/22500001"
    relative, kept = report.remarks or ()
    assert (relative.said, relative.rule, relative.doubtful) == ("13 hour ago", "relative_time", True)
    assert kept.said == "picture bomb, color_id 1"


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("40 minutes ago", timedelta(minutes=41), timedelta(minutes=39.5)),
        ("an hour ago", timedelta(hours=2), timedelta(minutes=30)),
        ("2 days ago", timedelta(days=3), timedelta(days=1.5)),
        ("0 second ago", timedelta(seconds=1), timedelta()),
    ],
)
def test_words_are_as_broad_as_their_unit(words: str, first: timedelta, last: timedelta) -> None:
    report = only_report(read_rows("liveuamap", answer({"time": words})))
    assert report.observed_from == STAMP - first - timedelta(days=1)
    assert report.observed_until == STAMP - last


def test_a_posts_own_timestamp_goes_before_words() -> None:
    at = int(STAMP.timestamp()) - 3_600
    for stamp in (None, int(STAMP.timestamp())):
        report = only_report(read_rows("liveuamap", answer({"timestamp": at}, stamp=stamp)))
        assert report.published_at == report.observed_until == STAMP - timedelta(hours=1)
        assert report.observed_from == report.observed_until - timedelta(days=1)


@pytest.mark.parametrize(("picture", "activity"), [("speech-2", "statement"), ("bomb", "unknown"), ("", "unknown")])
def test_only_a_picture_whose_meaning_is_plain_has_a_term(picture: str, activity: str) -> None:
    post = {"picture": picture, "picpath": ""}
    assert only_report(read_rows("liveuamap", answer(post))).activity == activity


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"lat": ""}, "missing lat"),
        ({"lng": None}, "missing lng"),
        ({"lat": "0", "lng": 0}, "null_island footprint"),
        ({"lat": "north"}, "bad_value lat"),
        ({"lat": [48.1]}, "missing lat"),
        ({"time": ""}, "missing time"),
        ({"time": "a while back"}, "bad_time time"),
        ({"time": "9999 years ago"}, "time_out_of_range time"),
        ({"timestamp": 99_999_999_999}, "time_out_of_range timestamp"),
        ({"id": "x"}, "bad_value id"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_member(changed: dict[str, object], outcome: str) -> None:
    data = answer({"id": 1}, changed, {"id": 3})
    rows = read_rows("liveuamap", data)
    assert outcomes(rows) == ["liveuamap:1", outcome, "liveuamap:3"]
    assert_conserved(rows, data)


def test_hours_ago_without_any_stamp_are_no_time() -> None:
    assert outcomes(read_rows("liveuamap", answer({}, stamp=None))) == ["bad_time time"]


def test_a_stamp_within_a_posts_words_is_none() -> None:
    data = answer({"name": 'it said "globaltime":1234567890'}, stamp=None)
    assert outcomes(read_rows("liveuamap", data)) == ["bad_time time"]


def test_a_lone_surrogate_in_a_post_can_be_written_down_again() -> None:
    report = only_report(read_rows("liveuamap", answer({"name": "a\ud800b"})))
    assert report.text == "a�b"


def test_a_post_without_an_id_has_one_of_its_bytes() -> None:
    report = only_report(read_rows("liveuamap", answer({"id": ""})))
    assert report.origin is not None
    assert report.report_id == f"liveuamap:row-{report.origin.sha256[:24]}"


def test_the_days_of_a_series_are_days_in_utc_and_nowhere() -> None:
    data = b'{"1645660800000":70196.9, "1645747200000": 72085.8}\n'
    first, second = (row.reports[0] for row in read_rows("liveuamap", data))
    assert (first.report_id, second.report_id) == ("liveuamap:area-2022-02-24", "liveuamap:area-2022-02-25")
    assert first.observed_from == datetime(2022, 2, 24, tzinfo=UTC)
    assert first.observed_until == second.observed_from
    assert (first.footprint, first.activity) == (Nowhere(), "statement")
    assert [remark.said for remark in first.remarks or ()] == ["area 70196.9"]


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b'{"1645660800000":1,"x":2,"1645747200000":3}', "bad_row"),
        (b'{"1645660800000":1,"1645660800001":2,"1645747200000":3}', "bad_time date"),
        (b'{"1645660800000":1,"99999999999999":2,"1645747200000":3}', "time_out_of_range date"),
        (b'{"1645660800000":1,"1645660800000":,"1645747200000":3}', "missing area"),
        (b'{"1645660800000":1,"1645660800000":NaN,"1645747200000":3}', "bad_value area"),
        (b'{"1645660800000":1,\xff,"1645747200000":3}', "bad_row"),
        (b"date,area\n2022-02-24,1\n2022-02-30,2\n2022-02-25,3\n", "bad_time date"),
        (b"date,area\n2022-02-24,1\n2022-02-24\n2022-02-25,3\n", "bad_row"),
    ],
)
def test_a_damaged_day_costs_itself(data: bytes, outcome: str) -> None:
    rows = read_rows("liveuamap", data)
    assert outcomes(rows) == ["liveuamap:area-2022-02-24", outcome, "liveuamap:area-2022-02-25"]
    assert_conserved(rows, data)


@pytest.mark.parametrize("data", [b'{"1645660800000":1,"1645747200000":3', b'{"16456608'])
def test_a_series_that_breaks_off_says_what_is_left(data: bytes) -> None:
    with pytest.raises(TornInput) as torn:
        read_rows("liveuamap", data)
    assert torn.value.span is not None
    assert data.endswith(torn.value.span.data)


@pytest.mark.parametrize("data", [b"", b"{}", b"  {\n}\n", b"date,area\n", b'{"venues":[]}'])
def test_an_empty_document_has_no_rows(data: bytes) -> None:
    assert read_rows("liveuamap", data) == []


@pytest.mark.parametrize("name", ["liveuamap.json", "liveuamap.csv"])
def test_every_day_of_the_real_series_is_read(shared_data: Callable[[str], Path], name: str) -> None:
    path = shared_data(f"liveuamap/{name}")
    text = path.read_text(encoding="utf-8")
    if name.endswith("json"):
        areas = {datetime.fromtimestamp(int(key) / 1000, UTC): area for key, area in json.loads(text).items()}
    else:
        days = csv.DictReader(text.splitlines())
        areas = {datetime.fromisoformat(day["date"]).replace(tzinfo=UTC): float(day["area"]) for day in days}
    (given,) = open_input(f"liveuamap={path}")
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    assert len(rows) == len(areas) == 380
    for (day, area), row in zip(areas.items(), rows, strict=True):
        (report,) = row.reports
        assert (report.observed_from, report.observed_until) == (day, day + timedelta(days=1))
        (remark,) = report.remarks or ()
        assert float(remark.said.removeprefix("area ")) == area
