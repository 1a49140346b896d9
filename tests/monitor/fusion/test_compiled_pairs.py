"""Sweeping over pairs in numpy and in compiled loops: the same links, the same crowds, the same neighbourhoods."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry.earth import Bools
from pipeline.model.report import Report
from pipeline.monitor.fuse import pairs
from pipeline.monitor.fuse.group import grouped
from pipeline.monitor.fuse.sights import TIER, Sights, Tier, sights_of
from tests.monitor.fusion.clusters import clusters
from tests.monitor.fusion.telling import OBSERVERS, disc, told

needs_numba = pytest.mark.skipif(pairs.kernels() is None, reason="numba is not installed")


@contextmanager
def sweeping(loops: ModuleType | None) -> Iterator[None]:
    """With these loops, however few the reports are, or without any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "kernels", cache(lambda: loops))
        patch.setattr(pairs, "MANY", -1)
        yield


class Swept(NamedTuple):
    """What the sweeps say of some reports."""

    others: list[float]
    links: dict[Tier, list[tuple[int, ...]]]
    reached: list[bool]


def swept(sights: Sights, dirty: Bools) -> Swept:
    many = pairs.others(sights, OBSERVERS)
    crowded = pairs.crowded(sights, many, OBSERVERS)
    tiers = (Tier.LOCATED, Tier.BROAD, Tier.DATED)
    reached = pairs.neighbourhood(sights, dirty, OBSERVERS)
    return Swept(many.tolist(), {tier: links(crowded, tier) for tier in tiers}, reached.tolist())


def links(sights: Sights, tier: Tier) -> list[tuple[int, ...]]:
    """Links in the order of their rows, of which neither way promises another."""
    found = pairs.links(sights.at(np.flatnonzero(sights.marks[:, TIER] == tier)), OBSERVERS)
    return sorted(zip(*(column.tolist() for column in found), strict=True))


def sights(reports: list[Report]) -> Sights:
    return sights_of(sorted(reports, key=lambda one: (one.observed_from, one.report_id)), OBSERVERS)


@needs_numba
@given(reports=clusters(max_size=30), data=st.data())
def test_compiled_loops_say_what_numpy_says(reports: list[Report], data: st.DataObject) -> None:
    dirty = np.array(data.draw(st.lists(st.booleans(), min_size=len(reports), max_size=len(reports))), dtype=bool)
    with sweeping(pairs.kernels()):
        compiled = swept(sights(reports), dirty)
    with sweeping(None):
        plain = swept(sights(reports), dirty)
    assert compiled == plain


@needs_numba
def test_they_agree_where_there_are_more_links_than_room() -> None:
    """Some hundreds of posts about one moment and place, by nobody who gives a name: all pairs are links."""
    many = sights([told(number, None, disc(number % 7, number % 5, 500.0), ledger="public") for number in range(300)])
    with sweeping(pairs.kernels()):
        compiled = links(many, Tier.BROAD)
    with sweeping(None):
        assert links(many, Tier.BROAD) == compiled
    assert len(compiled) == 300 * 299 // 2


def test_without_compiled_loops_there_are_the_same_incidents() -> None:
    """From `MANY` reports on it is the loops that are asked; on a machine without them, never."""
    rng = np.random.default_rng(3)
    count = pairs.MANY + 300
    spread = rng.uniform(-20_000, 20_000, (count, 2)).round().tolist()
    reports = [
        told(number, f"camera-{number % 30}", disc(east_m, north_m, 900.0), at_s=float(number % 900))
        for number, (east_m, north_m) in enumerate(spread)
    ]
    ours = sights(reports)
    by_default = grouped(ours, pairs.others(ours, OBSERVERS), OBSERVERS)
    with sweeping(None):
        plain = grouped(ours, pairs.others(ours, OBSERVERS), OBSERVERS)
    np.testing.assert_array_equal(by_default.incident, plain.incident)
    assert len(np.unique(plain.incident)) < count
