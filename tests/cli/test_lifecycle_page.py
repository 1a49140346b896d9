"""The walk of docs/lifecycle.md from report to outcome can be walked, and its table is the law's."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from pipeline.law.transitions import RULES
from pipeline.model.taxonomy import Status
from tests.test_readme import CHECKOUT, PROGRAMS, blocks

PAGE = (CHECKOUT / "docs" / "lifecycle.md").read_text(encoding="utf-8")


def walked(home: Path) -> list[tuple[str, list[str], subprocess.CompletedProcess[str]]]:
    """Every command with the lines that the page shows of what it says, and what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TRUCELINE", "PYTHON"))}
    environment |= {"PATH": f"{PROGRAMS}{os.pathsep}{environment['PATH']}", "NO_COLOR": "1"}
    found: list[tuple[str, list[str], subprocess.CompletedProcess[str]]] = []
    for line in "".join(blocks(PAGE, "console")).splitlines():
        if not line.startswith("$ "):
            found[-1][1].append(line)
            continue
        done = subprocess.run(
            shlex.split(line[2:]), cwd=home, env=environment, capture_output=True, text=True, check=False
        )
        found.append((line, [], done))
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


def test_the_walk_ends_as_the_page_says(tmp_path: Path) -> None:
    names = re.findall(r"The file `([\w.]+)`:", PAGE)
    for name, text in zip(names, blocks(PAGE, "json"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    steps = walked(tmp_path)
    assert len(steps) > 10
    assert {line.split()[1] for line, _, _ in steps} == {"truceline"}
    assert [(line, done.stderr) for line, _, done in steps if done.returncode] == []
    missing = [
        (line, expected)
        for line, shown, done in steps
        for expected in shown
        if plain(expected) not in plain(done.stdout + done.stderr)
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
