"""Who has not said who he is: he fills no log and no memory, and keeps nobody else out."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.console.access.access import WrongError
from pipeline.console.access.attempts import BY_ADDRESS, BY_NAME, BY_NAME_FROM_ANYWHERE, Attempts
from pipeline.console.access.limits import Buckets, Limit, TooManyError
from pipeline.console.connections import Door, Protocol
from pipeline.console.server import listening
from pipeline.store import open_store
from tests.console.serving import Served, client, now, served
from tests.console.users import PASSWORD, access, logged_in
from tests.deploy.monitoring import until

WAIT_S = 30.0
SHARE = 8
"""So many connections one address may have here."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, agreement: Path) -> Iterator[Served]:
    """A console that has little patience, and little room."""
    folder = tmp_path_factory.mktemp("hostile")
    with open_store(folder / "t.db", write=True):
        pass
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Protocol, "head_s", 0.3)
        changed.setattr(Door, "stuck_s", 0.3)
        changed.setattr("pipeline.console.connections.MOST", 4 * SHARE)
        with served(folder / "t.db", agreement, access=access(folder / "users.db", patience_s=0.3)) as at:
            yield at


def connected(at: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(at.url.rpartition(":")[2])), timeout=WAIT_S)


def rest(one: socket.socket) -> bytes:
    """What comes until the server ends it."""
    got = b""
    # To be reset is an end as good as any.
    with suppress(ConnectionResetError):
        while piece := one.recv(65_536):
            got += piece
    return got


HEAD = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", b""),
        (b"GET /api/session HT", b""),
        (HEAD % 1_000 + b"{", b"HTTP/1.1 408 "),
    ],
)
def test_who_does_not_end_his_request_is_not_waited_for(guarded: Served, sent: bytes, told: bytes) -> None:
    with closing(connected(guarded)) as one:
        one.sendall(sent)
        assert rest(one)[: len(told) or 1] == told


def test_who_takes_all_the_room_of_an_address_is_sent_away(guarded: Served) -> None:
    with ExitStack() as stack:
        begun = []
        for _ in range(3 * SHARE):
            begun.append(stack.enter_context(closing(connected(guarded))))
            begun[-1].sendall(HEAD % 1_000 + b"{")
        answered = [rest(one).startswith(b"HTTP/1.1 408 ") for one in begun]
    assert 1 <= sum(answered) <= SHARE
    with client(guarded) as asking:
        assert asking.get("/healthz").status_code == 200


