"""What workers said of alerts, into a mirror's history; and beneath it, how the reports alone have those acted on.

A store lays what operators did over what the monitor judges (`pipeline.store.desk`). No monitor is here: how it judges
an alert that operators acted on, the workers say beside the alert.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from pipeline.model.actions import Action
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Doubt, Status
from pipeline.store.desk import Desk, decode_action
from pipeline.store.ledger import AlertBook
from pipeline.stream.wire import Tended

_POSITION = "INSERT OR REPLACE INTO positions VALUES (?, '', ?, ?, 0, 'evidence_changed', '[]')"
"""An agreement by which workers judge: its version, and by what rules. Of what data it is made they do not say."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode
_decode_revision = msgspec.json.Decoder(Revision).decode


class Utterance(NamedTuple):
    """A revision, and what operators had to do with the alert, where they acted on it."""

    said: Revision
    tended: Tended | None


class SaidBook:
    """In the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection, book: AlertBook, desk: Desk) -> None:
        self._sql, self._book, self._desk = connection, book, desk

    def take(self, utterances: Iterable[Utterance]) -> None:
        """Writes what is new, in the order in which it was said.

        A revision of an alert that is not above all that are known of it is passed over: it is told again, or by a
        worker that slept while another went on.
        """
        given = list(utterances)
        if not given:
            return
        known = self._revisions({one.said.alert.alert_id for one in given})
        fresh, latest = list[Revision](), dict[str, Utterance]()
        for one in given:
            name = one.said.alert.alert_id
            if one.said.revision > known.get(name, 0):
                known[name] = one.said.revision
                fresh.append(one.said)
                latest[name] = one
        self._book.adopt(fresh)
        self._lay_beneath(latest)
        self._note_agreements(latest.values())

    def follow(self, report_ids: Iterable[str]) -> None:
        """Lets acts follow reports that revise others, if alerts that were acted on rest on them already."""
        asked = _encode([*report_ids])
        if asked != b"[]":
            self._sql.execute(
                "WITH RECURSIVE older (alert_id, name) AS ("
                "SELECT alert_id, report_id FROM json_each(?) AS asked CROSS JOIN resting ON report_id = asked.value "
                "UNION SELECT alert_id, revising.report_id FROM older JOIN revising ON revised_by = name) "
                "INSERT OR IGNORE INTO resting SELECT name, alert_id FROM older",
                (asked.decode(),),
            )

    def _revisions(self, names: Iterable[str]) -> dict[str, int]:
        asked = "SELECT alert_id, revision FROM json_each(?) AS asked CROSS JOIN alerts ON alert_id = asked.value"
        return dict(self._sql.execute(asked, (_encode([*names]).decode(),)))

    def act(self, actions: Iterable[Action]) -> None:
        """Keeps how the reports alone have the alerts that new acts name, or what stands in their place.

        Of one that does not change, as that which another is a duplicate of, no worker says anything.
        """
        found = dict[str, Revision]()
        asked = {name for one in actions for name in (one.alert_id, one.other) if name is not None}
        while asked:
            fresh = {one.alert.alert_id: one for one in self._last(asked)}
            found |= fresh
            asked = {name for one in fresh.values() for name in one.superseded_by} - found.keys()
        self._touch([one.alert for one in found.values()])

    def _last(self, names: Iterable[str]) -> list[Revision]:
        rows = self._sql.execute(
            "SELECT said FROM json_each(?) AS asked CROSS JOIN alerts ON alerts.alert_id = asked.value "
            "JOIN history USING (alert_id, revision)",
            (_encode([*names]).decode(),),
        )
        return [_decode_revision(row[0]) for row in rows]

    def _touch(self, alerts: Sequence[Alert]) -> None:
        """Keeps alerts as they stand: nobody has said that operators changed anything of them."""
        untouched = {one.alert_id: one for one in self._desk.untouched(alerts)}
        if untouched:
            self._desk.adopt(untouched, untouched)

    def _concerned(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Those of some alerts that acts name, or rest on what these are anchored on."""
        rows = self._sql.execute(
            "SELECT action FROM actions WHERE action_id IN ("
            "SELECT action_id FROM json_each(?) AS asked CROSS JOIN touching ON report_id = asked.value)",
            (_encode([name for alert in alerts for name in alert.report_ids]).decode(),),
        )
        actions = [decode_action(row[0]) for row in rows]
        names = {name for one in actions for name in (one.alert_id, one.other)}
        anchors = {
            (one.agreement, one.provision, name) for one in actions for name in (one.report_id, one.other_report_id)
        }
        return [
            alert
            for alert in alerts
            if alert.alert_id in names
            or not anchors.isdisjoint((alert.agreement, alert.provision, name) for name in alert.report_ids)
        ]

    def _lay_beneath(self, latest: Mapping[str, Utterance]) -> None:
        """Keeps how the reports alone have the alerts that were acted on, and of the others nothing."""
        untended = {name: one.said.alert for name, one in latest.items() if one.tended is None}
        asked = _encode([*untended]).decode()
        for table in ("acted", "resting"):
            self._sql.execute(f"DELETE FROM {table} WHERE alert_id IN (SELECT value FROM json_each(?))", (asked,))
        if untended and self._sql.execute("SELECT 1 FROM actions LIMIT 1").fetchone():
            self._touch(self._concerned([*untended.values()]))
        tended = {name: one.tended.judged for name, one in latest.items() if one.tended is not None}
        if tended:
            self._desk.adopt({name: latest[name].said.alert for name in tended}, tended)
        wholes = {_whole_of(one) for one in tended.values() if _is_part(one)}
        for whole in sorted(wholes):
            self._make_whole(whole)

    def _make_whole(self, whole: str) -> None:
        """Puts the parts of an alert that an operator split together again: it is the law that splits it.

        What the whole has that no part shows, as its status where each part is a single report, no part goes by.
        """
        rows = self._sql.execute(
            "SELECT acted.alert_id, alerts.alert, acted.alert FROM alerts JOIN acted USING (alert_id) "
            "WHERE alerts.incident_id = (SELECT incident_id FROM alerts WHERE alert_id = ?) "
            "AND (alerts.agreement, alerts.provision) = (SELECT agreement, provision FROM alerts WHERE alert_id = ?) "
            "AND NOT alerts.remembered",
            (whole, whole),
        )
        parts = {name: (_decode(stands), _decode(judged)) for name, stands, judged in rows.fetchall()}
        if whole not in parts:
            return
        first, judged = parts[whole]
        others = sorted(set(parts) - {whole})
        report_ids = [name for other in others for name in parts[other][0].report_ids]
        several = [parts[name][1] for name in (*others, whole) if len(parts[name][1].report_ids) > 1]
        joined = replace(
            judged,
            report_ids=(first.report_ids[0], *sorted({*first.report_ids[1:], *report_ids})),
            status=several[0].status if several else judged.status,
            doubts=tuple(note for note in judged.doubts if note.doubt not in _OF_PARTS),
        )
        self._desk.adopt({whole: first}, {whole: joined})
        asked = "UPDATE acted SET judged = 0 WHERE alert_id IN (SELECT value FROM json_each(?))"
        self._sql.execute(asked, (_encode(others).decode(),))

    def _note_agreements(self, said: Iterable[Utterance]) -> None:
        """The agreements by which workers judge; of two versions, that which was said last."""
        found: dict[str, Alert] = {}
        for one in said:
            if one.said.alert.status is not Status.SUPERSEDED:
                found[one.said.alert.agreement] = one.said.alert
        known = dict(self._sql.execute("SELECT agreement, version FROM positions"))
        for name, alert in found.items():
            if known.get(name) != alert.agreement_version:
                self._sql.execute(_POSITION, (name, alert.judged_by, alert.agreement_version))


_OF_PARTS = frozenset({Doubt.SPLIT_BY_OPERATOR, Doubt.SINGLE_REPORT})


def _is_part(alert: Alert) -> bool:
    return any(note.doubt is Doubt.SPLIT_BY_OPERATOR for note in alert.doubts)


def _whole_of(part: Alert) -> str:
    """The id of the alert of which another is a part."""
    return alert_id(part.agreement, part.provision, part.incident_id)
