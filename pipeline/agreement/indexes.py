"""Indexes of edges, made once for an agreement and kept on disk.

The index of a large border takes a second to make and a few milliseconds to read. What is read is believed only where
it was kept for these very edges and every number in it leads somewhere, as the compiled loops do not look; all else is
made anew. No failure of the disk is an error: the cache saves time, and nothing depends on it.
"""

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from pipeline.geometry import index as tree
from pipeline.geometry.edges import Edges, build_index
from pipeline.geometry.index import Index

VARIABLE = "TRUCELINE_CACHE"
"""The environment variable that names the folder, or says `off`."""

KEPT_BYTES = 256 << 20
"""The folder's bound. What was not used for longest goes; an index larger than this is not kept."""

_FORMAT = 3
"""Another one whenever `geometry.index` makes other trees of the same edges, or the file's arrays change."""

_TEMPORARY = ".part"


def kept_indexes() -> "IndexCache | None":
    """The cache of this user; None where it is switched off, or there is no home to put it in."""
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        return None
    if named:
        return IndexCache(Path(named))
    parent = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):
        # The convention has a relative folder ignored.
        home = Path(parent) if Path(parent).is_absolute() else Path.home() / ".cache"
        return IndexCache(home / "truceline" / "indexes")
    return None


class IndexCache:
    """An `Indexer` that keeps what it makes in a folder, one file for each set of edges.

    Any number of processes may share the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def known(self, edges: Edges) -> Index | None:
        """The index of these edges, if a sound one was kept."""
        key = _key(edges)
        path = self._path(key)
        index = _read(path, key)
        if index is None or not is_sound(index, len(edges)):
            return None
        with suppress(OSError):
            os.utime(path)  # it was used, so it is not the first to go
        return index

    def __call__(self, edges: Edges) -> Index:
        """The one that was kept, or a new one, which is kept."""
        index = self.known(edges)
        if index is None:
            index = build_index(edges)
            self._keep(edges, index)
        return index

    def _path(self, key: bytes) -> Path:
        return self.folder / f"{key.hex()}.npz"

    def _keep(self, edges: Edges, index: Index) -> None:
        if sum(array.nbytes for array in index) > KEPT_BYTES:
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = _key(edges)
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=_TEMPORARY, delete=False) as file:
                beside = Path(file.name)
                try:
                    np.savez(file, key=np.frombuffer(key, dtype=np.uint8), **index._asdict())
                    file.close()
                    beside.replace(self._path(key))
                finally:
                    with suppress(FileNotFoundError):
                        beside.unlink()
            self._prune()

    def _prune(self) -> None:
        """Keep the folder within its bound; what a process that died left behind goes with the rest."""
        used = []
        for path in (*self.folder.glob("*.npz"), *self.folder.glob(f"*{_TEMPORARY}")):
            with suppress(FileNotFoundError):
                status = path.stat()
                used.append((status.st_mtime_ns, status.st_size, path))
        total = 0
        for _, size, path in sorted(used, reverse=True):
            total += size
            if total > KEPT_BYTES:
                path.unlink(missing_ok=True)


def is_sound(index: Index, edges: int) -> bool:
    """Whether every number leads to a node, a leaf or one of so many edges, and no way down is too long."""
    nodes, begins, candidates = index
    if any(array.dtype != np.int32 or not array.flags.c_contiguous for array in index):
        return False
    if (nodes.ndim, begins.ndim, candidates.ndim) != (2, 1, 1) or nodes.shape[1:] != (1 << 2 * tree.NODE_BITS,):
        return False
    leaves = len(begins) - 1
    if not len(nodes) or leaves < 1 or begins[0] != 0 or begins[-1] != len(candidates):
        return False
    if not (begins[1:] > begins[:-1]).all():
        return False
    return _within(candidates, 0, edges) and _within(nodes, -leaves, len(nodes)) and _depth(nodes) <= tree.DEPTH


def _within(numbers: tree.Ints, low: int, high: int) -> bool:
    return bool(numbers.min() >= low and numbers.max() < high)


def _depth(nodes: tree.Ints) -> int:
    """How many levels of nodes there are; one too many stands for any greater number, and for a circle."""
    level, depth = np.zeros(1, dtype=np.int32), 0
    while len(level) and depth <= tree.DEPTH:
        entries = nodes[level]
        level, depth = np.unique(entries[entries >= 0]), depth + 1
    return depth


def _key(edges: Edges) -> bytes:
    """A hash of all that an index depends on."""
    shape = (_FORMAT, tree.HALF_WIDTH, tree.NODE_BITS, tree.DEPTH, len(edges), edges.ellipsoid.radius_m)
    digest = hashlib.blake2b(repr(shape).encode(), digest_size=20)
    for array in (edges.start, edges.along, edges.ellipsoid.form):
        digest.update(array.tobytes())
    return digest.digest()


def _read(path: Path, key: bytes) -> Index | None:
    """What a file holds, unchecked but for the key; None where it cannot be read or is not this user's own."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or not _is_own(status):
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if sum(member.file_size for member in arrays.zip.infolist()) > KEPT_BYTES + (1 << 20):
                return None
            if arrays["key"].tobytes() != key:
                return None
            return Index(*(arrays[name] for name in Index._fields))
    except Exception:  # noqa: BLE001 - no list of what a damaged archive may raise is complete, and each means the same
        return None


def _is_own(status: os.stat_result) -> bool:
    """Whether nobody else wrote the file: whoever writes an index decides who broke an agreement."""
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
