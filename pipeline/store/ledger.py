"""The alerts' book: what the core says now against what was said before; nothing is ever rewritten."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change, Status
from pipeline.monitor import Changes

AUTHOR = "monitor"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode


class AlertBook:
    """The current view and the history, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def enter(self, changes: Changes, decided_at: datetime, why: Change = Change.EVIDENCE_CHANGED) -> list[Revision]:
        """Writes a revision for each alert that is new, says something else, or has lost its evidence."""
        said: list[Revision] = []
        for agreement, alerts in changes.alerts.items():
            before = self._standing(agreement, changes.considered)
            now = {alert.alert_id: alert for alert in alerts}
            for alert in alerts:
                revision = self._revise(alert, before.get(alert.alert_id), decided_at, why)
                if revision is not None:
                    said.append(revision)
            lost = [pair for alert_id, pair in sorted(before.items()) if alert_id not in now]
            said.extend(self._close(lost, alerts, decided_at, why))
        self._write(said)
        return said

    def _standing(self, agreement: str, incident_ids: Iterable[str]) -> dict[str, tuple[Alert, int]]:
        """The alerts of some incidents under one agreement, superseded ones included, with their revision."""
        found = {}
        asked = "SELECT alert_id, alert, revision FROM alerts WHERE incident_id = ? AND agreement = ?"
        for incident_id in sorted(incident_ids):
            for alert_id, alert, revision in self._sql.execute(asked, (incident_id, agreement)):
                found[alert_id] = _decode(alert), revision
        return found

    def _revise(
        self, alert: Alert, before: tuple[Alert, int] | None, decided_at: datetime, why: Change
    ) -> Revision | None:
        if before is None:
            return Revision(alert=alert, revision=1, decided_at=decided_at, change=Change.REPORTED, author=AUTHOR)
        if before[0] == alert:
            return None
        return Revision(alert=alert, revision=before[1] + 1, decided_at=decided_at, change=why, author=AUTHOR)

    def _close(
        self, lost: Sequence[tuple[Alert, int]], alerts: Sequence[Alert], decided_at: datetime, why: Change
    ) -> list[Revision]:
        """Takes alerts out of the current view; one of a report that revises theirs stands in their place."""
        change = why if why is not Change.EVIDENCE_CHANGED else Change.EVIDENCE_WITHDRAWN
        closed = []
        for alert, revision in lost:
            if alert.status is Status.SUPERSEDED:
                continue
            closed.append(
                Revision(
                    alert=replace(alert, status=Status.SUPERSEDED),
                    revision=revision + 1,
                    decided_at=decided_at,
                    change=change,
                    author=AUTHOR,
                )
            )
        return closed

    def _write(self, said: Sequence[Revision]) -> None:
        self._sql.executemany(
            "INSERT INTO history (alert_id, revision, said) VALUES (?, ?, ?)",
            ((r.alert.alert_id, r.revision, _encode(r)) for r in said),
        )
        self._sql.executemany(
            "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    r.alert.alert_id,
                    r.alert.agreement,
                    r.alert.provision,
                    r.alert.incident_id,
                    r.alert.severity.value,
                    r.alert.standing.value,
                    r.alert.status.value,
                    r.alert.observed_from.isoformat(),
                    r.revision,
                    _encode(r.alert),
                )
                for r in said
            ),
        )
