"""What an Alertmanager is told where something is wrong: a clock, a limit on the way there, an answer that fails."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.notify.alertmanager import AT_ONCE, Alertmanager, Matcher
from pipeline.notify.config import AlertmanagerConfig
from tests.notify.listening import Listener, Post, Reply, listening
from tests.notify.telling import NOW, Clock, Story, alert, tell_all


@pytest.fixture(scope="module")
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def listener(server: Listener) -> Listener:
    """The server as if nobody had asked it before."""
    server.posts.clear()
    server.reply = lambda _: Reply()
    return server


def manager(listener: Listener) -> AlertmanagerConfig:
    return AlertmanagerConfig(url=f"http://127.0.0.1:{listener.port}")


def told(listener: Listener) -> dict[str, tuple[datetime, datetime]]:
    """What was pushed last of each alert: from when until when it stands."""
    pushed: list[dict[str, Any]] = [one for post in listener.posts for one in post.json()]
    return {
        one["labels"]["alert_id"]: (datetime.fromisoformat(one["startsAt"]), datetime.fromisoformat(one["endsAt"]))
        for one in pushed
    }


def test_a_clock_that_was_ahead_keeps_nothing_back_and_lets_nothing_stand_on(story: Story, listener: Listener) -> None:
    clock, how = Clock(), manager(listener)
    clock.forward(hours=6)
    one, two = alert("one"), alert("two")
    story.tell(one, two)
    tell_all(story.path, manager=how, clock=clock)
    story.acknowledge(two)
    tell_all(story.path, manager=how, clock=clock)
    listener.posts.clear()
    clock.forward(hours=-6)
    tell_all(story.path, manager=how, clock=clock)
    assert told(listener) == {"al_one": (NOW, NOW + timedelta(minutes=3)), "al_two": (NOW, NOW)}


@pytest.mark.parametrize("most", [7, 0], ids=["several", "none"])
def test_what_is_too_long_for_somebody_on_the_way_goes_in_smaller_pieces(
    story: Story, listener: Listener, most: int
) -> None:
    count = 20

    def reply(post: Post) -> Reply:
        return Reply(200 if len(post.json()) <= most else 413, body=b"<html>nginx</html>")

    listener.reply = reply
    assert count < AT_ONCE
    story.tell(*(alert(f"{number:02}") for number in range(count)))
    clock, how = Clock(), manager(listener)
    after = tell_all(story.path, manager=how, clock=clock)
    assert after.waiting == (0 if most else count)
    assert set(told(listener)) == {f"al_{number:02}" for number in range(count)}
    assert len(listener.posts) < 2 * count
    # The pieces grow again.
    listener.posts.clear()
    listener.reply = lambda _: Reply()
    clock.forward(minutes=1)
    assert tell_all(story.path, manager=how, clock=clock).waiting == 0
    assert len(listener.posts) < count // 2


def test_a_silence_that_was_made_is_told_as_made_though_it_cannot_be_looked_at(listener: Listener) -> None:
    name, matchers = "4c6e2f2c-8f5e-4a6c-9b64-0d3a4f3f6f00", [Matcher(name="severity", value="grave")]
    listener.reply = lambda _: Reply(200, body=f'{{"silenceID": "{name}"}}'.encode())

    async def asked() -> None:
        async with Alertmanager(f"http://127.0.0.1:{listener.port}") as one:
            made = await one.silence(matchers, "Bo", "We know.", NOW, NOW + timedelta(hours=1))
            assert (made.id, made.state, made.matchers) == (name, "active", tuple(matchers))
            assert (made.created_by, made.comment) == ("Bo", "We know.")
            assert (made.starts_at, made.ends_at) == (NOW, NOW + timedelta(hours=1))

    asyncio.run(asked())
    assert len(listener.posts) == 1
