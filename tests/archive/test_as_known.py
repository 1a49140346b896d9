"""As of a time: what is judged of what was received, and decided, by then is what stood then."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.archive import Added, Archive, Period, archive_store
from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.store import Recorder, Store, open_store
from pipeline.store.acting import Acting
from tests.cli.driving import Cli
from tests.worlds import DAY, report, world, write_world

MOMENTS = 200
BEGAN = DAY + timedelta(days=30)


def moment(number: int) -> datetime:
    return BEGAN + timedelta(hours=number)


class Clock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


def view(store: Store) -> bytes:
    return b"\n".join(map(msgspec.json.encode, store.alerts(possible=True)))


def lived(path: Path, agreement: Agreement) -> tuple[Path, list[bytes]]:
    """A store into which reports came out of their order, while operators acted; and what stood at each moment."""
    draw, clock, stood = random.Random(7), Clock(), []
    with open_store(path, write=True) as store:
        recorder = Recorder(store, [agreement], load_gazetteer().outlines, clock=clock)
        acting = Acting(store, clock)
        told: list[Report] = []
        for number in range(MOMENTS):
            clock.now = moment(number)
            if told and draw.random() < 0.15:
                old = draw.choice(told)
                one = replace(old, text=f"again {number}", published_at=clock.now, retracted=draw.random() < 0.4)
            else:
                place = Disc(round(37.3 + draw.random() * 0.6, 3), round(48.0 + draw.random() * 0.5, 3), 200.0)
                at = timedelta(days=draw.randrange(4), hours=draw.randrange(24))
                one = report(number, place, at=at, observer=f"patrol-{number % 5}", ledger="independent")
                told.append(one)
            recorder.record([replace(one, received_at=clock.now)])
            alerts = [alert for alert in store.alerts(possible=True) if alert.acknowledged_by is None]
            if alerts and draw.random() < 0.2:
                acting.act(draw.choice(alerts), ActionKind.ACKNOWLEDGE, "Ines")
            stood.append(view(store))
    return path, stood


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
