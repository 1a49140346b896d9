"""A webhook as a receiver: every revision that it wants, at least once, and those of one alert in their order."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.model.times import to_us
from pipeline.notify.config import WebhookConfig
from pipeline.notify.events import MEDIA_TYPE, event_id, wanted
from pipeline.notify.exchange import Answer, Exchange, NoAnswerError
from pipeline.notify.receivers import Receiver, Terms
from pipeline.notify.retrying import MOST_ASKED, Verdict, asked_pause, backoff, verdict
from pipeline.notify.secrets import SecretError, read_secrets, signatures
from pipeline.store.history import Entry

AT_ONCE = 8
"""So many are on their way at the same time, each of another alert; one alone while the receiver is in trouble."""

MOST_DEAD = 10_000
"""So many that were put aside are kept; the oldest give way."""

_LOOK = timedelta(minutes=1)


class Parcel(NamedTuple):
    """Something to be delivered."""

    number: int
    event_id: str
    body: bytes
    tries: int


class Outcome(NamedTuple):
    """What became of a parcel."""

    parcel: Parcel
    verdict: Verdict
    trouble: str = ""
    asked: timedelta = timedelta()


class Courier:
    """Delivers to one webhook, whatever becomes of the others'. What changes is part of the step that is open."""

    def __init__(self, exchange: Exchange, config: WebhookConfig, terms: Terms) -> None:
        self._exchange, self._config, self._terms = exchange, config, terms
        self._receiver = Receiver(config.name, terms, MOST_ASKED)
        self._looked_at: datetime | None = None
        self.name = config.name

    def begin(self) -> None:
        """Has it in the book. What was never tried is due, also where the clock was ahead when it came."""
        self._receiver.begin()
        now_us = to_us(self._terms.clock())
        self._terms.outbox.change(
            "UPDATE deliveries SET due_us = ? WHERE receiver = ? AND dead_us IS NULL AND due_us > ? AND tries = 0",
            *(now_us, self.name, now_us),
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._exchange.close()

    def put(self, entries: Sequence[Entry], bodies: Mapping[int, bytes]) -> None:
        """Takes in what the history tells.

        Args:
            bodies: each entry's event, by number.
        """
        outbox, now_us, name = self._terms.outbox, to_us(self._terms.clock()), self.name
        record = outbox.record()
        for number, said in entries:
            alert_id = said.alert.alert_id
            known = bool(outbox.query("SELECT 1 FROM told WHERE receiver = ? AND alert_id = ?", name, alert_id))
            tell, knows = wanted(said, known, self._config)
            if tell:
                outbox.change(
                    "INSERT OR IGNORE INTO deliveries (receiver, event_id, alert_id, body, made_us, due_us) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    *(name, event_id(said, record), alert_id, bodies[number], now_us, now_us),
                )
            if knows and not known:
                outbox.change("INSERT INTO told VALUES (?, ?)", name, alert_id)
            if known and not knows:
                outbox.change("DELETE FROM told WHERE receiver = ? AND alert_id = ?", name, alert_id)

    async def work(self) -> bool:
        """Delivers what is due, a few at a time; whether there may be more."""
        now, health = self._terms.clock(), self._receiver.health()
        if health.stopped:
            self._give_up_now_and_then(now)
            return False
        if health.pausing:
            return False
        parcels = self._due(now, 1 if health.failures else AT_ONCE)
        if not parcels:
            return False
        try:
            keys = read_secrets(self._config.secret_file)
        except SecretError as error:
            outcomes = [Outcome(one, Verdict.AGAIN, str(error)) for one in parcels]
        else:
            outcomes = await asyncio.gather(*(self._send(one, keys) for one in parcels))
        with self._terms.outbox.step():
            self._note(outcomes)
        return any(one.verdict in {Verdict.DELIVERED, Verdict.REFUSED} for one in outcomes)

    def waiting(self) -> int:
        """So many wait to be delivered."""
        asked = "SELECT count(*) FROM deliveries WHERE receiver = ? AND dead_us IS NULL"
        return int(self._terms.outbox.query(asked, self.name)[0][0])

    def dead(self) -> int:
        """So many were put aside."""
        asked = "SELECT count(*) FROM deliveries WHERE receiver = ? AND dead_us IS NOT NULL"
        return int(self._terms.outbox.query(asked, self.name)[0][0])

    def _due(self, now: datetime, most: int) -> list[Parcel]:
        """What is due, and the first of its alert that waits.

        Nothing waits for longer than a receiver may ask for: what would was put down by a clock that was ahead.
        """
        rows = self._terms.outbox.query(
            "SELECT number, event_id, body, tries FROM deliveries AS one WHERE receiver = ? AND dead_us IS NULL "
            "AND (due_us <= ? OR due_us > ?) AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier "
            "WHERE receiver = one.receiver AND alert_id = one.alert_id AND dead_us IS NULL AND number < one.number) "
            "ORDER BY due_us, number LIMIT ?",
            *(self.name, to_us(now), to_us(now + MOST_ASKED), most),
        )
        return [Parcel(*row) for row in rows]

    async def _send(self, parcel: Parcel, keys: Sequence[bytes]) -> Outcome:
        sent_s = int(self._terms.clock().timestamp())
        headers = {
            "Content-Type": MEDIA_TYPE,
            "webhook-id": parcel.event_id,
            "webhook-timestamp": str(sent_s),
            "webhook-signature": signatures(keys, parcel.event_id, sent_s, parcel.body),
        }
        try:
            answer = await self._exchange.ask("POST", self._config.url, parcel.body, headers)
        except NoAnswerError as error:
            return Outcome(parcel, Verdict.AGAIN, str(error))
        found = verdict(answer.status)
        if found is Verdict.DELIVERED:
            return Outcome(parcel, found)
        asked = asked_pause(answer, self._terms.clock()) if found is Verdict.AGAIN else timedelta()
        return Outcome(parcel, found, _said(answer), asked)

    def _note(self, outcomes: Sequence[Outcome]) -> None:
        now = self._terms.clock()
        for one in outcomes:
            self._terms.metrics.notified(self.name, one.verdict.value)
            if one.verdict is Verdict.DELIVERED:
                self._terms.outbox.change("DELETE FROM deliveries WHERE number = ?", one.parcel.number)
            else:
                self._keep(one, now)
        taken = sum(one.verdict is Verdict.DELIVERED for one in outcomes)
        if taken:
            self._receiver.delivered(taken)
        for one in outcomes:
            if one.verdict is Verdict.GONE:
                self._receiver.stop(one.trouble)
            elif one.verdict is Verdict.REFUSED:
                self._receiver.troubled(one.trouble)
        failed = [one for one in outcomes if one.verdict is Verdict.AGAIN]
        asked = max((one.asked for one in failed), default=timedelta())
        if failed and (not taken or asked):
            self._receiver.failed(failed[-1].trouble, asked)
        if failed or taken < len(outcomes):
            self._give_up(now)

    def _keep(self, one: Outcome, now: datetime) -> None:
        """Puts something that was not taken aside for good, or until later."""
        tries = one.parcel.tries + 1
        is_dead = one.verdict is Verdict.REFUSED
        due = now + max(backoff(tries, self._terms.chance()), one.asked)
        self._terms.outbox.change(
            "UPDATE deliveries SET tries = ?, trouble = ?, due_us = ?, dead_us = ? WHERE number = ?",
            *(tries, one.trouble, to_us(due), to_us(now) if is_dead else None, one.parcel.number),
        )

    def _give_up(self, now: datetime) -> None:
        """Puts aside what has waited for too long, and drops the oldest of what was put aside."""
        outbox, before = self._terms.outbox, now - timedelta(hours=self._config.give_up_after_h)
        outbox.change(
            "UPDATE deliveries SET dead_us = ?, trouble = 'waited too long: ' || coalesce(nullif(trouble, ''), "
            "'nothing could be sent') WHERE receiver = ? AND dead_us IS NULL AND made_us < ?",
            *(to_us(now), self.name, to_us(before)),
        )
        outbox.change(
            "DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE receiver = ? "
            "AND dead_us IS NOT NULL ORDER BY number DESC LIMIT -1 OFFSET ?)",
            *(self.name, MOST_DEAD),
        )

    def _give_up_now_and_then(self, now: datetime) -> None:
        if self._looked_at is None or abs(now - self._looked_at) >= _LOOK:
            self._looked_at = now
            with self._terms.outbox.step():
                self._give_up(now)


def _said(answer: Answer) -> str:
    """What a receiver answered, in a line."""
    text = " ".join(answer.body[:400].decode("utf-8", "replace").split())
    return f"status {answer.status}{': ' if text else ''}{text[:200]}"
