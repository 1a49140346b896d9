"""What must be done so that the topics are as they should be, and what must not.

Pure: what is found and what is wanted go in, steps come out. A step never loses data: a partition is never taken away,
a record never deleted sooner, a history never compacted, and no key moved to another partition while there is state
about it on the old one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from pipeline.stream.topics import Wanted

_AT_LEAST = ("max.message.bytes", "min.insync.replicas", "delete.retention.ms")
_DAY_MS = 86_400_000
_RETENTIONS = ("retention.ms", "retention.bytes")
"""Where -1 is for ever, and more than any number."""


class Action(StrEnum):
    """What happens to one topic."""

    CREATE = "create"
    ADD_PARTITIONS = "add_partitions"
    CONFIGURE = "configure"
    KEEP = "keep"
    REFUSE = "refuse"


class Step(NamedTuple):
    """One action on one topic, in words too; `configs` and `partitions` where it has any."""

    topic: str
    action: Action
    detail: str = ""
    partitions: int | None = None
    configs: Mapping[str, str] = {}


class Found(NamedTuple):
    """A topic as it is on the broker. `written`: something was ever written to it, if it is gone by now."""

    partitions: int
    replication: int
    configs: Mapping[str, str]
    written: bool


def plan(
    wanted: Sequence[Wanted], found: Mapping[str, Found], *, partitions_given: bool, replication_given: bool
) -> list[Step]:
    """The steps, topic by topic; a topic that is as it should be has the step `keep`.

    Args:
        found: what is there, by its full name.
        partitions_given: somebody asked for this number; otherwise what is there keeps its own, and what is missing
            gets as many as those have that are read beside it.
        replication_given: the same for the replicas.
    """
    # Such topics are read side by side: once one of them has state by partition, its number binds them all.
    beside = {
        want.full_name: found[want.full_name] for want in wanted if _is_by_partition(want) and want.full_name in found
    }
    bound = {name for name, there in beside.items() if there.written}
    steps: list[Step] = []
    for want in wanted:
        if want.full_name not in found:
            like_others = _is_by_partition(want) and beside and (bound or not partitions_given)
            steps.append(
                _create(want, max(beside[name].partitions for name in beside) if like_others else want.partitions)
            )
            continue
        there = found[want.full_name]
        did = [
            *(_partitions(want, there, bound) if partitions_given else ()),
            *(_replication(want, there) if replication_given else ()),
            *_configs(want, there),
        ]
        if all(step.action is Action.KEEP for step in did):
            did = [Step(want.full_name, Action.KEEP, "; ".join(step.detail for step in did if step.detail))]
        steps.extend(did)
    return steps


def _is_by_partition(want: Wanted) -> bool:
    """Whether a record's partition means something, by its key or by who wrote it."""
    return want.topic.partitioned and (want.topic.placed or want.topic.key is not None)


def _create(want: Wanted, partitions: int) -> Step:
    count = f"{partitions} partition{'s' if partitions > 1 else ''}"
    detail = f"{count}, replication {want.replication}, {_lifetime(want.configs)}"
    return Step(want.full_name, Action.CREATE, detail, partitions, want.configs)


def _partitions(want: Wanted, there: Found, bound: Collection[str]) -> Iterator[Step]:
    asked = want.partitions
    if asked == there.partitions:
        return
    if asked < there.partitions:
        yield Step(
            want.full_name,
            Action.REFUSE,
            f"it has {there.partitions} partitions, and Kafka cannot take any away: leave --partitions out to keep "
            f"them, or make new topics under another prefix and send the record there anew",
        )
    elif bound and _is_by_partition(want):
        yield Step(
            want.full_name,
            Action.REFUSE,
            f"it has {there.partitions} partitions, and there are records by partition in {', '.join(sorted(bound))}: "
            f"with {asked}, a tile or a key would go to another partition than what is there already, and its state "
            f"would be torn in two; make new topics under another prefix with --partitions {asked} and send the "
            f"record there anew",
        )
    else:
        yield Step(want.full_name, Action.ADD_PARTITIONS, f"{there.partitions} → {asked} partitions", asked)


def _replication(want: Wanted, there: Found) -> Iterator[Step]:
    if want.replication != there.replication:
        yield Step(
            want.full_name,
            Action.REFUSE,
            f"it has replication {there.replication}, not {want.replication}: that is changed by moving replicas, "
            f"with the broker's own kafka-reassign-partitions",
        )


def _configs(want: Wanted, there: Found) -> Iterator[Step]:
    changes = {}
    for name, asked in want.configs.items():
        is_there = there.configs.get(name, "")
        if asked == is_there:
            continue
        if name == "cleanup.policy":
            if why := _loses_by_policy(want, there):
                yield Step(want.full_name, Action.REFUSE, why)
                continue
        elif name in _RETENTIONS and _number(is_there) > _number(asked):
            yield Step(want.full_name, Action.KEEP, f"{_held_longer(want, name, is_there, asked)}")
            continue
        elif name in _AT_LEAST and _number(is_there) >= _number(asked):
            continue
        changes[name] = asked
    if changes:
        detail = ", ".join(
            f"{name} {_told(name, there.configs.get(name, '?'))} → {_told(name, value)}"
            for name, value in changes.items()
        )
        yield Step(want.full_name, Action.CONFIGURE, detail, configs=changes)


def _loses_by_policy(want: Wanted, there: Found) -> str:
    """Why another cleanup policy would lose records; empty where it would not."""
    asked, is_there = want.configs["cleanup.policy"], set(there.configs.get("cleanup.policy", "").split(","))
    by_age = asked == "delete" and want.configs["retention.ms"] != "-1"
    if not there.written or asked in is_there or (asked == "delete" and not by_age):
        return ""
    what = "only the latest of each key would be left" if asked == "compact" else "what is old would be deleted"
    return (
        f"its cleanup.policy is {','.join(sorted(is_there))}, not {asked}, and it holds records: {what}; if that is "
        f"meant, set it with the broker's own kafka-configs"
    )


def _held_longer(want: Wanted, name: str, is_there: str, asked: str) -> str:
    if want.topic.compacted:
        return ""
    return (
        f"{name} stays {_told(name, is_there)}, longer than the {_told(name, asked)} that is asked for: a shorter one "
        f"deletes records; if that is meant, set it with the broker's own kafka-configs"
    )


def _told(name: str, value: str) -> str:
    """A figure of a configuration for people."""
    if value == "-1" and name in _RETENTIONS:
        return "for ever" if name == "retention.ms" else "without bound"
    return f"{int(value) / _DAY_MS:g} days" if name.endswith("retention.ms") and value.isdigit() else value


def _number(text: str) -> float:
    """A figure of a configuration, -1 being for ever; one that is not there is less than any."""
    try:
        return float("inf") if text == "-1" else float(text)
    except ValueError:
        return float("-inf")


def _lifetime(configs: Mapping[str, str]) -> str:
    if configs["cleanup.policy"] == "compact":
        return "compacted"
    return f"kept {_told('retention.ms', configs['retention.ms'])}"
