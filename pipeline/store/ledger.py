"""The alerts' book: what the core says now against what was said before; nothing is ever rewritten."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
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
            now = {alert.alert_id for alert in alerts}
            lost = [pair for alert_id, pair in sorted(before.items()) if alert_id not in now]
            heirs = _Heirs([alert for alert, _ in lost], alerts, changes.revised)
            for alert in alerts:
                revision = _revise(alert, before.get(alert.alert_id), decided_at, why)
                if revision is not None:
                    said.append(replace(revision, supersedes=heirs.supersedes(alert.alert_id)))
            said.extend(
                replace(revision, superseded_by=heirs.superseded_by(revision.alert.alert_id))
                for revision in _close(lost, decided_at, why)
            )
        self._write(said)
        return said

    def knows(self, alert_ids: Sequence[str]) -> bool:
        """Whether anything was ever said of any of these alerts."""
        asked = "SELECT 1 FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value LIMIT 1"
        return self._sql.execute(asked, (_encode(alert_ids).decode(),)).fetchone() is not None

    def adopt(self, revisions: Sequence[Revision]) -> None:
        """Takes over the latest revisions of alerts, as another book wrote them; what is later here stays."""
        asked = _encode([revision.alert.alert_id for revision in revisions]).decode()
        known = dict(
            self._sql.execute(
                "SELECT alert_id, revision FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value",
                (asked,),
            )
        )
        self._write([one for one in revisions if one.revision > known.get(one.alert.alert_id, 0)])

    def _standing(self, agreement: str, incident_ids: Iterable[str]) -> dict[str, tuple[Alert, int]]:
        """The alerts of some incidents under one agreement, superseded ones included, with their revision."""
        rows = self._sql.execute(
            "SELECT alert_id, alert, revision FROM json_each(?) AS asked "
            "CROSS JOIN alerts ON alerts.incident_id = asked.value WHERE agreement = ?",
            (_encode(sorted(incident_ids)).decode(), agreement),
        )
        return {alert_id: (_decode(alert), revision) for alert_id, alert, revision in rows}

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


def _revise(alert: Alert, before: tuple[Alert, int] | None, decided_at: datetime, why: Change) -> Revision | None:
    if before is None:
        return Revision(alert=alert, revision=1, decided_at=decided_at, change=Change.REPORTED, author=AUTHOR)
    if before[0] == alert:
        return None
    return Revision(alert=alert, revision=before[1] + 1, decided_at=decided_at, change=why, author=AUTHOR)


def _close(lost: Iterable[tuple[Alert, int]], decided_at: datetime, why: Change) -> list[Revision]:
    """Takes alerts out of the current view."""
    change = Change.EVIDENCE_WITHDRAWN if why is Change.EVIDENCE_CHANGED else why
    return [
        Revision(
            alert=replace(alert, status=Status.SUPERSEDED),
            revision=revision + 1,
            decided_at=decided_at,
            change=change,
            author=AUTHOR,
        )
        for alert, revision in lost
        if alert.status is not Status.SUPERSEDED
    ]


class _Heirs:
    """Which alerts stand for lost ones: of the same provision, resting on their reports or on what revises them."""

    def __init__(self, lost: Sequence[Alert], alerts: Sequence[Alert], revised: Mapping[str, frozenset[str]]) -> None:
        resting: dict[tuple[str, str], list[str]] = {}
        for new in alerts if lost else ():
            for report_id in new.report_ids:
                resting.setdefault((new.provision, report_id), []).append(new.alert_id)
        self._pairs = {
            (old.alert_id, new)
            for old in lost
            for report_id in frozenset(old.report_ids).union(*(revised.get(name, ()) for name in old.report_ids))
            for new in resting.get((old.provision, report_id), ())
        }

    def supersedes(self, alert_id: str) -> tuple[str, ...]:
        return tuple(sorted(old for old, new in self._pairs if new == alert_id))

    def superseded_by(self, alert_id: str) -> tuple[str, ...]:
        return tuple(sorted(new for old, new in self._pairs if old == alert_id))
