"""Which exact places lie in which zones: by hand at every kind of edge, and against walks along geodesics."""

from typing import NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from pipeline.geometry.line import LEFT, RIGHT, Line
from pipeline.geometry.places import Places
from pipeline.geometry.zones import CorridorZone, OffsetZone, PolygonZone, between_lines
from tests.geometry.checking import SOMEWHERE, beside, misjudged
from tests.geometry.worldwide import (
    OF_EACH_REGION,
    REGIONS,
    Path,
    Vantage,
    log_floats,
    paths,
    scattered,
    seen_from,
    vantages,
)
from tests.oracles import (
    MAY_LEFT,
    MAY_ON,
    MAY_PAST,
    MAY_RIGHT,
    Bools,
    Floats,
    OracleLine,
    tolerance_m,
    walk,
)

BOTH = 0
DEPTHS_M = (7_500.0, 50_000.0, 150_000.0)


def margin_m(away_m: ArrayLike) -> Floats:
    """What is on one side of an edge, so far from the line, even for one who measures as badly as is allowed."""
    return 2.0 + 2e-4 * np.asarray(away_m, dtype=float)


# Offset zones: edges by hand


class Edge(NamedTuple):
    """Rays from feet on a line, out over a zone's outer edge, and on which side."""

    lon: float
    lat: float
    azimuth_deg: float
    side: int


def edges_of(path: Path) -> dict[str, list[Edge]]:
    """Rays square to edges, out of every outer corner, and into every inner corner."""
    oracle = OracleLine(*path)
    found: dict[str, list[Edge]] = {"edge": [], "outer corner": [], "inner corner": []}
    for chainage in (oracle.begin_m + oracle.edge_m / 2.0).tolist():
        lon, lat, heading = (float(part[0]) for part in oracle.heading(chainage))
        found["edge"] += [Edge(lon, lat, heading - 90.0, LEFT), Edge(lon, lat, heading + 90.0, RIGHT)]
    for chainage in oracle.begin_m[1:].tolist():
        before, after = oracle.heading(chainage - 1e-6)[2][0], oracle.heading(chainage + 1e-6)[2][0]
        turn = (after - before + 180.0) % 360.0 - 180.0
        lon, lat = float(oracle.at(chainage)[0][0]), float(oracle.at(chainage)[1][0])
        outer, inner = (LEFT, RIGHT) if turn > 0 else (RIGHT, LEFT)
        for share in (0.02, 0.5, 0.98):
            found["outer corner"].append(Edge(lon, lat, before + share * turn + 90.0 * outer, outer))
        found["inner corner"].append(Edge(lon, lat, before + turn / 2.0 + 90.0 * inner, inner))
    return found


def reach(oracle: OracleLine, edges: list[Edge], away_m: float) -> tuple[Floats, Floats]:
    """Where rays are so far from the whole line: by bisection."""
    lon, lat, azimuth, _ = np.array(edges).T
    low, high = np.zeros(len(edges)), np.full(len(edges), 3.0 * away_m)
    for _ in range(40):
        middle = (low + high) / 2.0
        nearer = oracle.distance_m(*walk(lon, lat, azimuth, middle)) < away_m
        low, high = np.where(nearer, middle, low), np.where(nearer, high, middle)
    return walk(lon, lat, azimuth, high)


@pytest.mark.parametrize("name", SOMEWHERE)
@pytest.mark.parametrize("kind", ["edge", "outer corner", "inner corner"])
@pytest.mark.parametrize("depth_m", DEPTHS_M)
def test_either_side_of_a_zones_edge_is_told_apart(name: str, kind: str, depth_m: float) -> None:
    oracle, line = OracleLine(*SOMEWHERE[name]), Line(*SOMEWHERE[name])
    margin, edges = float(margin_m(depth_m)), edges_of(SOMEWHERE[name])[kind]
    near, far = (reach(oracle, edges, depth_m + step) for step in (-margin, margin))
    hand = np.array([edge.side for edge in edges])
    # Not a ray that came nearer to the line's other side, or past its end.
    looked = oracle.feet(*near).sides == np.where(hand == LEFT, MAY_LEFT, MAY_RIGHT)
    assert looked.any()
    for side in (LEFT, BOTH, RIGHT):
        has = (hand == side) | (side == BOTH)
        inner, outer = (OffsetZone("z", "line", line, side, *span) for span in _either_side(depth_m))
        assert misjudged(inner.contains(Places(*near)), has, *near, looked) == []
        assert misjudged(inner.contains(Places(*far)), False, *far, looked) == []
        assert misjudged(outer.contains(Places(*near)), False, *near, looked) == []
        assert misjudged(outer.contains(Places(*far)), has, *far, looked) == []


