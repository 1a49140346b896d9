"""What of an agreement is in force at a time, and when it expires."""

from datetime import UTC, datetime
from typing import NamedTuple

from pipeline.agreement import Agreement
from pipeline.agreement.terms import in_force
from pipeline.cli.common import UserError
from pipeline.cli.words import safe


class Standing(NamedTuple):
    """How a provision stands at a time; `name` is empty for the agreement as a whole.

    Attributes:
        until: when it expires or is suspended next, where it is in force; None where no end is set.
        again: when it comes into force next, where it is not; None where it does not.
        ended: when it was in force last, where it was before and is not now.
    """

    name: str
    in_force: bool
    until: datetime | None
    again: datetime | None
    ended: datetime | None


def standing_at(agreement: Agreement, at: datetime) -> list[Standing]:
    """The agreement and each of its provisions."""
    tables = agreement.tables
    return [
        _standing(name, spans, at)
        for name, spans in [("", in_force(tables)), *((one.id, in_force(tables, one)) for one in tables.provisions)]
    ]


def time_of(text: str) -> datetime:
    """What `--on` means: a day's beginning or a time, UTC unless it has a zone.

    >>> time_of("2026-03-01").isoformat(), time_of("2026-03-01T06:00+02:00").isoformat()
    ('2026-03-01T00:00:00+00:00', '2026-03-01T06:00:00+02:00')

    Raises:
        UserError: it is neither.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"--on {safe(text, 60)}: write a day or time, such as 2026-03-01 or 2026-03-01T06:00Z"
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def as_record(one: Standing) -> dict[str, str | bool | None]:
    """The same for programs."""
    times = {"until": one.until, "again": one.again, "ended": one.ended}
    told = {name: None if time is None else time.astimezone(UTC).isoformat() for name, time in times.items()}
    return {"provision": one.name or None, "in_force": one.in_force, **told}


def _standing(name: str, spans: tuple[tuple[datetime, datetime | None], ...], at: datetime) -> Standing:
    for begin, until in spans:
        if begin <= at and (until is None or at < until):
            return Standing(name, True, until, None, None)
    ended = max((until for _, until in spans if until is not None and until <= at), default=None)
    return Standing(name, False, None, min((begin for begin, _ in spans if begin > at), default=None), ended)
