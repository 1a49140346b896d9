"""The observation log in a store: who watched where, and who could not.

Observations go into the log of frames as reports do, in frames of their own kind. They touch no window and make no
incident: what is found stays what it is, and what is known of silence changes.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from pipeline.model.identity import watch_hash
from pipeline.model.records import Observation
from pipeline.model.times import to_us

OBSERVATIONS = "observations"
"""The kind of such a frame."""

FRAME_OBSERVATIONS = 4_000

_INSERT = "INSERT OR IGNORE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Observation).decode


class Entered(NamedTuple):
    """What came of some observations.

    Attributes:
        new: for each, whether it was new.
        from_us, until_us: the interval of which something else is known now; None where nothing was new.
    """

    new: list[bool]
    from_us: int | None = None
    until_us: int | None = None


class WatchLog:
    """The observations of a store, in the transaction that is open.

    Args:
        number: gives the number of the log's next frame.
        clock: gives the time at which a frame is appended.
    """

    def __init__(
        self, connection: sqlite3.Connection, number: Callable[[], int], clock: Callable[[], datetime]
    ) -> None:
        self._sql, self._number, self._clock = connection, number, clock

    def enter(self, observations: Sequence[Observation]) -> Entered:
        """Writes those that are new: no repeats, by id and content."""
        if not observations:
            return Entered([])
        spans = list[tuple[int, int]]()
        new, fresh = list[bool](), list[Observation]()
        now = self._clock()
        for given in observations:
            one = given if given.received_at else replace(given, received_at=now)
            values = (
                one.observation_id,
                watch_hash(one),
                one.asset,
                one.make,
                one.revises,
                one.retracted,
                to_us(one.observed_from),
                to_us(one.observed_until),
                # What is told before it happens is a plan.
                to_us(min(one.observed_until, one.received_at or now)),
                _encode(one),
            )
            done = self._sql.execute(_INSERT, values)
            new.append(done.rowcount > 0)
            if new[-1]:
                fresh.append(one)
                spans += self._spans(one)
        if not fresh:
            return Entered(new)
        for begin in range(0, len(fresh), FRAME_OBSERVATIONS):
            self._append(fresh[begin : begin + FRAME_OBSERVATIONS])
        return Entered(new, min(span[0] for span in spans), max(span[1] for span in spans))

    def _spans(self, one: Observation) -> list[tuple[int, int]]:
        """Its interval, and those of its other versions and of what it revises: they may count no longer.

        Where it is the first to tell an asset's make, those of all that is told of the asset.
        """
        rows = self._sql.execute(
            "SELECT from_us, until_us FROM observations WHERE observation_id IN (?, ?)",
            (one.observation_id, one.revises),
        ).fetchall()
        asked = "SELECT count(*) FROM observations WHERE asset = ? AND make IS NOT NULL"
        if one.make is not None and self._sql.execute(asked, (one.asset,)).fetchone()[0] == 1:
            rows += self._sql.execute("SELECT from_us, until_us FROM observations WHERE asset = ?", (one.asset,))
        return rows

    def _append(self, some: Sequence[Observation]) -> None:
        payload = b"\n".join(map(_encode, some))
        values = self._number(), self._clock().isoformat(), 0, payload, OBSERVATIONS
        self._sql.execute(
            "INSERT INTO frames (seq, appended_at, reports, payload, kind) VALUES (?, ?, ?, ?, ?)", values
        )


def observations_between(connection: sqlite3.Connection, from_us: int, until_us: int) -> Iterator[Observation]:
    """Every version of the observations of which one reaches into an interval, and what revises them; sorted by id.

    One that does not tell its asset's make has that of the asset's last record that does.
    """
    touching = "SELECT observation_id FROM observations WHERE until_us >= ? AND from_us <= ?"
    rows = connection.execute(
        f"WITH touching AS ({touching}) SELECT asset, observation FROM observations "
        "WHERE observation_id IN touching OR revises IN touching ORDER BY observation_id, content",
        (from_us, until_us),
    )
    makes: dict[str, str | None] = {}
    for asset, blob in rows:
        one = _decode(blob)
        if one.make is None:
            if asset not in makes:
                makes[asset] = _make_of(connection, asset)
            one = replace(one, make=makes[asset])
        yield one


def _make_of(connection: sqlite3.Connection, asset: str) -> str | None:
    row = connection.execute(
        "SELECT make FROM observations WHERE asset = ? AND make IS NOT NULL "
        "ORDER BY from_us DESC, until_us DESC, observation_id DESC LIMIT 1",
        (asset,),
    ).fetchone()
    return None if row is None else row[0]


def watched_span(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """From when until when anybody said who watched, of what stands; a plan counts as far as it was over when told.

    None where nobody did.
    """
    row = connection.execute("SELECT min(from_us), max(max(known_us, from_us)) FROM standing_observations").fetchone()
    return None if row[0] is None else (row[0], row[1])
