"""The Nuba Mountains: what was forbidden, and when; the text draws no line."""

from datetime import UTC, datetime

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from tests.agreement.placing import Lonlat, beside, broken, report, ring, whose, within

AT = datetime(2002, 5, 10, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def nuba() -> Agreement:
    return load_agreement("nuba-2002")


@pytest.fixture(scope="module")
def inside() -> Lonlat:
    return beside(ring("nuba-mountains"), 0.35, 2_000.0)[0]


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85])
def test_the_area_ends_at_its_edge(nuba: Agreement, share: float) -> None:
    assert within(nuba, ("nuba-mountains",), *beside(ring("nuba-mountains"), share, 25.0)) == [True, False]


@pytest.mark.parametrize(
    ("activity", "provision"),
    [
        (Activity.SHELLING, {"attacks"}),
        (Activity.AIR_STRIKE, {"attacks"}),
        (Activity.MOVEMENT, {"movements"}),
        (Activity.POSITION, {"movements"}),
        (Activity.MINE_LAYING, {"mines"}),
        (Activity.ATTACK_ON_CIVILIANS, {"civilians"}),
        (Activity.DETENTION, {"civilians"}),
        (Activity.STATEMENT, set()),
        (Activity.TROOP_PRESENCE, set()),
    ],
)
def test_each_activity_breaks_its_own_clause(
    nuba: Agreement, inside: Lonlat, activity: Activity, provision: set[str]
) -> None:
    assert broken(nuba, report(1, AT, inside, activity, Weapon.UNKNOWN)) == provision


@pytest.mark.parametrize(("party", "raised"), [("government", True), ("splm", True), ("jmc", False)])
def test_the_parties_may_not_look_from_the_air_and_the_monitors_may(
    nuba: Agreement, inside: Lonlat, party: str, raised: bool
) -> None:
    seen = report(1, AT, inside, Activity.FLIGHT, Weapon.ROTARY_WING, attribution=whose(party))
    assert broken(nuba, seen) == ({"reconnaissance"} if raised else set())


@pytest.mark.parametrize(
    ("day", "in_force"),
    [
        (datetime(2002, 1, 20, 12, tzinfo=UTC), False),
        (datetime(2002, 1, 23, 12, tzinfo=UTC), True),
        (datetime(2002, 7, 25, 12, tzinfo=UTC), True),
        (datetime(2003, 8, 1, 12, tzinfo=UTC), True),
        (datetime(2004, 12, 1, 12, tzinfo=UTC), True),
        (datetime(2005, 2, 1, 12, tzinfo=UTC), False),
    ],
)
def test_72_hours_after_the_signing_and_through_its_renewals(
    nuba: Agreement, inside: Lonlat, day: datetime, in_force: bool
) -> None:
    fired = report(1, day, inside, Activity.SHELLING, Weapon.ARTILLERY)
    assert broken(nuba, fired) == ({"attacks"} if in_force else set())
