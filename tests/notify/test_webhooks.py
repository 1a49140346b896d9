"""Webhooks on a real server that fails in every way: nothing is lost, nothing overtakes, nobody holds up another."""

import asyncio
import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.model.taxonomy import Severity, Standing
from pipeline.notify.courier import AT_ONCE
from pipeline.notify.exchange import Answer, Exchange, NoAnswerError
from pipeline.notify.looking import dead_body, dead_ones, retry, states
from pipeline.notify.outbox import open_outbox
from pipeline.notify.receivers import resume
from tests.notify.listening import Listener, Reply, listening
from tests.notify.telling import NOW, SECRET, Clock, Story, alert, hook, secret_file, tell_all


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


def test_every_revision_comes_signed_and_in_order(story: Story, listener: Listener, tmp_path: Path) -> None:
    one, two = alert("one"), alert("two")
    story.tell(one, two)
    story.acknowledge(one)
    told = tell_all(story.path, hook("tracker", listener.url, tmp_path))
    assert told.waiting == 0
    assert sorted(listener.ids) == ["al_one/1", "al_one/2", "al_two/1"]
    assert listener.ids.index("al_one/1") < listener.ids.index("al_one/2")
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    for post in listener.posts:
        sent = post.headers["webhook-timestamp"]
        assert int(sent) == NOW.timestamp()
        signed = f"{post.event_id}.{sent}.".encode() + post.body
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert post.headers["webhook-signature"] == f"v1,{made}"
        assert post.headers["Content-Type"].startswith("application/cloudevents+json")
        assert post.json()["id"] == post.event_id
    assert told.value("notifications_total", receiver="tracker", outcome="delivered") == 3
    assert told.value("notifications_waiting", receiver="tracker") == 0
    assert told.value("notify_behind_entries") == 0
    # What was told is not told again.
    assert tell_all(story.path, hook("tracker", listener.url, tmp_path)).waiting == 0
    assert len(listener.posts) == 3


def test_both_secrets_sign_while_one_is_changed(story: Story, listener: Listener, tmp_path: Path) -> None:
    story.tell(alert("one"))
    secret_file(tmp_path, SECRET, "whsec_" + base64.b64encode(b"n" * 24).decode())
    tell_all(story.path, hook("tracker", listener.url, tmp_path))
    made = [part.split(",") for part in listener.posts[0].headers["webhook-signature"].split(" ")]
    assert [version for version, _ in made] == ["v1", "v1"]
    assert made[0] != made[1]


def test_the_first_time_what_was_is_not_told(story: Story, listener: Listener, tmp_path: Path) -> None:
    tracker = hook("tracker", listener.url, tmp_path)
    story.tell(alert("old"))
    tell_all(story.path, tracker, from_start=False)
    story.tell(alert("new"))
    story.tell(alert("possible", standing=Standing.POSSIBLE), alert("small", severity=Severity.MINOR))
    tell_all(story.path, tracker, hook("grave", listener.url, tmp_path, least=Severity.GRAVE), from_start=False)
    assert sorted(listener.ids) == ["al_new/1", "al_new/1", "al_small/1"]


FAILURES = {
    "it fails": Reply(500, body=b"<html>\x1b[2J" * 100),
    "it stalls": Reply(stall=True),
    "it has much to say": Reply(503, body=b"x" * (4 << 20)),
    "it is asked too early": Reply(425),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_what_fails_is_tried_again_and_nothing_overtakes_it(
    story: Story, listener: Listener, tmp_path: Path, failure: Reply
) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path, timeout_s=0.3)
    listener.reply = lambda _: failure
    one = alert("one")
    story.tell(one)
    story.acknowledge(one)
    assert tell_all(story.path, tracker, clock=clock).waiting == 2
    assert listener.ids == ["al_one/1"]
    listener.reply = lambda _: Reply()
    # It is not due yet.
    assert tell_all(story.path, tracker, clock=clock).waiting == 2
    clock.forward(seconds=1)
    assert tell_all(story.path, tracker, clock=clock).waiting == 0
    assert listener.ids == ["al_one/1", "al_one/1", "al_one/2"]
    assert listener.posts[0].body == listener.posts[1].body
    with open_outbox(story.path) as outbox:
        (state,) = states(outbox)
    assert (state.delivered, state.trouble, state.dead) == (2, "", 0)


def test_what_is_sent_elsewhere_is_not_told_there(story: Story, listener: Listener, tmp_path: Path) -> None:
    story.tell(alert("one"))
    with listening() as elsewhere:
        listener.reply = lambda _: Reply(307, {"Location": elsewhere.url, "Set-Cookie": "a=b"})
        clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
        assert tell_all(story.path, tracker, clock=clock).waiting == 1
        clock.forward(seconds=1)
        assert tell_all(story.path, tracker, clock=clock).waiting == 1
        assert (len(listener.posts), elsewhere.posts) == (2, [])


