"""`truceline compliance`: how provisions that remember stand, on a day."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.agreement import load_agreement
from pipeline.store import open_store
from pipeline.store.compliance import compliance
from tests.cli.driving import Cli, traceless
from tests.cli.recorded import agreement_file, record
from tests.law.folding import NEAR_A, guns


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def store(tmp_path: Path, agreement: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement, [guns(1, NEAR_A, 5, 5), guns(2, NEAR_A, 2, 2, day=1)])


def test_it_tells_each_of_them_in_a_row(cli: Cli, store: Path, agreement: Path) -> None:
    told = cli("compliance", "-a", agreement)
    assert (told.code, told.err) == (0, "")
    words = " ".join(told.out.split())
    assert "world, at the end of 2016-03-02" in words
    assert "guns-a: Artillery kept 2 seen within 2 days, at most 3 allowed" in words


def on_day(cli: Cli, agreement: Path, day: str) -> list[dict[str, Any]]:
    told = cli("compliance", "-a", agreement, "--on", day, "--json")
    return [json.loads(row) for row in told.out.splitlines()]


def test_on_an_earlier_day_it_tells_how_they_stood_then(cli: Cli, store: Path, agreement: Path) -> None:
    rows = on_day(cli, agreement, "2016-03-01")
    ceilings = {row["subject"]: row["compliance"] for row in rows if row["provision"] == "ceiling"}
    assert ceilings["guns-a: Artillery"] == "broken"
    assert ceilings["guns-b: Artillery"] == "kept"


def test_before_it_is_in_force_a_provision_is_pending(cli: Cli, store: Path, agreement: Path) -> None:
    rows = on_day(cli, agreement, "2016-02-01")
    assert {row["compliance"] for row in rows} == {"pending"}
    assert {row["says"] for row in rows} >= {"not in force before 2016-03-01 06:00 UTC"}


def test_in_python_it_is_the_same(store: Path, agreement: Path) -> None:
    with open_store(store) as opened:
        told = {one.subject: one.says for one in compliance(opened, load_agreement(agreement))}
    assert told["guns-a: Artillery"] == "2 seen within 2 days, at most 3 allowed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-a", "nosuch"], "nosuch"),
        (["--on", "yesterday"], "--on yesterday: write a day as 2017-03-25"),
        (["-a", "donbas-2015"], "was not judged by donbas-2015"),
    ],
)
def test_what_cannot_be_told_is_named(cli: Cli, store: Path, words: list[str], said: str) -> None:
    told = cli("compliance", *words)
    traceless(told)
    assert told.code in (1, 2)
    assert said in told.err
