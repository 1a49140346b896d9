"""Indexes are made once and kept; what is kept saves time, and can do nothing else."""

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.agreement import indexes, load_agreement
from pipeline.agreement.indexes import IndexCache, is_sound, kept_indexes
from pipeline.geometry.edges import PLAIN_PAIRS, Edges, build_index
from pipeline.geometry.index import Index
from pipeline.geometry.line import Line
from tests.worlds import write_world

BEND_DEG = np.random.default_rng(4).normal(0.0, 0.004, 300)


def some_edges(shift_deg: float = 0.0, vertices: int = 300) -> Edges:
    return Line(np.linspace(30.0, 33.0, vertices) + shift_deg, 48.0 + np.cumsum(BEND_DEG[:vertices])).edges


@pytest.fixture
def cache(tmp_path: Path) -> IndexCache:
    return IndexCache(tmp_path / "indexes")


def only_file(cache: IndexCache) -> Path:
    (path,) = cache.folder.iterdir()
    return path


def assert_same(index: Index | None, wanted: Index) -> None:
    assert index is not None
    for array, other in zip(index, wanted, strict=True):
        np.testing.assert_array_equal(array, other)


def test_what_was_made_is_read_again(cache: IndexCache) -> None:
    edges = some_edges()
    assert cache.known(edges) is None
    made = cache(edges)
    assert only_file(cache).suffix == ".npz"
    assert_same(cache.known(some_edges()), made)
    assert_same(cache(some_edges()), build_index(edges))


def test_other_edges_have_another_index(cache: IndexCache) -> None:
    cache(some_edges())
    assert cache.known(some_edges(1.0)) is None
    assert cache.known(some_edges(vertices=299)) is None


# Damage


