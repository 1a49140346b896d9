"""The topics as data: what is in each, under which key, and what the broker must keep of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pipeline.stream.settings import Settings

_KIND = "of which kind a record is that is not the topic's own: the topic that it came on"
_TENDED = (
    "where operators acted on the alert, as JSON: in `judged` the alert as the reports alone have it, in `acts` the "
    "ids of the actions that belong to it"
)

MAX_MESSAGE_BYTES = 4 << 20
"""The largest record. A frame has up to 1 MiB; one report, as `tiles` has it, may be that large by itself."""

RETENTION_MARGIN_DAYS = 15
"""For how long `tiles` outlives a window: what a machine has lost is read again from there, days after it was lost."""

REJECT_DAYS = 90

_DAY_MS = 86_400_000
_FOREVER = -1


class Topic(NamedTuple):
    """One topic of the contract.

    Attributes:
        key: what stands in a record's key; None where it has none.
        placed: a record's writer names its partition, that of the tiles it concerns; otherwise the key decides.
        headers: a record's headers by their name, with what each says.
        carries: topics whose records come on this one as well, with the header `kind`: keepers go by them.
        payload: the schema of one value in schemas/, without its ending; None where no schema describes it.
        frames: a value is one or more records, as newline-delimited JSON.
        compacted: of each key the broker keeps only the latest; otherwise all, for `retention_days`.
        tombstones: a null value takes the key out.
        retention_days: None for ever; of a compacted topic it has no meaning.
        partitioned: it has as many partitions as work is shared out by; otherwise one.
        writers, readers: the commands that do.
    """

    name: str
    title: str
    what: str
    key: str | None
    payload: str | None
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    placed: bool = False
    headers: Mapping[str, str] = MappingProxyType({})
    carries: tuple[str, ...] = ()
    frames: bool = False
    compacted: bool = False
    tombstones: bool = False
    retention_days: int | None = None
    partitioned: bool = True
    max_message_bytes: int = MAX_MESSAGE_BYTES

    def configs(self, replication: int) -> dict[str, str]:
        """What the broker is to be told of it."""
        configs = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(_FOREVER if self.retention_days is None else self.retention_days * _DAY_MS),
            "retention.bytes": str(_FOREVER),
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": "2" if replication >= 3 else "1",
            # A record's age is counted from when the broker took it. By the time that is in it, an old log that is
            # sent today would be deleted tonight.
            "message.timestamp.type": "LogAppendTime",
            "compression.type": "producer",
        }
        if self.tombstones:
            # For so long a reader that was away learns that a key is gone.
            configs["delete.retention.ms"] = str(7 * _DAY_MS)
        return configs


def topics(retention_days: int) -> Mapping[str, Topic]:
    """Every topic by its name, without the prefix.

    Args:
        retention_days: for how long a window stays open.
    """
    window_days = retention_days + RETENTION_MARGIN_DAYS
    every = (*_of_reports(window_days), *_of_what_follows(window_days), *_of_all_else())
    return {topic.name: topic for topic in every}


def _of_reports(window_days: int) -> tuple[Topic, ...]:
    return (
        Topic(
            "reports",
            "Reports as they come in",
            "Frames of reports; a frame with a bad line loses only that line, to `rejects`.",
            key=None,
            payload="report",
            writers=("send",),
            readers=("worker", "tail", "serve", "kafka mirror"),
            frames=True,
            retention_days=window_days,
        ),
        Topic(
            "tiles",
            "Reports, shared out",
            "The part of some frames that concerns the tiles of one partition, which the record's writer names; "
            "a report that revises another is on every partition, and so is what operators did. "
            "A lost state folder is rebuilt from here, so that nothing may go before its window is closed.",
            key=None,
            payload="report",
            writers=("worker",),
            readers=("worker",),
            placed=True,
            headers={
                "taken_at": "when the broker took the first of the frames, in seconds since 1970, as text",
                "kind": _KIND,
            },
            carries=("actions",),
            frames=True,
            retention_days=window_days,
        ),
    )


def _of_what_follows(window_days: int) -> tuple[Topic, ...]:
    return (
        Topic(
            "incidents",
            "Incidents as they stand",
            "One incident; null where it stands no more.",
            key="incident_id",
            payload="incident",
            writers=("worker",),
            readers=("worker", "tail", "serve", "kafka mirror"),
            placed=True,
            compacted=True,
            tombstones=True,
        ),
        Topic(
            "findings",
            "Incidents, for provisions that remember",
            "What is found of some incidents for those provisions of one agreement that remember, and what was said of "
            "alerts that these watch. Of two records about an incident from one partition the later counts. "
            "Provisions that do not remember are judged where incidents are. What is observed is on every partition.",
            key="agreement",
            payload="findings",
            writers=("worker",),
            readers=("worker",),
            headers={"kind": _KIND},
            carries=("actions", "observations"),
            retention_days=window_days,
        ),
        Topic(
            "alerts",
            "Alerts as they stand",
            "One revision of one alert, of which the broker keeps the latest; the greatest revision is the one that "
            "counts. An alert that stands no more stays, with the status superseded.",
            key="alert_id",
            payload="revision",
            writers=("worker",),
            readers=("worker", "tail", "act", "serve", "kafka mirror"),
            placed=True,
            compacted=True,
            headers={"tended": _TENDED},
        ),
        Topic(
            "transitions",
            "Everything that was ever said of an alert",
            "One revision of one alert.",
            key="alert_id",
            payload="revision",
            writers=("worker",),
            readers=("tail", "act", "serve", "kafka mirror"),
            placed=True,
            headers={"tended": _TENDED},
        ),
    )


def _of_all_else() -> tuple[Topic, ...]:
    return (
        Topic(
            "actions",
            "What operators did",
            "One action on an alert; it carries the report_id that it is anchored on. Workers pass it on to those who "
            "keep what it may concern. It is kept for ever, as an alert is: what a rebuild of a state folder finds no "
            "more on the topics that keepers read, it reads from here.",
            key="agreement",
            payload="action",
            writers=("act", "serve"),
            readers=("worker", "act", "tail", "serve", "kafka mirror"),
        ),
        Topic(
            "observations",
            "Who watched where",
            "Frames of observations of one asset: that someone watched an area in an interval, and how well. Workers "
            "pass them on to those who judge by them; a bad line goes to `rejects`. It is kept for ever, as what was "
            "found of a day goes by them: what a rebuild finds no more on `findings`, it reads from here.",
            key="asset",
            payload="observation",
            writers=("send", "worker"),
            readers=("worker", "tail", "serve", "kafka mirror"),
            frames=True,
        ),
        Topic(
            "rejects",
            "Rows that could not be read",
            "One row with its reason, its source and its bytes.",
            key=None,
            payload="reject",
            writers=("send", "worker"),
            readers=("tail", "act", "serve", "kafka mirror"),
            retention_days=REJECT_DAYS,
            partitioned=False,
        ),
    )


class Wanted(NamedTuple):
    """A topic as this configuration wants it on a broker."""

    topic: Topic
    full_name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


def wanted(settings: Settings) -> list[Wanted]:
    """Every topic as the settings want it."""
    replication = settings.replication_factor
    return [
        Wanted(
            topic,
            settings.prefix + topic.name,
            settings.partitions if topic.partitioned else 1,
            replication,
            topic.configs(replication),
        )
        for topic in topics(settings.retention_days).values()
    ]
