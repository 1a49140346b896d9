"""`truceline agreement`: list, show, check, compare; its other commands have modules of their own."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.agreement_files import diff, export, new, schema
from pipeline.cli.agreement_series import series
from pipeline.cli.common import (
    DEFAULT_STORE,
    USAGE,
    JsonOption,
    StoreOption,
    UserError,
    data_console,
    plural,
    save_text,
    say,
    write_data,
    write_json,
)

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.agreement import Agreement
    from pipeline.agreement.problems import Problem
    from pipeline.law.comparison import Compared

app = typer.Typer(no_args_is_help=True, help="Agreements as data: list them, read one, check a file, begin one.")
app.command("series")(series)
app.command("new")(new)
app.command("diff")(diff)
app.command("export")(export)
app.command("schema")(schema)

BATCH = 5_000
"""So many incidents are held against the readings at once."""

LEAST_TITLE = 40
"""Columns beside the figures below which a title stands better under them."""

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A shipped agreement's name, or a TOML file.")]
OnOption = Annotated[
    str | None,
    typer.Option("--on", metavar="T", help="Tell first what is in force on a day or at a time (UTC), and until when."),
]
PageOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="OUT", help="Write it as an .html page with a map.")
]
FilesArgument = Annotated[
    list[str], typer.Argument(metavar="FILE", help="Agreements as TOML files.", show_default=False)
]

EventsOption = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Of each provision the N events that tell most.")
]


@app.command("list")
def list_agreements(as_json: JsonOption = False) -> None:
    """List the shipped agreements, with how many of their provisions are judged."""
    from pipeline.agreement import load_agreement, shipped_agreements

    rows = []
    for agreement in map(load_agreement, shipped_agreements()):
        head = agreement.tables.header
        rows.append(
            {
                "name": head.name,
                "version": head.version,
                "title": head.title,
                "hypothetical": head.hypothetical,
                "judged": len(agreement.judged),
                "not_yet_judged": len(agreement.unjudged),
            }
        )
    if as_json:
        for row in rows:
            write_json(row)
        return
    console = data_console()
    width = max(len(str(row["name"])) for row in rows)
    write_data(f"{'name':<{width}}  {'version':<10}  judged  not yet  title".encode())
    for row in rows:
        title = f"HYPOTHETICAL. {row['title']}" if row["hypothetical"] else row["title"]
        figures = f"{row['judged']:>6}  {row['not_yet_judged']:>7}"
        begin = f"{row['name']:<{width}}  {row['version']:<10}  {figures}  "
        for line in _beside(begin, str(title), console.width if console.is_terminal else None):
            write_data(line.encode())


def _beside(begin: str, title: str, width: int | None) -> list[str]:
    """A row whose title has little room: it goes on below, broken between words.

    >>> _beside("minsk  1  ", "A title of many words that is long", 30)
    ['minsk  1', '    A title of many words that', '    is long']
    """
    if width is None or len(begin) + len(title) <= width:
        return [begin + title]
    room = width - len(begin)
    if room < LEAST_TITLE:
        return [begin.rstrip(), *(f"    {line}" for line in wrap(title, max(20, width - 4)))]
    first, *more = wrap(title, room)
    return [begin + first, *(" " * len(begin) + line for line in more)]


@app.command("show")
def show(name: NameArgument, on: OnOption = None, out: PageOption = None, as_json: JsonOption = False) -> None:
    """Show one agreement: parties, lines, zones, each provision in one sentence, what is not judged, and why.

    NAME@TEXT is one of its texts alone. With -o, an HTML page with a map that needs no network; with --json, one object
    whose `lines` and `zones` are GeoJSON FeatureCollections.
    """
    from pipeline.agreement import load_agreement
    from pipeline.cli.agreement_terms import as_record, standing_at, time_of

    agreement = load_agreement(name)
    at = None if on is None else time_of(on)
    if out is not None:
        _save_page(out, agreement, at)
        return
    if as_json:
        from pipeline.agreement.show import as_json as data

        told = {} if at is None else {"in_force_on": [as_record(one) for one in standing_at(agreement, at)]}
        write_json({**data(agreement), **told})
        return
    from pipeline.cli.agreement_page import page

    console = data_console()
    for line in page(agreement, min(console.width, 110), at):
        write_data(line.encode())


def _save_page(out: "Path", agreement: "Agreement", at: "datetime | None") -> None:
    from pipeline.cli.agreement_html import html_page

    if out.suffix.lower() != ".html":
        raise UserError(f"{out}: the ending must be .html")
    save_text(out, html_page(agreement, at).encode())
    say(f"{out}: the page of {agreement.name}; open it in a browser, no network is needed")


@app.command("check")
def check(files: FilesArgument, as_json: JsonOption = False) -> None:
    """Check agreement files: every problem at once, each with its place and what to do. Exit 2 where there is one."""
    from pipeline.agreement import AgreementError, load_agreement
    from pipeline.cli.words import safe

    sound = True
    for file in files:
        try:
            load_agreement(file)
        except AgreementError as error:
            sound = False
            for problem in error.problems:
                _tell(file, problem, as_json)
            if not error.problems:
                write_json({"file": file, "what": str(error)}) if as_json else write_data(safe(str(error)).encode())
            continue
        if not as_json:
            write_data(f"{safe(file)}: no problems".encode())
    if not sound:
        raise typer.Exit(USAGE)


def _tell(file: str, problem: "Problem", as_json: bool) -> None:
    from pipeline.cli.words import safe

    if as_json:
        write_json(
            {"file": file, "line": problem.line, "where": problem.where, "what": problem.what, "mend": problem.mend}
        )
    else:
        mend = f" — {problem.mend}" if problem.mend else ""
        write_data(safe(f"{file}:{problem.line}: {problem.where}: {problem.what}{mend}").encode())


@app.command("compare")
def compare(
    name: NameArgument, store: StoreOption = DEFAULT_STORE, limit: EventsOption = 10, as_json: JsonOption = False
) -> None:
    """Hold a store's incidents against the text and against each party's reading of it; no reading is weighed.

    For each provision: how many alerts stand under each, and the events that stand otherwise under one than under
    another. With no store at hand, the readings side by side, and what each changes.
    """
    from pipeline.agreement import load_agreement
    from pipeline.agreement.readings import readers
    from pipeline.cli.reading_words import as_row, print_compared, print_side_by_side, side_by_side

    agreement = load_agreement(name)
    judged = bool(readers(agreement))
    if not judged or (store == DEFAULT_STORE and not store.exists()):
        _say_why_not(agreement, judged)
        if as_json:
            for row in side_by_side(agreement):
                write_json(row)
        elif agreement.readings:
            print_side_by_side(data_console(), agreement)
        return
    found = _compared(agreement, store)
    if as_json:
        for one in found:
            write_json(as_row(agreement, one, limit))
    else:
        print_compared(data_console(), agreement, found, limit)
    say(
        f"{plural(sum(len(one.events) for one in found), 'event')} on which readings differ; which is right is not said"
    )


def _say_why_not(agreement: "Agreement", judged: bool) -> None:
    if not agreement.readings:
        say(f"{agreement.name}: no party is known to read it otherwise")
    elif not judged:
        say(f"{agreement.name}: none of its readings is judged; each is only shown")
    else:
        say(f"no {DEFAULT_STORE} here: only what the readings change; name a store with --store to judge incidents")


def _compared(agreement: "Agreement", store: "Path") -> "list[Compared]":
    from itertools import islice

    from pipeline.law.comparison import Comparison
    from pipeline.store import open_store

    comparison = Comparison(agreement)
    with open_store(store) as opened:
        incidents = opened.incidents()
        while batch := list(islice(incidents, BATCH)):
            comparison.add(batch)
    return comparison.results()
