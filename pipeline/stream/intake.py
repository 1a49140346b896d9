"""The first agent's work: frames of `reports`, checked, for the partitions of `tiles` that must hear of each report.

An observation among the reports goes to the topic where observations are kept.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from pipeline.gazetteer import Gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Observation, Reject, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.stream.wire import cut, decode_rows, encode, failed, refused

_log = logging.getLogger(__name__)


class Frame(NamedTuple):
    """A record of `reports`: where it stands, when the broker took it (seconds since 1970), and what it holds."""

    place: str
    taken_at: float
    value: bytes


class Feed(NamedTuple):
    """How many reports of a feed there were, and when the last was received (seconds since 1970)."""

    reports: int
    last_at: float


class Shared(NamedTuple):
    """What became of some frames: records for partitions of `tiles`, rejects, and what came by source and feed.

    Attributes:
        observations: records for `observations`, with their keys.
        taken_at: when the broker took the first of the frames.
    """

    tiles: list[tuple[int, bytes]]
    observations: list[tuple[str, bytes]]
    rejects: list[Reject]
    received: Mapping[tuple[str, str | None], Feed]
    taken_at: float


class _Read(NamedTuple):
    """A report with where it stood: its frame and row."""

    report: Report
    frame: str
    row: int


def share_out(frames: Sequence[Frame], gazetteer: Gazetteer, shards: Shards) -> Shared:
    """Checks frames and shares their reports out. The same frames always give the same."""
    read: list[_Read] = []
    watched: list[Observation] = []
    rejects: list[Reject] = []
    for frame in frames:
        taken_at = datetime.fromtimestamp(frame.taken_at, UTC)
        for row in decode_rows(frame.value, frame.place, gazetteer):
            read += [_Read(received(report, taken_at), frame.place, row.number) for report in row.reports]
            watched += [received(one, taken_at) for one in row.observations]
            if row.reject is not None:
                rejects.append(row.reject)
    windows, reports = list[Window](), list[Report]()
    for some, placed in _placed(read, gazetteer, rejects):
        windows += placed
        reports += [one.report for one in some]
    records = [
        (partition, value)
        for partition, some in sorted(shards.shared(windows, reports).items())
        for value in framed([encode(report) for report in some])
    ]
    return Shared(records, _by_asset(watched), rejects, _counted(reports), min(frame.taken_at for frame in frames))


def observed(value: bytes, place: str, gazetteer: Gazetteer) -> tuple[list[Observation], list[Reject]]:
    """The observations of a frame of `observations`, checked and in UTC, and what could not be read of it.

    Args:
        place: where the frame stands.
    """
    watched, rejects = list[Observation](), list[Reject]()
    for row in decode_rows(value, place, gazetteer):
        watched += row.observations
        rejects += [_misplaced(place, row.number, report) for report in row.reports]
        if row.reject is not None:
            rejects.append(row.reject)
    return watched, rejects


def _misplaced(place: str, row: int, report: Report) -> Reject:
    detail = "a report among observations: reports go to `reports`"
    return refused(place, report.source, encode(report), detail, RejectReason.BAD_VALUE, row)


_Timed = TypeVar("_Timed", Report, Observation)


def received(record: _Timed, taken_at: datetime) -> _Timed:
    """That the broker took it is when it entered the record, unless it was earlier; told twice it is the same."""
    if record.received_at is not None and record.received_at <= taken_at:
        return record
    return replace(record, received_at=taken_at)


def framed(lines: Sequence[bytes]) -> list[bytes]:
    """Lines as the values of frames."""
    return [b"\n".join(some) for some in cut(lines)]


def _by_asset(watched: Sequence[Observation]) -> list[tuple[str, bytes]]:
    lines: dict[str, list[bytes]] = {}
    for one in watched:
        lines.setdefault(one.asset, []).append(encode(one))
    return [(asset, value) for asset, some in lines.items() for value in framed(some)]


def _placed(
    read: Sequence[_Read], gazetteer: Gazetteer, rejects: list[Reject]
) -> Iterator[tuple[Sequence[_Read], list[Window]]]:
    """The reports with their windows, in their order; one with which that fails is found by halves, and rejected."""
    reports = [one.report for one in read]
    try:
        yield read, place(reports, Footprints([report.footprint for report in reports], gazetteer.outlines))
    except Exception:  # noqa: BLE001 - a fault of ours with one report is not to stop those beside it
        if len(read) > 1:
            middle = len(read) // 2
            yield from _placed(read[:middle], gazetteer, rejects)
            yield from _placed(read[middle:], gazetteer, rejects)
            return
        (one,) = read
        _log.exception("%s:%d cannot be placed: rejected", one.frame, one.row)
        rejects.append(failed(one.frame, one.row, one.report.source, encode(one.report), "placing it failed"))


def _counted(reports: Sequence[Report]) -> dict[tuple[str, str | None], Feed]:
    times: dict[tuple[str, str | None], list[datetime]] = {}
    for report in reports:
        if report.received_at is not None:
            times.setdefault((report.source, report.feed), []).append(report.received_at)
    return {feed: Feed(len(at), max(at).timestamp()) for feed, at in times.items()}
