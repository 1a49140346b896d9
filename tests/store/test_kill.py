"""`kill -9` in the midst of a run's work: nothing that was acknowledged is lost, nothing is doubled."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from pipeline.model.footprint import Disc
from pipeline.model.identity import content_hash
from pipeline.model.report import Report
from pipeline.store import StoreError, open_store
from tests.store.histories import has_no_gaps
from tests.worlds import DAY, report, write_world

STORES = 6
KILLS = 9
KILLS_ANEW = 10
REPORTS = 64_000
PATIENCE_S = 120.0
MAIN = "from pipeline.store import runner; runner.BATCH_REPORTS = 4_000; from pipeline.cli import main; main()"
"""Transactions of a frame each: the more of them, the more often one is caught at work."""


class Given(NamedTuple):
    """An input, the agreement that judges it, and the store of a run that nobody disturbed."""

    agreement: Path
    reports: Path
    whole: Path
    frame_s: float
    """About how long that run took for each frame of the log."""

    def run(self, store: Path, agreement: Path | None = None) -> list[str]:
        judged_by = str(agreement or self.agreement)
        return [sys.executable, "-c", MAIN, "run", "-a", judged_by, str(self.reports), "--store", str(store)]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("given")
    made = Given(write_world(folder), folder / "reports.ndjson", folder / "whole.db", 0.0)
    write_input(made.reports)
    began = time.monotonic()
    finish(made.run(made.whole))
    return made._replace(frame_s=(time.monotonic() - began) / committed(made.whole).frames)


def write_input(path: Path) -> None:
    """Reports, further versions of them, corrections and retractions; among them rows that cannot be read."""
    rng = random.Random(7)
    told: list[Report] = []
    with path.open("wb") as out:
        for number in range(REPORTS):
            told.append(next_report(number, told, rng))
            bad = number % 500 == 250
            out.write((b'{"torn": ' if bad else msgspec.json.encode(told[-1])) + b"\n")


def next_report(number: int, told: list[Report], rng: random.Random) -> Report:
    # Exact places are quickest to judge, and the time is better spent on commits.
    place = Disc(round(rng.uniform(36.8, 38.8), 5), round(rng.uniform(47.7, 48.8), 5), 0.0)
    plain = report(number, place, at=timedelta(seconds=8 * number), text=f"row {number}")
    kind = rng.random()
    if not told or kind > 0.12:
        return plain
    earlier = told[rng.randrange(max(0, number - 20_000), number)]
    later = DAY + timedelta(days=20, seconds=rng.randrange(10**6))
    if kind < 0.05:
        return replace(earlier, footprint=place, published_at=later)
    if kind < 0.07:
        return replace(earlier, retracted=True, published_at=later)
    if kind < 0.08:
        return earlier
    revised = number + rng.choice([rng.randrange(-20_000, 0), rng.randrange(1, 5_000)])
    return replace(plain, revises=f"test:{max(0, revised)}")


class Committed(NamedTuple):
    """What another process sees of the record: figures that never fall."""

    reports: int
    rejects: int
    revisions: int
    frames: int


def committed(store: Path) -> Committed:
    if not store.exists():
        return Committed(0, 0, 0, 0)
    try:
        with open_store(store) as reader:
            found = reader.connection.execute(
                "SELECT coalesce((SELECT value FROM figures WHERE name = 'reports'), 0), "
                "(SELECT coalesce(max(number), 0) FROM rejects), (SELECT coalesce(max(entry), 0) FROM history), "
                "(SELECT coalesce(max(seq), 0) FROM frames)"
            ).fetchone()
            return Committed(*found)
    except StoreError:
        return Committed(0, 0, 0, 0)  # killed before its tables were made


def judged(store: Path, version: str) -> int:
    """Up to which frame the log was judged by that version of the agreement."""
    with open_store(store) as reader:
        row = reader.connection.execute("SELECT seq FROM positions WHERE version = ?", (version,)).fetchone()
        return row[0] if row else 0


def view(store: Path) -> tuple[bytes, dict[str, int], list[tuple[object, ...]]]:
    with open_store(store) as reader:
        alerts = b"\n".join(map(msgspec.json.encode, reader.alerts(possible=True)))
        rejects = sorted((reject.row, reject.reason, reject.sha256) for _, reject in reader.rejects())
        return alerts, {k: n for k, n in reader.figures().items() if k != "frames"}, list(rejects)


def said(store: Path) -> list[tuple[object, ...]]:
    with open_store(store) as reader:
        return [(e.alert, e.revision, e.change, e.supersedes, e.superseded_by) for e in reader.history()]


def log(store: Path) -> list[tuple[str, bytes]]:
    with open_store(store) as reader:
        return sorted((kept.report_id, content_hash(kept)) for _, frame in reader.reports() for kept in frame)


def finish(run: list[str]) -> None:
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(run: list[str], store: Path, progress: Callable[[], int], delay_s: float) -> bool:
    """Starts a run, lets it commit something, and kills it a little later; whether it was killed before its end."""
    at_first, before = progress(), committed(store)
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    patience = time.monotonic() + PATIENCE_S
    while progress() == at_first and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.02)
    end = time.monotonic() + delay_s
    while time.monotonic() < end and process.poll() is None:
        before = max(before, committed(store))
        time.sleep(0.02)
    process.kill()
    killed = process.wait() == -signal.SIGKILL
    after = committed(store)
    assert all(now >= then for now, then in zip(after, before, strict=True)), "something acknowledged is lost"
    return killed and progress() > at_first


def kill_at_work(given: Given, store: Path, rng: random.Random) -> int:
    """Kills runs into one store, the first while it starts, and lets the last one finish. How many died at work."""
    run, killed = given.run(store), 0
    kill(run, store, lambda: int(time.monotonic() * 1000), rng.uniform(0.2, 0.7))
    for _ in range(KILLS):
        at_work = kill(run, store, lambda: committed(store).reports, rng.uniform(0.0, given.frame_s))
        killed += at_work and committed(store).frames < committed(given.whole).frames
    finish(run)
    return killed


def test_killed_fifty_times_at_work_the_record_is_as_if_it_had_never_been(given: Given, tmp_path: Path) -> None:
    stores = [tmp_path / f"killed-{number}.db" for number in range(STORES)]
    with ThreadPoolExecutor(3) as at_once:
        killed = list(
            at_once.map(lambda number: kill_at_work(given, stores[number], random.Random(number)), range(STORES))
        )
    assert sum(killed) >= 50, f"killed at work: {killed}; make the input longer"
    expected = view(given.whole), said(given.whole), log(given.whole)
    assert len(set(expected[2])) == len(expected[2]) > REPORTS * 9 // 10
    for store in stores:
        assert (view(store), said(store), log(store)) == expected
        with sqlite3.connect(store) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_killed_while_it_judges_anew_the_record_is_as_if_only_the_new_version_had_ever_been(
    given: Given, tmp_path: Path
) -> None:
    second = write_world(tmp_path)
    text = (
        second.read_text(encoding="utf-8").replace("to_m = 15000", "to_m = 9000").replace("to_m = 7500", "to_m = 9500")
    )
    second.write_text(text.replace('version = "1"', 'version = "2"'), encoding="utf-8")
    fresh, store = tmp_path / "fresh.db", tmp_path / "killed.db"
    shutil.copy(given.whole, store)
    rng, run, killed = random.Random(2), given.run(store, second), 0
    with ThreadPoolExecutor(1) as other_core:
        undisturbed = other_core.submit(finish, given.run(fresh, second))
        for _ in range(KILLS_ANEW):
            at_work = kill(run, store, lambda: judged(store, "2"), rng.uniform(0.0, 0.7 * given.frame_s))
            killed += at_work and judged(store, "2") < committed(store).frames
        undisturbed.result()
    assert killed >= KILLS_ANEW - 1, f"killed while judging anew: {killed}; make the input longer"
    finish(run)
    assert view(store) == view(fresh) != view(given.whole)
    with open_store(store) as reader:
        assert has_no_gaps(reader)
