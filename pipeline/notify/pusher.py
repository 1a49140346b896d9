"""The Alertmanager as a receiver: what stands is pushed when it changes, and again and again as long as it stands."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.law.waiting import Waiting
from pipeline.model.times import from_us, to_us
from pipeline.notify.alertmanager import AT_ONCE, Alertmanager, AlertmanagerError, RefusedError, TooLargeError
from pipeline.notify.config import ALERTMANAGER, AlertmanagerConfig
from pipeline.notify.labels import Stretches
from pipeline.notify.receivers import Receiver, Terms
from pipeline.notify.retrying import LONGEST, Verdict
from pipeline.notify.standing import RESOLVED_FOR, Stood, ends_at, is_pushed, stood
from pipeline.notify.words import Words

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Stood).decode


class Pusher:
    """Keeps an Alertmanager told of the alerts that stand. What changes is part of the step that is open.

    Args:
        console: where people look at an alert; empty where nowhere.
    """

    def __init__(
        self, manager: Alertmanager, config: AlertmanagerConfig, terms: Terms, words: Words, console: str
    ) -> None:
        self._manager, self._config, self._terms = manager, config, terms
        self._words, self._console = words, console
        self._stretches = Stretches(words.agreement)
        self._receiver = Receiver(ALERTMANAGER, terms, LONGEST)
        self._resend = timedelta(seconds=config.resend_s)
        self._at_once = AT_ONCE
        self.name = ALERTMANAGER

    def begin(self) -> None:
        """Has it in the book. All that stands is pushed at once."""
        self._receiver.begin()
        self._terms.outbox.change("UPDATE standing SET due_us = 0")

    async def close(self) -> None:
        """Closes the connections."""
        await self._manager.close()

    def put(self, alerts: Sequence[Waiting]) -> None:
        """Takes in how some alerts stand now; a label that has changed ends what stood with the other."""
        outbox, now_us = self._terms.outbox, to_us(self._terms.clock())
        pushed = self._stood(alerts)
        for one in alerts:
            name, now = one.alert.alert_id, pushed.get(one.alert.alert_id)
            labels = None if now is None else _encode(now.labels).decode()
            outbox.change(
                "UPDATE standing SET resolved_us = ?, version = version + 1, due_us = 0 "
                "WHERE alert_id = ? AND labels IS NOT ? AND resolved_us IS NULL",
                now_us,
                name,
                labels,
            )
            if now is not None:
                outbox.change(
                    "INSERT INTO standing (labels, alert_id, pushed) VALUES (?, ?, ?) ON CONFLICT (labels) DO UPDATE "
                    "SET pushed = excluded.pushed, resolved_us = NULL, version = version + 1, due_us = 0 "
                    "WHERE pushed != excluded.pushed OR resolved_us IS NOT NULL",
                    labels,
                    name,
                    _encode(now),
                )

    def put_all(self, alerts: Sequence[Waiting]) -> None:
        """Takes in all alerts that wait for an outcome: whatever else stood has ended."""
        self.put(alerts)
        names = _encode([one.alert.alert_id for one in alerts]).decode()
        self._terms.outbox.change(
            "UPDATE standing SET resolved_us = ?, version = version + 1, due_us = 0 WHERE resolved_us IS NULL "
            "AND alert_id NOT IN (SELECT value FROM json_each(?))",
            to_us(self._terms.clock()),
            names,
        )

    async def work(self) -> bool:
        """Pushes what is due, in one piece; whether there may be more."""
        now = self._terms.clock()
        if self._receiver.health().pausing:
            return False
        due = self._due(now)
        if not due:
            return False
        alerts = [_decode(said).until(ends_at(_time(ended), now, self._config)) for _, said, ended, _, _ in due]
        trouble: AlertmanagerError | None = None
        try:
            await self._manager.push(alerts)
        except TooLargeError as error:
            self._at_once = max(len(due) // 2, 1)
            if len(due) > 1:
                return True
            trouble = error
        except AlertmanagerError as error:
            trouble = error
        else:
            # One that was too large by itself says nothing of the others.
            self._at_once = max(self._at_once, min(2 * len(due), AT_ONCE))
        with self._terms.outbox.step():
            self._note(due, trouble)
        return trouble is None or isinstance(trouble, RefusedError)

    def waiting(self) -> int:
        """So many changes it has not been told of."""
        ((count,),) = self._terms.outbox.query("SELECT count(*) FROM standing WHERE version != told")
        return int(count)

    def dead(self) -> int:
        """Nothing is put aside: what stands is pushed until it is taken."""
        return 0

    def _due(self, now: datetime) -> list[tuple[Any, ...]]:
        """What is to be pushed. What would wait for longer than an interval was put down by a clock that was ahead."""
        return self._terms.outbox.query(
            "SELECT labels, pushed, resolved_us, version, told FROM standing WHERE due_us <= ? OR due_us > ? "
            "ORDER BY resolved_us IS NULL, due_us, labels LIMIT ?",
            *(to_us(now), to_us(now + self._resend), self._at_once),
        )

    def _stood(self, alerts: Sequence[Waiting]) -> dict[str, Stood]:
        """Of those that are to stand in the Alertmanager, how; by id."""
        pushed = [one for one in alerts if is_pushed(one.alert, self._config)]
        sectors = self._stretches.of([one.alert for one in pushed])
        return {
            one.alert.alert_id: stood(one, sector, self._words, self._console)
            for one, sector in zip(pushed, sectors, strict=True)
        }

    def _note(self, due: Sequence[tuple[Any, ...]], trouble: AlertmanagerError | None) -> None:
        outbox, now = self._terms.outbox, self._terms.clock()
        if trouble is not None and not isinstance(trouble, RefusedError):
            self._receiver.failed(str(trouble))
            self._terms.metrics.notified(ALERTMANAGER, Verdict.AGAIN.value)
            return
        next_us = to_us(now + self._resend)
        for labels, _, _, version, _ in due:
            # What has changed while it was pushed is due at once.
            asked = "UPDATE standing SET told = max(told, ?), due_us = ? WHERE labels = ? AND version = ?"
            outbox.change(asked, version if trouble is None else 0, next_us, labels, version)
        if trouble is not None:
            self._receiver.troubled(str(trouble))
            self._terms.metrics.notified(ALERTMANAGER, Verdict.REFUSED.value)
            return
        changed = sum(version != told for _, _, _, version, told in due)
        self._receiver.delivered(changed)
        self._terms.metrics.notified(ALERTMANAGER, Verdict.DELIVERED.value, changed)
        kept_us = to_us(now - RESOLVED_FOR * self._resend)
        outbox.change("UPDATE standing SET resolved_us = ? WHERE resolved_us > ?", to_us(now), to_us(now))
        outbox.change("DELETE FROM standing WHERE resolved_us < ? AND version = told", kept_us)


def _time(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
