"""The application: its paths, its guards, and what it does as it begins and ends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.types import ControllerRouterHandler, Middleware

from pipeline.console import alerts, cap_feed, events, health, incidents, ogc, record, session, silences, watched
from pipeline.console.access.gate import Gate
from pipeline.console.backend import Backend
from pipeline.console.core import Console
from pipeline.console.guards import Guards
from pipeline.console.pages import pages
from pipeline.console.problems import ProblemError, of_any, of_depth, of_http, of_problem, of_store
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
    session.show_session,
    session.log_in,
    session.log_out,
    session.show_audit,
    silences.list_silences,
    silences.make_silence,
    silences.end_silence,
    watched.show_coverage,
    watched.show_spacetime,
    watched.list_tasks,
    ogc.landing,
    ogc.conformance,
    ogc.collections,
    ogc.collection,
    ogc.items,
    ogc.item,
    cap_feed.show_feed,
    cap_feed.show_message,
    health.show_clock,
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
        if settings.silencing is not None:
            await settings.silencing.close()
        if settings.access is not None:
            settings.access.close()

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
            RecursionError: of_depth,
            Exception: of_any,
        },
        lifespan=[looking],
        middleware=_before(settings),
        logging_config=None,
        openapi_config=_description(),
        request_max_body_size=MAX_BODY,
    )
    app.state["console"] = console
    return app


def _before(settings: Settings) -> list[Middleware]:
    """What a request has to pass, in this order."""
    proxy = [] if settings.proxy is None else [settings.proxy]
    gate = [] if settings.access is None else [Gate(settings.access)]
    return [*proxy, Guards(settings.hosts), *gate]


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
