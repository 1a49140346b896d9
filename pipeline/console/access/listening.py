"""Who listens may do so for as long as he may come in: a stream ends when its session does."""

import asyncio
from collections.abc import Awaitable, Callable

from litestar.types import Message, Receive, ReceiveMessage, Send

from pipeline.console.access.access import Access
from pipeline.console.access.file import AccessError
from pipeline.console.access.sessions import Person


class Listening:
    """One who listens: to the stream he is gone when he may not listen any more."""

    def __init__(self, access: Access, person: Person, receive: Receive, send: Send) -> None:
        self._access, self._person, self._receive, self._send = access, person, receive, send
        self._over = asyncio.Event()
        self._whole = False

    async def serve(self, stream: Callable[[Receive, Send], Awaitable[None]]) -> None:
        """Has him told, until the stream ends."""
        watching = asyncio.create_task(self._watch())
        try:
            await stream(self._receive_or_over, self._send_on)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        if self._over.is_set() and not self._whole:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._access.tick_s)
            try:
                if not await self._access.still(self._person):
                    break
            except AccessError:
                # Whether he may cannot be told: then he may not.
                break
        self._over.set()

    async def _receive_or_over(self) -> ReceiveMessage:
        over = asyncio.ensure_future(self._over.wait())
        coming = asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({over, coming}, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else {"type": "http.disconnect"}
        finally:
            for one in (over, coming):
                one.cancel()

    async def _send_on(self, message: Message) -> None:
        self._whole = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)
