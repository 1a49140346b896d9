"""`truceline scenario`: invented ceasefires, with the truth beside the reports."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    UNFINISHED,
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
from pipeline.cli.progress import EVERY_S

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.scenario.scoring import Truth
    from pipeline.store import Store

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
MakesOption = Annotated[
    Path | None,
    typer.Option("--makes", metavar="FILE", help="Observers notice things as this file of makes says."),
]
DetectionOption = Annotated[
    float | None,
    typer.Option(
        "--detection", metavar="SHARE", min=0.0, max=2.0, help="They notice so much of what they should: 0.7, or 1.3."
    ),
]

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="What `scenario make` wrote.")]
PlayedOption = Annotated[
    str | None,
    typer.Option("-a", "--agreement", metavar="AGREEMENT", help="Its TOML file, where the scenario's is not shipped."),
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
    makes: MakesOption = None,
    detection: DetectionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a scenario into a folder: reports.ndjson, observations.ndjson (who watched what), assets.toml (the
    observers), truth.ndjson (one incident a line), invented.ndjson (one invention a line) and scenario.json.

    With --makes or --detection the same things happen, and observers notice more or less of them than is assumed.

    With --json, what scenario.json says is printed too.
    """
    from msgspec import structs

    from pipeline.agreement import load_agreement
    from pipeline.scenario.catalogue import ScenarioError, scenario_named
    from pipeline.scenario.write import write_scenario

    try:
        scenario = scenario_named(name)
        if detection is not None:
            scenario = structs.replace(scenario, detection=detection)
        loaded = load_agreement(agreement)
        figures = None if makes is None else _makes_in(makes)
        written = write_scenario(out, scenario, seed, loaded, reports, progress=_Ticker(), makes=figures)
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


def _makes_in(path: Path) -> bytes:
    """A file of makes that can be read.

    Raises:
        UserError: it cannot.
    """
    from msgspec import MsgspecError

    from pipeline.recon.makes import read_makes

    try:
        text = path.read_bytes()
        read_makes(text)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (MsgspecError, ValueError) as error:
        raise UserError(f"{path}: this is no file of makes: {error}") from error
    return text


@app.command("score")
def score(
    folder: FolderArgument,
    store: StoreOption = DEFAULT_STORE,
    agreement: PlayedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a store with the truth of the scenario that was run into it.

    Which reports belong together, which alerts are true, how reliable probabilities are; docs/scoring.md says what
    each figure means.
    """
    from pipeline.agreement import load_agreement
    from pipeline.cli.show_score import about, reliability_line, tables
    from pipeline.scenario.scoring import FolderError, ScoreError, read_truth
    from pipeline.scenario.scoring import score as scored
    from pipeline.store import open_store

    try:
        truth = read_truth(folder)
        loaded = load_agreement(agreement or truth.played.agreement)
        with open_store(store) as opened:
            _check_agreement(opened, truth, loaded)
            reports = [report for _, frame in opened.reports() for report in frame]
            told = scored(truth, reports, list(opened.incidents()), opened.alerts(), loaded)
    except (FolderError, ScoreError) as error:
        raise UserError(str(error)) from error
    if as_json:
        write_json(told)
        return
    console = data_console()
    console.print(about(told))
    for table in tables(told):
        console.print(table)
    console.print(reliability_line(told))


def _check_agreement(store: "Store", truth: "Truth", agreement: "Agreement") -> None:
    """Makes sure that the scenario, the store and the data at hand speak of one agreement.

    Raises:
        UserError: they do not.
    """
    from pipeline.scenario.write import REPORTS

    played = truth.played
    if (agreement.name, agreement.version) != (played.agreement, played.agreement_version):
        raise UserError(
            f"the scenario was played in {played.agreement} {played.agreement_version}, and this is {agreement.name} "
            f"{agreement.version}: make it anew, or name the agreement's file with --agreement"
        )
    judged = store.agreements()
    if agreement.name not in judged:
        others = f", but by {', '.join(judged)}" if judged else ""
        raise UserError(
            f"{store.path}: this store was not judged by {agreement.name}{others}; "
            f"run the scenario into one: truceline run -a {agreement.name} FOLDER/{REPORTS} --store FILE"
        )
    if judged[agreement.name] != agreement.version:
        raise UserError(
            f"{store.path}: this store was judged by {agreement.name} {judged[agreement.name]}, and the scenario was "
            f"played in {agreement.version}; run it into the store again"
        )


class _Ticker:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, reports: int, incidents: int) -> None:
        if time.monotonic() - self._said >= EVERY_S:
            self._said = time.monotonic()
            say(f"{plural(reports, 'report')} of {plural(incidents, 'incident')}")
