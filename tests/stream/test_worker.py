"""`truceline worker` as its user has it: its settings, what it cannot begin with, its metrics, and its end."""

import json
import signal
import sqlite3
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.model.report import Report
from pipeline.model.taxonomy import Standing
from pipeline.store.opening import open_store
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import create
from pipeline.stream.wire import encode_frame, encode_revision
from tests.cli.driving import Told, finish, line, start, traceless
from tests.stream.brokers import PrivateBroker, SecuredKafka
from tests.stream.talking import heard, secured_settings, settings_for, until
from tests.stream.watched import frame, watch
from tests.stream.working import AGREEMENT, Case, made, put, revisions, shuffled, standing

REPORTS = 1_500
PARTITIONS = 2
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 5, REPORTS)


@pytest.fixture
def case(kafka: str, tmp_path: Path, reports: list[Report]) -> Case:
    return Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports)


def log_of(case: Case, name: str = "one") -> str:
    return (case.folder / f"{name}.log").read_text()


def refused(settings: Settings, *words: str, **environment: str) -> Told:
    """What a worker says that ends by itself, without a traceback."""
    given = {
        "TRUCELINE_KAFKA": ",".join(settings.bootstrap_servers),
        "TRUCELINE_TOPICS_PREFIX": settings.prefix,
        "TRUCELINE_WORKER_APP_ID": f"{settings.prefix}workers",
    }
    told = finish("worker", *words, env={**given, **environment})
    traceless(told)
    assert told.out == ""
    return told


# --- what it is told, and what it says of it


@pytest.fixture
def secrets(secured_kafka: SecuredKafka, tmp_path: Path) -> dict[str, str]:
    """The environment of a command that the secured broker lets in."""
    password = tmp_path / "password"
    password.write_text(f"{secured_kafka.password}\n")
    return {
        "TRUCELINE_KAFKA_SECURITY": "sasl_tls",
        "TRUCELINE_KAFKA_CA_FILE": str(secured_kafka.authority),
        "TRUCELINE_KAFKA_USERNAME": secured_kafka.user,
        "TRUCELINE_KAFKA_PASSWORD_FILE": str(password),
    }


def test_a_worker_that_gives_a_password_judges_what_is_sent_with_it(
    secured_kafka: SecuredKafka, secrets: dict[str, str], tmp_path: Path, reports: list[Report]
) -> None:
    case = Case(secured_settings(secured_kafka, partitions=PARTITIONS), tmp_path, reports)
    (tmp_path / "reports.ndjson").write_bytes(encode_frame(reports) + b"\n")
    with case.worker(**secrets) as worker:
        where = {"TRUCELINE_KAFKA": secured_kafka.secured, "TRUCELINE_TOPICS_PREFIX": case.settings.prefix}
        sent = finish("send", f"ndjson={tmp_path / 'reports.ndjson'}", env={**secrets, **where})
        assert sent.code == 0, sent.err
        until(lambda: bool(standing(case.settings)))
        command = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
        case.until_right()
        assert worker.stop() == 0
    told = log_of(case)
    assert secured_kafka.password.encode() not in command
    assert secured_kafka.password not in told + sent.err + sent.out
    assert f"********  (TRUCELINE_KAFKA_PASSWORD_FILE ({tmp_path / 'password'}))" in told


def test_a_wrong_password_and_a_stranger_s_certificate_are_told_at_once(
    secured_kafka: SecuredKafka, secrets: dict[str, str], tmp_path: Path
) -> None:
    settings = secured_settings(secured_kafka)
    wrong = tmp_path / "wrong"
    wrong.write_text("another word\n")
    told = refused(settings, "-a", AGREEMENT, **secrets | {"TRUCELINE_KAFKA_PASSWORD_FILE": str(wrong)})
    assert told.code == 2
    why = told.err.splitlines()[-1]
    assert "authentication failed" in why
    assert secured_kafka.user in why
    assert "another word" not in told.err

    strangers = tmp_path / "stranger.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(strangers), "-subj", "/CN=a stranger"]
    subprocess.run([*request, *files], check=True, capture_output=True, timeout=60)
    told = refused(settings, "-a", AGREEMENT, **secrets | {"TRUCELINE_KAFKA_CA_FILE": str(strangers)})
    assert told.code == 2
    why = told.err.splitlines()[-1]
    assert "TLS refused" in why
    assert str(strangers) in why


