"""Plans: never against a constraint, never above the bound, never below the best of all by enumeration where exact."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.recon.choice import Choice, Look, Terms, overlap
from pipeline.recon.gain import Question
from pipeline.recon.plan import POLICIES, Plan, plan
from tests.recon.looking import invented, look, question

some_terms = st.builds(
    Terms,
    price=st.sampled_from([0.0, 0.02, 0.3]),
    charge=st.sampled_from([0.0, 0.01]),
    budget_h=st.sampled_from([None, 1.0, 3.5]),
    looks=st.sampled_from([None, 1, 3]),
    looks_each=st.sampled_from([1, 2, 4]),
)
chances = st.floats(0.05, 0.95)


@st.composite
def cases(draw: st.DrawFn, most: int = 9) -> tuple[Sequence[Question], Sequence[Look], Terms]:
    asked = [
        question(number, draw(chances), weight=draw(st.sampled_from([0.5, 1.0, 4.0])), gap=draw(st.booleans()))
        for number in range(draw(st.integers(1, 4)))
    ]
    offered = [
        look(
            draw(st.integers(0, 2)),
            draw(st.integers(0, len(asked) - 1)),
            draw(st.sampled_from([0.0, 0.5, 1.0, 3.0, 6.0])),
            chance=draw(chances),
            wrong=draw(st.sampled_from([0.0, 0.05, 0.3])),
            cost_h=draw(st.sampled_from([0.0, 0.5, 2.0])),
        )
        for _ in range(draw(st.integers(0, most)))
    ]
    return asked, offered, draw(some_terms)


def best_of_all(asked: Sequence[Question], offered: Sequence[Look], terms: Terms) -> float:
    choice = Choice(asked, offered, terms)
    numbers = range(len(choice.looks))
    return max(
        choice.worth(some)
        for count in range(len(numbers) + 1)
        for some in combinations(numbers, count)
        if not broken([choice.looks[number] for number in some], terms)
    )


def broken(looks: Sequence[Look], terms: Terms) -> str:
    """Which constraint some looks break; told anew, and not by the planner's own words."""
    for one, other in combinations(looks, 2):
        if one.asset == other.asset and (overlap(one, other) or one.question == other.question):
            return f"{one.asset} does two things at once, or one twice"
    if terms.budget_h is not None and sum(one.cost_h for one in looks) > terms.budget_h + 1e-9:
        return "it costs more than the budget"
    if terms.looks is not None and len(looks) > terms.looks:
        return "there are too many looks"
    each = [sum(one.question == name for one in looks) for name in {one.question for one in looks}]
    return "a question gets too many" if max(each, default=0) > terms.looks_each else ""


@settings(deadline=None, max_examples=60)
@given(cases())
def test_greedy_is_below_the_best_and_the_best_below_the_bound(
    case: tuple[Sequence[Question], Sequence[Look], Terms],
) -> None:
    asked, offered, terms = case
    best = best_of_all(asked, offered, terms)
    greedy, exact = plan(asked, offered, terms), plan(asked, offered, terms, "exact")
    assert exact.proven
    assert exact.worth == pytest.approx(best, abs=1e-6)
    assert greedy.worth <= best + 1e-6
    assert best <= greedy.bound + 1e-6
    assert best <= exact.bound + 1e-6


@settings(deadline=None, max_examples=60)
@given(cases(most=25), st.sampled_from(sorted(POLICIES)))
def test_no_constraint_is_ever_broken(case: tuple[Sequence[Question], Sequence[Look], Terms], policy: str) -> None:
    asked, offered, terms = case
    made = plan(asked, offered, terms, next(one for one in POLICIES if one == policy))
    assert not broken([one.look for one in made.chosen], terms)
    assert {one.question.name for one in made.chosen} | {one.question.name for one in made.unanswered} == {
        one.name for one in asked
    }
    assert made.worth <= made.bound + 1e-6


@settings(deadline=None, max_examples=40)
@given(cases(), st.randoms())
def test_a_plan_does_not_depend_on_the_order_in_which_looks_are_offered(
    case: tuple[Sequence[Question], Sequence[Look], Terms], rng: object
) -> None:
    asked, offered, terms = case
    assert told(plan(asked, offered, terms)) == told(plan(asked[::-1], [*offered[::-1], *offered], terms))


def told(made: Plan) -> list[Look]:
    return [one.look for one in made.chosen]


def test_a_mirrored_world_has_the_mirrored_plan() -> None:
    """Places mirrored, and figures as rounding leaves them in another place: the same looks are chosen."""
    asked, offered = invented(np.random.default_rng(5), looks=150)
    mirrored = [one._replace(lat=96.0 - one.lat, weight=one.weight * (1.0 + 1e-14)) for one in asked]
    flipped = [
        one._replace(lat=96.0 - one.lat, distance_m=one.distance_m + 1e-11, cost_h=one.cost_h * (1.0 - 1e-14))
        for one in offered
    ]
    for policy in POLICIES:
        one, other = plan(asked, offered, policy=policy), plan(mirrored, flipped, policy=policy)
        assert [(look.asset, look.question, look.from_ms) for look in told(one)] == [
            (look.asset, look.question, look.from_ms) for look in told(other)
        ]


def test_greedy_is_near_the_best_where_nearest_and_longest_are_not() -> None:
    asked, offered = invented(np.random.default_rng(11), assets=10, looks=60, questions=25)
    terms = Terms(budget_h=12.0)
    worth = {policy: plan(asked, offered, terms, policy).worth for policy in POLICIES}
    assert worth["greedy"] >= 0.97 * worth["exact"]
    assert max(worth["nearest"], worth["longest"]) < 0.9 * worth["greedy"]


def test_what_gets_no_look_says_why() -> None:
    asked = [question(0, 0.5, weight=4.0), question(1, 0.5), question(2, 0.5), question(3, 0.99)]
    offered = [look(0, 0), look(0, 1), look(1, 3, chance=0.1, wrong=0.09)]
    made = plan(asked, offered, refusals={"q002": "it lies out of its range (1 of 1 assets)"})
    assert [(one.question.name, one.why) for one in made.unanswered] == [
        ("q001", "a00 is wanted elsewhere at the time"),
        ("q002", "it lies out of its range (1 of 1 assets)"),
        ("q003", "no look at it is expected to be worth what it costs"),
    ]


def test_every_look_has_a_plain_sentence() -> None:
    made = plan([question(0), question(1, 0.8, gap=True)], [look(0, 0), look(1, 1)])
    assert [one.why for one in made.chosen] == [
        "verify q000: at a probability of 0.50, 1.00 bits are open, of which 0.52 are expected to be left",
        "close the gap q001: 80 % of 4 h went unseen, and 80 % open are expected to become 16 %",
    ]
    assert made.points == pytest.approx(sum(one.points for one in made.chosen))


def test_a_high_price_leaves_everything_undone() -> None:
    made = plan([question(0)], [look(0, 0)], Terms(price=1.0))
    assert not made.chosen
    assert (made.points, made.bound) == (0.0, 0.0)


def test_nothing_to_plan_is_an_empty_plan() -> None:
    for policy in POLICIES:
        made = plan([], [], policy=policy)
        assert (made.chosen, made.worth, made.bound, made.gap, made.proven) == ((), 0.0, 0.0, 0.0, True)
