"""Runs the benches, or those that are named; prints a table and writes JSON, with the machine and all versions."""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.bench import CHECKOUT, Effort, Figure

BENCHES = {
    "geometry": "a million places to four zones, chainage, offset and side, beside other libraries; who is right",
    "discs": "footprints of 500 m to their shares in four zones",
    "loading": "shipped agreements, from nothing and from the cache, until places are held against their zones",
    "sources": "rows of each source that are read a second, from bytes to checked reports",
    "scenario": "writing a scenario with its truth",
    "matching": "truceline match, an NDJSON file to a GeoParquet table",
    "embedded": "an NDJSON file to alerts in the store",
    "together": "all shipped agreements loaded at once, beside the one that the reports are about",
    "stream": "over a broker on this machine: reports sent to alerts on their topic, beside other ways of doing it",
    "console": "changes of alerts to twenty listeners; a list and a map of 50,000",
    "fusion": "which reports belong together, beside other ways of finding it; how right, and how fast",
    "fusion_load": "fusion of a bombardment, of a day of 50,000 reports, and of one late report",
    "recon": "a week's coverage by the hour, its blind spells, the chances of single events",
    "tasking": "what plans of looks are worth, beside other ways of choosing and the best there is; how long they take",
    "escalation": "how soon more findings than usual are signalled, and how often wrongly, beside plain rules",
    "reliability": "whether what coverage says comes true, and whether adjusted rates hold the truth",
}
"""Modules of this package, each with a function `run` that gives its figures."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(words: list[str]) -> int:
    asked = parse(words)
    for name in THREADS:
        os.environ.setdefault(name, "1")
    effort = Effort(asked.repeats, asked.scale, asked.seeds, asked.scenario)
    began = {"machine": machine(), **asdict(effort)}
    benches: dict[str, list[Figure]] = {}
    for name in asked.names or BENCHES:
        print(f"{name}: {BENCHES[name]}", file=sys.stderr)
        benches[name] = import_module(f"tests.bench.{name}").run(effort)
        write(asked.json, began, benches)
    Console(width=None if sys.stdout.isatty() else 150).print(as_table(benches))
    print(f"written to {asked.json}", file=sys.stderr)
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    listed = "\n".join(f"  {name:<10} {about}" for name, about in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="How fast Truceline is on this machine. Nothing is asserted; a table is printed.",
        epilog=f"benches (all of them unless some are named):\n{listed}\n\nplot:\n"
        "  python -m tests.bench.scaling    cost against vertices and zones, drawn for the documentation",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="bench", help="which to run")
    parser.add_argument("--repeats", type=positive_int, default=5, metavar="N", help="runs of each figure (default 5)")
    parser.add_argument(
        "--scale",
        type=positive,
        default=1.0,
        metavar="S",
        help="share of the full work: 0.1 for a quick look (default 1)",
    )
    parser.add_argument(
        "--seeds", type=seeds, default=(1, 2, 3), metavar="N,N", help="scenarios of the bench fusion (default 1,2,3)"
    )
    parser.add_argument("--scenario", default="routine", metavar="NAME", help="which it plays (default routine)")
    parser.add_argument(
        "--json", type=Path, default=Path("out") / "bench.json", metavar="FILE", help="where to write (out/bench.json)"
    )
    asked = parser.parse_args(words)
    if unknown := sorted(set(asked.names) - set(BENCHES)):
        parser.error(f"no bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    return asked


def positive_int(text: str) -> int:
    """For argparse, which names the function where the value is none."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, not {value}")
    return value


def seeds(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 100.0:
        raise argparse.ArgumentTypeError(f"above 0 and at most 100, not {value}")
    return value


def write(path: Path, began: dict[str, object], benches: dict[str, list[Figure]]) -> None:
    """What there is so far: an interrupted run keeps the benches that it finished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {name: [as_json(figure) for figure in figures] for name, figures in benches.items()}
    path.write_text(json.dumps({**began, "benches": told}, indent=2) + "\n", encoding="utf-8")


def as_json(figure: Figure) -> dict[str, object]:
    measured = {"median": figure.median, "min": min(figure.values), "max": max(figure.values)} if figure.values else {}
    return {"what": figure.what, "unit": figure.unit, "note": figure.note, **measured, "values": list(figure.values)}


def as_table(benches: dict[str, list[Figure]]) -> Table:
    table = Table("what", "median", "min", "max", "unit", "runs")
    for name in ("median", "min", "max", "runs"):
        next(column for column in table.columns if column.header == name).justify = "right"
    for name, figures in benches.items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for figure in figures:
            what = f"{escape(figure.what)}\n  [dim]{escape(figure.note)}[/dim]" if figure.note else escape(figure.what)
            table.add_row(what, *cells(figure))
    return table


def cells(figure: Figure) -> list[str]:
    """Median, least, greatest, unit and number of runs; a figure that was not measured several times has no spread."""
    if not figure.values:
        return ["–", "", "", "", ""]
    if len(figure.values) == 1:
        return [number(figure.values[0]), "", "", figure.unit, ""]
    spread = [number(value) for value in (figure.median, min(figure.values), max(figure.values))]
    return [*spread, figure.unit, str(len(figure.values))]


def number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.3g}"


def machine() -> dict[str, object]:
    """What a reader needs in order to compare."""
    import pyproj
    import shapely

    return {
        "processor": processor(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": commit(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "packages": dict(sorted((found.name, found.version) for found in distributions())),
    }


def processor() -> str:
    """The processor's own name where the system tells, else its architecture."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str | None:
    """The commit that was measured, with "-dirty" where files differ from it; None outside a checkout."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
