"""The stream of changes as server-sent events: resumed where it broke off, cut off where nobody takes it."""

import asyncio
from contextlib import suppress
from typing import Annotated

from litestar import get
from litestar.enums import ScopeType
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from pipeline.console.core import Console, Given
from pipeline.console.problems import invalid

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@get("/api/events", sync_to_thread=False, tags=["alerts"])
def events(
    console: Given,
    after: Annotated[int | None, QueryParameter(ge=0, le=2**53)] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=40)] = None,
) -> ASGIApp:
    """Every change of an alert, as server-sent events: from now on, or after an entry, of which 0 is the beginning.

    The id of an event is the number of the last entry that is in it; `Last-Event-ID` goes before `after`. Events are
    `position` (where the stream begins), `alerts` (a list of changes), `alive` (all is well, nothing changed), and
    `reset` (the store is another than the one that was listened to: read everything anew).
    """
    return _Stream(console, _number(last_event_id) if last_event_id else after)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise invalid("Last-Event-ID is the number of an entry", "Last-Event-ID")
    return int(text)


class _Stream:
    """One listener."""

    def __init__(self, console: Console, after: int | None) -> None:
        self._console, self._after = console, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        telling = asyncio.create_task(self._tell(send))
        leaving = asyncio.create_task(_left(receive))
        self._console.metrics.listening(1)
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._console.metrics.listening(-1)
            for task in (telling, leaving):
                task.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        cut_s = self._console.settings.cut_s
        async for body in self._console.hub.pieces(self._after):
            try:
                async with asyncio.timeout(cut_s):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            except TimeoutError:
                self._console.metrics.cut()
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(cut_s):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    """Until the listener has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
