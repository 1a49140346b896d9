"""The law's book: findings by their days, the checkpoints of folds, and what refolding says."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.agreement.days import ReportingDays
from pipeline.law.effort import UNKNOWN, Efforts
from pipeline.law.folding import BEFORE_ALL, Fold, in_order, refold
from pipeline.law.folds import folds_of
from pipeline.law.watching import Watched
from pipeline.law.watching import in_order as by_time
from pipeline.model.records import Finding, Revision
from pipeline.model.taxonomy import Change, Status
from pipeline.model.times import to_us_array
from pipeline.monitor import Changes
from pipeline.store.efforts import StoredEfforts
from pipeline.store.ledger import AlertBook
from pipeline.store.watchlog import Entered

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Finding).decode
_decode_revision = msgspec.json.Decoder(Revision).decode
_decode_watched = msgspec.json.Decoder(Watched).decode


_THINNED = ((14, 7), (90, 28))
"""Behind so many days, only the checkpoints of every so manieth are kept."""


class Told(NamedTuple):
    """What changed for the folds of one agreement, for whoever folds it.

    Attributes:
        incident_ids: incidents of which something else was found.
        findings: all that is found of these now.
        revisions: what was said of alerts that folds watch.
    """

    agreement: str
    incident_ids: tuple[str, ...]
    findings: tuple[Finding, ...]
    revisions: tuple[Revision, ...]


class LawBook:
    """The provisions that remember, in the transaction that is open.

    Args:
        book: where the alerts are written.
        tells: where the folds are another's: is told what changed for them, and nothing is folded here.

    Attributes:
        look_every: how long what is known of how well was watched may wait until it is folded; see `look_again`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        agreements: Sequence[Agreement],
        book: AlertBook,
        tells: Callable[[Told], None] | None = None,
    ) -> None:
        self._sql, self._book, self._tells = connection, book, tells
        self.look_every = timedelta()
        self._looked_at: datetime | None = None
        self._folds = {agreement.name: folds_of(agreement) for agreement in agreements}
        self._days = {agreement.name: agreement.days for agreement in agreements}
        self._efforts = {one.name: StoredEfforts(connection, one, writes=True) for one in agreements}
        self._watched = {
            name: frozenset(provision for fold in folds if fold.watches for provision in fold.feeds)
            for name, folds in self._folds.items()
        }

    def enter(
        self,
        changes: Changes,
        revisions: Sequence[Revision],
        decided_at: datetime,
        why: Change = Change.EVIDENCE_CHANGED,
    ) -> list[Revision]:
        """Takes over the findings of what was considered, and folds anew where they changed.

        Args:
            revisions: what was said of alerts meanwhile: folds that watch them go by it.
        """
        changed = {
            agreement: self._replace(agreement, changes.considered, findings)
            for agreement, findings in changes.findings.items()
            if self._folds[agreement]
        }
        if self._tells is not None:
            for agreement, one in changed.items():
                # Whoever folds begins anew where everything is judged anew, and is to be told all of it. Else what did
                # not change is left out; that nothing is found of an incident is told, as others may have found it.
                same = one.found - one.incident_ids if why is Change.EVIDENCE_CHANGED else frozenset[str]()
                self._tell(agreement, changes.considered - same, changes.findings[agreement], revisions)
            return []
        days = {agreement: one.days for agreement, one in changed.items()}
        return self._fold(days, revisions, changes.revised, decided_at, why)

    def see(self, watched: Entered, decided_at: datetime) -> list[Revision]:
        """Notes that something else is known of how well was watched, and folds anew what goes by that if it is time.

        It is some work, and a live log says something anew at every moment.
        """
        if watched.from_us is None or self._tells is not None:
            return []
        self.note(watched)
        # A clock that was put back is not waited for.
        if self._looked_at is not None and timedelta() <= decided_at - self._looked_at < self.look_every:
            return []
        return self.look_again(decided_at)

    def note(self, watched: Entered) -> None:
        """Notes that something else is known of how well was watched, for whoever looks again later."""
        if watched.from_us is not None:
            self._sql.execute(
                "INSERT INTO due_watch VALUES (0, ?, ?) ON CONFLICT DO UPDATE "
                "SET from_us = min(from_us, excluded.from_us), until_us = max(until_us, excluded.until_us)",
                (watched.from_us, watched.until_us),
            )

    def look_again(self, decided_at: datetime) -> list[Revision]:
        """Folds anew what goes by how well was watched, where something else is known of that by now."""
        row = self._sql.execute("DELETE FROM due_watch RETURNING from_us, until_us").fetchone()
        if row is None:
            return []
        self._looked_at = decided_at
        for agreement, efforts in self._efforts.items():
            first, last = efforts.touched(*row)
            efforts.forget(first, last)
            if any(fold.weighs_effort for fold in self._folds[agreement]):
                self.put_off(agreement, [first])
        return self.fold_due(decided_at)

    def hear(self, told: Told) -> None:
        """Takes over what another was told to tell; it is folded with all that is `due`."""
        changed = self._replace(told.agreement, frozenset(told.incident_ids), told.findings)
        days = [*changed.days.values(), *self._watched_days(told.agreement, told.revisions).values()]
        self.put_off(told.agreement, days)

    def put_off(self, agreement: str, days: Collection[int]) -> None:
        """Notes that what happened from the first of some days on is to be folded anew."""
        if days:
            values = agreement, min(days)
            self._sql.execute(
                "INSERT INTO due VALUES (?, ?) ON CONFLICT DO UPDATE SET day = min(day, excluded.day)", values
            )

    def fold_due(self, decided_at: datetime, why: Change = Change.EVIDENCE_CHANGED) -> list[Revision]:
        """Folds anew what was put off."""
        due = {name: day for name, day in self._sql.execute("SELECT agreement, day FROM due") if name in self._folds}
        changed = {
            name: {provision: day for fold in self._folds[name] for provision in fold.feeds}
            for name, day in due.items()
        }
        said = self._fold(changed, (), {}, decided_at, why)
        self._sql.executemany("DELETE FROM due WHERE agreement = ?", ((name,) for name in due))
        return said

    def watch(self, revisions: Sequence[Revision], decided_at: datetime, why: Change) -> list[Revision]:
        """Folds anew what watches alerts of which something else was said: by an operator, or as all is judged anew."""
        if self._tells is not None:
            for agreement in self._folds:
                self._tell(agreement, frozenset(), (), revisions)
            return []
        return self._fold({}, revisions, {}, decided_at, why)

    def _tell(
        self, agreement: str, incident_ids: Set[str], findings: Sequence[Finding], revisions: Sequence[Revision]
    ) -> None:
        watched = self._watched[agreement]
        told = Told(
            agreement,
            tuple(sorted(incident_ids)),
            tuple(one for one in findings if one.alert.incident_id in incident_ids),
            tuple(one for one in revisions if one.alert.agreement == agreement and one.alert.provision in watched),
        )
        if self._tells is not None and (told.incident_ids or told.revisions):
            self._tells(told)

    def _fold(
        self,
        changed: Mapping[str, Mapping[str, int]],
        revisions: Sequence[Revision],
        revised: Mapping[str, frozenset[str]],
        decided_at: datetime,
        why: Change,
    ) -> list[Revision]:
        """Folds anew: those over findings first, as others may watch what they say."""
        said = list(revisions)
        for watches in (False, True):
            for agreement, folds in self._folds.items():
                given = (changed.get(agreement, {}), self._watched_days(agreement, said) if watches else {})
                for fold in folds:
                    first = min((days[name] for days in given for name in fold.feeds if name in days), default=None)
                    if fold.watches is watches and first is not None:
                        said += self._refold(agreement, fold, first, revised, decided_at, why)
        return said[len(revisions) :]

    def _watched_days(self, agreement: str, revisions: Sequence[Revision]) -> dict[str, int]:
        """For each provision of which something was said, the first day of that, as it is now and as it was before."""
        said = [one for one in revisions if one.alert.agreement == agreement]
        rows = self._sql.execute(
            "SELECT said FROM json_each(?) AS asked CROSS JOIN history "
            "ON alert_id = asked.value ->> 0 AND revision = asked.value ->> 1",
            (_encode([(one.alert.alert_id, one.revision - 1) for one in said if one.revision > 1]).decode(),),
        )
        alerts = [*(one.alert for one in said), *(_decode_revision(row[0]).alert for row in rows)]
        days = self._days[agreement].day_of(to_us_array(alert.observed_from for alert in alerts)).tolist()
        first: dict[str, int] = {}
        for alert, day in zip(alerts, days, strict=True):
            first[alert.provision] = min(day, first.get(alert.provision, day))
        return first

    def anew(self, agreement: str, decided_at: datetime, why: Change) -> list[Revision]:
        """Forgets what folds knew, where an agreement or the rules were changed; closes what no fold speaks for now."""
        self._sql.execute("DELETE FROM checkpoints WHERE agreement = ?", (agreement,))
        self._sql.execute("DELETE FROM efforts WHERE agreement = ?", (agreement,))
        self._efforts[agreement].forget()
        spoken_for = {fold.provision for fold in self._folds[agreement]}
        rows = self._sql.execute("SELECT DISTINCT provision FROM findings WHERE agreement = ?", (agreement,)).fetchall()
        said: list[Revision] = []
        for (provision,) in rows:
            if provision not in spoken_for:
                self._sql.execute("DELETE FROM findings WHERE agreement = ? AND provision = ?", (agreement, provision))
                said += self._book.enter_folded(agreement, provision, BEFORE_ALL, [], {}, decided_at, why)
        return said

    def _refold(
        self,
        agreement: str,
        fold: Fold,
        day: int,
        revised: Mapping[str, frozenset[str]],
        decided_at: datetime,
        why: Change,
    ) -> list[Revision]:
        memory = StoredMemory(self._sql, agreement, self._days[agreement], self._efforts[agreement])
        found = refold(fold, memory, day)
        return self._book.enter_folded(
            agreement, fold.provision, found.from_day, found.alerts, revised, decided_at, why
        )

    def _replace(self, agreement: str, considered: frozenset[str], findings: Sequence[Finding]) -> "_Changed":
        """Writes the findings of incidents in the place of those that were there."""
        before: dict[tuple[str, str, str], tuple[int, bytes]] = {
            (provision, incident, role): (day, blob)
            for provision, incident, role, day, blob in self._sql.execute(
                "SELECT provision, incident_id, role, day, finding FROM json_each(?) AS asked "
                "CROSS JOIN findings INDEXED BY findings_by_incident ON findings.incident_id = asked.value "
                "WHERE agreement = ?",
                (_encode(sorted(considered)).decode(), agreement),
            )
        }
        days = self._days[agreement].day_of(to_us_array(one.alert.observed_from for one in findings)).tolist()
        now = {
            (one.alert.provision, one.alert.incident_id, one.role): (day, _encode(one))
            for one, day in zip(findings, days, strict=True)
        }
        other = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
        self._sql.executemany(
            "DELETE FROM findings WHERE agreement = ? AND provision = ? AND incident_id = ? AND role = ?",
            ((agreement, *key) for key in other if key in before),
        )
        self._sql.executemany(
            "INSERT INTO findings (agreement, provision, incident_id, role, day, finding) VALUES (?, ?, ?, ?, ?, ?)",
            ((agreement, *key, *now[key]) for key in sorted(other) if key in now),
        )
        changed: dict[str, int] = {}
        for key in other:
            for day, _ in filter(None, (before.get(key), now.get(key))):
                changed[key[0]] = min(day, changed.get(key[0], day))
        found = {incident for _, incident, _ in before.keys() | now.keys()}
        return _Changed(changed, {incident for _, incident, _ in other}, found)


