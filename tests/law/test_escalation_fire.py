"""Exchanges of fire across the line, and how far a day's fire spreads along it."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry.earth import Floats
from pipeline.law.fire import WITHIN_M, WITHIN_US, Integers, answered, exchanges, spread, width_m

HOUR = 3_600_000_000
EVENTS = st.lists(
    st.tuples(st.integers(0, 12 * HOUR), st.floats(0.0, 80_000.0), st.sampled_from([-1, 0, 1])), max_size=60
)
Event = tuple[int, float, int]


def columns(events: list[Event]) -> tuple[Integers, Floats, Integers]:
    return (
        np.array([time for time, _, _ in events], dtype=np.int64),
        np.array([place for _, place, _ in events], dtype=np.float64),
        np.array([side for _, _, side in events], dtype=np.int64),
    )


def number(*events: Event) -> int:
    return len(exchanges(*columns(list(events))))


def test_fire_from_both_sides_within_an_hour_and_ten_kilometres_is_an_exchange() -> None:
    first = (0, 20_000.0, -1)
    assert number(first, (HOUR, 30_000.0, 1)) == 1
    assert number(first, (HOUR + 1, 20_000.0, 1)) == 0
    assert number(first, (0, 30_000.1, 1)) == 0
    assert number(first, (0, 20_000.0, -1)) == 0
    assert number(first, (0, 20_000.0, 0)) == 0


def test_fire_that_goes_on_and_fire_along_the_line_are_several() -> None:
    half_hours = [(step * HOUR // 2, 0.0, (-1) ** step) for step in range(12)]
    assert number(*half_hours) == 4
    assert number(*[(0, step * 25_000.0, side) for step in range(3) for side in (-1, 1)]) == 3


@settings(deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_is_all_the_same(events: list[Event], lot: random.Random) -> None:
    shuffled = list(events)
    lot.shuffle(shuffled)
    begun = [events[row] for row in exchanges(*columns(events)).tolist()]
    assert [shuffled[row] for row in exchanges(*columns(shuffled)).tolist()] == begun


@settings(deadline=None)
@given(EVENTS)
def test_who_is_answered_is_so_of_every_pair(events: list[Event]) -> None:
    wanted = [
        any(
            side * other_side < 0 and abs(time - other) <= WITHIN_US and abs(place - other_place) <= WITHIN_M
            for other, other_place, other_side in events
        )
        for time, place, side in events
    ]
    assert answered(*columns(events)).tolist() == wanted


def test_many_events_are_answered_as_few_are() -> None:
    draw = np.random.default_rng(3)
    time, place = draw.integers(0, 24 * HOUR, 2_500), draw.random(2_500) * 400_000.0
    side = draw.choice([-1, 1], 2_500)
    near = (np.abs(time[:, None] - time) <= WITHIN_US) & (np.abs(place[:, None] - place) <= WITHIN_M)
    assert (answered(time, place, side) == (near & (side[:, None] * side < 0)).any(axis=1)).all()


def test_a_width_leaves_out_the_furthest_tenth() -> None:
    day = np.array([*np.linspace(1_000.0, 3_000.0, 18), 90_000.0, 500_000.0])
    assert width_m(day) == pytest.approx(2_000.0)
    assert width_m(day[:4]) is None


def test_a_day_is_as_wide_as_its_rank_among_the_days_before() -> None:
    day = np.linspace(0.0, 100_000.0, 11)
    wide = spread(day, [10_000.0] * 19)
    assert wide.width_m == pytest.approx(90_000.0)
    assert (wide.usual_width_m, wide.chance) == (10_000.0, 0.05)
    assert spread(day, []).chance == spread(day[:2], [1.0]).chance == spread(day, [None]).chance == 1.0
