"""Lebanon: three texts one after the other, the area south of the Litani, and whom each clause binds."""

from datetime import UTC, datetime

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from tests.agreement.placing import Lonlat, beside, broken, oracle_line, place, report, ring, whose, within

SRIFA, NABATIEH, TYRE, MARJAYOUN = (
    (35.39667, 33.28139),
    (35.48389, 33.37889),
    (35.19389, 33.27333),
    (35.59111, 33.36028),
)


@pytest.fixture(scope="module")
def lebanon() -> Agreement:
    return load_agreement("lebanon-2024")


@pytest.mark.parametrize(
    ("town", "south"), [(SRIFA, True), (TYRE, True), (MARJAYOUN, True), (NABATIEH, False)], ids=str
)
def test_towns_lie_on_their_side_of_the_litani(lebanon: Agreement, town: Lonlat, south: bool) -> None:
    assert within(lebanon, ("south-of-litani",), town) == [south]


@pytest.mark.parametrize("chainage_m", [15_000.0, 25_000.0, 33_000.0])
def test_the_area_ends_at_the_river_as_it_is_drawn(lebanon: Agreement, chainage_m: float) -> None:
    river = oracle_line("lebanon-litani")
    where = [place(river, chainage_m, side, 25.0) for side in ("right", "left")]
    assert within(lebanon, ("south-of-litani",), *where) == [True, False]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_lebanon_ends_at_its_edge(lebanon: Agreement, share: float) -> None:
    assert within(lebanon, ("lebanon",), *beside(ring("lebanon"), share, 25.0)) == [True, False]


def test_forty_kilometres_on_israel_s_side(lebanon: Agreement) -> None:
    line = oracle_line("lebanon-blue-line")
    where = [place(line, 40_000.0, "right", away_m) for away_m in (100.0, 39_975.0, 40_025.0)]
    assert within(lebanon, ("israel-side",), *where) == [True, True, False]


@pytest.mark.parametrize(
    ("at", "provision"),
    [
        (datetime(2024, 11, 27, 1, 50, tzinfo=UTC), set()),
        (datetime(2024, 11, 27, 2, 10, tzinfo=UTC), {"no-attacks"}),
        (datetime(2026, 4, 16, 20, 50, tzinfo=UTC), {"no-attacks"}),
        (datetime(2026, 4, 16, 21, 10, tzinfo=UTC), {"no-attacks-2026"}),
        (datetime(2026, 4, 26, 20, 50, tzinfo=UTC), {"no-attacks-2026"}),
        (datetime(2026, 4, 26, 21, 10, tzinfo=UTC), set()),
    ],
)
def test_fire_is_judged_by_the_text_of_its_time(lebanon: Agreement, at: datetime, provision: set[str]) -> None:
    assert broken(lebanon, report(1, at, SRIFA, Activity.AIR_STRIKE, Weapon.AIR_BOMB)) == provision


def test_by_another_text_on_request() -> None:
    fired = report(1, datetime(2026, 4, 30, 12, tzinfo=UTC), SRIFA, Activity.SHELLING, Weapon.ARTILLERY)
    assert broken(load_agreement("lebanon-2024@original"), fired) == {"no-attacks"}
    assert broken(load_agreement("lebanon-2024@april-2026"), fired) == set()


@pytest.mark.parametrize("side", ["left", "right"])
def test_fire_on_either_side_of_the_blue_line_is_judged_alike(lebanon: Agreement, side: str) -> None:
    where = place(oracle_line("lebanon-blue-line"), 40_000.0, side, 3_000.0)
    fired = report(1, datetime(2025, 3, 1, 12, tzinfo=UTC), where, Activity.SHELLING, Weapon.MULTIPLE_ROCKET_LAUNCHER)
    assert broken(lebanon, fired) == {"no-attacks"}


@pytest.mark.parametrize(
    ("at", "provision"),
    [
        (datetime(2025, 1, 20, 12, tzinfo=UTC), set()),
        (datetime(2025, 1, 26, 12, tzinfo=UTC), {"israel-leaves"}),
        (datetime(2025, 2, 10, 12, tzinfo=UTC), set()),
        (datetime(2025, 2, 20, 12, tzinfo=UTC), {"israel-leaves-by-february"}),
    ],
)
def test_israel_s_forces_have_left_by_the_date_of_the_text_in_force(
    lebanon: Agreement, at: datetime, provision: set[str]
) -> None:
    seen = report(1, at, SRIFA, Activity.TROOP_PRESENCE, Weapon.TANK, attribution=whose("israel"))
    assert broken(lebanon, seen) == provision


@pytest.mark.parametrize(("party", "raised"), [("hezbollah", True), ("lebanon", False), ("unifil", False)])
def test_south_of_the_litani_only_official_forces_bear_arms(lebanon: Agreement, party: str, raised: bool) -> None:
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    seen = report(1, at, SRIFA, Activity.WEAPON_PRESENCE, Weapon.MULTIPLE_ROCKET_LAUNCHER, attribution=whose(party))
    assert broken(lebanon, seen) == ({"arms-south-of-litani"} if raised else set())
