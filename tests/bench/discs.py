"""Reports known to 500 m: the share of each disc in four zones, when none, a fifth or all of them straddle an edge."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import LEFT, RIGHT
from pipeline.geometry.membership import membership
from pipeline.geometry.places import Places
from tests.bench import Effort, Figure, in_turns, one_core, rates
from tests.bench.geometry import BANDS, VERTICES, Ours
from tests.bench.peers import Band, Bools, Plane
from tests.bench.terrain import Course, Floats, course, places, to_plane

RADIUS_M = 500.0
WORKS = {0.0: 200_000, 0.2: 50_000, 1.0: 10_000}
"""How many discs, by the share of them that straddle an edge: those take their time."""

PEER_SHARE = 0.01
"""The peer cuts one polygon with another for each disc at an edge."""

CHECKED = 400
SAMPLE = 4_096
EDGES_M = sorted({0.0, *(band.to_m for band in BANDS)})


class Buffers:
    """shapely, done well: discs as polygons; prepared zones tell those within and without, and cut the others."""

    def __init__(self, line: Course, bands: Sequence[Band]) -> None:
        plane = Plane.of(line)
        self._transformer, self._zones = to_plane(), [plane.outline(band) for band in bands]

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        discs = shapely.buffer(shapely.points(*self._transformer.transform(lon, lat)), RADIUS_M, quad_segs=16)
        shares = np.zeros((len(self._zones), len(lon)))
        for row, zone in enumerate(self._zones):
            shares[row] = shapely.contains_properly(zone, discs)
            cut = ~shapely.disjoint(zone, discs) & (shares[row] == 0.0)
            shares[row, cut] = shapely.area(shapely.intersection(zone, discs[cut])) / shapely.area(discs[cut])
        return shares


def run(effort: Effort) -> list[Figure]:
    line = course(VERTICES)
    with one_core():
        ours, buffers = Ours(line, BANDS), Buffers(line, BANDS)
        lon, lat, at_edge = _centres(ours, line, effort.of(max(WORKS.values())))
        figures = []
        for share, count in WORKS.items():
            chosen = _mixed(at_edge, share, effort.of(count))
            figures += _measured(ours, buffers, lon[chosen], lat[chosen], f"{share:.0%} at an edge", effort.repeats)
        return [*figures, *_against_sample(ours, lon[at_edge][:CHECKED], lat[at_edge][:CHECKED])]


def _measured(ours: Ours, buffers: Buffers, lon: Floats, lat: Floats, of: str, repeats: int) -> list[Figure]:
    asked = max(1, round(len(lon) * PEER_SHARE))
    works: dict[str, Callable[[], object]] = {
        "ours": partial(_shares, ours, lon, lat),
        "buffers": partial(buffers, lon[:asked], lat[:asked]),
    }
    taken = in_turns(works, repeats)
    shares = _shares(ours, lon, lat)
    cut = float(np.mean(((shares > 0.0) & (shares < 1.0)).any(axis=0)))
    about = f"{len(lon):,} discs, {cut:.1%} of them partly in a zone"
    return [
        Figure(f"truceline, {of}", rates(taken["ours"], len(lon)), "discs/s", about),
        Figure(f"shapely, discs cut with prepared buffers, {of}", rates(taken["buffers"], asked), "discs/s"),
    ]


def _shares(ours: Ours, lon: Floats, lat: Floats) -> Floats:
    footprints = Footprints.of_discs(lon, lat, np.full(lon.shape, RADIUS_M))
    return membership(footprints, ours.zones, [], Places(footprints.lon, footprints.lat)).each


def _against_sample(ours: Ours, lon: Floats, lat: Floats) -> list[Figure]:
    """Shares beside those of a fine sunflower of exact places in each disc."""
    number = np.arange(SAMPLE) + 0.5
    range_m, turn = RADIUS_M * np.sqrt(number / SAMPLE), number * np.pi * (3.0 - np.sqrt(5.0))
    x, y = to_plane().transform(lon, lat)
    sample = to_plane().transform(
        (x[:, None] + range_m * np.cos(turn)).ravel(),
        (y[:, None] + range_m * np.sin(turn)).ravel(),
        direction="INVERSE",
    )
    inside = Places(*sample)
    sampled = np.array([zone.contains(inside).reshape(len(lon), SAMPLE).mean(axis=1) for zone in ours.zones])
    apart = np.abs(_shares(ours, lon, lat) - sampled)
    note = f"{len(lon)} discs at an edge, beside {SAMPLE:,} exact places in each, which are right to about 0.001"
    return [
        Figure.one("greatest difference of a share", float(apart.max()), note=note),
        Figure.one("root mean square of the differences", float(np.sqrt(np.mean(apart**2)))),
    ]


def _centres(ours: Ours, line: Course, count: int) -> tuple[Floats, Floats, Bools]:
    """At least so many centres of discs that reach over an edge, and so many of discs that do not; and which do."""
    rng = np.random.default_rng(7)
    lon, lat = places(line, 4 * count)
    # Square to the line at an edge's distance: most are as far from the whole line too.
    side, away_m = rng.choice([LEFT, RIGHT], 4 * count), rng.choice(EDGES_M, 4 * count)
    along_m = rng.uniform(0.0, ours.line.length_m, 4 * count)
    near = ours.line.place(along_m, side * away_m + rng.uniform(-RADIUS_M, RADIUS_M, 4 * count))
    lon, lat = np.concatenate([near[0], lon]), np.concatenate([near[1], lat])
    located = Places(lon, lat).along(ours.line)
    apart_m = np.min([np.abs(np.abs(located.offset_m) - edge_m) for edge_m in EDGES_M], axis=0)
    # The line's ends are edges too: what is near them is left out.
    to_end_m = np.minimum(located.chainage_m, ours.line.length_m - located.chainage_m)
    plain = np.isin(located.side, (LEFT, RIGHT)) & (to_end_m > 4.0 * RADIUS_M)
    plain &= (apart_m < 0.95 * RADIUS_M) | (apart_m > 1.05 * RADIUS_M)
    return lon[plain], lat[plain], apart_m[plain] < RADIUS_M


def _mixed(at_edge: Bools, share: float, count: int) -> NDArray[np.intp]:
    """Indices of so many discs, such a share of them at an edge, in no order."""
    edge = round(count * share)
    chosen = np.concatenate([np.flatnonzero(at_edge)[:edge], np.flatnonzero(~at_edge)[: count - edge]])
    return np.random.default_rng(11).permutation(chosen)
