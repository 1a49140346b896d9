"""Whose an operator's act is, where the work is shared out by place: told by the reports on which it is anchored.

An act goes to every share, since an incident may move from one to another as reports come. Most shares have no alert
that it concerns, and then what matters is whether that is because the evidence is gone, which one of them has to say,
or because the alert is another's.
"""

from collections.abc import Callable, Iterable, Sequence, Set

import msgspec

from pipeline.agreement import Agreement
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Incident, Window
from pipeline.model.taxonomy import Status
from pipeline.monitor.fuse import Fuser
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import Parameters
from pipeline.store.windows import SqliteWindows

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Alert).decode


class Anchors:
    """Looks up what acts are anchored on, in the transaction that is open.

    Args:
        agreements: by which others judge as well.
        owns: whose windows' incidents are told here.
    """

    def __init__(
        self,
        windows: SqliteWindows,
        agreements: Sequence[Agreement],
        parameters: Parameters,
        owns: Callable[[Window], bool],
    ) -> None:
        self._windows, self._parameters, self._owns = windows, parameters, owns
        self._agreements = {agreement.name: agreement for agreement in agreements}
        self._sql = windows.store.connection

    def alerts(self, action: Action) -> list[Alert]:
        """The alerts of the action's provision that it may concern, as they were said last."""
        names = self._heirs(name for name in (action.report_id, action.other_report_id) if name is not None)
        incidents = [one.incident_id for one in self._incidents(names) if self._owns(one.window)]
        rows = self._sql.execute(
            "SELECT alert FROM alerts WHERE agreement = ? AND provision = ? AND NOT remembered AND status != ? "
            "AND alert_id IN (SELECT alert_id FROM json_each(?) AS asked CROSS JOIN alerts "
            "INDEXED BY alerts_by_incident ON alerts.incident_id = asked.value UNION SELECT value FROM json_each(?))",
            (
                action.agreement,
                action.provision,
                Status.SUPERSEDED.value,
                _encode(incidents).decode(),
                _encode([action.alert_id, action.other]).decode(),
            ),
        )
        return [_decode(row[0]) for row in rows.fetchall()]

    def is_elsewhere(self, action: Action) -> bool:
        """Whether an action that concerns no alert here is another's to apply.

        It is for whoever said the alert that it was done with, unless another has an alert now of what happened. Where
        its window is closed nothing changes any more, and what was said last is how it is.
        """
        asked = "SELECT status FROM alerts WHERE alert_id = ?"
        said = self._sql.execute(asked, (action.alert_id,)).fetchone()
        if said is None:
            return True
        names = self._heirs([action.report_id])
        if not self._windows.holding(sorted(names)):
            return bool(said[0] == Status.SUPERSEDED)
        others = [one for one in self._incidents(names) if not self._owns(one.window) and not one.unresolved]
        agreement = self._agreements.get(action.agreement)
        alerts = judge(others, agreement, self._parameters).alerts if others and agreement is not None else ()
        clause = action.provision, action.seen.subject
        return any((one.provision, one.subject) == clause and names.intersection(one.report_ids) for one in alerts)

    def _heirs(self, anchors: Iterable[str]) -> set[str]:
        """Some reports, and what revises them."""
        rows = self._sql.execute(
            "WITH RECURSIVE heirs (name) AS (SELECT value FROM json_each(?) "
            "UNION SELECT revised_by FROM revising JOIN heirs ON report_id = name) SELECT name FROM heirs",
            (_encode(sorted(anchors)).decode(),),
        )
        return {row[0] for row in rows}

    def _incidents(self, names: Set[str]) -> list[Incident]:
        """The incidents, whosever they are, that rest on some reports."""
        groups = self._windows.holding(sorted(names))
        if not groups:
            return []
        # One of its own, since the monitor's tells only of what it owns.
        found = Fuser(self._windows, self._parameters.observers).fuse(groups).incidents
        return [one for one in found if not names.isdisjoint(one.report_ids)]
