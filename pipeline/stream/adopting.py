"""What others said of a partition since its file last heard of them: taken over, and set right where they knew less.

They may have known less: a keeper writes what follows from a record before it tells of it, and tells before its group
hears how far it is. If it dies in between, another begins further back, says what follows from fewer records, and may
die in its turn. So where the file is ahead of its group, what was heard is judged anew, and what the file has said
otherwise is said again with a revision above all others.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from pipeline.model.records import Incident, Revision
from pipeline.store.database import Store
from pipeline.store.recorder import Recorder
from pipeline.stream.outbox import Answered, Figures, Outbox
from pipeline.stream.wire import Tended, decode_incident, decode_revision, decode_tended

MOST_HEARD = 2_000
"""Records that are taken over together."""

KEPT = frozenset({"incidents", "alerts"})
"""The topics whose records are heard again where a file is made anew."""

HEARD_AT = "heard_at"
_HEARD = "heard_"
_STALE_S = 5 * 86_400
"""The broker keeps for a week that something stands no more."""

_REPORTS = 4_000
"""Reports that are judged anew together."""

_log = logging.getLogger(__name__)


def mark(topic: str) -> str:
    """The figure that says from which offset on a topic is to be heard."""
    return _HEARD + topic


class Taken(NamedTuple):
    """A record of `tiles` or `findings`.

    Attributes:
        taken_at: when the broker took the reports in it (seconds since 1970).
        kind: what it is where it is not the topic's own (`routing`).
    """

    offset: int
    value: bytes
    taken_at: float = 0.0
    kind: str = ""


class Said(NamedTuple):
    """A record of `incidents` or `alerts`; without a value, the key stands no more.

    `tended` is what operators had to do with the alert, where they acted on it.
    """

    offset: int
    key: str
    value: bytes | None
    tended: bytes | None = None


class Topics(Protocol):
    """The topics from which a keeper's file can be made anew: readers of its own partition of each."""

    def records(self, topic: str, begin: int, end: int) -> Iterable[Taken]:
        """The records of a topic from an offset on, and before another; what the broker has dropped is not there."""

    def end(self, topic: str) -> int:
        """The offset that the next record of a topic will have."""

    def begin(self, topic: str) -> tuple[int, float]:
        """The first offset that the broker still has, and when it took that record (seconds since 1970)."""

    def everywhere(self, topic: str, until: float) -> Iterable[Taken]:
        """The records of all partitions of a topic that the broker took by a time; their kind is the topic."""

    def since(self, topic: str, begin: int) -> Iterable[Said]:
        """The records of a compacted topic from an offset on, in their order."""


class Adoption:
    """One catching up with what others said.

    Where that is too long ago, the broker may have dropped that an incident stands no more, and all is heard anew.

    Args:
        ahead: the file has records that its group does not know of.
        progress: is called often; may raise to end it.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        outbox: Outbox,
        now: datetime,
        *,
        ahead: bool,
        progress: Callable[[], None],
    ) -> None:
        self._store, self._recorder, self._outbox = store, recorder, outbox
        self._figures, self._answered = Figures(store.connection), Answered(store.connection)
        self._now, self._ahead, self._progress = now, ahead, progress
        self._anew = round(now.timestamp()) - self._figures.get(HEARD_AT) > _STALE_S
        self._marks = {topic: 0 if self._anew else self._figures.get(mark(topic)) for topic in sorted(KEPT)}
        self._concerned: set[str] = set()

    def hear(self, topics: Topics) -> None:
        """Takes over what was said, in parts."""
        if self._anew:
            self._recorder.adopt({}, (), anew=True)
        for some in self._parts("incidents", topics):
            self._incidents(some)
        for some in self._parts("alerts", topics):
            self._alerts(some)

    def finish(self) -> None:
        """Judges anew what was heard, where others knew less; to be called when all records are judged."""
        concerned = sorted(self._concerned)
        for begin in range(0, len(concerned), _REPORTS):
            self._recorder.judge_again(concerned[begin : begin + _REPORTS])
            self._progress()
        # Only now: where it was broken off, all of it is heard and judged again.
        for topic, offset in self._marks.items():
            self._figures.note(mark(topic), offset)
        self._figures.note(HEARD_AT, round(self._now.timestamp()))

    def _parts(self, topic: str, topics: Topics) -> Iterator[list[Said]]:
        records = iter(topics.since(topic, self._marks[topic]))
        while some := list(islice(records, MOST_HEARD)):
            self._progress()
            yield some
            self._marks[topic] = some[-1].offset + 1

    def _incidents(self, some: Sequence[Said]) -> None:
        heard: dict[str, Incident | None] = {}
        for said in some:
            with _readable(said):
                heard[said.key] = decode_incident(said.value) if said.value else None
        if self._ahead:
            for key, incident in heard.items():
                stood = self._store.incident(key)
                self._concern(*(one.report_ids for one in (incident, stood) if one is not None))
        self._recorder.adopt(heard, ())

    def _alerts(self, some: Sequence[Said]) -> None:
        # Those of provisions that remember are of another keeper.
        latest = {name: one for name, one in latest_of(some).items() if not one.alert.incident_ids}
        tended = tended_of(some, latest)
        self._answered.note(tended.values())
        if self._ahead:
            self._concern(*(revision.alert.report_ids for revision in latest.values()))
            if own := self._contradictions(latest):
                self._recorder.restate(own)
        self._recorder.adopt({}, list(latest.values()), {name: one.judged for name, one in tended.items()})
        self._outbox.forget(latest)

    def _concern(self, *report_ids: Iterable[str]) -> None:
        self._concerned.update(*report_ids)

    def _contradictions(self, heard: Mapping[str, Revision]) -> list[Revision]:
        """What the file says of alerts of which others, knowing less, said something else: above what they said."""
        said: list[Revision] = []
        for alert_id, other in heard.items():
            own = list(self._store.history(alert_id))
            if own and own[-1].revision <= other.revision and own[-1].alert != other.alert:
                said.append(replace(own[-1], revision=other.revision + 1, decided_at=self._now))
        return said


def latest_of(some: Iterable[Said]) -> dict[str, Revision]:
    """Of some records of `alerts`, what was said last of each, by its id."""
    latest: dict[str, Revision] = {}
    for said in some:
        with _readable(said):
            revision = decode_revision(said.value or b"")
            # A worker that slept while another went on may have woken up and said something old.
            if revision.revision >= latest.get(said.key, revision).revision:
                latest[said.key] = revision
    return latest


def tended_of(some: Iterable[Said], latest: Mapping[str, Revision]) -> dict[str, Tended]:
    """What operators had to do with the alerts among some records that they acted on, by id."""
    found: dict[str, Tended] = {}
    for said in some:
        with _readable(said):
            if said.tended is not None and decode_revision(said.value or b"") == latest.get(said.key):
                found[said.key] = decode_tended(said.tended)
    return found


@contextmanager
def _readable(said: Said) -> Iterator[None]:
    """Passes over what a newer version says in terms that this one does not know: it is said anew in ours."""
    try:
        yield
    except msgspec.DecodeError as error:
        _log.warning("%s@%d is passed over: %s", said.key, said.offset, error)
