"""The server: uvicorn on one address, which ends its open streams before it waits for anybody."""

import socket
from collections.abc import Callable

import uvicorn
from litestar import Litestar

from pipeline.console.app import console_of

SEND_BUFFER_BYTES = 128 << 10

LAST_S = 1
"""Whoever is still being answered when the server is told to stop has so long."""


class Server(uvicorn.Server):
    """A server of the console; streams end as soon as it is told to stop."""

    def __init__(self, app: Litestar) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=LAST_S,
                lifespan="on",
                ws="none",
            )
        )
        self._hub = console_of(app).hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends."""
        self._hub.stop()
        await super().shutdown(sockets)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, before anything is said of it; port 0 is any that is free.

    Raises:
        OSError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    at = socket.create_server((host, port), family=family, backlog=256)
    # Those who are let in inherit it: what the system holds for one who takes nothing stays little.
    at.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    return at


def serve(app: Litestar, at: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serves until the process is told to stop (SIGINT, SIGTERM).

    Args:
        ready: is called before the first request is taken.
    """
    server = Server(app)
    ready()
    server.run(sockets=[at])
