"""A proxy that ends TLS before the console: it alone is believed when it says who asks."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from pipeline.console.guards import refuse
from pipeline.console.problems import Problem

_HEALTH = frozenset({"/healthz", "/readyz"})
_LOGIN = "/api/session"
_Address = IPv4Address | IPv6Address


class Proxy:
    """Takes from the proxy's headers who asks and by which scheme, and refuses whoever comes past it.

    Args:
        at: its address, or the network that it is in.
    """

    def __init__(self, at: str) -> None:
        self.network: IPv4Network | IPv6Network = ip_network(at, strict=False)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """The application behind the proxy."""

        async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == ScopeType.HTTP:
                peer = _parsed((scope.get("client") or ("", 0))[0])
                if peer is not None and self._is_proxy(peer):
                    self._believe(scope, peer)
                    if scope["method"] == "POST" and scope["path"] == _LOGIN and _scheme(scope) == "http":
                        said = "this password crossed the network for all to read; log in by https"
                        await refuse(Problem(title="Forbidden", status=403, detail=said), send)
                        return
                elif (peer is None or not peer.is_loopback) and scope["path"] not in _HEALTH:
                    said = "this server is reached through its proxy, which encrypts; not by its own address"
                    await refuse(Problem(title="Forbidden", status=403, detail=said), send)
                    return
            await app(scope, receive, send)

        return proxied

    def _is_proxy(self, address: _Address) -> bool:
        return address.version == self.network.version and address in self.network

    def _believe(self, scope: Scope, peer: _Address) -> None:
        headers = Headers.from_scope(scope)
        scope["client"] = (str(self._asker(headers.getall("x-forwarded-for", []), peer)), 0)
        if _scheme(scope) == "https":
            scope["scheme"] = "https"

    def _asker(self, told: Sequence[str], peer: _Address) -> _Address:
        """Who asked the proxy: the last that it, or a proxy before it, was asked by; what stands before is hearsay."""
        for text in reversed(",".join(told).split(",")):
            found = _parsed(text.strip())
            if found is None:
                return peer
            if not self._is_proxy(found):
                return found
        return peer


def _scheme(scope: Scope) -> str:
    """By which scheme the proxy was asked; empty where it does not say."""
    told = ",".join(Headers.from_scope(scope).getall("x-forwarded-proto", []))
    return told.rpartition(",")[2].strip().lower()


def _parsed(text: str) -> _Address | None:
    """An address; one of IPv4 as IPv6 has it is one of IPv4."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
