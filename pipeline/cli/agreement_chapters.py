"""All that there is to say of an agreement, in chapters: what its pages are made of."""

from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipeline.agreement import Agreement
from pipeline.agreement.format import (
    AmendmentTable,
    BetweenLinesZoneTable,
    Citation,
    CorridorZoneTable,
    ExceptionTable,
    LineTable,
    MonitoringTable,
    NotEncoded,
    PolygonZoneTable,
    ProvisionTable,
    ReadingTable,
    SeriesTable,
    SeriesZoneTable,
    ZoneTable,
)
from pipeline.agreement.remembering import ScheduleTable
from pipeline.agreement.sentence import sentence
from pipeline.agreement.table import Sourced
from pipeline.agreement.terms import bounds
from pipeline.agreement.texts import in_order, text_at
from pipeline.cli.agreement_dated import series_entries, series_zone
from pipeline.cli.agreement_terms import Standing, standing_at
from pipeline.cli.monitoring_words import monitoring_words
from pipeline.cli.reading_words import changes
from pipeline.cli.words import distance, stamp, zone_name
from pipeline.geometry.earth import GEOD
from pipeline.geometry.line import Line

_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")

Field = tuple[str, str]
"""A label and the words that stand beside it; where there are no words, neither is shown."""


class Entry(NamedTuple):
    """Something with a name, and what is to be said of it.

    Attributes:
        lines: ids of the lines on a map that it is about.
        zones: and those of the zones.
    """

    name: str
    fields: list[Field]
    lines: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


class Chapter(NamedTuple):
    """Entries under a heading; or, of a mere list, one field for each."""

    title: str
    entries: list[Entry]
    listed: bool = False

    @property
    def heading(self) -> str:
        """The title, with how many there are."""
        return f"{self.title} ({len(self.entries)})"


