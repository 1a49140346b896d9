"""Frames, shared out: no record is larger than a frame, what fails is rejected alone, what is counted."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.stream import intake
from pipeline.stream.intake import Frame, Shared, share_out
from pipeline.stream.wire import FRAME_BYTES, decode_frame, encode_frame
from tests.worlds import report

HERE = Disc(37.45, 48.35, 50.0)
TAKEN_AT = 1.7e9
GAZETTEER = load_gazetteer()


def shared(*frames: list[Report], partitions: int = 1) -> Shared:
    given = [Frame(f"reports/0@{n}", TAKEN_AT + n, encode_frame(frame)) for n, frame in enumerate(frames)]
    return share_out(given, GAZETTEER, Shards(partitions, DEFAULT.observers))


def received(given: Shared) -> list[Report]:
    return [one for _, value in given.tiles for one in decode_frame(value, "there", GAZETTEER)[0]]


def test_no_record_is_larger_than_a_frame() -> None:
    text = "слово " * 250
    reports = [replace(report(n, HERE, at=timedelta(seconds=n)), text=text) for n in range(1_200)]
    found = shared(*(reports[n : n + 300] for n in range(0, 1_200, 300)), partitions=4)
    assert max(len(value) for _, value in found.tiles) <= FRAME_BYTES
    assert {one.report_id for one in received(found)} == {one.report_id for one in reports}
    by_partition = {
        partition: [value for other, value in found.tiles if other == partition] for partition, _ in found.tiles
    }
    assert any(len(values) > 1 for values in by_partition.values())


def test_a_report_that_is_larger_by_itself_has_a_record_of_its_own() -> None:
    large = replace(report(2, HERE), text="x" * (FRAME_BYTES - 700))
    found = shared([report(1, HERE)], [large], [report(3, HERE)])
    assert [one.report_id for one in received(found)] == ["test:1", "test:2", "test:3"]
    assert len(found.tiles) == 3


def test_one_report_that_cannot_be_placed_is_rejected_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours, made here on purpose: no report is known that has it."""
    right = place

    def faulty(reports: list[Report], *rest: object) -> object:
        if any(one.report_id == "test:5" for one in reports):
            raise IndexError("a fault of ours")
        return right(reports, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "place", faulty)
    found = shared([report(n, HERE) for n in range(4)], [report(n, HERE) for n in range(4, 8)])
    assert [one.report_id for one in received(found)] == [f"test:{n}" for n in range(8) if n != 5]
    (reject,) = found.rejects
    assert (reject.file, reject.row, reject.reason) == ("reports/0@1", 2, RejectReason.FAILED)
    assert b'"test:5"' in reject.bytes
    assert {feed: one.reports for feed, one in found.received.items()} == {("test", None): 7}


def test_feeds_are_counted_with_when_their_last_was_received() -> None:
    early, late = (datetime.fromtimestamp(TAKEN_AT - back, UTC) for back in (500, 100))
    found = shared(
        [report(1, HERE, received_at=early, feed="a"), report(2, HERE, received_at=late, feed="a")],
        [report(3, HERE, feed="b")],
    )
    assert {feed: (one.reports, one.last_at) for feed, one in found.received.items()} == {
        ("test", "a"): (2, TAKEN_AT - 100),
        ("test", "b"): (1, TAKEN_AT + 1),
    }


def test_nothing_is_received_after_the_broker_took_it() -> None:
    tomorrow = datetime.fromtimestamp(TAKEN_AT + 86_400, UTC)
    (one,) = received(shared([report(1, HERE, received_at=tomorrow)]))
    assert one.received_at == datetime.fromtimestamp(TAKEN_AT, UTC)
