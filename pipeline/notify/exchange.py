"""Requests to others' servers: each ends within its time whatever the other does, and no answer is read without end."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import NamedTuple

import httpx

TIMEOUT_S = 10.0
"""A request that is not answered whole by then has failed."""

MOST_BYTES = 64 << 10
"""So much of an answer is read."""


class NoAnswerError(Exception):
    """Nobody answered, or not in time, or not in HTTP. It names no address: an address may hold a secret."""


class Answer(NamedTuple):
    """What the other said. `whole` is whether the body was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def taken(self) -> bool:
        """Whether the other says that all is well."""
        return 200 <= self.status < 300


class Exchange:
    """Asks one server. It is bound to the event loop in which it asks first.

    It follows no redirects, since what was meant for one address is not to be told to another, keeps no cookies, and
    heeds no proxy of the environment's.

    Args:
        authorization: what goes in the header of that name; a secret.
        ca_file: who vouches for the server (PEM); without it, those whom the system trusts.
        timeout_s: for a request and its answer together.
        transport: what carries requests, in place of the network.

    Raises:
        OSError: `ca_file` cannot be read, or is none.
    """

    def __init__(
        self,
        *,
        authorization: str | None = None,
        ca_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
        most_bytes: int = MOST_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._timeout_s, self._most_bytes = timeout_s, most_bytes
        # What is packed small could be large: nothing is to be unpacked.
        headers = {"User-Agent": "truceline", "Accept-Encoding": "identity"}
        if authorization is not None:
            headers["Authorization"] = authorization
        self._client = httpx.AsyncClient(
            headers=headers,
            verify=_trusting(ca_file),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            transport=transport,
        )

    async def ask(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Sends a request and reads the answer, or the beginning of a long one.

        Raises:
            NoAnswerError: there is none.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(method, url, body, headers or {}, params)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswerError(f"no answer within {self._timeout_s:g} s") from error
        except httpx.ConnectError as error:
            raise NoAnswerError(f"cannot connect: {_plain(error)}") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NoAnswerError(f"the connection broke: {_plain(error)}") from error

    async def _ask(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], params: Sequence[tuple[str, str]]
    ) -> Answer:
        # No parameters, as against none given, would take away what the address itself asks for.
        query = tuple(params) or None
        asked = self._client.stream(method, url, content=body, headers=dict(headers), params=query)
        async with asked as response:
            said, whole = bytearray(), True
            async for part in response.aiter_raw():
                said += part
                if len(said) > self._most_bytes:
                    whole = False
                    break
            return Answer(response.status_code, response.headers, bytes(said[: self._most_bytes]), whole)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


@cache
def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    """What vouches for servers; the system's own list is long, and read once."""
    return ssl.create_default_context(cafile=ca_file)


def _plain(error: Exception) -> str:
    """An error in a few words."""
    return (str(error) or type(error).__name__)[:200]
