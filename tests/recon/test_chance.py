"""The chance of being noticed: against plain reckoning, against draws, and what must hold whatever the log says."""

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.footprint import Bearing, Disc, Footprint, Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.chance import LENGTHS, chance_of_each, chance_seen, chances_seen
from pipeline.recon.log import Log
from pipeline.recon.makes import Makes, Sees, load_makes
from tests.recon.watching import BEGIN_MS, HOUR_MS, at_ms, chance_by_hand, noticed_by_draw, square, watched

PLACE = (37.0, 48.0)
NEAR, AWAY = Disc(37.01, 48.01, 12_000.0), Disc(37.1, 48.0, 15_000.0)
ALL_OVER = square(37.0, 48.0, 0.5)
CLASSES = [one.name for one in load_makes().classes]

MIXED = [
    watched("array-1", "array", (0, 24), NEAR),
    watched("array-1", "array", (3, 5), Nowhere(), state=ObservationState.OUTAGE),
    watched("array-2", "array", (0, 24), AWAY),
    watched("array-2", "array", (4, 9), square(37.0, 48.0, 0.05), state=ObservationState.JAMMED),
    watched("camera", "watch", (0, 12), NEAR, quality=0.7),
    watched("camera", "watch", (6, 8), NEAR, quality=0.3, state=ObservationState.DEGRADED),
    watched("drone", "drone", (1, 2.2), square(37.0, 48.0, 0.1)),
    watched("drone", "drone", (2.2, 3.5), Disc(37.05, 48.0, 20_000.0)),
    watched("drone", "drone", (7, 7.5), square(37.0, 48.0, 0.1)),
    watched("radar", "radar", (0, 5), NEAR),
    watched("radar", "radar", (5.13, 9), NEAR),
    watched("satellite", "satellite", (2.5, 2.51), ALL_OVER),
    watched("satellite", "satellite", (4.1, 4.1), ALL_OVER),
    watched("satellite", "satellite", (7.3, 7.31), ALL_OVER),
    watched("satellite", "satellite", (7.0, 8.0), ALL_OVER, state=ObservationState.OBSCURED),
    watched("outlets", "post", (0, 24), ALL_OVER),
]


def log(records: list[Observation], makes: Makes | None = None) -> Log:
    return Log.of(records, makes or load_makes())


def each(read: Log, hours: np.ndarray[Any, Any], class_name: str, place: tuple[float, float] = PLACE) -> Any:
    times = BEGIN_MS + (hours * HOUR_MS).astype(np.int64)
    return chance_of_each(read, np.full(len(hours), place[0]), np.full(len(hours), place[1]), times, class_name)


def seen(read: Log, class_name: str, hours: int = 10, place: tuple[float, float] = PLACE) -> Any:
    return chance_seen(read, np.array([place[0]]), np.array([place[1]]), class_name, BEGIN_MS, HOUR_MS, hours)[0]


@pytest.mark.parametrize("class_name", CLASSES)
def test_it_is_what_plain_reckoning_says(class_name: str) -> None:
    makes = load_makes()
    of = makes.class_named(class_name)
    assert of is not None
    hours = np.array([0.0, 0.95, 1.6, 2.3, 3.1, 4.05, 4.9, 6.9, 7.2, 8.9, 13.0])
    shortest, longest = of.lasts_s
    lengths_ms = [1000.0 * (shortest + (longest - shortest) * (part + 0.5) / LENGTHS) for part in range(LENGTHS)]
    by_hand = [
        np.mean([chance_by_hand(MIXED, makes, of, PLACE, at_ms(hour), length) for length in lengths_ms])
        for hour in hours.tolist()
    ]
    assert each(log(MIXED), hours, class_name) == pytest.approx(by_hand, abs=2e-3)


@pytest.mark.parametrize("class_name", ["heavy_fire", "troops", "small_drone", "heat"])
def test_it_is_the_share_of_things_drawn_at_random_that_are_noticed(class_name: str) -> None:
    makes, number = load_makes(), 4_000
    of = makes.class_named(class_name)
    assert of is not None
    rng = np.random.default_rng(7)
    share = noticed_by_draw(MIXED, makes, of, PLACE, (BEGIN_MS, at_ms(9)), rng, number).mean()
    said = seen(log(MIXED), class_name, 9).mean()
    assert share == pytest.approx(said, abs=3.0 * np.sqrt(0.25 / number) + 0.005)


