"""What the commands share: options, the two output streams, inputs, and the errors that end a command."""

import gc
import math
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import msgspec
import typer

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.agreement import Agreement
    from pipeline.sources.inputs import Input

DONE, UNFINISHED, USAGE, STRICT, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done; could not finish; wrong usage or configuration; `--strict` met a bad row; interrupted."""

PLAIN_WIDTH = 160
"""Columns of a table that no terminal limits."""


class UserError(Exception):
    """Ends a command with one message and an exit code; the user can mend it."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


class Interrupted(Exception):
    """Ctrl-C, or a request to end (SIGTERM)."""


class NobodyReads(Exception):
    """Standard output is a pipe whose other end is closed."""


class Output:
    """Standard output as text, whose refusal, as a full disk's, is told from every other error of the system."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes text; raises `UserError` where the output takes no more."""
        with _refusals_told():
            return self._stream.write(text)

    def flush(self) -> None:
        """Sees what was written on its way; raises `UserError` where the output takes no more."""
        with _refusals_told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(f"standard output: {error.strerror or error}", UNFINISHED) from error


def positive(text: str) -> float:
    """A number above nought, as an option gives it.

    >>> positive("2.5")
    2.5

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        number = float(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no number") from error
    if not math.isfinite(number) or number <= 0:
        raise typer.BadParameter(f"{text} is not above 0")
    return number


AgreementsOption = Annotated[
    list[str],
    typer.Option(
        "-a", "--agreement", metavar="AGREEMENT", help="A shipped agreement's name, or a TOML file. May be repeated."
    ),
]
InputsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Files, folders or - (standard input), plain, .gz or .zst. SOURCE=PATH says how to read one.",
        show_default=False,
    ),
]
StoreOption = Annotated[
    Path, typer.Option("--store", metavar="FILE", envvar="TRUCELINE_STORE", help="The store, one SQLite file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", metavar="FILE", help="How to read a csv table (docs/sources.md).")
]
FeedOption = Annotated[
    str | None, typer.Option("--feed", metavar="NAME", help="The name of the stream by which the reports come.")
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Stop with exit 3 at the first row that cannot be read.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="T", help="Only what happened from a day or time on (UTC), or in the last 90m, 24h, 7d."
    ),
]
LimitOption = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="The latest N.")]
OutOption = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="OUT", help="Its ending is the format: ndjson, csv, parquet, gpkg, geojson."),
]
PaceOption = Annotated[
    float | None,
    typer.Option("--pace", metavar="X", parser=positive, help="Play the reports at X times real time."),
]
DEFAULT_STORE = Path("truceline.db")


def data_console() -> "Console":
    """Standard output, for tables that people read."""
    return _console(stderr=False)


def error_console() -> "Console":
    """Standard error: progress, warnings, the summary."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    class Steady(Console):
        def on_broken_pipe(self) -> None:
            """Ends a command whose data nobody reads; what it says beside them may go unheard."""
            if not self.stderr:
                raise NobodyReads
            self.quiet = True

    console = Steady(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PLAIN_WIDTH
    return console


def say(message: str) -> None:
    """One line on standard error. Nobody has to be there to read it."""
    # A value error is a stream that is closed already.
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{visible(message)}\n")
        sys.stderr.flush()


def say_next(command: str, store: Path) -> None:
    """A command that is worth typing next, on standard error."""
    console = error_console()
    named = "" if store == DEFAULT_STORE else f" --store {shlex.quote(str(store))}"
    for line in folded(f"next: truceline {command}{named}", console.width if console.is_terminal else None):
        say(line)


def folded(command: str, width: int | None) -> list[str]:
    r"""A command on lines of a width, broken between words, so that it can still be pasted.

    >>> folded("truceline alerts list --store my.db", 30)
    ['truceline alerts list \\', '  --store my.db']
    >>> folded("truceline alerts list", None)
    ['truceline alerts list']
    """
    first, *words = re.findall(r"(?:'[^']*'|\S)+", command)
    lines = [first]
    for word in words:
        if width is not None and len(lines[-1]) + len(word) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def visible(text: str) -> str:
    r"""Text of one line that no terminal acts on: what is no letter, sign or space is written out.

    >>> visible("one\x1b[2J two")
    'one\\x1b[2J two'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def write_json(value: Any) -> None:
    """One JSON object as a line on standard output."""
    write_data(msgspec.json.encode(value))


def write_data(line: bytes) -> None:
    """One line on standard output.

    Raises:
        UserError: the output takes no more, as a full disk.
    """
    with _refusals_told():
        sys.stdout.buffer.write(line + b"\n")


def load_agreements(names: Sequence[str]) -> "list[Agreement]":
    """The agreements of `-a`, each once.

    Raises:
        AgreementError: one is not there or has problems.
        UserError: two files have one name.
    """
    from pipeline.agreement import load_agreement

    loaded: dict[str, tuple[str, Agreement]] = {}
    for name in dict.fromkeys(names):
        agreement = load_agreement(name)
        if agreement.name in loaded:
            raise UserError(f"{name} and {loaded[agreement.name][0]} are both named {agreement.name!r}; load one")
        loaded[agreement.name] = name, agreement
    return [agreement for _, agreement in loaded.values()]


def open_inputs(words: Sequence[str], mapping: Path | None = None, feed: str | None = None) -> "list[Input]":
    """The inputs that INPUT words stand for, in their order.

    Raises:
        InputError: one is not there, or is not recognised beyond doubt.
        UserError: standard input is named twice, or a file's name cannot be recorded.
    """
    from pipeline.sources.inputs import open_input

    opened = [given for word in words for given in open_input(word, mapping=mapping, feed=feed)]
    for given in opened:
        if not given.file.isascii() and given.file != given.file.encode(errors="replace").decode():
            raise UserError(f"{given.file}: the file's name is not UTF-8; rename it, or give its content to -")
    if sum(given.file == "-" for given in opened) > 1:
        raise UserError("standard input (-) can be read only once")
    return opened


def number(value: float) -> str:
    """A figure with its thousands apart.

    >>> number(1234567), number(0)
    ('1,234,567', '0')
    """
    return f"{value:,.0f}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "row"), plural(2000, "row"), plural(0, "entry", "entries")
    ('1 row', '2,000 rows', '0 entries')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def bytes_of(size: float) -> str:
    """A size in the unit that fits.

    >>> bytes_of(900), bytes_of(810_620), bytes_of(3.2e9)
    ('900 B', '811 kB', '3.2 GB')
    """
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= length:
            return f"{size / length:.1f} {unit}" if size < 10 * length else f"{size / length:.0f} {unit}"
    return f"{size:.0f} B"


def save_text(path: Path, text: bytes) -> None:
    """Writes a small file whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    from pipeline.outputs import whole_or_nothing

    with whole_or_nothing(path) as beside:
        beside.write_bytes(text)


def collect_seldom() -> None:
    """Has Python look for cycles of dead records less often: millions are made, and none leads back to itself."""
    gc.set_threshold(100_000, 50, 100)
