"""How far each agreement has judged the log, and by what."""

import sqlite3

import msgspec

from pipeline.agreement import Agreement
from pipeline.model.taxonomy import Change


class Positions:
    """In the transaction that is open.

    Args:
        judged_by: the hash of the core and its parameters.
    """

    def __init__(self, connection: sqlite3.Connection, judged_by: str) -> None:
        self._sql, self._judged_by = connection, judged_by

    def of(self, agreement: Agreement) -> tuple[int, Change]:
        """Up to which frame the log was judged by this agreement, and why it is judged anew from there."""
        row = self._sql.execute(
            "SELECT fingerprint, judged_by, seq, why FROM positions WHERE agreement = ?", (agreement.name,)
        ).fetchone()
        if row is None:
            return 0, Change.REPORTED
        if row[0] != agreement.fingerprint:
            return 0, Change.AGREEMENT_CHANGED
        if row[1] != self._judged_by:
            return 0, Change.CORE_CHANGED
        return row[2], msgspec.convert(row[3], Change)

    def note(self, agreement: Agreement, seq: int, why: Change = Change.EVIDENCE_CHANGED) -> None:
        """Notes how far the log is judged; `why` is kept for what is left of it, should the process end here."""
        parties = msgspec.json.encode([party.id for party in agreement.parties]).decode()
        values = agreement.name, agreement.fingerprint, self._judged_by, agreement.version, seq, why.value, parties
        self._sql.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?)", values)
