"""Bad input of every kind: a clear message, the right exit code, no traceback, and nothing lost."""

import gzip
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.store import open_store
from tests.cli.driving import Cli, finish, line, traceless
from tests.cli.recorded import agreement_file, record
from tests.worlds import write_world

LONG = 100 << 20
CHECKOUT = Path(__file__).resolve().parents[2]


def _rejects(store: str | Path = "truceline.db") -> list[str]:
    with open_store(store) as record:
        return [reject.reason.value for _, reject in record.rejects()]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"footprint": {"kind": "disc", "lon": 999, "lat": 48, "radius_m": 1}}, "coordinates_out_of_range"),
        ({"footprint": {"kind": "disc", "lon": 48.2, "lat": 137.6, "radius_m": 1}}, "coordinates_swapped"),
        ({"footprint": {"kind": "disc", "lon": 0, "lat": 0, "radius_m": 1}}, "null_island"),
        ({"observed_from": "0000-03-01T08:00:00Z"}, "bad_time"),
        ({"observed_until": "3000-03-01T08:00:00Z"}, "time_out_of_range"),
        ({"observed_until": "2016-03-01T07:59:59Z"}, "end_before_start"),
        ({"observed_from": "2016-03-01T08:00:00"}, "bad_time"),
        ({"footprint": ...}, "missing"),
        ({"activity": "skirmish"}, "unknown_term"),
        ({"report_id": "other:1"}, "bad_id"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_the_rest_goes_on(
    cli: Cli, world: Path, tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1) + line(2, **fields) + line(3))
    told = cli("run", "-a", world, "ndjson=r.ndjson", "--json")
    traceless(told)
    assert told.code == 0
    assert (told.json()["accepted"], told.json()["rejected"], told.json()["alerts"]) == (2, 1, 2)
    assert _rejects() == [reason]
    assert reason in told.err


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_coordinates_that_are_no_number_are_rejected(cli: Cli, world: Path, tmp_path: Path, word: str) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1) + line(2).replace(b"37.6", word.encode()))
    told = cli("run", "-a", world, "ndjson=r.ndjson", "--json")
    traceless(told)
    assert (told.code, told.json()["rejected"]) == (0, 1)


