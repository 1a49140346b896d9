"""What is on a topic is shown as it is: from the beginning or from now on, to people and to programs."""

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.check import check
from pipeline.model.records import Alert, Incident, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason, Standing, Status
from pipeline.resources import folder
from pipeline.stream import topic_admin, wire
from pipeline.stream.connection import kafka_options
from pipeline.stream.replaying import Past
from pipeline.stream.settings import Settings
from tests.cli.driving import Cli, line, traceless
from tests.strategies import AREA_IDS, reports, times
from tests.stream.talking import clean_cli, hear, heard, running, settings_for, until
from tests.stream.working import put as put_records

EXAMPLES = folder("schemas") / "examples"


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_bytes())


ALERT = msgspec.convert(example("alert"), Alert)
INCIDENT = msgspec.convert(example("incident"), Incident)
SAID: Revision = msgspec.convert({**example("revision"), "alert": example("alert")}, Revision)
REJECT = Reject(
    file="a.ndjson",
    row=3,
    position=200,
    field="footprint",
    reason=RejectReason.MISSING,
    detail="the field is absent",
    source="ndjson",
    bytes=b"\x1b[2J\xff{",
    length=6,
    sha256="0" * 64,
)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return clean_cli(capfd, monkeypatch, tmp_path)


@pytest.fixture
def topics(kafka: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = settings_for(kafka)
    topic_admin.create(settings)
    for name, value in surroundings(settings).items():
        monkeypatch.setenv(name, value)
    return settings


def surroundings(settings: Settings) -> dict[str, str]:
    return {"TRUCELINE_KAFKA": settings.bootstrap_servers[0], "TRUCELINE_TOPICS_PREFIX": settings.prefix}


def put(settings: Settings, name: str, *records: tuple[str | None, bytes | None]) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(**kafka_options(settings), metrics_enabled=False)
    for key, value in records:
        producer.send(settings.prefix + name, value, key=key.encode() if key else None).get(timeout=30)
    producer.close()


def said(alert_id: str, revision: int = 1, **fields: Any) -> tuple[str, bytes]:
    alert = replace(ALERT, alert_id=alert_id, **{"standing": Standing.RAISED, "status": Status.ALLEGED, **fields})
    return alert_id, wire.encode_revision(replace(SAID, alert=alert, revision=revision))


# Each line is decoded by itself: a few reports in a frame are as good as many, and drawing them is what takes long.
@settings(max_examples=60)
@given(st.lists(reports(), min_size=1, max_size=4))
def test_a_frame_holds_what_was_put_in(given_reports: list[Report]) -> None:
    found, rejects = wire.decode_frame(wire.encode_frame(given_reports), "t/0@0", load_gazetteer())
    assert all(check(report, AREA_IDS) is None for report in given_reports)
    assert rejects == []
    assert [replace(report, origin=None) for report in found] == [
        replace(report, origin=None) for report in given_reports
    ]


@given(st.binary(max_size=300), st.integers(0, 3))
def test_a_frame_with_a_bad_line_loses_only_that_line(bad: bytes, place: int) -> None:
    bad = b"x" + bad.replace(b"\n", b"")
    good = [line(number).rstrip() for number in range(3)]
    found, rejects = wire.decode_frame(b"\n".join([*good[:place], bad, *good[place:]]), "t/1@7", load_gazetteer())
    assert [report.report_id for report in found] == ["test:0", "test:1", "test:2"]
    assert [(reject.file, reject.row, reject.bytes) for reject in rejects] == [
        ("t/1@7", place + 1, bad.removesuffix(b"\r"))
    ]


@given(
    st.integers(1, 10**6),
    st.lists(st.text(max_size=10), max_size=3),
    times(),
)
def test_a_revision_is_flat_and_comes_back(number: int, supersedes: list[str], at: datetime) -> None:
    revision = replace(SAID, revision=number, supersedes=tuple(supersedes), decided_at=at)
    value = wire.encode_revision(revision)
    assert wire.decode_revision(value) == revision
    schema = json.loads((folder("schemas") / "revision.json").read_bytes())
    Draft202012Validator(schema).validate(json.loads(value))
    assert list(json.loads(value)) == list(schema["properties"])


@given(st.binary(max_size=200))
def test_a_reject_keeps_its_bytes(kept: bytes) -> None:
    reject = replace(REJECT, bytes=kept)
    assert wire.decode_reject(wire.encode_reject(reject)) == reject


@pytest.mark.parametrize("value", [b"", b"{}", b"nothing", b'{"bytes_base64": "?"}', b'{"bytes_base64": 3}', b"\xff"])
def test_what_is_no_record_is_a_decode_error(value: bytes) -> None:
    for decode in (wire.decode_reject, wire.decode_revision, wire.decode_incident):
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            decode(value)


def test_what_a_newer_version_adds_is_passed_over() -> None:
    value = json.dumps({**json.loads(wire.encode_revision(SAID)), "a_field_of_tomorrow": {"x": 1}}).encode()
    assert wire.decode_revision(value) == SAID


def test_alerts_are_shown_as_they_are_raised_change_and_fall(topics: Settings, cli: Cli) -> None:
    put(
        topics,
        "alerts",
        said("al_1"),
        said("al_1", 2, probability=0.75),
        said("al_2", standing=Standing.POSSIBLE),
        said("al_1", 3, status=Status.SUPERSEDED),
    )
    told = cli("tail", "--no-follow")
    assert told.code == 0
    shown = [text for text in told.out.splitlines() if "al_1" in text]
    assert len(shown) == len(told.out.splitlines()) == 3
    assert all(f"{ALERT.observed_from:%Y-%m-%d %H:%M:%S}" in text and ALERT.severity.value in text for text in shown)
    assert shown[1].endswith("revision 2")
    assert "0.75" in shown[1]
    assert "superseded" in shown[2]
    assert "al_2" in cli("tail", "alerts", "--no-follow", "--possible").out


def test_transitions_tell_who_said_what_and_when(topics: Settings, cli: Cli) -> None:
    put(topics, "transitions", said("al_1"), said("al_1", 2))
    first, second = cli("tail", "transitions", "--no-follow").out.splitlines()
    for text in (first, second):
        assert text.startswith(f"{SAID.decided_at:%Y-%m-%d %H:%M:%S}  al_1")
        assert SAID.change.value in text
        assert SAID.author in text


def test_incidents_are_shown_and_that_one_stands_no_more(topics: Settings, cli: Cli) -> None:
    put(topics, "incidents", (INCIDENT.incident_id, wire.encode_incident(INCIDENT)), (INCIDENT.incident_id, None))
    there, gone = cli("tail", "incidents", "--no-follow").out.splitlines()
    assert INCIDENT.incident_id in there
    assert gone == f"{INCIDENT.incident_id}  stands no more"
    objects = [json.loads(text) for text in cli("tail", "incidents", "--no-follow", "--json").out.splitlines()]
    assert objects[0]["incident_id"] == INCIDENT.incident_id
    assert objects[1] == {"incident_id": INCIDENT.incident_id, "withdrawn": True}


def test_rejects_and_reports_are_shown_and_act_on_no_terminal(topics: Settings, cli: Cli) -> None:
    put(topics, "rejects", (None, wire.encode_reject(replace(REJECT, detail="\x1b[2J"))))
    told = cli("tail", "rejects", "--no-follow")
    assert told.out.startswith("a.ndjson:3  missing  footprint: ")
    assert "\x1b" not in told.out
    assert json.loads(cli("tail", "rejects", "--no-follow", "--json").out)["bytes_base64"] == "G1sySv97"
    put(topics, "reports", (None, line(1) + b"bad\x1b\n" + line(2)))
    told = cli("tail", "reports", "--no-follow")
    assert len(told.out.splitlines()) == 3
    assert "test:1" in told.out
    assert "\x1b" not in told.out
    objects = [json.loads(text) for text in cli("tail", "reports", "--no-follow", "--json").out.splitlines()]
    assert [told.get("report_id") for told in objects] == ["test:1", None, "test:2"]


def test_observations_are_shown_with_who_watched_where(topics: Settings, cli: Cli) -> None:
    said = example("observation")
    value = b"\n".join([json.dumps(said).encode(), b"bad\x1b"])
    put(topics, "observations", (said["asset"], value))
    shown = cli("tail", "observations", "--no-follow").out.splitlines()
    assert len(shown) == 2
    assert all(said[name] in shown[0] for name in ("asset", "observation_id", "state"))
    assert "not_json" in shown[1]
    assert "\x1b" not in shown[1]
    objects = [json.loads(text) for text in cli("tail", "observations", "--no-follow", "--json").out.splitlines()]
    assert [told.get("observation_id") for told in objects] == [said["observation_id"], None]


def test_a_poison_record_has_a_line_of_its_own(topics: Settings, cli: Cli) -> None:
    put(topics, "alerts", ("al_1", b"\xff{"), ("al_1", None), said("al_2"))
    for words in (("--no-follow",), ("--no-follow", "--json")):
        told = cli("tail", "alerts", *words)
        assert told.code == 0
        assert "al_2" in told.out
        traceless(told)
    assert "cannot be read" in cli("tail", "alerts", "--no-follow").out


def test_it_follows_from_now_on_until_it_has_enough(topics: Settings) -> None:
    put(topics, "alerts", said("al_old"))
    with running("tail", "--count", "2", "--json", env=surroundings(topics)) as command:
        number = 0

        def told() -> bool:
            # Whether it listens already cannot be seen from here.
            nonlocal number
            number += 1
            put(topics, "alerts", said(f"al_{number}"))
            return command.poll() is not None

        until(told)
        out, _ = command.communicate()
    ids = [json.loads(text)["alert_id"] for text in out.splitlines()]
    assert len(ids) == 2
    assert "al_old" not in ids


def test_from_the_beginning_it_shows_what_is_there_and_goes_on(topics: Settings) -> None:
    put(topics, "alerts", said("al_1"), said("al_2"))
    with running("tail", "alerts", "--from-beginning", "--json", env=surroundings(topics)) as command:
        assert {json.loads(hear(command.stdout, b"al_"))["alert_id"] for _ in range(2)} == {"al_1", "al_2"}
        put(topics, "alerts", said("al_3"))
        assert json.loads(hear(command.stdout, b"al_"))["alert_id"] == "al_3"
        command.terminate()
        command.communicate(timeout=60)
    assert command.returncode == 130


@pytest.mark.parametrize("reading", ["the past", "the tail"])
def test_what_is_dropped_while_it_is_read_hides_nothing_of_the_rest(
    topics: Settings, monkeypatch: pytest.MonkeyPatch, reading: str
) -> None:
    """Retention takes the first records between the look at where the topic begins and the first that is fetched."""
    from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

    place = TopicPartition(f"{topics.prefix}tiles", 0)
    put_records(topics, "tiles", [b"x"] * 20, partition=0)
    seek = KafkaConsumer.seek

    def dropped(consumer: Any, at: Any, offset: int) -> None:
        seek(consumer, at, offset)
        if at == place:
            with KafkaAdminClient(**kafka_options(topics)) as admin:
                admin.delete_records({place: 8})

    monkeypatch.setattr(KafkaConsumer, "seek", dropped)
    if reading == "the tail":
        offsets = [one.offset for one in heard(topics, "tiles")]
    else:
        with closing(Past(topics, 0)) as past:
            offsets = [one.offset for one in past.records("tiles", 0, 20)]
    assert offsets == list(range(8, 20))


def test_without_following_it_ends_where_the_topic_ended(topics: Settings, cli: Cli) -> None:
    assert cli("tail", "--no-follow").out == ""
    put(topics, "alerts", *(said(f"al_{number}") for number in range(40)))
    told = cli("tail", "--no-follow", "--json")
    assert {json.loads(text)["alert_id"] for text in told.out.splitlines()} == {f"al_{number}" for number in range(40)}
    assert len(cli("tail", "--no-follow", "--count", "7").out.splitlines()) == 7
    assert len(heard(topics, "alerts")) == 40