class Chapters:
    """An agreement, chapter by chapter."""

    def __init__(self, agreement: Agreement) -> None:
        self._agreement = agreement
        self._zone: tzinfo = ZoneInfo(agreement.tables.header.timezone)

    def head(self) -> list[Field]:
        """When it is in force, and by which clock."""
        tables, head = self._agreement.tables, self._agreement.tables.header
        fields = [
            ("in force", self._span(head.in_force_from, head.in_force_until)),
            ("clock", f"{head.timezone}; the reporting day ends at {head.day_ends}"),
            ("raised", f"from probability {head.raise_from:g}"),
        ]
        for term in tables.renewals:
            fields += [("renewed", _with_note(f"{self._span(term.begin, term.until)}; {term.source}", term.note))]
        for one in tables.suspensions:
            what = f"{', '.join(one.provisions) or 'everything'}, {self._span(one.begin, one.until)}"
            fields += [("suspended", _with_note(f"{what}; {one.source}", one.note))]
        if tables.renewals:
            last = self._agreement.in_force[1]
            fields.append(("expires", self._time(last) if last else "no end set"))
        return fields

    def chapters(self, at: datetime | None = None) -> list[Chapter]:
        """The rest; chapters without entries are left out.

        Args:
            at: a time for which it is told what is in force.
        """
        tables = self._agreement.tables
        judged = [table for table in tables.provisions if table.id in self._agreement.judged]
        areas = zip(tables.zones, self._agreement.zone_areas_m2, strict=True)
        made = [
            *([] if at is None else [self._standing(at)]),
            Chapter("Amendments", [self._amendment(table) for table in in_order(tables)]),
            _list("Parties", [(party.id, _with_note(party.name, party.note)) for party in tables.parties]),
            Chapter("Lines", [self._line(table) for table in tables.lines]),
            Chapter("Series", [self._series(table) for table in tables.series]),
            Chapter("Zones", [self._zone_entry(table, area) for table, area in areas]),
            Chapter("Provisions that are judged", [self._provision(table) for table in judged]),
            Chapter("Provisions not yet judged", [self._provision(table) for table in self._agreement.unjudged]),
            Chapter("Exceptions", [self._exception(table) for table in tables.exceptions]),
            Chapter("Readings", [self._reading(table) for table in tables.readings]),
            Chapter("Of those who watch", [_rule(table) for table in tables.monitoring]),
            Chapter("Not encoded", [_not_encoded(table) for table in tables.not_encoded]),
            Chapter("Sources", [_citation(table) for table in tables.sources]),
        ]
        return [chapter for chapter in made if chapter.entries]

    def _standing(self, at: datetime) -> Chapter:
        stand = [(one.name or "the agreement", self._stands(one)) for one in standing_at(self._agreement, at)]
        return _list(f"In force on {self._time(at)}, text {text_at(self._agreement.tables, at)}", stand)

    def _reading(self, table: ReadingTable) -> Entry:
        fields = [("says", table.says), ("changes", changes(table, self._time)), *_resting(table)]
        return Entry(f"{table.party} on {table.provision}", fields)

    def _stands(self, one: Standing) -> str:
        if one.in_force:
            return f"in force until {self._time(one.until)}" if one.until else "in force, no end set"
        again = f"in force from {self._time(one.again)}" if one.again else "and not again"
        return f"not in force since {self._time(one.ended)}, {again}" if one.ended else f"not yet: {again}"

    def _line(self, table: LineTable) -> Entry:
        length = distance(self._agreement.lines[table.id].length_m)
        sectors = [sector.name for sector in self._agreement.sectors if sector.line_id == table.id]
        held = table.left is not None or table.right is not None
        fields = [
            ("length", f"{length}, drawn to within {distance(table.accuracy_m)}"),
            ("runs", _course(self._agreement.lines[table.id])),
            ("sides", f"left {table.left or 'nobody'}, right {table.right or 'nobody'}" if held else ""),
            ("status", table.status if table.status != "agreed" else ""),
            ("valid", self._span(table.valid_from, table.valid_until) if table.valid_from or table.valid_until else ""),
            ("sectors", ", ".join(sectors)),
            *_resting(table),
        ]
        return Entry(f"{table.id}: {table.title}", fields, lines=(table.id,))

    def _series(self, table: SeriesTable) -> Entry:
        return Entry(f"{table.id}: {table.title}", [*series_entries(self._agreement, table), *_resting(table)])

    def _zone_entry(self, table: ZoneTable, area_m2: float) -> Entry:
        fields = [
            ("where", _where(table)),
            ("area", ("by the latest shape " if isinstance(table, SeriesZoneTable) else "") + _km2(area_m2)),
            ("obligation", f"of {table.party}" if table.party else ""),
            *_resting(table),
        ]
        return Entry(f"{table.id}: {table.title}", fields, zones=(table.id,))

    def _provision(self, table: ProvisionTable) -> Entry:
        readings = [reading.id for reading in self._agreement.readings if reading.provision == table.id]
        tables = self._agreement.tables
        narrowed = bounds(tables, table)
        in_force = self._span(*narrowed) if any(narrowed) else ""
        zones, lines = zones_of(table), getattr(table, "lines", ())
        fields = [
            ("article", table.article),
            ("says", sentence(tables, table)),
            ("zones", ", ".join(zones)),
            ("lines", ", ".join(lines)),
            ("severity", table.severity.value),
            ("added by", table.added_by or ""),
            ("ended by", table.ended_by or ""),
            ("in force", in_force),
            ("exceptions", ", ".join(table.exceptions)),
            ("params", _told(getattr(table, "params", {}))),
            ("readings", ", ".join(readings)),
            *_resting(table),
        ]
        return Entry(f"{table.id}: {table.title}", fields, lines, zones)

    def _amendment(self, table: AmendmentTable) -> Entry:
        named = self._agreement.tables.provisions
        fields = [
            ("in force", self._span(table.begin, None)),
            ("adds", ", ".join(one.id for one in named if one.added_by == table.id)),
            ("ends", ", ".join(one.id for one in named if one.ended_by == table.id)),
            *_resting(table),
        ]
        return Entry(f"{table.id}: {table.title}", fields)

    def _exception(self, table: ExceptionTable) -> Entry:
        notices = [
            (f"notice {notice.reference}", f"{self._span(notice.begin, notice.until)}, {notice.zone or 'everywhere'}")
            for notice in table.notices
        ]
        fields = [
            ("article", table.article),
            ("suspends", f"{', '.join(table.activities) or 'everything'}, where {_KINDS[table.kind]}"),
            *notices,
            ("notices", _from_reports(table)),
            *(("window", self._span(span.begin, span.until)) for span in table.windows),
            *_resting(table),
        ]
        return Entry(f"{table.id}: {table.title}", fields)

    def _span(self, begin: datetime | None, until: datetime | None) -> str:
        first = f"from {self._time(begin)}" if begin else ""
        last = f"until {self._time(until)}" if until else "no end set"
        return " ".join(part for part in (first, last if until else f"({last})") if part)

    def _time(self, time: datetime) -> str:
        local = f"{stamp(time.astimezone(self._zone))} {zone_name(self._zone)}"
        return f"{stamp(time.astimezone(UTC))} UTC ({local})"


