"""The operators' desk: the actions in the record, and the alerts that they concern.

What the monitor judges goes over this desk before the book compares it with what was said: alerts that nobody acted on
pass it as they are, and cost one look at a table. For the others the desk keeps what the monitor judges (`acted`), so
that what operators did can be laid over it anew whenever either changes (`pipeline.law.lifecycle`).
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from pipeline.law.lifecycle import Case, Docket, apply
from pipeline.law.parts import Lineage
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Doubt, Status

ACTIONS = "actions"
"""The kind of a frame of the log that holds actions."""

_encode = msgspec.json.Encoder().encode
decode_action = msgspec.json.Decoder(Action).decode
_decode_alert = msgspec.json.Decoder(Alert).decode

Before = Mapping[str, tuple[Alert, int]]
"""Alerts as they were said last, by id, each with its revision."""


class Clause(NamedTuple):
    """A provision of an agreement: no action reaches beyond it."""

    agreement: str
    provision: str


class Matter(NamedTuple):
    """Alerts and actions that hang together: through anchors, through duplicates, through what operators saw.

    Attributes:
        judged: as the monitor judges them, by id.
        brought: the ids of alerts that stand through operators alone: parts of others, and those without evidence.
        revised: which reports revise which, as far as it concerns these.
        elsewhere: the ids of actions whose alerts, unless they are among these, are another's to judge.
    """

    judged: dict[str, Alert]
    brought: set[str]
    actions: dict[str, Action]
    revised: Mapping[str, Collection[str]]
    elsewhere: frozenset[str] = frozenset()

    def docket(self, *more: Action) -> Docket:
        """How these alerts stand, with some actions more."""
        return apply(self.judged.values(), [*self.actions.values(), *more], self.revised, self.elsewhere)


def log_action(connection: sqlite3.Connection, action: Action, appended_at: datetime) -> int:
    """Writes an action into the log, in a frame of its own; the frame's number."""
    # A frame that was judged may be gone since, with its windows: its number is not given twice.
    last = "SELECT max(seq) FROM (SELECT seq FROM frames UNION ALL SELECT seq FROM positions)"
    seq = int(connection.execute(last).fetchone()[0] or 0) + 1
    connection.execute(
        "INSERT INTO frames (seq, appended_at, reports, payload, kind) VALUES (?, ?, ?, ?, ?)",
        (seq, appended_at.isoformat(), 0, _encode(action), ACTIONS),
    )
    return seq


