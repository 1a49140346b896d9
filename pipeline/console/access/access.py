"""Who may see and do what, as the server asks it: in threads of its own, so that nobody else waits for a disk."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeVar

from pipeline.console.access.attempts import Attempt, Attempts
from pipeline.console.access.file import AccessError, AccessFile
from pipeline.console.access.limits import Buckets, Limit, TooManyError
from pipeline.console.access.passwords import Passwords
from pipeline.console.access.sessions import Lasting, Person, Sessions
from pipeline.console.access.trail import AuditEntry, Note, Trail
from pipeline.console.access.users import digest, key_of

ACTS = Limit(1_000, 0.5)
"""What one user may do: a large group at once, and two acts a second in the long run."""

READS = Limit(600, 0.1)
"""What one user may read of that which is noted."""

MISSES = Limit(20, 60.0)
"""Of what one user asked for that is not there, so much is noted."""

PATIENCE_S = 10.0

COOKIE = "truceline"
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class WrongError(Exception):
    """No user of this name has this password, or he is not let in."""


class LoggedIn(NamedTuple):
    """A session that began: its secret, and whose it is."""

    secret: str
    person: Person


class Access:
    """The users of a console.

    Args:
        file: the file of users; it is closed with this.
        clock: the time in UTC.
        passwords: says how much work a password is.
        secure: the console is reached by TLS, and a session's cookie goes by nothing else.
        acts: how often one user may do something.
        reads: how often one user may read what is noted.
        patience_s: who has not said who he is has so long to ask, and to take the answer.
        now_s: a time in seconds that nobody sets.
        tick_s: how often it is seen to that who listens still may.
    """

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        file: AccessFile,
        clock: Callable[[], datetime],
        *,
        passwords: Passwords | None = None,
        lasting: Lasting = Lasting(),  # noqa: B008 - it cannot be changed
        secure: bool = False,
        acts: Limit = ACTS,
        reads: Limit = READS,
        tick_s: float = 0.5,
        patience_s: float = PATIENCE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._passwords = file, passwords or Passwords()
        # Made now, so that not even the first who is nobody is told apart.
        _ = self._passwords.nobodys
        self._trail, self._sessions = Trail(file, clock), Sessions(file, clock, lasting)
        self.secure, self.tick_s, self.patience_s = secure, tick_s, patience_s
        self._thread = ThreadPoolExecutor(1, "access")
        self._attempts = Attempts(now_s)
        self._acts, self._reads, self._misses = Buckets(acts, now_s), Buckets(reads, now_s), Buckets(MISSES, now_s)

    @property
    def cookie(self) -> str:
        """The name of a session's cookie."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    async def of_session(self, secret: str) -> Person | None:
        """Whose session it is."""
        return await self._in_turn(self._sessions.of_session, digest(secret))

    async def of_token(self, secret: str, name: str | None = None) -> Person | None:
        """Whose token it is; with a name, only if it is his."""
        return await self._in_turn(self._sessions.of_token, digest(secret), name)

    async def still(self, person: Person) -> bool:
        """Whether somebody may go on listening. To listen is not to ask: it keeps no session from being idle."""
        now = await self._in_turn(self._still, person)
        return now is not None and now.role == person.role

    def _still(self, person: Person) -> Person | None:
        of = self._sessions.of_token if person.csrf is None else self._sessions.of_session
        return of(person.proof, seen=False)

    async def login(self, name: str, password: str, address: str, before: str | None = None) -> LoggedIn:
        """Begins a session.

        Args:
            address: where he is.
            before: the secret of the session that he had, if any: it ends.

        Raises:
            WrongError: no user of this name has this password.
            TooManyError: there were too many attempts.
            AccessError: it cannot be written down.
        """
        key = key_of(name)
        self._passwords.make_sure_of_room()
        with self._attempts.attempt(key, address) as attempt:
            begun = await self._tried(attempt, key, password, before, address)
        if begun is None:
            await self.note(Note(name[:64], "", "login", "", "failed", address))
            raise WrongError
        return begun

    async def _tried(
        self, attempt: Attempt, key: str, password: str, before: str | None, address: str
    ) -> LoggedIn | None:
        found = await self._in_turn(self._file.row, "SELECT hash, role FROM users WHERE key = ? AND NOT disabled", key)
        known = None if found is None else str(found[0])
        try:
            fits, renewed = await self._passwords.check(known, password)
        except TooManyError:
            attempt.was_not_made = True
            raise
        begun = await self._in_turn(self._begin, key, known, renewed, before, address) if fits and known else None
        attempt.was_right = begun is not None
        return begun

    def _begin(self, key: str, known: str, renewed: str | None, before: str | None, address: str) -> LoggedIn | None:
        with self._file.transaction():
            # While the password was checked it may have been changed.
            sql = "UPDATE users SET hash = ? WHERE key = ? AND hash = ? AND NOT disabled"
            if not self._file.do(sql, renewed or known, key, known):
                return None
            if before is not None:
                self._sessions.end(digest(before))
            secret = self._sessions.begin(key)
            person = self._sessions.of_session(digest(secret))
            if person is None:
                return None
            self._trail.add(Note(person.name, person.role.word, "login", "", "ok", address))
        return LoggedIn(secret, person)

    async def logout(self, person: Person, address: str) -> None:
        """Ends a session."""
        await self._in_turn(self._end, person, address)

    def _end(self, person: Person, address: str) -> None:
        with self._file.transaction():
            self._sessions.end(person.proof)
            self._trail.add(Note(person.name, person.role.word, "logout", "", "ok", address))

    def count_act(self, person: Person) -> None:
        """Somebody does something.

        Raises:
            TooManyError: he did too much.
        """
        self._acts.take(person.key)

    def count_read(self, person: Person) -> None:
        """Somebody reads what is noted.

        Raises:
            TooManyError: he read too much.
        """
        self._reads.take(person.key)

    def notes_miss(self, person: Person) -> bool:
        """Whether it is noted that somebody asked for what is not there: nobody fills the trail with that."""
        try:
            self._misses.take(person.key)
        except TooManyError:
            return False
        return True

    async def note(self, note: Note) -> None:
        """Writes down what was done.

        Raises:
            AccessError: it cannot be written.
        """
        await self._in_turn(self._trail.add, note)

    async def note_if_possible(self, note: Note) -> None:
        """Writes down what nobody can undo any more: where that fails, the log says so."""
        try:
            await self.note(note)
        except AccessError:
            _log.exception("the trail lacks an entry: %s", " ".join(note))

    async def entries(self, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """The trail, the last entry first."""
        return await self._in_turn(self._trail.entries, before, limit)

    def close(self) -> None:
        """Ends it, and closes the file."""
        self._passwords.close()
        self._thread.shutdown()
        self._file.close()

    async def _in_turn(self, do: Callable[..., _T], *args: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: do(*args))


def note_of(person: Person, what: str, about: str, outcome: str, address: str) -> Note:
    """A note of what somebody did."""
    return Note(person.name, person.role.word, what, about, outcome, address)
