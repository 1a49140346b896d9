"""How often something may be done: buckets that fill by the clock, of which not too many are kept."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

KEPT = 10_000


class TooManyError(Exception):
    """Something was done too often.

    Attributes:
        again_s: after so long it may be done again.
    """

    def __init__(self, again_s: float) -> None:
        super().__init__(f"too many; again in {again_s:.0f} s")
        self.again_s = again_s


class Limit(NamedTuple):
    """So many at once, and one more each `each_s` seconds."""

    at_once: int
    each_s: float


class _Level(NamedTuple):
    left: float
    at_s: float


class Buckets:
    """A bucket for each who does something.

    Args:
        now_s: a time in seconds that nobody sets.
        kept: of so many it is known; who did nothing for the longest is forgotten.
    """

    def __init__(self, limit: Limit, now_s: Callable[[], float], kept: int = KEPT) -> None:
        self._limit, self._now_s, self._kept = limit, now_s, kept
        self._levels: OrderedDict[Hashable, _Level] = OrderedDict()

    def take(self, who: Hashable) -> None:
        """Somebody does it once more.

        Raises:
            TooManyError: he has done it too often.
        """
        now_s, left = self._now_s(), self._left(who)
        if left < 1.0:
            raise TooManyError((1.0 - left) * self._limit.each_s)
        self._put(who, left - 1.0, now_s)

    def give_back(self, who: Hashable) -> None:
        """It does not count after all. Who did nothing is not known, and whose bucket is full need not be."""
        if who not in self._levels:
            return
        left = self._left(who) + 1.0
        if left < self._limit.at_once:
            self._put(who, left, self._now_s())
        else:
            del self._levels[who]

    def _left(self, who: Hashable) -> float:
        known = self._levels.get(who)
        if known is None:
            return float(self._limit.at_once)
        # A clock that goes back fills no bucket.
        return min(self._limit.at_once, known.left + max(0.0, self._now_s() - known.at_s) / self._limit.each_s)

    def _put(self, who: Hashable, left: float, now_s: float) -> None:
        self._levels[who] = _Level(min(left, self._limit.at_once), now_s)
        self._levels.move_to_end(who)
        while len(self._levels) > self._kept:
            self._levels.popitem(last=False)