class Desk:
    """In the transaction that is open.

    Args:
        is_elsewhere: where alerts are shared out: whether an action that concerns no alert here is another's to apply.
    """

    def __init__(self, connection: sqlite3.Connection, is_elsewhere: Callable[[Action], bool] | None = None) -> None:
        self._sql, self._is_elsewhere = connection, is_elsewhere

    def note(self, revised: Mapping[str, Iterable[str]]) -> None:
        """Keeps which reports revise which, for the actions that follow them."""
        pairs = [(new, old) for old, revising in revised.items() for new in sorted(revising)]
        self._sql.executemany("INSERT OR IGNORE INTO revising VALUES (?, ?)", pairs)

    def file(self, action: Action, seq: int) -> bool:
        """Keeps an action of a frame of the log; whether it was new."""
        values = action.action_id, action.agreement, action.provision, action.alert_id, seq, _encode(action)
        kept = self._sql.execute("INSERT OR IGNORE INTO actions VALUES (?, ?, ?, ?, ?, ?)", values)
        touched = ((report_id, action.action_id) for report_id in sorted(_reports_of(action)))
        self._sql.executemany("INSERT OR IGNORE INTO touching VALUES (?, ?)", touched)
        return kept.rowcount > 0

    def has(self, action_id: str) -> bool:
        """Whether an action is kept."""
        return self._sql.execute("SELECT 1 FROM actions WHERE action_id = ?", (action_id,)).fetchone() is not None

    def restore(self) -> int:
        """Files what the log of frames has of actions, where the tables lack it; how many were missing."""
        rows = self._sql.execute(
            "SELECT seq, payload FROM frames WHERE kind = ? AND seq NOT IN (SELECT seq FROM actions) ORDER BY seq",
            (ACTIONS,),
        ).fetchall()
        return sum(self.file(decode_action(line), seq) for seq, payload in rows for line in payload.split(b"\n"))

    def overlay(
        self,
        agreement: str,
        before: Before,
        alerts: Sequence[Alert],
        reports: Iterable[str] = (),
        named: Iterable[str] = (),
    ) -> tuple[Before, Sequence[Alert]]:
        """Lays what operators did over what the monitor judges.

        Args:
            before: what was said of the alerts that the monitor judged anew.
            alerts: as it judges them now; one that is in `before` only is judged no more.
            reports, named: further reports, and ids of alerts, whose matters are to be looked at.

        Returns:
            Both as they are to be compared: with the further alerts that these actions concern.
        """
        provisions = self.provisions(agreement)
        told = {name: pair for name, pair in before.items() if pair[0].provision not in provisions}
        now = [alert for alert in alerts if alert.provision not in provisions]
        for provision in provisions:
            was = {name: pair for name, pair in before.items() if pair[0].provision == provision}
            some = [alert for alert in alerts if alert.provision == provision]
            laid = self._overlay(Clause(agreement, provision), was, some, reports, named)
            told.update(laid[0])
            now += laid[1]
        return told, now

    def _overlay(
        self, clause: Clause, before: Before, alerts: Sequence[Alert], reports: Iterable[str], named: Iterable[str]
    ) -> tuple[Before, Sequence[Alert]]:
        """The same for the alerts of one provision."""
        given = {alert.alert_id: alert for alert in alerts}
        self._withdraw({*before, *given})
        told = {name for alert in (*alerts, *(pair[0] for pair in before.values())) for name in alert.report_ids}
        matter = self.matter(clause, told.union(reports), {*before, *given, *named}, given)
        if not matter.actions:
            return before, alerts
        docket = matter.docket()
        self._keep(matter, docket)
        untouched = [alert for alert in alerts if alert.alert_id not in matter.judged]
        concerned = {*matter.judged, *matter.brought, *docket.cases} - before.keys()
        standing = [case.alert for case in docket.cases.values()]
        return {**before, **self.said(concerned)}, [*untouched, *standing]

    def matter(
        self, clause: Clause, reports: Collection[str], named: Collection[str], given: Mapping[str, Alert]
    ) -> Matter:
        """All that hangs together with some reports and alerts.

        Args:
            named: ids of alerts by which actions may have been done.
            given: alerts that are judged now; of others, what the desk keeps.
        """
        matter = Matter({}, set(), {}, {})
        reports, names = self._ancestry(reports), set(named)
        while fresh := [one for one in self._touching(clause, reports, names) if one.action_id not in matter.actions]:
            matter.actions.update((one.action_id, one) for one in fresh)
            reports, names = {name for one in fresh for name in _reports_of(one)}, {one.alert_id for one in fresh}
            for name, is_judged, alert in self._acted(clause, reports, names):
                if is_judged and name not in given:
                    matter.judged[name] = alert
                elif not is_judged:
                    matter.brought.add(name)
                reports |= set(alert.report_ids)
            reports = self._ancestry(reports)
        return self._with(matter, given) if matter.actions else matter

    def _with(self, matter: Matter, given: Mapping[str, Alert]) -> Matter:
        """A matter with those of the alerts that are judged now to which it extends."""
        alerts = (*given.values(), *matter.judged.values())
        revised = self._revised(report_id for alert in alerts for report_id in alert.report_ids)
        lineage, actions = Lineage(revised), matter.actions.values()
        anchors = {report_id for one in actions for report_id in (one.report_id, one.other_report_id)}
        ids = {one.alert_id for one in actions}
        for name, alert in given.items():
            if name in ids or not anchors.isdisjoint(lineage.of(alert.report_ids)):
                matter.judged[name] = alert
        return matter._replace(revised=revised, elsewhere=self._elsewhere(matter, lineage))

    def _elsewhere(self, matter: Matter, lineage: Lineage) -> frozenset[str]:
        """Those actions of a matter that concern no alert here, and are another's to apply."""
        if self._is_elsewhere is None:
            return frozenset()
        held = lineage.of(name for alert in matter.judged.values() for name in alert.report_ids)
        loose = (one for one in matter.actions.values() if one.report_id not in held)
        return frozenset(
            one.action_id for one in loose if one.alert_id not in matter.judged and self._is_elsewhere(one)
        )

    def provisions(self, agreement: str) -> list[str]:
        """The provisions of an agreement on whose alerts anybody ever acted."""
        asked = "SELECT DISTINCT provision FROM actions WHERE agreement = ? ORDER BY provision"
        return [row[0] for row in self._sql.execute(asked, (agreement,))]

    def known(self, alert_ids: Iterable[str]) -> set[str]:
        """Those of some alerts that actions concern."""
        asked = "SELECT alert_id FROM acted WHERE alert_id IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._sql.execute(asked, (_listed(alert_ids),))}

    def untouched(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Those of some alerts that stand and that no action concerns."""
        known = self.known(alert.alert_id for alert in alerts)
        return [one for one in alerts if one.alert_id not in known and one.status is not Status.SUPERSEDED]

    def cases(self, alerts: Sequence[Alert]) -> dict[str, Case]:
        """Those of some alerts that actions concern and that stand, by id, with what was done with them."""
        known, found = self.known(alert.alert_id for alert in alerts), dict[str, Case]()
        for alert in alerts:
            if alert.alert_id in known:
                clause = Clause(alert.agreement, alert.provision)
                case = self.matter(clause, alert.report_ids, {alert.alert_id}, {}).docket().cases.get(alert.alert_id)
                found |= {} if case is None else {alert.alert_id: case}
        return found

    def adopt(self, said: Mapping[str, Alert], judged: Mapping[str, Alert]) -> None:
        """Takes over how others judge alerts, by id, that operators acted on.

        Args:
            said: the alerts as they stand with that.
        """
        self._withdraw(judged)
        for name, alert in judged.items():
            is_gone = any(note.doubt is Doubt.EVIDENCE_GONE for note in said[name].doubts)
            self._put(name, alert, Lineage(self._revised(alert.report_ids)), is_judged=not is_gone)

    def all_of(self, agreement: str) -> tuple[set[str], set[str]]:
        """The reports and the ids of alerts by which all actions of an agreement hang together with alerts."""
        rows = self._sql.execute("SELECT action FROM actions WHERE agreement = ?", (agreement,))
        actions = [decode_action(row[0]) for row in rows]
        reports = {report_id for one in actions for report_id in _reports_of(one)}
        return reports, {one.alert_id for one in actions}

    def said(self, alert_ids: Iterable[str]) -> dict[str, tuple[Alert, int]]:
        """What was said last of some alerts, with its revision."""
        rows = self._sql.execute(
            "SELECT alert_id, alert, revision FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value",
            (_listed(alert_ids),),
        )
        return {name: (_decode_alert(alert), revision) for name, alert, revision in rows}

    def _keep(self, matter: Matter, docket: Docket) -> None:
        """Keeps how the monitor judges these alerts, and which stand through operators alone."""
        self._withdraw({*matter.judged, *matter.brought})
        brought = {name: case.judged for name, case in docket.cases.items() if name not in matter.judged}
        lineage = Lineage(matter.revised)
        for is_judged, alerts in ((True, matter.judged), (False, brought)):
            for name, alert in alerts.items():
                self._put(name, alert, lineage, is_judged=is_judged)

    def _put(self, name: str, alert: Alert, lineage: Lineage, *, is_judged: bool) -> None:
        self._sql.execute(
            "INSERT OR REPLACE INTO acted VALUES (?, ?, ?, ?, ?)",
            (name, alert.agreement, alert.provision, int(is_judged), _encode(alert)),
        )
        keys = ((report_id, name) for report_id in sorted(lineage.of(alert.report_ids)))
        self._sql.executemany("INSERT OR IGNORE INTO resting VALUES (?, ?)", keys)

    def _withdraw(self, alert_ids: Iterable[str]) -> None:
        names = (_listed(alert_ids),)
        self._sql.execute("DELETE FROM acted WHERE alert_id IN (SELECT value FROM json_each(?))", names)
        self._sql.execute("DELETE FROM resting WHERE alert_id IN (SELECT value FROM json_each(?))", names)

    def _touching(self, clause: Clause, reports: Iterable[str], alert_ids: Iterable[str]) -> Iterator[Action]:
        rows = self._sql.execute(
            "SELECT action FROM actions WHERE agreement = ? AND provision = ? AND action_id IN ("
            "SELECT action_id FROM json_each(?) AS asked CROSS JOIN touching ON report_id = asked.value "
            "UNION SELECT action_id FROM json_each(?) AS asked CROSS JOIN actions ON alert_id = asked.value)",
            (*clause, _listed(reports), _listed(alert_ids)),
        )
        return (decode_action(row[0]) for row in rows)

    def _acted(self, clause: Clause, reports: Iterable[str], alert_ids: Iterable[str]) -> list[tuple[str, bool, Alert]]:
        """What the desk keeps of alerts by their reports or ids, and whether the monitor judges them."""
        rows = self._sql.execute(
            "SELECT alert_id, judged, alert FROM acted WHERE agreement = ? AND provision = ? AND alert_id IN ("
            "SELECT alert_id FROM json_each(?) AS asked CROSS JOIN resting ON report_id = asked.value "
            "UNION SELECT value FROM json_each(?))",
            (*clause, _listed(reports), _listed(alert_ids)),
        )
        return [(name, bool(judged), _decode_alert(alert)) for name, judged, alert in rows]

    def _ancestry(self, reports: Iterable[str]) -> set[str]:
        """These reports, and what they revise."""
        names = set(reports)
        return set(Lineage(self._revised(names)).of(names))

    def _revised(self, reports: Iterable[str]) -> dict[str, set[str]]:
        """What some reports revise, however often that was done: by report, those that revise it."""
        rows = self._sql.execute(
            "WITH RECURSIVE lineage (name) AS (SELECT value FROM json_each(?) "
            "UNION SELECT report_id FROM revising JOIN lineage ON revised_by = name) "
            "SELECT report_id, revised_by FROM lineage CROSS JOIN revising ON revised_by = name",
            (_listed(reports),),
        )
        found: dict[str, set[str]] = {}
        for old, new in rows:
            found.setdefault(old, set()).add(new)
        return found


def _reports_of(action: Action) -> set[str]:
    """The reports by which an action hangs together with alerts."""
    named = {action.report_id, *action.seen.report_ids, *action.report_ids, action.other_report_id}
    return {report_id for report_id in named if report_id is not None}


def _listed(words: Iterable[str]) -> str:
    return _encode(sorted(words)).decode()
