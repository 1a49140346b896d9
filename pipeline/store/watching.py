"""What a watch needs to know of a store: since when alerts are raised, and what was done with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from pipeline.law.lifecycle import Docket
from pipeline.law.waiting import Waiting
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Standing
from pipeline.store.database import Store, store_errors
from pipeline.store.desk import Clause, Desk, decode_action

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Revision).decode


def waiting(store: Store, alerts: Sequence[Alert]) -> list[Waiting]:
    """Alerts with the time at which each was first raised, under whichever id: a new name starts no clock anew."""
    raised: dict[str, datetime] = {}
    before: dict[str, set[str]] = {}
    asked = {alert.alert_id for alert in alerts}
    seen = set[str]()
    while asked:
        seen |= asked
        for said in _history(store, asked):
            name = said.alert.alert_id
            if said.alert.standing is Standing.RAISED and name not in raised:
                raised[name] = said.decided_at
            before.setdefault(name, set()).update(said.supersedes)
        asked = {old for olds in before.values() for old in olds} - seen
    return [Waiting(alert, _first(alert, raised, before)) for alert in alerts]


def raised_at(store: Store) -> dict[str, datetime]:
    """By alert id, when each alert was raised that stands so."""
    return {one.alert.alert_id: one.raised_at for one in waiting(store, list(store.alerts()))}


def dockets(store: Store) -> list[Docket]:
    """Every alert that anybody acted on, by agreement and provision, with its acts."""
    with store_errors(store.path):
        desk = Desk(store.connection)
        names = [
            row[0] for row in store.connection.execute("SELECT DISTINCT agreement FROM actions ORDER BY agreement")
        ]
        clauses = [Clause(name, provision) for name in names for provision in desk.provisions(name)]
        return [desk.matter(clause, *desk.all_of(clause.agreement), {}).docket() for clause in clauses]


def actions_on(store: Store, alert_id: str) -> list[Action]:
    """What was done with an alert while it had this id, in order of time."""
    with store_errors(store.path):
        rows = store.connection.execute("SELECT action FROM actions WHERE alert_id = ?", (alert_id,))
        return sorted((decode_action(row[0]) for row in rows), key=lambda one: (one.decided_at, one.action_id))


def _first(alert: Alert, raised: dict[str, datetime], before: dict[str, set[str]]) -> datetime:
    """The earliest time at which an alert or one in whose place it stands was raised.

    Of what was never raised, or has no history any more because its window is closed, it is when it happened.
    """
    names, asked = {alert.alert_id}, [alert.alert_id]
    while asked:
        for old in before.get(asked.pop(), ()):
            if old not in names:
                names.add(old)
                asked.append(old)
    return min((raised[one] for one in names if one in raised), default=alert.observed_until)


def _history(store: Store, alert_ids: Iterable[str]) -> list[Revision]:
    with store_errors(store.path):
        rows = store.connection.execute(
            "SELECT said FROM json_each(?) AS asked CROSS JOIN history ON alert_id = asked.value ORDER BY entry",
            (_encode(sorted(alert_ids)).decode(),),
        )
        return [_decode(row[0]) for row in rows]
