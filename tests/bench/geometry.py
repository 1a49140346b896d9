"""A million places, from degrees to four zones, chainage, offset and side: ours beside others; and who is right."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import shapely
from pyproj import Geod

from pipeline.geometry.line import BEYOND, LEFT, RIGHT, Line
from pipeline.geometry.places import Places
from pipeline.geometry.zones import OffsetZone
from tests.bench import CHECKOUT, Effort, Figure, in_turns, one_core, rates
from tests.bench.databases import DATABASES
from tests.bench.peers import PEERS, Band, Bools, Found, Missing, Peer, Plane, Tree, TreeAndOutlines, in_bands
from tests.bench.terrain import Course, Floats, course, places, to_plane

VERTICES = 5_000
PLACES = 1_000_000
CHECKED = 1_000
"""Places that the oracle looks at: it is slow."""

DISPUTED = 50
"""Of each kind of disputed places, so many are asked of the oracle."""

TIED_M = 1.0
"""Two places of a line that are equally far but for this are a tie: either answer is as good."""

FIRST = 10_000
"""Places enough to want an index."""

BANDS = tuple(Band(side, 0.0, to_m) for to_m in (7_500.0, 50_000.0) for side in (LEFT, RIGHT))
CLEAR_M = 100.0
"""What is decided wrongly further than this from every edge is no question of a map's scale or of rounding."""

OURS = "truceline"
PLAIN = "truceline without numba: numpy only"
YARDSTICK = "pyproj alone: degrees to a transverse Mercator plane, and nothing more"
GEOD = Geod(ellps="WGS84")


class Ours:
    """The work, done here."""

    def __init__(self, line: Course, bands: Sequence[Band]) -> None:
        self.line = Line(line.lon, line.lat)
        self.zones = [OffsetZone(str(b), "line", self.line, b.side, b.from_m, b.to_m) for b in bands]

    def __call__(self, lon: Floats, lat: Floats) -> Found:
        asked = Places(lon, lat)
        located = asked.along(self.line)
        zones = np.array([zone.contains(asked) for zone in self.zones])
        return Found(zones, located.chainage_m, located.offset_m, located.side)


def run(effort: Effort) -> list[Figure]:
    line = course(VERTICES)
    lon, lat = places(line, effort.of(PLACES))
    with one_core() as pinned:
        if not pinned:
            print("This system cannot hold a process to one core: what has threads may use more.", file=sys.stderr)
        ours = Ours(line, BANDS)
        speeds = _speeds(ours, line, lon, lat, effort)
        return [
            *speeds,
            *_readiness(line, lon[:FIRST], lat[:FIRST], effort),
            *_against_oracle(ours, line, lon[: effort.of(CHECKED)], lat[: effort.of(CHECKED)]),
            *_wrong(ours, line, lon, lat),
        ]


def _speeds(ours: Ours, line: Course, lon: Floats, lat: Floats, effort: Effort) -> list[Figure]:
    peers, missing = _peers(line)
    counts = {OURS: len(lon), YARDSTICK: len(lon)}
    works: dict[str, Callable[[], object]] = {
        OURS: partial(ours, lon, lat),
        YARDSTICK: partial(to_plane().transform, lon, lat),
    }
    for peer in peers:
        counts[peer.name] = max(1, round(len(lon) * peer.share))
        works[peer.name] = partial(peer, lon[: counts[peer.name]], lat[: counts[peer.name]])
    rate = {name: rates(seconds, counts[name]) for name, seconds in in_turns(works, effort.repeats).items()}
    best = max(peers, key=lambda peer: float(np.median(rate[peer.name])))
    # Of one round each: what slowed one slowed the other.
    ratio = [mine / theirs for mine, theirs in zip(rate[OURS], rate[best.name], strict=True)]
    return [
        Figure(OURS, rate[OURS], "places/s", f"{len(lon):,} places, {VERTICES:,} vertices, {len(BANDS)} zones"),
        Figure("the same, as many times the best of the others", ratio, "times", best.name),
        Figure(PLAIN, _without_numba(effort), "places/s"),
        *(Figure(name, rate[name], "places/s", f"{counts[name]:,} of the places") for name in rate if name != OURS),
        *missing,
    ]


_HERE_WITHOUT_NUMBA = """
import json, sys
sys.modules["numba"] = None
from tests.bench.geometry import plain_rates
print(json.dumps(plain_rates(int(sys.argv[1]), int(sys.argv[2]))))
"""


