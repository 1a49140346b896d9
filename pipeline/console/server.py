"""The server: uvicorn on one address, which ends its open streams before it waits for anybody."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.console.app import console_of
from pipeline.console.connections import SHARE, Door, Protocol, Seldom
from pipeline.console.problems import MEDIA_TYPE, ProblemError

SEND_BUFFER_BYTES = 128 << 10

LAST_S = 1
"""Whoever is still being answered when the server is told to stop has so long."""


_TALKERS = ("asyncio", "uvicorn.error")


class Tls(NamedTuple):
    """A certificate with those that vouch for it, and its key: PEM files."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Makes sure that a server can be started with it.

        Raises:
            OSError: a file cannot be read, or the two do not belong together (`ssl.SSLError`).
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Nobody is there to be asked for a key's password: without one, a key that has one is refused.
        context.load_cert_chain(self.certificate, self.key, password=lambda: "")


class Server(uvicorn.Server):
    """A server of the console; streams end as soon as it is told to stop.

    Args:
        tls: how it proves who it is; without it, nothing is encrypted here.
    """

    def __init__(self, app: Litestar, tls: Tls | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                _ending_quietly(app),
                # The door and the protocol are made for this loop, whatever else is installed.
                loop="asyncio",
                http=Protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=LAST_S,
                lifespan="on",
                ws="none",
                # Who asks through a proxy is settled in `proxy`, or not at all.
                proxy_headers=False,
                ssl_certfile=None if tls is None else str(tls.certificate),
                ssl_keyfile=None if tls is None else str(tls.key),
            )
        )
        console = console_of(app)
        self._hub, self._seldom = console.hub, Seldom()
        # Through a proxy all come from its address; without users all are on this machine.
        self._shares = console.settings.access is not None and console.settings.proxy is None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins."""
        for name in _TALKERS:
            logging.getLogger(name).addFilter(self._seldom)
        for one in sockets or []:
            if isinstance(one, Door) and self._shares:
                one.each = max(1, one.most // SHARE)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends."""
        self._hub.stop()
        await super().shutdown(sockets)
        for name in _TALKERS:
            logging.getLogger(name).removeFilter(self._seldom)


def _ending_quietly(app: ASGIApp) -> ASGIApp:
    """The application, of which requests may be cut short: that is no error of theirs, and whoever asked is told."""

    async def ending(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, send_on)
        except asyncio.CancelledError:
            # An answer that has begun is broken off by the server, which says so in a line.
            if not begun:
                await _tell_of_the_end(send)

    return ending


async def _tell_of_the_end(send: Send) -> None:
    said = msgspec.json.encode(ProblemError(503, "ending", "the server is ending: ask when it is back").problem)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"retry-after", b"5"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": said, "more_body": False})


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, before anything is said of it; port 0 is any that is free.

    Raises:
        OSError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    at = socket.create_server((host, port), family=family, backlog=256)
    # Those who are let in inherit it: what the system holds for one who takes nothing stays little.
    at.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return Door(at)


def serve(app: Litestar, at: socket.socket, ready: Callable[[], None] = lambda: None, tls: Tls | None = None) -> None:
    """Serves until the process is told to stop (SIGINT, SIGTERM).

    Args:
        ready: is called before the first request is taken.
    """
    server = Server(app, tls)
    ready()
    server.run(sockets=[at])
