"""The observation log that a command is given: a store's, or a file's; and the time that it is asked about."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pipeline.cli.common import UserError, open_inputs, plural, say

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.model.records import Observation
    from pipeline.recon.log import Log
    from pipeline.recon.makes import Makes
    from pipeline.store import Store

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=366)

BEFORE = timedelta(days=7)
"""So much earlier than what is asked about are records read too: those of blindness say neither what an asset is nor
what it watches when all is well, and whoever fell silent is told of for so long."""

LogsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="An observation log, plain, .gz or .zst, or -, in place of the store's. May be repeated.",
    ),
]
AgreementOption = Annotated[
    str | None,
    typer.Option(
        "-a",
        "--agreement",
        metavar="AGREEMENT",
        help="Whose lines and sectors: a shipped name or a TOML file; else the one by which the store was judged.",
    ),
]
ClassOption = Annotated[
    list[str] | None,
    typer.Option("--class", metavar="NAME", help="What might have happened: heavy_fire, flight, … May be repeated."),
]
ProvisionOption = Annotated[
    str | None, typer.Option("--provision", metavar="ID", help="The classes that a provision is about.")
]
MakesOption = Annotated[
    Path | None, typer.Option("--makes", metavar="FILE", help="Makes of assets, in place of the shipped ones.")
]
DepthOption = Annotated[
    float, typer.Option("--depth-km", metavar="KM", min=0.5, max=200.0, help="How far from the line on either side.")
]


class Period(NamedTuple):
    """The time that is asked about."""

    begin: datetime
    until: datetime


class Records(NamedTuple):
    """An observation log: a store's, or that of some files.

    Attributes:
        store: None where none is looked at.
        records: of the files, those that stand; None where it is the store's log.
    """

    store: "Store | None"
    records: "Sequence[Observation] | None"

    @classmethod
    def of(cls, store: "Store | None", logs: Sequence[str] | None) -> "Records":
        """The log of some files, if any are named; else the store's.

        Raises:
            InputError, UserError: a file is not there, or cannot be read.
        """
        from pipeline.recon.log import standing

        return cls(store, standing(_of_files(logs)) if logs else None)

    def span(self) -> Period | None:
        """From when until when it tells anything; of a plan that reaches beyond, until when it was received."""
        if self.records is not None:
            return span_of(self.records)
        begin, until = (self.store.watched_from(), self.store.watched_until()) if self.store else (None, None)
        return None if begin is None or until is None else Period(begin, until)

    def about(self, period: Period, makes: "Makes") -> "list[Observation]":
        """What there is to know of a period: records from some time before it until the last that begins in it ends."""
        lasts = timedelta(seconds=max(one.lasts_s[1] for one in makes.classes))
        begin, until = period.begin - BEFORE, period.until + HOUR + lasts
        if self.records is not None:
            return [one for one in self.records if one.observed_until >= begin and one.observed_from <= until]
        assert self.store is not None
        return list(self.store.observations(begin, until))


def span_of(records: "Sequence[Observation]") -> Period | None:
    """The first beginning and the last end of records that stand; what was yet to come when it was told is left out."""
    if not records:
        return None
    ends = [max(one.observed_from, min(one.observed_until, one.received_at or one.observed_until)) for one in records]
    return Period(min(one.observed_from for one in records), max(ends))


class Given(NamedTuple):
    """What the options name."""

    agreement: "Agreement"
    makes: "Makes"
    records: Records
    span: Period | None

    @property
    def last(self) -> datetime:
        """Until when the log tells, in whole hours.

        Raises:
            UserError: it tells nothing.
        """
        last = self._told.until
        whole = last.replace(minute=0, second=0, microsecond=0)
        return whole if whole == last else whole + HOUR

    @property
    def first(self) -> datetime:
        """From when on the log tells, in whole hours.

        Raises:
            UserError: it tells nothing.
        """
        return self._told.begin.replace(minute=0, second=0, microsecond=0)

    @property
    def _told(self) -> Period:
        if self.span is None:
            raise UserError("nobody said who watched: there are no observations (docs/recon.md); name a log with --log")
        return self.span

    def time(self, text: str, option: str) -> datetime:
        """A day or time; or so long before the log's end."""
        from pipeline.cli.choosing import since_time

        return since_time(text, self.last, option).astimezone(UTC)

    def log(self, period: Period) -> "Log":
        """What is said of a period."""
        from pipeline.recon.log import Log

        return Log.of(self.records.about(period, self.makes), self.makes, self.agreement.areas)


def given(store: "Store | None", logs: Sequence[str] | None, agreement: str | None, makes: Path | None) -> Given:
    """What the options name.

    Raises:
        AgreementError, InputError, UserError: something of it is not there, or cannot be read.
    """
    from pipeline.cli.mission import makes_of

    named = _agreement(store, agreement)
    records = Records.of(store, logs)
    return Given(named, makes_of(makes), records, records.span())


def _agreement(store: "Store | None", named: str | None) -> "Agreement":
    from pipeline.agreement import AgreementError, load_agreement

    if named is not None:
        return load_agreement(named)
    judged = [] if store is None else list(store.agreements())
    if len(judged) != 1:
        held = f"the store was judged by {', '.join(judged)}" if judged else "none is known"
        raise UserError(f"name an agreement with -a: {held}")
    try:
        return load_agreement(judged[0])
    except AgreementError as error:
        raise UserError(f"{error}; name the agreement's file with -a") from error


def _of_files(words: Sequence[str]) -> "Iterator[Observation]":
    """The observations of some files; what else is in them, or cannot be read, is counted."""
    others = bad = 0
    first = ""
    for source in open_inputs([word if "=" in word else f"ndjson={word}" for word in words]):
        for row in source.rows():
            yield from row.observations
            others += len(row.reports)
            if row.reject is not None:
                bad += 1
                first = first or f"{source.file}, row {row.reject.row}: {row.reject.field}: {row.reject.reason.value}"
    if others:
        say(f"{plural(others, 'report')} beside the observations: not looked at")
    if bad:
        say(f"{plural(bad, 'row')} could not be read; the first is {first}")


def classes_of(read: Given, names: Sequence[str] | None, provision: str | None) -> list[str]:
    """The classes that are asked for; else all that the agreement's provisions are about.

    Raises:
        UserError: there is no such class or provision, or the provision is about none.
    """
    from pipeline.cli.words import nearest
    from pipeline.recon.grounds import Grounds

    if names:
        known = [one.name for one in read.makes.classes]
        for name in names:
            if name not in known:
                raise UserError(nearest(name, known, "class"))
        return list(dict.fromkeys(names))
    grounds = Grounds(read.agreement, read.makes).provisions
    if provision is not None:
        if provision not in grounds:
            raise UserError(nearest(provision, list(grounds), "provision that is about what can be watched"))
        return list(grounds[provision].classes)
    wanted = {name for ground in grounds.values() for name in ground.classes}
    return [one.name for one in read.makes.classes if one.name in wanted]


def checked(begin: datetime, until: datetime) -> Period:
    """A period that ends after it begins, and is no longer than a year.

    Raises:
        UserError: it is not.
    """
    if until <= begin:
        raise UserError(f"the period ends ({until:%Y-%m-%d %H:%M}) before it begins ({begin:%Y-%m-%d %H:%M})")
    if until - begin > LONGEST:
        raise UserError("a period of more than a year: ask for less at once")
    return Period(begin, until)
