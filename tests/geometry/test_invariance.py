"""What must change nothing: direction, notation, names, further vertices, and the Earth's own symmetries."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from pipeline.geometry.line import BEYOND, LEFT, RIGHT, Line, Located, join
from pipeline.geometry.zones import CorridorZone, OffsetZone, PolygonZone, Zone
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from tests.geometry.checking import SOMEWHERE, astray
from tests.geometry.sharing import shares
from tests.geometry.worldwide import OF_EACH_REGION, REGIONS, Path, Vantage, paths, seen_from, vantages
from tests.oracles import Floats, OracleLine, tolerance_m

EXACTLY = 1e-6
"""Shares that symmetry makes equal are equal but for rounding."""

SWAPPED = {LEFT: RIGHT, RIGHT: LEFT}


def assert_alike(
    path: Path, lon: Floats, lat: Floats, one: Located, two: Located, slack: float, *, swapped: bool = False
) -> None:
    """Two answers to one question: the same distance; the same side and chainage where the oracle has but one of them.

    Args:
        slack: the part of the design's tolerance by which two distances may differ.
        swapped: whether the sides of the second are the other way round.
    """
    feet = OracleLine(*path).feet(lon, lat)
    may_differ_m = slack * tolerance_m(feet.nearest_m)
    assert astray(lon, lat, np.abs(np.abs(one.offset_m) - np.abs(two.offset_m)) > may_differ_m) == []
    sides = [SWAPPED.get(side, side) if swapped else side for side in two.side.tolist()]
    one_side = (feet.sides & (feet.sides - 1)) == 0
    assert astray(lon, lat, one_side & (one.side != np.array(sides))) == []
    spread = np.where(feet.admissible, feet.chainage_m, -np.inf).max(axis=0)
    spread = spread - np.where(feet.admissible, feet.chainage_m, np.inf).min(axis=0)
    one_foot = spread <= tolerance_m(feet.nearest_m)
    assert (
        astray(lon, lat, one_foot & (np.abs(one.chainage_m - two.chainage_m) > 2.0 * tolerance_m(feet.nearest_m))) == []
    )


def turned(path: Path) -> Path:
    return Path(path.lon[::-1], path.lat[::-1])


# Lines


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), around=vantages())
def test_turning_a_line_round_mirrors_every_answer(region: str, data: st.DataObject, around: list[Vantage]) -> None:
    path = data.draw(paths(region))
    lon, lat = seen_from(OracleLine(*path), around)
    forth, back = Line(*path), Line(*turned(path))
    answer = back.locate(lon, lat)
    answer = answer._replace(chainage_m=back.length_m - answer.chainage_m)
    assert_alike(path, lon, lat, forth.locate(lon, lat), answer, 1e-3, swapped=True)


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), around=vantages(), shares_=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5))
def test_a_vertex_more_on_an_edge_changes_nothing(
    region: str, data: st.DataObject, around: list[Vantage], shares_: list[float]
) -> None:
    path = data.draw(paths(region))
    oracle = OracleLine(*path)
    lon, lat = seen_from(oracle, around)
    assert_alike(path, lon, lat, Line(*path).locate(lon, lat), Line(*refined(path, shares_)).locate(lon, lat), 1.0)


def refined(path: Path, along: Sequence[float]) -> Path:
    """The same line with further vertices, so far along it (0 to 1)."""
    oracle = OracleLine(*path)
    extra = np.array(along) * oracle.length_m
    extra_lon, extra_lat = oracle.at(extra)
    chainage = np.concatenate([oracle.begin_m, [oracle.length_m], extra])
    extra_lon = np.asarray(path.lon[0]) + (extra_lon - path.lon[0] + 180.0) % 360.0 - 180.0
    order = np.argsort(chainage, kind="stable")
    lon, lat = np.concatenate([path.lon, extra_lon])[order], np.concatenate([path.lat, extra_lat])[order]
    return Path(tuple(lon.tolist()), tuple(lat.tolist()))


@given(
    name=st.sampled_from(sorted(SOMEWHERE)),
    cuts=st.lists(st.sampled_from([0.11, 0.27, 0.38, 0.56, 0.83]), min_size=1, max_size=5, unique=True),
    data=st.data(),
    around=vantages(),
)
def test_a_line_in_pieces_joined_is_the_line(
    name: str, cuts: list[float], data: st.DataObject, around: list[Vantage]
) -> None:
    """In any order and direction of the pieces, and wherever it was cut: at a place on an edge, too."""
    path, oracle = SOMEWHERE[name], OracleLine(*SOMEWHERE[name])
    fine = np.column_stack(refined(path, cuts))
    at_m = np.concatenate([[0.0], np.sort(cuts) * oracle.length_m, [oracle.length_m]])
    begin_m = np.append(OracleLine(*fine.T).begin_m, oracle.length_m)
    pieces = [fine[(begin_m > low - 1.0) & (begin_m < high + 1.0)] for low, high in itertools.pairwise(at_m)]
    order = data.draw(st.permutations(range(len(pieces))))
    flipped = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    mixed = [pieces[number][:: -1 if flip else 1] for number, flip in zip(order, flipped, strict=True)]
    joined = join(mixed, (path.lon[0], path.lat[0]))
    assert joined.tolist() == fine.tolist()
    lon, lat = seen_from(oracle, around)
    assert_alike(path, lon, lat, Line(*path).locate(lon, lat), Line(*joined.T).locate(lon, lat), 1.0)


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), around=vantages(), shift_deg=st.sampled_from([90.0, 142.7, 180.0, -37.0]))
def test_the_earth_is_the_same_all_round(
    region: str, data: st.DataObject, around: list[Vantage], shift_deg: float
) -> None:
    path = data.draw(paths(region))
    lon, lat = seen_from(OracleLine(*path), around)
    there = Path(tuple(lon + shift_deg for lon in path.lon), path.lat)
    assert_alike(path, lon, lat, Line(*path).locate(lon, lat), Line(*there).locate(lon + shift_deg, lat), 1e-3)


@pytest.mark.parametrize("region", REGIONS)
@OF_EACH_REGION
@given(data=st.data(), around=vantages(), east=st.sampled_from([-1.0, 1.0]))
def test_the_mirrored_earth_gives_mirrored_answers(
    region: str, data: st.DataObject, around: list[Vantage], east: float
) -> None:
    """East to west (-1), or north to south."""
    path = data.draw(paths(region))
    lon, lat = seen_from(OracleLine(*path), around)
    mirrored = Path(tuple(lon * east for lon in path.lon), tuple(-lat * east for lat in path.lat))
    answer = Line(*mirrored).locate(lon * east, -lat * east)
    assert_alike(path, lon, lat, Line(*path).locate(lon, lat), answer, 1e-3, swapped=True)


def test_beyond_an_end_the_offset_is_the_same_both_ways() -> None:
    path = SOMEWHERE["Donbas"]
    forth, back = (Line(*one).locate([36.0, 45.0], [47.5, 49.2]) for one in (path, turned(path)))
    assert forth.side.tolist() == back.side.tolist() == [BEYOND, BEYOND]
    assert np.allclose(forth.offset_m, back.offset_m, atol=1e-3)
    assert (forth.offset_m > 0).all()


# Shares: a world may be written in several ways, and they all say the same


BENT = Path((37.0, 37.3, 37.25, 37.9, 38.5, 38.4), (48.0, 48.2, 48.35, 48.1, 48.6, 48.9))
LENGTH_M = OracleLine(*BENT).length_m
DRAWN = shapely.Polygon(
    [(37.4, 47.9), (38.0, 47.95), (37.9, 48.4), (37.5, 48.3)], [[(37.6, 48.0), (37.7, 48.2), (37.8, 48.0)]]
)
BANDS = ((LEFT, 0.0, 7_500.0, None), (RIGHT, 0.0, 7_500.0, None), (LEFT, 7_500.0, 25_000.0, None),
         (RIGHT, 3_000.0, 3_500.0, None), (0, 0.0, 10_000.0, (30_000.0, 60_000.0)))  # fmt: skip

FOOTPRINTS: tuple[Footprint, ...] = (
    Disc(37.3, 48.2, 5_000.0),
    Disc(37.25, 48.3, 12_000.0),
    Disc(37.0, 48.0, 3_000.0),
    Disc(38.2, 48.3, 20_000.0),
    Disc(37.55, 48.2, 300.0),
    Disc(37.6, 48.21, 60_000.0),
    Disc(37.5, 48.2, 0.0),
    Nowhere(),
    Bearing(37.5, 48.1, 0.0, 9_000.0, ((300.0, 350.0),)),
    Bearing(37.5, 48.3, 2_000.0, 6_000.0, ((350.0, 40.0), (100.0, 200.0))),
    Bearing(38.0, 48.2, 4_000.0, 4_500.0, ((0.0, 360.0),)),
    Area(geometry=Polygon([[[37.2, 48.0], [37.7, 48.1], [37.6, 48.5], [37.2, 48.0]]])),
    Area(geometry=Polygon([[[37.0, 47.0], [39.0, 47.0], [39.0, 50.0], [37.0, 50.0], [37.0, 47.0]]])),
)

Move = Callable[[Floats, Floats], tuple[Floats, Floats]]


def zones_of(path: Path, outline: BaseGeometry, *, swap: bool = False, turn: bool = False) -> list[Zone]:
    """The world's zones by one line; its sides swapped, its stretches counted from the other end."""
    line = Line(*path)
    hand = -1 if swap else 1
    zones: list[Zone] = []
    for number, (side, from_m, to_m, between) in enumerate(BANDS):
        stretch = (LENGTH_M - between[1], LENGTH_M - between[0]) if between and turn else between
        zones.append(OffsetZone(f"band-{number}", "line", line, hand * side, from_m, to_m, stretch))
    stretch = (LENGTH_M - 90_000.0, LENGTH_M - 40_000.0) if turn else (40_000.0, 90_000.0)
    return [*zones, PolygonZone("drawn", outline), CorridorZone("corridor", "line", line, 4_000.0, stretch)]


