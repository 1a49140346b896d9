"""The Faust app: an agent for each topic. Reports are shared out over the partitions of `tiles`, and what else keepers
must hear of (`routing`) is put beside them; those partitions are kept, and those of `findings`, where provisions are
judged that remember.

    actions ──────► routing ─┬─────────────────────────┐
    observations ─►    ▲     └───────────────────┐     │
                       │                         │     │
    reports ──────► intake ──► tiles ─► keeper ──┼─► incidents, alerts, transitions
                       └──► rejects ◄──────┤     ▼             ▲
                                           └─► findings ─► law keeper

A record is acknowledged when all that follows from it is on the broker, and in its order. So whatever crashes, what was
not acknowledged comes again; ids are derived, and what comes twice changes nothing.

What Faust does by itself is not enough for that, and is not used: `take()` and a plain loop acknowledge what an
exception or a cancelled task left undone, so agents put records aside unacknowledged (`noack`), and one task for each
topic works them off, in their order; and a hole that was committed over all the same shows in the offsets, and is
filled from the topic.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

import faust

from pipeline.metrics import DriverMetrics
from pipeline.model.records import Reject
from pipeline.model.taxonomy import RejectReason
from pipeline.store.watchlog import OBSERVATIONS
from pipeline.stream.connection import faust_options
from pipeline.stream.delivery import Delivery, Sending
from pipeline.stream.intake import Frame, share_out
from pipeline.stream.keeper import Common, Keeper, Taken
from pipeline.stream.law_keeper import LawKeeper
from pipeline.stream.partitions import Partitions
from pipeline.stream.replaying import Ends
from pipeline.stream.routing import KIND, ROUTES, forward
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import encode_reject

TAKEN_AT = "taken_at"
"""The header of `tiles` that says when the broker took the reports (seconds since 1970)."""

_MOST = 256
_MOST_BYTES = 4 << 20
"""Records that are worked off together; frames of the largest size are few."""

_WAITING = 16
"""Records that wait on each of the two ways, here and once more with Faust: each may have megabytes."""

_FETCHED = 64
"""Records that Faust takes from the driver at one time: unpacked, a fetch may have twenty times its bytes."""

_REFUSED_S = 15.0
"""So long the driver tries to get a record through before it says that it cannot."""

_LOOK_EVERY_S = 5.0
"""So often keepers look whether something is due though no record comes."""

_START_S = 60.0
_ASK_EVERY_S = 2.0


class SleptError(Exception):
    """Raised where the process was stopped for so long that its partitions are others' by now; what it knows is old."""


