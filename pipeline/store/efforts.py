"""How well an agreement's provisions were watched, by day: reckoned once from the observation log, and kept.

What is kept of a day is dropped when something else is known of it.
"""

import sqlite3
from datetime import datetime, timedelta

import msgspec
import numpy as np

from pipeline.agreement import Agreement
from pipeline.law.effort import ALL, ANYTHING, DIGITS, Shares, shares_between, shares_of_day
from pipeline.law.silence import places
from pipeline.model.times import to_us
from pipeline.model.watch_terms import Watched
from pipeline.recon.coverage import level
from pipeline.recon.grounds import Grounds
from pipeline.recon.log import Log
from pipeline.recon.makes import Makes, load_makes
from pipeline.store.watchlog import observations_between, watched_span

_LATELY = timedelta(hours=1)


def _key(sector: str | None, zone: str | None) -> str:
    if sector is not None:
        return f"sector:{sector}"
    return ALL if zone is None else f"zone:{zone}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Shares).decode


class StoredEfforts:
    """The efforts of one agreement in a store.

    Args:
        writes: whether what is reckoned is kept; not in a store that is only read.
    """

    def __init__(
        self, connection: sqlite3.Connection, agreement: Agreement, makes: Makes | None = None, *, writes: bool = False
    ) -> None:
        self._sql, self._agreement, self._writes = connection, agreement, writes
        self._makes = makes or load_makes()
        self._grounds: Grounds | None = None
        self._known: dict[int, Shares] = {}
        self._first: int | None = None
        self._ends_us = 0
        self.forget()

    def share(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        """The share of a day; None before the first day of the observation log, and where there is none."""
        if self._first is None or day < self._first:
            return None
        return self._day(day).anyone.get(provision, {}).get(_key(sector, zone))

    def observed(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        """The share that the mission would have noticed of what there is of a day by now."""
        if self._first is None or day < self._first:
            return None
        shares = self._day(day).mission.get(provision, {}).get(_key(sector, zone))
        begin_us, end_us = to_us(self._agreement.days.begins(day)), to_us(self._agreement.days.ends(day))
        elapsed = (self._ends_us - begin_us) / (end_us - begin_us)
        if shares is None or elapsed <= 0.0:
            return None
        weights = np.clip(elapsed * len(shares) - np.arange(len(shares)), 0.0, 1.0)
        return round(float(weights @ np.array(shares) / weights.sum()), DIGITS)

    @property
    def last_day(self) -> int | None:
        """The day on which the record ends; None where nobody ever said who watched."""
        return None if self._first is None else self._number(self._ends_us)

    def level(self, share: float | None) -> Watched:
        """What silence is called at a share."""
        return level(self._makes.words, share or 0.0, told=share is not None)

    def at_hand(self, day: int) -> bool:
        """Whether a day needs no reckoning."""
        asked = "SELECT 1 FROM efforts WHERE agreement = ? AND day = ?"
        return day in self._known or self._sql.execute(asked, (self._agreement.name, day)).fetchone() is not None

    def just_now(self, until: datetime) -> dict[tuple[str, str], float]:
        """By line and sector, the share of what happened in the last hour that would have been noticed.

        Nothing where nobody ever said who watched.
        """
        self.forget()
        if self._first is None:
            return {}
        begin = until - _LATELY
        observations = observations_between(self._sql, to_us(begin), to_us(until) + self._longest_us)
        log = Log.of(observations, self._makes, self._agreement.areas)
        told = shares_between(self._sampled(), log, begin, until, 1, 1).mission.get(ANYTHING, {})
        return {
            (line, sector): told[f"sector:{sector}"][0]
            for line, sector, _ in places(self._agreement)
            if f"sector:{sector}" in told
        }

    def forget(self, from_day: int | None = None, until_day: int | None = None) -> None:
        """Drops what is known of some days, or what is at hand of all: others may have written to the store."""
        if from_day is not None and until_day is not None and self._writes:
            asked = "DELETE FROM efforts WHERE agreement = ? AND day BETWEEN ? AND ?"
            self._sql.execute(asked, (self._agreement.name, from_day, until_day))
        self._known = {}
        span = watched_span(self._sql)
        row = self._sql.execute("SELECT value FROM figures WHERE name = 'watermark_us'").fetchone()
        # Where reports stop, the log of who watched goes on; and where that stops, reports may.
        self._ends_us = max(row[0] if row else 0, span[1] if span else 0)
        self._first = None if span is None else self._number(span[0])

    def _number(self, at_us: int) -> int:
        return int(self._agreement.days.day_of(np.array([at_us]))[0])

    @property
    def _longest_us(self) -> int:
        """How far beyond an interval it matters who watched: as long as things go on that begin in it."""
        return int(1_000_000 * max(one.lasts_s[1] for one in self._makes.classes))

    def touched(self, from_us: int, until_us: int) -> tuple[int, int]:
        """The first and the last day of which something else is known, where it is of an interval."""
        return self._number(from_us - self._longest_us), self._number(until_us)

    def _day(self, day: int) -> Shares:
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._kept(day) or self._reckoned(day)
        return known

    def _kept(self, day: int) -> Shares | None:
        asked = "SELECT shares FROM efforts WHERE agreement = ? AND day = ?"
        row = self._sql.execute(asked, (self._agreement.name, day)).fetchone()
        return None if row is None else _decode(row[0])

    def _sampled(self) -> Grounds:
        if self._grounds is None:
            self._grounds = Grounds(self._agreement, self._makes)
        return self._grounds

    def _reckoned(self, day: int) -> Shares:
        days = self._agreement.days
        until_us = to_us(days.ends(day)) + self._longest_us
        observations = observations_between(self._sql, to_us(days.begins(day)), until_us)
        shares = shares_of_day(self._sampled(), observations, self._makes, self._agreement, day)
        if self._writes:
            values = self._agreement.name, day, _encode(shares)
            self._sql.execute("INSERT OR REPLACE INTO efforts VALUES (?, ?, ?)", values)
        return shares
