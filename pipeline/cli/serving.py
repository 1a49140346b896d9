"""By whom a console may be reached: what `truceline serve` is told of it, checked before anybody is let in."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.cli.common import UNFINISHED, UserError, say

if TYPE_CHECKING:
    import socket
    from datetime import datetime

    from pipeline.cli.console_words import Words
    from pipeline.console import Backend
    from pipeline.console.access import Access
    from pipeline.console.proxy import Proxy
    from pipeline.console.server import Tls

EVERYWHERE = frozenset({"0.0.0.0", "::"})
FORWARD = "to reach it from another, forward the port: ssh -L 8571:127.0.0.1:8571 HOST"


class Reach(NamedTuple):
    """How a console is reached.

    Attributes:
        names: by which browsers may call it, beside this machine's own.
    """

    host: str
    names: frozenset[str]
    tls: "Tls | None"
    proxy: "Proxy | None"
    access: Path | None

    def check(self) -> None:
        """Makes sure that nobody reaches the console who does not have to say who he is, or whom others overhear.

        Raises:
            UserError: somebody could.
        """
        from pipeline.console.settings import LOOPBACK

        if self.access is None and (self.proxy is not None or self.names):
            raise UserError(
                "--name and --behind-proxy let others reach the console, and without --access each of them could do "
                "everything: make users with `truceline users add`"
            )
        if self.host in LOOPBACK:
            return
        if self.access is None:
            raise UserError(
                f"--host {self.host}: without users the console listens to this machine alone (127.0.0.1 or ::1). "
                f"Make users with `truceline users add` and name them with --access; or {FORWARD}"
            )
        if self.tls is None and self.proxy is None:
            raise UserError(
                f"--host {self.host}: passwords would cross the network for all to read; give --tls-cert and "
                f"--tls-key, or say with --behind-proxy who encrypts; or {FORWARD}"
            )
        if self.host in EVERYWHERE and not self.names:
            raise UserError(f"--host {self.host}: say with --name by which name browsers call it")

    def users(self, clock: "Callable[[], datetime]") -> "Access | None":
        """Its users; None where whoever reaches it may do everything.

        Raises:
            UserError: there are none.
        """
        if self.access is None:
            return None
        from pipeline.console.access import Access, NoAccessError, Passwords, Users, open_access

        try:
            file = open_access(self.access)
        except NoAccessError as error:
            raise UserError(str(error)) from error
        passwords = Passwords()
        if all(one.disabled for one in Users(file, clock, passwords).all()):
            file.close()
            raise UserError(f"{self.access}: nobody could log in; add a user with `truceline users add`")
        secure = self.tls is not None or self.proxy is not None
        return Access(file, clock, passwords=passwords, secure=secure)

    def hosts(self) -> frozenset[str]:
        """All the names by which it may be called."""
        from pipeline.console.settings import LOOPBACK

        return LOOPBACK | self.names | ({self.host.lower()} - EVERYWHERE)


def reach(
    host: str, names: Sequence[str], access: Path | None, tls: tuple[Path | None, Path | None], proxy: str | None
) -> Reach:
    """How a console is reached, as options say it.

    Args:
        tls: the files of the certificate and of its key.

    Raises:
        UserError: they make no sense, or let somebody in who should not be.
    """
    for name in names:
        if not name or "/" in name or " " in name or (":" in name and name.count(":") < 2):
            raise UserError(f"--name {name}: the name alone, as truceline.example.org, without scheme and port")
    found = Reach(host, frozenset(name.lower() for name in names), _tls(*tls), _proxy(proxy), access)
    found.check()
    return found


def _tls(certificate: Path | None, key: Path | None) -> "Tls | None":
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UserError("--tls-cert and --tls-key go together")
    from pipeline.console.server import Tls

    tls = Tls(certificate, key)
    for path in tls:
        if not path.is_file():
            raise UserError(f"{path}: there is no such file")
    try:
        tls.check()
    except OSError as error:
        said = f"{certificate} and {key}: not a certificate and its key, both PEM, the key without a password"
        raise UserError(f"{said} ({error.strerror or error})") from error
    return tls


def _proxy(at: str | None) -> "Proxy | None":
    if at is None:
        return None
    from pipeline.console.proxy import Proxy

    try:
        return Proxy(at)
    except ValueError as error:
        raise UserError(f"--behind-proxy {at}: an address or a network, as 127.0.0.1 or 10.0.3.0/24") from error


def listening(host: str, port: int) -> "socket.socket":
    """A socket that listens.

    Raises:
        UserError: it cannot be had.
    """
    from pipeline.console.server import listening as listening_at

    try:
        return listening_at(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "another program listens there; --port 0 takes a free one"
        else:
            why = error.strerror or str(error)
        raise UserError(f"cannot listen on {host}, port {port}: {why}", UNFINISHED) from error


def address(at: "socket.socket", tls: "Tls | None") -> str:
    """What to open in a browser."""
    host, port = at.getsockname()[:2]
    scheme = "http" if tls is None else "https"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


@contextmanager
def reading(
    store: Path,
    words: "Words",
    broker: tuple[Path | None, str | None],
    clock: "Callable[[], datetime]",
    tell: Callable[[str], None] = say,
) -> "Iterator[Backend]":
    """A store, once it is there to be read and who asks first need not wait for the agreements.

    Args:
        broker: the options `--config` and `--kafka`: where a broker is meant, the store mirrors its topics.
        tell: is told how it goes with the broker.
    """
    from pipeline.cli.serve_kafka import is_meant, mirrored
    from pipeline.console import StoreBackend
    from pipeline.store import open_store

    with ExitStack() as stack:
        backend: Backend = StoreBackend(store, words.agreement, clock)
        if is_meant(*broker, store):
            backend = stack.enter_context(mirrored(*broker, store, tell))
        with open_store(store) as opened:
            for name in opened.agreements():
                words.agreement(name)
        yield backend
