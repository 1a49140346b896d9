"""A real Alertmanager with the routes of deploy/: it groups, silences and resolves what is pushed to it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from pipeline.model.taxonomy import Change, Severity, Status
from pipeline.notify.alertmanager import (
    AT_ONCE,
    Alertmanager,
    Held,
    Matcher,
    NoSilenceError,
    Pushed,
    RefusedError,
    UnreachableError,
)
from pipeline.notify.config import AlertmanagerConfig, Config
from pipeline.notify.labels import LABELS
from tests.cli.recorded import agreement_file
from tests.deploy.monitoring import alertmanager
from tests.notify.listening import Listener, Reply, listening
from tests.notify.telling import SOURCE, Clock, Story, alert, following, tell_all, until

pytestmark = pytest.mark.needs("alertmanager")

now = partial(datetime.now, UTC)


class Managed(NamedTuple):
    """An Alertmanager, who is told by it, and an agreement."""

    url: str
    told: Listener
    agreement: str

    def config(self, **fields: Any) -> AlertmanagerConfig:
        return AlertmanagerConfig(**{"url": self.url, **fields})

    def said(self, path: str, alert_id: str) -> list[tuple[str, dict[str, str]]]:
        """What its messages at a path say of an alert, in order: its status and labels."""
        messages = [post.json() for post in list(self.told.posts) if post.path == path]
        alerts = [one for message in messages for one in message["alerts"] if one["labels"]["alert_id"] == alert_id]
        return [(one["status"], one["labels"]) for one in alerts]

    def held(self, **labels: str) -> list[Held]:
        """The alerts that it holds now."""

        async def asked() -> list[Held]:
            async with Alertmanager(self.url) as manager:
                return await manager.alerts(labels)

        return asyncio.run(asked())


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    folder = tmp_path_factory.mktemp("managed")
    agreement = str(agreement_file(folder / "agreement"))
    with listening() as told, alertmanager(folder, told.port) as server:
        yield Managed(f"http://127.0.0.1:{server.port}", told, agreement)


def test_what_changes_is_told_as_it_changes(managed: Managed, story: Story) -> None:
    """Raised together it comes in one message; a new severity ends the old; what is acknowledged is resolved."""
    one, two = alert("one"), alert("two", lon=37.61)
    story.tell(one)

    async def told() -> None:
        async with following(story.path, Config("", SOURCE, managed.config(), ()), [managed.agreement]):
            await until("it stood before", lambda: managed.said("/watch", "al_one"))
            story.tell(two)
            await until("it is raised", lambda: managed.said("/watch", "al_two"))
            story.tell(replace(one, severity=Severity.MINOR), change=Change.AGREEMENT_CHANGED)
            await until("the old has ended", lambda: managed.said("/watch", "al_one")[-1][0] == "resolved")
            await until("the new stands", lambda: managed.said("/ticket", "al_one"))
            story.acknowledge(two)
            await until("somebody looks after it", lambda: managed.said("/watch", "al_two")[-1][0] == "resolved")

    asyncio.run(told())
    (status, labels), *_ = managed.said("/ticket", "al_one")
    assert (status, labels["severity"]) == ("firing", "minor")
    _, labels = managed.said("/watch", "al_two")[0]
    assert set(labels) <= set(LABELS)
    assert (labels["alertname"], labels["line"], labels["sector"]) == ("TrucelineViolation", "front", "middle")
    grouped = [post.json()["groupLabels"] for post in managed.told.posts if post.path == "/watch"]
    assert {"agreement": "world", "sector": "middle"} in grouped
    assert max(len(post.json()["alerts"]) for post in managed.told.posts) > 1


def test_what_is_silenced_is_not_told_and_the_silence_can_be_ended(managed: Managed, story: Story) -> None:
    story.tell(alert("noisy"))

    async def silenced() -> None:
        begin = now()
        async with Alertmanager(managed.url) as manager:
            matcher = Matcher(name="alert_id", value="al_noisy")
            made = await manager.silence([matcher], "Bo", "We know.", begin, begin + timedelta(hours=1))
            assert (made.state, made.created_by, made.comment, made.matchers) == (
                "active",
                "Bo",
                "We know.",
                (matcher,),
            )
            await asyncio.to_thread(tell_all, story.path, manager=managed.config(), clock=now)
            async with asyncio.timeout(60):
                while not (held := await manager.alerts({"alert_id": "al_noisy"}))[0].status.silenced_by:
                    await asyncio.sleep(0.05)
            assert (held[0].status.state, held[0].status.silenced_by) == ("suppressed", (made.id,))
            assert [one.id for one in await manager.silences({"alert_id": "al_noisy"})] == [made.id]
            await manager.expire(made.id)
            await manager.expire(made.id)
            assert (await manager.one_silence(made.id)).state == "expired"
            await until("it is told now", lambda: managed.said("/watch", "al_noisy"))

    asyncio.run(silenced())


def test_what_stands_lapses_unless_it_is_pushed_again(managed: Managed, story: Story) -> None:
    story.tell(alert("lapsing"))
    begin = now()
    tell_all(story.path, manager=managed.config(resend_s=40), clock=now)
    (held,) = managed.held(alert_id="al_lapsing")
    assert timedelta(seconds=120) <= held.ends_at - begin < timedelta(seconds=180)
    assert held.annotations["summary"]
    later = begin + timedelta(minutes=1)
    tell_all(story.path, manager=managed.config(resend_s=40), clock=lambda: later)
    (again,) = managed.held(alert_id="al_lapsing")
    assert timedelta(seconds=119) < again.ends_at - later < timedelta(seconds=121)


@pytest.mark.parametrize("status", [Status.REFUTED, Status.SUPERSEDED])
def test_what_has_ended_while_nobody_followed_is_resolved(managed: Managed, story: Story, status: Status) -> None:
    one = alert(f"ended-{status}")
    story.tell(one)
    how = managed.config(until="outcome")
    tell_all(story.path, manager=how, clock=now)
    story.acknowledge(one)
    tell_all(story.path, manager=how, clock=now)
    assert len(managed.held(alert_id=one.alert_id)) == 1
    story.tell(replace(one, status=status), change=Change.OUTCOME_RECORDED)
    tell_all(story.path, manager=how, clock=now)
    assert managed.held(alert_id=one.alert_id) == []


def test_a_flood_goes_in_pieces_and_an_alertmanager_that_was_away_is_told_all(managed: Managed, story: Story) -> None:
    clock, count = Clock(), 4 * AT_ONCE + 7
    clock.now = now()
    story.tell(*(alert(f"flood-{number}", provision="flooded") for number in range(count)))
    away = tell_all(story.path, manager=managed.config(url="http://127.0.0.1:9"), clock=clock)
    assert away.waiting == count
    clock.forward(seconds=10)
    told = tell_all(story.path, manager=managed.config(), clock=clock)
    assert told.waiting == 0
    assert told.value("notifications_total", receiver="alertmanager", outcome="delivered") == count
    assert len(managed.held(provision="flooded")) == count


def test_what_it_refuses_and_what_is_not_there_are_errors_of_their_own(managed: Managed) -> None:
    async def tried() -> None:
        begin = now()
        async with Alertmanager(managed.url) as manager:
            await manager.ready()
            with pytest.raises(RefusedError, match="label"):
                await manager.push([Pushed(labels={}, annotations={}, starts_at=begin, ends_at=begin)])
            with pytest.raises(RefusedError):
                await manager.silence([Matcher(name="a", value="")], "Bo", "-", begin, begin + timedelta(hours=1))
            for name in ("../alerts", "x", "00000000-0000-0000-0000-000000000000"):
                with pytest.raises(NoSilenceError):
                    await manager.expire(name)
        async with Alertmanager("http://127.0.0.1:9") as manager:
            with pytest.raises(UnreachableError, match="cannot connect"):
                await manager.ready()

    asyncio.run(tried())


ANSWERS = {
    "of another program": Reply(200, body=b"<html>hello</html>"),
    "that fails": Reply(502, body=b"\x1b[2J bad gateway"),
    "that sends elsewhere": Reply(302, {"Location": "http://127.0.0.1:9/"}),
}


@pytest.mark.parametrize("reply", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_of_no_alertmanager_is_told_as_such(reply: Reply) -> None:
    async def tried(url: str) -> None:
        begin = now()
        async with Alertmanager(url) as manager:
            with pytest.raises(UnreachableError):
                await manager.silence([Matcher(name="a", value="b")], "Bo", "-", begin, begin + timedelta(hours=1))

    with listening() as told:
        told.reply = lambda _: reply
        asyncio.run(tried(f"http://127.0.0.1:{told.port}"))
        assert len(told.posts) == 1
