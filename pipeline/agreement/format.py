"""The agreement file's tables as records: what `docs/agreements.md` describes, format 1."""

from typing import Annotated, Any, Literal

import msgspec

from pipeline.agreement.table import (
    Confidence,
    Id,
    Lat,
    Lon,
    Metres,
    Millimetres,
    Minutes,
    Named,
    Placed,
    Sourced,
    Table,
    Time,
    Width,
)
from pipeline.model.taxonomy import Severity

FORMAT: Literal[1] = 1


class Header(Table, frozen=True, kw_only=True):
    """The keys before the first table."""

    format: Literal[1]
    name: Id
    version: Named
    title: Named
    timezone: str
    in_force_from: Time
    hypothetical: bool = False
    summary: str = ""
    day_ends: Annotated[str, msgspec.Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "24:00"
    in_force_until: Time | None = None
    raise_from: Annotated[float, msgspec.Meta(ge=0.05, le=1)] = 0.5


class Citation(Table, frozen=True, kw_only=True):
    """What numbers rest on."""

    id: Id
    title: str
    where: str
    confidence: Confidence


class Party(Table, frozen=True, kw_only=True):
    """A party to the agreement, or somebody whom it names."""

    id: Id
    name: str
    note: str = ""
    called: str = ""


class Marker(Table, frozen=True, kw_only=True):
    """A named place along a line; it is projected on the line for its chainage."""

    id: Id
    name: str
    lon: Lon
    lat: Lat
    source: str = ""


class Sector(Table, frozen=True, kw_only=True):
    """A named stretch of a line between two markers."""

    id: Id
    name: str
    begin: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")


class LineTable(Placed, frozen=True, kw_only=True):
    """An oriented line."""

    file: str
    starts_near: tuple[Lon, Lat]
    accuracy_m: Metres
    left: str | None = None
    right: str | None = None
    status: Literal["agreed", "unmarked", "disputed"] = "agreed"
    valid_from: Time | None = None
    valid_until: Time | None = None
    markers: tuple[Marker, ...] = ()
    sectors: tuple[Sector, ...] = ()


class OffsetZoneTable(Placed, frozen=True, kw_only=True):
    """A zone by distance from a line."""

    kind: Literal["offset"]
    line: str
    side: Literal["left", "right", "both"]
    to_m: Metres
    from_m: Metres = 0.0
    between: tuple[str | float, str | float] | None = None
    party: str | None = None


class CorridorZoneTable(Placed, frozen=True, kw_only=True):
    """A zone of every place near a line, or near a stretch of it; such as along a road."""

    kind: Literal["corridor"]
    line: str
    within_m: Width
    between: tuple[str | float, str | float] | None = None
    party: str | None = None


class BetweenLinesZoneTable(Placed, frozen=True, kw_only=True):
    """The area between two lines."""

    kind: Literal["between_lines"]
    lines: tuple[str, str]
    party: str | None = None


class PolygonZoneTable(Placed, frozen=True, kw_only=True):
    """A drawn zone, or one of named areas."""

    kind: Literal["polygon"]
    file: str | None = None
    area_ids: tuple[str, ...] = ()
    party: str | None = None


class SeriesTable(Placed, frozen=True, kw_only=True):
    """A shape for each of some days: of an area whose edge moves, or of a line."""

    file: str
    accuracy_m: Metres
    gap_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    starts_near: tuple[Lon, Lat] | None = None


class SeriesZoneTable(Placed, frozen=True, kw_only=True):
    """A zone by the shape of the day: the area itself, or what lies near its boundary or the line."""

    kind: Literal["series"]
    series: str
    within_m: Width | None = None
    side: Literal["inside", "outside", "left", "right", "both"] | None = None
    party: str | None = None


class WeaponTable(Table, frozen=True, kw_only=True):
    """A weapon class: type before calibre."""

    type: str
    calibre_min_mm: Millimetres | None = None
    calibre_above_mm: Millimetres | None = None
    calibre_max_mm: Millimetres | None = None
    calibre_below_mm: Millimetres | None = None


class ProvisionTable(Sourced, frozen=True, kw_only=True):
    """What every provision has."""

    kind: str
    article: str
    title: str
    severity: Severity
    in_force_from: Time | None = None
    in_force_until: Time | None = None
    added_by: str | None = None
    ended_by: str | None = None
    exceptions: tuple[str, ...] = ()


class ProhibitedActivityTable(ProvisionTable, frozen=True, kw_only=True):
    """An activity that is forbidden in zones."""

    zones: tuple[str, ...]
    activities: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    weapons: tuple[WeaponTable, ...] = ()
    binds: tuple[str, ...] = ()


class StayTable(ProvisionTable, frozen=True, kw_only=True):
    """What may ask that something stays, and how far in and out an edge is passed."""

    dwell_minutes: Minutes | None = None
    hysteresis_m: Metres = 0.0


class WithdrawalTable(StayTable, frozen=True, kw_only=True):
    """Weapon classes, or troops, that must not be in zones."""

    zones: tuple[str, ...]
    weapons: tuple[WeaponTable, ...] = ()
    troops: bool = False
    binds: tuple[str, ...] = ()


class FlightTable(StayTable, frozen=True, kw_only=True):
    """Aircraft that must not fly in zones."""

    zones: tuple[str, ...]
    objects: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    binds: tuple[str, ...] = ()
    except_operators: tuple[str, ...] = ()


class CrossingTable(ProvisionTable, frozen=True, kw_only=True):
    """Lines that must not be crossed."""

    lines: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    direction: Literal["left_to_right", "right_to_left", "both"]
    objects: tuple[str, ...] = ()
    activities: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("flight", "movement", "crossing")
    near_m: Width = 1_000.0
    binds: tuple[str, ...] = ()
    except_operators: tuple[str, ...] = ()


class UnjudgedTable(ProvisionTable, frozen=True, kw_only=True):
    """A clause that is parsed and shown, and not yet judged."""

    zones: tuple[str, ...] = ()
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    binds: tuple[str, ...] = ()


JUDGED: dict[str, type[ProvisionTable]] = {
    "prohibited_activity": ProhibitedActivityTable,
    "withdrawal": WithdrawalTable,
    "flight": FlightTable,
    "crossing": CrossingTable,
}
"""Kinds that are judged by one incident."""

UNJUDGED = frozenset({"declared_strength", "obligation"})


class Notice(Table, frozen=True, kw_only=True):
    """A prior notification that was received."""

    reference: str
    begin: Time = msgspec.field(name="from")
    until: Time
    zone: str | None = None


class Span(Table, frozen=True, kw_only=True):
    """An interval of time."""

    begin: Time = msgspec.field(name="from")
    until: Time


class TermTable(Table, frozen=True, kw_only=True):
    """An interval in which an agreement is in force again, by a decision that is its source."""

    begin: Time = msgspec.field(name="from")
    until: Time | None = None
    source: str
    confidence: Confidence
    note: str = ""


class SuspensionTable(TermTable, frozen=True, kw_only=True):
    """An interval in which an agreement, or some of its provisions, is out of force."""

    provisions: tuple[str, ...] = ()


class AmendmentTable(Sourced, frozen=True, kw_only=True):
    """A later text, by which provisions are added or end: from then on it is the one in force."""

    title: Named
    begin: Time = msgspec.field(name="from")


class ExceptionTable(Sourced, frozen=True, kw_only=True):
    """What suspends provisions."""

    kind: Literal["notified", "time_window"]
    title: str
    article: str = ""
    activities: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    from_reports: bool = False
    notice_hours: Annotated[float, msgspec.Meta(ge=0, le=8_784)] = 0.0
    windows: tuple[Span, ...] = ()


class ReadingTable(Sourced, frozen=True, kw_only=True):
    """One party's interpretation of a provision; the keys from `holds` on change the provision under it."""

    party: str
    provision: str
    says: str
    valid_from: Time | None = None
    valid_until: Time | None = None
    holds: bool | None = None
    in_force_from: Time | None = None
    in_force_until: Time | None = None
    zones: tuple[str, ...] | None = None
    activities: tuple[str, ...] | None = None
    weapons: tuple[WeaponTable, ...] | None = None
    binds: tuple[str, ...] | None = None
    exceptions: tuple[str, ...] | None = None


class NotEncoded(Table, frozen=True, kw_only=True):
    """A clause that is not in the data, and why."""

    clause: str
    says: str
    why: str


class MonitoringTable(Sourced, frozen=True, kw_only=True):
    """What the agreement asks of those who watch: what it forbids them, or whose consent they need.

    It holds for the assets that fit every key from `operators` to `outside`; a key that is left out fits all.
    """

    kind: Literal["forbidden", "consent"]
    article: Named
    title: Named
    operators: tuple[str, ...] = ()
    except_operators: tuple[str, ...] = ()
    staff: tuple[Literal["none", "civilian", "military"], ...] = ()
    staff_of: tuple[str, ...] = ()
    techniques: tuple[Literal["acoustic", "seismic", "optical", "thermal", "radar", "human", "open_source"], ...] = ()
    domains: tuple[Literal["ground", "air", "orbit", "open"], ...] = ()
    sides: tuple[Literal["left", "right"], ...] = ()
    zones: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    consent_of: tuple[str, ...] = ()


ZoneTable = OffsetZoneTable | CorridorZoneTable | BetweenLinesZoneTable | PolygonZoneTable | SeriesZoneTable

ZONES: dict[str, type[Sourced]] = {
    "offset": OffsetZoneTable,
    "corridor": CorridorZoneTable,
    "between_lines": BetweenLinesZoneTable,
    "polygon": PolygonZoneTable,
    "series": SeriesZoneTable,
}

LISTS: dict[str, type[Table]] = {
    "sources": Citation,
    "parties": Party,
    "lines": LineTable,
    "series": SeriesTable,
    "amendments": AmendmentTable,
    "renewals": TermTable,
    "suspensions": SuspensionTable,
    "exceptions": ExceptionTable,
    "readings": ReadingTable,
    "monitoring": MonitoringTable,
    "not_encoded": NotEncoded,
}
"""Arrays of tables of one type; zones and provisions choose theirs by `kind`."""


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file, each table read. `ids` are all that the file gives, those of unreadable tables included."""

    header: Header
    ids: dict[str, frozenset[str]]
    sources: tuple[Citation, ...] = ()
    parties: tuple[Party, ...] = ()
    lines: tuple[LineTable, ...] = ()
    series: tuple[SeriesTable, ...] = ()
    zones: tuple[ZoneTable, ...] = ()
    provisions: tuple[ProvisionTable, ...] = ()
    amendments: tuple[AmendmentTable, ...] = ()
    renewals: tuple[TermTable, ...] = ()
    suspensions: tuple[SuspensionTable, ...] = ()
    exceptions: tuple[ExceptionTable, ...] = ()
    readings: tuple[ReadingTable, ...] = ()
    monitoring: tuple[MonitoringTable, ...] = ()
    not_encoded: tuple[NotEncoded, ...] = ()
