"""The table of rival ledgers: one line for each ledger of each day and sector."""

from collections.abc import Sequence

from rich.console import Console

from pipeline.cli.common import number
from pipeline.cli.layout import Folds, print_rows
from pipeline.cli.layout import Row as Line
from pipeline.cli.words import safe
from pipeline.law.effort import percent
from pipeline.law.ledgers import By, Row
from pipeline.law.side_by_side import Figures
from pipeline.model.report import Count

_HEADINGS = (
    *("day", "sector", "observed", "ledger"),
    *("incidents", "matched", "only here", "rumours", "claimed", "counted"),
)
_NOTHING = "–"
_FOLDS = Folds((0, 1, 2, 3, 4, 5, 6, 7), (8,), (9,), standing_out=3)


def print_ledgers(console: Console, rows: Sequence[Row], by: By) -> None:
    """Prints the table; a column of what it is not by is left out."""
    lines = [Line(_cells(row, figures), "bold") for row in rows for figures in row.ledgers]
    watched = any(row.observed is not None for row in rows)
    headings = ("" if by is By.SECTOR else "day", "" if by is By.DAY else "sector", *_HEADINGS[2:])
    headings = (*headings[:2], "observed" if watched else "", *headings[3:])
    print_rows(console, headings, lines, _FOLDS)


def _cells(row: Row, figures: Figures) -> tuple[str, ...]:
    return (
        _days(row),
        _sector(row),
        "" if row.observed is None else percent(row.observed),
        safe(figures.ledger, 80),
        number(figures.incidents),
        _matched(figures),
        number(figures.only),
        number(figures.rumours),
        f"{_interval(figures.claimed)} events" if figures.claimed is not None else _NOTHING,
        "; ".join(f"{count.unit.value} {_interval(count)}" for count in figures.counts) or _NOTHING,
    )


def _days(row: Row) -> str:
    if row.first_day is None or row.first_day == row.last_day:
        return row.first_day or ""
    return f"{row.first_day} to {row.last_day}"


def _sector(row: Row) -> str:
    if row.unsectored is not None:
        return f"({row.unsectored.meaning})"
    return safe(row.sector_name or "", 80)


def _matched(figures: Figures) -> str:
    """How many are matched, and with whom where that is not told by the number."""
    with_whom = ", ".join(f"{safe(name, 80)} {many}" for name, many in figures.matched_with.items())
    return f"{number(figures.matched)} ({with_whom})" if with_whom else "0"


def _interval(count: Count) -> str:
    if count.max is None:
        return f"at least {count.min:,.12g}"
    return f"{count.min:,.12g}" if count.min == count.max else f"{count.min:,.12g} to {count.max:,.12g}"
