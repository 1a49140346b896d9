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


class Remembered(dict[str, R]):
    """What `read` makes of a cell, by the cell; of at most `most` cells at a time, and of no long one.

    A cell that was seen before costs no call of a function. What `read` raises is not remembered.
    """

    def __init__(self, read: Callable[[str], R], most: int) -> None:
        super().__init__()
        self._read = read
        self._most = most

    def __missing__(self, cell: str) -> R:
        """What a cell that was not seen lately stands for."""
        value = self._read(cell)
        if len(cell) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[cell] = value
        return value
