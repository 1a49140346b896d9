"""The console: changes of alerts to many listeners at once, and what a list and a map of 50,000 alerts take.

The server is a process of its own; who writes and who listens share another, on the same machine.
"""

import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple
from urllib.request import urlopen

import msgspec
import numpy as np
from msgspec.structs import replace

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change
from pipeline.scenario import write_scenario
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, Store, open_store
from pipeline.store.runner import Summary
from pipeline.store.runner import run as run_inputs
from tests.bench import Effort, Figure

AGREEMENT = "ukraine-hypothetical"
ALERTS = 50_000
LISTENERS = 20
CHANGES_PER_S = 500
SECONDS = 60.0
BATCH_S = 0.1

_encode = msgspec.json.encode


def run(effort: Effort) -> list[Figure]:
    alerts, seconds = effort.of(ALERTS), SECONDS * effort.scale
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bench.db"
        with open_store(path, write=True) as store:
            some = _fill(store, alerts, Path(name))
            began = monotonic()
            with _served(path) as server:
                started = monotonic() - began
                asked = [_asked(server, what, effort.repeats) for what in ("/api/alerts", "/api/points")]
                told = _listened(server, store, some, seconds)
    return [
        Figure.one("from nothing until ready", started, "s", f"{alerts:,} alerts"),
        Figure("the first page of the list", asked[0], "ms"),
        Figure("the points of the map", asked[1], "ms"),
        *told,
    ]


def _fill(store: Store, number: int, folder: Path) -> list[Alert]:
    """A record with so many alerts: those of a scenario, over and over under other ids; gives these."""
    agreement = load_agreement(AGREEMENT)
    write_scenario(folder, "routine", 7, agreement, 3_000)
    recorder = Recorder(store, [agreement], load_gazetteer().outlines)
    run_inputs(recorder, open_input(str(folder / "reports.ndjson")), summary=Summary())
    models = [one for one in store.alerts() if one.lon is not None]
    drawn = np.random.default_rng(1)
    jitter = drawn.normal(0.0, 0.05, (number, 2)).tolist()
    made = [
        replace(
            models[row % len(models)],
            alert_id=f"al_{row:020x}",
            lon=round(float(models[row % len(models)].lon or 0.0) + jitter[row][0], 6),
            lat=round(float(models[row % len(models)].lat or 0.0) + jitter[row][1], 6),
        )
        for row in range(number)
    ]
    sql = store.connection
    sql.execute("BEGIN IMMEDIATE")
    sql.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?)", map(_row, made))
    _say(store, [(one, 1) for one in made])
    sql.execute("COMMIT")
    return made


def _row(one: Alert) -> tuple[str | bytes, ...]:
    about = one.alert_id, one.agreement, one.provision, one.incident_id
    return (*about, one.severity, one.standing, one.status, one.observed_from.isoformat(), _encode(one))


def _say(store: Store, alerts: Sequence[tuple[Alert, int]]) -> None:
    now = datetime.now(UTC)
    change = Change.EVIDENCE_CHANGED
    rows = (
        (one.alert_id, number, _encode(Revision(alert=one, revision=number, decided_at=now, change=change, author="x")))
        for one, number in alerts
    )
    store.connection.executemany("INSERT INTO history (alert_id, revision, said) VALUES (?, ?, ?)", rows)


