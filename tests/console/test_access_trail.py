"""The trail: what is in it, that it is only added to, and that nothing is done which it cannot have."""

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import load_agreement
from pipeline.console.access import Access, AccessError, NoAccessError, Passwords, Role, open_access
from pipeline.console.access.access import MISSES
from pipeline.console.access.asking import outcome_of
from pipeline.console.access.limits import Buckets, Limit, TooManyError
from pipeline.console.access.trail import LONGEST, Note, Trail, harmless
from pipeline.console.access.users import UnfitError, fit_name, key_of
from pipeline.console.proxy import Proxy
from pipeline.store import Recorder, open_store
from pipeline.store.acting import UnansweredError, UnsentError
from tests.console.conftest import some_reports
from tests.console.serving import Served, client, events, now, served
from tests.console.users import PASSWORD, access, logged_in, login, users
from tests.monitor.remembering import AREAS


class Guarded(NamedTuple):
    """A console with users, behind a proxy that is on this machine."""

    served: Served
    file: Path
    alert: str


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, agreement: Path) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("trail")
    with open_store(folder / "t.db", write=True) as store:
        done = Recorder(store, [load_agreement(agreement)], AREAS, clock=now).record(some_reports(3))
    guards = access(folder / "users.db", secure=True)
    with served(folder / "t.db", agreement, access=guards, proxy=Proxy("127.0.0.0/8")) as at:
        yield Guarded(at, folder / "users.db", done.revisions[0].alert.alert_id)


def trail(guarded: Guarded, after: int = 0) -> list[tuple[str, ...]]:
    """What was written since an entry: who, what, about what, with what outcome."""
    with open_access(guarded.file) as file:
        return [
            (one.user, one.role, one.what, one.about, one.outcome)
            for one in Trail(file, now).all()
            if one.number > after
        ]


def length(guarded: Guarded) -> int:
    with open_access(guarded.file) as file:
        return Trail(file, now).entries(limit=1)[0].number


@pytest.fixture
def asking(guarded: Guarded) -> Iterator[httpx.Client]:
    """Otto. His cookie goes by TLS alone, and here he has none: it is sent as a proxy would."""
    with client(guarded.served) as one:
        secret = login(one, "otto").headers["set-cookie"].split(";")[0]
        one.headers["Cookie"] = secret
        yield one


def act(asking: httpx.Client, alert: str, **wish: Any) -> int:
    return asking.post(f"/api/alerts/{alert}/actions", json=wish).status_code


def test_who_comes_goes_acts_and_is_refused_is_in_the_trail(guarded: Guarded, asking: httpx.Client) -> None:
    begun, alert = length(guarded), guarded.alert
    assert act(asking, alert, action="acknowledge", revision=1) == 200
    assert act(asking, alert, action="comment", text="Late.", revision=1) == 409
    assert act(asking, alert, action="comment") == 422
    assert act(asking, alert, action="seal") == 403
    assert asking.get("/api/audit").status_code == 403
    token = asking.headers.pop("X-CSRF-Token")
    assert act(asking, alert, action="comment", text="Lent.") == 403
    asking.headers["X-CSRF-Token"] = token
    assert login(asking, "otto\x1b[2J" + "o" * 100, "wrong").status_code == 401
    asking.delete("/api/session")
    path = f"/api/alerts/{alert}/actions"
    otto = ("otto", "operator")
    assert trail(guarded, begun) == [
        (*otto, "acknowledge", f"{alert} at revision 1", "asked"),
        (*otto, "acknowledge", f"{alert} at revision 1", "done"),
        (*otto, "comment", f"{alert} at revision 1", "asked"),
        (*otto, "comment", f"{alert} at revision 1", "moved_on"),
        (*otto, "comment", alert, "asked"),
        (*otto, "comment", alert, "refused"),
        (*otto, "refused", f"seal {alert}", "not_allowed"),
        (*otto, "refused", "GET /api/audit", "not_allowed"),
        (*otto, "refused", f"POST {path}", "csrf"),
        ("otto\ufffd[2J" + "o" * 56, "", "login", "", "failed"),
        (*otto, "logout", "", "ok"),
    ]


