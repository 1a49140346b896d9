"""The alerts' book: what the core says now against what was said before; nothing is ever rewritten."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import ActionKind, Change, Status
from pipeline.monitor import Changes
from pipeline.store.desk import Before, Desk

AUTHOR = "monitor"

CHANGES: Mapping[ActionKind, Change] = {
    ActionKind.ACKNOWLEDGE: Change.ACKNOWLEDGED,
    ActionKind.ASSIGN: Change.ASSIGNED,
    ActionKind.COMMENT: Change.COMMENTED,
    ActionKind.VERIFY: Change.VERIFICATION_REQUESTED,
    ActionKind.OUTCOME: Change.OUTCOME_RECORDED,
    ActionKind.ATTRIBUTE: Change.ATTRIBUTED,
    ActionKind.DUPLICATE: Change.MARKED_DUPLICATE,
    ActionKind.SPLIT: Change.SPLIT,
    ActionKind.RESPOND: Change.RESPONDED,
    ActionKind.SEAL: Change.SEALED,
    ActionKind.REOPEN: Change.REOPENED,
}
"""What the history calls an operator's act."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode
_decode_revision = msgspec.json.Decoder(Revision).decode


class AlertBook:
    """The current view and the history, in the transaction that is open.

    Args:
        is_elsewhere: where alerts are shared out: whether an action that concerns none of this book is another's.
    """

    def __init__(self, connection: sqlite3.Connection, is_elsewhere: Callable[[Action], bool] | None = None) -> None:
        self._sql = connection
        self.desk = Desk(connection, is_elsewhere)

    def enter(self, changes: Changes, decided_at: datetime, why: Change = Change.EVIDENCE_CHANGED) -> list[Revision]:
        """Writes a revision for each alert that is new, says something else, or has lost its evidence."""
        said: list[Revision] = []
        # What comes for a closed window goes into none, and may correct what operators acted on all the same.
        self.desk.note(changes.revised)
        for agreement, alerts in changes.alerts.items():
            before, now = self.desk.overlay(agreement, self._standing(agreement, changes.considered), alerts)
            said += self._settle(before, now, changes.revised, decided_at, why)
        self._write(said)
        return said

    def enter_folded(
        self,
        agreement: str,
        provision: str,
        from_day: int,
        alerts: Sequence[tuple[Alert, int | None]],
        revised: Mapping[str, frozenset[str]],
        decided_at: datetime,
        why: Change = Change.EVIDENCE_CHANGED,
    ) -> list[Revision]:
        """The same for what a provision that remembers says of the days from one on.

        Args:
            alerts: with the day that settled each; None where it is still open.
        """
        rows = self._sql.execute(
            "SELECT alert_id, alert, revision FROM alerts JOIN folded USING (alert_id) "
            "WHERE agreement = ? AND provision = ? AND (settled_on IS NULL OR settled_on >= ?)",
            (agreement, provision, from_day),
        )
        before = {alert_id: (_decode(alert), revision) for alert_id, alert, revision in rows}
        told, now = self.desk.overlay(agreement, before, [alert for alert, _ in alerts])
        said = self._settle(told, now, revised, decided_at, why)
        self._write(said)
        self._sql.executemany(
            "INSERT OR REPLACE INTO folded VALUES (?, ?)", ((alert.alert_id, day) for alert, day in alerts)
        )
        return said

    @staticmethod
    def _settle(
        before: Before,
        alerts: Sequence[Alert],
        revised: Mapping[str, frozenset[str]],
        decided_at: datetime,
        why: Change,
    ) -> list[Revision]:
        """The revisions by which what was said becomes what is to be said."""
        said: list[Revision] = []
        now = {alert.alert_id for alert in alerts}
        lost = [pair for alert_id, pair in sorted(before.items()) if alert_id not in now]
        heirs = _Heirs([alert for alert, _ in lost], alerts, revised)
        for alert in alerts:
            revision = _revise(alert, before.get(alert.alert_id), decided_at, why)
            if revision is not None:
                said.append(replace(revision, supersedes=heirs.supersedes(alert.alert_id)))
        said.extend(
            replace(revision, superseded_by=heirs.superseded_by(revision.alert.alert_id))
            for revision in _close(lost, decided_at, why)
        )
        return said

    def act(
        self, action: Action, judged: Sequence[Alert], on: Collection[str], superseded_by: tuple[str, ...]
    ) -> list[Revision]:
        """Writes what an action changes that the desk has; what it was done with has a revision always.

        Args:
            judged: alerts that it concerns and that nobody has acted on yet.
            on: the ids of the alerts that it was done with.
            superseded_by: the alert that it names in this one's place.
        """
        change = CHANGES[action.kind]
        said = [replace(one, change=change, author=action.by) for one in self._laid(action, judged, change)]
        silent = set(on) - {one.alert.alert_id for one in said}
        for alert, revision in self.desk.said(silent).values():
            said.append(_revision(alert, revision + 1, action.decided_at, change, action.by))
        said = [
            replace(one, superseded_by=superseded_by) if one.alert.alert_id == action.alert_id else one for one in said
        ]
        self._write(said)
        return said

    def leave(self, action: Action, judged: Sequence[Alert]) -> list[Revision]:
        """Writes what it changes that an action is on the desk which could not be done: a doubt, if anything."""
        said = self._laid(action, judged, Change.EVIDENCE_CHANGED)
        self._write(said)
        return said

    def _laid(self, action: Action, judged: Sequence[Alert], why: Change) -> list[Revision]:
        before, now = self.desk.overlay(action.agreement, {}, judged, [action.report_id], [action.alert_id])
        return self._settle(before, now, {}, action.decided_at, why)

    def restore(self) -> bool:
        """Whether the log has actions that the tables lacked; they are filed now, and to be reviewed."""
        return self.desk.restore() > 0

    def review(self, agreement: str, decided_at: datetime, why: Change) -> list[Revision]:
        """Looks at every action of an agreement anew, where everything was judged anew."""
        reports, named = self.desk.all_of(agreement)
        before, now = self.desk.overlay(agreement, {}, [], reports, named)
        said = self._settle(before, now, {}, decided_at, why)
        self._write(said)
        return said

    def acted_after(self, agreement: str, seq: int) -> list[Revision]:
        """The latest revision of each alert that an action after a frame of the log concerns."""
        rows = self._sql.execute(
            "WITH late AS (SELECT action_id, alert_id FROM actions WHERE agreement = ? AND seq > ?) "
            "SELECT said FROM history JOIN alerts USING (alert_id, revision) WHERE alert_id IN ("
            "SELECT alert_id FROM late UNION SELECT resting.alert_id FROM late "
            "JOIN touching USING (action_id) JOIN resting USING (report_id))",
            (agreement, seq),
        )
        return [_decode_revision(row[0]) for row in rows]

    def knows(self, report_id: str, alert_ids: Sequence[str]) -> bool:
        """Whether any of these alerts was ever told of, or any of a closed window that rested on a report."""
        asked = (
            "SELECT 1 FROM told WHERE report_id = ? UNION ALL "
            "SELECT 1 FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value LIMIT 1"
        )
        return self._sql.execute(asked, (report_id, _encode(alert_ids).decode())).fetchone() is not None

    def adopt(self, revisions: Sequence[Revision], judged: Mapping[str, Alert] | None = None) -> None:
        """Takes over the latest revisions of alerts, as another book wrote them; what is later here stays.

        Args:
            judged: those that operators acted on, by id, as the reports alone have them.
        """
        asked = _encode([revision.alert.alert_id for revision in revisions]).decode()
        known = dict(
            self._sql.execute(
                "SELECT alert_id, revision FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value",
                (asked,),
            )
        )
        fresh = [one for one in revisions if one.revision > known.get(one.alert.alert_id, 0)]
        self._write(fresh)
        if judged:
            said = {one.alert.alert_id: one.alert for one in fresh if one.alert.alert_id in judged}
            self.desk.adopt(said, {name: judged[name] for name in said})

    def open_again(self) -> None:
        """Has every alert of a provision that remembers be looked at again when that is folded: none is settled."""
        self._sql.execute("INSERT OR REPLACE INTO folded SELECT alert_id, NULL FROM alerts WHERE remembered")

    def restate(self, revisions: Sequence[Revision]) -> None:
        """Writes revisions that say again what stands here, above what another book says otherwise."""
        self._write(revisions)

    def _standing(self, agreement: str, incident_ids: Iterable[str]) -> dict[str, tuple[Alert, int]]:
        """The alerts that some incidents raise alone under one agreement, superseded ones too, with their revision."""
        rows = self._sql.execute(
            "SELECT alert_id, alert, revision FROM json_each(?) AS asked "
            "CROSS JOIN alerts INDEXED BY alerts_by_incident ON alerts.incident_id = asked.value "
            "WHERE agreement = ? AND NOT remembered",
            (_encode(sorted(incident_ids)).decode(), agreement),
        )
        return {alert_id: (_decode(alert), revision) for alert_id, alert, revision in rows}

    def _write(self, said: Sequence[Revision]) -> None:
        self._sql.executemany(
            "INSERT INTO history (alert_id, revision, said) VALUES (?, ?, ?)",
            ((r.alert.alert_id, r.revision, _encode(r)) for r in said),
        )
        self._sql.executemany(
            "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    int(bool(r.alert.incident_ids)),
                    _encode(r.alert),
                )
                for r in said
            ),
        )


def _revise(alert: Alert, before: tuple[Alert, int] | None, decided_at: datetime, why: Change) -> Revision | None:
    if before is None:
        return _revision(alert, 1, decided_at, Change.REPORTED)
    if before[0] == alert:
        return None
    return _revision(alert, before[1] + 1, decided_at, why)


def _revision(alert: Alert, number: int, decided_at: datetime, change: Change, author: str = AUTHOR) -> Revision:
    return Revision(alert=alert, revision=number, decided_at=decided_at, change=change, author=author)


def _close(lost: Iterable[tuple[Alert, int]], decided_at: datetime, why: Change) -> list[Revision]:
    """Takes alerts out of the current view."""
    change = Change.EVIDENCE_WITHDRAWN if why is Change.EVIDENCE_CHANGED else why
    return [
        _revision(replace(alert, status=Status.SUPERSEDED), revision + 1, decided_at, change)
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
