"""Which reports belong together: Truceline beside other ways, held against the truth of scenarios.

Every way is given the reports without the truth. The other ways are asked twice, about the reports that locate alone
and about all that name a place, as broad posts would spoil what they make of the rest.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.earth import Bools
from pipeline.model.report import Report
from pipeline.monitor import Monitor
from pipeline.monitor.windows import MemoryWindows
from pipeline.scenario import write_scenario
from pipeline.scenario.scoring import APART, Fusion, Truth, fusion, read_truth
from pipeline.scenario.scoring.fusion import Grouped, grouped, standing
from tests.bench import Effort, Figure, genie
from tests.bench.fusing import Labels, Seen, by_density, by_taxonomy, seen

AGREEMENT = "ukraine-hypothetical"
A_DAY = 20_000
"""About how many reports `routine` has in a day."""

DENSITY = (800.0, 3_600.0), (2_000.0, 1_800.0)
TAXONOMY = (1_500.0, 5_400.0), (5_500.0, 3_600.0)
"""Metres and seconds, over the reports that locate and over all: those with which each way does best in `routine`,
seed 1, by the F1 of pairs."""


class World(NamedTuple):
    """A scenario, played: its reports, and of each its true group and whether it locates."""

    truth: Truth
    reports: Sequence[Report]
    groups: Grouped


class Way(NamedTuple):
    """Another way of putting reports together: as it is best over those that locate, and over all."""

    located: Callable[[Seen], Labels]
    all: Callable[[Seen], Labels]


def apart(given: Seen) -> Labels:
    return np.arange(len(given.row))


def windowed(way: Callable[[Seen, float, float], Labels], windows: Sequence[tuple[float, float]]) -> Way:
    located, every = windows
    return Way(lambda given: way(given, *located), lambda given: way(given, *every))


OTHERS: Mapping[str, Way] = {
    "no fusion": Way(apart, apart),
    "DBSCAN in space and time": windowed(by_density, DENSITY),
    "taxonomy in a window": windowed(by_taxonomy, TAXONOMY),
}


class Result(NamedTuple):
    """What a way made of one scenario."""

    located: Fusion
    all: Fusion
    seconds: float


def run(effort: Effort) -> list[Figure]:
    agreement = load_agreement(AGREEMENT)
    results: dict[str, list[Result]] = {}
    for seed in effort.seeds:
        world = played(effort, seed, agreement)
        for name, way in OTHERS.items():
            results.setdefault(name, []).append(asked(world, way))
        results.setdefault("Truceline", []).append(ours(world))
        results.setdefault("a genie", []).append(best(world))
    show(results, effort)
    return [figure for name, found in results.items() for figure in figures(name, found)]


def played(effort: Effort, seed: int, agreement: Agreement) -> World:
    """A day of a scenario, or with a scale other than 1 as many reports as that share of 20,000."""
    wanted = None if effort.scale == 1.0 else effort.of(A_DAY)
    with tempfile.TemporaryDirectory() as name:
        write_scenario(Path(name), effort.scenario, seed, agreement, wanted)
        truth = read_truth(Path(name))
        lines = (Path(name) / "reports.ndjson").read_bytes()
    reports = standing(msgspec.json.Decoder(Report).decode_lines(lines))
    return World(truth, reports, grouped(reports, truth.group_of, ()))


def fused_groups(reports: Sequence[Report]) -> list[int]:
    """The incident of each report, as Truceline fuses them; `APART` where it is in none."""
    incidents = Monitor((), MemoryWindows(), {}).process(reports).incidents
    resolved = [incident for incident in incidents if not incident.unresolved]
    number = {name: number for number, incident in enumerate(resolved) for name in incident.report_ids}
    return [number.get(report.report_id, APART) for report in reports]


def ours(world: World) -> Result:
    began = perf_counter()
    said = np.array(fused_groups(world.reports), dtype=np.int64)
    return judged(world, said, perf_counter() - began)


def best(world: World) -> Result:
    """About the best that can be done with the reports, by one who knows what was true."""
    began = perf_counter()
    said = genie.assigned(world.reports, world.truth)
    return judged(world, said, perf_counter() - began)


def judged(world: World, said: Labels, seconds: float) -> Result:
    located, placed = world.groups.located, world.groups.placed
    return Result(compared(world, said, located), compared(world, said, placed), seconds)


def asked(world: World, way: Way) -> Result:
    located, _ = answered(world, way.located, world.groups.located)
    return Result(located, *answered(world, way.all, world.groups.placed))


def answered(world: World, way: Callable[[Seen], Labels], some: Bools) -> tuple[Fusion, float]:
    """What a way makes of some reports, asked about these alone, and how long it takes."""
    given = seen(world.reports, np.flatnonzero(some))
    began = perf_counter()
    groups = way(given)
    seconds = perf_counter() - began
    said = np.full(len(world.reports), APART, dtype=np.int64)
    # A report that is in no group is an incident by itself.
    said[given.row] = np.where(groups == APART, len(groups) + np.arange(len(groups)), groups)
    return compared(world, said, some), seconds


def compared(world: World, said: Labels, some: Bools) -> Fusion:
    return fusion(world.groups.truth[some], said[some])


def figures(name: str, found: Sequence[Result]) -> list[Figure]:
    """One value for each seed."""
    listed = []
    for over, fusions in (("located", [one.located for one in found]), ("all", [one.all for one in found])):
        listed += [
            Figure(f"{name}: pairwise F1, {over}", [one.pairwise.f1 for one in fusions]),
            Figure(f"{name}: B-cubed F1, {over}", [one.bcubed.f1 for one in fusions]),
            Figure(f"{name}: count bias, {over}", [one.count_bias or 0.0 for one in fusions]),
        ]
    return [*listed, Figure(f"{name}: all that name a place", [one.seconds for one in found], "s")]


def show(results: Mapping[str, Sequence[Result]], effort: Effort) -> None:
    """Two rows for each way and seed: over the reports that locate, and over all that name a place."""
    table = Table("way", "seed", "reports", "pairs: F1", "precision", "recall", "B-cubed F1", "count bias", "s")
    for column in table.columns[3:]:
        column.justify = "right"
    for name, found in results.items():
        table.add_section()
        for seed, one in zip(effort.seeds, found, strict=True):
            table.add_row(name, str(seed), "located", *told(one.located))
            table.add_row("", "", "all", *told(one.all), f"{one.seconds:.2f}")
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def told(one: Fusion) -> list[str]:
    pairs = one.pairwise
    shares = [f"{value:.3f}" for value in (pairs.f1, pairs.precision, pairs.recall, one.bcubed.f1)]
    return [*shares, "–" if one.count_bias is None else f"{one.count_bias:+.1%}"]
