"""Brokers for tests: one that all tests of a run share, and private ones that may be killed. None is left behind."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.stream import broker
from pipeline.stream.broker import Broker
from pipeline.stream.broker_config import Secured, free_port
from pipeline.stream.broker_files import cache_folder, locked
from tests.stream.guard import USERS, clear

# Taken when the tests are collected: a running test's cache is an empty one, and its TRUCELINE_… are gone.
GIVEN = os.environ.get("TRUCELINE_KAFKA")
CACHE = cache_folder()

USER = "duty"
PASSWORD = 'a made-up, "odd" word=7'

_CHECKOUT = Path(__file__).resolve().parents[2]


class SecuredKafka(NamedTuple):
    """A broker with a listener on which clients encrypt, and give a name and a password (SASL_SSL, SCRAM)."""

    bootstrap: str
    """Where anyone is let in."""
    secured: str
    """Where only the user is."""
    authority: Path
    """The certificate to trust."""
    user: str
    password: str

    def client(self, **other: Any) -> dict[str, Any]:
        """What kafka-python has to be given."""
        right = {
            "bootstrap_servers": self.secured,
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.authority),
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }
        return {**right, **other}


class PrivateBroker:
    """A broker of one test's own, which it may stop, kill and start again on the same port with the same data."""

    def __init__(self, folder: Path, secured: Secured | None = None) -> None:
        self.folder, self.port, self.secured = folder, free_port(), secured

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Broker:
        """Starts it, and comes back when it answers."""
        return broker.start(self.folder, self.port, self.secured, cache=CACHE)

    @property
    def process_id(self) -> int:
        """Its process."""
        found = broker.running(self.folder)
        assert found is not None
        return found.pid

    def stop(self) -> None:
        """Has it end in order."""
        assert broker.stop(self.folder)

    def kill(self) -> None:
        """Has it end as in a crash (kill -9)."""
        assert broker.stop(self.folder, at_once=True)


@contextmanager
def private_broker(folder: Path, secured: Secured | None = None) -> Iterator[PrivateBroker]:
    """A private broker, started, for as long as the context lasts."""
    with guarded(folder):
        private = PrivateBroker(folder, secured)
        private.start()
        yield private


@contextmanager
def shared_broker(folder: Path, *, secured: bool = False) -> Iterator[Broker]:
    """The broker of a folder, started by the first process that asks; the last one that leaves stops it."""
    with guarded(folder):
        with locked(folder / "starting"):
            asked = Secured(free_port(), "SASL_SSL", USER, PASSWORD) if secured else None
            found = broker.running(folder) or broker.start(folder, free_port(), asked, cache=CACHE)
        yield found


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Sees that no broker of a folder outlives its users, whatever becomes of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / USERS).open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        guard = _spawn_guard(folder)
        try:
            yield
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            _leave(folder, guard)


def _spawn_guard(folder: Path) -> int:
    command = [sys.executable, "-m", "tests.stream.guard", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    # It is in a session of its own: what ends a test run in a terminal does not end the guard with it.
    return os.posix_spawn(sys.executable, command, environment, file_actions=quiet, setsid=True)


def _leave(folder: Path, guard: int) -> None:
    """Comes back when the broker is stopped, or others still use it and will see to that."""
    with (folder / USERS).open("a") as users:
        while not _take(users, fcntl.LOCK_EX):
            if _take(users, fcntl.LOCK_SH):
                return
            time.sleep(0.05)
        clear(folder)
    os.waitpid(guard, 0)


def _take(users: Any, how: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(users, how | fcntl.LOCK_NB)
        return True
    return False
