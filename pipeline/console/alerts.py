"""The paths of alerts: the list, one with all that is known of it, what operators do with it, and a map's points."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter, SkipValidation

from pipeline.console.access.asking import Doing, author
from pipeline.console.acts import revision_of
from pipeline.console.asked import Cursor, Limit, Moment, utc
from pipeline.console.core import Given
from pipeline.console.desk import done, opened
from pipeline.console.listing import MAX_TEXT, Box, Wanted, chosen, page, place_of
from pipeline.console.records import AlertDetail, AlertPage, Done, Points, Wish
from pipeline.model.taxonomy import Severity, Standing, Status

Word = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Words = list[Word]
Filters = NamedDependency[SkipValidation[Wanted]]
AlertId = Annotated[str, PathParameter(max_length=64)]


def wanted(  # noqa: PLR0913, PLR0917 - each is a filter of the list
    agreement: FromQuery[Words | None] = None,
    provision: FromQuery[Words | None] = None,
    severity: FromQuery[list[Severity] | None] = None,
    status: FromQuery[list[Status] | None] = None,
    standing: FromQuery[Literal["raised", "possible", "all"]] = "raised",
    assignee: FromQuery[Word | None] = None,
    since: Moment = None,
    until: Moment = None,
    raised_since: Moment = None,
    bbox: Annotated[str | None, QueryParameter(max_length=200, description="west,south,east,north in degrees")] = None,
    unacknowledged: FromQuery[bool] = False,
    text: FromQuery[Word] = "",
) -> Wanted:
    """What the filters of a request ask for. A filter that may be repeated asks for any of what it names."""
    return Wanted(
        agreement=agreement or (),
        provision=provision or (),
        severity=severity or (),
        status=status or (),
        standing={one.value: one for one in Standing}.get(standing),
        assignee=assignee,
        since=utc(since),
        until=utc(until),
        raised_since=raised_since,
        bbox=None if bbox is None else Box.of(bbox),
        unacknowledged=unacknowledged,
        text=text,
    )


@get("/api/alerts", sync_to_thread=True, tags=["alerts"])
def list_alerts(
    console: Given,
    wanted: Filters,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AlertPage:
    """The alerts that stand: the gravest first, then the last raised, then by id.

    With `cursor` the list goes on where a page ended, whatever was raised meanwhile. What is only possible is told with
    `standing=possible` or `all`, what was superseded with `status=superseded`.
    """
    snapshot = console.snapshot
    after = None if cursor is None else place_of(cursor)
    found = page(snapshot, wanted, console.now, console.place, after, limit)
    return AlertPage(alerts=[console.listed(row) for row in found.rows], entry=snapshot.entry, next=found.next)


@get("/api/points", sync_to_thread=True, tags=["alerts"])
def points(console: Given, wanted: Filters) -> Points:
    """All alerts that are asked for, as columns for a map; the filters are those of the list."""
    snapshot = console.snapshot
    rows = [row.alert for row in chosen(snapshot, wanted, console.now, console.place)]
    placed = [(one, one.lon, one.lat) for one in rows if one.lon is not None and one.lat is not None]
    return Points(
        entry=snapshot.entry,
        alert_id=[one.alert_id for one, _, _ in placed],
        lon=[lon for _, lon, _ in placed],
        lat=[lat for _, _, lat in placed],
        radius_m=[one.radius_m or 0.0 for one, _, _ in placed],
        severity=[one.severity for one, _, _ in placed],
        status=[one.status for one, _, _ in placed],
        standing=[one.standing.value for one, _, _ in placed],
        acknowledged=[one.acknowledged_by is not None for one, _, _ in placed],
        observed_from=[one.observed_from for one, _, _ in placed],
        without_place=len(rows) - len(placed),
    )


@get("/api/alerts/{alert_id:str}", sync_to_thread=True, tags=["alerts"])
def show_alert(console: Given, alert_id: AlertId) -> AlertDetail:
    """One alert: its incident, reports, doubts, history, what was done with it and what may be, all of it in words."""
    return opened(console, alert_id)


@post("/api/alerts/{alert_id:str}/actions", status_code=200, tags=["alerts"])
async def act(request: Request[Any, Any, Any], console: Given, alert_id: AlertId, data: JSONBody[Wish]) -> Done:
    """Does something with an alert, and records who did it, when and why.

    The revision that the operator had before him, in the body or in `If-Match`, guards against what came between:
    if the alert has moved on, nothing is done, and the answer (409) holds it as it stands. What cannot be done from
    where the alert stands is refused (409), with what can. Where there are users, the author is who is logged in.
    """
    revision, access = revision_of(data, request.headers.get("if-match")), console.settings.access
    about = alert_id if revision is None else f"{alert_id} at revision {revision}"
    async with Doing(request.scope, access, data.action, about):
        wish = msgspec.structs.replace(data, by=author(request.scope, access, data.by))
        row = console.row(alert_id)
        acted = await asyncio.to_thread(done, console, row, wish, revision)
    await console.hub.look()
    return acted
