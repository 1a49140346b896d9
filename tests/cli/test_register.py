"""`truceline alerts register`: what was raised is counted once, and every figure is a part of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.driving import Cli
from tests.cli.recorded import CLEAR, SECTOR, agreement_file, record
from tests.law.folding import NEAR_A, guns
from tests.monitor.fusion.telling import disc, told

SHOTS = [told(30 + number, "array-1", disc(9_000), at_s=3_600.0 * number) for number in range(5)]
GIVEN = [CLEAR, SECTOR, guns(1, NEAR_A, 5, 5), *SHOTS]


@pytest.fixture
def raised(cli: Cli, tmp_path: Path) -> list[str]:
    record(tmp_path / "truceline.db", agreement_file(tmp_path / "agreement"), GIVEN)
    return [json.loads(row)["alert_id"] for row in cli("alerts", "list", "--json").out.splitlines()]


def lines(cli: Cli, *options: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in cli("alerts", "register", "--json", *options).out.splitlines()]


def done(cli: Cli, *arguments: str) -> None:
    said = cli("act", *arguments, "--by", "Ines")
    assert said.code == 0, said.err


def test_the_totals_add_up_and_say_how_many_were_superseded(cli: Cli, raised: list[str]) -> None:
    graves = [
        json.loads(row)["alert_id"]
        for row in cli("alerts", "list", "--json", "--provision", "ceasefire").out.splitlines()
    ]
    assert len(graves) > 3
    every = len(raised)
    assert cli("alerts", "register").err == f"{every} alerts raised; {every} of them without an outcome, 100 %\n"
    done(cli, graves[0], "duplicate", graves[1])
    done(cli, graves[1], "outcome", "confirmed", "--reason", "inspected")
    done(cli, graves[2], "verify", "--reason", "disputed")
    done(cli, graves[3], "outcome", "refuted", "--reason", "nothing_found")
    rows = lines(cli)
    for one in rows:
        found = one["confirmed"] + one["not_a_violation"] + one["refuted"]
        assert one["raised"] == one["superseded"] + found + one["without_outcome"]
        assert one["under_verification"] <= one["without_outcome"]
    assert sum(one["raised"] for one in rows) == every
    assert sum(one["superseded"] for one in rows) == 1
    said = cli("alerts", "register")
    assert said.err.startswith(
        f"{every} alerts raised; 1 of them superseded, as duplicates of others; "
        f"{every - 3} of the other {every - 1} without an outcome, "
    )
    (grave,) = [line for line in said.out.splitlines() if " grave " in line]
    assert re.search(r" 1  +\d+ \(\d+ %\)", grave)
    assert len(cli("alerts", "register", "--each", "--json").out.splitlines()) == every


def test_a_part_of_them_adds_up_as_well(cli: Cli, raised: list[str]) -> None:
    rows = lines(cli, "--provision", "ceasefire")
    counted = sum(one["raised"] for one in rows)
    assert 0 < counted < len(raised)
    assert cli("alerts", "register", "--provision", "ceasefire").err.startswith(f"{counted} alerts raised; ")
