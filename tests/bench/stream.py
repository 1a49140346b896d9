"""Over a broker on the same machine: from a report sent to its alert on the topic, beside other ways of doing it.

What is measured is measured from outside: when a report is given to a producer, and when a consumer sees the alert. All
of it shares this machine: the broker, the workers, and whoever sends and looks on.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.model.report import Report
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import create
from pipeline.stream.wire import encode
from tests.bench import Effort, Figure
from tests.bench.following import Follower, following, until_joined
from tests.bench.stream_load import at_once, delays_ms, frames, percentile, process, singly, through_send
from tests.monitor.remembering import as_bytes, in_memory
from tests.needs import missing
from tests.stream.brokers import private_broker
from tests.stream.talking import settings_for
from tests.stream.working import Case, made

REPORTS = 100_000
SINGLES = 10_000
FEED_S = 20.0
RUNS = 3
"""At most so many of what takes long."""

QUIET_S = 3.0
PEER_QUIET_S = 15.0
"""What a peer has to end with is not known; it may be silent while it works."""

PATIENCE_S = 120.0
WARM = 200
"""Reports that are sent before the clock runs, so that all is loaded, compiled and connected."""

Load = Callable[[Settings, Sequence[Report]], dict[str, float]]


def run(effort: Effort) -> list[Figure]:
    if gone := [why for why in map(missing, ("java", "maven")) if why]:
        return [Figure("over a broker", (), note=why) for why in gone]
    with tempfile.TemporaryDirectory(prefix="truceline-bench-") as name, private_broker(Path(name) / "broker") as own:
        bench = Bench(own.bootstrap, Path(name), effort)
        return [*bench.whole(), *bench.single(), *bench.delays(), *bench.peers(), *bench.limit()]


class Bench:
    """All that is measured on one broker."""

    def __init__(self, bootstrap: str, folder: Path, effort: Effort) -> None:
        self._bootstrap, self._folder, self._effort = bootstrap, folder, effort
        self._runs = min(RUNS, effort.repeats)
        reports = made(folder, "routine", 7, effort.of(REPORTS) + WARM)
        self._warm, self._reports = reports[:WARM], reports[WARM:]
        self._agreement = Case(self._settings(1), folder, [], b"").agreement
        self._alerts = in_memory([self._agreement], [reports])
        self._wanted = as_bytes(self._alerts)

    def whole(self) -> Iterator[Figure]:
        """Full frames, as fast as they go."""
        values = frames(self._reports)
        for workers, partitions in ((1, 1), (2, 4)):
            told = [
                self._rate(workers, partitions, values, len(self._reports), self._wanted) for _ in range(self._runs)
            ]
            what = f"full frames, sent to last alert, {workers} worker(s), {partitions} partition(s)"
            yield Figure(what, [rate for rate, _ in told], "reports/s", _note(right for _, right in told))

    def single(self) -> Iterator[Figure]:
        """One report a record, as fast as they go."""
        some = self._reports[: self._effort.of(SINGLES)]
        wanted = as_bytes(in_memory([self._agreement], [[*self._warm, *some]]))
        told = [self._rate(1, 1, list(map(encode, some)), len(some), wanted) for _ in range(self._runs)]
        what = "one report a record, sent to last alert, 1 worker, 1 partition"
        yield Figure(what, [rate for rate, _ in told], "reports/s", _note(right for _, right in told))

    def delays(self) -> Iterator[Figure]:
        """How long after a report its alert is there."""
        named = {name for alert in self._alerts.values() for name in alert.report_ids}
        alerting = [report for report in self._reports if report.report_id in named][: self._count(200)]
        yield from self._delay("single records, 200/s, each of which alerts", alerting, _steady(200), 1)
        live = self._reports[: self._count(2_000)]
        yield from self._delay("through `send`, 2,000/s of routine", live, _sent(2_000), 1)

    def peers(self) -> Iterator[Figure]:
        """Others' ways."""
        some = self._reports[: self._effort.of(SINGLES)]
        rate = self._peer_rate("shapely", list(map(encode, some)), len(some))
        about = "no incidents, no shares, no state; keeps nothing and loses what it was at"
        yield Figure.one("a plain Faust agent with shapely, one report a record", rate, "reports/s", about)
        yield from self._peer_delay("a plain Faust agent with shapely, 200/s", "shapely", some, _steady(200), 200)
        rate = self._peer_rate("loop", frames(self._reports), len(self._reports))
        about = "one hop, windows in memory only"
        yield Figure.one("a plain kafka-python loop with our core, full frames", rate, "reports/s", about)
        what = "a plain kafka-python loop with our core, through `send`, 2,000/s"
        yield from self._peer_delay(what, "loop", self._reports, _sent(2_000), 2_000)

    def limit(self) -> Iterator[Figure]:
        """What the broker itself does with the same records, by kafka-python's producer and consumer."""
        singles = list(map(encode, self._reports[: self._effort.of(SINGLES)]))
        for what, values, count in (
            ("full frames", frames(self._reports), len(self._reports)),
            ("one report a record", singles, len(singles)),
        ):
            settings = self._settings(1)
            create(settings)
            began = at_once(settings, values)
            written = time.monotonic() - began
            began = time.monotonic()
            with following(settings, "reports") as follower:
                while len(follower.seen) < len(values) and time.monotonic() - began < PATIENCE_S:
                    time.sleep(0.01)
            yield Figure.one(f"the broker alone, {what}: written, acknowledged", count / written, "reports/s")
            yield Figure.one(f"the broker alone, {what}: read", count / (follower.last_at_s - began), "reports/s")

    def _count(self, per_second: int) -> int:
        """So many reports are a feed's."""
        return round(FEED_S * per_second * min(1.0, self._effort.scale))

    def _settings(self, partitions: int) -> Settings:
        return settings_for(self._bootstrap, partitions=partitions)

    def _rate(
        self, workers: int, partitions: int, values: Sequence[bytes], count: int, wanted: bytes
    ) -> tuple[float, bool]:
        """Reports a second, and whether the alerts are those of the monitor."""
        with self._working(workers, partitions) as (settings, follower):
            began = at_once(settings, values)
            last, right = follower.until_right(wanted, QUIET_S, PATIENCE_S)
            return count / (last - began), right

    def _delay(self, what: str, reports: Sequence[Report], load: Load, workers: int) -> Iterator[Figure]:
        with self._working(workers, 1) as (settings, follower):
            sent = load(settings, reports)
            follower.until_quiet(QUIET_S, PATIENCE_S)
            yield from _percentiles(what, delays_ms(follower.seen, sent))

    def _peer_rate(self, peer: str, values: Sequence[bytes], count: int) -> float:
        with self._peering(peer) as (settings, follower):
            began = at_once(settings, values)
            return count / (follower.until_quiet(PEER_QUIET_S, PATIENCE_S) - began)

    def _peer_delay(
        self, what: str, peer: str, reports: Sequence[Report], load: Load, per_second: int
    ) -> Iterator[Figure]:
        with self._peering(peer) as (settings, follower):
            sent = load(settings, reports[: self._count(per_second)])
            follower.until_quiet(QUIET_S, PATIENCE_S)
            yield from _percentiles(what, delays_ms(follower.seen, sent))

    @contextmanager
    def _working(self, workers: int, partitions: int) -> Iterator[tuple[Settings, Follower]]:
        """Workers that share the partitions by now and have judged something, and whoever looks on."""
        settings = self._settings(partitions)
        folder = self._folder / settings.prefix
        folder.mkdir()
        case = Case(settings, folder, [], b"")
        with ExitStack() as stack:
            follower = stack.enter_context(following(settings, "alerts"))
            running = [stack.enter_context(case.worker(f"worker-{number}")) for number in range(workers)]
            until_joined(settings, workers)
            at_once(settings, [encode(report) for report in self._warm])
            follower.until_quiet(QUIET_S, PATIENCE_S)
            yield settings, follower
            for one in running:
                one.stop()

    @contextmanager
    def _peering(self, peer: str) -> Iterator[tuple[Settings, Follower]]:
        settings = self._settings(1)
        create(settings)
        with (
            following(settings, "alerts") as follower,
            process(settings, "-m", "tests.bench.stream_peers", peer),
        ):
            at_once(settings, [encode(report) for report in self._warm])
            due = time.monotonic() + PATIENCE_S
            while not follower.seen and time.monotonic() < due:
                time.sleep(0.1)
            follower.until_quiet(QUIET_S, PATIENCE_S)
            yield settings, follower


def _steady(per_second: float) -> Load:
    return lambda settings, reports: singly(settings, reports, per_second)


def _sent(per_second: float) -> Load:
    return lambda settings, reports: through_send(settings, reports, per_second)


def _percentiles(what: str, delays: Sequence[float]) -> Iterator[Figure]:
    note = f"of {len(delays):,} alerts and changes of them"
    yield Figure(f"{what}: report to alert, p50", percentile(delays, 50.0), "ms", note)
    yield Figure(f"{what}: report to alert, p99", percentile(delays, 99.0), "ms", note)


def _note(right: Iterator[bool]) -> str:
    return "the alerts are the monitor's, byte for byte" if all(right) else "THE ALERTS ARE NOT THE MONITOR'S"
