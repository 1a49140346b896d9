"""The energy truce of 2025: strikes on power stations of either side, by either side's dates."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyproj import Geod

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.resources import folder
from tests.agreement.placing import Lonlat, broken, report, within
from tests.monitor.remembering import in_memory

GEOD = Geod(ellps="WGS84")
AT = datetime(2025, 4, 1, 12, tzinfo=UTC)
ZONES = ("stations-ukraine", "stations-russia")


@pytest.fixture(scope="module")
def truce() -> Agreement:
    return load_agreement("energy-truce-2025")


def station(country: str, name: str) -> Lonlat:
    data = json.loads((folder("geodata") / "zones" / f"energy-facilities-{country}.geojson").read_bytes())
    (found,) = [one["properties"] for one in data["features"] if one["properties"]["name"] == name]
    return found["lon"], found["lat"]


def off(at: Lonlat, azimuth: float, metres: float) -> Lonlat:
    lon, lat, _ = GEOD.fwd(*at, azimuth, metres)
    return lon, lat


STATIONS = [("ukraine", "Trypillia TES"), ("ukraine", "Kaniv HPP"), ("russia", "Kursk NPP"), ("russia", "Rostov NPP")]


@pytest.mark.parametrize(("country", "name"), STATIONS)
def test_two_kilometres_about_a_station(truce: Agreement, country: str, name: str) -> None:
    where = [off(station(country, name), 0.0, metres) for metres in (0.0, 1_975.0, 2_025.0)]
    assert within(truce, ZONES, *where) == [True, True, False]


@pytest.mark.parametrize(("country", "name"), STATIONS)
@pytest.mark.parametrize("activity", [Activity.DRONE_STRIKE, Activity.MISSILE_STRIKE, Activity.EXPLOSION])
def test_a_strike_on_either_side_s_station_is_judged_alike(
    truce: Agreement, country: str, name: str, activity: Activity
) -> None:
    where = off(station(country, name), 90.0, 500.0)
    assert broken(truce, report(1, AT, where, activity, Weapon.UAV)) == {"power-stations"}


@pytest.mark.parametrize("activity", [Activity.SHOT, Activity.FLIGHT, Activity.HEAT])
def test_what_strikes_nothing_is_none(truce: Agreement, activity: Activity) -> None:
    assert broken(truce, report(1, AT, station("ukraine", "Kaniv HPP"), activity, Weapon.UAV)) == set()


def test_a_strike_in_the_same_region_elsewhere_is_none(truce: Agreement) -> None:
    where = off(station("ukraine", "Trypillia TES"), 45.0, 12_000.0)
    assert broken(truce, report(1, AT, where, Activity.DRONE_STRIKE, Weapon.UAV)) == set()


@pytest.mark.parametrize(
    ("day", "by_russia", "by_ukraine"),
    [
        (datetime(2025, 3, 17, 12, tzinfo=UTC), None, None),
        (datetime(2025, 3, 20, 12, tzinfo=UTC), "raised", None),
        (datetime(2025, 4, 1, 12, tzinfo=UTC), "raised", "raised"),
        (datetime(2025, 4, 20, 12, tzinfo=UTC), None, "raised"),
        (datetime(2025, 4, 25, 12, tzinfo=UTC), None, None),
    ],
)
def test_each_side_s_dates_are_judged_beside_the_other_s(
    truce: Agreement, day: datetime, by_russia: str | None, by_ukraine: str | None
) -> None:
    struck = report(1, day, station("russia", "Kursk NPP"), Activity.DRONE_STRIKE, Weapon.UAV)
    alerts = list(in_memory([truce], [[struck]]).values())
    told: dict[str, Any] = {note.party: note.standing for alert in alerts for note in alert.readings}
    assert (told.get("russia"), told.get("ukraine")) == (by_russia, by_ukraine)
    disputed = [note.doubt.value for alert in alerts for note in alert.doubts if note.doubt == "reading_disputed"]
    assert bool(disputed) == (by_russia != by_ukraine)


def test_the_terms_are_thirty_days_each(truce: Agreement) -> None:
    spans = {one.party: (one.in_force_from, one.in_force_until) for one in truce.readings}
    for begin, until in spans.values():
        assert begin is not None
        assert until is not None
        # The clocks went forward on 30 March.
        assert abs((until - begin) - timedelta(days=30)) <= timedelta(hours=1)
