"""The page that Prometheus reads: where it is served, and until when."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server


class AddressError(Exception):
    """An address to listen on that cannot be.

    Attributes:
        taken: it is well written, and something else listens there already.
    """

    def __init__(self, message: str, *, taken: bool = False) -> None:
        super().__init__(message)
        self.taken = taken


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; without a host, this machine alone.

    >>> parse_address("0.0.0.0:9464"), parse_address(":9464"), parse_address("[::1]:9464")
    (('0.0.0.0', 9464), ('127.0.0.1', 9464), ('::1', 9464))

    Raises:
        AddressError: it is no address.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise AddressError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:9464")
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def served(registry: CollectorRegistry, address: str) -> Iterator[str]:
    """Serves a registry at `address` under /metrics until the block ends; gives the page's URL.

    Raises:
        AddressError: the address is none, or is taken.
    """
    host, port = parse_address(address)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except (socket.gaierror, UnicodeError) as error:
        raise AddressError(f"{address}: there is no host {host!r}") from error
    except OSError as error:
        raise AddressError(f"{address}: cannot listen there: {error.strerror or error}", taken=True) from error
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
