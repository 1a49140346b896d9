"""Rival ledgers side by side: which incidents several hold, which only one, and what each counted; no verdict on any.

A ledger is whose record a report comes from: `independent`, `sensor`, `party:NAME`, `public`, or `unsaid` where the
report does not say. Whose record that is nobody knows, so an unsaid report matches none: an incident is matched where
two ledgers that have a name hold it. Figures of different ledgers are never added, nor are unlike units.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.law.effort import ANYTHING, UNKNOWN, Efforts
from pipeline.law.sectors import Sectors, Unsectored, Where
from pipeline.law.side_by_side import Figures, Spot, Tally
from pipeline.model.records import Incident
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import CountUnit
from pipeline.model.times import to_us_array
from pipeline.monitor.fuse.counts import bounded

UNSAID = "unsaid"

_KNOWN = ("independent", "sensor", "party", "public")
_MOST_DAYS = 31
"""Of what is of more days than this, the last are asked how well they were watched."""

_ONE = Count(1.0, 1.0, CountUnit.EVENT)
"""What a record of an incident says anyway: it is no count. Any other number of events is a claim."""


class By(StrEnum):
    """What a table has rows for."""

    DAY = "day"
    SECTOR = "sector"
    DAY_SECTOR = "day-sector"


class Days(NamedTuple):
    """A reporting day, or several for what is of no single one, by their numbers; a table not by day has neither."""

    first: int | None = None
    last: int | None = None


EVERY = Days()
"""All days."""


class Held(msgspec.Struct, frozen=True):
    """How many incidents just these ledgers have."""

    ledgers: tuple[str, ...]
    incidents: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what each ledger has of a day, of several for what is of no single one, or of a sector.

    Attributes:
        first_day, last_day: dates; null in a table that is not by day.
        sector: its id; null where `unsectored` says why in none, and in a table that is not by sector.
        incidents: how many there are, whoever has them; claims of several events and rumours are none.
        matched: how many of them two or more ledgers have.
        held_by: the same incidents by the ledgers that have them; each is counted once.
        ledgers: the figures of each.
        observed: the share of what happened there and then that would have been noticed; null where nobody said who
            watched, and in a row that no sector is told of.
    """

    first_day: str | None
    last_day: str | None
    sector: str | None
    sector_name: str | None
    unsectored: Unsectored | None
    incidents: int
    matched: int
    held_by: tuple[Held, ...]
    ledgers: tuple[Figures, ...]
    observed: float | None = None


class Part(NamedTuple):
    """What one ledger has of one incident; `claimed` where all that it says is how many events there were."""

    reports: int
    counts: tuple[Count, ...]
    claimed: Count | None


