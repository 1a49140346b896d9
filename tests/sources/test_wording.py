"""The rules that read words: for each a table of phrases, what is in doubt, and what no rule reads."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.wording.counts import count, counted
from pipeline.sources.wording.places import ALL_ROUND, FAR_M, place
from pipeline.sources.wording.reading import SAID_LIMIT, Reading, as_said, is_unknown
from pipeline.sources.wording.things import arms, kinds, senses
from pipeline.sources.wording.times import when

KYIV = ZoneInfo("Europe/Kyiv")
REPORTED = date(2018, 10, 5)
SSW = (191.25, 213.75)
NE = (33.75, 56.25)
W = (258.75, 281.25)


@pytest.mark.parametrize(
    ("words", "range_m", "azimuths"),
    [
        ("1-5km SSW", (1000, 5000), (SSW,)),
        ("4–5 km SSW of", (4000, 5000), (SSW,)),
        ("4 to 5 kilometres south-south-west", (4000, 5000), (SSW,)),
        ("at an assessed range of 3-6km W", (3000, 6000), (W,)),
        ("1-3km N, SSE, SW", (1000, 3000), ((348.75, 11.25), (146.25, 168.75), (213.75, 236.25))),
        ("1-5km NE to SE", (1000, 5000), ((33.75, 146.25),)),
        ("W, 800-900 m", (800, 900), (W,)),
        ("4.5 km NE", (3375, 5625), (NE,)),
        ("less than 1km W of the camera", (0, 1000), (W,)),
        ("South-West 2km", (1500, 2500), ((213.75, 236.25),)),
    ],
)
def test_a_range_and_winds(words: str, range_m: tuple[float, float], azimuths: tuple[tuple[float, float], ...]) -> None:
    read = place(words)
    assert (read.value.range_m, read.value.azimuths_deg, read.value.town) == (range_m, azimuths, None)
    assert (read.rule, read.doubtful) == ("range_and_winds", False)


@pytest.mark.parametrize(
    ("words", "range_m", "azimuths"),
    [
        ("3-5 km easterly directions", (3000, 5000), ((0.0, 180.0),)),
        ("1-2km N-NE", (1000, 2000), ((348.75, 56.25),)),
        ("1-2km SE to NE", (1000, 2000), ((123.75, 56.25),)),
        ("W", (0, FAR_M), (W,)),
        ("3-4km", (3000, 4000), ALL_ROUND),
        ("3-4km, all directions", (3000, 4000), ALL_ROUND),
        ("2-3km W and 4-5km NE", (2000, 5000), (W, NE)),
    ],
)
def test_what_is_said_loosely_is_read_in_doubt(
    words: str, range_m: tuple[float, float], azimuths: tuple[tuple[float, float], ...]
) -> None:
    read = place(words)
    assert (read.value.range_m, read.value.azimuths_deg) == (range_m, azimuths)
    assert (read.rule, read.doubtful) == ("range_and_winds", True)


@pytest.mark.parametrize(
    ("words", "town", "here", "doubtful"),
    [
        ("2 km NE of Hnutove", "Hnutove", False, False),
        ("SMM camera 1.5km NE of Hnutove (government-controlled, 20km NE of Mariupol)", "Hnutove", False, False),
        ("NW of Yasynuvata", "Yasynuvata", False, True),
        ("Donetsk railway station", "Donetsk railway station", True, False),
    ],
)
def test_a_distance_from_a_named_place(words: str, town: str, here: bool, doubtful: bool) -> None:
    read = place(words)
    assert (read.value.town, read.value.here, read.rule, read.doubtful) == (town, here, "from_a_place", doubtful)


@pytest.mark.parametrize(
    "words", ["N/K", "", "-", "4-5 W", "900km W", "5-4km W", "nearby somewhere", "1-5km ZZ", "0 km W"]
)
def test_a_place_that_no_rule_reads_is_broad_and_doubtful(words: str) -> None:
    read = place(words)
    assert (read.value.range_m, read.value.azimuths_deg) == ((0, FAR_M), ALL_ROUND)
    assert (read.rule, read.doubtful) == ("words_unread", True)


@pytest.mark.parametrize(
    ("words", "begin", "end", "rule", "doubtful"),
    [
        ("02-Oct, 20:20", "2018-10-02 20:20", "2018-10-02 20:21", None, False),
        ("2 October 2018, 20:20", "2018-10-02 20:20", "2018-10-02 20:21", None, False),
        ("2018-10-02 20:20:15", "2018-10-02 20:20:15", "2018-10-02 20:20:15", None, False),
        ("02.10.2018 20:20", "2018-10-02 20:20", "2018-10-02 20:21", None, False),
        ("2 Oct 2018", "2018-10-02 00:00", "2018-10-03 00:00", None, False),
        ("2 Oct, N/K", "2018-10-02 00:00", "2018-10-03 00:00", "time_not_known", False),
        ("N/K", "2018-10-04 19:30", "2018-10-05 19:30", "time_not_known", False),
        ("Time Unknown", "2018-10-04 19:30", "2018-10-05 19:30", "time_not_known", False),
        ("20:20", "2018-10-04 20:20", "2018-10-04 20:21", "part_of_day", False),
        ("19:29", "2018-10-05 19:29", "2018-10-05 19:30", "part_of_day", False),
        ("12:00-18:00", "2018-10-05 12:00", "2018-10-05 18:01", "part_of_day", False),
        ("between 08:40 and 12:30", "2018-10-05 08:40", "2018-10-05 12:31", "part_of_day", False),
        ("4 Oct, 23:10-00:40", "2018-10-04 23:10", "2018-10-05 00:41", "as_said", False),
        ("4 Oct, 23:10 - 5 Oct, 00:40", "2018-10-04 23:10", "2018-10-05 00:41", "as_said", False),
        ("4 Oct, 18:00-10:00", "2018-10-04 18:00", "2018-10-05 10:01", "as_said", True),
        ("night of 2–3 Oct 2018", "2018-10-02 18:00", "2018-10-03 08:00", "part_of_day", False),
        ("evening and night 4–5 October", "2018-10-04 16:00", "2018-10-05 08:00", "part_of_day", False),
        ("5 October, day", "2018-10-05 06:00", "2018-10-05 20:00", "part_of_day", False),
        ("evening of 2 October", "2018-10-02 16:00", "2018-10-03 00:00", "part_of_day", False),
        ("night of 2 October", "2018-10-01 18:00", "2018-10-03 08:00", "part_of_day", True),
        ("2 Oct, at dawn's end", "2018-10-02 00:00", "2018-10-03 00:00", "words_unread", True),
        ("whenever", "2018-10-04 19:30", "2018-10-05 19:30", "words_unread", True),
        ("31 Dec, 10:00", "2018-12-31 10:00", "2018-12-31 10:01", None, False),
    ],
)
def test_times_in_words(words: str, begin: str, end: str, rule: str | None, doubtful: bool) -> None:
    read = when(words, KYIV, REPORTED)
    assert read is not None
    assert read.value.begin == datetime.fromisoformat(begin).replace(tzinfo=KYIV).astimezone(UTC)
    assert read.value.end == datetime.fromisoformat(end).replace(tzinfo=KYIV).astimezone(UTC)
    assert (read.rule, read.doubtful) == (rule, doubtful)


def test_a_day_without_a_year_is_the_nearest_to_the_report() -> None:
    read = when("31-Dec, 20:20", KYIV, date(2019, 1, 1))
    assert read is not None
    assert read.value.begin == datetime(2018, 12, 31, 18, 20, tzinfo=UTC)


def test_an_hour_that_occurs_twice_may_be_either() -> None:
    read = when("28 Oct 2018, 03:30", KYIV, None)
    assert read is not None
    assert read.value.end - read.value.begin == timedelta(hours=1, minutes=1)


@pytest.mark.parametrize("words", ["02-Oct, 20:20", "20:20", "N/K", "31 Feb 2018", ""])
def test_no_year_is_invented(words: str) -> None:
    assert when(words, KYIV, None) is None


@pytest.mark.parametrize(
    ("words", "interval", "rule"),
    [
        ("1", (1, 1), None),
        ("2.0", (2, 2), None),
        ("1,200", (1200, 1200), None),
        ("two", (2, 2), None),
        ("N/K", (1, None), "count_not_known"),
        ("uncountable", (1, None), "count_not_known"),
        ("at least 30", (30, None), "count_open"),
        ("over 30", (31, None), "count_open"),
        ("30+", (30, None), "count_open"),
        ("dozens", (24, None), "count_open"),
        ("~170", (85, 340), "count_rough"),
        ("about 30", (15, 60), "count_rough"),
        ("about 1", (1, 2), "count_rough"),
        ("a dozen", (6, 24), "count_rough"),
        ("30-40", (30, 40), "as_said"),
        ("up to 3", (1, 3), "as_said"),
        ("40-30", (1, None), "words_unread"),
        ("-3", (1, None), "words_unread"),
        ("plenty", (1, None), "words_unread"),
    ],
)
def test_counts_in_words(words: str, interval: tuple[float, float | None], rule: str | None) -> None:
    read = count(words)
    assert (tuple(read.value), read.rule) == (interval, rule)
    assert read.doubtful == (rule == "words_unread")


def test_numbers_go_to_the_nouns_that_they_stand_before() -> None:
    nouns = re.compile("explosion|burst|shot")
    assert counted("6 explosions, about 30 bursts and shots", nouns) == [("explosion", "6"), ("burst", "about 30")]
    assert counted("explosions", nouns) == []


@pytest.mark.parametrize(
    ("words", "weapons", "calibre", "rule"),
    [
        ("small arms and HMG", ["small_arms", "heavy_machine_gun"], None, "as_said"),
        ("heavy-machine-guns", ["heavy_machine_gun"], None, "as_said"),
        ("mortar or artillery", ["mortar", "artillery"], None, "one_of_several"),
        ("82mm mortar", ["mortar"], 82.0, "as_said"),
        ("120 mm mortars", ["mortar"], 120.0, "as_said"),
        ("BM-21", ["multiple_rocket_launcher"], 122.0, "as_said"),
        ("11 MLRS (BM-21)", ["multiple_rocket_launcher"], 122.0, "as_said"),
        ("three tanks (T-72)", ["tank"], 125.0, "as_said"),
        ("tanks and T-72", ["tank"], None, "as_said"),
        ("2S1", ["artillery"], 122.0, "as_said"),
        ("2S1 and 2S3", ["artillery"], (122.0, 152.0), "as_said"),
        ("D-30", ["artillery"], 122.0, "as_said"),
        ("AGS", ["grenade_launcher"], 30.0, "as_said"),
        ("BMP (30mm cannon)", ["armoured_vehicle"], 30.0, "as_said"),
        ("machine gun", ["heavy_machine_gun", "small_arms"], None, "one_of_several"),
        ("N/K", [], None, "as_said"),
        ("", [], None, None),
        ("catapult", ["unknown"], None, "words_unread"),
    ],
)
def test_weapons_in_words(
    words: str, weapons: list[str], calibre: float | tuple[float, float] | None, rule: str | None
) -> None:
    read = arms(words)
    assert ([weapon.value for weapon in read.value.weapons], read.value.calibre_mm, read.rule) == (
        weapons,
        calibre,
        rule,
    )


def test_what_happened_and_how_it_was_observed_in_words() -> None:
    assert [(kind.activity, kind.unit) for kind in kinds("~30 shots and bursts")] == [
        ("shot", "shot"),
        ("burst", "burst"),
    ]
    assert [kind.activity for kind in kinds("Muzzle flashes; an illumination flare")] == ["muzzle_flash", "flare"]
    assert [(kind.activity, kind.unit) for kind in kinds("26 mortar rounds")] == [("explosion", "round")]
    assert kinds("background noise, ground, snapshot") == ()
    assert senses("Heard and saw") == ("heard", "saw")


def test_what_was_said_stands_in_the_remark_and_is_bounded() -> None:
    (remark,) = place("N/K").remark("footprint", "N/K " * 500)
    assert (remark.field, remark.rule, remark.doubtful, len(remark.said)) == (
        "footprint",
        "words_unread",
        True,
        SAID_LIMIT,
    )
    assert Reading(1).remark("count", "1") == ()
    assert as_said("count", " ") == ()
    assert is_unknown("n/k.")


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from("1-5 km m NE to SE of N/K ~ night 2 Oct - , 20:20 ( ) at least 3".split())).map(" ".join)
)
def test_no_text_makes_a_rule_fail_or_claim_an_empty_place_or_time(words: str) -> None:
    read = place(words).value
    assert 0 <= read.range_m[0] < read.range_m[1]
    assert read.azimuths_deg
    amount = count(words).value
    assert amount.least >= 0
    assert amount.most is None or amount.most >= amount.least
    times = when(words, KYIV, REPORTED)
    assert times is None or times.value.begin <= times.value.end
    arms(words)
    kinds(words)
