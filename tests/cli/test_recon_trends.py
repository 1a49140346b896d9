"""`recon trends`: rates by observed hour, silence apart from quiet, and comparisons that are refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.report import Report
from pipeline.model.watch_terms import ObservationState
from tests.cli.driving import Cli, Told
from tests.cli.test_recon_coverage import ALONG
from tests.recon.watching import BEGIN, watched
from tests.worlds import DAY, report

SHELLS = 40


def shell(number: int) -> Report:
    """One of a series, an hour and twelve minutes apart."""
    return report(f"shell-{number}", Disc(37.6, 48.25, 200.0), at=BEGIN - DAY + timedelta(hours=1.2 * number))


@pytest.fixture
def store(cli: Cli, world: Path, tmp_path: Path) -> Path:
    """Two days of steady fire, of which the second is jammed for twelve hours, and the third for all of it."""
    log = [watched(f"array-{number}", "array", (0, 72), place) for number, place in enumerate(ALONG)]
    for number in range(len(ALONG)):
        for begin, end in ((30, 42), (48, 72)):
            jammed = watched(f"array-{number}", None, (begin, end), Nowhere(), state=ObservationState.JAMMED)
            log.append(jammed)
    path = tmp_path / "all.ndjson"
    records: list[Any] = [*log, *map(shell, range(SHELLS))]
    path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in records))
    kept = tmp_path / "kept.db"
    assert cli("run", "-a", world, path, "--store", kept).code == 0
    return kept


def one(told: Told) -> dict[str, Any]:
    assert told.code == 0, told.err
    (line,) = told.out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_rate_by_observed_hour(cli: Cli, world: Path, store: Path) -> None:
    ask = ("recon", "trends", "-a", world, "--store", store, "--class", "heavy_fire", "--json")
    whole = one(cli(*ask, "--from", "2026-03-02", "--until", "2026-03-03"))
    assert (whole["noticed"], whole["hours"]) == (20, 24)
    assert 10 < whole["observed_h"] < 24
    assert whole["rate_per_day"] == pytest.approx(24 * 20 / whole["observed_h"], rel=1e-3)
    assert whole["low_per_day"] < whole["rate_per_day"] < whole["high_per_day"]
    assert whole["least_per_day"] == pytest.approx(24 * whole["dispersion"] * 2.9957 / whole["observed_h"], rel=1e-3)
    assert whole["says"] == "20 noticed"


def test_the_blinded_day_is_unobserved_and_not_quiet(cli: Cli, world: Path, store: Path) -> None:
    ask = ("recon", "trends", "-a", world, "--store", store, "--class", "heavy_fire")
    dark = one(cli(*ask, "--from", "2026-03-04", "--until", "2026-03-05", "--json"))
    assert (dark["noticed"], dark["says"], dark["watched"]) == (0, "unobserved", "unobserved")
    assert (dark["rate_per_day"], dark["high_per_day"], dark["least_per_day"]) == (None, None, None)
    shown = cli(*ask, "--from", "2026-03-04", "--until", "2026-03-05").out
    assert "unobserved" in shown
    assert "quiet" not in shown


def test_unequal_coverage_is_not_compared_unless_asked(cli: Cli, world: Path, store: Path) -> None:
    ask = ("recon", "trends", "-a", world, "--store", store, "--class", "heavy_fire", "--from", "2026-03-03")
    against = ("--until", "2026-03-04", "--against", "2026-03-02", "2026-03-03")
    refused = one(cli(*ask, *against, "--json"))
    assert refused["noticed"] == 20
    assert (refused["against"]["comparable"], refused["against"]["made"]) == (False, False)
    assert refused["against"]["says"] == "not compared"
    assert "not as much was observed" in refused["against"]["reasons"][0]
    assert "not as much was observed" in cli(*ask, *against).out
    asked = one(cli(*ask, *against, "--anyway", "--json"))
    assert asked["against"]["made"]
    assert asked["says"].endswith("compared all the same")
    assert asked["against"]["ratio"] == pytest.approx(2.0, abs=0.02)


def test_unequal_periods_are_not_compared(cli: Cli, world: Path, store: Path) -> None:
    ask = ("recon", "trends", "-a", world, "--store", store, "--class", "heavy_fire", "--from", "2026-03-02")
    told = cli(*ask, "--until", "2026-03-02T12:00", "--against", "2026-03-02", "2026-03-03")
    assert told.code == 0
    assert "the periods are not of one length: 12 h and 24 h" in told.out


def test_by_side_and_the_whole_log(cli: Cli, world: Path, store: Path) -> None:
    told = cli("recon", "trends", "-a", world, "--store", store, "--class", "heavy_fire", "--by", "side", "--json")
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [row["side"] for row in rows] == ["left", "right"]
    assert sum(row["noticed"] for row in rows) == SHELLS
    assert (rows[0]["from"], rows[0]["until"]) == ("2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z")


def test_wrong_usage_is_told_in_a_line(cli: Cli, world: Path, store: Path) -> None:
    ask = ("recon", "trends", "-a", world, "--store", store)
    backwards = cli(*ask, "--from", "2026-03-03", "--until", "2026-03-02")
    assert (backwards.code, "before it begins" in backwards.err) == (2, True)
    assert cli("recon", "trends", "-a", world, "--store", "none.db").code == 2
