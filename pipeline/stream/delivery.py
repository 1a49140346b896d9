"""Bringing a worker's records to the broker: in order, for as long as that takes, and not for ever where it never will.

While the broker is away, all are sent again; what the broker will never take ends the worker, which says why. Only a
record that is larger than any topic takes has another in its place: a reject that tells of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
from faust.exceptions import ProducerSendError

from pipeline.metrics import DriverMetrics
from pipeline.stream.errors import TopicError
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import encode_reject, failed

AT_ONCE = 2_000
"""Records on their way to the broker at one time."""

_AROUND = 1 << 16
"""What stands around a record's value, and more."""

_AGAIN_S = 0.5

_log = logging.getLogger(__name__)


class Sending(NamedTuple):
    """A record for the broker; without a partition, any will do."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None


class Delivery:
    """The way to the broker.

    Args:
        prefix: of every topic.
        post: gives a record, with its topic's full name, to the producer; what it gives back tells where it stands.
        did: is called whenever something is done, and while the broker is waited for.
    """

    def __init__(
        self,
        prefix: str,
        post: Callable[[str, Sending], Awaitable[Awaitable[Any]]],
        metrics: DriverMetrics,
        did: Callable[[], None],
    ) -> None:
        self._prefix, self._post, self._metrics, self._did = prefix, post, metrics, did

    async def deliver(self, records: Sequence[Sending], check: Callable[[], None]) -> dict[str, int]:
        """Comes back when the broker has acknowledged every record, in their order, however long that takes.

        Args:
            check: is called before anything is sent, and where it was refused; raises where nothing must be sent now.

        Returns:
            For each topic the offset of the last record.

        Raises:
            TopicError: the broker will never take one.
        """
        reached: dict[str, int] = {}
        left = list(records)
        while left:
            check()
            some = left[:AT_ONCE]
            done, refused = await self._attempt(some, reached)
            # After one that failed, all are sent again: of one key the last must be the last.
            del left[:done]
            if refused is not None:
                # A producer that is stopped refuses everything; the worker then ends, and it is nobody's fault.
                check()
            if refused is not None and not _may_pass(refused):
                left[0] = self._instead(left[0], refused)
            elif refused is not None:
                self._metrics.broker_connected(False)
                _log.warning("the broker takes nothing, waiting for it: %s", refused)
                await asyncio.sleep(_AGAIN_S)
            else:
                self._metrics.broker_connected(True)
            self._did()
        return reached

    async def _attempt(self, some: Sequence[Sending], reached: dict[str, int]) -> tuple[int, Exception | None]:
        """How many records the broker took, up to the first that it did not, and why it did not take that."""
        posted: list[Awaitable[Any]] = []
        refused: Exception | None = None
        for one in some:
            try:
                posted.append(await self._post(self._prefix + one.topic, one))
            except (KafkaError, ProducerSendError) as error:
                refused = _cause(error)
                break
        results = await asyncio.gather(*posted, return_exceptions=True)
        for done, (one, result) in enumerate(zip(some, results, strict=False)):
            if isinstance(result, KafkaError | ProducerSendError):
                return done, _cause(result)
            if isinstance(result, BaseException):
                raise result
            reached[one.topic] = result.offset
        return len(posted), refused

    def _instead(self, one: Sending, error: Exception) -> Sending:
        """What goes in the place of a record that the broker will never take.

        Raises:
            TopicError: nothing does; somebody has to see to it.
        """
        topic = self._prefix + one.topic
        if isinstance(error, TopicAuthorizationFailedError):
            raise TopicError(f"{topic}: the broker does not let us write there") from error
        if not isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            raise TopicError(f"{topic}: the broker refuses what is sent: {error}") from error
        value = one.value or b""
        if len(value) + len(one.key or b"") + _AROUND <= MAX_MESSAGE_BYTES:
            raise TopicError(
                f"{topic}: it does not take a record of {len(value):,} bytes; "
                f"`truceline topics create` raises its limit to {MAX_MESSAGE_BYTES:,}"
            ) from error
        _log.error("%s: a record of %d bytes is more than any topic takes: rejected", topic, len(value))
        detail = f"a record of {len(value):,} bytes is more than any topic takes, and nobody is told of it"
        where = f"{topic}/{one.partition}" + (f" {one.key.decode(errors='replace')}" if one.key else "")
        reject = failed(where, 1, one.topic, value, detail)
        self._metrics.rejected(reject.source, reject.reason)
        return Sending("rejects", None, None, encode_reject(reject))


def _cause(error: KafkaError | ProducerSendError) -> Exception:
    """The driver's own error: Faust hides it in one of its own."""
    cause = error.__cause__
    return cause if isinstance(error, ProducerSendError) and isinstance(cause, Exception) else error


def _may_pass(error: Exception) -> bool:
    """Whether the same may succeed later."""
    return isinstance(error, KafkaTimeoutError) or bool(getattr(error, "retriable", False))
