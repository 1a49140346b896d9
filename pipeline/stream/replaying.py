"""Reading a partition's past from the topics themselves: what a keeper's file is made anew from."""

import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.stream.adopting import Said, Taken
from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.errors import NoConnectionError
from pipeline.stream.routing import KIND
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import TENDED

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
        for record in self._records(self._place(topic), begin, end):
            kind = dict(record.headers).get(KIND, b"").decode(errors="replace")
            yield Taken(record.offset, record.value or b"", kind=kind)

    def end(self, topic: str) -> int:
        """The offset that the next record of a topic will have."""
        place = self._place(topic)
        return self._asked(lambda consumer: int(consumer.end_offsets([place])[place]))

    def begin(self, topic: str) -> tuple[int, float]:
        """The first offset that the broker still has, and when it took that record; now, where it has none."""
        place = self._place(topic)
        first = self._asked(lambda consumer: int(consumer.beginning_offsets([place])[place]))
        with closing(self._records(place, first, None)) as records:
            return next(((one.offset, one.timestamp / 1_000) for one in records), (first, time.time()))

    def everywhere(self, topic: str, until: float) -> Iterator[Taken]:
        """The records of all partitions of a topic that the broker took by a time."""
        name = self._place(topic).topic
        for place in self._asked(lambda consumer: sorted(consumer.partitions_for_topic(name) or ())):
            for record in self._records(self._place(topic, place), 0, None):
                taken_at = record.timestamp / 1_000
                if taken_at <= until and record.value is not None:
                    yield Taken(record.offset, record.value, taken_at, topic)

    def committed(self, topic: str) -> int:
        """The offset before which the workers' group has acknowledged all of a topic; 0 where it has nothing."""
        place = self._place(topic)
        return self._asked(lambda consumer: int(consumer.committed(place) or 0))

    def since(self, topic: str, begin: int) -> Iterator[Said]:
        """The records of a compacted topic from an offset on, in their order."""
        for one in self._records(self._place(topic), begin, None):
            yield Said(one.offset, (one.key or b"").decode(), one.value, dict(one.headers).get(TENDED))

    def _place(self, topic: str, partition: int | None = None) -> "TopicPartition":
        from kafka import TopicPartition

        return TopicPartition(self._settings.prefix + topic, self._partition if partition is None else partition)

    def _records(self, place: "TopicPartition", begin: int, end: int | None) -> "Generator[Any]":
        from kafka.errors import KafkaTimeoutError

        reached, last = begin, end

        def read(consumer: "KafkaConsumer") -> Iterator[Any]:
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
                        yield record
                        reached = record.offset + 1

        yield from self._patiently(read)

    def _asked(self, ask: "Callable[[KafkaConsumer], Found]") -> Found:
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
