"""A broker comes up, is found again, keeps its data through any end, and asks who is there where it is to ask."""

import gc
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.stream import broker
from pipeline.stream.broker_config import MECHANISMS, Secured, free_port
from pipeline.stream.broker_files import BrokerError
from pipeline.stream.certificates import certify
from tests.cli.driving import Told, finish
from tests.stream.brokers import CACHE, PASSWORD, USER, PrivateBroker, SecuredKafka, guarded

OwnBroker = Callable[..., PrivateBroker]


def make_topic(client: dict[str, Any], name: str) -> None:
    from kafka.admin import KafkaAdminClient

    with KafkaAdminClient(**client) as admin:
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})


def send(client: dict[str, Any], topic: str, *values: bytes) -> None:
    """Sends values and waits until the broker has said that it holds each."""
    from kafka import KafkaProducer

    producer = KafkaProducer(**client, acks="all")
    for sent in [producer.send(topic, value) for value in values]:
        sent.get(timeout=30)
    producer.close()


def receive(client: dict[str, Any], topic: str, count: int, group: str | None = None) -> list[bytes]:
    """The first values of a topic; a group keeps on the broker how far it has come."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(topic, **client, group_id=group, auto_offset_reset="earliest", consumer_timeout_ms=15_000)
    values = [record.value for _, record in zip(range(count), consumer, strict=False)]
    if group:
        consumer.commit()
    consumer.close()
    return values


def let_in(client: dict[str, Any], within_s: float = 30) -> bool:
    """Whether a client is let in. One that is refused tries again until the time is up."""
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        with KafkaAdminClient(**client, bootstrap_timeout_ms=1000 * within_s) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except (KafkaError, OSError):
        return False


def who_is_let_in(*clients: dict[str, Any]) -> list[bool]:
    """Of clients that should be refused, whether each is let in. They wait together: each takes all of its time."""
    with warnings.catch_warnings():
        # The client leaves sockets over which it was refused to the collector: they are collected here, and not in
        # whichever test comes next.
        warnings.simplefilter("ignore", ResourceWarning)
        with ThreadPoolExecutor(len(clients)) as together:
            answers = list(together.map(lambda client: let_in(client, within_s=3), clients))
        gc.collect()
        return answers


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to take note."""
    asked = ["ps", "-o", "stat=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() in ("", "Z", "Zs")


def truceline(*words: str | Path, **environment: str) -> Told:
    return finish("kafka", *words, env={"XDG_CACHE_HOME": str(CACHE.parents[1]), **environment})


@pytest.fixture
def folder(_needs_of_a_broker: None, tmp_path: Path) -> Iterator[Path]:
    """A folder for a broker that commands start."""
    place = tmp_path / "by commands"
    with guarded(place):
        yield place


def test_up_prints_where_it_is_and_down_stops_it(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    options = "--port", str(port), "--data", folder
    up = truceline("up", *options)
    assert (up.code, up.out) == (0, f"127.0.0.1:{port}\n"), up.err
    found = broker.running(folder)
    assert found is not None
    client = {"bootstrap_servers": up.out.strip()}
    make_topic(client, "words")
    send(client, "words", b"one", b"two")
    assert receive(client, "words", 2, group="readers") == [b"one", b"two"]

    again = truceline("up", *options)
    assert (again.code, again.out) == (0, up.out)
    unasked = truceline("up", "--data", folder)
    assert (unasked.code, unasked.out) == (0, up.out)
    assert broker.running(folder) == found, "a second one was started"
    told = truceline("status", "--data", folder, "--json").json()
    assert (told["bootstrap"], told["pid"], told["data"]) == (f"127.0.0.1:{port}", found.pid, str(folder))

    elsewhere = truceline("up", "--port", str(free_port()), "--data", folder)
    assert (elsewhere.code, elsewhere.out) == (1, "")
    assert f"127.0.0.1:{port}" in elsewhere.err
    taken = truceline("up", "--port", str(port), "--data", tmp_path / "other")
    assert (taken.code, taken.out) == (1, "")
    assert f"port {port} is taken" in taken.err

    assert truceline("down", "--data", folder).code == 0
    assert has_ended(found.pid)
    assert broker.last_port(folder) == port
    assert truceline("down", "--data", folder).code == 0
    status = truceline("status", "--data", folder)
    assert (status.code, status.out) == (1, "")
    for said in (elsewhere, taken, status):
        assert "Traceback" not in said.err


def test_data_outlive_a_stop_and_a_kill(own_broker: OwnBroker) -> None:
    private = own_broker()
    client = {"bootstrap_servers": private.bootstrap}
    make_topic(client, "words")
    send(client, "words", b"one", b"two")
    assert receive(client, "words", 1, group="readers") == [b"one"]
    private.stop()
    assert broker.running(private.folder) is None
    private.start()
    send(client, "words", b"three")
    private.kill()
    assert broker.running(private.folder) is None
    private.start()
    assert receive(client, "words", 3) == [b"one", b"two", b"three"]
    assert receive(client, "words", 2, group="readers") == [b"two", b"three"], "the group forgot how far it was"


def test_the_shared_broker_answers(kafka: str) -> None:
    assert let_in({"bootstrap_servers": kafka})


def test_only_this_machine_reaches_it(secured_kafka: SecuredKafka) -> None:
    ports = [int(place.partition(":")[2]) for place in (secured_kafka.bootstrap, secured_kafka.secured)]
    # All of 127.0.0.0/8 is this machine; one that listens everywhere would take this too.
    for port in ports:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_topic_is_not_made_by_asking_for_it(secured_kafka: SecuredKafka) -> None:
    from kafka import KafkaProducer
    from kafka.errors import KafkaError

    producer = KafkaProducer(bootstrap_servers=secured_kafka.bootstrap, max_block_ms=2_000)
    with pytest.raises(KafkaError):
        producer.send("a-topic-that-nobody-made", b"lost")
    producer.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_right_password_and_authority_are_let_in(secured_kafka: SecuredKafka, mechanism: str) -> None:
    client = secured_kafka.client(sasl_mechanism=mechanism)
    topic = f"secured-{mechanism}"
    make_topic(client, topic)
    send(client, topic, b"secret")
    assert receive(client, topic, 1, group=topic) == [b"secret"]


def test_others_are_not(secured_kafka: SecuredKafka) -> None:
    wrong = [
        {"sasl_plain_password": PASSWORD[:-1]},
        {"sasl_plain_username": "nobody"},
        {"security_protocol": "PLAINTEXT"},
        {"security_protocol": "SSL"},
        {"security_protocol": "SASL_PLAINTEXT"},
    ]
    assert let_in(secured_kafka.client())
    assert who_is_let_in(*(secured_kafka.client(**one) for one in wrong)) == [False] * len(wrong)


def test_a_client_can_tell_a_broker_of_another_authority(secured_kafka: SecuredKafka, tmp_path: Path) -> None:
    other = certify(tmp_path / "other", "broker").authority
    host, _, port = secured_kafka.secured.partition(":")
    for trusted, right in ((secured_kafka.authority, True), (other, False)):
        context = ssl.create_default_context(cafile=str(trusted))
        # What the newest Python asks of certificates, on every one.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection((host, int(port)), timeout=5) as plain:
            if right:
                context.wrap_socket(plain, server_hostname=host).close()
            else:
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(plain, server_hostname=host)


def test_a_client_without_a_certificate_is_refused_where_one_is_asked_for(own_broker: OwnBroker) -> None:
    port = free_port()
    private = own_broker(Secured(port, "SSL", clients_certified=True))
    ours = certify(private.folder / "tls", "duty", "client")
    foreign = certify(private.folder / "foreign", "duty", "client")
    client = {"bootstrap_servers": f"127.0.0.1:{port}", "security_protocol": "SSL", "ssl_cafile": str(ours.authority)}
    assert let_in({**client, "ssl_certfile": str(ours.chain), "ssl_keyfile": str(ours.key)})
    stranger = {**client, "ssl_certfile": str(foreign.chain), "ssl_keyfile": str(foreign.key)}
    assert who_is_let_in(stranger, client) == [False, False]


def test_the_password_is_written_nowhere_and_can_be_changed(folder: Path, tmp_path: Path) -> None:
    place, port = f"127.0.0.1:{free_port()}", free_port()
    secured = place.partition(":")[2]
    options = "--port", str(port), "--secured-port", secured, "--user", USER, "--data", folder
    first, second = "the-first-made-up-word", "the-second-made-up-word"
    up = truceline("up", *options, TRUCELINE_KAFKA_PASSWORD=first)
    assert (up.code, up.out) == (0, f"127.0.0.1:{port}\n"), up.err
    assert place in up.err
    found = broker.running(folder)
    assert found is not None
    assert found.authority is not None
    door = SecuredKafka(found.bootstrap, place, Path(found.authority), USER, first)
    assert let_in(door.client())
    process = Path("/proc", str(found.pid))
    kept = [path for path in folder.rglob("*") if path.is_file()]
    seen = [*kept, process / "cmdline", process / "environ"]
    assert [path for path in seen if path.exists() and first.encode() in path.read_bytes()] == []
    assert first not in up.err

    words = tmp_path / "password"
    words.write_text(f"{second}\n")
    assert truceline("up", *options, "--password-file", words).code == 0
    assert let_in(door.client(sasl_plain_password=second))
    assert not let_in(door.client(), 3)
    assert truceline("up", *options, "--user", "night", "--password-file", words).code == 0
    assert let_in(door.client(sasl_plain_username="night", sasl_plain_password=second))
    assert not let_in(door.client(sasl_plain_password=second), 3), "the one before is still let in"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--user", "duty"], "--secured-port"),
        (["--secured-port", "9094"], "--user"),
        (["--secured-port", "9094", "--user", "duty"], "TRUCELINE_KAFKA_PASSWORD"),
        (["--secured-port", "9094", "--user", "duty", "--password-file", "nosuch"], "nosuch"),
        (["--port", "65536"], "65535"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: list[str], says: str) -> None:
    told = truceline("up", "--data", tmp_path / "broker", *words)
    assert (told.code, told.out) == (2, "")
    assert says in told.err
    assert not (tmp_path / "broker").exists()


def test_a_broker_that_cannot_start_says_why_and_is_gone(own_broker: OwnBroker) -> None:
    private = own_broker()
    private.stop()
    (private.folder / "data" / "meta.properties").write_text("version=1\nnode.id=77\ncluster.id=another\n")
    with pytest.raises(BrokerError, match="77"):
        private.start()
    assert broker.running(private.folder) is None
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind(("127.0.0.1", private.port))


def test_another_process_of_the_same_number_is_left_alone(own_broker: OwnBroker) -> None:
    private = own_broker()
    private.kill()
    with subprocess.Popen(["sleep", "60"]) as other:
        left = {"pid": other.pid, "token": "0" * 32, "kafka": "4", "bootstrap": private.bootstrap}
        (private.folder / "broker.json").write_text(str(left).replace("'", '"'))
        assert broker.running(private.folder) is None
        assert not broker.stop(private.folder)
        assert other.poll() is None
        other.kill()


_USER_OF_A_BROKER = """
import sys, time
from pathlib import Path
from pipeline.stream import broker
from tests.stream.brokers import private_broker
with private_broker(Path(sys.argv[1])) as private:
    print(broker.running(private.folder).pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("_needs_of_a_broker")
def test_no_broker_outlives_a_test_run_that_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(CACHE.parents[1]), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _USER_OF_A_BROKER, str(tmp_path / "broker")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as user:
        assert user.stdout is not None
        pid = re.match(r"\d+", user.stdout.readline())
        assert pid, "it did not start"
        user.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while not has_ended(int(pid[0])):
        assert time.monotonic() < deadline, "the broker is still there"
        time.sleep(0.1)
