"""Answers that took a while to reckon, kept at hand."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

KEPT = 16

FRESH_S = 10.0
"""So long an answer is good enough, though the store says more by now: reckoning is for all, and asking is cheap."""


class _Answer(NamedTuple):
    version: int
    at_s: float
    value: Any


class Answers:
    """The last answers, by what was asked; one is reckoned at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], _Answer] = OrderedDict()

    def get(self, key: tuple[Any, ...], version: int, reckon: Callable[[], Any]) -> Any:
        """An answer that is at hand, or is reckoned.

        Args:
            version: of the store; an answer of another is given for a few seconds only.
        """
        with self._lock:
            known = self._kept.get(key)
            if known is None or (known.version != version and time.monotonic() - known.at_s > FRESH_S):
                known = self._kept[key] = _Answer(version, time.monotonic(), reckon())
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return known.value
