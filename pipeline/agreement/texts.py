"""The texts of an agreement: the original, and one more with every amendment.

An incident is judged by the text in force at its time, because each provision holds from the text that adds it until
the one that ends it. `NAME@TEXT` is an agreement by one of its texts alone, whenever something happened.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pipeline.agreement.format import AmendmentTable, ProvisionTable, SuspensionTable, Tables
from pipeline.agreement.remembering import WATCHING

ORIGINAL = "original"


def in_order(tables: Tables) -> tuple[AmendmentTable, ...]:
    """The amendments by their time."""
    return tuple(sorted(tables.amendments, key=lambda one: one.begin))


def text_at(tables: Tables, at: datetime) -> str:
    """The id of the text in force at a time: the last amendment before it, or the original."""
    return next((one.id for one in reversed(in_order(tables)) if one.begin <= at), ORIGINAL)


def by_text(tables: Tables, text: str) -> Tables | None:
    """The tables by one text alone; None where there is no such text.

    Args:
        text: an amendment's id, `original`, or a day: the text in force when it begins on the agreement's clock.
    """
    day = _day(text)
    if day is not None:
        text = text_at(tables, datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tables.header.timezone)))
    names = [ORIGINAL, *(one.id for one in in_order(tables))]
    if text not in names:
        return None
    known = set(names[: names.index(text) + 1])
    provisions = _standing(tables, known)
    ids = {table.id for table in provisions}
    return replace(
        tables,
        header=replace(tables.header, name=f"{tables.header.name}@{text}"),
        provisions=provisions,
        readings=tuple(one for one in tables.readings if one.provision in ids),
        suspensions=_suspending(tables, ids),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _stands_in(table: ProvisionTable, known: set[str]) -> bool:
    """Whether a provision is part of the text that these amendments make."""
    return (table.added_by is None or table.added_by in known) and table.ended_by not in known


def _standing(tables: Tables, known: set[str]) -> tuple[ProvisionTable, ...]:
    """The provisions of that text, without those that would have nothing left to watch."""
    kept = [table for table in tables.provisions if _stands_in(table, known)]
    ids = {table.id for table in kept}
    watching = {
        table.id: tuple(one for one in table.provisions if one in ids) for table in kept if isinstance(table, WATCHING)
    }
    left = [table for table in kept if watching.get(table.id, True)]
    return tuple(replace(table, added_by=None, ended_by=None, **_watches(watching.get(table.id))) for table in left)


def _watches(provisions: tuple[str, ...] | None) -> dict[str, tuple[str, ...]]:
    return {} if provisions is None else {"provisions": provisions}


def _suspending(tables: Tables, ids: set[str]) -> tuple[SuspensionTable, ...]:
    """The suspensions of the whole, and those of which some provision is left."""
    named = [(one, tuple(name for name in one.provisions if name in ids)) for one in tables.suspensions]
    return tuple(replace(one, provisions=left) for one, left in named if left or not one.provisions)
