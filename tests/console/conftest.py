"""A small world, its record, and a console of it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.agreement import load_agreement
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.store import Recorder, Store, open_store
from tests.console.serving import Served, client, now, served
from tests.monitor.fusion.telling import disc
from tests.monitor.remembering import AREAS
from tests.worlds import report, write_world

KINDS = (
    (Activity.EXPLOSION, ()),
    (Activity.WEAPON_PRESENCE, (Weapon.ARTILLERY,)),
    (Activity.POSITION, ()),
)


def some_reports(number: int) -> list[Report]:
    """Reports far enough apart to be incidents of their own, of every severity, some of them broad."""
    made = []
    for row in range(number):
        activity, weapons = KINDS[row % len(KINDS)]
        radius_m = (100.0, 900.0, 3_000.0)[row % 3 if row % 7 else 2]
        place = disc(9_000.0 * (row % 5) - 4_000.0, -400.0 * row, radius_m)
        made.append(report(row, place, activity, at=timedelta(hours=7, minutes=11 * row), weapons=weapons))
    return made


@pytest.fixture(scope="session")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.db"


Record = Callable[..., list[str]]


@pytest.fixture
def record(path: Path, agreement: Path) -> Record:
    """Records reports, as a run does that begins and ends; the ids of the alerts that were told of."""

    def _record(*reports: Report) -> list[str]:
        with closing(open_store(path, write=True)) as store:
            done = recorder(store, agreement).record(list(reports))
            return list(dict.fromkeys(said.alert.alert_id for said in done.revisions))

    return _record


def recorder(store: Store, agreement: Path) -> Recorder:
    return Recorder(store, [load_agreement(agreement)], AREAS, clock=now)


@pytest.fixture
def console(path: Path, agreement: Path, record: Record) -> Iterator[Served]:
    """The console of a record that has something in it."""
    record(*some_reports(24))
    with served(path, agreement) as at:
        yield at


@pytest.fixture
def asking(console: Served) -> Iterator[httpx.Client]:
    with client(console) as opened:
        yield opened
