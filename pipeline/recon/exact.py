"""The best choice of looks by integer programming, and a bound on what any choice can be worth.

The diminishing returns are made linear by cuts. The points of a question are a variable that lies below, for each set S
of looks at it, points(S) + the sum, over the looks outside S that are chosen, of what each adds to S alone. For a
function that grows, and whose further looks add less, every such plane lies on or above it, and the plane of S touches
it at S (G. Nemhauser and L. Wolsey, 1981). So the program with some of the cuts promises at least what the best choice
is worth. The cuts of whatever it chooses are added, until it promises no more than its choice is truly worth: then that
is the optimum.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from pipeline.geometry.earth import Floats
from pipeline.recon.choice import Choice

CUTTING_ROUNDS = 60
LOOSE_ROUNDS = 6
NODE_LOOKS = 400_000
"""Nodes of the search tree of one round times looks: a limit that does not depend on how fast the machine is."""

ENOUGH = 1e-7
"""Points: a promise that is so little above what is kept counts as kept."""


class Solved(NamedTuple):
    """A choice, and what no choice can exceed. `proven` where both are the same."""

    chosen: list[int]
    bound: float
    proven: bool


class _Row(NamedTuple):
    """One inequality: so much of some variables is at most a limit."""

    columns: list[int]
    factors: list[float]
    limit: float


class _Values(NamedTuple):
    """The variables, what the objective cannot exceed, and whether the search came to its end."""

    values: Floats
    bound: float
    ended: bool


class _Program:
    """The program: a variable for each look, then one for the points of each question that can be looked at."""

    def __init__(self, choice: Choice) -> None:
        self._choice, self._count = choice, len(choice.looks)
        self.questions = list(choice.by_question)
        self._cut: set[tuple[str, frozenset[int]]] = set()
        self._rows = self._limits()
        for name in self.questions:
            self.cut(name, ())

    def _limits(self) -> list[_Row]:
        choice, terms = self._choice, self._choice.terms
        sets = [(some, 1.0) for some in (*choice.at_once, *choice.again)]
        sets += [(some, float(terms.looks_each)) for some in choice.by_question.values()]
        if terms.looks is not None:
            sets.append((list(range(self._count)), float(terms.looks)))
        rows = [_Row(some, [1.0] * len(some), limit) for some, limit in sets]
        if terms.budget_h is not None:
            rows.append(_Row(list(range(self._count)), [look.cost_h for look in choice.looks], terms.budget_h))
        return rows

    def cut(self, name: str, chosen: Iterable[int]) -> bool:
        """Adds the plane of a set of looks at a question; whether it is new."""
        inside = frozenset(chosen)
        if (name, inside) in self._cut:
            return False
        self._cut.add((name, inside))
        outside = [number for number in self._choice.by_question[name] if number not in inside]
        factors = [1.0, *(-self._adds(name, sorted(inside), number) for number in outside)]
        column = self._count + self.questions.index(name)
        self._rows.append(_Row([column, *outside], factors, self._choice.value(name, inside)))
        return True

    def solve(self, *, whole: bool) -> _Values:
        """The variables at the optimum; `whole` asks for whole looks."""
        width = self._count + len(self.questions)
        costs = [self._choice.charge(number) for number in range(self._count)]
        objective = np.concatenate([costs, -np.ones(len(self.questions))])
        sizes = [len(row.columns) for row in self._rows]
        pointers = np.concatenate([[0], np.cumsum(sizes)])
        columns = np.concatenate([np.asarray(row.columns, dtype=np.int64) for row in self._rows])
        factors = np.concatenate([np.asarray(row.factors) for row in self._rows])
        matrix = csr_array((factors, columns, pointers), shape=(len(self._rows), width))
        integral = np.concatenate([np.full(self._count, int(whole)), np.zeros(len(self.questions))])
        upper = np.concatenate([np.ones(self._count), np.full(len(self.questions), np.inf)])
        solved = milp(
            objective,
            integrality=integral,
            bounds=Bounds(0.0, upper),
            constraints=LinearConstraint(matrix, -np.inf, [row.limit for row in self._rows]),
            options={"node_limit": max(20, NODE_LOOKS // max(self._count, 1)), "mip_rel_gap": 1e-8},
        )
        least = solved.mip_dual_bound if whole else solved.fun
        values = np.zeros(width) if solved.x is None else solved.x
        return _Values(values, np.inf if least is None else -float(least), solved.status == 0)

    def tighten(self, values: Floats) -> bool:
        """For each question adds the cut that the values break most; whether any is broken.

        The sets that are tried hold the looks that are chosen most, so many of them as a question may get.
        """
        added = False
        for number, name in enumerate(self.questions):
            some = sorted(self._choice.by_question[name], key=lambda one: (-values[one], one))
            begun = [one for one in some[: self._choice.terms.looks_each] if values[one] > 1e-6]
            tried = [begun[:size] for size in range(len(begun) + 1)]
            promises = [self._promise(name, one, values) for one in tried]
            least = int(np.argmin(promises))
            if values[self._count + number] > promises[least] + ENOUGH:
                added |= self.cut(name, tried[least])
        return added

    def _promise(self, name: str, chosen: Sequence[int], values: Floats) -> float:
        """The height of a set's plane at the looks that are chosen, in parts it may be."""
        value = self._choice.value(name, chosen)
        others = (one for one in self._choice.by_question[name] if values[one] > 1e-9 and one not in chosen)
        return value + sum(float(values[one]) * self._adds(name, chosen, one) for one in others)

    def _adds(self, name: str, chosen: Sequence[int], one: int) -> float:
        return max(self._choice.value(name, (*chosen, one)) - self._choice.value(name, chosen), 0.0)


def upper_bound(choice: Choice, *given: Sequence[int]) -> float:
    """What no choice can exceed: the program with looks in parts, and the cuts of some choices and of a few rounds."""
    if not choice.looks:
        return 0.0
    return max(_loosely(_program(choice, given)), 0.0)


def _loosely(program: _Program) -> float:
    """The least promise of the program with looks in parts, cut by cut."""
    bound = np.inf
    for _ in range(LOOSE_ROUNDS):
        solved = program.solve(whole=False)
        bound = min(bound, solved.bound)
        if not program.tighten(solved.values):
            break
    return float(bound)


def best(choice: Choice, begun: Sequence[int] = ()) -> Solved:
    """The best choice, proven where the rounds and nodes suffice.

    Args:
        begun: a choice that is known: it is the answer where none better is found.
    """
    chosen = list(begun)
    if not choice.looks:
        return Solved([], 0.0, True)
    program = _program(choice, [begun])
    bound = _loosely(program)
    for _ in range(CUTTING_ROUNDS):
        solved = program.solve(whole=True)
        bound = min(bound, solved.bound)
        found = np.flatnonzero(solved.values[: len(choice.looks)] > 0.5).tolist()
        if choice.worth(found) > choice.worth(chosen) + ENOUGH / 10.0:
            chosen = found
        kept = bound <= choice.worth(chosen) + ENOUGH * 10.0
        if kept or not solved.ended or not program.tighten(solved.values):
            break
    worth = choice.worth(chosen)
    return Solved(chosen, max(float(bound), worth), bool(bound <= worth + 1e-5))


def _program(choice: Choice, given: Iterable[Sequence[int]]) -> _Program:
    program = _Program(choice)
    for chosen in given:
        for name in program.questions:
            some = sorted(set(choice.by_question[name]) & set(chosen))
            for end in range(1, len(some) + 1):
                program.cut(name, some[:end])
    return program
