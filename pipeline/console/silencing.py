"""Silences: they are an Alertmanager's own, and hold back what it tells; the console's list shows everything."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pipeline.console.problems import ProblemError, not_found
from pipeline.console.records import SilenceMatcher, SilenceRecord, Silences, SilenceWish
from pipeline.notify.alertmanager import (
    Alertmanager,
    AlertmanagerError,
    Held,
    Matcher,
    NoSilenceError,
    RefusedError,
    Silence,
)
from pipeline.notify.labels import ALERT_NAME, LABELS

FRESH_S = 2.0
"""An answer is good for so long, however many ask."""

LONGEST = timedelta(days=7)
MOST_WORDS = 1_000
_SIGNS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


class Silencing:
    """The silences of one Alertmanager, among them those that others made of our alerts.

    Args:
        clock: the time in UTC.
    """

    def __init__(self, manager: Alertmanager, clock: Callable[[], datetime]) -> None:
        self._manager, self._clock = manager, clock
        self._asking = asyncio.Lock()
        self._told: Silences | None = None
        self._told_at = 0.0

    async def close(self) -> None:
        """Closes the connections."""
        await self._manager.close()

    async def silences(self) -> Silences:
        """All that concern us, and what each holds back."""
        async with self._asking:
            if self._told is None or time.monotonic() - self._told_at > FRESH_S:
                self._told, self._told_at = await self._ask(), time.monotonic()
            return self._told

    async def _ask(self) -> Silences:
        try:
            silences, alerts = await asyncio.gather(
                self._manager.silences(), self._manager.alerts({"alertname": ALERT_NAME})
            )
        except AlertmanagerError as error:
            return Silences(configured=True, trouble=str(error), silences=[])
        return Silences(configured=True, trouble=None, silences=told_of(silences, alerts))

    async def make(self, wish: SilenceWish, by: str) -> SilenceRecord:
        """Makes a silence.

        Raises:
            ProblemError: it is badly said, or the Alertmanager does not make it.
        """
        now = self._clock()
        _check(wish, by, now)
        matchers = [Matcher(name=one.name, value=one.value) for one in wish.matchers]
        if not any(one.name == "alertname" for one in matchers):
            # Without it the silence would reach what watches the monitor itself.
            matchers.insert(0, Matcher(name="alertname", value=ALERT_NAME))
        try:
            made = await self._manager.silence(matchers, by, wish.comment.strip(), now, wish.ends_at)
        except AlertmanagerError as error:
            raise _problem(error) from error
        self._told = None
        found = (await self.silences()).silences
        return next((one for one in found if one.id == made.id), _record(made, ()))

    async def find(self, silence_id: str) -> SilenceRecord:
        """A silence that concerns us: others' are not ours to end.

        Raises:
            ProblemError: there is none, or the Alertmanager does not say.
        """
        told = await self.silences()
        if all(one.id != silence_id for one in told.silences):
            # It may have been made since they were last asked for.
            self._told = None
            told = await self.silences()
        if told.trouble is not None:
            raise ProblemError(503, "no_alertmanager", told.trouble, headers={"Retry-After": "5"})
        found = next((one for one in told.silences if one.id == silence_id), None)
        if found is None:
            raise not_found("no silence of this id concerns these alerts")
        return found

    async def end(self, silence_id: str) -> None:
        """Ends a silence.

        Raises:
            ProblemError: there is none, or the Alertmanager does not end it.
        """
        try:
            await self._manager.expire(silence_id)
        except NoSilenceError as error:
            raise not_found(str(error)) from error
        except AlertmanagerError as error:
            raise _problem(error) from error
        finally:
            self._told = None


def told_of(silences: Sequence[Silence], alerts: Sequence[Held]) -> list[SilenceRecord]:
    """The silences that could hold back alerts of ours, those that do first, each with what it holds back."""
    holds: dict[str, list[str]] = defaultdict(list)
    for alert in alerts:
        for silence_id in alert.status.silenced_by:
            holds[silence_id].append(alert.labels.get("alert_id", ""))
    ours = [one for one in silences if _concerns_us(one) or holds[one.id]]
    order = {"active": 0, "pending": 1}
    ours.sort(key=lambda one: (order.get(one.state, 2), one.ends_at, one.id))
    return [_record(one, sorted(filter(None, holds[one.id]))) for one in ours]


def about_silence(silence: SilenceRecord) -> str:
    """What a silence is, in few words: its id and what it matches, without the name that all alerts have."""
    told = [f"{one.name}{_SIGNS[one.is_equal, one.is_regex]}{one.value}" for one in silence.matchers]
    return " ".join([silence.id, *(one for one in told if one != f"alertname={ALERT_NAME}")])


def _concerns_us(silence: Silence) -> bool:
    """Whether it names a label that only alerts of ours have, or our name; what holds everything back shows by that."""
    named = {one.name: one for one in silence.matchers}
    name = named.get("alertname")
    if name is not None and not name.is_regex and name.is_equal:
        return name.value == ALERT_NAME
    return not named.keys().isdisjoint(set(LABELS) - {"alertname", "severity"})


def _record(silence: Silence, alert_ids: Sequence[str]) -> SilenceRecord:
    return SilenceRecord(
        id=silence.id,
        state=silence.state,
        matchers=[
            SilenceMatcher(name=one.name, value=one.value, is_regex=one.is_regex, is_equal=one.is_equal)
            for one in silence.matchers
        ],
        created_by=silence.created_by,
        comment=silence.comment,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        holds=len(alert_ids),
        alert_ids=list(alert_ids),
    )


def _check(wish: SilenceWish, by: str, now: datetime) -> None:
    if not by.strip():
        raise _wrong("a silence needs the name of whoever makes it", "by")
    if not wish.comment.strip():
        raise _wrong("a silence needs a reason", "comment")
    if len(wish.comment) > MOST_WORDS:
        raise _wrong(f"at most {MOST_WORDS:,} characters", "comment")
    if not now < wish.ends_at <= now + LONGEST:
        raise _wrong(f"a silence ends in the future, and within {LONGEST.days} days", "ends_at")
    if unknown := sorted({one.name for one in wish.matchers} - set(LABELS)):
        raise _wrong(f"{unknown[0][:60]} is no label of an alert: {', '.join(LABELS)}", "matchers")
    narrow = [one for one in wish.matchers if one.name != "alertname" and one.value]
    if not narrow or any(one.name == "alertname" and one.value != ALERT_NAME for one in wish.matchers):
        raise _wrong("a silence of all alerts is not made here: name an alert, a provision, a sector …", "matchers")
    if any(one.is_regex or not one.is_equal for one in wish.matchers):
        raise _wrong("a silence that is made here names a label's value", "matchers")


def _wrong(detail: str, key: str) -> ProblemError:
    return ProblemError(422, "unsaid", detail, errors=[{"key": key, "message": detail}])


def _problem(error: AlertmanagerError) -> ProblemError:
    if isinstance(error, RefusedError):
        return ProblemError(422, "unsaid", str(error))
    return ProblemError(503, "no_alertmanager", str(error), headers={"Retry-After": "5"})
