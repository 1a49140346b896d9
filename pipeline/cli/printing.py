"""A page of one alert or incident on standard output: its id and figures, its title, and its sections."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console

READABLE = 110
"""Columns beyond which a sentence is hard to follow."""


class Section(NamedTuple):
    """A heading and what stands under it, a sentence or a figure a line."""

    heading: str
    lines: tuple[str, ...]


def print_page(
    console: "Console", name: str, figures: str, title: str, said: Sequence[Section], style: str = ""
) -> None:
    """Prints a page; lines are folded to the width, and the id never is."""
    from rich.text import Text

    width = min(console.width, READABLE) - 2
    console.print(Text(name, "bold"), Text(figures, style), soft_wrap=True)
    console.print(Text(title, "bold"), soft_wrap=True)
    for heading, lines in said:
        console.print()
        console.print(Text(heading, "bold"))
        for line in lines:
            for row in Text(line).wrap(console, width):
                row.rstrip()
                console.print(Text("  ").append_text(row), soft_wrap=True)
