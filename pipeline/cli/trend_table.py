"""Trends on the screen."""

from collections.abc import Sequence

from rich.console import Console

from pipeline.cli.coverage_table import STYLES
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.watch_log import Period
from pipeline.cli.words import safe, stamp
from pipeline.recon.rates import Rate
from pipeline.recon.trends import Trend

_HEADINGS = ("where", "class", "noticed", "observed hours", "a day", "95 % interval", "least", "says")
_FOLDS = Folds(first=(0, 1, 2), second=(3, 4, 5, 6, 7), third=(), standing_out=7)
_COMPARED = (*_HEADINGS[:7], "noticed then", "a day then", "times", "says")
_COMPARED_FOLDS = Folds(first=(0, 1, 2), second=(3, 4, 5, 6), third=(7, 8, 9, 10), standing_out=10)


def print_trends(console: Console, rows: Sequence[Trend], period: Period, other: Period | None) -> None:
    """The table; under it, why rows were not compared, or were all the same."""
    against = "" if other is None else f", against {_span(other)}"
    console.print(f"{_span(period)} UTC{against}; rates are for one day", style="bold")
    headings, folds = (_HEADINGS, _FOLDS) if other is None else (_COMPARED, _COMPARED_FOLDS)
    print_rows(console, headings, [_row(row) for row in rows], folds)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        for reason in () if row.against is None else row.against[1].reasons:
            reasons.setdefault(reason, []).append(f"{_place(row)} ({row.class_name})")
    for reason, places in reasons.items():
        named = "; ".join(places[:4]) + (f" and {len(places) - 4:,} more" if len(places) > 4 else "")
        console.print(safe(f"{named}: {reason}"), soft_wrap=True)


def _span(period: Period) -> str:
    return f"{stamp(period.begin)} to {stamp(period.until)}"


def _row(row: Trend) -> Row:
    rate = row.rate
    cells = [
        _place(row),
        row.class_name,
        f"{rate.number:,}",
        f"{rate.exposure_h:.3g} of {rate.hours:.4g}",
        _daily(rate.per_h),
        _interval(rate),
        _daily(row.least_per_h),
    ]
    if row.against is not None:
        other, compared = row.against
        times = "" if compared.ratio is None else f"{compared.ratio:.2g}"
        cells += [f"{other.number:,}", _daily(other.per_h), times]
    return Row(tuple(map(safe, [*cells, row.word])), STYLES[row.watched] if row.against is None else "")


def _place(row: Trend) -> str:
    return row.group.name if row.group.side is None else f"{row.group.name}, {row.group.side.value}"


def _interval(rate: Rate) -> str:
    return "" if rate.per_h is None else f"{_daily(rate.low_per_h)} to {_daily(rate.high_per_h)}"


def _daily(per_h: float | None) -> str:
    if per_h is None or per_h == float("inf"):
        return "not known"
    return f"{24.0 * per_h:.3g}"
