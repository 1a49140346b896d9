"""The application: its paths, its guards, and what it does as it begins and ends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.types import ControllerRouterHandler

from pipeline.console import alerts, cap_feed, events, health, incidents, ogc, record, watched
from pipeline.console.backend import Backend
from pipeline.console.core import Console
from pipeline.console.guards import Guards
from pipeline.console.pages import pages
from pipeline.console.problems import ProblemError, of_any, of_http, of_problem, of_store
from pipeline.console.settings import Settings
from pipeline.store import StoreError

MAX_BODY = 1 << 20

HANDLERS: Sequence[ControllerRouterHandler] = (
    alerts.list_alerts,
    alerts.points,
    alerts.show_alert,
    alerts.act,
    events.events,
    incidents.list_incidents,
    incidents.show_incident,
    record.list_sources,
    record.list_agreements,
    record.show_compliance,
    record.show_register,
    record.show_handover,
    watched.show_coverage,
    watched.show_spacetime,
    ogc.landing,
    ogc.conformance,
    ogc.collections,
    ogc.collection,
    ogc.items,
    ogc.item,
    cap_feed.show_feed,
    cap_feed.show_message,
    health.healthz,
    health.readyz,
    health.metrics,
    health.openapi,
)


def create_app(backend: Backend, settings: Settings, more: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """The console of a store, as an ASGI application.

    Args:
        more: further paths.
    """
    console = Console(backend, settings)

    @asynccontextmanager
    async def looking(_: Litestar) -> AsyncIterator[None]:
        await console.hub.start()
        yield
        await console.hub.close()

    app = Litestar(
        route_handlers=[*HANDLERS, *pages(), *more],
        dependencies={
            "console": Provide(lambda: console, sync_to_thread=False),
            "wanted": Provide(alerts.wanted, sync_to_thread=False),
        },
        exception_handlers={
            ProblemError: of_problem,
            HTTPException: of_http,
            StoreError: of_store,
            Exception: of_any,
        },
        lifespan=[looking],
        middleware=[Guards(settings.hosts)],
        logging_config=None,
        openapi_config=_description(),
        request_max_body_size=MAX_BODY,
    )
    app.state["console"] = console
    return app


def _description() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Truceline",
        version=_own_version(),
        description="What a ceasefire monitor has in its record, and what operators do about it.",
        use_handler_docstrings=True,
        path="/openapi",
        render_plugins=[],
    )


def _own_version() -> str:
    try:
        return version("truceline")
    except PackageNotFoundError:
        return "unknown"


def console_of(app: Litestar) -> Console:
    """The console of an application."""
    found: Any = app.state["console"]
    assert isinstance(found, Console)
    return found
