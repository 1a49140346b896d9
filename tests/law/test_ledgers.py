"""Rival ledgers side by side: each incident once for each ledger, nothing dropped, nobody preferred."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.law.ledgers import EVERY, UNSAID, By, Days, Ledgers, Row, reconciled
from pipeline.law.sectors import Unsectored
from pipeline.law.side_by_side import Figures
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import CountUnit
from tests.law.standing import Told, incidents, sectored, standing
from tests.strategies import counts as any_counts
from tests.worlds import report, world

AT = Disc(37.6, 48.22, 300.0)
"""In the sector *middle*."""
ANYWHERE = Nowhere()

ONE_EVENT = st.just(Count(1.0, 1.0, CountUnit.EVENT))
COUNTS = st.none() | any_counts() | ONE_EVENT
told_incidents = incidents(COUNTS)
FEW = settings(max_examples=settings().max_examples // 3)
"""A table of up to 32 reports takes long to draw, and a fault in sorting out or adding up shows in almost any."""
bys = st.sampled_from(By)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return sectored(tmp_path_factory.mktemp("sectored"), day_ends="19:30")


def table(told: Sequence[Told], agreement: Agreement, by: By = By.DAY_SECTOR, days: Days = EVERY) -> list[Row]:
    reports = {incident.incident_id: reports for incident, reports in told}
    return reconciled([incident for incident, _ in told], reports, agreement, by, days)


def figures(row: Row, ledger: str) -> Figures:
    return next(one for one in row.ledgers if one.ledger == ledger)


def claim(number: int, least: float, most: float | None, place: Footprint = ANYWHERE, **fields: Any) -> Report:
    fields = {"ledger": "party:a", "at": timedelta(0), "lasting": timedelta(hours=6), **fields}
    return report(number, place, count=Count(least, most, CountUnit.EVENT), **fields)


@FEW
@given(told=told_incidents, by=bys)
def test_each_incident_is_counted_once_for_each_of_its_ledgers(agreement: Agreement, told: list[Told], by: By) -> None:
    rows = table(told, agreement, by)
    held = sum(len({report.ledger for report in reports}) for _, reports in told)
    assert sum(one.incidents + one.claims + one.rumours for row in rows for one in row.ledgers) == held
    assert sum(one.reports for row in rows for one in row.ledgers) == sum(len(reports) for _, reports in told)
    for row in rows:
        assert all(one.matched + one.only == one.incidents for one in row.ledgers)
        assert sum(one.incidents for one in row.held_by) == row.incidents
        for one in row.ledgers:
            assert sum(some.incidents for some in row.held_by if one.ledger in some.ledgers) == one.incidents


@FEW
@given(told=told_incidents)
def test_a_coarser_table_has_the_same_incidents(agreement: Agreement, told: list[Told]) -> None:
    fine = table(told, agreement)
    by_day, by_sector = table(told, agreement, By.DAY), table(told, agreement, By.SECTOR)
    for row in by_day:
        same = [one for one in fine if (one.first_day, one.last_day) == (row.first_day, row.last_day)]
        assert (row.incidents, row.matched) == (sum(one.incidents for one in same), sum(one.matched for one in same))
    for row in by_sector:
        same = [one for one in fine if (one.sector, one.unsectored) == (row.sector, row.unsectored)]
        assert (row.incidents, row.matched) == (sum(one.incidents for one in same), sum(one.matched for one in same))
    assert sum(row.incidents for row in by_day) == sum(row.incidents for row in by_sector)


SWAPPED = {"party:a": "party:b", "party:b": "party:a"}


def swapped(told: Told) -> Told:
    incident, reports = told
    others = tuple(replace(one, ledger=SWAPPED.get(one.ledger or "", one.ledger)) for one in reports)
    return replace(incident, ledgers=tuple(sorted(SWAPPED.get(one, one) for one in incident.ledgers))), others


def sorted_names(rows: Sequence[Row], names: dict[str, str]) -> object:
    """Rows with their ledgers' names exchanged, and no order among ledgers."""
    said = msgspec.json.encode(rows).decode()
    for number, (name, other) in enumerate(names.items()):
        said = said.replace(f'"{name}"', f'"#{number}{other}"')
    for number in range(len(names)):
        said = said.replace(f'"#{number}', '"')
    found = msgspec.json.decode(said)
    for row in found:
        row["ledgers"].sort(key=lambda one: one["ledger"])
        for some in row["held_by"]:
            some["ledgers"].sort()
        row["held_by"].sort(key=lambda some: some["ledgers"])
    return found


