"""The incidents' book: those that stand, and what became of those that stood."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from pipeline.model.records import Incident
from pipeline.monitor import Changes

_encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Incident).decode


class IncidentBook:
    """The standing incidents and the successions, in the transaction that is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def enter(self, changes: Changes, decided_at: datetime) -> list[str]:
        """Writes what stands now of what was considered, and what took the place of what does not.

        Returns:
            The ids of those that stood and stand no more.
        """
        standing = {incident.incident_id for incident in changes.incidents}
        gone = sorted(changes.considered - standing)
        stood = self._succeed(gone, changes, decided_at)
        self._drop(gone)
        self._write(changes.incidents)
        return stood

    def adopt(self, incidents: Mapping[str, Incident | None], *, anew: bool) -> None:
        """Takes over incidents as another book has them; None where one stands no more. `anew`: these are all."""
        if anew:
            self._sql.execute("DELETE FROM incidents")
        self._drop([name for name, incident in incidents.items() if incident is None])
        self._write([incident for incident in incidents.values() if incident is not None])

    def _drop(self, names: Sequence[str]) -> None:
        self._sql.execute(
            "DELETE FROM incidents WHERE incident_id IN (SELECT value FROM json_each(?))", (_encode(names).decode(),)
        )

    def _write(self, incidents: Sequence[Incident]) -> None:
        self._sql.executemany(
            "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?)",
            ((one.incident_id, one.observed_from.isoformat(), int(one.unresolved), _encode(one)) for one in incidents),
        )

    def _succeed(self, gone: list[str], changes: Changes, decided_at: datetime) -> list[str]:
        """An incident that is no more has for successors those that its reports, or what revised them, tell of now."""
        rows = self._sql.execute(
            "SELECT incident FROM json_each(?) AS asked CROSS JOIN incidents ON incident_id = asked.value",
            (_encode(gone).decode(),),
        )
        old = [decode(row[0]) for row in rows]
        if not old:
            return []
        telling: dict[str, set[str]] = {}
        for incident in changes.incidents:
            for report_id in incident.report_ids:
                telling.setdefault(report_id, set()).add(incident.incident_id)
        for incident in old:
            reports = set(incident.report_ids).union(*(changes.revised.get(name, ()) for name in incident.report_ids))
            successors = set[str]().union(*(telling.get(name, ()) for name in reports))
            self._sql.executemany(
                "INSERT OR IGNORE INTO successions VALUES (?, ?, ?)",
                ((incident.incident_id, name, decided_at.isoformat()) for name in sorted(successors)),
            )
        return [incident.incident_id for incident in old]
