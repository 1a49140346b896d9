"""Following files that grow: every row once, whatever becomes of the file, and from where reading stopped."""

import gzip
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.sources import growing
from pipeline.sources.base import Row
from pipeline.sources.following import Following
from pipeline.sources.growing import GrowingFile, Position
from pipeline.sources.inputs import Input, open_input
from tests.cli.driving import line

MAPPING = """
name = "t"
time = { column = "at", timezone = "UTC" }
place = { kind = "disc", lon = "lon", lat = "lat", radius_m = 50 }
activity = { value = "shelling" }
text = "note"
[id]
column = "key"
"""
HEADER = b"key,at,lon,lat,note\n"


class Reader:
    """Looks at one file as a run would, and keeps what it gave."""

    def __init__(self, path: Path, position: Position | None = None, *, settles: bool = False) -> None:
        self.said: list[str] = []
        self.file = GrowingFile(str(path), opened, self.said.append, position, settles=settles)

    def rows(self) -> list[Row]:
        return [row for some in self.file.look() for row in some.rows]

    def ids(self) -> list[str]:
        return ids(self.rows())


def opened(path: str) -> Input:
    (given,) = open_input(path)
    return given


def ids(rows: list[Row]) -> list[str]:
    return [row.reports[0].report_id if row.reports else "reject" for row in rows]


def cells(number: int, note: str = "") -> bytes:
    return f'{number},2016-03-01T08:00:00Z,37.45,48.35,"{note}"\n'.encode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.ndjson"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "t.csv.mapping.toml").write_text(MAPPING)
    (tmp_path / "t.csv").write_bytes(HEADER)
    return tmp_path / "t.csv"


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_log_cut_at_every_byte_gives_every_row_once_with_its_number_and_place(log: Path) -> None:
    whole = line(1, text="Донецьк") + b"\n" + line(2) + b"broken\n" + line(3)
    plain = log.with_name("plain.ndjson")
    plain.write_bytes(whole)
    expected = [(row.number, row.position, ids([row])) for row in opened(str(plain)).rows()]
    log.write_bytes(b"")
    reader, found = Reader(log), list[Row]()
    for at in range(len(whole)):
        add(log, whole[at : at + 1])
        found += reader.rows()
        if at % 50 == 0:
            reader = Reader(log, reader.file.position)
    assert [(row.number, row.position, ids([row])) for row in found] == expected
    assert [row.reports[0].origin.row for row in found if row.reports and row.reports[0].origin] == [1, 2, 4]


def test_a_table_goes_on_with_its_header_after_a_restart(table: Path) -> None:
    first = Reader(table)
    assert first.ids() == []
    add(table, cells(1) + cells(2))
    assert first.ids() == ["csv:t:1", "csv:t:2"]
    add(table, cells(3, "öçü") + cells(4)[:-3])
    again = Reader(table, first.file.position)
    (row,) = again.rows()
    assert (row.number, row.reports[0].report_id, row.reports[0].text) == (3, "csv:t:3", "öçü")
    assert table.read_bytes()[row.position :].startswith(b"3,")
    assert row.reports[0].origin is not None
    assert row.reports[0].origin.row == 3
    assert Reader(table, again.file.position).ids() == []


def test_a_row_whose_quotes_are_open_waits_for_the_rest_of_it(table: Path) -> None:
    reader = Reader(table)
    add(table, cells(1) + cells(2, "one\ntwo").partition(b"two")[0])
    assert reader.ids() == ["csv:t:1"]
    assert reader.ids() == []
    add(table, b'two"\n' + cells(3))
    assert reader.ids() == ["csv:t:2", "csv:t:3"]


def test_a_rotated_log_is_read_to_its_end_and_the_new_one_from_its_beginning(log: Path) -> None:
    log.write_bytes(line(1))
    reader = Reader(log)
    assert reader.ids() == ["test:1"]
    position = reader.file.position
    add(log, line(2) + line(3)[:-1])
    log.rename(log.with_name("log.ndjson.1"))
    assert reader.ids() == []
    log.write_bytes(line(4))
    assert reader.ids() == ["test:2", "test:3", "test:4"]
    # and where that happened while nobody looked
    assert Reader(log, position).ids() == ["test:2", "test:3", "test:4"]


