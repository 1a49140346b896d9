"""Which looks can be had together, and what a set of them is worth: the model that every policy plans on.

The objective: the points that the looks are expected to give (`pipeline.recon.gain`), less `price` times their cost,
less `charge` for each. Within: one asset does one thing at a time, and looks at one question once; a question gets so
many looks at most, for the reckoning takes them to be independent; the cost keeps to the budget.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pipeline.recon.gain import Chances, Question, outlook

DIGITS = 9
"""Worths are compared so far: what rounding makes of one place and its mirror image is no difference."""


class Look(NamedTuple):
    """One asset, one question, one time.

    Attributes:
        from_ms, until_ms: when it looks.
        busy_from_ms, busy_until_ms: when it can do nothing else: on its way, and until it can go again, among them.
        lon, lat: from where it looks, or what it stands above; of a satellite the place itself.
        distance_m: from there to the question.
        cost_h: in hours of one drone in the air.
        note: what there is to know about it, for people.
    """

    asset: str
    question: str
    from_ms: int
    until_ms: int
    busy_from_ms: int
    busy_until_ms: int
    lon: float
    lat: float
    distance_m: float
    chances: Chances
    cost_h: float
    note: str = ""


class Terms(NamedTuple):
    """On what terms looks are chosen.

    Attributes:
        price: points that an hour is worth: a look that is expected to give less is not proposed.
        charge: points that each look costs besides: somebody has to ask for it, and to read the answer.
        budget_h: what all looks together may cost; None for no limit.
        looks: how many there may be; None for no limit.
        looks_each: how many a question may get.
    """

    price: float = 0.02
    charge: float = 0.01
    budget_h: float | None = None
    looks: int | None = None
    looks_each: int = 4


DEFAULT_TERMS = Terms()


class Choice:
    """The looks among which is chosen, in one order whatever order they come in.

    Args:
        questions: what is to be answered, each under its own name.
        looks: candidates; each is about one of the questions.
    """

    def __init__(self, questions: Iterable[Question], looks: Iterable[Look], terms: Terms = DEFAULT_TERMS) -> None:
        self.questions: Mapping[str, Question] = {one.name: one for one in sorted(questions, key=lambda one: one.name)}
        self.looks: Sequence[Look] = sorted(set(looks), key=in_order)
        self.terms = terms
        self._values: dict[tuple[str, frozenset[int]], float] = {}

    def value(self, name: str, numbers: Iterable[int]) -> float:
        """What some looks at a question are expected to give, in points."""
        key = name, frozenset(numbers)
        known = self._values.get(key)
        if known is None:
            chances = [self.looks[number].chances for number in sorted(key[1])]
            known = self._values[key] = outlook(self.questions[name], chances).value()
        return known

    def worth(self, chosen: Iterable[int]) -> float:
        """The objective: points less what they cost."""
        picked = list(chosen)
        return self.points(picked) - sum(self.charge(number) for number in picked)

    def charge(self, number: int) -> float:
        """What a look costs, in points."""
        return self.terms.charge + self.terms.price * self.looks[number].cost_h

    def useful(self) -> "Choice":
        """The same, without looks that cost more than they would give if they were the only ones: none adds more."""
        numbers = (number for number in range(len(self.looks)) if rounded(self.worth([number])) > 0.0)
        return Choice(self.questions.values(), [self.looks[number] for number in numbers], self.terms)

    def points(self, chosen: Iterable[int]) -> float:
        """What some looks are expected to give."""
        by_question: dict[str, list[int]] = {}
        for number in sorted(chosen):
            by_question.setdefault(self.looks[number].question, []).append(number)
        return float(sum(self.value(name, some) for name, some in by_question.items()))

    def cost_h(self, chosen: Iterable[int]) -> float:
        """What some looks cost."""
        return float(sum(self.looks[number].cost_h for number in chosen))

    @cached_property
    def at_once(self) -> list[list[int]]:
        """Sets of looks of one asset of which it can do only one: it is busy with all of them at one moment."""
        found: list[list[int]] = []
        for numbers in self._by_asset.values():
            for number in numbers:
                moment = self.looks[number].busy_from_ms
                some = [
                    other
                    for other in numbers
                    if self.looks[other].busy_from_ms <= moment < self.looks[other].busy_until_ms
                ]
                if len(some) > 1 and not (found and set(some) <= set(found[-1])):
                    found.append(some)
        return found

    @cached_property
    def again(self) -> list[list[int]]:
        """Sets of looks of one asset at one question: it looks at it once."""
        pairs: dict[tuple[str, str], list[int]] = {}
        for number, look in enumerate(self.looks):
            pairs.setdefault((look.asset, look.question), []).append(number)
        return [numbers for numbers in pairs.values() if len(numbers) > 1]

    @cached_property
    def by_question(self) -> dict[str, list[int]]:
        """The looks at each question that has any."""
        found: dict[str, list[int]] = {}
        for number, look in enumerate(self.looks):
            found.setdefault(look.question, []).append(number)
        return found

    @cached_property
    def _by_asset(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, look in enumerate(self.looks):
            found.setdefault(look.asset, []).append(number)
        for numbers in found.values():
            numbers.sort(key=lambda number: (self.looks[number].busy_from_ms, number))
        return found

    @cached_property
    def conflicts(self) -> list[frozenset[int]]:
        """For each look, those that cannot be had beside it, whatever else is chosen; itself among them."""
        return [
            frozenset(
                other
                for other in self._by_asset[look.asset]
                if self.looks[other].question == look.question or overlap(self.looks[other], look)
            )
            for number, look in enumerate(self.looks)
        ]

    def hindrance(self, number: int, chosen: Sequence[int]) -> str:
        """Why a look cannot be had beside others that are chosen; empty where it can."""
        look = self.looks[number]
        in_the_way = self.conflicts[number].intersection(chosen)
        if not in_the_way:
            return self._limit(number, chosen)
        if any(self.looks[other].question == look.question for other in in_the_way):
            return f"{look.asset} looks at it already"
        return f"{look.asset} is wanted elsewhere at the time"

    def _limit(self, number: int, chosen: Sequence[int]) -> str:
        """Which limit of the whole plan, or of the question, a look more would exceed."""
        look, terms = self.looks[number], self.terms
        if terms.looks is not None and len(chosen) >= terms.looks:
            return f"no more than {terms.looks} looks are asked for"
        if terms.budget_h is not None and self.cost_h(chosen) + look.cost_h > terms.budget_h + 1e-9:
            return "the budget does not hold it"
        if sum(self.looks[other].question == look.question for other in chosen) >= terms.looks_each:
            return f"it gets {terms.looks_each} looks already"
        return ""


def overlap(one: Look, other: Look) -> bool:
    """Whether two looks keep an asset busy at one moment."""
    return one.busy_from_ms < other.busy_until_ms and other.busy_from_ms < one.busy_until_ms


def in_order(look: Look) -> tuple[int, str, str, int, float]:
    """By time, then by name; a look's side or place has no say."""
    return look.from_ms, look.asset, look.question, look.until_ms, look.cost_h


def rounded(worth: float) -> float:
    """A worth as it is compared."""
    return float(np.round(worth, DIGITS))