def test_flags_count_more_than_the_environment_and_that_more_than_the_file(tmp_path: Path) -> None:
    file = tmp_path / "worker.toml"
    file.write_text('[topics]\nprefix = "file."\n[worker]\ngather_ms = 7\nstate_folder = "of-file"\napp_id = "file"\n')
    environment = {
        "TRUCELINE_CONFIG": str(file),
        "TRUCELINE_WORKER_GATHER_MS": "8",
        "TRUCELINE_WORKER_STATE_FOLDER": "of-environment",
    }
    words = ["--kafka", "127.0.0.1:1", "--state-folder", str(tmp_path / "of-flag"), "-a", AGREEMENT]
    log = tmp_path / "log"
    with log.open("wb") as said, start("worker", *words, env=environment, stderr=said, stdout=said) as worker:
        until(lambda: "waiting for the broker" in log.read_text() or worker.poll() is not None)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 130
    told = {row.split()[0]: " ".join(row.split()[1:]) for row in log.read_text().splitlines()}
    assert told["topics.prefix"] == f"file. ({file}: [topics] prefix)"
    assert told["worker.app_id"] == f"file ({file}: [worker] app_id)"
    assert told["worker.gather_ms"] == "8 (TRUCELINE_WORKER_GATHER_MS)"
    assert told["worker.state_folder"] == f"{tmp_path / 'of-flag'} (--state-folder)"
    assert told["kafka.bootstrap_servers"] == "127.0.0.1:1 (--kafka)"
    assert told["worker.agreements"] == f"{AGREEMENT} (--agreement)"
    assert told["worker.stuck_after_s"] == "120 (default)"
    assert told["kafka.password"] == "- (default)"


# --- what it cannot begin with


def test_a_worker_needs_an_agreement_that_there_is(kafka: str) -> None:
    settings = settings_for(kafka)
    told = refused(settings)
    assert (told.code, "name an agreement to judge by" in told.err) == (2, True)
    told = refused(settings, "-a", "of-nowhere")
    assert (told.code, "of-nowhere" in told.err) == (2, True)


def test_a_state_folder_that_cannot_be_is_told_in_a_line(kafka: str, tmp_path: Path) -> None:
    settings = settings_for(kafka, partitions=PARTITIONS)
    create(settings)
    (tmp_path / "file").touch()
    told = refused(settings, "-a", AGREEMENT, "--state-folder", str(tmp_path / "file"))
    assert told.code == 2
    assert f"--state-folder: {tmp_path / 'file'}: " in told.err.splitlines()[-1]


def test_a_worker_makes_no_topics_and_says_how_they_are_made(kafka: str) -> None:
    settings = settings_for(kafka)
    told = refused(settings, "-a", AGREEMENT)
    assert told.code == 2
    why = told.err.splitlines()[-1]
    assert "there is no topic" in why
    assert f"{settings.prefix}reports" in why
    assert "`truceline topics create` makes them" in why


def test_topics_of_unequal_partitions_are_refused(kafka: str) -> None:
    from kafka import KafkaAdminClient
    from kafka.admin import NewPartitions

    settings = settings_for(kafka, partitions=PARTITIONS)
    create(settings)
    with KafkaAdminClient(bootstrap_servers=kafka) as client:
        client.create_partitions({f"{settings.prefix}alerts": NewPartitions(total_count=PARTITIONS + 1)})
    told = refused(settings, "-a", AGREEMENT)
    assert told.code == 2
    why = told.err.splitlines()[-1]
    assert f"{settings.prefix}alerts has {PARTITIONS + 1}" in why
    assert f"{settings.prefix}tiles has {PARTITIONS}" in why


