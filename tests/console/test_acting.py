"""What operators do over HTTP: recorded once, refused with what can be done instead, and never over somebody's head."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.store import open_store
from tests.console.serving import Served, client
from tests.console.test_alerts import every


@pytest.fixture
def alert(asking: httpx.Client) -> str:
    name: str = every(asking, provision="ceasefire")[0]["alert_id"]
    return name


def act(asking: httpx.Client, alert: str, headers: dict[str, str] | None = None, **wish: Any) -> httpx.Response:
    return asking.post(f"/api/alerts/{alert}/actions", json={"by": "Ines", **wish}, headers=headers)


def test_an_alert_goes_from_alarm_to_outcome(asking: httpx.Client, alert: str) -> None:
    steps: list[dict[str, Any]] = [
        {"action": "acknowledge"},
        {"action": "verify", "reason": "second_source_needed", "text": "Are there craters?"},
        {"action": "assign", "assignee": "Team 2"},
        {"action": "outcome", "outcome": "confirmed", "reason": "inspected"},
    ]
    for number, step in enumerate(steps):
        answer = act(asking, alert, **step, revision=number + 1)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["alert"]["revision"], told["act"]["by"], told["act"]["done"]) == (number + 2, "Ines", True)
    assert told["alert"]["status"] == "confirmed"
    # What was done is in the list as soon as the act is answered.
    (shown,) = every(asking, status="confirmed")
    assert (shown["alert_id"], shown["assignee"], shown["revision"]) == (alert, "Team 2", 5)
    detail = asking.get(f"/api/alerts/{alert}").json()
    assert [one["kind"] for one in detail["acts"]] == [step["action"] for step in steps]
    assert "reopen" in detail["allowed"]


def test_of_two_who_act_on_one_revision_the_second_is_shown_what_came_between(asking: httpx.Client, alert: str) -> None:
    assert act(asking, alert, {"If-Match": '"1"'}, action="acknowledge").status_code == 200
    late = act(asking, alert, {"If-Match": '"1"'}, action="comment", text="The same place as on Monday.", by="Bo")
    assert (late.status_code, late.headers["content-type"]) == (409, "application/problem+json")
    told = late.json()
    assert (told["type"], told["present"]["revision"]) == ("urn:truceline:problem:moved_on", 2)
    assert told["present"]["acknowledged_by"] == "Ines"
    assert len(asking.get(f"/api/alerts/{alert}").json()["acts"]) == 1


def test_of_many_at_once_just_one_is_heard(console: Served, asking: httpx.Client, alert: str) -> None:
    def try_it(number: int) -> int:
        with client(console) as one:
            return act(one, alert, action="comment", text="Seen.", by=f"op-{number}", revision=1).status_code

    with ThreadPoolExecutor(6) as some:
        assert sorted(some.map(try_it, range(6))) == [200, 409, 409, 409, 409, 409]


def test_what_cannot_be_done_from_here_is_refused_with_what_can(asking: httpx.Client, alert: str) -> None:
    refused = act(asking, alert, action="reopen", reason="new_evidence")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:truceline:problem:refused")
    assert {"acknowledge", "verify"} <= set(refused.json()["allowed"])


@pytest.mark.parametrize(
    "wish",
    [
        {"action": "verify"},
        {"action": "acknowledge", "by": " "},
        {"action": "acknowledge", "by": "x" * 201},
        {"action": "acknowledge", "party": "a"},
        {"action": "comment"},
        {"action": "comment", "text": "x" * 4_001},
        {"action": "outcome", "outcome": "alleged", "reason": "inspected"},
        {"action": "outcome", "outcome": "confirmed", "reason": "nothing_found"},
        {"action": "respond", "party": "nobody", "response": "deny"},
        {"action": "acknowledge", "revision": 2, "if-match": "1"},
        {"action": "acknowledge", "if-match": "abc"},
        {"action": "seal", "reason": "witness_protection", "report_ids": ["test:none"]},
    ],
)
def test_what_is_badly_said_is_not_done(asking: httpx.Client, alert: str, wish: dict[str, Any]) -> None:
    header = wish.get("if-match")
    said = {name: value for name, value in wish.items() if name != "if-match"}
    answer = act(asking, alert, None if header is None else {"If-Match": header}, **said)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert asking.get(f"/api/alerts/{alert}").json()["acts"] == []


def test_what_is_no_action_at_all_is_not_done(asking: httpx.Client, alert: str) -> None:
    path = f"/api/alerts/{alert}/actions"
    assert act(asking, alert, action="destroy").status_code == 400
    assert act(asking, alert, action="acknowledge", colour="red").status_code == 400
    assert asking.post(path, content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert asking.post(path, data={"action": "acknowledge", "by": "Ines"}).status_code == 415
    assert (
        asking.post(
            path, json={"action": "acknowledge", "by": "Ines"}, headers={"Origin": "http://evil.example"}
        ).status_code
        == 403
    )
    assert act(asking, "al_none", action="acknowledge").status_code == 404


def test_beside_a_run_an_act_is_done_and_sealing_waits_until_it_has_ended(
    asking: httpx.Client, alert: str, path: Path
) -> None:
    sealing: dict[str, Any] = {"action": "seal", "reason": "witness_protection", "report_ids": _reports(asking, alert)}
    with closing(open_store(path, write=True)):
        assert act(asking, alert, action="acknowledge").status_code == 200
        busy = act(asking, alert, **sealing)
    assert (busy.status_code, busy.json()["type"]) == (503, "urn:truceline:problem:store_busy")
    assert busy.headers["retry-after"]
    assert act(asking, alert, **sealing).status_code == 200


def test_a_sealed_report_has_no_words_any_more(asking: httpx.Client, alert: str) -> None:
    done = act(asking, alert, action="seal", reason="witness_protection", report_ids=_reports(asking, alert))
    assert done.status_code == 200, done.text
    (told,) = asking.get(f"/api/alerts/{alert}").json()["reports"]
    assert [told.get(name) for name in ("text", "url", "origin")] == [None, None, None]


def _reports(asking: httpx.Client, alert: str) -> list[str]:
    found: list[str] = asking.get(f"/api/alerts/{alert}").json()["alert"]["report_ids"]
    return found