def test_a_receiver_that_does_not_listen_is_in_the_state(story: Story, listener: Listener, tmp_path: Path) -> None:
    away = hook("away", "http://127.0.0.1:9/", tmp_path)
    story.tell(alert("one"))
    told = tell_all(story.path, away, hook("tracker", listener.url, tmp_path))
    assert told.waiting == 1
    assert listener.ids == ["al_one/1"]
    with open_outbox(story.path) as outbox:
        found = {one.receiver: one for one in states(outbox)}
    assert (found["away"].waiting, found["away"].delivered_at) == (1, None)
    assert "cannot connect" in found["away"].trouble
    assert (found["tracker"].delivered, found["tracker"].delivered_at) == (1, NOW)


def test_a_receiver_in_trouble_is_asked_with_one_at_a_time(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    listener.reply = lambda _: Reply(500)
    story.tell(*(alert(f"{number:02}") for number in range(30)))
    tell_all(story.path, tracker, clock=clock)
    assert len(listener.posts) == AT_ONCE
    clock.forward(minutes=10)
    tell_all(story.path, tracker, clock=clock)
    assert len(listener.posts) == AT_ONCE + 1
    listener.reply = lambda _: Reply()
    clock.forward(minutes=10)
    assert tell_all(story.path, tracker, clock=clock).waiting == 0
    assert len(set(listener.ids)) == 30


def test_one_that_always_fails_does_not_hold_up_the_others(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    listener.reply = lambda post: Reply(500 if post.event_id.startswith("al_bad/") else 204)
    bad = alert("bad")
    story.tell(bad, *(alert(f"{number}") for number in range(20)))
    story.acknowledge(bad)
    assert tell_all(story.path, tracker, clock=clock).waiting == 2
    assert len(set(listener.ids)) == 21
    assert "al_bad/2" not in listener.ids
    clock.forward(hours=25)
    told = tell_all(story.path, tracker, clock=clock)
    # After a day it is put aside; what came after it is tried, and is as old.
    assert told.value("notifications_dead", receiver="tracker") == 2
    assert told.waiting == 0


def test_a_receiver_says_when_it_wants_to_be_asked(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    listener.reply = lambda _: Reply(429, {"Retry-After": "600"})
    story.tell(alert("one"))
    tell_all(story.path, tracker, clock=clock)
    listener.reply = lambda _: Reply()
    clock.forward(seconds=590)
    with open_outbox(story.path) as outbox:
        ((due_us,),) = outbox.query("SELECT due_us FROM deliveries")
    assert due_us == NOW.timestamp() * 1_000_000 + 600 * 1_000_000
    assert tell_all(story.path, tracker, clock=clock).waiting == 1
    clock.forward(seconds=10)
    assert tell_all(story.path, tracker, clock=clock).waiting == 0


def test_one_that_is_gone_is_left_alone_until_it_is_resumed(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    listener.reply = lambda _: Reply(410, body=b"we have moved")
    one = alert("one")
    story.tell(one)
    tell_all(story.path, tracker, clock=clock)
    story.acknowledge(one)
    listener.reply = lambda _: Reply()
    clock.forward(hours=2)
    assert tell_all(story.path, tracker, clock=clock).waiting == 2
    assert listener.ids == ["al_one/1"]
    with open_outbox(story.path) as outbox:
        assert states(outbox)[0].stopped == "status 410: we have moved"
        assert not resume(outbox, "nobody")
        assert resume(outbox, "tracker")
    assert tell_all(story.path, tracker, clock=clock).waiting == 0
    assert listener.ids == ["al_one/1", "al_one/1", "al_one/2"]


def test_what_is_refused_is_put_aside_and_can_be_sent_again(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    listener.reply = lambda post: Reply(400 if post.event_id == "al_one/1" else 204, body=b"no \x1b[2J")
    one = alert("one")
    story.tell(one)
    story.acknowledge(one)
    told = tell_all(story.path, tracker, clock=clock)
    assert (told.waiting, listener.ids) == (0, ["al_one/1", "al_one/2"])
    assert told.value("notifications_total", receiver="tracker", outcome="refused") == 1
    with open_outbox(story.path) as outbox:
        (dead,) = dead_ones(outbox)
        assert (dead.receiver, dead.event_id, dead.tries) == ("tracker", "al_one/1", 1)
        assert dead.trouble.startswith("status 400")
        assert dead_body(outbox, dead.number) == listener.posts[0].body
        assert (retry(outbox, clock(), dead.number + 99), retry(outbox, clock(), dead.number)) == (0, 1)
    listener.reply = lambda _: Reply()
    assert tell_all(story.path, tracker, clock=clock).waiting == 0
    assert listener.ids[-1] == "al_one/1"


def test_a_secret_that_is_gone_is_a_trouble_and_not_a_loss(story: Story, listener: Listener, tmp_path: Path) -> None:
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    story.tell(alert("one"))
    (tmp_path / "secret").unlink()
    assert tell_all(story.path, tracker, clock=clock).waiting == 1
    assert listener.posts == []
    secret_file(tmp_path)
    clock.forward(minutes=1)
    assert tell_all(story.path, tracker, clock=clock).waiting == 0


def test_a_receiver_that_stalls_does_not_delay_another(story: Story, listener: Listener, tmp_path: Path) -> None:
    """The one that stalls is let go only when the other has been told of everything."""
    told = threading.Event()
    names = [f"{number}" for number in range(20)]

    def reply(post: object) -> Reply:
        if len(listener.posts) >= len(names):
            told.set()
        return Reply()

    listener.reply = reply
    with listening() as slow:
        slow.reply = lambda _: Reply() if told.wait(20) else Reply(stall=True)
        story.tell(*map(alert, names))
        patient = hook("slow", slow.url, tmp_path, timeout_s=30.0)
        assert tell_all(story.path, patient, hook("tracker", listener.url, tmp_path)).waiting == 0
        assert len(slow.ids) == len(names)


@pytest.mark.parametrize("already", [1, 3], ids=["shorter", "longer"])
def test_another_record_in_the_store_s_place_is_followed_from_then_on(
    story: Story, listener: Listener, tmp_path: Path, already: int
) -> None:
    tracker = hook("tracker", listener.url, tmp_path)
    story.tell(alert("one"), alert("two"))
    tell_all(story.path, tracker)
    for path in tmp_path.glob("t.db*"):
        if "notify" not in path.name:
            path.unlink()
    anew = Story(story.path)
    anew.tell(*(alert(f"before-{number}") for number in range(already)))
    tell_all(story.path, tracker)
    anew.tell(alert("new"))
    tell_all(story.path, tracker)
    assert sorted(listener.ids) == ["al_new/1/20260301T120000Z", "al_one/1", "al_two/1"]


def test_another_record_s_alerts_are_told_though_they_are_called_as_the_old_one_s(
    story: Story, listener: Listener, tmp_path: Path
) -> None:
    tracker = hook("tracker", listener.url, tmp_path)
    listener.reply = lambda _: Reply(400)
    story.tell(alert("one"))
    tell_all(story.path, tracker)
    for path in tmp_path.glob("t.db*"):
        if "notify" not in path.name:
            path.unlink()
    anew = Story(story.path)
    anew.tell(alert("zero"))
    tell_all(story.path, tracker)
    listener.posts.clear()
    listener.reply = lambda _: Reply()
    anew.tell(alert("one", probability=0.5))
    tell_all(story.path, tracker)
    # A receiver that knows the first record's al_one/1 is not to take it for the same.
    assert listener.ids == ["al_one/1/20260301T120000Z"]
    assert listener.posts[0].json()["id"] == listener.ids[0]
    with open_outbox(story.path) as outbox:
        assert dead_ones(outbox) == []


def test_what_an_address_asks_for_is_sent_along(story: Story, listener: Listener, tmp_path: Path) -> None:
    story.tell(alert("one"))
    tell_all(story.path, hook("tracker", f"{listener.url}?key=a%2Fb&sig=1", tmp_path))
    assert [post.path for post in listener.posts] == ["/hook?key=a%2Fb&sig=1"]


@pytest.mark.parametrize(("ahead_h", "late"), [(6.0, 0), (0.5, AT_ONCE)])
def test_a_clock_that_was_ahead_delays_nothing_for_long_once_it_is_right(
    story: Story, listener: Listener, tmp_path: Path, ahead_h: float, late: int
) -> None:
    """What failed then waits no longer than a receiver may ask for; what was not tried then does not wait."""
    clock, tracker = Clock(), hook("tracker", listener.url, tmp_path)
    clock.forward(hours=ahead_h)
    listener.reply = lambda _: Reply(500)
    story.tell(*(alert(f"{number:02}") for number in range(AT_ONCE + 1)))
    # One is not tried any more: the receiver is in trouble by then.
    assert tell_all(story.path, tracker, clock=clock).waiting == AT_ONCE + 1
    assert len(listener.posts) == AT_ONCE
    listener.posts.clear()
    listener.reply = lambda _: Reply()
    clock.forward(hours=-ahead_h)
    assert tell_all(story.path, tracker, clock=clock).waiting == late
    assert len(listener.posts) == AT_ONCE + 1 - late


def test_no_answer_is_read_without_end_or_waited_for_without_end(listener: Listener) -> None:
    async def asked(**bounds: Any) -> Answer:
        exchange = Exchange(**bounds)
        try:
            return await exchange.ask("POST", listener.url, b"{}")
        finally:
            await exchange.close()

    listener.reply = lambda _: Reply(200, body=b"x" * (4 << 20))
    answer = asyncio.run(asked(most_bytes=1_000))
    assert (answer.status, len(answer.body), answer.whole) == (200, 1_000, False)
    # A byte now and then is no answer, however long each of them is waited for.
    listener.reply = lambda _: Reply(200, drip_s=0.05)
    with pytest.raises(NoAnswerError, match="no answer within"):
        asyncio.run(asked(timeout_s=0.4))
