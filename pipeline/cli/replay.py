"""`truceline replay`: a record once more, whole or as it was known, under one agreement or another."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
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
    open_inputs,
    plural,
    say,
    write_data,
)
from pipeline.cli.reporting import SummaryOption, check_summary, tell
from pipeline.cli.run import Run, summary_lines

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.archive import Period
    from pipeline.cli.interruption import SteadyRecorder
    from pipeline.cli.progress import Progress
    from pipeline.model.actions import Action
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
    period = Period(_time("--from", begin), _time("--until", until), _time("--as-of", as_of))
    loaded = _read_by(load_agreements(_by_text(agreements, agreement_as_of)), reading)
    with ExitStack() as stack:
        place = store or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truceline-"))) / "replay.db"
        try:
            opened, acts = _records(inputs, mapping, period)
            work = _Replay(loaded, opened, place, acts, period)
            account = work.work(pace, strict=False, listen=None)
            tell(account.summary, summary_lines(account.summary, account.rejects), as_json, summary)
            if account.error is not None:
                raise account.error
            _tell_unknown(opened, period, account.summary)
            _give(place, store, out, possible, as_json)
        except (ArchiveError, StoreError) as error:
            raise UserError(str(error)) from error


class _Replay(Run):
    """A run into a store of its own, whose clock stands where the record is looked at from."""

    def __init__(
        self,
        agreements: "Sequence[Agreement]",
        inputs: "Sequence[Input]",
        store: Path,
        acts: "Sequence[Action]",
        period: "Period",
    ) -> None:
        super().__init__(agreements, inputs, store)
        self._acts, self._period = acts, period

    def clock(self) -> datetime:
        """Now, or the time of knowledge."""
        return self._period.as_of or datetime.now(UTC)

    def catch_up(self, recorder: "SteadyRecorder", progress: "Progress") -> None:
        """Has what operators did at hand before anything is judged."""
        recorder.keep(self._acts)
        super().catch_up(recorder, progress)


def _records(words: Sequence[str], mapping: Path | None, period: "Period") -> "tuple[list[Input], list[Action]]":
    """The records that are named, as far as they belong to a period, and what operators did with them."""
    from pipeline.archive import Chosen, acts_of, kept_input

    opened: list[Input] = []
    acts: list[Action] = []
    for word in words:
        kept = kept_input(Path(word), period)
        if kept is not None:
            opened.append(kept)
            acts += acts_of(Path(word), period)
        else:
            opened += [Chosen(given, period) for given in open_inputs([word], mapping, None)]
    return opened, acts


def _by_text(names: Sequence[str], day: str | None) -> list[str]:
    return list(names) if day is None else [f"{name}@{day}" for name in names]


def _read_by(agreements: "Sequence[Agreement]", party: str | None) -> "list[Agreement]":
    from pipeline.agreement.readings import read_by, readers

    if party is None:
        return list(agreements)
    for agreement in agreements:
        if party not in readers(agreement):
            known = ", ".join(readers(agreement)) or "none of its parties"
            raise UserError(f"{agreement.name}: no reading of {party!r} is judged; {known} have one")
    return [read_by(agreement, party) for agreement in agreements]


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"{option} {text[:60]}: write a day or a time, such as 2026-03-01 or 2026-03-01T06:00Z"
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


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