def moved(footprint: Footprint, lon_by: float, lat_by: float) -> Footprint:
    """A footprint mirrored by a factor of -1 for its longitudes or its latitudes."""
    if isinstance(footprint, Disc):
        return Disc(footprint.lon * lon_by, footprint.lat * lat_by, footprint.radius_m)
    if isinstance(footprint, Bearing):
        middle = 360.0 if lon_by < 0 else 180.0
        seen = tuple((middle - end, middle - start) for start, end in footprint.azimuths_deg)
        near, far = footprint.range_min_m, footprint.range_max_m
        return Bearing(footprint.lon * lon_by, footprint.lat * lat_by, near, far, seen)
    if isinstance(footprint, Area) and isinstance(footprint.geometry, Polygon):
        rings = [[[x * lon_by, y * lat_by] for x, y in ring] for ring in footprint.geometry.coordinates]
        return Area(geometry=Polygon(rings))
    return footprint


def differ(one: tuple[Floats, Floats], two: tuple[Floats, Floats]) -> float:
    return float(max(np.abs(one[0] - two[0]).max(), np.abs(one[1] - two[1]).max(initial=0.0)))


def test_the_footprints_of_this_page_straddle_the_zones() -> None:
    each, _ = shares(FOOTPRINTS, zones_of(BENT, DRAWN))
    assert ((each > 0.0) & (each < 1.0)).sum() > 30


