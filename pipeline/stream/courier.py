"""Brings records to the broker, in order and however long it takes; what it has taken it holds until it arrived.

kafka-python's producer forgets what it gave up: a batch whose time is up, or that was on its way when the producer had
to begin a new epoch. Here every record is held until the broker has acknowledged it, and sent again if it was given up.
That may bring it twice, which is harmless, as ids are derived.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.errors import BrokerUnreachableError, TopicError
from pipeline.stream.settings import Compression, Settings
from pipeline.stream.topic_admin import largest_message
from pipeline.stream.topics import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kafka import KafkaProducer

MOST_BYTES = 16 << 20
"""What may be on its way at once; whoever gives more waits."""
MOST_RECORDS = 500

SILENCE_S = 3.0
"""Without an acknowledgement for so long, the broker is said to be away."""

_CHECK_S = 5.0
"""While it is away, how often somebody looks why."""
_NAP_S = 0.1
_MOST_REFUSALS = 3
_AROUND = 1_000
"""What stands around a record's value, and more."""
_GIVE_UP_MS = 600_000


class Parcel:
    """One record on its way.

    Args:
        lines: the value by its lines, so that what is too large can be cut between two of them.
        settle: is called once the broker has acknowledged it, and everything that was given before it.
        key: decides its partition; without one, any will do.
    """

    __slots__ = ("future", "key", "lines", "refusals", "settle", "size", "topic")

    def __init__(
        self,
        topic: str,
        lines: Sequence[bytes],
        settle: Callable[[], None] | None = None,
        key: bytes | None = None,
    ) -> None:
        self.topic, self.lines, self.settle, self.key = topic, lines, settle, key
        self.size = sum(map(len, lines)) + len(lines)
        self.refusals = 0
        self.future: Any = None


class Watch:
    """Whoever looks on; each method does nothing here. `ending`: what is left is waited for a little, and no more."""

    ending = False

    def tick(self) -> None:
        """Is called at least every fifth of a second; may raise to end it all."""

    def away(self, seconds: float, why: str) -> None:
        """The broker has not answered for so long."""

    def back(self) -> None:
        """It answers again."""


