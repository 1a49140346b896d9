"""Candidate looks: each keeps to everything that binds, whatever the assets; mirrored parties have mirrored looks."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.earth import distance_m
from pipeline.recon.assets import Asset, Flying, Hours, Orbiting, Standing
from pipeline.recon.choice import Look
from pipeline.recon.gain import HOUR_MS, Question
from pipeline.recon.looks import STAY_MS, Offered, Surroundings, offered
from pipeline.recon.missions import load_mission
from pipeline.recon.permission import may_be_at, refusals
from pipeline.recon.plan import plan
from pipeline.recon.sun import sun_elevation_deg
from pipeline.recon.traces import load_traces
from tests.recon.looking import question
from tests.recon.missions import MAKES, asset, assets, flying, mirrored, rules
from tests.worlds import mirrored_lon, write_world

BEGIN = datetime(2016, 3, 1, 6, tzinfo=UTC)
BEGIN_MS = round(BEGIN.timestamp() * 1000)
HOME = (37.6, 48.6)
"""Some 40 km left of the line, on the side of a."""


@cache
def world(mirror: bool = False) -> Agreement:
    with TemporaryDirectory() as folder:
        return load_agreement(write_world(Path(folder), mirror=mirror, extra=rules(mirror=mirror)))


def around(hours: float = 12.0, *, mirror: bool = False, **fields: Any) -> Surroundings:
    given = {"makes": MAKES, **fields}
    return Surroundings(
        agreement=world(mirror), traces=load_traces(), begin=BEGIN, end=BEGIN + timedelta(hours=hours), **given
    )


def asked(number: int, lon: float, lat: float, **fields: Any) -> Question:
    given = {"from_ms": BEGIN_MS - 3 * HOUR_MS, "until_ms": BEGIN_MS - 2 * HOUR_MS, **fields}
    return question(number)._replace(lon=lon, lat=lat, **given)


places = st.tuples(st.integers(36_800, 38_700), st.integers(47_800, 48_800)).map(
    lambda found: (found[0] / 1000.0, found[1] / 1000.0)
)
some_questions = st.lists(places, min_size=1, max_size=4).map(
    lambda found: [asked(number, *place) for number, place in enumerate(found)]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(assets(), min_size=1, max_size=3), some_questions, st.floats(2.0, 14.0))
def test_no_look_breaks_what_binds(some: list[Asset], questions: list[Question], hours: float) -> None:
    named = [replace(one, asset_id=f"one-{number}") for number, one in enumerate(some)]
    found = offered(named, questions, around(hours))
    for look in found.looks:
        used = next(one for one in named if one.asset_id == look.asset)
        about = next(one for one in questions if one.name == look.question)
        _check(look, used, about, hours)
    looked_at = {look.question for look in found.looks}
    assert set(found.refusals) == {one.name for one in questions} - looked_at
    assert all(found.refusals.values())


def _check(look: Look, used: Asset, about: Question, hours: float) -> None:
    begin_ms, end_ms = BEGIN_MS, BEGIN_MS + hours * HOUR_MS
    assert begin_ms <= look.from_ms < look.until_ms <= end_ms
    assert begin_ms <= look.busy_from_ms <= look.from_ms
    assert may_be_at(used, world(), MAKES, [look.lon], [look.lat]).all()
    assert 0.0 < look.chances.found_if_so <= 1.0
    assert look.chances.found_if_not <= look.chances.found_if_so
    make = MAKES.make(used.make)
    assert make is not None
    if make.daylight:
        times = np.array([look.from_ms, look.until_ms])
        assert (sun_elevation_deg(look.lon, look.lat, times) >= -6.0).all()
    away_m = float(distance_m(look.lon, look.lat, about.lon, about.lat))
    assert away_m == pytest.approx(look.distance_m, abs=1.0)
    if isinstance(used.where, Flying):
        where = used.where
        out_m = float(distance_m(*where.home, look.lon, look.lat))
        out_ms = 1000.0 * out_m / where.speed_m_s
        assert away_m <= where.swath_m
        assert out_m <= where.range_m
        assert 2 * out_ms + STAY_MS <= 1000.0 * where.endurance_s + 2
        assert look.busy_from_ms <= look.from_ms - out_ms + 1
        assert look.busy_until_ms >= look.until_ms + out_ms + 1000.0 * where.turnaround_s - 2
        way = replace(used, where=replace(where, track=((look.lon, look.lat),)))
        assert not refusals(way, world(), MAKES), "the way there is allowed too"
    else:
        assert isinstance(used.where, Standing)
        assert away_m <= make.reach_m


@settings(deadline=None, max_examples=40)
@given(st.lists(assets(), min_size=1, max_size=3), some_questions)
def test_mirrored_parties_have_mirrored_looks_and_plans(some: list[Asset], questions: list[Question]) -> None:
    named = [replace(one, asset_id=f"one-{number}") for number, one in enumerate(some)]
    flipped = [one._replace(lon=mirrored_lon(one.lon)) for one in questions]
    # The sun rises in the east in either world.
    makes = replace(MAKES, makes=tuple(replace(one, daylight=False) for one in MAKES.makes))
    here = offered(named, questions, around(makes=makes))
    there = offered([mirrored(one) for one in named], flipped, around(mirror=True, makes=makes))
    for one, other in zip(_in_order(here), _in_order(there), strict=True):
        assert (one.asset, one.question, one.from_ms) == (other.asset, other.question, other.from_ms)
        assert one.chances == pytest.approx(other.chances, abs=1e-6)
        assert (mirrored_lon(one.lon), one.lat) == pytest.approx((other.lon, other.lat), abs=1e-6)
    made, again = (plan(mine, found.looks) for mine, found in ((questions, here), (flipped, there)))
    assert [(one.look.asset, one.look.question, one.look.from_ms) for one in made.chosen] == [
        (one.look.asset, one.look.question, one.look.from_ms) for one in again.chosen
    ]


def _in_order(found: Offered) -> list[Look]:
    return sorted(found.looks, key=lambda look: (look.asset, look.question, look.from_ms))


def drone(**fields: Any) -> Asset:
    given = {key: fields.pop(key) for key in list(fields) if key in Flying.__struct_fields__}
    return asset(flying(HOME, **given), "drone-1", "long_drone", **fields)


NEAR = asked(0, 37.6, 48.4)


def looks_of(one: Asset, about: Question = NEAR, **fields: Any) -> Offered:
    return offered([one], [about], around(**fields))


def test_who_may_not_be_there_stands_off_on_its_own_side() -> None:
    beyond = asked(0, 37.6, 48.19)
    line = world().lines["line"]
    there = line.locate([beyond.lon], [beyond.lat])
    assert not there.left[0]
    (first, *_) = looks_of(drone(consent=("a",), swath_m=9_000.0), beyond).looks
    found = line.locate([first.lon], [first.lat])
    assert found.left[0], "from the side of a, who agreed"
    assert 0.0 < first.distance_m <= 9_000.0
    refused = looks_of(drone(consent=("a",), swath_m=500.0), beyond)
    assert not refused.looks


@pytest.mark.parametrize(
    ("one", "fields", "said"),
    [
        (drone(range_m=5_000.0), {}, "it lies out of its range"),
        (drone(endurance_s=2_000.0), {}, "its endurance does not suffice"),
        (drone(consent=()), {}, "it may not go there: no consent of a"),
        (drone(hours=Hours(begin=2.0, until=4.0)), {}, "its hours"),
        (drone(valid_until=BEGIN), {}, "it is not to be had"),
        (drone(), {"busy": {"drone-1": [(BEGIN_MS, BEGIN_MS + 12 * HOUR_MS)]}}, "what it is asked for already"),
        (drone(), {"cloud": (1.0,)}, "by cloud"),
        (drone(quality=0.0), {}, "too little would be found"),
        (asset(Standing(lon=HOME[0], lat=HOME[1])), {}, "acoustic looks find no signs of it"),
        (asset(Standing(lon=37.6, lat=48.41), make="tower_camera", consent=()), {}, "no consent of a"),
        (asset(Standing(lon=37.6, lat=48.41, sectors_deg=((350.0, 10.0),)), make="tower_camera"), {}, "another way"),
        (asset(Standing(lon=36.0, lat=48.4), make="tower_camera"), {}, "does not see so far"),
    ],
)
def test_what_stands_in_the_way_is_told(one: Asset, fields: dict[str, Any], said: str) -> None:
    found = looks_of(one, **fields)
    assert not found.looks
    assert said in found.refusals["q000"]
    assert found.refusals["q000"].endswith("(1 of 1 assets)")


def test_what_is_asked_for_already_keeps_an_asset_as_long_as_the_look_says_and_no_longer() -> None:
    first = min(looks_of(drone()).looks, key=lambda look: look.from_ms)
    taken = (first.busy_from_ms, first.busy_until_ms)
    others = looks_of(drone(), busy={"drone-1": [taken]}).looks
    assert others
    assert all(look.busy_from_ms >= taken[1] for look in others), "the first could not be earlier"
    begins_ms = max(look.busy_from_ms for look in looks_of(drone()).looks)
    over = {"drone-1": [(BEGIN_MS, begins_ms)]}
    assert begins_ms in {look.busy_from_ms for look in looks_of(drone(), busy=over).looks}, "it sets out at once"


def test_the_sooner_the_more_is_found_and_the_later_the_less() -> None:
    looks = sorted(looks_of(drone()).looks, key=lambda look: look.from_ms)
    assert len(looks) == 4
    found = [look.chances.found_if_so for look in looks]
    assert found == sorted(found, reverse=True)
    clouded = sorted(looks_of(drone(), cloud=(0.5,)).looks, key=lambda look: look.from_ms)
    assert [look.chances.found_if_so for look in clouded] == pytest.approx([one / 2.0 for one in found])


def test_a_satellite_looks_only_when_it_passes_by_day_and_a_radar_by_night_too() -> None:
    orbit: dict[str, Any] = {"epoch": BEGIN, "altitude_m": 600_000.0, "greatest_look_deg": 55.0}
    camera = asset(Orbiting(**orbit, descends_at_h=10.5), "camera", "optical_satellite", operator="somebody")
    radar = asset(Orbiting(**orbit, descends_at_h=6.0, sensor="radar"), "radar", "sar_satellite", operator="somebody")
    about = asked(0, 37.6, 48.4, class_name="great_heat")
    found = offered([camera, radar], [about], around(96.0)).looks
    for name, night in (("camera", False), ("radar", True)):
        times = np.array([look.from_ms for look in found if look.asset == name])
        assert len(times)
        sun = sun_elevation_deg(about.lon, about.lat, times)
        assert bool((sun < 10.0).any()) is night


def test_the_founding_mission_keeps_to_its_agreement() -> None:
    agreement = load_agreement("ukraine-hypothetical")
    mission = load_mission("ukraine-hypothetical", agreement)
    (line,) = agreement.lines.values()
    along = np.linspace(0.1, 0.9, 6) * line.length_m
    lon, lat = line.place(along, np.array([-4_000.0, 4_000.0] * 3))
    begin = datetime(2026, 3, 20, 6, tzinfo=UTC)
    times = {name: round(begin.timestamp() * 1000) - HOUR_MS for name in ("from_ms", "until_ms")}
    questions = [asked(number, *place, **times) for number, place in enumerate(zip(lon, lat, strict=True))]
    surroundings = Surroundings(agreement, MAKES, load_traces(), begin, begin + timedelta(hours=12))
    found = offered(mission.assets, questions, surroundings)
    refused = {one.asset_id for one in mission.assets if refusals(one, agreement, MAKES)}
    assert found.looks
    assert refused
    assert not refused & {look.asset for look in found.looks}
    americans = {one.asset_id for one in mission.assets if one.staff != "none" and one.staff_of == "united-states"}
    ground = {one.asset_id for one in mission.assets if one.domain == "ground"}
    assert not americans & ground & {look.asset for look in found.looks}
