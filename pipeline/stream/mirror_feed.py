"""The topics as a mirror reads them: from where it is, without a group, and nothing before what it goes by."""

import heapq
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline.stream.errors import SettingsError
from pipeline.stream.mirror import TOPICS, Mirror, Record
from pipeline.stream.routing import KIND
from pipeline.stream.settings import Settings
from pipeline.stream.tail import opened, placed, tail
from pipeline.stream.topic_admin import admin, topic_ids
from pipeline.stream.wire import TENDED, decode_tended

if TYPE_CHECKING:
    from kafka import KafkaConsumer, TopicPartition

_POLL_MS = 100
_MOST_RECORDS = 5_000
_MOST_BYTES = 8 << 20
_ASK_MS = 2_000
_ACTIONS_S = 5.0
"""So long acts may take to come that workers have answered already."""

Said = Callable[[str], None]


class FeedChangedError(Exception):
    """The topics have other partitions than when reading began: it is to begin again."""


class Feed:
    """Connections that read on. Use it from one thread, as a context.

    Args:
        say: is told what the broker no longer has.

    Raises:
        NoConnectionError: there is no connection.
        SettingsError: the mirror was made from topics that are there no more.
    """

    def __init__(self, settings: Settings, mirror: Mirror, say: Said) -> None:
        self._settings, self._mirror, self._say = settings, mirror, say
        self._open = ExitStack()
        try:
            self._admin = self._open.enter_context(admin(settings))
            self._consumer: KafkaConsumer = opened(settings)
            self._open.callback(self._close_consumer)
            self._recognise()
            self._ends = self._placed()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections up."""
        self._open.close()

    def _close_consumer(self) -> None:
        from kafka.errors import KafkaError

        with suppress(KafkaError):
            self._consumer.close(timeout_ms=2_000)

    @property
    def is_caught_up(self) -> bool:
        """Whether all is read that was there when reading began."""
        return all(self._consumer.position(place) >= end for place, end in self._ends.items())

    def some(self) -> list[Record]:
        """What comes within a moment, and the acts that it goes by; in the order in which the broker took it.

        Raises:
            KafkaError: the broker gives nothing.
        """
        found, count, size = list[Mapping[Any, Sequence[Any]]](), 0, 0
        while polled := self._consumer.poll(timeout_ms=0 if found else _POLL_MS):
            found.append(polled)
            count += sum(map(len, polled.values()))
            size += sum(len(record.value or b"") for some in polled.values() for record in some)
            if count >= _MOST_RECORDS or size >= _MOST_BYTES:
                break
        records = [self._record(one) for one in in_order(found)]
        if self._lacks_acts(records):
            records += self._acts()
        return records

    def ask(self) -> None:
        """Makes sure that the broker is there, and that the topics are as they were.

        Raises:
            KafkaError: it is not.
            FeedChangedError: they have other partitions.
            SettingsError: one was made anew.
        """
        self._consumer.end_offsets([*self._ends], timeout_ms=_ASK_MS)
        self._recognise()
        if set(self._places()) != set(self._ends):
            raise FeedChangedError("the topics have other partitions now")

    def left(self) -> Iterator[list[Record]]:
        """All that is on `alerts`: of each alert what was said last, which may be all that is left of it."""
        for some in tail(self._settings, "alerts", from_beginning=True, follow=False):
            yield [
                Record("alerts", one.partition, one.offset, "", one.value, tended=one.headers.get(TENDED))
                for one in some
            ]

    def _recognise(self) -> None:
        found = topic_ids(self._admin, [self._settings.prefix + name for name in TOPICS])
        self._mirror.recognise({name.removeprefix(self._settings.prefix): found[name] for name in found})

    def _placed(self) -> "dict[TopicPartition, int]":
        """Puts the consumer where the mirror is; gives each partition's end."""
        ends = placed(self._consumer, [self._settings.prefix + name for name in TOPICS], from_beginning=True)
        if self._mirror.heard_long_ago:
            self._mirror.forget_incidents(place.partition for place in ends if self._name(place) == "incidents")
        dropped: dict[str, int] = {}
        for place, end in ends.items():
            name = self._name(place)
            reached, begin = self._mirror.reached(name, place.partition), self._consumer.position(place)
            if reached > end:
                raise SettingsError(
                    f"{self._mirror.store.path}: has read further than `{name}` reaches: the topic was made anew "
                    "since; move the file away, and it is made anew"
                )
            if reached < begin:
                dropped[name] = dropped.get(name, 0) + begin - reached
                self._mirror.skip(name, place.partition, begin)
            self._consumer.seek(place, max(reached, begin))
        for name, count in dropped.items():
            self._say(f"{name}: the broker has dropped {count:,} records that were not read yet; the rest is shown")
        return ends

    def _places(self) -> "Iterator[TopicPartition]":
        from kafka import TopicPartition

        for name in TOPICS:
            topic = self._settings.prefix + name
            yield from (TopicPartition(topic, number) for number in self._consumer.partitions_for_topic(topic) or ())

    def _name(self, place: "TopicPartition") -> str:
        return str(place.topic).removeprefix(self._settings.prefix)

    def _record(self, one: Any) -> Record:
        headers = dict(one.headers)
        return Record(
            one.topic.removeprefix(self._settings.prefix),
            one.partition,
            one.offset,
            (one.key or b"").decode(errors="replace"),
            one.value,
            one.timestamp / 1_000,
            headers.get(KIND, b"").decode(errors="replace"),
            headers.get(TENDED),
        )

    def _lacks_acts(self, records: Sequence[Record]) -> bool:
        """Whether workers have answered acts that are not read yet."""
        return any(one.tended is not None and not self._mirror.knows(_acts_of(one.tended)) for one in records)

    def _acts(self) -> list[Record]:
        """The acts that are there by now: whatever workers have answered was on the topic before."""
        topic = self._settings.prefix + "actions"
        places = [place for place in self._ends if place.topic == topic]
        others = [place for place in self._ends if place.topic != topic]
        ends = self._consumer.end_offsets(places, timeout_ms=_ASK_MS)
        found, until = list[Record](), time.monotonic() + _ACTIONS_S
        self._consumer.pause(*others)
        try:
            while self._is_before(ends) and time.monotonic() < until:
                polled = self._consumer.poll(timeout_ms=_POLL_MS)
                found += [self._record(one) for some in polled.values() for one in some]
        finally:
            self._consumer.resume(*others)
        return found

    def _is_before(self, ends: "dict[TopicPartition, int]") -> bool:
        return any(self._consumer.position(place) < end for place, end in ends.items())


def in_order(polls: Iterable[Mapping[Any, Sequence[Any]]]) -> list[Any]:
    """Records that came one poll after another, of several partitions: by time, but each partition's as they came.

    A partition's times may go back: another broker leads it now, whose clock is behind.
    """
    lanes = dict[Any, list[Any]]()
    for polled in polls:
        for place, some in polled.items():
            lanes.setdefault(place, []).extend(some)
    return [*heapq.merge(*lanes.values(), key=lambda one: one.timestamp)]


def _acts_of(tended: bytes) -> Collection[str]:
    """The ids of the acts that belong to an alert; none where a newer version says it otherwise."""
    try:
        return decode_tended(tended).acts
    except msgspec.DecodeError:
        return ()
