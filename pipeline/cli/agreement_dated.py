"""An agreement's dated series in words, for its page."""

from datetime import timedelta

from pipeline.agreement import Agreement
from pipeline.agreement.format import SeriesTable, SeriesZoneTable
from pipeline.cli.words import distance


def series_entries(agreement: Agreement, table: SeriesTable) -> list[tuple[str, str]]:
    """What a series holds: from which days, for how long each stands, and what is missing."""
    days = agreement.series[table.id].days
    stands = f"for {table.gap_days + 1} days at most" if table.gap_days else "for that day alone"
    ahead = [*days[1:], None]
    bare = [
        (day + timedelta(days=table.gap_days), (after - day).days - 1 - table.gap_days)
        for day, after in zip(days, ahead, strict=True)
        if after is not None and (after - day).days - 1 > table.gap_days
    ]
    missing = ""
    if bare:
        after, longest = max(bare, key=lambda gap: gap[1])
        total = sum(gap[1] for gap in bare)
        missing = f"on {total:,} days, on which nothing is judged by it; {longest} of them after {after}"
    return [
        ("days", f"{len(days):,}, from {days[0]} to {days[-1]}, in {table.file}"),
        ("drawn", f"to within {distance(table.accuracy_m)}"),
        ("stands", f"each day's shape {stands}, or until the next"),
        ("missing", missing),
    ]


def series_zone(table: SeriesZoneTable) -> str:
    """Where a zone by a series is."""
    if table.within_m is None:
        return f"the shape of the day in {table.series}"
    side = "" if table.side in (None, "both") else f", {table.side} of it"
    return f"within {distance(table.within_m)} of the edge or line of the day in {table.series}{side}"
