"""Terms, renewals and suspensions: what is in force when, and what is judged then."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

from pipeline.agreement import Agreement, load_agreement
from pipeline.agreement.format import SuspensionTable, TermTable
from pipeline.agreement.load import check_agreement
from pipeline.agreement.terms import in_force
from pipeline.cli.agreement import app
from pipeline.model.footprint import Disc
from pipeline.model.taxonomy import Activity
from pipeline.monitor import MemoryWindows, Monitor
from tests.worlds import DAY, report, write_world

NEAR_A = Disc(37.45, 48.35, 50.0)
FIRST = "in_force_until = 2016-03-02T00:00:00Z\n\n[[sources]]"
AGAIN = """
[[renewals]]
from = 2016-03-03T00:00:00Z
until = 2016-03-05T00:00:00Z
source = "made-up"
confidence = "high"
note = "Decision 7"
"""
PAUSE = """
[[suspensions]]
from = 2016-03-03T06:00:00Z
until = 2016-03-03T18:00:00Z
provisions = ["ceasefire"]
source = "made-up"
confidence = "low"
"""


def termed(folder: Path, extra: str = AGAIN + PAUSE) -> Path:
    """A first term of a day, a gap of a day, and a renewal of two, in which the ceasefire is suspended for a while."""
    path = write_world(folder, extra=extra)
    path.write_text(path.read_text("utf-8").replace("[[sources]]", FIRST, 1), "utf-8")
    return path


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return load_agreement(termed(tmp_path_factory.mktemp("terms")))


def judged(agreement: Agreement, hours: float, lasting: timedelta = timedelta(0)) -> dict[str, float]:
    """The probabilities of what is judged of fire, and of troops, on A's side so long after the first of March."""
    given = [
        report(number, NEAR_A, activity, at=timedelta(hours=hours), lasting=lasting, observer="patrol")
        for number, activity in enumerate((Activity.EXPLOSION, Activity.TROOP_PRESENCE))
    ]
    changes = Monitor([agreement], MemoryWindows(), {}).process(given)
    return {alert.provision: alert.probability for alert in changes.alerts[agreement.name]}


@pytest.mark.parametrize(
    ("hours", "provisions"),
    [
        (5, set()),
        (7, {"ceasefire", "troops-a"}),
        (21, {"ceasefire"}),
        (23.9, {"ceasefire", "troops-a"}),
        (24, set()),
        (47, set()),
        (48, {"ceasefire", "troops-a"}),
        (55, {"troops-a"}),
        (67, {"ceasefire", "troops-a"}),
        (96, set()),
        (24 * 365, set()),
    ],
)
def test_what_is_judged_is_in_force(agreement: Agreement, hours: float, provisions: set[str]) -> None:
    assert set(judged(agreement, hours)) == provisions


def test_the_share_of_time_is_that_of_all_terms_together(agreement: Agreement) -> None:
    """Of two days, an hour before the gap and 23 hours after it: a half."""
    whole = judged(agreement, 23, timedelta(hours=1))["troops-a"]
    assert judged(agreement, 23, timedelta(hours=48))["troops-a"] == pytest.approx(whole / 2, abs=1e-3)


def test_the_agreement_is_in_force_until_the_end_of_its_last_term(agreement: Agreement) -> None:
    assert agreement.in_force == (datetime(2016, 3, 1, 6, tzinfo=UTC), datetime(2016, 3, 5, tzinfo=UTC))


_HOURS = st.integers(0, 20).map(lambda hours: DAY + timedelta(hours=hours))


@st.composite
def _intervals(draw: st.DrawFn) -> tuple[datetime, datetime | None]:
    begin = draw(_HOURS)
    return begin, draw(st.none() | st.integers(1, 9).map(lambda hours: begin + timedelta(hours=hours)))


