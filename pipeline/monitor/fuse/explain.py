"""Explaining: for each pair of an incident's reports, what speaks for their being one, term by term."""

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pipeline.model.report import Report
from pipeline.monitor.fuse.evidence import TERMS, UNIT, Weights, terms
from pipeline.monitor.fuse.pairs import crowded, others
from pipeline.monitor.fuse.sights import COPY, KIND, TIER, Tier, sights_of
from pipeline.observers import Observers


class Pair(NamedTuple):
    """Two reports of one incident.

    Attributes:
        one, two: their ids.
        weights: natural logarithms of likelihood ratios, by term (`evidence.TERMS`).
        copies: the two tell just the same: they are copies of one origin, and nothing is weighed.
    """

    one: str
    two: str
    weights: dict[str, float]
    copies: bool

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return round(sum(self.weights.values()), 3)


class Explained(NamedTuple):
    """Why reports are one incident: the kind and tier of each by its id, and their pairs."""

    kinds: dict[str, str]
    tiers: dict[str, str]
    pairs: list[Pair]


def explain(reports: Sequence[Report], report_ids: Collection[str], observers: Observers) -> Explained:
    """Why some of the reports that stand are one incident.

    Args:
        reports: those of the incident's day and of the days before and after.
        report_ids: the incident's.
    """
    ordered = sorted(reports, key=lambda report: (report.observed_from, report.report_id))
    sights = sights_of(ordered, observers)
    about = crowded(sights, others(sights, observers), observers)
    rows = [row for row, report in enumerate(ordered) if report.report_id in report_ids]
    one, two = np.array(list(combinations(rows, 2)), dtype=np.intp).reshape(-1, 2).T
    weights = terms(about, Weights.of(observers), one, two).T / UNIT
    copies = (sights.marks[one, COPY] == sights.marks[two, COPY]) & (sights.marks[one, TIER] != Tier.LOCATED)
    pairs = [
        Pair(ordered[i].report_id, ordered[j].report_id, dict(zip(TERMS, given, strict=True)), copied)
        for i, j, given, copied in zip(one.tolist(), two.tolist(), weights.tolist(), copies.tolist(), strict=True)
    ]
    return Explained(
        {ordered[row].report_id: observers.kinds[sights.marks[row, KIND]].title for row in rows},
        {ordered[row].report_id: Tier(sights.marks[row, TIER]).name.lower() for row in rows},
        pairs,
    )
