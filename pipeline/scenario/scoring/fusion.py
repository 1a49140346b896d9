"""Which reports belong together: the truth, and what a record says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.geometry.earth import Bools
from pipeline.model.footprint import Bearing, Disc, Nowhere
from pipeline.model.identity import content_hash, precedence
from pipeline.model.report import Report
from pipeline.scenario.scoring.partitions import APART, Labels, Quality, bcubed, number_of_groups, pairwise

LOCATED_M = 1_500.0
PUBLIC = "public"


class Fusion(msgspec.Struct, frozen=True, kw_only=True):
    """How well some reports were put together.

    Attributes:
        incidents, true_incidents: how many those reports make, as the record says and truly.
        count_bias: by which share there are too many incidents; None where there are truly none.
    """

    reports: int
    incidents: int
    true_incidents: int
    count_bias: float | None
    pairwise: Quality
    bcubed: Quality


class Grouped(NamedTuple):
    """Reports with their true and their said group (`APART`: in no incident), and what each of them tells of place.

    Attributes:
        located: it tells well enough where it was to tell which incident it saw.
        placed: it names some place.
    """

    truth: Labels
    said: Labels
    located: Bools
    placed: Bools


def standing(reports: Iterable[Report]) -> list[Report]:
    """Of all that was ever reported, the version of each report that counts, without what was withdrawn or revised."""
    versions: dict[str, list[Report]] = {}
    revised = set()
    for report in reports:
        versions.setdefault(report.report_id, []).append(report)
        if report.revises is not None:
            revised.add((report.revises, report.ledger))
    current = []
    for name, said in versions.items():
        left = [report for report in said if (name, report.ledger) not in revised]
        if left:
            current.append(max(left, key=_precedence) if len(left) > 1 else left[0])
    return [report for report in current if not report.retracted]


def _precedence(report: Report) -> tuple[datetime, bytes]:
    return precedence(report, content_hash(report))


def locates(report: Report) -> bool:
    """A bearing or a small disc, and no public post."""
    place = report.footprint
    small = isinstance(place, Bearing) or (isinstance(place, Disc) and place.radius_m <= LOCATED_M)
    return small and report.ledger != PUBLIC


def grouped(reports: Sequence[Report], group_of: Mapping[str, int], said: Iterable[Sequence[str]]) -> Grouped:
    """Reports of a scenario with their groups.

    Args:
        group_of: the true group of each report, by its id.
        said: the report ids of each incident of the record.
    """
    incident_of = {name: number for number, report_ids in enumerate(said) for name in report_ids}
    return Grouped(
        np.array([group_of[report.report_id] for report in reports], dtype=np.int64),
        np.array([incident_of.get(report.report_id, APART) for report in reports], dtype=np.int64),
        np.array([locates(report) for report in reports], dtype=bool),
        np.array([not isinstance(report.footprint, Nowhere) for report in reports], dtype=bool),
    )


def fusion(truth: Labels, said: Labels) -> Fusion:
    """How well reports were put together."""
    incidents, true = number_of_groups(said), number_of_groups(truth)
    return Fusion(
        reports=len(truth),
        incidents=incidents,
        true_incidents=true,
        count_bias=(incidents - true) / true if true else None,
        pairwise=pairwise(truth, said),
        bcubed=bcubed(truth, said),
    )


def mostly(report_ids: Sequence[Sequence[str]], group_of: Mapping[str, int]) -> Labels:
    """The true group to which most of each set of reports belong; of several the first. `APART` where none is known.

    >>> mostly([("a", "b", "c"), ("c", "a"), ("x",)], {"a": 4, "b": 4, "c": 2}).tolist()
    [4, 2, -1]
    """
    owner = np.repeat(np.arange(len(report_ids)), [len(names) for names in report_ids])
    group = np.array([group_of.get(name, APART) for name in chain.from_iterable(report_ids)], dtype=np.int64)
    known = group != APART
    width = int(group.max(initial=0)) + 1
    cells, counts = np.unique(owner[known] * width + group[known], return_counts=True)
    owners, groups = np.divmod(cells, width)
    order = np.lexsort((groups, -counts, owners))
    first, at = np.unique(owners[order], return_index=True)
    found = np.full(len(report_ids), APART, dtype=np.int64)
    found[first] = groups[order[at]]
    return found
