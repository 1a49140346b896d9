"""The embedded monitor, from an NDJSON file to alerts in the store; and matching against a shipped agreement alone."""

import tempfile
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from pipeline.agreement import Agreement, load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from pipeline.scenario import write_scenario
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, open_store
from pipeline.store.runner import Summary
from pipeline.store.runner import run as run_inputs
from tests.bench import Effort, Figure, in_turns, rates

REPORTS = 60_000
POINTS = 200_000
AGREEMENT = "ukraine-hypothetical"
MATCHED = "donbas-2015"


class _Stored(NamedTuple):
    """What one file cost: reports a second, the first time and again; alerts; bytes for each report."""

    first: float
    again: float
    alerts: int
    size: float


def run(effort: Effort) -> list[Figure]:
    agreement, matched, reports = load_agreement(AGREEMENT), load_agreement(MATCHED), effort.of(REPORTS)
    with tempfile.TemporaryDirectory() as name:
        write_scenario(Path(name), "routine", 7, agreement, reports)
        stored = [_store(Path(name), f"{number}.db", agreement, reports) for number in range(effort.repeats)]
    works = {
        f"exact places to the zones of {MATCHED}": lambda: _match(matched, effort.of(POINTS), 0.0),
        f"discs of 500 m to the zones of {MATCHED}": lambda: _match(matched, effort.of(POINTS), 500.0),
    }
    matching = in_turns(works, effort.repeats)
    return [
        Figure("routine, NDJSON file to alerts in the store", [one.first for one in stored], "reports/s"),
        Figure("the same file again, all of it known", [one.again for one in stored], "reports/s"),
        Figure.one("alerts raised", stored[0].alerts),
        Figure.one("store, for each report", stored[0].size, "bytes"),
        *(Figure(what, rates(taken, effort.of(POINTS)), "places/s") for what, taken in matching.items()),
    ]


def _store(folder: Path, name: str, agreement: Agreement, reports: int) -> _Stored:
    taken = []
    with open_store(folder / name, write=True) as store:
        recorder = Recorder(store, [agreement], load_gazetteer().outlines)
        for _ in ("first", "again"):
            began = perf_counter()
            run_inputs(recorder, open_input(str(folder / "reports.ndjson")), summary=Summary())
            taken.append(perf_counter() - began)
        alerts = store.figures()["alerts"]
    first, again = rates(taken, reports)
    return _Stored(first, again, alerts, (folder / name).stat().st_size / reports)


def _match(agreement: Agreement, count: int, radius_m: float) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(36.0, 40.5, count).round(6), rng.uniform(46.8, 49.6, count).round(6)
    footprints = Footprints.of_discs(lon, lat, np.full(count, radius_m))
    membership(footprints, agreement.zones, [], Places(footprints.lon, footprints.lat))
