"""`truceline act` over a broker: workers apply it, answer it, and forget nothing of it."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Change, Doubt, Standing, Status
from pipeline.stream.replaying import Past
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import create
from tests.cli.driving import Cli, Told, finish, traceless
from tests.monitor.remembering import in_memory
from tests.stream.talking import heard, settings_for, until
from tests.stream.test_worker import Sample, page_of, scraped
from tests.stream.working import Case, Running, made, put, revisions, standing

REPORTS = 400
PARTITIONS = 2


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 5, REPORTS)


@pytest.fixture
def case(kafka: str, tmp_path: Path, reports: list[Report]) -> Case:
    return Case(settings_for(kafka, partitions=PARTITIONS), tmp_path, reports, b"")


@pytest.fixture
def workers(case: Case) -> Iterator[list[Running]]:
    """Two, of which the first tells its metrics."""
    with ExitStack() as stack:
        one = stack.enter_context(case.worker("one", TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0"))
        yield [one, stack.enter_context(case.worker("two", TRUCELINE_WORKER_METRICS_LISTEN="127.0.0.1:0"))]


class Operator:
    """Whoever acts on the alerts of a case's topics."""

    def __init__(self, settings: Settings, agreement: Path) -> None:
        self._agreement = str(agreement)
        self._env = {
            "TRUCELINE_KAFKA": ",".join(settings.bootstrap_servers),
            "TRUCELINE_TOPICS_PREFIX": settings.prefix,
        }

    def says(self, *arguments: str) -> Told:
        told = finish("act", *arguments, "-a", self._agreement, env=self._env, cwd=Path(self._agreement).parent)
        traceless(told)
        return told

    def does(self, alert: Alert, *arguments: str) -> dict[str, Any]:
        """Acts, waits for the answer, and gives it."""
        told = self.says(alert.alert_id, *arguments, "--wait", "120", "--json")
        assert told.code == 0, told.err
        fields: dict[str, Any] = json.loads(told.out)
        assert fields["revision"] is not None, "no worker answered"
        return fields


def of_several(case: Case) -> Alert:
    """An alert of the ceasefire that two reports told of: as without the second, but for that."""
    without: dict[str, Alert] = {}
    for alert in in_memory([case.agreement], [case.reports]).values():
        if alert.provision != "ceasefire" or len(alert.report_ids) < 2 or alert.standing is not Standing.RAISED:
            continue
        held_back = alert.report_ids[-1]
        without = in_memory([case.agreement], [[one for one in case.reports if one.report_id != held_back]])
        if alert.alert_id in without and without[alert.alert_id].standing is Standing.RAISED:
            return alert
    raise AssertionError("the scenario has no such alert")


def now(case: Case, alert: Alert) -> Alert:
    return standing(case.settings)[alert.alert_id]


def opened_by_status(case: Case) -> dict[str, float]:
    """The open alerts by status, as both workers together tell."""
    told: dict[str, float] = {}
    for name in ("one", "two"):
        found: dict[Sample, float] = scraped(page_of(case, name))
        for (metric, labels), value in found.items():
            if metric == "truceline_alerts_open":
                status = dict(labels)["status"]
                told[status] = told.get(status, 0.0) + value
    return told


def test_from_report_to_outcome_and_to_what_speaks_against_it(case: Case, workers: list[Running]) -> None:
    alert, operator = of_several(case), Operator(case.settings, case.file)
    late = [one for one in case.reports if one.report_id == alert.report_ids[-1]]
    case.send([one for one in case.reports if one not in late])
    until(lambda: alert.alert_id in standing(case.settings), within_s=120.0)
    first = operator.does(alert, "acknowledge", "--by", "Ines")
    assert (first["alert"]["acknowledged_by"], first["action"]["kind"]) == ("Ines", "acknowledge")
    asked = operator.does(alert, "verify", "A crater?", "--by", "Ines", "--reason", "second_source_needed")
    assert asked["revision"] > first["revision"]
    until(lambda: opened_by_status(case).get("under_verification") == 1.0)
    said = operator.says(alert.alert_id[:-3], "outcome", "refuted", "--by", "Bo", "--reason", "nothing_found")
    assert (said.code, said.out) == (0, "")
    assert f"{alert.alert_id}: Bo recorded the outcome refuted" in said.err
    assert said.err.rstrip().endswith(f"status refuted, revision {asked['revision'] + 1}")
    until(lambda: opened_by_status(case).get("under_verification", 0.0) == 0.0)
    again = operator.says(alert.alert_id, "verify", "--by", "Bo", "--reason", "disputed")
    assert again.code == 2
    assert "verify is refused: its outcome is recorded: refuted, by Bo; reopen it first; from here: " in again.err

    case.send(late)
    until(lambda: Doubt.OUTCOME_CONTRADICTED in [note.doubt for note in now(case, alert).doubts])
    assert now(case, alert).status is Status.REFUTED
    told = [one for one in revisions(case.settings, "transitions") if one.alert.alert_id == alert.alert_id]
    assert [one.revision for one in told] == list(range(1, len(told) + 1))
    assert [(one.change, one.author) for one in told if one.author != "monitor"] == [
        (Change.ACKNOWLEDGED, "Ines"),
        (Change.VERIFICATION_REQUESTED, "Ines"),
        (Change.OUTCOME_RECORDED, "Bo"),
    ]
    assert [one.stop() for one in workers] == [0, 0]


