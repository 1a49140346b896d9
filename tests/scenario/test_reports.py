"""Every report of a scenario is one that the monitor takes, and comes in the order of its reception."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.check import check
from pipeline.model.taxonomy import Activity
from pipeline.scenario import ScenarioError, generate
from pipeline.scenario.generate import default_begin
from pipeline.sources.base import ReadContext
from pipeline.sources.ndjson import Ndjson
from tests.scenario.conftest import Played


@pytest.mark.parametrize("name", ["routine", "quiet", "noisy"])
def test_every_report_is_valid_and_says_who_saw_it(name: str, request: pytest.FixtureRequest) -> None:
    one: Played = request.getfixturevalue(name)
    for report in one.reports:
        assert check(report, frozenset()) is None
        assert report.observer
        assert report.ledger in ("sensor", "independent", "public")
        assert report.received_at is not None
        assert report.received_at >= report.observed_until
        assert report.published_at is None or report.published_at <= report.received_at


def test_our_own_reader_takes_every_line(plain: Agreement) -> None:
    lines = [line for chunk in generate("quiet", 1, plain) for line in chunk.reports]
    text = "\n".join(lines).encode()
    rows = list(Ndjson().read(io.BytesIO(text), ReadContext(file="reports.ndjson", gazetteer=load_gazetteer())))
    assert Ndjson().recognises(text[:65_536], "reports.ndjson")
    assert len(rows) == len(lines)
    assert all(row.reject is None for row in rows)


def test_reports_come_in_the_order_of_their_reception_over_days(plain: Agreement) -> None:
    times = [
        line.partition('"received_at":"')[2][:24]
        for chunk in generate("routine", 5, plain, 45_000)
        for line in chunk.reports
    ]
    assert len(times) == 45_000
    assert times == sorted(times)


def test_ids_begin_with_scenario_and_seed_and_are_unique(routine: Played) -> None:
    ids = [report.report_id for report in routine.reports]
    assert len(set(ids)) == len(ids)
    assert {name.rpartition("-")[0] for name in ids} == {"sim:routine-7"}


def test_numbers_tell_nothing_of_what_belongs_together(routine: Played) -> None:
    """Reports of one incident do not follow upon each other: a fusion that looked at the ids would learn nothing."""
    several = [[int(name.rpartition("-")[2]) for name in one.report_ids] for one in routine.truth]
    steps = [after - before for numbers in several for before, after in pairwise(numbers)]
    assert sum(step == 1 for step in steps) < 0.02 * len(steps)


def test_some_reports_name_no_place_and_all_kinds_of_observer_report(routine: Played) -> None:
    kinds = {type(report.footprint).__name__ for report in routine.reports}
    makes = {str(report.observer).partition("-")[0] for report in routine.reports}
    assert kinds == {"Disc", "Bearing", "Nowhere"}
    assert makes == {"array", "camera", "patrol", "drone", "radar", "satellite", "outlet"}


def test_what_matters_little_is_most_of_what_comes_in(routine: Played) -> None:
    evidence = {Activity.HEAT, Activity.STATEMENT, Activity.OTHER}
    assert sum(report.activity in evidence for report in routine.reports) > len(routine.reports) / 2


def test_a_scenario_begins_when_its_agreement_is_in_force(hypothetical: Agreement) -> None:
    assert default_begin(hypothetical) == datetime(2026, 3, 1, tzinfo=UTC)
    past = load_agreement("donbas-2015")
    begin = default_begin(past)
    assert past.in_force[0] < begin < past.in_force[0] + timedelta(days=31)
    assert (begin.hour, begin.minute) == (0, 0)


def test_a_beginning_can_be_chosen(plain: Agreement) -> None:
    begin = datetime(2026, 7, 1, 6, tzinfo=UTC)
    chunk = next(iter(generate("quiet", 1, plain, begin=begin)))
    assert chunk.until == begin + timedelta(days=1)
    assert all('"observed_at":"2026-07-0' in line for line in chunk.truth)


@pytest.mark.parametrize(
    ("name", "seed", "number", "begin", "says"),
    [
        ("busy", 1, None, None, "there are quiet, routine, escalation, breakdown, noisy-public, jammed"),
        ("quiet", -1, None, None, "seed of 0 or more"),
        ("quiet", 1, 0, None, "at least one report"),
        ("quiet", 1, None, datetime(2026, 3, 1), "time zone"),  # noqa: DTZ001 - the very thing that is refused
        ("quiet", 1, None, datetime(2150, 3, 1, tzinfo=UTC), "between 1900 and 2100"),
    ],
)
def test_what_cannot_be_played_is_said_before_anything_is_made(
    name: str, seed: int, number: int | None, begin: datetime | None, says: str, plain: Agreement
) -> None:
    with pytest.raises(ScenarioError, match=says):
        generate(name, seed, plain, number, begin)
