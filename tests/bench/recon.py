"""How long a week's coverage takes: 30 assets before 200 cells, by the hour, for every class of activity."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from pipeline import load_agreement
from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc, Footprint, Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.blindness import blind_spells
from pipeline.recon.cells import Cells, cells_of
from pipeline.recon.chance import chance_of_each
from pipeline.recon.coverage import coverage
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from tests.bench import Effort, Figure, in_turns, rates

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = 168
CELLS = 200
EVENTS = 20_000
STANDING = (("array", 10, 33_000.0), ("watch", 8, 18_000.0), ("radar", 4, 40_000.0))
DRONES, SATELLITES = 4, 3


def run(effort: Effort) -> list[Figure]:
    agreement = load_agreement("ukraine-hypothetical")
    cells = first(cells_of(agreement), effort.of(CELLS))
    span_m = max(one.to_m for one in cells.cells)
    observations = list(a_week(agreement, span_m, np.random.default_rng(1)))
    log = Log.of(observations, load_makes())
    names = [one.name for one in log.makes.classes]
    end = BEGIN + timedelta(hours=HOURS)
    found = coverage(log, cells, names, BEGIN, end)
    rng = np.random.default_rng(2)
    count = effort.of(EVENTS)
    lon, lat = agreement.lines["contact-line"].place(rng.uniform(0, span_m, count), rng.uniform(-7_500, 7_500, count))
    time_ms = found.begin_ms + rng.integers(0, HOURS * 3_600_000, count)
    taken = in_turns(
        {
            "read": lambda: Log.of(observations, load_makes()),
            "all": lambda: coverage(log, cells, names, BEGIN, end),
            "one": lambda: coverage(log, cells, ["heavy_fire"], BEGIN, end),
            "spells": lambda: blind_spells(found),
            "events": lambda: chance_of_each(log, lon, lat, time_ms, "troops"),
        },
        effort.repeats,
    )
    size = f"{len(log.assets)} assets, {len(cells.cells)} cells ({len(cells.lon)} places), {HOURS} hours"
    return [
        Figure("an observation log read", rates(taken["read"], len(observations)), "records/s"),
        Figure(f"a week's coverage, {len(names)} classes", taken["all"], "s", size),
        Figure("a week's coverage, heavy fire alone", taken["one"], "s", size),
        Figure("its blind spells", taken["spells"], "s", f"{len(blind_spells(found))} spells"),
        Figure("chances of single events", rates(taken["events"], count), "events/s", "troops, seen by drones too"),
    ]


def first(cells: Cells, number: int) -> Cells:
    """The first cells of both sides."""
    length = len(cells.cells) // 2
    kept = np.array([row for row in range(2 * length) if row % length < number // 2])
    places = np.isin(cells.cell, kept)
    renumbered = np.searchsorted(kept, cells.cell[places])
    return Cells(
        tuple(cells.cells[row] for row in kept.tolist()),
        cells.sectors,
        cells.lon[places],
        cells.lat[places],
        renumbered,
    )


def a_week(agreement: Agreement, span_m: float, rng: np.random.Generator) -> Iterator[Observation]:
    """Who watched: what stands, with outages; drones that fly a track; satellites that pass; all that post."""
    line = agreement.lines["contact-line"]

    def disc(chainage_m: float, offset_m: float, radius_m: float) -> Disc:
        lon, lat = line.place(chainage_m, offset_m)
        return Disc(float(lon), float(lat), radius_m)

    for make, number, radius_m in STANDING:
        for at in range(number):
            place = disc(span_m * (at + 0.5) / number, 3_000.0, radius_m)
            yield record(f"{make}-{at}", make, (0.0, HOURS), place)
            for day in np.flatnonzero(rng.random(7) < 0.3).tolist():
                begin = 24.0 * day + rng.uniform(0, 18)
                out = {"state": ObservationState.OUTAGE}
                yield record(f"{make}-{at}", make, (begin, begin + rng.uniform(0, 6)), Nowhere(), **out)
    for drone in range(DRONES):
        for half in range(2 * HOURS):
            if half // 8 % 3:
                place = disc(span_m * (drone + half % 8 / 8) / DRONES, 10_000.0, 25_000.0)
                yield record(f"drone-{drone}", "drone", (half / 2, half / 2 + 0.5), place)
    whole = disc(span_m / 2, 0.0, span_m)
    for satellite in range(SATELLITES):
        for hour in range(satellite, HOURS, 5):
            yield record(f"satellite-{satellite}", "satellite", (hour, hour + 0.02), whole)
    yield record("post", "post", (0.0, HOURS), whole)


def record(asset: str, make: str, hours: tuple[float, float], place: Footprint, **more: Any) -> Observation:
    begin, end = (BEGIN + timedelta(hours=hour) for hour in hours)
    fields = {"state": ObservationState.WATCHING, **more}
    return Observation(
        observation_id=f"bench:{asset}-{hours}-{type(place).__name__}",
        source="bench",
        asset=asset,
        make=make,
        observed_from=begin,
        observed_until=end,
        footprint=place,
        **fields,
    )
