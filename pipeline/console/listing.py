"""Which alerts are asked for, and where in the list a page begins."""

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from pipeline.console.board import Key, Row, Snapshot
from pipeline.console.problems import invalid
from pipeline.geometry.earth import GEOD
from pipeline.law.waiting import SUPERVISOR, is_unacknowledged, looks_after
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Severity, Standing, Status
from pipeline.watch import load_watch

MAX_TEXT = 200


class Box(NamedTuple):
    """A rectangle in degrees; where `west` is greater than `east` it lies across the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, text: str) -> "Box":
        """What `west,south,east,north` means; heights, where there are six numbers, are left out.

        >>> Box.of("37,48,38,49")
        Box(west=37.0, south=48.0, east=38.0, north=49.0)

        Raises:
            ProblemError: it means nothing.
        """
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) == 6:
            numbers = [*numbers[:2], *numbers[3:5]]
        if len(numbers) != 4 or not _on_earth(*numbers):
            raise invalid("bbox is west,south,east,north in degrees, as 37,48,38,49", "bbox")
        return cls(*numbers)

    def touches(self, lon: float, lat: float, radius_m: float) -> bool:
        """Whether a disc may reach into it: told by the rectangle about the disc."""
        give_lat = radius_m / 110_000.0
        if not self.south - give_lat <= lat <= self.north + give_lat:
            return False
        parts = [(self.west, self.east)] if self.west <= self.east else [(self.west, 180.0), (-180.0, self.east)]
        give_lon = _degrees_of_longitude(lat, radius_m)
        return any(
            begin - give_lon <= lon + turn <= end + give_lon for begin, end in parts for turn in (-360.0, 0.0, 360.0)
        )


def _on_earth(west: float, south: float, east: float, north: float) -> bool:
    return -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90


def _degrees_of_longitude(lat: float, radius_m: float) -> float:
    """How many degrees of longitude a distance is at most, at a latitude."""
    if not radius_m:
        return 0.0
    if abs(lat) > 89.0:
        return 180.0
    east, _, _ = GEOD.fwd(0.0, lat, 90.0, radius_m)
    return float(abs(east)) * 1.05


class Wanted(NamedTuple):
    """Which alerts are asked for. What is empty or None asks for nothing.

    Attributes:
        standing: None for both.
        since, until: what was not over before `since`, and had begun by `until`.
        text: words that must all be in what is told of it.
    """

    agreement: Sequence[str] = ()
    provision: Sequence[str] = ()
    severity: Sequence[Severity] = ()
    status: Sequence[Status] = ()
    standing: Standing | None = Standing.RAISED
    assignee: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    raised_since: datetime | None = None
    bbox: Box | None = None
    unacknowledged: bool = False
    text: str = ""

    def takes(self, row: Row, now: datetime, place: Callable[[Alert], str]) -> bool:
        """Whether an alert is asked for."""
        alert = row.alert
        return (
            self._of_kind(alert)
            and (self.since is None or alert.observed_until >= self.since)
            and (self.until is None or alert.observed_from <= self.until)
            and (
                self.raised_since is None or (alert.standing is Standing.RAISED and row.raised_at >= self.raised_since)
            )
            and (self.bbox is None or _within(alert, self.bbox))
            and (not self.unacknowledged or is_unacknowledged(alert))
            and (self.assignee is None or looked_after_by(row, now) == self.assignee)
            and (not self.text or _says(alert, self.text, place))
        )

    def _of_kind(self, alert: Alert) -> bool:
        # What was superseded is shown to those who ask for it by name.
        shown = alert.status in self.status if self.status else alert.status is not Status.SUPERSEDED
        return (
            shown
            and (self.standing is None or alert.standing is self.standing)
            and (not self.agreement or alert.agreement in self.agreement)
            and (not self.provision or alert.provision in self.provision)
            and (not self.severity or alert.severity in self.severity)
        )


def looked_after_by(row: Row, now: datetime) -> str | None:
    """Who is to look after an alert; an overdue one is the supervisor's."""
    return looks_after(row.waiting, now, load_watch())


def is_overdue(row: Row, now: datetime) -> bool:
    """Whether nobody acknowledged it in time."""
    return is_unacknowledged(row.alert) and looked_after_by(row, now) == SUPERVISOR


def _within(alert: Alert, box: Box) -> bool:
    if alert.lon is None or alert.lat is None:
        return False
    return box.touches(alert.lon, alert.lat, alert.radius_m or 0.0)


def _says(alert: Alert, text: str, place: Callable[[Alert], str]) -> bool:
    """Whether all words are in its ids, its clause, its place, or the names of who looks after it."""
    told = (
        *(alert.alert_id, alert.incident_id, alert.agreement, alert.provision, alert.article),
        *(alert.status, alert.severity, alert.line or "", alert.assignee or "", alert.acknowledged_by or ""),
        *(*alert.report_ids, place(alert)),
    )
    whole = "\n".join(told).casefold()
    return all(word in whole for word in text.casefold().split())


class Page(NamedTuple):
    """A part of the list, and the cursor with which the next begins; None at the end."""

    rows: Sequence[Row]
    next: str | None


def page(
    snapshot: Snapshot, wanted: Wanted, now: datetime, place: Callable[[Alert], str], after: Key | None, limit: int
) -> Page:
    """The alerts that are asked for, after a place in the list.

    An alert that does not change its severity is on exactly one page, whatever else is raised or changes meanwhile:
    a page begins after a place, and not after a number of alerts.
    """
    some = list(islice((row for row in snapshot.after(after) if wanted.takes(row, now, place)), limit + 1))
    return Page(some[:limit], cursor(some[limit - 1].key) if len(some) > limit else None)


def chosen(snapshot: Snapshot, wanted: Wanted, now: datetime, place: Callable[[Alert], str]) -> Iterator[Row]:
    """All that are asked for, in the order of the list."""
    return (row for row in snapshot.listed if wanted.takes(row, now, place))


def cursor(key: Key) -> str:
    """A place in the list as a word.

    >>> place_of(cursor((0, -17, "al_1")))
    (0, -17, 'al_1')
    """
    return base64.urlsafe_b64encode(f"{key[0]}.{key[1]}.{key[2]}".encode()).decode().rstrip("=")


def place_of(word: str) -> Key:
    """What a cursor means.

    Raises:
        ProblemError: it is none of ours.
    """
    try:
        told = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True).decode()
        rank, raised, name = told.split(".", 2)
        return int(rank), int(raised), name
    except (ValueError, binascii.Error) as error:
        raise invalid("the cursor is none that this console gave", "cursor") from error
