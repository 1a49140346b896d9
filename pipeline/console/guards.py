"""What holds for every answer, whoever gives it: who may ask under which name, and what a browser may do with it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from pipeline.console.problems import MEDIA_TYPE, Problem, ProblemError

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self'"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guards:
    """Refuses a request under a name that is not ours, or that another site's page has made to change something.

    Args:
        hosts: the names by which the console may be called.
    """

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """The application, guarded."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return

            async def send_on(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = MutableScopeHeaders.from_message(message)
                    for name, value in _HEADERS.items():
                        headers.setdefault(name, value)
                    headers.setdefault("Cache-Control", "no-store")
                await send(message)

            refused = self._refusal(Headers.from_scope(scope), scope["method"])
            if refused is None:
                await app(scope, receive if scope["method"] in SAFE else _whole(receive), send_on)
            else:
                await refuse(refused, send_on)

        return guarded

    def _refusal(self, headers: Headers, method: str) -> Problem | None:
        host = headers.get("host", "")
        if _name_in(host) not in self._hosts:
            return Problem(title="Misdirected Request", status=421, detail="this server does not go by that name")
        if method in SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return Problem(title="Forbidden", status=403, detail="another site's page may change nothing here")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        # What is deleted has no body; and no other site's page can ask for that unless it is allowed to.
        if kind != "application/json" and (kind or method != "DELETE"):
            return Problem(title="Unsupported Media Type", status=415, detail="send application/json")
        return None


def _whole(receive: Receive) -> Receive:
    """What is received, of one who may go before he has said all: that is no error of ours."""
    over = False

    async def receive_on() -> ReceiveMessage:
        nonlocal over
        message = await receive()
        if message["type"] == "http.disconnect" and not over:
            raise ProblemError(400, "cut_short", "the request ended before it was whole")
        over = over or (message["type"] == "http.request" and not message["more_body"])
        return message

    return receive_on


def _name_in(host: str) -> str:
    """The name in a Host header, without the port."""
    name, colon, port = host.rpartition(":")
    without = name if colon and port.isdigit() else host
    return without.removeprefix("[").removesuffix("]").lower()


async def refuse(problem: Problem, send: Send, headers: Mapping[str, str] | None = None) -> None:
    """Answers with a problem, without asking the application."""
    body = msgspec.json.encode(problem)
    told = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **(headers or {})}
    about = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": about})
    await send({"type": "http.response.body", "body": body, "more_body": False})
