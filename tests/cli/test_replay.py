"""`truceline archive` and `truceline replay`: what was recorded, once more."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.driving import Cli, line, traceless
from tests.cli.recorded import CLEAR, GUNS, agreement_file, record
from tests.worlds import DAY


@pytest.fixture
def law(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "law")


@pytest.fixture
def store(tmp_path: Path, law: Path) -> Path:
    return record(tmp_path / "live.db", law)


def exported(cli: Cli, store: Path, out: Path) -> bytes:
    assert cli("alerts", "export", "-o", out, "--possible", "--store", store).code == 0
    return out.read_bytes()


def replayed(cli: Cli, out: Path, *words: str | Path) -> bytes:
    told = cli("replay", *words, "--possible", "-o", out)
    assert (told.code, told.out) == (0, ""), told.err
    return out.read_bytes()


def test_a_replay_of_store_archive_and_files_gives_the_same_bytes(
    cli: Cli, store: Path, law: Path, tmp_path: Path
) -> None:
    live = exported(cli, store, tmp_path / "live.ndjson")
    assert live.count(b"\n") > 2
    out = tmp_path / "again.ndjson"
    assert replayed(cli, out, store, "-a", law) == live
    assert cli("archive", store, "-o", tmp_path / "kept").code == 0
    assert replayed(cli, out, tmp_path / "kept", "-a", law) == live
    assert cli("replay", tmp_path / "kept", "-a", law, "--store", tmp_path / "new.db").code == 0
    assert exported(cli, tmp_path / "new.db", out) == live
    (tmp_path / "reports.ndjson").write_bytes(line(1) + line(2, observed_from="2016-03-01T07:00:00Z"))
    assert cli("run", tmp_path / "reports.ndjson", "-a", law, "--store", tmp_path / "files.db").code == 0
    live = exported(cli, tmp_path / "files.db", tmp_path / "files.out.ndjson")
    assert replayed(cli, out, tmp_path / "reports.ndjson", "-a", law) == live
    assert cli("archive", tmp_path / "reports.ndjson", "-o", tmp_path / "of-files").code == 0
    assert replayed(cli, out, tmp_path / "of-files", "-a", law) == live


def test_archiving_tells_what_is_new_and_keeps_rejects(cli: Cli, store: Path, tmp_path: Path) -> None:
    told = cli("archive", store, "-o", tmp_path / "kept", "--json")
    assert (told.code, told.json()["new"]["reports"]) == (0, 7)
    again = cli("archive", store, "-o", tmp_path / "kept", "--json").json()
    assert (set(again["new"].values()), again["known"]["reports"]) == ({0}, 7)
    (tmp_path / "bad.ndjson").write_bytes(line(1) + b"no report\n")
    told = cli("archive", tmp_path / "bad.ndjson", "-o", tmp_path / "other", "--json")
    assert told.json()["new"] == {"reports": 1, "rejects": 1}


def test_alerts_go_to_standard_output_and_nothing_else_does(cli: Cli, store: Path, law: Path) -> None:
    told = cli("replay", store, "-a", law)
    rows = [json.loads(row) for row in told.out.splitlines()]
    assert told.code == 0
    assert rows
    assert [row["alert_id"] for row in rows] == sorted(row["alert_id"] for row in rows)
    summary = cli("replay", store, "-a", law, "--json").json()
    assert (summary["reports"], summary["alerts"]) == (7, len(rows))


def test_from_and_until_are_about_what_happened(cli: Cli, store: Path, law: Path, tmp_path: Path) -> None:
    assert cli("archive", store, "-o", tmp_path / "kept").code == 0
    # The broad report lasts for three days, so it may have happened after two o'clock as well.
    for given in (store, tmp_path / "kept"):
        at = (DAY + timedelta(hours=13)).isoformat()
        after = cli("replay", given, "-a", law, "--from", at, "--json").json()
        before = cli("replay", given, "-a", law, "--until", at, "--json").json()
        assert (after["reports"], before["reports"]) == (3, 5)
    later = cli("replay", store, "-a", law, "--from", (DAY + timedelta(hours=13)).isoformat(), "--possible")
    assert GUNS.report_id in later.out
    assert CLEAR.report_id not in later.out


def test_reports_of_which_nobody_says_when_they_came_are_left_out_as_of_a_time_and_told(
    cli: Cli, law: Path, tmp_path: Path
) -> None:
    (tmp_path / "some.ndjson").write_bytes(line(1) + line(2, received_at="2016-03-02T00:00:00Z"))
    assert cli("archive", tmp_path / "some.ndjson", "-o", tmp_path / "kept").code == 0
    for given in (tmp_path / "some.ndjson", tmp_path / "kept"):
        told = cli("replay", given, "-a", law, "--as-of", "2016-03-03", "--json")
        assert (told.code, told.json()["reports"]) == (0, 1)
        assert "1 report left out: nobody says when" in told.err
        assert cli("replay", given, "-a", law, "--as-of", "2016-03-01", "--json").json()["reports"] == 0


def test_a_time_before_anything_was_received_is_told_apart_from_a_time_of_events(
    cli: Cli, store: Path, law: Path
) -> None:
    told = cli("replay", store, "-a", law, "--as-of", "2016-03-02")
    assert (told.code, told.out) == (0, "")
    assert "nothing had been received by 2016-03-02 00:00 UTC; --until is about when things happened" in told.err


def test_another_reading_and_another_day_s_text_are_judged(cli: Cli, tmp_path: Path) -> None:
    shot = line(1, observed_from="2025-03-20T10:00:00Z", observed_until="2025-03-20T10:00:00Z")
    (tmp_path / "shot.ndjson").write_bytes(shot)
    told = cli("replay", tmp_path / "shot.ndjson", "-a", "energy-truce-2025", "--reading", "nobody")
    assert (told.code, "nobody" in told.err) == (2, True)
    told = cli("replay", tmp_path / "shot.ndjson", "-a", "energy-truce-2025", "--reading", "ukraine", "--json")
    assert told.code == 0
    told = cli("replay", tmp_path / "shot.ndjson", "-a", "donbas-2015", "--agreement-as-of", "2015-03-01", "--json")
    assert told.code == 0, told.err


def test_mistakes_are_told_and_nothing_is_overwritten(cli: Cli, store: Path, law: Path, tmp_path: Path) -> None:
    before = store.read_bytes()
    for words, said in (
        ((store, "-a", law, "--store", store), "there already"),
        ((store, "-a", law, "--as-of", "yesterday"), "--as-of yesterday: write a day or a time"),
        ((tmp_path / "none", "-a", law), "none"),
        ((store, "-a", law, "-o", tmp_path / "x.docx"), ".docx"),
    ):
        told = cli("replay", *words)
        assert (told.code, said in told.err) == (2, True), told.err
        traceless(told)
    assert store.read_bytes() == before
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "archive.json").write_text('{"format": 99}')
    for told in (cli("archive", store, "-o", tmp_path / "kept"), cli("replay", tmp_path / "kept", "-a", law)):
        assert (told.code, "another format" in told.err) == (2, True), told.err
