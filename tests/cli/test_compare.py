"""`truceline compare`: two records, two agreements, two times."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.driving import Cli, line, traceless
from tests.cli.recorded import agreement_file


@pytest.fixture
def law(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "law")


def told(cli: Cli, *words: str | Path) -> tuple[list[Any], list[Any]]:
    """The figures that differ, and the changes."""
    found = cli("compare", *words, "--json")
    assert found.code == 0, found.err
    rows = [json.loads(row) for row in found.out.splitlines()]
    figures = [row for row in rows if "figure" in row]
    assert all(row["after"] - row["before"] == sum(row["by_cause"].values()) for row in figures)
    return [row for row in figures if row["by_cause"]], [row for row in rows if "change" in row]


def test_a_later_table_against_an_earlier_one(cli: Cli, law: Path, tmp_path: Path) -> None:
    first, last = tmp_path / "first.ndjson", tmp_path / "last.ndjson"
    far = {"kind": "disc", "lon": 35.0, "lat": 46.0, "radius_m": 100}
    shared = line(1) + line(2, observed_from="2016-03-01T09:00:00Z", observed_until="2016-03-01T09:00:10Z")
    first.write_bytes(shared + line(3, observed_from="2016-03-01T10:00:00Z", observed_until="2016-03-01T10:00:10Z"))
    moved = line(2, observed_from="2016-03-01T09:00:00Z", observed_until="2016-03-01T09:00:10Z", footprint=far)
    since = line(4, observed_from="2016-03-02T10:00:00Z", observed_until="2016-03-02T10:00:10Z")
    last.write_bytes(line(1) + moved + since)
    _, changes = told(cli, first, last, "-a", law)
    why = {(row["cause"], *row["report_ids"]) for row in changes if row["change"]["of"] == ["world", "ceasefire"]}
    assert why == {("revised", "test:2"), ("withdrawn", "test:3"), ("new", "test:4")}
    page = cli("compare", first, last, "-a", law).out
    assert "a report is not in the later record" in page
    assert "incidents changed as well" in page


def test_two_times_of_one_record(cli: Cli, law: Path, tmp_path: Path) -> None:
    given = tmp_path / "reports.ndjson"
    given.write_bytes(
        line(1, received_at="2016-03-02T00:00:00Z")
        + line(
            2,
            received_at="2016-03-04T00:00:00Z",
            observed_from="2016-03-01T09:00:00Z",
            observed_until="2016-03-01T09:00:10Z",
        )
    )
    figures, changes = told(cli, given, "-a", law, "--as-of", "2016-03-03", "--as-of", "2016-03-05")
    assert figures
    assert {(row["cause"], *row["report_ids"]) for row in changes} == {("late", "test:2")}
    assert told(cli, given, "-a", law, "--as-of", "2016-03-05") == ([], [])
    assert "no difference" in cli("compare", given, "-a", law, "--as-of", "2016-03-05").out


def test_another_agreement_in_the_place_of_one(cli: Cli, law: Path, tmp_path: Path) -> None:
    given = tmp_path / "reports.ndjson"
    given.write_bytes(line(1) + line(2, observed_from="2016-03-01T09:00:00Z", observed_until="2016-03-01T09:00:10Z"))
    other = law.with_name("other.toml")
    text = law.read_text().replace('name = "world"', 'name = "other"')
    other.write_text(text.replace('activities = ["fire"]', 'activities = ["movement"]', 1))
    figures, changes = told(cli, given, "-a", law, "--with", other)
    assert {tuple(row["figure"]["of"]) for row in figures} == {("world", "ceasefire")}
    assert {row["cause"] for row in changes} == {"rule"}


def test_mistakes_are_told(cli: Cli, law: Path, tmp_path: Path) -> None:
    given = tmp_path / "reports.ndjson"
    given.write_bytes(line(1))
    for words, said in (
        ((given, given, given, "-a", law), "two records are compared, and 3 are named"),
        ((given, "-a", law, "--as-of", "a", "--as-of", "b", "--as-of", "c"), "--as-of: given twice at most"),
        ((given, "-a", law, "--with", law, "--with", law), "--with: 2 for 1 of -a"),
    ):
        refused = cli("compare", *words)
        assert (refused.code, said in refused.err) == (2, True), refused.err
        traceless(refused)
