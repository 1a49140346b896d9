"""Reading a partition's past from the topics themselves: what a keeper's file is made anew from."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from pipeline.stream.connection import kafka_options
from pipeline.stream.keeper import Said, Taken
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

_POLL_MS = 500
_PATIENCE_S = 120.0
"""So long the broker may give nothing of what it has, before that is an error."""

_SILENCE_S = 30.0
"""So long one consumer may give nothing, before another is tried."""

_AGAIN_S = 1.0

Found = TypeVar("Found")


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
        place = self._place(topic)

        def asked(consumer: "KafkaConsumer") -> Iterator[int]:
            yield int(consumer.end_offsets([place])[place])

        with closing(self._patiently(asked)) as found:
            return next(found)

    def since(self, topic: str, begin: int) -> Iterator[Said]:
        """The records of a compacted topic from an offset on, in their order."""
        for offset, key, value in self._records(topic, begin, None):
            yield Said(offset, (key or b"").decode(), value)

    def _place(self, topic: str) -> "TopicPartition":
        from kafka import TopicPartition

        return TopicPartition(self._settings.prefix + topic, self._partition)

    def _records(self, topic: str, begin: int, end: int | None) -> Iterator[tuple[int, bytes | None, bytes | None]]:
        from kafka.errors import KafkaTimeoutError

        place, reached, last = self._place(topic), begin, end

        def read(consumer: "KafkaConsumer") -> Iterator[tuple[int, bytes | None, bytes | None]]:
            nonlocal reached, last
            consumer.assign([place])
            if last is None:
                last = consumer.end_offsets([place])[place]
            consumer.seek(place, max(reached, consumer.beginning_offsets([place])[place]))
            heard_at = time.monotonic()
            while consumer.position(place) < last:
                records = consumer.poll(timeout_ms=_POLL_MS).get(place, [])
                if records:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > _SILENCE_S:
                    raise KafkaTimeoutError("nothing comes from the broker")
                for record in records:
                    if record.offset < last:
                        yield record.offset, record.key, record.value
                        reached = record.offset + 1

        yield from self._patiently(read)

    def _patiently(self, read: "Callable[[KafkaConsumer], Iterator[Found]]") -> "Generator[Found]":
        """What is read with a consumer; with another one where it fails, while the broker may yet come back."""
        from kafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError

        heard_at = time.monotonic()
        while True:
            try:
                with _consumer(self._settings) as consumer:
                    for found in read(consumer):
                        yield found
                        heard_at = time.monotonic()
                    return
            except (KafkaTimeoutError, KafkaConnectionError, NodeNotReadyError) as error:
                if time.monotonic() - heard_at > _PATIENCE_S:
                    raise TimeoutError(f"partition {self._partition}: {error}") from error
                time.sleep(_AGAIN_S)


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
