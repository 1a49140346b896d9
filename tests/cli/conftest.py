"""What the tests of the command line share."""

from pathlib import Path

import pytest

from tests.cli.driving import Cli
from tests.worlds import write_world


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """`cli("run", …)` in an empty folder, with no settings from outside."""
    for name in (
        "TRUCELINE_STORE",
        "TRUCELINE_CONFIG",
        "TRUCELINE_KAFKA",
        "TRUCELINE_ACCESS",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Cli(capfd)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """An invented agreement's file."""
    folder = tmp_path / "agreement"
    folder.mkdir()
    return write_world(folder)
