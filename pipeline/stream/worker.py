"""Running a worker: wait for the broker, run the Faust app, and end the process where it cannot go on.

What a worker cannot go on after ends it at once and without a word to the broker: so nothing is acknowledged that is
not done. The exit code is 1, and a supervisor starts it anew; or 2 where somebody has to see to it first.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NoReturn

import faust

from pipeline.agreement import Agreement
from pipeline.gazetteer import Gazetteer
from pipeline.metrics import DriverMetrics
from pipeline.monitor.fuse.pairs import kernels
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.store.database import StoreError
from pipeline.stream.app import SleptError, Worker
from pipeline.stream.connection import check_connection
from pipeline.stream.errors import BrokerUnreachableError, SettingsError, StreamError, UnfitTopicsError
from pipeline.stream.keeper import Common
from pipeline.stream.routing import ROUTES
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import demand, partitions

FAILED, UNFIT = 1, 2
_ALIKE = ("tiles", "incidents", "findings", "alerts", "transitions")
_AGAIN_S = 2.0
_LOOK_S = 1.0
_FLOOD_S = 10.0

_log = logging.getLogger(__name__)


def run(
    settings: Settings,
    agreements: Sequence[Agreement],
    gazetteer: Gazetteer,
    metrics: DriverMetrics,
    say: Callable[[str], None],
) -> None:
    """Runs a worker until it is told to end (SIGTERM, SIGINT).

    Raises:
        NoConnectionError: the broker does not let us in.
        UnfitTopicsError: topics are missing, or not what they must be.
        SystemExit: as Faust ends.
    """
    _reach(settings, metrics, say)
    demand(settings, "reports", *ROUTES, *_ALIKE, "rejects")
    _make_folder(settings)
    shards = Shards(_partitions(settings), DEFAULT.observers)
    common = Common(
        settings.state_folder, agreements, gazetteer, shards, lambda: datetime.now(UTC), settings.retention_days
    )
    worker = Worker(settings, common, metrics, lambda error: _fail(say, error), say)
    threading.Thread(target=_watch, args=(worker, settings.stuck_after_s, say), daemon=True).start()
    _quiet()
    # A worker has small batches all day: the loops that a short command would do without are worth their start here.
    kernels()
    driver = faust.Worker(worker.app, loglevel="WARN", redirect_stdouts=False, override_logging=False, quiet=True)
    driver.spinner = None
    driver.execute_from_commandline()


def _make_folder(settings: Settings) -> None:
    try:
        settings.state_folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        origin = settings.origins["state_folder"]
        raise SettingsError(f"{origin}: {settings.state_folder}: {error.strerror or error}") from error


def _reach(settings: Settings, metrics: DriverMetrics, say: Callable[[str], None]) -> None:
    """Waits for the broker; that it refuses us is an error."""
    said = False
    while True:
        try:
            check_connection(settings)
        except BrokerUnreachableError as error:
            if not said:
                say(f"waiting for the broker: {error}")
            said = True
            metrics.broker_connected(False)
            metrics.progress()
            time.sleep(_AGAIN_S)
        else:
            metrics.broker_connected(True)
            return


def _partitions(settings: Settings) -> int:
    """How many partitions the work is shared out over: what is kept of one is told on the same one of each topic."""
    counts = partitions(settings, *_ALIKE)
    if len(set(counts.values())) != 1:
        told = ", ".join(f"{settings.prefix}{name} has {count}" for name, count in counts.items())
        raise UnfitTopicsError(f"these topics must have as many partitions as each other: {told}")
    return counts["tiles"]


def _watch(worker: Worker, stuck_after_s: float, say: Callable[[str], None]) -> None:
    """Ends a worker that is stuck: whose work goes on for too long, or whose loop does not turn."""
    while True:
        time.sleep(_LOOK_S)
        stuck_s = worker.stuck_s
        if stuck_s > stuck_after_s:
            _end(say, f"stuck: nothing was done for {stuck_s:.0f} s")


def _fail(say: Callable[[str], None], error: BaseException) -> None:
    """Ends the process after an error; one that is no fault of ours is told without where it came from."""
    if isinstance(error, StreamError | StoreError | SleptError):
        _end(say, f"cannot go on: {error}", UNFIT if isinstance(error, SettingsError) else FAILED)
    _log.critical("the worker ends", exc_info=error)
    _end(say, f"cannot go on: {type(error).__name__}: {error}")


def _end(say: Callable[[str], None], why: str, code: int = FAILED) -> NoReturn:
    """Ends the process as it is: an orderly end would acknowledge what is not done."""
    say(f"{why}; exit code {code}")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Seldom(logging.Filter):
    """Lets a message through once in ten seconds: during an outage the drivers say the same thousands of times."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let it through."""
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(place, -_FLOOD_S) < _FLOOD_S:
            return False
        self._said[place] = now
        return True


def _quiet() -> None:
    """Log lines go to standard error, and a flood of them is thinned out.

    The driver's own are left out: it tells of each rebalance and each attempt to connect as of an error. That the
    broker is away, the worker says itself.
    """
    handler = logging.StreamHandler()
    handler.addFilter(_Seldom())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for driver in ("aiokafka", "kafka"):
        logging.getLogger(driver).setLevel(logging.CRITICAL)
