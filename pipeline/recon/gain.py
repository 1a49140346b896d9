"""What a look is expected to be worth: certainty about alerts, and gaps closed, in one unit.

A *question* is what a look may answer: an alert to verify, or a gap, which is a place where nobody watched. A point is
one bit of certainty about an alert of weight 1, or one gap of weight 1 that was wholly unseen and is wholly seen.

Of an alert that holds with probability p, a look finds evidence with chance d if it does, and with chance f if it does
not. Looks at one question are independent of each other given what is true. What k looks are expected to give is the
entropy of p less the entropy that is expected to be left when their findings are in: the mutual information of the
truth and the findings. Each further look adds less (it is submodular, for the findings are independent given the
truth), and none takes away.

Of a gap whose unseen share is u, looks that each notice a share d of what happened there give u × (1 − Π (1 − d)).
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.model.taxonomy import Severity

HOUR_MS = 3_600_000

SEVERITY_WEIGHT = {Severity.MINOR: 1.0, Severity.SERIOUS: 2.0, Severity.GRAVE: 4.0}
"""What a bit of certainty is worth, by how grave the breach would be. A choice of ours."""

AGES_OVER_H = 24.0
"""An alert that has waited so long counts double; it counts no more after that. A choice of ours."""


class Question(NamedTuple):
    """What a look may answer.

    Attributes:
        name: an alert's id, or the name of a gap.
        title: where it is, for people.
        radius_m: of the place about its centre.
        class_name: a class of `Makes`: what there is to be noticed.
        weight: what one bit of certainty, or the whole gap closed, is worth.
        chance: of an alert its probability; of a gap the share of its hours that is unseen.
        from_ms, until_ms: when it happened, or since when and until when nobody watched.
        clause: an alert's agreement, provision and subject.
        report_id: an alert's anchor: its canonical report.
    """

    kind: Literal["alert", "gap"]
    name: str
    title: str
    lon: float
    lat: float
    radius_m: float
    class_name: str
    weight: float
    chance: float
    from_ms: int
    until_ms: int
    clause: tuple[str, str, str] | None = None
    report_id: str | None = None


class Chances(NamedTuple):
    """A look as the reckoning sees it: the chance that it finds evidence if there is something, and if there is not."""

    found_if_so: float
    found_if_not: float


def weight_of(severity: Severity, age_h: float) -> float:
    """The weight of an alert: by its severity, and growing with the time that it has waited.

    >>> weight_of(Severity.SERIOUS, 0.0), weight_of(Severity.SERIOUS, 12.0), weight_of(Severity.MINOR, 999.0)
    (2.0, 3.0, 2.0)
    """
    return SEVERITY_WEIGHT[severity] * (1.0 + min(max(age_h, 0.0) / AGES_OVER_H, 1.0))


def entropy_bits(chance: float) -> float:
    """How uncertain it is whether something with a chance is so: from 0 to 1 bit.

    >>> entropy_bits(0.5), entropy_bits(1.0)
    (1.0, 0.0)
    """
    return float(0.0 - _x_log_x(np.array([chance, 1.0 - chance])).sum())


class Outlook(NamedTuple):
    """What is expected of a question after some looks.

    Attributes:
        if_so, if_not: of an alert, the chance of each sequence of findings, if it holds and if not.
        missed: of a gap, the share of what happened there that all the looks miss.
    """

    question: Question
    if_so: Floats = np.ones(1)
    if_not: Floats = np.ones(1)
    missed: float = 1.0

    def value(self) -> float:
        """What the looks are expected to be worth so far, in points."""
        question = self.question
        if question.kind == "gap":
            return question.weight * question.chance * (1.0 - self.missed)
        return question.weight * max(entropy_bits(question.chance) - self.left_bits(), 0.0)

    def left_bits(self) -> float:
        """Of an alert, the entropy that is expected to be left."""
        so, not_so = self.question.chance * self.if_so, (1.0 - self.question.chance) * self.if_not
        return float((_x_log_x(so + not_so) - _x_log_x(so) - _x_log_x(not_so)).sum())

    def left(self) -> float:
        """What is expected to be left of the question: bits of an alert, the unseen share of a gap."""
        return self.left_bits() if self.question.kind == "alert" else self.question.chance * self.missed

    def after(self, chances: Chances) -> "Outlook":
        """The same after a look more."""
        if self.question.kind == "gap":
            return self._replace(missed=self.missed * (1.0 - chances.found_if_so))
        so, not_so = chances
        return self._replace(
            if_so=np.concatenate([self.if_so * so, self.if_so * (1.0 - so)]),
            if_not=np.concatenate([self.if_not * not_so, self.if_not * (1.0 - not_so)]),
        )

    def adds(self, chances: Chances) -> float:
        """What a look more is expected to add, in points."""
        return max(self.after(chances).value() - self.value(), 0.0)


def outlook(question: Question, looks: Iterable[Chances] = ()) -> Outlook:
    """A question after some looks; their order does not matter but for rounding."""
    reached = Outlook(question)
    for chances in looks:
        reached = reached.after(chances)
    return reached


def posterior(chance: float, chances: Chances, found: bool) -> float:
    """The probability of an alert once a look has found evidence, or has not.

    >>> round(posterior(0.5, Chances(0.8, 0.2), True), 3)
    0.8
    """
    so, not_so = chances if found else (1.0 - chances.found_if_so, 1.0 - chances.found_if_not)
    both = chance * so + (1.0 - chance) * not_so
    return chance if both <= 0.0 else chance * so / both


def _x_log_x(shares: Floats) -> Floats:
    return np.asarray(shares * np.log2(np.where(shares > 0.0, shares, 1.0)))