class EndingError(Exception):
    """Raised where the worker was told to end: what is not done by now is done by whoever has the partition next."""


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
        topics = ("reports", *ROUTES, "tiles", "findings")
        self._queues: dict[str, asyncio.Queue[Any]] = {name: asyncio.Queue(_WAITING) for name in topics}
        self._delivery = Delivery(settings.prefix, self._post, metrics, self._did)
        self._partitions = {
            name: Partitions(opens, name, settings, common, metrics, self._delivery, self._may_send, self._did)
            for name, opens in (("tiles", Keeper), ("findings", LawKeeper))
        }
        self._assigned_anew = asyncio.Event()
        self._ends = Ends(settings)
        self._is_away = False
        self._reached: dict[Any, int] = {}
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
            broker_max_poll_records=_FETCHED,
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
            stream_buffer_maxsize=_WAITING,
        )
        for name, queue in self._queues.items():
            topic = app.topic(self._full(name), value_serializer="raw", key_serializer="raw")
            app.agent(topic, name=f"{settings.app_id}-{name}")(_into(queue))
            app.task(self._alive(partial(self._work_off, name, queue, self._work_of(name))))
        app.task(self._alive(self._open))
        app.task(self._alive(self._look))
        app.task(self._alive(self._watch))
        app.task(self._alive(self._ask))
        app.on_partitions_assigned.connect(cast(Any, self._took))
        app.on_partitions_revoked.connect(cast(Any, self._gave_up))
        return app

    def _work_of(self, topic: str) -> Callable[[list[Any]], Awaitable[list[Any]]]:
        """What is done with the records of a topic; it gives those that are done."""
        if topic in self._partitions:
            return partial(self._keep, self._partitions[topic])
        return partial(self._forward, topic) if topic in ROUTES else self._share

    def _full(self, topic: str) -> str:
        return self._settings.prefix + topic

    def _alive(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A task that goes on until the worker is told to end; what else ends it ends the worker."""

        async def task() -> None:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except EndingError:
                return
            except BaseException as error:
                self._failed(error)
                raise

        task.__name__ = "work"
        return task

    async def _work_off(
        self, name: str, queue: "asyncio.Queue[Any]", work: Callable[[list[Any]], Awaitable[list[Any]]]
    ) -> None:
        """Works records off, some together, in their order; acknowledges what is done."""
        while True:
            events = [await queue.get()]
            self._busy_since[name] = time.monotonic()
            await self._gather(queue, events)
            for event in await work(events):
                event.ack()
                self._reached[event.message.tp] = event.message.offset + 1
            del self._busy_since[name]
            self._did()

    async def _open(self) -> None:
        """Opens the partitions that the worker is given, also where there is no record for them."""
        while True:
            await self._assigned_anew.wait()
            self._assigned_anew.clear()
            self._busy_since["open"] = time.monotonic()
            for partitions in self._partitions.values():
                await partitions.open()
            del self._busy_since["open"]

    async def _look(self) -> None:
        """Has keepers do what is due though no record comes."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._busy_since["look"] = time.monotonic()
            for partitions in self._partitions.values():
                await partitions.look()
            del self._busy_since["look"]

    def _did(self) -> None:
        """Something is done: the worker is not stuck."""
        self._done_at = time.monotonic()
        self._metrics.progress()

    async def _gather(self, queue: "asyncio.Queue[Any]", events: list[Any]) -> None:
        """Waits a little for more, so that a feed of single records is not worked off one by one."""
        until = time.monotonic() + self._settings.gather_ms / 1000.0
        size = _size(events[0])
        while len(events) < _MOST and size < _MOST_BYTES:
            try:
                event = queue.get_nowait()
            except asyncio.QueueEmpty:
                wait = until - time.monotonic()
                if wait <= 0.0:
                    return
                try:
                    event = await asyncio.wait_for(queue.get(), wait)
                except TimeoutError:
                    return
            events.append(event)
            size += _size(event)

    async def _share(self, events: list[Any]) -> list[Any]:
        shared = await asyncio.to_thread(share_out, _frames(events), self._common.gazetteer, self._common.shards)
        headers = [(TAKEN_AT, repr(shared.taken_at).encode())]
        records = [Sending("tiles", partition, None, value, headers) for partition, value in shared.tiles]
        records += [Sending(OBSERVATIONS, None, asset.encode(), value) for asset, value in shared.observations]
        records += [Sending("rejects", None, None, encode_reject(reject)) for reject in shared.rejects]
        await self._delivery.deliver(records, self._may_send)
        for (source, feed), one in shared.received.items():
            self._metrics.reports_received(source, feed, one.reports, one.last_at)
        self._count(shared.rejects)
        return events

    async def _forward(self, kind: str, events: list[Any]) -> list[Any]:
        count, gazetteer = self._common.shards.count, self._common.gazetteer
        forwarded, rejects = await asyncio.to_thread(forward, kind, _frames(events), count, gazetteer)
        records = [Sending(*one, [(KIND, kind.encode())]) for one in forwarded]
        records += [Sending("rejects", None, None, encode_reject(reject)) for reject in rejects]
        await self._delivery.deliver(records, self._may_send)
        self._count([reject for reject in rejects if reject.reason is not RejectReason.REFUSED])
        return events

    def _count(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            self._metrics.rejected(reject.source, reject.reason)

    @staticmethod
    async def _keep(partitions: Partitions, events: list[Any]) -> list[Any]:
        by_partition: dict[int, list[Any]] = {}
        for event in events:
            by_partition.setdefault(event.message.partition, []).append(event)
        done: list[Any] = []
        for partition, some in by_partition.items():
            records = [
                Taken(one.message.offset, one.value or b"", _taken_at(one.message), _kind(one.message)) for one in some
            ]
            if await partitions.keep(partition, records):
                done += some
        return done

    async def _post(self, full_name: str, one: Sending) -> Awaitable[Any]:
        # Faust stops the producer first, and the tasks that send only then.
        self._go_on()
        posted = await self.app.producer.send(full_name, one.key, one.value, one.partition, None, one.headers)
        return cast(Awaitable[Any], posted)

    def _go_on(self) -> None:
        if self.app.should_stop and not self.app.crashed:
            raise EndingError

    def _may_send(self) -> None:
        self._go_on()
        self._fence()

    def _fence(self) -> None:
        if time.monotonic() - self._pulse_at > self._settings.session_s:
            raise SleptError(f"stopped for {time.monotonic() - self._pulse_at:.0f} s: others have gone on")

    async def _watch(self) -> None:
        """The pulse: the loop turns, and the process was not stopped."""
        while True:
            self._fence()
            self._pulse_at = time.monotonic()
            await asyncio.sleep(1.0)

    async def _ask(self) -> None:
        """Asks the broker how much there is; that it answers is told, and what the worker has still to do."""
        while True:
            self._go_on()
            places = [(place.topic, place.partition) for place in cast(Any, self.app.consumer).assignment()]
            ends = await asyncio.to_thread(self._ends.of, places)
            self._metrics.broker_connected(ends is not None)
            if (ends is None) != self._is_away:
                self._is_away = ends is None
                self._say("waiting for the broker: it does not answer" if self._is_away else "the broker answers again")
            if ends is not None:
                if not self.busy_s:
                    self._metrics.progress()
                self._tell_lag(ends)
            await asyncio.sleep(_ASK_EVERY_S)

    @property
    def busy_s(self) -> float:
        """For how long the oldest work has been going on; 0 where there is none."""
        return max((time.monotonic() - since for since in list(self._busy_since.values())), default=0.0)

    @property
    def stuck_s(self) -> float:
        """For how long nothing has been done though there is something to do, or the loop has not turned."""
        now = time.monotonic()
        return max(min(self.busy_s, now - self._done_at), now - self._pulse_at)

    def _tell_lag(self, ends: dict[tuple[str, int], int]) -> None:
        consumer = cast(Any, self.app.consumer)
        for place in consumer.assignment():
            end, at = ends.get((place.topic, place.partition)), self._reached.get(place, consumer._read_offset[place])
            if end is not None and at is not None:
                self._metrics.consumer_lag(place.topic, place.partition, max(0, end - at))

    async def _took(self, _app: Any, assigned: set[Any], **_: Any) -> None:
        for name, partitions in self._partitions.items():
            partitions.assigned = {place.partition for place in assigned if place.topic == self._full(name)}
        self._assigned_anew.set()
        tiles = self._partitions["tiles"].assigned
        self._say(f"keeps partitions {', '.join(map(str, sorted(tiles))) or 'none'} of {self._full('tiles')}")

    async def _gave_up(self, _app: Any, revoked: set[Any], **_: Any) -> None:
        for queue in self._queues.values():
            _drop(queue, revoked)
        for place in revoked:
            self._reached.pop(place, None)
        for name, partitions in self._partitions.items():
            await partitions.give_up(place.partition for place in revoked if place.topic == self._full(name))
        for place in revoked:
            with suppress(KeyError):
                self._metrics.no_longer_consumes(place.topic, place.partition)


def _into(queue: "asyncio.Queue[Any]") -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await queue.put(event)

    return agent


def _frames(events: list[Any]) -> list[Frame]:
    return [Frame(_place(one.message), one.message.timestamp, one.value or b"") for one in events]


def _place(message: Any) -> str:
    return f"{message.topic}/{message.partition}@{message.offset}"


def _kind(message: Any) -> str:
    """Of which kind a record is, where it is not its topic's own."""
    return bytes(dict(message.headers or ()).get(KIND, b"")).decode(errors="replace")


def _taken_at(message: Any) -> float:
    """When the broker took the reports in a record of `tiles`, as the worker that shared them out tells."""
    with suppress(TypeError, ValueError, KeyError):
        return float(dict(message.headers)[TAKEN_AT])
    return float(message.timestamp)


def _size(event: Any) -> int:
    return len(event.value or b"")


def _drop(queue: "asyncio.Queue[Any]", revoked: set[Any]) -> None:
    """Takes out what is another worker's by now; if it comes back here, it is read anew."""
    waiting = []
    with suppress(asyncio.QueueEmpty):
        while True:
            waiting.append(queue.get_nowait())
    for event in waiting:
        if event.message.tp not in revoked:
            queue.put_nowait(event)
