"""Work shared out among shards: together they say what one monitor says that is given everything, byte for byte.

Each shard has windows of its own and is told what `Shards.shared` gives it; what all of them say goes into one book, as
it goes to one topic.
"""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from math import cos, radians, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pyproj import Geod

from pipeline.agreement import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.model.footprint import Footprint, Nowhere
from pipeline.model.records import Window
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.monitor.fuse.halo import halo
from pipeline.monitor.place import place as placed
from pipeline.monitor.place import tile_box, tile_ids
from pipeline.monitor.shards import Shards
from tests.monitor.fusion.clusters import clusters
from tests.monitor.fusion.telling import HERE, LINKING, OBSERVERS, bearing, disc, place, post, told
from tests.monitor.remembering import AREAS, Book, Standing, as_bytes, remembered
from tests.worlds import DAY, NAMED_AREA, report, retold_reports, world

COUNTS = (1, 2, 4, 12)
SHARDS = {count: Shards(count, OBSERVERS) for count in COUNTS}
CUTS = st.lists(st.integers(0, 60), max_size=5)

BORDER = (37.1, 48.0)
"""Two cells meet here, on the invented line."""

CORNERS = (BORDER, (38.727, 48.0), (180.0, 48.0), (180.0, 0.0), (20.0, 72.0), (0.0, 66.0), (-60.0, -54.0))
"""Cells of different shards meet about each of these, some across the antimeridian, some where columns get few."""

