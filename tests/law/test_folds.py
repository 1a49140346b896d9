"""Provisions that remember: what many incidents mean together that each alone does not."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.law.folding import MemoryFindings, progress
from pipeline.law.unseen import unseen
from pipeline.model.footprint import Disc
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, Compliance, CountUnit, Doubt, Standing, Status, Weapon
from tests.law.folding import FURTHER_A, NEAR_A, NEAR_B, alerts, fold_of, guns, raised, seen, stands, watching
from tests.worlds import DAY, report, world, write_world

ELSEWHERE_A = Disc(37.5, 48.36, 50.0)
KEPT, BROKEN, INDETERMINATE, PENDING = (
    Compliance.KEPT,
    Compliance.BROKEN,
    Compliance.INDETERMINATE,
    Compliance.PENDING,
)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def ceiling(agreement: Agreement, on: str, *given: Report) -> tuple[Compliance, Any, Any]:
    """Of guns on A's side, of which three are allowed: the verdict, and how many there are at least and at most."""
    told = stands(agreement, "ceiling", on, *given)["guns-a: Artillery"]
    return told.compliance, told.figures["count_min"], told.figures["count_max"]


class TestStockCeilings:
    def test_guns_at_several_places_are_added(self, agreement: Agreement) -> None:
        given = guns(1, NEAR_A, 2, 2), guns(2, FURTHER_A, 2, 2)
        assert ceiling(agreement, "2016-03-01", given[0]) == (KEPT, 2, 2)
        assert ceiling(agreement, "2016-03-01", *given) == (BROKEN, 4, 4)
        (alert,) = alerts(agreement, "ceiling", *given)
        assert alert.standing is Standing.RAISED
        assert set(alert.report_ids) == {"test:1", "test:2"}
        assert alert.figures["count_min"] == 4
        assert alert.figures["party"] is None

    def test_guns_seen_again_at_the_same_place_are_the_same_guns(self, agreement: Agreement) -> None:
        assert ceiling(agreement, "2016-03-02", guns(1, NEAR_A, 2, 2), guns(2, NEAR_A, 3, 3, day=1)) == (KEPT, 3, 3)

    def test_sides_are_counted_apart(self, agreement: Agreement) -> None:
        assert alerts(agreement, "ceiling", guns(1, NEAR_A, 3, 3), guns(2, NEAR_B, 3, 3)) == []

    def test_an_interval_that_holds_the_ceiling_leaves_it_open(self, agreement: Agreement) -> None:
        given = guns(1, NEAR_A, 2, 6)
        assert ceiling(agreement, "2016-03-01", given) == (INDETERMINATE, 2, 6)
        (alert,) = alerts(agreement, "ceiling", given)
        assert alert.standing is Standing.POSSIBLE
        assert Doubt.COUNT_INDETERMINATE in {note.doubt for note in alert.doubts}

    def test_an_open_count_has_no_upper_end(self, agreement: Agreement) -> None:
        assert ceiling(agreement, "2016-03-01", guns(1, NEAR_A, 2, None)) == (INDETERMINATE, 2, None)
        assert ceiling(agreement, "2016-03-01", guns(1, NEAR_A, 5, None)) == (BROKEN, 5, None)

    def test_what_was_not_seen_again_for_long_is_not_counted(self, agreement: Agreement) -> None:
        given = guns(1, NEAR_A, 2, 2), guns(2, FURTHER_A, 2, 2, day=3)
        assert alerts(agreement, "ceiling", *given) == []
        assert ceiling(agreement, "2016-03-04", *given) == (KEPT, 2, 2)

    def test_it_ends_when_fewer_are_found(self, agreement: Agreement) -> None:
        given = guns(1, NEAR_A, 5, 5), guns(2, NEAR_A, 2, 2, day=1), guns(3, NEAR_A, 6, 6, day=2)
        first, second = alerts(agreement, "ceiling", *given)
        assert [first.figures["count_min"], second.figures["count_min"]] == [5, 6]
        assert ceiling(agreement, "2016-03-02", *given) == (KEPT, 2, 2)

    def test_a_vague_or_unsure_sighting_does_not_take_the_place_of_a_sharp_one(self, agreement: Agreement) -> None:
        broken = guns(1, NEAR_A, 2, 2), guns(2, FURTHER_A, 2, 2)
        vague = guns(3, Disc(37.43, 48.345, 6_000.0), 1, 1, day=0.2)
        assert ceiling(agreement, "2016-03-01", *broken, vague) == (BROKEN, 4, 5)
        unsaid = seen(3, NEAR_A, day=0.2, count=Count(1.0, 1.0, CountUnit.WEAPON))
        assert ceiling(agreement, "2016-03-01", *broken, unsaid)[:2] == (BROKEN, 4)

    def test_what_was_above_the_ceiling_long_ago_is_another_alert(self, agreement: Agreement) -> None:
        given = guns(1, NEAR_A, 9, 9), guns(2, NEAR_A, 9, 9, day=90)
        first, second = alerts(agreement, "ceiling", *given)
        assert (first.observed_until - first.observed_from).days == 0
        assert second.report_ids == ("test:2",)

    def test_what_was_above_it_and_is_not_seen_again_is_left_open_and_says_since_when(
        self, agreement: Agreement
    ) -> None:
        given = guns(1, NEAR_A, 5, 5)
        told = stands(agreement, "ceiling", "2016-04-15", given)["guns-a: Artillery"]
        assert told.compliance is INDETERMINATE
        assert told.says == (
            "none seen, at most 3 allowed; above it, with 5, when last seen 45 days ago, on 2016-03-01; not seen since"
        )
        beside = stands(agreement, "ceiling", "2016-04-15", guns(1, NEAR_A, 2, 2))["guns-a: Artillery"]
        assert beside.compliance is KEPT
        assert beside.says.endswith("; last seen 45 days ago, on 2016-03-01; not seen since")
        none = stands(agreement, "ceiling", "2016-04-15", given, guns(2, NEAR_A, 0, 0, day=1))["guns-a: Artillery"]
        assert (none.compliance, none.says) == (KEPT, "none seen, at most 3 allowed")

    def test_it_ends_with_so_many_days_of_silence_where_the_provision_says_so(self, tmp_path: Path) -> None:
        path = write_world(tmp_path)
        path.write_text(path.read_text().replace("seen_for_days = 2", "seen_for_days = 2\nends_after_days = 30"))
        ending, given = load_agreement(path), guns(1, NEAR_A, 5, 5)
        (alert,) = alerts(ending, "ceiling", given)
        assert alert.figures["ends_on"] == "2016-03-31"
        assert ceiling(ending, "2016-03-30", given)[0] is INDETERMINATE
        told = stands(ending, "ceiling", "2016-03-31", given)["guns-a: Artillery"]
        assert (told.compliance, told.says.rpartition("; ")[2]) == (KEPT, "it ended on 2016-03-31")
        (longer,) = alerts(ending, "ceiling", given, guns(2, NEAR_A, 6, 6, day=30))
        assert (longer.figures["ends_on"], longer.figures["count_min"]) == ("2016-04-30", 6)
        first, second = alerts(ending, "ceiling", given, guns(2, NEAR_A, 6, 6, day=31))
        assert (first.figures["seen_again"], second.report_ids) == ("2016-04-01T08:00:00+00:00", ("test:2",))

    def test_an_alert_says_how_long_nobody_has_seen_it(self, agreement: Agreement) -> None:
        given, days = guns(1, NEAR_A, 5, 5), agreement.days
        (alert,) = alerts(agreement, "ceiling", given)
        told = unseen(alert, days, date(2016, 4, 15))
        assert told is not None
        assert (told.last_seen, told.days, told.over) == (date(2016, 3, 1), 45, False)
        assert unseen(alert, days, date(2016, 2, 1)) == told._replace(days=0)
        (closed,) = alerts(agreement, "ceiling", given, guns(2, NEAR_A, 2, 2, day=1))
        assert unseen(closed, days, date(2016, 4, 15)) is None

    def test_thousands_are_apart(self, agreement: Agreement) -> None:
        many = seen(1, NEAR_A, activity=Activity.TROOP_PRESENCE, count=Count(2_500_000, None, CountUnit.PERSON))
        told = stands(agreement, "ceiling", "2016-03-01", many)["guns-a: Men"]
        assert told.says == "at least 2,500,000 seen within 2 days, at most 50 allowed"

    def test_men_are_not_added_to_guns(self, agreement: Agreement) -> None:
        men = seen(1, NEAR_A, activity=Activity.TROOP_PRESENCE, count=Count(40, 45, CountUnit.PERSON))
        told = stands(agreement, "ceiling", "2016-03-01", men)
        assert told["guns-a: Artillery"].figures["count_max"] == 0
        assert told["guns-a: Men"].figures["count_max"] == 45


