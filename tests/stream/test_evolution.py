"""Records on the topics grow: what a newer worker adds, this one passes over; what this one writes is as published.

No worker of another version can be had here. An older one beside a newer one is this one, given records with fields
that it does not know: it reads them as an older version reads a newer one's.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.place import place
from pipeline.monitor.shards import Shards
from pipeline.resources import folder
from pipeline.stream.acts import look, make, send
from pipeline.stream.routing import KIND, decode_action
from pipeline.stream.settings import Settings
from pipeline.stream.tail import Heard
from pipeline.stream.topics import topics
from pipeline.stream.wire import decode_frame, encode_frame
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.sharing import NOW
from tests.stream.talking import heard, settings_for, until
from tests.stream.watched import frame, watch
from tests.stream.working import PATIENCE_S, Case, made, put, revisions, shuffled, standing

REPORTS = 1_500
PARTITIONS = 3
SAID = ("tiles", "incidents", "alerts", "transitions")
"""What workers write, one to another and to whoever listens."""

SCHEMAS = folder("schemas")
ASYNCAPI: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 5, REPORTS)


def of_tomorrow(value: bytes) -> bytes:
    """The same lines with fields that nobody knows today, also within what is within them."""
    return b"\n".join(json.dumps(_grown(json.loads(row))).encode() for row in value.splitlines())


def _grown(part: Any) -> Any:
    if isinstance(part, list):
        return [_grown(item) for item in part]
    if isinstance(part, dict) and part.get("type") not in ("Polygon", "MultiPolygon"):
        return {**{key: _grown(value) for key, value in part.items()}, "of_tomorrow": {"figures": [1, None, "x"]}}
    return part


def test_reports_with_fields_of_tomorrow_are_judged_as_without_them(
    kafka: str, tmp_path: Path, reports: list[Report]
) -> None:
    case = Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports)
    put(case.settings, "reports", [of_tomorrow(encode_frame(reports[n : n + 100])) for n in range(0, REPORTS, 100)])
    with case.worker() as worker:
        case.until_right()
        assert worker.stop() == 0
    assert heard(case.settings, "rejects") == []


def test_what_a_newer_worker_said_is_taken_over(kafka: str, tmp_path: Path, reports: list[Report]) -> None:
    """The newer one did a half, on topics of its own; its records are put before this one, which lost its folder."""
    given = shuffled(reports, seed=1)
    half = len(given) // 2
    (tmp_path / "newer").mkdir()
    newer = Case(settings_for(kafka, partitions=PARTITIONS), tmp_path / "newer", given[:half])
    with newer.worker() as worker:
        newer.send(given[:half], frame=50)
        newer.until_right()
        assert worker.stop() == 0

    older = Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports)
    for name in SAID:
        copy(newer.settings, older.settings, name)
    commit_all(older.settings)
    adopted = {said.alert.alert_id: said for said in revisions(older.settings, "transitions")}
    before = len(revisions(older.settings, "transitions"))
    older.send(given[half:], frame=50)
    with older.worker() as worker:
        older.until_right()
        assert worker.stop() == 0

    said_anew = revisions(older.settings, "transitions")[before:]
    assert adopted, "there should be something to take over"
    assert said_anew, "there should be something to say"
    for said in said_anew:
        stood = adopted.get(said.alert.alert_id)
        assert stood is None or said.revision > stood.revision, "what the newer one said is said again"
        assert stood is None or replace(said, revision=stood.revision, decided_at=stood.decided_at) != stood


def copy(source: Settings, target: Settings, name: str) -> None:
    """Puts what is on a topic on another, as a newer worker would have written it."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=list(target.bootstrap_servers), acks="all", max_request_size=8 << 20)
    try:
        for one in records(source, name):
            value = None if one.value is None else of_tomorrow(one.value)
            producer.send(target.prefix + name, value, one.key, [*one.headers, ("of_tomorrow", b"x")], one.partition)
        producer.flush()
    finally:
        producer.close()


def records(settings: Settings, name: str) -> list[Any]:
    """What is on a topic now, headers and all."""
    from kafka import KafkaConsumer, TopicPartition

    places = [TopicPartition(settings.prefix + name, number) for number in range(PARTITIONS)]
    consumer = KafkaConsumer(bootstrap_servers=list(settings.bootstrap_servers), group_id=None)
    found: list[Any] = []
    try:
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for some in consumer.poll(timeout_ms=500).values():
                found += some
    finally:
        consumer.close()
    return found


def commit_all(settings: Settings) -> None:
    """Commits for the workers' group what is on `tiles`: it is done."""
    from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

    places = [TopicPartition(f"{settings.prefix}tiles", number) for number in range(PARTITIONS)]
    group = f"{settings.prefix}workers"
    consumer = KafkaConsumer(bootstrap_servers=list(settings.bootstrap_servers), group_id=group)
    try:
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        consumer.commit({place: OffsetAndMetadata(end, "", -1) for place, end in ends.items()})
    finally:
        consumer.close()


# --- what is on the topics is what schemas/ says


