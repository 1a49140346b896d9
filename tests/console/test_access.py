"""Sessions, tokens and limits: who is let in, for how long, and that nobody comes in another way."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from pipeline.agreement import load_agreement
from pipeline.console.access import Role
from pipeline.console.access.attempts import BY_ADDRESS, BY_NAME
from pipeline.console.access.limits import Limit
from pipeline.console.access.users import Users
from pipeline.store import Recorder, open_store
from tests.console.conftest import some_reports
from tests.console.serving import Event, Served, client, events, now, served
from tests.console.users import PASSWORD, access, logged_in, login, users
from tests.monitor.remembering import AREAS

URN = "urn:truceline:problem:"
GROUP = 5
"""So many acts at once a user of these tests may do."""


class Clock:
    """A clock that stands until it is put forward: how long a test takes changes nothing."""

    def __init__(self) -> None:
        self._now = now()

    def __call__(self) -> datetime:
        return self._now

    def forward(self, **by: float) -> None:
        self._now += timedelta(**by)


class Guarded(NamedTuple):
    """A console with users."""

    served: Served
    file: Path
    clock: Clock
    alerts: list[str]


@pytest.fixture(scope="module")
def module_guarded(tmp_path_factory: pytest.TempPathFactory, agreement: Path) -> Iterator[Guarded]:
    folder, clock = tmp_path_factory.mktemp("guarded"), Clock()
    with open_store(folder / "t.db", write=True) as store:
        done = Recorder(store, [load_agreement(agreement)], AREAS, clock=now).record(some_reports(12))
    alerts = list(dict.fromkeys(said.alert.alert_id for said in done.revisions))
    guards = access(folder / "users.db", clock, acts=Limit(GROUP, 10.0))
    with served(folder / "t.db", agreement, access=guards) as at:
        yield Guarded(at, folder / "users.db", clock, alerts)


@pytest.fixture
def guarded(module_guarded: Guarded) -> Guarded:
    """The console, an hour after whatever was done with it before: nobody is logged in, and no limit is felt."""
    module_guarded.clock.forward(hours=2)
    return module_guarded


@pytest.fixture
def asking(guarded: Guarded) -> Iterator[httpx.Client]:
    with client(guarded.served) as opened:
        yield opened


def comment(asking: httpx.Client, alert: str, **about: str) -> httpx.Response:
    return asking.post(f"/api/alerts/{alert}/actions", json={"action": "comment", "text": "Seen."}, **about)  # type: ignore[arg-type]


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix(URN)


def made(known: Users, name: str, role: Role = Role.OPERATOR) -> str:
    return known.add(name, role, PASSWORD)


def test_a_session_is_for_this_server_and_out_of_reach_of_scripts_and_other_sites(asking: httpx.Client) -> None:
    answer = login(asking, "otto")
    name, *about = answer.headers["set-cookie"].split("; ")
    assert name.startswith("truceline=")
    assert sorted(about) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert answer.headers["cache-control"] == "no-store"
    assert asking.get("/api/session").json() == answer.json()


def test_a_session_that_somebody_else_chose_is_not_begun(guarded: Guarded, asking: httpx.Client) -> None:
    asking.cookies.set("truceline", "chosen-by-somebody-else")
    secret = login(asking, "otto").headers["set-cookie"].split(";")[0].removeprefix("truceline=")
    assert secret != "chosen-by-somebody-else"
    with client(guarded.served) as other:
        other.cookies.set("truceline", "chosen-by-somebody-else")
        assert problem(other.get("/api/alerts")) == (401, "not_logged_in")


def test_to_log_in_again_ends_the_session_before(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    with client(guarded.served) as thief:
        thief.cookies.update(asking.cookies)
        assert thief.get("/api/alerts").status_code == 200
        login(asking, "susan")
        assert problem(thief.get("/api/alerts")) == (401, "not_logged_in")
    assert asking.get("/api/session").json()["user"] == {"name": "susan", "role": "supervisor"}


@pytest.mark.parametrize("sent", [None, "", "wrong", "é", "another's"])
def test_a_page_of_another_site_changes_nothing_with_a_cookie_that_it_was_lent(
    guarded: Guarded, asking: httpx.Client, sent: str | None
) -> None:
    (alert, *_) = guarded.alerts
    login(asking, "otto")
    own = asking.headers.pop("X-CSRF-Token")
    before = len(asking.get(f"/api/alerts/{alert}").json()["acts"])
    with logged_in(guarded.served, "susan") as other:
        header = other.headers["X-CSRF-Token"] if sent == "another's" else sent
    told = {} if header is None else {b"x-csrf-token": header.encode()}
    for method, path in (("POST", f"/api/alerts/{alert}/actions"), ("DELETE", "/api/session")):
        answer = asking.request(method, path, json={"action": "comment", "text": "Hm."}, headers=told)
        assert problem(answer) == (403, "csrf")
    assert len(asking.get(f"/api/alerts/{alert}").json()["acts"]) == before
    assert comment(asking, alert, headers={"X-CSRF-Token": own}).status_code == 200  # type: ignore[arg-type]


def test_whoever_acts_is_the_author_and_nobody_else(guarded: Guarded, asking: httpx.Client) -> None:
    path = f"/api/alerts/{guarded.alerts[0]}/actions"
    login(asking, "OTTO")
    for by in ("susan", "Otto", "otto "):
        answer = asking.post(path, json={"action": "comment", "text": "Seen.", "by": by})
        assert (problem(answer), answer.json()["errors"][0]["key"]) == ((422, "unsaid"), "by")
    said = asking.post(path, json={"action": "comment", "text": "Seen.", "by": "otto"}).json()
    assert said["act"]["by"] == comment(asking, guarded.alerts[0]).json()["act"]["by"] == "otto"


def test_a_session_ends_when_it_is_idle_and_when_it_is_old(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    for _ in range(13):
        guarded.clock.forward(minutes=55)
        assert asking.get("/api/sources").status_code == 200
    guarded.clock.forward(minutes=6)
    assert problem(asking.get("/api/sources")) == (401, "not_logged_in")
    login(asking, "otto")
    guarded.clock.forward(minutes=61)
    assert problem(asking.get("/api/sources")) == (401, "not_logged_in")


def test_a_logout_ends_the_session_and_not_only_its_cookie(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    kept = dict(asking.cookies)
    answer = asking.delete("/api/session")
    assert (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"]) == (204, True)
    assert not asking.cookies
    asking.cookies.update(kept)
    assert problem(asking.get("/api/sources")) == (401, "not_logged_in")
    assert asking.delete("/api/session").status_code == 204


@pytest.mark.parametrize("what", ["disable", "remove", "set_password", "set_role"])
def test_what_is_taken_from_a_user_is_taken_at_once(guarded: Guarded, asking: httpx.Client, what: str) -> None:
    with users(guarded.file, guarded.clock) as known:
        name = made(known, f"who has {what}")
        token = known.make_token(name, "", timedelta(days=1))
    login(asking, name)
    with client(guarded.served) as program:
        program.headers["Authorization"] = f"Bearer {token}"
        with asking.stream("GET", "/api/events") as by_session, program.stream("GET", "/api/events") as by_token:
            told = [events(one.iter_lines()) for one in (by_session, by_token)]
            assert [next(one)[0] for one in told] == ["position", "position"]
            with users(guarded.file, guarded.clock) as known:
                change = {"set_password": (f"{PASSWORD}!",), "set_role": (Role.VIEWER,)}.get(what, ())
                getattr(known, what)(name, *change)
            # The streams end by themselves, and in order.
            assert [_rest(one) for one in told] == [[], []]
        for one in (asking, program):
            assert problem(one.get("/api/alerts")) == (401, "not_logged_in")


def _rest(told: Iterator[Event]) -> list[Event]:
    return [event for event in told if event[0] != "alive"]


def test_who_logs_out_listens_no_more(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    with client(guarded.served) as listener:
        listener.cookies.update(asking.cookies)
        with listener.stream("GET", "/api/events") as answer:
            told = events(answer.iter_lines())
            next(told)
            asking.delete("/api/session")
            assert _rest(told) == []


def test_of_a_wrong_name_and_a_wrong_password_nobody_learns_which_it_was(guarded: Guarded) -> None:
    with users(guarded.file, guarded.clock) as known:
        known.disable(made(known, "gone"))
    with client(guarded.served) as asking:
        answers = [
            login(asking, name, password)
            for name, password in (("otto", "x" * 12), ("nobody", "x" * 12), ("gone", PASSWORD), ("", ""))
        ]
    same = set()
    for one in answers:
        assert problem(one) == (401, "wrong_credentials")
        same.add((one.content, *((name, value) for name, value in one.headers.multi_items() if name != "date")))
    assert len(same) == 1
    assert "set-cookie" not in answers[0].headers


def test_wrong_passwords_for_a_name_are_limited_and_right_ones_do_not_count(
    guarded: Guarded, asking: httpx.Client
) -> None:
    for _ in range(BY_NAME.at_once + 5):
        assert login(asking, "otto").status_code == 200
    for _ in range(BY_NAME.at_once):
        assert problem(login(asking, "otto", "wrong")) == (401, "wrong_credentials")
    answer = login(asking, "Otto")
    assert problem(answer) == (429, "too_many")
    assert 1 <= int(answer.headers["retry-after"]) <= BY_NAME.each_s
    assert login(asking, "susan").status_code == 200
    guarded.clock.forward(seconds=BY_NAME.each_s)
    assert login(asking, "otto").status_code == 200


def test_wrong_passwords_from_an_address_are_limited(guarded: Guarded, asking: httpx.Client) -> None:
    for number in range(BY_ADDRESS.at_once):
        assert problem(login(asking, f"name {number}", "wrong")) == (401, "wrong_credentials")
    assert problem(login(asking, "otto")) == (429, "too_many")
    guarded.clock.forward(seconds=BY_ADDRESS.each_s)
    assert login(asking, "otto").status_code == 200


def test_acts_are_limited_for_each_user_by_himself(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    for _ in range(GROUP):
        assert comment(asking, guarded.alerts[0]).status_code == 200
    answer = comment(asking, guarded.alerts[0])
    assert (problem(answer), answer.headers["retry-after"]) == ((429, "too_many"), "10")
    assert asking.get("/api/alerts").status_code == 200
    with logged_in(guarded.served, "susan") as other:
        assert comment(other, guarded.alerts[0]).status_code == 200
    guarded.clock.forward(seconds=10)
    assert comment(asking, guarded.alerts[0]).status_code == 200


def test_a_token_is_its_user_s_until_it_ends(guarded: Guarded) -> None:
    with users(guarded.file, guarded.clock) as known:
        token = known.make_token("otto", "QGIS", timedelta(days=1))
        revoked = known.make_token("otto", "lost", timedelta(days=1))
        known.revoke(known.tokens()[-1].number)
    with client(guarded.served) as asking:

        def status(value: str) -> int:
            headers = {b"Authorization": value.encode()}
            return asking.get("/ogc/collections/alerts/items", headers=headers).status_code

        def basic(name: str, secret: str) -> str:
            request = next(httpx.BasicAuth(name, secret).auth_flow(httpx.Request("GET", "http://x")))
            return str(request.headers["Authorization"])

        for right in (f"Bearer {token}", f"bearer {token}", basic("otto", token), basic("OTTO", token)):
            assert status(right) == 200
        wrong = ("Bearer", f"Bearer {token}x", f"Token {token}", "Basic x", "Basic ÿ", f"Bearer {revoked}")
        for one in (*wrong, basic("susan", token), basic("otto", PASSWORD), basic("", token), token):
            assert status(one) == 401, one
        acted = asking.post(
            f"/api/alerts/{guarded.alerts[0]}/actions",
            json={"action": "comment", "text": "By a program."},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert acted.json()["act"]["by"] == "otto"
        guarded.clock.forward(days=1)
        assert status(f"Bearer {token}") == 401


def test_a_token_that_is_not_valid_is_not_made_good_by_a_cookie(guarded: Guarded, asking: httpx.Client) -> None:
    login(asking, "otto")
    assert asking.get("/api/alerts").status_code == 200
    assert problem(asking.get("/api/alerts", headers={"Authorization": "Bearer no"})) == (401, "not_logged_in")


def test_a_program_for_maps_is_asked_for_a_name_and_no_browser_at_the_page_is(asking: httpx.Client) -> None:
    assert asking.get("/ogc").headers["www-authenticate"].startswith("Basic ")
    assert asking.get("/api/alerts").headers["www-authenticate"].startswith("Bearer ")


def test_the_page_and_the_health_are_everybody_s_and_say_nothing(asking: httpx.Client) -> None:
    for path in ("/", "/page/main.js", "/page/terms.json", "/healthz", "/readyz"):
        assert asking.get(path).status_code == 200
    for path in ("/metrics", "/openapi.json", "/api/alerts", "/cap/feed.atom"):
        assert problem(asking.get(path)) == (401, "not_logged_in")


@pytest.mark.parametrize("name", ["", "\x00", "x\r\ny", "\u202eotto", "' OR 1=1 --", "<b>", "o" * 200, "\U0010ffff"])
def test_hostile_names_are_nobody_s(asking: httpx.Client, name: str) -> None:
    assert problem(login(asking, name)) == (401, "wrong_credentials")


def test_what_is_too_large_is_not_read(asking: httpx.Client) -> None:
    assert login(asking, "o" * 201).status_code == 400
    assert login(asking, "otto", "x" * 1_025).status_code == 400
    assert login(asking, "otto", "x" * (8 << 10)).status_code == 413
    for body in (
        "{",
        "[]",
        "{}",
        '{"name": 1, "password": "x"}',
        '{"name": "otto", "password": "x", "role": "viewer"}',
    ):
        answer = asking.post("/api/session", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, body


def test_a_login_by_another_site_s_page_is_refused(asking: httpx.Client) -> None:
    body = {"name": "otto", "password": PASSWORD}
    answer = asking.post("/api/session", json=body, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, asking.post("/api/session", data=body).status_code) == (403, 415)


def test_without_users_there_is_nobody_to_log_in(path: Path, agreement: Path) -> None:
    with open_store(path, write=True):
        pass
    with served(path, agreement) as at, client(at) as asking:
        told = asking.get("/api/session").json()
        assert (told["access"], told["user"], told["csrf"], told["audit"]) == ("open", None, None, False)
        assert set(told["may"]) >= {"acknowledge", "seal"}
        assert problem(login(asking, "otto")) == (404, "not_found")
        assert problem(asking.get("/api/audit")) == (404, "not_found")