class TestQuietDays:
    def test_any_violation_starts_the_count_anew(self, agreement: Agreement) -> None:
        told = stands(agreement, "quiet", "2016-03-05", report(1, NEAR_A, at=timedelta(days=2)))
        assert told["guns-a"].figures["days_min"] == told["guns-a"].figures["days_max"] == 2
        assert told["guns-b"].figures["days_min"] == 4
        assert told["guns-a"].compliance is KEPT
        assert told["guns-a"].figures["met_on"] == "2016-03-05"
        assert told["guns-a"].figures["due_by"] == "2016-03-06"

    def test_a_violation_that_is_only_possible_leaves_it_open(self, agreement: Agreement) -> None:
        told = stands(agreement, "quiet", "2016-03-04", report(1, Disc(37.45, 48.35, 60_000.0), at=timedelta(days=2)))
        figures = told["guns-a"].figures | told["guns-b"].figures
        assert {figures["days_min"], figures["days_max"]} <= {1, 3}
        assert INDETERMINATE in {told["guns-a"].compliance, told["guns-b"].compliance}

    def test_what_may_have_lasted_is_not_quiet(self, agreement: Agreement) -> None:
        lasting = report(1, NEAR_A, at=timedelta(days=1), lasting=timedelta(days=3))
        told = stands(agreement, "quiet", "2016-03-05", lasting)["guns-a"]
        assert told.figures["days_min"] == 0
        assert told.compliance is not KEPT

    def test_what_was_reached_is_told_apart_from_how_long_it_has_lasted(self, agreement: Agreement) -> None:
        shots = report(1, NEAR_A, at=timedelta(days=2))
        before = stands(agreement, "quiet", "2016-03-04", shots)["guns-a"]
        assert before.says == f"1 of 2 quiet days; last broken on 2016-03-03 by {before.figures['broken_by']}"
        after = stands(agreement, "quiet", "2019-06-08", shots)["guns-a"]
        assert after.says.startswith("2 quiet days were reached on 2016-03-05; 1,192 quiet days in a row; last broken")
        vague = report(1, Disc(37.45, 48.35, 60_000.0), at=timedelta(days=8))
        left_open = [one.says for one in stands(agreement, "quiet", "2016-03-10", vague).values()]
        assert any(
            says.startswith("2 quiet days were reached on 2016-03-03; 1 to 9 quiet days in") for says in left_open
        )

    def test_days_are_the_agreement_s_own(self, agreement: Agreement) -> None:
        """At 23:00 UTC it is one in the morning in Kyiv: the next day."""
        told = stands(agreement, "quiet", "2016-03-04", report(1, NEAR_A, at=timedelta(days=1, hours=23)))
        assert told["guns-a"].figures["days_max"] == 1


