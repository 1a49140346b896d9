"""How commands that read inputs tell of what they did: the summary, the metrics meanwhile, and what breaks off."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from pipeline.cli.common import UNFINISHED, UserError, number, plural, save_text, say, write_json

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from pipeline.sources.inputs import Input

ListenOption = Annotated[
    str | None, typer.Option("--metrics-listen", metavar="HOST:PORT", help="Serve Prometheus metrics there meanwhile.")
]
SummaryOption = Annotated[
    Path | None, typer.Option("--summary", metavar="FILE", help="Write the summary there as one JSON object.")
]


def check_summary(file: Path | None) -> None:
    """Makes sure that a summary can be written, before there is anything to tell.

    Raises:
        UserError: there is no such folder.
    """
    if file is not None and not file.absolute().parent.is_dir():
        raise UserError(f"{file}: there is no folder {file.parent}")


def tell(summary: Any, lines: Sequence[str], as_json: bool, file: Path | None) -> None:
    """Shows a summary to people, and writes it for programs.

    Raises:
        OutputError: it cannot be written.
    """
    for line in lines:
        say(line)
    told = msgspec.to_builtins(summary)
    if as_json:
        write_json(told)
    if file is not None:
        save_text(file, msgspec.json.encode(told) + b"\n")


def aligned(figures: Sequence[tuple[str, int, str]]) -> list[str]:
    """Figures in a column, each between its name and a few words."""
    width = max(len(number(figure)) for _, figure, _ in figures)
    return [f"{name:<12}{number(figure):>{width}}  {words}".rstrip() for name, figure, words in figures]


def reasons(rejects: "Counter[str]") -> str:
    """Why rows were rejected, in a few words."""
    shown = [f"{number(count)} {reason}" for reason, count in rejects.most_common(4)]
    more = len(rejects) - len(shown)
    return ", ".join(shown) + (f", {plural(more, 'other reason')}" if more > 0 else "")


def torn(inputs: "Sequence[Input]", what_became: str) -> UserError | None:
    """The error for inputs that broke off, if any did.

    Args:
        what_became: of what could be read.
    """
    files = [given.file for given in inputs if given.torn]
    if not files:
        return None
    return UserError(
        f"{', '.join(files)}: breaks off; what could be read {what_became}, the tear is a reject", UNFINISHED
    )


def serve_metrics(stack: ExitStack, registry: "CollectorRegistry", address: str | None) -> None:
    """Serves metrics until the stack ends, and says where; without an address, nowhere.

    Raises:
        UserError: the address is none, or is taken.
    """
    from pipeline.metrics import AddressError, served

    if address is None:
        return
    try:
        say(f"metrics at {stack.enter_context(served(registry, address))}")
    except AddressError as error:
        raise (UserError(str(error), UNFINISHED) if error.taken else UserError(str(error))) from error