class _Changed(NamedTuple):
    """For each provision with a finding that is new, other or gone, the first day of one; and their incidents.

    `found` are all the incidents of which anything was or is found.
    """

    days: dict[str, int]
    incident_ids: Set[str]
    found: Set[str]


class StoredMemory:
    """What a store keeps for the folds of one agreement."""

    def __init__(
        self, connection: sqlite3.Connection, agreement: str, days: ReportingDays, efforts: Efforts = UNKNOWN
    ) -> None:
        self._sql, self._agreement, self._days, self.efforts = connection, agreement, days, efforts

    def findings(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Finding]]]:
        """The findings of some provisions by day, a day at hand at a time."""
        asked = "SELECT DISTINCT day FROM findings WHERE agreement = ? AND provision = ? AND day >= ?"
        numbers = {row[0] for name in provisions for row in self._sql.execute(asked, (self._agreement, name, from_day))}
        for day in sorted(numbers):
            found = [
                _decode(blob)
                for name in provisions
                for (blob,) in self._sql.execute(
                    "SELECT finding FROM findings WHERE agreement = ? AND provision = ? AND day = ?",
                    (self._agreement, name, day),
                )
            ]
            yield day, sorted(found, key=in_order)

    def watched(self, provisions: Sequence[str], from_day: int) -> Iterator[tuple[int, list[Watched]]]:
        """The alerts of some provisions by day, as they stand."""
        begins = "" if from_day == BEFORE_ALL else self._days.begins(from_day).isoformat()
        rows = self._sql.execute(
            "SELECT alert FROM alerts WHERE agreement = ? AND provision IN (SELECT value FROM json_each(?)) "
            "AND observed_from >= ? AND status != ?",
            (self._agreement, _encode(provisions).decode(), begins, Status.SUPERSEDED.value),
        )
        alerts = sorted((_decode_watched(row[0]) for row in rows), key=by_time)
        days = self._days.day_of(to_us_array(alert.observed_from for alert in alerts)).tolist()
        for day, found in groupby(zip(days, alerts, strict=True), key=itemgetter(0)):
            yield day, [alert for _, alert in found]

    def checkpoint(self, provision: str, day: int) -> tuple[int, bytes] | None:
        """The latest state not after a day."""
        row: tuple[int, bytes] | None = self._sql.execute(
            "SELECT day, state FROM checkpoints WHERE agreement = ? AND provision = ? AND day <= ? "
            "ORDER BY day DESC LIMIT 1",
            (self._agreement, provision, day),
        ).fetchone()
        return row

    def keep(self, provision: str, day: int, state: bytes) -> None:
        """Keeps a state."""
        values = self._agreement, provision, day, state
        self._sql.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", values)

    def thin(self, provision: str, last_day: int) -> None:
        """Drops most of the states of long ago: every day of the last two weeks is kept, then every seventh, 28th."""
        asked = "DELETE FROM checkpoints WHERE agreement = ? AND provision = ? AND day < ? AND day % ? != 0"
        for kept_days, every in _THINNED:
            self._sql.execute(asked, (self._agreement, provision, last_day - kept_days, every))

    def drop(self, provision: str, after_day: int) -> None:
        """Drops later states."""
        asked = "DELETE FROM checkpoints WHERE agreement = ? AND provision = ? AND day > ?"
        self._sql.execute(asked, (self._agreement, provision, after_day))
