"""Whatever fails when, and wherever the notifier is killed: everybody hears every revision, each alert's in order."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.metrics import DriverMetrics, Role
from pipeline.model.records import Revision
from pipeline.model.taxonomy import Standing, Status
from pipeline.notify.courier import Courier
from pipeline.notify.events import event
from pipeline.notify.exchange import Exchange
from pipeline.notify.outbox import open_outbox
from pipeline.notify.receivers import Terms
from pipeline.store.history import Entry
from tests.notify.telling import SOURCE, Clock, alert, hook, said, secret_file, words

WORDS = words()
NAMES = ("a", "b", "c")
KINDS = ("taken", "lost", "failed", "unheard", "killed")
"""Taken; lost on the way there; failed there; taken, and the answer lost; taken, and then we are killed."""


class KilledError(BaseException):
    """The process ends here, and nothing more is written."""


class Receiver(httpx.AsyncBaseTransport):
    """Somebody who is told things, and the network on the way there: each request goes as the next word says."""

    def __init__(self, fates: Sequence[str]) -> None:
        self._fates = list(fates)
        self.heard: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._fates.pop(0) if self._fates else "taken"
        if fate == "lost":
            raise httpx.ConnectError("nobody is there")
        if fate == "failed":
            return httpx.Response(503, stream=httpx.ByteStream(b"no"))
        self.heard.append(request.headers["webhook-id"])
        if fate == "unheard":
            raise httpx.ReadError("the connection broke")
        if fate == "killed":
            raise KilledError
        return httpx.Response(204, stream=httpx.ByteStream(b""))


def history(stands: Sequence[tuple[str, bool]]) -> list[Revision]:
    """Revisions of some alerts, by name and whether it stands."""
    counted = dict.fromkeys(NAMES, 0)
    told = []
    for name, is_raised in stands:
        counted[name] += 1
        standing = Standing.RAISED if is_raised else Standing.POSSIBLE
        told.append(said(alert(name, standing=standing, status=Status.ALLEGED), counted[name]))
    return told


def expected(told: Sequence[Revision], name: str) -> list[str]:
    """What of one alert is told: while it stands, and once that it does so no more."""
    wanted, stood = [], False
    for one in told:
        if one.alert.alert_id != f"al_{name}":
            continue
        stands = one.alert.standing is Standing.RAISED
        if stands or stood:
            wanted.append(f"{one.alert.alert_id}/{one.revision}")
        stood = stands
    return wanted


async def _live(folder: Path, receivers: dict[str, Receiver], clock: Clock, told: list[Revision], batch: int) -> bool:
    """One life of a notifier, until it is killed or has nothing more to do; whether it has."""
    metrics = DriverMetrics(Role.NOTIFY, lambda: clock().timestamp())
    with open_outbox(folder / "t.db", run=True) as outbox:
        terms = Terms(outbox, clock, lambda: 1.0, metrics)
        couriers = [
            Courier(Exchange(transport=transport), hook(name, "http://127.0.0.1/", folder), terms)
            for name, transport in receivers.items()
        ]
        try:
            with outbox.step():
                for courier in couriers:
                    courier.begin()
            while True:
                rows = outbox.query("SELECT entry FROM position")
                after = rows[0][0] if rows else 0
                entries = [Entry(after + number, one) for number, one in enumerate(told[after : after + batch], 1)]
                if entries:
                    bodies = {number: event(one, WORDS, SOURCE, "") for number, one in entries}
                    with outbox.step():
                        for courier in couriers:
                            courier.put(entries, bodies)
                        outbox.change("INSERT OR REPLACE INTO position VALUES (0, ?, '')", entries[-1].number)
                worked = [await courier.work() for courier in couriers]
                if not entries and not any(worked) and not sum(courier.waiting() for courier in couriers):
                    return True
                clock.forward(minutes=6)
        except KilledError:
            return False
        finally:
            for courier in couriers:
                await courier.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=12),
    st.lists(st.sampled_from(KINDS), max_size=20),
    st.lists(st.sampled_from(KINDS), max_size=20),
    st.integers(1, 5),
)
def test_everybody_hears_every_revision_at_least_once_and_in_order(
    stands: list[tuple[str, bool]], first: list[str], second: list[str], batch: int
) -> None:
    told, clock = history(stands), Clock()
    receivers = {"first": Receiver(first), "second": Receiver(second)}
    with TemporaryDirectory() as name:
        folder = Path(name)
        secret_file(folder)
        while not asyncio.run(_live(folder, receivers, clock, told, batch)):
            clock.forward(seconds=1)
    for receiver in receivers.values():
        for alert_name in NAMES:
            heard = [one for one in receiver.heard if one.startswith(f"al_{alert_name}/")]
            # What comes again is what came last: nothing overtakes.
            assert list(dict.fromkeys(heard)) == expected(told, alert_name)
            assert heard == sorted(heard, key=lambda one: int(one.rpartition("/")[2]))
