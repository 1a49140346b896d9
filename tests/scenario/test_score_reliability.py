"""Reliability, against a slow reckoning and against probabilities that are right or wrong by construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scenario.scoring import reliability

Said = list[tuple[float, bool]]
SAID = st.lists(st.tuples(st.sampled_from([0.01, 0.05, 0.3, 0.5, 0.77, 1.0]) | st.floats(0, 1), st.booleans()))


def columns(said: Said) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in said], dtype=np.float64), np.array([y for _, y in said], dtype=bool)


@given(SAID.filter(bool), st.integers(1, 12))
def test_the_figures_follow_from_their_definitions(said: Said, bins: int) -> None:
    told = reliability(*columns(said), bins=bins)
    number = len(said)
    assert told.base_rate == pytest.approx(sum(y for _, y in said) / number)
    assert told.brier == pytest.approx(sum((p - y) ** 2 for p, y in said) / number)
    assert sum(one.findings for one in told.bins) == number
    error = 0.0
    for one in told.bins:
        within = [(p, y) for p, y in said if one.least <= p <= one.most]
        assert len(within) == one.findings
        mean_p, mean_y = sum(p for p, _ in within) / len(within), sum(y for _, y in within) / len(within)
        assert (one.mean, one.true) == pytest.approx((mean_p, mean_y))
        error += len(within) / number * abs(mean_p - mean_y)
    assert told.ece == pytest.approx(error)


@given(SAID, st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(said: Said, random: object) -> None:
    other = list(said)
    random.shuffle(other)  # type: ignore[attr-defined]
    one, turned = reliability(*columns(said)), reliability(*columns(other))
    assert [b.findings for b in one.bins] == [b.findings for b in turned.bins]
    assert one.ece == pytest.approx(turned.ece)


@given(st.lists(st.integers(0, 10**6), min_size=20, max_size=300, unique=True))
def test_bins_of_different_probabilities_have_equal_mass(values: list[int]) -> None:
    p = np.array(values) / 10**6
    sizes = [one.findings for one in reliability(p, p > 0.5).bins]
    assert len(sizes) == 10
    assert max(sizes) - min(sizes) <= 1


def test_right_probabilities_are_calibrated_and_boastful_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(50_000)
    y = rng.random(50_000) < p
    right, boastful = reliability(p, y), reliability(np.where(p > 0.5, 1.0, 0.0), y)
    assert right.ece is not None
    assert right.ece < 0.02
    assert boastful.ece == pytest.approx(0.25, abs=0.02)
    assert right.brier_skill == pytest.approx(1 / 3, abs=0.02)
    assert reliability(np.full(50_000, y.mean()), y).brier_skill == pytest.approx(0.0)


def test_without_findings_or_without_both_outcomes_there_is_no_skill() -> None:
    nothing = reliability(np.zeros(0), np.zeros(0, dtype=bool))
    assert (nothing.findings, nothing.ece, nothing.brier_skill) == (0, None, None)
    assert reliability(np.array([0.9, 1.0]), np.array([True, True])).brier_skill is None
