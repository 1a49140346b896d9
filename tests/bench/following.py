"""What comes on some topics, each record with the moment at which a consumer saw it: how the benches time a stream."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Status
from pipeline.stream.settings import Settings
from pipeline.stream.topics import MAX_MESSAGE_BYTES
from pipeline.stream.wire import decode_revision
from tests.monitor.remembering import as_bytes

_POLL_MS = 200
_LOOK_S = 0.05
_JOIN_S = 120.0


class Seen(NamedTuple):
    """A record; `at_s` is `time.monotonic()` when it was seen."""

    topic: str
    at_s: float
    key: bytes | None
    value: bytes | None


class Follower:
    """Follows topics from their beginning, in a thread of its own; keeps records as they are, for the clock's sake."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._settings, self._topics = settings, topics
        self._seen: list[Seen] = []
        self._decoded = 0
        self._latest: dict[str, Revision] = {}
        self._ends = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    @property
    def seen(self) -> Sequence[Seen]:
        """All that came so far, in the order in which it came."""
        return self._seen

    @property
    def last_at_s(self) -> float:
        """When the last record was seen; 0 before the first."""
        return self._seen[-1].at_s if self._seen else 0.0

    def start(self) -> None:
        """Begins; comes back when whatever is written from now on will be seen as it comes."""
        self._thread.start()
        self._ready.wait(30.0)

    def stop(self) -> None:
        """Ends the thread."""
        self._ends.set()
        self._thread.join(30.0)

    def standing(self) -> Mapping[str, Alert]:
        """The alerts that stand, by the rule for whoever reads `alerts`: of each the greatest revision."""
        seen, name = self._seen, self._settings.prefix + "alerts"
        end = len(seen)
        for one in seen[self._decoded : end]:
            if one.topic != name or one.value is None:
                continue
            said = decode_revision(one.value)
            known = self._latest.get(said.alert.alert_id)
            if known is None or said.revision >= known.revision:
                self._latest[said.alert.alert_id] = said
        self._decoded = end
        alerts = {name: said.alert for name, said in sorted(self._latest.items())}
        return {name: alert for name, alert in alerts.items() if alert.status is not Status.SUPERSEDED}

    def current(self) -> bytes:
        """The same, as bytes to compare."""
        return as_bytes(self.standing())

    def until_quiet(self, quiet_s: float, within_s: float) -> float:
        """Waits until nothing has come for so long; gives when the last came (`time.monotonic()`)."""
        begun = time.monotonic()
        while True:
            now = time.monotonic()
            if now - max(self.last_at_s, begun) > quiet_s or now - begun > within_s:
                return self.last_at_s
            time.sleep(_LOOK_S)

    def until_right(self, wanted: bytes, quiet_s: float, within_s: float) -> tuple[float, bool]:
        """Waits until what stands is what is wanted: when the last record of it came, and whether it did."""
        due = time.monotonic() + within_s
        while time.monotonic() < due:
            last = self.until_quiet(quiet_s, due - time.monotonic())
            if self.current() == wanted:
                return last, True
            time.sleep(_LOOK_S)
        return self.last_at_s, False

    def _follow(self) -> None:
        from kafka import KafkaConsumer, TopicPartition
        from kafka.errors import KafkaError

        consumer = KafkaConsumer(
            bootstrap_servers=list(self._settings.bootstrap_servers),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=2 * MAX_MESSAGE_BYTES,
            max_poll_records=5_000,
            reconnect_backoff_max_ms=500,
        )
        names = [self._settings.prefix + name for name in self._topics]
        consumer.assign([TopicPartition(name, each) for name in names for each in consumer.partitions_for_topic(name)])
        consumer.seek_to_beginning()
        while not self._ends.is_set():
            try:
                polled = consumer.poll(timeout_ms=_POLL_MS)
            except KafkaError:
                time.sleep(_LOOK_S)
                continue
            at_s = time.monotonic()
            for records in polled.values():
                self._seen.extend(Seen(one.topic, at_s, one.key, one.value) for one in records)
            self._ready.set()
        consumer.close(timeout_ms=2_000)


@contextmanager
def following(settings: Settings, *topics: str) -> Iterator[Follower]:
    """A follower, for as long as the context lasts."""
    follower = Follower(settings, topics)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def until_joined(settings: Settings, workers: int) -> None:
    """Waits until so many workers have shared the work out among themselves."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    group = f"{settings.prefix}workers"
    admin = KafkaAdminClient(bootstrap_servers=list(settings.bootstrap_servers))
    try:
        due = time.monotonic() + _JOIN_S
        while time.monotonic() < due:
            # Until somebody has asked to join, nobody coordinates the group.
            with suppress(KafkaError):
                found = admin.describe_groups([group])[group]
                if found["group_state"] == "Stable" and len(found["members"]) == workers:
                    return
            time.sleep(0.2)
    finally:
        admin.close()