def test_a_lost_state_forgets_no_act_and_what_is_confirmed_opens_a_case(case: Case) -> None:
    alert, operator = of_several(case), Operator(case.settings, case.file)
    case.send(case.reports)
    with case.worker() as worker:
        until(lambda: alert.alert_id in standing(case.settings), within_s=120.0)
        operator.does(alert, "outcome", "confirmed", "--by", "Olga", "--reason", "inspected")
        until(lambda: bool(cases(case)))
        operator.does(cases(case)[0], "acknowledge", "--by", "Olga")
        # Told again, as by one who never heard that it arrived.
        for one in heard(case.settings, "actions"):
            put_again(case.settings, one.key or b"", one.value or b"")
        operator.does(alert, "comment", "Two craters.", "--by", "Olga")
        worker.kill()
        before = standing(case.settings), len(revisions(case.settings, "transitions"))
        shutil.rmtree(worker.state)
        worker.again()
        more = operator.does(alert, "comment", "And a third.", "--by", "Bo")
        assert more["alert"]["status"] == "confirmed"
        assert (standing(case.settings), len(revisions(case.settings, "transitions")) - 1) == before
        assert worker.stop() == 0
    assert heard(case.settings, "rejects") == []


def cases(case: Case) -> list[Alert]:
    """The cases that were opened for what was confirmed."""
    found = [one for one in standing(case.settings).values() if one.provision == "rising"]
    return [one for one in found if one.figures["threshold"] == "confirmed"]


def put_again(settings: Settings, key: bytes, value: bytes) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=list(settings.bootstrap_servers), acks="all")
    producer.send(f"{settings.prefix}actions", value, key).get(timeout=60.0)
    producer.close()


# --- without a worker


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    from tests.stream.talking import clean_cli

    return clean_cli(capfd, monkeypatch, tmp_path)


def test_an_act_that_no_worker_answers_is_sent_all_the_same(
    kafka: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipeline.stream.wire import encode_revision
    from tests.cli.recorded import CLEAR, agreement_file

    settings = settings_for(kafka, partitions=PARTITIONS)
    create(settings)
    agreement = agreement_file(tmp_path / "agreement")
    said = first_said(agreement, CLEAR)
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    producer.send(f"{settings.prefix}alerts", encode_revision(said), said.alert.alert_id.encode()).get(timeout=60.0)
    producer.close()
    monkeypatch.setenv("TRUCELINE_TOPICS_PREFIX", settings.prefix)
    name = said.alert.alert_id
    where = ("--kafka", kafka, "-a", str(agreement))

    told = cli("act", name, "acknowledge", "--by", "Ines", "--wait", "0", *where)
    assert (told.code, told.out) == (0, "")
    assert f"{name}: Ines acknowledged it; sent, and no worker has answered yet" in told.err
    fields = cli("act", name, "comment", "Here.", "--by", "Ines", "--wait", "0", "--json", *where).json()
    assert (fields["revision"], fields["alert"], fields["action"]["text"]) == (None, None, "Here.")
    assert len(heard(settings, "actions")) == 2
    lines = cli("tail", "actions", "--no-follow", "--kafka", kafka).out.splitlines()
    assert sum(f"{name}  Ines acknowledged it" in line for line in lines) == 1
    for arguments, word in (
        ((name, "reopen", "--reason", "disputed"), "for reopen it is one of"),
        ((name, "seal", "--reason", "personal_data"), "cannot be taken out"),
        ((name, "comment", "Here.", "--revision", "2"), "stands at revision 1, not 2"),
        (("al_zz", "comment", "Here."), f"the nearest are {name}"),
        ((name, "attribute", "c", "--basis", "coded", "--confidence", "low"), "its parties are"),
    ):
        told = cli("act", *arguments, "--by", "Bo", *where)
        traceless(told)
        assert told.code == (1 if "--revision" in arguments else 2)
        assert word in told.err
    assert "--handover is of a store" in cli("act", "--handover", *where).err
    assert len(heard(settings, "actions")) == 2


def first_said(agreement: Path, report: Report) -> Any:
    """The first revision of the ceasefire's alert of a report."""
    from pipeline.agreement import load_agreement
    from pipeline.model.records import Revision
    from tests.worlds import DAY

    found = in_memory([load_agreement(agreement)], [[report]]).values()
    alert = next(one for one in found if one.provision == "ceasefire")
    return Revision(alert=alert, revision=1, decided_at=DAY, change=Change.REPORTED, author="monitor")


# --- what the broker has dropped


def test_acts_of_before_what_a_topic_still_has_are_read_from_their_own(kafka: str) -> None:
    from kafka import KafkaAdminClient, TopicPartition

    settings = settings_for(kafka, partitions=PARTITIONS)
    create(settings)
    put(settings, "actions", [b"first"], 0)
    put(settings, "actions", [b"second"], 1)
    put(settings, "tiles", [b"x"] * 3, 0)
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.delete_records({TopicPartition(f"{settings.prefix}tiles", 0): 2})
    # The broker tells times in milliseconds.
    time.sleep(0.05)
    put(settings, "actions", [b"later"], 0)
    with closing(Past(settings, 0)) as past:
        begin, taken_at = past.begin("tiles")
        assert begin == 2
        found = [(one.value, one.kind) for one in past.everywhere("actions", taken_at)]
        assert sorted(found) == [(b"first", "actions"), (b"second", "actions")]
        assert past.begin("findings")[0] == 0
