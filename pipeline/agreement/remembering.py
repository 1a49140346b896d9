"""The tables of provisions that remember: what they ask is answered by many incidents, in the order of their times."""

from typing import Annotated, Literal

import msgspec

from pipeline.agreement.format import ProvisionTable, WeaponTable
from pipeline.agreement.table import Id, Metres, Minutes, Named, Table, Time, Width

Days = Annotated[int, msgspec.Meta(ge=1, le=3_660)]
Some = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class RememberingTable(ProvisionTable, frozen=True, kw_only=True):
    """What every provision that remembers has."""

    binds: tuple[str, ...] = ()


class Limit(Table, frozen=True, kw_only=True):
    """The most of one class that may be there at one time."""

    id: Id
    title: Named
    at_most: Annotated[int, msgspec.Meta(ge=0)]
    unit: Literal["weapon", "vehicle", "person", "aircraft", "position"]
    weapons: tuple[WeaponTable, ...] = ()


class StockCeilingTable(RememberingTable, frozen=True, kw_only=True):
    """How many weapons or persons of a class may be in an area at one time, in each zone by itself."""

    zones: Some
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(min_length=1)]
    seen_for_days: Days = 14
    ends_after_days: Days | None = None


class QuietDaysTable(RememberingTable, frozen=True, kw_only=True):
    """So many days in a row without a violation, in each zone by itself, before something else is due."""

    zones: Some
    activities: Some
    days: Days
    then_within_days: Days | None = None


class Stage(Table, frozen=True, kw_only=True):
    """One step of a schedule: what must be out of which zones by when."""

    id: Id
    title: Named
    zones: Some
    complete_by: Time
    begin: Time | None = msgspec.field(name="from", default=None)
    weapons: tuple[WeaponTable, ...] = ()
    troops: bool = False


class Item(Table, frozen=True, kw_only=True):
    """One weapon of an inventory."""

    serial: Named
    weapon: str
    stage: str
    party: str | None = None


class ScheduleTable(RememberingTable, frozen=True, kw_only=True):
    """Steps by dates: what must be out of zones by when, and where it is to be kept."""

    stages: Annotated[tuple[Stage, ...], msgspec.Meta(min_length=1)]
    storage: tuple[str, ...] = ()
    inventory: tuple[Item, ...] = ()
    same_place_m: Width = 500.0
    raises: bool = True


class ReturnFireTable(RememberingTable, frozen=True, kw_only=True):
    """Fire may be answered only after the coordination mechanism was called on."""

    zones: Some
    within_minutes: Minutes
    within_m: Width
    activities: tuple[str, ...] = ("outgoing_fire", "muzzle_flash")


class StandingTable(RememberingTable, frozen=True, kw_only=True):
    """What is forbidden as long as it lasts: it is opened once, stands, and is closed."""

    zones: Some
    activities: Some
    weapons: tuple[WeaponTable, ...] = ()
    same_place_m: Metres = 500.0


class EscalationTable(RememberingTable, frozen=True, kw_only=True):
    """More findings of a provision in a sector of a line than were to be expected."""

    provisions: Some
    false_alarm_days: Days = 30


class ConsultationTable(RememberingTable, frozen=True, kw_only=True):
    """When confirmed or sustained violations of other provisions are put before a person."""

    provisions: Some
    confirmed: Annotated[int, msgspec.Meta(ge=1)]
    within_days: Days
    sustained_days: Days
    sustained_per_day: Annotated[int, msgspec.Meta(ge=1)]


WATCHING = (EscalationTable, ConsultationTable)
"""Those that go over other provisions' alerts."""

REMEMBERING: dict[str, type[RememberingTable]] = {
    "stock_ceiling": StockCeilingTable,
    "quiet_days": QuietDaysTable,
    "schedule": ScheduleTable,
    "return_fire": ReturnFireTable,
    "standing": StandingTable,
    "escalation": EscalationTable,
    "consultation": ConsultationTable,
}
"""Kinds that are judged by many incidents."""
