"""`truceline serve`: the console of a store over HTTP."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, UNFINISHED, AgreementsOption, StoreOption, UserError, collect_seldom, say

if TYPE_CHECKING:
    import socket
    from datetime import datetime

    from pipeline.console.settings import CapStatus

PORT = 8571

HostOption = Annotated[
    str, typer.Option("--host", metavar="H", help="The address to listen on: this machine alone, 127.0.0.1 or ::1.")
]
PortOption = Annotated[int, typer.Option("--port", metavar="P", min=0, max=65_535, help="The port; 0 is any free one.")]
CapOption = Annotated[
    str,
    typer.Option(
        "--cap-status",
        metavar="STATUS",
        help="What CAP messages say of themselves: Actual, Exercise, System, Test or Draft.",
    ),
]


def serve(
    store: StoreOption = DEFAULT_STORE,
    agreement: AgreementsOption = [],  # noqa: B006 - typer copies it
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    cap_status: CapOption = "Exercise",
) -> None:
    """Serve the console of a store: alerts as they come, what operators do with them, layers for maps, a CAP feed.

    It reads while `truceline run` writes; acting waits until no run does. Whoever can reach the address can read
    everything and act, so it listens to this machine alone. Ctrl-C stops it.
    """
    from pipeline.cli.console_words import Words
    from pipeline.console import Settings, StoreBackend, create_app
    from pipeline.console import serve as serve_at
    from pipeline.store import open_store

    _check_host(host)
    collect_seldom()
    words = Words(agreement)
    # A store that is not there is told at once; and who asks first does not wait for the agreements.
    with open_store(store) as opened:
        for name in opened.agreements():
            words.agreement(name)
    settings = Settings(telling=words, clock=_now, cap_status=_cap_status(cap_status))
    app = create_app(StoreBackend(store, words.agreement, _now), settings)
    # The server takes the signal that stops it, ends in order, and hands the signal on.
    with _listening(host, port) as at, suppress(KeyboardInterrupt):
        serve_at(app, at, lambda: say(f"{store}: {_address(at)} (Ctrl-C stops it)"))
    say("stopped")


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _check_host(host: str) -> None:
    """Makes sure that nobody else can reach the console.

    Raises:
        UserError: somebody could.
    """
    from pipeline.console.settings import LOOPBACK

    if host not in LOOPBACK:
        raise UserError(
            f"--host {host}: without authentication the console listens to this machine alone (127.0.0.1 or ::1); "
            "to reach it from another, forward the port: ssh -L 8571:127.0.0.1:8571 HOST"
        )


def _cap_status(word: str) -> "CapStatus":
    from typing import get_args

    from pipeline.console.settings import CapStatus

    for known in get_args(CapStatus):
        if word.lower() == known.lower():
            status: CapStatus = known
            return status
    raise UserError(f"--cap-status {word}: one of {', '.join(get_args(CapStatus))}")


def _listening(host: str, port: int) -> "socket.socket":
    from pipeline.console.server import listening

    try:
        return listening(host, port)
    except OSError as error:
        raise UserError(f"cannot listen on {host}, port {port}: {error.strerror or error}", UNFINISHED) from error


def _address(at: "socket.socket") -> str:
    host, port = at.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
