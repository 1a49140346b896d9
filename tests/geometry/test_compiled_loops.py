"""Looking at all edges, going by the index in numpy and going by it in compiled loops: the same numbers, to the bit."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path as FilePath
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geometry import edges as module
from pipeline.geometry.earth import Floats, to_earth
from pipeline.geometry.edges import Edges, Nearest, build_index, kernels
from pipeline.geometry.index import Index
from pipeline.geometry.line import Line
from tests.geometry.worldwide import REGIONS, Path, Vantage, paths, scattered, seen_from, vantages
from tests.oracles import OracleLine

CHECKOUT = FilePath(__file__).resolve().parents[2]

FEW = settings(max_examples=settings().max_examples // 10)
"""Each example makes an index, and there is a test for each region."""

needs_numba = pytest.mark.skipif(kernels() is None, reason="numba is not installed")


def made(path: Path, loops: ModuleType | None) -> Index:
    """The index, made with these loops, or without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "kernels", lambda: loops)
        patch.setattr(module, "MANY_PLACES", 0)
        return build_index(Line(path.lon, path.lat).edges)


def read(path: Path, earth: Floats, index: Index, loops: ModuleType | None) -> Nearest:
    """By an index, with these loops, or without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "kernels", lambda: loops)
        patch.setattr(module, "MANY_PLACES", 0)
        edges = Line(path.lon, path.lat).edges
        edges.index = index
        return edges.nearest(earth)


def plain(path: Path, earth: Floats) -> Nearest:
    edges = Line(path.lon, path.lat).edges
    found = edges.nearest(earth)
    assert "index" not in edges.__dict__
    return found


def places(path: Path, around: list[Vantage]) -> Floats:
    """Near the line and far from it, its own vertices, and the whole Earth."""
    line = OracleLine(path.lon, path.lat)
    rng = np.random.default_rng(5)
    near, far = seen_from(line, around), scattered(line, 200)
    everywhere = rng.uniform(-180.0, 180.0, 200), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, 200)))
    own = np.array(path.lon), np.array(path.lat)
    opposite = own[0] + 180.0, -own[1]
    lon, lat = (np.concatenate(parts) for parts in zip(near, far, everywhere, own, opposite, strict=True))
    return to_earth(lon, lat)


def assert_same(found: Nearest, wanted: Nearest) -> None:
    for name, column, other in zip(Nearest._fields, found, wanted, strict=True):
        one, two = np.asarray(column), np.asarray(other)
        assert one.dtype == two.dtype
        assert one.tobytes() == two.tobytes(), name


@pytest.mark.parametrize("region", REGIONS)
@given(data=st.data(), around=vantages())
@FEW
def test_every_way_gives_the_same_numbers(region: str, data: st.DataObject, around: list[Vantage]) -> None:
    path = data.draw(paths(region))
    earth = places(path, around)
    wanted, index = plain(path, earth), made(path, kernels())
    assert_same(read(path, earth, index, None), wanted)
    assert_same(read(path, earth, index, kernels()), wanted)


def test_an_index_made_without_the_compiled_loops_gives_the_same_numbers() -> None:
    path = Path(tuple(np.linspace(30.0, 31.0, 40).tolist()), tuple((48.0 + np.cumsum(_steps(40))).tolist()))
    earth = to_earth(*scattered(OracleLine(path.lon, path.lat), 2_000))
    index = made(path, None)
    for loops in (None, kernels()):
        assert_same(read(path, earth, index, loops), plain(path, earth))


def _steps(number: int) -> Floats:
    return np.random.default_rng(2).normal(0.0, 0.004, number)


# When an index is made


def line_edges(vertices: int = 101) -> Edges:
    return Line(np.linspace(30.0, 31.0, vertices), np.full(vertices, 48.0)).edges


def test_a_few_places_make_no_index_and_as_many_little_by_little_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAIN_PAIRS", 5_000)
    earth = to_earth(np.linspace(30.0, 31.0, 20), np.full(20, 48.1))
    edges = line_edges()
    edges.nearest(earth)
    edges.nearest(earth)
    assert "index" not in edges.__dict__
    edges.nearest(earth)
    assert "index" in edges.__dict__


# Where the machine code is kept

_LOCATE = """
import numpy as np
from pipeline.geometry.edges import Edges, build_index
rng = np.random.default_rng(1)
from pipeline.geometry.line import Line
line = Line(np.linspace(30, 31, 50), 48 + np.cumsum(rng.normal(0, 0.01, 50)))
line.edges.index = build_index(line.edges)
print(line.locate(rng.uniform(29, 32, 500), rng.uniform(47, 49, 500)).offset_m.tobytes().hex())
"""


def located(kept: FilePath) -> str:
    """What a fresh process finds whose machine code is kept in that folder."""
    done = subprocess.run(
        [sys.executable, "-c", _LOCATE], cwd=CHECKOUT, env={**os.environ, "NUMBA_CACHE_DIR": str(kept)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a process finds that may keep its machine code."""
    return located(tmp_path_factory.mktemp("compiled"))


@needs_numba
def test_machine_code_that_was_torn_is_compiled_anew(tmp_path: FilePath) -> None:
    whole = located(tmp_path)
    kept = [path for path in tmp_path.rglob("*.nb?") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    assert located(tmp_path) == whole


@needs_numba
@pytest.mark.needs("small_disk")
def test_a_full_disk_keeps_no_machine_code_and_stops_nothing(
    undisturbed: str, small_disk: Callable[[int], FilePath]
) -> None:
    assert located(small_disk(8192)) == undisturbed


@needs_numba
@pytest.mark.needs("unprivileged")
def test_a_package_and_a_home_that_cannot_be_written_stop_nothing(
    undisturbed: str, tmp_path: FilePath, unprivileged: tuple[str, ...]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(locked / "numba"), "TRUCELINE_CACHE": str(locked / "indexes")}
    done = subprocess.run(
        [*unprivileged, sys.executable, "-c", _LOCATE], cwd=CHECKOUT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == undisturbed