_KINDS = {"notified": "a notice covers time and place", "time_window": "the time is within a window"}


def _list(title: str, fields: list[Field]) -> Chapter:
    return Chapter(title, [Entry(name, [("", words)]) for name, words in fields], listed=True)


def _not_encoded(table: NotEncoded) -> Entry:
    return Entry(table.clause, [("says", table.says), ("why", table.why)])


def _citation(table: Citation) -> Entry:
    return Entry(table.id, [("title", table.title), ("where", table.where), ("confidence", table.confidence)])


def zones_of(table: ProvisionTable) -> tuple[str, ...]:
    """The zones that a provision is about; of a schedule those of its stages."""
    stages = table.stages if isinstance(table, ScheduleTable) else ()
    named: tuple[str, ...] = getattr(table, "zones", ())
    return tuple(dict.fromkeys([*named, *(zone for stage in stages for zone in stage.zones)]))


def _with_note(words: str, note: str) -> str:
    return f"{words}. {note}" if note else words


def _resting(table: Sourced) -> list[Field]:
    """What an entry's numbers rest on."""
    return [("source", f"{table.source}, confidence {table.confidence}"), ("note", table.note)]


def _told(params: dict[str, object]) -> str:
    """A free table, on one line."""
    return ", ".join(f"{name} {value}" for name, value in params.items())


def _course(line: Line) -> str:
    """Where a line begins and which way it goes on the whole, so that left and right can be held against a map."""
    begin = f"from {line.lon[0]:.3f}, {line.lat[0]:.3f} (longitude, latitude)"
    azimuth, _, length_m = GEOD.inv(line.lon[0], line.lat[0], line.lon[-1], line.lat[-1])
    if length_m < 1:
        return f"{begin} round to itself"
    octant = round(azimuth / 45)
    ahead, left, right = (_COMPASS[(octant + turn) % 8] for turn in (0, -2, 2))
    return f"{begin} {ahead} on the whole: left is {left}, right is {right}"


def _km2(area_m2: float) -> str:
    return f"{area_m2 / 1e6:,.1f} km²" if area_m2 < 1e8 else f"{area_m2 / 1e6:,.0f} km²"


def _where(table: ZoneTable) -> str:
    if isinstance(table, PolygonZoneTable):
        return f"drawn in {table.file}" if table.file else f"the areas {', '.join(table.area_ids)}"
    if isinstance(table, SeriesZoneTable):
        return series_zone(table)
    if isinstance(table, BetweenLinesZoneTable):
        return f"between {table.lines[0]} and {table.lines[1]}"
    ends = [end if isinstance(end, str) else distance(end) for end in table.between or ()]
    stretch = f", between {' and '.join(ends)}" if ends else ""
    if isinstance(table, CorridorZoneTable):
        return f"within {distance(table.within_m)} of {table.line}{stretch}"
    side = "on both sides of" if table.side == "both" else f"{table.side} of"
    return f"{distance(table.from_m)} to {distance(table.to_m)} {side} {table.line}{stretch}"


def _from_reports(table: ExceptionTable) -> str:
    if not table.from_reports:
        return ""
    before = f" {table.notice_hours:g} hours or more" if table.notice_hours else ""
    return f"from reports of a notification, published{before} before it begins"


def _rule(table: MonitoringTable) -> Entry:
    fields = [
        ("article", table.article),
        ("asks", monitoring_words(table)),
        *_resting(table),
    ]
    return Entry(f"{table.id}: {table.title}", fields)
