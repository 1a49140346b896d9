"""Sessions and tokens: by what somebody who asks is known."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.console.access.file import AccessError, AccessFile
from pipeline.console.access.permissions import Role
from pipeline.console.access.users import digest, key_of
from pipeline.model.times import to_us

_US = timedelta(microseconds=1)
WRITTEN_EACH_S = 60
"""A session that was just seen is not written again for so long."""


class Lasting(NamedTuple):
    """How long a session lasts: at most, and while nothing is asked."""

    longest: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=1)


class Person(NamedTuple):
    """Somebody who is known.

    Attributes:
        csrf: what a page has to send with what changes something; None for a program that came with a token.
        proof: the hash of the session or token by which he is known.
    """

    key: str
    name: str
    role: Role
    csrf: str | None
    proof: bytes


class Sessions:
    """The sessions and tokens of a file."""

    def __init__(self, file: AccessFile, clock: Callable[[], datetime], lasting: Lasting) -> None:
        self._file, self._clock, self._lasting = file, clock, lasting

    def begin(self, key: str) -> str:
        """A new session of a user; gives its secret. Those that are over are forgotten."""
        secret, now_us = secrets.token_urlsafe(32), to_us(self._clock())
        idle_us, longest_us = self._lasting.idle // _US, self._lasting.longest // _US
        self._file.do("DELETE FROM sessions WHERE expires_us <= ? OR seen_us <= ?", now_us, now_us - idle_us)
        self._file.do(
            "INSERT INTO sessions (hash, user, csrf, begun_us, seen_us, expires_us) VALUES (?, ?, ?, ?, ?, ?)",
            *(digest(secret), key, secrets.token_urlsafe(32), now_us, now_us, now_us + longest_us),
        )
        return secret

    def end(self, proof: bytes) -> None:
        """Ends a session."""
        self._file.do("DELETE FROM sessions WHERE hash = ?", proof)

    def of_session(self, proof: bytes, *, seen: bool = True) -> Person | None:
        """Whose session it is; None where it is none, or is over.

        Args:
            seen: he asks for something, and so is not idle.
        """
        now_us = to_us(self._clock())
        row = self._file.row(
            "SELECT users.key, name, role, csrf, seen_us FROM sessions JOIN users ON user = key "
            "WHERE sessions.hash = ? AND NOT disabled AND expires_us > ? AND seen_us > ?",
            *(proof, now_us, now_us - self._lasting.idle // _US),
        )
        if row is None:
            return None
        key, name, role, csrf, seen_us = row
        if seen and now_us - seen_us >= min(WRITTEN_EACH_S * 1_000_000, self._lasting.idle // _US // 10):
            self._seen("UPDATE sessions SET seen_us = ? WHERE hash = ?", now_us, proof)
        return Person(key, name, Role.of(role), csrf, proof)

    def of_token(self, proof: bytes, name: str | None = None, *, seen: bool = True) -> Person | None:
        """Whose token it is; None where it is none, or is over.

        Args:
            name: by which he calls himself.
        """
        now_us = to_us(self._clock())
        row = self._file.row(
            "SELECT users.key, name, role, used_us FROM tokens JOIN users ON user = key "
            "WHERE tokens.hash = ? AND NOT disabled AND expires_us > ?",
            *(proof, now_us),
        )
        if row is None or (name is not None and key_of(name) != row[0]):
            return None
        key, kept, role, used_us = row
        if seen and (used_us is None or now_us - used_us >= WRITTEN_EACH_S * 1_000_000):
            self._seen("UPDATE tokens SET used_us = ? WHERE hash = ?", now_us, proof)
        return Person(key, kept, Role.of(role), None, proof)

    def _seen(self, sql: str, now_us: int, proof: bytes) -> None:
        # Whoever watches is not shut out by a full disk.
        with suppress(AccessError):
            self._file.do(sql, now_us, proof)
