"""Reading a partition's past from the topics themselves: what a keeper's file is made anew from."""

import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, TypeVar

from pipeline.stream.adopting import Said, Taken
from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.errors import NoConnectionError
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
_ASK_S = 3.0

Found = TypeVar("Found")


class Past:
    """One partition of the topics, from their beginning. It holds a connection until it is closed.

    Raises:
        TimeoutError: the broker gives nothing for two minutes; whoever asks begins anew.
    """

    def __init__(self, settings: Settings, partition: int) -> None:
        self._settings, self._partition = settings, partition
        self._consumer: KafkaConsumer | None = None

    def close(self) -> None:
        """Gives the connection up."""
        if self._consumer is not None:
            _close(self._consumer)
            self._consumer = None

    def records(self, topic: str, begin: int, end: int) -> Iterator[Taken]:
        """The records of a topic from an offset on, and before another; what the broker has dropped is not there."""
        for offset, _, value in self._records(topic, begin, end):
            yield Taken(offset, value or b"")

    def end(self, topic: str) -> int:
        """The offset that the next record of a topic will have."""
        place = self._place(topic)
        return self._asked(lambda consumer: int(consumer.end_offsets([place])[place]))

    def committed(self, topic: str) -> int:
        """The offset before which the workers' group has acknowledged all of a topic; 0 where it has nothing."""
        place = self._place(topic)
        return self._asked(lambda consumer: int(consumer.committed(place) or 0))

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

    def _asked(self, ask: "Callable[[KafkaConsumer], int]") -> int:
        with closing(self._patiently(lambda consumer: iter([ask(consumer)]))) as found:
            return next(found)

    def _patiently(self, read: "Callable[[KafkaConsumer], Iterator[Found]]") -> "Generator[Found]":
        """What is read with a consumer; with another one where it fails, while the broker may yet come back."""
        from kafka.errors import KafkaError, KafkaTimeoutError

        heard_at = time.monotonic()
        while True:
            try:
                if self._consumer is None:
                    self._consumer = _opened(self._settings)
                for found in read(self._consumer):
                    yield found
                    heard_at = time.monotonic()
                return
            except KafkaError as error:
                self.close()
                if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                    raise
                if time.monotonic() - heard_at > _PATIENCE_S:
                    raise TimeoutError(f"partition {self._partition}: {error}") from error
                time.sleep(_AGAIN_S)


class Ends:
    """Where partitions end, asked now and then. Use it from one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: KafkaConsumer | None = None

    def of(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int] | None:
        """The offset that the next record of each topic's partition will have; None where the broker does not answer.

        Comes back within seconds.
        """
        from kafka import TopicPartition
        from kafka.errors import KafkaError

        try:
            if self._consumer is None:
                check_connection(self._settings, timeout_s=_ASK_S)
                self._consumer = _opened(self._settings)
            asked = [TopicPartition(*place) for place in places]
            found = self._consumer.end_offsets(asked, timeout_ms=int(_ASK_S * 1_000)) if asked else {}
        except (KafkaError, NoConnectionError):
            self.close()
            return None
        return {(place.topic, place.partition): int(end) for place, end in found.items()}

    def close(self) -> None:
        """Gives the connection up."""
        if self._consumer is not None:
            _close(self._consumer)
            self._consumer = None


def _opened(settings: Settings) -> "KafkaConsumer":
    """A consumer that is of no group: it takes part in nothing, and only asks how far the workers' group is."""
    from kafka import KafkaConsumer

    return KafkaConsumer(
        **kafka_options(settings),
        client_id="truceline-past",
        group_id=settings.app_id,
        enable_auto_commit=False,
        # Where what is asked for was dropped meanwhile, what comes next is what is there still.
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
        allow_auto_create_topics=False,
    )


def _close(consumer: "KafkaConsumer") -> None:
    from kafka.errors import KafkaError

    with suppress(KafkaError):
        consumer.close(timeout_ms=2_000)
