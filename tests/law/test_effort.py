"""What was watched weighs what was found: silence that nobody listened to is no quiet."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.law.effort import SLOTS, shares_of_day
from pipeline.law.folding import BEFORE_ALL, MemoryFindings, progress, refold
from pipeline.model.footprint import Disc, Footprint, Nowhere
from pipeline.model.records import Alert, Observation, Progress
from pipeline.model.report import Report
from pipeline.model.taxonomy import Compliance, Doubt
from pipeline.model.watch_terms import ObservationState, Watched
from pipeline.recon.coverage import level
from pipeline.recon.grounds import Grounds
from pipeline.recon.makes import load_makes
from pipeline.store.compliance import compliance
from pipeline.store.efforts import StoredEfforts
from pipeline.store.opening import open_store
from pipeline.store.recorder import Recorder
from tests.law.folding import findings, fold_of, raised
from tests.worlds import DAY, report, world

MAKES = load_makes()
AREAS = load_gazetteer().outlines


def watching(
    number: int | str,
    *,
    begin: float = -24.0,
    hours: float = 24.0 * 40,
    state: ObservationState = ObservationState.WATCHING,
    footprint: Footprint | None = None,
    **fields: Any,
) -> Observation:
    """An array by the middle of the line that watches, from so many hours after the first of March on."""
    at = DAY + timedelta(hours=begin)
    return Observation(
        observation_id=f"test:{number}",
        source="test",
        asset="array",
        make="array",
        observed_from=at,
        observed_until=at + timedelta(hours=hours),
        footprint=footprint or Disc(37.25, 48.35, 40_000.0),
        state=state,
        **fields,
    )


def blind(number: int | str, begin: float, hours: float) -> Observation:
    return watching(number, begin=begin, hours=hours, state=ObservationState.JAMMED, footprint=Nowhere())


class Told:
    """Efforts as a table: the share of every provision on each day; the same in all places."""

    def __init__(self, shares: Mapping[int, float]) -> None:
        self._shares = shares

    def share(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        return self._shares.get(day)

    observed = share

    def level(self, share: float | None) -> Watched:
        return level(MAKES.words, share or 0.0, told=share is not None)


def day_number(agreement: Agreement, on: str) -> int:
    return agreement.days.number_of(date.fromisoformat(on))


FIRST = "2016-03-01"


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


class TestShares:
    def of(self, agreement: Agreement, *observations: Observation, on: str = "2016-03-05") -> Mapping[str, float]:
        grounds = Grounds(agreement, MAKES)
        return shares_of_day(grounds, observations, MAKES, agreement, day_number(agreement, on)).anyone["ceasefire"]

    def test_where_nobody_watches_nothing_would_be_noticed(self, agreement: Agreement) -> None:
        assert set(self.of(agreement).values()) == {0.0}

    def test_an_outage_of_half_a_day_leaves_half(self, agreement: Agreement) -> None:
        whole = self.of(agreement, watching(1))
        half = self.of(agreement, watching(1), blind(2, begin=4 * 24 - 2, hours=12))
        assert 0.02 < whole[""] < 0.95
        assert half[""] == pytest.approx(whole[""] / 2, abs=0.5 / SLOTS + 0.001)

    def test_an_asset_that_notices_no_such_thing_counts_for_nothing(self, agreement: Agreement) -> None:
        assert self.of(agreement, replace(watching(1), make=None)) == self.of(agreement)
        radar = replace(watching(1), make="radar")
        assert self.of(agreement, radar)[""] == 0.0

    def test_both_sides_of_the_line_are_told_alike(self, agreement: Agreement) -> None:
        grounds = Grounds(agreement, MAKES)
        on_line = watching(1, footprint=Disc(37.6, 48.2, 60_000.0))
        shares = shares_of_day(grounds, [on_line], MAKES, agreement, day_number(agreement, "2016-03-05"))
        assert shares.anyone["quiet"].keys() >= {"zone:guns-a", "zone:guns-b"}


class TestEscalation:
    def alerts(self, agreement: Agreement, counts: Sequence[int], shares: Sequence[float] | None) -> list[Alert]:
        given = [
            report(f"{day}-{n}", Disc(37.40 + n * 0.01, 48.34, 50.0), at=timedelta(days=day, hours=8, minutes=20 * n))
            for day, count in enumerate(counts)
            for n in range(count)
        ]
        first = day_number(agreement, FIRST)
        told = Told({first + day: share for day, share in enumerate(shares or ())})
        memory = MemoryFindings((), raised(agreement, given), told)
        return [alert for alert, _ in refold(fold_of(agreement, "rising"), memory, BEFORE_ALL).alerts]

    def test_more_findings_where_more_was_watched_are_no_escalation(self, agreement: Agreement) -> None:
        counts, shares = [2] * 14 + [14] * 2, [0.1] * 14 + [0.7] * 2
        assert len(self.alerts(agreement, counts, None)) == 1
        assert self.alerts(agreement, counts, shares) == []

    def test_as_many_findings_where_less_was_watched_are_one(self, agreement: Agreement) -> None:
        counts = [4] * 18
        assert self.alerts(agreement, counts, None) == []
        (alert,) = self.alerts(agreement, counts, [0.8] * 14 + [0.1] * 4)
        assert alert.figures["observed"] == 0.1
        assert [doubt.doubt for doubt in alert.doubts] == [Doubt.EFFORT_UNEVEN]

    def test_of_what_nobody_said_it_is_doubted(self, agreement: Agreement) -> None:
        (alert,) = self.alerts(agreement, [2] * 14 + [14], None)
        assert [doubt.doubt for doubt in alert.doubts] == [Doubt.EFFORT_UNKNOWN]

    def test_days_that_nobody_watched_teach_nothing(self, agreement: Agreement) -> None:
        counts = [2] * 16 + [0] * 5 + [6] * 6
        assert len(self.alerts(agreement, counts, None)) == 1
        assert self.alerts(agreement, counts, [0.3] * 16 + [0.0] * 5 + [0.9] * 6) == []

    def test_days_before_anybody_said_who_watched_are_no_measure(self, agreement: Agreement) -> None:
        counts = [2] * 14 + [9] * 3
        first = day_number(agreement, FIRST)
        assert self.alerts(agreement, counts, None)
        given = [
            report(f"{day}-{n}", Disc(37.40 + n * 0.01, 48.34, 50.0), at=timedelta(days=day, hours=8, minutes=20 * n))
            for day, count in enumerate(counts)
            for n in range(count)
        ]
        memory = MemoryFindings((), raised(agreement, given), Told({first + day: 0.6 for day in range(14, 20)}))
        assert refold(fold_of(agreement, "rising"), memory, BEFORE_ALL).alerts == []


class TestQuietDays:
    def stands(self, agreement: Agreement, on: str, shares: Mapping[int, float]) -> Progress:
        memory = MemoryFindings(findings(agreement, [report(1, Disc(37.45, 48.35, 50.0))]), (), Told(shares))
        told = progress(fold_of(agreement, "quiet"), memory, day_number(agreement, on))
        return next(one for one in told if one.subject == "guns-a")

    def test_days_that_nobody_watched_do_not_fulfil_it(self, agreement: Agreement) -> None:
        first = day_number(agreement, FIRST)
        quiet = self.stands(agreement, "2016-03-04", {first + day: 0.8 for day in range(9)})
        blind = self.stands(agreement, "2016-03-04", {first + day: 0.8 if day < 2 else 0.02 for day in range(9)})
        assert quiet.compliance is Compliance.KEPT
        assert quiet.figures["days_unobserved"] == 0
        assert blind.compliance is Compliance.INDETERMINATE
        assert blind.figures["days_unobserved"] == 2
        assert "2 days of them unobserved" in blind.says

    def test_where_nobody_said_who_watched_it_is_as_the_record_says(self, agreement: Agreement) -> None:
        told = self.stands(agreement, "2016-03-04", {})
        assert told.compliance is Compliance.KEPT
        assert "observed" not in told.says


class TestInAStore:
    def reports(self) -> list[Report]:
        counts = [3] * 10 + [12] * 3
        return [
            report(f"{day}-{n}", Disc(37.40 + n * 0.01, 48.34, 50.0), at=timedelta(days=day, hours=8, minutes=20 * n))
            for day, count in enumerate(counts)
            for n in range(count)
        ]

    def watched(self) -> list[Observation]:
        """Poorly for ten days, with a version of one record that counts no more, and one that is revised."""
        wrong = watching("wrong", begin=-24, hours=24 * 14)
        return [
            *(watching(f"part{day}", begin=24 * day, hours=4 if day < 10 else 24) for day in range(-1, 13)),
            wrong,
            replace(wrong, observation_id="test:right", revises="test:wrong", retracted=True),
            replace(watching("later", begin=0, hours=2), published_at=DAY + timedelta(days=20), quality=0.9),
            watching("later", begin=0, hours=200),
        ]

    def run(
        self,
        folder: Path,
        agreement: Agreement,
        batches: Sequence[tuple[Sequence[Report], Sequence[Observation]]],
    ) -> tuple[list[Alert], list[Progress]]:
        def clock() -> datetime:
            return DAY + timedelta(days=30)

        with open_store(folder / "t.db", write=True) as store:
            recorder = Recorder(store, [agreement], AREAS, clock)
            for reports, observations in batches:
                recorder.record(reports, (), observations)
            return list(store.alerts(possible=True)), compliance(store, agreement)

    def test_the_order_of_reports_and_observations_means_nothing(self, tmp_path: Path, agreement: Agreement) -> None:
        reports, watched = self.reports(), self.watched()
        ways: dict[str, list[tuple[Sequence[Report], Sequence[Observation]]]] = {
            "together": [(reports, watched)],
            "watch_last": [(reports, ()), ((), watched)],
            "watch_first": [((), watched), (reports, ())],
            "backwards": [*(([one], ()) for one in reports[::-1]), *(((), [one, one]) for one in watched[::-1])],
            "mixed": [(reports[20:], watched[9:]), (reports[:30], watched[:12]), (reports, watched)],
        }
        found = {}
        for name, batches in ways.items():
            (tmp_path / name).mkdir()
            found[name] = self.run(tmp_path / name, agreement, batches)
        assert {name for name, one in found.items() if one == found["together"]} == set(ways)
        without = self.run(tmp_path, agreement, [(reports, ())])
        assert [one.provision for one in without[0]].count("rising") == 1
        assert [one.provision for one in found["together"][0]].count("rising") == 0

    @contextmanager
    def reckoned(self, folder: Path, agreement: Agreement, *observations: Observation) -> Iterator[StoredEfforts]:
        """The efforts of a store in which something happened on the first day alone."""
        with open_store(folder / "t.db", write=True) as store:
            recorder = Recorder(store, [agreement], AREAS, lambda: DAY + timedelta(days=30))
            recorder.record([report(1, Disc(37.40, 48.34, 50.0))], (), observations)
            yield StoredEfforts(store.connection, agreement)

    def test_where_reports_stop_the_log_goes_on(self, tmp_path: Path, agreement: Agreement) -> None:
        jammed = blind("jammed", begin=10, hours=24 * 3)
        with self.reckoned(tmp_path, agreement, watching("plan", hours=34), jammed) as efforts:
            day = day_number(agreement, "2016-03-03")
            assert efforts.last_day == day + 1
            assert efforts.observed("ceasefire", day) == 0.0
            assert efforts.level(0.0) is Watched.UNOBSERVED

    def test_what_is_only_planned_is_not_yet_watched(self, tmp_path: Path, agreement: Agreement) -> None:
        planned = watching("plan", begin=12, hours=10, received_at=DAY + timedelta(hours=9))
        out = watching("out", begin=-24, hours=36, state=ObservationState.OUTAGE, footprint=Nowhere())
        with self.reckoned(tmp_path, agreement, planned, replace(out, received_at=DAY + timedelta(hours=9))) as efforts:
            assert efforts.observed("ceasefire", day_number(agreement, FIRST)) == 0.0
            assert (efforts.share("ceasefire", day_number(agreement, FIRST)) or 0.0) > 0.0

    def test_what_was_withdrawn_tells_nothing(self, tmp_path: Path, agreement: Agreement) -> None:
        with self.reckoned(tmp_path, agreement, watching("wrong", retracted=True)) as efforts:
            assert efforts.last_day is None
            assert efforts.observed("ceasefire", day_number(agreement, FIRST)) is None

    def test_an_asset_s_make_is_known_from_any_of_its_records(self, tmp_path: Path, agreement: Agreement) -> None:
        day = day_number(agreement, "2016-03-04")
        bare = replace(watching("bare", begin=24, hours=96), make=None)
        with self.reckoned(tmp_path, agreement, bare, watching("named", begin=-24, hours=10)) as efforts:
            assert (efforts.observed("ceasefire", day) or 0.0) > 0.02

    def test_a_repeat_is_known_and_a_record_comes_back_whole(self, tmp_path: Path, agreement: Agreement) -> None:
        with open_store(tmp_path / "t.db", write=True) as store:
            recorder = Recorder(store, [agreement], AREAS)
            assert recorder.record([], (), self.watched()).watched == len(self.watched())
            assert recorder.record([], (), self.watched()).watched == 0
            begin, until = DAY + timedelta(days=3), DAY + timedelta(days=3, hours=23)
            back = {one.observation_id for one in store.observations(begin, until)}
        assert back == {"test:part3", "test:wrong", "test:right", "test:later"}
