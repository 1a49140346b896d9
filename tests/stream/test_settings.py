"""Settings come from a file, the environment and flags; what is wrong is named; a refusal is told within seconds."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.stream.connection import check_connection, faust_options, kafka_options, ssl_context
from pipeline.stream.errors import (
    AuthenticationError,
    BrokerUnreachableError,
    NoConnectionError,
    SettingsError,
    TlsRefusedError,
)
from pipeline.stream.settings import MASK, SETTINGS, Settings, load_settings, shown
from tests.cli.driving import Cli, traceless
from tests.stream.brokers import SecuredKafka
from tests.stream.talking import clean_cli, secured_settings, settings_for

SECRET = "a secret that nobody may read"


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return clean_cli(capfd, monkeypatch, tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(text: str) -> Path:
        path = tmp_path / "truceline.toml"
        path.write_text(text)
        return path

    return _write


def test_flags_count_more_than_the_environment_and_that_more_than_the_file(write: Callable[[str], Path]) -> None:
    path = write('[kafka]\nbootstrap_servers = "file:1"\n[topics]\npartitions = 3\nprefix = "file."\n')
    environment = {"TRUCELINE_KAFKA": "environment:1,other:2", "TRUCELINE_TOPICS_PARTITIONS": "4"}
    settings = load_settings(path, environment, {"partitions": 5})
    assert settings.partitions == 5
    assert settings.bootstrap_servers == ("environment:1", "other:2")
    assert settings.prefix == "file."
    assert settings.replication_factor == 1
    told = {line.name: line.origin for line in shown(settings)}
    assert told["topics.partitions"] == "--partitions"
    assert told["kafka.bootstrap_servers"] == "TRUCELINE_KAFKA"
    assert told["topics.prefix"] == f"{path}: [topics] prefix"
    assert told["topics.replication_factor"] == "default"


def test_the_environment_names_the_file_unless_a_flag_does(write: Callable[[str], Path], tmp_path: Path) -> None:
    path = write("[topics]\npartitions = 3\n")
    other = tmp_path / "other.toml"
    other.write_text("[topics]\npartitions = 7\n")
    environment = {"TRUCELINE_CONFIG": str(path)}
    assert load_settings(None, environment).partitions == 3
    assert load_settings(other, environment).partitions == 7


def test_every_setting_can_be_given_by_the_environment(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "bootstrap_servers": "a:1",
        "security": "sasl_tls",
        "mechanism": "SCRAM-SHA-256",
        "ca_file": str(tmp_path / "pem"),
        "certificate_file": str(tmp_path / "pem"),
        "key_file": str(tmp_path / "pem"),
        "username": "duty",
        "password": SECRET,
        "compression": "zstd",
        "prefix": "x.",
        "partitions": "3",
        "replication_factor": "2",
        "app_id": "app",
        "state_folder": "/state",
        "agreements": "one,two",
        "retention_days": "10",
        "gather_ms": "5",
        "metrics_listen": ":9",
        "session_s": "20",
        "stuck_after_s": "60",
    }
    (tmp_path / "pem").touch()
    assert given.keys() == SETTINGS.keys()
    settings = load_settings(None, {SETTINGS[name].variable: value for name, value in given.items()})
    for name in SETTINGS:
        assert settings.is_given(name)
        assert getattr(settings, name) != getattr(Settings(), name)


def test_a_path_in_the_file_is_relative_to_the_file(write: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    path = write('[kafka]\nsecurity = "tls"\nca_file = "ca.pem"\n[worker]\nstate_folder = "state"\n')
    settings = load_settings(path, {})
    assert settings.ca_file == tmp_path / "ca.pem"
    assert settings.state_folder == tmp_path / "state"


WRONG = {
    "unknown table": ("[kafak]\n", "kafak"),
    "no table": ("kafka = 1\n", "kafka"),
    "unknown key": ("[kafka]\nbootstrap = 'a:1'\n", "[kafka] bootstrap"),
    "key in another table": ("[worker]\npartitions = 3\n", "[worker] partitions"),
    "another type": ("[topics]\npartitions = '3'\n", "[topics] partitions"),
    "too few": ("[topics]\npartitions = 0\n", "[topics] partitions"),
    "unknown term": ("[kafka]\nsecurity = 'ssl'\n", "[kafka] security"),
    "no port": ("[kafka]\nbootstrap_servers = 'broker'\n", "[kafka] bootstrap_servers"),
    "no server": ("[kafka]\nbootstrap_servers = []\n", "[kafka] bootstrap_servers"),
    "a secret": ("[kafka]\npassword = 'x'\n", "[kafka] password"),
    "no such file": ("[kafka]\nsecurity = 'tls'\nca_file = 'nowhere.pem'\n", "[kafka] ca_file"),
    "no such secret": ("[kafka]\npassword_file = 'nowhere'\n", "[kafka] password_file"),
    "no user": ("[kafka]\nsecurity = 'sasl_tls'\n", "[kafka] security"),
    "a user for nothing": ("[kafka]\nusername = 'duty'\n", "[kafka] username"),
    "a key for nothing": ("[kafka]\nkey_file = 'truceline.toml'\n", "[kafka] key_file"),
    "a key alone": ("[kafka]\nsecurity = 'tls'\nkey_file = 'truceline.toml'\n", "[kafka] key_file"),
    "no topic's name": ("[topics]\nprefix = 'a b'\n", "[topics] prefix"),
    "no TOML": ("[kafka\n", "is no TOML"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_in_the_file_is_named_with_the_file(what: str, write: Callable[[str], Path], cli: Cli) -> None:
    text, named = WRONG[what]
    path = write(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert str(caught.value).startswith(str(path))
    assert named in str(caught.value)
    told = cli("topics", "list", "--config", path)
    assert told.code == 2
    assert named in told.err
    traceless(told)


def test_what_is_wrong_in_the_environment_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^TRUCELINE_TOPICS_PARTITIONS: "):
        load_settings(None, {"TRUCELINE_TOPICS_PARTITIONS": "many"})


def test_a_password_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\nnot this\n")
    basic = {"TRUCELINE_KAFKA_SECURITY": "sasl_plaintext", "TRUCELINE_KAFKA_USERNAME": "duty"}
    by_file = load_settings(None, {**basic, "TRUCELINE_KAFKA_PASSWORD_FILE": str(tmp_path / "secret")})
    by_name = load_settings(None, {**basic, "TRUCELINE_KAFKA_PASSWORD": SECRET})
    for settings in (by_file, by_name):
        assert settings.password == SECRET
        lines = {line.name: line.value for line in shown(settings)}
        assert lines["kafka.password"] == MASK
        assert SECRET not in json.dumps(lines) + repr(settings) + str(settings)
    with pytest.raises(SettingsError, match="twice"):
        load_settings(
            None,
            {**basic, "TRUCELINE_KAFKA_PASSWORD": "x", "TRUCELINE_KAFKA_PASSWORD_FILE": str(tmp_path / "secret")},
        )


def test_the_environment_s_password_counts_more_than_the_file_s(write: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old")
    path = write('[kafka]\nsecurity = "sasl_plaintext"\nusername = "duty"\npassword_file = "secret"\n')
    assert load_settings(path, {}).password == "old"
    assert load_settings(path, {"TRUCELINE_KAFKA_PASSWORD": "new"}).password == "new"


def test_both_drivers_are_given_the_same(tmp_path: Path) -> None:
    settings = settings_for("a:1,b:2", security="sasl_plaintext", username="duty", password=SECRET)
    by_kafka, by_faust = kafka_options(settings), faust_options(settings)
    assert by_kafka["bootstrap_servers"] == ["a:1", "b:2"]
    assert by_faust["broker"] == ["kafka://a:1", "kafka://b:2"]
    credentials = by_faust["broker_credentials"]
    assert by_kafka["security_protocol"] == credentials.protocol.value == "SASL_PLAINTEXT"
    assert by_kafka["sasl_mechanism"] == credentials.mechanism.value == "SCRAM-SHA-512"
    assert by_kafka["sasl_plain_password"] == credentials.password == SECRET
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"no\.pem"):
        ssl_context(settings_for("a:1", security="tls", ca_file=tmp_path / "no.pem"))


def test_a_broker_lets_us_in(kafka: str) -> None:
    check_connection(settings_for(kafka))
    check_connection(settings_for(f"127.0.0.1:1,{kafka}"))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_secured_broker_lets_in_who_is_known_by_either_driver(secured_kafka: SecuredKafka, mechanism: str) -> None:
    from kafka import KafkaAdminClient

    settings = secured_settings(secured_kafka, mechanism=mechanism)
    check_connection(settings)
    with KafkaAdminClient(**kafka_options(settings)) as client:
        client.list_topics()


REFUSED: dict[str, tuple[dict[str, Any], type[NoConnectionError], str]] = {
    "wrong password": ({"password": "wrong"}, AuthenticationError, "user 'duty' and its password"),
    "unknown user": ({"username": "nobody"}, AuthenticationError, "user 'nobody'"),
    "no authority": ({"ca_file": None}, TlsRefusedError, "certificate is not accepted"),
    "no TLS": ({"security": "sasl_plaintext", "ca_file": None}, TlsRefusedError, "speaks TLS"),
    "no user": ({"security": "tls", "username": None, "password": None}, AuthenticationError, "who we are"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_is_told_and_no_hang(what: str, secured_kafka: SecuredKafka) -> None:
    flags, kind, words = REFUSED[what]
    with pytest.raises(kind, match=words) as caught:
        check_connection(secured_settings(secured_kafka, **flags))
    assert secured_kafka.secured in str(caught.value)
    assert secured_kafka.password not in str(caught.value)


def test_a_broker_without_tls_or_users_says_so(kafka: str, secured_kafka: SecuredKafka) -> None:
    with pytest.raises(TlsRefusedError, match="speaks no TLS"):
        check_connection(settings_for(kafka, security="tls", ca_file=secured_kafka.authority))
    with pytest.raises(AuthenticationError, match="asks for no user"):
        check_connection(settings_for(kafka, security="sasl_plaintext", username="duty", password="x"))


def test_a_wrong_password_ends_a_command_with_its_message(
    secured_kafka: SecuredKafka, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "truceline.toml").write_text(
        f'[kafka]\nbootstrap_servers = "{secured_kafka.secured}"\nsecurity = "sasl_tls"\n'
        f'ca_file = "{secured_kafka.authority}"\nusername = "duty"\n'
    )
    monkeypatch.setenv("TRUCELINE_KAFKA_PASSWORD", SECRET)
    (tmp_path / "reports.ndjson").touch()
    for command in (("topics", "list"), ("send", "reports.ndjson"), ("tail",)):
        told = cli(*command, "--config", "truceline.toml")
        assert told.code == 2
        assert "authentication failed" in told.err
        assert SECRET not in told.err + told.out
        traceless(told)


@pytest.fixture
def mute_server() -> Iterator[str]:
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_an_address_where_nobody_answers_is_unreachable(mute_server: str) -> None:
    with pytest.raises(BrokerUnreachableError, match=r"127\.0\.0\.1:1: Connection refused"):
        check_connection(settings_for("127.0.0.1:1"))
    with pytest.raises(BrokerUnreachableError, match="no answer in time"):
        check_connection(settings_for(mute_server), timeout_s=0.3)


def test_of_several_addresses_a_refusal_counts_more_than_a_silence(secured_kafka: SecuredKafka) -> None:
    with pytest.raises(AuthenticationError):
        check_connection(
            secured_settings(secured_kafka, bootstrap_servers=f"127.0.0.1:1,{secured_kafka.secured}", password="wrong")
        )


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "kafka.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `\[\w+\] (\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    told["password"] = told.pop("password_file")
    assert told == {name: about.variable for name, about in SETTINGS.items()}
