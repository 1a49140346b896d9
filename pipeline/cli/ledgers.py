"""`truceline ledgers`: rival ledgers side by side, and printed totals held against their parts."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    UserError,
    data_console,
    number,
    plural,
    say,
    write_data,
    write_json,
)

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.law.ledgers import By, Days, Ledgers, Row
    from pipeline.law.totals import Finding, Printed
    from pipeline.store import Store

app = typer.Typer()

BATCH = 5_000
"""So many incidents are held against the agreement at once."""

DayText = Annotated[str | None, typer.Option("--from", metavar="DAY", help="From this reporting day, as 2017-03-25.")]
UntilText = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Until this reporting day, included.")]
ByText = Annotated[str, typer.Option("--by", metavar="day|sector|day-sector", help="What the table has rows for.")]
AgreementText = Annotated[
    str | None,
    typer.Option(
        "-a",
        "--agreement",
        metavar="AGREEMENT",
        help="Whose days and sectors: a shipped name or a TOML file; else the one by which the store was judged.",
    ),
]
TotalsArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Printed totals, .toml or .csv.")]


@app.callback(invoke_without_command=True)
def ledgers(
    context: typer.Context,
    agreement: AgreementText = None,
    store: StoreOption = DEFAULT_STORE,
    begin: DayText = None,
    until: UntilText = None,
    by: ByText = "day-sector",
    as_json: JsonOption = False,
) -> None:
    """Rival ledgers side by side, by the agreement's days and sectors; or printed totals against their parts (check).

    An incident is matched where two or more ledgers have it. What was counted stands beside it for each ledger, never
    added across ledgers or unlike units; claims of several events stand beside the incidents. The table weighs no
    ledger against another.
    """
    if context.invoked_subcommand is not None:
        return
    from pipeline.law.ledgers import Ledgers
    from pipeline.store import open_store
    from pipeline.store.efforts import StoredEfforts

    chosen = _by(by)
    with open_store(store) as opened:
        named = _agreement(opened, agreement)
        table = Ledgers(named, chosen, _days(named, begin, until), StoredEfforts(opened.connection, named))
        _fill(table, opened)
        rows = table.rows()
    if as_json:
        for row in rows:
            write_json(row)
    elif rows:
        from pipeline.cli.ledger_table import print_ledgers

        print_ledgers(data_console(), rows, chosen)
    _say_figures(rows, named)


def _by(text: str) -> "By":
    from pipeline.law.ledgers import By

    try:
        return By(text)
    except ValueError as error:
        raise UserError(f"--by {text[:60]}: there are {', '.join(By)}") from error


def _days(agreement: "Agreement", begin: str | None, until: str | None) -> "Days":
    """The wanted days by their numbers.

    Raises:
        UserError: one is no day, or the last is before the first.
    """
    from datetime import date

    from pipeline.law.ledgers import Days

    numbers: list[int | None] = []
    for option, text in (("--from", begin), ("--until", until)):
        try:
            numbers.append(None if text is None else agreement.days.number_of(date.fromisoformat(text)))
        except ValueError as error:
            raise UserError(f"{option} {str(text)[:60]}: write a day as 2017-03-25") from error
    first, last = numbers
    if first is not None and last is not None and last < first:
        raise UserError(f"--until {until} is before --from {begin}")
    return Days(first, last)


def _agreement(store: "Store", named: str | None) -> "Agreement":
    """The agreement whose days and sectors are asked for.

    Raises:
        UserError: none was named, and the store was not judged by just one whose data is at hand.
    """
    from pipeline.agreement import AgreementError, load_agreement

    if named is not None:
        return load_agreement(named)
    judged = list(store.agreements())
    if len(judged) != 1:
        by = f"it was judged by {', '.join(judged)}" if judged else "it was judged by none"
        raise UserError(f"{store.path}: name the agreement whose days and sectors are meant with --agreement: {by}")
    try:
        return load_agreement(judged[0])
    except AgreementError as error:
        raise UserError(f"{error}; name the agreement's file with --agreement") from error


def _fill(table: "Ledgers", store: "Store") -> None:
    from pipeline.cli.evidence import evidence, versions_of

    incidents = store.incidents(unresolved=None)
    while batch := list(islice(incidents, BATCH)):
        wanted = table.wanted(batch)
        several = [incident for incident in wanted if len(incident.report_ids) > 1]
        versions = versions_of(store, several)
        table.add(wanted, {incident.incident_id: evidence(incident, versions) for incident in several})


def _say_figures(rows: "list[Row]", agreement: "Agreement") -> None:
    incidents, matched = sum(row.incidents for row in rows), sum(row.matched for row in rows)
    claims, rumours = (
        sum(getattr(figures, name) for row in rows for figures in row.ledgers) for name in ("claims", "rumours")
    )
    beside = [plural(claims, "claim of several events", "claims of several events")] if claims else []
    beside += [plural(rumours, "unresolved rumour")] if rumours else []
    apart = f"; {' and '.join(beside)} apart" if beside else ""
    head = agreement.tables.header
    clock = f"days of {head.name} end at {head.day_ends} {head.timezone}"
    say(f"{plural(incidents, 'incident')}, {number(matched)} of them in two or more ledgers{apart}; {clock}")


@app.command("check")
def check_totals(file: TotalsArgument, as_json: JsonOption = False) -> None:
    """Hold printed totals against their parts: which do not add up, by how much, and which add unlike units
    (docs/ledgers.md has the format).

    What is found is data: the exit code is 0 whatever it is, and 2 where the file cannot be read.
    """
    from pipeline.cli.words import safe
    from pipeline.law.totals import check

    totals = _totals(file)
    found = [finding for printed in totals for finding in check(printed)]
    for finding in found:
        if as_json:
            write_json(finding)
        else:
            write_data(safe(_told(finding)).encode())
    odd = len({(finding.label, finding.source) for finding in found})
    say(f"{file}: {plural(len(totals), 'printed total')}, {odd} with findings")


def _totals(file: Path) -> "list[Printed]":
    from pipeline.law.totals_files import TotalsError, read_totals

    try:
        return read_totals(str(file), file.read_bytes())
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error
    except TotalsError as error:
        raise UserError(str(error)) from error


def _told(finding: "Finding") -> str:
    source = f" ({finding.source})" if finding.source else ""
    return f"{finding.label}{source}: {finding.says}"
