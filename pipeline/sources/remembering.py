"""Cells that recur in a table, read once: what was made of them is remembered, within bounds."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

_LONGEST = 500
R = TypeVar("R")


def remembering(most: int) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Let a function of cells remember its last `most` results; long cells are read anew, so that memory stays flat."""

    def decorate(read: Callable[..., R]) -> Callable[..., R]:
        remembered = lru_cache(maxsize=most)(read)

        @wraps(read)
        def call(*cells: str) -> R:
            return remembered(*cells) if sum(map(len, cells)) <= _LONGEST else read(*cells)

        return call

    return decorate
