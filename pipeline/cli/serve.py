"""`truceline serve`: the console of a store over HTTP."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, AgreementsOption, StoreOption, UserError, collect_seldom, say
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.console.settings import CapStatus
    from pipeline.console.silencing import Silencing

PORT = 8571

HostOption = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="H",
        help="The address to listen on. Another than this machine's own, 127.0.0.1 or ::1, needs --access, and "
        "--tls-cert or --behind-proxy.",
    ),
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
AccessOption = Annotated[
    Path | None,
    typer.Option(
        "--access",
        metavar="FILE",
        envvar="TRUCELINE_ACCESS",
        help="The file of users (`truceline users`): whoever asks has to log in. Without it, whoever reaches the "
        "address can do everything.",
        show_default=False,
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", help="The server's certificate and those that vouch for it (PEM)."),
]
KeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key (PEM, without a password).")
]
NamesOption = Annotated[
    list[str],
    typer.Option("--name", metavar="HOST", help="A further name by which browsers call it. May be repeated."),
]
ProxyOption = Annotated[
    str | None,
    typer.Option(
        "--behind-proxy",
        metavar="ADDRESS",
        help="The address or network of the proxy that ends TLS: it alone is believed in X-Forwarded-For and "
        "X-Forwarded-Proto, and nobody comes past it.",
    ),
]


AlertmanagerOption = Annotated[
    str | None,
    typer.Option(
        "--alertmanager",
        metavar="URL",
        help="The Alertmanager to which `truceline notify` tells of alerts: its silences are shown, made and ended.",
        show_default=False,
    ),
]


def serve(  # noqa: PLR0913, PLR0917 - each is an option
    store: StoreOption = DEFAULT_STORE,
    agreement: AgreementsOption = [],  # noqa: B006 - typer copies it
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    access: AccessOption = None,
    tls_cert: CertificateOption = None,
    tls_key: KeyOption = None,
    names: NamesOption = [],  # noqa: B006 - typer copies it
    behind_proxy: ProxyOption = None,
    alertmanager: AlertmanagerOption = None,
    cap_status: CapOption = "Exercise",
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
) -> None:
    """Serve the console of a store: alerts as they come, what operators do with them, layers for maps, a CAP feed.

    It reads, and operators act, while `truceline run` writes. Without users (--access) whoever can reach the address
    can read everything and act, so it listens to this machine alone. Over Kafka (--kafka, or TRUCELINE_KAFKA where
    there is no store) the store is kept as the broker's topics are, and acts go to the workers. Ctrl-C stops it.
    """
    from pipeline.cli.console_words import Words
    from pipeline.cli.serving import address, listening, reach, reading
    from pipeline.console import Settings, create_app
    from pipeline.console import serve as serve_at

    reached = reach(host, names, access, (tls_cert, tls_key), behind_proxy)
    status = _cap_status(cap_status)
    collect_seldom()
    words = Words(agreement)
    with reading(store, words, (config, kafka), _now) as backend:
        settings = Settings(
            telling=words,
            clock=_now,
            hosts=reached.hosts(),
            cap_status=status,
            access=reached.users(_now),
            silencing=_silencing(alertmanager),
            proxy=reached.proxy,
        )
        app = create_app(backend, settings)
        # The server takes the signal that stops it, ends in order, and hands the signal on.
        with listening(host, port) as at, suppress(KeyboardInterrupt):
            serve_at(app, at, lambda: say(f"{store}: {address(at, reached.tls)} (Ctrl-C stops it)"), reached.tls)
    say("stopped")


def _silencing(url: str | None) -> "Silencing | None":
    if url is None:
        return None
    from pipeline.console.silencing import Silencing
    from pipeline.notify.addresses import address_problem
    from pipeline.notify.alertmanager import Alertmanager

    if problem := address_problem(url, plain=False):
        raise UserError(f"--alertmanager: {problem}")
    return Silencing(Alertmanager(url), _now)


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _cap_status(word: str) -> "CapStatus":
    from typing import get_args

    from pipeline.console.settings import CapStatus

    for known in get_args(CapStatus):
        if word.lower() == known.lower():
            status: CapStatus = known
            return status
    raise UserError(f"--cap-status {word}: one of {', '.join(get_args(CapStatus))}")