def test_slots_are_the_mean_of_their_moments() -> None:
    hours = (np.arange(600) + 0.5) / 100
    for class_name in ("heavy_fire", "troops", "training"):
        single = each(log(MIXED), hours, class_name).reshape(6, 100).mean(axis=1)
        assert seen(log(MIXED), class_name, 6) == pytest.approx(single, abs=0.02)


def test_classes_together_are_as_one_by_one() -> None:
    lon, lat = np.array([37.0, 37.08, 37.3]), np.array([48.0, 48.03, 48.4])
    together = chances_seen(log(MIXED), lon, lat, CLASSES, BEGIN_MS, HOUR_MS, 9)
    for column, name in enumerate(CLASSES):
        assert (together[:, :, column] == chance_seen(log(MIXED), lon, lat, name, BEGIN_MS, HOUR_MS, 9)).all()


def test_a_log_looked_at_in_pieces_is_the_same_log() -> None:
    whole = seen(log(MIXED), "troops", 24 * 9)
    assert whole[:10] == pytest.approx(seen(log(MIXED), "troops", 10), abs=1e-12)
    assert (whole[24 * 7 :] == 0).all()


def test_who_watches_nothing_notices_nothing() -> None:
    assert (seen(log([]), "heavy_fire") == 0).all()
    assert (seen(log([watched("array", "array", (0, 9), NEAR)]), "heat") == 0).all()
    assert (seen(log([watched("array", "array", (0, 9), Nowhere())]), "heavy_fire") == 0).all()
    assert (seen(log([watched("array", None, (0, 9), NEAR)]), "heavy_fire") == 0).all()
    assert chance_seen(log(MIXED), np.zeros(0), np.zeros(0), "heat", BEGIN_MS, HOUR_MS, 3).shape == (0, 3)
    assert not len(each(log(MIXED), np.zeros(0), "heat"))


def test_it_falls_off_with_distance_within_the_footprint_and_is_nought_beyond() -> None:
    read = log([watched("array", "array", (0, 9), Disc(37.0, 48.0, 11_500.0))])
    lat = 48.0 + np.array([0.0, 11_000.0, 11_499.0, 11_600.0]) / 111_200.0
    found = chance_seen(read, np.full(4, 37.0), lat, "heavy_fire", BEGIN_MS, HOUR_MS, 1)[:, 0]
    assert found == pytest.approx([0.95, 0.475, 0.434, 0.0], abs=2e-3)


def test_a_bearing_is_watched_between_its_azimuths_and_ranges() -> None:
    facing = Bearing(37.0, 48.0, 1_000.0, 9_000.0, ((315.0, 45.0),))
    read = log([watched("camera", "watch", (0, 9), facing)])
    lon = np.array([37.0, 37.0, 37.0, 37.04, 37.04])
    lat = np.array([48.03, 48.005, 48.09, 48.0, 48.041])
    found = chance_seen(read, lon, lat, "heavy_fire", BEGIN_MS, HOUR_MS, 1)[:, 0]
    assert (found > 0).tolist() == [True, False, False, False, True]


def test_a_swath_across_the_antimeridian_and_with_long_edges() -> None:
    read = log([watched("satellite", "satellite", (1, 1), square(180.0, 60.0, 20.0))])
    lon, lat = np.array([179.0, -179.0, 0.0, 180.0]), np.array([60.0, 60.0, 60.0, 40.5])
    found = chance_seen(read, lon, lat, "heat", BEGIN_MS + HOUR_MS - 600_000, 600_000, 1)[:, 0]
    # The southern edge is a great circle, which runs north of the parallel between its ends.
    assert (found > 0).tolist() == [True, True, False, False]


def test_the_jammed_notice_that_they_are() -> None:
    records = [
        watched("drone", "drone", (0, 9), NEAR),
        watched("drone", None, (0, 9), Nowhere(), state=ObservationState.JAMMED),
    ]
    assert (seen(log(records), "troops", 8) == 0).all()
    assert seen(log(records), "jamming", 8) == pytest.approx(0.7, abs=1e-3)