class TestSchedules:
    def test_what_is_seen_before_the_date_is_progress_and_after_it_a_violation(self, agreement: Agreement) -> None:
        before, after = guns(1, NEAR_A, 1, 1), guns(2, NEAR_A, 1, 1, day=3)
        assert alerts(agreement, "schedule", before) == []
        assert stands(agreement, "schedule", "2016-03-01", before)["first: Artillery out"].compliance is PENDING
        (alert,) = alerts(agreement, "schedule", before, after)
        assert (alert.report_ids, alert.figures["days_overdue"]) == (("test:2",), 2)
        assert stands(agreement, "schedule", "2016-03-04", before, after)["first: Artillery out"].compliance is BROKEN

    def test_it_stands_once_and_is_closed_by_a_count_of_none(self, agreement: Agreement) -> None:
        given = [guns(number, NEAR_A, 1, 1, day=day) for number, day in enumerate((3, 4, 5))]
        (alert,) = alerts(agreement, "schedule", *given, guns(9, NEAR_A, 0, 0, day=6))
        assert alert.figures["times_seen"] == 4
        assert alert.figures["closed"] is not None
        told = stands(agreement, "schedule", "2016-03-08", *given, guns(9, NEAR_A, 0, 0, day=6))
        assert told["first: Artillery out"].figures["in_violation"] == 0

    @pytest.mark.parametrize(
        ("place", "day", "state"),
        [
            (NEAR_A, 3, "in_violation"),
            (Disc(36.0, 50.0, 50.0), 3, "beyond_line_outside_storage"),
            (NEAR_A, 0, "not_verified"),
        ],
    )
    def test_a_weapon_of_the_inventory_is_followed(
        self, agreement: Agreement, place: Disc, day: int, state: str
    ) -> None:
        gun = guns(1, place, 1, 1, day=day, track_id="one")
        told = stands(agreement, "schedule", "2016-03-06", gun)["first: Artillery out"]
        # All that is within 25 km of the line is storage here, and the zones too.
        expected = "in_storage" if state == "in_violation" else state
        assert told.figures["inventory"] == {expected: 1}


