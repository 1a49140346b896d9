"""The partitions of a topic that a worker has: their keepers, opened at once, and closed when others take over.

A partition may be taken away at any moment, also while it is being read anew for an hour. What goes on then asks before
each step whether the partition is still this worker's, and ends where it is not.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Protocol

from pipeline.metrics import DriverMetrics
from pipeline.model.records import Alert
from pipeline.store.database import BusyStoreError, Store, StoreError
from pipeline.store.watching import raised_at
from pipeline.stream.delivery import AT_ONCE, Delivery, Sending
from pipeline.stream.keeper import Common, Kept, Outgoing, Taken, Topics
from pipeline.stream.replaying import Past
from pipeline.stream.settings import Settings
from pipeline.stream.wire import TENDED

_LOCKED_S = 5.0
"""So long a partition's last owner on this machine has to close its file; then another file is begun."""

_AGAIN_S = 0.1
_FILES = 16


class GivenUpError(Exception):
    """Raised where a partition is another worker's by now."""


class Keeping(Protocol):
    """The keeper of one partition."""

    @property
    def partition(self) -> int:
        """Which."""

    @property
    def store(self) -> Store:
        """Its file."""

    @property
    def reports(self) -> int:
        """How many reports it holds."""

    @property
    def next_offset(self) -> int:
        """Before which it has taken everything in."""

    @property
    def is_current(self) -> bool:
        """Whether it has caught up with the group, since it was opened."""

    def alerts(self) -> Iterator[Alert]:
        """Those that it says."""

    def catch_up(self, offset: int, topics: Topics, progress: Callable[[], None]) -> None:
        """Brings it to where the group is."""

    def take(self, records: Sequence[Taken]) -> tuple[list[Kept], Sequence[Taken]]:
        """Takes records in; gives what came of them, and those that are left."""

    def look(self) -> Kept | None:
        """Does what is due where no record comes; gives what came of it."""

    def outgoing(self, most: int) -> list[Outgoing]:
        """What it has to send."""

    def sent(self, up_to: int, reached: Mapping[str, int]) -> None:
        """Takes out what the broker has acknowledged."""

    def close(self) -> None:
        """Closes its file."""


