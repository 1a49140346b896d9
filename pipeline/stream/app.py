"""The Faust app: two agents. One shares reports out over the partitions of `tiles`; the other keeps those partitions.

    reports ─► intake ─► tiles ─► keeper ─► incidents, alerts, transitions
                  └──► rejects ◄────┘

A record is acknowledged when all that follows from it is on the broker, and in its order. So whatever crashes, what was
not acknowledged comes again; ids are derived, and what comes twice changes nothing.

What Faust does by itself is not enough for that, and is not used: `take()` and a plain loop acknowledge what an
exception or a cancelled task left undone, so agents put records aside unacknowledged (`noack`), and one task for each
topic works them off, in their order; and a hole that was committed over all the same shows in the offsets, and is
filled from the topic.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

import faust
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from pipeline.metrics import DriverMetrics
from pipeline.store.database import StoreError
from pipeline.stream.connection import faust_options
from pipeline.stream.intake import Frame, share_out
from pipeline.stream.keeper import Common, Keeper, Kept, Outgoing, Taken
from pipeline.stream.replaying import Past
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import encode_reject

TAKEN_AT = "taken_at"
"""The header of `tiles` that says when the broker took the reports (seconds since 1970)."""

_MOST = 256
"""Records that are worked off together."""

_AT_ONCE = 2_000
"""Records on their way to the broker at one time."""

_REFUSED_S = 15.0
"""So long the driver tries to get a record through before it says that it cannot."""

_START_S = 60.0
_AGAIN_S = 0.5
_LOCKED_S = 5.0
"""So long a partition's last owner on this machine has to close its file; then another file is begun."""

_FILES = 16

_log = logging.getLogger(__name__)


class SleptError(Exception):
    """Raised where the process was stopped for so long that its partitions are others' by now; what it knows is old."""


