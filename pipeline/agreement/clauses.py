"""Clauses: what a provision of a kind that is judged asks of one incident.

The three kinds are one thing seen three ways: activities, weapons (or none asked for), zones. What a report leaves open
is answered with the share of its alternatives that the clause covers; where nothing at all is said, by even odds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import msgspec

from pipeline.agreement.format import (
    ExceptionTable,
    FlightTable,
    ProhibitedActivityTable,
    ProvisionTable,
    ReadingTable,
    WeaponTable,
    WithdrawalTable,
)
from pipeline.model.taxonomy import Activity, Doubt, Reason, Severity, Weapon, members

UNSAID = 0.5
"""The share given to what a source leaves unsaid (which weapon, which calibre, what happened): even odds, assumed.
Whatever it multiplies up to, such an alert is at most *possible*."""

_OF_TROOPS = members("presence", Activity) - {Activity.WEAPON_PRESENCE.value}
"""Reports of forces: where they name no weapon, they say nothing of heavy ones."""

_PRESENCE = members("presence", Activity) | {Activity.OUTGOING_FIRE.value}

REMEMBERED = 4_096
"""How many answers a clause keeps at hand: what reports say is theirs to choose, and must not fill the memory."""

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
    """An exception, compiled: for which activities (empty: for all), and when and where."""

    exception_id: str
    activities: frozenset[str]
    spans: tuple[Suspended, ...]


class Clause(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A provision that is judged, compiled.

    Attributes:
        zone_indices: into the agreement's zones; the clause holds in their union.
        in_force: from and until; until may be open.
        binds: parties, where the clause binds only some; empty where it binds everyone.
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
    in_force: tuple[datetime, datetime | None]
    binds: tuple[str, ...]
    except_operators: tuple[str, ...]
    exceptions: tuple[Suspension, ...]
    readings: tuple[ReadingTable, ...]

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


def compile_clause(
    table: ProvisionTable,
    zone_indices: Sequence[int],
    in_force: tuple[datetime, datetime | None],
    exceptions: Sequence[Suspension],
    readings: Sequence[ReadingTable],
) -> Clause:
    """The clause of a provision's table.

    Raises:
        ValueError: an activity, weapon or object that the taxonomy does not know.
    """
    weapons: tuple[WeaponClass, ...] = ()
    operators: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    asks = True
    if isinstance(table, ProhibitedActivityTable):
        reason, binds = Reason.PROHIBITED_ACTIVITY, table.binds
        activities = _terms(table.activities, Activity)
        weapons, asks = _classes(table.weapons), bool(table.weapons)
    elif isinstance(table, WithdrawalTable):
        reason, binds = Reason.WITHIN_WITHDRAWAL_DISTANCE, table.binds
        activities = frozenset(_PRESENCE)
        weapons, asks = _classes(table.weapons), not table.troops
    elif isinstance(table, FlightTable):
        reason, binds, operators = Reason.PROHIBITED_FLIGHT, table.binds, table.except_operators
        activities = frozenset({Activity.FLIGHT.value})
        weapons = (WeaponClass(_terms(table.objects, Weapon)),)
    else:
        raise TypeError(f"{table.kind} is not judged")
    return Clause(
        provision_id=table.id,
        article=table.article,
        title=table.title,
        reason=reason,
        severity=table.severity,
        zone_indices=tuple(zone_indices),
        activities=activities,
        weapons=weapons,
        asks_weapon=asks,
        in_force=in_force,
        binds=binds,
        except_operators=operators,
        exceptions=tuple(exceptions),
        readings=tuple(readings),
    )


def compile_suspension(table: ExceptionTable, zone_index: Mapping[str, int]) -> Suspension:
    """The suspension of an exception's table; a notified one holds where and when a notice says."""
    spans = [Suspended(window.begin, window.until, None) for window in table.windows]
    spans.extend(
        Suspended(notice.begin, notice.until, None if notice.zone is None else zone_index[notice.zone])
        for notice in table.notices
    )
    return Suspension(table.id, _terms(table.activities, Activity), tuple(spans))


def _terms(names: Sequence[str], terms: type[Activity] | type[Weapon]) -> frozenset[str]:
    return frozenset().union(*(members(name, terms) for name in names))


def _classes(tables: Sequence[WeaponTable]) -> tuple[WeaponClass, ...]:
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
