"""Plans of looks: which to ask for, for what, at what cost, and why. A person decides; nothing is sent.

The greedy policy takes the look that adds most, again and again, until none is worth its price; with a budget it is
also tried by what is added for each hour, and the better of the two is kept. Then looks are exchanged while that helps.
The exact policy and the bound that stands beside every plan are in `pipeline.recon.exact`.
"""

import heapq
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from pipeline.recon import exact
from pipeline.recon.choice import DEFAULT_TERMS, Choice, Look, Terms, rounded
from pipeline.recon.gain import HOUR_MS, Outlook, Question

Policy = Literal["greedy", "exact", "nearest", "longest"]

POLICIES: Mapping[Policy, str] = {
    "greedy": "the look that adds most, again and again; nearly the best, at once",
    "exact": "the best plan, by integer programming; it may take long for many looks",
    "nearest": "what lies nearest to an asset first; to compare with",
    "longest": "what was not looked at for longest first; to compare with",
}
"""What each policy is, in words."""

EXCHANGES = 200
"""So many exchanges of looks at most: in practice a few are made."""


class Chosen(NamedTuple):
    """A look of a plan.

    Attributes:
        points: what it is expected to add to those before it.
        before, after: what is expected to be open of the question: bits of an alert, the unseen share of a gap.
        why: a plain sentence.
    """

    look: Look
    question: Question
    points: float
    before: float
    after: float
    why: str


class Unanswered(NamedTuple):
    """A question at which a plan does not look, and why not."""

    question: Question
    why: str


class Plan(NamedTuple):
    """What is proposed.

    Attributes:
        chosen: in order of time.
        points: what all of it is expected to give; `worth` is that less the price of its cost.
        bound: what no plan of these looks can be worth more than.
        proven: whether no plan of these looks is worth more than this one.
        unanswered: those of most weight first.
    """

    policy: Policy
    terms: Terms
    chosen: tuple[Chosen, ...]
    points: float
    cost_h: float
    worth: float
    bound: float
    proven: bool
    candidates: int
    unanswered: tuple[Unanswered, ...]

    @property
    def gap(self) -> float:
        """The share of the bound by which the best plan may be better."""
        return max(0.0, 1.0 - self.worth / self.bound) if self.bound > 0.0 else 0.0


def plan(
    questions: Iterable[Question],
    looks: Iterable[Look],
    terms: Terms = DEFAULT_TERMS,
    policy: Policy = "greedy",
    refusals: Mapping[str, str] | None = None,
) -> Plan:
    """Chooses looks.

    Args:
        refusals: by question, why some asset cannot look at it (`pipeline.recon.looks`).
    """
    every = Choice(questions, looks, terms)
    choice = every.useful()
    if policy == "exact":
        solved = exact.best(choice, greedy(choice))
        chosen, bound, proven = solved
    else:
        chosen = _CHOOSE[policy](choice)
        bound = exact.upper_bound(choice, chosen)
        proven = bound <= choice.worth(chosen) + 1e-6
    taken = _taken(choice, sorted(chosen))
    points, cost_h = choice.points(chosen), choice.cost_h(chosen)
    return Plan(
        policy=policy,
        terms=terms,
        chosen=tuple(taken),
        points=points,
        cost_h=cost_h,
        worth=choice.worth(chosen),
        bound=bound,
        proven=proven,
        candidates=len(every.looks),
        unanswered=tuple(_unanswered(choice, sorted(chosen), every.by_question, refusals or {})),
    )


def greedy(choice: Choice) -> list[int]:
    """The numbers of the looks that are chosen greedily, and then exchanged for better ones where there are any."""
    chosen = _greedy(choice, by_hour=False)
    if choice.terms.budget_h is not None:
        chosen = max(chosen, _greedy(choice, by_hour=True), key=lambda some: rounded(choice.worth(some)))
    return _exchanged(choice, chosen)


def _greedy(choice: Choice, *, by_hour: bool) -> list[int]:
    """Lazily: what a look adds can only fall, so that only the first of the heap has to be looked at again."""
    outlooks = {name: Outlook(question) for name, question in choice.questions.items()}

    def net(number: int) -> float:
        look = choice.looks[number]
        worth = outlooks[look.question].adds(look.chances) - choice.charge(number)
        return rounded(worth / max(look.cost_h, 0.01) if by_hour else worth)

    heap = [(-net(number), number) for number in range(len(choice.looks))]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap:
        known, number = heapq.heappop(heap)
        if known >= 0.0:
            break
        if choice.hindrance(number, chosen):
            continue
        now = -net(number)
        if heap and (now, number) > heap[0]:
            heapq.heappush(heap, (now, number))
        elif now < 0.0:
            chosen.append(number)
            look = choice.looks[number]
            outlooks[look.question] = outlooks[look.question].after(look.chances)
    return chosen


