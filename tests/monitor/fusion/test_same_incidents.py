"""The same reports are the same incidents, whatever the order, the batches and the repeats."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.report import Report
from pipeline.store import Recorder, open_store
from tests.monitor.fusion.clusters import clusters, corrected_clusters
from tests.monitor.fusion.telling import disc, fused, post, told, told_of
from tests.monitor.remembering import AREAS, Standing, as_bytes, remembered
from tests.worlds import DAY, world

CUTS = st.lists(st.integers(0, 40), max_size=5)
GREENWICH = (0.0, 50.25)
"""In the middle of a tile."""

FEWER = settings(max_examples=settings().max_examples // 2)
"""Each example is taken in twice, by an agreement."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def batches(reports: Sequence[Report], cuts: Sequence[int]) -> list[list[Report]]:
    ends = sorted({0, len(reports), *(cut for cut in cuts if cut < len(reports))})
    return [list(reports[begin:end]) for begin, end in itertools.pairwise(ends)]


def same(one: Standing, other: Standing) -> bool:
    return as_bytes(one.incidents) == as_bytes(other.incidents) and as_bytes(one.alerts) == as_bytes(other.alerts)


@FEWER
@given(reports=corrected_clusters(), data=st.data())
def test_order_batches_and_repeats_change_nothing(
    agreement: Agreement, reports: list[Report], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(reports + reports[: len(reports) // 2]))
    at_once, in_parts = (remembered([agreement], fed) for fed in ([reports], batches(again, data.draw(CUTS))))
    assert same(at_once, in_parts)


@FEWER
@given(reports=corrected_clusters())
def test_one_by_one_is_all_at_once(agreement: Agreement, reports: list[Report]) -> None:
    at_once, one_by_one = (remembered([agreement], fed) for fed in ([reports], [[one] for one in reversed(reports)]))
    assert same(at_once, one_by_one)


def test_a_crowd_that_comes_late_bears_on_what_it_crowds() -> None:
    """Shots that two cameras tell of 2.6 km off have no link with a pair near by, and say that much is going on."""
    pair = [told("a", "camera-1", disc(radius_m=400)), told("b", "camera-2", disc(750, radius_m=400), at_s=80)]
    crowd = [
        told(f"{who} {number}", f"camera-{who}", disc(0, north_m, 50), at_s=20 * number)
        for who, north_m in ((1, 2_600), (2, -2_600))
        for number in range(-15, 15)
    ]
    at_once, in_parts = (remembered([], fed) for fed in ([pair + crowd], [pair, *([one] for one in crowd)]))
    assert len(fused(pair)) == 1
    assert {one.report_ids for one in at_once.incidents.values()} >= {("test:a",), ("test:b",)}
    assert same(at_once, in_parts)


def test_a_watch_that_begins_later_is_told_alike_of_all_days() -> None:
    """Two posts of one observer about midnight, an instrument three days on, and late another of the first day."""
    hours = [timedelta(hours=24 * day) for day in range(5)]
    before, after = (
        post(number, "outlet-1", day=hours[2], at_s=at_s, lasting_s=60, text=text)
        for number, at_s, text in ((1, -300.0, "One."), (2, 300.0, "Another."))
    )
    later = told(3, "array-1", disc(20_000), day=hours[3] + timedelta(hours=5))
    first = told(4, "array-1", disc(20_000), day=hours[0] + timedelta(hours=5))
    ways = ([[before, after, later, first]], [[before, after, later], [first]])
    at_once, in_parts = (remembered([], fed) for fed in ways)
    assert same(at_once, in_parts)


def test_copies_find_each_other_however_far_their_margins_put_them() -> None:
    """Of one day told by an outlet and by nobody, one is taken to have seen the beginning ten hours after the other."""
    outlet, nobody = (
        told(number, who, disc(radius_m=900.0), ledger=ledger)
        for number, who, ledger in ((1, "outlet-1", "public"), (2, None, None))
    )
    day = {"observed_from": DAY, "observed_until": DAY + timedelta(seconds=86_399)}
    reports = [replace(one, **day) for one in (outlet, nobody)]
    at_once, *in_parts = (remembered([], fed) for fed in ([reports], [[one] for one in reports], [reports[::-1]]))
    assert len(at_once.incidents) == 1
    assert all(same(at_once, parts) for parts in in_parts)


@FEWER
@given(reports=corrected_clusters(), data=st.data())
def test_the_store_says_what_memory_says(
    agreement: Agreement, tmp_path_factory: pytest.TempPathFactory, reports: list[Report], data: st.DataObject
) -> None:
    fed = batches(data.draw(st.permutations(reports + reports[:3])), data.draw(CUTS))
    with open_store(tmp_path_factory.mktemp("store") / "t.db", write=True) as store:
        recorder = Recorder(store, [agreement], AREAS, clock=lambda: DAY)
        for batch in fed:
            recorder.record(batch)
        kept = Standing(
            {alert.alert_id: alert for alert in store.alerts(possible=True)},
            {one.incident_id: one for one in sorted(store.incidents(unresolved=None), key=lambda one: one.incident_id)},
        )
        listed = list(store.incidents(unresolved=None))
        figures = store.figures()
    expected = remembered([agreement], [reports])
    assert same(kept, expected)
    assert listed == sorted(listed, key=lambda one: (one.observed_from, one.incident_id))
    unresolved = sum(one.unresolved for one in expected.incidents.values())
    assert (figures["incidents"], figures["unresolved"]) == (len(expected.incidents) - unresolved, unresolved)


@given(reports=clusters(about=GREENWICH, areas=False))
def test_mirrored_reports_are_mirrored_incidents(reports: list[Report]) -> None:
    """East and west of Greenwich: there the mirror changes no digit of a place, and the tiles are mirrored too."""
    here, there = fused(reports), fused([replace(one, footprint=in_a_mirror(one.footprint)) for one in reports])
    assert list(map(told_of, here)) == list(map(told_of, there))
    for one, image in zip(here, there, strict=True):
        assert (one.occurred, one.origins, one.counts, one.weapons) == (
            image.occurred,
            image.origins,
            image.counts,
            image.weapons,
        )
        if isinstance(one.footprint, Disc):
            assert isinstance(image.footprint, Disc)
            assert image.footprint.lon == pytest.approx(-one.footprint.lon, abs=2e-6)
            assert image.footprint.lat == pytest.approx(one.footprint.lat, abs=2e-6)
            assert image.footprint.radius_m == pytest.approx(one.footprint.radius_m, abs=0.2)


def in_a_mirror(footprint: Footprint) -> Footprint:
    if isinstance(footprint, Disc):
        return replace(footprint, lon=-footprint.lon)
    if isinstance(footprint, Bearing):
        return replace(footprint, lon=-footprint.lon, azimuths_deg=tuple((-b, -a) for a, b in footprint.azimuths_deg))
    return footprint
