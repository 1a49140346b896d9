"""How far followed files were read: kept with what was read of them."""

import sqlite3

from pipeline.sources.growing import Position
from pipeline.store.database import Store, store_errors


def positions(store: Store) -> dict[str, Position]:
    """How far each file was read, by its path from the root on."""
    with store_errors(store.path):
        asked = "SELECT file, device, inode, known_bytes, sha256, first, row, position, size FROM followed"
        return {file: Position(*rest) for file, *rest in store.connection.execute(asked)}


def note_position(sql: sqlite3.Connection, file: str, position: Position) -> None:
    """Notes how far a file is read, in the transaction that is open."""
    sql.execute("INSERT OR REPLACE INTO followed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (file, *position))
