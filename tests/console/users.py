"""A file of users, cheaply hashed, and those who log in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from pipeline.console.access import Access, Passwords, Role, Users, open_access
from tests.console.serving import Served, client, now

PASSWORD = "twelve letters at least"


def cheap() -> Passwords:
    """Passwords that cost no time."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@contextmanager
def users(path: Path, clock: Callable[[], datetime] = now) -> Iterator[Users]:
    """The users of a file, as the command line changes them: beside a server that has it open."""
    with open_access(path, make=True) as file:
        yield Users(file, clock, cheap())


def access(path: Path, clock: Callable[[], datetime] = now, **settings: Any) -> Access:
    """What a console is given: `vera`, who looks, `otto`, who operates, `susan`, who supervises."""
    with users(path, clock) as known:
        for name, role in (("vera", Role.VIEWER), ("otto", Role.OPERATOR), ("susan", Role.SUPERVISOR)):
            known.add(name, role, PASSWORD)
    settings.setdefault("now_s", lambda: clock().timestamp())
    return Access(open_access(path), clock, passwords=cheap(), tick_s=0.05, **settings)


def login(asking: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    """Logs in; what changes something has the header from then on."""
    answer = asking.post("/api/session", json={"name": name, "password": password})
    if answer.status_code == 200:
        asking.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


@contextmanager
def logged_in(at: Served, name: str) -> Iterator[httpx.Client]:
    """One who has logged in."""
    with client(at) as asking:
        assert login(asking, name).status_code == 200
        yield asking