def test_who_takes_nothing_of_what_he_asked_for_is_let_go(guarded: Served) -> None:
    known = guarded.server.server_state.connections
    until("nobody is there", lambda: not known)
    with closing(socket.socket()) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect(("127.0.0.1", int(guarded.url.rpartition(":")[2])))
        one.sendall(b"GET /page/main.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100)
        until("he is there", lambda: bool(known))
        until("he is let go", lambda: not known)


def test_a_door_has_room_again_when_somebody_has_gone() -> None:
    with listening("127.0.0.1", 0) as door, ExitStack() as stack:
        assert isinstance(door, Door)
        door.most, door.each = 10, 2
        for _ in range(3):
            stack.enter_context(closing(socket.create_connection(door.getsockname())))
        inside = [door.accept()[0], door.accept()[0]]
        with pytest.raises(ConnectionAbortedError):
            door.accept()
        inside[0].close()
        inside[0].close()
        stack.enter_context(closing(socket.create_connection(door.getsockname())))
        inside.append(door.accept()[0])
        for one in inside:
            one.close()
        assert not door._inside


@pytest.mark.parametrize("body", [b'{"name":"x","z":' + b"[" * 3_000 + b"]" * 3_000 + b"}", b"[" * 8_000])
def test_a_body_nested_deeply_is_refused_and_fills_no_log(
    guarded: Served, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with client(guarded) as asking, caplog.at_level(logging.WARNING):
        answer = asking.post("/api/session", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert caplog.records == []


def test_who_goes_before_he_has_said_all_fills_no_log(guarded: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with closing(connected(guarded)) as one:
                one.sendall(HEAD % 1_000 + b"{")
        with client(guarded) as asking:
            assert asking.get("/healthz").status_code == 200
    assert caplog.records == []


def test_what_is_no_http_is_logged_once(guarded: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with closing(connected(guarded)) as one:
                one.sendall(b"nonsense\r\n\r\n")
                assert rest(one).startswith(b"HTTP/1.1 400 ")
    assert len(caplog.records) == 1


def test_who_is_logged_in_may_take_his_time(guarded: Served) -> None:
    with logged_in(guarded, "otto") as asking, asking.stream("GET", "/api/events") as answer:
        lines = answer.iter_lines()
        assert next(lines)
        with closing(connected(guarded)) as one:
            one.sendall(HEAD % 1_000 + b"{")
            assert rest(one).startswith(b"HTTP/1.1 408 ")
        assert asking.get("/api/session").json()["user"]["name"] == "otto"


class Attempting:
    """Attempts by a clock that is put forward."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self._attempts = Attempts(lambda: self.time_s)

    def __call__(self, name: str, address: str, *, right: bool = False) -> bool:
        """Whether it was let through."""
        try:
            with self._attempts.attempt(name, address) as attempt:
                attempt.was_right = right
        except TooManyError:
            return False
        return True


def test_who_guesses_from_one_address_keeps_nobody_out_elsewhere() -> None:
    attempting = Attempting()
    let_in = guesses = 0
    for second in range(3_600):
        attempting.time_s = float(second)
        guesses += attempting("susan", "203.0.113.9")
        if second % 60 == 59:
            let_in += attempting("susan", "198.51.100.7", right=True)
    assert let_in == 60
    assert guesses <= BY_NAME.at_once + 3_600 / BY_NAME.each_s


def test_who_guesses_from_everywhere_keeps_nobody_out_where_he_was_let_in_lately() -> None:
    attempting = Attempting()
    assert attempting("susan", "198.51.100.7", right=True)
    guesses = sum(attempting("susan", f"203.0.{number}.9") for number in range(2 * BY_NAME_FROM_ANYWHERE.at_once))
    assert guesses == BY_NAME_FROM_ANYWHERE.at_once
    assert not attempting("susan", "192.0.2.1", right=True)
    assert attempting("susan", "198.51.100.7", right=True)
    assert attempting("ines", "192.0.2.1", right=True)


def test_an_address_that_hammers_at_a_name_that_is_full_is_soon_not_heard_for_any() -> None:
    attempting = Attempting()
    for _ in range(BY_ADDRESS.at_once):
        attempting("susan", "203.0.113.9")
    assert not attempting("ines", "203.0.113.9")


def test_who_did_nothing_is_given_nothing_back_and_a_full_bucket_is_forgotten() -> None:
    buckets = Buckets(Limit(2, 60.0), lambda: 0.0, kept=10)
    buckets.take("otto")
    buckets.take("otto")
    for number in range(100):
        buckets.give_back(number)
    with pytest.raises(TooManyError):
        buckets.take("otto")
    buckets.give_back("otto")
    buckets.give_back("otto")
    assert not buckets._levels


def test_a_login_that_there_is_no_room_for_counts_as_nothing(tmp_path: Path) -> None:
    guards = access(tmp_path / "users.db")

    async def come() -> None:
        guards._passwords._under_way = guards._passwords._most
        for _ in range(BY_ADDRESS.at_once + 1):
            with pytest.raises(TooManyError):
                await guards.login("otto", PASSWORD, "192.0.2.1")
        guards._passwords._under_way = 0
        assert (await guards.login("otto", PASSWORD, "192.0.2.1")).person.name == "otto"

    try:
        asyncio.run(come())
    finally:
        guards.close()


def test_a_clock_that_is_put_right_lets_nobody_in_sooner(tmp_path: Path) -> None:
    times = [now()]
    guards = access(tmp_path / "users.db", lambda: times[-1], now_s=lambda: 0.0)

    async def come() -> None:
        for _ in range(BY_NAME.at_once):
            with pytest.raises(WrongError):
                await guards.login("otto", "wrong", "192.0.2.1")
        times.append(now() + timedelta(days=1))
        with pytest.raises(TooManyError):
            await guards.login("otto", PASSWORD, "192.0.2.1")

    try:
        asyncio.run(come())
    finally:
        guards.close()
