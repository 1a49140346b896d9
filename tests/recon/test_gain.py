"""What looks are expected to be worth: by hand, by plain enumeration, and the properties that planning rests on."""

from itertools import pairwise, product
from math import log2, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.taxonomy import Severity
from pipeline.recon.gain import HOUR_MS, Chances, entropy_bits, outlook, posterior, weight_of
from pipeline.recon.traces import left_of, load_traces
from tests.recon.looking import question

shares = st.floats(0.0, 1.0)
looks = st.lists(st.builds(Chances, shares, shares), max_size=5)


def expected_bits_left(chance: float, some: list[Chances]) -> float:
    """By going through every sequence of findings, and asking each for what is then believed."""
    left = 0.0
    for found in product([True, False], repeat=len(some)):
        so = prod(one.found_if_so if hit else 1.0 - one.found_if_so for one, hit in zip(some, found, strict=True))
        not_so = prod(one.found_if_not if hit else 1.0 - one.found_if_not for one, hit in zip(some, found, strict=True))
        whole = chance * so + (1.0 - chance) * not_so
        if whole > 0.0:
            left += whole * entropy_bits(chance * so / whole)
    return left


@given(shares, looks)
def test_what_is_left_is_what_every_sequence_of_findings_leaves(chance: float, some: list[Chances]) -> None:
    assert outlook(question(1, chance), some).left_bits() == pytest.approx(expected_bits_left(chance, some), abs=1e-9)


def test_a_look_that_is_never_wrong_settles_it_and_one_that_knows_nothing_gives_nothing() -> None:
    alert = question(1, 0.3, weight=2.0)
    assert outlook(alert, [Chances(1.0, 0.0)]).value() == pytest.approx(2.0 * entropy_bits(0.3))
    assert outlook(alert, [Chances(0.4, 0.4)]).value() == pytest.approx(0.0, abs=1e-12)


def test_one_look_by_hand() -> None:
    """p 0.5, found 0.8 if so and 0.2 if not: afterwards it is 0.8 or 0.2 either way."""
    left = -(0.8 * log2(0.8) + 0.2 * log2(0.2))
    assert outlook(question(1, 0.5), [Chances(0.8, 0.2)]).value() == pytest.approx(1.0 - left)
    assert posterior(0.5, Chances(0.8, 0.2), found=False) == pytest.approx(0.2)


@given(shares, looks, st.builds(Chances, shares, shares), st.booleans())
def test_a_look_more_takes_nothing_away_and_adds_less_the_more_there_are(
    chance: float, some: list[Chances], more: Chances, gap: bool
) -> None:
    asked = question(1, chance, gap=gap)
    adds = [outlook(asked, some[:count]).adds(more) for count in range(len(some) + 1)]
    assert all(later <= before + 1e-9 for before, later in pairwise(adds))
    assert outlook(asked, [*some, more]).value() >= outlook(asked, some).value() - 1e-9


@given(shares, looks)
def test_their_order_does_not_matter(chance: float, some: list[Chances]) -> None:
    asked = question(1, chance)
    assert outlook(asked, some).value() == pytest.approx(outlook(asked, some[::-1]).value(), abs=1e-12)


@given(shares, looks)
def test_nothing_gives_more_than_there_is_to_know(chance: float, some: list[Chances]) -> None:
    assert outlook(question(1, chance, weight=3.0), some).value() <= 3.0 * entropy_bits(chance) + 1e-9
    assert outlook(question(1, chance, weight=3.0, gap=True), some).value() <= 3.0 * chance + 1e-9


def test_a_gap_is_closed_by_what_each_look_leaves_open() -> None:
    seen = outlook(question(1, 0.8, weight=2.0, gap=True), [Chances(0.5, 0.0), Chances(0.5, 0.0)])
    assert seen.value() == pytest.approx(2.0 * 0.8 * 0.75)
    assert seen.left() == pytest.approx(0.8 * 0.25)


def test_a_graver_and_an_older_alert_weighs_more() -> None:
    fresh = [weight_of(severity, 0.0) for severity in Severity]
    assert fresh == sorted(fresh)
    assert weight_of(Severity.GRAVE, 6.0) > weight_of(Severity.GRAVE, 0.0)
    assert weight_of(Severity.GRAVE, -1.0) == weight_of(Severity.GRAVE, 0.0)


def test_signs_fade_by_half_in_their_half_life() -> None:
    trace = load_traces().of("troops")
    assert trace is not None
    asked = question(1)
    at_ms = asked.until_ms + round(trace.half_life_h * HOUR_MS)
    assert left_of(trace, asked, asked.until_ms) == 1.0
    assert left_of(trace, asked, at_ms) == pytest.approx(0.5)
    assert left_of(trace, asked, at_ms - 3 * HOUR_MS) > 0.5


def test_of_a_gap_the_signs_of_its_hours_are_told_on_the_mean() -> None:
    trace = load_traces().of("troops")
    assert trace is not None
    gap = question(1, gap=True, since_h=24.0)
    steps = 24_000
    span_ms = gap.until_ms - gap.from_ms
    each = [
        left_of(trace, question(1)._replace(until_ms=gap.from_ms + span_ms * step // steps), gap.until_ms)
        for step in range(steps)
    ]
    assert left_of(trace, gap, gap.until_ms) == pytest.approx(sum(each) / steps, rel=1e-3)