class TestReturnFire:
    def fire(self, number: int, place: Disc, minutes: float) -> Report:
        weapons = (Weapon.MORTAR,)
        return seen(number, place, day=minutes / 1440, activity=Activity.OUTGOING_FIRE, weapons=weapons)

    def call(self, number: int, minutes: float) -> Report:
        return seen(number, NEAR_A, day=minutes / 1440, activity=Activity.COORDINATION)

    def test_fire_that_answers_without_a_call_is_told(self, agreement: Agreement) -> None:
        (alert,) = alerts(agreement, "answers", self.fire(1, NEAR_A, 0), self.fire(2, NEAR_B, 30))
        assert alert.report_ids == ("test:2", "test:1")
        assert alert.figures["minutes_after"] == 30
        assert Doubt.COORDINATION_UNRECORDED in {note.doubt for note in alert.doubts}

    def test_after_a_call_it_is_allowed(self, agreement: Agreement) -> None:
        given = self.fire(1, NEAR_A, 0), self.call(3, 10), self.fire(2, NEAR_B, 30)
        assert alerts(agreement, "answers", *given) == []
        figures = stands(agreement, "answers", "2016-03-01", *given)["all zones"].figures
        assert figures == {"coordinated": 1, "uncoordinated": 0}

    def test_a_call_before_the_fire_that_is_answered_is_none_for_it(self, agreement: Agreement) -> None:
        given = self.call(3, 0), self.fire(1, NEAR_A, 10), self.fire(2, NEAR_B, 30)
        assert len(alerts(agreement, "answers", *given)) == 1

    def test_fire_from_the_same_side_or_long_after_answers_nothing(self, agreement: Agreement) -> None:
        assert alerts(agreement, "answers", self.fire(1, NEAR_A, 0), self.fire(2, FURTHER_A, 30)) == []
        assert alerts(agreement, "answers", self.fire(1, NEAR_A, 0), self.fire(2, NEAR_B, 200)) == []

    def test_what_may_still_have_gone_on_is_not_answered(self, agreement: Agreement) -> None:
        """Whose fire is dated more sharply is not the one who answered."""
        long = replace(self.fire(1, NEAR_A, 0), observed_until=DAY + timedelta(hours=10))
        assert alerts(agreement, "answers", long, self.fire(2, NEAR_B, 1)) == []

    def test_a_call_at_the_same_moment_counts_as_the_earlier(self, agreement: Agreement) -> None:
        for number in range(3, 12):
            given = self.fire(1, NEAR_A, 0), self.call(number, 30), self.fire(2, NEAR_B, 30)
            assert alerts(agreement, "answers", *given) == []

    def test_an_explosion_tells_no_side(self, agreement: Agreement) -> None:
        """It is placed where something struck, which says nothing of who fired."""
        given = [report(1, NEAR_A), report(2, NEAR_B, at=timedelta(hours=8, minutes=30))]
        assert alerts(agreement, "answers", *given) == []


class TestStandingViolations:
    def built(self, number: int, place: Disc, day: float, **fields: Any) -> Report:
        return seen(number, place, day=day, activity=Activity.POSITION, **fields)

    def test_a_position_is_opened_once_and_lasts(self, agreement: Agreement) -> None:
        given = [self.built(number, NEAR_A, day) for number, day in enumerate((0, 10, 40))]
        (alert,) = alerts(agreement, "positions", *given)
        assert alert.figures["times_seen"] == 3
        assert alert.figures["lasted_days"] == 40
        assert len(alert.incident_ids) == 3
        told = stands(agreement, "positions", "2016-06-01", *given)["all zones"]
        assert (told.compliance, told.figures["open"], told.figures["oldest_days"]) == (BROKEN, 1, 92)

    def test_two_places_are_two(self, agreement: Agreement) -> None:
        given = self.built(1, NEAR_A, 0), self.built(2, FURTHER_A, 1), self.built(3, NEAR_B, 2)
        assert len(alerts(agreement, "positions", *given)) == 3

    def test_it_is_closed_by_a_report_that_nothing_is_there(self, agreement: Agreement) -> None:
        gone = self.built(2, NEAR_A, 5, count=Count(0, 0, CountUnit.POSITION))
        given = self.built(1, NEAR_A, 0), gone, self.built(3, NEAR_A, 9)
        first, second = alerts(agreement, "positions", *given)
        assert first.figures["closed"] is not None
        assert second.figures["closed"] is None
        assert stands(agreement, "positions", "2016-03-08", *given)["all zones"].compliance is KEPT

    def test_what_a_party_vaguely_says_closes_nothing(self, agreement: Agreement) -> None:
        none = Count(0.0, 0.0, CountUnit.POSITION)
        gone = self.built(2, Disc(37.45, 48.35, 20_000.0), 5, count=none, ledger="party:a")
        (alert,) = alerts(agreement, "positions", self.built(1, NEAR_A, 0), gone)
        assert alert.figures["closed"] is None