def test_a_worker_waits_for_a_broker_that_is_not_there_yet(
    own_broker: Callable[..., PrivateBroker], tmp_path: Path, reports: list[Report]
) -> None:
    broker = own_broker()
    case = Case(settings_for(broker.bootstrap, partitions=PARTITIONS), tmp_path, reports)
    case.send(reports)
    broker.stop()
    with case.worker(TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0") as worker:
        until(lambda: worker.said("waiting for the broker"))
        page = page_of(case)
        assert scraped(page)["truceline_broker_connected", frozenset()] == 0.0
        before = scraped(page)[PROGRESS]
        until(lambda: scraped(page)[PROGRESS] > before)
        broker.start()
        case.until_right()
        until(lambda: scraped(page)["truceline_broker_connected", frozenset()] == 1.0)
        # It has nothing to do now, and knows all the same that the broker is gone.
        broker.kill()
        until(lambda: scraped(page)["truceline_broker_connected", frozenset()] == 0.0)
        assert worker.process.poll() is None, "it should wait for the broker"
    assert log_of(case).count("waiting for the broker") == 2
    assert "aiokafka" not in log_of(case)
    assert "Traceback" not in log_of(case)


# --- what it says to Prometheus

PROGRESS: Sample = ("truceline_last_progress_timestamp_seconds", frozenset())


def page_of(case: Case, name: str = "one") -> str:
    """Where a worker's metrics are."""
    until(lambda: "metrics at " in log_of(case, name))
    return log_of(case, name).partition("metrics at ")[2].split()[0]


def fetched(page: str) -> bytes:
    with urllib.request.urlopen(page, timeout=10) as answer:
        return bytes(answer.read())


def scraped(page: str) -> dict[Sample, float]:
    families = text_string_to_metric_families(fetched(page).decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def test_how_well_was_watched_is_told(case: Case) -> None:
    put(case.settings, "observations", [frame([watch("log", 0, 5)])])
    with case.worker(TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0"):
        page = page_of(case)
        until(lambda: "truceline_coverage_ratio{" in fetched(page).decode())
        told = {dict(labels)["line"] for name, labels in scraped(page) if name == "truceline_coverage_ratio"}
    assert told == {f"{case.agreement.name}/{name}" for name in case.agreement.lines}


def lags(page: str, topic: str) -> list[float]:
    found = scraped(page).items()
    return [
        value for (name, told), value in found if name.endswith("_lag_records") and topic in dict(told).get("topic", "")
    ]


def locked(state: Path) -> list[sqlite3.Connection]:
    """Holds every partition's file, so that its keeper has to wait."""
    locks = [sqlite3.connect(file, isolation_level=None) for file in state.glob("tiles-*.db")]
    for lock in locks:
        lock.execute("PRAGMA busy_timeout = 20000")
        lock.execute("BEGIN IMMEDIATE")
    return locks


@pytest.mark.needs("prometheus")
def test_the_metrics_tell_the_truth(case: Case) -> None:
    with case.worker(TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0") as worker:
        page = page_of(case)
        # One frame is judged in one go on each partition, so that each alert is said once, as it stays.
        case.send(case.reports, frame=len(case.reports))
        case.until_right()
        put(case.settings, "reports", [b"{}"])
        until(lambda: scraped(page).get(rejected(), 0.0) == 1.0)
        assert len(heard(case.settings, "rejects")) == 1
        check_counts(case, scraped(page))

        for lock in (locks := locked(worker.state)):
            assert lock.in_transaction
        case.send(case.reports, frame=50)
        until(lambda: sum(lags(page, "tiles")) > 1)
        for lock in locks:
            lock.close()
        until(lambda: not any(lags(page, "tiles") + lags(page, "reports")))

        told = scraped(page)
        assert received(told) == 2 * len(case.reports)
        assert told["truceline_broker_connected", frozenset()] == 1.0
        until(lambda: scraped(page)[PROGRESS] > told[PROGRESS], within_s=20.0)
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=fetched(page), capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")
        assert worker.stop() == 0


def test_a_worker_that_begins_again_with_nothing_to_do_tells_of_all_that_it_keeps(case: Case) -> None:
    with case.worker() as worker:
        case.send(case.reports, frame=len(case.reports))
        case.until_right()
        assert worker.stop() == 0
    (file, *_) = sorted(worker.state.glob("tiles-*.db"))
    said = revisions(case.settings)[0]
    with sqlite3.connect(file) as left:
        row = "alerts", said.alert.alert_id, encode_revision(said)
        left.execute("INSERT INTO outbox (topic, key, value) VALUES (?, ?, ?)", row)
    left.close()
    before = len(heard(case.settings, "alerts"))
    with case.worker(TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0") as worker:
        until(lambda: log_of(case).count("metrics at ") == 1)
        page = page_of(case)
        raised = [alert for alert in standing(case.settings).values() if alert.standing is Standing.RAISED]
        until(lambda: summed(page, "truceline_alerts_open") == len(raised) > 0)
        until(lambda: summed(page, "truceline_state_reports") >= len(case.reports))
        until(lambda: len(heard(case.settings, "alerts")) == before + 1)
        until(lambda: bool(lags(page, "tiles")) and not any(lags(page, "tiles") + lags(page, "reports")))
        assert worker.stop() == 0
    assert case.current() == case.wanted


def summed(page: str, name: str) -> float:
    return sum(value for (told, _), value in scraped(page).items() if told == name)


def test_a_state_that_is_not_ours_ends_it_with_what_to_do(case: Case) -> None:
    (case.folder / "one").mkdir()
    for partition in range(PARTITIONS):
        with sqlite3.connect(case.folder / "one" / f"tiles-{partition}.db") as other:
            other.execute("CREATE TABLE something (other TEXT)")
        other.close()
    with case.worker() as worker:
        assert worker.process.wait(timeout=60.0) == 2
    assert "move the state folder away" in log_of(case).splitlines()[-1]
    assert "Traceback" not in log_of(case)


def rejected() -> Sample:
    return "truceline_reports_rejected_total", frozenset({"source": "ndjson", "reason": "missing"}.items())


def received(told: dict[Sample, float]) -> float:
    return sum(value for (name, _), value in told.items() if name == "truceline_reports_received_total")


def check_counts(case: Case, told: dict[Sample, float]) -> None:
    """The worker's own counts are those of what stands on the topics."""
    assert received(told) == len(case.reports)
    assert told["truceline_state_reports", frozenset()] >= len(case.reports)
    raised = [alert for alert in standing(case.settings).values() if alert.standing is Standing.RAISED]
    by_provision = Counter(
        frozenset({"agreement": one.agreement, "provision": one.provision, "severity": one.severity.value}.items())
        for one in raised
    )
    counted = {labels: value for (name, labels), value in told.items() if name == "truceline_alerts_raised_total"}
    assert counted == by_provision
    assert raised, "there should be something to count"
    assert sum(value for (name, _), value in told.items() if name == "truceline_alerts_open") == len(raised)
    # What many incidents mean together begins with no one report.
    alone = [alert for alert in raised if not alert.incident_ids]
    assert told["truceline_report_to_alert_seconds_count", frozenset()] == len(alone)


# --- how it ends, and what it takes


def children(process_id: int) -> list[str]:
    return Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()


def test_a_worker_that_is_told_to_end_leaves_nothing_and_another_goes_on(case: Case) -> None:
    with case.worker("one") as one:
        case.send(shuffled(case.reports, seed=1), frame=1)
        until(lambda: len(revisions(case.settings)) > 0)
        assert children(one.process.pid) == []
        one.signal(signal.SIGTERM)
        assert one.process.wait(timeout=30.0) == 0
        assert case.current() != case.wanted, "there should be work in flight"
        for file in sorted(one.state.glob("tiles-*.db")):
            open_store(file, write=True).close()
        with case.worker("two") as two:
            case.until_right()
            assert two.stop() == 0
    assert "Traceback" not in log_of(case, "one") + log_of(case, "two")


def test_one_report_that_anybody_puts_on_the_topic_is_judged(kafka: str, tmp_path: Path, reports: list[Report]) -> None:
    """One JSON line as a record, as Kafka's console producer makes it; and one of no report."""
    case = Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports[:300])
    with case.worker():
        singles = [json.dumps(json.loads(encode_frame([one])), indent=None).encode() for one in case.reports]
        put(case.settings, "reports", [*singles, line(1, activity="no such thing").strip()])
        case.until_right()
        until(lambda: len(heard(case.settings, "rejects")) == 1)
    assert case.wanted, "there should be alerts"
