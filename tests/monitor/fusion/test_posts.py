"""What the public and data sets tell: it joins what instruments saw, and never moves it; or it stands by itself."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.model.footprint import Area, Disc, Footprint, Nowhere
from pipeline.model.report import Report
from tests.monitor.fusion.telling import HERE, disc, fused, only, parts, place, post, told

LOCATED = [told(1, "array-1", disc(0, 0, 150)), told(2, "camera-1", disc(80, -60, 250), at_s=15)]
HOUR_S = 3_600.0


def evening(number: int | str, outlet: str, east_m: float = 0.0, text: str | None = None, **fields: Any) -> Report:
    """A post that says within half an hour when it was, and within 3 km where."""
    return post(number, outlet, disc(east_m, 0, 3_000), text, **{"at_s": -900.0, "lasting_s": 1_800.0, **fields})


def test_a_post_joins_the_located_incident_and_changes_neither_its_id_nor_its_place() -> None:
    before = only(LOCATED)
    with_posts = only([*LOCATED, evening(3, "outlet-1", 700, "heard it"), evening(4, "outlet-2", -500, "me too")])
    assert with_posts.report_ids == (*before.report_ids, "test:3", "test:4")
    for name in ("incident_id", "window", "footprint", "observed_from", "observed_until", "activity"):
        assert getattr(with_posts, name) == getattr(before, name)
    assert with_posts.origins == before.origins + 2
    assert with_posts.occurred >= before.occurred
    assert with_posts.ledgers == ("public", "sensor")


def test_a_post_that_came_before_all_others_is_not_canonical() -> None:
    early = evening(3, "outlet-1", at_s=-3_000.0, lasting_s=6_000.0)
    assert early.observed_from < LOCATED[1].observed_from
    assert only([early, *LOCATED]).incident_id == only(LOCATED).incident_id


def test_a_post_of_another_hour_or_place_stays_by_itself() -> None:
    assert parts([*LOCATED, evening(3, "outlet-1", 14_000)]) == ["1 2", "3"]
    assert parts([*LOCATED, evening(3, "outlet-1", at_s=7 * HOUR_S)]) == ["1 2", "3"]


def test_a_post_joins_the_incident_that_suits_it_best() -> None:
    other = [
        told(5, "array-1", disc(11_000, 0, 150), at_s=60),
        told(6, "camera-1", disc(11_060, 0, 250), at_s=70),
    ]
    posts = [evening(7, "outlet-1", 500), evening(8, "outlet-2", 10_500)]
    assert parts([*LOCATED, *other, *posts]) == ["1 2 7", "5 6 8"]


def test_posts_that_found_each_other_join_as_one() -> None:
    two = [evening(7, "outlet-1", 300, "a"), evening(8, "outlet-2", -300, "b", at_s=-800.0)]
    assert parts(two) == ["7 8"]
    assert parts([*two, *LOCATED]) == ["1 2 7 8"]


COPIES = {
    "verbatim": {},
    "under another address": {"url": "https://example.org/2"},
    "later": {"published_at": told(1, None).observed_from + timedelta(days=1)},
    "in other words": {"text": "What we read elsewhere: shelling near the mine."},
}


@pytest.mark.parametrize("changed", COPIES.values(), ids=COPIES)
def test_a_copy_is_no_independent_origin(changed: dict[str, Any]) -> None:
    first = evening(3, "outlet-1", text="Shelling near the mine.")
    copy = replace(first, report_id="test:4", observer="outlet-2", **changed)
    for company in ([], LOCATED):
        once, twice = only([first, *company]), only([first, copy, *company])
        assert set(twice.report_ids) == {*once.report_ids, "test:4"}
        assert (twice.origins, twice.occurred) == (once.origins, once.occurred)
        assert twice.footprint == once.footprint


def test_the_same_words_of_a_little_another_place_are_of_one_origin() -> None:
    first = evening(3, "outlet-1", text="Shelling near the mine.")
    moved = replace(first, report_id="test:4", observer="outlet-2", footprint=disc(150, 0, 3_000))
    assert (only([first, moved]).origins, only([first, moved]).occurred) == (1, only([first]).occurred)


def test_two_who_say_so_independently_make_it_likelier() -> None:
    first = evening(3, "outlet-1", text="Shelling near the mine.")
    second = evening(4, "outlet-2", 400, "They fire at the village", at_s=-700.0)
    both = only([first, second])
    assert both.origins == 2
    assert both.occurred > max(only([one]).occurred for one in (first, second))


def test_an_observer_who_tells_twice_of_one_place_and_hour_tells_of_two() -> None:
    first = evening(3, "outlet-1", text="Shelling near the mine.")
    second = replace(first, report_id="test:4", text="And again, a second time.")
    assert parts([first, second]) == ["3", "4"]


def test_an_observer_who_posts_twice_is_not_twice_in_one_incident() -> None:
    first = evening(3, "outlet-1", 100, text="Shelling near the mine.")
    second = evening(4, "outlet-1", -200, text="And again, a second time.")
    assert parts([first, second]) == ["3", "4"]
    assert len(parts([*LOCATED, first, second])) == 2


@pytest.mark.parametrize("ledger", ["public", "party:a"])
def test_a_located_post_is_still_a_rumour_and_moves_nothing(ledger: str) -> None:
    exact = post(3, "someone-1", disc(20, 0, 50), at_s=-60.0, lasting_s=120.0, ledger=ledger)
    assert only([exact, *LOCATED]).footprint == only(LOCATED).footprint


REGION, FORTY_KM = Area(area_id="ua-donetsk"), disc(radius_m=40_000.0)
WHOLE_DAY = {"at_s": -8 * HOUR_S, "lasting_s": 24 * HOUR_S - 1}


@pytest.mark.parametrize("footprint", [REGION, Nowhere(), FORTY_KM], ids=["region", "nowhere", "40 km"])
@pytest.mark.parametrize("timed", [{}, WHOLE_DAY], ids=["a moment", "a day"])
def test_what_does_not_tell_which_incident_it_saw_is_joined_with_nothing(
    footprint: Footprint, timed: dict[str, Any]
) -> None:
    company = [*LOCATED, evening(3, "outlet-1")]
    rumours = [post(number, f"outlet-{number}", footprint, "so they say", **timed) for number in (8, 9)]
    assert parts([*company, *rumours]) == ["1 2 3", "?8", "?9"]
    curated = [replace(one, source="ucdp", ledger="independent", observer=None) for one in rumours]
    assert parts([*company, *curated]) == ["1 2 3", "8", "9"]
    instrument = [replace(rumours[0], observer="array-9", ledger="sensor")]
    assert parts([*company, *instrument]) == ["1 2 3", "8"]


def test_every_row_of_a_curated_set_is_an_event_of_its_own() -> None:
    rows = [replace(told(number, None, disc(0, 0, 50)), source="ucdp") for number in (1, 2)]
    seen = [replace(one, report_id=f"test:{number}") for number, one in enumerate(LOCATED, 3)]
    assert parts([*rows, *seen]) == ["1", "2", "3 4"]


def test_rumours_are_listed_with_what_they_say_and_are_judged_by_no_agreement() -> None:
    rumour = post(8, "outlet-1", REGION, "so they say")
    (found,) = fused([rumour])
    assert (found.unresolved, found.footprint, found.report_ids) == (True, REGION, ("test:8",))


def a_day(number: int, outlet: str, east_m: float = 0.0, day: int = 0, **fields: Any) -> Report:
    """A post that names a place and a day, and no hour."""
    return post(number, outlet, disc(east_m, 0, 3_000), day=timedelta(days=day, hours=8), **{**WHOLE_DAY, **fields})


def test_what_tells_a_day_and_no_hour_joins_only_its_like() -> None:
    days = [a_day(3, "outlet-1", text="a"), a_day(4, "outlet-2", 300, text="b")]
    assert parts([*LOCATED, evening(5, "outlet-3"), *days]) == ["1 2 5", "3 4"]
    assert parts([*days, a_day(6, "outlet-3", day=1)]) == ["3 4", "6"]
    assert parts([*days, a_day(6, "outlet-3", 40_000)]) == ["3 4", "6"]


def test_what_is_dated_by_local_midnight_goes_by_its_own_day() -> None:
    """A day in Kyiv begins at ten in the evening before, by the clock of the record."""
    kyiv = [a_day(3, "outlet-1", at_s=-10 * HOUR_S), a_day(4, "outlet-2", at_s=-10 * HOUR_S)]
    assert {one.observed_from.day for one in kyiv} == {29}
    assert parts(kyiv) == ["3 4"]


def test_the_place_of_several_posts_is_better_known_than_that_of_each() -> None:
    footprint = only([evening(3, "outlet-1", 1_000, "a"), evening(4, "outlet-2", -1_000, "b", at_s=-850.0)]).footprint
    assert isinstance(footprint, Disc)
    assert (footprint.lon, footprint.lat) == pytest.approx(place(0, 0, HERE), abs=1e-4)
    assert 1_500 < footprint.radius_m < 3_000
