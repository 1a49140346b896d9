"""Cases from the field: real clauses, in numbers, on reports as monitors wrote them; the reports are invented."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Disc
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, Compliance, CountUnit, Doubt, Standing, Weapon
from tests.law.folding import alerts, stands

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def golan() -> Agreement:
    return load_agreement(HERE / "golan-test.toml")


@pytest.fixture(scope="module")
def donbas() -> Agreement:
    return load_agreement("donbas-2015")


def told(number: int | str, at: datetime, place: Disc, activity: Activity, **fields: Any) -> Report:
    given: dict[str, Any] = {"observer": "patrol", "ledger": "independent", "observed_until": at, **fields}
    return Report(
        report_id=f"test:{number}", source="test", observed_from=at, footprint=place, activity=activity, **given
    )


class TestGolan:
    """Stocks, inspected every two weeks: broken by a count, not by an event."""

    FIRST = datetime(1974, 7, 1, 9, tzinfo=UTC)
    AREA = Disc(35.86, 33.05, 4_000.0)

    def inspected(self, number: int, tanks: float, most: float, *, days: int = 0, place: Disc = AREA) -> Report:
        count, at = Count(tanks, most, CountUnit.WEAPON), self.FIRST + timedelta(days=days)
        return told(number, at, place, Activity.WEAPON_PRESENCE, weapons=(Weapon.TANK,), count=count)

    @pytest.mark.parametrize(
        ("least", "most", "compliance"),
        [
            (75, 75, Compliance.KEPT),
            (76, 76, Compliance.BROKEN),
            (70, 80, Compliance.INDETERMINATE),
        ],
    )
    def test_seventy_five_tanks_are_allowed(
        self, golan: Agreement, least: float, most: float, compliance: Compliance
    ) -> None:
        on = stands(golan, "ten-km", "1974-07-01", self.inspected(1, least, most))
        assert on["ten-syria: Tanks"].compliance is compliance
        assert on["ten-syria: Tanks"].figures["party"] == "syria"
        assert on["ten-israel: Tanks"].compliance is Compliance.KEPT

    def test_each_inspection_takes_the_place_of_the_one_before(self, golan: Agreement) -> None:
        given = self.inspected(1, 80, 80), self.inspected(2, 70, 70, days=14)
        (alert,) = alerts(golan, "ten-km", *given)
        assert (alert.standing, alert.figures["count_min"]) == (Standing.RAISED, 80)
        assert stands(golan, "ten-km", "1974-07-10", *given)["ten-syria: Tanks"].compliance is Compliance.BROKEN
        assert stands(golan, "ten-km", "1974-07-20", *given)["ten-syria: Tanks"].compliance is Compliance.KEPT

    def test_what_the_sides_have_is_never_added(self, golan: Agreement) -> None:
        west = Disc(35.74, 33.05, 4_000.0)
        assert alerts(golan, "ten-km", self.inspected(1, 50, 50), self.inspected(2, 50, 50, place=west)) == []


class TestSevenQuietDays:
    """The Framework Decision of 2016, in Kyiv's days."""

    ZOLOTE = Disc(38.53, 48.70, 100.0)

    def shots(self, donbas: Agreement, *days: int) -> list[Report]:
        zone = next(zone for zone in donbas.zones if zone.zone_id == "disengagement-zolote")
        lon, lat = zone.drawing().representative_point().coords[0]
        begin = datetime(2016, 9, 21, 9, tzinfo=UTC)
        place = Disc(lon, lat, 100.0)
        return [told(day, begin + timedelta(days=day), place, Activity.SHOT) for day in days]

    def test_shots_on_the_sixth_day_start_the_count_anew(self, donbas: Agreement) -> None:
        given = self.shots(donbas, 6)
        before = stands(donbas, "seven-quiet-days", "2016-09-26")["disengagement-zolote"]
        assert (before.compliance, before.figures["days_min"]) == (Compliance.PENDING, 5)
        after = stands(donbas, "seven-quiet-days", "2016-09-30", *given)
        assert after["disengagement-zolote"].figures["days_min"] == 3
        assert after["disengagement-petrivske"].compliance is Compliance.KEPT
        assert after["disengagement-petrivske"].figures["due_by"] == "2016-10-01"

    def test_a_late_report_starts_it_anew_where_it_belongs(self, donbas: Agreement) -> None:
        """Whatever came first: the count goes by when it happened."""
        given = self.shots(donbas, 9, 2)
        told_on = stands(donbas, "seven-quiet-days", "2016-10-03", *given)["disengagement-zolote"]
        assert told_on.figures["days_min"] == 3
        assert told_on.figures["met_on"] is None


class TestReturnFireOf2020:
    """Allowed only after the coordination mechanism was tried."""

    AT = datetime(2020, 8, 3, 8, tzinfo=UTC)

    def fire(self, donbas: Agreement, number: int, side: float, minutes: float) -> Report:
        """A mortar that fired 3 km from the line, on one side of it."""
        line = donbas.lines["contact-line"]
        lon, lat = float(line.lon[len(line.lon) // 2]), float(line.lat[len(line.lat) // 2])
        for step in range(1, 60):
            place = Disc(lon + side * step * 0.01, lat, 50.0)
            located = line.locate([place.lon], [place.lat])
            if 2_000 < abs(float(located.offset_m[0])) < 6_000:
                at = self.AT + timedelta(minutes=minutes)
                return told(number, at, place, Activity.OUTGOING_FIRE, weapons=(Weapon.MORTAR,))
        raise AssertionError("no place near the line")

    def test_an_answer_within_the_hour_without_a_call(self, donbas: Agreement) -> None:
        given = self.fire(donbas, 1, 1.0, 0), self.fire(donbas, 2, -1.0, 20)
        (alert,) = alerts(donbas, "return-fire-2020", *given)
        assert alert.figures["minutes_after"] == 20
        assert Doubt.COORDINATION_UNRECORDED in {note.doubt for note in alert.doubts}
        assert alert.attribution == ()

    def test_an_answer_after_a_call(self, donbas: Agreement) -> None:
        given = [self.fire(donbas, 1, 1.0, 0), self.fire(donbas, 2, -1.0, 20)]
        place = given[0].footprint
        assert isinstance(place, Disc)
        call = told(3, self.AT + timedelta(minutes=5), place, Activity.COORDINATION)
        assert alerts(donbas, "return-fire-2020", *given, call) == []