def _either_side(depth_m: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (0.0, depth_m), (depth_m, depth_m + 20_000.0)


@pytest.mark.parametrize("depth_m", DEPTHS_M)
@pytest.mark.parametrize("side", [LEFT, RIGHT])
@pytest.mark.parametrize("name", SOMEWHERE)
def test_a_zone_is_cut_square_at_the_ends_of_its_line(name: str, side: int, depth_m: float) -> None:
    oracle, line = OracleLine(*SOMEWHERE[name]), Line(*SOMEWHERE[name])
    margin = float(margin_m(depth_m))
    zone = OffsetZone("z", "line", line, side, 0.0, depth_m)
    for end, inwards in ((0.0, 1.0), (oracle.length_m, -1.0)):
        within = oracle.at(end + inwards * margin, 0.9 * side * depth_m)
        outside = oracle.at(end - inwards * margin, 0.9 * side * depth_m)
        if oracle.feet(*within).sides[0] == (MAY_LEFT if side == LEFT else MAY_RIGHT):
            assert zone.contains(Places(*within)).tolist() == [True]
        if oracle.feet(*outside).sides[0] == MAY_PAST:
            assert zone.contains(Places(*outside)).tolist() == [False]


@pytest.mark.parametrize("depth_m", DEPTHS_M)
@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_zone_between_two_chainages_is_cut_square_there(side: int, depth_m: float) -> None:
    straight = Path((37.0, 44.0), (48.0, 48.5))
    oracle, line = OracleLine(*straight), Line(*straight)
    margin, between = float(margin_m(depth_m)), (100_000.0, 400_000.0)
    zone = OffsetZone("z", "line", line, side, 0.0, depth_m, between)
    for cut, inwards in zip(between, (1.0, -1.0), strict=True):
        across = side * depth_m * np.array([0.001, 0.3, 0.99])
        assert zone.contains(Places(*oracle.at(cut + inwards * margin, across))).all()
        assert not zone.contains(Places(*oracle.at(cut - inwards * margin, across))).any()
        assert not zone.contains(Places(*oracle.at(cut + inwards * margin, -across))).any()


# Offset zones anywhere, against the oracle


class Band(NamedTuple):
    """An offset zone as shares of the line's length and of the reach."""

    side: int
    from_m: float
    depth_m: float
    between: tuple[float, float] | None


def bands() -> st.SearchStrategy[Band]:
    stretches = st.tuples(st.floats(0.0, 0.6), st.floats(0.05, 0.4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    from_m = st.one_of(st.just(0.0), log_floats(10.0, 100_000.0))
    return st.builds(
        Band, st.sampled_from([LEFT, BOTH, RIGHT]), from_m, log_floats(10.0, 150_000.0), st.none() | stretches
    )


def verdict(oracle: OracleLine, zone: OffsetZone, lon: Floats, lat: Floats) -> tuple[Bools, Bools]:
    """Which places lie in an offset zone for sure, and which lie outside of it for sure.

    Each foot that may be the nearest has its say, with what the distance, the side and the chainage may be off.
    """
    feet = oracle.feet(lon, lat)
    slack = tolerance_m(feet.away_m)
    allowed = {LEFT: MAY_LEFT | MAY_ON, RIGHT: MAY_RIGHT | MAY_ON, BOTH: MAY_LEFT | MAY_ON | MAY_RIGHT}[zone.side]
    low, high = zone.between_m or (-np.inf, np.inf)
    surely = (feet.side & ~allowed == 0) & (feet.away_m - slack >= zone.from_m) & (feet.away_m + slack <= zone.to_m)
    surely &= (feet.chainage_m - slack >= low) & (feet.chainage_m + slack <= high)
    maybe = (feet.side & allowed != 0) & (feet.away_m + slack >= zone.from_m) & (feet.away_m - slack <= zone.to_m)
    maybe &= (feet.chainage_m + slack >= low) & (feet.chainage_m - slack <= high)
    if oracle.closed and zone.between_m:
        surely &= (feet.chainage_m > slack) & (feet.chainage_m < oracle.length_m - slack)
        maybe |= (feet.chainage_m <= slack) | (feet.chainage_m >= oracle.length_m - slack)
    return (surely | ~feet.admissible).all(axis=0), ~(maybe & feet.admissible).any(axis=0)


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), band=bands(), around=vantages())
def test_an_offset_zone_holds_what_the_geodesics_say(
    region: str, data: st.DataObject, band: Band, around: list[Vantage]
) -> None:
    path = data.draw(paths(region))
    oracle = OracleLine(*path)
    between = (band.between[0] * oracle.length_m, band.between[1] * oracle.length_m) if band.between else None
    zone = OffsetZone("z", "line", Line(*path), band.side, band.from_m, band.from_m + band.depth_m, between)
    lon, lat = seen_from(oracle, around)
    inside, outside = verdict(oracle, zone, lon, lat)
    assert misjudged(zone.contains(Places(lon, lat)), inside, lon, lat, inside | outside) == []


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), within_m=log_floats(5.0, 200_000.0), stretch=st.none() | st.floats(0.0, 0.8), around=vantages())
def test_a_corridor_holds_what_is_near_the_road_round_ends_and_all(
    region: str, data: st.DataObject, within_m: float, stretch: float | None, around: list[Vantage]
) -> None:
    path = data.draw(paths(region))
    oracle = OracleLine(*path)
    between = None if stretch is None else (stretch * oracle.length_m, (stretch + 0.2) * oracle.length_m)
    zone = CorridorZone("z", "road", Line(*path), within_m, between)
    lon, lat = seen_from(oracle, around)
    away = (oracle.piece(*between) if between else oracle).distance_m(lon, lat)
    assert (
        misjudged(
            zone.contains(Places(lon, lat)), away <= within_m, lon, lat, np.abs(away - within_m) > tolerance_m(away)
        )
        == []
    )


