"""Each shipped agreement, from its files until places are held against all its zones: by a fresh process each time.

What the places themselves take is left out: they are held against the zones until every index is made, which may be at
the second time, and what a third time takes is subtracted.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from pipeline.agreement import Agreement, load_agreement, shipped_agreements
from pipeline.geometry.places import Places
from tests.bench import CHECKOUT, Effort, Figure

_PLACES = 20_000
"""Enough that nothing is answered without an index."""

_ONCE = """
import json, sys
from time import perf_counter
from tests.bench.loading import loaded, used
began = perf_counter()
agreement = loaded(sys.argv[1])
used(agreement)
used(agreement)
ready = perf_counter()
used(agreement)
print(json.dumps(ready - began - 2 * (perf_counter() - ready)))
"""


def run(effort: Effort) -> list[Figure]:
    return [figure for name in shipped_agreements() for figure in _load(name, effort.repeats)]


def loaded(name: str) -> Agreement:
    """An agreement as its files give it."""
    return load_agreement(name)


def used(agreement: Agreement) -> None:
    """So many places held against all its zones, which makes or reads their indexes."""
    rng = np.random.default_rng(3)
    places = Places(rng.uniform(36.0, 40.0, _PLACES), rng.uniform(47.0, 50.0, _PLACES))
    for zone in agreement.zones:
        zone.contains(places)


def _load(name: str, repeats: int) -> list[Figure]:
    """Three figures, their processes taking turns."""
    first, compiled, cached = [], [], []
    for _ in range(repeats):
        with (
            tempfile.TemporaryDirectory() as loops,
            tempfile.TemporaryDirectory() as one,
            tempfile.TemporaryDirectory() as two,
        ):
            first.append(_once(name, one, loops))
            compiled.append(_once(name, two, loops))
            cached.append(_once(name, two, loops))
    lines = load_agreement(name).lines.values()
    about = f"{sum(len(line.lon) for line in lines):,} vertices in {len(lines)} lines, {_PLACES:,} places"
    return [
        Figure(f"{name}, the first time on a machine", first, "s", f"{about}; compiles the loops too"),
        Figure(f"{name}, its indexes not yet in the cache", compiled, "s"),
        Figure(f"{name}, from the cache", cached, "s"),
    ]


def _once(name: str, cache: str, loops: str) -> float:
    """Seconds in a fresh process, its imports aside, with these folders for its caches."""
    folders = {"XDG_CACHE_HOME": cache, "NUMBA_CACHE_DIR": loops}
    told = subprocess.run(
        [sys.executable, "-c", _ONCE, name],
        cwd=CHECKOUT, env={**os.environ, **folders}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(json.loads(told.stdout))
