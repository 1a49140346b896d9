"""`truceline watch`: the console in a terminal."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, AgreementsOption, StoreOption, UserError, collect_seldom
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.terminal.filters import Filters


class ShowName(StrEnum):
    """What is shown of the life of an alert."""

    OPEN = "open"
    WAITING = "waiting"
    VERIFICATION = "verification"
    FOUND = "found"
    ALL = "all"


class SeverityName(StrEnum):
    """The severities, the gravest first."""

    GRAVE = "grave"
    SERIOUS = "serious"
    MINOR = "minor"


class StandingName(StrEnum):
    """What an alert may be."""

    RAISED = "raised"
    POSSIBLE = "possible"
    ALL = "all"


MAX_TEXT, MAX_NAME, MAX_BUDGET = 200, 200, 10_000

ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who acts; else it is asked once.")]
ShowOption = Annotated[ShowName, typer.Option("--show", help="Open ones, or at what stage.")]
SeverityOption = Annotated[
    list[SeverityName],
    typer.Option("--severity", metavar="SEVERITY", help="Only grave, serious or minor ones. May be repeated."),
]
StandingOption = Annotated[StandingName, typer.Option("--standing", help="Raised, only possible, or both.")]
TextOption = Annotated[str, typer.Option("--text", metavar="WORDS", help="Only with these words: place, id, person.")]
BudgetOption = Annotated[
    int,
    typer.Option(
        "--budget", metavar="N", min=0, max=MAX_BUDGET, help="Grouped where more were raised in an hour; 0: no groups."
    ),
]
BellOption = Annotated[bool, typer.Option("--bell/--no-bell", help="Ring for new grave alerts (key b).")]


def watch(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    store: StoreOption = DEFAULT_STORE,
    agreement: AgreementsOption = [],  # noqa: B006 - typer copies it
    by: ByOption = None,
    show: ShowOption = ShowName.OPEN,
    severity: SeverityOption = [],  # noqa: B006 - typer copies it
    standing: StandingOption = StandingName.RAISED,
    text: TextOption = "",
    budget: BudgetOption = 30,
    bell: BellOption = False,
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
) -> None:
    """Watch a store in the terminal: alerts as they come, and what operators do with them.

    The list, its filters and its acts are those of the page of `truceline serve`; no server is needed, and any number
    may watch one store. Over Kafka (--kafka, or TRUCELINE_KAFKA where there is no store) the store is kept as the
    broker's topics are, and acts go to the workers. ? shows the keys, q ends it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(
            "watch needs a terminal; for programs there are `truceline alerts list --json` and `truceline tail`"
        )
    if len(text) > MAX_TEXT or len(by or "") > MAX_NAME:
        raise UserError(f"--text and --by take at most {MAX_TEXT} characters")
    from pipeline.cli.console_words import Words
    from pipeline.cli.serving import reading
    from pipeline.console import Settings
    from pipeline.console.core import Console
    from pipeline.terminal.app import Watch

    collect_seldom()
    words = Words(agreement)
    # What is said of the broker is said on the screen: nothing else may write there.
    with reading(store, words, (config, kafka), _now, lambda _: None) as backend:
        console = Console(backend, Settings(telling=words, clock=_now))
        app = Watch(console, _filters(show, severity, standing, text, budget), by=(by or "").strip(), sound=bell)
        app.run()
    if app.return_code:
        raise typer.Exit(app.return_code)


def _filters(show: ShowName, severity: list[SeverityName], standing: StandingName, text: str, budget: int) -> "Filters":
    from pipeline.model.taxonomy import Severity, Standing
    from pipeline.terminal.filters import Filters, Show

    named = {one.value for one in severity}
    return Filters(
        show=Show(show.value),
        severity=tuple(one for one in Severity if one.value in named),
        standing={one.value: one for one in Standing}.get(standing.value),
        text=text,
        budget=budget,
    )


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)
