"""Crashes, scripted, round after round: `python -m tests.bench.faults`; prints what was lost, doubled, and how long.

In each round reports come all the while, something goes wrong in their midst, and then the alerts must be those of all
that was sent so far, byte for byte. Nothing is asserted: what is wrong is counted, and its logs are kept.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from pipeline.model.records import Revision
from pipeline.model.report import Report
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.stream.courier import Courier, Parcel
from pipeline.stream.wire import decode_revision, encode
from tests.bench.following import Follower, following, until_joined
from tests.monitor.remembering import AREAS, Book
from tests.needs import missing
from tests.stream.brokers import PrivateBroker, private_broker
from tests.stream.talking import settings_for
from tests.stream.working import SESSION_S, Case, Running, made, shuffled

PARTITIONS = 3
REPORTS = 160
"""In a round."""

FEED_S = 5.0
FRAME = 5
QUIET_S = 0.5
PATIENCE_S = 120.0
SLEEP_S = SESSION_S + 4.0
"""Longer than a worker may be silent before its partitions are others'."""

BROKER_AWAY_S = 20.0
BROKER_HANGS_S = 60.0


class Round(NamedTuple):
    """What came of one.

    `seconds` is from the fault's end until all is right; where a worker sleeps, from its beginning.
    """

    lost: int
    doubled: int
    ended: int
    """Workers that ended though nobody ended them."""
    seconds: float


class Play:
    """Reports in as many parts as there are rounds, workers, and the alerts that must stand after each part."""

    def __init__(self, broker: PrivateBroker, folder: Path, seed: int, rounds: int) -> None:
        folder.mkdir(parents=True)
        reports = made(folder, "escalation", seed, rounds * REPORTS)
        given = shuffled(reports, seed)
        self.broker, self.rng = broker, random.Random(seed)
        self.parts = [given[number::rounds] for number in range(rounds)]
        self.case = Case(settings_for(broker.bootstrap, partitions=PARTITIONS), folder, reports, wanted=b"")
        self.workers: list[Running] = []
        self.slept: set[Running] = set()
        self._monitor, self._book = Monitor([self.case.agreement], MemoryWindows(), AREAS), Book([self.case.agreement])

    def played(self, follower: Follower, part: Sequence[Report], fault: "Callable[[Play], float]") -> Round:
        """One round."""
        self._book.take(self._monitor.process(part))
        wanted = self._book.standing().alerts
        until_joined(self.case.settings, len(self.workers))
        feeding = threading.Thread(target=self._feed, args=(part,))
        feeding.start()
        time.sleep(self.rng.uniform(1.5, 4.0))
        since = fault(self)
        feeding.join()
        due, ended = time.monotonic() + PATIENCE_S, 0
        while time.monotonic() < due:
            ended += self._supervised()
            follower.until_quiet(QUIET_S, PATIENCE_S)
            if follower.standing() == wanted:
                break
        have = follower.standing()
        lost = sum(have.get(name) != alert for name, alert in wanted.items())
        return Round(lost, len(have.keys() - wanted.keys()), ended, max(0.0, follower.last_at_s - since))

    def _feed(self, part: Sequence[Report]) -> None:
        """Sends a part in small frames, over some seconds, whatever becomes of the broker meanwhile."""
        frames = [part[begin : begin + FRAME] for begin in range(0, len(part), FRAME)]
        with Courier(self.case.settings) as courier:
            for frame in frames:
                courier.send(Parcel(f"{self.case.settings.prefix}reports", [encode(report) for report in frame]))
                time.sleep(FEED_S / len(frames))

    def _supervised(self) -> int:
        """Starts what has ended, as a supervisor does; says how many ended though nothing was done to them."""
        gone = [worker for worker in self.workers if worker.process.poll() is not None]
        for worker in gone:
            worker.again()
        unasked = sum(worker not in self.slept for worker in gone)
        self.slept -= set(gone)
        return unasked


def kill_worker(play: Play) -> float:
    play.workers[0].kill()
    play.workers[0].again()
    return time.monotonic()


def lose_state(play: Play) -> float:
    play.workers[0].kill()
    shutil.rmtree(play.workers[0].state)
    play.workers[0].again()
    return time.monotonic()


def rebalance(play: Play) -> float:
    """One of two workers ends in order, and comes back."""
    worker = play.rng.choice(play.workers)
    worker.stop()
    time.sleep(1.0)
    worker.again()
    return time.monotonic()


def sleep_worker(play: Play) -> float:
    """One of two workers is stopped until the other has gone on, and wakes up in its midst."""
    worker, since = play.rng.choice(play.workers), time.monotonic()
    play.slept.add(worker)
    worker.signal(signal.SIGSTOP)
    time.sleep(SLEEP_S)
    worker.signal(signal.SIGCONT)
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(timeout=10.0)
    return since


def kill_broker(play: Play) -> float:
    play.broker.kill()
    time.sleep(BROKER_AWAY_S)
    play.broker.start()
    return time.monotonic()


