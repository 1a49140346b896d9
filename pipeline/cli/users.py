"""`truceline users`: who may come in to a console, and what each may do there."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import JsonOption, LimitOption, UserError, plural, say, write_data, write_json

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.console.access import AccessFile, Role, Users
    from pipeline.console.access.trail import AuditEntry

app = typer.Typer(help="The users of a console: who may come in, and what each may do there.", no_args_is_help=True)

LONGEST_FILE = 4 << 10

AccessOption = Annotated[
    Path,
    typer.Option("--access", metavar="FILE", envvar="TRUCELINE_ACCESS", help="The file of users (SQLite)."),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.", show_default=False)]
RoleArgument = Annotated[
    str, typer.Argument(metavar="ROLE", help="viewer, operator or supervisor.", show_default=False)
]
PasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="The password is its first line; - is standard input. Without it, it is asked for.",
    ),
]


@app.command("add")
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="viewer, operator or supervisor.")],
    access: AccessOption,
    password_file: PasswordOption = None,
) -> None:
    """Add a user; the file is made where there is none. A password has at least 12 characters, whichever."""
    from pipeline.console.access.users import fit_name

    given = _role(role)
    with _mended():
        fit_name(name)
        password = _password(password_file)
        with _users(access, make=True) as users:
            kept = users.add(name, given, password)
    say(f"{access}: {kept} is {given.word}")


@app.command("list")
def list_users(access: AccessOption, as_json: JsonOption = False) -> None:
    """List the users: name, role, whether he is let in, how many sessions and tokens he has."""
    with _users(access) as users:
        found = users.all()
    if as_json:
        for one in found:
            write_json({**one._asdict(), "role": one.role.word})
        return
    _print(
        ("user", "role", "", "sessions", "tokens", "since"),
        [
            (
                one.name,
                one.role.word,
                "disabled" if one.disabled else "",
                str(one.sessions),
                str(one.tokens),
                _time(one.made_at),
            )
            for one in found
        ],
    )


@app.command("remove")
def remove(name: NameArgument, access: AccessOption) -> None:
    """Remove a user; his sessions and tokens end at once. What he did stays in the record and in the trail."""
    with _mended(), _users(access) as users:
        users.remove(name)
    say(f"{access}: {name} is removed")


@app.command("disable")
def disable(name: NameArgument, access: AccessOption) -> None:
    """Let a user in no more; his sessions and tokens end at once."""
    with _mended(), _users(access) as users:
        users.disable(name)
    say(f"{access}: {name} is not let in")


@app.command("enable")
def enable(name: NameArgument, access: AccessOption) -> None:
    """Let a user in again. He needs new tokens."""
    with _mended(), _users(access) as users:
        users.enable(name)
    say(f"{access}: {name} is let in")


@app.command("password")
def password(name: NameArgument, access: AccessOption, password_file: PasswordOption = None) -> None:
    """Give a user another password; his sessions and tokens end at once."""
    with _mended(), _users(access) as users:
        users.set_password(name, _password(password_file))
    say(f"{access}: {name} has another password")


@app.command("role")
def role(name: NameArgument, role: RoleArgument, access: AccessOption) -> None:
    """Give a user another role; his sessions and tokens end at once."""
    given = _role(role)
    with _mended(), _users(access) as users:
        users.set_role(name, given)
    say(f"{access}: {name} is {given.word}")


@app.command("token")
def token(
    name: NameArgument,
    access: AccessOption,
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="What it is for.")] = "",
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3_650, help="How long it is valid.")] = 90,
) -> None:
    """Make a token, by which a program is let in as a user, and print it: this once, for only its hash is kept."""
    from datetime import timedelta

    with _mended(), _users(access) as users:
        made = users.make_token(name, label, timedelta(days=days))
    write_data(made.encode())
    say(f"{access}: valid for {plural(days, 'day')}, as {name}; keep it as you would a password")


@app.command("tokens")
def tokens(access: AccessOption, as_json: JsonOption = False) -> None:
    """List the tokens that are valid: number, user, label, when each was made, was used last, and ends."""
    with _users(access) as users:
        found = users.tokens()
    if as_json:
        for one in found:
            write_json(one._asdict())
        return
    _print(
        ("number", "user", "label", "made", "used", "until"),
        [
            (
                str(one.number),
                one.user,
                one.label,
                _time(one.made_at),
                "never" if one.used_at is None else _time(one.used_at),
                _time(one.expires_at),
            )
            for one in found
        ],
    )


@app.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `truceline users tokens` has it.")],
    access: AccessOption,
) -> None:
    """End a token, at once."""
    with _mended(), _users(access) as users:
        users.revoke(number)
    say(f"{access}: token {number} is revoked")


@app.command("audit")
def audit(access: AccessOption, limit: LimitOption = None, as_json: JsonOption = False) -> None:
    """Print the trail: when, who with which role, from where, what, about what, and what came of it."""
    from pipeline.console.access.trail import Trail

    with _opened(access) as file:
        for entry in Trail(file, _now).all(limit):
            if as_json:
                write_json(entry)
            else:
                write_data(_line(entry).encode())


def _line(entry: "AuditEntry") -> str:
    from pipeline.cli.words import safe

    who = f"{entry.user} ({entry.role})" if entry.role else entry.user or "-"
    said = f"{entry.what} {entry.about}".rstrip()
    return f"{_time(entry.at)}  {safe(who)}  {safe(entry.address) or '-'}  {safe(said)}: {safe(entry.outcome)}"


@contextmanager
def _opened(path: Path, *, make: bool = False) -> "Iterator[AccessFile]":
    from pipeline.console.access import NoAccessError, open_access

    try:
        file = open_access(path, make=make)
    except NoAccessError as error:
        raise UserError(str(error)) from error
    with file:
        yield file


@contextmanager
def _users(path: Path, *, make: bool = False) -> "Iterator[Users]":
    from pipeline.console.access import Passwords, Users

    with _opened(path, make=make) as file:
        yield Users(file, _now, Passwords())


@contextmanager
def _mended() -> Iterator[None]:
    """Has the user told what will not do."""
    from pipeline.console.access.users import UnfitError

    try:
        yield
    except UnfitError as error:
        raise UserError(str(error)) from error


def _role(word: str) -> "Role":
    from pipeline.console.access import Role

    try:
        return Role.of(word)
    except KeyError as error:
        raise UserError(f"there is no role {word!r}; there are: {', '.join(one.word for one in Role)}") from error


def _password(path: Path | None) -> str:
    """A password, out of a file or asked for twice."""
    if path is not None:
        return _first_line(path)
    if not sys.stdin.isatty():
        raise UserError("nobody is there to be asked for a password; give it with --password-file, - being this input")
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return given


def _first_line(path: Path) -> str:
    try:
        if str(path) == "-":
            read = sys.stdin.buffer.read(LONGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                read = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"--password-file {path}: {error.strerror or error}") from error
    if len(read) > LONGEST_FILE:
        raise UserError(f"--password-file {path}: this is more than a password")
    try:
        return read.decode().split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UserError(f"--password-file {path}: this is no UTF-8") from error


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from pipeline.cli.words import safe

    table = [headings, *([safe(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        write_data(line.rstrip().encode())


def _time(moment: "datetime") -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)
