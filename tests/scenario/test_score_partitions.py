"""Pairs and B-cubed, against what their definitions say thing by thing."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scenario.scoring import APART, Quality, bcubed, pairwise
from pipeline.scenario.scoring.fusion import mostly
from pipeline.scenario.scoring.partitions import Labels, number_of_groups

Both = list[tuple[int, int]]
PARTITIONS = st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=25)


def columns(both: Both) -> tuple[Labels, Labels]:
    truth, said = np.array(both, dtype=np.int64).reshape(-1, 2).T
    return truth, said


def together(labels: list[int], one: int, other: int) -> bool:
    return one == other or (labels[one] == labels[other] != APART)


def slow_pairwise(both: Both) -> Quality:
    truth, said = [one for one, _ in both], [one for _, one in both]
    pairs = list(combinations(range(len(both)), 2))
    true = {pair for pair in pairs if together(truth, *pair)}
    claimed = {pair for pair in pairs if together(said, *pair)}
    right = len(true & claimed)
    precision = right / len(claimed) if claimed else 1.0
    recall = right / len(true) if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Quality(precision, recall, f1)


def slow_bcubed(both: Both) -> tuple[float, float]:
    truth, said = [one for one, _ in both], [one for _, one in both]
    things = range(len(both))
    precision, recall = 0.0, 0.0
    for thing in things:
        true = {other for other in things if together(truth, thing, other)}
        claimed = {other for other in things if together(said, thing, other)}
        precision += len(true & claimed) / len(claimed)
        recall += len(true & claimed) / len(true)
    return precision / len(both), recall / len(both)


@given(PARTITIONS)
def test_pairs_are_counted_as_one_by_one(both: Both) -> None:
    found, slow = pairwise(*columns(both)), slow_pairwise(both)
    assert (found.precision, found.recall) == (slow.precision, slow.recall)
    # Of nothing claimed where something is there, the harmonic mean is nought; so is what counts pairs say.
    assert found.f1 == pytest.approx(slow.f1)


@given(PARTITIONS.filter(bool))
def test_bcubed_is_the_mean_over_things(both: Both) -> None:
    found = bcubed(*columns(both))
    assert (found.precision, found.recall) == pytest.approx(slow_bcubed(both))
    assert found.f1 == pytest.approx(2 / (1 / found.precision + 1 / found.recall))


@given(PARTITIONS, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_numbers_matter(both: Both, random: object) -> None:
    renamed = {name: name if name == APART else 1_000 - 7 * name for name in range(-1, 6)}
    other = [(renamed[said], renamed[true]) for true, said in both]
    random.shuffle(other)  # type: ignore[attr-defined]
    for measure in (pairwise, bcubed):
        one, turned = measure(*columns(both)), measure(*columns(other))
        assert (one.precision, one.recall, one.f1) == pytest.approx((turned.recall, turned.precision, turned.f1))


@given(PARTITIONS)
def test_the_truth_itself_is_perfect_and_joining_all_forgets_nothing(both: Both) -> None:
    truth, _ = columns(both)
    everything = np.zeros(len(truth), dtype=np.int64)
    for measure in (pairwise, bcubed):
        assert measure(truth, truth) == Quality(1.0, 1.0, 1.0)
        assert measure(truth, everything).recall == 1.0
        assert measure(truth, np.full(len(truth), APART)).precision == 1.0


def test_a_hundred_thousand_in_one_group_do_not_overflow() -> None:
    one = np.zeros(200_000, dtype=np.int64)
    assert pairwise(one, one) == Quality(1.0, 1.0, 1.0)
    assert pairwise(np.arange(200_000), one).precision == 0.0


def test_what_is_apart_is_no_group() -> None:
    assert number_of_groups(np.array([APART, 2, 2, APART])) == 1
    assert pairwise(np.array([1, 1]), np.array([APART, APART])).recall == 0.0


NAMES = st.sampled_from("abcdefgh")


@given(st.lists(st.lists(NAMES, max_size=8).map(tuple), max_size=6), st.dictionaries(NAMES, st.integers(0, 3)))
def test_most_of_a_set_decides_and_the_earlier_of_equals(sets: list[tuple[str, ...]], group_of: dict[str, int]) -> None:
    for names, found in zip(sets, mostly(sets, group_of).tolist(), strict=True):
        groups = [group_of[name] for name in names if name in group_of]
        assert found == (min(groups, key=lambda group: (-groups.count(group), group)) if groups else APART)
