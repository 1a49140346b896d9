"""Reports put on their topic in the ways in which they come, and how long it took until they alerted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import msgspec
import numpy as np

from pipeline.model.report import Report
from pipeline.stream.connection import kafka_options
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import FRAME_BYTES, FRAME_REPORTS, encode
from tests.bench import CHECKOUT
from tests.bench.following import Seen
from tests.bench.stream_peers import BOOTSTRAP, PREFIX

if TYPE_CHECKING:
    from kafka import KafkaProducer

TICK_S = 0.005
"""How often a feed through `send` is given what is due."""


class Told(msgspec.Struct):
    """What a record on `alerts` says of where it comes from, whoever wrote it."""

    report_ids: tuple[str, ...]


_decode = msgspec.json.Decoder(Told).decode


def frames(reports: Iterable[Report]) -> list[bytes]:
    """Full frames, as `send` makes them of a file."""
    made: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for line in map(encode, reports):
        if lines and (size + len(line) + 1 > FRAME_BYTES or len(lines) >= FRAME_REPORTS):
            made.append(b"\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    return [*made, b"\n".join(lines)]


@contextmanager
def producing(settings: Settings) -> "Iterator[KafkaProducer]":
    """A producer as `send` has it: every record acknowledged, none twice, compressed."""
    from kafka import KafkaProducer

    producer = KafkaProducer(
        **kafka_options(settings),
        acks="all",
        enable_idempotence=True,
        compression_type=settings.compression.value,
        max_request_size=2 * MAX_MESSAGE_BYTES,
    )
    try:
        yield producer
    finally:
        producer.close(timeout=5.0)


def at_once(settings: Settings, values: Sequence[bytes]) -> float:
    """Puts records on `reports` as fast as they go, and waits for the broker; gives when the first was sent."""
    with producing(settings) as producer:
        producer.partitions_for(f"{settings.prefix}reports")
        began = time.monotonic()
        for future in [producer.send(f"{settings.prefix}reports", value) for value in values]:
            future.get(timeout=60.0)
    return began


def singly(settings: Settings, reports: Sequence[Report], per_second: float) -> dict[str, float]:
    """One report a record, steadily; gives when each was sent (`time.monotonic()`), by its id."""
    sent: dict[str, float] = {}
    lines = list(map(encode, reports))
    with producing(settings) as producer:
        producer.partitions_for(f"{settings.prefix}reports")
        began = time.monotonic()
        for number, (report, line) in enumerate(zip(reports, lines, strict=True)):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            sent[report.report_id] = time.monotonic()
            producer.send(f"{settings.prefix}reports", line)
        producer.flush(timeout=60.0)
    return sent


def through_send(settings: Settings, reports: Sequence[Report], per_second: float) -> dict[str, float]:
    """As lines for `truceline send`, steadily; gives when each was handed to it, by its id."""
    sent: dict[str, float] = {}
    lines = [encode(report) + b"\n" for report in reports]
    with process(settings, "-m", "pipeline", "send", "ndjson=-") as sender:
        assert sender.stdin is not None
        # The command has to start; what comes before is no live feed.
        sender.stdin.write(lines[0])
        sender.stdin.flush()
        time.sleep(5.0)
        began, number = time.monotonic(), 1
        while number < len(reports):
            due = min(len(reports), 1 + int((time.monotonic() - began) * per_second))
            at_s = time.monotonic()
            sent |= {report.report_id: at_s for report in reports[number:due]}
            sender.stdin.write(b"".join(lines[number:due]))
            sender.stdin.flush()
            number = max(number, due)
            time.sleep(TICK_S)
        sender.stdin.close()
        sender.wait(timeout=60.0)
    return sent


@contextmanager
def process(settings: Settings, *words: str, log: IO[bytes] | None = None) -> "Iterator[subprocess.Popen[bytes]]":
    """A Python process that is told of the broker and the topics; it does not outlive the context."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRUCELINE")}
    given = {BOOTSTRAP: ",".join(settings.bootstrap_servers), PREFIX: settings.prefix}
    said = log or subprocess.DEVNULL
    begun = subprocess.Popen(
        [sys.executable, *words], env=clean | given, stdin=subprocess.PIPE, stdout=said, stderr=said, cwd=CHECKOUT
    )
    try:
        yield begun
    finally:
        with suppress(BrokenPipeError):
            assert begun.stdin is not None
            begun.stdin.close()
        begun.kill()
        begun.wait()


def delays_ms(seen: Sequence[Seen], sent: Mapping[str, float]) -> list[float]:
    """How long after its last report each alert, or change of one, was seen; a report counts once."""
    first: dict[str, float] = {}
    for one in seen:
        if one.value is None:
            continue
        known = [name for name in _decode(one.value).report_ids if name in sent]
        if known:
            first.setdefault(max(known, key=sent.__getitem__), one.at_s)
    return [1000.0 * (at_s - sent[name]) for name, at_s in first.items()]


def percentile(values: Sequence[float], of: float) -> list[float]:
    """One value, or none where there are none."""
    return [float(np.percentile(values, of))] if values else []