@FEW
@given(told=told_incidents, by=bys)
def test_neither_party_is_preferred(agreement: Agreement, told: list[Told], by: By) -> None:
    rows, mirrored = table(told, agreement, by), table([swapped(one) for one in told], agreement, by)
    assert sorted_names(rows, SWAPPED) == sorted_names(mirrored, {})


@FEW
@given(told=told_incidents, by=bys, data=st.data())
def test_the_order_in_which_they_come_is_irrelevant(
    agreement: Agreement, told: list[Told], by: By, data: st.DataObject
) -> None:
    shuffled = [(one, tuple(data.draw(st.permutations(reports)))) for one, reports in data.draw(st.permutations(told))]
    assert table(shuffled, agreement, by) == table(told, agreement, by)
    growing = Ledgers(agreement, by)
    for incident, reports in shuffled:
        growing.add([incident], {incident.incident_id: reports})
    assert growing.rows() == table(told, agreement, by)


@FEW
@given(told=told_incidents, first=st.integers(-1, 5), more=st.integers(0, 3))
def test_a_period_takes_out_rows_and_changes_none(
    agreement: Agreement, told: list[Told], first: int, more: int
) -> None:
    begin = date(2016, 3, 1) + timedelta(days=first)
    end = begin + timedelta(days=more)
    asked = Days(*map(agreement.days.number_of, (begin, end)))
    kept = [
        row
        for row in table(told, agreement)
        if row.first_day and row.last_day and row.first_day <= f"{end}" and row.last_day >= f"{begin}"
    ]
    assert table(told, agreement, days=asked) == kept


@pytest.mark.parametrize(("day", "there"), [(-1, False), (0, True), (1, True), (2, False)])
def test_what_is_of_several_days_is_in_a_period_with_any_of_them(agreement: Agreement, day: int, there: bool) -> None:
    begin = agreement.days.number_of(date(2016, 3, 1))
    weekend = report(1, AT, at=timedelta(hours=-6.5), lasting=timedelta(days=2))
    assert bool(table([standing(weekend)], agreement, days=Days(begin + day, begin + day))) == there


BOX = Area(geometry=Polygon([[[37.0, 47.6], [38.4, 47.6], [38.4, 48.6], [37.0, 48.6], [37.0, 47.6]]]))


@pytest.mark.parametrize(
    ("place", "sector", "why"),
    [
        (AT, "middle", None),
        (Disc(37.1, 48.05, 4_000.0), "west", None),
        (Bearing(37.6, 48.22, 1_000.0, 4_000.0, ((10.0, 60.0),)), "middle", None),
        (Disc(37.6, 48.22, 9_000.0), "middle", None),
        (Disc(37.86, 48.12, 9_000.0), None, Unsectored.BROAD),
        (Disc(37.6, 48.22, 60_000.0), None, Unsectored.BROAD),
        (Disc(37.6, 49.1, 40_000.0), None, Unsectored.BROAD),
        (BOX, None, Unsectored.BROAD),
        (Disc(38.2, 48.35, 300.0), None, Unsectored.NO_SECTOR),
        (Disc(38.6, 48.9, 300.0), None, Unsectored.BEYOND),
        (Disc(37.6, 50.2, 300.0), None, Unsectored.AWAY),
        (Nowhere(), None, Unsectored.NOWHERE),
    ],
)
def test_what_is_in_no_one_sector_has_a_row_that_says_why(
    agreement: Agreement, place: Footprint, sector: str | None, why: Unsectored | None
) -> None:
    (row,) = table([standing(report(1, place, ledger="sensor"))], agreement)
    assert (row.sector, row.unsectored) == (sector, why)
    assert row.incidents == 1


