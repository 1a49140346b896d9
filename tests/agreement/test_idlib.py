"""Idlib's corridor round a road: six kilometres on each side, and not six kilometres wide."""

from datetime import UTC, datetime

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from tests.agreement.placing import broken, oracle_line, place, report, within
from tests.oracles import OracleLine

AT = datetime(2020, 3, 10, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def idlib() -> Agreement:
    return load_agreement("idlib-2020")


@pytest.fixture(scope="module")
def road() -> OracleLine:
    return oracle_line("idlib-m4")


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("chainage_m", [8_000.0, 20_000.0, 35_000.0])
def test_six_kilometres_on_each_side_of_the_road(
    idlib: Agreement, road: OracleLine, chainage_m: float, side: str
) -> None:
    where = [place(road, chainage_m, side, away_m) for away_m in (100.0, 2_975.0, 3_025.0, 5_975.0, 6_025.0)]
    assert within(idlib, ("corridor",), *where) == [True, True, True, True, False]


@pytest.mark.parametrize("side", ["left", "right"])
def test_fire_four_kilometres_off_is_in_it_though_not_in_one_six_kilometres_wide(
    idlib: Agreement, road: OracleLine, side: str
) -> None:
    near, far = (place(road, 35_000.0, side, away_m) for away_m in (4_000.0, 10_000.0))
    assert broken(idlib, report(1, AT, near, Activity.SHELLING, Weapon.ARTILLERY)) == {"ceasefire"}
    assert broken(idlib, report(1, AT, far, Activity.SHELLING, Weapon.ARTILLERY)) == set()


def test_it_holds_from_the_minute_after_midnight_in_damascus(idlib: Agreement, road: OracleLine) -> None:
    near = place(road, 35_000.0, "left", 500.0)
    before, after = datetime(2020, 3, 5, 21, 55, tzinfo=UTC), datetime(2020, 3, 5, 22, 5, tzinfo=UTC)
    assert broken(idlib, report(1, before, near, Activity.SHELLING, Weapon.ARTILLERY)) == set()
    assert broken(idlib, report(1, after, near, Activity.SHELLING, Weapon.ARTILLERY)) == {"ceasefire"}