@given(
    renewed=st.lists(_intervals(), max_size=3),
    suspended=st.lists(st.tuples(_intervals(), st.sampled_from([(), ("ceasefire",), ("drones",)])), max_size=3),
    hours=st.integers(-1, 40),
)
def test_every_moment_is_in_force_or_not(
    agreement: Agreement,
    renewed: list[tuple[datetime, datetime | None]],
    suspended: list[tuple[tuple[datetime, datetime | None], tuple[str, ...]]],
    hours: int,
) -> None:
    tables = replace(
        agreement.tables,
        renewals=tuple(TermTable(begin=b, until=u, source="made-up", confidence="low") for b, u in renewed),
        suspensions=tuple(
            SuspensionTable(begin=b, until=u, source="made-up", confidence="low", provisions=names)
            for (b, u), names in suspended
        ),
    )
    moment = DAY + timedelta(hours=hours, minutes=30)

    def within(begin: datetime, until: datetime | None) -> bool:
        return begin <= moment and (until is None or moment < until)

    expected = any(within(*span) for span in [(tables.header.in_force_from, tables.header.in_force_until), *renewed])
    expected = expected and not any(within(*span) for span, names in suspended if not names or "ceasefire" in names)
    ceasefire = next(table for table in tables.provisions if table.id == "ceasefire")
    spans = in_force(tables, ceasefire)
    assert any(within(*span) for span in spans) == (expected and moment >= tables.header.in_force_from)
    assert sum(within(*span) for span in spans) <= 1
    assert list(spans) == sorted(spans, key=lambda span: span[0])


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (AGAIN.replace("2016-03-05", "2016-03-03"), "renewals[0].until: 2016-03-03 00:00:00+00:00 is not after"),
        (AGAIN.replace("2016-03-03", "2016-02-03"), "renewals[0].from: earlier than the agreement's in_force_from"),
        (AGAIN.replace("made-up", "rumour"), "renewals[0].source: 'rumour' is not among the sources"),
        (AGAIN.replace('confidence = "high"', ""), "renewals[0].confidence: is missing"),
        (AGAIN + PAUSE.replace("ceasefire", "truce"), "suspensions[1].provisions: 'truce' is not among the provisions"),
        (PAUSE, "suspensions[1].from: the agreement is not in force then"),
        (PAUSE.replace("T18", "T05"), "suspensions[1].until: 2016-03-03 05:00:00+00:00 is not after"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, extra: str, message: str) -> None:
    assert any(message in str(problem) for problem in check_agreement(termed(tmp_path, extra)))


def test_what_has_no_end_is_not_renewed(tmp_path: Path) -> None:
    told = [str(problem) for problem in check_agreement(write_world(tmp_path, extra=AGAIN))]
    assert len(told) == 1
    assert "renewals[0].from: the agreement has no in_force_until" in told[0]


def test_a_provision_that_is_never_in_force_is_told(tmp_path: Path) -> None:
    path = termed(tmp_path)
    text = path.read_text("utf-8").replace(
        'id = "drones"', 'id = "drones"\nin_force_from = 2016-03-02T06:00:00Z\nin_force_until = 2016-03-02T12:00:00Z'
    )
    path.write_text(text, "utf-8")
    assert any("provisions[drones].in_force_from: it is never in force" in str(one) for one in check_agreement(path))


def test_show_tells_what_is_in_force_on_a_day_and_when_it_expires(tmp_path: Path) -> None:
    path = str(termed(tmp_path))
    plain = " ".join(CliRunner().invoke(app, ["show", path]).output.split())
    assert "renewed from 2016-03-03 00:00 UTC" in plain
    assert "Decision 7" in plain
    assert "expires 2016-03-05 00:00 UTC" in plain
    shown = CliRunner().invoke(app, ["show", path, "--on", "2016-03-03T12:00"])
    told = " ".join(shown.output.split())
    assert "the agreement in force until 2016-03-05 00:00 UTC" in told
    assert "ceasefire not in force since 2016-03-03 06:00 UTC" in told
    assert "in force from 2016-03-03 18:00 UTC" in told
    data = json.loads(CliRunner().invoke(app, ["show", path, "--on", "2016-03-06", "--json"]).output)
    assert {one["in_force"] for one in data["in_force_on"]} == {False}
    assert data["in_force_on"][0]["ended"] == "2016-03-05T00:00:00+00:00"
