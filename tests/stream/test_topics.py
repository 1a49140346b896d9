"""The topics are made once, are brought to what they should be, and never so that something is lost."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream import topic_admin
from pipeline.stream.errors import TopicError, UnfitTopicsError
from pipeline.stream.settings import Settings
from pipeline.stream.topic_plan import Action, Found, Step, plan
from pipeline.stream.topics import RETENTION_MARGIN_DAYS, topics, wanted
from tests.cli.driving import Cli, traceless
from tests.stream.talking import clean_cli, settings_for, until

DAY_MS = 86_400_000


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return clean_cli(capfd, monkeypatch, tmp_path)


def as_wanted(settings: Settings, *, written: bool = False, **configs: str) -> dict[str, Found]:
    """Topics that are as they should be, but for some configurations."""
    return {
        want.full_name: Found(
            want.partitions,
            want.replication,
            {**want.configs, **{name.replace("_", "."): value for name, value in configs.items()}},
            written,
        )
        for want in wanted(settings)
    }


def planned(settings: Settings, found: dict[str, Found], *, given: bool = True) -> list[Step]:
    return plan(wanted(settings), found, partitions_given=given, replication_given=given)


def by_action(steps: list[Step]) -> dict[Action, set[str]]:
    told: dict[Action, set[str]] = {}
    for step in steps:
        told.setdefault(step.action, set()).add(step.topic.rpartition(".")[2])
    return told


def offsets(settings: Settings) -> dict[str, tuple[int, int]]:
    return {held.topic.name: (held.found.partitions, held.records) for held in topic_admin.held(settings) if held.found}


def configs(settings: Settings, name: str) -> Any:
    return next(held.found for held in topic_admin.held(settings) if held.topic.name == name and held.found).configs


def put(settings: Settings, name: str, key: str, value: bytes = b"{}") -> None:
    from kafka import KafkaProducer

    from pipeline.stream.connection import kafka_options

    producer = KafkaProducer(**kafka_options(settings), metrics_enabled=False)
    producer.send(settings.prefix + name, value, key=key.encode()).get(timeout=30)
    producer.close()


def test_they_are_those_of_the_contract() -> None:
    every = topics(30)
    assert set(every) == set("reports tiles incidents findings alerts transitions actions observations rejects".split())
    assert {name for name, topic in every.items() if topic.compacted} == {"incidents", "alerts"}
    assert {name for name, topic in every.items() if topic.key is None} == {"reports", "tiles", "rejects"}
    assert {name for name, topic in every.items() if topic.placed} == {"tiles", "incidents", "alerts", "transitions"}
    assert every["transitions"].configs(1)["retention.ms"] == "-1"


@given(st.integers(1, 3650))
def test_tiles_outlive_every_window(retention_days: int) -> None:
    kept_ms = int(topics(retention_days)["tiles"].configs(1)["retention.ms"])
    assert kept_ms == (retention_days + RETENTION_MARGIN_DAYS) * DAY_MS > retention_days * DAY_MS


def test_they_are_made_once(kafka: str) -> None:
    settings = settings_for(kafka, partitions=3)
    dry = topic_admin.create(settings, dry_run=True)
    assert offsets(settings) == {}
    made = topic_admin.create(settings)
    assert made == dry
    assert by_action(made) == {Action.CREATE: set(topics(30))}
    assert offsets(settings) == {name: (1 if name == "rejects" else 3, 0) for name in topics(30)}
    for name, topic in topics(30).items():
        assert topic.configs(1).items() <= configs(settings, name).items()
    assert by_action(topic_admin.create(settings)) == {Action.KEEP: set(topics(30))}


def test_without_a_number_what_is_there_keeps_its_own_and_what_is_new_gets_as_many() -> None:
    settings = settings_for("a:1", partitions=None)
    assert settings.partitions == 12
    found = {name: there._replace(partitions=3) for name, there in as_wanted(settings, written=True).items()}
    for name in ("actions", "rejects"):
        del found[settings.prefix + name]
    steps = planned(settings, found, given=False)
    assert by_action(steps) == {
        Action.KEEP: set(topics(30)) - {"actions", "rejects"},
        Action.CREATE: {"actions", "rejects"},
    }
    assert {step.topic.rpartition(".")[2]: step.partitions for step in steps if step.action is Action.CREATE} == {
        "actions": 3,
        "rejects": 1,
    }


def test_partitions_are_never_taken_away(kafka: str, cli: Cli) -> None:
    settings = settings_for(kafka, partitions=3)
    topic_admin.create(settings)
    fewer = settings_for(kafka, prefix=settings.prefix, partitions=2)
    steps = topic_admin.create(fewer)
    assert by_action(steps) == {Action.REFUSE: set(topics(30)) - {"rejects"}, Action.KEEP: {"rejects"}}
    assert all("cannot take any away" in step.detail for step in steps if step.action is Action.REFUSE)
    assert offsets(settings)["tiles"] == (3, 0)
    (Path("t.toml")).write_text(f'[topics]\nprefix = "{settings.prefix}"\n')
    told = cli("topics", "create", "--config", "t.toml", "--kafka", kafka, "--partitions", "1")
    assert told.code == 1
    assert f"refused for {settings.prefix}reports" in told.err
    traceless(told)


def test_topics_that_hold_nothing_may_grow(kafka: str) -> None:
    settings = settings_for(kafka, partitions=2)
    topic_admin.create(settings)
    more = settings_for(kafka, prefix=settings.prefix, partitions=4)
    assert by_action(topic_admin.create(more))[Action.ADD_PARTITIONS] == set(topics(30)) - {"rejects"}
    assert offsets(more)["tiles"] == offsets(more)["actions"] == (4, 0)


def test_a_topic_that_holds_records_by_partition_does_not_grow_nor_its_neighbours(kafka: str) -> None:
    settings = settings_for(kafka, partitions=2)
    topic_admin.create(settings)
    put(settings, "tiles", "t1")
    more = settings_for(kafka, prefix=settings.prefix, partitions=4)
    told = by_action(topic_admin.create(more))
    assert told[Action.REFUSE] == set(topics(30)) - {"reports", "rejects"}
    assert told[Action.ADD_PARTITIONS] == {"reports"}
    assert offsets(more)["reports"] == (4, 0)
    assert offsets(more)["tiles"] == (2, 1)
    assert offsets(more)["actions"] == (2, 0)


def test_what_is_new_beside_state_by_partition_gets_the_number_of_that() -> None:
    settings = settings_for("a:1", partitions=8)
    found = {
        f"{settings.prefix}reports": Found(8, 1, {}, written=True),
        f"{settings.prefix}tiles": Found(2, 1, {}, written=True),
    }
    made = {step.topic.rpartition(".")[2]: step for step in planned(settings, found) if step.action is Action.CREATE}
    assert made["findings"].partitions == made["actions"].partitions == 2
    assert made["rejects"].partitions == 1


def test_a_retention_is_made_longer_and_never_shorter(kafka: str) -> None:
    settings = settings_for(kafka, retention_days=20)
    topic_admin.create(settings)
    longer = settings_for(kafka, prefix=settings.prefix, retention_days=40)
    assert by_action(topic_admin.create(longer))[Action.CONFIGURE] == {"reports", "tiles", "findings"}
    assert configs(settings, "tiles")["retention.ms"] == str(55 * DAY_MS)
    shorter = settings_for(kafka, prefix=settings.prefix, retention_days=10)
    steps = topic_admin.create(shorter)
    assert by_action(steps) == {Action.KEEP: set(topics(30))}
    (tiles,) = (step for step in steps if step.topic.endswith("tiles"))
    assert "retention.ms stays 55 days" in tiles.detail
    assert "kafka-configs" in tiles.detail
    assert configs(settings, "tiles")["retention.ms"] == str(55 * DAY_MS)


def test_limits_are_raised_and_never_lowered() -> None:
    settings = settings_for("a:1")
    for is_there, action in (("1048588", Action.CONFIGURE), ("9999999", Action.KEEP)):
        steps = planned(settings, as_wanted(settings, max_message_bytes=is_there))
        assert {step.action for step in steps} == {action}


def test_compaction_is_not_switched_on_over_records(kafka: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType

    settings = settings_for(kafka)
    topic_admin.create(settings)
    with KafkaAdminClient(bootstrap_servers=kafka) as client:
        for name in ("alerts", "incidents"):
            resource = ConfigResource(
                ConfigResourceType.TOPIC, settings.prefix + name, {"cleanup.policy": "delete", "retention.ms": "-1"}
            )
            client.alter_configs([resource])
    until(lambda: {configs(settings, name)["cleanup.policy"] for name in ("alerts", "incidents")} == {"delete"})
    put(settings, "alerts", "al_1")
    told = by_action(topic_admin.create(settings))
    assert told[Action.REFUSE] == {"alerts"}
    assert told[Action.CONFIGURE] == {"incidents"}
    assert configs(settings, "alerts")["cleanup.policy"] == "delete"
    assert configs(settings, "incidents")["cleanup.policy"] == "compact"


def test_a_history_that_was_compacted_is_kept_from_now_on() -> None:
    settings = settings_for("a:1")
    steps = planned(settings, as_wanted(settings, written=True, cleanup_policy="compact"))
    told = by_action(steps)
    assert "transitions" in told[Action.CONFIGURE]
    assert {"tiles", "reports", "rejects"} <= told[Action.REFUSE], "what is old would be deleted"


def test_replicas_are_not_ours_to_move() -> None:
    settings = settings_for("a:1", replication_factor=3)
    assert by_action(planned(settings, as_wanted(settings_for("a:1", prefix=settings.prefix))))[Action.REFUSE] == set(
        topics(30)
    )


@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from(["delete", "compact", "compact,delete"]),
    st.sampled_from(["-1", "1000", str(45 * DAY_MS), str(400 * DAY_MS)]),
    st.booleans(),
)
def test_no_step_loses_records(asked: int, there: int, policy: str, retention: str, written: bool) -> None:
    settings = settings_for("a:1", partitions=asked)
    found = as_wanted(settings, written=written, cleanup_policy=policy, retention_ms=retention)
    found = {name: one._replace(partitions=there) for name, one in found.items()}
    keyed = {want.full_name for want in wanted(settings) if want.topic.key is not None}
    for step in planned(settings, found):
        if step.action is Action.ADD_PARTITIONS:
            assert step.partitions is not None
            assert step.partitions > there
            assert not (written and step.topic in keyed)
        after = {**found[step.topic].configs, **step.configs}
        if step.action is Action.CONFIGURE and written:
            assert ways_to_lose(after) <= ways_to_lose(found[step.topic].configs)
            assert lifetime(after) >= lifetime(found[step.topic].configs)


def ways_to_lose(told: Any) -> set[str]:
    ways = set(told["cleanup.policy"].split(","))
    return ways - {"delete"} if lifetime(told) == float("inf") else ways


def lifetime(told: Any) -> float:
    return float("inf") if told["retention.ms"] == "-1" else float(told["retention.ms"])


def test_listed_with_their_records_and_what_is_missing(kafka: str, cli: Cli) -> None:
    settings = settings_for(kafka)
    Path("t.toml").write_text(f'[kafka]\nbootstrap_servers = "{kafka}"\n[topics]\nprefix = "{settings.prefix}"\n')
    told = cli("topics", "list", "--config", "t.toml")
    assert told.code == 0
    assert told.out.count("not there") == 9
    assert "truceline topics create" in told.err
    assert cli("topics", "create", "--config", "t.toml", "--partitions", "2").code == 0
    put(settings, "alerts", "al_1")
    listed = cli("topics", "list", "--config", "t.toml", "--json")
    rows = [msgspec.json.decode(line) for line in listed.out.splitlines()]
    assert {row["topic"].removeprefix(settings.prefix): row["records"] for row in rows} == {
        name: int(name == "alerts") for name in topics(30)
    }
    assert all(row["configs"]["message.timestamp.type"] == "LogAppendTime" for row in rows)


def test_a_missing_topic_is_named_with_the_remedy(kafka: str, cli: Cli) -> None:
    settings = settings_for(kafka)
    with pytest.raises(TopicError, match=f"{settings.prefix}reports"):
        topic_admin.demand(settings, "reports")
    Path("t.toml").write_text(f'[topics]\nprefix = "{settings.prefix}"\n')
    Path("reports.ndjson").touch()
    for command in (("send", "reports.ndjson"), ("tail",)):
        told = cli(*command, "--config", "t.toml", "--kafka", kafka)
        assert told.code == 2
        assert "truceline topics create" in told.err


class Guarded:
    """A broker's answer to who may not see a topic; the tests' brokers have no access lists."""

    @staticmethod
    def describe_topics(names: list[str]) -> list[dict[str, Any]]:
        return [{"name": name, "error_code": 29, "partitions": []} for name in names]


def test_a_topic_that_is_not_ours_to_see_is_named() -> None:
    with pytest.raises(UnfitTopicsError, match=r"t\.tiles: the broker does not let us see this topic"):
        topic_admin._described(Guarded(), ["t.tiles"])


def test_more_replicas_than_brokers_is_the_brokers_refusal_in_its_words(kafka: str, cli: Cli) -> None:
    told = cli("topics", "create", "--kafka", kafka, "--replication", "9", "--config", "t.toml")
    assert told.code == 2
    Path("t.toml").write_text(f'[topics]\nprefix = "{settings_for(kafka).prefix}"\n')
    told = cli("topics", "create", "--kafka", kafka, "--replication", "9", "--config", "t.toml")
    assert told.code == 1
    assert "replication" in told.err.lower()
    assert len(told.err.splitlines()) == 1
    traceless(told)
