"""`truceline compare`: how two records differ, or one under two agreements or as of two times, and why."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import AgreementsOption, JsonOption, MappingOption, UserError, load_agreements, plural, say
from pipeline.cli.replaying import Replay, by_text, read_by_party, records_of, time_of

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.archive import Period
    from pipeline.store import Store

RecordsArgument = Annotated[
    list[str], typer.Argument(metavar="A [B]", help="An archive, a store or a file each; with one, A is B as well.")
]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="AGREEMENT", help="B is judged by this one, in the place of the -a at its place."),
]
AsOfOption = Annotated[
    list[str] | None, typer.Option("--as-of", metavar="T", help="As known at T; given twice, A and then B.")
]
TextsOption = Annotated[
    list[str] | None,
    typer.Option("--agreement-as-of", metavar="DAY", help="By the texts of a day; given twice, A and then B."),
]
ReadingsOption = Annotated[
    list[str] | None, typer.Option("--reading", metavar="PARTY", help="B is judged as one party reads the agreements.")
]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="How many changes are shown.")]

IncidentsOption = Annotated[bool, typer.Option("--incidents", help="Show every incident that changed as well.")]


def compare(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    records: RecordsArgument,
    agreements: AgreementsOption,
    instead: WithOption = None,
    as_of: AsOfOption = None,
    texts: TextsOption = None,
    readings: ReadingsOption = None,
    mapping: MappingOption = None,
    limit: LimitOption = 40,
    incidents: IncidentsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two records, two agreements or two dates: every figure that differs, with its cause, to the report.

    What another law alone changes is told first, as `rule`; then what the later record changes under that law. The
    causes of a figure add up to its difference.
    """
    from pipeline.analysis import compare as explained
    from pipeline.archive import ArchiveError, Period
    from pipeline.cli.compare_table import print_comparison, write_comparison
    from pipeline.store import StoreError

    if len(records) > 2:
        raise UserError(f"two records are compared, and {len(records)} are named")
    before, after = records[0], records[-1]
    first_time, last_time = (time_of("--as-of", one) for one in _pair("--as-of", as_of))
    first_text, last_text = _pair("--agreement-as-of", texts)
    old_law = load_agreements(by_text(agreements, first_text))
    new_law = _later_law(agreements, instead, last_text, readings)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truceline-")))

        def judged(name: str, record: str, law: "Sequence[Agreement]", period: "Period") -> "Store":
            return stack.enter_context(_judged(folder / f"{name}.db", record, law, period, mapping))

        try:
            first = judged("first", before, old_law, Period(as_of=first_time))
            last = judged("last", after, new_law, Period(as_of=last_time))
            same_law = [one.fingerprint for one in old_law] == [one.fingerprint for one in new_law]
            under = None if same_law else judged("under", before, new_law, Period(as_of=first_time))
            names = {new.name: old.name for old, new in zip(old_law, new_law, strict=True)}
            found = explained(first, last, under_law=under, known_until=first_time, names=names)
        except (ArchiveError, StoreError) as error:
            raise UserError(str(error)) from error
    if as_json:
        write_comparison(found)
    else:
        print_comparison(found, limit, incidents=incidents)


def _pair(option: str, given: Sequence[str] | None) -> tuple[str | None, str | None]:
    if not given:
        return None, None
    if len(given) > 2:
        raise UserError(f"{option}: given twice at most, for A and for B")
    return given[0], given[-1]


def _later_law(
    agreements: Sequence[str], instead: Sequence[str] | None, text: str | None, readings: Sequence[str] | None
) -> "Sequence[Agreement]":
    names = [*agreements]
    if instead and len(instead) > len(names):
        raise UserError(f"--with: {len(instead)} for {len(names)} of -a; each stands in the place of one")
    names[: len(instead or ())] = instead or ()
    loaded = load_agreements(by_text(names, text))
    for party in readings or ():
        loaded = read_by_party(loaded, party)
    return loaded


def _judged(place: Path, record: str, law: "Sequence[Agreement]", period: "Period", mapping: Path | None) -> "Store":
    """A record judged once more, into a store of its own."""
    from pipeline.store import open_store

    opened, acts = records_of([record], mapping, period)
    account = Replay(law, opened, place, acts, period).work(None, strict=False, listen=None)
    if account.error is not None:
        raise account.error
    said = f" as of {period.as_of:%Y-%m-%d %H:%M} UTC" if period.as_of is not None else ""
    say(f"{record}{said}: {plural(account.summary.reports, 'report')}, {plural(account.summary.alerts, 'alert')}")
    return open_store(place)
