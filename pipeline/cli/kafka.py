"""`truceline kafka`: a broker on this machine, for those who have none."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import UNFINISHED, JsonOption, UserError, say, write_data, write_json
from pipeline.cli.serve_kafka import mirror

if TYPE_CHECKING:
    from pipeline.stream.broker_config import Secured

app = typer.Typer(
    help="A Kafka broker on this machine: up, down, status; and a store that mirrors a broker's topics.",
    no_args_is_help=True,
)
app.command("mirror")(mirror)

PASSWORD_VARIABLE = "TRUCELINE_KAFKA_PASSWORD"

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="The broker's own folder.  [default: truceline/kafka in the user's data folder]",
        show_default=False,
    ),
]


@app.command("up")
def up(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="P",
            min=1,
            max=65535,
            help="Of the loopback.  [default: that of the last time, or 9092]",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    secured_port: Annotated[
        int | None,
        typer.Option(
            "--secured-port",
            metavar="P",
            min=1,
            max=65535,
            help="A second port, for clients that use TLS and give a name and a password (SASL_SSL, SCRAM).",
        ),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="NAME", help="Whom the second port lets in.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            help=f"A file with the password in its first line. Otherwise {PASSWORD_VARIABLE} has it.",
        ),
    ] = None,
) -> None:
    """Starts a Kafka broker, waits until it answers, and prints its bootstrap servers.

    It is Apache Kafka, one node, reached from this machine alone, and it goes on when the command has ended. The first
    start fetches it through Maven (43 MB) and needs Java 17 or later. Where it runs already, nothing changes.
    """
    from pipeline.stream import broker

    folder = _folder(data)
    secured = _secured(secured_port, user, password_file)
    before = broker.running(folder)
    asked = port is not None or secured is not None
    found = before if before and not asked else broker.start(folder, port or broker.last_port(folder), secured, say)
    say(f"Kafka {found.kafka} {'runs already' if before else 'is ready'}, process {found.pid}, in {folder}")
    if found.secured is not None:
        say(f"with a password: {found.secured} ({found.protocol}); its authority: {found.authority}")
    write_data(found.bootstrap.encode())


@app.command("down")
def down(data: DataOption = None) -> None:
    """Stops the broker; its data stay for the next start."""
    from pipeline.stream import broker

    folder = _folder(data)
    stopped = broker.stop(folder)
    say(f"the broker in {folder} is stopped" if stopped else f"no broker runs in {folder}")


@app.command("status")
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Prints the bootstrap servers of the broker that runs; exit 1 where none does, or it does not answer."""
    from pipeline.stream import broker

    folder = _folder(data)
    found = broker.running(folder)
    if found is None:
        raise UserError(f"no broker runs in {folder}", UNFINISHED)
    if not broker.is_ready(found):
        raise UserError(f"{found.bootstrap}: the broker in {folder} (process {found.pid}) does not answer", UNFINISHED)
    if as_json:
        told = {
            "bootstrap": found.bootstrap,
            "secured": found.secured,
            "protocol": found.protocol,
            "authority": found.authority,
            "kafka": found.kafka,
            "pid": found.pid,
            "data": str(folder),
        }
        write_json(told)
    else:
        write_data(found.bootstrap.encode())


def _folder(data: Path | None) -> Path:
    from pipeline.stream.broker_files import data_folder

    return (data or data_folder()).absolute()


def _secured(port: int | None, user: str | None, password_file: Path | None) -> "Secured | None":
    from pipeline.stream.broker_config import Secured

    if port is None:
        if user is not None or password_file is not None:
            raise UserError("a user and a password are for a second port; name it with --secured-port")
        return None
    if not user:
        raise UserError("--secured-port: whom it lets in is missing; name them with --user")
    return Secured(port, "SASL_SSL", user, _password(password_file))


def _password(file: Path | None) -> str:
    if file is None:
        found = os.environ.get(PASSWORD_VARIABLE, "")
        if not found:
            raise UserError(f"the password is missing; put it in {PASSWORD_VARIABLE}, or in a file (--password-file)")
        return found
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not lines or not lines[0]:
        raise UserError(f"{file}: its first line has no password")
    return lines[0]
