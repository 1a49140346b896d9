"""`truceline agreement compare`, and what `show` and `alerts show` say of readings that are judged."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.agreement import shipped_agreements
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import CLEAR, PAUSED, PLACES, agreement_file, record
from tests.worlds import DAY, report, write_world

JUDGED = (
    PLACES
    + """
[[readings]]
id = "b-reads"
party = "b"
provision = "ceasefire"
says = "It began a day later, and nothing suspends it."
in_force_from = 2016-03-02T00:00:00Z
exceptions = []
source = "made-up"
confidence = "low"
[[readings]]
id = "a-no-pause"
party = "a"
provision = "ceasefire"
says = "Nothing suspends it."
exceptions = []
source = "made-up"
confidence = "low"
[[readings]]
id = "a-counts"
party = "a"
provision = "ceiling"
says = "The ceiling was never agreed."
holds = false
source = "made-up"
confidence = "low"
"""
)
NEXT_DAY = report(8, CLEAR.footprint, at=timedelta(days=1, hours=9), ledger="independent")
PAUSED_WHOLLY = report(9, PAUSED.footprint, at=timedelta(hours=12, minutes=10))


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    folder = tmp_path / "agreement"
    folder.mkdir()
    return write_world(folder, extra=JUDGED)


@pytest.fixture
def store(agreement: Path, tmp_path: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement, (CLEAR, NEXT_DAY, PAUSED_WHOLLY))


@pytest.mark.usefixtures("store")
def test_each_column_is_counted_and_what_decides_is_listed(cli: Cli, agreement: Path) -> None:
    told = cli("agreement", "compare", agreement, "--json")
    assert told.code == 0
    ceasefire, ceiling = map(json.loads, told.out.splitlines())
    assert (ceasefire["provision"], ceiling["provision"]) == ("ceasefire", "ceiling")
    figures = {column["party"]: (column["raised"], column["possible"]) for column in ceasefire["columns"]}
    assert figures == {None: (2, 0), "b": (1, 0), "a": (3, 0)}
    assert [column["reading"] for column in ceasefire["columns"]] == [None, "b-reads", "a-no-pause"]
    event, paused = ceasefire["events"]
    assert ceasefire["deciding"] == 2
    assert event["observed_from"] == (DAY + timedelta(hours=9)).isoformat().replace("+00:00", "Z")
    assert event["place"].startswith("Middle")
    assert [under["standing"] for under in event["under"]] == ["raised", None, "raised"]
    assert [under["standing"] for under in paused["under"]] == [None, None, "raised"]
    assert ceiling["events"] == []


@pytest.mark.usefixtures("store")
def test_the_tables_say_what_stands_and_who_is_right_is_not_said(cli: Cli, agreement: Path) -> None:
    told = cli("agreement", "compare", agreement)
    lines = [" ".join(row.split()) for row in told.out.splitlines()]
    assert "ceasefire the text 2 0" in lines
    assert "b 1 0 in force from 2016-03-02 00:00 UTC; exceptions: none" in lines
    assert "a 0 0 it does not hold" in lines
    assert any(
        row.startswith("2016-03-01 09:00") and re.search(r" raised 0\.\d+ no alert raised 0\.\d+$", row)
        for row in lines
    ), lines
    assert "2 events on which readings differ; which is right is not said" in told.err
    none = cli("agreement", "compare", agreement, "--limit", "0", "--json")
    assert [json.loads(row)["events"] for row in none.out.splitlines()] == [[], []]
    assert json.loads(none.out.splitlines()[0])["deciding"] == 2


def test_without_a_store_readings_stand_side_by_side(cli: Cli, agreement: Path) -> None:
    told = cli("agreement", "compare", agreement)
    assert told.code == 0
    assert "only what the readings change" in told.err
    lines = [" ".join(row.split()) for row in told.out.splitlines()]
    assert lines[0] == "provision read by reading under it says"
    assert any(row.startswith("ceasefire a a-reads nothing: it is shown, and not judged") for row in lines)
    assert any(row.startswith("ceiling a a-counts it does not hold The ceiling was never agreed.") for row in lines)
    rows = [json.loads(row) for row in cli("agreement", "compare", agreement, "--json").out.splitlines()]
    assert [row["judged"] for row in rows] == [False, True, True, True]
    assert rows[1]["changes"] == {"in_force_from": "2016-03-02T00:00:00Z", "exceptions": []}
    assert rows[3]["changes"] == {"holds": False}


def test_where_no_reading_is_judged_none_is_held_against_a_store(cli: Cli, tmp_path: Path) -> None:
    path = agreement_file(tmp_path / "agreement")
    record(tmp_path / "truceline.db", path)
    told = cli("agreement", "compare", path)
    assert told.code == 0
    assert "none of its readings is judged" in told.err
    assert "a-reads" in told.out


@pytest.mark.parametrize("name", shipped_agreements())
def test_the_shipped_agreements_can_be_compared(cli: Cli, name: str) -> None:
    assert cli("agreement", "compare", name).code == 0


def test_a_store_that_is_not_there_is_wrong_usage(cli: Cli, agreement: Path) -> None:
    told = cli("agreement", "compare", agreement, "--store", "nosuch.db")
    assert (told.code, told.out) == (2, "")
    assert "there is no store here" in told.err
    traceless(told)


def test_the_page_says_what_each_reading_changes(cli: Cli, agreement: Path) -> None:
    said = " ".join(cli("agreement", "show", agreement).out.split())
    assert "changes in force from 2016-03-02 00:00 UTC (2016-03-02 02:00 Kyiv); exceptions: none" in said
    assert "changes nothing: it is shown, and not judged" in said
    shown = cli("agreement", "show", agreement, "--json").json()["readings"]
    assert [one["judged"] for one in shown] == [False, True, True, True]


def test_an_alert_says_how_it_stands_under_each_reading(cli: Cli, agreement: Path, store: Path) -> None:
    rows = cli("alerts", "list", "--possible", "--json", "--store", store).out.splitlines()
    alerts = {row["report_ids"][0]: row for row in map(json.loads, rows) if row["provision"] == "ceasefire"}
    assert (alerts["test:9"]["probability"], alerts["test:9"]["standing"]) == (0.0, "possible")
    said = {
        name: " ".join(cli("alerts", "show", row["alert_id"], "--store", store, "-a", agreement).out.split())
        for name, row in alerts.items()
    }
    assert (
        "Party B: It began a day later, and nothing suspends it. (Under this reading: no violation.)" in said["test:1"]
    )
    assert "Party A: Nothing suspends it. (Under this reading: raised, probability 0." in said["test:9"]
    assert "By the text it is no violation; it is kept because a reading has it otherwise." in said["test:9"]
