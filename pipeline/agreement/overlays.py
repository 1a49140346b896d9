"""Overlays: what a provision is under one party's reading.

A reading that has any of the keys below is judged: they take the place of the provision's own. One that has none is
only shown.
"""

from typing import Any, Protocol

from msgspec.structs import fields, replace

from pipeline.agreement import remembering_references as names
from pipeline.agreement.format import ProvisionTable, ReadingTable, Tables, UnjudgedTable
from pipeline.agreement.remembering import WATCHING
from pipeline.model.taxonomy import Activity, Weapon

REPLACED = ("in_force_from", "in_force_until", "zones", "activities", "weapons", "binds", "exceptions")
"""Keys of a reading that take the place of the provision's; beside them stands `holds`."""

_NEVER_EMPTY = ("zones", "activities")


class Checker(names.Checker, Protocol):
    """What the check of a file offers; each adds problems where something does not fit."""

    def interval(self, table: str, index: int | None, key: str, begin: Any, end: Any, item: str) -> None:
        """Whether an interval ends after it begins."""


def replaced(reading: ReadingTable) -> dict[str, Any]:
    """The keys of the provision that a reading replaces, with their values."""
    given = {key: getattr(reading, key) for key in REPLACED}
    return {key: value for key, value in given.items() if value is not None}


def is_judged(reading: ReadingTable) -> bool:
    """Whether a reading says how the provision is to be judged under it."""
    return reading.holds is not None or bool(replaced(reading))


def laid_over(table: ProvisionTable, reading: ReadingTable) -> ProvisionTable | None:
    """The provision under a reading; None where it does not hold under it."""
    return None if reading.holds is False else replace(table, **replaced(reading))


def tables_read_by(tables: Tables, party: str | None) -> Tables:
    """The tables under a party's readings that are judged, or with None by the text alone; they have no readings."""
    own = {one.provision: one for one in tables.readings if one.party == party and is_judged(one)}
    read = [laid_over(table, own[table.id]) if table.id in own else table for table in tables.provisions]
    return replace(tables, provisions=tuple(table for table in read if table is not None), readings=())


def check_overlay(checker: Checker, index: int, reading: ReadingTable) -> None:
    """Adds a problem for each key of a reading that does not fit the provision which it reads."""
    table = next((one for one in checker.tables.provisions if one.id == reading.provision), None)
    if table is None or not is_judged(reading):
        return
    given = replaced(reading)
    if isinstance(table, (UnjudgedTable, *WATCHING)):
        what = f"a provision of kind {table.kind!r} is not judged by incidents, under no reading"
        checker.problems.add("readings", index, _first(reading), what, "leave it to the words of `says`", reading.id)
        return
    if reading.holds is False and given:
        what = f"under this reading the provision does not hold, so that {', '.join(given)} mean nothing"
        checker.problems.add("readings", index, "holds", what, "take them out, or holds", reading.id)
    known = {field.name for field in fields(table)}
    for key in given.keys() - known:
        has = ", ".join(name for name in REPLACED if name in known)
        what = f"a provision of kind {table.kind!r} has no such key"
        checker.problems.add("readings", index, key, what, f"it has {has}", reading.id)
    _check_alone(checker, index, reading)
    _check_values(checker, index, reading, table)


def _first(reading: ReadingTable) -> str:
    return next(iter(replaced(reading)), "holds")


def _check_alone(checker: Checker, index: int, reading: ReadingTable) -> None:
    """One reading of a party is judged, at all times: else it would have two answers."""
    if reading.valid_from is not None or reading.valid_until is not None:
        key = "valid_until" if reading.valid_from is None else "valid_from"
        what = "a reading that is judged speaks of every incident"
        checker.problems.add("readings", index, key, what, "write in_force_from and in_force_until", reading.id)
    for other in checker.tables.readings[:index]:
        if is_judged(other) and (other.party, other.provision) == (reading.party, reading.provision):
            what = f"{other.id!r} of the same party is judged on this provision already"
            checker.problems.add("readings", index, "provision", what, "put their keys together", reading.id)


def _check_values(checker: Checker, index: int, reading: ReadingTable, table: ProvisionTable) -> None:
    given, where = replaced(reading), ("readings", index)
    checker.known(*where, "zones", dict.fromkeys(reading.zones or ()), "zones", reading.id)
    checker.known(*where, "binds", reading.binds or (), "parties", reading.id)
    checker.known(*where, "exceptions", reading.exceptions or (), "exceptions", reading.id)
    checker.terms(*where, "activities", reading.activities or (), Activity, reading.id)
    checker.terms(*where, "weapons", [weapon.type for weapon in reading.weapons or ()], Weapon, reading.id)
    for weapon in reading.weapons or ():
        checker.calibre(*where, weapon, reading.id)
    for key in _NEVER_EMPTY:
        if given.get(key) == ():
            checker.problems.add(*where, key, "is empty", "name at least one, or write holds = false", reading.id)
    if reading.weapons == () and not getattr(table, "troops", True):
        checker.problems.add(*where, "weapons", "neither weapons nor troops", "write holds = false", reading.id)
    header = checker.tables.header
    if reading.in_force_from is not None and reading.in_force_from < header.in_force_from:
        checker.problems.add(*where, "in_force_from", "earlier than the agreement's", "", reading.id)
    begin = reading.in_force_from or table.in_force_from or header.in_force_from
    end = reading.in_force_until or table.in_force_until or header.in_force_until
    key = "in_force_from" if reading.in_force_until is None else "in_force_until"
    if key in given:
        checker.interval(*where, key, begin, end, reading.id)
