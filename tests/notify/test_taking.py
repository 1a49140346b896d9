"""From the store into the book and out again: what fails once is done again, and no clock keeps it from being done."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.metrics import DriverMetrics, Role
from pipeline.notify import service
from pipeline.notify.alertmanager import Alertmanager
from pipeline.notify.config import AlertmanagerConfig, Config
from pipeline.notify.courier import Courier
from pipeline.notify.exchange import Exchange
from pipeline.notify.following import Follower
from pipeline.notify.outbox import Outbox, open_outbox, place_of
from pipeline.notify.pusher import Pusher
from pipeline.notify.receivers import Receiver, Terms
from pipeline.notify.taking import ALL_ANEW, Taking
from pipeline.store import StoreError
from tests.notify.listening import listening
from tests.notify.telling import SOURCE, Clock, Story, alert, following, hook, until, words

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def outbox(story: Story) -> Iterator[Outbox]:
    with open_outbox(story.path, run=True) as opened:
        # Nobody waits here for the others to be done.
        opened.query("PRAGMA busy_timeout = 0")
        yield opened


@contextmanager
def written_by_another(book: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(book, isolation_level=None)) as other:
        yield other


def test_what_could_not_be_put_down_is_taken_in_the_next_time(story: Story, outbox: Outbox, tmp_path: Path) -> None:
    terms = Terms(outbox, Clock(), lambda: 1.0, DriverMetrics(Role.NOTIFY, lambda: 0.0))
    courier = Courier(Exchange(), hook("tracker", NOWHERE, tmp_path), terms)
    with Follower(story.path) as follower:
        taking = Taking(follower, None, [courier], terms, words(), SOURCE, "")
        taking.begin()
        assert taking.step() == 0
        story.tell(alert("one"))
        with written_by_another(outbox.path) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                taking.step()
            other.execute("ROLLBACK")
        assert (taking.step(), courier.waiting()) == (1, 1)
        assert taking.step() == 0


def test_all_that_stands_is_looked_at_now_and_then_whatever_the_clock_is_set_to(story: Story, outbox: Outbox) -> None:
    """An alert whose window was closed has left the store without a word."""
    clock, elapsed_s, how = Clock(), [5.0], AlertmanagerConfig(url=NOWHERE)
    terms = Terms(outbox, clock, lambda: 1.0, DriverMetrics(Role.NOTIFY, lambda: 0.0), lambda: elapsed_s[0])
    pusher = Pusher(Alertmanager(how.url), how, terms, words(), "")
    story.tell(alert("one"))
    with Follower(story.path) as follower:
        taking = Taking(follower, pusher, [], terms, words(), SOURCE, "")
        taking.begin()
        with written_by_another(story.path) as other:
            other.execute("DELETE FROM alerts")
        clock.forward(hours=-6)
        taking.step()
        assert outbox.query("SELECT resolved_us FROM standing") == [(None,)]
        elapsed_s[0] += ALL_ANEW.total_seconds()
        taking.step()
    ((ended,),) = outbox.query("SELECT resolved_us FROM standing")
    assert ended is not None


def test_a_pause_that_no_receiver_can_have_asked_for_is_over(outbox: Outbox) -> None:
    clock = Clock()
    terms = Terms(outbox, clock, lambda: 1.0, DriverMetrics(Role.NOTIFY, lambda: 0.0))
    one = Receiver("tracker", terms, timedelta(minutes=5))
    one.begin()
    one.failed("nobody is there", timedelta(minutes=5))
    assert one.health().pausing
    clock.forward(seconds=-1)
    assert not one.health().pausing


def test_a_book_that_cannot_be_used_for_a_while_does_not_end_the_notifier(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []
    for name in ("TICK_S", "POLL_S", "MEASURE_S"):
        monkeypatch.setattr(service, name, 0.01)

    async def told() -> None:
        with ExitStack() as stack:
            tracker = stack.enter_context(listening())
            other = stack.enter_context(written_by_another(place_of(story.path)))
            config = Config("", SOURCE, None, (hook("tracker", tracker.url, tmp_path),))
            async with following(story.path, config, said=spoken.append):
                await until("it is at work", lambda: any(one.startswith("following") for one in spoken))
                other.execute("ALTER TABLE deliveries RENAME TO gone")
                await until("it says so", lambda: any("no such table" in one for one in spoken))
                # Meanwhile all its parts meet with it.
                await asyncio.to_thread(story.tell, alert("one"))
                other.execute("ALTER TABLE gone RENAME TO deliveries")
                await until("it goes on", lambda: tracker.ids == ["al_one/1"])

    asyncio.run(told())
    assert len([one for one in spoken if "no such table" in one]) == 1
