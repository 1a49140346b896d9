"""Runs the benches, or those that are named; prints a table and writes out/bench.json."""

import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import Figure

BENCHES = ("scenario", "embedded")
"""Modules of this package, each with a function `run` that gives its figures."""

PACKAGES = ("truceline", "numpy", "shapely", "pyproj", "msgspec", "pyarrow")
OUT = Path("out") / "bench.json"


def main(names: list[str]) -> int:
    if unknown := sorted(set(names) - set(BENCHES)):
        print(f"no bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    measured = {name: run(name) for name in names or BENCHES}
    OUT.parent.mkdir(exist_ok=True)
    benches = {name: [figure._asdict() for figure in figures] for name, figures in measured.items()}
    OUT.write_text(json.dumps({"machine": machine(), "benches": benches}, indent=2) + "\n", encoding="utf-8")
    table = Table("bench", "what", "figure", "unit")
    for name, figures in measured.items():
        for figure in figures:
            table.add_row(
                name,
                figure.what,
                f"{figure.value:,.4g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                figure.unit,
            )
    Console().print(table)
    print(f"written to {OUT}", file=sys.stderr)
    return 0


def run(name: str) -> list[Figure]:
    figures: list[Figure] = import_module(f"tests.bench.{name}").run()
    return figures


def machine() -> dict[str, object]:
    """What a reader needs in order to compare."""
    return {
        "processor": processor(),
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The processor's own name where the system tells, else its architecture."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
