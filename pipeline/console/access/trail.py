"""The trail: who did what, when, from where, and what came of it. It is only ever added to."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from pipeline.console.access.file import AccessFile
from pipeline.model.report import Time
from pipeline.model.times import from_us, to_us

LONGEST = 200
IN_ONE_PIECE = 1_000
LOCAL = "command line"
"""Where somebody is who acts on the machine itself."""


class Note(NamedTuple):
    """What is written of something that was done; who did it and from where, as far as it is known."""

    user: str
    role: str
    what: str
    about: str
    outcome: str
    address: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, rename={"address": "from"}):
    """Something that was done.

    Attributes:
        user, role: who did it, and what he was then; empty where it was done on the machine itself.
        what: login, logout, refused, a kind of act, or what was read: alert, incident, export, handover, audit, listen.
        about: of what; an alert's id with the revision that the operator had before him.
        outcome: `asked` before an act is done, and then done, refused, moved_on, failed, or sent where a broker has it
            and nobody has answered; of a login ok or failed.
        address: where the request came from.
    """

    number: int
    at: Time
    user: str
    role: str
    what: str
    about: str
    outcome: str
    address: str


class Trail:
    """The entries of a file."""

    def __init__(self, file: AccessFile, clock: Callable[[], datetime]) -> None:
        self._file, self._clock = file, clock

    def add(self, note: Note) -> None:
        """Writes an entry; words are cut, and what no terminal should see is replaced.

        Raises:
            AccessError: it cannot be written.
        """
        self._file.do(
            "INSERT INTO audit (at_us, user, role, what, about, outcome, address) VALUES (?, ?, ?, ?, ?, ?, ?)",
            to_us(self._clock()),
            *map(harmless, note),
        )

    def entries(self, before: int | None = None, limit: int = 100) -> Sequence[AuditEntry]:
        """Some entries, the last first; with `before` those older than one."""
        where, values = ("", []) if before is None else (" WHERE number < ?", [before])
        return self._read(f"{where} ORDER BY number DESC LIMIT ?", *values, limit)

    def all(self, limit: int | None = None) -> Iterator[AuditEntry]:
        """Every entry in order; with `limit` the last so many."""
        skipped = "(SELECT number FROM audit ORDER BY number DESC LIMIT 1 OFFSET ?)"
        after = None if limit is None else self._file.row(f"SELECT number FROM audit WHERE number = {skipped}", limit)
        last = 0 if after is None else int(after[0])
        while page := self._read(" WHERE number > ? ORDER BY number LIMIT ?", last, IN_ONE_PIECE):
            yield from page
            last = page[-1].number

    def _read(self, which: str, *values: int) -> Sequence[AuditEntry]:
        asked = "SELECT number, at_us, user, role, what, about, outcome, address FROM audit"
        return [
            AuditEntry(
                number=number,
                at=from_us(at_us),
                user=user,
                role=role,
                what=what,
                about=about,
                outcome=outcome,
                address=address,
            )
            for number, at_us, user, role, what, about, outcome, address in self._file.rows(f"{asked}{which}", *values)
        ]


def harmless(text: str) -> str:
    r"""Words of somebody as they are kept: not long, and nothing that a terminal acts on.

    >>> harmless("Ines\x1b[2J\n")
    'Ines�[2J�'
    """
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:LONGEST])
