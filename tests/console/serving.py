"""A console that serves in a thread of this process, and those who listen to it."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from pipeline.cli.console_words import Words
from pipeline.console import Settings, StoreBackend, create_app
from pipeline.console.server import Server, listening

WAIT_S = 60.0
"""Nothing here takes as long, however busy the machine."""


def now() -> datetime:
    return datetime.now(UTC)


class Served:
    """A server at work."""

    def __init__(self, server: Server, url: str, thread: threading.Thread) -> None:
        self.server, self.url, self._thread = server, url, thread

    def stop(self) -> None:
        """Tells it to stop; waits until it has."""
        self.server.should_exit = True
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@contextmanager
def served(
    path: Path, agreement: Path, *, port: int = 0, buffer_bytes: int | None = None, **settings: Any
) -> Iterator[Served]:
    """The console of a store.

    Args:
        port: 0 for any that is free.
        buffer_bytes: how much the system holds for one who takes nothing.
    """
    words = Words([str(agreement)])
    made = replace(Settings(telling=words, clock=now, tick_s=0.05), **settings)
    app = create_app(StoreBackend(path, words.agreement, now), made)
    with listening("127.0.0.1", port) as at:
        if buffer_bytes is not None:
            at.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        server = Server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        running = Served(server, f"http://127.0.0.1:{at.getsockname()[1]}", thread)
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def client(at: Served) -> Iterator[httpx.Client]:
    """One who asks."""
    with httpx.Client(base_url=at.url, timeout=WAIT_S, trust_env=False) as asking:
        yield asking


Event = tuple[str, int | None, Any]
"""What a listener is told: the event's name, its id, its data."""


def events(lines: Iterator[str]) -> Iterator[Event]:
    """What a stream of lines tells."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            number = int(fields["id"]) if "id" in fields else None
            yield fields["event"], number, json.loads(fields["data"])
            fields = {}


@contextmanager
def listening_to(
    at: Served, after: int | None = None, headers: Mapping[str, str] | None = None
) -> Iterator[Iterator[Event]]:
    """The events of a console, after an entry or from now on."""
    about = dict(headers or {}) if after is None else {"Last-Event-ID": str(after)}
    with client(at) as asking, asking.stream("GET", "/api/events", headers=about) as answer:
        assert answer.status_code == 200
        yield events(answer.iter_lines())
