"""A record that grows, and terminals that watch it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.store import Recorder, open_store
from tests.cli.recorded import CLEAR, SECTOR, agreement_file
from tests.terminal.driving import Desk, now

Adding = Callable[..., list[str]]


@pytest.fixture(scope="session")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return agreement_file(tmp_path_factory.mktemp("law"), hypothetical=True)


@pytest.fixture
def add(tmp_path: Path, law: Path) -> Adding:
    """Records reports as a run does; the ids of the alerts that were told of."""

    def _add(*reports: Report) -> list[str]:
        with closing(open_store(tmp_path / "w.db", write=True)) as store:
            done = Recorder(store, [load_agreement(law)], load_gazetteer().outlines, clock=now).record(list(reports))
            return list(dict.fromkeys(said.alert.alert_id for said in done.revisions))

    return _add


@pytest.fixture
def desk(tmp_path: Path, law: Path, add: Adding) -> Desk:
    """A desk with a record that has something in it."""
    add(CLEAR, SECTOR)
    return Desk(tmp_path / "w.db", law)