class TestDoubts:
    def test_a_vague_first_sighting_buries_no_violation(self, agreement: Agreement) -> None:
        vague = seen(1, NEAR_A, day=3, count=Count(1.0, 1.0, CountUnit.WEAPON))
        sure = [guns(number, NEAR_A, 1, 1, day=2.0 + number) for number in (2, 3, 4)]
        (alone,) = alerts(agreement, "schedule", vague)
        assert alone.standing is Standing.POSSIBLE
        (alert,) = alerts(agreement, "schedule", vague, *sure)
        assert alert.standing is Standing.RAISED
        assert alert.figures["times_seen"] == 4


class TestEscalation:
    def days(self, *counts: int) -> list[Report]:
        """So many explosions a day, each at a place of its own."""
        return [
            report(f"{day}-{number}", Disc(37.40 + number * 0.01, 48.34, 50.0), at=timedelta(days=day, hours=number))
            for day, count in enumerate(counts)
            for number in range(count)
        ]

    def test_a_rise_is_told_once_with_its_evidence(self, agreement: Agreement) -> None:
        given = raised(agreement, self.days(*[2] * 14, 15, 16))
        (alert,) = watching(agreement, "rising", given)
        assert alert.figures["of"] == "ceasefire"
        assert alert.figures["since"] == "2016-03-15"
        assert alert.figures["findings_so_far"] == 31
        assert len(alert.incident_ids) == 31
        assert alert.standing is Standing.RAISED

    def test_a_steady_rate_is_none(self, agreement: Agreement) -> None:
        assert watching(agreement, "rising", raised(agreement, self.days(*[2, 1, 3] * 8))) == []

    def test_more_than_usual_calls_for_a_person_and_breaks_nothing(self, agreement: Agreement) -> None:
        said = raised(agreement, self.days(*[2, 1, 3] * 8, 20))
        told = progress(fold_of(agreement, "rising"), MemoryFindings((), said), max(day for day, _ in said))
        assert {one.compliance for one in told} == {Compliance.CALLED_FOR}

    def test_it_ends_and_may_come_again(self, agreement: Agreement) -> None:
        counts = [*[2] * 14, 15, 15, *[2] * 14, 40]
        assert len(watching(agreement, "rising", raised(agreement, self.days(*counts)))) == 2


class TestConsultation:
    def test_a_confirmed_violation_opens_a_case(self, agreement: Agreement) -> None:
        given = [report(1, NEAR_A)]
        assert watching(agreement, "consult", raised(agreement, given)) == []
        (alert,) = watching(agreement, "consult", raised(agreement, given, status=Status.CONFIRMED))
        assert alert.figures["threshold"] == "confirmed"
        assert alert.status is Status.ALLEGED

    def test_a_threshold_that_is_reached_calls_for_a_person_and_breaks_nothing(self, agreement: Agreement) -> None:
        said = raised(agreement, [report(1, NEAR_A)], status=Status.CONFIRMED)
        day = agreement.days.number_of(date(2016, 3, 1))
        fold = fold_of(agreement, "consult")
        told = {one.subject: one for one in progress(fold, MemoryFindings((), said), day)}
        assert told["confirmed"].compliance is Compliance.CALLED_FOR
        assert told["confirmed"].says == "1 confirmed within 7 days; the threshold is 1"
        assert told["sustained"].compliance is KEPT

    def test_days_in_a_row_in_one_sector_open_one(self, agreement: Agreement) -> None:
        two, apart = ([report(day, NEAR_A, at=timedelta(days=day)) for day in days] for days in ((1, 2), (1, 3)))
        assert len(watching(agreement, "consult", raised(agreement, two))) == 1
        assert watching(agreement, "consult", raised(agreement, apart)) == []

    def test_what_was_dismissed_counts_for_nothing(self, agreement: Agreement) -> None:
        given = [report(day, NEAR_A, at=timedelta(days=day)) for day in (1, 2)]
        assert watching(agreement, "consult", raised(agreement, given, status=Status.NOT_A_VIOLATION)) == []
