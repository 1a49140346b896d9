"""The paths of those who look after the server: health, readiness, metrics, and the API's description."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get
from prometheus_client import generate_latest

from pipeline.console.core import Console, Given
from pipeline.console.problems import ProblemError
from pipeline.console.records import Clock, Health
from pipeline.store.database import NoStoreError

STALE = timedelta(seconds=10)
"""Whoever has not looked at the store for so long is not ready: what he shows is old."""


@get("/healthz", sync_to_thread=False, tags=["server"])
def healthz(console: Given) -> Health:
    """The server answers."""
    return _health(console)


@get("/api/clock", sync_to_thread=False, tags=["server"])
def show_clock(console: Given) -> Clock:
    """What time it is here, by which everything that is told has its age; a scenario's where one is played."""
    playing = console.settings.playing
    if playing is None:
        return Clock(now=console.now, pace=1.0, playing=None)
    return Clock(now=console.now, pace=playing.pace, playing=playing.name)


@get("/readyz", sync_to_thread=False, tags=["server"])
def readyz(console: Given) -> Health:
    """What the server shows is how the store is now; else it says what is wrong (503)."""
    hub = console.hub
    if hub.stopped:
        raise ProblemError(503, "not_ready", "the server is being stopped")
    if isinstance(hub.trouble, NoStoreError):
        raise ProblemError(503, "not_ready", "there is no store to read yet")
    if hub.trouble is not None:
        raise ProblemError(503, "not_ready", "the store cannot be read; the server's log says why")
    if hub.behind is not None:
        raise ProblemError(503, "not_ready", hub.behind)
    playing = console.settings.playing
    stale = STALE if playing is None else STALE * max(1.0, playing.pace)
    if hub.looked_at is None or console.now - hub.looked_at > stale:
        raise ProblemError(503, "not_ready", f"the store was last looked at: {hub.looked_at or 'never'}")
    return _health(console)


def _health(console: Console) -> Health:
    return Health(status="ok", entry=console.hub.position, looked_at=console.hub.looked_at)


@get("/metrics", sync_to_thread=True, tags=["server"])
def metrics(console: Given) -> Response[bytes]:
    """The server's metrics, for Prometheus."""
    return Response(generate_latest(console.metrics.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


@get("/openapi.json", sync_to_thread=True, include_in_schema=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The API's description, OpenAPI 3.1."""
    described = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(described, media_type="application/vnd.oai.openapi+json;version=3.1")
