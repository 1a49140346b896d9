"""`truceline replay`: a record once more, whole or as it was known, under one agreement or another."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    AgreementsOption,
    InputsArgument,
    JsonOption,
    MappingOption,
    PaceOption,
    UserError,
    load_agreements,
    plural,
    say,
    write_data,
)
from pipeline.cli.replaying import Replay, by_text, read_by_party, records_of, time_of
from pipeline.cli.reporting import SummaryOption, check_summary, tell
from pipeline.cli.run import summary_lines

if TYPE_CHECKING:
    from pipeline.archive import Period
    from pipeline.sources.inputs import Input
    from pipeline.store import Store
    from pipeline.store.runner import Summary

AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="Only what was received, and decided, by then: a day or a time (UTC)."),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="T", help="Only what happened from then on: a day or a time (UTC).")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="T", help="Only what happened before then.")]
TextOption = Annotated[
    str | None,
    typer.Option("--agreement-as-of", metavar="DAY", help="Judge by the agreements' texts as they were on a day."),
]
ReadingOption = Annotated[
    str | None, typer.Option("--reading", metavar="PARTY", help="Judge as one party reads the agreements.")
]
NewStoreOption = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="Keep what comes of it in a new store.")
]
TableOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="OUT", help="The alerts as a table; the ending is the format.")
]


def replay(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    inputs: InputsArgument,
    agreements: AgreementsOption,
    as_of: AsOfOption = None,
    begin: FromOption = None,
    until: UntilOption = None,
    agreement_as_of: TextOption = None,
    reading: ReadingOption = None,
    pace: PaceOption = None,
    store: NewStoreOption = None,
    out: TableOption = None,
    possible: Annotated[bool, typer.Option("--possible", help="Possible alerts as well.")] = False,
    mapping: MappingOption = None,
    summary: SummaryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a record once more: an archive, a store or files, under any agreements. The same record, the same alerts.

    --as-of T takes what was received by T, and what operators had decided by then: the alerts that stood at T. Nothing
    is changed where the record is; what comes of it goes to standard output, one alert a line, or to -o or --store.
    """
    from pipeline.archive import ArchiveError, Period
    from pipeline.store import StoreError
    from pipeline.tables import OutputNameError, TableKind, check_output

    check_summary(summary)
    if out is not None:
        try:
            check_output(out, TableKind.ALERTS)
        except OutputNameError as error:
            raise UserError(str(error)) from error
    if store is not None and store.exists():
        raise UserError(f"{store}: it is there already; a replay goes into a new store")
    period = Period(time_of("--from", begin), time_of("--until", until), time_of("--as-of", as_of))
    loaded = read_by_party(load_agreements(by_text(agreements, agreement_as_of)), reading)
    with ExitStack() as stack:
        place = store or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truceline-"))) / "replay.db"
        try:
            opened, acts = records_of(inputs, mapping, period)
            work = Replay(loaded, opened, place, acts, period)
            account = work.work(pace, strict=False, listen=None)
            tell(account.summary, summary_lines(account.summary, account.rejects), as_json, summary)
            if account.error is not None:
                raise account.error
            _tell_unknown(opened, period, account.summary)
            _give(place, store, out, possible, as_json)
        except (ArchiveError, StoreError) as error:
            raise UserError(str(error)) from error


def _tell_unknown(opened: "Sequence[Input]", period: "Period", summary: "Summary") -> None:
    """Says what was left out because it was not known, or nobody says that it was."""
    from pipeline.archive import Chosen, KeptInput

    undated = sum(given.undated for given in opened if isinstance(given, Chosen | KeptInput))
    if undated:
        say(f"{plural(undated, 'report')} left out: nobody says when they were received")
    elif period.as_of is not None and not summary.reports:
        say(f"nothing had been received by {period.as_of:%Y-%m-%d %H:%M} UTC; --until is about when things happened")


def _give(place: Path, store: Path | None, out: Path | None, possible: bool, as_json: bool) -> None:
    """The alerts, to where they were asked for."""
    import msgspec

    from pipeline.store import open_store
    from pipeline.tables import TableKind, write_records

    with open_store(place) as kept:
        if out is not None:
            write_records(out, TableKind.ALERTS, _alerts(kept, possible))
        elif store is None and not as_json:
            for alert in _alerts(kept, possible):
                write_data(msgspec.json.encode(alert))


def _alerts(store: "Store", possible: bool) -> "list[object]":
    return list(store.alerts(possible=possible))