class Sending(NamedTuple):
    """A record for the broker; without a partition, any will do."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None


class Worker:
    """What one worker does.

    Args:
        metrics: told of all that happens.
        say: tells whoever watches which partitions it has.
        failed: told of what the worker cannot go on after; the process is to end, without acknowledging anything more.
    """

    def __init__(
        self,
        settings: Settings,
        common: Common,
        metrics: DriverMetrics,
        failed: Callable[[BaseException], None],
        say: Callable[[str], None],
    ) -> None:
        self._settings, self._common, self._metrics = settings, common, metrics
        self._failed, self._say = failed, say
        self._reports: asyncio.Queue[Any] = asyncio.Queue(2 * _MOST)
        self._tiles: asyncio.Queue[Any] = asyncio.Queue(2 * _MOST)
        self._keepers: dict[int, Keeper] = {}
        self._assigned: set[int] = set()
        self._reached: dict[Any, int] = {}
        self._keeping = asyncio.Lock()
        self._busy_since: dict[str, float] = {}
        # Before the first pulse it has to join its group, which may have to wait for a dead member to be given up.
        self._pulse_at = self._done_at = time.monotonic() + _START_S
        self.app = self._made()

    def _made(self) -> faust.App:
        settings = self._settings
        app = faust.App(
            settings.app_id,
            **faust_options(settings),
            key_serializer="raw",
            value_serializer="raw",
            datadir=str(settings.state_folder),
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=2 * MAX_MESSAGE_BYTES,
            producer_acks=-1,
            producer_compression_type=None if settings.compression.value == "none" else settings.compression.value,
            producer_max_request_size=2 * MAX_MESSAGE_BYTES,
            producer_max_batch_size=1 << 18,
            producer_request_timeout=_REFUSED_S,
            broker_session_timeout=float(settings.session_s),
            broker_request_timeout=max(90.0, 2.0 * settings.session_s),
            broker_heartbeat_interval=settings.session_s / 5.0,
            broker_commit_interval=1.0,
            stream_wait_empty=False,
        )
        for name, queue in (("reports", self._reports), ("tiles", self._tiles)):
            topic = app.topic(self._full(name), value_serializer="raw", key_serializer="raw")
            app.agent(topic, name=f"{settings.app_id}-{name}")(_into(queue))
        app.task(self._alive(lambda: self._work_off("reports", self._reports, self._share)))
        app.task(self._alive(lambda: self._work_off("tiles", self._tiles, self._keep)))
        app.task(self._alive(self._watch))
        app.on_partitions_assigned.connect(cast(Any, self._took))
        app.on_partitions_revoked.connect(cast(Any, self._gave_up))
        return app

    def _full(self, topic: str) -> str:
        return self._settings.prefix + topic

    def _alive(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A task that goes on for ever; what ends it ends the worker."""

        async def task() -> None:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                self._failed(error)
                raise

        task.__name__ = "work"
        return task

    async def _work_off(
        self, name: str, queue: "asyncio.Queue[Any]", work: Callable[[list[Any]], Awaitable[None]]
    ) -> None:
        """Works records off, some together, in their order; acknowledges them when all is done."""
        while True:
            events = [await queue.get()]
            self._busy_since[name] = time.monotonic()
            await self._gather(queue, events)
            await work(events)
            for event in events:
                event.ack()
                self._reached[event.message.tp] = event.message.offset + 1
            del self._busy_since[name]
            self._did()

    def _did(self) -> None:
        """Something is done: the worker is not stuck."""
        self._done_at = time.monotonic()
        self._metrics.progress()

    async def _gather(self, queue: "asyncio.Queue[Any]", events: list[Any]) -> None:
        """Waits a little for more, so that a feed of single records is not worked off one by one."""
        until = time.monotonic() + self._settings.gather_ms / 1000.0
        while len(events) < _MOST:
            with suppress(asyncio.QueueEmpty):
                events.append(queue.get_nowait())
                continue
            wait = until - time.monotonic()
            if wait <= 0.0:
                return
            with suppress(TimeoutError):
                events.append(await asyncio.wait_for(queue.get(), wait))

    async def _share(self, events: list[Any]) -> None:
        frames = [
            Frame(f"{e.message.topic}/{e.message.partition}@{e.message.offset}", e.message.timestamp, e.value or b"")
            for e in events
        ]
        shared = await asyncio.to_thread(share_out, frames, self._common.gazetteer, self._common.shards)
        headers = [(TAKEN_AT, repr(shared.taken_at).encode())]
        records = [Sending("tiles", partition, None, value, headers) for partition, value in shared.tiles]
        records += [Sending("rejects", None, None, encode_reject(reject)) for reject in shared.rejects]
        await self._deliver(records)
        for report in shared.reports:
            self._metrics.reports_received(report.source, report.feed)
        for reject in shared.rejects:
            self._metrics.rejected(reject.source, reject.reason)

    async def _keep(self, events: list[Any]) -> None:
        by_partition: dict[int, list[Taken]] = {}
        for event in events:
            taken = Taken(event.message.offset, event.value or b"", _taken_at(event.message))
            by_partition.setdefault(event.message.partition, []).append(taken)
        for partition, records in by_partition.items():
            left: Sequence[Taken] = records
            while left:
                async with self._keeping:
                    # What is left of a partition that is another's by now will be worked off there.
                    left = await self._kept(partition, left) if partition in self._assigned else ()

    async def _kept(self, partition: int, records: Sequence[Taken]) -> Sequence[Taken]:
        """Takes in a transaction's worth of records, and tells others what came of it; gives those that are left."""
        keeper = self._keepers.get(partition)
        if keeper is None:
            keeper = self._keepers[partition] = await self._opened(partition)
            self._metrics.took_over(keeper.store.alerts(), partition)
        if records[0].offset > keeper.next_offset or not keeper.is_current:
            past = Past(self._settings, partition)
            await asyncio.to_thread(keeper.catch_up, records[0].offset, past, self._did)
        await self._send_on(keeper)
        kept, left = await asyncio.to_thread(keeper.take, records)
        await self._send_on(keeper)
        for one in kept:
            self._tell(partition, one)
        self._metrics.state_reports(sum(each.reports for each in self._keepers.values()))
        self._did()
        return left

    def _tell(self, partition: int, kept: Kept) -> None:
        """Tells the metrics what came of a batch, now that others have heard of it."""
        self._metrics.event_time(kept.outcome.watermark)
        for report, late in zip(kept.reports, kept.outcome.late, strict=False):
            if late:
                self._metrics.late(report.source)
        raised = self._metrics.revised(kept.outcome.revisions, partition)
        now = self._common.clock().timestamp()
        for said in raised:
            times = [kept.taken_at[name] for name in said.alert.report_ids if name in kept.taken_at]
            if times:
                self._metrics.report_to_alert(now - max(times))

    async def _opened(self, partition: int) -> Keeper:
        """The keeper of a partition. Its last owner may still be closing the file, or have been stopped with it."""
        until = time.monotonic() + _LOCKED_S
        for number in range(_FILES):
            name = f"tiles-{partition}.db" if not number else f"tiles-{partition}.{number}.db"
            while True:
                try:
                    return await asyncio.to_thread(Keeper, partition, self._common, name)
                except StoreError as error:
                    if "another run" not in str(error):
                        raise
                    if time.monotonic() > until:
                        break
                    await asyncio.sleep(_AGAIN_S / 5)
        raise StoreError(f"{self._common.folder}: every file of partition {partition} is in use")

    async def _send_on(self, keeper: Keeper) -> None:
        """Sends what a keeper has to send, and takes it out of its outbox."""
        while out := await asyncio.to_thread(keeper.outgoing, _AT_ONCE):
            reached = await self._deliver([_sending(one, keeper.partition) for one in out])
            await asyncio.to_thread(keeper.sent, out[-1].number, reached)

    async def _deliver(self, records: Sequence[Sending]) -> dict[str, int]:
        """Comes back when the broker has acknowledged every record, in their order, however long that takes.

        Returns:
            For each topic the offset of the last record.
        """
        reached: dict[str, int] = {}
        while records:
            some, refused = records[:_AT_ONCE], None
            self._fence()
            done = 0
            try:
                acknowledged = [await self._post(one) for one in some]
                results = await asyncio.gather(*acknowledged, return_exceptions=True)
                for one, result in zip(some, results, strict=True):
                    if isinstance(result, BaseException):
                        raise result
                    reached[one.topic] = result.offset
                    done += 1
            except MessageSizeTooLargeError:
                raise
            except (KafkaError, ProducerSendError) as error:
                refused = error
            # After one that failed, all are sent again: of one key the last must be the last.
            records = records[done:]
            self._metrics.broker_connected(refused is None)
            self._did()
            if refused is not None:
                _log.warning("the broker takes nothing, waiting for it: %s", refused)
                await asyncio.sleep(_AGAIN_S)
        return reached

    async def _post(self, one: Sending) -> Awaitable[Any]:
        producer = self.app.producer
        return await producer.send(self._full(one.topic), one.key, one.value, one.partition, None, one.headers)

    def _fence(self) -> None:
        if time.monotonic() - self._pulse_at > self._settings.session_s:
            raise SleptError(f"stopped for {time.monotonic() - self._pulse_at:.0f} s: others have gone on")

    async def _watch(self) -> None:
        """The pulse: tells that the worker is alive, and how far behind it is."""
        while True:
            self._fence()
            self._pulse_at = time.monotonic()
            if not self.busy_s:
                self._metrics.progress()
            self._tell_lag()
            await asyncio.sleep(1.0)

    @property
    def busy_s(self) -> float:
        """For how long the oldest work has been going on; 0 where there is none."""
        return max((time.monotonic() - since for since in list(self._busy_since.values())), default=0.0)

    @property
    def stuck_s(self) -> float:
        """For how long nothing has been done though there is something to do, or the loop has not turned."""
        now = time.monotonic()
        return max(min(self.busy_s, now - self._done_at), now - self._pulse_at)

    def _tell_lag(self) -> None:
        consumer = cast(Any, self.app.consumer)
        for place in consumer.assignment():
            end, at = consumer.highwater(place), self._reached.get(place, consumer._read_offset.get(place))
            if end is not None and at is not None:
                self._metrics.consumer_lag(place.topic, place.partition, max(0, end - at))

    async def _took(self, _app: Any, assigned: set[Any], **_: Any) -> None:
        self._assigned = {place.partition for place in assigned if place.topic == self._full("tiles")}
        self._say(f"keeps partitions {', '.join(map(str, sorted(self._assigned))) or 'none'} of {self._full('tiles')}")

    async def _gave_up(self, _app: Any, revoked: set[Any], **_: Any) -> None:
        partitions = {place.partition for place in revoked if place.topic == self._full("tiles")}
        self._assigned -= partitions
        async with self._keeping:
            for partition in partitions & self._keepers.keys():
                keeper = self._keepers.pop(partition)
                await asyncio.to_thread(keeper.close)
                self._metrics.gave_up(partition)
        for place in revoked:
            with suppress(KeyError):
                self._metrics.no_longer_consumes(place.topic, place.partition)


def _into(queue: "asyncio.Queue[Any]") -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await queue.put(event)

    return agent


def _taken_at(message: Any) -> float:
    """When the broker took the reports in a record of `tiles`, as the worker that shared them out tells."""
    with suppress(TypeError, ValueError, KeyError):
        return float(dict(message.headers)[TAKEN_AT])
    return float(message.timestamp)


def _sending(one: Outgoing, partition: int) -> Sending:
    key = None if one.key is None else one.key.encode()
    return Sending(one.topic, None if one.topic == "rejects" else partition, key, one.value)
