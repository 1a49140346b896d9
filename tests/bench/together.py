"""All shipped agreements loaded at once, beside the one that the reports are about alone."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline import read_reports
from pipeline.agreement import Agreement, load_agreement, shipped_agreements
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.scenario import write_scenario
from tests.bench import Effort, Figure, in_turns, rates

ABOUT = "donbas-2015"
REPORTS = 20_000
PLACES = 200_000
BATCH = 5_000
BOX = (36.5, 47.0, 40.5, 49.8)
"""West, south, east, north: about that agreement's line."""


def run(effort: Effort) -> list[Figure]:
    known = {name: load_agreement(name) for name in shipped_agreements()}
    alone, all_of_them = [known[ABOUT]], list(known.values())
    places, reports = _discs(effort.of(PLACES)), _routine(known[ABOUT], effort.of(REPORTS))
    number = f"{len(known)} loaded"
    matching = in_turns(
        {
            f"discs of 500 m to the zones of {ABOUT}": lambda: _match(alone, places),
            f"the same to the zones of all, {number}": lambda: _match(all_of_them, places),
        },
        effort.repeats,
    )
    monitoring = in_turns(
        {
            f"reports to alerts, {ABOUT} alone": lambda: _monitor(alone, reports),
            f"the same, {number}": lambda: _monitor(all_of_them, reports),
        },
        effort.repeats,
    )
    return [
        *(Figure(what, rates(taken, len(places)), "places/s") for what, taken in matching.items()),
        *(Figure(what, rates(taken, len(reports)), "reports/s") for what, taken in monitoring.items()),
    ]


def _discs(count: int) -> Footprints:
    rng = np.random.default_rng(5)
    west, south, east, north = BOX
    return Footprints.of_discs(rng.uniform(west, east, count), rng.uniform(south, north, count), np.full(count, 500.0))


def _routine(agreement: Agreement, count: int) -> Sequence[Report]:
    with tempfile.TemporaryDirectory() as name:
        write_scenario(Path(name) / "day", "routine", 7, agreement, count)
        return list(read_reports(Path(name) / "day" / "reports.ndjson"))


def _match(agreements: Sequence[Agreement], places: Footprints) -> None:
    for agreement in agreements:
        membership(places, agreement.zones, [], Places(places.lon, places.lat))


def _monitor(agreements: Sequence[Agreement], reports: Sequence[Report]) -> None:
    monitor = Monitor(agreements, MemoryWindows(), {})
    for first in range(0, len(reports), BATCH):
        monitor.process(reports[first : first + BATCH])
