"""One agreement as a page of text."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from pipeline.agreement import Agreement
from pipeline.agreement.format import (
    BetweenLinesZoneTable,
    CorridorZoneTable,
    CrossingTable,
    ExceptionTable,
    FlightTable,
    LineTable,
    MonitoringTable,
    PolygonZoneTable,
    ProhibitedActivityTable,
    ProvisionTable,
    SeriesTable,
    SeriesZoneTable,
    Sourced,
    StayTable,
    UnjudgedTable,
    WeaponTable,
    WithdrawalTable,
    ZoneTable,
)
from pipeline.cli.agreement_dated import series_entries, series_zone
from pipeline.cli.agreement_terms import Standing, standing_at
from pipeline.cli.monitoring_words import monitoring_words
from pipeline.cli.reading_words import changes, weapon
from pipeline.cli.remembering_words import remembers
from pipeline.cli.words import distance, safe, stamp, zone_name

_LABEL = 12
_INDENT = 4

Entry = tuple[str, str]

_wrap = partial(textwrap.wrap, break_on_hyphens=False, break_long_words=False)


def page(agreement: Agreement, width: int, at: datetime | None = None) -> Iterator[str]:
    """The page, line by line; no line is longer than `width` unless a word is.

    Args:
        at: a time for which it is told what is in force.
    """
    return _Page(agreement, width).lines(at)


class _Page:
    def __init__(self, agreement: Agreement, width: int) -> None:
        self._agreement, self._width = agreement, width
        self._zone: tzinfo = ZoneInfo(agreement.tables.header.timezone)

    def lines(self, at: datetime | None) -> Iterator[str]:
        tables, judged = self._agreement.tables, self._agreement.judged
        yield from self._head()
        yield from self._terms()
        if at is not None:
            stand = [(one.name or "the agreement", self._stands(one)) for one in standing_at(self._agreement, at)]
            yield from self._list(f"In force on {self._time(at)}", stand)
        yield from self._list("Parties", [(party.id, _with_note(party.name, party.note)) for party in tables.parties])
        yield from self._chapter("Lines", [self._line(table) for table in tables.lines])
        yield from self._chapter("Series", [self._series(table) for table in tables.series])
        areas = zip(tables.zones, self._agreement.zone_areas_m2, strict=True)
        yield from self._chapter("Zones", [self._zone_entry(table, area) for table, area in areas])
        provisions = [table for table in tables.provisions if table.id in judged]
        yield from self._chapter("Provisions that are judged", [self._provision(table) for table in provisions])
        yield from self._chapter(
            "Provisions not yet judged", [self._provision(table) for table in self._agreement.unjudged]
        )
        yield from self._chapter("Exceptions", [self._exception(table) for table in tables.exceptions])
        yield from self._chapter(
            "Readings",
            [
                (
                    f"{table.party} on {table.provision}",
                    [("says", table.says), ("changes", changes(table, self._time)), *_resting(table)],
                )
                for table in tables.readings
            ],
        )
        yield from self._chapter("Of those who watch", [_rule(table) for table in tables.monitoring])
        yield from self._chapter(
            "Not encoded",
            [(table.clause, [("says", table.says), ("why", table.why)]) for table in tables.not_encoded],
        )
        yield from self._chapter(
            "Sources",
            [
                (table.id, [("title", table.title), ("where", table.where), ("confidence", table.confidence)])
                for table in tables.sources
            ],
        )

    def _head(self) -> Iterator[str]:
        head = self._agreement.tables.header
        yield f"{head.name}, version {head.version}"
        yield from _wrap(safe(head.title), self._width)
        if head.hypothetical:
            yield "HYPOTHETICAL: nobody has signed this."
        yield ""
        yield from _wrap(safe(head.summary), self._width)
        yield ""
        yield from self._field("in force", self._span(head.in_force_from, head.in_force_until))
        yield from self._field("clock", f"{head.timezone}; the reporting day ends at {head.day_ends}")
        yield from self._field("raised", f"from probability {head.raise_from:g}")

    def _terms(self) -> Iterator[str]:
        tables = self._agreement.tables
        for term in tables.renewals:
            yield from self._field(
                "renewed", _with_note(f"{self._span(term.begin, term.until)}; {term.source}", term.note)
            )
        for one in tables.suspensions:
            what = ", ".join(one.provisions) or "everything"
            span = self._span(one.begin, one.until)
            yield from self._field("suspended", _with_note(f"{what}, {span}; {one.source}", one.note))
        if tables.renewals:
            last = self._agreement.in_force[1]
            yield from self._field("expires", self._time(last) if last else "no end set")

    def _stands(self, one: Standing) -> str:
        if one.in_force:
            return f"in force until {self._time(one.until)}" if one.until else "in force, no end set"
        again = f"in force from {self._time(one.again)}" if one.again else "and not again"
        return f"not in force since {self._time(one.ended)}, {again}" if one.ended else f"not yet: {again}"

    def _line(self, table: LineTable) -> tuple[str, list[Entry]]:
        length = distance(self._agreement.lines[table.id].length_m)
        sectors = [sector.name for sector in self._agreement.sectors if sector.line_id == table.id]
        held = table.left is not None or table.right is not None
        return f"{table.id}: {table.title}", [
            ("length", f"{length}, drawn to within {distance(table.accuracy_m)}"),
            ("sides", f"left {table.left or 'nobody'}, right {table.right or 'nobody'}" if held else ""),
            ("valid", self._span(table.valid_from, table.valid_until) if table.valid_from or table.valid_until else ""),
            ("sectors", ", ".join(sectors)),
            *_resting(table),
        ]

    def _series(self, table: SeriesTable) -> tuple[str, list[Entry]]:
        return f"{table.id}: {table.title}", [*series_entries(self._agreement, table), *_resting(table)]

    def _zone_entry(self, table: ZoneTable, area_m2: float) -> tuple[str, list[Entry]]:
        return f"{table.id}: {table.title}", [
            ("where", _where(table)),
            ("area", ("by the latest shape " if isinstance(table, SeriesZoneTable) else "") + _km2(area_m2)),
            ("binds", table.party or ""),
            *_resting(table),
        ]

    def _provision(self, table: ProvisionTable) -> tuple[str, list[Entry]]:
        readings = [reading.id for reading in self._agreement.readings if reading.provision == table.id]
        in_force = (
            self._span(table.in_force_from, table.in_force_until) if table.in_force_from or table.in_force_until else ""
        )
        zones = getattr(table, "zones", ())
        return f"{table.id}: {table.title}", [
            ("article", table.article),
            ("asks", asks(table)),
            ("zones", ", ".join(zones)),
            ("lines", ", ".join(getattr(table, "lines", ()))),
            ("inside", _stay(table)),
            *remembers(table),
            ("binds", ", ".join(getattr(table, "binds", ()))),
            ("severity", table.severity.value),
            ("in force", in_force),
            ("exceptions", ", ".join(table.exceptions)),
            ("readings", ", ".join(readings)),
            *_resting(table),
        ]

    def _exception(self, table: ExceptionTable) -> tuple[str, list[Entry]]:
        notices = [
            (f"notice {notice.reference}", f"{self._span(notice.begin, notice.until)}, {notice.zone or 'everywhere'}")
            for notice in table.notices
        ]
        return f"{table.id}: {table.title}", [
            ("article", table.article),
            ("suspends", f"{', '.join(table.activities) or 'everything'}, where {_KINDS[table.kind]}"),
            *notices,
            ("notices", _from_reports(table)),
            *(("window", self._span(span.begin, span.until)) for span in table.windows),
            *_resting(table),
        ]

    def _span(self, begin: datetime | None, until: datetime | None) -> str:
        first = f"from {self._time(begin)}" if begin else ""
        last = f"until {self._time(until)}" if until else "no end set"
        return " ".join(part for part in (first, last if until else f"({last})") if part)

    def _time(self, time: datetime) -> str:
        local = f"{stamp(time.astimezone(self._zone))} {zone_name(self._zone)}"
        return f"{stamp(time.astimezone(UTC))} UTC ({local})"

    def _chapter(self, title: str, entries: Sequence[tuple[str, list[Entry]]]) -> Iterator[str]:
        if not entries:
            return
        yield from ("", f"{title} ({len(entries)})", "")
        for name, fields in entries:
            yield from _wrap(safe(name), self._width, initial_indent="  ", subsequent_indent=" " * _INDENT)
            for label, words in fields:
                yield from self._field(label, words)

    def _list(self, title: str, entries: Sequence[Entry]) -> Iterator[str]:
        yield from ("", f"{title} ({len(entries)})", "")
        for label, words in entries:
            yield from self._field(label, words)

    def _field(self, label: str, words: str) -> Iterator[str]:
        if words:
            yield from _wrap(
                safe(words),
                self._width,
                initial_indent=f"{'':{_INDENT}}{label:<{_LABEL}}{'' if len(label) < _LABEL else '  '}",
                subsequent_indent=" " * (_INDENT + _LABEL),
            )


_KINDS = {"notified": "a notice covers time and place", "time_window": "the time is within a window"}


def _with_note(words: str, note: str) -> str:
    return f"{words}. {note}" if note else words


def _resting(table: Sourced) -> list[Entry]:
    """What an entry's numbers rest on."""
    return [("source", f"{table.source}, confidence {table.confidence}"), ("note", table.note)]


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


