"""Reading a topic from where somebody asks, without a group: nobody's place in it moves."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.courier import Watch
from pipeline.stream.errors import BrokerUnreachableError
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kafka import KafkaConsumer

_POLL_MS = 200
_BEGIN_S = 15.0
"""So long a broker that has only just begun may be unable to say where a topic ends."""

_CHECK_S = 5.0
"""After so long a silence, somebody looks whether the broker is still there."""


class Heard(NamedTuple):
    """One record of a topic; without a value, it takes the key out."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = {}

    def place(self, topic: str) -> str:
        """Where it stands."""
        return f"{topic}/{self.partition}@{self.offset}"


def tail(
    settings: Settings, name: str, *, from_beginning: bool, follow: bool, watch: Watch | None = None
) -> Iterator[list[Heard]]:
    """The records of a topic as they come, some at a time, in the order in which the broker took them.

    Between partitions, that order is kept within what comes at one time.

    Args:
        name: the topic, without the prefix.
        from_beginning: also what is there already; otherwise only what comes from now on.
        follow: go on for ever; otherwise end where the topic ended when it was asked.

    Raises:
        NoConnectionError: there is no connection to begin with; later it is waited for.
    """
    from kafka.errors import KafkaError

    consumer = opened(settings)
    watch = watch or Watch()
    try:
        ends = placed(consumer, [settings.prefix + name], from_beginning=from_beginning)
        quiet = _Quiet(settings, watch)
        while follow or any(consumer.position(place) < end for place, end in ends.items()):
            watch.tick()
            try:
                polled = consumer.poll(timeout_ms=_POLL_MS)
            except KafkaError as error:
                quiet.missed(str(error))
                time.sleep(_POLL_MS / 1000)
                continue
            records = [record for some in polled.values() for record in some if follow or _is_before(record, ends)]
            quiet.heard() if polled else quiet.nothing()
            if records:
                records.sort(key=lambda record: (record.timestamp, record.partition, record.offset))
                yield [_heard(record) for record in records]
    finally:
        with suppress(KafkaError):
            consumer.close(timeout_ms=2_000)


def _heard(record: Any) -> Heard:
    return Heard(record.partition, record.offset, record.key, record.value, dict(record.headers))


def opened(settings: Settings) -> "KafkaConsumer":
    """A consumer of no group.

    Raises:
        NoConnectionError: there is no connection.
    """
    from kafka import KafkaConsumer

    check_connection(settings)
    return KafkaConsumer(
        **kafka_options(settings),
        client_id="truceline-tail",
        group_id=None,
        enable_auto_commit=False,
        # Where what is to be read was dropped meanwhile, reading goes on with what is there still.
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
        allow_auto_create_topics=False,
    )


def placed(consumer: "KafkaConsumer", topics: Sequence[str], *, from_beginning: bool) -> "dict[Any, int]":
    """Puts the consumer where reading some topics begins; gives each partition's end.

    A broker that has only just begun is asked again for a while.

    Raises:
        BrokerUnreachableError: it tells nothing of them.
    """
    from kafka.errors import KafkaError

    until = time.monotonic() + _BEGIN_S
    while True:
        try:
            return _place(consumer, topics, from_beginning)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > until:
                raise BrokerUnreachableError(
                    f"{', '.join(topics)}: the broker tells nothing of it: {type(error).__name__}"
                ) from error
            time.sleep(_POLL_MS / 1000)


def _place(consumer: "KafkaConsumer", topics: Sequence[str], from_beginning: bool) -> "dict[Any, int]":
    from kafka import TopicPartition

    places = [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    consumer.assign(places)
    ends: dict[Any, int] = consumer.end_offsets(places)
    begins = consumer.beginning_offsets(places) if from_beginning else ends
    for place in places:
        consumer.seek(place, begins[place])
    return ends


def _is_before(record: Any, ends: dict[Any, int]) -> bool:
    from kafka import TopicPartition

    return bool(record.offset < ends[TopicPartition(record.topic, record.partition)])


class _Quiet:
    """Tells a topic to which nothing comes from a broker that is away."""

    def __init__(self, settings: Settings, watch: Watch, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._watch, self._clock = settings, watch, clock
        self._heard_at = self._checked_at = clock()
        self._is_away = False

    def heard(self) -> None:
        self._heard_at = self._checked_at = self._clock()
        if self._is_away:
            self._is_away = False
            self._watch.back()

    def nothing(self) -> None:
        if self._clock() - self._checked_at < _CHECK_S:
            return
        self._checked_at = self._clock()
        try:
            check_connection(self._settings, timeout_s=1.0)
        except BrokerUnreachableError as error:
            self.missed(str(error))
        else:
            self.heard()

    def missed(self, why: str) -> None:
        self._is_away = True
        self._watch.away(self._clock() - self._heard_at, why)
