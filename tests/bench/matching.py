"""`truceline match`, from an NDJSON file to a GeoParquet table, in a process of its own.

TRUCELINE_BENCH_REPORTS=10000000 asks for the ten million of the design.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from pipeline.cli.timings import PARTS
from tests.bench import Effort, Figure, rates

REPORTS = 200_000
WROTE_AT_ONCE = 50_000
AGREEMENT = "ukraine-hypothetical"
BOX = (30.0, 44.5, 40.5, 52.5)
"""West, south, east, north: the contact line and 300 km about it."""
RADII_M = (0.0, 50.0, 100.0, 500.0)


class Run(NamedTuple):
    """One run of the command: seconds of the whole process and of its parts, and the most memory that it held."""

    seconds: float
    parts: dict[str, float]
    peak_bytes: int


def run(effort: Effort) -> list[Figure]:
    count = int(os.environ.get("TRUCELINE_BENCH_REPORTS", effort.of(REPORTS)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "reports.ndjson").open("w", encoding="ascii") as out:
            out.writelines(lines(count))
        runs = [matched(folder) for _ in range(effort.repeats)]
    about = f"{count:,} discs of 0 to 500 m, {AGREEMENT}"
    whole = rates([each.seconds for each in runs], count)
    return [
        Figure("truceline match, the whole process", whole, "reports/s", about),
        *(Figure(f"of which {part}", [each.parts[part] for each in runs], "s") for part in PARTS),
        Figure("most memory that it held", [each.peak_bytes / 1e6 for each in runs], "MB"),
    ]


def lines(count: int) -> Iterator[str]:
    """Reports as lines, in the order of their times."""
    rng = np.random.default_rng(1)
    west, south, east, north = BOX
    for begin in range(0, count, WROTE_AT_ONCE):
        some = min(WROTE_AT_ONCE, count - begin)
        lon, lat = rng.uniform(west, east, some).round(6).tolist(), rng.uniform(south, north, some).round(6).tolist()
        radius_m = rng.choice(RADII_M, some).tolist()
        at = np.datetime64("2026-03-01T00:00:00") + np.arange(begin, begin + some).astype("timedelta64[s]")
        begins, ends = (np.datetime_as_string(times).tolist() for times in (at, at + np.timedelta64(10, "s")))
        for row in range(some):
            yield (
                f'{{"report_id":"bench:{begin + row}","source":"bench","observed_from":"{begins[row]}Z",'
                f'"observed_until":"{ends[row]}Z","footprint":{{"kind":"disc","lon":{lon[row]},"lat":{lat[row]},'
                f'"radius_m":{radius_m[row]}}},"activity":"explosion","observer":"post-{row % 40}",'
                '"ledger":"sensor"}\n'
            )


def matched(folder: Path) -> Run:
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "match",
        "-a",
        AGREEMENT,
        "--timings",
        "-o",
        "m.parquet",
        "reports.ndjson",
    ]
    began = perf_counter()
    with (folder / "told").open("w+b") as told:
        process = subprocess.Popen(command, cwd=folder, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - began
        told.seek(0)
        said = told.read().decode()
    if process.returncode:
        raise RuntimeError(said)
    parts = {name: float(value) for name, value in re.findall(r"(?m)^ *([a-z]+) +([\d.]+) +\d+%", said)}
    # Linux tells it in kibibytes, macOS in bytes.
    return Run(seconds, parts, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
