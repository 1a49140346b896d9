"""`kill -9` at any moment of a run: nothing that was acknowledged is lost, nothing is doubled."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import msgspec

from pipeline.model.footprint import Disc
from pipeline.store import StoreError, open_store
from tests.worlds import report, write_world

STORES = 5
KILLS = 10
REPORTS = 30_000


def write_input(path: Path) -> None:
    """Reports and, among them, rows that cannot be read."""
    rng = random.Random(7)
    with path.open("wb") as out:
        for number in range(REPORTS):
            place = Disc(round(rng.uniform(36.8, 38.8), 5), round(rng.uniform(47.7, 48.8), 5), 100.0)
            line = msgspec.json.encode(report(number, place, at=timedelta(seconds=8 * number), text=f"row {number}"))
            out.write(line + b"\n" if number % 500 != 250 else b'{"report_id": "torn' + str(number).encode() + b"\n")


def command(agreement: Path, given: Path, store: Path) -> list[str]:
    return [sys.executable, "-m", "pipeline", "run", "-a", str(agreement), str(given), "--store", str(store)]


def committed(store: Path) -> tuple[int, int, int]:
    """What another process sees of the record: reports, rejects, revisions."""
    if not store.exists():
        return 0, 0, 0
    try:
        with open_store(store) as reader:
            figures = reader.figures()
            return figures["reports"], figures["rejects"], sum(1 for _ in reader.history())
    except StoreError:
        return 0, 0, 0  # killed before its tables were made


def view(store: Path) -> tuple[bytes, dict[str, int], list[tuple[object, ...]]]:
    with open_store(store) as reader:
        alerts = b"\n".join(map(msgspec.json.encode, reader.alerts(possible=True)))
        rejects = sorted((reject.row, reject.reason, reject.sha256) for _, reject in reader.rejects())
        return alerts, {k: n for k, n in reader.figures().items() if k != "frames"}, list(rejects)


def test_killed_fifty_times_at_random_the_record_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    agreement, given = write_world(tmp_path), tmp_path / "reports.ndjson"
    write_input(given)
    subprocess.run(command(agreement, given, tmp_path / "whole.db"), check=True, capture_output=True)
    rng = random.Random(1)
    killed = sum(
        kill_and_finish(command(agreement, given, tmp_path / f"killed-{n}.db"), tmp_path / f"killed-{n}.db", rng)
        for n in range(STORES)
    )
    assert killed > KILLS * STORES * 2 // 3, "the runs ended before they could be killed: make the input longer"
    for number in range(STORES):
        store = tmp_path / f"killed-{number}.db"
        assert view(store) == view(tmp_path / "whole.db")
        with sqlite3.connect(store) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with open_store(store) as reader:
            kept = [kept.report_id for _, frame in reader.reports() for kept in frame]
            assert len(kept) == len(set(kept)) == REPORTS - REPORTS // 500
            assert all(entry.revision == 1 for entry in reader.history())


def kill_and_finish(run: list[str], store: Path, rng: random.Random) -> int:
    """Starts a run again and again and kills it; lets the last one finish. How many were killed at work."""
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = committed(store)
        end = time.monotonic() + 0.3 + rng.random() * 0.6
        while time.monotonic() < end and process.poll() is None:
            before = max(before, committed(store))
            time.sleep(0.02)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        after = committed(store)
        assert all(now >= then for now, then in zip(after, before, strict=True)), "something acknowledged is lost"
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return killed
