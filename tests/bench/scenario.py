"""How fast a scenario is written, truth included, on one core."""

import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter, process_time

from pipeline.agreement import load_agreement
from pipeline.scenario import generate, write_scenario
from tests.bench import Figure

REPORTS = 400_000
AGREEMENT = "ukraine-hypothetical"


def run() -> list[Figure]:
    agreement = load_agreement(AGREEMENT)
    with tempfile.TemporaryDirectory() as folder:
        began, began_work = perf_counter(), process_time()
        written = write_scenario(Path(folder), "routine", 7, agreement, REPORTS)
        seconds, work_seconds = perf_counter() - began, process_time() - began_work
    return [
        Figure("routine written, with truth", written.reports / seconds, "reports/s"),
        Figure("the same, by processor time (others' work aside)", written.reports / work_seconds, "reports/s"),
        Figure(
            "routine, reports for each true incident that was seen",
            written.reports / (written.incidents - written.unseen),
            "",
        ),
        Figure("routine, greatest memory of Python's own while generating", _peak(REPORTS // 4), "MB"),
    ]


def _peak(reports: int) -> float:
    agreement = load_agreement(AGREEMENT)
    tracemalloc.start()
    for _ in generate("routine", 7, agreement, reports):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
