"""Since when: what happened from a time on, and what was raised from a time on, in every command that lists alerts."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pipeline.agreement import load_agreement
from pipeline.store import Recorder, open_store
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import CLEAR, agreement_file
from tests.monitor.fusion.telling import disc
from tests.worlds import report

LATER = report(61, disc(9_000), at=timedelta(days=40), ledger="independent")
"""What happened weeks after the other, and entered the record days before it."""


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def ids(tmp_path: Path, agreement: Path) -> tuple[str, str]:
    """The alerts of a store: of what happened early and was raised late, and of the other."""
    now = datetime.now(UTC)
    with open_store(tmp_path / "truceline.db", write=True) as opened:
        for given, then in ((LATER, now - timedelta(days=3)), (CLEAR, now - timedelta(hours=1))):
            Recorder(opened, [load_agreement(agreement)], {}, clock=partial(_at, then)).record([given])
        alerts = [one for one in opened.alerts() if one.provision == "ceasefire"]
    by_report = {one.report_ids[0]: one.alert_id for one in alerts}
    return by_report[CLEAR.report_id], by_report[LATER.report_id]


def _at(then: datetime) -> datetime:
    return then


def of_ceasefire(rows: str) -> set[str]:
    told = [json.loads(row) for row in rows.splitlines()]
    told = [row.get("alert", row) for row in told]
    return {row["alert_id"] for row in told if row["provision"] == "ceasefire"}


@pytest.mark.parametrize("command", [("alerts", "list"), ("alerts", "register", "--each")])
def test_happened_and_raised_are_asked_for_apart(cli: Cli, ids: tuple[str, str], command: tuple[str, ...]) -> None:
    early, later = ids
    assert of_ceasefire(cli(*command, "--json").out) == {early, later}
    assert of_ceasefire(cli(*command, "--json", "--since", "2016-03-15").out) == {later}
    assert of_ceasefire(cli(*command, "--json", "--raised-since", "24h").out) == {early}
    assert of_ceasefire(cli(*command, "--json", "--raised-since", "24h", "--since", "2016-03-15").out) == set()
    assert of_ceasefire(cli(*command, "--json", "--raised-since", "7d").out) == {early, later}


@pytest.mark.parametrize("history", [(), ("--history",)])
def test_what_is_written_out_is_chosen_in_the_same_way(
    cli: Cli, ids: tuple[str, str], tmp_path: Path, history: tuple[str, ...]
) -> None:
    early, later = ids
    for options, chosen in (
        (("--since", "2016-03-15"), {later}),
        (("--raised-since", "24h"), {early}),
        (("--provision", "ceasefire"), {early, later}),
    ):
        told = cli("alerts", "export", "-o", "out.ndjson", *history, *options)
        assert told.code == 0, told.err
        assert of_ceasefire((tmp_path / "out.ndjson").read_text(encoding="utf-8")) == chosen
    assert "1 alert" in cli("alerts", "map", "-o", "map.html", "--provision", "ceasefire", "--raised-since", "24h").err


def test_what_is_only_possible_was_never_raised(cli: Cli, ids: tuple[str, str]) -> None:
    every = cli("alerts", "list", "--json", "--possible", "--raised-since", "7d").out
    assert {json.loads(row)["standing"] for row in every.splitlines()} == {"raised"}


def test_the_handover_goes_by_when_it_was_raised(cli: Cli, ids: tuple[str, str]) -> None:
    new = cli("act", "--handover", "--since", "24h", "--json").json()["new"]
    assert ids[0] in {one["alert_id"] for one in new}
    assert ids[1] not in {one["alert_id"] for one in new}


def test_a_time_that_is_none_names_its_option(cli: Cli, ids: tuple[str, str]) -> None:
    for option in ("--since", "--raised-since"):
        told = cli("alerts", "list", option, "yesterday")
        traceless(told)
        assert (told.code, told.out) == (2, "")
        assert f"{option} yesterday: write a day or time" in told.err


def test_help_says_which_is_which(cli: Cli) -> None:
    said = " ".join(cli("alerts", "list", "--help").out.split())
    assert "Only what happened from a day or time on" in said
    assert "Only what was raised from then on" in said
