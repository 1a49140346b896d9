"""Counts of several who counted: an interval for each unit, whatever they saw in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import CountUnit
from pipeline.monitor.fuse.counts import bounded
from tests.monitor.fusion.telling import disc, only, told

ROUND, SHOT = CountUnit.ROUND, CountUnit.SHOT


def counted(number: int, begin_s: float, end_s: float, count: Count | None) -> Report:
    return told(number, "drone-1", at_s=begin_s + 5.0, lasting_s=end_s - begin_s - 10.0, count=count)


def counts(*given: tuple[float, float, Count | None]) -> tuple[Count, ...]:
    return bounded([counted(number, *one) for number, one in enumerate(given)])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([(0, 60, None)], []),
        ([(0, 60, Count(3, 5, ROUND))], [Count(3, 5, ROUND)]),
        # They watched the same minute: who counted more saw more of it.
        ([(0, 60, Count(3, 5, ROUND)), (30, 90, Count(7, 9, ROUND))], [Count(7, 9, ROUND)]),
        ([(0, 60, Count(3, 12, ROUND)), (30, 90, Count(7, 9, ROUND))], [Count(7, 12, ROUND)]),
        # They watched one after the other: they saw different ones.
        ([(0, 60, Count(3, 5, ROUND)), (60, 90, Count(7, 9, ROUND))], [Count(10, 14, ROUND)]),
        ([(60, 90, Count(7, 9, ROUND)), (0, 60, Count(3, 5, ROUND))], [Count(10, 14, ROUND)]),
        # One saw the whole, of which two saw a part each.
        (
            [(0, 20, Count(3, 3, ROUND)), (40, 60, Count(4, 4, ROUND)), (0, 60, Count(6, 6, ROUND))],
            [Count(7, 7, ROUND)],
        ),
        (
            [(0, 20, Count(1, 1, ROUND)), (40, 60, Count(2, 2, ROUND)), (0, 60, Count(6, 6, ROUND))],
            [Count(6, 6, ROUND)],
        ),
        # Two instants that coincide are one.
        ([(30, 30, Count(2, 2, ROUND)), (30, 30, Count(2, 2, ROUND))], [Count(2, 2, ROUND)]),
        ([(30, 30, Count(2, 2, ROUND)), (31, 31, Count(2, 2, ROUND))], [Count(4, 4, ROUND)]),
        # "At least" stays at least.
        ([(0, 60, Count(3, None, ROUND)), (0, 60, Count(7, 9, ROUND))], [Count(7, None, ROUND)]),
        # Rounds are no shots.
        (
            [(0, 60, Count(3, 5, SHOT)), (60, 90, Count(7, 9, ROUND)), (90, 99, Count(1, 1, SHOT))],
            [Count(4, 6, SHOT), Count(7, 9, ROUND)],
        ),
    ],
)
def test_who_counted_at_the_same_time_saw_the_same(
    given: list[tuple[float, float, Count | None]], expected: list[Count]
) -> None:
    assert list(counts(*given)) == expected


@st.composite
def _counted(draw: st.DrawFn, units: tuple[CountUnit, ...] = (ROUND, SHOT)) -> tuple[float, float, Count | None]:
    begin_s, lasting_s = draw(st.integers(0, 100)), draw(st.sampled_from([0, 0, 1, 20, 100]))
    least, more = draw(st.integers(0, 20)), draw(st.none() | st.integers(0, 20))
    unit = draw(st.sampled_from(units))
    count = Count(float(least), None if more is None else float(least + more), unit)
    return float(begin_s), float(begin_s + lasting_s), draw(st.sampled_from([count, count, count, None]))


def of_unit(given: list[tuple[float, float, Count | None]], unit: CountUnit) -> list[Count]:
    return [count for _, _, count in given if count is not None and count.unit is unit]


@given(given=st.lists(_counted(), max_size=8), data=st.data())
def test_bounds_of_every_count(given: list[tuple[float, float, Count | None]], data: st.DataObject) -> None:
    found = counts(*given)
    units = [count.unit for count in found]
    assert units == [unit for unit in CountUnit if of_unit(given, unit)]
    for count in found:
        told_of = of_unit(given, count.unit)
        assert max(one.min for one in told_of) <= count.min <= sum(one.min for one in told_of)
        assert (count.max is None) == any(one.max is None for one in told_of)
        if count.max is not None:
            most = [one.max for one in told_of if one.max is not None]
            assert max(count.min, *most) <= count.max <= sum(most)
    order = data.draw(st.permutations(range(len(given))))
    assert bounded([counted(number, *given[number]) for number in order]) == found


@given(given=st.lists(_counted((ROUND,)), min_size=2, max_size=8))
def test_what_overlaps_is_never_added_up(given: list[tuple[float, float, Count | None]]) -> None:
    """All watched the minute from 45 to 55: whatever else they saw, nothing says that it was different ones."""
    overlapping = [(min(begin, 45.0), max(end, 55.0), count) for begin, end, count in given]
    told_of = of_unit(overlapping, ROUND)
    for count in counts(*overlapping):
        assert count.min == max(one.min for one in told_of)
        if count.max is not None:
            assert count.max == max(one.max for one in told_of if one.max is not None)


def test_copies_are_not_counted_again() -> None:
    """A post that is copied by another outlet counts once, and so does what it counts."""
    first = told(1, "outlet-1", disc(radius_m=3_000), lasting_s=600.0, count=Count(5, 8, ROUND), text="Five, or eight.")
    second = told(2, "outlet-2", disc(radius_m=3_000), lasting_s=600.0, count=Count(5, 9, ROUND), text="Five, or nine.")
    incident = only([first, second])
    assert incident.report_ids == ("test:1", "test:2")
    assert incident.counts == (first.count,)