def test_turning_the_line_round_and_swapping_the_sides_leaves_the_shares() -> None:
    forth, back = zones_of(BENT, DRAWN), zones_of(turned(BENT), DRAWN, swap=True, turn=True)
    assert differ(shares(FOOTPRINTS, forth), shares(FOOTPRINTS, back)) <= EXACTLY


def test_a_vertex_more_leaves_the_shares() -> None:
    more = refined(BENT, [0.013, 0.2, 0.21, 0.5, 0.77])
    assert differ(shares(FOOTPRINTS, zones_of(BENT, DRAWN)), shares(FOOTPRINTS, zones_of(more, DRAWN))) <= 1e-4


@pytest.mark.parametrize(("lon_by", "lat_by"), [(-1.0, 1.0), (1.0, -1.0)])
def test_a_mirrored_world_has_the_same_shares(lon_by: float, lat_by: float) -> None:
    path = Path(tuple(lon * lon_by for lon in BENT.lon), tuple(lat * lat_by for lat in BENT.lat))
    outline = shapely.transform(DRAWN, lambda corners: corners * np.array([lon_by, lat_by]))
    mirrored = [moved(footprint, lon_by, lat_by) for footprint in FOOTPRINTS]
    here, there = shares(FOOTPRINTS, zones_of(BENT, DRAWN)), shares(mirrored, zones_of(path, outline, swap=True))
    assert differ(here, there) <= EXACTLY


def test_names_and_order_are_nothing_to_the_shares() -> None:
    zones = zones_of(BENT, DRAWN)
    line = Line(*BENT)
    renamed: list[Zone] = [
        *(OffsetZone(f"{number}", "other", line, *band) for number, band in enumerate(BANDS)),
        PolygonZone("a", DRAWN),
        CorridorZone("b", "other", line, 4_000.0, (40_000.0, 90_000.0)),
    ]
    assert differ(shares(FOOTPRINTS, zones), shares(FOOTPRINTS, renamed)) == 0.0
    backwards = shares(FOOTPRINTS, zones[::-1])[0][::-1]
    assert backwards.tolist() == shares(FOOTPRINTS, zones)[0].tolist()


@pytest.mark.parametrize("parts", ["start anywhere", "other way round", "vertex more"])
def test_how_a_ring_is_written_is_nothing_to_the_shares(parts: str) -> None:
    shell, hole = (np.array(ring.coords) for ring in (DRAWN.exterior, DRAWN.interiors[0]))
    written = {
        "start anywhere": np.roll(shell[:-1], 2, axis=0),
        "other way round": shell[::-1],
        "vertex more": np.column_stack(refined(Path(*shell.T.tolist()), [0.1, 0.55])),
    }[parts]
    other = zones_of(BENT, shapely.Polygon(written, [hole]))
    assert differ(shares(FOOTPRINTS, zones_of(BENT, DRAWN)), shares(FOOTPRINTS, other)) <= 1e-4