class _Server(NamedTuple):
    host: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def _served(path: Path) -> Iterator[_Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.console", str(path), str(port)]
    with subprocess.Popen(command) as process:
        server = _Server("127.0.0.1", port, process.pid)
        while not _is_ready(server):
            sleep(0.02)
        try:
            yield server
        finally:
            process.terminate()


def _is_ready(server: _Server) -> bool:
    try:
        with urlopen(f"{server.url}/readyz", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _asked(server: _Server, what: str, repeats: int) -> list[float]:
    """Milliseconds for one answer."""
    taken = []
    for _ in range(repeats):
        began = monotonic()
        with urlopen(f"{server.url}{what}", timeout=120) as answer:
            answer.read()
        taken.append(1e3 * (monotonic() - began))
    return taken


def _listened(server: _Server, store: Store, alerts: Sequence[Alert], seconds: float) -> list[Figure]:
    (first,) = store.connection.execute("SELECT max(entry) FROM history").fetchone()
    written: list[float] = []
    over = threading.Event()
    listeners = [_Listener(server) for _ in range(LISTENERS)]
    cpu, began = server.cpu_s(), monotonic()
    ear = threading.Thread(target=_hear, args=[listeners, over, lambda: first + len(written)])
    ear.start()
    sleep(0.5)
    _write(store, alerts, seconds, written)
    lasted = monotonic() - began
    used = server.cpu_s() - cpu
    over.set()
    ear.join()
    times = np.array(written)
    delays = [one.delays_s(first, times) for one in listeners]
    worst = [float(np.percentile(one, 99.0)) for one in delays if len(one)]
    every = np.concatenate(delays)
    heard = sum(len(one) for one in delays) / max(1, len(written) * LISTENERS)
    about = f"{LISTENERS} listeners, {len(written) / lasted:.0f} changes/s for {lasted:.0f} s"
    return [
        Figure.one("written to heard, p50", 1e3 * float(np.median(every)), "ms", about),
        Figure.one("written to heard, p99", 1e3 * float(np.percentile(every, 99.0)), "ms"),
        Figure.one("p99 of the listener who fares best", 1e3 * min(worst), "ms"),
        Figure.one("p99 of the listener who fares worst", 1e3 * max(worst), "ms"),
        Figure.one("share of all changes that was heard, once and in order", heard),
        Figure.one("server, share of one core", used / lasted),
        Figure.one("server, memory", server.memory_mb(), "MB"),
    ]


def _write(store: Store, alerts: Sequence[Alert], seconds: float, written: list[float]) -> None:
    """Changes at a steady rate; when each was on disk."""
    number, batch, began = 0, int(CHANGES_PER_S * BATCH_S), monotonic()
    revisions: dict[int, int] = {}
    while (due := number * BATCH_S) < seconds:
        sleep(max(0.0, began + due - monotonic()))
        rows = [(number * batch + step) * 7_919 % len(alerts) for step in range(batch)]
        for row in rows:
            revisions[row] = revisions.get(row, 1) + 1
        store.connection.execute("BEGIN IMMEDIATE")
        _say(store, [(alerts[row], revisions[row]) for row in rows])
        store.connection.execute("COMMIT")
        written += [monotonic()] * batch
        number += 1


class _Listener:
    """One who only notes when what arrived."""

    def __init__(self, server: _Server) -> None:
        self.socket = socket.create_connection((server.host, server.port))
        self.socket.sendall(f"GET /api/events HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n\r\n".encode())
        self.heard: list[tuple[int, float]] = []
        self._rest = b""

    def read(self) -> None:
        data = self.socket.recv(1 << 20)
        text, now = self._rest + data, monotonic()
        # An event is whole when its last line is; of its data nothing is read.
        *whole, self._rest = text.split(b"\n\n")
        for event in whole:
            at = event.rfind(b"id: ", 0, 200)
            if at >= 0 and b"event: alerts" in event[at : at + 60]:
                self.heard.append((int(event[at + 4 :].split(b"\n", 1)[0]), now))

    def delays_s(self, first: int, written: np.ndarray) -> np.ndarray:
        """Of each entry that was heard, in order, how long it took."""
        delays, position = [], first
        for last, at in self.heard:
            assert last > position, "an entry came twice"
            delays.append(at - written[position - first : last - first])
            position = last
        return np.concatenate(delays) if delays else np.zeros(0)


def _hear(listeners: Sequence[_Listener], over: threading.Event, last: Callable[[], int]) -> None:
    """Until all was heard, or nothing comes any more."""
    waiting = selectors.DefaultSelector()
    for one in listeners:
        waiting.register(one.socket, selectors.EVENT_READ, one)
    quiet_since = monotonic()
    while not (over.is_set() and monotonic() - quiet_since > 3.0):
        for key, _ in waiting.select(0.2):
            key.data.read()
            quiet_since = monotonic()
        if over.is_set() and all(one.heard and one.heard[-1][0] >= last() for one in listeners):
            break
    for one in listeners:
        one.socket.close()


def _serve(path: Path, port: int) -> None:
    from pipeline.cli.common import collect_seldom
    from pipeline.cli.console_words import Words
    from pipeline.console import Settings, StoreBackend, create_app, serve
    from pipeline.console.server import listening

    collect_seldom()
    words = Words()
    settings = Settings(telling=words, clock=lambda: datetime.now(UTC))
    app = create_app(StoreBackend(path, words.agreement, settings.clock), settings)
    with listening("127.0.0.1", port) as at:
        serve(app, at)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
