"""Quiet apart from unobserved, wherever something is told."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.model.records import Observation
from pipeline.model.taxonomy import Activity
from tests.cli.driving import Cli
from tests.cli.recorded import agreement_file
from tests.law.folding import NEAR_A
from tests.law.test_effort import blind, watching
from tests.worlds import report

EAST = "East"


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


def written(path: Path, *records: msgspec.Struct) -> Path:
    path.write_bytes(b"\n".join(msgspec.json.encode(one) for one in records) + b"\n")
    return path


def watched() -> list[Observation]:
    """An array in the west that is jammed from noon to six on the second day; the record is two days long."""
    return [
        watching("whole", begin=-1, hours=49),
        watching("jammed", begin=36, hours=6, state=blind(0, 0, 1).state, reason="satellite navigation"),
    ]


@pytest.fixture
def store(cli: Cli, tmp_path: Path, agreement: Path) -> Path:
    """With an explosion on the first day, a shot on the second, and the observation log."""
    reports = [
        report(1, NEAR_A, observer="array", ledger="sensor"),
        report(2, NEAR_A, Activity.SHOT, observer="patrol", ledger="independent", at=timedelta(hours=47)),
    ]
    path = tmp_path / "truceline.db"
    given = written(tmp_path / "reports.ndjson", *reports), written(tmp_path / "watched.ndjson", *watched())
    told = cli("run", "-a", agreement, *given)
    assert told.code == 0
    assert "observations" in told.err
    return path


def test_lists_say_where_silence_is_no_quiet(cli: Cli, store: Path, agreement: Path) -> None:
    for words in (["alerts", "list"], ["alerts", "register"], ["incidents", "list"]):
        told = cli(*words, "-a", agreement)
        assert told.code == 0
        (line,) = [line for line in told.err.splitlines() if "observed" in line]
        assert f"{EAST} since 2016-03-01 (0%)" in line
        assert "silence there is no quiet" in line
        assert "observed" not in told.out


def test_the_ledgers_have_a_column_of_it(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("ledgers", "-a", agreement, "--json")
    shares = {row["sector"]: row["observed"] for row in map(json.loads, told.out.splitlines())}
    assert all(0.0 < share < 1.0 for share in shares.values())
    assert "observed" in cli("ledgers", "-a", agreement).out.splitlines()[0]


def test_the_handover_says_what_was_not_watched_and_why(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("act", "--handover", "-a", agreement, "--since", "18h")
    assert told.code == 0
    section = told.out.partition("## Not watched: silence there is no quiet")[2].partition("## ")[0]
    assert "1 asset jammed (satellite navigation): array" in section
    assert "2016-03-02 12:00" in section
    (fields,) = map(json.loads, cli("act", "--handover", "-a", agreement, "--since", "18h", "--json").out.splitlines())
    causes = [cause for one in fields["not_watched"] for cause in one["causes"]]
    assert {"state": "jammed", "reason": "satellite navigation", "assets": ["array"]} in causes


def test_the_handover_says_since_when_nobody_said_who_watched(
    cli: Cli, store: Path, agreement: Path, tmp_path: Path
) -> None:
    early = written(tmp_path / "early.ndjson", watching("early", begin=-1, hours=20))
    reports = written(
        tmp_path / "late.ndjson", report(1, NEAR_A, at=timedelta(hours=47), observer="array", ledger="sensor")
    )
    assert cli("run", "-a", agreement, early, reports, "--store", tmp_path / "other.db").code == 0
    begin = "2016-03-01T10:00Z"
    told = cli("recon", "coverage", "-a", agreement, "--store", tmp_path / "other.db", "--from", begin, "--hours", "24")
    assert "unknown" in told.out
    rows = cli("compliance", "-a", agreement, "--store", tmp_path / "other.db", "--json").out.splitlines()
    figures = [json.loads(row)["figures"] for row in rows if json.loads(row)["provision"] == "quiet"]
    assert {one["observed"] for one in figures} == {0.0}


def test_compliance_says_how_much_of_the_day_was_observed(cli: Cli, store: Path, agreement: Path) -> None:
    rows = [json.loads(row) for row in cli("compliance", "-a", agreement, "--json").out.splitlines()]
    told = {row["subject"]: row for row in rows if row["provision"] == "quiet"}
    assert 0.0 < told["guns-a"]["figures"]["observed"] < 1.0
    assert "of it would have been noticed" in told["guns-a"]["says"]


def test_without_a_watch_log_it_is_said_only_where_it_is_asked(cli: Cli, tmp_path: Path, agreement: Path) -> None:
    reports = written(tmp_path / "reports.ndjson", report(1, NEAR_A, observer="array", ledger="sensor"))
    assert cli("run", "-a", agreement, reports).code == 0
    assert "observed" not in cli("alerts", "list", "-a", agreement).err
    assert "Not known: nobody said who watched" in cli("act", "--handover", "-a", agreement).out
    assert "observed" not in cli("ledgers", "-a", agreement).out.splitlines()[0]
