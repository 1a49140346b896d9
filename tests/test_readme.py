"""What the README and the page on agreements tell a newcomer to type works, in an empty folder."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Side, Standing, Weapon
from pipeline.monitor import MemoryWindows, Monitor

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
AGREEMENTS = (CHECKOUT / "docs" / "agreements.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
PROGRAMS = Path(sys.executable).parent


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


COMMANDS = [line[2:] for block in blocks(README, "console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[subprocess.CompletedProcess[str]]]:
    """The folder in which every command but `make` and `export` was run, in order, and what came of each."""
    home = tmp_path_factory.mktemp("newcomer")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TRUCELINE", "PYTHON"))}
    environment |= {"PATH": f"{PROGRAMS}{os.pathsep}{environment['PATH']}", "NO_COLOR": "1"}
    done = []
    for command in COMMANDS:
        if command.startswith("truceline "):
            arguments = command.split()
            done.append(
                subprocess.run(arguments, cwd=home, env=environment, capture_output=True, text=True, check=False)
            )
    return home, done


def test_every_command_is_one_that_the_test_knows() -> None:
    assert len(COMMANDS) > 8
    for command in COMMANDS:
        assert command.startswith(("truceline ", "make ", 'export PATH="$PWD/.venv/bin:')), command


def test_every_make_target_that_is_named_is_there() -> None:
    named = set(re.findall(r"(?:^\$ |`)make ([a-z]+)", README, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert {target for target in named if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)} == set()


def test_commands_of_the_readme_run(typed: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    home, done = typed
    failed = [(run.args, run.returncode, run.stderr) for run in done if run.returncode or "Traceback" in run.stderr]
    assert failed == []
    made = {path.name for path in home.iterdir()}
    assert {"day", "truceline.db", "alerts.html", "alerts.gpkg", "matches.parquet"} <= made


def test_the_newcomer_sees_alerts_and_can_show_one(
    typed: tuple[Path, list[subprocess.CompletedProcess[str]]],
) -> None:
    home, done = typed
    (listed,) = [run for run in done if run.args == ["truceline", "alerts", "list"]]
    assert re.search(r"\b\d+ alerts?\b", listed.stderr)
    found = re.search(r"\bal_[0-9a-f]+", listed.stdout)
    assert found, listed.stdout
    show = [str(PROGRAMS / "truceline"), "alerts", "show", found[0]]
    shown = subprocess.run(show, cwd=home, capture_output=True, text=True, check=True)
    assert "art. " in shown.stdout.lower() or "article" in shown.stdout.lower()


def test_python_of_the_readme_runs(typed: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    home, _ = typed
    (program,) = blocks(README, "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "al_" in done.stdout


@pytest.fixture
def accord(tmp_path: Path) -> Agreement:
    """The complete example of docs/agreements.md, as files."""
    toml, geojson = blocks(AGREEMENTS, "toml")[0], blocks(AGREEMENTS, "json")[0]
    (tmp_path / "river-accord.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "river.geojson").write_text(geojson, encoding="utf-8")
    assert json.loads(geojson)["type"] == "FeatureCollection"
    return load_agreement(tmp_path / "river-accord.toml")


def test_example_agreement_alerts_as_its_page_says(accord: Agreement) -> None:
    line = accord.lines["river"]
    mill = accord.marker_chainages_m["river"]["mill"]
    lon, lat = line.place((mill + line.length_m) / 2.0, -2000.0)
    fire, presence = (
        Report(
            report_id=f"test:{activity}",
            source="test",
            observed_from=datetime(2031, 6, 1, tzinfo=UTC),
            observed_until=datetime(2031, 6, 1, tzinfo=UTC),
            footprint=Disc(float(lon), float(lat), 100.0),
            activity=activity,
            weapons=weapons,
            observer="patrol 7",
            ledger="independent",
        )
        for activity, weapons in ((Activity.EXPLOSION, ()), (Activity.WEAPON_PRESENCE, (Weapon.MORTAR,)))
    )
    alerts = Monitor([accord], MemoryWindows(), {}).process([fire, presence]).alerts["river-accord"]
    told = [(alert.provision, alert.probability, alert.standing, alert.side) for alert in alerts]
    assert told == [
        ("no-fire", 0.99, Standing.RAISED, Side.LEFT),
        ("no-big-mortars", 0.495, Standing.POSSIBLE, Side.LEFT),
    ]
    assert "weapon_unclear" in [note.doubt for note in alerts[1].doubts]
