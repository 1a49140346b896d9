"""Printed totals against their parts: what does not add up is found, and by how much; what cannot be read is named."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.law.totals import Figure, FindingKind, Printed, PrintedPart, check, figure
from pipeline.law.totals_files import TotalsError, read_totals

PRINTED = Path(__file__).parent / "printed.toml"
numbers = st.integers(0, 10**9)


def printed(total: Figure, *parts: Figure, unit: str = "shot", units: tuple[str, ...] = ()) -> Printed:
    named = zip(parts, units or ("",) * len(parts), strict=True)
    return Printed("a total", total, unit, "", tuple(PrintedPart(f"part {part}", part, own) for part, own in named))


def test_the_trajectories_of_unifil_do_not_add_up() -> None:
    found = {total.source: check(total) for total in read_totals(PRINTED.name, PRINTED.read_bytes())}
    (finding,) = found["S/2024/222, paragraph 2"]
    assert finding.finding is FindingKind.SUM
    assert (finding.printed, finding.sum, finding.difference) == ("8,918", "8,926", "-8")


def test_the_bulletin_of_syria_adds_up_and_unlike_units_are_told() -> None:
    found = [check(total) for total in read_totals(PRINTED.name, PRINTED.read_bytes())]
    assert found[1:3] == [[], []]
    (mission,) = found[3]
    assert mission.finding is FindingKind.UNITS
    assert mission.units == ("violation", "explosion", "projectile", "flash", "flare", "burst or shot")


@given(parts=st.lists(numbers, min_size=2, max_size=9), away=st.integers(-50, 50))
def test_what_is_found_is_what_is_away(parts: list[int], away: int) -> None:
    total = sum(parts) + abs(min(0, away)) + away
    found = check(printed(figure(total), *map(figure, parts)))
    difference = total - sum(parts)
    assert [(one.finding, one.difference) for one in found] == (
        [(FindingKind.SUM, f"{difference:+,}")] if difference else []
    )


@given(
    parts=st.lists(numbers, min_size=2, max_size=5), total=numbers, open_part=st.booleans(), open_total=st.booleans()
)
def test_an_open_figure_leaves_open_what_it_leaves_open(
    parts: list[int], total: int, open_part: bool, open_total: bool
) -> None:
    figures = [Figure(Decimal(part), open_part and row == 0) for row, part in enumerate(parts)]
    found = check(printed(Figure(Decimal(total), open_total), *figures))
    lowest, highest = sum(parts), float("inf") if open_part else sum(parts)
    fits = total <= highest and (open_total or total >= lowest)
    assert (found == []) == fits


def test_fractions_are_exact() -> None:
    assert check(printed(figure("0.3"), figure("0.1"), figure("0.2"))) == []


def test_a_single_part_is_no_breakdown() -> None:
    assert [one.finding for one in check(printed(figure(3), figure(3)))] == [FindingKind.ONE_PART]


def test_units_are_compared_with_the_total_s_and_each_other_s() -> None:
    like = printed(figure(3), figure(1), figure(2), units=("shot", ""))
    unlike = printed(figure(3), figure(1), figure(2), units=("shot", "burst"))
    other = printed(figure(3), figure(1), figure(2), unit="violation", units=("shot", "shot"))
    assert [check(one) != [] for one in (like, unlike, other)] == [False, True, True]


CSV = """label,printed,part,number,unit,source
Trajectories,"8,918",from south,"7,948",trajectory,S/2024/222
Trajectories,,from north,978,trajectory,S/2024/222
Violations,8,shots,≥5,shot,
Violations,,bursts,3,burst,
Violations,8,,,violation,
"""


def test_a_csv_file_says_the_same_as_a_toml_file() -> None:
    first, second = read_totals("printed.CSV", CSV.encode("utf-8-sig"))
    assert [one.difference for one in check(first)] == ["-8"]
    assert second.unit == "violation"
    assert second.parts[0].figure == Figure(Decimal(5), open=True)
    assert [one.finding for one in check(second)] == [FindingKind.UNITS]


HEAD = "label,printed,part,number\n"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("a.csv", "label,part,number\n", "a.csv: headings: printed: the column is missing"),
        ("a.csv", "label,printed,part,number,colour\n", "a.csv: headings: colour: no such column"),
        ("a.csv", HEAD + "t,3,x,many\n", "a.csv: row 1: number: 'many' is no number"),
        ("a.csv", HEAD + "t,3,x,-1\n", "a.csv: row 1: number: '-1' is no number"),
        ("a.csv", HEAD + "t,3,x,1\nt,4,y,1\n", "a.csv: row 2: printed: 4, and 3 in a row above"),
        ("a.csv", HEAD + "t,,x,1\n", "a.csv: row 1: printed: missing"),
        ("a.csv", HEAD + ",3,x,1\n", "a.csv: row 1: label: missing"),
        ("a.csv", HEAD + "t,3,x,\n", "a.csv: row 1: number: missing"),
        ("a.csv", HEAD + "t,3,,2\n", "a.csv: row 1: part: missing beside a number"),
        ("a.csv", HEAD + "t,3,,\n", "a.csv: row 1: part: missing: the total has no parts"),
        ("a.csv", HEAD + "t,3,x,1,5\n", "a.csv: row 1: more cells than columns"),
        ("a.csv", HEAD + 't,3,"x,1\n', "a.csv: row 1: no CSV"),
        ("a.csv", HEAD, "a.csv: totals: no printed total"),
        ("a.toml", "", "a.toml: totals: no printed total"),
        ("a.toml", "[[totals]", "a.toml: no TOML"),
        ("a.toml", "total = 1", "a.toml: total: no such key"),
        ("a.toml", "totals = 1", "a.toml: totals: should be an array of tables"),
        ("a.toml", "[[totals]]\nprinted = 1", "a.toml: totals[1]: parts: missing"),
        ("a.toml", "[[totals]]\nprinted = 1\nparts = [{label = 'x', number = 1}]", "a.toml: totals[1]: label: missing"),
        (
            "a.toml",
            "[[totals]]\nlabel = 't'\nprinted = 1\nparts = [{label = 'x', number = true}]",
            "a.toml: totals[1].parts[1]: number: 'True' is no number",
        ),
        (
            "a.toml",
            "[[totals]]\nlabel = 't'\nprinted = nan\nparts = [{label = 'x', number = 1}]",
            "a.toml: totals[1]: printed: ",
        ),
        ("a.toml", "[[totals]]\nlabel = 't'\nprinted = 1e999999\nparts = [{}]", "a.toml: totals[1].parts[1]: label"),
        ("a.json", "{}", "a.json: its name ends neither in .toml nor in .csv"),
    ],
)
def test_a_fault_names_file_row_and_field(file: str, text: str, message: str) -> None:
    with pytest.raises(TotalsError) as raised:
        read_totals(file, text.encode())
    assert str(raised.value).startswith(message)


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(TotalsError, match="byte 1 is not UTF-8"):
        read_totals("a.csv", b"a\xff")


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.toml"]))
def test_no_bytes_do_more_than_a_fault(raw: bytes, file: str) -> None:
    try:
        found = read_totals(file, raw)
    except TotalsError:
        return
    assert found
