"""What the tests of the notifier share."""

from pathlib import Path

import pytest

from tests.cli.driving import Cli
from tests.notify.telling import Story, secret_file


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """`cli("notify", …)` in a folder of its own, with no settings from outside."""
    for name in ("TRUCELINE_STORE", "TRUCELINE_CONFIG", "TRUCELINE_KAFKA", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Cli(capfd)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A store without a history, beside a secret."""
    secret_file(tmp_path)
    return Story(tmp_path / "t.db")
