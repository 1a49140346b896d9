"""The walk of docs/lifecycle.md from report to outcome can be walked, and its table is the law's."""

import re
import shlex
from pathlib import Path

import pytest

from pipeline.law.transitions import RULES
from pipeline.model.taxonomy import Status
from tests.cli.driving import Cli, Told
from tests.test_readme import CHECKOUT, blocks

PAGE = (CHECKOUT / "docs" / "lifecycle.md").read_text(encoding="utf-8")


def walked(cli: Cli) -> list[tuple[str, list[str], Told]]:
    """Every command with the lines that the page shows of what it says, and what it said."""
    found: list[tuple[str, list[str], Told]] = []
    for line in "".join(blocks(PAGE, "console")).splitlines():
        if not line.startswith("$ "):
            found[-1][1].append(line)
            continue
        program, *arguments = shlex.split(line[2:])
        assert program == "truceline"
        found.append((line, [], cli(*arguments)))
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


def test_the_walk_ends_as_the_page_says(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    names = re.findall(r"The file `([\w.]+)`:", PAGE)
    for name, text in zip(names, blocks(PAGE, "json"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    steps = walked(cli)
    assert len(steps) > 10
    assert [(line, done.err) for line, _, done in steps if done.code] == []
    missing = [
        (line, expected)
        for line, shown, done in steps
        for expected in shown
        if plain(expected) not in plain(done.out + done.err)
    ]
    assert missing == []


def test_the_table_is_the_one_by_which_acts_are_judged() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\|$", PAGE, re.MULTILINE)
    told = {kind: (begins.strip(), becomes.strip()) for kind, begins, becomes in rows}
    expected = {
        kind.value: (
            "any" if rule.begins == set(Status) else ", ".join(one for one in Status if one in rule.begins),
            rule.becomes,
        )
        for kind, rule in RULES.items()
    }
    assert told == expected
