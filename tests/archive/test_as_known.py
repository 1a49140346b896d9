"""As of a time: what is judged of what was received, and decided, by then is what stood then."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.agreement import Agreement
from pipeline.archive import Added, Archive, Period, archive_store
from pipeline.gazetteer import load_gazetteer
from pipeline.store import Recorder, open_store
from tests.archive.lived import MOMENTS, lived, moment, view
from tests.cli.driving import Cli
from tests.worlds import world, write_world


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, agreement: Agreement) -> tuple[Path, list[bytes]]:
    return lived(tmp_path_factory.mktemp("live") / "live.db", agreement)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, live: tuple[Path, list[bytes]]) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "kept"
    with open_store(live[0]) as store:
        for _ in archive_store(store, folder, Added(), moment(MOMENTS)):
            pass
    return folder


def at_random(many: int) -> Iterator[tuple[int, datetime]]:
    """Moments of the history, and times up to an hour after them."""
    draw = random.Random(11)
    for _ in range(many):
        number = draw.randrange(MOMENTS)
        yield number, moment(number) + timedelta(seconds=draw.randrange(3_600))


def test_at_any_time_the_archive_gives_what_stood_then(
    live: tuple[Path, list[bytes]], archive: Path, agreement: Agreement, tmp_path: Path
) -> None:
    assert len(set(live[1])) > MOMENTS // 3
    kept = Archive(archive)
    for run, (number, time) in enumerate(at_random(200)):
        period = Period(as_of=time)
        with open_store(tmp_path / f"{run}.db", write=True) as store:
            recorder = Recorder(store, [agreement], load_gazetteer().outlines, clock=lambda time=time: time)  # type: ignore[misc]
            recorder.keep(kept.actions(period))
            recorder.catch_up()
            recorder.record(list(kept.reports(period)))
            assert view(store) == live[1][number], time


@pytest.mark.parametrize("record", ["archive", "store"])
def test_the_command_gives_what_stood_then(
    capfd: pytest.CaptureFixture[str], live: tuple[Path, list[bytes]], archive: Path, tmp_path: Path, record: str
) -> None:
    cli = Cli(capfd)
    given = archive if record == "archive" else live[0]
    law = write_world(tmp_path)
    for number, time in at_random(3):
        told = cli("replay", given, "-a", law, "--as-of", time.isoformat(), "--possible")
        assert (told.code, told.out.encode().rstrip()) == (0, live[1][number]), told.err
