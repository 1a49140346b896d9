"""Whether a provision that remembers agrees with the rest of its file."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from pipeline.agreement.clauses import COORDINATION, PRESENCE, STORAGE, VIOLATION
from pipeline.agreement.format import Tables, WeaponTable
from pipeline.agreement.problems import Problems
from pipeline.agreement.remembering import (
    WATCHING,
    ConsultationTable,
    EscalationTable,
    QuietDaysTable,
    RememberingTable,
    ReturnFireTable,
    ScheduleTable,
    Stage,
    StandingTable,
    StockCeilingTable,
)
from pipeline.model.taxonomy import Activity, Weapon


class Checker(Protocol):
    """What the check of a file offers; each adds problems where something does not fit."""

    problems: Problems
    tables: Tables

    def known(self, table: str, index: int, key: str, names: Iterable[str | None], among: str, item: str) -> None:
        """Whether names are among the ids of a list."""

    def terms(self, table: str, index: int, key: str, names: Iterable[str], terms: Any, item: str) -> None:
        """Whether words are of the taxonomy."""

    def calibre(self, table: str, index: int, weapon: WeaponTable, item: str) -> None:
        """Whether bounds of calibre leave any."""


def check_remembering(checker: Checker, index: int, table: RememberingTable) -> None:
    """Adds a problem for each name, term and stage that does not fit."""
    zones: tuple[str, ...] = getattr(table, "zones", ())
    checker.known("provisions", index, "zones", dict.fromkeys(zones), "zones", table.id)
    checker.known("provisions", index, "binds", table.binds, "parties", table.id)
    match table:
        case StockCeilingTable():
            _once(checker, index, table, "limits", [limit.id for limit in table.limits])
            for limit in table.limits:
                _weapons(checker, index, table, limit.weapons)
            if table.ends_after_days is not None and table.ends_after_days < table.seen_for_days:
                what = f"{table.ends_after_days} is less than seen_for_days: {table.seen_for_days}"
                mend = "write at least as many days as a sighting counts"
                checker.problems.add("provisions", index, "ends_after_days", what, mend, table.id)
        case QuietDaysTable() | ReturnFireTable() | StandingTable():
            checker.terms("provisions", index, "activities", table.activities, Activity, table.id)
            _weapons(checker, index, table, getattr(table, "weapons", ()))
        case ScheduleTable():
            _schedule(checker, index, table)
        case EscalationTable() | ConsultationTable():
            checker.known("provisions", index, "provisions", table.provisions, "provisions", table.id)
            for other in checker.tables.provisions:
                if isinstance(other, WATCHING) and other.id in table.provisions:
                    what = f"{other.id!r} watches provisions itself"
                    checker.problems.add("provisions", index, "provisions", what, "take it out", table.id)


def _schedule(checker: Checker, index: int, table: ScheduleTable) -> None:
    names = [stage.id for stage in table.stages]
    _once(checker, index, table, "stages", names)
    for name in sorted({VIOLATION, PRESENCE, COORDINATION, STORAGE}.intersection(names)):
        checker.problems.add("provisions", index, "stages", f"{name!r} cannot be a stage's id", "rename it", table.id)
    checker.known("provisions", index, "storage", table.storage, "zones", table.id)
    for stage in table.stages:
        _stage(checker, index, table, stage)
    _once(checker, index, table, "inventory", [item.serial for item in table.inventory])
    checker.known("provisions", index, "inventory", [item.party for item in table.inventory], "parties", table.id)
    checker.terms("provisions", index, "inventory", [item.weapon for item in table.inventory], Weapon, table.id)
    for item in table.inventory:
        if item.stage not in names:
            what = f"{item.serial!r} names no stage: {item.stage!r}"
            checker.problems.add("provisions", index, "inventory", what, "the stages: " + ", ".join(names), table.id)


def _stage(checker: Checker, index: int, table: ScheduleTable, stage: Stage) -> None:
    checker.known("provisions", index, "stages", stage.zones, "zones", table.id)
    _weapons(checker, index, table, stage.weapons)
    if not stage.weapons and not stage.troops:
        what = f"{stage.id!r} has neither weapons nor troops"
        checker.problems.add("provisions", index, "stages", what, "say what must withdraw", table.id)
    if stage.begin is not None and stage.complete_by <= stage.begin:
        what = f"{stage.id!r} is to be complete by {stage.complete_by}, not after its beginning"
        checker.problems.add("provisions", index, "stages", what, "", table.id)


def _weapons(checker: Checker, index: int, table: RememberingTable, weapons: tuple[WeaponTable, ...]) -> None:
    checker.terms("provisions", index, "weapons", [weapon.type for weapon in weapons], Weapon, table.id)
    for weapon in weapons:
        checker.calibre("provisions", index, weapon, table.id)


def _once(checker: Checker, index: int, table: RememberingTable, key: str, names: list[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            checker.problems.add("provisions", index, key, f"{name!r} stands twice", "rename one of the two", table.id)
