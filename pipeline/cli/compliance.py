"""`truceline compliance`: how the provisions that remember stand."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, JsonOption, StoreOption, UserError, data_console, say, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pipeline.agreement import Agreement
    from pipeline.model.records import Progress
    from pipeline.store import Store

AgreementsText = Annotated[
    list[str] | None,
    typer.Option(
        "-a",
        "--agreement",
        metavar="AGREEMENT",
        help="A shipped name or a TOML file; may be repeated; else those by which the store was judged.",
    ),
]
OnText = Annotated[
    str | None,
    typer.Option("--on", metavar="DAY", help="At the end of this reporting day, as 2017-03-25; else of the last."),
]

STYLES = {"kept": "green", "broken": "bold red", "indeterminate": "yellow", "pending": "dim"}


def show_compliance(
    agreement: AgreementsText = None, store: StoreOption = DEFAULT_STORE, on: OnText = None, as_json: JsonOption = False
) -> None:
    """Show how the provisions that remember stand: ceilings, quiet days, schedules, standing violations."""
    from pipeline.store import open_store
    from pipeline.store.compliance import compliance

    day = _day(on)
    with open_store(store) as opened:
        told = [one for named in _agreements(opened, agreement) for one in compliance(opened, named, day)]
    if as_json:
        for one in told:
            write_json(one)
    elif told:
        _print(told)
    else:
        say("no provision of these agreements remembers: each is judged by one incident")


def _agreements(store: "Store", named: "Sequence[str] | None") -> "list[Agreement]":
    """The agreements that are asked for.

    Raises:
        UserError: none was named, and the store was judged by none.
    """
    from pipeline.agreement import AgreementError, load_agreement

    judged = named or list(store.agreements())
    if not judged:
        raise UserError(f"{store.path}: was judged by no agreement; name one with --agreement")
    try:
        return [load_agreement(name) for name in judged]
    except AgreementError as error:
        if named:
            raise
        raise UserError(f"{error}; name the agreement's file with --agreement") from error


def _day(text: str | None) -> "date | None":
    from datetime import date

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--on {str(text)[:60]}: write a day as 2017-03-25") from error


def _print(told: "Sequence[Progress]") -> None:
    from rich.table import Table
    from rich.text import Text

    console = data_console()
    for name, day in dict.fromkeys((one.agreement, one.day) for one in told):
        table = Table(title=f"{name}, at the end of {day}", title_justify="left", box=None, pad_edge=False)
        for heading in ("provision", "of", "stands", ""):
            table.add_column(heading, overflow="fold")
        before = None
        for one in told:
            if (one.agreement, one.day) == (name, day):
                provision = "" if one.provision == before else one.provision
                term = one.compliance.value
                table.add_row(provision, Text(one.subject), Text(term, STYLES[term]), Text(one.says))
                before = one.provision
        console.print(table)