def asks(table: ProvisionTable) -> str:
    """What the clause asks, in one sentence."""
    if isinstance(table, ProhibitedActivityTable):
        armed = f" with {_weapons(table.weapons)}" if table.weapons else ""
        return f"no {', '.join(table.activities)}{armed}"
    if isinstance(table, WithdrawalTable):
        kept = [_weapons(table.weapons)] if table.weapons else []
        return f"no {' and no '.join([*kept, *(['troops of any kind'] if table.troops else [])])} here"
    if isinstance(table, FlightTable):
        but = f", but those of {', '.join(table.except_operators)}" if table.except_operators else ""
        return f"no flight of {', '.join(table.objects)}{but}"
    if isinstance(table, CrossingTable):
        way = "either way" if table.direction == "both" else f"from {table.direction.replace('_to_', ' to ')}"
        but = f", but those of {', '.join(table.except_operators)}" if table.except_operators else ""
        return f"no crossing {way} by {', '.join(table.objects) or 'anything'} ({', '.join(table.activities)}){but}"
    if isinstance(table, UnjudgedTable) and table.params:
        params = ", ".join(f"{name} = {value}" for name, value in table.params.items())
        return f"{table.kind}: {params}"
    return table.kind.replace("_", " ")


def _from_reports(table: ExceptionTable) -> str:
    if not table.from_reports:
        return ""
    before = f" {table.notice_hours:g} hours or more" if table.notice_hours else ""
    return f"from reports of a notification, published{before} before it begins"


def _rule(table: MonitoringTable) -> tuple[str, list[Entry]]:
    return f"{table.id}: {table.title}", [
        ("article", table.article),
        ("asks", monitoring_words(table)),
        *_resting(table),
    ]


def _stay(table: ProvisionTable) -> str:
    """From when on a track counts as inside."""
    if not isinstance(table, StayTable):
        return ""
    after = [f"after {table.dwell_minutes:g} min without leaving"] if table.dwell_minutes else []
    beyond = [f"in and out from {distance(table.hysteresis_m)} beyond the edge"] if table.hysteresis_m else []
    return "; ".join([*after, *beyond])


def _weapons(weapons: Sequence[WeaponTable]) -> str:
    return ", ".join(map(weapon, weapons))