@pytest.mark.parametrize("path", [*SOMEWHERE.values(), Path((0.0, 0.0), (80.0, 80.9))])
@pytest.mark.parametrize("stretch", [(0.0, 0.2), (0.7, 1.0), (0.0, 1.0), (0.0, 1e-4)])
def test_a_stretch_may_begin_and_end_with_the_line(path: Path, stretch: tuple[float, float]) -> None:
    line, oracle = Line(*path), OracleLine(*path)
    between = (stretch[0] * line.length_m, stretch[1] * line.length_m)
    lon, lat = scattered(oracle, 300)
    road, zone = oracle.piece(*between), OffsetZone("z", "line", line, BOTH, 0.0, 100_000.0, between)
    away = road.distance_m(lon, lat)
    corridor, sure = CorridorZone("z", "road", line, 30_000.0, between), np.abs(away - 30_000.0) > tolerance_m(away)
    assert misjudged(corridor.contains(Places(lon, lat)), away <= 30_000.0, lon, lat, sure) == []
    inside, outside = verdict(oracle, zone, lon, lat)
    assert misjudged(zone.contains(Places(lon, lat)), inside, lon, lat, inside | outside) == []


@pytest.mark.parametrize("off_m", [0.0, 1e-12, 1e-9, 1e-6, 1e-3])
def test_a_stretch_may_end_a_hairs_breadth_from_a_vertex(off_m: float) -> None:
    for path in (SOMEWHERE["Donbas"], Path((37.0, 37.1, 37.1, 37.0), (48.0, 48.0, 48.1, 48.0))):
        line, oracle = Line(*path), OracleLine(*path)
        lon, lat = scattered(oracle, 200, 20_000.0)
        for between in (
            (float(oracle.begin_m[1]) + off_m, line.length_m - off_m),
            (off_m, float(oracle.begin_m[2]) - off_m),
        ):
            away = oracle.piece(*between).distance_m(lon, lat)
            corridor, sure = CorridorZone("z", "road", line, 5_000.0, between), np.abs(away - 5_000.0) > 2.0
            assert misjudged(corridor.contains(Places(lon, lat)), away <= 5_000.0, lon, lat, sure) == []