def hang_broker(play: Play) -> float:
    hung = play.broker.process_id
    os.kill(hung, signal.SIGSTOP)
    try:
        time.sleep(BROKER_HANGS_S)
    finally:
        os.kill(hung, signal.SIGCONT)
    return time.monotonic()


class Fault(NamedTuple):
    """What goes wrong.

    Attributes:
        own: whether it needs a broker of its own.
        plays: how many plays, side by side, its rounds are shared out over.
    """

    does: Callable[[Play], float]
    workers: int
    rounds: int
    own: bool = False
    plays: int = 1


FAULTS = {
    "worker, kill -9": Fault(kill_worker, 1, 100, plays=4),
    "broker, kill -9, back after 20 s": Fault(kill_broker, 1, 10, own=True),
    "broker hangs for 60 s": Fault(hang_broker, 1, 10, own=True),
    "rebalance, one of two workers": Fault(rebalance, 2, 10),
    "state folder lost, and kill -9": Fault(lose_state, 1, 10),
    "one of two workers sleeps for 14 s": Fault(sleep_worker, 2, 10),
}


class Outcome(NamedTuple):
    """What came of a play."""

    fault: str
    rounds: Sequence[Round]
    backwards: int
    """Revisions that were said out of their order, or with one missing before them."""
    tracebacks: int


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.faults", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, metavar="S", help="of the rounds (default 1)")
    parser.add_argument("--minutes", type=float, default=20.0, metavar="M", help="after which no round begins (20)")
    parser.add_argument("--lanes", type=int, default=5, metavar="N", help="plays side by side (default 5)")
    parser.add_argument("--only", default="", metavar="WORD", help="faults with this word")
    parser.add_argument("--folder", type=Path, default=None, metavar="FOLDER", help="keep logs and state there")
    asked = parser.parse_args(words)
    for why in filter(None, map(missing, ("java", "maven"))):
        print(f"skipped: {why}")
        return 0
    due = time.monotonic() + 60.0 * asked.minutes
    with kept(asked.folder) as folder, private_broker(folder / "broker") as shared:
        plays = [
            (name, fault, number, max(1, round(fault.rounds * asked.share / fault.plays)))
            for name, fault in FAULTS.items()
            for number in range(fault.plays)
            if asked.only in name
        ]
        plays.sort(key=lambda play: not play[1].own)
        with ThreadPoolExecutor(asked.lanes) as lanes:
            begun = [lanes.submit(through, shared, folder, seed, due, *play) for seed, play in enumerate(plays)]
            outcomes = [one.result() for one in begun]
    Console(width=None if sys.stdout.isatty() else 150).print(as_table(outcomes))
    return 0


@contextmanager
def kept(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="truceline-faults-") as name:
        yield Path(name)


def through(
    shared: PrivateBroker, folder: Path, seed: int, due: float, name: str, fault: Fault, number: int, rounds: int
) -> Outcome:
    """One play, from its beginning to its end."""
    place = folder / f"{fault.does.__name__}-{number}"
    with ExitStack() as stack:
        broker = stack.enter_context(private_broker(place / "broker")) if fault.own else shared
        play = Play(broker, place / "play", 100 + seed, rounds)
        settings = play.case.settings
        follower = stack.enter_context(following(settings, "tiles", "incidents", "alerts"))
        play.workers = [stack.enter_context(play.case.worker(f"worker-{each}")) for each in range(fault.workers)]
        done = list[Round]()
        for part in play.parts:
            if time.monotonic() < due:
                done.append(play.played(follower, part, fault.does))
                print(f"{name} ({number}): {len(done)} {done[-1]}", file=sys.stderr, flush=True)
        with following(settings, "transitions") as told:
            told.until_quiet(QUIET_S, PATIENCE_S)
            said = [decode_revision(one.value) for one in told.seen if one.value]
        logs = "".join(log.read_text() for log in play.case.folder.glob("*.log"))
    return Outcome(name, done, backwards(said), logs.count("Traceback"))


def backwards(said: Sequence[Revision]) -> int:
    """An alert's revisions come in their order, or again."""
    latest: Counter[str] = Counter()
    wrong = 0
    for one in said:
        wrong += one.revision > latest[one.alert.alert_id] + 1
        latest[one.alert.alert_id] = max(one.revision, latest[one.alert.alert_id])
    return wrong


def as_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("fault", "rounds", "lost", "doubled", "out of order", "ended", "tracebacks", "median s", "worst s")
    for name in FAULTS:
        plays = [one for one in outcomes if one.fault == name]
        rounds = [each for one in plays for each in one.rounds]
        if not rounds:
            continue
        sums = (
            len(rounds),
            sum(one.lost for one in rounds),
            sum(one.doubled for one in rounds),
            sum(one.backwards for one in plays),
            sum(one.ended for one in rounds),
            sum(one.tracebacks for one in plays),
        )
        seconds = [one.seconds for one in rounds]
        table.add_row(name, *map(str, sums), f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
