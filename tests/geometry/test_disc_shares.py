"""Shares of small discs in bands: every way gives the same numbers, and they are those of the disc's area."""

import itertools
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.geometry import discs as module
from pipeline.geometry import edges as edges_module
from pipeline.geometry.discs import Below, Grounds, below
from pipeline.geometry.earth import Floats, to_earth
from pipeline.geometry.edges import Edges, build_index, kernels
from pipeline.geometry.line import LEFT, RIGHT, Line
from pipeline.geometry.unit_disc import LAST, table
from pipeline.geometry.zones import OffsetZone
from pipeline.model.footprint import Disc
from tests.geometry.evenly import disc_places
from tests.geometry.sharing import WORLDS, assert_shares, in_zones, shares
from tests.geometry.worldwide import OF_EACH_WORLD, REGIONS, Path, Vantage, log_floats, paths, seen_from, vantages
from tests.oracles import OracleLine

FEW = settings(max_examples=settings().max_examples // 10)
"""Each example makes an index."""

needs_numba = pytest.mark.skipif(kernels() is None, reason="numba is not installed")

OFFSETS_M = np.array([-30_000.0, -3_000.0, -0.5, 0.5, 3_000.0, 1e9])


def found(edges: Edges, earth: Floats, radius_m: Floats, loops: ModuleType | None) -> Below:
    """How much lies below each of the offsets, with these loops, or without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_loops", lambda *_: loops)
        offset_m = np.where(np.arange(radius_m.size)[:, None] % 3 > 0, OFFSETS_M, np.nan)
        return below(edges, Grounds.about(earth, radius_m), offset_m)


def disc_loops() -> ModuleType:
    from pipeline.geometry import disc_kernels

    return disc_kernels


def discs_about(path: Path, around: list[Vantage], radius_m: float) -> tuple[Floats, Floats]:
    """Discs near the line, at its vertices and everywhere on Earth."""
    rng = np.random.default_rng(3)
    near = seen_from(OracleLine(*path), around)
    everywhere = rng.uniform(-180.0, 180.0, 20), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, 20)))
    opposite = np.array(path.lon) + 180.0, -np.array(path.lat)
    pole = np.array([0.0, 0.0]), np.array([90.0, -90.0])
    parts = zip(near, everywhere, (np.array(path.lon), np.array(path.lat)), opposite, pole, strict=True)
    earth = to_earth(*(np.concatenate(part) for part in parts))
    return earth, np.asarray(radius_m * rng.uniform(0.2, 1.0, earth.shape[1]))


@needs_numba
@pytest.mark.parametrize("region", REGIONS)
@given(data=st.data(), around=vantages(), radius_m=log_floats(0.1, 5_000.0))
@FEW
def test_compiled_or_not_the_shares_are_the_same_to_the_bit(
    region: str, data: st.DataObject, around: list[Vantage], radius_m: float
) -> None:
    path = data.draw(paths(region))
    edges = Line(path.lon, path.lat).edges
    earth, radii_m = discs_about(path, around, radius_m)
    wanted = found(edges, earth, radii_m, None)
    edges.index = build_index(edges)
    for loops in (disc_loops(), None):
        given_ = found(edges, earth, radii_m, loops)
        assert given_.share.tobytes() == wanted.share.tobytes()
        assert given_.proved.tobytes() == wanted.proved.tobytes()


def river(radius_m: float) -> tuple[Edges, Floats, Floats]:
    """Discs along a line with an edge every 80 m."""
    here = WORLDS["river"]
    lon, lat = here.oracle.at(np.linspace(0.1, 0.9, 40) * here.oracle.length_m, np.linspace(-3_500.0, 3_500.0, 40))
    edges = Line(here.line.lon, here.line.lat).edges
    return edges, to_earth(lon, lat), np.full(40, radius_m)


@needs_numba
@pytest.mark.parametrize("radius_m", [100.0, 500.0, 5_000.0])
def test_with_many_edges_in_reach_the_shares_are_the_same_to_the_bit(radius_m: float) -> None:
    edges, earth, radii_m = river(radius_m)
    wanted = found(edges, earth, radii_m, None)
    edges.index = build_index(edges)
    given_ = found(edges, earth, radii_m, disc_loops())
    assert given_.share.tobytes() == wanted.share.tobytes()
    assert ((wanted.share > 0.0) & (wanted.share < 1.0)).any()


@needs_numba
def test_many_discs_are_left_to_the_compiled_loop_and_few_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    edges, earth, radii_m = river(500.0)
    few = below(edges, Grounds.about(earth, radii_m), np.zeros((40, 1)))
    assert "index" not in edges.__dict__
    monkeypatch.setattr(module, "_plain", lambda *_: pytest.fail("not compiled"))
    monkeypatch.setattr(module, "MANY_CELLS", 100_000)
    monkeypatch.setattr(edges_module, "PLAIN_PAIRS", 0)
    many = below(edges, Grounds.about(np.tile(earth, 100), np.tile(radii_m, 100)), np.zeros((4_000, 1)))
    assert many.share.tobytes() == np.tile(few.share.T, 100).T.tobytes()


def test_the_shares_below_two_edges_do_not_depend_on_one_another() -> None:
    edges, earth, radii_m = river(800.0)
    grounds = Grounds.about(earth, radii_m)
    both = below(edges, grounds, np.tile([-100.0, 250.0], (40, 1)))
    for column, offset_m in enumerate((-100.0, 250.0)):
        alone = below(edges, grounds, np.full((40, 1), offset_m))
        assert alone.share[:, 0].tobytes() == both.share[:, column].tobytes()
        assert alone.proved[:, 0].tobytes() == both.proved[:, column].tobytes()


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("edge_m", [0.0, 7_500.0, 50_000.0])
@OF_EACH_WORLD
@given(
    share=st.floats(0.0, 1.0),
    past=st.floats(-1.0, 1.0),
    side=st.sampled_from([LEFT, RIGHT]),
    radius_m=log_floats(2.0, 5_000.0),
)
@example(share=0.5, past=0.0, side=LEFT, radius_m=500.0)
@example(share=0.5, past=0.0, side=RIGHT, radius_m=5_000.0)
def test_a_small_discs_share_at_an_edge_is_that_of_its_area(
    name: str, edge_m: float, share: float, past: float, side: int, radius_m: float
) -> None:
    here = WORLDS[name]
    zones = [
        OffsetZone("within", "line", here.line, side, 0.0, max(edge_m, 7_500.0)),
        OffsetZone("beyond", "line", here.line, side, edge_m, edge_m + 20_000.0),
        OffsetZone("both", "line", here.line, 0, 0.0, max(edge_m, 7_500.0)),
    ]
    lon, lat = here.oracle.at(share * here.oracle.length_m, side * (edge_m + past * radius_m))
    disc = Disc(float(lon[0]), float(lat[0]), radius_m)
    assert_shares(shares([disc], zones), in_zones(zones, *disc_places(disc)))


# The cells


def _levels() -> list[Floats]:
    return np.split(table(), np.cumsum(4 ** np.arange(LAST)))


def sunflower(count: int) -> tuple[Floats, Floats]:
    number = np.arange(count) + 0.5
    reach, turn = np.sqrt(number / count), number * np.pi * (3.0 - np.sqrt(5.0))
    return reach * np.cos(turn), reach * np.sin(turn)


def test_four_cells_are_one_of_the_level_before() -> None:
    for wide, fine in itertools.pairwise(_levels()):
        assert fine[:, :2].reshape(-1, 4, 2).mean(axis=1) == pytest.approx(wide[:, :2], abs=1e-12)


@pytest.mark.parametrize("level", range(1, LAST + 1))
def test_the_cells_reach_over_the_whole_disc(level: int) -> None:
    rows = _levels()[level]
    x, y = sunflower(5_000)
    away = np.hypot(rows[:, 0, None] - x, rows[:, 1, None] - y)
    assert (away <= rows[:, 2, None]).any(axis=0).all()


Wave = Callable[[Floats, Floats], Floats]


@pytest.mark.parametrize("wave", [lambda x, y: x, lambda x, y: y, lambda x, y: x * x, lambda x, y: x * y])
def test_the_cells_spread_as_the_disc_does(wave: Wave) -> None:
    """Means over the middles are means over the disc, but for what lies within a cell."""
    rows = _levels()[LAST]
    assert wave(rows[:, 0], rows[:, 1]).mean() == pytest.approx(wave(*sunflower(100_000)).mean(), abs=1e-3)
