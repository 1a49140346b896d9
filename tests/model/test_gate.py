"""The gate through which every report enters: what is refused, and how it is told."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.model.check import check, check_all, in_utc
from pipeline.model.columns import columns_of
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Nowhere, Polygon, wind_azimuths
from pipeline.model.identity import alert_id, content_hash, incident_id
from pipeline.model.records import Window
from pipeline.model.report import Count, Origin, Report
from pipeline.model.taxonomy import CountUnit, RejectReason
from tests.fans import fan
from tests.worlds import DAY, report, reports_near_the_line

GOOD = report(1, Disc(37.5, 48.2, 100.0))
SQUARE = [[37.0, 48.0], [38.0, 48.0], [38.0, 49.0], [37.0, 48.0]]
HAIR = [[0.0, 0.0], [0.0, 1e-13], [1.1926126068866937e-287, 0.0], [0.0, 0.0]]
TEETH = [[50.0 if tooth % 2 else 0.0, 40.0 + tooth / 50] for tooth in range(300)]
COMB = [[-1.0, 40.0], *TEETH, [-1.0, 46.0], [-1.0, 40.0]]
"""Valid, with so many edges across the world that they cross each other as geodesics."""

TILES = MultiPolygon(
    [
        [
            [
                [x / 10, y / 10],
                [(x + 1) / 10, y / 10],
                [(x + 1) / 10, (y + 1) / 10],
                [x / 10, (y + 1) / 10],
                [x / 10, y / 10],
            ]
        ]
        for x in range(340, 400)
        for y in range(460, 510)
    ]
)
BOW_TIE = [[37.0, 48.0], [38.0, 49.0], [38.0, 48.0], [37.0, 49.0], [37.0, 48.0]]
R = RejectReason


@pytest.mark.parametrize(
    "footprint",
    [
        Disc(-180.0, -90.0, 0.0),
        Bearing(37.0, 48.0, 0.0, 5_000.0, ((350.0, 10.0),)),
        Bearing(37.0, 48.0, 0.0, 5_000.0, ((350.0, 10.0),), 2_000_000.0),
        Area(area_id="known"),
        Area(geometry=Polygon([SQUARE])),
        Area(geometry=MultiPolygon([[SQUARE], [SQUARE]])),
        Area(geometry=fan(50)),
        Area(geometry=TILES),
        Nowhere(),
    ],
)
def test_every_kind_of_footprint_passes(footprint: Footprint) -> None:
    assert check(replace(GOOD, footprint=footprint), {"known"}) is None


ODD_TIMES = st.sampled_from(
    [DAY, datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)]
) | st.datetimes(timezones=st.just(UTC))
ODD_FIGURES = st.floats() | st.sampled_from([0.0, -0.0, 90.0, 180.0, -180.0, 180.00000000000003, 2_000_000.0])
ODD_COUNTS = st.builds(Count, ODD_FIGURES, st.none() | ODD_FIGURES, st.just(CountUnit.SHOT))
ODD: dict[str, st.SearchStrategy[Any]] = {
    "report_id": st.sampled_from(["test:1", "test:", "test", ":1", "else:1", "test:" + "x" * 295, "test:" + "x" * 296]),
    "source": st.sampled_from(["test", "", "te", "test:1"]),
    "observed_from": ODD_TIMES,
    "observed_until": ODD_TIMES,
    "published_at": st.none() | ODD_TIMES,
    "received_at": st.none() | ODD_TIMES,
    "revises": st.none() | st.sampled_from(["test:1", "test:2", "else:2"]),
    "ledger": st.none() | st.sampled_from(["sensor", "party:a", "party:", "press"]),
    "calibre_mm": st.none() | ODD_FIGURES | st.tuples(ODD_FIGURES, ODD_FIGURES),
    "count": st.none() | ODD_COUNTS,
    "footprint": st.one_of(
        st.builds(Disc, ODD_FIGURES, ODD_FIGURES, ODD_FIGURES),
        st.builds(
            lambda near, far, beside: Bearing(37.0, 48.0, near, far, ((0.0, 9.0),), beside),
            ODD_FIGURES,
            ODD_FIGURES,
            ODD_FIGURES,
        ),
        st.sampled_from([Nowhere(), Area(), Area(area_id="known"), Area(area_id="else"), Area(geometry=Polygon([]))]),
    ),
}


@given(st.lists(st.fixed_dictionaries({}, optional=ODD), max_size=6), st.booleans())
def test_many_at_once_are_checked_as_each_alone(changes: list[dict[str, Any]], only_discs: bool) -> None:
    reports = [GOOD, *(replace(GOOD, **changed) for changed in changes)]
    if only_discs:
        reports = [one for one in reports if isinstance(one.footprint, Disc)]
    alone = [check(one, {"known"}) for one in reports]
    found = check_all(reports, columns_of(reports), {"known"})
    assert found == {index: problem for index, problem in enumerate(alone) if problem is not None}


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"report_id": "else:1"}, "report_id", R.BAD_ID),
        ({"report_id": "test:"}, "report_id", R.BAD_ID),
        ({"report_id": "test:" + "x" * 400}, "report_id", R.BAD_ID),
        ({"revises": "test:1"}, "revises", R.BAD_REVISION),
        ({"revises": "else:2"}, "revises", R.BAD_REVISION),
        ({"observed_until": DAY}, "observed_until", R.END_BEFORE_START),
        ({"observed_from": datetime(1, 1, 1, tzinfo=UTC)}, "observed_from", R.TIME_OUT_OF_RANGE),
        ({"observed_until": datetime(3000, 1, 1, tzinfo=UTC)}, "observed_until", R.TIME_OUT_OF_RANGE),
        ({"published_at": datetime(1800, 1, 1, tzinfo=UTC)}, "published_at", R.TIME_OUT_OF_RANGE),
        ({"footprint": Disc(999.0, 999.0, 1.0)}, "footprint", R.COORDINATES_OUT_OF_RANGE),
        ({"footprint": Disc(48.2, 137.5, 1.0)}, "footprint", R.COORDINATES_SWAPPED),
        ({"footprint": Disc(0.0, 0.0, 1.0)}, "footprint", R.NULL_ISLAND),
        ({"footprint": Disc(37.0, 48.0, -1.0)}, "footprint.radius_m", R.BAD_VALUE),
        ({"footprint": Disc(37.0, 48.0, float("nan"))}, "footprint.radius_m", R.BAD_VALUE),
        ({"footprint": Disc(float("nan"), 48.0, 1.0)}, "footprint", R.COORDINATES_OUT_OF_RANGE),
        ({"footprint": Bearing(37.0, 48.0, 5.0, 5.0, ((0.0, 9.0),))}, "footprint.range_max_m", R.BAD_VALUE),
        *(
            (
                {"footprint": Bearing(37.0, 48.0, 0.0, 5.0, ((0.0, 9.0),), no)},
                "footprint.observer_radius_m",
                R.BAD_VALUE,
            )
            for no in (-1.0, float("nan"), float("inf"), 2_000_001.0)
        ),
        ({"footprint": Bearing(37.0, 48.0, 0.0, 5.0, ())}, "footprint.azimuths_deg", R.BAD_VALUE),
        ({"footprint": Bearing(37.0, 48.0, 0.0, 5.0, ((90.0, 90.0),))}, "footprint.azimuths_deg", R.BAD_VALUE),
        ({"footprint": Bearing(37.0, 48.0, 0.0, 5.0, ((10.0, 371.0),))}, "footprint.azimuths_deg", R.BAD_VALUE),
        ({"footprint": Area(geometry=Polygon([HAIR]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([BOW_TIE]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area()}, "footprint", R.BAD_VALUE),
        ({"footprint": Area(area_id="nobody knows")}, "footprint.area_id", R.UNKNOWN_AREA),
        ({"footprint": Area(geometry=Polygon([COMB]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([SQUARE[:3]]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([[[37.0, 48.0]] * 4]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([[[1.0]] * 4]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=Polygon([SQUARE * 6000]))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=fan(200))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"footprint": Area(geometry=fan(4_000))}, "footprint.geometry", R.BAD_GEOMETRY),
        ({"calibre_mm": -1.0}, "calibre_mm", R.BAD_VALUE),
        ({"calibre_mm": (152.0, 122.0)}, "calibre_mm", R.BAD_VALUE),
        ({"ledger": "party:"}, "ledger", R.UNKNOWN_TERM),
        ({"ledger": ""}, "ledger", R.UNKNOWN_TERM),
        ({"count": Count(5, 4, CountUnit.SHOT)}, "count", R.BAD_VALUE),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_reason(
    changed: dict[str, Any], field: str, reason: RejectReason
) -> None:
    found = check(replace(GOOD, **changed), {"known"})
    assert found
    assert (found.field, found.reason) == (field, reason)
    assert found.detail


@given(hours=st.integers(-12, 14))
def test_times_come_to_utc_without_moving(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    moved = in_utc(replace(GOOD, observed_from=GOOD.observed_from.astimezone(zone)))
    assert moved == GOOD
    assert moved.observed_from.tzinfo is UTC


@given(original=reports_near_the_line())
def test_the_content_hash_is_of_what_is_said_and_not_of_how_it_came(original: Report) -> None:
    same = replace(original, feed="other", received_at=DAY, origin=Origin("f", 9, "0" * 64))
    assert content_hash(same) == content_hash(original)
    assert content_hash(replace(original, text="something else")) != content_hash(original)
    assert content_hash(replace(original, activity="heat")) != content_hash(original)


def test_ids_are_what_they_were() -> None:
    """Ids are kept in stores and cited in reports: they never change."""
    window = Window("t092-095", "2016-03-01")
    assert incident_id("test:1", window) == "in_24c8456b7bd04975fe03"
    assert alert_id("world", "ceasefire", "in_24c8456b7bd04975fe03") == "al_9c636cc9a60d2151bdae"
    assert content_hash(GOOD).hex() == "d2d6f34b15285b92dd0d3f8c4d02c2e1"


@pytest.mark.parametrize(
    ("words", "azimuths"),
    [
        ("N", ((348.75, 11.25),)),
        ("nne", ((11.25, 33.75),)),
        ("North-East", ((33.75, 56.25),)),
        ("NE to SE", ((33.75, 146.25),)),
        ("NW to NE", ((303.75, 56.25),)),
        ("SSE,S,SSW", ((146.25, 168.75), (168.75, 191.25), (191.25, 213.75))),
        ("N, SSE and W", ((348.75, 11.25), (146.25, 168.75), (258.75, 281.25))),
    ],
)
def test_monitors_words_for_directions(words: str, azimuths: tuple[tuple[float, float], ...]) -> None:
    assert wind_azimuths(words) == azimuths


@pytest.mark.parametrize("words", ["easterly directions", "NE to", "N to E to S", "42"])
def test_a_word_that_is_no_wind_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"direction|winds"):
        wind_azimuths(words)
