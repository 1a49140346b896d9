"""Readings in words: what each changes of its provision, and what stands under the text and under each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.agreement import Agreement
from pipeline.agreement.format import ReadingTable, WeaponTable
from pipeline.agreement.overlays import is_judged, replaced
from pipeline.cli.whereabouts import place
from pipeline.cli.words import probability, safe, stamp

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.law.comparison import Compared, Event, Under

TEXT = "the text"
NOT_JUDGED = "nothing: it is shown, and not judged"


def utc(time: datetime) -> str:
    """A moment in UTC."""
    return f"{stamp(time.astimezone(UTC))} UTC"


def changes(reading: ReadingTable, told: Callable[[datetime], str] = utc) -> str:
    """What is otherwise under a reading than in the text.

    Args:
        told: how a moment is written.
    """
    if not is_judged(reading):
        return NOT_JUDGED
    if reading.holds is False:
        return "it does not hold"
    parts = []
    if reading.in_force_from is not None:
        parts.append(f"in force from {told(reading.in_force_from)}")
    if reading.in_force_until is not None:
        parts.append(f"in force until {told(reading.in_force_until)}")
    for key in ("zones", "activities", "binds", "exceptions"):
        names = getattr(reading, key)
        if names is not None:
            parts.append(f"{key}: {', '.join(names) or _NONE[key]}")
    if reading.weapons is not None:
        parts.append(f"weapons: {', '.join(map(weapon, reading.weapons)) or 'any'}")
    return "; ".join(parts) or "nothing: it is judged as the text is"


_NONE = {"zones": "none", "activities": "none", "binds": "everyone", "exceptions": "none"}


def weapon(table: WeaponTable) -> str:
    """A weapon class with its bounds.

    >>> weapon(WeaponTable(type="mortar", calibre_min_mm=120))
    'mortar ≥ 120 mm'
    """
    bounds = [
        f"{sign} {bound:g} mm"
        for sign, bound in (
            ("≥", table.calibre_min_mm),
            (">", table.calibre_above_mm),
            ("≤", table.calibre_max_mm),
            ("<", table.calibre_below_mm),
        )
        if bound is not None
    ]
    return f"{table.type} {' and '.join(bounds)}".rstrip()


def side_by_side(agreement: Agreement) -> Iterator[dict[str, Any]]:
    """A row for each reading, by provision as the agreement has them."""
    order = {table.id: number for number, table in enumerate(agreement.tables.provisions)}
    for one in sorted(agreement.readings, key=lambda reading: order[reading.provision]):
        yield {
            "agreement": agreement.name,
            "provision": one.provision,
            "party": one.party,
            "reading": one.id,
            "judged": is_judged(one),
            "changes": {**({} if one.holds is None else {"holds": one.holds}), **replaced(one)},
            "says": " ".join(one.says.split()),
        }


def as_row(agreement: Agreement, compared: "Compared", limit: int) -> dict[str, Any]:
    """One provision's comparison as data: its columns, and the first of the events that decide."""
    return {
        "agreement": agreement.name,
        "provision": compared.provision,
        "columns": compared.columns,
        "deciding": len(compared.events),
        "events": [_event(one, agreement) for one in compared.events[:limit]],
    }


def _event(event: "Event", agreement: Agreement) -> dict[str, Any]:
    told = ("alert_id", "incident_id", "observed_from", "observed_until", "line", "side", "chainage_m", "lon", "lat")
    alert = event.alert
    return {
        **{name: getattr(alert, name) for name in told},
        "place": place(alert, agreement),
        "under": event.under,
    }


def print_side_by_side(console: "Console", agreement: Agreement) -> None:
    """The readings, each with what it changes."""
    from rich.text import Text

    table = _table(("provision", "read by", "reading", "under it", "says"))
    told = {one.id: changes(one) for one in agreement.readings}
    before = None
    for row in side_by_side(agreement):
        provision = "" if row["provision"] == before else row["provision"]
        words = (provision, row["party"], row["reading"], told[row["reading"]], safe(row["says"]))
        table.add_row(*map(Text, words))
        before = row["provision"]
    console.print(table)


def print_compared(console: "Console", agreement: Agreement, found: "Sequence[Compared]", limit: int) -> None:
    """For each provision what stands under the text and under each reading, and the events that decide."""
    from rich.text import Text

    readings = {one.id: changes(one) for one in agreement.readings}
    table = _table(("provision", "read by", "raised", "possible", "under it"), right=("raised", "possible"))
    for one in found:
        for column in one.columns:
            provision = one.provision if column.party is None else ""
            under = readings[column.reading] if column.reading else ""
            cells = (provision, column.party or TEXT, f"{column.raised:,}", f"{column.possible:,}", under)
            table.add_row(*map(Text, cells))
    console.print(table)
    for one in found:
        if one.events:
            console.print()
            _print_events(console, agreement, one, limit)


def _print_events(console: "Console", agreement: Agreement, compared: "Compared", limit: int) -> None:
    from rich.text import Text

    parties = [column.party or TEXT for column in compared.columns]
    table = _table(("from (UTC)", "incident", "where", *parties))
    shown = compared.events[:limit]
    of = "" if len(shown) == len(compared.events) else f" {len(shown)} of"
    table.title = f"{compared.provision}:{of} {len(compared.events):,} that stand otherwise in one column than another"
    table.title_justify = "left"
    for event in shown:
        alert = event.alert
        begin, where = stamp(alert.observed_from.astimezone(UTC)), place(alert, agreement)
        table.add_row(*map(Text, (begin, alert.incident_id, where, *map(_stands, event.under))))
    console.print(table)


def _stands(under: "Under") -> str:
    if under.standing is None or under.probability is None:
        return "no alert"
    return f"{under.standing.value} {probability(under.probability)}"


def _table(headings: Iterable[str], right: Sequence[str] = ()) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title_style="")
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    return table
