"""Coverage as a picture: chainage across, time down, the share as lightness; blindness hatched, incidents as points."""

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Bools, Floats
from pipeline.model.taxonomy import Side
from pipeline.outputs import whole_or_nothing
from pipeline.recon.coverage import Coverage
from pipeline.recon.trends import Noticed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 130
_KM = 1000.0
_DAY_S = 86_400.0
_UNTOLD = "0.8"
_LINES = "0.45"


class Drawn(NamedTuple):
    """What is drawn.

    Attributes:
        own: the same coverage by the mission's own assets: where that is blind, it is hatched.
        column: the class.
        seen: incidents; None where no record was looked at.
    """

    coverage: Coverage
    own: Coverage
    column: int
    seen: Noticed | None
    agreement: Agreement


def draw(path: Path, drawn: Drawn) -> None:
    """Draws one class: a panel for each line and side, one above the other.

    Raises:
        OutputError: the file cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    coverage = drawn.coverage
    panels = list(dict.fromkeys((one.line_id, one.side) for one in coverage.cells.cells))
    with mpl.rc_context({"font.size": 9, "hatch.linewidth": 0.5, "svg.hashsalt": "truceline"}):
        figure = Figure(figsize=(12.0, 1.4 + 3.4 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        image: Any = None
        for axis, (line_id, side) in zip(axes, panels, strict=True):
            image = _panel(axis, drawn, (line_id, side))
        colours = figure.colorbar(image, ax=list(axes), pad=0.01, fraction=0.025)
        words = coverage.log.makes.words
        colours.set_label("share that would have been noticed")
        for share in (words.unobserved_below, words.observed_from):
            colours.ax.axhline(share, color="white", linewidth=1.5)
        begin, end = coverage.begins(0), coverage.begins(coverage.steps)
        figure.suptitle(
            f"{coverage.class_names[drawn.column].replace('_', ' ')}: what would have been noticed, "
            f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC\nhatched: the mission's own assets are blind; "
            "grey: nobody said who watched" + ("; points: incidents" if drawn.seen is not None else "")
        )
        with whole_or_nothing(path) as beside:
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
            figure.savefig(beside, dpi=DPI, metadata=metadata)


def _panel(axis: "Axes", drawn: Drawn, panel: tuple[str, Side]) -> Any:
    from matplotlib import dates

    coverage, column = drawn.coverage, drawn.column
    rows = [number for number, one in enumerate(coverage.cells.cells) if (one.line_id, one.side) == panel]
    cells = [coverage.cells.cells[row] for row in rows]
    edges_km = np.array([cells[0].from_m, *(one.to_m for one in cells)]) / _KM
    times = _edges(coverage)
    share = np.where(coverage.told, coverage.share[rows, :, column], np.nan).T
    axis.set_facecolor(_UNTOLD)
    image = axis.pcolormesh(edges_km, times, share, cmap="YlGnBu_r", vmin=0.0, vmax=1.0, rasterized=True)
    dark = (drawn.own.share[rows, :, column] < coverage.log.makes.words.unobserved_below) & drawn.own.told
    _hatch(axis, dark, edges_km, _edges(drawn.own))
    _mark_sectors(axis, cells, coverage)
    if drawn.seen is not None:
        _mark_incidents(axis, drawn, drawn.seen, panel[0], rows)
    axis.set_ylim(times[-1], times[0])
    locator = dates.AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axis.yaxis.set_major_locator(locator)
    axis.yaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=UTC, show_offset=False))  # type: ignore[no-untyped-call]
    axis.set_xlabel("chainage, km")
    title = drawn.agreement.line_table(panel[0]).title
    axis.set_ylabel(f"{title}\n{panel[1].value} side; time, UTC")
    return image


def _edges(coverage: Coverage) -> Floats:
    """Where steps begin and end, in days since 1970, as the axis of time counts."""
    return np.asarray((coverage.begin_ms + coverage.step_ms * np.arange(coverage.steps + 1)) / 1000.0 / _DAY_S)


def _hatch(axis: "Axes", dark: Bools, edges_km: Floats, times: Floats) -> None:
    from matplotlib.collections import PolyCollection

    boxes = [
        [(edges_km[cell + far], times[step + late]) for far, late in ((0, 0), (1, 0), (1, 1), (0, 1))]
        for cell, step in np.argwhere(dark).tolist()
    ]
    axis.add_collection(PolyCollection(boxes, facecolor="none", edgecolor="white", hatch="////", linewidth=0.0))


def _mark_sectors(axis: "Axes", cells: list[Any], coverage: Coverage) -> None:
    for sector in dict.fromkeys(one.sector_id for one in cells):
        own = [one for one in cells if one.sector_id == sector]
        axis.axvline(own[0].from_m / _KM, color=_LINES, linewidth=0.6, linestyle=":")
        middle_km = (own[0].from_m + own[-1].to_m) / 2.0 / _KM
        transform = axis.get_xaxis_transform()
        name = coverage.cells.sectors[sector]
        axis.text(middle_km, 1.01, name, transform=transform, ha="center", va="bottom", fontsize=8)


def _mark_incidents(axis: "Axes", drawn: Drawn, seen: Noticed, line_id: str, rows: list[int]) -> None:
    coverage = drawn.coverage
    which = seen.within(np.array(rows), drawn.column, coverage.begin_ms, coverage.end_ms)
    line = drawn.agreement.lines[line_id]
    chainage_m = line.locate(seen.lon[which], seen.lat[which]).chainage_m
    times = seen.time_ms[which] / 1000.0 / _DAY_S
    axis.scatter(chainage_m / _KM, times, s=12, facecolor="white", edgecolor="black", linewidth=0.6, zorder=3)
