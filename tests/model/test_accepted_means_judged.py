"""Whatever the gate lets in is judged: without an error, and at a bounded cost."""

import math
import tracemalloc
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.footprints import Footprints
from pipeline.model.check import EARLIEST, LATEST, MAX_RADIUS_M, check
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Nowhere, Polygon
from pipeline.model.report import Attribution, Count, Report
from pipeline.model.taxonomy import Activity, Basis, CountUnit, Weapon
from pipeline.monitor import MemoryWindows, Monitor
from tests.matches import matches
from tests.monitor.remembering import AREAS
from tests.worlds import report, world

MOST_PLACES = 20_000
"""A grid may have a part of a row and of a column more than was asked for."""

MOST_BYTES = 64 << 20
"""Memory that sampling may take, for each cell of the finest grid: a dozen figures."""

HOLED = [
    [[37.0, 48.0], [38.0, 48.0], [38.0, 49.0], [37.0, 49.0], [37.0, 48.0]],
    [
        [37.000001, 48.000001],
        [37.999999, 48.000001],
        [37.999999, 48.999999],
        [37.000001, 48.999999],
        [37.000001, 48.000001],
    ],
]


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def drawn(*rings: list[list[float]]) -> Area:
    return Area(geometry=Polygon(list(rings)))


@pytest.fixture(scope="module")
def agreements(tmp_path_factory: pytest.TempPathFactory) -> list[Agreement]:
    return [world(tmp_path_factory.mktemp("world")), load_agreement("donbas-2015")]


def check_judged(agreements: list[Agreement], *reports: Report) -> None:
    """Judges and matches reports, and looks at what comes out of it."""
    changes = Monitor(agreements, MemoryWindows(), AREAS).process(reports)
    assert len(changes.incidents) == len({one.report_id for one in reports if not one.retracted})
    for alerts in changes.alerts.values():
        assert all(0.0 < alert.probability <= 1.0 and 0.0 <= alert.place_probability <= 1.0 for alert in alerts)
    for agreement in agreements:
        for row in matches(reports, agreement, all_reports=True):
            assert 0.0 <= row.probability <= 1.0


def check_bounded(footprint: Footprint) -> None:
    """Whether a footprint's figures are figures, and its samples neither empty nor too many."""
    placed = Footprints([footprint], AREAS)
    if isinstance(footprint, Nowhere):
        return
    assert math.isfinite(placed.reach_m[0])
    assert math.isfinite(placed.area_m2[0])
    assert placed.area_m2[0] >= 0.0
    tracemalloc.start()
    cells = placed.cells([0])
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most_bytes < MOST_BYTES
    assert 1 <= sum(len(some) for some in cells) <= MOST_PLACES
    for some in cells:
        arrays = (*some.centres_m(), some.radius_m(), some.round_m(), some.weight)
        assert all(np.isfinite(array).all() for array in arrays)
    assert sum(float(some.weight.sum()) for some in cells) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "footprint",
    [
        pytest.param(
            drawn([[37.7, -75], [37.7000000000001, -75], [37.7000000000001, 89], [37.7, 89], [37.7, -75]]),
            id="thin ring",
        ),
        *(
            pytest.param(drawn(box(37.7, 47.0, 37.7 + 10.0**-n, 49.0)), id=f"2 x 1e-{n} deg")
            for n in (5, 7, 8, 9, 10, 11)
        ),
        *(pytest.param(drawn(box(37.0, 48.0, 39.0, 48.0 + 10.0**-n)), id=f"1e-{n} x 2 deg") for n in (5, 7, 9, 11)),
        pytest.param(drawn([[37.0, 47.0], [38.5, 49.0], [38.5, 49.0000001], [37.0, 47.0]]), id="slanting sliver"),
        pytest.param(
            drawn([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.1926126068866937e-287, 0.0], [0.0, 0.0]]),
            id="two corners in one",
        ),
        pytest.param(drawn(box(-180.0, -90.0, 180.0, 90.0)), id="the whole Earth"),
        pytest.param(drawn(box(179.9, 48.0, 180.0, 48.1)), id="at the antimeridian"),
        pytest.param(drawn(box(-180.0, 48.0, -179.9, 48.1)), id="at the antimeridian, west"),
        pytest.param(drawn(box(-179.9, 48.0, 179.9, 48.1)), id="across the antimeridian the long way"),
        pytest.param(drawn(box(-10.0, 89.9, 10.0, 90.0)), id="at the pole"),
        pytest.param(drawn(box(-1.0, -1.0, 1.0, 1.0)), id="about the null island"),
        pytest.param(drawn(*HOLED), id="almost all hole"),
        pytest.param(drawn(box(37.0, 48.0, 38.0, 49.0), box(37.2, 48.2, 37.8, 48.8)), id="a hole"),
        pytest.param(Area(geometry=MultiPolygon([[box(37.0, 48.0, 38.0, 48.5)]] * 3)), id="the same part three times"),
        pytest.param(
            Area(geometry=MultiPolygon([[box(37.0, 48.0, 37.1, 48.1)], [box(-120.0, -40.0, -119.9, -39.9)]])),
            id="parts far apart",
        ),
        pytest.param(Area(area_id="ua"), id="a country"),
        *(
            pytest.param(Disc(lon, lat, radius_m), id=f"disc {lon} {lat} {radius_m}")
            for lon, lat in ((37.7, 90.0), (37.7, -90.0), (0.0, 89.9999), (180.0, 48.0), (-180.0, 0.0), (37.7, 48.1))
            for radius_m in (0.0, 5e-324, 1e-9, 1_000.0, MAX_RADIUS_M)
        ),
        *(
            pytest.param(Bearing(37.7, lat, near, far, azimuths), id=f"bearing {lat} {near} {azimuths[0]}")
            for lat in (48.1, 90.0)
            for near, far in ((0.0, 5_000.0), (0.0, MAX_RADIUS_M), (1_999_999.9999, MAX_RADIUS_M))
            for azimuths in (
                ((0.0, 360.0),),
                ((-360.0, 0.0),),
                ((360.0, 720.0), (10.0, 20.0)),
                ((0.0, 5e-324),),
                ((0.0, 1e-9), (180.0, 180.0000001)),
            )
        ),
        *(
            pytest.param(Bearing(37.7, lat, 0.0, far, ((0.0, 90.0),), beside), id=f"bearing {lat} {far} from {beside}")
            for lat in (48.1, 90.0)
            for far in (1.0, MAX_RADIUS_M)
            for beside in (5e-324, 1_000.0, MAX_RADIUS_M)
        ),
    ],
)
def test_footprints_at_the_bounds_are_judged(agreements: list[Agreement], footprint: Footprint) -> None:
    given = report(1, footprint, at=timedelta(days=1))
    assert check(given, AREAS) is None
    check_bounded(footprint)
    check_judged(agreements, given)


