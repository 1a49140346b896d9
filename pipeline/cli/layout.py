"""Tables that people read: one line a row where there is room, else two or three, in the same order for every row."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_GAP, _INDENT = "  ", "   "

Numbers = Sequence[int]
"""Columns by their numbers, from 0."""


class Row(NamedTuple):
    """One row: its cells, how the cell that stands out looks, and whether the whole is faint."""

    cells: tuple[str, ...]
    style: str = ""
    dim: bool = False


class Folds(NamedTuple):
    """How a table folds where one line does not hold everything: which columns stand on the three lines.

    `standing_out` is the column whose cells have a row's style.
    """

    first: Numbers
    second: Numbers
    third: Numbers
    standing_out: int = -1


def print_rows(console: Console, headings: tuple[str, ...], rows: Sequence[Row], folds: Folds) -> None:
    """A table with its headings."""
    every = [Row(headings), *rows]
    widths = [max(cell_len(row.cells[number]) for row in every) for number in range(len(headings))]
    layout = _layout(every, widths, console.width if console.is_terminal else None, folds)
    for index, row in enumerate(every):
        for line in _lines(row, widths, layout, folds.standing_out):
            if row.dim:
                line.stylize("dim")
            if index == 0:
                line.stylize("bold")
            # What is too long for the narrowest terminal is folded, not cut: an id must be whole to be of use.
            console.print(line, soft_wrap=True)


def _layout(rows: Sequence[Row], widths: Sequence[int], room: int | None, folds: Folds) -> tuple[Numbers, ...]:
    """Which cells stand on which line: one line where there is room, else two or three."""
    whole = (*folds.first, *folds.second, *folds.third)
    if room is None or _needed(widths, whole) <= room:
        return (whole,)
    second = (*folds.second, *folds.third)
    if all(len(_INDENT) + _needed([cell_len(cell) for cell in row.cells], second) <= room for row in rows):
        return folds.first, second
    return folds.first, folds.second, folds.third


def _needed(widths: Sequence[int], numbers: Numbers) -> int:
    return sum(widths[number] for number in numbers) + len(_GAP) * (len(numbers) - 1)


def _lines(row: Row, widths: Sequence[int], layout: Sequence[Numbers], standing_out: int) -> Iterator[Text]:
    yield _joined(row, widths, layout[0], standing_out)
    for numbers in layout[1:]:
        yield Text(_INDENT).append_text(_joined(row, [0] * len(widths), numbers, standing_out))


def _joined(row: Row, widths: Sequence[int], numbers: Iterable[int], standing_out: int) -> Text:
    line = Text()
    for number in numbers:
        cell = row.cells[number]
        if not cell and not widths[number]:
            continue
        line.append(cell, row.style if number == standing_out else "")
        line.append(" " * max(0, widths[number] - cell_len(cell)) + _GAP)
    line.rstrip()
    return line
