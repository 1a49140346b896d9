"""An agreement, compiled: what the monitor judges by."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import msgspec

from pipeline.agreement.clauses import NOTICE, Clause
from pipeline.agreement.days import ReportingDays
from pipeline.agreement.format import (
    LineTable,
    MonitoringTable,
    NotEncoded,
    Party,
    ReadingTable,
    SeriesTable,
    SeriesZoneTable,
    Tables,
    UnjudgedTable,
)
from pipeline.agreement.remembering import RememberingTable
from pipeline.agreement.series import Series
from pipeline.agreement.terms import terms
from pipeline.geometry.earth import Geometry
from pipeline.geometry.line import Line
from pipeline.geometry.zones import Zone, zone_area_m2


class Sector(msgspec.Struct, frozen=True):
    """A named stretch of a line, in metres of chainage."""

    sector_id: str
    name: str
    line_id: str
    from_m: float
    to_m: float


class Agreement(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An agreement ready to judge by.

    Attributes:
        tables: the file as it was read, for showing.
        lines: compiled lines by id.
        series: compiled series by id.
        zones: compiled zones, in the file's order.
        clauses: what its provisions ask of an incident, in the file's order.
        areas: outlines by `area_id`, for footprints that name an area.
        fingerprint: a hash of the file and its geometry: another one means that everything is judged anew.
    """

    tables: Tables
    lines: Mapping[str, Line]
    zones: tuple[Zone, ...]
    clauses: tuple[Clause, ...]
    sectors: tuple[Sector, ...]
    marker_chainages_m: Mapping[str, Mapping[str, float]]
    areas: Mapping[str, Geometry]
    fingerprint: str
    series: Mapping[str, Series] = {}

    def __repr__(self) -> str:
        return f"<Agreement {self.name}, version {self.version}>"

    @property
    def name(self) -> str:
        """The agreement's name."""
        return self.tables.header.name

    @property
    def version(self) -> str:
        """The version of its data."""
        return self.tables.header.version

    @property
    def raise_from(self) -> float:
        """The probability from which an alert is raised."""
        return self.tables.header.raise_from

    @property
    def parties(self) -> tuple[Party, ...]:
        """The parties, and others whom it names."""
        return self.tables.parties

    @property
    def in_force(self) -> tuple[datetime, datetime | None]:
        """From its first moment until the end of its last term, which may be open; there may be gaps between."""
        spans = terms(self.tables)
        return spans[0][0], spans[-1][1]

    @cached_property
    def judged(self) -> frozenset[str]:
        """The ids of the provisions that are judged, by one incident or by many."""
        return frozenset(table.id for table in self.tables.provisions if not isinstance(table, UnjudgedTable))

    @property
    def unjudged(self) -> tuple[UnjudgedTable, ...]:
        """Provisions that are parsed and shown, and not yet judged."""
        return tuple(table for table in self.tables.provisions if isinstance(table, UnjudgedTable))

    @property
    def remembering(self) -> tuple[RememberingTable, ...]:
        """Provisions that are judged by many incidents."""
        return tuple(table for table in self.tables.provisions if isinstance(table, RememberingTable))

    @cached_property
    def notified(self) -> frozenset[str]:
        """Provisions of which an exception takes its notices from reports."""
        return frozenset(clause.provision_id for clause in self.clauses if clause.role == NOTICE)

    @cached_property
    def days(self) -> ReportingDays:
        """Its reporting days."""
        return ReportingDays(self.tables.header.timezone, self.tables.header.day_ends)

    @cached_property
    def read_by_party(self) -> dict[str | None, "Agreement"]:
        """As parties read it, as far as was asked (`pipeline.agreement.readings`)."""
        return {}

    @property
    def readings(self) -> tuple[ReadingTable, ...]:
        """The parties' interpretations."""
        return self.tables.readings

    @property
    def monitoring(self) -> tuple[MonitoringTable, ...]:
        """What it asks of those who watch."""
        return self.tables.monitoring

    @property
    def not_encoded(self) -> tuple[NotEncoded, ...]:
        """Clauses that are not in the data, and why."""
        return self.tables.not_encoded

    def line_table(self, line_id: str) -> LineTable:
        """A line as the file describes it."""
        return next(table for table in self.tables.lines if table.id == line_id)

    def series_table(self, zone: int) -> SeriesTable | None:
        """The series by which a zone goes, as the file describes it; None where it goes by none."""
        table = self.tables.zones[zone]
        if not isinstance(table, SeriesZoneTable):
            return None
        return next(one for one in self.tables.series if one.id == table.series)

    @cached_property
    def is_dated(self) -> bool:
        """Whether any zone's shape changes with time."""
        return any(isinstance(table, SeriesZoneTable) for table in self.tables.zones)

    @cached_property
    def zone_areas_m2(self) -> tuple[float, ...]:
        """The zones' areas, in their order; of one that is dated that of its latest shape."""
        return tuple(zone_area_m2(zone) for zone in self.zones)
