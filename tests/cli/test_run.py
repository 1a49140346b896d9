"""`run`: what it counts, what it says, what it keeps when it is interrupted."""

import gzip
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.store import open_store
from tests.cli.driving import Cli, finish, line, on_a_terminal, start

FIELDS = set(
    "rows_read accepted rejected reports duplicates outside matches incidents unresolved alerts possible late "
    "seconds".split()
)


def test_summary_counts_every_row(cli: Cli, world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    far = {"kind": "disc", "lon": 10.0, "lat": 50.0, "radius_m": 10}
    path.write_bytes(line(1) + line(2) + line(2) + b"no report\n" + line(3, footprint=far))
    told = cli("run", "-a", world, path, "--json", "--summary", tmp_path / "s.json")
    assert told.code == 0
    summary = told.json()
    assert set(summary) >= FIELDS
    expected = {"rows_read": 5, "accepted": 4, "rejected": 1, "reports": 4, "duplicates": 1, "outside": 1}
    assert {name: summary[name] for name in expected} == expected
    assert summary["alerts"] == 2
    assert json.loads((tmp_path / "s.json").read_text()) == summary
    assert "1 not_json" in told.err
    assert "next: truceline alerts list" in told.err
    assert "next: truceline rejects list" in told.err


def test_running_the_same_input_again_changes_nothing(cli: Cli, world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(b"".join(line(number) for number in range(5)))
    first = cli("run", "-a", world, path, "--json").json()
    with open_store("truceline.db") as store:
        before = list(store.alerts()), list(store.history())
    again = cli("run", "-a", world, path, "--json").json()
    assert again["duplicates"] == first["reports"] == 5
    assert again["alerts"] == first["alerts"] == 5
    with open_store("truceline.db") as store:
        assert (list(store.alerts()), list(store.history())) == before


def test_standard_output_holds_data_alone(cli: Cli, world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line())
    assert cli("run", "-a", world, path).out == ""
    told = cli("run", "-a", world, path, "--json")
    assert [json.loads(row)["rows_read"] for row in told.out.splitlines()] == [1]


def test_store_comes_from_the_environment(
    cli: Cli, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line())
    monkeypatch.setenv("TRUCELINE_STORE", str(tmp_path / "elsewhere.db"))
    told = cli("run", "-a", world, path)
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "truceline.db").exists()
    assert f"next: truceline alerts list --store {tmp_path / 'elsewhere.db'}" in told.err


def test_an_agreement_that_comes_later_judges_what_the_store_holds(cli: Cli, world: Path, tmp_path: Path) -> None:
    from tests.worlds import write_world

    other = write_world(world.parent, "other")
    (tmp_path / "r.ndjson").write_bytes(line(1))
    (tmp_path / "empty.ndjson").write_bytes(b"")
    assert cli("run", "-a", world, "r.ndjson", "--json").json()["alerts"] == 1
    told = cli("run", "-a", world, "-a", other, "empty.ndjson", "--json")
    assert told.json()["alerts"] == 2
    assert "judging what the store holds already" in told.err


def test_two_agreements_of_one_name_are_refused(cli: Cli, world: Path, tmp_path: Path) -> None:
    from tests.worlds import write_world

    (tmp_path / "twin").mkdir()
    twin = write_world(tmp_path / "twin")
    (tmp_path / "r.ndjson").write_bytes(line(1))
    told = cli("run", "-a", world, "-a", twin, "r.ndjson")
    assert told.code == 2
    assert "both named 'world'" in told.err
    assert cli("run", "-a", world, "-a", world, "r.ndjson").code == 0


def test_strict_stops_with_exit_3_and_keeps_the_reject(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1) + b"no report\n")
    told = cli("run", "-a", world, "r.ndjson", "--strict", "--json")
    assert told.code == 3
    assert "r.ndjson: row 2" in told.err
    assert ": :" not in told.err
    assert told.json()["rejected"] == 1
    assert cli("rejects", "list", "--json").json()["row"] == 2


@pytest.mark.parametrize("pace", ["0", "-1", "nan", "inf", "fast"])
def test_a_pace_that_is_none_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path, pace: str) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1))
    assert cli("run", "-a", world, "r.ndjson", f"--pace={pace}").code == 2


def test_summary_that_has_no_folder_is_found_before_the_work(cli: Cli, world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line(1))
    assert cli("run", "-a", world, "r.ndjson", "--summary", "no/s.json").code == 2
    assert not (tmp_path / "truceline.db").exists()


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_gathered(world: Path, tmp_path: Path, which: signal.Signals) -> None:
    store = tmp_path / "t.db"
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start("run", "-a", world, "-", "--store", store, "--json", **pipes) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(line(number) for number in range(20)))
        process.stdin.flush()
        _wait_for(lambda: _alerts(store) == 20)
        process.send_signal(which)
        assert process.wait(timeout=60) == 130
        assert process.stdout is not None
        assert process.stderr is not None
        summary, said = json.loads(process.stdout.read()), process.stderr.read().decode()
    assert (summary["rows_read"], summary["alerts"]) == (20, 20)
    assert said.splitlines()[-1] == "truceline: interrupted"
    assert "Traceback" not in said
    assert "Fatal" not in said


