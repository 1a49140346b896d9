"""Connections: not more than there is room for, not all of them one address's, and none that says or takes nothing."""

import asyncio
import logging
import resource
import socket
import time
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from pipeline.console.access.attempts import near_of

RESERVED = 128
"""Files that the server itself has open: the store, the users, what it asks others with."""

MOST = 4_096
SHARE = 4
"""Where there are users, one address has at most this part of the connections."""

HEAD_S = 10.0
"""For so long one may say nothing, or less than a request's head."""

STUCK_S = 30.0
"""For so long one may take nothing of what he is sent."""

SELDOM_S = 60.0
_CAUSED_BY_STRANGERS = (
    "socket.accept() out of system resource",
    "socket.send() raised exception",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
    "No supported WebSocket library",
    "ASGI callable returned without completing response",
)


class Door(socket.socket):
    """A socket that listens, and lets in as many as there is room for; who comes then is sent away at once.

    Attributes:
        most: so many connections at a time.
        each: so many of them from one address.
        stuck_s: one who takes nothing of what he is sent for so long has gone.
    """

    stuck_s = STUCK_S

    def __init__(self, at: socket.socket) -> None:
        super().__init__(at.family, at.type, at.proto, fileno=at.detach())
        self.most = self.each = room()
        self._inside: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """Lets one in.

        Raises:
            ConnectionAbortedError: there was no room for him.
        """
        taken, address = super().accept()
        near = near_of(str(address[0]).partition("%")[0])
        if self._inside.total() >= self.most or self._inside[near] >= self.each:
            taken.close()
            raise ConnectionAbortedError
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # A connection that is closed while its end takes nothing would stay for ever, whatever is asked of it here.
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self.stuck_s * 1_000))
        self._inside[near] += 1
        return _Inside(taken, self, near), address

    def leave(self, near: str) -> None:
        """One who was let in has gone."""
        self._inside[near] -= 1
        if not self._inside[near]:
            del self._inside[near]


class _Inside(socket.socket):
    """The connection of one who was let in."""

    def __init__(self, taken: socket.socket, door: Door, near: str) -> None:
        super().__init__(taken.family, taken.type, taken.proto, fileno=taken.detach())
        self._door: Door | None = door
        self._near = near

    def close(self) -> None:
        """Closes it."""
        super().close()
        door, self._door = self._door, None
        if door is not None:
            door.leave(self._near)


def room() -> int:
    """How many connections there is room for: with one more file than the system allows nobody at all is let in."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else max(16, min(MOST, allowed - RESERVED))


class Protocol(H11Protocol):
    """HTTP with one who has to say what he wants; that he takes what he is sent, the system sees to."""

    head_s = HEAD_S
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One has come."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """He says something."""
        super().data_received(data)
        self._await_head()

    def _await_head(self) -> None:
        # What goes on between a request's head and its answer's end is the application's to time.
        if self._is_answering():
            self._head = _cancelled(self._head)
        elif self._head is None:
            self._head = self.loop.call_later(self.head_s, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if not self._is_answering():
            self.transport.abort()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        """He has gone."""
        self._head = _cancelled(self._head)
        super().connection_lost(exc)


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None


class Seldom(logging.Filter):
    """What any stranger can have the log say, it says once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is said."""
        begun = next((one for one in _CAUSED_BY_STRANGERS if str(record.msg).startswith(one)), None)
        if begun is None:
            return True
        now_s = time.monotonic()
        if now_s - self._said_s.get(begun, -SELDOM_S) < SELDOM_S:
            return False
        self._said_s[begun] = now_s
        return True
