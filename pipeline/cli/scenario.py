"""`truceline scenario`: invented ceasefires, with the truth beside the reports."""

import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import UNFINISHED, JsonOption, UserError, number, plural, say, write_data, write_json
from pipeline.cli.progress import EVERY_S

app = typer.Typer(no_args_is_help=True, help="Invented ceasefires: what observers would report, and the truth.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A scenario from the list.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same bytes.")]
FolderOption = Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where to write; made if missing.")]
AgreementOption = Annotated[
    str,
    typer.Option("-a", "--agreement", metavar="AGREEMENT", help="It plays along this one's first line."),
]
ReportsOption = Annotated[
    int | None,
    typer.Option("--reports", metavar="N", min=1, help="As many days as so many reports take; else one day."),
]


@app.command("list")
def list_scenarios(as_json: JsonOption = False) -> None:
    """List the scenarios."""
    from pipeline.scenario.catalogue import scenarios

    known = scenarios()
    width = max(map(len, known))
    for scenario in known.values():
        if as_json:
            write_json({"name": scenario.name, "title": scenario.title, "description": scenario.description})
        else:
            write_data(f"{scenario.name:<{width}}  {scenario.title}".encode())


@app.command("make")
def make(
    name: NameArgument,
    seed: SeedOption,
    out: FolderOption,
    agreement: AgreementOption = "ukraine-hypothetical",
    reports: ReportsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a scenario into a folder: reports.ndjson, truth.ndjson (one incident a line) and scenario.json.

    With --json, what scenario.json says is printed too.
    """
    from pipeline.agreement import load_agreement
    from pipeline.scenario.catalogue import ScenarioError, scenario_named
    from pipeline.scenario.write import write_scenario

    try:
        scenario_named(name)
        loaded = load_agreement(agreement)
        written = write_scenario(out, name, seed, loaded, reports, progress=_Ticker())
    except ScenarioError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror or error}", UNFINISHED) from error
    if as_json:
        write_json(written)
    say(
        f"{plural(written.reports, 'report')} of {plural(written.incidents, 'incident')} in {out}; "
        f"{number(written.unseen)} incidents were seen by nobody, {number(written.violating)} broke a provision"
    )
    say(f"next: truceline run -a {agreement} {out / 'reports.ndjson'}")


class _Ticker:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, reports: int, incidents: int) -> None:
        if time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            say(f"{plural(reports, 'report')} of {plural(incidents, 'incident')}")
