"""The console over a broker: what workers say is shown, what an operator does reaches them, and nothing is repeated."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from pipeline.agreement import load_agreement
from pipeline.cli.console_words import Words
from pipeline.console import Settings as ConsoleSettings
from pipeline.console import create_app
from pipeline.console.server import Server, listening
from pipeline.model.records import Incident, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Change
from pipeline.store import StoreError, open_store
from pipeline.store.acting import Acting, UnansweredError
from pipeline.stream.errors import SettingsError
from pipeline.stream.mirror_backend import MirrorBackend
from pipeline.stream.mirroring import Mirroring
from pipeline.stream.routing import decode_action
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import admin, create, partitions
from pipeline.stream.wire import decode_revision, encode_revision
from tests.cli.driving import Cli, start
from tests.console.serving import WAIT_S, now
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.brokers import PrivateBroker
from tests.stream.talking import clean_cli, hear, heard, running, settings_for, until
from tests.stream.test_mirror import said_of
from tests.stream.working import AGREEMENT, Case, incidents, made, put, revisions
from tests.worlds import DAY

REPORTS = 400


@contextmanager
def console(settings: Settings, path: Path, agreement: Path) -> Iterator[httpx.Client]:
    """Whoever asks a console over a broker, as `truceline serve --kafka` makes it."""
    words = Words([str(agreement)])
    with ExitStack() as stack:
        mirroring = stack.enter_context(Mirroring(settings, path, lambda _: None))
        mirroring.start()
        backend = stack.enter_context(closing(MirrorBackend(path, settings, lambda: mirroring.trouble, answer_s=60.0)))
        app = create_app(backend, ConsoleSettings(telling=words, clock=now, tick_s=0.05))
        at = stack.enter_context(listening("127.0.0.1", 0))
        server = Server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{at.getsockname()[1]}"
        try:
            with httpx.Client(base_url=url, timeout=WAIT_S, trust_env=False) as asking:
                yield asking
        finally:
            server.should_exit = True
            thread.join(WAIT_S)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    return made(tmp_path_factory.mktemp("scenario"), "escalation", 5, REPORTS)


@pytest.fixture(scope="module")
def case(kafka: str, tmp_path_factory: pytest.TempPathFactory, reports: list[Report]) -> Iterator[Case]:
    """Reports that a worker judges."""
    found = Case(settings_for(kafka), tmp_path_factory.mktemp("case"), reports)
    found.send(reports)
    with found.worker():
        yield found


@pytest.fixture(scope="module")
def path(case: Case) -> Path:
    return case.folder / "mirror.db"


@pytest.fixture(scope="module")
def asking(case: Case, path: Path) -> Iterator[httpx.Client]:
    with console(case.settings, path, case.file) as opened:
        until(lambda: opened.get("/readyz").status_code == 200, within_s=120.0)
        until(lambda: shown(path) == case.wanted, within_s=120.0)
        yield opened


def shown(path: Path) -> bytes:
    with open_store(path) as store:
        return as_bytes({one.alert_id: one for one in store.alerts(possible=True)})


def standing_incidents(path: Path) -> dict[str, Incident]:
    with open_store(path) as store:
        return {one.incident_id: one for one in store.incidents(unresolved=None)}


def history(path: Path) -> list[Revision]:
    with open_store(path) as store:
        return [*store.history()]


@pytest.fixture(scope="module")
def said(reports: list[Report]) -> list[Revision]:
    """First revisions, of alerts that nobody judges."""
    alerts = in_memory([load_agreement(AGREEMENT)], [reports]).values()
    return [Revision(alert=one, revision=1, decided_at=DAY, change=Change.REPORTED, author="monitor") for one in alerts]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    return clean_cli(capfd, monkeypatch, tmp_path)


def alerts(asking: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asking.get("/api/alerts").json()["alerts"]
    return found


def untouched(asking: httpx.Client) -> dict[str, Any]:
    return next(one for one in alerts(asking) if one["status"] == "alleged" and one["acknowledged_by"] is None)


def act(asking: httpx.Client, alert: dict[str, Any], kind: str, **fields: Any) -> httpx.Response:
    said = {"action": kind, "by": "Ines", **fields}
    return asking.post(f"/api/alerts/{alert['alert_id']}/actions", json=said)


# --- what is shown


def test_a_mirror_shows_what_a_run_of_the_same_reports_does(
    asking: httpx.Client, case: Case, path: Path, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "reports.ndjson").write_bytes(b"\n".join(map(msgspec.json.encode, case.reports)) + b"\n")
    assert cli("run", "-a", case.file, tmp_path / "reports.ndjson", "--store", tmp_path / "run.db").code == 0
    for name, store in (("run", tmp_path / "run.db"), ("mirror", path)):
        assert cli("alerts", "export", "--possible", "--store", store, "-o", tmp_path / f"{name}.ndjson").code == 0
    assert (tmp_path / "mirror.ndjson").read_bytes() == (tmp_path / "run.ndjson").read_bytes()
    # The alerts are there before all incidents are.
    until(lambda: standing_incidents(path) == incidents(case.settings))
    with open_store(path) as opened:
        assert opened.figures()["reports"] == len({one.report_id for one in case.reports})
    until(lambda: said_of(history(path)) == said_of(revisions(case.settings, "transitions")))
    detail = asking.get(f"/api/alerts/{alerts(asking)[0]['alert_id']}").json()
    assert [one["report_id"] for one in detail["reports"]] == list(detail["alert"]["report_ids"])
    assert [one["name"] for one in asking.get("/api/agreements").json()] == [case.agreement.name]


# --- what operators do


def test_an_act_reaches_the_workers_and_comes_back(asking: httpx.Client, case: Case, path: Path) -> None:
    alert = untouched(asking)
    told = act(asking, alert, "acknowledge", revision=alert["revision"])
    assert (told.status_code, told.json()["alert"]["acknowledged_by"]) == (200, "Ines")
    last = history(path)[-1]
    assert (last.alert.alert_id, last.change, last.author) == (alert["alert_id"], Change.ACKNOWLEDGED, "Ines")
    until(lambda: said_of(history(path)) == said_of(revisions(case.settings, "transitions")))
    (done,) = asking.get(f"/api/alerts/{alert['alert_id']}").json()["acts"]
    assert (done["kind"], done["by"], done["done"]) == ("acknowledge", "Ines", True)

    late = act(asking, alert, "comment", text="Here.", revision=alert["revision"])
    assert (late.status_code, late.json()["type"]) == (409, "urn:truceline:problem:moved_on")
    assert late.json()["present"]["acknowledged_by"] == "Ines"
    again = act(asking, alert, "acknowledge")
    assert (again.status_code, again.json()["detail"]) == (409, "Ines has acknowledged it already")
    sealed = act(asking, alert, "seal", reason="personal_data", report_ids=alert["report_ids"])
    assert sealed.status_code == 409
    assert "cannot be taken out of the broker's topics" in sealed.json()["detail"]


def test_of_two_at_once_one_is_told_why_not(asking: httpx.Client) -> None:
    alert, answers = untouched(asking), list[httpx.Response]()

    def ask() -> None:
        answers.append(act(asking, alert, "verify", reason="second_source_needed"))

    both = [threading.Thread(target=ask) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one.status_code for one in answers) == [200, 409]
    (refused,) = (one for one in answers if one.status_code == 409)
    assert refused.json()["detail"] == "it is under verification already, by Ines"


def test_one_that_is_made_anew_shows_the_same(asking: httpx.Client, case: Case, path: Path, tmp_path: Path) -> None:
    assert act(asking, alerts(asking)[0], "comment", text="Seen from the ridge.").status_code == 200
    until(lambda: said_of(history(path)) == said_of(revisions(case.settings, "transitions")))
    with Mirroring(case.settings, tmp_path / "anew.db", lambda _: None) as mirroring:
        mirroring.run(once=True)
    assert shown(tmp_path / "anew.db") == shown(path)
    assert said_of(history(tmp_path / "anew.db")) == said_of(history(path))
    acted = {one.alert.alert_id: one.alert for one in history(path) if one.author != "monitor"}
    assert acted
    for alert in acted.values():
        with open_store(path) as one, open_store(tmp_path / "anew.db") as other:
            assert Acting(one).look(alert) == Acting(other).look(alert)


def test_an_act_that_nobody_answers_is_sent_and_said_to_be(kafka: str, said: list[Revision], tmp_path: Path) -> None:
    settings, path = settings_for(kafka), tmp_path / "mirror.db"
    create(settings)
    put(settings, "transitions", [encode_revision(said[0])], 0)
    with Mirroring(settings, path, lambda _: None) as mirroring:
        mirroring.run(once=True)
    with closing(MirrorBackend(path, settings, answer_s=0.0)) as backend:
        with pytest.raises(UnansweredError, match="it was sent and is kept, but no worker has answered"):
            backend.act(said[0].alert, ActionKind.ACKNOWLEDGE, "Ines")
        (sent,) = heard(settings, "actions")
        assert decode_action(sent.value or b"").by == "Ines"


# --- what goes wrong


def test_one_that_is_killed_repeats_and_loses_nothing(
    kafka: str, said: list[Revision], cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, path = settings_for(kafka), tmp_path / "mirror.db"
    create(settings)
    many = [
        encode_revision(replace(one, alert=replace(one.alert, alert_id=f"{one.alert.alert_id}{again:03}")))
        for again in range(400)
        for one in said
    ]
    put(settings, "transitions", many[:1_000], 0)
    where = ("--store", path, "--kafka", kafka)
    environment = ("TRUCELINE_TOPICS_PREFIX", settings.prefix)
    with start("kafka", "mirror", *where, env=dict([environment]), stderr=subprocess.DEVNULL) as process:
        until(lambda: path.exists() and bool(entries(path)))
        put(settings, "transitions", many[1_000:], 0)
        process.kill()
    monkeypatch.setenv(*environment)
    told = cli("kafka", "mirror", *where, "--once")
    assert (told.code, told.out) == (0, "")
    assert f"{path}: mirrors {kafka}" in told.err
    assert said_of(history(path)) == said_of([decode_revision(one) for one in many])
    assert cli("kafka", "mirror", *where, "--once").code == 0
    assert entries(path) == len(many)


def test_a_topic_that_is_made_anew_is_not_mixed_into_what_was_read(
    kafka: str, said: list[Revision], tmp_path: Path
) -> None:
    settings, path, told = settings_for(kafka, partitions=1), tmp_path / "mirror.db", list[str]()
    create(settings)
    put(settings, "transitions", [encode_revision(said[0])])
    with Mirroring(settings, path, told.append) as mirroring:
        mirroring.start()
        until(lambda: mirroring.trouble is None and entries(path) == 1)
        with admin(settings) as client:
            client.delete_topics([settings.prefix + "transitions"])
        until(lambda: not partitions(settings, "transitions"))
        create(settings)
        put(settings, "transitions", [encode_revision(one) for one in said[1:4]])
        until(lambda: "`transitions` was made anew" in "".join(told))
        assert mirroring.trouble is not None
    before = history(path)
    put(settings, "transitions", [encode_revision(said[4])])
    with Mirroring(settings, path, told.append) as mirroring, pytest.raises(SettingsError, match="made anew"):
        mirroring.run(once=True)
    assert history(path) == before


def test_while_the_broker_is_away_it_shows_what_it_has_and_says_since_when(
    own_broker: Callable[..., PrivateBroker], said: list[Revision], tmp_path: Path
) -> None:
    broker, path = own_broker(), tmp_path / "mirror.db"
    settings = settings_for(broker.bootstrap, partitions=1)
    create(settings)
    put(settings, "transitions", [encode_revision(said[0])])
    where = ("--store", path, "--kafka", broker.bootstrap, "--port", "0")
    with running("serve", *where, env={"TRUCELINE_TOPICS_PREFIX": settings.prefix}) as process:
        url = hear(process.stderr, b"http://").decode().split(" ")[1]
        with httpx.Client(base_url=url, timeout=WAIT_S, trust_env=False) as asking:
            until(lambda: asking.get("/readyz").status_code == 200)
            # A broker that hangs costs no start of another one, and more patience than one that is gone.
            os.kill(broker.process_id, signal.SIGSTOP)
            until(lambda: asking.get("/readyz").status_code == 503)
            assert "the broker has not answered since 2" in asking.get("/readyz").json()["detail"]
            (alert,) = asking.get("/api/alerts", params={"standing": "all"}).json()["alerts"]
            assert alert["alert_id"] == said[0].alert.alert_id
            unsent = act(asking, alert, "acknowledge")
            assert (unsent.status_code, unsent.json()["type"]) == (503, "urn:truceline:problem:unsent")
            os.kill(broker.process_id, signal.SIGCONT)
            put(settings, "transitions", [encode_revision(said[1])])
            until(lambda: asking.get("/readyz").status_code == 200)
            until(lambda: entries(path) == 2)
        process.terminate()
        assert process.wait(timeout=WAIT_S) == 0
        assert process.stderr is not None
        assert b"waiting for the broker" in (told := process.stderr.read())
        assert b"the broker answers again" in told


def entries(path: Path) -> int:
    try:
        return len(history(path))
    except StoreError:
        return 0
