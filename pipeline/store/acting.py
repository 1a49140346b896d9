"""Acting on alerts: an operator's act into the record, with all that follows from it, in one transaction.

An action is written into the log of frames, as reports are, in a frame of its own kind: the tables of actions can be
made anew from the log, and what stands is made anew from reports and actions.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.law.lifecycle import Case, Docket
from pipeline.model.actions import Action, action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import ActionKind, Change, Status
from pipeline.store.database import Store, StoreError, store_errors
from pipeline.store.desk import Clause, Matter, log_action
from pipeline.store.lawbook import LawBook
from pipeline.store.ledger import AlertBook
from pipeline.store.opening import open_store
from pipeline.store.sealing import empty_pages, is_sealed, seal

_TICK = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
_decode_alert = msgspec.json.Decoder(Alert).decode


class RefusedError(StoreError):
    """An act that cannot be done with the alert as it stands.

    Attributes:
        allowed: what can be done from here.
    """

    def __init__(self, message: str, allowed: tuple[ActionKind, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class MovedOnError(StoreError):
    """The alert has moved on from the revision that the operator had before him."""


class UnansweredError(StoreError):
    """Over a broker: an act was sent, and nobody has said yet what came of it. It is kept, and applied in time."""


class UnsentError(StoreError):
    """Over a broker: an act could not be sent. Nothing was done."""


def acting_store(path: Path, kind: ActionKind) -> Store:
    """Opens a store for an act: beside a run, if one writes to it; to seal rewrites the file, and no run may then.

    Raises:
        StoreError: there is no store, or it cannot be written to now.
    """
    with open_store(path):
        pass  # A store that is not there is not to be made.
    return open_store(path, write=True, beside=kind is not ActionKind.SEAL)


class Open(NamedTuple):
    """An alert on the desk: as it stands with its acts, and its revision."""

    case: Case
    revision: int


class Acted(NamedTuple):
    """An act that is in the record, how the alert stands after it, and all that was written.

    `case` is None where the alert stands no more: one without evidence that was opened again.
    """

    action: Action
    case: Case | None
    revision: int
    revisions: list[Revision]


class Acting:
    """What operators do, in a store. Acting needs it opened for writing, looking does not.

    Args:
        clock: the driver's clock.
        agreements: those by which the store was judged, as far as they are at hand: their provisions that watch alerts
            follow at once. Others follow with the next run.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        agreements: Sequence[Agreement] = (),
    ) -> None:
        self.store, self._clock = store, clock
        self._sql: sqlite3.Connection = store.connection
        self._book = AlertBook(store.connection)
        self._desk = self._book.desk
        self._law = LawBook(store.connection, agreements, self._book)

    def look(self, alert: Alert) -> Open | None:
        """An alert with what was done with it; None where it stands no more."""
        with store_errors(self.store.path):
            return self._open(alert)

    def act(
        self,
        alert: Alert,
        kind: ActionKind,
        by: str,
        *,
        revision: int | None = None,
        other: Alert | None = None,
        **fields: Any,
    ) -> Acted:
        """Does something with an alert.

        Args:
            alert: as the store gives it.
            revision: of the alert that the operator had before him; without it, he acts on what stands.
            other: of a duplicate, the other alert.
            fields: of the action (`pipeline.model.actions.Action`), as its kind needs them.

        Raises:
            RefusedError: it cannot be done, and why.
            MovedOnError: the alert has another revision by now.
            StoreError: nothing was written.
        """
        if kind is ActionKind.SEAL:
            self._refuse_sealed(fields.get("report_ids", ()))
        with self.store.transaction():
            opened = self._standing(alert)
            if revision is not None and revision != opened.revision:
                raise MovedOnError(
                    f"{alert.alert_id} has moved on: it stands at revision {opened.revision}, not {revision}; "
                    "look at it again before you act"
                )
            given = [opened.case.judged]
            if other is not None:
                meant = self._standing(other).case.judged
                check_same(opened.case.judged, meant)
                given.append(meant)
                fields |= {"other": meant.alert_id, "other_report_id": meant.report_ids[0]}
            acts = (act.action for act in opened.case.acts)
            made = compose(opened.case.judged, acts, kind, by, self._clock(), fields)
            case = self._checked(made, given)
            revisions = self._write(made, given, case)
            revisions += self._law.watch(revisions, self._clock(), Change.EVIDENCE_CHANGED)
        if kind is ActionKind.SEAL:
            empty_pages(self.store)
        number = next(one.revision for one in revisions if one.alert.alert_id == made.alert_id)
        return Acted(made, case, number, revisions)

    def _refuse_sealed(self, report_ids: Sequence[str]) -> None:
        with store_errors(self.store.path):
            sealed = bool(report_ids) and is_sealed(self.store, report_ids)
        if sealed:
            # A seal beside a reader left copies in the file: to seal once more is how they go.
            empty_pages(self.store)
            raise RefusedError("what it names was sealed already, and nothing of that is left in the store's file")

    def _standing(self, alert: Alert) -> Open:
        opened = self._open(alert)
        if opened is None:
            raise RefusedError(f"{alert.alert_id} stands no more{self._in_its_place(alert)}: act on what stands")
        return opened

    def _open(self, alert: Alert) -> Open | None:
        said = self._desk.said([alert.alert_id])
        if not said:
            return None
        alert, revision = said[alert.alert_id]
        case = self._matter([alert]).docket().cases.get(alert.alert_id)
        return None if case is None else Open(case, revision)

    def _matter(self, alerts: Sequence[Alert]) -> Matter:
        """What hangs together with some alerts, those among them that nobody has acted on yet included."""
        reports = {report_id for alert in alerts for report_id in alert.report_ids}
        clause = Clause(alerts[0].agreement, alerts[0].provision)
        matter = self._desk.matter(clause, reports, {alert.alert_id for alert in alerts}, {})
        matter.judged.update((alert.alert_id, alert) for alert in self._desk.untouched(alerts))
        return matter

    def _checked(self, made: Action, given: Sequence[Alert]) -> Case | None:
        """The alert as it will stand, if it does; raises where the action cannot be done."""
        matter = self._matter(given)
        return check_done(made, matter.docket(made), matter.docket().cases[made.alert_id].allowed)

    def _write(self, made: Action, given: Sequence[Alert], case: Case | None) -> list[Revision]:
        untouched = [*self._desk.untouched(given), *self._elsewhere(made, {alert.alert_id for alert in given})]
        self._desk.file(made, log_action(self._sql, made, self._clock()))
        if made.kind is ActionKind.SEAL:
            seal(self.store, made.report_ids)
        meant = case.duplicate_of if case is not None and made.kind is ActionKind.DUPLICATE else None
        instead = () if meant is None else (meant,)
        return self._book.act(made, untouched, [made.alert_id], instead)

    def _elsewhere(self, made: Action, known: set[str]) -> Iterator[Alert]:
        """Other alerts of the provision that rest on the anchor, where its id stands in two windows."""
        asked = "SELECT count(DISTINCT day || tile) FROM reports WHERE report_id = ?"
        for report_id in filter(None, {made.report_id, made.other_report_id}):
            if self._sql.execute(asked, (report_id,)).fetchone()[0] < 2:
                continue
            rows = self._sql.execute(
                "SELECT alert FROM alerts WHERE agreement = ? AND provision = ? AND status != ? AND instr(alert, ?)",
                (made.agreement, made.provision, Status.SUPERSEDED.value, _encode(report_id)),
            )
            found = [one for one in map(_decode_alert, (row[0] for row in rows)) if report_id in one.report_ids]
            yield from (one for one in self._desk.untouched(found) if one.alert_id not in known)

    def _in_its_place(self, alert: Alert) -> str:
        last = list(self.store.history(alert.alert_id))[-1:]
        instead = ", ".join(last[0].superseded_by) if last else ""
        return f"; in its place: {instead}" if instead else ""


