"""What is sent is on the topic, all of it and nothing else, through interruptions, outages and limits of size."""

import json
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.sources.inputs import open_input
from pipeline.stream import topic_admin, wire
from pipeline.stream.intake import observed
from pipeline.stream.settings import Settings
from tests.cli.driving import Cli, finish, line, traceless
from tests.stream.brokers import PrivateBroker
from tests.stream.talking import clean_cli, hear, heard, lines, running, settings_for, until

OwnBroker = Callable[..., PrivateBroker]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return clean_cli(capfd, monkeypatch, tmp_path)


@pytest.fixture
def topics(kafka: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Topics of the test's own, to which its commands write."""
    settings = settings_for(kafka)
    topic_admin.create(settings)
    for name, value in surroundings(settings).items():
        monkeypatch.setenv(name, value)
    return settings


def surroundings(settings: Settings) -> dict[str, str]:
    return {"TRUCELINE_KAFKA": settings.bootstrap_servers[0], "TRUCELINE_TOPICS_PREFIX": settings.prefix}


def write(path: Path, rows: range, **fields: Any) -> Path:
    path.write_bytes(b"".join(line(number, **fields) for number in rows))
    return path


def on_topic(settings: Settings) -> list[Report]:
    """The reports of all frames, read as a worker reads them."""
    reports: list[Report] = []
    for one in heard(settings, "reports"):
        found, rejects = wire.decode_frame(one.value or b"", "there", load_gazetteer())
        assert rejects == []
        reports += found
    return reports


def in_file(path: Path) -> list[Report]:
    return [report for given in open_input(str(path)) for row in given.rows() for report in row.reports]


def numbers(settings: Settings) -> Counter[int]:
    return Counter(int(json.loads(text)["report_id"].partition(":")[2]) for text in lines(settings))


def by_id(reports: list[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: report.report_id)


def test_every_report_is_on_the_topic_just_as_it_was_read(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    received = write(tmp_path / "a.ndjson", range(5_000), received_at="2016-03-01T09:00:00Z", text="Ж" * 40)
    told = cli("send", received, "--json", "--summary", "summary.json")
    assert told.code == 0
    summary = told.json()
    assert summary == json.loads(Path("summary.json").read_bytes())
    assert summary["rows_read"] == summary["accepted"] == summary["reports"] == 5_000
    assert summary["rejected"] == summary["skipped"] == 0
    assert by_id(on_topic(topics)) == by_id(in_file(received))
    assert {one.key for one in heard(topics, "reports")} == {None}
    assert summary["frames"] == len(heard(topics, "reports")) < 10
    assert summary["bytes"] == sum(len(text) + 1 for text in lines(topics))


def test_when_it_entered_the_record_is_noted_where_it_is_not_said(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    sent = write(tmp_path / "a.ndjson", range(3))
    assert cli("send", sent, "--feed", "sensors").code == 0
    found = on_topic(topics)
    assert all(report.received_at is not None and report.feed == "sensors" for report in found)
    assert [replace(report, received_at=None, feed=None) for report in by_id(found)] == by_id(in_file(sent))


def test_what_cannot_be_read_goes_to_rejects_with_its_bytes(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    bad = [b'{"report_id": "test:1", "footprint"\xff}', b"nothing", line(7, activity="mischief").rstrip()]
    (tmp_path / "a.ndjson").write_bytes(b"".join([line(1), bad[0], b"\n", bad[1], b"\n", line(2), bad[2]]))
    summary = cli("send", "ndjson=a.ndjson", "--json").json()
    assert (summary["rows_read"], summary["accepted"], summary["rejected"]) == (5, 2, 3)
    assert numbers(topics) == {1: 1, 2: 1}
    rejects = [wire.decode_reject(one.value or b"") for one in heard(topics, "rejects")]
    given = [row.reject for one in open_input("ndjson=a.ndjson") for row in one.rows() if row.reject is not None]
    assert sorted(rejects, key=_row) == sorted(given, key=_row)
    assert {reject.bytes for reject in rejects} == set(bad)


def watched(number: int, asset: str, **fields: Any) -> bytes:
    said = {"observation_id": f"test:w{number}", "source": "test", "asset": asset, "state": "watching"}
    times = {"observed_from": "2016-03-01T08:00:00Z", "observed_until": "2016-03-01T12:00:00Z"}
    place = {"kind": "disc", "lon": 37.5, "lat": 48.3, "radius_m": 4000.0}
    return json.dumps({**said, **times, "footprint": place, **fields}).encode() + b"\n"


def test_observations_go_to_their_own_topic_by_asset_and_are_counted_apart(
    topics: Settings, cli: Cli, tmp_path: Path
) -> None:
    given = [line(1), watched(1, "mast-1"), watched(2, "mast-2"), line(2), watched(3, "mast-1"), watched(4, "")]
    (tmp_path / "a.ndjson").write_bytes(b"".join(given))
    summary = cli("send", "a.ndjson", "--checkpoint", "sent.json", "--json").json()
    assert (summary["rows_read"], summary["accepted"], summary["rejected"]) == (6, 5, 1)
    assert (summary["reports"], summary["observations"], summary["frames"]) == (2, 3, 3)
    assert numbers(topics) == {1: 1, 2: 1}
    found = {one.key: observed(one.value or b"", "there", load_gazetteer())[0] for one in heard(topics, "observations")}
    assert {key: [one.observation_id for one in some] for key, some in found.items()} == {
        b"mast-1": ["test:w1", "test:w3"],
        b"mast-2": ["test:w2"],
    }
    assert all(one.received_at is not None for some in found.values() for one in some)
    again = cli("send", "a.ndjson", "--checkpoint", "sent.json", "--json").json()
    assert (again["skipped"], again["observations"]) == (6, 0)


def _row(reject: Reject) -> int:
    return reject.row


def test_frames_are_bounded_and_a_report_larger_than_one_goes_by_itself(
    topics: Settings, cli: Cli, tmp_path: Path
) -> None:
    sent = tmp_path / "a.ndjson"
    # A row may have 1 MiB; with what is added to it here it is more than a frame.
    large = line(0, text="x" * (wire.FRAME_BYTES - 400))
    sent.write_bytes(b"".join(line(number) for number in range(1, 6_000)) + large + line(6_000, text="y" * 400_000))
    assert cli("send", sent).code == 0
    frames = [one.value or b"" for one in heard(topics, "reports")]
    counts = sorted(frame.count(b"\n") + 1 for frame in frames)
    assert sum(counts) == 6_001
    assert counts[-1] <= wire.FRAME_REPORTS
    assert [frame.count(b"\n") for frame in frames if len(frame) > wire.FRAME_BYTES] == [0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_it_goes_on_where_it_was_interrupted(how: signal.Signals, topics: Settings, tmp_path: Path) -> None:
    sent = write(tmp_path / "a.ndjson", range(3_000))
    command = ("send", sent, "--checkpoint", tmp_path / "sent.json", "--json")
    environment = surroundings(topics)
    with running(*command, "--rate", "1000", env=environment) as first:
        until((tmp_path / "sent.json").exists)
        first.send_signal(how)
        out, err = first.communicate(timeout=60)
    noted = json.loads((tmp_path / "sent.json").read_bytes())["inputs"][str(sent)]["row"]
    assert 0 < noted < 3_000
    again = finish(*command, env=environment).json()
    assert again["skipped"] == noted
    assert again["skipped"] + again["rows_read"] == 3_000
    found = numbers(topics)
    assert set(found) == set(range(3_000))
    if how == signal.SIGINT:
        assert first.returncode == 130
        assert b"interrupted" in err
        assert json.loads(out)["rows_read"] == noted
        assert set(found.values()) == {1}
    third = finish(*command, env=environment).json()
    assert (third["skipped"], third["rows_read"]) == (3_000, 0)


def test_a_checkpoint_of_another_file_or_topic_skips_nothing(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    sent = write(tmp_path / "a.ndjson", range(100))
    assert cli("send", sent, "--checkpoint", "sent.json").code == 0
    write(sent, range(100, 300), text="another")
    told = cli("send", sent, "--checkpoint", "sent.json")
    assert told.code == 2
    assert "is not the file" in told.err
    write(sent, range(50))
    assert cli("send", sent, "--checkpoint", "sent.json").code == 2
    other = settings_for(topics.bootstrap_servers[0])
    topic_admin.create(other)
    Path("other.toml").write_text("")
    kept = json.loads(Path("sent.json").read_bytes())
    Path("sent.json").write_text(json.dumps({**kept, "topic": "another.reports"}))
    told = cli("send", sent, "--checkpoint", "sent.json")
    assert told.code == 2
    assert "another.reports" in told.err
    Path("sent.json").write_text("no JSON")
    told = cli("send", sent, "--checkpoint", "sent.json")
    assert told.code == 2
    traceless(told)
    assert set(numbers(topics)) == set(range(100))


def test_a_file_that_has_grown_is_sent_from_there(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    sent = write(tmp_path / "a.ndjson", range(10))
    cli("send", sent, "--checkpoint", "sent.json")
    with sent.open("ab") as more:
        more.writelines(line(number) for number in range(10, 15))
    summary = cli("send", sent, "--checkpoint", "sent.json", "--json").json()
    assert (summary["skipped"], summary["rows_read"]) == (10, 5)
    assert numbers(topics) == dict.fromkeys(range(15), 1)


def test_standard_input_is_sent_as_it_comes_and_measured(topics: Settings) -> None:
    words = ("send", "-", "--feed", "sensors", "--metrics-listen", "127.0.0.1:0", "--checkpoint", "sent.json")
    with running(*words, stdin=True, env=surroundings(topics)) as command:
        assert command.stdin is not None
        command.stdin.write(line(1))
        command.stdin.flush()
        url = hear(command.stderr, b"http://").split()[-1].decode()
        until(lambda: bool(numbers(topics)))
        wanted = 'truceline_reports_received_total{feed="sensors",source="test"} 1.0'
        until(lambda: wanted in _page(url))
        assert "truceline_broker_connected 1.0" in _page(url)
        command.stdin.write(line(2) + b"bad\n")
        command.stdin.close()
        command.stdin = None
        command.communicate(timeout=60)
    assert command.returncode == 0
    assert numbers(topics) == {1: 1, 2: 1}
    assert len(heard(topics, "rejects")) == 1
    assert not Path("sent.json").exists(), "the rows of a pipe do not come again"


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as page:
        text: bytes = page.read()
    return text.decode()


def test_a_limit_of_reports_a_second_is_kept(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    sent = write(tmp_path / "a.ndjson", range(300))
    summary = cli("send", sent, "--rate", "500", "--json").json()
    assert summary["seconds"] >= 299 / 500 - 0.02
    assert summary["frames"] > 5, "what has come is sent, not held until a frame is full"
    assert numbers(topics) == dict.fromkeys(range(300), 1)


def limit(settings: Settings, size: int) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType

    with KafkaAdminClient(bootstrap_servers=settings.bootstrap_servers[0]) as client:
        told = {"max.message.bytes": str(size)}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, f"{settings.prefix}reports", told)])
    until(lambda: topic_admin.largest_message(settings, f"{settings.prefix}reports") == size)


def test_a_frame_that_the_topic_does_not_take_is_cut(
    topics: Settings, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCELINE_KAFKA_COMPRESSION", "none")
    limit(topics, 100_000)
    sent = write(tmp_path / "a.ndjson", range(2_000))
    summary = cli("send", sent, "--json").json()
    assert summary["reports"] == 2_000
    assert numbers(topics) == dict.fromkeys(range(2_000), 1)
    assert max(len(one.value or b"") for one in heard(topics, "reports")) < 100_000


def test_a_report_that_the_topic_does_not_take_is_a_clear_error(
    topics: Settings, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCELINE_KAFKA_COMPRESSION", "none")
    limit(topics, 100_000)
    sent = tmp_path / "a.ndjson"
    sent.write_bytes(line(1) + line(2, text="x" * 200_000) + line(3))
    told = cli("send", sent)
    assert told.code == 1
    assert "`truceline topics create` raises its limit" in told.err
    traceless(told)
    assert cli("topics", "create").code == 0
    assert cli("send", sent).code == 0
    assert set(numbers(topics)) == {1, 2, 3}


def test_a_torn_file_is_sent_up_to_its_tear(topics: Settings, cli: Cli, tmp_path: Path) -> None:
    import gzip

    whole = gzip.compress(b"".join(line(number) for number in range(500)))
    (tmp_path / "a.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    told = cli("send", "a.ndjson.gz", "--json")
    assert told.code == 1
    assert "breaks off" in told.err
    summary = told.json()
    assert summary["rejected"] == 1
    assert summary["reports"] == len(lines(topics)) > 0


def test_a_broker_that_is_away_is_waited_for_and_nothing_is_lost(own_broker: OwnBroker, tmp_path: Path) -> None:
    broker = own_broker()
    settings = settings_for(broker.bootstrap)
    topic_admin.create(settings)
    broker.kill()
    sent = write(tmp_path / "a.ndjson", range(3_000))
    with running("send", sent, "--rate", "600", "--json", env=surroundings(settings)) as command:
        hear(command.stderr, b"waiting for the broker")
        broker.start()
        hear(command.stderr, b"the broker answers again")
        until(lambda: len(numbers(settings)) > 300)
        broker.kill()
        hear(command.stderr, b"waiting for the broker")
        broker.start()
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert b"the broker answers again" in err
    summary = json.loads(out)
    assert summary["reports"] == summary["rows_read"] == 3_000
    assert set(numbers(settings)) == set(range(3_000))
