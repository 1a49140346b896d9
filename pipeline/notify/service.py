"""The notifier at work: one task follows the store, and each receiver has its own, so that none waits for another."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pipeline.metrics import DriverMetrics
from pipeline.notify.alertmanager import Alertmanager
from pipeline.notify.config import Config, WebhookConfig
from pipeline.notify.courier import Courier
from pipeline.notify.exchange import Exchange
from pipeline.notify.following import Follower
from pipeline.notify.outbox import Outbox
from pipeline.notify.pusher import Pusher
from pipeline.notify.receivers import Terms
from pipeline.notify.secrets import read_authorization
from pipeline.notify.taking import Taking
from pipeline.notify.words import Sure, Words
from pipeline.store import StoreError

TICK_S = 0.2
"""So often the store is looked at."""

POLL_S = 0.5
"""So often a receiver with nothing to do looks whether something is due."""

MEASURE_S = 2.0


class Notifier:
    """Tells everybody of a configuration what a store has to tell.

    Args:
        clock: the time in UTC.
        chance: a number from 0 to 1, drawn anew.
        say: is told what somebody who looks after it should know.
    """

    def __init__(
        self,
        store: Path,
        outbox: Outbox,
        config: Config,
        words: Words,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        metrics: DriverMetrics,
        say: Callable[[str], None],
    ) -> None:
        terms = Terms(outbox, clock, chance, metrics)
        self._metrics, self._say = metrics, say
        self._follower = Follower(store)
        self._couriers = [_courier(one, terms) for one in config.webhooks]
        words = Sure(words)
        self._pusher = _pusher(config, terms, words)
        self._taking = Taking(self._follower, self._pusher, self._couriers, terms, words, config.source, config.console)
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._troubles: dict[str, str] = {}

    @property
    def _receivers(self) -> Sequence[Pusher | Courier]:
        return [*([self._pusher] if self._pusher is not None else []), *self._couriers]

    def stop(self) -> None:
        """Ends `run` as soon as what is under way is put down, or given up."""
        self._stop.set()

    async def run(self, *, from_start: bool = False) -> None:
        """Follows the store until it is stopped.

        Raises:
            StoreError: there is no store, or the book cannot be used.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            self._begin(from_start)
            tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._measuring())]
            tasks += [asyncio.create_task(self._serve(one)) for one in self._receivers]
            stopped = asyncio.create_task(self._stop.wait())
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            for one in done - {stopped}:
                # None of them ends by itself: what ended it is an error.
                one.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    async def once(self, *, from_start: bool = False) -> int:
        """Takes in what there is and tries to deliver all of it; gives how much is still waiting."""
        try:
            self._begin(from_start)
            while self._taking.step():
                await asyncio.sleep(0)
            await asyncio.gather(*(_until_done(one) for one in self._receivers))
            self._measure()
            return sum(one.waiting() for one in self._receivers)
        finally:
            await self._close()

    def _begin(self, from_start: bool) -> None:
        position = self._taking.begin(from_start=from_start)
        self._say(f"following from entry {position.entry}: {', '.join(one.name for one in self._receivers)}")
        self._measure()

    async def _close(self) -> None:
        self._follower.close()
        for one in self._receivers:
            await one.close()

    async def _follow(self) -> None:
        while True:
            try:
                more = self._taking.step()
            except StoreError as error:
                self._tell("the store", str(error))
                more = 0
            else:
                self._metrics.progress()
                anew = "another record is in the store's place: followed from now on" if self._taking.anew else ""
                self._tell("the store", anew)
                self._taking.anew = False
            if more:
                self._news.set()
                self._news = asyncio.Event()
            await asyncio.sleep(0 if more else TICK_S)

    async def _serve(self, receiver: Pusher | Courier) -> None:
        while True:
            news = self._news
            try:
                more = await receiver.work()
            except StoreError as error:
                # What was sent meanwhile is sent again, as soon as it can be noted that it was.
                self._tell(receiver.name, str(error))
                await asyncio.sleep(POLL_S)
                continue
            self._tell(receiver.name, "")
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), POLL_S)

    async def _measuring(self) -> None:
        while True:
            try:
                self._measure()
            except StoreError as error:
                self._tell("the figures", str(error))
            else:
                self._tell("the figures", "")
            await asyncio.sleep(MEASURE_S)

    def _measure(self) -> None:
        for one in self._receivers:
            self._metrics.notifications(one.name, one.waiting(), one.dead())

    def _tell(self, whose: str, trouble: str) -> None:
        """Says what is wrong, once for as long as it lasts, however many meet with it."""
        if trouble and trouble not in self._troubles.values():
            self._say(trouble)
        self._troubles[whose] = trouble


async def _until_done(receiver: Pusher | Courier) -> None:
    while await receiver.work():
        pass


def _pusher(config: Config, terms: Terms, words: Words) -> Pusher | None:
    how = config.alertmanager
    if how is None:
        return None
    secret = _authorization(how.authorization_file)
    manager = Alertmanager(how.url, authorization=secret, ca_file=how.ca_file, timeout_s=how.timeout_s)
    return Pusher(manager, how, terms, words, config.console)


def _courier(config: WebhookConfig, terms: Terms) -> Courier:
    secret = _authorization(config.authorization_file)
    exchange = Exchange(authorization=secret, ca_file=config.ca_file, timeout_s=config.timeout_s)
    return Courier(exchange, config, terms)


def _authorization(path: Path | None) -> str | None:
    return None if path is None else read_authorization(path)