def compose(
    seen: Alert, before: Iterable[Action], kind: ActionKind, by: str, now: datetime, fields: dict[str, Any]
) -> Action:
    """An action on an alert; never earlier than what was done with it before, whatever the clocks say.

    Args:
        seen: the alert as the monitor judges it.
        before: what was done with it.
        fields: of the action, as its kind needs them.
    """
    last = max((one.decided_at for one in before), default=None)
    return action(
        agreement=seen.agreement,
        provision=seen.provision,
        alert_id=seen.alert_id,
        report_id=seen.report_ids[0],
        kind=kind,
        by=by.strip(),
        decided_at=now if last is None else max(now, last + _TICK),
        seen=seen,
        **fields,
    )


def check_done(made: Action, docket: Docket, allowed: tuple[ActionKind, ...]) -> Case | None:
    """The alert as it stands with an action, if it does.

    Args:
        docket: with the action.
        allowed: what can be done without it.

    Raises:
        RefusedError: it cannot be done, and why.
    """
    case = docket.cases.get(made.alert_id)
    acts = docket.loose if case is None else case.acts
    done = next(one for one in acts if one.action.action_id == made.action_id)
    if not done.done:
        raise RefusedError(done.why, allowed)
    return case


def check_same(one: Alert, other: Alert) -> None:
    """A duplicate tells of the same breach: of one incident, each provision has an alert of its own.

    Raises:
        RefusedError: they are of two provisions.
    """
    if (one.agreement, one.provision) != (other.agreement, other.provision):
        clause = f"{other.agreement}/{other.provision}"
        raise RefusedError(f"{other.alert_id} is of {clause}: only alerts of one provision are duplicates")
