"""Invented reports about a few true incidents, for properties of fusion: `clusters()`.

Figures are drawn from short lists, so that times, places and weights are often exactly equal: what decides then must be
the reports alone, never the order in which they came.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.model.footprint import Area, Footprint, Nowhere
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from tests.monitor.fusion.telling import HERE, bearing, disc, told
from tests.worlds import DAY

EIGHT_S, MIDNIGHT_S = 8 * 3_600.0, 24 * 3_600.0

OBSERVERS = ("array-1", "array-2", "camera-1", "camera-2", "drone-1", "satellite-1", "patrol-1", "radar-1", None)
RUMOURS = ("outlet-1", "outlet-2", "outlet-3", "ministry-1")
SAID = st.sampled_from([None, "Shelling near the mine.", "They fire."])


class Happened(NamedTuple):
    """Something that happened, in metres from a place and in seconds of the invented day."""

    east_m: float
    north_m: float
    begin_s: float
    lasting_s: float
    activity: Activity
    weapons: tuple[Weapon, ...]


HAPPENED = st.builds(
    Happened,
    st.sampled_from([0.0, 0.0, 200.0, -600.0, 2_500.0, 6_000.0]),
    st.sampled_from([0.0, 0.0, 300.0, -4_000.0]),
    st.builds(
        lambda begin_s, after_s: begin_s + after_s,
        st.sampled_from([EIGHT_S, EIGHT_S, MIDNIGHT_S]),
        st.sampled_from([0.0, 0.0, 5.0, 60.0, 400.0, -3_000.0, 7_000.0]),
    ),
    st.sampled_from([0.0, 10.0, 300.0]),
    st.sampled_from([Activity.EXPLOSION, Activity.EXPLOSION, Activity.ARMED_CLASH, Activity.BURST, Activity.FLIGHT]),
    st.sampled_from([(), (), (Weapon.MORTAR,), (Weapon.MORTAR, Weapon.TANK), (Weapon.UNKNOWN,)]),
)

OTHER_TERMS = {
    Activity.EXPLOSION: (Activity.IMPACT, Activity.ARMED_CLASH, Activity.UNKNOWN),
    Activity.ARMED_CLASH: (Activity.BURST, Activity.EXPLOSION),
}

COUNTS = st.none() | st.builds(
    lambda least, more, unit: Count(least, None if more is None else least + more, unit),
    st.sampled_from([0.0, 1.0, 12.0]),
    st.sampled_from([0.0, 3.0, None]),
    st.sampled_from([CountUnit.EXPLOSION, CountUnit.BURST]),
)


@st.composite
def _located(draw: st.DrawFn, number: int, what: Happened, about: tuple[float, float]) -> Report:
    observer = draw(st.sampled_from(OBSERVERS))
    east_m = what.east_m + draw(st.sampled_from([0.0, 0.0, 90.0, -250.0]))
    footprint: Footprint = disc(east_m, what.north_m, draw(st.sampled_from([0.0, 80.0, 300.0, 1_500.0])), about)
    if draw(st.integers(0, 4)) == 0:
        azimuth_deg = draw(st.sampled_from([0.0, 90.0, 225.0]))
        footprint = bearing(azimuth_deg, east_m - 2_000.0, what.north_m, about=about)
    activity = draw(st.sampled_from([what.activity, *OTHER_TERMS.get(what.activity, ())]))
    begin_s = what.begin_s + draw(st.sampled_from([0.0, 0.0, 1.0, -30.0]))
    return told(
        number,
        observer,
        footprint,
        activity,
        day=timedelta(),
        at_s=begin_s,
        lasting_s=what.lasting_s,
        weapons=what.weapons,
        count=draw(COUNTS),
        text=draw(st.sampled_from([None, None, None, "as heard"])),
    )


@st.composite
def _told(draw: st.DrawFn, number: int, what: Happened, about: tuple[float, float], areas: bool) -> Report:
    """What somebody tells who was not there: broad, dated, or of no place to speak of."""
    east_m = what.east_m + draw(st.sampled_from([0.0, 700.0, -1_500.0]))
    footprints: list[Footprint] = [disc(east_m, what.north_m, radius, about) for radius in (900.0, 3_000.0, 40_000.0)]
    footprints += [footprints[1], Nowhere(), *([Area(area_id="ua-donetsk")] if areas else [])]
    begin_s, lasting_s = draw(
        st.sampled_from(
            [
                (what.begin_s, 0.0),
                (what.begin_s - 900.0, 1_800.0),
                (what.begin_s // 3_600.0 * 3_600.0, 3_600.0),
                (what.begin_s // MIDNIGHT_S * MIDNIGHT_S, MIDNIGHT_S - 1.0),
            ]
        )
    )
    return told(
        number,
        draw(st.sampled_from([*RUMOURS, None])),
        draw(st.sampled_from(footprints)),
        what.activity,
        day=timedelta(),
        at_s=begin_s,
        lasting_s=lasting_s,
        text=draw(SAID),
    )


@st.composite
def clusters(
    draw: st.DrawFn, *, about: tuple[float, float] = HERE, areas: bool = True, posts: bool = True, max_size: int = 18
) -> list[Report]:
    """Reports of one to four incidents, by observers of every kind, one version each; some are told twice.

    Args:
        about: the place from which metres are counted.
        areas: whether some name an area of the gazetteer.
        posts: whether some are by those who were not there.
    """
    things = draw(st.lists(HAPPENED, min_size=1, max_size=4))
    reports: list[Report] = []
    for number in range(draw(st.integers(1, max_size))):
        what = draw(st.sampled_from(things))
        way = draw(st.integers(0, 9))
        if reports and way == 0:
            again = draw(st.sampled_from(reports))
            teller = draw(st.sampled_from([again.observer, None, "camera-1", "outlet-2"]))
            reports.append(replace(again, report_id=f"test:{number}", observer=teller))
        elif posts and way <= 3:
            reports.append(draw(_told(number, what, about, areas)))
        else:
            reports.append(draw(_located(number, what, about)))
    return reports


CHANGED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"retracted": True}),
    st.builds(dict, footprint=st.builds(disc, st.sampled_from([0.0, 300.0, 9_000.0]), radius_m=st.just(120.0))),
    st.builds(dict, published_at=st.sampled_from([DAY + timedelta(days=1), DAY + timedelta(days=2)])),
    st.builds(dict, track_id=st.sampled_from(["one", "two"])),
    st.builds(
        dict, revises=st.integers(0, 6).map("test:{}".format), report_id=st.integers(90, 94).map("test:{}".format)
    ),
)


@st.composite
def corrected_clusters(draw: st.DrawFn, max_size: int = 16) -> list[Report]:
    """The same with corrections: later versions, retractions, revisions, tracks."""
    reports = draw(clusters(max_size=max_size))
    changes = draw(st.lists(st.tuples(st.sampled_from(reports), CHANGED), max_size=6))
    return reports + [replace(one, **changed) for one, changed in changes]
