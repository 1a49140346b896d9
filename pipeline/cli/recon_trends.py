"""`truceline recon trends`: how often things happen, adjusted for what was watched; compared where that is fair."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.cli.common import DEFAULT_STORE, JsonOption, StoreOption, data_console, say, write_json
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
    from collections.abc import Sequence

    from pipeline.model.records import Incident
    from pipeline.recon.coverage import Coverage
    from pipeline.recon.trends import Noticed, Trend

DEPTH_KM = 7.5

FromText = Annotated[
    str | None,
    typer.Option("--from", metavar="T", help="A day or time (UTC), or the last 24h, 7d; else where the log begins."),
]
UntilText = Annotated[str | None, typer.Option("--until", metavar="T", help="Until then; else until the log ends.")]
AgainstText = Annotated[
    tuple[str, str] | None,
    typer.Option("--against", metavar="FROM UNTIL", help="Another period, with which this one is compared."),
]
AnywayFlag = Annotated[
    bool, typer.Option("--anyway", help="Compare also periods of unequal length or coverage, and say so.")
]
ByText = Annotated[Literal["sector", "side"], typer.Option("--by", help="Rows for sectors, or for their sides.")]


def trends(  # noqa: PLR0913, PLR0917 - one argument for each option
    agreement: AgreementOption = None,
    store: StoreOption = DEFAULT_STORE,
    log: LogsOption = None,
    begin: FromText = None,
    until: UntilText = None,
    against: AgainstText = None,
    anyway: AnywayFlag = False,
    class_: ClassOption = None,
    provision: ProvisionOption = None,
    by: ByText = "sector",
    depth_km: DepthOption = DEPTH_KM,
    makes: MakesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how often things happen by sector, adjusted for what was watched, and how rare they could be unnoticed.

    The rate is the number noticed by observed hour (an hour of which half would have been noticed counts half), with an
    interval of 95 %; "least" is the rate from which on something would have been noticed, 95 times in 100. Periods of
    unequal length, or of which not as much was observed, are compared only with --anyway.
    """
    from pipeline.recon.trends import trends as reckoned
    from pipeline.store import open_store

    with open_store(store) as opened:
        read = given(opened, log, agreement, makes)
        incidents = list(opened.incidents())
        names = classes_of(read, class_, provision)
        last = read.last
        period = checked(
            read.first if begin is None else read.time(begin, "--from"),
            last if until is None else read.time(until, "--until"),
        )
        other = None if against is None else checked(*(read.time(text, "--against") for text in against))
        found, seen = _seen(read, incidents, names, period, depth_km)
        beside = None if other is None else _seen(read, incidents, names, other, depth_km)
    rows = reckoned(found, seen, sides=by == "side", against=beside, anyway=anyway)
    if as_json:
        for row in rows:
            write_json(_record(row, period, other))
    else:
        from pipeline.cli.trend_table import print_trends

        print_trends(data_console(), rows, period, other)
    _say_left_out(seen, found)
    if alike := [name for name in names if not read.makes.told_apart(name)]:
        say(f"no rate of {', '.join(alike)}: the record's terms do not tell it from other classes")


def _seen(
    read: Given, incidents: "Sequence[Incident]", names: list[str], period: Period, depth_km: float
) -> "tuple[Coverage, Noticed]":
    from pipeline.recon.cells import cells_of
    from pipeline.recon.coverage import coverage
    from pipeline.recon.trends import noticed

    found = coverage(read.log(period), cells_of(read.agreement, depth_m=1000.0 * depth_km), names, *period)
    return found, noticed(read.agreement, found, incidents)


def _say_left_out(seen: "Noticed", found: "Coverage") -> None:
    """What is in the period and of the classes, and in no row."""
    in_time = (seen.time_ms >= found.begin_ms) & (seen.time_ms < found.end_ms) & (seen.column >= 0)
    outside = int((in_time & (seen.cell < 0)).sum())
    if outside:
        say(
            f"{outside:,} incidents of these classes are in no row: they lie farther from the line, or their place is "
            "too uncertain"
        )


def _record(row: "Trend", period: Period, other: Period | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "sector": row.group.sector_id,
        "name": row.group.name,
        "side": row.group.side,
        "class": row.class_name,
        "from": period.begin,
        "until": period.until,
        **_figures(row.rate),
        "least_per_day": _daily(row.least_per_h),
        "watched": row.watched,
        "says": row.word,
    }
    if row.against is not None and other is not None:
        rate, compared = row.against
        told["against"] = {
            "from": other.begin,
            "until": other.until,
            **_figures(rate),
            **compared._asdict(),
            "high": compared.high if compared.high != float("inf") else None,
            "says": compared.word,
        }
    return told


def _figures(rate: Any) -> dict[str, Any]:
    return {
        "noticed": rate.number,
        "hours": round(rate.hours, 3),
        "observed_h": round(rate.exposure_h, 3),
        "rate_per_day": _daily(rate.per_h),
        "low_per_day": _daily(rate.low_per_h),
        "high_per_day": _daily(rate.high_per_h),
        "dispersion": round(rate.dispersion, 3),
    }


def _daily(per_h: float | None) -> float | None:
    """None for what is not known, or has no bound."""
    return None if per_h is None or per_h == float("inf") else round(24.0 * per_h, 6)
