"""Zones in words: what a clause's zones are together, from their own numbers."""

from collections.abc import Sequence

from msgspec.structs import replace

from pipeline.agreement.format import (
    BetweenLinesZoneTable,
    CorridorZoneTable,
    LineTable,
    OffsetZoneTable,
    SeriesZoneTable,
    Tables,
    ZoneTable,
)
from pipeline.agreement.phrases import length


def where(tables: Tables, zones: Sequence[str]) -> str:
    """The union of zones, such as "within 5 km of the river on both sides"."""
    named = [table for table in tables.zones if table.id in zones]
    return "; or ".join(_zone(tables, table) for table in _on_both_sides(named))


def party_name(tables: Tables, party: str) -> str:
    """What a sentence calls a party; its id where the file has no name for it."""
    return next((one.called or " ".join(one.name.split()) for one in tables.parties if one.id == party), party)


def line_name(tables: Tables, line: str) -> str:
    """What a sentence calls a line; where nothing is given its title, without what follows a colon."""
    table = _line(tables, line)
    return table.called or table.title.partition(":")[0].strip()


def _line(tables: Tables, line: str) -> LineTable:
    return next(one for one in tables.lines if one.id == line)


def _on_both_sides(named: Sequence[ZoneTable]) -> list[ZoneTable]:
    """Zones of which two that mirror each other are told as one."""
    told: list[ZoneTable] = []
    for table in named:
        if isinstance(table, OffsetZoneTable) and table.side != "both":
            other = next((one for one in told if isinstance(one, OffsetZoneTable) and _mirrored(one, table)), None)
            if other is not None:
                told[told.index(other)] = replace(other, side="both")
                continue
        told.append(table)
    return told


def _mirrored(one: OffsetZoneTable, other: OffsetZoneTable) -> bool:
    same = (one.line, one.from_m, one.to_m, one.between) == (other.line, other.from_m, other.to_m, other.between)
    return same and {one.side, other.side} == {"left", "right"}


def _zone(tables: Tables, table: ZoneTable) -> str:
    match table:
        case OffsetZoneTable():
            name = line_name(tables, table.line)
            reach = (
                f"{length(table.from_m)} to {length(table.to_m)} from {name}"
                if table.from_m
                else f"within {length(table.to_m)} of {name}"
            )
            return f"{reach} {_side(tables, table)}{_stretch(tables, table.line, table.between)}"
        case CorridorZoneTable():
            name = line_name(tables, table.line)
            return f"within {length(table.within_m)} of {name}{_stretch(tables, table.line, table.between)}"
        case BetweenLinesZoneTable():
            return f"between {line_name(tables, table.lines[0])} and {line_name(tables, table.lines[1])}"
        case SeriesZoneTable():
            series = next(one for one in tables.series if one.id == table.series)
            name = series.called or f"“{series.title}”"
            if table.within_m is None:
                return f"within that day's shape of {name}"
            side = "" if table.side in (None, "both") else f", {table.side} of it"
            return f"within {length(table.within_m)} of that day's edge of {name}{side}"
        case _:
            return f"in {table.called or f'the zone “{table.title}”'}"


def _side(tables: Tables, table: OffsetZoneTable) -> str:
    if table.side == "both":
        return "on both sides"
    line = _line(tables, table.line)
    party = line.left if table.side == "left" else line.right
    return f"on the side of {party_name(tables, party)}" if party else f"on its {table.side}"


def _stretch(tables: Tables, line: str, between: tuple[str | float, str | float] | None) -> str:
    if between is None:
        return ""
    names = {one.id: one.name for one in _line(tables, line).markers} | {"start": "its beginning", "end": "its end"}
    begin, end = (names[at] if isinstance(at, str) else f"its kilometre {at / 1000:.10g}" for at in between)
    return f", from {begin} to {end}"
