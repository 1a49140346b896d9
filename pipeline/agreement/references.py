"""Whether the tables of a file agree with each other: names, terms, intervals."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.agreement.amendment_references import check_amendment, check_texts
from pipeline.agreement.format import (
    BetweenLinesZoneTable,
    CrossingTable,
    ExceptionTable,
    FlightTable,
    LineTable,
    OffsetZoneTable,
    PolygonZoneTable,
    ProhibitedActivityTable,
    ProvisionTable,
    SeriesZoneTable,
    StayTable,
    Tables,
    UnjudgedTable,
    WeaponTable,
    WithdrawalTable,
    ZoneTable,
)
from pipeline.agreement.monitoring_references import check_monitoring
from pipeline.agreement.motion_references import check_crossing, check_stay
from pipeline.agreement.notice_references import check_notices
from pipeline.agreement.overlays import check_overlay
from pipeline.agreement.problems import Problems
from pipeline.agreement.remembering import RememberingTable
from pipeline.agreement.remembering_references import check_remembering
from pipeline.agreement.term_references import check_terms
from pipeline.agreement.terms import bounds, terms
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.model.term import members

_NAMED = (
    "sources",
    "parties",
    "lines",
    "series",
    "zones",
    "provisions",
    "amendments",
    "exceptions",
    "readings",
    "monitoring",
)
"""Tables each of which has an id that is unique among its own."""


def check_references(tables: Tables, problems: Problems) -> None:
    """Adds a problem for each name that stands for nothing, each term that is none, each interval that ends early."""
    checker = _Checker(tables, problems)
    checker.head()
    for index, line in enumerate(tables.lines):
        checker.line(index, line)
    for index, series in enumerate(tables.series):
        checker.sourced("series", index, series)
    for index, zone in enumerate(tables.zones):
        checker.zone(index, zone)
    for index, provision in enumerate(tables.provisions):
        checker.provision(index, provision)
    for index, amendment in enumerate(tables.amendments):
        checker.sourced("amendments", index, amendment)
        check_amendment(checker, index, amendment)
    for index, exception in enumerate(tables.exceptions):
        checker.exception(index, exception)
    check_terms(checker, tables, problems)
    for index, reading in enumerate(tables.readings):
        checker.sourced("readings", index, reading)
        checker.known("readings", index, "party", [reading.party], "parties", reading.id)
        checker.known("readings", index, "provision", [reading.provision], "provisions", reading.id)
        checker.interval("readings", index, "valid_until", reading.valid_from, reading.valid_until, reading.id)
        check_overlay(checker, index, reading)
    for index, rule in enumerate(tables.monitoring):
        check_monitoring(checker, index, rule)


class _Checker:
    def __init__(self, tables: Tables, problems: Problems) -> None:
        self.tables, self.problems = tables, problems
        self._weapons = {word for term in Weapon for word in (term.value, term.group)}
        self.ids = tables.ids

    def head(self) -> None:
        header = self.tables.header
        try:
            ZoneInfo(header.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            self.problems.add(
                "", None, "timezone", f"{header.timezone!r} is no IANA time zone", "write one such as 'Europe/Kyiv'"
            )
        self.interval("", None, "in_force_until", header.in_force_from, header.in_force_until, "")
        for name in _NAMED:
            counted = Counter(item.id for item in getattr(self.tables, name))
            for index, item in enumerate(getattr(self.tables, name)):
                if counted[item.id] > 1:
                    self.problems.add(name, index, "id", f"{item.id!r} stands twice", "rename one of the two", item.id)

    def sourced(self, table: str, index: int, item: Any) -> None:
        self.known(table, index, "source", [item.source], "sources", item.id)

    def known(self, table: str, index: int, key: str, names: Iterable[str | None], among: str, item: str) -> None:
        for name in names:
            if name is not None and name not in self.ids[among]:
                there = ", ".join(sorted(self.ids[among])) or "none"
                self.problems.add(
                    table, index, key, f"{name!r} is not among the {among}", f"the file defines: {there}", item
                )

    def interval(
        self, table: str, index: int | None, key: str, begin: datetime | None, end: datetime | None, item: str
    ) -> None:
        if begin is not None and end is not None and end <= begin:
            self.problems.add(table, index, key, f"{end} is not after {begin}", "", item)

    def terms(
        self, table: str, index: int, key: str, names: Iterable[str], terms: type[Activity] | type[Weapon], item: str
    ) -> None:
        for name in names:
            try:
                members(name, terms)
            except ValueError as error:
                self.problems.add(table, index, key, str(error), _choices(name, terms), item)

    def line(self, index: int, line: LineTable) -> None:
        self.sourced("lines", index, line)
        self.known("lines", index, "left", [line.left], "parties", line.id)
        self.known("lines", index, "right", [line.right], "parties", line.id)
        self.interval("lines", index, "valid_until", line.valid_from, line.valid_until, line.id)
        if line.left is not None and line.left == line.right:
            self.problems.add("lines", index, "right", f"{line.right!r} is on both sides", "", line.id)
        for marker_id, times in Counter(marker.id for marker in line.markers).items():
            if times > 1 or marker_id in ("start", "end"):
                self.problems.add("lines", index, "", f"marker {marker_id!r} stands twice", "rename one", line.id)
        self.known("lines", index, "", [marker.source or None for marker in line.markers], "sources", line.id)
        markers = {marker.id for marker in line.markers} | {"start", "end"}
        for sector in line.sectors:
            for end in (sector.begin, sector.end):
                if end not in markers:
                    self.problems.add(
                        "lines", index, "", f"sector {sector.id!r} names no marker of the line: {end!r}", "", line.id
                    )

    def zone(self, index: int, zone: ZoneTable) -> None:
        self.sourced("zones", index, zone)
        self.known("zones", index, "party", [zone.party], "parties", zone.id)
        if isinstance(zone, PolygonZoneTable):
            if bool(zone.file) == bool(zone.area_ids):
                self.problems.add("zones", index, "", "a polygon zone has a file or area_ids: just one", "", zone.id)
            return
        if isinstance(zone, SeriesZoneTable):
            self.known("zones", index, "series", [zone.series], "series", zone.id)
            return
        if isinstance(zone, BetweenLinesZoneTable):
            self.known("zones", index, "lines", dict.fromkeys(zone.lines), "lines", zone.id)
            if zone.lines[0] == zone.lines[1]:
                self.problems.add("zones", index, "lines", f"{zone.lines[0]!r} stands twice", "name two lines", zone.id)
            return
        self.known("zones", index, "line", [zone.line], "lines", zone.id)
        if isinstance(zone, OffsetZoneTable) and zone.to_m <= zone.from_m:
            self.problems.add("zones", index, "to_m", f"{zone.to_m} is not greater than {zone.from_m}", "", zone.id)

    def provision(self, index: int, table: ProvisionTable) -> None:
        where = ("provisions", index)
        self.sourced(*where, table)
        self.known(*where, "exceptions", table.exceptions, "exceptions", table.id)
        check_texts(self, index, table)
        self.in_force(index, table)
        if isinstance(table, ProhibitedActivityTable | WithdrawalTable | FlightTable | UnjudgedTable):
            self.known(*where, "zones", table.zones, "zones", table.id)
            self.known(*where, "binds", table.binds, "parties", table.id)
        if isinstance(table, ProhibitedActivityTable | WithdrawalTable | FlightTable) and not table.zones:
            self.problems.add(*where, "zones", "no zone", "name at least one", table.id)
        self.apart(index, table)
        if isinstance(table, ProhibitedActivityTable):
            self.terms(*where, "activities", table.activities, Activity, table.id)
        if isinstance(table, FlightTable):
            self.terms(*where, "objects", table.objects, Weapon, table.id)
            self.aircraft(index, table)
            self.known(*where, "except_operators", table.except_operators, "parties", table.id)
        if isinstance(table, WithdrawalTable) and not table.weapons and not table.troops:
            self.problems.add(*where, "weapons", "neither weapons nor troops", "say what must withdraw", table.id)
        if isinstance(table, ProhibitedActivityTable | WithdrawalTable):
            self.terms(*where, "weapons", [weapon.type for weapon in table.weapons], Weapon, table.id)
            for weapon in table.weapons:
                self.calibre(*where, weapon, table.id)

    def apart(self, index: int, table: ProvisionTable) -> None:
        """What provisions that remember, and those about what moves, ask for."""
        if isinstance(table, RememberingTable):
            check_remembering(self, index, table)
        if isinstance(table, CrossingTable):
            check_crossing(self, index, table)
        if isinstance(table, StayTable):
            check_stay(self, index, table, self.tables.zones)

    def in_force(self, index: int, table: ProvisionTable) -> None:
        header = self.tables.header
        narrowed = bounds(self.tables, table)
        if narrowed == (None, None):
            return
        begin, until = narrowed[0] or header.in_force_from, narrowed[1] or header.in_force_until
        self.interval("provisions", index, "in_force_until", begin, until, table.id)
        if begin < header.in_force_from:
            self.problems.add("provisions", index, "in_force_from", "earlier than the agreement's", "", table.id)
        end = terms(self.tables)[-1][1]
        if end is not None and until is not None and until > end:
            self.problems.add("provisions", index, "in_force_until", "later than the agreement's", "", table.id)

    def calibre(self, table: str, index: int, weapon: WeaponTable, item: str) -> None:
        low = max(weapon.calibre_min_mm or 0.0, weapon.calibre_above_mm or 0.0)
        highs = [bound for bound in (weapon.calibre_max_mm, weapon.calibre_below_mm) if bound is not None]
        if highs and (min(highs) < low or not self._some_calibre(weapon, low, min(highs))):
            self.problems.add(table, index, "weapons", f"{weapon.type}: no calibre is within the bounds", "", item)

    @staticmethod
    def _some_calibre(weapon: WeaponTable, low: float, high: float) -> bool:
        return low < high or (weapon.calibre_above_mm != low and weapon.calibre_below_mm != high)

    def aircraft(self, index: int, table: FlightTable) -> None:
        flying = members("aircraft", Weapon)
        for name in table.objects:
            if name in self._weapons and not members(name, Weapon) <= flying:
                mend = "use the group 'aircraft' or one of " + ", ".join(sorted(flying))
                self.problems.add("provisions", index, "objects", f"{name!r} does not fly", mend, table.id)

    def exception(self, index: int, table: ExceptionTable) -> None:
        where = ("exceptions", index)
        self.sourced(*where, table)
        self.terms(*where, "activities", table.activities, Activity, table.id)
        self.known(*where, "notices", [notice.zone for notice in table.notices], "zones", table.id)
        for notice in table.notices:
            self.interval(*where, "notices", notice.begin, notice.until, table.id)
        for window in table.windows:
            self.interval(*where, "windows", window.begin, window.until, table.id)
        if table.kind == "time_window" and not table.windows:
            self.problems.add(*where, "windows", "no window", "give at least one with from and until", table.id)
        check_notices(self, index, table)
        if table.kind == "notified" and table.windows:
            self.problems.add(*where, "windows", "a notified exception has notices", "use kind 'time_window'", table.id)


def _choices(name: str, terms: type[Activity] | type[Weapon]) -> str:
    """What may be meant by a word that is no term: those with it in their name or meaning, and the groups."""
    word = name.lower()
    near = sorted(term.value for term in terms if word and (word in term.value or word in term.meaning.lower()))
    meant = f"do you mean {', '.join(near)}? " if near else ""
    return f"{meant}groups: {', '.join(sorted({term.group for term in terms}))}; all terms: docs/taxonomy.md"
