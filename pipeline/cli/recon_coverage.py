"""`truceline recon coverage`: what was watched and what was not, since when nobody could see, and how the assets do."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.common import DEFAULT_STORE, JsonOption, data_console, plural, positive, say, write_json
from pipeline.cli.watch_log import (
    AgreementOption,
    ClassOption,
    DepthOption,
    Given,
    LogsOption,
    MakesOption,
    Period,
    ProvisionOption,
    checked,
    classes_of,
    given,
)

if TYPE_CHECKING:
    from pipeline.cli.coverage_plot import Drawn

DEPTH_KM = 7.5
DAY_H = 24.0

BLIND_S = 900
"""Blindness is looked for in steps so short: whoever asks within the hour is told."""

StoreText = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="FILE",
        envvar="TRUCELINE_STORE",
        help="The store, one SQLite file [default: truceline.db, unless --log is given]",
        show_default=False,
    ),
]
FromText = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="From a day or time on (UTC), or the last 90m, 24h, 7d of the log."),
]
HoursText = Annotated[
    float | None, typer.Option("--hours", metavar="N", parser=positive, help="So many hours; else 24.")
]
DaysText = Annotated[float | None, typer.Option("--days", metavar="N", parser=positive, help="So many days.")]
ByText = Annotated[
    Literal["sector", "side", "cell"], typer.Option("--by", help="Rows for sectors, their sides, or cells of 5 km.")
]
EachText = Annotated[
    Literal["whole", "day", "hour"],
    typer.Option("--each", help="A row for the whole time, for each of the agreement's days, or for each hour."),
]
OutText = Annotated[
    Path | None,
    typer.Option(
        "-o", "--out", metavar="OUT", help="Write the rows to a file .ndjson, .csv, .parquet, .gpkg or .geojson."
    ),
]
PlotText = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw the first class over chainage and time, as .png or .svg."),
]


def coverage(  # noqa: PLR0913, PLR0917 - one argument for each option
    agreement: AgreementOption = None,
    store: StoreText = None,
    log: LogsOption = None,
    begin: FromText = None,
    hours: HoursText = None,
    days: DaysText = None,
    class_: ClassOption = None,
    provision: ProvisionOption = None,
    by: ByText = "sector",
    each: EachText = "whole",
    depth_km: DepthOption = DEPTH_KM,
    makes: MakesOption = None,
    out: OutText = None,
    plot: PlotText = None,
    as_json: JsonOption = False,
) -> None:
    """Show which share of what happened would have been noticed, where nobody could see, and how the assets do.

    Of a thing that begins at some place and time, the share is the chance that any asset notices it. From 50 % on,
    silence means quiet; below 10 % it means nothing. Without a time, it is the last 24 hours of the observation log.
    """
    from pipeline.cli.coverage_files import check_names, write_sums
    from pipeline.cli.coverage_plot import Drawn
    from pipeline.cli.coverage_table import print_coverage, records
    from pipeline.recon.blindness import blind_spells
    from pipeline.recon.cells import cells_of
    from pipeline.recon.coverage import OTHERS
    from pipeline.recon.coverage import coverage as reckoned
    from pipeline.recon.health import health
    from pipeline.recon.sums import sums
    from pipeline.recon.trends import noticed
    from pipeline.store import open_store

    check_names(out, plot)
    path = store if store is not None or log else DEFAULT_STORE
    with nullcontext() if path is None else open_store(path) as opened:
        read = given(opened, log, agreement, makes)
        names = classes_of(read, class_, provision)
        period = _period(read, begin, hours, days)
        watched = read.log(period)
        cells = cells_of(read.agreement, depth_m=1000.0 * depth_km)
        found = reckoned(watched, cells, names, *period)
        seen = None if opened is None else noticed(read.agreement, found, opened.incidents())
    own = reckoned(watched, cells, names, *period, BLIND_S, OTHERS)
    rows = list(sums(found, read.agreement.days, by, each, seen))
    spells, assets = blind_spells(own), health(watched, period.until)
    if out is not None:
        write_sums(out, rows, read.agreement, 1000.0 * depth_km)
        say(f"{out}: {plural(len(rows), 'row')}")
    if plot is not None:
        _draw(plot, Drawn(found, own, 0, seen, read.agreement))
    if as_json:
        for record in records(rows, spells, assets):
            write_json(record)
    elif out is None and plot is None:
        print_coverage(data_console(), period, rows, spells, assets, found)
    _say_unknown(watched.unknown_makes)


def _period(read: Given, begin: str | None, hours: float | None, days: float | None) -> Period:
    from datetime import timedelta

    asked_h = (hours or 0.0) + DAY_H * (days or 0.0)
    if begin is None:
        return checked(read.last - timedelta(hours=asked_h or DAY_H), read.last)
    first = read.time(begin, "--from")
    relative = begin[-1:] in {"m", "h", "d"}
    until = read.last if relative and not asked_h else first + timedelta(hours=asked_h or DAY_H)
    return checked(first, until)


def _draw(path: Path, drawn: "Drawn") -> None:
    from pipeline.cli.coverage_plot import draw

    draw(path, drawn)
    names = drawn.coverage.class_names
    more = f"; {plural(len(names) - 1, 'more class', 'more classes')} can be drawn (--class)" if len(names) > 1 else ""
    say(f"{path}: {names[drawn.column]}{more}")


def _say_unknown(assets: tuple[str, ...]) -> None:
    if assets:
        listed = ", ".join(assets[:5]) + (", …" if len(assets) > 5 else "")
        say(f"of {listed} the make is not known, nor what they notice: they count for nothing (--makes)")
