"""Users: who there is and what each may; a change that takes something away ends what he has open."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from pipeline.console.access.file import AccessFile
from pipeline.console.access.passwords import LONGEST, SHORTEST, Passwords
from pipeline.console.access.permissions import Role
from pipeline.console.access.trail import LOCAL, Note, Trail
from pipeline.model.times import from_us, to_us

_NAME = re.compile(r"[^\W_](?:[\w .@'-]{0,62}[^\W_])?")
TOKEN_MARK = "tl_"
MOST_DAYS = 3_650


class UnfitError(Exception):
    """A name, a password, or a length of time that will not do; or nobody of the name."""


class User(NamedTuple):
    """A user, as the file has him."""

    name: str
    role: Role
    disabled: bool
    made_at: datetime
    sessions: int
    tokens: int


class Token(NamedTuple):
    """A token, without its secret."""

    number: int
    user: str
    label: str
    made_at: datetime
    used_at: datetime | None
    expires_at: datetime


def key_of(name: str) -> str:
    """What two names must not share: capitals and the ways to write one letter do not tell users apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def digest(secret: str) -> bytes:
    """What is kept of a secret that nobody can guess."""
    return sha256(secret.encode(errors="surrogatepass")).digest()


class Users:
    """The users of a file. What changes one is in the trail, with the change or not at all.

    Args:
        clock: the time in UTC.
    """

    def __init__(self, file: AccessFile, clock: Callable[[], datetime], passwords: Passwords) -> None:
        self._file, self._clock, self._passwords = file, clock, passwords
        self._trail = Trail(file, clock)

    def add(self, name: str, role: Role, password: str) -> str:
        """Adds a user; gives his name as it is kept.

        Raises:
            UnfitError: the name or the password will not do, or the name is taken.
        """
        name = fit_name(name)
        hashed = self._passwords.hash(fit_password(password))
        with self._file.transaction():
            if self._file.row("SELECT 1 FROM users WHERE key = ?", key_of(name)):
                raise UnfitError(f"there is a user {name} already")
            self._file.do(
                "INSERT INTO users (key, name, role, hash, made_us) VALUES (?, ?, ?, ?, ?)",
                *(key_of(name), name, role.word, hashed, to_us(self._clock())),
            )
            self._note("user_added", f"{name} {role.word}")
        return name

    def remove(self, name: str) -> None:
        """Removes a user with all that he has open."""
        with self._file.transaction():
            key, kept = self._one(name)
            self._file.do("DELETE FROM users WHERE key = ?", key)
            self._note("user_removed", kept)

    def disable(self, name: str) -> None:
        """Lets a user in no more, and ends what he has open."""
        self._change(name, "user_disabled", "disabled = ?", 1)

    def enable(self, name: str) -> None:
        """Lets a user in again."""
        self._change(name, "user_enabled", "disabled = ?", 0)

    def set_role(self, name: str, role: Role) -> None:
        """Gives a user another role, and ends what he has open."""
        self._change(name, "role_changed", "role = ?", role.word)

    def set_password(self, name: str, password: str) -> None:
        """Gives a user another password, and ends what he has open."""
        self._change(name, "password_changed", "hash = ?", self._passwords.hash(fit_password(password)))

    def all(self) -> Sequence[User]:
        """Every user, by name."""
        sql = "SELECT count(*) FROM {} WHERE user = key AND expires_us > ?1"
        rows = self._file.rows(
            f"SELECT name, role, disabled, made_us, ({sql.format('sessions')}), ({sql.format('tokens')}) "
            "FROM users ORDER BY key",
            to_us(self._clock()),
        )
        return [
            User(name, Role.of(role), bool(disabled), from_us(made_us), sessions, tokens)
            for name, role, disabled, made_us, sessions, tokens in rows
        ]

    def make_token(self, name: str, label: str, valid: timedelta) -> str:
        """A new token of a user: it is told once, here, and kept as a hash.

        Raises:
            UnfitError: there is no such user, or it would be valid for too long.
        """
        if not timedelta(0) < valid <= timedelta(days=MOST_DAYS):
            raise UnfitError(f"a token is valid for at most {MOST_DAYS:,} days")
        secret, now_us = TOKEN_MARK + secrets.token_urlsafe(32), to_us(self._clock())
        with self._file.transaction():
            key, kept = self._one(name)
            self._file.do(
                "INSERT INTO tokens (hash, user, label, made_us, expires_us) VALUES (?, ?, ?, ?, ?)",
                *(digest(secret), key, label[:100], now_us, now_us + valid // timedelta(microseconds=1)),
            )
            self._note("token_made", f"{kept} {label}")
        return secret

    def tokens(self) -> Sequence[Token]:
        """Every token that is still valid."""
        rows = self._file.rows(
            "SELECT number, name, label, tokens.made_us, used_us, expires_us FROM tokens "
            "JOIN users ON user = key WHERE expires_us > ? ORDER BY number",
            to_us(self._clock()),
        )
        return [
            Token(number, name, label, from_us(made), None if used is None else from_us(used), from_us(expires))
            for number, name, label, made, used, expires in rows
        ]

    def revoke(self, number: int) -> None:
        """Ends a token.

        Raises:
            UnfitError: there is none of this number.
        """
        with self._file.transaction():
            if not self._file.do("DELETE FROM tokens WHERE number = ?", number):
                raise UnfitError(f"there is no token {number}")
            self._note("token_revoked", str(number))

    def _change(self, name: str, what: str, sets: str, value: object) -> None:
        with self._file.transaction():
            key, kept = self._one(name)
            self._file.do(f"UPDATE users SET {sets} WHERE key = ?", value, key)
            self._file.do("DELETE FROM sessions WHERE user = ?", key)
            self._file.do("DELETE FROM tokens WHERE user = ?", key)
            self._note(what, f"{kept} {value}" if what == "role_changed" else kept)

    def _one(self, name: str) -> tuple[str, str]:
        found = self._file.row("SELECT key, name FROM users WHERE key = ?", key_of(name))
        if found is None:
            raise UnfitError(f"there is no user {name}")
        return found[0], found[1]

    def _note(self, what: str, about: str) -> None:
        self._trail.add(Note("", "", what, about, "done", LOCAL))


def fit_name(name: str) -> str:
    """A name that will do: a colon would end it in HTTP, and what cannot be seen would make two of one.

    Raises:
        UnfitError: it will not do.
    """
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name) or "  " in name:
        raise UnfitError("a name has 1 to 64 letters and digits, and between them spaces and any of . _ - ' @")
    return name


def fit_password(password: str) -> str:
    """A password that will do.

    Raises:
        UnfitError: it will not do.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UnfitError(f"a password has at least {SHORTEST} characters, and at most {LONGEST:,}")
    return password
