"""Metrics of a run: true counts, bounded labels, served while it works."""

import socket
import subprocess
import threading
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.gazetteer import load_gazetteer
from pipeline.metrics import MAX_VALUES, OTHER, AddressError, RunMetrics, parse_address
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.sources.inputs import open_input
from pipeline.store import Recorder, open_store
from pipeline.store.runner import Step, Summary
from tests.cli.driving import Cli, finish, line, start
from tests.worlds import report
from tests.worlds import world as compiled

PROMISED = {
    "truceline_reports_received",
    "truceline_reports_rejected",
    "truceline_reports_late",
    "truceline_alerts_raised",
    "truceline_alerts_oldest_unacknowledged_seconds",
    "truceline_alerts_open",
    "truceline_report_to_alert_seconds",
    "truceline_source_last_report_timestamp_seconds",
    "truceline_coverage_ratio",
    "truceline_event_time_lag_seconds",
    "truceline_last_progress_timestamp_seconds",
    "truceline_state_reports",
    "truceline_build_info",
}
"""Those of contract's list that a run has; the parser leaves a counter's `_total` off."""


def _scrape(port: int) -> dict[str, dict[tuple[str, ...], float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples} for family in families
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_run_is_scraped_while_it_works(world: Path, tmp_path: Path) -> None:
    port = _free_port()
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    arguments: list[str | Path] = [
        "-",
        "--store",
        tmp_path / "t.db",
        "--feed",
        "radio",
        "--metrics-listen",
        f"127.0.0.1:{port}",
    ]
    with start("run", "-a", world, *arguments, **pipes) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(line(1) + line(2) + line(2) + b"{}\n")
        process.stdin.flush()
        assert f"http://127.0.0.1:{port}/metrics" in process.stderr.readline().decode()
        end = time.monotonic() + 60
        while sum((told := _scrape(port)).get("truceline_reports_rejected", {}).values()) < 1:
            assert time.monotonic() < end
            threading.Event().wait(0.05)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    assert set(told) == PROMISED
    assert sum(told["truceline_reports_received"].values()) == 3
    assert sum(told["truceline_state_reports"].values()) == 2
    assert told["truceline_alerts_raised"] == {("world", "ceasefire", "grave"): 2}
    assert told["truceline_alerts_open"] == {("world", "grave", "alleged"): 2}
    assert told["truceline_source_last_report_timestamp_seconds"].keys() == told["truceline_reports_received"].keys()


@pytest.mark.parametrize("address", ["9464", "host:", "127.0.0.1:99999", "127.0.0.1:http", "no such host:9464"])
def test_an_address_that_is_none_is_wrong_usage(cli: Cli, world: Path, tmp_path: Path, address: str) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    told = cli("run", "-a", world, "r.ndjson", "--metrics-listen", address)
    assert told.code == 2
    assert "Traceback" not in told.err


def test_a_port_in_use_is_exit_1(world: Path, tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_bytes(line())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = finish(
            "run", "-a", world, tmp_path / "r.ndjson", "--store", tmp_path / "t.db", "--metrics-listen", address
        )
    assert told.code == 1
    assert address in told.err
    assert "Traceback" not in told.err


def test_address_needs_a_port() -> None:
    with pytest.raises(AddressError, match="HOST:PORT"):
        parse_address("localhost")


OWN: dict[str, Any] = {"observer": "Patrol 7", "ledger": "independent"}
"""One patrol's reports are not of one incident."""


class _Run:
    """Batches into a store, and what the metrics make of them."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "t.db", write=True)
        self.recorder = Recorder(self.store, [compiled(folder)], load_gazetteer().outlines)
        self.metrics = RunMetrics(self.store, clock=lambda: 2e9)
        (folder / "none.ndjson").touch()
        (self.input,) = open_input(str(folder / "none.ndjson"), source="ndjson")

    def step(self, *reports: Report) -> None:
        outcome = self.recorder.record(reports)
        self.metrics.on_step(
            Step(
                input=self.input,
                reports=reports,
                rejects=(),
                observations=(),
                outcome=outcome,
                summary=Summary(),
                read_at=1.0,
                committed_at=1.5,
            )
        )

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"truceline_{name}", labels)


INSIDE = Disc(37.6, 48.2, 100.0)
OPEN = {"agreement": "world", "severity": "grave", "status": "alleged"}
RAISED = {"agreement": "world", "provision": "ceasefire", "severity": "grave"}


def test_an_alert_that_loses_its_evidence_is_open_no_longer(tmp_path: Path) -> None:
    run = _Run(tmp_path)
    run.step(report(1, INSIDE, **OWN), report(2, INSIDE, **OWN))
    assert run.value("alerts_open", **OPEN) == 2
    run.step(report(3, Disc(10.0, 50.0, 10.0), revises="test:1", **OWN))
    assert run.value("alerts_open", **OPEN) == 1
    assert run.value("alerts_raised_total", **RAISED) == 2
    run.step(report(1, INSIDE, **OWN))
    assert run.value("alerts_raised_total", **RAISED) == 2
    assert run.value("state_reports") == 3
    assert run.value("report_to_alert_seconds_count") == 2
    assert run.value("report_to_alert_seconds_sum") == 1.0
    run.store.close()


def test_a_run_that_goes_on_counts_what_is_open_already(tmp_path: Path) -> None:
    run = _Run(tmp_path)
    run.step(report(1, INSIDE))
    run.store.close()
    again = _Run(tmp_path)
    assert again.value("alerts_open", **OPEN) == 1
    assert again.value("alerts_raised_total", **RAISED) is None
    assert again.value("state_reports") == 1
    again.store.close()


def test_late_reports_and_the_lag_follow_event_time(tmp_path: Path) -> None:
    run = _Run(tmp_path)
    run.step(report(1, INSIDE, at=timedelta(days=60)), report(2, INSIDE))
    assert run.value("reports_late_total", source="test") == 1
    lag = run.value("event_time_lag_seconds")
    assert lag == 2e9 - report(1, INSIDE, at=timedelta(days=60)).observed_from.timestamp()
    run.store.close()


def test_an_input_cannot_make_up_labels_without_end(tmp_path: Path) -> None:
    run = _Run(tmp_path)
    run.step(
        *(report(n, INSIDE, feed=f"feed-{n}") for n in range(MAX_VALUES + 50)), report("x", INSIDE, feed="y" * 500)
    )
    feeds = {
        sample.labels["feed"]
        for family in run.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "truceline_reports_received_total"
    }
    assert len(feeds) == MAX_VALUES + 1
    assert run.value("reports_received_total", source="test", feed=OTHER) == 51
    run.store.close()
