"""Lines and places everywhere on Earth: `paths()`, and `vantages()` to look at them from."""

from typing import NamedTuple

import numpy as np
import shapely
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.oracles import Floats, OracleLine, walk, way

REACH_M = 200_000.0
"""How far from a line the design promises exact answers."""


OF_EACH_REGION = settings(max_examples=settings().max_examples // 4)
"""For tests that run once for every region or world: a quarter as many examples of each."""

OF_EACH_WORLD = settings(max_examples=settings().max_examples // 10)
"""The same for shares, which are slow to hold against thousands of places."""


class Path(NamedTuple):
    """A line's vertices in degrees. Longitudes lie within 180 degrees, or run on past them."""

    lon: tuple[float, ...]
    lat: tuple[float, ...]


class Vantage(NamedTuple):
    """Where to stand: so far along a path (0 to 1), then straight on in some direction."""

    share: float
    azimuth_deg: float
    away_m: float


def log_floats(low: float, high: float) -> SearchStrategy[float]:
    """Numbers of every order of magnitude between two."""
    return st.floats(float(np.log10(low)), float(np.log10(high))).map(lambda power: float(10.0**power))


REGIONS: dict[str, SearchStrategy[tuple[float, float]]] = {
    "anywhere": st.tuples(st.floats(-180.0, 180.0), st.floats(-75.0, 75.0)),
    "antimeridian": st.tuples(st.floats(178.5, 181.5), st.floats(-70.0, 70.0)),
    "north pole": st.tuples(st.floats(-180.0, 180.0), st.floats(80.0, 89.9)),
    "south pole": st.tuples(st.floats(-180.0, 180.0), st.floats(-89.9, -80.0)),
    "equator": st.tuples(st.floats(-180.0, 180.0), st.floats(-0.5, 0.5)),
    "south": st.tuples(st.floats(-180.0, 180.0), st.floats(-60.0, -30.0)),
}


def beginnings(region: str | None = None) -> SearchStrategy[tuple[float, float]]:
    """Places to begin at: in one of the regions, or in any of them."""
    return REGIONS[region] if region else st.one_of(*REGIONS.values())


def turns() -> SearchStrategy[float]:
    """How far a line turns at a vertex, in degrees: gently, sharply, or nearly back; not so that it runs back."""
    sizes = st.one_of(st.floats(0.0, 40.0), st.floats(40.0, 150.0), st.floats(150.0, 179.5))
    return st.tuples(sizes, st.sampled_from([-1.0, 1.0])).map(lambda pair: pair[0] * pair[1])


@st.composite
def _walks(draw: st.DrawFn, region: str | None) -> Path:
    """One edge or several, from 10 m to 3,000 km in all; cut off before it would come near itself."""
    lon, lat = draw(beginnings(region))
    bends = draw(st.lists(turns(), max_size=11))
    whole_m = draw(st.one_of(log_floats(10.0, 3_000_000.0), st.floats(100_000.0, 3_000_000.0)))
    shares = np.array(draw(st.lists(st.floats(0.1, 1.0), min_size=len(bends) + 1, max_size=len(bends) + 1)))
    heading = draw(st.one_of(st.floats(0.0, 360.0), st.sampled_from([0.0, 90.0, 180.0, 270.0])))
    lons, lats = [lon], [lat]
    for turn, length_m in zip([0.0, *bends], whole_m * shares / shares.sum(), strict=True):
        there_lon, there_lat = walk(lons[-1], lats[-1], heading + turn, length_m)
        lons.append(float(there_lon))
        lats.append(float(there_lat))
        heading = float(way(lons[-1], lats[-1], lons[-2], lats[-2])[0]) + 180.0
    kept = _clear_of_itself(lons, lats)
    return Path(tuple(lons[:kept]), tuple(lats[:kept]))


@st.composite
def _loops(draw: st.DrawFn, region: str | None) -> Path:
    """A closed line about a place, either way round."""
    lon, lat = draw(beginnings(region))
    corners = draw(st.integers(3, 10))
    jitter = np.array(draw(st.lists(st.floats(-0.2, 0.2), min_size=corners, max_size=corners)))
    reach = np.array(draw(st.lists(st.floats(0.3, 1.0), min_size=corners, max_size=corners)))
    way_round = draw(st.sampled_from([-1.0, 1.0]))
    azimuth = way_round * 360.0 * (np.arange(corners) + jitter) / corners
    lons, lats = walk(lon, lat, azimuth, draw(log_floats(10.0, 500_000.0)) * reach)
    return Path((*lons.tolist(), float(lons[0])), (*lats.tolist(), float(lats[0])))


def paths(region: str | None = None) -> SearchStrategy[Path]:
    """Lines that begin in a region and do not come near themselves, in either notation of their longitudes."""
    walks = _walks(region)
    return st.tuples(st.one_of(walks, walks, _loops(region)), st.booleans()).map(
        lambda pair: running_on(pair[0]) if pair[1] else wrapped(pair[0])
    )


def vantages() -> SearchStrategy[list[Vantage]]:
    """Places within reach of a path, at every distance."""
    shares = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0]))
    away = st.one_of(log_floats(1.0, REACH_M), st.floats(0.0, REACH_M))
    return st.lists(st.builds(Vantage, shares, st.floats(0.0, 360.0), away), min_size=4, max_size=16)


def seen_from(line: OracleLine, around: list[Vantage]) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of vantages."""
    share, azimuth, away = np.array(around, dtype=float).T
    return walk(*line.at(share * line.length_m), azimuth, away)


def scattered(line: OracleLine, count: int, reach_m: float = REACH_M, seed: int = 0) -> tuple[Floats, Floats]:
    """As many places about a line, of every distance up to `reach_m`, half of them within a hundredth of it."""
    rng = np.random.default_rng(seed)
    away = reach_m * np.where(rng.random(count) < 0.5, rng.random(count), 10.0 ** rng.uniform(-5.0, -2.0, count))
    return walk(*line.at(rng.random(count) * line.length_m), rng.uniform(0.0, 360.0, count), away)


def wrapped(path: Path) -> Path:
    """The same line with longitudes from -180 to 180."""
    return Path(tuple(float((lon + 180.0) % 360.0 - 180.0) for lon in path.lon), path.lat)


def running_on(path: Path) -> Path:
    """The same line with longitudes that run on past 180, as far as it goes."""
    return Path(tuple(np.unwrap(np.asarray(path.lon), period=360.0).tolist()), path.lat)


def _clear_of_itself(lon: list[float], lat: list[float]) -> int:
    """How many of the first vertices make a line that keeps clear of itself, in a plane about the first of them."""
    dense = [_flat_edge(lon, lat, number) for number in range(len(lon) - 1)]
    clear_m = 2.0 + 1e-4 * sum(edge.length for edge in dense)
    for number, edge in enumerate(dense):
        if any(edge.distance(earlier) < clear_m for earlier in dense[: max(number - 1, 0)]):
            return number + 1
    return len(lon)


def _flat_edge(lon: list[float], lat: list[float], number: int) -> shapely.LineString:
    azimuth, length = way(lon[number], lat[number], lon[number + 1], lat[number + 1])
    along = walk(lon[number], lat[number], azimuth, length * np.linspace(0.0, 1.0, 40))
    turn, away = way(lon[0], lat[0], *along)
    return shapely.LineString(np.column_stack([away * np.sin(np.radians(turn)), away * np.cos(np.radians(turn))]))
