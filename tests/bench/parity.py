"""The central test at full size, over the wire: `python -m tests.bench.parity`; prints whether the alerts are equal."""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, open_store
from pipeline.store.runner import Summary
from pipeline.store.runner import run as run_inputs
from tests.bench.following import following
from tests.monitor.remembering import as_bytes
from tests.needs import missing
from tests.stream.brokers import private_broker
from tests.stream.talking import settings_for
from tests.stream.working import AGREEMENT, Case, made, shuffled

QUIET_S = 3.0
PATIENCE_S = 600.0


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parity", description=__doc__)
    parser.add_argument("--reports", type=int, default=200_000, metavar="N", help="of the scenario (default 200,000)")
    parser.add_argument("--scenario", default="routine", metavar="NAME", help="which (default routine)")
    parser.add_argument(
        "--runs", default="1x1,2x4,4x12", metavar="WxP,…", help="workers x partitions (default 1x1,2x4,4x12)"
    )
    asked = parser.parse_args(words)
    for why in filter(None, map(missing, ("java", "maven"))):
        print(f"skipped: {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="truceline-parity-") as name, private_broker(Path(name) / "broker") as own:
        reports = made(Path(name), asked.scenario, 7, asked.reports)
        began = time.monotonic()
        wanted = embedded(Path(name), Path(name) / "reports.ndjson")
        told = f"{wanted.count(b'alert_id'):,} alerts in {time.monotonic() - began:.1f} s"
        print(f"embedded, {len(reports):,} reports of {asked.scenario}: {told}", flush=True)
        runs = [tuple(map(int, run.split("x"))) for run in asked.runs.split(",")]
        right = [played(own.bootstrap, Path(name), reports, wanted, *run) for run in runs]
    return 0 if all(right) else 1


def embedded(folder: Path, given: Path) -> bytes:
    """What the embedded run makes of it."""
    with open_store(folder / "embedded.db", write=True) as store:
        recorder = Recorder(store, [load_agreement(AGREEMENT)], load_gazetteer().outlines)
        run_inputs(recorder, open_input(str(given)), summary=Summary())
        return as_bytes({one.alert_id: one for one in store.alerts(possible=True)})


def played(bootstrap: str, folder: Path, reports: list[Report], wanted: bytes, workers: int, partitions: int) -> bool:
    """One run over the wire: from the first report sent to the last record on `alerts`."""
    place = folder / f"{workers}x{partitions}"
    place.mkdir()
    case = Case(settings_for(bootstrap, partitions=partitions), place, reports, wanted)
    with ExitStack() as stack:
        follower = stack.enter_context(following(case.settings, "alerts"))
        running = [stack.enter_context(case.worker(f"worker-{number}")) for number in range(workers)]
        began = time.monotonic()
        case.send(shuffled(reports, seed=partitions), frame=1_000)
        last, right = follower.until_right(wanted, QUIET_S, PATIENCE_S)
        codes = [one.stop() for one in running]
        told = "equal" if right else f"DIFFERENT\n{case.told()}"
        print(
            f"{workers} workers, {partitions} partitions: {told}, {last - began:.1f} s; exit codes {codes}", flush=True
        )
    return right


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
