"""Whole days are no time of day; and what lasts says for how long nobody has seen it, on every surface."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.driving import Cli
from tests.cli.recorded import CLEAR, agreement_file, record
from tests.law.folding import NEAR_A, guns
from tests.monitor.fusion.telling import disc
from tests.worlds import report

MIDNIGHT = timedelta(hours=-2)
"""That of Kyiv, from that of `report`."""


def of_days(path: Path, day_ends: str) -> Path:
    path.write_text(path.read_text().replace("format = 1", f'format = 1\nday_ends = "{day_ends}"'))
    return path


@pytest.mark.parametrize(
    ("day_ends", "at", "lasting", "words"),
    [
        ("24:00", MIDNIGHT + timedelta(days=1), timedelta(days=1), "2016-03-02 (Kyiv), all day"),
        ("19:30", timedelta(hours=17.5), timedelta(days=1), "2016-03-02 (to 19:30, Kyiv), all day"),
        ("19:30", MIDNIGHT + timedelta(days=1), timedelta(days=1), "2016-03-02 (Kyiv), all day"),
        ("24:00", timedelta(days=1), timedelta(days=1), "2016-03-02 (UTC), all day"),
        ("24:00", timedelta(days=1, hours=8), timedelta(days=2, hours=5), "2016-03-02 to 03-04 (Kyiv)"),
    ],
)
def test_a_day_and_what_is_longer_is_told_by_days(
    cli: Cli, tmp_path: Path, day_ends: str, at: timedelta, lasting: timedelta, words: str
) -> None:
    path = of_days(agreement_file(tmp_path / "agreement"), day_ends)
    record(tmp_path / "truceline.db", path, [report(1, CLEAR.footprint, at=at, lasting=lasting, ledger="independent")])
    (alert,) = [json.loads(row) for row in cli("alerts", "list", "--json").out.splitlines()]
    assert cli("alerts", "list", "-a", path).out.splitlines()[1].startswith(f"{words}  ")
    note = cli("act", "--handover", "-a", str(path)).out
    assert f", {words}, " in note
    assert " UTC (" not in note.partition("## Overdue")[2]
    shown = cli("alerts", "show", alert["alert_id"], "-a", path).out
    assert f"When\n  {words}: 2016-03-" in shown
    assert f"observed {words}: 2016-03-" in shown


def test_what_lasts_says_for_how_long_nobody_has_seen_it(cli: Cli, tmp_path: Path) -> None:
    path = agreement_file(tmp_path / "agreement")
    given = [guns(1, NEAR_A, 5, 5), report(2, disc(400_000), at=timedelta(days=45))]
    record(tmp_path / "truceline.db", path, given)
    (alert,) = [json.loads(row) for row in cli("alerts", "list", "--json", "--provision", "ceiling").out.splitlines()]
    row = next(row for row in cli("alerts", "list", "-a", path).out.splitlines() if alert["alert_id"] in row)
    assert "alleged, not seen for 45 days" in row
    assert "alleged, not seen for 45 days, seen by nobody" in cli("act", "--handover", "-a", str(path)).out
    told = "last seen 45 days ago, on 2016-03-01; not seen since"
    shown = " ".join(cli("alerts", "show", alert["alert_id"], "-a", path).out.split())
    assert f"L{told[1:]} (the record's last day is 2016-04-15)." in shown
    standing = " ".join(cli("compliance", "-a", path).out.split())
    assert f"indeterminate none seen, at most 3 allowed; above it, with 5, when {told}" in standing
    assert cli("alerts", "map", "-o", "map.html", "-a", path).code == 0
    assert f"L{told[1:]}" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_what_ends_by_silence_says_when(cli: Cli, tmp_path: Path) -> None:
    path = agreement_file(tmp_path / "agreement")
    path.write_text(path.read_text().replace("seen_for_days = 2", "seen_for_days = 2\nends_after_days = 30"))
    record(tmp_path / "truceline.db", path, [guns(1, NEAR_A, 5, 5), report(2, disc(400_000), at=timedelta(days=9))])
    (alert,) = [json.loads(row) for row in cli("alerts", "list", "--json", "--provision", "ceiling").out.splitlines()]
    assert "It ends on 2016-03-31 unless it is seen again." in cli("alerts", "show", alert["alert_id"], "-a", path).out
    record(tmp_path / "truceline.db", path, [report(3, disc(400_000), at=timedelta(days=45))])
    shown = " ".join(cli("alerts", "show", alert["alert_id"], "-a", path).out.split())
    assert "It ended on 2016-03-31, as nobody had seen it for so long." in shown
    assert "alleged, ended on 2016-03-31" in cli("alerts", "list", "-a", path).out
    standing = " ".join(cli("compliance", "-a", path).out.split())
    assert "guns-a: Artillery kept none seen" in standing
    assert "not seen since; it ended on 2016-03-31" in standing
    record(tmp_path / "truceline.db", path, [guns(4, NEAR_A, 6, 6, day=60)])
    shown = " ".join(cli("alerts", "show", alert["alert_id"], "-a", path).out.split())
    assert "Last seen on 2016-03-01; seen again on 2016-04-30: that is another alert." in shown