def anywhere(low: float, high: float) -> st.SearchStrategy[float]:
    edges = [low, high, (low + high) / 2.0, math.nextafter(high, low), math.nextafter(low, high)]
    return st.floats(low, high) | st.sampled_from(edges)


LON, LAT, LENGTH_M = (
    anywhere(-180.0, 180.0),
    anywhere(-90.0, 90.0),
    anywhere(0.0, MAX_RADIUS_M) | st.floats(0.0, 50_000.0),
)
NEAR_LON, NEAR_LAT = st.floats(37.0, 38.5), st.floats(47.8, 48.6)
PLACE = st.tuples(LON, LAT) | st.tuples(NEAR_LON, NEAR_LAT)
SIDE_DEG = st.sampled_from([1e-13, 1e-11, 1e-9, 1e-6, 1e-3]) | st.floats(1e-14, 3.0) | st.floats(0.1, 180.0)
AZIMUTH = st.floats(-360.0, 720.0)


@st.composite
def rings(draw: st.DrawFn) -> list[list[float]]:
    """Boxes, thin or wide, triangles and blots about a place, kept on the map."""
    lon, lat = draw(PLACE)
    wide, high = draw(SIDE_DEG), draw(SIDE_DEG)
    corners = draw(
        st.sampled_from([[(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (1, 0), (1, 1)], [(0, 0), (2, 1), (1, 1), (1, 2)]])
        | st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=6)
    )
    ring = [[min(180.0, max(-180.0, lon + x * wide)), min(90.0, max(-90.0, lat + y * high))] for x, y in corners]
    return [*ring, ring[0]]


AZIMUTHS: st.SearchStrategy[Any] = st.lists(st.tuples(AZIMUTH, AZIMUTH), min_size=1, max_size=4).map(tuple)
FOOTPRINTS: st.SearchStrategy[Footprint] = st.one_of(
    st.builds(lambda place, radius_m: Disc(place[0], place[1], radius_m), PLACE, LENGTH_M),
    st.builds(
        lambda place, ends, azimuths, beside_m: Bearing(place[0], place[1], min(ends), max(ends), azimuths, beside_m),
        PLACE,
        st.tuples(LENGTH_M, LENGTH_M),
        AZIMUTHS,
        st.just(0.0) | LENGTH_M,
    ),
    rings().map(drawn),
    st.lists(rings(), min_size=2, max_size=3).map(lambda some: drawn(*some)),
    st.lists(rings(), min_size=1, max_size=3).map(lambda some: Area(geometry=MultiPolygon([[one] for one in some]))),
    st.sampled_from(sorted(AREAS)).map(lambda area_id: Area(area_id=area_id)),
    st.just(Nowhere()),
)
TIMES = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)).map(
    lambda at: at.replace(tzinfo=EARLIEST.tzinfo)
)
CALIBRE = st.floats(0.0, 2_000.0)


@settings(max_examples=3 * settings().max_examples // 2)
@given(footprint=FOOTPRINTS)
def test_every_accepted_footprint_is_judged(agreements: list[Agreement], footprint: Footprint) -> None:
    given = report(1, footprint, at=timedelta(days=1))
    assume(check(given, AREAS) is None)
    check_bounded(footprint)
    check_judged(agreements, given)


@given(
    fields=st.fixed_dictionaries(
        {"activity": st.sampled_from(Activity), "observed_from": TIMES, "observed_until": TIMES},
        optional={
            "weapons": st.lists(st.sampled_from(Weapon), max_size=4).map(tuple),
            "calibre_mm": CALIBRE | st.tuples(CALIBRE, CALIBRE),
            "count": st.builds(Count, st.floats(), st.none() | st.floats(), st.sampled_from(CountUnit)),
            "ledger": st.sampled_from(["independent", "sensor", "public", "party:a", "party:\x1f", "else"]),
            "attribution": st.builds(Attribution, st.text(), st.text(), st.sampled_from(Basis)),
            "track_id": st.text(),
            "published_at": TIMES,
            "received_at": TIMES,
            "retracted": st.booleans(),
            "revises": st.sampled_from(["test:1", "test:2", "else:1"]),
            "text": st.text(),
            "url": st.text(),
            "observer": st.text(),
            "feed": st.text(),
        },
    ),
    footprint=st.sampled_from([Disc(37.5, 48.2, 400.0), Nowhere(), Area(area_id="ua-donetsk")]),
)
def test_every_accepted_report_is_judged(
    agreements: list[Agreement], fields: dict[str, Any], footprint: Footprint
) -> None:
    given = replace(report(1, footprint), **fields)
    assume(check(given, AREAS) is None)
    check_judged(agreements, given)
