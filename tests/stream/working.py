"""Workers for tests: started, killed, stopped and woken, with the broker's topics of one test to work on."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.records import Alert, Incident, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import Status
from pipeline.resources import folder as data
from pipeline.scenario import write_scenario
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import create
from pipeline.stream.wire import decode_incident, decode_revision, encode_frame
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.talking import heard

AGREEMENT = "ukraine-hypothetical"
PATIENCE_S = 180.0
SESSION_S = 10
"""So long a dead worker's partitions wait for another."""


REMEMBERING = """
[[provisions]]
id = "ceiling"
article = "a test's"
title = "At most two vehicles or weapons within 50 km"
kind = "stock_ceiling"
zones = ["artillery-ukraine", "artillery-russia"]
severity = "minor"
source = "scenario"
confidence = "low"
  [[provisions.limits]]
  id = "guns"
  title = "Guns"
  at_most = 2
  unit = "weapon"
  weapons = [{ type = "heavy" }]

[[provisions]]
id = "answers"
article = "a test's"
title = "Fire is answered only after a call"
kind = "return_fire"
zones = ["territory-ukraine", "territory-russia"]
activities = ["fire"]
within_minutes = 120
within_m = 60000
severity = "minor"
source = "scenario"
confidence = "low"

[[provisions]]
id = "rising"
article = "a test's"
title = "Sustained fire"
kind = "consultation"
provisions = ["ceasefire"]
confirmed = 1
within_days = 7
sustained_days = 1
sustained_per_day = 2
severity = "minor"
source = "scenario"
confidence = "low"
"""
"""Provisions that remember, and have something to say of half a day."""


def remembering(folder: Path) -> Path:
    """The shipped agreement with more provisions that remember; its file."""
    shipped = data("geodata")
    text = (shipped / "agreements" / f"{AGREEMENT}.toml").read_text(encoding="utf-8")
    path = folder / f"{AGREEMENT}.toml"
    path.write_text(text.replace('"../', f'"{shipped}/') + REMEMBERING, encoding="utf-8")
    return path


class Case:
    """Topics of their own, reports to send, and what must come of them, where that is not known already."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        reports: Sequence[Report],
        wanted: bytes | None = None,
        agreement: Path | None = None,
    ) -> None:
        self.settings, self.folder, self.reports = settings, folder, reports
        self.file = agreement or remembering(folder)
        self.agreement: Agreement = load_agreement(self.file)
        self.wanted = _said_of(reports, self.agreement) if wanted is None else wanted
        create(settings)

    def send(self, reports: Iterable[Report], frame: int = 200) -> None:
        """Puts reports on their topic, in frames of so many, over all partitions."""
        given = list(reports)
        put(self.settings, "reports", [encode_frame(given[n : n + frame]) for n in range(0, len(given), frame)])

    @contextmanager
    def worker(self, name: str = "one", state: str | None = None, **environment: str) -> "Iterator[Running]":
        """A worker in a process of its own, with a state folder of its own."""
        folder = self.folder / (state or name)
        with Running(self.settings, folder, self.folder / f"{name}.log", environment, self.file) as running:
            yield running

    def current(self) -> bytes:
        """The current view of the alerts, as `alerts export` gives it."""
        return as_bytes(standing(self.settings))

    def until_right(self, others: Callable[[], None] = lambda: None, within_s: float = PATIENCE_S) -> None:
        """Waits until the alerts are what they must be; a test that would wait for ever fails."""
        due = time.monotonic() + within_s
        while self.current() != self.wanted:
            others()
            assert time.monotonic() < due, self.told()
            time.sleep(0.3)

    def told(self) -> str:
        """What is wrong, for whoever reads the failure."""
        logs = "\n".join(f"--- {log.name}\n{log.read_text()[-3_000:]}" for log in sorted(self.folder.glob("*.log")))
        have, want = self.current().splitlines(), self.wanted.splitlines()
        return f"{len(have)} alerts, wanted {len(want)}; {len(set(have) ^ set(want))} differ\n{logs}"


_SAID: dict[tuple[str, bytes], bytes] = {}


def _said_of(reports: Sequence[Report], agreement: Agreement) -> bytes:
    """What the embedded monitor says; many tests ask it of the same reports, and it takes seconds."""
    asked = agreement.fingerprint, sha256(encode_frame(reports)).digest()
    if asked not in _SAID:
        _SAID[asked] = as_bytes(in_memory([agreement], [reports]))
    return _SAID[asked]


class Running:
    """A worker's process."""

    def __init__(
        self, settings: Settings, state: Path, log: Path, environment: dict[str, str], agreement: str | Path = AGREEMENT
    ) -> None:
        self._agreement = str(agreement)
        given = {
            "TRUCELINE_KAFKA": ",".join(settings.bootstrap_servers),
            "TRUCELINE_TOPICS_PREFIX": settings.prefix,
            "TRUCELINE_WORKER_APP_ID": f"{settings.prefix}workers",
            "TRUCELINE_WORKER_STATE_FOLDER": str(state),
            "TRUCELINE_WORKER_SESSION_S": str(SESSION_S),
            **environment,
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRUCELINE")}
        self._environment, self._log = clean | given, log
        self.state = state
        self.process: subprocess.Popen[bytes] = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "pipeline", "worker", "-a", self._agreement],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """As in a crash (kill -9)."""
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        """Starts it once more, with the same state."""
        self.process = self._started()

    def stop(self) -> int:
        """Has it end in order; gives its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60.0)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def said(self, words: str) -> bool:
        return words in self._log.read_text()


def put(settings: Settings, name: str, values: Sequence[bytes], partition: int | None = None) -> None:
    """Puts records on a topic."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=list(settings.bootstrap_servers), max_request_size=8 << 20, acks="all")
    try:
        futures = [producer.send(settings.prefix + name, value=value, partition=partition) for value in values]
        for future in futures:
            future.get(timeout=60.0)
    finally:
        producer.close()


def revisions(settings: Settings, name: str = "alerts") -> list[Revision]:
    return [decode_revision(one.value) for one in heard(settings, name) if one.value is not None]


def standing(settings: Settings) -> dict[str, Alert]:
    """The alerts that stand: of each the greatest revision, by the rule for whoever reads the topic."""
    latest: dict[str, Revision] = {}
    for said in revisions(settings):
        if said.revision >= latest.get(said.alert.alert_id, said).revision:
            latest[said.alert.alert_id] = said
    alerts = {name: said.alert for name, said in sorted(latest.items())}
    return {name: alert for name, alert in alerts.items() if alert.status is not Status.SUPERSEDED}


def incidents(settings: Settings) -> dict[str, Incident]:
    """The incidents that stand."""
    latest = {(one.key or b"").decode(): one.value for one in heard(settings, "incidents")}
    return {name: decode_incident(value) for name, value in sorted(latest.items()) if value}


def made(folder: Path, scenario: str, seed: int, count: int) -> list[Report]:
    """The reports of a scenario."""
    write_scenario(folder, scenario, seed, load_agreement(AGREEMENT), count)
    return msgspec.json.Decoder(Report).decode_lines((folder / "reports.ndjson").read_bytes())


def shuffled(reports: Sequence[Report], seed: int, again: float = 0.1) -> list[Report]:
    """In any order, and some of them twice."""
    rng = random.Random(seed)
    given = [*reports, *rng.sample(list(reports), int(again * len(reports)))]
    rng.shuffle(given)
    return given