class Partitions:
    """The keepers of one topic. One of them works at a time.

    Args:
        opens: makes the keeper of a partition, with the name of its file.
        topic: whose partitions they keep.
        delivery: by which they tell of what they find.
        check: raises where the worker must not send anything any more.
        did: is called whenever something is done.
    """

    def __init__(
        self,
        opens: Callable[[int, Common, str], Keeping],
        topic: str,
        settings: Settings,
        common: Common,
        metrics: DriverMetrics,
        delivery: Delivery,
        check: Callable[[], None],
        did: Callable[[], None],
    ) -> None:
        self._opens, self.topic = opens, topic
        self._settings, self._common, self._metrics = settings, common, metrics
        self._delivery, self._check, self._did = delivery, check, did
        self._keepers: dict[int, Keeping] = {}
        self._working = asyncio.Lock()
        self.assigned: set[int] = set()
        self._covering: int | None = None

    async def open(self) -> None:
        """Opens what is not open yet, also where no record comes: reads on, and sends what is left to send."""
        for partition in sorted(self.assigned):
            with suppress(GivenUpError):
                async with self._working:
                    await self._ready(partition, None)

    async def keep(self, partition: int, records: Sequence[Taken]) -> bool:
        """Takes records in, and tells others what came of them; says whether all is done.

        What is left of a partition that is another's by now will be worked off there.
        """
        left = records
        try:
            while left:
                async with self._working:
                    left = await self._kept(partition, left)
        except GivenUpError:
            return False
        return True

    async def look(self) -> None:
        """Does what is due where no record comes."""
        for partition in sorted(self._keepers):
            with suppress(GivenUpError):
                async with self._working:
                    await self._look(partition)

    async def give_up(self, partitions: Iterable[int]) -> None:
        """Others keep these from now on: their files are closed."""
        gone = set(partitions)
        self.assigned -= gone
        async with self._working:
            for partition in gone & self._keepers.keys():
                keeper = self._keepers.pop(partition)
                await asyncio.to_thread(keeper.close)
                self._metrics.gave_up(self._number(partition))
                if partition == self._covering:
                    self._metrics.no_coverage()
                    self._covering = None
            self._tell_state()

    async def _kept(self, partition: int, records: Sequence[Taken]) -> Sequence[Taken]:
        """Takes in a transaction's worth of records, and tells others what came of it; gives those that are left."""
        keeper = await self._ready(partition, records[0].offset)
        await self._send_on(keeper)
        kept, left = await asyncio.to_thread(keeper.take, records)
        await self._send_on(keeper)
        for one in kept:
            self._tell(partition, one)
        self._tell_state()
        self._did()
        return left

    async def _look(self, partition: int) -> None:
        keeper = self._keepers.get(partition)
        if keeper is None or not keeper.is_current or partition not in self.assigned:
            return
        kept = await asyncio.to_thread(keeper.look)
        if kept is not None:
            await self._send_on(keeper)
            self._tell(partition, kept)

    async def _ready(self, partition: int, offset: int | None) -> Keeping:
        """The keeper of a partition, with its group.

        Args:
            offset: of the next record; without it, the group is asked how far it is.
        """
        self._go_on(partition)
        keeper = self._keepers.get(partition)
        if keeper is None:
            keeper = self._keepers[partition] = await self._opened(partition)
        if not keeper.is_current or (offset is not None and offset > keeper.next_offset):
            await asyncio.to_thread(self._catch_up, keeper, offset)
            await self._send_on(keeper)
            self._tell_state()
        return keeper

    def _catch_up(self, keeper: Keeping, offset: int | None) -> None:
        with closing(Past(self._settings, keeper.partition)) as past:
            # What a group has acknowledged of topics that are there no more, none will fill.
            reached = min(past.committed(self.topic), past.end(self.topic)) if offset is None else offset
            keeper.catch_up(reached, past, lambda: self._go_on(keeper.partition))
        self._metrics.took_over(keeper.alerts(), self._number(keeper.partition), raised_at(keeper.store))

    def _go_on(self, partition: int) -> None:
        """Tells that something is done, while the partition is ours."""
        if partition not in self.assigned:
            raise GivenUpError
        self._did()

    async def _send_on(self, keeper: Keeping) -> None:
        """Sends what a keeper has to send, and takes it out of its outbox."""

        def check() -> None:
            self._check()
            self._go_on(keeper.partition)

        while out := await asyncio.to_thread(keeper.outgoing, AT_ONCE):
            reached = await self._delivery.deliver([_sending(one, keeper.partition) for one in out], check)
            await asyncio.to_thread(keeper.sent, out[-1].number, reached)

    def _tell(self, partition: int, kept: Kept) -> None:
        """Tells the metrics what came of a batch, now that others have heard of it."""
        self._metrics.event_time(kept.outcome.watermark)
        for source, count in kept.late.items():
            self._metrics.late(source, count)
        for agreement, told in kept.coverage.items():
            self._metrics.coverage(agreement, told)
            self._covering = partition
        raised = self._metrics.revised(kept.outcome.revisions, self._number(partition))
        now = self._common.clock().timestamp()
        for said in raised:
            times = [kept.taken_at[name] for name in said.alert.report_ids if name in kept.taken_at]
            if times:
                self._metrics.report_to_alert(now - max(times))

    def _tell_state(self) -> None:
        self._metrics.state_reports(sum(keeper.reports for keeper in self._keepers.values()), self.topic)

    async def _opened(self, partition: int) -> Keeping:
        """The keeper of a partition. Its last owner may still be closing the file, or have been stopped with it."""
        until = time.monotonic() + _LOCKED_S
        for number in range(_FILES):
            name = f"{self.topic}-{partition}.db" if not number else f"{self.topic}-{partition}.{number}.db"
            while True:
                try:
                    return await asyncio.to_thread(self._opens, partition, self._common, name)
                except BusyStoreError:
                    if time.monotonic() > until:
                        break
                    await asyncio.sleep(_AGAIN_S)
        raise StoreError(f"{self._common.folder}: every file of partition {partition} is in use")

    def _number(self, partition: int) -> str:
        """By which the metrics know a partition: those of two topics are two."""
        return f"{self.topic}/{partition}"


def _sending(one: Outgoing, partition: int) -> Sending:
    key = None if one.key is None else one.key.encode()
    place = None if one.topic in ("rejects", "findings") else partition
    return Sending(one.topic, place, key, one.value, None if one.tended is None else [(TENDED, one.tended)])