def test_an_agreement_without_sectors_has_rows_all_the_same(tmp_path: Path) -> None:
    told = [standing(report(1, AT)), standing(report(2, Nowhere()))]
    rows = table(told, world(tmp_path))
    assert [row.unsectored for row in rows] == [Unsectored.NO_SECTOR, Unsectored.NOWHERE]


@pytest.mark.parametrize(
    ("begin", "hours", "first", "last"),
    [
        ("2016-03-01T17:29", 0.0, "2016-03-01", "2016-03-01"),
        ("2016-03-01T17:30", 0.0, "2016-03-02", "2016-03-02"),
        ("2016-02-29T17:30", 24.0, "2016-03-01", "2016-03-01"),
        ("2016-02-29T22:00", 24.0, "2016-03-01", "2016-03-01"),  # the local date: most of it is in the reporting day
        ("2016-02-29T17:30", 48.0, "2016-03-01", "2016-03-02"),  # a weekend's claim is of no single day
        ("2016-02-28T17:30", 168.0, "2016-02-29", "2016-03-06"),
    ],
)
def test_days_end_at_the_agreement_s_hour(
    agreement: Agreement, begin: str, hours: float, first: str, last: str
) -> None:
    at = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    told = replace(report(1, AT), observed_from=at, observed_until=at + timedelta(hours=hours))
    (row,) = table([standing(told)], agreement)
    assert (row.first_day, row.last_day) == (first, last)


def test_an_incident_of_several_ledgers_is_matched_in_each(agreement: Agreement) -> None:
    both = standing(report(1, AT, ledger="party:a"), report(2, AT, ledger="sensor"), report(3, AT, ledger="sensor"))
    (row,) = table([both, standing(report(4, AT, ledger="party:a"))], agreement)
    assert (row.incidents, row.matched) == (2, 1)
    assert figures(row, "party:a").matched_with == {"sensor": 1}
    assert (figures(row, "party:a").matched, figures(row, "party:a").only) == (1, 1)
    assert (figures(row, "sensor").matched, figures(row, "sensor").only, figures(row, "sensor").reports) == (1, 0, 2)


def test_who_does_not_say_whose_record_it_is_matches_nobody(agreement: Agreement) -> None:
    (row,) = table([standing(report(1, AT, ledger="sensor"), report(2, AT))], agreement)
    assert row.matched == 0
    assert figures(row, "sensor").only == 1
    assert figures(row, UNSAID).matched_with == {"sensor": 1}
    assert [one.ledger for one in row.ledgers] == ["sensor", UNSAID]


def test_counts_stand_side_by_side_by_ledger_and_unit(agreement: Agreement) -> None:
    def counted(number: int, ledger: str, least: float, most: float | None, unit: CountUnit) -> Report:
        return report(number, AT, ledger=ledger, count=Count(least, most, unit))

    blast, flash = CountUnit.EXPLOSION, CountUnit.FLASH
    one = standing(counted(1, "party:a", 3, 3, blast), counted(2, "party:b", 20, None, blast))
    two = standing(counted(3, "party:a", 4, 6, blast), counted(4, "party:a", 9, 9, flash))
    (row,) = table([one, two], agreement)
    assert figures(row, "party:a").counts == (Count(7, 9, blast), Count(9, 9, flash))
    assert figures(row, "party:b").counts == (Count(20, None, blast),)


def test_fractions_add_up_to_the_same_in_any_order(agreement: Agreement) -> None:
    told = [
        standing(report(row, AT, ledger="sensor", count=Count(share, share, CountUnit.FATALITY)))
        for row, share in enumerate((0.1, 0.2, 0.3))
    ]
    assert table(told, agreement) == table(told[::-1], agreement)


def test_a_daily_claim_stands_beside_what_is_itemised(agreement: Agreement) -> None:
    told = [standing(report(1, AT, ledger="party:a")), standing(claim(2, 13, 13), unresolved=True)]
    (row,) = table(told, agreement, By.DAY)
    ours = figures(row, "party:a")
    assert (ours.incidents, ours.claims, ours.claimed, ours.rumours) == (1, 1, Count(13, 13, CountUnit.EVENT), 0)
    assert (ours.counts, row.incidents) == ((), 1)


