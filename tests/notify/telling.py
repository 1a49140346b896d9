"""Stores with a history made up for tests, and the parts of a notifier, driven by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from pipeline.cli.alert_words import AlertWords
from pipeline.metrics import DriverMetrics, Role
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change, Reason, Severity, Standing, Status
from pipeline.notify.config import AlertmanagerConfig, Config, WebhookConfig
from pipeline.notify.outbox import open_outbox
from pipeline.notify.service import Notifier
from pipeline.store import open_store
from pipeline.store.ledger import AlertBook

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
SOURCE = "urn:truceline:test"


def alert(name: str, **fields: Any) -> Alert:
    """A raised alert that waits for somebody, near a stretch of the invented line."""
    told: dict[str, Any] = {
        "alert_id": f"al_{name}",
        "agreement": "world",
        "agreement_version": "1",
        "provision": "ceasefire",
        "article": "Art. 1",
        "incident_id": f"in_{name}",
        "status": Status.ALLEGED,
        "severity": Severity.GRAVE,
        "reason": Reason.PROHIBITED_ACTIVITY,
        "probability": 0.9,
        "place_probability": 1.0,
        "observed_from": NOW - timedelta(minutes=9),
        "observed_until": NOW - timedelta(minutes=8),
        "line": "front",
        "lon": 37.6,
        "lat": 48.25,
        "radius_m": 300.0,
        "report_ids": ("test:1",),
        "standing": Standing.RAISED,
        "judged_by": "test",
    }
    nothing: dict[str, Any] = dict.fromkeys("side chainage_m offset_m acknowledged_by assignee".split())
    empty: dict[str, Any] = dict.fromkeys(("doubts", "readings", "attribution"), ())
    return Alert(**{**nothing, **empty, **told, **fields})


def said(of: Alert, revision: int = 1, change: Change = Change.REPORTED, **fields: Any) -> Revision:
    return Revision(
        **{"alert": of, "revision": revision, "decided_at": NOW, "change": change, "author": "Bo", **fields}
    )


class Story:
    """A store whose history is made up: each alert has its revisions counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._revisions: dict[str, int] = {}
        with open_store(path, write=True):
            pass

    def tell(self, *alerts: Alert, change: Change = Change.REPORTED, at: datetime = NOW) -> list[Revision]:
        """One more revision of each alert, in one transaction."""
        told = []
        for one in alerts:
            number = self._revisions[one.alert_id] = self._revisions.get(one.alert_id, 0) + 1
            told.append(said(one, number, change, decided_at=at))
        with open_store(self.path, write=True) as store, store.transaction():
            AlertBook(store.connection).restate(told)
        return told

    def acknowledge(self, one: Alert) -> Alert:
        """The same, seen by somebody."""
        seen = replace(one, acknowledged_by="Bo")
        self.tell(seen, change=Change.ACKNOWLEDGED)
        return seen


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **how: float) -> None:
        self.now += timedelta(**how)


def secret_file(folder: Path, *secrets: str) -> Path:
    path = folder / "secret"
    path.write_text("".join(f"{one}\n" for one in secrets or (SECRET,)))
    path.chmod(0o600)
    return path


def words(files: Sequence[str] = ()) -> AlertWords:
    return AlertWords(files)


def hook(name: str, url: str, folder: Path, **fields: Any) -> WebhookConfig:
    """A webhook whose server answers within a second, or not at all."""
    return WebhookConfig(**{"name": name, "url": url, "secret_file": folder / "secret", "timeout_s": 1.0, **fields})


class Told(NamedTuple):
    """What became of a notifier that told what there was: how much still waits, its metrics, and what it said."""

    waiting: int
    metrics: DriverMetrics
    words: list[str]

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"truceline_{name}", labels)


def tell_all(
    store: Path,
    *webhooks: WebhookConfig,
    manager: AlertmanagerConfig | None = None,
    clock: Callable[[], datetime] | None = None,
    from_start: bool = True,
    files: Sequence[str] = (),
) -> Told:
    """A notifier that starts, tells what there is, and ends. Its pauses are as long as they may be."""
    clock, spoken = clock or Clock(), list[str]()
    config = Config(console="http://127.0.0.1:8571", source=SOURCE, alertmanager=manager, webhooks=webhooks)
    metrics = DriverMetrics(Role.NOTIFY, lambda: clock().timestamp())
    with open_outbox(store, run=True) as outbox:
        notifier = Notifier(
            store, outbox, config, words(files), clock=clock, chance=lambda: 1.0, metrics=metrics, say=spoken.append
        )
        waiting = asyncio.run(notifier.once(from_start=from_start))
    return Told(waiting, metrics, spoken)


@asynccontextmanager
async def following(
    store: Path, config: Config, files: Sequence[str] = (), said: Callable[[str], None] = print
) -> AsyncIterator[Notifier]:
    """A notifier at work, for the length of the block."""
    clock = partial(datetime.now, UTC)
    metrics = DriverMetrics(Role.NOTIFY, lambda: clock().timestamp())
    with open_outbox(store, run=True) as outbox:
        notifier = Notifier(
            store, outbox, config, words(files), clock=clock, chance=lambda: 0.1, metrics=metrics, say=said
        )
        task = asyncio.create_task(notifier.run())
        try:
            yield notifier
        finally:
            notifier.stop()
            await task


async def until(what: str, found: Callable[[], Any]) -> Any:
    """What is found, as soon as it is true."""
    async with asyncio.timeout(60):
        while not (told := found()):
            await asyncio.sleep(0.05)
    assert told, what
    return told