def registry() -> "Registry[Any]":
    found = [(path.name, json.loads(path.read_bytes())) for path in SCHEMAS.glob("*.json")]
    documents = [*found, ("asyncapi.yaml", ASYNCAPI)]
    return Registry().with_resources((name, DRAFT202012.create_resource(about)) for name, about in documents)


def checks(name: str) -> Callable[[Heard], None]:
    """What holds a record of a topic against what is published of it."""
    message = ASYNCAPI["components"]["messages"][name]
    framed = "contentSchema" in message["payload"]
    here = f"asyncapi.yaml#/components/messages/{name}/payload{'/contentSchema' if framed else ''}"
    payload = Draft202012Validator({"$ref": here}, registry=registry())
    keyed = "key" in message.get("bindings", {}).get("kafka", {})

    def check(one: Heard) -> None:
        if KIND in one.headers:
            kind = one.headers[KIND].decode()
            checks(kind)(one._replace(headers={}, key=one.key or key_before(kind, one)))
            return
        rows = (one.value or b"").splitlines() if framed else [b"null" if one.value is None else one.value]
        for row in rows:
            payload.validate(json.loads(row))
        assert (one.key is not None) == keyed
        if keyed and one.value is not None:
            field = message["bindings"]["kafka"]["key"]["description"]
            assert {json.loads(row)[field] for row in rows} == {(one.key or b"").decode()}

    return check


def key_before(kind: str, one: Heard) -> bytes:
    """The key that a record of another topic had, before it went on to one where none has."""
    if kind == "actions":
        return decode_action(one.value or b"").agreement.encode()
    return str(json.loads((one.value or b"").splitlines()[0])["asset"]).encode()


def act_on(settings: Settings) -> None:
    """An operator acknowledges an alert, and a worker applies it."""
    name, alert = next((name, one) for name, one in standing(settings).items() if not one.incident_ids)
    made = make(look(settings, [name]).found[name], {}, [], ActionKind.ACKNOWLEDGE, "Ines", NOW)
    said = send(settings, made.action, PATIENCE_S)
    assert said is not None
    assert said.alert == replace(alert, acknowledged_by="Ines")


def test_what_is_on_the_topics_is_what_is_published(kafka: str, tmp_path: Path, reports: list[Report]) -> None:
    case = Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports)
    with case.worker() as worker:
        # An earlier report of the same makes another incident of it, and the first one is gone.
        in_order = sorted(reports, key=lambda report: report.observed_from)
        case.send(in_order[1::2])
        half = as_bytes(in_memory([case.agreement], [in_order[1::2]]))
        until(lambda: case.current() == half, within_s=PATIENCE_S)
        case.send(in_order[0::2])
        put(case.settings, "reports", [b"\xff\xfe", b'{"report_id": 1}', b"{}", frame([watch("jammed", 0, 5)])])
        case.until_right()
        until(lambda: len(heard(case.settings, "observations")) == 1)
        until(lambda: len(heard(case.settings, "rejects")) >= 3)
        act_on(case.settings)
        assert worker.stop() == 0
    for name, topic in topics(case.settings.retention_days).items():
        said = heard(case.settings, name)
        assert bool(said) == bool(topic.writers), name
        check = checks(name)
        for one in said if name != "reports" else ():
            check(one)
    assert any(one.value is None for one in heard(case.settings, "incidents")), "no incident is ever gone"
    check_tiles(case.settings)
    check_tended(case.settings)


def check_tiles(settings: Settings) -> None:
    """A record of `tiles` says when its reports were taken, and is on a partition that must hear of each of them."""
    headers = ASYNCAPI["components"]["messages"]["tiles"]["headers"]
    gazetteer, shards = load_gazetteer(), Shards(PARTITIONS, DEFAULT.observers)
    acts = [one for one in records(settings, "tiles") if KIND in dict(one.headers)]
    assert sorted(one.partition for one in acts) == list(range(PARTITIONS))
    for one in records(settings, "tiles"):
        told = {name: value.decode() for name, value in one.headers}
        Draft202012Validator(headers).validate(told)
        if KIND in told:
            continue
        assert set(told) == set(headers["properties"]) - {KIND}
        assert math.isfinite(float(told["taken_at"]))
        found, _ = decode_frame(one.value, "there", gazetteer)
        windows = place(found, Footprints([report.footprint for report in found], gazetteer.outlines))
        assert shards.shared(windows, found)[one.partition] == found


def check_tended(settings: Settings) -> None:
    """A revision says what operators had to do with its alert, where they had."""
    (action,) = (decode_action(one.value or b"") for one in heard(settings, "actions"))
    for name in ("alerts", "transitions"):
        assert "tended" in ASYNCAPI["components"]["messages"][name]["headers"]["properties"]
        (one,) = (one for one in heard(settings, name) if one.headers)
        told = json.loads(one.headers["tended"])
        Draft202012Validator({"$ref": "alert.json"}, registry=registry()).validate(told["judged"])
        assert (told["acts"], told["judged"]["alert_id"]) == ([action.action_id], action.alert_id)
