"""How long fusion takes, and how much memory: a day that is made anew, one report that comes late, a bombardment."""

import gc
import resource
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter

from msgspec.structs import replace

from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor
from tests.bench import Effort, Figure
from tests.monitor.fusion.bombarding import bombarded

A_DAY = 50_000
BOMBARDMENT = 100_000
FRONT_M, QUIET_FRONT_M = 50_000.0, 400_000.0
HOUR_S, DAY_S = 3_600.0, 86_400.0


def run(effort: Effort) -> list[Figure]:
    """The bombardment is as dense at every scale: its front and its hour are shorter."""
    shrunk = min(effort.scale, 1.0) ** 0.5
    day = bombarded(effort.of(A_DAY), QUIET_FRONT_M, DAY_S)
    dense = bombarded(effort.of(BOMBARDMENT), FRONT_M * shrunk, HOUR_S * shrunk)
    fused(bombarded(5_000, FRONT_M, HOUR_S))
    return [
        *measured(f"a day of {len(day):,} reports along 400 km", day, effort.repeats),
        *measured(
            f"a bombardment: {len(dense):,} reports in {shrunk * HOUR_S / 60:.0f} min along {shrunk * 50:.0f} km",
            dense,
            1,
        ),
    ]


def fused(reports: Sequence[Report]) -> Monitor:
    monitor = Monitor((), MemoryWindows(), {})
    monitor.process(reports)
    return monitor


def measured(what: str, reports: Sequence[Report], repeats: int) -> list[Figure]:
    whole, again, late = [], [], []
    before = most_bytes()
    for number in range(repeats):
        gc.collect()
        began = perf_counter()
        monitor = fused(reports)
        whole.append(perf_counter() - began)
        entries = monitor.place(reports)
        monitor.forget()
        began = perf_counter()
        monitor.consider(entries)
        again.append(perf_counter() - began)
        late.append(taken_in(monitor, reports, number))
    return [
        Figure(f"{what}: taken in and fused", whole, "s"),
        Figure(f"{what}: fused anew", again, "s", "with their windows filled and nothing kept at hand"),
        Figure(f"{what}: one late report", [1000.0 * seconds for seconds in late], "ms"),
        Figure.one(f"{what}: memory", (most_bytes() - before) / 1e6, "MB", "what the process grew by at most"),
    ]


def taken_in(monitor: Monitor, reports: Sequence[Report], number: int) -> float:
    """Seconds that one more report takes, of a moment and a place in their midst."""
    middle = reports[len(reports) // 2]
    late = replace(middle, report_id=f"late:{number}", observed_until=middle.observed_until + timedelta(seconds=1))
    began = perf_counter()
    monitor.process([late])
    return perf_counter() - began


def most_bytes() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
