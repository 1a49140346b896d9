"""What the book has to say: how it goes with each receiver, and what was put aside."""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pipeline.model.times import from_us, to_us
from pipeline.notify.config import ALERTMANAGER
from pipeline.notify.outbox import Outbox
from pipeline.store import Store
from pipeline.store.database import store_errors
from pipeline.store.history import reached


class ReceiverState(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes with a receiver.

    Attributes:
        delivered: so many it took in all.
        waiting: so many it has still to be told.
        dead: so many were put aside.
        trouble: what was wrong last; empty where it took what came last.
        stopped: why nothing is sent to it until somebody resumes it; empty where it is sent to.
    """

    receiver: str
    delivered: int
    delivered_at: datetime | None
    waiting: int
    dead: int
    trouble: str
    trouble_at: datetime | None
    stopped: str


class Dead(NamedTuple):
    """Something that was put aside."""

    number: int
    receiver: str
    event_id: str
    dead_at: datetime
    tries: int
    trouble: str


def behind(outbox: Outbox, store: Store) -> int:
    """How many entries of the history were not yet taken in."""
    rows = outbox.query("SELECT entry FROM position")
    with store_errors(store.path):
        return max(reached(store.connection) - (rows[0][0] if rows else 0), 0)


def states(outbox: Outbox) -> list[ReceiverState]:
    """Every receiver that was ever told, by name."""
    asked = "SELECT name, delivered, delivered_us, trouble, trouble_us, stopped FROM receivers ORDER BY name"
    return [_state(outbox, row) for row in outbox.query(asked)]


def _state(outbox: Outbox, row: tuple[Any, ...]) -> ReceiverState:
    name, delivered, delivered_us, trouble, trouble_us, stopped = row
    ((waiting, dead),) = outbox.query(
        "SELECT count(*) FILTER (WHERE dead_us IS NULL), count(dead_us) FROM deliveries WHERE receiver = ?", name
    )
    if name == ALERTMANAGER:
        ((waiting,),) = outbox.query("SELECT count(*) FROM standing WHERE version != told")
    return ReceiverState(
        receiver=name,
        delivered=delivered,
        delivered_at=_time(delivered_us),
        waiting=waiting,
        dead=dead,
        trouble=trouble,
        trouble_at=_time(trouble_us),
        stopped=stopped,
    )


def dead_ones(outbox: Outbox) -> list[Dead]:
    """What was put aside, in the order in which it came."""
    asked = "SELECT number, receiver, event_id, dead_us, tries, trouble FROM deliveries WHERE dead_us IS NOT NULL"
    rows = outbox.query(f"{asked} ORDER BY number")
    return [Dead(number, name, event, from_us(us), tries, said) for number, name, event, us, tries, said in rows]


def dead_body(outbox: Outbox, number: int) -> bytes | None:
    """What was to be told by something that was put aside; None where there is no such thing."""
    rows = outbox.query("SELECT body FROM deliveries WHERE number = ? AND dead_us IS NOT NULL", number)
    return bytes(rows[0][0]) if rows else None


def retry(outbox: Outbox, now: datetime, number: int | None = None) -> int:
    """Sends something that was put aside anew, or with None all of it; gives how many.

    It may come after what the receiver was told later of the same alert.
    """
    anew = "UPDATE deliveries SET dead_us = NULL, tries = 0, due_us = ?, made_us = ? WHERE dead_us IS NOT NULL"
    now_us = to_us(now)
    if number is None:
        return outbox.change(anew, now_us, now_us)
    return outbox.change(f"{anew} AND number = ?", now_us, now_us, number)


def _time(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