def test_a_torn_gzip_gives_what_could_be_read_a_reject_and_exit_1(cli: Cli, world: Path, tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(line(number, text=os.urandom(40).hex()) for number in range(2_000)))
    (tmp_path / "r.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    told = cli("run", "-a", world, "r.ndjson.gz", "--json")
    traceless(told)
    assert told.code == 1
    assert "r.ndjson.gz: breaks off" in told.err
    assert 500 < told.json()["accepted"] < 2_000
    assert told.json()["alerts"] == told.json()["accepted"]
    assert _rejects() == ["torn_input"]
    # A tear is the file's fault and no bad row: it stays exit 1.
    assert cli("run", "-a", world, "r.ndjson.gz", "--strict", "--store", "strict.db").code == 1


def test_a_line_without_end_costs_itself_alone(cli: Cli, world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    with path.open("wb") as out:
        out.write(line(1))
        out.seek(LONG, os.SEEK_CUR)
        out.write(b"\n" + line(2))
    told = finish("run", "-a", world, f"ndjson={path}", "--store", tmp_path / "t.db", "--json")
    traceless(told)
    assert (told.code, told.json()["accepted"], told.json()["rejected"]) == (0, 2, 1)
    with open_store(tmp_path / "t.db") as record:
        ((_, reject),) = record.rejects()
    assert (reject.reason.value, reject.length, len(reject.bytes)) == ("too_long", LONG, 65_536)


def test_an_unknown_source_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    told = cli("run", "-a", world, "nosuch=r.ndjson")
    traceless(told)
    assert told.code == 2
    assert "'nosuch'" in told.err
    assert "ndjson, ucdp, csv" in told.err


@pytest.mark.parametrize("command", [("run",), ("match", "-o", "m.csv")])
def test_what_is_not_there_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    (tmp_path / "odd.xyz").write_bytes(b"a;b\n1;2\n")
    cases: list[tuple[list[str | Path], str]] = [
        (["-a", world, "nowhere.ndjson"], "nowhere.ndjson: there is no such file"),
        (["-a", world, "odd.xyz"], "not recognised"),
        (["-a", "nowhere", "r.ndjson"], "nowhere: neither a shipped agreement"),
        (["-a", world, "-", "-"], "only once"),
    ]
    for arguments, said in cases:
        told = cli(*command, *arguments)
        traceless(told)
        assert (told.code, said in told.err) == (2, True), told.err
    assert not (tmp_path / "truceline.db").exists()


@pytest.mark.parametrize(
    ("corners", "edit", "said"),
    [
        ([[37, 48], [38, 49], [38, 48], [37, 49]], ("", ""), "crosses"),
        (None, ('line = "line"', 'line = "nowhere"'), "nowhere"),
        (None, ("to_m = 25000", "to_m = 25000\nto_km = 25"), "to_km"),
    ],
)
def test_an_agreement_with_problems_is_wrong_configuration(
    cli: Cli, tmp_path: Path, corners: list[list[float]] | None, edit: tuple[str, str], said: str
) -> None:
    path = write_world(tmp_path)
    path.write_text(path.read_text().replace(*edit))
    if corners:
        drawn = {"type": "LineString", "coordinates": corners}
        path.with_suffix(".geojson").write_text(
            json.dumps(
                {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": drawn}]}
            )
        )
    (tmp_path / "r.ndjson").write_bytes(line())
    told = cli("run", "-a", path, "r.ndjson")
    traceless(told)
    assert told.code == 2
    assert said in told.err
    assert "line " in told.err
    checked = cli("agreement", "check", path)
    assert checked.code == 2
    assert f"{path}:" in checked.out
    assert said in checked.out
    assert not (tmp_path / "truceline.db").exists()


def test_a_store_of_another_version_is_left_alone(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    assert cli("run", "-a", world, "r.ndjson").code == 0
    with sqlite3.connect("truceline.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (tmp_path / "truceline.db").read_bytes()
    for command in (("run", "-a", world, "r.ndjson"), ("rejects", "list")):
        told = cli(*command)
        traceless(told)
        assert told.code == 1
        assert "version 99" in told.err
    assert (tmp_path / "truceline.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all, " * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_left_alone(cli: Cli, world: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    (tmp_path / "notes.db").write_bytes(content)
    for command in (("run", "-a", world, "r.ndjson"), ("rejects", "list")):
        told = cli(*command, "--store", "notes.db")
        traceless(told)
        assert told.code == 1
    assert (tmp_path / "notes.db").read_bytes() == content


def test_a_read_only_folder_is_told_plainly(world: Path, tmp_path: Path, unprivileged: tuple[str, ...]) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (tmp_path / "r.ndjson").write_bytes(line())
    locked.chmod(0o555)
    commands: list[list[str | Path]] = [
        ["run", "-a", world, tmp_path / "r.ndjson", "--store", locked / "t.db"],
        ["match", "-a", world, tmp_path / "r.ndjson", "-o", locked / "m.csv"],
        ["match", "-a", world, tmp_path / "r.ndjson", "-o", locked / "m.gpkg"],
        ["match", "-a", world, tmp_path / "r.ndjson", "-o", locked / "m.parquet"],
    ]
    for command in commands:
        told = finish(*command, before=unprivileged)
        traceless(told)
        assert told.code == 1, told.err
        assert "cannot write here" in told.err
    assert list(locked.iterdir()) == []


def test_a_full_disk_loses_nothing_that_was_acknowledged(
    world: Path, tmp_path: Path, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(64 << 20)  # enough for a first transaction, and not for another
    path = tmp_path / "r.ndjson"
    nobody = {"observer": ..., "ledger": ...}

    def place(number: int) -> dict[str, object]:
        """One in twenty near the line; the others far from it and from each other, which is quick to judge."""
        far = {"kind": "disc", "lon": 10.0 + number % 200 * 0.1, "lat": 20.0 + number // 200 * 0.1, "radius_m": 10}
        return {"footprint": far} if number % 20 else {}

    rows = (line(number, text="x" * 600, **nobody, **place(number)) for number in range(1, 42_000))
    path.write_bytes(b"".join(rows))
    told = finish("run", "-a", world, path, "--store", disk / "t.db", "--json")
    traceless(told)
    assert told.code == 1
    assert "the disk is full" in told.err
    summary = told.json()
    assert summary["rows_read"] == summary["accepted"] > 0
    with open_store(disk / "t.db") as record:
        assert record.figures()["reports"] == summary["reports"]
        assert len(list(record.alerts())) == summary["alerts"]


@pytest.mark.parametrize("ending", ["ndjson", "csv", "parquet", "gpkg", "geojson"])
def test_a_table_that_does_not_fit_leaves_the_one_before(
    cli: Cli, world: Path, tmp_path: Path, small_disk: Callable[[int], Path], ending: str
) -> None:
    disk = small_disk(160 << 10)
    out = disk / f"m.{ending}"
    out.write_bytes(b"before")
    path = tmp_path / "r.ndjson"
    rng_places = [{"kind": "disc", "lon": 37.6 + n * 1e-6, "lat": 48.2, "radius_m": n} for n in range(6_000)]
    path.write_bytes(b"".join(line(os.urandom(12).hex(), footprint=place) for place in rng_places))  # type: ignore[arg-type]
    told = cli("match", "-a", world, path, "-o", out)
    traceless(told)
    assert told.code == 1, told.err
    assert "the disk is full" in told.err
    assert out.read_bytes() == b"before"
    assert list(disk.iterdir()) == [out]


@pytest.mark.parametrize("ending", ["xls", "", "gz"])
def test_an_output_of_no_known_ending_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path, ending: str) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    told = cli("match", "-a", world, "r.ndjson", "-o", f"m.{ending}" if ending else "m")
    traceless(told)
    assert told.code == 2
    assert ".ndjson, .csv, .parquet, .gpkg, .geojson" in told.err


def test_an_output_without_a_folder_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    told = cli("match", "-a", world, "r.ndjson", "-o", "no/m.csv")
    assert (told.code, "there is no folder no" in told.err) == (2, True)
    assert cli("match", "-a", world, "r.ndjson", "-o", str(tmp_path) + "/agreement").code == 2


@pytest.mark.parametrize("words", ["agreement show donbas-2015", "sources ucdp", "agreement list"])
def test_a_closed_pipe_ends_quietly(words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        told = finish(*words.split(), stdout=write)
    finally:
        os.close(write)
    assert (told.code, told.err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_standard_output_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        told = finish("agreement", "show", "donbas-2015", "--json", stdout=full)
    traceless(told)
    assert told.code == 1
    assert "No space left" in told.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", ["--help", "--version", "alerts list --help", "alerts list", "demo --seconds 1"])
def test_a_command_for_people_tells_in_one_line_that_its_output_is_full(tmp_path: Path, words: str) -> None:
    record(tmp_path / "truceline.db", agreement_file(tmp_path / "agreement"))
    with Path("/dev/full").open("wb") as full:
        told = finish(*words.split(), stdout=full, cwd=tmp_path, env={"PYTHONPATH": str(CHECKOUT)})
    traceless(told)
    assert told.code == 1
    assert told.err.count("truceline: standard output: No space left") == 1


def test_a_link_is_written_through(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    target = tmp_path / "target.json"
    target.write_bytes(b"before")
    (tmp_path / "link.json").symlink_to(target)
    assert cli("run", "-a", world, "r.ndjson", "--summary", "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads(target.read_text())["rows_read"] == 1


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("run", "-a", "{world}", "r.ndjson", "--summary"), "s.json"),
        (("alerts", "map", "-o"), "map.html"),
        (("alerts", "export", "-o"), "alerts.csv"),
        (("alerts", "export", "-o"), "alerts.parquet"),
    ],
)
def test_a_pipe_is_written_into_and_stays_a_pipe(
    cli: Cli, world: Path, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    assert cli("run", "-a", world, "r.ndjson").code == 0
    words = [str(world) if word == "{world}" else word for word in command]
    assert cli(*words, f"plain-{name}").code == 0
    os.mkfifo(tmp_path / name)
    read = bytearray()
    reader = threading.Thread(target=lambda: read.extend((tmp_path / name).read_bytes()), daemon=True)
    reader.start()
    assert cli(*words, name).code == 0
    reader.join(timeout=30)
    assert (tmp_path / name).is_fifo()
    assert bytes(read[:4]) == (tmp_path / f"plain-{name}").read_bytes()[:4]
    assert len(read) > 100


def test_a_file_of_a_standard_stream_keeps_what_else_was_said(world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    said = tmp_path / "said.log"
    command = ("run", "-a", world, tmp_path / "r.ndjson", "--store", tmp_path / "t.db", "--summary", said)
    with said.open("ab") as log:
        told = finish(*command, stderr=log)
    assert told.code == 0
    assert "rows read" in said.read_text()
    assert '"rows_read":1' in said.read_text()


def test_a_file_name_that_is_no_text_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff.ndjson")).write_bytes(line())
    for given in ("in", Path("in") / os.fsdecode(b"\xff.ndjson")):
        told = cli("run", "-a", world, given)
        traceless(told)
        assert (told.code, "not UTF-8" in told.err) == (2, True)


def test_control_characters_of_an_input_never_reach_the_terminal(cli: Cli, world: Path, tmp_path: Path) -> None:
    name = "a\x1b[2Jb.ndjson"
    (tmp_path / name).write_bytes(b"\x1b]0;owned\x07 \x00 row\r\n" + line(1, activity="\x1b[31m"))
    spoken = [
        cli("run", "-a", world, f"ndjson={name}"),
        cli("run", "-a", world, f"ndjson={name}", "--strict", "--store", "s.db"),
        cli("match", "-a", world, f"ndjson={name}", "-o", "m.csv"),
        cli("rejects", "list"),
        cli("rejects", "show", "1"),
        cli("rejects", "show", "2"),
        cli("run", "-a", world, "no\x1b[2J.ndjson"),
        cli("agreement", "check", "no\x1b[2J.toml"),
    ]
    for told in spoken:
        assert set(told.out + told.err) & {"\x1b", "\x07", "\x00", "\r"} == set()