def test_what_is_read_of_people_is_in_the_trail_and_what_is_polled_is_not(
    guarded: Guarded, asking: httpx.Client
) -> None:
    begun = length(guarded)
    for path in ("/api/alerts", "/api/points", "/api/session", "/api/sources", "/metrics", "/ogc", "/", "/healthz"):
        assert asking.get(path).status_code == 200
    assert trail(guarded, begun) == []
    asking.get(f"/api/alerts/{guarded.alert}")
    asking.get("/api/alerts/al_none")
    asking.get("/api/incidents/in_none")
    asking.get("/api/handover")
    asking.get("/ogc/collections/alerts/items")
    asking.get("/cap/feed.atom")
    with asking.stream("GET", "/api/events") as answer:
        next(events(answer.iter_lines()))
    otto = ("otto", "operator")
    assert trail(guarded, begun) == [
        (*otto, "alert", guarded.alert, "done"),
        (*otto, "alert", "al_none", "refused"),
        (*otto, "incident", "in_none", "refused"),
        (*otto, "handover", "", "done"),
        (*otto, "export", "alerts", "done"),
        (*otto, "export", "", "done"),
        (*otto, "listen", "", "done"),
    ]


def test_a_supervisor_reads_it_page_by_page(guarded: Guarded) -> None:
    with client(guarded.served) as asking:
        asking.headers["Cookie"] = login(asking, "susan").headers["set-cookie"].split(";")[0]
        first = asking.get("/api/audit", params={"limit": 2}).json()
        rest = asking.get("/api/audit", params={"before": first["next"]}).json()
    assert [one["number"] for one in first["entries"]] == [first["next"] + 1, first["next"]]
    assert [one["number"] for one in rest["entries"]] == list(range(first["next"] - 1, 0, -1))
    assert rest["next"] is None
    latest = first["entries"][0]
    assert set(latest) == {"number", "at", "user", "role", "what", "about", "outcome", "from"}
    assert (latest["user"], latest["what"], latest["outcome"]) == ("susan", "login", "ok")


def test_what_cannot_be_written_down_is_not_done(guarded: Guarded, asking: httpx.Client) -> None:
    with closing(sqlite3.connect(guarded.file, isolation_level=None)) as other:
        other.execute("ALTER TABLE audit RENAME TO away")
        try:
            answer = asking.post(
                f"/api/alerts/{guarded.alert}/actions", json={"action": "comment", "text": "Not written."}
            )
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:truceline:problem:access_failed")
            assert login(asking, "susan").status_code == 503
            assert asking.get("/api/alerts").status_code == 200
        finally:
            other.execute("ALTER TABLE away RENAME TO audit")
    assert "Not written." not in asking.get(f"/api/alerts/{guarded.alert}").text


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET outcome = 'done'",
        "UPDATE OR IGNORE audit SET outcome = 'done'",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT number, 0, '', '', '', '', '', '' FROM audit",
        "INSERT OR REPLACE INTO audit SELECT number, 0, '', '', '', '', '', '' FROM audit",
    ],
)
def test_it_is_only_added_to(guarded: Guarded, change: str) -> None:
    before = trail(guarded)
    with closing(sqlite3.connect(guarded.file)) as other, pytest.raises(sqlite3.IntegrityError, match="only added to"):
        other.execute(change)
    assert trail(guarded) == before


def test_it_says_from_where_as_the_proxy_tells_it_and_nobody_else(guarded: Guarded) -> None:
    with client(guarded.served) as asking:
        for told in ("198.51.100.7", "10.0.0.1, 203.0.113.9, 127.0.0.1", "nonsense", "2001:db8::5"):
            asking.post("/api/session", json={"name": "x", "password": "y"}, headers={"X-Forwarded-For": told})
    with open_access(guarded.file) as file:
        found = [one.address for one in Trail(file, now).entries(limit=4)]
    assert found == ["2001:db8::5", "127.0.0.1", "203.0.113.9", "198.51.100.7"]


def test_no_password_is_taken_that_came_to_the_proxy_in_the_clear(guarded: Guarded) -> None:
    with client(guarded.served) as asking:
        for told, status in (("http", 403), ("https, HTTP", 403), ("https", 200), ("http, https", 200)):
            headers = {"X-Forwarded-Proto": told}
            wish = {"name": "otto", "password": PASSWORD}
            assert asking.post("/api/session", json=wish, headers=headers).status_code == status, told
        assert asking.get("/api/session", headers={"X-Forwarded-Proto": "http"}).status_code == 200


