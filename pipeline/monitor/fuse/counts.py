"""Counts: how many, from several who counted, as an interval for each unit. Unlike units are never added up.

Those who watched at the same time are taken to have seen the same; those who watched at different times, different
parts. So there were at least as many as the best sum of least figures over reports whose times are apart, and at most
as many as the best sum of greatest figures over such; "uncountable" anywhere leaves it open above.
"""

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import CountUnit

_ORDER = {unit: number for number, unit in enumerate(CountUnit)}


def bounded(reports: Sequence[Report]) -> tuple[Count, ...]:
    """The count for each unit that some reports of one incident counted in, in the order of the taxonomy."""
    counted = [report for report in reports if report.count is not None]
    if len(counted) < 2:
        return tuple(report.count for report in counted if report.count is not None)
    units = {report.count.unit for report in counted if report.count is not None}
    return tuple(_bounded(unit, counted) for unit in sorted(units, key=_ORDER.__getitem__))


def _bounded(unit: CountUnit, reports: Sequence[Report]) -> Count:
    told = sorted(
        (report for report in reports if report.count is not None and report.count.unit is unit),
        key=lambda report: (report.observed_until, report.observed_from, report.report_id),
    )
    counts = [report.count for report in told if report.count is not None]
    if len(counts) == 1:
        return counts[0]
    least = _best(told, [count.min for count in counts])
    most = [count.max for count in counts if count.max is not None]
    open_above = len(most) < len(counts)
    return Count(least, None if open_above else max(least, _best(told, most)), unit)


def _best(reports: Sequence[Report], figures: Sequence[float]) -> float:
    """The greatest sum of figures of reports whose intervals are apart; the reports are in order of their end."""
    ends = [report.observed_until for report in reports]
    best = [0.0]
    for number, (report, figure) in enumerate(zip(reports, figures, strict=True)):
        before = bisect_right(ends, report.observed_from, 0, number)
        # Instants that coincide saw the same.
        while before and ends[before - 1] == report.observed_from == report.observed_until:
            before -= 1
        best.append(max(best[-1], best[before] + figure))
    return best[-1]
