"""Towns by name: what is near is near under any of its names, and what is not known is not judged."""

import msgspec
import pytest

from pipeline.sources.towns import Town, Towns, load_towns


def town(name: str, lon: float, lat: float, country: str = "RU", other: tuple[str, ...] = (), zone: str = "A") -> Town:
    return Town(name, lat, lon, country, zone, msgspec.Raw(msgspec.json.encode(other)))


TOWNS = Towns(
    [
        town("Zénda", 10.0, 50.0, other=("Зенда", "Zen-Da")),
        town("Strelsau", 12.0, 50.0),
        town("Strelsau", 10.1, 50.0),
        town("Hof’burg", 13.0, 50.0),
        town("Elphberg", 30.0, 50.0, country="XX", zone="B"),
    ],
    {"Ruritania": "RU", "Myanmar": "XX"},
)


@pytest.mark.parametrize("name", ["Zénda", "ZENDA", "zenda", "Зенда", "zen da", "Zenda - Old Castle"])
def test_letter_case_accents_and_other_names_do_not_matter(name: str) -> None:
    off_m = TOWNS.nearest_m(name, "RURITANIA", 10.0, 50.1)
    assert off_m == pytest.approx(11_120, abs=10)


def test_of_two_of_one_name_the_nearest_counts() -> None:
    assert TOWNS.elsewhere_m("Strelsau", "Ruritania", 10.0, 50.0, tolerance_m=30_000) is None
    assert TOWNS.elsewhere_m("Strelsau", "Ruritania", 11.9, 50.0, tolerance_m=30_000) is None
    off_m = TOWNS.elsewhere_m("Strelsau", "Ruritania", 11.0, 50.0, tolerance_m=30_000)
    assert off_m == pytest.approx(64_300, abs=100)


@pytest.mark.parametrize(("name", "country"), [("Zenda", "Myanmar"), ("Zenda", "Utopia"), ("Tarlenheim", "Ruritania")])
def test_what_is_not_known_is_not_judged(name: str, country: str) -> None:
    assert TOWNS.nearest_m(name, country, 0.0, 0.0) is None
    assert TOWNS.elsewhere_m(name, country, 0.0, 0.0, tolerance_m=1.0) is None


def test_a_village_in_the_named_district_is_not_held_to_be_the_far_off_town_of_its_name() -> None:
    def off_m(district: str) -> float | None:
        return TOWNS.elsewhere_m("Zenda", "Ruritania", 13.1, 50.0, tolerance_m=30_000, district=district)

    assert off_m("Hofburg") is None
    assert off_m("") is not None
    assert off_m("Zenda") is not None
    assert off_m("Strelsau") is not None


def test_a_country_goes_by_the_names_that_data_sets_use() -> None:
    assert TOWNS.nearest_m("Elphberg", "Burma", 30.0, 50.0) == 0.0


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("India", "Asia/Kolkata"),
        ("Pakistan", "Asia/Karachi"),
        ("Russia", None),
        ("Portugal", None),
        ("Ruritania", None),
    ],
)
def test_a_country_has_a_time_zone_where_nearly_all_its_towns_do(country: str, zone: str | None) -> None:
    assert load_towns().timezone(country) == zone


def test_the_library_knows_srinagar_where_it_is() -> None:
    assert load_towns().elsewhere_m("Srinagar", "India", 74.8, 34.1, tolerance_m=30_000) is None
    off_m = load_towns().elsewhere_m("Srinagar", "India", 76.23, 33.45, tolerance_m=30_000)
    assert off_m == pytest.approx(150_000, abs=3_000)