WEST_END, EAST_END = (36.47, 48.06), (38.72, 48.06)
"""Of one tile, which 166 km lie between."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def batches(reports: Sequence[Report], cuts: Sequence[int]) -> list[list[Report]]:
    ends = sorted({0, len(reports), *(cut for cut in cuts if cut < len(reports))})
    return [list(reports[begin:end]) for begin, end in itertools.pairwise(ends)]


class Sharing:
    """Monitors that share the work, and the book in which they write.

    Args:
        count: how many they are.
    """

    def __init__(self, agreements: Sequence[Agreement], count: int) -> None:
        self.shards = SHARDS[count]
        self.monitors = [self._monitor(agreements, shard) for shard in range(count)]
        self.book = Book(agreements)
        self._told_by: dict[str, int] = {}

    def _monitor(self, agreements: Sequence[Agreement], shard: int) -> Monitor:
        return Monitor(agreements, MemoryWindows(), AREAS, owns=lambda window: self.shards.owner(window.tile) == shard)

    def take(self, batch: Sequence[Report]) -> None:
        for shard, heard in self.shards.shared(windows_of(batch), batch).items():
            changes = self.monitors[shard].process(heard)
            for name in changes.considered.union(one.incident_id for one in changes.incidents):
                assert self._told_by.setdefault(name, shard) == shard, "two shards have a say in one incident"
            self.book.take(changes)


def windows_of(reports: Sequence[Report]) -> list[Window]:
    return placed(reports, Footprints([one.footprint for one in reports], AREAS))


def shared_out(agreements: Sequence[Agreement], fed: Sequence[Sequence[Report]], count: int) -> Standing:
    """What stands after these batches, by so many shards."""
    sharing = Sharing(agreements, count)
    for batch in fed:
        sharing.take(batch)
    return sharing.book.standing()


def check(
    agreements: Sequence[Agreement], reports: Sequence[Report], fed: Sequence[Sequence[Report]], *counts: int
) -> Standing:
    """Holds what shards say of some batches against what one monitor says of the reports at once, and gives that."""
    whole = remembered(agreements, [reports])
    for count in counts or COUNTS:
        shared = shared_out(agreements, fed, count)
        assert as_bytes(shared.incidents) == as_bytes(whole.incidents)
        assert as_bytes(shared.alerts) == as_bytes(whole.alerts)
    return whole


MOVES = st.sampled_from([WEST_END, EAST_END, HERE, *CORNERS]).map(lambda about: disc(radius_m=120.0, about=about))

CHANGED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"retracted": True}),
    st.builds(dict, footprint=MOVES),
    st.builds(dict, footprint=MOVES, published_at=st.sampled_from([DAY + timedelta(days=days) for days in (1, 2)])),
    st.builds(dict, footprint=st.sampled_from([Nowhere(), NAMED_AREA])),
    st.builds(dict, track_id=st.sampled_from(["one", "two"]), footprint=MOVES),
    st.builds(
        dict,
        report_id=st.integers(90, 94).map("test:{}".format),
        revises=st.integers(0, 9).map("test:{}".format),
        footprint=MOVES | st.just(Nowhere()),
    ),
)


@st.composite
def corrected_about_corners(draw: st.DrawFn) -> list[Report]:
    """Incidents about one to three corners, some ids used at several, with corrections from one to another."""
    found: list[Report] = []
    for about in draw(st.lists(st.sampled_from(CORNERS), min_size=1, max_size=3)):
        prefix = draw(st.sampled_from(["test:", "test:", f"test:{len(found)}-"]))
        some = draw(clusters(about=about, max_size=10))
        found += [replace(one, report_id=one.report_id.replace("test:", prefix)) for one in some]
    changes = draw(st.lists(st.tuples(st.sampled_from(found), CHANGED), max_size=6))
    return found + [replace(one, **changed) for one, changed in changes]


@given(reports=corrected_about_corners(), count=st.sampled_from(COUNTS), data=st.data())
def test_shards_say_together_what_one_monitor_says(
    agreement: Agreement, reports: list[Report], count: int, data: st.DataObject
) -> None:
    again = data.draw(st.permutations(reports + reports[: len(reports) // 3]))
    check([agreement], reports, batches(again, data.draw(CUTS)), count)


@given(reports=retold_reports(), count=st.sampled_from(COUNTS), data=st.data())
def test_reports_of_every_shape_near_the_line(
    agreement: Agreement, reports: list[Report], count: int, data: st.DataObject
) -> None:
    """Areas, bearings, wide discs, tracks and rumours, whose alerts depend on where they lie by the line."""
    check([agreement], reports, batches(data.draw(st.permutations(reports)), data.draw(CUTS)), count)


@given(
    ends=st.lists(st.sampled_from([WEST_END, EAST_END]), min_size=2, max_size=4),
    around=st.tuples(clusters(about=WEST_END, max_size=6), clusters(about=EAST_END, max_size=6)),
    ledger=st.sampled_from(["sensor", "public"]),
    data=st.data(),
)
def test_versions_at_opposite_ends_of_a_tile(
    agreement: Agreement,
    ends: list[tuple[float, float]],
    around: tuple[list[Report], list[Report]],
    ledger: str,
    data: st.DataObject,
) -> None:
    """Who hears of one end hears of the other: which version stands is decided by all of them."""
    # The later is published later, or earlier: the greatest stands, wherever it is.
    days = data.draw(st.permutations(range(len(ends))))
    told_again = [
        told("moved", "array-7", disc(radius_m=80.0, about=end), ledger=ledger, published_at=DAY + timedelta(days=day))
        for end, day in zip(ends, days, strict=True)
    ]
    west, east = around
    reports = [*told_again, *west, *(replace(one, report_id=f"{one.report_id}-east") for one in east)]
    check([agreement], reports, batches(data.draw(st.permutations(reports)), data.draw(CUTS)), 4, 12)


@given(
    step_m=st.sampled_from([900.0, 1_500.0, 2_200.0, 4_400.0]),
    shrinking_m=st.sampled_from([0.0, 1.0, -3.0]),
    azimuth_deg=st.sampled_from([0.0, 45.0, 90.0]),
    about=st.sampled_from(CORNERS),
    count=st.sampled_from(COUNTS[1:]),
    cuts=CUTS,
)
def test_dominoes_across_cells(
    step_m: float,
    shrinking_m: float,
    azimuth_deg: float,
    about: tuple[float, float],
    count: int,
    cuts: list[int],
) -> None:
    """The worst that can be: each likes the next a little better than the one before, far into the next cell."""
    along_m, reports = -150_000.0, []
    east, north = sin(radians(azimuth_deg)), cos(radians(azimuth_deg))
    for number in range(90):
        where = disc(along_m * east, along_m * north, 800.0, about)
        reports.append(told(number, f"camera-{number % 5}", where, day=timedelta(), at_s=30_000.0 + number % 7))
        if number % 4 == 0:
            where = disc(along_m * east, along_m * north + 900.0, 3_000.0, about)
            reports.append(post(f"post-{number}", f"outlet-{number % 6}", where, day=timedelta(), at_s=29_000.0))
        along_m += max(step_m + number * shrinking_m, 50.0)
    check([], reports, batches(reports[::-1], cuts), count)


@pytest.mark.parametrize("seed", range(2))
def test_a_busy_day_about_a_corner(agreement: Agreement, seed: int) -> None:
    """Two fronts that cross where cells meet; late batches, versions, revisions and copies."""
    rng = np.random.default_rng(seed)
    reports: list[Report] = []
    for number in range(350):
        along_m, across_m = rng.uniform(-300_000, 300_000), rng.normal(0, 4_000)
        at = (along_m, across_m) if number % 2 else (across_m, along_m)
        at_s = round(float(rng.uniform(0, 2 * 86_400.0)), 1)
        for seen in range(int(rng.integers(1, 5))):
            east_m, north_m = (float(m + d) for m, d in zip(at, rng.normal(0, 150, 2), strict=True))
            where = disc(east_m, north_m, 250.0, BORDER)
            who = f"{('array', 'camera', 'drone', 'outlet')[seen]}-{along_m // 20_000:.0f}"
            when = round(at_s + float(rng.normal(0, 2)), 1)
            reports.append(told(f"{number}-{seen}", who, where, day=timedelta(), at_s=when))
    for number, again in enumerate(rng.choice(len(reports), 60, replace=False).tolist()):
        one = reports[again]
        moved = disc(float(rng.uniform(-150_000, 150_000)), float(rng.normal(0, 4_000)), 300.0, BORDER)
        reports.append(
            (
                replace(one, footprint=moved, published_at=DAY + timedelta(days=1)),
                replace(one, retracted=True),
                replace(one, report_id=f"test:correction-{number}", revises=one.report_id, footprint=moved),
            )[number % 3]
        )
    late = [reports[row] for row in rng.permutation(len(reports)).tolist()]
    whole = check([agreement], reports, batches(late, [200, 500, 700, 760, 770]))
    assert any(len(one.report_ids) > 2 for one in whole.incidents.values())
    assert whole.alerts


def test_an_incident_goes_over_to_the_neighbour_and_back() -> None:
    """A late report that lies across the border and is earlier takes the incident with it, until it is withdrawn."""
    south, north = (told(n, f"array-{n}", disc(0, y, about=BORDER), at_s=n) for n, y in ((2, -80), (1, 80)))
    sharing = Sharing([], 4)
    assert len({sharing.shards.owner(window.tile) for window in windows_of([south, north])}) == 2
    told_of = []
    for one in (south, north, replace(north, retracted=True, published_at=DAY)):
        sharing.take([one])
        told_of.append([incident.report_ids for incident in sharing.book.standing().incidents.values()])
    assert told_of == [[("test:2",)], [("test:1", "test:2")], [("test:2",)]]


def test_a_revision_from_the_other_end_of_the_world() -> None:
    """What is revised may be anywhere, and what revises it is nowhere at all."""
    here, far = told(1, "array-1", disc(about=BORDER)), told(2, "array-2", disc(about=CORNERS[-1]))
    gone = [report(f"new {n}", Nowhere(), revises=f"test:{n}", ledger="sensor") for n in (1, 2)]
    for order in itertools.permutations([here, far, *gone]):
        whole = check([], order, [[one] for one in order])
        assert {one.report_ids for one in whole.incidents.values()} == {("test:new 1",), ("test:new 2",)}


def test_bearings_of_instruments_whose_mean_is_in_the_next_cell() -> None:
    """A bearing's window goes by one place, and what it tells of is weighed at another."""
    at = [place(0, north_m, BORDER) for north_m in (-8_000.0, -3_000.0)]
    seen = [
        bearing(azimuth, about=about, width_deg=160.0, range_m=(0.0, 16_000.0))
        for azimuth, about in zip((10.0, 350.0), at, strict=True)
    ]
    shots = [disc(0, north_m, 200.0, BORDER) for north_m in (-600.0, 600.0, 2_500.0)]
    places: list[Footprint] = [*seen, *shots]
    reports = [told(n, f"array-{n}", where) for n, where in enumerate(places)]
    check([], reports, [[one] for one in reports])


