"""Reading a partition's past from the topics themselves: what a keeper's file is made anew from."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pipeline.stream.connection import kafka_options
from pipeline.stream.keeper import Said, Taken
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kafka import KafkaConsumer

_POLL_MS = 500
_PATIENCE_S = 120.0
"""So long the broker may give nothing of what it has, before that is an error."""


class Past:
    """One partition of the topics, from their beginning.

    Raises:
        TimeoutError: the broker gives nothing for two minutes; whoever asks begins anew.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings, self._partition = settings, partition

    def tiles(self, begin: int, end: int) -> Iterator[Taken]:
        """The records of `tiles` from an offset on, and before another; what the broker has dropped is not there."""
        for offset, _, value in self._records("tiles", begin, end):
            yield Taken(offset, value or b"")

    def end(self, topic: str) -> int:
        """The offset that the next record of a topic will have."""
        from kafka import TopicPartition

        place = TopicPartition(self._settings.prefix + topic, self._partition)
        with _consumer(self._settings) as consumer:
            return int(consumer.end_offsets([place])[place])

    def since(self, topic: str, begin: int) -> Iterator[Said]:
        """The records of a compacted topic from an offset on, in their order."""
        for offset, key, value in self._records(topic, begin, None):
            yield Said(offset, (key or b"").decode(), value)

    def _records(self, topic: str, begin: int, end: int | None) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        from kafka import TopicPartition

        place = TopicPartition(self._settings.prefix + topic, self._partition)
        with _consumer(self._settings) as consumer:
            consumer.assign([place])
            last = consumer.end_offsets([place])[place] if end is None else end
            consumer.seek(place, max(begin, consumer.beginning_offsets([place])[place]))
            heard_at = time.monotonic()
            while consumer.position(place) < last:
                records = consumer.poll(timeout_ms=_POLL_MS).get(place, [])
                if records:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > _PATIENCE_S:
                    raise TimeoutError(f"{place.topic}/{self._partition}: nothing comes from the broker")
                yield from _before(records, last)


def _before(records: Iterable, last: int) -> Iterator[tuple[int, bytes | None, bytes | None]]:  # type: ignore[type-arg]
    return ((record.offset, record.key, record.value) for record in records if record.offset < last)


@contextmanager
def _consumer(settings: Settings) -> "Iterator[KafkaConsumer]":
    from kafka import KafkaConsumer
    from kafka.errors import KafkaError

    consumer = KafkaConsumer(
        **kafka_options(settings),
        client_id="truceline-past",
        group_id=None,
        enable_auto_commit=False,
        max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
        allow_auto_create_topics=False,
    )
    try:
        yield consumer
    finally:
        with suppress(KafkaError):
            consumer.close(timeout_ms=2_000)
