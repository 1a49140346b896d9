"""Work shared out by tiles gives the incidents that nobody sharing gives: the halo is wide enough."""

from collections.abc import Sequence
from datetime import timedelta
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.geometry.earth import Bools
from pipeline.geometry.footprints import Footprints
from pipeline.model.report import Report
from pipeline.monitor.fuse.group import grouped
from pipeline.monitor.fuse.halo import halo
from pipeline.monitor.fuse.pairs import others
from pipeline.monitor.fuse.sights import BEGIN, TIER, Sights, Tier, X, Z, sights_of
from pipeline.monitor.place import place
from tests.monitor.fusion.clusters import clusters
from tests.monitor.fusion.telling import OBSERVERS, disc, post, told

CORNER = (36.4557, 48.0)
"""Four tiles meet about here."""

FEW = settings(max_examples=settings().max_examples // 5)
"""Each example is fused once for each of fifteen shards."""

Partition = dict[str, list[tuple[str, str]]]
"""Each incident by its canonical report: its reports, each with that of which it is a copy."""


def ordered(reports: Sequence[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: (report.observed_from, report.report_id))


def fused(reports: Sequence[Report], core: Bools) -> Partition:
    """The incidents whose canonical report is in the core."""
    sights = sights_of(reports, OBSERVERS)
    result = grouped(sights, others(sights, OBSERVERS), OBSERVERS)
    found: Partition = {}
    for head in np.unique(result.incident[result.incident >= 0]).tolist():
        rows = np.flatnonzero(result.incident == head)
        if core[head]:
            names = ((reports[row].report_id, reports[result.origin[row]].report_id) for row in rows.tolist())
            found[reports[head].report_id] = list(names)
    return found


def sharded(reports: Sequence[Report], shards: int) -> Partition:
    """Every shard is given its own tiles' reports and all within the halo of any of them, and nothing else."""
    tiles = [window.tile for window in place(reports, Footprints([one.footprint for one in reports], {}))]
    shard = np.array([crc32(tile.encode()) % shards for tile in tiles])
    sights = sights_of(reports, OBSERVERS)
    union: Partition = {}
    for number in range(shards):
        core = shard == number
        given_rows = np.flatnonzero(within_halo(sights, core))
        found = fused([reports[row] for row in given_rows.tolist()], core[given_rows])
        assert not union.keys() & found.keys()
        union |= found
    return union


def within_halo(sights: Sights, core: Bools) -> Bools:
    reach, known = halo(OBSERVERS), np.zeros(sights.size, dtype=bool)
    at, when = sights.table[:, X : Z + 1], sights.table[:, BEGIN]
    for row in np.flatnonzero(core).tolist():
        away_m = np.sqrt(((at - at[row]) ** 2).sum(axis=1))
        known |= (away_m <= reach.radius_m) & (np.abs(when - when[row]) <= reach.lasts_s)
    return known


def check(reports: Sequence[Report]) -> None:
    whole = fused(ordered(reports), np.ones(len(reports), dtype=bool))
    for shards in (1, 2, 4, 8):
        assert sharded(ordered(reports), shards) == whole


@FEW
@given(near=clusters(about=CORNER, areas=False, max_size=24), far=clusters(about=(38.7, 49.4), areas=False))
def test_clusters_about_a_corner_of_tiles(near: list[Report], far: list[Report]) -> None:
    names = [f"near:{number}" for number in range(len(near))] + [f"far:{number}" for number in range(len(far))]
    check([replace(one, report_id=name) for one, name in zip(near + far, names, strict=True)])


@FEW
@given(
    step_m=st.sampled_from([400.0, 900.0, 1_500.0, 2_200.0, 4_400.0]),
    shrinking_m=st.sampled_from([0.0, 1.0, -3.0, 10.0]),
    radius_m=st.sampled_from([100.0, 800.0, 1_500.0]),
    observers=st.integers(2, 9),
    every_s=st.sampled_from([0.0, 0.0, 40.0, -700.0]),
)
def test_dominoes_across_many_tiles(
    step_m: float, shrinking_m: float, radius_m: float, observers: int, every_s: float
) -> None:
    """The worst that can be: each likes the next a little better than the one before, over hundreds of kilometres."""
    east_m, reports = 0.0, []
    for number in range(220):
        where = disc(east_m - 200_000.0, 0, radius_m, CORNER)
        at_s = (number * every_s) % 80_000.0
        reports.append(told(number, f"camera-{number % observers}", where, day=timedelta(), at_s=at_s))
        if number % 5 == 0:
            where = disc(east_m - 199_000.0, 900.0, 3_000.0, CORNER)
            outlet = f"outlet-{number % (observers + 1)}"
            reports.append(post(f"post-{number}", outlet, where, day=timedelta(), at_s=at_s - 900, lasting_s=1_800))
        east_m += max(step_m + number * shrinking_m, 50.0)
    check(reports)


@pytest.mark.parametrize("seed", range(2))
def test_a_busy_front_of_four_hundred_kilometres(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reports = []
    for number in range(600):
        east_m, north_m = rng.uniform(-200_000, 200_000), rng.normal(0, 3_000)
        at_s = round(float(rng.uniform(0, 2 * 86_400.0)), 1)
        for seen in range(int(rng.integers(1, 5))):
            dx, dy = rng.normal(0, 150, 2)
            where = disc(float(east_m + dx), float(north_m + dy), 250.0, CORNER)
            name = f"{number}-{seen}"
            if seen == 3:
                reports.append(post(name, f"outlet-{number % 40}", where, day=timedelta(), at_s=at_s, lasting_s=600))
            else:
                who = f"{('array', 'camera', 'drone')[seen]}-{east_m // 20_000:.0f}"
                reports.append(told(name, who, where, day=timedelta(), at_s=round(at_s + float(rng.normal(0, 2)), 1)))
    tiers = set(sights_of(reports, OBSERVERS).marks[:, TIER].tolist())
    assert tiers == {Tier.LOCATED, Tier.BROAD}
    check(reports)


def test_a_halo_is_not_wider_than_it_need_be() -> None:
    """A tile's halo should leave most of the work to its neighbours: less than a tile's width."""
    assert halo(OBSERVERS).radius_m < 167_000.0
    assert halo(OBSERVERS).lasts_s < 86_400.0