def test_what_is_sent_and_not_answered_is_no_failure() -> None:
    assert outcome_of(UnansweredError("no worker has answered")) == "sent"
    assert outcome_of(UnsentError("no broker")) == "failed"


def test_who_asks_for_what_is_not_there_fills_no_trail(tmp_path: Path, path: Path, agreement: Path) -> None:
    with open_store(path, write=True):
        pass
    guards = access(tmp_path / "users.db", reads=Limit(MISSES.at_once + 5, 60.0), now_s=lambda: 0.0)
    with served(path, agreement, access=guards) as at, logged_in(at, "vera") as asking:
        told = [asking.get("/api/alerts/al_none").status_code for _ in range(MISSES.at_once + 6)]
        assert told == [404] * (MISSES.at_once + 5) + [429]
        assert asking.get("/api/alerts").status_code == 200
        kept = trail(Guarded(at, tmp_path / "users.db", ""))
    assert sum(what == "alert" for _, _, what, _, _ in kept) == MISSES.at_once


@pytest.mark.parametrize(
    ("at", "peer", "path", "status"),
    [
        ("10.0.0.0/8", "127.0.0.1", "/api/session", 200),
        ("10.0.0.0/8", "10.1.2.3", "/api/session", 200),
        ("10.0.0.0/8", "::ffff:10.1.2.3", "/api/session", 200),
        ("10.0.0.0/8", "192.0.2.1", "/api/session", 403),
        ("10.0.0.0/8", "192.0.2.1", "/healthz", 200),
        ("10.0.0.0/8", "nonsense", "/api/session", 403),
        ("2001:db8::/32", "2001:db8::1", "/api/session", 200),
        ("2001:db8::/32", "10.1.2.3", "/api/session", 403),
    ],
)
def test_nobody_comes_past_the_proxy(at: str, peer: str, path: str, status: int) -> None:
    told: list[int] = []

    async def through(scope: Any, receive: Any, send: Any) -> None:
        told.append(200)

    async def send(message: Any) -> None:
        if "status" in message:
            told.append(message["status"])

    scope: Any = {"type": "http", "method": "GET", "client": (peer, 1), "path": path, "headers": [], "scheme": "http"}
    asyncio.run(Proxy(at)(through)(scope, None, send))  # type: ignore[arg-type]
    assert told == [status]


def test_nothing_that_lets_anybody_in_is_in_the_file(tmp_path: Path, guarded: Guarded, asking: httpx.Client) -> None:
    with users(guarded.file) as known:
        token = known.make_token("otto", "for a map", timedelta(days=1))
    secret = asking.headers["Cookie"].partition("=")[2]
    held = b"".join(one.read_bytes() for one in guarded.file.parent.glob(f"{guarded.file.name}*"))
    assert b"for a map" in held
    for hidden in (PASSWORD, token, token.removeprefix("tl_"), secret):
        assert hidden.encode() not in held
    for one in guarded.file.parent.glob(f"{guarded.file.name}*"):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_a_cookie_goes_by_nothing_but_tls_where_there_is_tls(guarded: Guarded) -> None:
    with client(guarded.served) as asking:
        kept, *about = login(asking, "otto").headers["set-cookie"].split("; ")
    assert kept.startswith("__Host-truceline=")
    assert sorted(about) == ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]


