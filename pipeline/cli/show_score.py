"""The words of a score: three small tables that an analyst can read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.cli.common import number, plural
from pipeline.cli.words import lasting

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.scenario.scoring import Fusion, Reliability, Score

UNKNOWN = "–"


def about(score: "Score") -> str:
    """What was compared, in one line."""
    under = f"{score.agreement} {score.agreement_version}"
    played = f"{score.scenario}, seed {score.seed}, {score.days:.3g} d under {under}"
    said = [f"{played}: {plural(score.reports, 'report')} compared"]
    if score.missing:
        said.append(f"{number(score.missing)} of the scenario are not in the store, or not any more")
    if score.foreign:
        said.append(f"{number(score.foreign)} in the store are of something else and left out")
    return "; ".join(said)


def tables(score: "Score") -> "Iterator[Table]":
    """The score as tables: which reports belong together, what alerts tell, and how reliable probabilities are."""
    yield _fusion_table(score)
    yield _alerts_table(score)
    if score.findings.bins:
        yield _reliability_table(score.findings)


def _fusion_table(score: "Score") -> "Table":
    table = _table(
        "Reports that belong together",
        *("reports", "count", "incidents", "truly", "bias", "pairs: F1", "precision", "recall", "B-cubed F1"),
    )
    for name, fusion in (("that locate", score.located), ("that name a place", score.all)):
        table.add_row(name, *_fusion_cells(fusion))
    return table


def _fusion_cells(fusion: "Fusion") -> Iterator[str]:
    yield from map(number, (fusion.reports, fusion.incidents, fusion.true_incidents))
    yield UNKNOWN if fusion.count_bias is None else f"{fusion.count_bias * 100.0:+.1f} %"
    pairs = fusion.pairwise
    yield from map(_figure, (pairs.f1, pairs.precision, pairs.recall, fusion.bcubed.f1))


def _alerts_table(score: "Score") -> "Table":
    alerts = score.alerts
    table = _table("Alerts that were raised", "", "")
    table.show_header = False
    median, p95 = (_delay(seconds) for seconds in (alerts.delay_median_s, alerts.delay_p95_s))
    rows = {
        "raised": f"{number(alerts.raised)}, of which {number(alerts.true)} of a true violation",
        "false, a day": UNKNOWN if alerts.false_per_day is None else f"{alerts.false_per_day:.1f}",
        "for each true violation that has any": _figure(alerts.per_violation),
        "violations that a locating report saw": f"{number(alerts.seen)}, of which {number(alerts.seen_alerted)} have "
        f"an alert ({_figure(alerts.recall)})",
        "of these, that could be known from the reports": f"{number(alerts.knowable)}, of which "
        f"{number(alerts.knowable_alerted)} have an alert ({_figure(alerts.knowable_recall)})",
        "from the incident to its first report": f"{median} (median), {p95} (of 95 in 100 at most)",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    table.columns[1].justify = "left"
    return table


def _reliability_table(told: "Reliability") -> "Table":
    table = _table("What probabilities are worth", "said", "on average", "came true", "findings")
    for one in told.bins:
        table.add_row(
            f"{_figure(one.least)} to {_figure(one.most)}",
            _figure(one.mean),
            _figure(one.true),
            number(one.findings),
        )
    return table


def reliability_line(score: "Score") -> str:
    """The figures of reliability in one line."""
    told = score.findings
    if not told.findings:
        return "no findings"
    skill = "" if told.brier_skill is None else f", skill {told.brier_skill:.2f} over the base rate"
    return (
        f"{plural(told.findings, 'finding')}, {_figure(told.base_rate)} of them true: expected calibration error "
        f"{_figure(told.ece)}; Brier score {_figure(told.brier)}{skill}; a point in a polygon has "
        f"{_figure(score.point_in_polygon_brier)}"
    )


def _table(title: str, first: str, *others: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _figure(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def _delay(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else lasting(timedelta(seconds=seconds)) or "0 s"
