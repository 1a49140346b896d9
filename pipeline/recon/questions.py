"""What there is to find out: alerts that wait for verification, and gaps where nobody watched."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Floats
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Activity, Side
from pipeline.model.times import to_us
from pipeline.recon.coverage import Coverage
from pipeline.recon.gain import HOUR_MS, Question, weight_of
from pipeline.recon.makes import Makes

GAP_WEIGHT = 0.25
"""What it is worth to close one gap wholly, in bits about a fresh alert of a minor breach. A choice of ours."""

LEAST_RADIUS_M = 50.0


def of_alert(alert: Alert, activity: Activity | None, makes: Makes, now: datetime, title: str = "") -> Question | str:
    """The question whether an alert holds; or why nobody can look at it.

    Args:
        activity: its incident's; None where that is not known.
        now: for how long it has waited is reckoned from then.
    """
    if alert.lon is None or alert.lat is None:
        return "it has no place at which to look"
    known = None if activity is None else makes.class_of(activity)
    if known is None:
        return "of what is said to have happened no make is known to notice anything"
    age_h = (now - alert.observed_until) / timedelta(hours=1)
    return Question(
        kind="alert",
        name=alert.alert_id,
        title=title,
        lon=alert.lon,
        lat=alert.lat,
        radius_m=max(alert.radius_m or 0.0, LEAST_RADIUS_M),
        class_name=known.name,
        weight=weight_of(alert.severity, age_h),
        chance=min(max(alert.probability, 0.0), 1.0),
        from_ms=to_us(alert.observed_from) // 1000,
        until_ms=to_us(alert.observed_until) // 1000,
        clause=(alert.agreement, alert.provision, alert.subject),
        report_id=alert.report_ids[0],
    )


def gaps(coverage: Coverage, agreement: Agreement, most: int, weight: float = GAP_WEIGHT) -> list[Question]:
    """Cells in which most of what happened would not have been noticed, for the first class of a coverage.

    Each sector's worst cells in turn, both sides of the line at once, until there are about so many: cells that are
    equally bad are told for the whole line, and not for its beginning.
    """
    unseen = 1.0 - coverage.share[:, :, 0].mean(axis=1)
    open_from = 1.0 - coverage.log.makes.words.observed_from
    chosen: list[int] = []
    for pair in _in_turn(coverage, unseen):
        if len(chosen) >= most:
            break
        chosen += [number for number in pair if unseen[number] > open_from]
    return [_gap(coverage, agreement, number, float(unseen[number]), weight) for number in chosen]


def _in_turn(coverage: Coverage, unseen: Floats) -> Iterator[list[int]]:
    """The two cells that face each other across the line, by sector in turn, those that are worst first."""
    sectors: dict[str, dict[tuple[str, float], list[int]]] = {}
    for number, cell in enumerate(coverage.cells.cells):
        sectors.setdefault(cell.sector_id, {}).setdefault((cell.line_id, cell.from_m), []).append(number)
    ranked = [
        sorted(pairs.values(), key=lambda some: (-round(max(unseen[one] for one in some), 6), min(some)))
        for pairs in sectors.values()
    ]
    for turn in range(max(map(len, ranked), default=0)):
        for some in ranked:
            if turn < len(some):
                yield some[turn]


def _gap(coverage: Coverage, agreement: Agreement, number: int, unseen: float, weight: float) -> Question:
    cell, name = coverage.cells.cells[number], coverage.class_names[0]
    off_m = cell.depth_m / 2.0 * (-1.0 if cell.side is Side.LEFT else 1.0)
    lon, lat = agreement.lines[cell.line_id].place(np.array([(cell.from_m + cell.to_m) / 2.0]), np.array([off_m]))
    kilometres = f"km {cell.from_m / 1000.0:.0f} to {cell.to_m / 1000.0:.0f}"
    return Question(
        kind="gap",
        name=f"{cell.line_id}/{cell.side}/{cell.from_m / 1000.0:.1f}/{name}",
        title=f"{coverage.cells.sectors.get(cell.sector_id, cell.sector_id)}, {kilometres}, {cell.side}",
        lon=float(lon[0]),
        lat=float(lat[0]),
        radius_m=math.hypot(cell.to_m - cell.from_m, cell.depth_m) / 2.0,
        class_name=name,
        weight=weight,
        chance=unseen,
        from_ms=coverage.begin_ms,
        until_ms=max(coverage.end_ms, coverage.begin_ms + HOUR_MS),
    )
