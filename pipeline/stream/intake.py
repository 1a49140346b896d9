"""The first agent's work: frames of `reports`, checked, for the partitions of `tiles` that must hear of each report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.gazetteer import Gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.stream.wire import FRAME_REPORTS, decode_frame, encode_frame


class Frame(NamedTuple):
    """A record of `reports`: where it stands, when the broker took it (seconds since 1970), and what it holds."""

    place: str
    taken_at: float
    value: bytes


class Shared(NamedTuple):
    """What became of some frames: records for partitions of `tiles`, rejects, and the reports themselves.

    `taken_at` is when the broker took the first of the frames.
    """

    tiles: list[tuple[int, bytes]]
    rejects: list[Reject]
    reports: list[Report]
    taken_at: float


def share_out(frames: Sequence[Frame], gazetteer: Gazetteer, shards: Shards) -> Shared:
    """Checks frames and shares their reports out. The same frames always give the same."""
    reports: list[Report] = []
    rejects: list[Reject] = []
    for frame in frames:
        good, bad = decode_frame(frame.value, frame.place, gazetteer)
        rejects += bad
        # That the broker took it is when it entered the record, unless it says so itself; told twice it is the same.
        taken_at = datetime.fromtimestamp(frame.taken_at, UTC)
        reports += [one if one.received_at is not None else replace(one, received_at=taken_at) for one in good]
    windows = place(reports, Footprints([report.footprint for report in reports], gazetteer.outlines))
    records = [
        (partition, encode_frame(some[begin : begin + FRAME_REPORTS]))
        for partition, some in sorted(shards.shared(windows, reports).items())
        for begin in range(0, len(some), FRAME_REPORTS)
    ]
    return Shared(records, rejects, reports, min(frame.taken_at for frame in frames))
