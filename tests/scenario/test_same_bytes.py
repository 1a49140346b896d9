"""The same name, seed, agreement and beginning give the same bytes, here and on every machine."""

import ast
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import pipeline.scenario
from pipeline.agreement import Agreement
from pipeline.model.report import Report
from pipeline.scenario import generate, reports, scenarios

MACHINE_DEPENDENT = {
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "exp", "expm1", "log", "log1p", "log2", "log10",
    "power", "float_power", "hypot", "cbrt", "sinh", "cosh", "tanh",
}  # fmt: skip

ROUTINE = "74ea0e3197d404b00fd59c8a739deaa92da8537c7ae43789885f2ae53fc36e36"
BREAKDOWN = "fd4f738ebcd7c2b466713d570467059c56b41ac7a830a15adbf7f35dba99830b"


def lines(name: str, seed: int, agreement: Agreement, number: int | None = None) -> str:
    chunks = list(generate(name, seed, agreement, number))
    return "\n".join(line for chunk in chunks for line in [*chunk.reports, *chunk.truth, *chunk.invented])


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_a_scenario_played_twice_is_the_same(name: str, plain: Agreement) -> None:
    assert lines(name, 3, plain, 3_000) == lines(name, 3, plain, 3_000)


def test_another_seed_is_another_world(plain: Agreement) -> None:
    one, other = lines("quiet", 1, plain), lines("quiet", 2, plain)
    assert set(one.splitlines()).isdisjoint(other.splitlines())
    places = [{line.partition('"lon":')[2][:18] for line in text.splitlines()} for text in (one, other)]
    assert len(places[0] & places[1]) < 10


def test_asking_for_more_goes_on_where_less_leaves_off(plain: Agreement) -> None:
    one_day = next(iter(generate("routine", 3, plain)))
    three_days = generate("routine", 3, plain, 50_000)
    first, second = next(three_days), next(three_days)
    assert (first.reports, first.truth, first.invented) == (one_day.reports, one_day.truth, one_day.invented)
    assert first.copies.tolist() == one_day.copies.tolist()
    assert second.reports[0] not in first.reports


def test_bytes_are_those_of_every_other_machine(plain: Agreement) -> None:
    """Written down from one machine. Another digest: no scenario made before can be made again. Say so in CHANGELOG."""
    digest = hashlib.sha256(lines("routine", 1, plain, 25_000).encode()).hexdigest()
    assert digest == ROUTINE
    assert hashlib.sha256(lines("breakdown", 1, plain, 35_000).encode()).hexdigest() == BREAKDOWN


def test_no_function_is_used_that_machines_round_differently() -> None:
    folder = Path(pipeline.scenario.__file__).parent
    used = {
        (path.name, node.attr)
        for path in sorted(folder.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in MACHINE_DEPENDENT
    }
    assert not used


def test_reports_alone_are_the_reports_of_the_whole(plain: Agreement) -> None:
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    whole = [line for chunk in generate("quiet", 3, plain, 500, begin) for line in chunk.reports]
    assert list(reports("quiet", 3, plain, 500, begin)) == [msgspec.json.decode(line, type=Report) for line in whole]
