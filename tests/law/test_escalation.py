"""A chart of daily counts: what it signals, what it leaves alone, and what it remembers."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.law.counts import EXCESS, chance_of_more, excess_weights, log_gamma
from pipeline.law.escalation import Chart, Judgement, State, chance_for, judged, step

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=80)
STEADY = [4, 6, 5, 3, 5, 7, 4, 5, 6, 4, 5, 3, 6, 5, 4, 6, 5, 4, 5, 6]


def quiet_then(*after: int) -> Judgement:
    return judged([*STEADY, *after])[-1]


def test_a_jump_is_signalled_on_its_day_with_what_was_to_be_expected() -> None:
    judgement = quiet_then(30)
    assert judgement.signals
    assert (judgement.run_days, judgement.counted, judgement.window_days) == (1, 30, 1)
    assert judgement.expected_from < 4.9 < judgement.expected_until
    assert judgement.expected == pytest.approx(4.9, abs=0.2)
    assert not quiet_then(7).signals


def test_a_slow_rise_is_seen_over_the_week_and_dated_back() -> None:
    told = judged([*STEADY, *STEADY, 7, 8, 9, 11, 12, 13, 14])
    begun = next(day for day, judgement in enumerate(told) if judgement.run_days)
    assert told[begun].window_days > 1
    assert 2 <= told[begun].run_days <= 7
    assert begun - told[begun].run_days + 1 >= 2 * len(STEADY) - 1


def test_clusters_where_clusters_are_usual_are_no_escalation() -> None:
    assert not judged([0, 14, 1, 0, 0, 17, 2, 0, 12, 0, 1, 15, 0, 0, 0, 13, 0, 0, 20])[-1].signals
    assert judged([2, 3, 2, 3, 1, 3, 2, 3, 2, 2, 3, 2, 3, 2, 1, 3, 2, 2, 20])[-1].signals


def test_the_first_days_have_no_verdict() -> None:
    told = judged([3] * 8 + [500, 3])
    assert [judgement.learning for judgement in told] == [True] * 9 + [False]
    assert told[8] == Judgement(learning=True)


def test_a_day_of_the_week_that_is_always_high_is_usual() -> None:
    week = [10, 10, 10, 10, 10, 10, 40]
    told = judged(week * 9)
    assert told[-1].expected > 2.0 * told[-2].expected
    assert not any(judgement.signals for judgement in told[-14:])
    assert judged([*week * 8, *[10] * 3, 40])[-1].surprise > told[-1].surprise + 1.0


def test_findings_of_better_watched_days_are_no_escalation() -> None:
    assert judged([*STEADY, 25])[-1].surprise > judged([*STEADY, 25], [1.0] * len(STEADY) + [5.0])[-1].surprise + 2.0


def test_a_day_that_nobody_watched_says_nothing_and_teaches_nothing() -> None:
    efforts = [1.0] * len(STEADY) + [0.0, 1.0]
    told = judged([*STEADY, 99, 5], efforts)
    assert told[-2].learning
    assert told[-1].expected == judged([*STEADY, 0, 5], efforts)[-1].expected
    assert not told[-1].signals


def test_a_run_lasts_until_what_is_counted_is_usual_again() -> None:
    told = judged([*STEADY, *[25] * 10, *STEADY])
    runs = [judgement.run_days for judgement in told]
    assert runs[20:30] == list(range(1, 11))
    assert runs[-10:] == [0] * 10


def test_days_of_a_run_are_not_held_against_later_ones() -> None:
    told = judged([*STEADY, *[25] * 20])
    assert told[-1].expected == pytest.approx(4.9, abs=0.2)
    assert told[-1].signals


def test_what_lasts_four_weeks_is_the_usual_from_then_on() -> None:
    told = judged([*STEADY, *[25, 24, 26] * 12])
    adopted = [day for day, judgement in enumerate(told) if judgement.adopted]
    assert adopted == [len(STEADY) + 27]
    assert told[-1].expected == pytest.approx(25.0, abs=1.0)
    assert not any(judgement.run_days for judgement in told[adopted[0] :])


def test_after_a_fall_the_lower_rate_is_what_is_usual() -> None:
    told = judged([*[60, 55, 65, 58] * 8, *[5, 4, 6, 3] * 5, 40])
    assert told[-2].expected == pytest.approx(4.5, abs=0.5)
    assert told[-1].signals


def test_many_series_together_are_wrong_as_seldom_as_is_asked() -> None:
    assert 100 * chance_for(100, 30.0) * 30.0 == pytest.approx(1.0)
    strict = judged([*STEADY, 18], chart=Chart(chance=chance_for(1_000, 365.0)))
    assert not strict[-1].signals
    assert judged([*STEADY, 18], chart=Chart(chance=0.02))[-1].signals


def test_steady_counts_are_signalled_no_more_often_than_is_said() -> None:
    draw = np.random.default_rng(11)
    series = [draw.negative_binomial(2.0, 2.0 / 8.0, 150).tolist() for _ in range(20)]
    told = [judged(counts, chart=Chart(chance=0.01)) for counts in series]
    begun = sum(one.run_days > 0 and not other.run_days for row in told for other, one in pairwise(row))
    assert begun <= 0.015 * sum(not judgement.learning for row in told for judgement in row)


@settings(max_examples=30, deadline=None)
@given(COUNTS, COUNTS)
def test_later_days_change_nothing_before_them(before: list[int], after: list[int]) -> None:
    assert judged([*before, *after])[: len(before)] == judged(before)


@settings(max_examples=30, deadline=None)
@given(COUNTS, st.sampled_from([0.125, 2.0, 64.0]))
def test_the_unit_of_effort_is_all_the_same(counts: list[int], times: float) -> None:
    efforts = [1.0 + day % 3 for day in range(len(counts))]
    assert judged(counts, [effort * times for effort in efforts]) == judged(counts, efforts)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 150), st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=150, max_size=150))
def test_a_series_without_findings_never_signals(days: int, efforts: list[float]) -> None:
    assert not any(judgement.signals or judgement.run_days for judgement in judged([0] * days, efforts[:days]))


@settings(max_examples=30, deadline=None)
@given(COUNTS)
def test_a_fold_may_go_on_from_what_was_written_down(counts: list[int]) -> None:
    state, decode = State(), msgspec.json.Decoder(State).decode
    told = []
    for day, count in enumerate(counts):
        state, judgement = step(decode(msgspec.json.encode(state)), count, 1.0, day % 7)
        told.append(judgement)
    assert told == judged(counts)
    assert len(state.counts) == len(state.efforts) == len(state.usual) <= Chart().kept_days


@settings(max_examples=50, deadline=None)
@given(COUNTS, st.integers(1, 50))
def test_more_findings_today_are_no_less_surprising(counts: list[int], more: int) -> None:
    one, other = judged([*counts, 10])[-1], judged([*counts, 10 + more])[-1]
    assert other.surprise >= one.surprise


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40), st.integers(0, 120), st.floats(0.02, 0.9), st.lists(st.integers(0, 9), min_size=7, max_size=9)
)
def test_chances_are_those_of_direct_summation(count: int, rest: int, share: float, seen: list[int]) -> None:
    weights = excess_weights(np.array(seen), np.ones(len(seen)))
    wanted = plain_chance(count, count + rest, share, weights.tolist())
    assert chance_of_more(count, count + rest, share, weights) == pytest.approx(wanted, rel=1e-5, abs=1e-12)


def test_chances_of_large_numbers_are_those_of_direct_summation() -> None:
    weights = excess_weights(np.array([200, 260, 180, 220, 240, 190, 230]), np.ones(7))
    for count in (150, 300, 500):
        wanted = plain_chance(count, 4_000 + count, 0.05, weights.tolist())
        assert chance_of_more(count, 4_000 + count, 0.05, weights) == pytest.approx(wanted, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=7, max_size=20))
def test_weights_are_the_likelihood_of_the_counts_by_hand(counts: list[int]) -> None:
    log_weights = [plain_log_weight(excess, counts) for excess in EXCESS.tolist()]
    whole = [math.exp(one - max(log_weights)) for one in log_weights]
    wanted = [one / sum(whole) for one in whole]
    assert excess_weights(np.array(counts), np.ones(len(counts))).tolist() == pytest.approx(wanted, rel=1e-6, abs=1e-12)


@given(st.floats(1e-4, 1e6))
def test_the_gamma_function_is_that_of_the_standard_library(value: float) -> None:
    assert float(log_gamma(np.array([value]))[0]) == pytest.approx(math.lgamma(value), rel=1e-11, abs=1e-11)


def plain_chance(count: int, total: int, share: float, weights: list[float]) -> float:
    """Term by term, from the definition of the beta-binomial law."""
    chance = 0.0
    for excess, weight in zip(EXCESS.tolist(), weights, strict=True):
        a, b = total / excess * share, total / excess * (1.0 - share)
        for k in range(count, total + 1) if count else ():
            choose = math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
            beta = math.lgamma(k + a) + math.lgamma(total - k + b) - math.lgamma(total + a + b)
            chance += weight * math.exp(choose + beta + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    return chance if count else 1.0


def plain_log_weight(excess: float, counts: list[int]) -> float:
    """The prior, and the rising factorials of a Dirichlet-multinomial law multiplied out."""
    total = sum(counts)
    log_weight = -0.5 * (math.log(excess / 2.0) / 1.5) ** 2
    size = total / excess / len(counts)
    log_weight += sum(math.log(size + below) for count in counts for below in range(count))
    return log_weight - sum(math.log(total / excess + below) for below in range(total))
