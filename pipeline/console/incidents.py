"""The paths of incidents: what happened, by all the reports of it."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromQuery, PathParameter

from pipeline.console.asked import Cursor, Limit, Moment, utc
from pipeline.console.core import Given
from pipeline.console.listing import cursor as as_cursor
from pipeline.console.listing import place_of
from pipeline.console.problems import not_found
from pipeline.console.records import IncidentDetail, IncidentPage
from pipeline.model.records import Incident
from pipeline.model.times import from_us, to_us
from pipeline.store import Store

_incident = msgspec.json.Decoder(Incident).decode


@get("/api/incidents", sync_to_thread=True, tags=["incidents"])
def list_incidents(
    console: Given,
    since: Moment = None,
    until: Moment = None,
    unresolved: FromQuery[bool] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> IncidentPage:
    """The incidents that stand, or with `unresolved` the rumours instead; the latest first.

    `since` and `until` are about when an incident began.
    """
    with console.reading() as store:
        found = incidents_between(store, utc(since), utc(until), unresolved, cursor, limit + 1)
    shown = found[:limit]
    more = as_cursor((0, -to_us(shown[-1].observed_from), shown[-1].incident_id)) if len(found) > limit else None
    return IncidentPage(incidents=shown, next=more)


def incidents_between(
    store: Store, since: datetime | None, until: datetime | None, unresolved: bool, cursor: str | None, limit: int
) -> list[Incident]:
    """Some incidents, the latest first, after a place in the list."""
    where, values = ["unresolved = ?"], [int(unresolved)]
    told: list[object] = list(values)
    for sign, moment in ((">=", since), ("<=", until)):
        if moment is not None:
            where.append(f"observed_from {sign} ?")
            told.append(_as_stored(moment))
    if cursor is not None:
        _, begun, name = place_of(cursor)
        where.append("(observed_from, incident_id) < (?, ?)")
        told += [_as_stored(_moment(-begun)), name]
    asked = f"SELECT incident FROM incidents WHERE {' AND '.join(where)} ORDER BY observed_from DESC, incident_id DESC"
    rows = store.connection.execute(f"{asked} LIMIT ?", (*told, limit))
    return [_incident(row[0]) for row in rows]


@get("/api/incidents/{incident_id:str}", sync_to_thread=True, tags=["incidents"])
def show_incident(console: Given, incident_id: Annotated[str, PathParameter(max_length=64)]) -> IncidentDetail:
    """One incident: its reports, why they are one, its alerts, and whose place it took."""
    with console.reading() as store:
        incident = store.incident(incident_id)
        if incident is None or incident.incident_id != incident_id:
            raise not_found(_instead(store, incident_id))
        behind = console.settings.telling.incident(store, incident)
        predecessors = store.predecessors(incident_id)
    alerts = [name for name, row in console.snapshot.rows.items() if row.alert.incident_id == incident_id]
    return IncidentDetail(
        incident=incident,
        reports=list(behind.reports),
        explained=None if behind.explained is None else dict(behind.explained),
        alerts=sorted(alerts),
        predecessors=predecessors,
        passages=list(behind.passages),
    )


def _instead(store: Store, incident_id: str) -> str:
    now = store.successors(incident_id)
    return f"it stands no more; in its place: {', '.join(now)}" if now else "there is no incident of this id"


def _moment(us: int) -> datetime:
    """A time of a cursor; whatever it says, there is one."""
    return from_us(min(max(us, -62_135_596_800_000_000), 253_402_300_799_000_000))


def _as_stored(moment: datetime) -> str:
    """A time as the store writes it, so that the order of words is that of times."""
    return from_us(to_us(moment)).isoformat()
