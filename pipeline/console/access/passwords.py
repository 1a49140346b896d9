"""Passwords: hashed with argon2 in threads of its own, a few at a time."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.console.access.limits import TooManyError

SHORTEST = 12
LONGEST = 1_024


class Passwords:
    """Makes and checks hashes of passwords.

    Args:
        hasher: says how much work a hash is.
        at_once: so many are reckoned at a time, each in memory of its own.
        waiting: so many more may wait; who comes then is sent away.
    """

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = 2, waiting: int = 16) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(at_once, "password")
        self._most, self._under_way = at_once + waiting, 0

    @cached_property
    def nobodys(self) -> str:
        """A hash that no password fits: to say no to nobody takes as long as to anybody."""
        return self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        return self._hasher.hash(password)

    def fits(self, known: str | None, password: str) -> bool:
        """Whether a password is the one of a hash; without one it takes as long to say no."""
        try:
            self._hasher.verify(known or self.nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def renewed(self, known: str, password: str) -> str | None:
        """A new hash where the old one is weaker than what is made today."""
        return self.hash(password) if self._hasher.check_needs_rehash(known) else None

    def make_sure_of_room(self) -> None:
        """Makes sure that one more may wait.

        Raises:
            TooManyError: more wait already than is good.
        """
        if self._under_way >= self._most:
            raise TooManyError(1.0)

    async def check(self, known: str | None, password: str) -> tuple[bool, str | None]:
        """Whether a password fits, and a new hash of it where one is due; off the event loop.

        Raises:
            TooManyError: more wait already than is good.
        """
        self.make_sure_of_room()
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._check, known, password)
        finally:
            self._under_way -= 1

    def _check(self, known: str | None, password: str) -> tuple[bool, str | None]:
        if not self.fits(known, password) or known is None:
            return False, None
        return True, self.renewed(known, password)

    def close(self) -> None:
        """Takes no more."""
        self._threads.shutdown(cancel_futures=True)