@given(lat=st.floats(-89.9, 89.9) | st.floats(68.0, 74.0) | st.floats(-1.6, 1.6), seed=st.integers(0, 2**32 - 1))
def test_whoever_owns_what_lies_within_the_halo_hears_of_it(lat: float, seed: int) -> None:
    """From any place of a tile, in any direction, as far as fusion looks; so many shards that each cell has its own."""
    rng, shards, earth, many = np.random.default_rng(seed), Shards(9_973, OBSERVERS), Geod(ellps="WGS84"), 500
    reach_m = halo(OBSERVERS).radius_m + LINKING.tells_m
    for tile in tile_ids(rng.uniform(-180.0, 180.0, 20), np.full(20, lat)):
        west, south, east, north = tile_box(tile)
        # Most of them at the edges and as far as can be: from there others are met first.
        across, along = rng.uniform(-0.5, 1.5, (2, many)).clip(0.0, 1.0)
        from_lon, from_lat = west + across * (east - west), south + along * (north - south)
        far_m = rng.uniform(0.0, 2.0, many).clip(0.0, 1.0) * reach_m
        lon, about_lat, _ = earth.fwd(from_lon, from_lat, rng.uniform(0.0, 360.0, many), far_m)
        assert {shards.owner(name) for name in tile_ids(lon, about_lat)} <= set(shards.hearers(tile))


def test_places_without_a_tile_on_the_grid_concern_one_shard() -> None:
    windows = windows_of([report(1, Nowhere()), report(2, NAMED_AREA), report(3, disc(), track_id="one")])
    for shards in SHARDS.values():
        assert all(len(shards.hearers(window.tile)) == 1 for window in windows)


def test_a_report_goes_once_to_each_who_must_hear_of_it_in_order() -> None:
    reports = [told(n, "array-1", disc(about=about)) for n, about in enumerate([*CORNERS, BORDER])]
    revising = replace(reports[0], report_id="test:new", revises="test:0")
    shards, windows = SHARDS[12], windows_of([*reports, revising])
    shared = shards.shared(windows, [*reports, revising])
    assert shared.keys() == set(range(12))
    for shard, heard in shared.items():
        pairs = zip(windows, reports, strict=False)
        assert heard == [*(one for window, one in pairs if shard in shards.hearers(window.tile)), revising]
