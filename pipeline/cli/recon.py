"""`truceline recon`: what there is to look with, what was watched and what was not, and where to look next."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import recon_coverage, recon_plan, recon_tasks, recon_trends
from pipeline.cli.common import (
    JsonOption,
    UserError,
    data_console,
    plural,
    positive,
    say,
    write_data,
    write_json,
)

if TYPE_CHECKING:
    from pipeline.model.records import Observation

app = typer.Typer(
    no_args_is_help=True, help="Reconnaissance: the assets, what was watched and what was not, where to look next."
)

DAY_H = 24.0

MissionArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="MISSION",
        help="A shipped mission's name, or a TOML file (docs/assets.md); else the agreement's own.",
        show_default=False,
    ),
]
AgreementOption = Annotated[
    str | None,
    typer.Option(
        "-a",
        "--agreement",
        metavar="AGREEMENT",
        help="A shipped agreement's name, or a TOML file; else that for which the mission was put together.",
    ),
]
MakesOption = Annotated[
    Path | None, typer.Option("--makes", metavar="FILE", help="Makes of assets, in place of the shipped ones.")
]
AssetOption = Annotated[str | None, typer.Option("--asset", metavar="ID", help="One asset, in full.")]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="A day or time (UTC), as 2026-03-01; else the hour that is running."),
]
HoursOption = Annotated[
    float, typer.Option("--hours", metavar="N", parser=positive, help="So many hours from there on.")
]
LogOption = Annotated[
    str, typer.Option("-o", "--out", metavar="OUT", help="A file .ndjson or .ndjson.gz, or - for standard output.")
]


@app.command("assets")
def show_assets(
    mission: MissionArgument = None,
    agreement: AgreementOption = None,
    asset: AssetOption = None,
    makes: MakesOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a mission's assets: where each is and when it looks, and whether it may.

    What an agreement forbids, what a party did not agree to, and what an asset's own constraints rule out is refused:
    it is not planned with, and here is why.
    """
    from pipeline.cli.mission import makes_of, mission_of
    from pipeline.cli.recon_assets import about, as_record, print_assets
    from pipeline.cli.words import nearest

    known = makes_of(makes)
    read, named = mission_of(mission, agreement, known)
    chosen = [one for one in read.assets if asset is None or one.asset_id == asset]
    if not chosen:
        raise UserError(
            "the mission has no assets" if asset is None else nearest(asset, [x.asset_id for x in read.assets], "asset")
        )
    if as_json:
        for one in chosen:
            write_json(as_record(one, named, known))
    elif asset is not None:
        for line in about(chosen[0], named, known):
            write_data(line.encode())
    else:
        print_assets(data_console(), chosen, named, known)


@app.command("log")
def write_log(
    out: LogOption,
    mission: MissionArgument = None,
    agreement: AgreementOption = None,
    begin: FromOption = None,
    hours: HoursOption = DAY_H,
    makes: MakesOption = None,
) -> None:
    """Write a mission's plan as an observation log: who would watch what, when, if nothing came between.

    Night is in it. Outages, jamming, denied access and clouds are records of their own, from whoever knows of them:
    laid beside the plan, of what is said of one asset, moment and place, the worst counts.
    """
    from pipeline.cli.mission import makes_of, mission_of
    from pipeline.recon.permission import refusals
    from pipeline.recon.planned import planned

    known = makes_of(makes)
    read, named = mission_of(mission, agreement, known)
    first = _time(begin)
    count = _write(out, planned(read, known, named, first, first + timedelta(hours=hours)))
    against = {one.asset_id: refusals(one, named, known) for one in read.assets}
    refused = [f"{asset} ({found[0].rule})" for asset, found in against.items() if found]
    told = f"; refused: {', '.join(refused)}" if refused else ""
    say(f"{plural(count, 'observation')} of {plural(len(read.assets) - len(refused), 'asset')} by plan{told}")


def _time(text: str | None) -> datetime:
    from pipeline.cli.words import safe

    if text is None:
        return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"--from {safe(text, 60)}: write a day or time, such as 2026-03-01T06:00Z") from error
    return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _write(out: str, observations: "Iterable[Observation]") -> int:
    """Writes observations, one JSON object a line; a file whole or not at all."""
    import gzip
    from io import BufferedWriter

    import msgspec

    from pipeline.outputs import whole_or_nothing

    count, encoder = 0, msgspec.json.Encoder()
    if out == "-":
        for one in observations:
            write_data(encoder.encode(one))
            count += 1
        return count
    if not out.endswith((".ndjson", ".ndjson.gz")):
        raise UserError(f"{out}: the ending says the format: .ndjson or .ndjson.gz")
    with whole_or_nothing(Path(out)) as beside, beside.open("wb") as plain:
        packed = gzip.GzipFile("", "wb", fileobj=plain, mtime=0) if out.endswith(".gz") else None
        into: BufferedWriter | gzip.GzipFile = plain if packed is None else packed
        for one in observations:
            into.write(encoder.encode(one) + b"\n")
            count += 1
        if packed is not None:
            packed.close()
    return count


app.command("coverage")(recon_coverage.coverage)
app.command("trends")(recon_trends.trends)
app.command("plan")(recon_plan.plan)
app.command("task")(recon_tasks.task)