@pytest.mark.parametrize("at", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", SOMEWHERE)
def test_a_stretch_between_two_vertices_is_cut_there(name: str, at: float) -> None:
    """A marker may stand at a vertex: the bisector there is the cut on the outer side, and all the way round."""
    line, oracle = Line(*SOMEWHERE[name]), OracleLine(*SOMEWHERE[name])
    between = (float(oracle.begin_m[1]), min(float(oracle.begin_m[1] + 1.0 + at * oracle.length_m), line.length_m))
    zone = OffsetZone("z", "line", line, BOTH, 0.0, 60_000.0, between)
    lon, lat = scattered(oracle.piece(*between), 600, 70_000.0)
    inside, outside = verdict(oracle, zone, lon, lat)
    assert misjudged(zone.contains(Places(lon, lat)), inside, lon, lat, inside | outside) == []


@pytest.mark.parametrize("within_m", DEPTHS_M)
@pytest.mark.parametrize("between", [None, (100_000.0, 300_000.0)])
@pytest.mark.parametrize("name", SOMEWHERE)
def test_a_corridors_ends_are_round(name: str, within_m: float, between: tuple[float, float] | None) -> None:
    line, whole = Line(*SOMEWHERE[name]), OracleLine(*SOMEWHERE[name])
    between = between if name == "Donbas" else between and (0.3 * whole.length_m, 0.7 * whole.length_m)
    road = whole.piece(*between) if between else whole
    zone = CorridorZone("z", "road", line, within_m, between)
    margin = float(margin_m(within_m))
    for end, heading in ((0.0, 180.0), (road.length_m, 0.0)):
        lon, lat, forward = road.heading(end)
        azimuth = forward + heading + np.linspace(-89.0, 89.0, 41)
        for away in (within_m - margin, within_m + margin):
            there = walk(lon, lat, azimuth, away)
            nearest = road.distance_m(*there)
            assert (np.abs(nearest - away) < 0.01).sum() > 10
            assert (
                misjudged(zone.contains(Places(*there)), nearest < within_m, *there, np.abs(nearest - within_m) > 1.5)
                == []
            )


# Everywhere the same


SQUARE = shapely.box(37.0, 48.0, 38.0, 49.0)
WIDE = shapely.box(20.0, 50.0, 50.0, 60.0)


def test_a_place_that_is_none_lies_in_no_zone() -> None:
    line = Line(*SOMEWHERE["Donbas"])
    nowhere = Places(np.array([np.nan, 37.5]), np.array([48.5, np.nan]))
    for zone in (
        OffsetZone("z", "line", line, BOTH, 0.0, 1e6),
        PolygonZone("z", SQUARE),
        CorridorZone("z", "line", line, 1e6),
        between_lines("z", line, Line(*beside(SOMEWHERE["Donbas"], 40_000.0))),
    ):
        assert zone.contains(nowhere).tolist() == [False, False]


def test_the_far_side_of_the_earth_lies_in_no_zone() -> None:
    line = Line(*SOMEWHERE["Donbas"])
    opposite = Places(np.array([37.5 - 180.0, -139.0]), np.array([-48.5, -48.0]))
    for zone in (
        OffsetZone("z", "line", line, BOTH, 0.0, 200_000.0),
        PolygonZone("z", SQUARE),
        PolygonZone("z", WIDE),
        CorridorZone("z", "line", line, 200_000.0),
    ):
        assert zone.contains(opposite).tolist() == [False, False]


def test_a_place_on_the_line_lies_in_the_zones_of_both_its_sides() -> None:
    line, oracle = Line(*SOMEWHERE["Donbas"]), OracleLine(*SOMEWHERE["Donbas"])
    on = Places(*oracle.at(np.linspace(1_000.0, oracle.length_m - 1_000.0, 50)))
    for side in (LEFT, BOTH, RIGHT):
        assert OffsetZone("z", "line", line, side, 0.0, 100.0).contains(on).all()
