"""Coverage on the screen and as records for programs: rows, blind spells, and the assets' health."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from pipeline.cli.common import plural
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.watch_log import Period
from pipeline.cli.words import safe, stamp
from pipeline.law.effort import percent
from pipeline.model.watch_terms import ObservationState, Watched
from pipeline.recon.blindness import Blackout, Cause, Spell, blackouts
from pipeline.recon.coverage import Coverage
from pipeline.recon.health import Health
from pipeline.recon.sums import Sum

MOST_SPELLS = 25
NAMED = 3
"""So many assets are named; of more, the number is told."""
MOST_UNWELL = 30

STYLES = {
    Watched.OBSERVED: "green",
    Watched.PARTLY_OBSERVED: "yellow",
    Watched.UNOBSERVED: "bold red",
    Watched.UNKNOWN: "bold red",
}

_HEADINGS = ("where", "class", "when (UTC)", "seen", "says", "hours")
_FOLDS = Folds(first=(0, 1, 2, 3, 4), second=(5,), third=(), standing_out=4)
_STATES = {
    ObservationState.DEGRADED: "impaired",
    ObservationState.OUTAGE: "out of order",
    ObservationState.JAMMED: "jammed",
    ObservationState.OBSCURED: "without sight",
    ObservationState.DENIED: "denied access",
}

_HEALTH = ("asset", "make", "now", "since (UTC)", "watched of 24 h", "last (UTC)", "silent", "why")
_HEALTH_FOLDS = Folds(first=(0, 1, 2, 3), second=(4, 5, 6), third=(7,), standing_out=2)


def print_coverage(
    console: Console,
    period: Period,
    rows: Sequence[Sum],
    spells: Sequence[Spell],
    assets: Sequence[Health],
    of: Coverage,
) -> None:
    """Three tables: how much was seen, where nobody could see, and how the assets do."""
    console.print(f"What would have been noticed, {stamp(period.begin)} to {stamp(period.until)} UTC", style="bold")
    print_rows(console, _HEADINGS, [_row(row) for row in rows], _FOLDS)
    console.print()
    console.print("Blind spells: where the mission's own assets would have noticed next to nothing", style="bold")
    told = blackouts(spells)
    for one in told[:MOST_SPELLS]:
        console.print(f"- {safe(blackout_line(one, of.cells.sectors, len(of.class_names)), 400)}", soft_wrap=True)
    if len(told) > MOST_SPELLS:
        console.print(f"and {len(told) - MOST_SPELLS:,} more (--json has each by class and side)")
    if not told:
        console.print("none")
    console.print()
    console.print(f"Assets at {stamp(period.until)} UTC", style="bold")
    states = Counter(map(_now, assets))
    console.print(", ".join(f"{number:,} {state}" for state, number in states.most_common()) or "none")
    unwell = sorted((one for one in assets if not _well(one)), key=lambda one: (one.silent_h > 0.0, one.asset))
    if unwell:
        print_rows(console, _HEALTH, [_asset(one) for one in unwell[:MOST_UNWELL]], _HEALTH_FOLDS)
    if len(unwell) > MOST_UNWELL:
        console.print(f"and {len(unwell) - MOST_UNWELL:,} more that do not watch (--json has all)")


def _row(row: Sum) -> Row:
    hours = {
        "observed": row.observed_h,
        "partly": row.partly_h,
        "unobserved": row.unobserved_h,
        "unknown": row.unknown_h,
    }
    cells = (
        _place(row),
        row.class_name,
        f"{row.begin:%m-%d %H:%M} to {row.until:%m-%d %H:%M}",
        percent(row.share),
        row.says,
        ", ".join(f"{number:.4g} {word}" for word, number in hours.items() if number),
    )
    return Row(tuple(map(safe, cells)), STYLES[row.watched])


def _place(row: Sum) -> str:
    side = "" if row.side is None else f", {row.side.value}"
    return f"{row.name}{side}"


def blackout_line(one: Blackout, sectors: Mapping[str, str], classes: int) -> str:
    """Where, what of, from when to when, and why, in one line.

    Args:
        sectors: names of sectors by their ids.
        classes: how many were looked at.
    """
    names = [sectors[sector] for sector in one.sectors]
    where = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    side = "both sides" if len(one.sides) > 1 else f"{one.sides[0]} side"
    what = "anything" if len(one.class_names) == classes > 1 else ", ".join(one.class_names).replace("_", " ")
    since = f"{'before ' if one.from_before else ''}{stamp(one.since.replace(second=0, microsecond=0))}"
    until = "it goes on" if one.goes_on else f"until {stamp(one.until.replace(second=0, microsecond=0))}"
    why = "; ".join(map(_cause, one.causes))
    place = f"{where}, {side}, km {one.from_m / 1000:.0f} to {one.to_m / 1000:.0f}"
    return f"{place}: {what}; since {since}, {until}; {why or 'nobody there to watch for it'}"


def _cause(cause: Cause) -> str:
    """How many assets, how, and why in the words of their records; a few are named."""
    words = f"{plural(len(cause.assets), 'asset')} {_STATES[cause.state]}"
    if cause.reason and cause.reason not in {_STATES[cause.state], cause.state.value}:
        words += f" ({cause.reason})"
    return words if len(cause.assets) > NAMED else f"{words}: {', '.join(cause.assets)}"


def _asset(one: Health) -> Row:
    cells = (
        one.asset,
        (one.make or "not said") if one.known or one.make is None else f"{one.make} (not known)",
        _now(one),
        "" if one.since is None else _minute(one.since),
        plural(one.passes, "pass", "passes") if one.passes is not None else f"{one.watched_share:.0%}",
        "" if one.last is None else _minute(one.last),
        f"{one.silent_h:.1f} h" if one.silent_h else "",
        one.reason or "",
    )
    return Row(tuple(map(safe, cells)), "green" if _well(one) else "bold red")


def _now(one: Health) -> str:
    if one.state is not None:
        return one.state.value
    return "silent" if one.passes is None else "between passes"


def _well(one: Health) -> bool:
    """Whether nothing is to be said of it: it watches, or will pass again."""
    return one.passes is not None if one.state is None else not one.state.blind


def _minute(time: datetime) -> str:
    return stamp(time.replace(second=0, microsecond=0))


def records(rows: Sequence[Sum], spells: Sequence[Spell], assets: Sequence[Health]) -> Iterator[dict[str, Any]]:
    """The same for programs; `record` says what each is."""
    for row in rows:
        yield {"record": "coverage", **row._asdict(), "share": round(row.share, 4), "says": row.says}
    for one in spells:
        told = {name: value for name, value in one._asdict().items() if name not in {"cells", "steps"}}
        yield {"record": "blind_spell", **told, "causes": [cause._asdict() for cause in one.causes]}
    states = Counter(one.state for one in assets)
    for asset in assets:
        yield {"record": "asset", **asset._asdict()}
    yield {"record": "assets", "number": len(assets), "silent": states[None]}
