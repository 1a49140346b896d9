"""The embedded monitor, from an NDJSON file to alerts in the store; and matching alone."""

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.membership import membership
from pipeline.geometry.zones import locate_all
from pipeline.model.footprint import Disc
from pipeline.scenario import write_scenario
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, open_store
from pipeline.store.runner import Summary
from pipeline.store.runner import run as run_inputs
from tests.bench import Figure

REPORTS = 60_000
POINTS = 200_000
AGREEMENT = "ukraine-hypothetical"


def run() -> list[Figure]:
    agreement = load_agreement(AGREEMENT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scenario(folder, "routine", 7, agreement, REPORTS)
        rates = []
        with open_store(folder / "t.db", write=True) as store:
            recorder = Recorder(store, [agreement], load_gazetteer().outlines)
            for _ in ("first", "again"):
                began = perf_counter()
                run_inputs(recorder, open_input(str(folder / "reports.ndjson")), summary=Summary())
                rates.append(REPORTS / (perf_counter() - began))
            alerts = store.figures()["alerts"]
        size = (folder / "t.db").stat().st_size
    return [
        Figure("routine, NDJSON file to alerts in the store", rates[0], "reports/s"),
        Figure("the same file again, all of it known", rates[1], "reports/s"),
        Figure("alerts raised", alerts, ""),
        Figure("store, for each report", size / REPORTS, "bytes"),
        Figure("exact places to zones, chainage, offset and side", _match(0.0), "places/s"),
        Figure("discs of 500 m to zones, those at an edge sampled", _match(500.0), "places/s"),
    ]


def _match(radius_m: float) -> float:
    agreement = load_agreement("donbas-2015")
    rng = np.random.default_rng(1)
    count = POINTS if radius_m == 0 else POINTS // 10
    lon, lat = rng.uniform(36.0, 40.5, count).round(6), rng.uniform(46.8, 49.6, count).round(6)
    discs = [Disc(*place, radius_m) for place in zip(lon.tolist(), lat.tolist(), strict=True)]
    began = perf_counter()
    footprints = Footprints(discs, agreement.areas)
    places = locate_all(footprints.lon, footprints.lat, agreement.lines)
    membership(footprints, agreement.zones, [], agreement.lines, places)
    return count / (perf_counter() - began)