def _without_numba(effort: Effort) -> list[float]:
    """Ours once more, by a process that cannot import numba."""
    asked = [str(effort.of(PLACES)), str(effort.repeats)]
    told = subprocess.run(
        [sys.executable, "-c", _HERE_WITHOUT_NUMBA, *asked], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    found: list[float] = json.loads(told.stdout)
    return found


def plain_rates(count: int, repeats: int) -> list[float]:
    """Places a second, with whatever can be imported here."""
    line = course(VERTICES)
    work = partial(Ours(line, BANDS), *places(line, count))
    return rates(in_turns({OURS: work}, repeats)[OURS], count)


def _peers(line: Course) -> tuple[list[Peer], list[Figure]]:
    """Those that are here, and a figure without a value for each that is not."""
    peers: list[Peer] = []
    missing = []
    for peer in (*PEERS, *DATABASES):
        try:
            peers.append(peer(line, BANDS))
        except Missing as reason:
            missing.append(Figure(f"passed over: {reason}", ()))
    return peers, missing


def _readiness(line: Course, lon: Floats, lat: Floats, effort: Effort) -> list[Figure]:
    works: dict[str, Callable[[], object]] = {
        "truceline": lambda: Ours(line, BANDS)(lon, lat),
        "shapely, an STRtree": lambda: Tree(line, BANDS)(lon, lat),
        "shapely, an STRtree and buffers": lambda: TreeAndOutlines(line, BANDS)(lon, lat),
    }
    return [
        Figure(f"line and zones made ready, and the first places told: {name}", [1000.0 * s for s in seconds], "ms")
        for name, seconds in in_turns(works, effort.repeats).items()
    ]


def _against_oracle(ours: Ours, line: Course, lon: Floats, lat: Floats) -> list[Figure]:
    found, true = ours(lon, lat), _oracle(line, lon, lat)
    same = (found.side == true.side) & (found.zones == true.zones).all(axis=0)
    note = (
        f"{len(lon):,} places; the oracle is shapely in a plane of each place's own, in which its distances are exact"
    )
    return [
        Figure.one("side and every zone as the oracle says", 100.0 * float(np.mean(same)), "%", note),
        Figure.one("greatest difference of an offset", float(np.abs(found.offset_m - true.offset_m).max()), "m"),
        Figure.one("greatest difference of a chainage", float(np.abs(found.chainage_m - true.chainage_m).max()), "m"),
    ]


def _oracle(line: Course, lon: Floats, lat: Floats) -> Found:
    """Plain and slow: about each place an azimuthal equidistant plane, and shapely in it."""
    edge_m = np.asarray(GEOD.inv(line.lon[:-1], line.lat[:-1], line.lon[1:], line.lat[1:])[2])
    begins_m = np.concatenate([[0.0], np.cumsum(edge_m)])
    rows = []
    for place in zip(lon, lat, strict=True):
        here_lon, here_lat = (np.full(line.lon.shape, degrees) for degrees in place)
        azimuth, _, away = GEOD.inv(here_lon, here_lat, line.lon, line.lat)
        plane = Plane(away * np.sin(np.radians(azimuth)), away * np.cos(np.radians(azimuth)))
        at_m = shapely.line_locate_point(plane.line, [shapely.Point(0.0, 0.0)])
        edge = np.clip(np.searchsorted(plane.chainage_m, at_m, side="right") - 1, 0, len(edge_m) - 1)
        chainage_m, offset_m, side = plane.measure(np.zeros(1), np.zeros(1), edge)
        share = (chainage_m - plane.chainage_m[edge]) / plane.length_m[edge]
        rows.append((float((begins_m[edge] + share * edge_m[edge])[0]), float(offset_m[0]), int(side[0])))
    chainage, offset, sides = (np.array(column) for column in zip(*rows, strict=True))
    side = sides.astype(np.int8)
    return Found(in_bands(BANDS, offset, side), chainage, offset, side)


def _wrong(ours: Ours, line: Course, lon: Floats, lat: Floats) -> list[Figure]:
    """How many places are decided otherwise by what is usually written; and whom the oracle supports."""
    true, tree = ours(lon, lat), TreeAndOutlines(line, BANDS)
    x, y = to_plane().transform(lon, lat)
    edge = tree.nearest(x, y)
    _, offset_m, side = tree.plane.measure(x, y, edge)
    sided, clear = np.isin(true.side, (LEFT, RIGHT)), _clear(true)
    buffered = (tree.zones(x, y, offset_m, side) != true.zones).any(axis=0)
    naive = sided & (tree.plane.naive_side(x, y, edge) != true.side)
    by_distance = (in_bands(BANDS, offset_m, side) != true.zones).any(axis=0)
    other_side = sided & (side != true.side)
    disputes = {
        "in a wrong zone by single-sided buffers": buffered,
        f"the same, more than {CLEAR_M:.0f} m from every edge of a zone": buffered & clear,
        "on a wrong side by the nearest edge alone": naive,
        "in a wrong zone by distance and side in one plane": by_distance,
        "on a wrong side by distance and side in one plane": other_side,
    }
    apart_m = np.abs(np.abs(offset_m) - np.abs(true.offset_m))[true.side != BEYOND]
    return [
        *(Figure.one(what, int(wrong.sum()), f"of {len(lon):,}") for what, wrong in disputes.items()),
        Figure.one("greatest error of an offset in one plane", float(apart_m.max()), "m", "its scale"),
        *_supported(line, lon, lat, true, [by_distance, other_side, naive, buffered]),
    ]


def _supported(line: Course, lon: Floats, lat: Floats, true: Found, disputes: Sequence[Bools]) -> list[Figure]:
    """Some of the places that are disputed, and on how many of them the oracle says what truceline says."""
    asked = np.unique(np.concatenate([np.flatnonzero(dispute)[:DISPUTED] for dispute in disputes]))
    if not len(asked):
        return []
    told, ours = _oracle(line, lon[asked], lat[asked]), true.part(asked)
    same = (told.side == ours.side) & (told.zones == ours.zones).all(axis=0)
    elsewhere = np.abs(told.chainage_m - ours.chainage_m) > 100.0
    tied = ~same & elsewhere & (np.abs(np.abs(told.offset_m) - np.abs(ours.offset_m)) < TIED_M)
    unit = f"of {len(asked)}"
    return [
        Figure.one("some of these asked of the oracle: as truceline says", int(same.sum()), unit),
        Figure.one("otherwise, two places of the line being equally far", int(tied.sum()), unit, f"to {TIED_M:g} m"),
    ]


def _clear(found: Found) -> Bools:
    away_m = np.abs(found.offset_m)
    edges_m = {0.0, *(band.to_m for band in BANDS)}
    return np.asarray(np.all([np.abs(away_m - edge_m) > CLEAR_M for edge_m in edges_m], axis=0))
