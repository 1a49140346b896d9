"""Silences are a real Alertmanager's: what is made here holds back there, and what is made there is shown here."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.console.access import open_access
from pipeline.console.access.trail import Trail
from pipeline.console.silencing import LONGEST, Silencing
from pipeline.model.records import Alert
from pipeline.notify.alertmanager import Alertmanager, Matcher, Pushed
from pipeline.notify.labels import labels
from pipeline.store import open_store
from tests.console.conftest import Record, some_reports
from tests.console.serving import client, now, served
from tests.console.users import access, logged_in
from tests.deploy.monitoring import Server, alertmanager, free_port, pager, until

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pager() as told, alertmanager(tmp_path_factory.mktemp("manager"), told.port) as server:
        yield server


@pytest.fixture
def alerts(path: Path, record: Record, manager: Server) -> list[Alert]:
    """Alerts of a store, which the Alertmanager was told of."""
    record(*some_reports(6))
    with open_store(path) as store:
        found = list(store.alerts())
    at = now()

    async def push() -> None:
        async with Alertmanager(url_of(manager)) as to:
            pushed = [Pushed(labels=labels(one), annotations={}, starts_at=at, ends_at=at + HOUR) for one in found]
            await to.push(pushed)

    asyncio.run(push())
    return found


@pytest.fixture
def asking(path: Path, agreement: Path, alerts: list[Alert], manager: Server) -> Iterator[httpx.Client]:
    silencing = Silencing(Alertmanager(url_of(manager)), now)
    with served(path, agreement, silencing=silencing) as at, client(at) as opened:
        yield opened


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def wish(alert: Alert, **changed: Any) -> dict[str, Any]:
    matchers = [{"name": "alert_id", "value": alert.alert_id}]
    said = {"matchers": matchers, "by": "Ines", "comment": "Known works.", "ends_at": (now() + HOUR).isoformat()}
    return {**said, **changed}


def shown(asking: httpx.Client, silence_id: str) -> Any:
    told = asking.get("/api/silences").json()
    assert (told["configured"], told["trouble"]) == (True, None)
    return next((one for one in told["silences"] if one["id"] == silence_id), None)


@pytest.mark.needs("alertmanager")
def test_a_silence_is_made_holds_back_and_is_ended(asking: httpx.Client, alerts: list[Alert], manager: Server) -> None:
    answer = asking.post("/api/silences", json=wish(alerts[0]))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert [(one["name"], one["value"]) for one in made["matchers"]] == [
        ("alertname", "TrucelineViolation"),
        ("alert_id", alerts[0].alert_id),
    ]
    assert (made["state"], made["created_by"], made["comment"]) == ("active", "Ines", "Known works.")
    until("it holds one back", lambda: shown(asking, made["id"])["alert_ids"] == [alerts[0].alert_id])
    (theirs,) = [one for one in manager.ask("/api/v2/silences") if one["id"] == made["id"]]
    assert datetime.fromisoformat(theirs["endsAt"]) == datetime.fromisoformat(made["ends_at"])
    # Nothing is hidden here.
    assert alerts[0].alert_id in {one["alert_id"] for one in asking.get("/api/alerts").json()["alerts"]}
    assert asking.delete(f"/api/silences/{made['id']}").status_code == 204
    assert shown(asking, made["id"])["state"] == "expired"
    until("it holds nothing back", lambda: shown(asking, made["id"])["holds"] == 0)
    for unknown in ("nothing", "00000000-0000-0000-0000-000000000000"):
        assert asking.delete(f"/api/silences/{unknown}").status_code == 404


@pytest.mark.needs("alertmanager")
def test_what_others_made_is_shown_where_it_concerns_alerts(
    asking: httpx.Client, alerts: list[Alert], manager: Server
) -> None:
    async def made(*matchers: Matcher) -> str:
        async with Alertmanager(url_of(manager)) as to:
            return (await to.silence(matchers, "Night watch", "Maintenance.", now(), now() + HOUR)).id

    ours = asyncio.run(made(Matcher(name="provision", value=alerts[0].provision)))
    broad = asyncio.run(made(Matcher(name="severity", value="(?:grave|serious|minor)", is_regex=True)))
    other = asyncio.run(made(Matcher(name="alertname", value="TrucelineFeedSilent")))
    alike = sorted(one.alert_id for one in alerts if one.provision == alerts[0].provision)
    until("it holds them back", lambda: (one := shown(asking, ours)) and one["alert_ids"] == alike)
    until("one by severity is shown, too", lambda: (one := shown(asking, broad)) and one["holds"] == len(alerts))
    assert shown(asking, other) is None
    assert asking.delete(f"/api/silences/{other}").status_code == 404
    assert [one["status"]["state"] for one in manager.ask("/api/v2/silences") if one["id"] == other] == ["active"]
    for one in (ours, broad):
        assert asking.delete(f"/api/silences/{one}").status_code == 204


BADLY_SAID: Sequence[tuple[dict[str, Any], str]] = (
    ({"by": " "}, "by"),
    ({"comment": " "}, "comment"),
    ({"comment": "x" * 1_001}, "comment"),
    ({"ends_at": (now() - HOUR).isoformat()}, "ends_at"),
    ({"ends_at": (now() + LONGEST + HOUR).isoformat()}, "ends_at"),
    ({"matchers": []}, "matchers"),
    ({"matchers": [{"name": "alertname", "value": "TrucelineViolation"}]}, "matchers"),
    ({"matchers": [{"name": "severity", "value": "grave"}, {"name": "alertname", "value": "Other"}]}, "matchers"),
    ({"matchers": [{"name": "severity", "value": ""}]}, "matchers"),
    ({"matchers": [{"name": "severity", "value": ".*", "is_regex": True}]}, "matchers"),
    ({"matchers": [{"name": "colour", "value": "red"}]}, "matchers"),
)


@pytest.mark.needs("alertmanager")
def test_what_is_badly_said_or_would_hold_back_everything_is_not_made(
    asking: httpx.Client, alerts: list[Alert]
) -> None:
    before = asking.get("/api/silences").json()["silences"]
    for changed, key in BADLY_SAID:
        answer = asking.post("/api/silences", json=wish(alerts[0], **changed))
        assert (answer.status_code, [one["key"] for one in answer.json()["errors"]]) == (422, [key]), changed
    assert len(asking.get("/api/silences").json()["silences"]) == len(before)


@pytest.mark.needs("alertmanager")
def test_the_trail_says_what_a_silence_matched(
    tmp_path: Path, path: Path, agreement: Path, alerts: list[Alert], manager: Server
) -> None:
    silencing, guards = Silencing(Alertmanager(url_of(manager)), now), access(tmp_path / "users.db")
    with served(path, agreement, silencing=silencing, access=guards) as at, logged_in(at, "otto") as asking:
        made = asking.post("/api/silences", json=wish(alerts[0], by="otto")).json()["id"]
        assert asking.delete(f"/api/silences/{made}").status_code == 204
    with open_access(tmp_path / "users.db") as file:
        kept = [(one.what, one.about) for one in Trail(file, now).all() if one.outcome == "done" and one.user]
    said = f"{made} alert_id={alerts[0].alert_id}"
    assert kept == [("silence", said), ("end_silence", said)]


def test_without_an_alertmanager_there_are_none_and_one_that_is_away_is_told_of(path: Path, agreement: Path) -> None:
    with served(path, agreement) as at, client(at) as asking:
        assert asking.get("/api/silences").json() == {"configured": False, "trouble": None, "silences": []}
        refused = asking.delete("/api/silences/none")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:truceline:problem:no_alertmanager")
    away = Silencing(Alertmanager(f"http://127.0.0.1:{free_port()}"), now)
    with served(path, agreement, silencing=away) as at, client(at) as asking:
        told = asking.get("/api/silences").json()
        assert (told["configured"], told["silences"]) == (True, [])
        assert "cannot be reached" in told["trouble"]
        matchers = [{"name": "severity", "value": "grave"}]
        said = {"matchers": matchers, "by": "Ines", "comment": "Why.", "ends_at": (now() + HOUR).isoformat()}
        assert asking.post("/api/silences", json=said).status_code == 503
