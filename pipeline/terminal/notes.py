"""The views beside the list: the note to the next watch, and how the provisions stand."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pipeline.console.core import Console
from pipeline.console.record import compliances, handover_note
from pipeline.console.records import Compliances
from pipeline.model.records import Progress
from pipeline.model.taxonomy import Compliance
from pipeline.terminal.laws import Laws
from pipeline.terminal.words import harmless, plain

_SIGNS = {
    Compliance.BROKEN: "▲",
    Compliance.CALLED_FOR: "◆",
    Compliance.INDETERMINATE: "?",
    Compliance.PENDING: "…",
    Compliance.KEPT: "✓",
}
"""What calls for a person first."""

_CASES = frozenset({Compliance.BROKEN, Compliance.CALLED_FOR})


def handover(console: Console) -> RenderableType:
    """The note from this watch to the next, as `truceline act --handover` writes it."""
    return Text("\n".join(harmless_line(line) for line in handover_note(console).markdown.splitlines()))


def harmless_line(line: str) -> str:
    """A line of a note, with its indent."""
    return line[: len(line) - len(line.lstrip(" "))] + harmless(line, 4_000)


def provisions(console: Console, laws: Laws) -> RenderableType:
    """How the provisions that remember stand; what calls for a person first."""
    parts = [part for one in compliances(console) for part in _agreement(one, laws)]
    return Group(*parts) if parts else Text("No agreement of this record is at hand as it was judged by (-a FILE).")


def _agreement(told: Compliances, laws: Laws) -> Iterator[RenderableType]:
    order = list(_SIGNS)
    rows = sorted(told.provisions, key=lambda one: order.index(one.compliance) if one.compliance in order else 99)
    yield Text(f"Provisions that remember: {told.agreement}", "bold underline")
    if not any(one.compliance in _CASES for one in rows):
        yield Text("Nothing calls for consultation at the end of the record's last day.")
    yield from (part for one in rows for part in _provision(one, laws))
    yield Text("")


def _provision(one: Progress, laws: Laws) -> Iterator[RenderableType]:
    verdict = f"{_SIGNS.get(one.compliance, ' ')} {plain(one.compliance)}"
    title = harmless(laws.title(one.agreement, one.provision))
    style = "bold" if one.compliance in _CASES else ""
    yield Text(f"{verdict}: {title}, {harmless(plain(one.subject).replace('/', ', '))} ({one.day})", style)
    yield Padding(Text(harmless(one.says, 2_000)), (0, 0, 0, 2))
