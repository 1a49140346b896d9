"""Cost against the line's vertices and against the number of zones, on one core, drawn for the documentation.

`python -m tests.bench.scaling` measures, writes out/scaling.json and draws docs/images/scaling.svg; with `--draw` it
only draws what was measured before.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from pipeline.geometry.line import LEFT, RIGHT
from tests.bench import CHECKOUT, in_turns, one_core
from tests.bench.geometry import BANDS, FIRST, Ours
from tests.bench.peers import Band, Tree, TreeAndOutlines
from tests.bench.terrain import Course, Floats, course, places

VERTICES = (500, 5_000, 50_000, 500_000)
ZONES = (1, 10, 50, 200)
PLACES = 500_000
PEER_PLACES = 50_000
REPEATS = 5

IMAGE = CHECKOUT / "docs" / "images" / "scaling.svg"
MEASURED = Path("out") / "scaling.json"

OURS = "Truceline"
TREE = "shapely, STRtree of edges"
OUTLINES = "shapely, zones as polygons"
COLOURS = {OURS: "#0b6e4f", TREE: "#b5541c", OUTLINES: "#6b6b6b"}
MARKERS = {OURS: "o", TREE: "s", OUTLINES: "^"}

Series = dict[str, list[float]]
"""What was measured, by who did it, in the order of the counts; the last counts may be missing."""

Making = Callable[[Course, Sequence[Band]], Callable[[Floats, Floats], object]]
MADE: dict[str, Making] = {OURS: Ours, TREE: Tree, OUTLINES: TreeAndOutlines}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scaling", description=__doc__)
    parser.add_argument("--draw", action="store_true", help=f"only draw what is in {MEASURED}")
    parser.add_argument("--image", type=Path, default=IMAGE, help="where to draw (docs/images/scaling.svg)")
    parser.add_argument("--most", type=int, default=VERTICES[-1], metavar="N", help="no line of more vertices")
    asked = parser.parse_args(words)
    if not asked.draw:
        with one_core():
            place_us, ready_s = by_vertices(asked.most)
            measured = {"vertices": place_us, "ready": ready_s, "zones": by_zones()}
        MEASURED.parent.mkdir(exist_ok=True)
        MEASURED.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    draw(json.loads(MEASURED.read_text(encoding="utf-8")), asked.image)
    print(f"drawn in {asked.image}", file=sys.stderr)
    return 0


def by_vertices(most: int) -> tuple[Series, Series]:
    """Four zones; the line finer and finer: microseconds for each place, and seconds to make the line ready."""
    place_us: Series = {OURS: [], TREE: []}
    ready_s: Series = {OURS: [], TREE: []}
    for vertices in (count for count in VERTICES if count <= most):
        line = course(vertices)
        lon, lat = places(line, FIRST)
        works = {}
        for name in ready_s:
            began = perf_counter()
            works[name] = MADE[name](line, BANDS)
            works[name](lon, lat)
            ready_s[name].append(perf_counter() - began)
            print(f"{vertices:,} vertices, {name}: {ready_s[name][-1]:.2f} s to make ready", file=sys.stderr)
        _add(place_us, works, f"{vertices:,} vertices")
    return place_us, ready_s


def by_zones() -> Series:
    """A line of 5,000 vertices; more and more zones, of other widths and on both sides: microseconds for each place."""
    line = course(5_000)
    place_us: Series = {OURS: [], TREE: [], OUTLINES: []}
    for zones in ZONES:
        widths_m = np.geomspace(2_000.0, 60_000.0, zones)
        bands = [Band((LEFT, RIGHT)[n % 2], 0.0, float(width_m)) for n, width_m in enumerate(widths_m)]
        _add(place_us, {name: MADE[name](line, bands) for name in place_us}, f"{zones} zones")
    return place_us


def _add(place_us: Series, works: dict[str, Callable[[Floats, Floats], object]], where: str) -> None:
    """One more count: the quickest of a few runs, which others on the machine disturbed least."""
    lon, lat = places(course(5_000), PLACES)
    counts = {name: PLACES if name == OURS else PEER_PLACES for name in works}
    asked: dict[str, Callable[[], object]] = {
        name: partial(work, lon[: counts[name]], lat[: counts[name]]) for name, work in works.items()
    }
    for name, seconds in in_turns(asked, REPEATS).items():
        place_us[name].append(1e6 * min(seconds) / counts[name])
        print(f"{where}, {name}: {place_us[name][-1]:.2f} µs a place", file=sys.stderr)


def draw(measured: dict[str, Series], image: Path) -> None:
    """Three panels, both scales logarithmic."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update(
        {"svg.hashsalt": "truceline", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}
    )
    figure = Figure(figsize=(11.0, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _panel(left, VERTICES, measured["vertices"], "A finer line", "vertices of the line, four zones")
    _panel(middle, ZONES, measured["zones"], "More zones", "zones, 5,000 vertices")
    _panel(right, VERTICES, measured["ready"], "Before the first place", "vertices of the line")
    most = max(max(cost) for name in ("vertices", "zones") for cost in measured[name].values())
    for axes in (left, middle):
        axes.set_ylim(0.1, 2.0 * most)
        axes.set_ylabel("time for one place, in µs")
    right.set_ylim(0.01, 3.0 * max(max(cost) for cost in measured["ready"].values()))
    right.set_ylabel("time to make it ready, in s")
    figure.savefig(image, metadata={"Date": None})
    # matplotlib leaves blanks at the ends of lines.
    image.write_text("\n".join(row.rstrip() for row in image.read_text("utf-8").splitlines()) + "\n", encoding="utf-8")


def _panel(axes: Any, counts: Sequence[int], series: Series, title: str, what: str) -> None:
    for name, cost in series.items():
        axes.plot(counts[: len(cost)], cost, color=COLOURS[name], marker=MARKERS[name], linewidth=2, markersize=5)
        # Above its line only where no other one runs.
        top = cost[-1] == max(other[-1] for other in series.values())
        where = {"xytext": (0, 8)} if top else {"xytext": (0, -28), "va": "top"}
        axes.annotate(
            name,
            (counts[len(cost) - 1], cost[-1]),
            textcoords="offset points",
            color=COLOURS[name],
            ha="right",
            **where,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.set_title(title, loc="left")
    axes.set_xlabel(what)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
