"""Clauses: what a provision asks of one incident.

All kinds are one thing seen in several ways: activities, weapons (or none asked for), zones. What a report leaves open
is answered with the share of its alternatives that the clause covers; where nothing at all is said, by even odds. What
a provision that remembers asks of many incidents begins with what it asks of each: its clauses have a role.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

import msgspec

from pipeline.agreement.format import (
    CrossingTable,
    ExceptionTable,
    FlightTable,
    ProhibitedActivityTable,
    ProvisionTable,
    ReadingTable,
    StayTable,
    WeaponTable,
    WithdrawalTable,
)
from pipeline.agreement.remembering import (
    QuietDaysTable,
    ReturnFireTable,
    ScheduleTable,
    StandingTable,
    StockCeilingTable,
)
from pipeline.agreement.terms import Spans
from pipeline.model.records import track_tile
from pipeline.model.taxonomy import Activity, Doubt, Reason, Severity, Weapon
from pipeline.model.term import members

UNSAID = 0.5
"""The share given to what a source leaves unsaid (which weapon, which calibre, what happened): even odds, assumed.
Whatever it multiplies up to, such an alert is at most *possible*."""

_OF_TROOPS = members("presence", Activity) - {Activity.WEAPON_PRESENCE.value}
"""Reports of forces: where they name no weapon, they say nothing of heavy ones."""

_PRESENCE = members("presence", Activity) | {Activity.OUTGOING_FIRE.value}

REMEMBERED = 4_096
"""How many answers a clause keeps at hand: what reports say is theirs to choose, and must not fill the memory."""

VIOLATION, PRESENCE, COORDINATION, STORAGE, NOTICE = "violation", "presence", "coordination", "storage", "notice"
"""Roles of clauses; a stage of a schedule is one too, by its id."""

Calibre = float | tuple[float, float] | None


class WeaponClass(msgspec.Struct, frozen=True):
    """Weapons of some types, within bounds of calibre in millimetres."""

    types: frozenset[str]
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @property
    def bounded(self) -> bool:
        """Whether calibre matters at all."""
        return not (self.at_least is None and self.above is None and self.at_most is None and self.below is None)

    def share(self, weapon: Weapon, calibre: Calibre) -> float:
        """The share of what this weapon may have been that the class covers."""
        if weapon.value not in self.types:
            return 0.0
        if not self.bounded:
            return 1.0
        if calibre is None:
            return UNSAID
        low, high = calibre if isinstance(calibre, tuple) else (calibre, calibre)
        if low == high:
            return float(self._holds(low))
        begin = max(low, self.at_least or 0.0, self.above or 0.0)
        end = min(high, *(bound for bound in (self.at_most, self.below) if bound is not None), high)
        between = max(0.0, end - begin) / (high - low)
        # "82 to 120 mm" is how monitors write "82 or 120": the two ends weigh as much as all that lies between.
        return (float(self._holds(low)) + float(self._holds(high)) + between) / 3.0

    def _holds(self, calibre: float) -> bool:
        return (
            (self.at_least is None or calibre >= self.at_least)
            and (self.above is None or calibre > self.above)
            and (self.at_most is None or calibre <= self.at_most)
            and (self.below is None or calibre < self.below)
        )


class Coverage(msgspec.Struct, frozen=True):
    """How far a clause covers what a report says happened, and the doubts that leave it open."""

    share: float
    doubts: tuple[Doubt, ...] = ()


NONE, FULL = Coverage(0.0), Coverage(1.0)


class Suspended(NamedTuple):
    """When a clause is suspended, and where: an index into the agreement's zones, None for everywhere."""

    begin: datetime
    until: datetime
    zone_index: int | None


class Suspension(msgspec.Struct, frozen=True):
    """An exception, compiled: for which activities (empty: for all), and when and where.

    Attributes:
        from_reports: whether reports are its notices, where they were published `notice_hours` before they begin.
    """

    exception_id: str
    activities: frozenset[str]
    spans: tuple[Suspended, ...]
    from_reports: bool = False
    notice_hours: float = 0.0


class Crossing(msgspec.Struct, frozen=True):
    """Which lines must not be crossed, and which way; `near_m` is how near a report that says so must lie."""

    lines: tuple[str, ...]
    direction: Literal["left_to_right", "right_to_left", "both"]
    near_m: float


class Dwell(msgspec.Struct, frozen=True):
    """For how long a track must stay inside, and how far beyond an edge it must be to have passed it."""

    minutes: float
    hysteresis_m: float