class Courier:
    """A producer that gives up nothing. Use it from one thread, as a context: leaving it without error waits for all.

    Raises:
        TlsRefusedError, AuthenticationError: the broker does not let us in.
    """

    def __init__(self, settings: Settings, watch: Watch | None = None) -> None:
        self._settings, self._watch = settings, watch or Watch()
        self._way: deque[Parcel] = deque()
        self._bytes = 0
        self._news = threading.Event()
        self._is_away = False
        self._heard_at = self._checked_at = time.monotonic()
        self._limits: dict[str, int] = {}
        self._producer: KafkaProducer | None = None

    def __enter__(self) -> "Courier":
        self._producer = self._opened()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.deliver()
        finally:
            self._close()

    @property
    def on_the_way(self) -> int:
        """Records that are not acknowledged yet."""
        return len(self._way)

    def reach(self) -> None:
        """Waits until the broker answers, however long that takes.

        Raises:
            TlsRefusedError, AuthenticationError: it answers, and does not let us in.
        """
        while True:
            try:
                check_connection(self._settings)
            except BrokerUnreachableError as error:
                self._miss(str(error))
                self._nap_until(time.monotonic() + 1.0)
            else:
                self._hear()
                return

    def send(self, parcel: Parcel) -> None:
        """Takes a record; waits while too much is on its way."""
        while self._way and (self._bytes + parcel.size > MOST_BYTES or len(self._way) >= MOST_RECORDS):
            self._wait()
        if not self._way:
            self._heard_at = time.monotonic()
        for piece in self._pieces(parcel):
            self._bytes += piece.size
            self._post(piece)
            self._way.append(piece)
        self.settle()

    def settle(self) -> None:
        """Settles what has been acknowledged, in order, and sends again what was given up."""
        while self._way and self._way[0].future.is_done:
            parcel = self._way.popleft()
            if parcel.future.failed():
                self._again(parcel, parcel.future.exception)
                return
            self._hear()
            self._bytes -= parcel.size
            if parcel.settle is not None:
                parcel.settle()

    def deliver(self, within_s: float | None = None) -> bool:
        """Waits until all is acknowledged; with a time, no longer than that. Says whether it is."""
        until = None if within_s is None else time.monotonic() + within_s
        while self._way and (until is None or time.monotonic() < until):
            self._wait()
        return not self._way

    def _opened(self) -> "KafkaProducer":
        from kafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError

        while True:
            self.reach()
            try:
                return self._open()
            except (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError) as error:
                self._miss(str(error))

    def _open(self) -> "KafkaProducer":
        from kafka import KafkaProducer

        compression = self._settings.compression
        return KafkaProducer(
            **kafka_options(self._settings),
            client_id="truceline-send",
            acks="all",
            enable_idempotence=True,
            compression_type=None if compression is Compression.NONE else compression.value,
            max_request_size=2 * MAX_MESSAGE_BYTES,
            delivery_timeout_ms=_GIVE_UP_MS,
            allow_auto_create_topics=False,
            max_block_ms=5_000,
            metrics_enabled=False,
        )

    def _close(self) -> None:
        if self._producer is not None:
            # What is still on its way is not acknowledged, and nobody waits for it any more.
            with suppress(Exception):
                self._producer.close(timeout=0 if self._way else 5)

    def _post(self, parcel: Parcel) -> None:
        from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

        assert self._producer is not None, "outside its context"
        while True:
            try:
                parcel.future = self._producer.send(parcel.topic, b"\n".join(parcel.lines), parcel.key)
            except KafkaTimeoutError as error:
                # It does not know of the topic yet: the broker is away, or starting.
                self._miss(str(error))
                self._watch.tick()
            except MessageSizeTooLargeError as error:
                raise TopicError(_too_large(parcel)) from error
            else:
                parcel.future.add_both(lambda *_: self._news.set())
                return

    def _again(self, parcel: Parcel, error: Exception) -> None:
        """Sends a record once more that the producer gave up, before those that were given after it."""
        from kafka import errors

        if isinstance(error, errors.AuthorizationError):
            raise TopicError(f"{parcel.topic}: the broker does not let us write there") from error
        if getattr(error, "retriable", False):
            self._miss(str(error))
            self._post(parcel)
            self._way.appendleft(parcel)
            return
        parcel.refusals += 1
        too_large = isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError)
        if too_large and parcel.topic not in self._limits:
            self._limits[parcel.topic] = largest_message(self._settings, parcel.topic) - _AROUND
        if parcel.refusals >= _MOST_REFUSALS:
            why = _too_large(parcel) if too_large else f"{parcel.topic}: the broker refuses what is sent: {error}"
            raise TopicError(why) from error
        self._begin_anew(parcel)

    def _begin_anew(self, first: Parcel) -> None:
        """A producer that has failed for good fails with all that it has; another one is given it."""
        assert self._producer is not None, "outside its context"
        with suppress(Exception):
            self._producer.close(timeout=0)
        self._producer = self._opened()
        waiting = [first, *self._way]
        self._way.clear()
        for parcel in waiting:
            pieces = [parcel] if parcel.future.succeeded() else self._pieces(parcel)
            self._bytes += sum(piece.size for piece in pieces) - parcel.size
            for piece in pieces:
                if piece.future is None or not piece.future.succeeded():
                    self._post(piece)
                self._way.append(piece)

    def _pieces(self, parcel: Parcel) -> list[Parcel]:
        """A record, cut between its lines where it is larger than its topic is known to take."""
        limit = self._limits.get(parcel.topic)
        if limit is None or parcel.size <= limit or len(parcel.lines) < 2:
            return [parcel]
        pieces, lines, room = list[Parcel](), list[bytes](), limit
        for line in parcel.lines:
            if lines and len(line) + 1 > room:
                pieces.append(Parcel(parcel.topic, lines))
                lines, room = [], limit
            lines.append(line)
            room -= len(line) + 1
        return [*pieces, Parcel(parcel.topic, lines, parcel.settle)]

    def _wait(self) -> None:
        self._news.wait(_NAP_S)
        self._news.clear()
        self._watch.tick()
        self.settle()
        now = time.monotonic()
        if self._way and now - self._heard_at > SILENCE_S and now - self._checked_at > _CHECK_S:
            self._checked_at = now
            self._miss(self._why())

    def _why(self) -> str:
        """Why nothing is acknowledged; the producer itself would try in silence."""
        try:
            check_connection(self._settings, timeout_s=1.0)
        except BrokerUnreachableError as error:
            return str(error)
        return "the broker answers, but acknowledges nothing"

    def _nap_until(self, due: float) -> None:
        while time.monotonic() < due:
            self._watch.tick()
            time.sleep(_NAP_S)

    def _miss(self, why: str) -> None:
        self._is_away = True
        self._watch.away(time.monotonic() - self._heard_at, why)

    def _hear(self) -> None:
        self._heard_at = time.monotonic()
        if self._is_away:
            self._is_away = False
            self._watch.back()


def _too_large(parcel: Parcel) -> str:
    return (
        f"{parcel.topic}: a report of {parcel.size:,} bytes is more than the topic takes; "
        f"`truceline topics create` raises its limit to {MAX_MESSAGE_BYTES:,}"
    )
