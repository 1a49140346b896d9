"""Passing through is not staying: dwell and hysteresis at a zone's edge, in the order of event time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.clauses import Dwell
from pipeline.agreement.load import check_agreement
from pipeline.model.footprint import Disc, Footprint, Nowhere
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Doubt, Standing
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.monitor.dwell import stays
from tests.worlds import report, world, write_world

EDGE_M = 7_500.0
"""Of the zone `near-b`, in which a track must stay for an hour, by 300 m."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def deep(agreement: Agreement, depth_m: float) -> Disc:
    """A place so deep within the edge; where the line is straight."""
    lon, lat = agreement.lines["line"].place(85_000.0, EDGE_M - depth_m)
    return Disc(round(float(lon), 6), round(float(lat), 6), 5.0)


def track(*places: Footprint, minutes: float = 30) -> list[Report]:
    return [
        report(number, place, Activity.MOVEMENT, at=timedelta(hours=8, minutes=minutes * number), track_id="one")
        for number, place in enumerate(places)
    ]


def found(agreement: Agreement, *given: Report) -> Alert | None:
    changes = Monitor([agreement], MemoryWindows(), {}).process(given)
    return next((alert for alert in changes.alerts[agreement.name] if alert.provision == "stay-b"), None)


@pytest.mark.parametrize(
    ("depths_m", "inside"),
    [
        ((2_000, 2_000, 2_000), True),
        ((2_000, 2_000), False),
        ((2_000, -2_000, 2_000), False),
        ((2_000, -200, 2_000), True),
        ((2_000, -400, 2_000), False),
        ((200, 200, 200, 200), False),
        ((400, 200, 200), True),
        ((200, 400, 200), False),
        ((-2_000, 400, -200, 200, -2_000), True),
        ((2_000, -2_000, 2_000, 2_000, 2_000), True),
    ],
)
def test_a_track_is_inside_once_it_has_stayed(agreement: Agreement, depths_m: tuple[float, ...], inside: bool) -> None:
    assert (found(agreement, *track(*(deep(agreement, depth) for depth in depths_m))) is not None) == inside


def test_the_alert_tells_from_when_until_when(agreement: Agreement) -> None:
    places = [deep(agreement, depth) for depth in (-2_000, 400, 2_000, 300, -2_000)]
    alert = found(agreement, *track(*places))
    assert alert is not None
    assert alert.standing is Standing.RAISED
    assert alert.figures == {"inside_from": "2016-03-01T08:30:00+00:00", "inside_until": "2016-03-01T09:30:10+00:00"}


def test_a_place_that_is_nowhere_is_no_leaving(agreement: Agreement) -> None:
    assert found(agreement, *track(deep(agreement, 2_000), Nowhere(), deep(agreement, 2_000)))


@given(order=st.permutations(range(5)))
def test_the_order_of_arrival_means_nothing(agreement: Agreement, order: list[int]) -> None:
    given = track(*(deep(agreement, depth) for depth in (2_000, -200, 400, -1_000, 2_000)))
    monitor, alert = Monitor([agreement], MemoryWindows(), {}), None
    for number in order:
        told = monitor.process([given[number]]).alerts[agreement.name]
        alert = next((one for one in told if one.provision == "stay-b"), None)
    assert alert == found(agreement, *given)
    assert alert is not None


@pytest.mark.parametrize(
    ("minutes", "standing"), [(0, Standing.POSSIBLE), (59, Standing.POSSIBLE), (60, Standing.RAISED)]
)
def test_what_is_no_track_is_only_possible_unless_it_was_seen_so_long(
    agreement: Agreement, minutes: int, standing: Standing
) -> None:
    seen = report(1, deep(agreement, 2_000), Activity.TROOP_PRESENCE, lasting=timedelta(minutes=minutes))
    alert = found(agreement, seen)
    assert alert is not None
    assert alert.standing is standing
    notes = {note.doubt: note.figures for note in alert.doubts}
    assert notes.get(Doubt.DWELL_SHORT) == (
        {"dwell_minutes": 60.0, "seen_minutes": float(minutes)} if standing is Standing.POSSIBLE else None
    )


def _by_hand(margins: list[float], dwell: Dwell) -> list[bool]:
    """One step after the other, a minute each."""
    inside, spans, begun = False, [], 0
    for at, margin in [*enumerate(margins), (len(margins), -np.inf)]:
        if not inside and margin >= dwell.hysteresis_m:
            inside, begun = True, at
        elif inside and margin < -dwell.hysteresis_m:
            inside = False
            spans.append((begun, at))
    return [any(b <= at < e and e - 1 - b >= dwell.minutes for b, e in spans) for at in range(len(margins))]


@given(
    margins=st.lists(st.sampled_from([-50.0, -20.0, -1.0, 0.0, 20.0, 50.0]), min_size=1, max_size=12),
    dwell=st.builds(Dwell, st.sampled_from([0.0, 1.0, 3.0]), st.sampled_from([0.0, 10.0, 30.0])),
    before=st.sampled_from([[], [50.0], [-50.0, 50.0, 50.0, 50.0, 50.0]]),
)
def test_stays_are_those_that_are_gone_through_by_hand(margins: list[float], dwell: Dwell, before: list[float]) -> None:
    """Whatever another track beside it did."""
    together: Any = np.array(before + margins)
    owner = np.repeat([0, 1], [len(before), len(margins)])
    if not before:
        owner -= 1
    at_us = np.arange(len(together), dtype=np.int64) * 60_000_000
    assert stays(dwell, together, owner, at_us, at_us).counts[len(before) :].tolist() == _by_hand(margins, dwell)


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ("dwell_minutes = 60 => dwell_minutes = 0", "provisions[stay-b].dwell_minutes: Expected `float` > 0"),
        ("hysteresis_m = 300 => hysteresis_m = -1", "provisions[stay-b].hysteresis_m: Expected `float` >= 0"),
        (
            "hysteresis_m = 300 => hysteresis_m = 7500",
            "provisions[stay-b].hysteresis_m: no place of its zones is so deep",
        ),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, swap: str, message: str) -> None:
    path = write_world(tmp_path)
    old, new = swap.split(" => ")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert any(message in str(problem) for problem in check_agreement(path))


def test_the_page_says_from_when_on_it_is_inside(tmp_path: Path) -> None:
    from pipeline.cli.agreement_page import page

    text = " ".join(" ".join(page(load_agreement(write_world(tmp_path)), 110)).split())
    assert "for 60 minutes or longer, in or out from 300 m beyond the edge" in text
