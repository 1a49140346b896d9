"""Operators' acts that were done elsewhere and come in as records do: kept, applied, and told of where they cannot be.

Whoever did it had the alert before him as it was told last, and it may have moved on since. So nothing is turned away:
an act is kept like a report, and belongs to whatever alert rests on its anchor, now or later. What stands is a function
of the set of reports and the set of acts, in whatever order they come.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.law.lifecycle import Docket
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import ActionKind
from pipeline.store.desk import Clause, log_action
from pipeline.store.ledger import AlertBook


class Answer(NamedTuple):
    """What came of an act: the revisions that it gave; in `why` the reason for which it is not in force.

    Neither where it was known already, or concerns nothing that is told here.
    """

    revisions: list[Revision]
    why: str = ""


class Conveyed:
    """Acts into a book of alerts, in the transaction that is open.

    Args:
        concerned: the alerts that an act may concern, as they were said last.
        clock: the driver's clock.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        book: AlertBook,
        concerned: Callable[[Action], Sequence[Alert]],
        clock: Callable[[], datetime],
    ) -> None:
        self._sql, self._book, self._concerned, self._clock = connection, book, concerned, clock

    def keep(self, action: Action) -> bool:
        """Keeps an act that others have answered, or will; whether it was new."""
        if self._book.desk.has(action.action_id):
            return False
        return self._book.desk.file(action, log_action(self._sql, action, self._clock()))

    def take(self, action: Action, *, answered: bool = False) -> Answer:
        """Keeps an act, and writes what follows from it.

        Args:
            answered: another has said what came of it; it is not said again.
        """
        if not self.keep(action):
            return Answer([])
        untouched = self._book.desk.untouched(self._concerned(action))
        given = {alert.alert_id: alert for alert in untouched}
        clause = Clause(action.agreement, action.provision)
        matter = self._book.desk.matter(clause, {action.report_id}, {action.alert_id}, given)
        docket = matter.docket()
        done, why = _became(action, docket)
        if answered:
            return Answer(self._book.leave(action, untouched))
        if not done:
            revisions = self._book.leave(action, untouched)
            return Answer(revisions, "" if action.action_id in matter.elsewhere else why)
        on = [name for name, case in docket.cases.items() if _became(action, Docket({name: case}, ()))[0]]
        return Answer(self._book.act(action, untouched, on, _instead(action, docket)))


def _became(action: Action, docket: Docket) -> tuple[bool, str]:
    """Whether an act was done with any alert, and else why not."""
    acts = [act for case in docket.cases.values() for act in case.acts] + list(docket.loose)
    mine = [act for act in acts if act.action.action_id == action.action_id]
    return any(act.done for act in mine), next((act.why for act in mine if not act.done), "")


def _instead(action: Action, docket: Docket) -> tuple[str, ...]:
    """What stands in the place of an alert that was marked as a duplicate."""
    case = docket.cases.get(action.alert_id)
    is_meant = action.kind is ActionKind.DUPLICATE and case is not None and case.duplicate_of is not None
    return (case.duplicate_of,) if is_meant and case is not None and case.duplicate_of is not None else ()