def test_a_file_that_is_not_ours_or_open_to_others_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(NoAccessError):
        open_access(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "empty.db").touch(0o600)
    with pytest.raises(NoAccessError):
        open_access(tmp_path / "empty.db")
    with open_store(tmp_path / "store.db", write=True):
        (tmp_path / "store.db").chmod(0o600)
    (tmp_path / "text.db").write_text("no database, by far: " * 100)
    (tmp_path / "text.db").chmod(0o600)
    for name in ("store.db", "text.db", "."):
        with pytest.raises(AccessError):
            open_access(tmp_path / name, make=True)
    with users(tmp_path / "users.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "users.db")) as file:
        file.execute("PRAGMA user_version = 2")
    with pytest.raises(AccessError, match="version 2"):
        open_access(tmp_path / "users.db")
    (tmp_path / "users.db").chmod(0o640)
    with pytest.raises(AccessError, match="chmod 600"):
        open_access(tmp_path / "users.db")


def test_a_weak_hash_is_made_anew_at_the_next_login(tmp_path: Path) -> None:
    with users(tmp_path / "users.db") as known:
        known.add("Ines", Role.OPERATOR, PASSWORD)

    async def come(guards: Access) -> str:
        begun = await guards.login("Ines", PASSWORD, "192.0.2.1")
        assert await guards.of_session(begun.secret) == begun.person
        row = await guards._in_turn(guards._file.row, "SELECT hash FROM users")
        assert row is not None
        return str(row[0])

    hashes = []
    for memory in (8, 16, 16):
        hasher = PasswordHasher(time_cost=1, memory_cost=memory, parallelism=1)
        guards = Access(open_access(tmp_path / "users.db"), now, passwords=Passwords(hasher))
        hashes.append(asyncio.run(come(guards)))
        guards.close()
    assert "m=8," in hashes[0]
    assert "m=16," in hashes[1]
    assert hashes[1] == hashes[2]


def test_of_many_passwords_at_once_few_are_reckoned_and_the_rest_are_sent_away() -> None:
    async def flood() -> list[Any]:
        passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), at_once=1, waiting=2)
        try:
            return await asyncio.gather(*(passwords.check(None, "x") for _ in range(20)), return_exceptions=True)
        finally:
            passwords.close()

    told = asyncio.run(flood())
    assert sum(one == (False, None) for one in told) == 3
    assert sum(isinstance(one, TooManyError) for one in told) == 17


@given(st.lists(st.tuples(st.floats(-5, 20), st.integers(0, 3)), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_a_limit_never_lets_through_more_than_it_says(
    steps: list[tuple[float, int]], at_once: int, each_s: float
) -> None:
    time_s, passed_s, through = 0.0, 0.0, dict.fromkeys(range(4), 0)
    buckets = Buckets(Limit(at_once, each_s), lambda: time_s)
    for step_s, who in steps:
        time_s, passed_s = time_s + step_s, passed_s + max(0.0, step_s)
        with suppress(TooManyError):
            buckets.take(who)
            through[who] += 1
        assert max(through.values()) <= at_once + passed_s / each_s + 1e-6


def test_who_makes_up_names_fills_no_memory() -> None:
    buckets = Buckets(Limit(1, 60.0), lambda: 0.0, kept=10)
    for number in range(1_000):
        buckets.take(number)
    assert len(buckets._levels) == 10
    with pytest.raises(TooManyError):
        buckets.take(999)


@given(st.text(max_size=400))
def test_whatever_is_written_is_short_and_steers_no_terminal(text: str) -> None:
    kept = harmless(text)
    assert len(kept) <= LONGEST
    assert kept.isprintable()
    assert harmless(kept) == kept


@given(st.text(max_size=70))
def test_a_name_that_will_do_can_be_told_and_sent(name: str) -> None:
    try:
        kept = fit_name(name)
    except UnfitError:
        return
    assert kept.isprintable()
    assert not set(kept) & set(':"<>&/\\\n')
    assert 0 < len(kept) <= 64
    assert key_of(key_of(kept)) == key_of(kept)


def test_names_that_look_alike_are_one(tmp_path: Path) -> None:
    with users(tmp_path / "users.db") as known:
        known.add("Zoë Straße", Role.VIEWER, PASSWORD)
        for alike in ("zoë straße", "ZOË STRASSE", "Zoe\u0308 Straße", "Ｚoë Straße"):
            with pytest.raises(UnfitError, match="already"):
                known.add(alike, Role.SUPERVISOR, PASSWORD)
        for bad in ("", " Ines", "Ines ", "In:es", "In\u200bes", "In\nes", "a" * 65, "-", "In  es", "\u202eInes"):
            with pytest.raises(UnfitError):
                known.add(bad, Role.VIEWER, PASSWORD)
        for bad in ("eleven char", "x" * 1_025):
            with pytest.raises(UnfitError, match="12"):
                known.add("Ines", Role.VIEWER, bad)
        assert [one.name for one in known.all()] == ["Zoë Straße"]


def test_the_trail_is_given_in_order_and_from_its_end(tmp_path: Path) -> None:
    with open_access(tmp_path / "users.db", make=True) as file:
        written = Trail(file, now)
        for number in range(7):
            written.add(Note("Ines", "operator", "alert", str(number), "done", "192.0.2.1"))
        assert [one.about for one in written.all()] == list("0123456")
        assert [one.about for one in written.all(3)] == list("456")
        assert [one.about for one in written.all(99)] == list("0123456")
