"""The pages on reconnaissance say what the code does: their example comes out, their tables are the code's."""

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from pipeline.model.tasks import reasons_for_step
from pipeline.model.watch_terms import ObservationState, TaskOutcome, TaskStep, Watched
from pipeline.recon.assets import Asset, Assets, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.coverage import level
from pipeline.recon.makes import load_makes
from pipeline.recon.tasks import RULES
from tests.cli.driving import Cli
from tests.test_docs import first_column, section
from tests.test_readme import CHECKOUT, blocks

RECON, ASSETS, TASKING = (
    (CHECKOUT / "docs" / name).read_text(encoding="utf-8") for name in ("recon.md", "assets.md", "tasking.md")
)


def plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split())


def test_the_example_of_a_watch_and_a_jamming_comes_out_as_shown(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (records,), (shown,) = blocks(RECON, "json"), blocks(RECON, "console")
    Path("watch.ndjson").write_text(records, encoding="utf-8")
    command, *lines = shown.strip().splitlines()
    assert command.startswith("$ truceline recon coverage ")
    told = cli(*shlex.split(command)[2:])
    assert told.code == 0
    said = plain(told.out)
    assert [line for line in lines if plain(line) not in said] == []
    assert sum("jammed" in line for line in lines) == 1


def test_silence_is_called_what_the_page_says() -> None:
    words = load_makes().words
    rows = dict(re.findall(r"^\| \*([a-z ]+)\* \| ([^|]+) \|", section(RECON, "What silence is worth"), re.MULTILINE))
    assert rows.keys() == {plain(word.value) for word in Watched}
    assert rows["observed"] == f"from {words.observed_from}"
    assert rows["unobserved"] == f"below {words.unobserved_below}"
    assert level(words, words.observed_from) is Watched.OBSERVED
    assert level(words, words.unobserved_below) is Watched.PARTLY_OBSERVED


def test_every_state_of_an_asset_is_named() -> None:
    told = section(RECON, "Coverage")
    assert {state for state in ObservationState if state is not ObservationState.WATCHING} == {
        state for state in ObservationState if f"`{state}`" in told
    }


def test_the_table_of_steps_is_the_one_by_which_they_are_judged() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", TASKING, re.MULTILINE)
    told = {step: ({one.strip() for one in begins.split(",")}, becomes.strip()) for step, begins, becomes in rows}
    assert told == {
        step.value: ({"(new)" if one is None else plain(one.value) for one in rule.begins}, plain(rule.becomes.value))
        for step, rule in RULES.items()
    }


def test_every_reason_and_outcome_is_named_where_it_belongs() -> None:
    told = plain(section(TASKING, "Verification tasks"))
    for step in (TaskStep.FAIL, TaskStep.WITHDRAW):
        assert f"({', '.join(f'`{plain(reason.value)}`' for reason in reasons_for_step(step))})" in told
    assert f"({', '.join(f'`{plain(one.value)}`' for one in TaskOutcome)})" in told


def test_the_page_on_assets_names_every_key_and_which_are_required() -> None:
    tables = re.findall(r"^\| key of .*\n\|[-|]+\n((?:\|.*\n)+)", section(ASSETS, "The file"), re.MULTILINE)
    head, asset = map(first_column, tables)
    assert {**head, "asset": True} == required(Assets)
    assert asset == required(Asset)


@pytest.mark.parametrize("kind", [Standing, Flying, Orbiting, Everywhere])
def test_the_page_on_assets_names_every_key_of_a_kind(kind: type[msgspec.Struct]) -> None:
    name = kind.__struct_config__.tag
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", section(ASSETS, "The file"), re.MULTILINE)
    told = {key: bool(bold) for bold, key in re.findall(r"(\*\*)?`(\w+)`", row)}
    assert told.items() >= required(kind).items()


def required(table: type[msgspec.Struct]) -> dict[str, bool]:
    return {field.encode_name: field.required for field in msgspec.structs.fields(table)}
