"""`truceline ledgers` and `ledgers check`: two published ledgers of one day, and a sum that is wrong in print."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.law.sectors import Unsectored
from pipeline.law.totals import FindingKind
from pipeline.model.footprint import Disc
from tests.cli.driving import Cli, line, traceless
from tests.cli.recorded import ALL, HOSTILE, agreement_file, record
from tests.worlds import report

LAW = Path(__file__).resolve().parents[1] / "law"
AGREEMENT = LAW / "syria-test.toml"
PUBLISHED = {"party:russia": 13, "party:turkey": 19}
PROVINCES = {
    "party:russia": {"damascus": 4, "deraa": 1, "latakia": 4, "hama": 4},
    "party:turkey": {"hama": 8, "damascus": 6, "aleppo": 3, "homs": 1, "idlib": 1},
}


@pytest.fixture
def syria(cli: Cli) -> None:
    told = cli("run", "-a", AGREEMENT, f"ndjson={LAW / 'syria-2017-03-25.ndjson'}")
    assert told.code == 0, told.err


def rows(cli: Cli, *options: Any) -> list[dict[str, Any]]:
    told = cli("ledgers", "--json", *options)
    assert told.code == 0, told.err
    return [json.loads(row) for row in told.out.splitlines()]


def test_the_rows_of_syria_say_that_they_are_invented() -> None:
    texts = [json.loads(row)["text"] for row in (LAW / "syria-2017-03-25.ndjson").read_text().splitlines()]
    assert len(texts) == sum(PUBLISHED.values()) + len(PUBLISHED)
    assert all("INVENTED for a test" in text for text in texts)


@pytest.mark.usefixtures("syria")
def test_syria_s_two_ledgers_stand_side_by_side(cli: Cli) -> None:
    (day,) = rows(cli, "-a", AGREEMENT, "--by", "day")
    assert (day["first_day"], day["last_day"]) == ("2017-03-25", "2017-03-25")
    assert {one["ledger"]: one["incidents"] for one in day["ledgers"]} == PUBLISHED
    assert {one["ledger"]: (one["claimed"]["min"], one["claimed"]["max"]) for one in day["ledgers"]} == {
        ledger: (total, total) for ledger, total in PUBLISHED.items()
    }
    assert (day["incidents"], day["matched"]) == (31, 1)
    assert [one["only"] for one in day["ledgers"]] == [12, 18]


@pytest.mark.usefixtures("syria")
def test_syria_s_provinces_are_as_published(cli: Cli) -> None:
    found = rows(cli, "-a", AGREEMENT, "--by", "sector")
    for ledger, provinces in PROVINCES.items():
        told = {row["sector"]: one["incidents"] for row in found for one in row["ledgers"] if one["ledger"] == ledger}
        assert {sector: many for sector, many in told.items() if many} == provinces
    assert [row["unsectored"] for row in found if row["sector"] is None] == ["broad"]


@pytest.mark.usefixtures("syria")
def test_the_table_tells_each_ledger_on_a_line_and_judges_none(cli: Cli) -> None:
    told = cli("ledgers", "-a", AGREEMENT)
    assert told.code == 0
    lines = [" ".join(row.split()) for row in told.out.splitlines()]
    assert lines[0] == "day sector ledger incidents matched only here rumours claimed counted"
    assert "2017-03-25 Hama party:russia 4 1 (party:turkey 1) 3 0 – –" in lines
    assert "2017-03-25 Hama party:turkey 8 1 (party:russia 1) 7 0 – –" in lines
    assert "2017-03-25 (an area too wide for one sector) party:turkey 0 0 0 0 19 events –" in lines
    assert "31 incidents, 1 of them in two or more ledgers; 2 claims of several events apart" in told.err
    by_day = cli("ledgers", "-a", AGREEMENT, "--by", "day").out
    assert by_day.split()[:2] == ["day", "ledger"]


@pytest.mark.usefixtures("syria")
@pytest.mark.parametrize(
    ("options", "days"),
    [
        (("--from", "2017-03-25"), 1),
        (("--until", "2017-03-25", "--from", "2017-03-25"), 1),
        (("--from", "2017-03-26"), 0),
        (("--until", "2017-03-24"), 0),
    ],
)
def test_a_period_is_of_reporting_days(cli: Cli, options: tuple[str, ...], days: int) -> None:
    assert len(rows(cli, "-a", AGREEMENT, "--by", "day", *options)) == days


@pytest.mark.usefixtures("syria")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-a", AGREEMENT, "--by", "week"), "--by week: there are day, sector, day-sector"),
        (("-a", AGREEMENT, "--from", "yesterday"), "--from yesterday: write a day as 2017-03-25"),
        (("-a", AGREEMENT, "--from", "2017-03-26", "--until", "2017-03-25"), "is before --from 2017-03-26"),
        (("-a", "nosuch"), "neither a shipped agreement"),
        ((), "name the agreement's file with --agreement"),
        (("-a", AGREEMENT, "--store", "nosuch.db"), "there is no store here"),
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(cli: Cli, options: tuple[Any, ...], message: str) -> None:
    told = cli("ledgers", *options)
    assert told.code == 2
    assert message in told.err
    assert told.out == ""
    traceless(told)


def test_reports_of_several_ledgers_are_read_from_the_log(cli: Cli, tmp_path: Path) -> None:
    place = {"kind": "disc", "lon": 37.6, "lat": 48.25, "radius_m": 200}
    reports = tmp_path / "reports.ndjson"
    told = [
        ("1", "sensor", "array-1", {"min": 3, "max": None, "unit": "explosion"}),
        ("2", "party:a", "staff", {"min": 12, "max": 12, "unit": "explosion"}),
        ("3", ..., "nobody", {"min": 4, "max": 5, "unit": "explosion"}),
    ]
    reports.write_bytes(
        b"".join(
            line(int(number), ledger=ledger, observer=observer, count=count, footprint=place)
            for number, ledger, observer, count in told
        )
    )
    agreement = agreement_file(tmp_path / "agreement")
    assert cli("run", "-a", agreement, f"ndjson={reports}").code == 0
    (row,) = rows(cli, "-a", agreement)
    assert row["matched"] == 1, "they are one incident"
    assert [(one["ledger"], [(c["min"], c["max"]) for c in one["counts"]]) for one in row["ledgers"]] == [
        ("sensor", [(3, None)]),
        ("party:a", [(12, 12)]),
        ("unsaid", [(4, 5)]),
    ]


@pytest.mark.usefixtures("syria")
def test_the_page_shows_what_the_commands_say(cli: Cli) -> None:
    page = (LAW.parents[1] / "docs" / "ledgers.md").read_text(encoding="utf-8")
    assert cli("ledgers", "-a", AGREEMENT).out in page
    assert cli("ledgers", "check", LAW / "printed.toml").out.splitlines()[0] in page
    for term in [*Unsectored, *FindingKind]:
        assert f"`{term}`" in page


def test_an_empty_store_and_a_store_with_everything(cli: Cli, tmp_path: Path) -> None:
    agreement = agreement_file(tmp_path / "agreement")
    record(tmp_path / "empty.db", agreement, [])
    told = cli("ledgers", "-a", agreement, "--store", "empty.db")
    assert (told.code, told.out) == (0, "")
    record(tmp_path / "full.db", agreement, [*ALL, report(9, Disc(37.6, 48.2, 50.0), ledger="party:\x1b[31mred")])
    told = cli("ledgers", "-a", agreement, "--store", "full.db")
    assert told.code == 0
    assert "\x1b" not in told.out
    assert "unsaid" in told.out
    assert HOSTILE not in told.out


def test_the_sum_of_unifil_is_found(cli: Cli) -> None:
    told = cli("ledgers", "check", LAW / "printed.toml")
    assert told.code == 0
    assert (
        "(S/2024/222, paragraph 2): printed 8,918; its parts, 7,948 + 978, add up to 8,926: the total is 8 below"
        in (told.out)
    )
    assert "unlike units stand in one sum" in told.out
    assert "4 printed totals, 2 with findings" in told.err
    found = [json.loads(row) for row in cli("ledgers", "check", LAW / "printed.toml", "--json").out.splitlines()]
    assert [(one["finding"], one["difference"]) for one in found] == [("sum", "-8"), ("units", "+0")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "label,printed,part,number\nt,3,x,\x1b[31m\n", "a.csv: row 1: number: "),
        ("a.toml", "totals = 3", "a.toml: totals: should be an array of tables"),
        ("gone.toml", None, "gone.toml: cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_exit_2(cli: Cli, name: str, text: str | None, message: str) -> None:
    if text is not None:
        Path(name).write_text(text)
    told = cli("ledgers", "check", name)
    assert told.code == 2
    assert message in told.err
    assert "\x1b" not in told.err
    traceless(told)
