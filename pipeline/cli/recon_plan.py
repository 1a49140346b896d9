"""`truceline recon plan`: where to look next, with what, for what, at what cost, and why. A person decides."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    UserError,
    data_console,
    plural,
    positive,
    say,
    say_next,
    write_json,
)
from pipeline.cli.watch_log import AgreementOption, LogsOption, MakesOption

if TYPE_CHECKING:
    from pipeline.model.tasks import Ask
    from pipeline.recon.plan import Chosen, Plan

GAPS = 30
GAP_CLASS = "heavy_fire"
PRICE = 0.02

MissionOption = Annotated[
    str | None,
    typer.Option(
        "--mission", metavar="MISSION", help="A shipped mission's name, or a TOML file; else the agreement's own."
    ),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="T", help="A day or time (UTC), as 2026-03-01T06:00Z; else now.")
]
HoursOption = Annotated[float, typer.Option("--hours", metavar="N", parser=positive, help="Plan so many hours.")]
BudgetOption = Annotated[
    float | None,
    typer.Option("--budget", metavar="H", parser=positive, help="What it may cost, in hours of one drone in the air."),
]
PriceOption = Annotated[
    float, typer.Option("--price", metavar="P", min=0.0, help="Points that an hour is worth: no look may give less.")
]
LooksOption = Annotated[int | None, typer.Option("--looks", metavar="N", min=1, help="No more looks than N.")]
PolicyOption = Annotated[
    Literal["greedy", "exact", "nearest", "longest"],
    typer.Option("--policy", help="How looks are chosen; nearest and longest are there to compare with."),
]
CloudOption = Annotated[
    str,
    typer.Option(
        "--cloud", metavar="S,…", help="The share of the sky that clouds are forecast to cover, 0 to 1; hour by hour."
    ),
]
GapsOption = Annotated[int, typer.Option("--gaps", metavar="N", min=0, help="So many gaps are looked at, about.")]
GapClassOption = Annotated[str, typer.Option("--class", metavar="NAME", help="Gaps in the coverage of this class.")]
PossibleOption = Annotated[bool, typer.Option("--possible", help="Verify possible alerts too.")]
ProposeOption = Annotated[
    bool, typer.Option("--propose", help="Record the looks as proposed tasks, by --by. Nobody is asked by that.")
]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who proposes.")]
OutOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="OUT", help="Write the looks to a file .ndjson, .csv or .geojson.")
]


def plan(  # noqa: PLR0913, PLR0917 - one argument for each option
    store: StoreOption = DEFAULT_STORE,
    agreement: AgreementOption = None,
    mission: MissionOption = None,
    begin: FromOption = None,
    hours: HoursOption = 12.0,
    budget: BudgetOption = None,
    price: PriceOption = PRICE,
    looks: LooksOption = None,
    policy: PolicyOption = "greedy",
    cloud: CloudOption = "0",
    gaps: GapsOption = GAPS,
    class_: GapClassOption = GAP_CLASS,
    possible: PossibleOption = False,
    log: LogsOption = None,
    makes: MakesOption = None,
    propose: ProposeOption = False,
    by: ByOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose looks for the next hours: which asset, where, when, for which alert or gap, and why.

    A look is proposed for the certainty that it is expected to give: bits about an alert, by its severity and age, or a
    gap closed; less the price of its cost. Beside the plan stands what no plan of these looks can exceed. Nothing is
    sent by itself: a person decides, and asks for the looks that --propose records (`truceline recon task`).
    """
    from pipeline.cli.plan_given import around, given, questions
    from pipeline.cli.plan_table import check_name, print_plan, records, write_looks
    from pipeline.recon.choice import Terms
    from pipeline.recon.looks import offered
    from pipeline.recon.plan import plan as planned
    from pipeline.store import open_store

    check_name(out)
    if propose and not (by or "").strip():
        raise UserError("--by NAME: a proposal needs the name of whoever makes it")
    with open_store(store) as opened:
        read = given(opened, agreement, mission, makes)
        surroundings = around(read, opened, begin, hours, cloud)
        asked = questions(read, opened, surroundings, (gaps, class_), log, possible=possible)
    found = offered(read.mission.assets, asked.questions, surroundings)
    terms = Terms(price=price, budget_h=budget, looks=looks)
    made = planned(asked.questions, found.looks, terms, policy, found.refusals)
    if out is not None:
        write_looks(out, made)
    if as_json:
        for record in records(made, found, asked.aside):
            write_json(record)
    elif out is None:
        print_plan(data_console(), made, found, asked.aside)
    _say(made, len(asked.questions))
    if propose:
        _propose(store, made, read.name, str(by))


def _say(made: "Plan", questions: int) -> None:
    """What the plan costs and gives, and how near it is to the best."""
    say(
        f"{plural(len(made.chosen), 'look')} of {made.candidates:,} that could be had, for "
        f"{len({one.question.name for one in made.chosen}):,} of {plural(questions, 'question')}: "
        f"{made.points:.2f} points expected, at a cost of {made.cost_h:.1f} h"
    )
    if made.proven:
        say("no plan of these looks is worth more")
    elif made.bound > 0.0:
        say(f"no plan of these looks is worth more than {made.bound:.2f}; this one is worth {made.worth:.2f}")


def _propose(store: Path, made: "Plan", mission: str, by: str) -> None:
    """Records the looks as proposed tasks; one that stands already is told apart."""
    from pipeline.store import open_store
    from pipeline.store.tasking import Tasking

    with open_store(store, write=True, beside=True) as opened:
        done = Tasking(opened).propose([_ask(one, mission) for one in made.chosen], by)
    new = sum(is_new for _, is_new in done)
    say(f"{plural(new, 'task')} proposed; {len(done) - new:,} stood already. Nobody was asked.")
    if done:
        say_next("recon task list", store)


def _ask(one: "Chosen", mission: str) -> "Ask":
    from pipeline.model.tasks import Ask
    from pipeline.model.times import from_us

    look, question = one.look, one.question
    agreement, provision, subject = question.clause or ("", "", "")
    return Ask(
        mission=mission,
        asset=look.asset,
        kind=question.kind,
        about=question.name,
        look_from=from_us(1000 * look.from_ms),
        look_until=from_us(1000 * look.until_ms),
        busy_from=from_us(1000 * look.busy_from_ms),
        busy_until=from_us(1000 * look.busy_until_ms),
        lon=round(question.lon, 6),
        lat=round(question.lat, 6),
        radius_m=round(question.radius_m, 1),
        notices=question.class_name,
        agreement=agreement,
        provision=provision,
        subject=subject,
        report_id=question.report_id,
        points=round(one.points, 4),
        cost_h=round(look.cost_h, 3),
        says=one.why,
    )
