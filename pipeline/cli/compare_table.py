"""A comparison of two records, as tables for people and as lines of JSON for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from pipeline.analysis.comparing import INCIDENTS
from pipeline.cli.common import data_console, write_json

if TYPE_CHECKING:
    from pipeline.analysis import Changed, Comparison, Figure, Item

_NAMED = 4
"""So many reports are named where there are more."""


def write_comparison(found: "Comparison") -> None:
    """A line for each figure, then one for each change."""
    for figure in found.figures:
        write_json(
            {
                "figure": {"of": list(figure.group), "counted_as": figure.label},
                "before": figure.before,
                "after": figure.after,
                "by_cause": {cause.value: net for cause, net in figure.by_cause.items()},
            }
        )
    for one in found.changed:
        item = _item(one)
        write_json(
            {
                "change": {"of": list(item.group), "id": item.name},
                "before": None if one.before is None else _told(one.before),
                "after": None if one.after is None else _told(one.after),
                "cause": one.cause.value,
                "report_ids": list(one.report_ids),
                "others": list(one.others),
            }
        )


def print_comparison(found: "Comparison", limit: int, *, incidents: bool) -> None:
    """The figures that there are, each with what changed it; then the changes one by one."""
    console = data_console()
    table = Table(box=None, pad_edge=False)
    for name in ("figure", "before", "after", "difference", "because"):
        table.add_column(name, justify="right" if name in {"before", "after", "difference"} else "left")
    for figure in found.figures:
        net = figure.after - figure.before
        table.add_row(
            _name(figure), f"{figure.before:,}", f"{figure.after:,}", f"{net:+,}" if net else "", _why(figure)
        )
    console.print(table)
    if not found.changed:
        console.print("no difference")
        return
    shown = [one for one in found.changed if incidents or _item(one).group != INCIDENTS]
    if shown:
        console.print()
        console.print(_changes(shown[:limit]))
    if len(shown) > limit:
        console.print(f"{len(shown) - limit:,} more; --limit or --json shows them")
    if len(shown) < len(found.changed):
        console.print(
            f"{len(found.changed) - len(shown):,} incidents changed as well; --incidents or --json shows them"
        )


def _changes(some: "Sequence[Changed]") -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("what", "was", "is", "because", "by"):
        table.add_column(name, overflow="fold")
    for one in some:
        item = _item(one)
        table.add_row(
            f"{' '.join(item.group)} {item.name}",
            "" if one.before is None else _words(one.before),
            "" if one.after is None else _words(one.after),
            one.cause.meaning,
            _by(one.report_ids or one.others),
        )
    return table


def _by(names: "Sequence[str]") -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _item(one: "Changed") -> "Item":
    item = one.after or one.before
    assert item is not None
    return item


def _told(item: "Item") -> dict[str, Any]:
    return {"counted_as": item.label, "traits": [*item.traits], "report_ids": [*item.report_ids]}


def _words(item: "Item") -> str:
    return " ".join((item.label, *(str(trait) for trait in item.traits)))


def _name(figure: "Figure") -> str:
    return f"{' '.join(figure.group)}, {figure.label}"


def _why(figure: "Figure") -> str:
    return ", ".join(f"{net:+,} {cause.value}" for cause, net in figure.by_cause.items())