def test_paced_run_waits_between_reports(world: Path, tmp_path: Path) -> None:
    store, path = tmp_path / "t.db", tmp_path / "r.ndjson"
    path.write_bytes(line(1) + line(2, observed_from="2016-03-01T09:00:00Z", observed_until="2016-03-01T09:00:00Z"))
    with start("run", "-a", world, path, "--store", store, "--pace", "1", stderr=subprocess.DEVNULL) as process:
        _wait_for(lambda: _alerts(store) == 1)
        assert process.poll() is None
        process.terminate()
        assert process.wait(timeout=60) == 130
    assert _alerts(store) == 1


def test_a_live_run_calls_out_each_alert_as_it_comes_and_a_bulk_run_does_not(world: Path, tmp_path: Path) -> None:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start("run", "-a", world, "-", "--store", tmp_path / "live.db", **pipes) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        for number in (1, 2):
            process.stdin.write(line(number))
            process.stdin.flush()
            called = process.stderr.readline().decode()
            assert re.match(r"2016-03-01 08:00:00 grave +ceasefire +.* 0\.99 al_[0-9a-f]+\n", called)
        # A report that comes again raises nothing new.
        process.stdin.write(line(2))
        process.stdin.close()
        assert b"al_" not in process.stderr.read()
        assert process.wait(timeout=60) == 0
    path = tmp_path / "r.ndjson"
    path.write_bytes(line(1) + line(2))
    bulk = finish("run", "-a", world, path, "--store", tmp_path / "bulk.db")
    assert "al_" not in bulk.err
    paced = finish("run", "-a", world, path, "--store", tmp_path / "paced.db", "--pace", "1000")
    assert paced.err.count("al_") == 2


def test_in_a_terminal_alerts_stand_above_the_progress(world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line(1) + line(2))
    said = on_a_terminal("run", "-a", world, path, "--store", tmp_path / "t.db", "--pace", "1000", streams=("stderr",))
    with open_store(tmp_path / "t.db") as store:
        assert all(alert.alert_id.encode() in said for alert in store.alerts())


def test_two_runs_cannot_write_one_store(world: Path, tmp_path: Path) -> None:
    store, path = tmp_path / "t.db", tmp_path / "r.ndjson"
    path.write_bytes(line(1))
    with start("run", "-a", world, "-", "--store", store, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        process.stdin.write(line(2))
        process.stdin.flush()
        _wait_for(lambda: _alerts(store) == 1)
        told = finish("run", "-a", world, path, "--store", store)
        assert told.code == 1
        assert f"process {process.pid}" in told.err
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert finish("run", "-a", world, path, "--store", store).code == 0
    assert _alerts(store) == 2


def test_nobody_reading_progress_stops_no_run(world: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_bytes(line(1) + line(2))
    read, write = os.pipe()
    os.close(read)
    try:
        told = finish("run", "-a", world, path, "--store", tmp_path / "t.db", stderr=write)
    finally:
        os.close(write)
    assert told.code == 0
    assert _alerts(tmp_path / "t.db") == 2


_DAMAGE = st.one_of(
    st.binary(max_size=60).map(lambda data: data.replace(b"\n", b" ")),
    st.builds(lambda at: line(7)[:at], st.integers(1, 150)),
    st.builds(lambda number: line(number)[:-1], st.integers(0, 9)),
    st.sampled_from(
        [
            line(1, observed_from="0000-01-01T00:00:00Z")[:-1],
            line(1, footprint={"kind": "disc", "lon": 999, "lat": 1, "radius_m": 1})[:-1],
            b"\xff\xfe",
            b"[]",
            b"null",
            b"{",
        ]
    ),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(_DAMAGE, max_size=12), cut=st.none() | st.integers(0, 400))
def test_rows_read_are_accepted_or_rejected(
    cli: Cli, world: Path, tmp_path: Path, rows: list[bytes], cut: int | None
) -> None:
    store = tmp_path / f"{time.monotonic_ns()}.db"
    packed = gzip.compress(b"\n".join(rows))
    path = tmp_path / "damaged.ndjson.gz"
    path.write_bytes(packed if cut is None else packed[: max(1, min(cut, len(packed)))])
    told = cli("run", "-a", world, f"ndjson={path}", "--store", store, "--json")
    assert told.code in (0, 1)
    summary = told.json()
    assert summary["rows_read"] == summary["accepted"] + summary["rejected"]
    with open_store(store) as record:
        kept = list(record.rejects())
        assert len(kept) == summary["rejected"]
        assert record.figures()["reports"] == summary["reports"] - summary["duplicates"]


def _alerts(store: Path) -> int:
    from pipeline.store import StoreError

    try:
        with open_store(store) as record:
            return len(list(record.alerts()))
    except StoreError:
        return -1


def _wait_for(happened: object, seconds: float = 60.0) -> None:
    assert callable(happened)
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        threading.Event().wait(0.05)
