"""Sealing: the words, the observer and the address of a report leave the store's file for good.

What is left in their place is an alias, which tells only what fusion goes by: of what kind the observer is, which of
the reports sealed together have the same observer, and which the same words. The open line with its commitments, the
report's id and its content hash stay: what was proved over them stays proved, the same report told again is still a
repeat, and no alert changes.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pipeline.observers import load_observers
from pipeline.store.database import Store, StoreError, store_errors

SEALED_SALT = ""
"""The salt of a field that was sealed: it has none any more."""

_WITHOUT_ALIAS = ("origin", "remarks")
"""What need not be told from others of its kind: where a report was read from, and what a reader made of its words."""

_encode = msgspec.json.Encoder().encode
_Line = dict[str, tuple[str, Any] | None]
_decode: Callable[[bytes], _Line] = msgspec.json.Decoder(_Line).decode


def seal(store: Store, report_ids: Iterable[str]) -> int:
    """Seals every version of some reports, in the transaction that is open; how many lines of the log had anything.

    `empty_pages` is to follow once it is committed.
    """
    aliases = _Aliases()
    sealed = 0
    for seq, lines in sorted(_places(store.connection, report_ids).items()):
        (payload,) = store.connection.execute("SELECT payload FROM sealable WHERE seq = ?", (seq,)).fetchone()
        kept = payload.split(b"\n")
        for line in lines:
            fields = _decode(kept[line])
            sealed += any(pair is not None and pair[0] != SEALED_SALT for pair in fields.values())
            kept[line] = _encode({name: aliases.of(name, pair) for name, pair in fields.items()})
        # Written over, so that no page keeps what was there.
        store.connection.execute("PRAGMA secure_delete = ON")
        store.connection.execute("UPDATE sealable SET payload = ? WHERE seq = ?", (b"\n".join(kept), seq))
    return sealed


def is_sealed(store: Store, report_ids: Iterable[str]) -> bool:
    """Whether each of some reports had something to seal, and every version of it is sealed."""
    return all(_is_sealed(store.connection, report_id) for report_id in report_ids)


def _is_sealed(sql: sqlite3.Connection, report_id: str) -> bool:
    asked = "SELECT payload FROM sealable WHERE seq = ?"
    kept = [
        _decode(sql.execute(asked, (seq,)).fetchone()[0].split(b"\n")[line])
        for seq, lines in _places(sql, [report_id]).items()
        for line in lines
    ]
    pairs = [pair for fields in kept for pair in fields.values()]
    return bool(pairs) and all(pair is None or pair[0] == SEALED_SALT for pair in pairs)


def empty_pages(store: Store) -> None:
    """Writes the file anew without what was deleted from it, and empties the log beside it.

    Raises:
        StoreError: somebody reads the store, and so its log cannot be emptied yet.
    """
    with store_errors(store.path):
        store.connection.execute("VACUUM")
        (busy, *_) = store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(
            f"{store.path}: sealed, but another program reads the store and keeps an old copy of its pages alive; "
            "close it and seal once more"
        )


class _Aliases:
    """What stands in the place of sealed values: the same for the same value, of those that are sealed together."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], str] = {}

    def of(self, name: str, pair: tuple[str, Any] | None) -> tuple[str, Any] | None:
        """The alias of a field's value, without a salt; none for what needs none."""
        if pair is None or pair[0] == SEALED_SALT:
            return pair
        if name in _WITHOUT_ALIAS:
            return None
        key = name, _encode(pair[1])
        if key not in self._known:
            kind = _kind(str(pair[1])) if name == "observer" else ""
            self._known[key] = f"{kind}sealed-{secrets.token_hex(4)}"
        return SEALED_SALT, self._known[key]


def _kind(observer: str) -> str:
    """The word by which observers of a kind are known, with a hyphen; empty where the name begins with none."""
    word = observer[: next((n for n, letter in enumerate(observer) if not letter.isalpha()), len(observer))].lower()
    return f"{word}-" if any(word in kind.names for kind in load_observers().kinds) else ""


def _places(sql: sqlite3.Connection, report_ids: Iterable[str]) -> dict[int, list[int]]:
    """Where the log holds every version of some reports: lines by frame."""
    found: dict[int, list[int]] = {}
    asked = "SELECT seq, line FROM json_each(?) AS asked CROSS JOIN reports ON report_id = asked.value"
    for seq, line in sql.execute(asked, (_encode(sorted(report_ids)).decode(),)):
        found.setdefault(seq, []).append(line)
    return found