def _savez(path: Path, **arrays: Any) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _changed(path: Path, **changes: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(path) as kept:
        arrays = {name: changes.get(name, np.asarray)(kept[name]) for name in kept.files}
    _savez(path, **arrays)


def _with(array: np.ndarray, at: int | tuple[int, int], value: int) -> np.ndarray:
    array[at] = value
    return array


def _without(path: Path, name: str) -> None:
    with np.load(path) as kept:
        _savez(path, **{other: kept[other] for other in kept.files if other != name})


def _flipped(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0x10
    path.write_bytes(raw)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("key", *Index._fields):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                for _ in range(80):
                    member.write(bytes(1 << 20))


def _replaced_by(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "one byte short": lambda path: os.truncate(path, path.stat().st_size - 1),
    "one bit": _flipped,
    "garbage": lambda path: path.write_bytes(np.random.default_rng(1).bytes(50_000)),
    "no archive": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
    "a single array": lambda path: path.write_bytes(_npy(np.zeros(3))),
    "objects": lambda path: _savez(path, nodes=np.array([{}], dtype=object)),
    "an array that is missing": lambda path: _without(path, "begins"),
    "more than the bound": _bomb,
    "another key": lambda path: _changed(path, key=lambda key: key[::-1]),
    "a child out of range": lambda path: _changed(path, nodes=lambda nodes: _with(nodes, (0, 0), len(nodes))),
    "a leaf out of range": lambda path: _changed(path, nodes=lambda nodes: _with(nodes, (0, 0), -(2**31))),
    "a circle": lambda path: _changed(path, nodes=lambda nodes: _with(nodes, (len(nodes) - 1, 3), 0)),
    "an edge out of range": lambda path: _changed(path, edges=lambda edges: _with(edges, -1, 299)),
    "an edge below zero": lambda path: _changed(path, edges=lambda edges: _with(edges, 0, -1)),
    "begins that fall": lambda path: _changed(path, begins=lambda begins: _with(begins, 1, 2**31 - 1)),
    "an empty leaf": lambda path: _changed(path, begins=lambda begins: _with(begins, 1, 0)),
    "begins that end early": lambda path: _changed(path, edges=lambda edges: np.append(edges, edges[-1])),
    "no leaves": lambda path: _changed(path, begins=lambda begins: begins[:1]),
    "no nodes": lambda path: _changed(path, nodes=lambda nodes: nodes[:0]),
    "wide integers": lambda path: _changed(path, begins=lambda begins: begins.astype(np.int64)),
    "floats": lambda path: _changed(path, edges=lambda edges: edges.astype(np.float32)),
    "another byte order": lambda path: _changed(path, edges=lambda edges: edges.astype(">i4")),
    "narrow nodes": lambda path: _changed(path, nodes=lambda nodes: nodes[:, :255]),
    "nodes in a row": lambda path: _changed(path, nodes=np.ravel),
    "columns first": lambda path: _changed(path, nodes=np.asfortranarray),
    "of other edges": lambda path: shutil.copy(other_file(path.parent.parent / "other"), path),
    "written by others": lambda path: path.chmod(0o666),
    "a link": lambda path: path.symlink_to(path.rename(path.with_suffix(".kept"))),
    "a pipe": _replaced_by(os.mkfifo),
}


def other_file(folder: Path) -> Path:
    other = IndexCache(folder)
    other(some_edges(2.0))
    return only_file(other)


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_is_made_anew(cache: IndexCache, name: str) -> None:
    edges = some_edges()
    made = cache(edges)
    path = only_file(cache)
    DAMAGE[name](path)
    assert cache.known(edges) is None
    assert_same(cache(edges), made)
    assert path.is_file()
    assert_same(cache.known(edges), made)


def test_a_folder_in_the_place_of_a_file_is_passed_over(cache: IndexCache) -> None:
    edges = some_edges()
    made = cache(edges)
    path = only_file(cache)
    path.unlink()
    path.mkdir()
    assert_same(cache(edges), made)
    assert list(cache.folder.glob("*.part")) == []


def test_every_index_that_is_made_is_sound() -> None:
    for vertices in (2, 3, 10, 300):
        edges = some_edges(vertices=vertices)
        assert is_sound(build_index(edges), len(edges))


# The folder


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    edges = some_edges()
    assert_same(IndexCache(tmp_path / "file" / "indexes")(edges), build_index(edges))


@pytest.mark.needs("small_disk")
def test_a_full_disk_keeps_nothing_and_stops_nothing(small_disk: Callable[[int], Path]) -> None:
    cache, edges = IndexCache(small_disk(16384)), some_edges()
    assert_same(cache(edges), build_index(edges))
    assert list(cache.folder.iterdir()) == []


def test_what_was_not_used_for_longest_goes_first(cache: IndexCache, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [some_edges(shift) for shift in (0.0, 1.0, 2.0)]
    for age, edges in zip((300, 200, 100), several, strict=True):
        before = set(cache.folder.glob("*"))
        cache(edges)
        (path,) = set(cache.folder.glob("*")) - before
        os.utime(path, (10**9 - age, 10**9 - age))
    assert cache.known(several[0]) is not None
    left = cache.folder / "died.part"
    left.write_bytes(b"half")
    os.utime(left, (10**8, 10**8))
    monkeypatch.setattr(indexes, "KEPT_BYTES", int(3.5 * path.stat().st_size))
    cache(some_edges(3.0))
    assert [cache.known(edges) is not None for edges in several] == [True, False, True]
    assert not left.exists()


def test_an_index_beyond_the_bound_is_not_kept(cache: IndexCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "KEPT_BYTES", 1000)
    cache(some_edges())
    assert not cache.folder.exists()


def test_several_may_keep_the_same_at_once(cache: IndexCache) -> None:
    wanted = build_index(some_edges())
    with ThreadPoolExecutor(8) as threads:
        for index in threads.map(lambda _: cache(some_edges()), range(16)):
            assert_same(index, wanted)
    assert_same(cache.known(some_edges()), wanted)
    only_file(cache)


# An agreement


def test_the_environment_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def folder() -> Path | None:
        found = kept_indexes()
        return None if found is None else found.folder

    monkeypatch.setenv("TRUCELINE_CACHE", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.setenv("TRUCELINE_CACHE", "off")
    assert folder() is None
    monkeypatch.delenv("TRUCELINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "truceline" / "indexes"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder() == tmp_path / "home" / ".cache" / "truceline" / "indexes"


def test_an_agreement_goes_by_what_was_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRUCELINE_CACHE", str(tmp_path / "cache"))
    world = write_world(tmp_path)
    rng = np.random.default_rng(1)

    def located(count: int) -> tuple[bytes, bool]:
        line = load_agreement(world).lines["line"]
        assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir())
        found = line.locate(lon[:count], lat[:count])
        return found.offset_m[:1000].tobytes(), "index" in line.edges.__dict__

    edges = len(load_agreement(world).lines["line"].edges)
    many, few = PLAIN_PAIRS // edges + 1, PLAIN_PAIRS // edges // 4
    lon, lat = rng.uniform(36.0, 39.0, many), rng.uniform(47.0, 49.0, many)
    plainly, went_by_it = located(few)
    assert not went_by_it
    assert not (tmp_path / "cache").exists()
    assert located(many) == (plainly, True)
    assert located(few) == (plainly, True)
