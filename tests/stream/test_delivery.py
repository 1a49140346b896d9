"""What a worker does where the broker does not take a record: it waits, or ends with the reason, or tells of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from faust.exceptions import ProducerSendError

from pipeline.metrics import DriverMetrics, Role
from pipeline.model.taxonomy import RejectReason
from pipeline.stream import delivery
from pipeline.stream.delivery import Delivery, Sending
from pipeline.stream.errors import TopicError
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import decode_reject


class Stood(NamedTuple):
    offset: int


class Broker:
    """It refuses records as it is told to, at once or when they have reached it, and keeps the others."""

    def __init__(self, refuses: Callable[[Sending], KafkaError | None], *, at_once: bool) -> None:
        self._refuses, self._at_once = refuses, at_once
        self.has: list[Sending] = []

    async def post(self, _full_name: str, one: Sending) -> Awaitable[Any]:
        error = self._refuses(one)
        future: asyncio.Future[Stood] = asyncio.get_running_loop().create_future()
        if error is None:
            self.has.append(one)
            future.set_result(Stood(len(self.has) - 1))
        elif self._at_once:
            raise ProducerSendError(f"Error while sending: {error!r}") from error
        else:
            future.set_exception(error)
        return future


def record(value: bytes, topic: str = "alerts") -> Sending:
    return Sending(topic, 0, b"al_1", value)


def deliver(broker: Broker, *records: Sending, check: Callable[[], None] = lambda: None) -> DriverMetrics:
    metrics = DriverMetrics(Role.WORKER)
    asyncio.run(Delivery("t.", broker.post, metrics, lambda: None).deliver(records, check))
    return metrics


def some_times(*errors: KafkaError) -> Callable[[Sending], KafkaError | None]:
    """Refuses one record after the other, once for each error."""
    left: Iterator[KafkaError] = iter(errors)
    return lambda _one: next(left, None)


both_ways = pytest.mark.parametrize("at_once", [True, False])


@both_ways
def test_what_may_pass_is_waited_for_and_the_order_is_kept(at_once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_AGAIN_S", 0.0)
    broker = Broker(
        some_times(KafkaConnectionError("away"), KafkaTimeoutError("slow"), UnknownTopicOrPartitionError("not yet")),
        at_once=at_once,
    )
    metrics = deliver(broker, *(record(b"%d" % n) for n in range(3)))
    assert [one.value for one in broker.has[-3:]] == [b"0", b"1", b"2"]
    assert metrics.registry.get_sample_value("truceline_broker_connected") == 1.0


@both_ways
def test_what_the_broker_does_not_let_us_write_ends_it_with_the_reason(at_once: bool) -> None:
    broker = Broker(lambda _: TopicAuthorizationFailedError("t.alerts"), at_once=at_once)
    with pytest.raises(TopicError, match=r"t\.alerts: the broker does not let us write there"):
        deliver(broker, record(b"1"))


@both_ways
@pytest.mark.parametrize("kind", [MessageSizeTooLargeError, RecordListTooLargeError])
def test_a_record_larger_than_any_topic_takes_is_told_of_instead(at_once: bool, kind: type[KafkaError]) -> None:
    broker = Broker(
        lambda one: kind("too large") if len(one.value or b"") > MAX_MESSAGE_BYTES else None, at_once=at_once
    )
    metrics = deliver(broker, record(b"1"), record(b"2" * (MAX_MESSAGE_BYTES + 1)), record(b"3"))
    told = [one for one in broker.has if one.topic == "rejects"]
    assert {one.value for one in broker.has if one.topic == "alerts"} == {b"1", b"3"}
    reject = decode_reject(told[0].value or b"")
    assert (reject.file, reject.reason, reject.length) == (
        "t.alerts/0 al_1",
        RejectReason.FAILED,
        MAX_MESSAGE_BYTES + 1,
    )
    assert "more than any topic takes" in reject.detail
    labels = {"source": "alerts", "reason": RejectReason.FAILED.value}
    assert metrics.registry.get_sample_value("truceline_reports_rejected_total", labels) == 1.0


def test_a_topic_that_takes_less_than_it_should_ends_it_with_what_to_do() -> None:
    broker = Broker(lambda _: MessageSizeTooLargeError("too large"), at_once=False)
    with pytest.raises(TopicError, match="`truceline topics create` raises its limit"):
        deliver(broker, record(b"1" * 1_000_000))


def test_nothing_more_is_sent_once_it_must_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Exception):
        pass

    monkeypatch.setattr(delivery, "_AGAIN_S", 0.0)
    asked = iter([False, False, True])

    def check() -> None:
        if next(asked):
            raise Gone

    broker = Broker(lambda _: KafkaConnectionError("away"), at_once=False)
    with pytest.raises(Gone):
        deliver(broker, record(b"1"), check=check)
    assert broker.has == []
