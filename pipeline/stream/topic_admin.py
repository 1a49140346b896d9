"""Looking at the topics of a broker, and bringing them to what they should be."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.errors import BrokerUnreachableError, TopicError, UnfitTopicsError
from pipeline.stream.settings import Settings
from pipeline.stream.topic_plan import Action, Found, Step, plan
from pipeline.stream.topics import Topic, wanted

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

SEEN_S = 15.0
"""How long a broker may take until it tells of a change as done."""

_NO_SUCH_TOPIC, _NOT_OURS = 3, 29
"""Error codes of Kafka's protocol: unknown topic or partition, and no right to the topic."""

_NO_ID = UUID(int=0)


class Held(NamedTuple):
    """A topic as it is on the broker: `found` is None where it is not there, `records` is how many it holds."""

    topic: Topic
    full_name: str
    found: Found | None
    records: int


@contextmanager
def admin(settings: Settings) -> "Iterator[KafkaAdminClient]":
    """A client for the topics of the broker.

    Raises:
        NoConnectionError: there is no connection, or it broke.
        TopicError: the broker refused what was asked.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, NodeNotReadyError

    check_connection(settings)
    try:
        client = KafkaAdminClient(**kafka_options(settings), client_id="truceline-topics", request_timeout_ms=15_000)
        try:
            yield client
        finally:
            client.close()
    except (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError) as error:
        raise BrokerUnreachableError(f"{','.join(settings.bootstrap_servers)}: {error}") from error
    except KafkaError as error:
        raise TopicError(f"{','.join(settings.bootstrap_servers)}: the broker refused: {error}") from error


def create(settings: Settings, *, dry_run: bool = False) -> list[Step]:
    """Brings the topics to what the settings want; to do it again changes nothing.

    What would lose data is not done: its step has the action `refuse`, and says what to do. The others are done
    all the same.

    Args:
        dry_run: only says what would be done.

    Raises:
        NoConnectionError: there is no connection.
        TopicError: the broker refused.
    """
    with admin(settings) as client:
        steps = _planned(client, settings)
        if not dry_run:
            _carry_out(client, steps, settings.replication_factor)
            _await(client, settings)
    return steps


def _planned(client: "KafkaAdminClient", settings: Settings) -> list[Step]:
    wants = wanted(settings)
    found = _found(client, [want.full_name for want in wants])
    return plan(
        wants,
        {name: there for name, (there, _) in found.items()},
        partitions_given=settings.is_given("partitions"),
        replication_given=settings.is_given("replication_factor"),
    )


def _await(client: "KafkaAdminClient", settings: Settings) -> None:
    """Waits until the broker tells of what was done: it takes a moment until its every part knows."""
    due = time.monotonic() + SEEN_S
    while any(step.action not in (Action.KEEP, Action.REFUSE) for step in _planned(client, settings)):
        if time.monotonic() > due:
            raise TopicError(f"the broker still tells of other topics than were made, after {SEEN_S:.0f} s; try again")
        time.sleep(0.1)


def held(settings: Settings) -> list[Held]:
    """Every topic of the contract as it is on the broker.

    Raises:
        NoConnectionError: there is no connection.
        TopicError: the broker refused.
    """
    wants = wanted(settings)
    with admin(settings) as client:
        found = _found(client, [want.full_name for want in wants])
    return [Held(want.topic, want.full_name, *found.get(want.full_name, (None, 0))) for want in wants]


def demand(settings: Settings, *names: str) -> str:
    """Makes sure that some topics are there, by their name without the prefix; gives the cluster's own name.

    Raises:
        NoConnectionError: there is no connection.
        UnfitTopicsError: one is missing, or cannot be looked at.
    """
    asked = [settings.prefix + name for name in names]
    with admin(settings) as client:
        cluster = str(client.describe_cluster()["cluster_id"])
        found = _described(client, asked)
    missing = [name for name in asked if name not in found]
    if missing:
        where = ",".join(settings.bootstrap_servers)
        raise UnfitTopicsError(f"{where}: there is no topic {', '.join(missing)}; `truceline topics create` makes them")
    return cluster


def partitions(settings: Settings, *names: str) -> dict[str, int]:
    """How many partitions some topics have, by their name without the prefix; nothing for one that is not there.

    Raises:
        NoConnectionError: there is no connection.
        UnfitTopicsError: one cannot be looked at.
    """
    with admin(settings) as client:
        found = _described(client, [settings.prefix + name for name in names])
    return {name.removeprefix(settings.prefix): len(about["partitions"]) for name, about in found.items()}


def topic_ids(client: "KafkaAdminClient", full_names: Sequence[str]) -> dict[str, str]:
    """The broker's own id of each of some topics, which none that is made anew under the same name has again.

    None for one that is not there; a broker older than Kafka 2.8 gives no topic an id.

    Raises:
        KafkaError: the broker does not answer.
        UnfitTopicsError: one cannot be looked at.
    """
    ids = {name: about.get("topic_id") for name, about in _described(client, full_names).items()}
    return {name: str(one) for name, one in ids.items() if one is not None and one != _NO_ID}


def _described(client: "KafkaAdminClient", names: Sequence[str]) -> dict[str, Any]:
    """What the broker tells of those of some topics that are there.

    Raises:
        UnfitTopicsError: the broker does not tell of one.
    """
    found: dict[str, Any] = {}
    for about in client.describe_topics(list(names)):
        if about["error_code"] == _NOT_OURS:
            raise UnfitTopicsError(f"{about['name']}: the broker does not let us see this topic")
        if about["error_code"] not in (0, _NO_SUCH_TOPIC):
            raise UnfitTopicsError(f"{about['name']}: the broker tells nothing of it: error {about['error_code']}")
        if not about["error_code"]:
            found[about["name"]] = about
    return found


def largest_message(settings: Settings, full_name: str) -> int:
    """The bytes that a record of a topic may have with what is around it, once it is compressed.

    Raises:
        NoConnectionError: there is no connection.
        TopicError: the broker refused.
    """
    from kafka.admin import ConfigResource, ConfigResourceType

    with admin(settings) as client:
        asked = [ConfigResource(ConfigResourceType.TOPIC, full_name)]
        configs = client.describe_configs(asked, config_filter="all")["topic"][full_name]
    return int(configs["max.message.bytes"]["value"])


def _found(client: "KafkaAdminClient", names: Sequence[str]) -> dict[str, tuple[Found, int]]:
    """Those of the topics that are there, and how many records each holds."""
    from kafka import TopicPartition
    from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

    described = _described(client, names)
    if not described:
        return {}
    about = {name: one["partitions"] for name, one in described.items()}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in about]
    configs = client.describe_configs(asked, config_filter="all")["topic"]
    places = [TopicPartition(name, part["partition_index"]) for name, parts in about.items() for part in parts]
    ends = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    begins = client.list_partition_offsets(dict.fromkeys(places, OffsetSpec.EARLIEST))
    found = {}
    for name, parts in about.items():
        own = [TopicPartition(name, part["partition_index"]) for part in parts]
        values = {key: str(config["value"]) for key, config in configs[name].items()}
        written = any(ends[place].offset > 0 for place in own)
        there = Found(len(parts), min(len(part["replica_nodes"]) for part in parts), values, written)
        found[name] = there, sum(ends[place].offset - begins[place].offset for place in own)
    return found


def _carry_out(client: "KafkaAdminClient", steps: Sequence[Step], replication: int) -> None:
    from kafka.admin import ConfigResource, ConfigResourceType

    new = {
        step.topic: {
            "num_partitions": step.partitions,
            "replication_factor": replication,
            "configs": dict(step.configs),
        }
        for step in steps
        if step.action is Action.CREATE
    }
    if new:
        client.create_topics(new, wait_for_metadata=True)
    more = {step.topic: step.partitions for step in steps if step.action is Action.ADD_PARTITIONS}
    if more:
        client.create_partitions(more)
    other = [
        ConfigResource(ConfigResourceType.TOPIC, step.topic, dict(step.configs))
        for step in steps
        if step.action is Action.CONFIGURE
    ]
    if other:
        _check(client.alter_configs(other)["topic"])


def _check(answers: Mapping[str, str]) -> None:
    refused = [f"{name}: {answer}" for name, answer in answers.items() if answer != "OK"]
    if refused:
        raise TopicError("; ".join(refused))