class Clause(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a provision asks of one incident, compiled.

    Attributes:
        role: what it is to the provision, where that remembers; without one, the incident alone decides.
        zone_indices: into the agreement's zones; the clause holds in their union.
        in_force: the intervals in which it is.
        follows: tiles of tracks that are told of wherever they are.
        crossing: where it is about lines, and not about zones.
        dwell: where passing through is not enough.
        binds: parties, where the clause binds only some; empty where it binds everyone.
        read_as: what it is under each reading that is judged, where the incident alone decides.
    """

    provision_id: str
    article: str
    title: str
    reason: Reason
    severity: Severity
    zone_indices: tuple[int, ...]
    activities: frozenset[str]
    weapons: tuple[WeaponClass, ...]
    asks_weapon: bool
    in_force: Spans
    binds: tuple[str, ...]
    except_operators: tuple[str, ...]
    exceptions: tuple[Suspension, ...]
    readings: tuple[ReadingTable, ...]
    read_as: "tuple[ReadAs, ...]" = ()
    role: str | None = None
    follows: frozenset[str] = frozenset()
    crossing: Crossing | None = None
    dwell: Dwell | None = None

    @cached_property
    def _known(self) -> dict[tuple[Activity, tuple[Weapon, ...], Calibre], Coverage]:
        return {}

    def covers(self, activity: Activity, weapons: tuple[Weapon, ...], calibre: Calibre) -> Coverage:
        """How far the clause covers an activity with these alternative weapons (none: not said)."""
        asked = (activity, weapons, calibre)
        known = self._known.get(asked)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[asked] = self._cover(*asked)
        return known

    def _cover(self, activity: Activity, weapons: tuple[Weapon, ...], calibre: Calibre) -> Coverage:
        said = activity.value in self.activities
        unclear = activity is Activity.UNKNOWN and self.reason is Reason.PROHIBITED_ACTIVITY
        if not said and not unclear:
            return NONE
        weapon = FULL
        if self.asks_weapon:
            if not weapons and activity.value in _OF_TROOPS:
                return NONE
            weapon = self._cover_weapons(weapons, calibre)
        if said or weapon.share == 0.0:
            return weapon
        return Coverage(UNSAID * weapon.share, (Doubt.ACTIVITY_UNCLEAR, *weapon.doubts))

    def _cover_weapons(self, weapons: tuple[Weapon, ...], calibre: Calibre) -> Coverage:
        shares = [self._share(weapon, calibre) for weapon in dict.fromkeys(weapons) or (Weapon.UNKNOWN,)]
        share = sum(shares) / len(shares)
        return Coverage(share, (Doubt.WEAPON_UNCLEAR,) if 0.0 < share < 1.0 else ())

    def _share(self, weapon: Weapon, calibre: Calibre) -> float:
        if weapon is Weapon.UNKNOWN:
            return UNSAID
        return max(known.share(weapon, calibre) for known in self.weapons)


class ReadAs(NamedTuple):
    """A clause under one party's reading; None where the provision does not hold under it."""

    reading: ReadingTable
    clause: Clause | None


class _Asked(NamedTuple):
    """What a provision's table asks of one incident, before its zones are found."""

    reason: Reason
    zones: tuple[str, ...]
    activities: frozenset[str]
    weapons: tuple[WeaponClass, ...] = ()
    asks_weapon: bool = False
    except_operators: tuple[str, ...] = ()
    role: str | None = None
    follows: frozenset[str] = frozenset()
    crossing: Crossing | None = None


def compile_clauses(
    table: ProvisionTable,
    zone_index: Mapping[str, int],
    in_force: Spans,
    exceptions: Sequence[Suspension],
    readings: Sequence[ReadingTable],
) -> list[Clause]:
    """The clauses of a provision's table: one, or one for each role of a provision that remembers.

    Raises:
        ValueError: an activity, weapon or object that the taxonomy does not know.
    """
    return [
        Clause(
            provision_id=table.id,
            article=table.article,
            title=table.title,
            reason=asked.reason,
            severity=table.severity,
            zone_indices=tuple(zone_index[zone] for zone in asked.zones),
            activities=asked.activities,
            weapons=asked.weapons,
            asks_weapon=asked.asks_weapon,
            in_force=in_force,
            binds=getattr(table, "binds", ()),
            except_operators=asked.except_operators,
            exceptions=tuple(exceptions),
            readings=tuple(readings),
            role=asked.role,
            follows=asked.follows,
            crossing=asked.crossing,
            dwell=_dwell(table),
        )
        for asked in _with_notices(_asked(table), exceptions)
    ]


def _with_notices(asked: list[_Asked], exceptions: Sequence[Suspension]) -> list[_Asked]:
    """Where an exception takes its notices from reports, a violation alone decides nothing: a notice may cover it."""
    if not any(exception.from_reports for exception in exceptions):
        return asked
    told = frozenset({Activity.NOTIFICATION.value})
    notices = [_Asked(one.reason, one.zones, told, role=NOTICE) for one in asked]
    return [*(one._replace(role=VIOLATION) for one in asked), *notices]


def _dwell(table: ProvisionTable) -> Dwell | None:
    if not isinstance(table, StayTable) or (table.dwell_minutes is None and table.hysteresis_m == 0.0):
        return None
    return Dwell(table.dwell_minutes or 0.0, table.hysteresis_m)


def _asked(table: ProvisionTable) -> list[_Asked]:
    match table:
        case ProhibitedActivityTable():
            acts, weapons = _terms(table.activities, Activity), weapon_classes(table.weapons)
            return [_Asked(Reason.PROHIBITED_ACTIVITY, table.zones, acts, weapons, bool(table.weapons))]
        case WithdrawalTable():
            weapons, reason = weapon_classes(table.weapons), Reason.WITHIN_WITHDRAWAL_DISTANCE
            return [_Asked(reason, table.zones, frozenset(_PRESENCE), weapons, not table.troops)]
        case FlightTable():
            weapons = (WeaponClass(_terms(table.objects, Weapon)),)
            flight = frozenset({Activity.FLIGHT.value})
            return [_Asked(Reason.PROHIBITED_FLIGHT, table.zones, flight, weapons, True, table.except_operators)]
        case CrossingTable():
            return [_asked_of_lines(table)]
        case StockCeilingTable():
            weapons = weapon_classes(weapon for limit in table.limits for weapon in limit.weapons)
            heavy = all(limit.weapons for limit in table.limits)
            standing = members("presence", Activity)
            return [_Asked(Reason.STOCK_ABOVE_CEILING, table.zones, standing, weapons, heavy, role=PRESENCE)]
        case QuietDaysTable():
            acts = _terms(table.activities, Activity)
            return [_Asked(Reason.PROHIBITED_ACTIVITY, table.zones, acts, role=VIOLATION)]
        case ScheduleTable():
            return _asked_by_schedule(table)
        case ReturnFireTable():
            acts, called = _terms(table.activities, Activity), frozenset({Activity.COORDINATION.value})
            return [
                _Asked(Reason.RETURN_FIRE_UNCOORDINATED, table.zones, acts, role=VIOLATION),
                _Asked(Reason.RETURN_FIRE_UNCOORDINATED, table.zones, called, role=COORDINATION),
            ]
        case StandingTable():
            acts, weapons = _terms(table.activities, Activity), weapon_classes(table.weapons)
            return [_Asked(Reason.STANDING_VIOLATION, table.zones, acts, weapons, bool(table.weapons), role=VIOLATION)]
    return []


def _asked_of_lines(table: CrossingTable) -> _Asked:
    return _Asked(
        Reason.LINE_CROSSED,
        (),
        _terms(table.activities, Activity),
        (WeaponClass(_terms(table.objects, Weapon)),),
        bool(table.objects),
        table.except_operators,
        crossing=Crossing(table.lines, table.direction, table.near_m),
    )


def _asked_by_schedule(table: ScheduleTable) -> list[_Asked]:
    """What is where it must not be any more, stage by stage; and what is where it is to be kept."""
    standing = members("presence", Activity)
    asked = [
        _Asked(
            Reason.WITHDRAWAL_OVERDUE,
            stage.zones,
            standing,
            weapon_classes(stage.weapons),
            not stage.troops,
            role=stage.id,
            follows=frozenset(track_tile(item.serial) for item in table.inventory if item.stage == stage.id),
        )
        for stage in table.stages
    ]
    if table.storage:
        weapons = weapon_classes(weapon for stage in table.stages for weapon in stage.weapons)
        asked.append(_Asked(Reason.WITHDRAWAL_OVERDUE, table.storage, standing, weapons, bool(weapons), role=STORAGE))
    return asked


def compile_suspension(table: ExceptionTable, zone_index: Mapping[str, int]) -> Suspension:
    """The suspension of an exception's table; a notified one holds where and when a notice says."""
    spans = [Suspended(window.begin, window.until, None) for window in table.windows]
    spans.extend(
        Suspended(notice.begin, notice.until, None if notice.zone is None else zone_index[notice.zone])
        for notice in table.notices
    )
    activities = _terms(table.activities, Activity)
    return Suspension(table.id, activities, tuple(spans), table.from_reports, table.notice_hours)


def _terms(names: Sequence[str], terms: type[Activity] | type[Weapon]) -> frozenset[str]:
    return frozenset().union(*(members(name, terms) for name in names))


def weapon_classes(tables: Iterable[WeaponTable]) -> tuple[WeaponClass, ...]:
    """The weapon classes of their tables."""
    return tuple(
        WeaponClass(
            members(table.type, Weapon),
            table.calibre_min_mm,
            table.calibre_above_mm,
            table.calibre_max_mm,
            table.calibre_below_mm,
        )
        for table in tables
    )