def test_techniques_can_be_left_out() -> None:
    lon, lat = np.array([PLACE[0]]), np.array([PLACE[1]])
    records = [one for one in MIXED if one.make not in {"array", "post"}]
    left = chance_seen(log(MIXED), lon, lat, "heavy_fire", BEGIN_MS, HOUR_MS, 9, {"acoustic", "open_source"})
    assert left == pytest.approx(chance_seen(log(records), lon, lat, "heavy_fire", BEGIN_MS, HOUR_MS, 9), abs=1e-12)


def test_assets_of_one_technique_may_miss_the_same_things() -> None:
    shipped = load_makes()
    makes = msgspec.structs.replace(
        shipped, makes=tuple(msgspec.structs.replace(one, dependence=0.25) for one in shipped.makes)
    )
    records = [watched(name, "array", (0, 9), NEAR) for name in ("one", "two")]
    records += [watched("camera", "watch", (0, 9), NEAR)]
    alone = {
        name: 1.0 - seen(log([one for one in records if one.make == name][:1], makes), "heavy_fire", 1)[0]
        for name in ("array", "watch")
    }
    missed = (0.25 * alone["array"] + 0.75 * alone["array"] ** 2) * alone["watch"]
    assert seen(log(records, makes), "heavy_fire", 1)[0] == pytest.approx(1.0 - missed, abs=1e-9)


def test_one_length_is_shared_by_all_that_look() -> None:
    # Two satellites pass 40 minutes after the beginning: only what goes on as long is seen, by either or by both.
    makes = load_makes()
    records = [watched(name, "satellite", (40 / 60, 40 / 60), ALL_OVER) for name in ("one", "two")]
    found = each(log(records), np.zeros(1), "training")[0]
    satellite = makes.make("satellite")
    assert satellite is not None
    assert satellite.sees["training"] == Sees(chance=0.5)
    lasting = [600 + 3_000 * (part + 0.5) / LENGTHS >= 2_400 for part in range(LENGTHS)]
    assert 0.3 < np.mean(lasting) < 0.5
    assert found == pytest.approx((1 - 0.5**2) * np.mean(lasting), abs=1e-9)


def test_no_such_class() -> None:
    with pytest.raises(ValueError, match="no class of activity"):
        seen(log(MIXED), "rumours")


FOOTPRINTS: list[Footprint] = [NEAR, AWAY, ALL_OVER, Nowhere(), square(37.05, 48.0, 0.04)]
RECORDS = st.builds(
    lambda asset, begin, lasts, footprint, state, quality: watched(
        asset, asset.split("-")[0], (begin, begin + lasts), footprint, state=state, quality=quality
    ),
    st.sampled_from([f"{one.name}-{number}" for one in load_makes().makes for number in (1, 2)]),
    st.floats(0, 6).map(lambda hours: round(hours, 2)),
    st.sampled_from([0.0, 0.005, 0.4, 3.0]),
    st.sampled_from(FOOTPRINTS),
    st.sampled_from(list(ObservationState)),
    st.sampled_from([None, 0.0, 0.3, 1.0]),
)
LOGS = st.lists(RECORDS, max_size=12)
NAMES = st.sampled_from(CLASSES)


@given(LOGS, NAMES, st.randoms(use_true_random=False))
def test_order_and_repeats_mean_nothing(records: list[Observation], name: str, rng: random.Random) -> None:
    again = [*records, *rng.sample(records, len(records) // 2)]
    rng.shuffle(again)
    assert (seen(log(again), name) == seen(log(records), name)).all()


@given(LOGS, NAMES)
def test_it_is_a_chance(records: list[Observation], name: str) -> None:
    found = seen(log(records), name)
    assert ((found >= 0) & (found <= 1)).all()


@given(LOGS, RECORDS, NAMES)
def test_another_asset_that_watches_never_lowers_it(records: list[Observation], more: Observation, name: str) -> None:
    other = msgspec.structs.replace(more, asset="another")
    assert (seen(log([*records, other]), name) >= seen(log(records), name) - 1e-12).all()


@given(LOGS, RECORDS, NAMES)
def test_an_outage_never_raises_it(records: list[Observation], more: Observation, name: str) -> None:
    out = msgspec.structs.replace(more, state=ObservationState.OUTAGE)
    assert (seen(log([*records, out]), name) <= seen(log(records), name) + 1e-12).all()
