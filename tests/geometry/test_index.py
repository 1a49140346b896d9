"""The tree of candidates, for lines of awkward numbers of edges, evenly and very unevenly drawn."""

import numpy as np
import pytest

from pipeline.agreement.indexes import is_sound
from pipeline.geometry import edges as module
from pipeline.geometry.earth import Floats, to_earth
from pipeline.geometry.edges import Edges, build_index, kernels

PLACES = 400


def bent(edges: int, *, fine_part: float) -> Floats:
    """A line of so many edges, 30 to 33 degrees east; that part of them within a thousandth of it."""
    rng = np.random.default_rng(edges)
    fine = int(edges * fine_part)
    lon = np.concatenate([np.linspace(31.0, 31.003, fine + 1)[:-1], np.linspace(31.003, 33.0, edges - fine + 1)])
    return np.column_stack([lon, 48.0 + np.cumsum(rng.normal(0.0, 0.3, edges + 1) * np.gradient(lon))])


def around(path: Floats) -> Floats:
    """Places on the line, near it, and all over the Earth."""
    rng = np.random.default_rng(7)
    some = rng.integers(0, len(path), PLACES)
    away_deg = 10.0 ** rng.uniform(-6.0, 0.5, (PLACES, 1)) * rng.normal(0.0, 1.0, (PLACES, 2))
    near = path[some] + away_deg
    world = np.column_stack([rng.uniform(-180.0, 180.0, PLACES), rng.uniform(-85.0, 85.0, PLACES)])
    lon, lat = np.concatenate([near, world]).T
    return to_earth(lon, lat)


@pytest.mark.parametrize("compiled", [pytest.param(True, id="compiled"), pytest.param(False, id="numpy")])
@pytest.mark.parametrize("fine_part", [0.0, 0.9])
@pytest.mark.parametrize("edges", [1, 2, 64, 65, 512, 513, 577])
def test_the_tree_gives_what_all_edges_give(
    edges: int, fine_part: float, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """65 = 8 × 8 + 1: the last run of eight holds a single edge, and so does the last run of these."""
    if not compiled:
        monkeypatch.setattr(module, "kernels", lambda: None)
    elif kernels() is None:
        pytest.skip("numba is not installed")
    path = bent(edges, fine_part=fine_part)
    by_tree, plain = Edges([path]), Edges([path])
    by_tree.index = build_index(by_tree)
    assert is_sound(by_tree.index, edges)
    earth = around(path)
    for got, wanted in zip(by_tree.nearest(earth), plain.nearest(earth), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert "index" not in plain.__dict__


def test_a_finely_drawn_line_has_an_index_in_proportion() -> None:
    """Not for each edge a hundred cells: those near the line list many edges, and are few."""
    path = bent(20_000, fine_part=0.0)
    index = build_index(Edges([path]))
    assert len(index.nodes) + len(index.begins) < 20_000 * 8
    assert len(index.edges) < 20_000 * 60
