"""Kashmir's Line of Control: a line in four rows, a strip on both sides, and no firing from 2021 on."""

from datetime import UTC, datetime

import pytest
from pyproj import Geod

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from tests.agreement.placing import broken, oracle_line, place, report, within
from tests.oracles import OracleLine

AT = datetime(2021, 3, 1, 6, tzinfo=UTC)
ALONG_M = [60_000.0, 250_000.0, 420_000.0, 700_000.0]


@pytest.fixture(scope="module")
def kashmir() -> Agreement:
    return load_agreement("kashmir-loc")


@pytest.fixture(scope="module")
def line() -> OracleLine:
    return oracle_line("kashmir-loc")


@pytest.mark.parametrize(("side", "zone"), [("left", "near-pakistan"), ("right", "near-india")])
@pytest.mark.parametrize("chainage_m", ALONG_M)
def test_ten_kilometres_on_each_side(
    kashmir: Agreement, line: OracleLine, chainage_m: float, side: str, zone: str
) -> None:
    inside, outside = (place(line, chainage_m, side, away_m) for away_m in (9_975.0, 10_025.0))
    assert within(kashmir, (zone,), inside, outside) == [True, False]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("activity", [Activity.SHELLING, Activity.SHOT, Activity.OUTGOING_FIRE])
def test_firing_near_the_line_is_told_alike_on_both_sides(
    kashmir: Agreement, line: OracleLine, side: str, activity: Activity
) -> None:
    near, far = (place(line, 420_000.0, side, away_m) for away_m in (2_000.0, 18_000.0))
    assert broken(kashmir, report(1, AT, near, activity, Weapon.UNKNOWN)) == {"no-firing"}
    assert broken(kashmir, report(1, AT, far, activity, Weapon.UNKNOWN)) == set()


def test_it_holds_from_midnight_of_indian_time(kashmir: Agreement, line: OracleLine) -> None:
    near = place(line, 420_000.0, "left", 2_000.0)
    before, after = datetime(2021, 2, 24, 18, 20, tzinfo=UTC), datetime(2021, 2, 24, 18, 40, tzinfo=UTC)
    assert broken(kashmir, report(1, before, near, Activity.SHELLING, Weapon.UNKNOWN)) == set()
    assert broken(kashmir, report(1, after, near, Activity.SHELLING, Weapon.UNKNOWN)) == {"no-firing"}


def test_the_line_is_longer_than_is_published_as_it_goes_on_southwards(line: OracleLine) -> None:
    """740 to 776 km are reported of the Line of Control; the four rows have 796 km."""
    assert Geod(ellps="WGS84").line_length(line.lon, line.lat) == pytest.approx(796_417, abs=1.0)
