"""How fast a scenario is written, truth included, on one core."""

import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter, process_time

from pipeline.agreement import load_agreement
from pipeline.scenario import generate, write_scenario
from tests.bench import Effort, Figure

REPORTS = 400_000
AGREEMENT = "ukraine-hypothetical"


def run(effort: Effort) -> list[Figure]:
    agreement = load_agreement(AGREEMENT)
    by_clock, by_processor = [], []
    for _ in range(effort.repeats):
        with tempfile.TemporaryDirectory() as folder:
            began, began_work = perf_counter(), process_time()
            written = write_scenario(Path(folder), "routine", 7, agreement, effort.of(REPORTS))
            by_clock.append(written.reports / (perf_counter() - began))
            by_processor.append(written.reports / (process_time() - began_work))
    seen = written.incidents - written.unseen
    return [
        Figure("routine written, with truth", by_clock, "reports/s"),
        Figure("the same, by processor time (others' work aside)", by_processor, "reports/s"),
        Figure.one(
            "routine, reports for each true incident that was seen", (written.reports - written.invented) / seen
        ),
        Figure.one("routine, greatest memory of Python's own while generating", _peak(effort.of(REPORTS // 4)), "MB"),
    ]


def _peak(reports: int) -> float:
    agreement = load_agreement(AGREEMENT)
    tracemalloc.start()
    for _ in generate("routine", 7, agreement, reports):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