class _Cell:
    """A row as it grows."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.held_by: dict[frozenset[str], int] = {}

    def tally(self, ledger: str) -> Tally:
        return self.tallies.setdefault(ledger, Tally())


class Ledgers:
    """The table of one agreement's days and sectors, made of incidents in any order.

    Args:
        by: what it has rows for.
        days: the first and the last reporting day that are wanted, by their numbers; None leaves it open.
        efforts: how well was watched.
    """

    def __init__(
        self, agreement: Agreement, by: By = By.DAY_SECTOR, days: Days = EVERY, efforts: Efforts = UNKNOWN
    ) -> None:
        self._agreement, self._by, self._wanted, self._efforts = agreement, by, days, efforts
        self._sectors = Sectors(agreement)
        self._cells: dict[tuple[Days, Where], _Cell] = {}

    def wanted(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Those of the days that are wanted; what is of several days, if one of them is."""
        low, high = self._wanted
        return [
            incident
            for incident, (first, last) in zip(incidents, self._days(incidents), strict=True)
            if (low is None or last >= low) and (high is None or first <= high)
        ]

    def add(self, incidents: Sequence[Incident], reports: Mapping[str, Sequence[Report]]) -> None:
        """Takes in incidents. `reports` are those of each, by its id; of one that has a single one it may lack it."""
        if not incidents:
            return
        whens = self._days(incidents) if self._by is not By.SECTOR else [Days()] * len(incidents)
        placed = Footprints([incident.footprint for incident in incidents], self._agreement.areas)
        wheres = self._sectors.of(placed) if self._by is not By.DAY else [Where()] * len(incidents)
        spots = _spots(incidents, placed)
        for incident, when, where, spot in zip(incidents, whens, wheres, spots, strict=True):
            cell = self._cells.setdefault((Days(*when), where), _Cell())
            _take(cell, incident, parts(incident, reports.get(incident.incident_id, ())), spot)

    def rows(self) -> list[Row]:
        """The table so far, by day, then by sector."""
        ordered = sorted(self._cells, key=lambda key: (key[0].first or 0, key[0].last or 0, self._sectors.rank(key[1])))
        return [self._row(*key, self._cells[key]) for key in ordered]

    def _row(self, days: Days, where: Where, cell: _Cell) -> Row:
        first, last = (None if day is None else f"{self._agreement.days.date_of(day)}" for day in days)
        return Row(
            first_day=first,
            last_day=last,
            sector=where.sector,
            sector_name=None if where.sector is None else self._sectors.names[where.sector],
            unsectored=where.unsectored,
            incidents=sum(cell.held_by.values()),
            matched=sum(many for held, many in cell.held_by.items() if len(held - {UNSAID}) > 1),
            held_by=tuple(_named(cell.held_by)),
            ledgers=tuple(cell.tallies[name].figures(name) for name in sorted(cell.tallies, key=_rank)),
            observed=self._observed(days, where),
        )

    def _observed(self, days: Days, where: Where) -> float | None:
        """Of a row of days and a sector, or of days alone."""
        if days.first is None or days.last is None or where.unsectored is not None:
            return None
        told = range(max(days.first, days.last - _MOST_DAYS + 1), days.last + 1)
        shares = [self._efforts.observed(ANYTHING, day, sector=where.sector) for day in told]
        known = [share for share in shares if share is not None]
        return round(sum(known) / len(known), 3) if known else None

    def _days(self, incidents: Sequence[Incident]) -> list[tuple[int, int]]:
        """The day of each that holds more than half of its interval; where none does, the first and the last."""
        days = self._agreement.days
        begin = to_us_array([incident.observed_from for incident in incidents])
        end = to_us_array([incident.observed_until for incident in incidents])
        # The moment at which an interval ends is not in it.
        first, last = days.day_of(begin), days.day_of(np.maximum(begin, end - 1))
        most = days.day_of((begin + end) // 2)
        found = list(zip(first.tolist(), last.tolist(), strict=True))
        for row in np.flatnonzero(first != last).tolist():
            incident, day = incidents[row], int(most[row])
            within = min(incident.observed_until, days.ends(day)) - max(incident.observed_from, days.begins(day))
            if 2 * within > incident.observed_until - incident.observed_from:
                found[row] = day, day
        return found


def reconciled(
    incidents: Iterable[Incident],
    reports: Mapping[str, Sequence[Report]],
    agreement: Agreement,
    by: By = By.DAY_SECTOR,
    days: Days = EVERY,
) -> list[Row]:
    """The table of some incidents at once; what is given is as `Ledgers` and its `add` take it."""
    table = Ledgers(agreement, by, days)
    table.add(table.wanted(list(incidents)), reports)
    return table.rows()


def parts(incident: Incident, reports: Sequence[Report]) -> dict[str, Part]:
    """What each ledger has of an incident; a ledger whose reports are not at hand has it all the same."""
    if len(incident.report_ids) == 1:
        (ledger,) = incident.ledgers or (UNSAID,)
        counts = tuple(count for count in incident.counts if count != _ONE)
        return {ledger: Part(1, counts, _claimed(counts))}
    told: dict[str, list[Report]] = {ledger: [] for ledger in incident.ledgers}
    for report in reports:
        told.setdefault(report.ledger or UNSAID, []).append(report)
    if not told:
        return {UNSAID: Part(0, (), None)}
    return {ledger: _part(some) for ledger, some in told.items()}


def _part(reports: Sequence[Report]) -> Part:
    counts = bounded([report for report in reports if report.count != _ONE])
    itemised = any(report.count is None or report.count == _ONE for report in reports)
    return Part(len(reports), counts, None if itemised else _claimed(counts))


def _claimed(counts: Sequence[Count]) -> Count | None:
    """The number of events, where that is all that was counted."""
    return counts[0] if [count.unit for count in counts] == [CountUnit.EVENT] else None


def _take(cell: _Cell, incident: Incident, told: Mapping[str, Part], spot: Spot) -> None:
    """Takes an incident into a row, once for each ledger that has it."""
    if all(part.claimed is not None for part in told.values()):
        for ledger, part in told.items():
            assert part.claimed is not None
            cell.tally(ledger).claim(spot, part.reports, part.claimed)
        return
    if incident.unresolved:
        for ledger, part in told.items():
            cell.tally(ledger).rumour(spot, part.reports, part.counts)
        return
    held = frozenset(told)
    cell.held_by[held] = cell.held_by.get(held, 0) + 1
    for ledger, part in told.items():
        others = sorted(held - {ledger, UNSAID}, key=_rank)
        cell.tally(ledger).incident(others, part.reports, part.counts)


def _spots(incidents: Sequence[Incident], placed: Footprints) -> Iterator[Spot]:
    columns = placed.placed.tolist(), placed.lon.tolist(), placed.lat.tolist(), placed.reach_m.tolist()
    for incident, *place in zip(incidents, *columns, strict=True):
        yield Spot(incident.observed_from, incident.observed_until, *place)


def _rank(ledger: str) -> tuple[int, str]:
    """The order of ledgers in a table; it weighs none against another."""
    kind = ledger.partition(":")[0]
    known = _KNOWN.index(kind) if kind in _KNOWN else len(_KNOWN)
    return (known + 1 if ledger == UNSAID else known), ledger


def _named(held_by: Mapping[frozenset[str], int]) -> list[Held]:
    named = [Held(tuple(sorted(held, key=_rank)), many) for held, many in held_by.items()]
    return sorted(named, key=lambda one: (len(one.ledgers), [_rank(name) for name in one.ledgers]))
