"""Changes told as they come: nothing skipped, nothing twice, whoever comes and goes, and a clean end."""

import random
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.store import open_store
from tests.console.conftest import Record, recorder, some_reports
from tests.console.serving import WAIT_S, Event, Served, client, listening_to, served


def entries_of(path: Path) -> list[int]:
    with open_store(path) as store:
        return [row[0] for row in store.connection.execute("SELECT entry FROM history ORDER BY entry")]


def heard(at: Served, after: int, until: int, most_pieces: int | None = None) -> list[int]:
    """The entries that a listener is told after one, up to another or for so many pieces."""
    found: list[int] = []
    with listening_to(at, after) as told:
        pieces = 0
        for name, number, data in told:
            if name == "alerts":
                some = [one["entry"] for one in data]
                assert number == some[-1]
                found += some
                pieces += 1
            if (found and found[-1] >= until) or after >= until or pieces == most_pieces:
                break
    return found


def test_from_the_beginning_all_is_told_in_order(console: Served, path: Path) -> None:
    every = entries_of(path)
    assert heard(console, 0, every[-1]) == every
    assert heard(console, every[3], every[-1]) == every[4:]


def test_without_an_entry_only_what_comes_is_told(console: Served, path: Path, record: Record) -> None:
    before = entries_of(path)[-1]
    with listening_to(console) as told:
        assert next(told) == ("position", before, {"entry": before, "last": before})
        raised = record(*some_reports(40)[24:])
        name, _, data = next(told)
        assert name == "alerts"
        assert [one["alert"]["alert_id"] for one in data] == raised
        assert {one["revision"] for one in data if one["change"] == "reported"} == {1}
        assert all(one["alert"]["title"] and one["alert"]["place"] for one in data)


def test_what_was_listed_and_what_is_told_after_it_fit_together(console: Served, path: Path, record: Record) -> None:
    with client(console) as asking:
        listed = asking.get("/api/alerts", params={"limit": 1000, "standing": "all"}).json()
    raised = record(*some_reports(30)[24:])
    with listening_to(console, listed["entry"]) as told:
        assert next(told)[0] == "position"
        assert [one["alert"]["alert_id"] for one in next(told)[2]] == raised


def test_listeners_who_come_and_go_hear_every_entry_once_and_in_order(
    console: Served, path: Path, agreement: Path
) -> None:
    more = some_reports(144)[24:]
    done = threading.Event()

    def write() -> None:
        with open_store(path, write=True) as store:
            writing = recorder(store, agreement)
            for begin in range(0, len(more), 3):
                writing.record(more[begin : begin + 3])
        done.set()

    found: dict[int, list[int]] = {}

    def listen(number: int) -> None:
        drawn, mine = random.Random(number), list[int]()
        while not (done.is_set() and mine and mine[-1] >= entries_of(path)[-1]):
            after = mine[-1] if mine else 0
            last = entries_of(path)[-1]
            if after < last:
                mine += heard(console, after, last, most_pieces=drawn.randint(1, 4))
        found[number] = mine

    threads = [threading.Thread(target=write), *(threading.Thread(target=listen, args=[n]) for n in range(5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S * 2)
    every = entries_of(path)
    assert len(every) > 100
    assert found == dict.fromkeys(range(5), every)


def test_one_who_has_more_than_there_is_begins_anew(console: Served, path: Path) -> None:
    last = entries_of(path)[-1]
    with listening_to(console, 10_000) as told:
        assert next(told) == ("reset", last, {"entry": last})


@pytest.mark.parametrize("word", ["abc", "-1", "1.5", "١٢"])
def test_an_id_that_is_none_is_refused(console: Served, word: str) -> None:
    with client(console) as asking:
        answer = asking.get("/api/events", headers={b"Last-Event-ID": word.encode()})
        assert answer.status_code == 400


def test_while_nothing_changes_listeners_are_told_so(path: Path, agreement: Path, record: Record) -> None:
    record(*some_reports(3))
    with served(path, agreement, alive_s=0.1) as at, listening_to(at) as told:
        assert [next(told)[0] for _ in range(3)] == ["position", "alive", "alive"]


def test_another_store_in_its_place_is_told_and_shown(
    console: Served, path: Path, record: Record, agreement: Path
) -> None:
    last = entries_of(path)[-1]
    with listening_to(console, last) as told:
        assert next(told)[0] == "position"
        other = path.with_name("other.db")
        with open_store(other, write=True) as store:
            recorder(store, agreement).record(some_reports(3))
        other.replace(path)
        now = entries_of(path)[-1]
        events = (event for event in told if event[0] != "alive")
        assert next(events) == ("reset", now, {"entry": now})
        assert heard(console, 0, now) == entries_of(path)
        record(*some_reports(5)[3:])
        assert next(events)[1] == entries_of(path)[-1]


def test_listeners_are_told_at_once_that_the_store_cannot_be_read(console: Served, path: Path) -> None:
    with listening_to(console) as told:
        next(told)
        with sqlite3.connect(path, isolation_level=None) as spoiling:
            spoiling.execute("ALTER TABLE history RENAME TO elsewhere")
            assert _trouble(next(told)) is True
            with client(console) as asking:
                assert asking.get("/readyz").status_code == 503
            spoiling.execute("ALTER TABLE elsewhere RENAME TO history")
            assert _trouble(next(told)) is False


def _trouble(event: Event) -> bool:
    assert event[0] == "alive"
    trouble: bool = event[2]["trouble"]
    return trouble


def test_one_who_takes_nothing_is_cut_off_and_holds_up_nobody(path: Path, agreement: Path, record: Record) -> None:
    record(*some_reports(60))
    with served(path, agreement, cut_s=0.5, buffer_bytes=4_096) as at:
        host, port = at.url.removeprefix("http://").split(":")
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            slow.connect((host, int(port)))
            slow.sendall(f"GET /api/events?after=0 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            _until(lambda: _metric(at, "truceline_console_listeners") == 1.0)
            # What is told from the beginning fills all that there is; the next does not fit.
            record(*some_reports(66)[60:])
            every = entries_of(path)
            assert heard(at, 0, every[-1]) == every
            _until(lambda: _metric(at, "truceline_console_cut_total") == 1.0)
            assert _metric(at, "truceline_console_listeners") == 0.0


def _until(is_so: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < WAIT_S
        time.sleep(0.05)


def _metric(at: Served, name: str) -> float:
    with client(at) as asking:
        text = asking.get("/metrics").text
    return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name)))


def test_told_to_stop_it_ends_open_streams_and_itself(console: Served, path: Path) -> None:
    with listening_to(console) as told:
        assert next(told)[0] == "position"
        begun = time.monotonic()
        ending = threading.Thread(target=console.stop)
        ending.start()
        assert list(told) == []
        ending.join(WAIT_S)
        assert not ending.is_alive()
        # Far beyond what it takes, and far from what waiting for listeners would.
        assert time.monotonic() - begun < WAIT_S / 2


def test_a_store_that_is_not_there_yet_is_waited_for(path: Path, agreement: Path, record: Record) -> None:
    with served(path, agreement) as at, client(at) as asking:
        told: Any = asking.get("/readyz")
        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
        assert asking.get("/api/alerts").json()["alerts"] == []
        raised = record(*some_reports(3))
        assert heard(at, 0, entries_of(path)[-1])
        assert asking.get("/readyz").status_code == 200
        assert {one["alert_id"] for one in asking.get("/api/alerts?standing=all").json()["alerts"]} == set(raised)