def _exchanged(choice: Choice, chosen: list[int]) -> list[int]:
    """Puts a look in the place of the one that stands in its way, or beside all, as long as the plan gains by it."""
    for _ in range(EXCHANGES):
        found = next(filter(None, (_with(choice, number, chosen) for number in range(len(choice.looks)))), None)
        if found is None:
            break
        chosen = found
    return chosen


def _with(choice: Choice, number: int, chosen: list[int]) -> list[int] | None:
    """The chosen looks with one more, less one if need be; None where the plan does not gain by it."""
    if number in chosen:
        return None
    in_the_way = choice.conflicts[number].intersection(chosen)
    if len(in_the_way) > 1:
        return None
    if not in_the_way and not choice.hindrance(number, chosen):
        return [*chosen, number] if _gains(choice, [number], [], chosen) else None
    for one in sorted(in_the_way or chosen):
        without = [other for other in chosen if other != one]
        if _gains(choice, [number], [one], chosen) and not choice.hindrance(number, without):
            return [*without, number]
    return None


def _gains(choice: Choice, more: list[int], less: list[int], chosen: Sequence[int]) -> bool:
    """Whether a plan is worth more with some looks and without some others; only their questions are reckoned."""
    names = {choice.looks[number].question for number in (*more, *less)}
    before = {number for number in chosen if choice.looks[number].question in names}
    after = before.difference(less).union(more)
    return rounded(choice.worth(after)) > rounded(choice.worth(before))


def in_turn(choice: Choice, order: Sequence[int], looks: int | None = None) -> list[int]:
    """Takes looks in an order, as far as they can be had: one at each question first, then a second, and so on."""
    chosen: list[int] = []
    counts: dict[str, int] = {}
    for turn in range(choice.terms.looks_each):
        for number in order:
            name = choice.looks[number].question
            if looks is not None and len(chosen) >= looks:
                return chosen
            if counts.get(name, 0) == turn and not choice.hindrance(number, chosen):
                chosen.append(number)
                counts[name] = turn + 1
    return chosen


def nearest(choice: Choice, looks: int | None = None) -> list[int]:
    """What lies nearest first, whatever it is worth."""
    order = sorted(range(len(choice.looks)), key=lambda number: (rounded(choice.looks[number].distance_m), number))
    return in_turn(choice, order, looks)


def longest(choice: Choice, looks: int | None = None) -> list[int]:
    """What was not looked at for longest first, whatever it is worth."""
    since = {name: question.from_ms for name, question in choice.questions.items()}
    order = sorted(range(len(choice.looks)), key=lambda number: (since[choice.looks[number].question], number))
    return in_turn(choice, order, looks)


_CHOOSE: Mapping[Policy, Callable[[Choice], list[int]]] = {"greedy": greedy, "nearest": nearest, "longest": longest}


def _taken(choice: Choice, chosen: Sequence[int]) -> Iterator[Chosen]:
    outlooks: dict[str, Outlook] = {}
    for number in chosen:
        look = choice.looks[number]
        question = choice.questions[look.question]
        before = outlooks.get(look.question, Outlook(question))
        after = outlooks[look.question] = before.after(look.chances)
        why = _why(look, question, before.left(), after.left())
        yield Chosen(look, question, after.value() - before.value(), before.left(), after.left(), why)


def _why(look: Look, question: Question, before: float, after: float) -> str:
    how = f", {look.note}" if look.note else ""
    if question.kind == "alert":
        return (
            f"verify {question.name}{how}: at a probability of {min(question.chance, 0.99):.2f}, {before:.2f} bits are "
            f"open, of which {after:.2f} are expected to be left"
        )
    hours = (question.until_ms - question.from_ms) / HOUR_MS
    return (
        f"close the gap {question.name}{how}: {100 * question.chance:.0f} % of {hours:.0f} h went unseen, and "
        f"{100 * before:.0f} % open are expected to become {100 * after:.0f} %"
    )


def _unanswered(
    choice: Choice, chosen: Sequence[int], offered: Container[str], refusals: Mapping[str, str]
) -> Iterator[Unanswered]:
    """Each question without a look, and what stands in the way of the best that it might have had.

    Args:
        offered: the questions at which a look could be had at all, worth its cost or not.
    """
    looked_at = {choice.looks[number].question for number in chosen}
    for name, question in sorted(choice.questions.items(), key=lambda pair: (-rounded(pair[1].weight), pair[0])):
        if name in looked_at:
            continue
        some = choice.by_question.get(name, [])
        if some:
            first = min(some, key=lambda number: (-rounded(choice.worth([number])), number))
            hindrance = choice.hindrance(first, chosen)
            yield Unanswered(question, hindrance or "others together are expected to be worth more")
        elif name in offered:
            yield Unanswered(question, "no look at it is expected to be worth what it costs")
        else:
            yield Unanswered(question, refusals.get(name, "no asset can look at it in this time"))
