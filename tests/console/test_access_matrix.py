"""Who may do what: every path and every act, by session and by token, against a table that is written out here."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from pipeline.agreement import load_agreement
from pipeline.cli.console_words import Words
from pipeline.console import Settings, StoreBackend, create_app
from pipeline.console.access.permissions import rule_of
from pipeline.model.taxonomy import ActionKind
from pipeline.store import Recorder, open_store
from tests.console.conftest import some_reports
from tests.console.serving import Served, client, now, served
from tests.console.users import access, logged_in, users
from tests.monitor.remembering import AREAS

ANYBODY, VIEWER, OPERATOR, SUPERVISOR, NOBODY = range(5)

TABLE = {
    "GET /": ANYBODY,
    "GET /page/{name}": ANYBODY,
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /api/session": ANYBODY,
    "POST /api/session": ANYBODY,
    "DELETE /api/session": ANYBODY,
    "GET /api/alerts": VIEWER,
    "GET /api/points": VIEWER,
    "GET /api/alerts/{alert_id}": VIEWER,
    "POST /api/alerts/{alert_id}/actions": OPERATOR,
    "GET /api/events": VIEWER,
    "GET /api/incidents": VIEWER,
    "GET /api/incidents/{incident_id}": VIEWER,
    "GET /api/sources": VIEWER,
    "GET /api/agreements": VIEWER,
    "GET /api/compliance": VIEWER,
    "GET /api/register": VIEWER,
    "GET /api/handover": VIEWER,
    "GET /api/coverage": VIEWER,
    "GET /api/spacetime": VIEWER,
    "GET /api/tasks": VIEWER,
    "GET /api/clock": VIEWER,
    "GET /api/silences": VIEWER,
    "POST /api/silences": OPERATOR,
    "DELETE /api/silences/{silence_id}": OPERATOR,
    "GET /api/audit": SUPERVISOR,
    "GET /ogc": VIEWER,
    "GET /ogc/conformance": VIEWER,
    "GET /ogc/collections": VIEWER,
    "GET /ogc/collections/{name}": VIEWER,
    "GET /ogc/collections/{name}/items": VIEWER,
    "GET /ogc/collections/{name}/items/{feature}": VIEWER,
    "GET /cap/feed.atom": VIEWER,
    "GET /cap/alerts/{name}": VIEWER,
    "GET /metrics": VIEWER,
    "GET /openapi.json": VIEWER,
}
FRAMEWORK = "/openapi/"
ACTS = {
    "acknowledge": OPERATOR,
    "assign": OPERATOR,
    "comment": OPERATOR,
    "verify": OPERATOR,
    "outcome": OPERATOR,
    "attribute": OPERATOR,
    "duplicate": OPERATOR,
    "split": OPERATOR,
    "respond": OPERATOR,
    "seal": SUPERVISOR,
    "reopen": SUPERVISOR,
}
PEOPLE = {"vera": VIEWER, "otto": OPERATOR, "susan": SUPERVISOR}


class Asker(NamedTuple):
    """One who asks, and what he is."""

    name: str
    role: int
    asking: httpx.Client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def console(folder: Path, agreement: Path) -> Iterator[Served]:
    with open_store(folder / "t.db", write=True) as store:
        Recorder(store, [load_agreement(agreement)], AREAS, clock=now).record(some_reports(3))
    with served(folder / "t.db", agreement, access=access(folder / "users.db")) as at:
        yield at


@pytest.fixture(scope="module")
def askers(console: Served, folder: Path) -> Iterator[list[Asker]]:
    """Nobody, and each user, by session and by token."""
    with ExitStack() as stack:
        found = [Asker("nobody", ANYBODY, stack.enter_context(client(console)))]
        for name, role in PEOPLE.items():
            found.append(Asker(f"{name} by session", role, stack.enter_context(logged_in(console, name))))
            with users(folder / "users.db") as known:
                token = known.make_token(name, "test", timedelta(days=1))
            for way in ("bearer", "basic"):
                one = stack.enter_context(client(console))
                if way == "bearer":
                    one.headers["Authorization"] = f"Bearer {token}"
                else:
                    one.auth = httpx.BasicAuth(name, token)
                found.append(Asker(f"{name} by {way} token", role, one))
        yield found


@cache
def routes() -> list[tuple[str, str]]:
    """Every method and path of the application."""
    words = Words()
    app = create_app(StoreBackend(Path("none.db"), words.agreement, now), Settings(telling=words, clock=now))
    return sorted((method, one.path_format) for one in app.routes for method in getattr(one, "methods", ()))


def least(method: str, path: str) -> int:
    """Who may, by the table; which methods a path takes a viewer may know."""
    if method == "OPTIONS":
        return VIEWER
    return NOBODY if f"{path}/".startswith(FRAMEWORK) else TABLE[f"{method} {path}"]


def test_every_path_of_the_application_has_a_rule_and_stands_in_the_table() -> None:
    own = [(method, path) for method, path in routes() if not f"{path}/".startswith(FRAMEWORK)]
    for method, path in own:
        assert rule_of(method, path) is not None, f"{method} {path} has no rule in permissions.py"
    assert {f"{method} {path}" for method, path in own if method != "OPTIONS"} == TABLE.keys()
    assert rule_of("DELETE", "/api/alerts") is None
    assert rule_of("GET", "/api/secrets") is None


def test_every_act_stands_in_the_table() -> None:
    assert {kind.value for kind in ActionKind} == ACTS.keys()


def test_every_path_lets_in_whom_it_may_and_nobody_else(askers: list[Asker]) -> None:
    # To begin and to end a session is tested by itself: it would end those that are tested with here.
    paths = [(method, path) for method, path in routes() if not path.endswith("/session") or method == "GET"]
    assert len(paths) > 60
    wrong = []
    for method, path in paths:
        if method == "OPTIONS" and path != "/api/alerts":
            continue
        for who in askers:
            status = ask(who.asking, method, path)
            role = least(method, path)
            expected = 401 if role > ANYBODY and who.role == ANYBODY else 403 if who.role < role else None
            if (status if status in {401, 403} else None) != expected:
                wrong.append((method, path, who.name, status))
    assert wrong == []


def ask(asking: httpx.Client, method: str, path: str) -> int:
    """The status of an answer; a stream is not read to its end."""
    named = path.replace("{", "").replace("}", "")
    with asking.stream(method, named, json={} if method == "POST" else None) as answer:
        assert answer.status_code < 500, answer.read()
        return answer.status_code


@pytest.mark.parametrize("kind", ActionKind)
def test_every_act_is_done_by_whom_it_may_and_nobody_else(askers: list[Asker], kind: ActionKind) -> None:
    for who in askers:
        answer = who.asking.post("/api/alerts/al_none/actions", json={"action": kind.value})
        # Who may is told that there is no such alert.
        allowed = who.role >= ACTS[kind.value]
        assert answer.status_code == (404 if allowed else 403 if who.role else 401), who.name


def test_what_a_session_says_that_one_may_is_what_he_may(askers: list[Asker]) -> None:
    for who in askers:
        told = who.asking.get("/api/session").json()
        assert told["may"] == [kind for kind, role in ACTS.items() if role <= who.role]
        assert (told["audit"], told["silence"]) == (who.role >= SUPERVISOR, who.role >= OPERATOR)
        assert (told["user"] is None) == (who.role == ANYBODY)
        assert (told["csrf"] is not None) == who.name.endswith("session")