def test_of_a_rotated_table_what_waited_for_its_end_is_read_as_it_is(table: Path) -> None:
    add(table, cells(1) + b'2,2016-03-01T08:00:00Z,37.45,48.35,"never closed\n')
    reader = Reader(table)
    assert reader.ids() == ["csv:t:1"]
    position = reader.file.position
    table.rename(table.with_name("t.csv.1"))
    table.write_bytes(HEADER + cells(3))
    table.with_name("t.csv.1.mapping.toml").write_text(MAPPING)
    assert reader.ids() == ["reject", "csv:t:3"]
    assert Reader(table, position).ids() == ["reject", "csv:t:3"]


def test_a_file_that_cannot_be_opened_is_told_of_once(log: Path) -> None:
    log.mkdir()
    reader = Reader(log)
    assert (reader.ids(), reader.ids()) == ([], [])
    assert len(reader.said) == 1
    log.rmdir()
    log.write_bytes(line(1))
    assert reader.ids() == ["test:1"]


@pytest.mark.parametrize("then", [line(9), line(9) + line(2) + line(3)])
def test_a_log_that_is_cut_short_or_written_anew_is_read_from_its_beginning(log: Path, then: bytes) -> None:
    log.write_bytes(line(1) + line(2))
    reader = Reader(log)
    assert reader.ids() == ["test:1", "test:2"]
    log.write_bytes(then)
    assert reader.ids()[0] == "test:9"
    assert "written anew" in reader.said[0]


def test_a_compressed_file_is_read_once_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_RESTS_S", 0.0)
    path = tmp_path / "log.ndjson.gz"
    packed = gzip.compress(line(1) + line(2))
    path.write_bytes(packed[:-9])
    reader = Reader(path)
    assert reader.ids() == []
    assert "not complete" in reader.said[0]
    add(path, packed[-9:])
    assert reader.ids() == ["test:1", "test:2"]
    assert reader.ids() == []
    assert Reader(path, reader.file.position).ids() == []


def test_in_a_folder_a_last_line_without_an_end_is_taken_once_the_file_rests(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "SETTLED_S", 0.0)
    log.write_bytes(line(1) + line(2)[:-1])
    reader = Reader(log, settles=True)
    assert reader.ids() == ["test:1", "test:2"]
    assert reader.ids() == []
    assert Reader(log, reader.file.position, settles=True).ids() == []


class Taken:
    """What a Following gives, taken from a thread."""

    def __init__(self, words: list[str]) -> None:
        self.ids: list[str] = []
        self.said: list[str] = []
        self._following = Following(words, {}, self.said.append, poll_s=0.01)
        self._thread = threading.Thread(target=self._take)

    def __enter__(self) -> "Taken":
        self._following.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._following.__exit__()
        self._thread.join(10)

    _over = False

    def _take(self) -> None:
        for some in self._following.gathered(0.01):
            if some is not None:
                self.ids += ids(some.rows)
            if self._over:
                return

    def wait(self, expected: list[str]) -> None:
        wait_for(lambda: len(self.ids) >= len(expected))
        assert self.ids == expected


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_files_that_come_into_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b.ndjson").write_bytes(line(2))
    (folder / "a.ndjson").write_bytes(line(1))
    with Taken([str(folder)]) as taken:
        taken.wait(["test:1", "test:2"])
        (folder / "c.txt").write_bytes(b"what is this\n")
        wait_for(lambda: bool(taken.said))
        add(folder / "a.ndjson", line(3))
        taken.wait(["test:1", "test:2", "test:3"])
        (folder / "a.ndjson").rename(folder / "z.ndjson")
        add(folder / "z.ndjson", line(4))
        (folder / "a.ndjson").write_bytes(line(5))
        wait_for(lambda: len(taken.ids) >= 5)
        assert sorted(taken.ids[3:]) == ["test:4", "test:5"]
    assert "not recognised" in taken.said[0]


def test_a_silent_feed_does_not_stop_the_others(fifo: Path, log: Path) -> None:
    log.write_bytes(b"")
    hold = os.open(fifo, os.O_RDWR)
    try:
        os.write(hold, line(7))
        with Taken([f"ndjson={fifo}", str(log)]) as taken:
            add(log, line(1))
            wait_for(lambda: set(taken.ids) == {"test:1", "test:7"})
            add(log, line(2))
            wait_for(lambda: set(taken.ids) == {"test:1", "test:2", "test:7"})
    finally:
        os.close(hold)


def test_a_document_of_no_known_format_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_RESTS_S", 0.0)
    monkeypatch.setattr(growing, "SETTLED_S", 0.0)
    path = tmp_path / "doc.json"
    path.write_text(json.dumps({"a": 1}))
    reader = Reader(path, settles=True)
    assert reader.ids() == []
    assert "not recognised" in reader.said[0]
