"""How it goes with a receiver: what it took, what is wrong, until when it is left alone. It stands in the book."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from pipeline.metrics import DriverMetrics
from pipeline.model.times import from_us, to_us
from pipeline.notify.outbox import Outbox
from pipeline.notify.retrying import backoff

MOST_TROUBLE = 300


class Terms(NamedTuple):
    """What all receivers work with.

    Attributes:
        clock: the time in UTC.
        chance: a number from 0 to 1, drawn anew.
        elapsed_s: grows as time goes by, whatever the clock is set to.
    """

    outbox: Outbox
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    metrics: DriverMetrics
    elapsed_s: Callable[[], float] = monotonic


class Health(NamedTuple):
    """How it goes with a receiver.

    Attributes:
        pausing: whether it is left alone for a while.
        stopped: why nothing is sent to it until somebody resumes it.
    """

    failures: int
    pausing: bool
    stopped: str


class Receiver:
    """One receiver, by its name. What changes is part of the step that is open.

    Args:
        longest: no pause is longer. One that is was put down by a clock that was ahead, and is over.
    """

    def __init__(self, name: str, terms: Terms, longest: timedelta) -> None:
        self.name, self._terms, self._longest = name, terms, longest

    def begin(self) -> None:
        """Has it in the book. Whoever starts anew does not wait for a pause to end."""
        change = self._terms.outbox.change
        change("INSERT OR IGNORE INTO receivers (name) VALUES (?)", self.name)
        change("UPDATE receivers SET pause_us = 0 WHERE name = ?", self.name)

    def health(self) -> Health:
        """How it goes now."""
        asked = "SELECT failures, pause_us, stopped FROM receivers WHERE name = ?"
        ((failures, pause_us, stopped),) = self._terms.outbox.query(asked, self.name)
        now = self._terms.clock()
        return Health(failures, now < from_us(pause_us) <= now + self._longest, stopped)

    def delivered(self, count: int) -> None:
        """It took something."""
        self._terms.outbox.change(
            "UPDATE receivers SET delivered = delivered + ?, delivered_us = ?, failures = 0, pause_us = 0, "
            "trouble = '' WHERE name = ?",
            count,
            to_us(self._terms.clock()),
            self.name,
        )

    def failed(self, trouble: str, asked: timedelta = timedelta()) -> None:
        """It took nothing, or asks for a pause: it is left alone for a while."""
        self.troubled(trouble)
        failures = self.health().failures + 1
        pause = max(backoff(failures, self._terms.chance()), asked)
        self._terms.outbox.change(
            "UPDATE receivers SET failures = ?, pause_us = ? WHERE name = ?",
            failures,
            to_us(self._terms.clock() + pause),
            self.name,
        )

    def troubled(self, trouble: str) -> None:
        """Something is wrong with what it says."""
        said = "UPDATE receivers SET trouble = ?, trouble_us = ? WHERE name = ?"
        self._terms.outbox.change(said, trouble[:MOST_TROUBLE], to_us(self._terms.clock()), self.name)

    def stop(self, why: str) -> None:
        """Nothing is sent to it until somebody resumes it."""
        self.troubled(why)
        self._terms.outbox.change("UPDATE receivers SET stopped = ? WHERE name = ?", why[:MOST_TROUBLE], self.name)


def resume(outbox: Outbox, name: str) -> bool:
    """Sends to a receiver again; whether there is one of this name."""
    return bool(outbox.change("UPDATE receivers SET stopped = '', failures = 0, pause_us = 0 WHERE name = ?", name))