def test_one_event_is_an_incident_and_no_claim(agreement: Agreement) -> None:
    (row,) = table([standing(claim(1, 1, 1, AT))], agreement)
    assert (figures(row, "party:a").incidents, figures(row, "party:a").counts) == (1, ())


def test_reports_of_one_event_each_do_not_add_up_to_a_claim(agreement: Agreement) -> None:
    later = claim(2, 1, 1, AT, at=timedelta(hours=6))
    (row,) = table([standing(claim(1, 1, 1, AT), later)], agreement)
    assert (figures(row, "party:a").incidents, figures(row, "party:a").counts) == (1, ())


@pytest.mark.parametrize("itemised", [report(2, AT, ledger="party:a"), claim(2, 1, 1, AT)])
def test_a_claim_of_an_itemised_incident_is_that_incident(agreement: Agreement, itemised: Report) -> None:
    (row,) = table([standing(claim(1, 5, 5, AT), itemised)], agreement)
    ours = figures(row, "party:a")
    assert (ours.incidents, ours.claims, ours.counts) == (1, 0, (Count(5, 5, CountUnit.EVENT),))


def test_a_claim_of_none_is_a_claim(agreement: Agreement) -> None:
    (row,) = table([standing(claim(1, 0, 0))], agreement)
    assert (figures(row, "party:a").incidents, figures(row, "party:a").claimed) == (0, Count(0, 0, CountUnit.EVENT))


WEST, EAST = Disc(37.0, 48.0, 20_000.0), Disc(38.5, 48.6, 20_000.0)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        (claim(1, 5, 5, WEST), claim(2, 3, 3, EAST), 8, 8),  # of two regions
        (claim(1, 5, 5, WEST), claim(2, 9, 9, WEST), 9, 14),  # two bulletins of one region and day
        (claim(1, 5, 5, WEST), claim(2, 9, None), 9, None),  # a region, and the whole country
        (claim(1, 5, 5, WEST), claim(2, 9, 9, WEST, at=timedelta(hours=6)), 14, 14),  # morning, afternoon
        (claim(1, 5, 5, WEST), claim(2, 3, 3, WEST, ledger="party:b"), 5, 5),  # another ledger's is never added
    ],
)
def test_claims_that_may_overlap_give_an_interval(
    agreement: Agreement, one: Report, other: Report, least: float, most: float | None
) -> None:
    days = Days(*[agreement.days.number_of(date(2016, 3, 1))] * 2)
    (row,) = table([standing(one), standing(other)], agreement, By.DAY, days)
    assert figures(row, "party:a").claimed == Count(least, most, CountUnit.EVENT)


def test_a_claim_that_meets_one_of_several_may_be_of_the_same(agreement: Agreement) -> None:
    told = [standing(claim(1, 5, 5, WEST)), standing(claim(2, 4, 4, EAST)), standing(claim(3, 3, 3, WEST))]
    (row,) = table(told, agreement, By.DAY)
    assert figures(row, "party:a").claimed == Count(9, 12, CountUnit.EVENT)


def test_what_rumours_count_may_be_among_the_incidents(agreement: Agreement) -> None:
    blast = CountUnit.EXPLOSION
    told = [
        standing(report(1, AT, ledger="public", count=Count(4, 4, blast))),
        standing(report(2, BOX, ledger="public", count=Count(3, 5, blast)), unresolved=True),
    ]
    (row,) = table(told, agreement, By.DAY)
    assert figures(row, "public").counts == (Count(4, 9, blast),)
    assert (figures(row, "public").incidents, figures(row, "public").rumours, row.incidents) == (1, 1, 1)


def test_a_ledger_whose_reports_are_not_at_hand_has_its_incident(agreement: Agreement) -> None:
    incident, _ = standing(report(1, AT, ledger="sensor"), report(2, AT, ledger="party:a"))
    (row,) = reconciled([incident], {}, agreement)
    assert [(one.ledger, one.matched, one.reports) for one in row.ledgers] == [("sensor", 1, 0), ("party:a", 1, 0)]
