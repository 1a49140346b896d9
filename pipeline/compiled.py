"""Loops compiled by numba. Importing this needs numba; what uses it has a twin in numpy."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

P = ParamSpec("P")
R = TypeVar("R")


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compiles what the loops call: it is kept with them."""
    compiled: Callable[P, R] = numba.njit(**OPTIONS)(function)
    return compiled


class Loop:
    """A function that is compiled when it is first called; the machine code is kept on disk, where that can be done.

    A function may do nothing but fill arrays: it is called again where what is kept on disk failed it.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self._alone = numba.njit(function, **OPTIONS)
        try:
            self._kept = numba.njit(function, cache=True, **OPTIONS)
        except RuntimeError:  # there is no folder to keep it in
            self._kept = self._alone

    def __call__(self, *arrays: Any) -> None:
        """Fills the arrays."""
        try:
            self._kept(*arrays)
        except Exception:  # noqa: BLE001 - a full disk, a torn file; what is wrong with the loop itself is raised again
            self._kept = self._alone
            self._alone(*arrays)
