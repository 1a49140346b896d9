"""What plans of looks are worth: beside other ways of choosing, beside the best there is, and how long they take.

The worlds are invented (`tests.recon.looking`), and none of them served to choose anything: `--seeds` chooses them,
1000 being added. Certainty is told twice: as expected by the model, and as it came about when the truth and the
findings of every look were drawn by it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter

import numpy as np

from pipeline.recon.choice import Choice, Terms
from pipeline.recon.gain import Question, entropy_bits, posterior
from pipeline.recon.plan import greedy, in_turn, longest, nearest, plan
from tests.bench import Effort, Figure
from tests.recon.looking import invented

HELD_OUT = 1_000
WORLDS, DRAWS = 20, 200
LOOKS = 30
"""So many each policy may have: as many as its assets can give within the day, it would not matter how they choose."""

Choosing = Callable[[Choice, int], list[int]]


def run(effort: Effort) -> list[Figure]:
    worlds = [HELD_OUT + 100 * seed + number for seed in effort.seeds for number in range(effort.of(WORLDS))]
    figures = list(_certainty(worlds, effort.of(DRAWS)))
    figures += _gap_to_the_best(worlds)
    figures += _times(worlds[: max(3, effort.repeats)])
    return figures


def _random(choice: Choice, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(len(choice.looks)).tolist()
    return in_turn(choice, order, LOOKS)


POLICIES: Mapping[str, Choosing] = {
    "greedy": lambda choice, _: greedy(choice),
    "random": _random,
    "nearest": lambda choice, _: nearest(choice, LOOKS),
    "longest unseen": lambda choice, _: longest(choice, LOOKS),
}


def _certainty(worlds: Sequence[int], draws: int) -> Iterator[Figure]:
    for name, choose in POLICIES.items():
        expected, drawn, each = [], [], []
        for seed in worlds:
            asked, offered = invented(np.random.default_rng(seed))
            choice = Choice(asked, offered, Terms(looks=LOOKS))
            chosen = choose(choice, seed)
            expected.append(choice.points(chosen) / max(len(chosen), 1))
            drawn.append(came_about(choice, chosen, draws, np.random.default_rng(seed + 7)) / max(len(chosen), 1))
            each.append(len(chosen))
        note = f"{np.mean(drawn):.3f} drawn ± {np.std(drawn) / np.sqrt(len(drawn)):.3f}; {np.mean(each):.0f} looks"
        note += f" each in {len(worlds)} worlds"
        yield Figure(f"{name}: points gained by look", tuple(expected), "points", note)


def came_about(choice: Choice, chosen: Sequence[int], draws: int, rng: np.random.Generator) -> float:
    """Points that some looks gave in the mean, with truths and findings drawn by the model."""
    by_question: dict[str, list[int]] = {}
    for number in chosen:
        by_question.setdefault(choice.looks[number].question, []).append(number)
    gained = 0.0
    for name, numbers in by_question.items():
        question = choice.questions[name]
        for _ in range(draws):
            gained += question.weight * _drawn(choice, question, numbers, rng)
    return gained / draws


def _drawn(choice: Choice, question: Question, numbers: Sequence[int], rng: np.random.Generator) -> float:
    chances = [choice.looks[number].chances for number in numbers]
    if question.kind == "gap":
        # Of what happened in the gap one thing is drawn: whether it was unseen, and whether a look finds it now.
        unseen = rng.random() < question.chance
        return float(unseen and any(rng.random() < one.found_if_so for one in chances))
    holds, believed = rng.random() < question.chance, question.chance
    for one in chances:
        found = bool(rng.random() < (one.found_if_so if holds else one.found_if_not))
        believed = posterior(believed, one, found)
    return entropy_bits(question.chance) - entropy_bits(believed)


def _gap_to_the_best(worlds: Sequence[int]) -> Iterator[Figure]:
    """On cases small enough for the best to be proven."""
    for budget_h in (None, 10.0):
        gaps, bounds, proven = [], [], 0
        for seed in worlds:
            asked, offered = invented(np.random.default_rng(seed), assets=8, looks=40, questions=15)
            terms = Terms(budget_h=budget_h)
            quick, best = plan(asked, offered, terms), plan(asked, offered, terms, "exact")
            proven += best.proven
            gaps.append(100.0 * (1.0 - quick.worth / best.worth))
            bounds.append(100.0 * quick.gap)
        what = "without a budget" if budget_h is None else f"within {budget_h:g} h"
        note = f"worst {max(gaps):.2f} %; best in {sum(gap < 0.001 for gap in gaps)} of {len(gaps)}; {proven} proven"
        yield Figure(f"greedy below the best, {what}", tuple(gaps), "%", note)
        yield Figure(f"greedy below its own bound, {what}", tuple(bounds), "%", f"worst {max(bounds):.2f} %")


def _times(worlds: Sequence[int]) -> Iterator[Figure]:
    for policy, looks in (("greedy", 200), ("greedy", 2_000), ("exact", 200)):
        seconds, proven = [], 0
        for seed in worlds:
            questions = 60 if looks == 200 else 300
            asked, offered = invented(np.random.default_rng(seed), looks=looks, questions=questions)
            began = perf_counter()
            made = plan(asked, offered, policy="exact" if policy == "exact" else "greedy")
            seconds.append(perf_counter() - began)
            proven += made.proven
        note = f"30 assets, 12 hours, with the bound; {proven} of {len(worlds)} proven; worst {max(seconds):.2f} s"
        yield Figure(f"{policy}, {looks:,} candidate looks", tuple(seconds), "s", note)
