"""Tells whoever watches a command that it waits for the broker."""

import time
from collections.abc import Callable

from pipeline.stream.courier import Watch

SAY_EVERY_S = 10.0


class Onlooker(Watch):
    """Says that the broker is away, now and then, and that it is back.

    Args:
        say: one line.
        tick: is called often; may raise to end the command, unless it is ending already.
        connected: is told whether the broker answers.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        tick: Callable[[], None] = lambda: None,
        connected: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._say, self._tick, self._connected = say, tick, connected
        self._said_at: float | None = None

    def tick(self) -> None:
        """Is called at least every fifth of a second."""
        if not self.ending:
            self._tick()

    def away(self, seconds: float, why: str) -> None:
        """The broker has not answered for so long."""
        self._connected(False)
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= SAY_EVERY_S:
            self._said_at = now
            self._say(f"waiting for the broker: {why}")

    def back(self) -> None:
        """It answers again."""
        self._said_at = None
        self._connected(True)
        self._say("the broker answers again")
