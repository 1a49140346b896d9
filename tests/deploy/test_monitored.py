"""A monitor at work under a real Prometheus and Alertmanager: who is told of what, and what the dashboard shows."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.metrics import DriverMetrics, Role, served
from tests.cli.driving import finish, start
from tests.deploy.monitoring import DEPLOY, Pager, Server, alertmanager, free_port, pager, prometheus, until

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("alertmanager")]

DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "truceline.json").read_text(encoding="utf-8"))
PACE = "800"
"""A day in a minute and three quarters: longer than these tests ask for."""


class Watched(NamedTuple):
    """A run and a worker that are scraped, and who is told of it."""

    prometheus: Server
    alertmanager: Server
    pager: Pager
    worker: ExitStack
    ports: dict[str, list[int]]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`truceline run` on a scenario, a tenth of whose rows are broken, and a worker's metrics."""
    folder = tmp_path_factory.mktemp("watched")
    run, worker, serve = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        told = stack.enter_context(pager())
        manager = stack.enter_context(alertmanager(folder, told.port))
        process = _run(_scenario(folder), folder / "t.db", run)
        stack.callback(_end, process)
        metrics = _worker()
        standing = stack.enter_context(ExitStack())
        standing.enter_context(served(metrics.registry, f"127.0.0.1:{worker}"))
        stack.enter_context(served(_console().registry, f"127.0.0.1:{serve}"))
        targets = {"truceline-run": [run], "truceline-worker": [worker], "truceline-serve": [serve]}
        server = stack.enter_context(prometheus(folder, targets, manager.port))
        until("all are scraped", lambda: len(server.query("up == 1")) == len(targets))
        # What a counter has on its first scrape is no increase yet.
        metrics.late("csv", 3)
        yield Watched(server, manager, told, standing, targets)


WATCHED = (
    b'{"observation_id": "sim:watched", "source": "sim", "asset": "array", "make": "array", "state": "watching", '
    b'"observed_from": "2026-02-28T00:00:00Z", "observed_until": "2026-04-01T00:00:00Z", '
    b'"received_at": "2026-03-01T00:00:00Z", '
    b'"footprint": {"kind": "disc", "lon": 37.5, "lat": 48.4, "radius_m": 40000}}'
)


def _scenario(folder: Path) -> Path:
    assert finish("scenario", "make", "breakdown", "--seed", "1", "-o", folder / "scenario").code == 0
    path = folder / "reports.ndjson"
    with (folder / "scenario" / "reports.ndjson").open("rb") as whole, path.open("wb") as broken:
        broken.write(WATCHED + b"\n")
        for number, line in enumerate(whole):
            broken.write(line if number % 10 else b"{}\n")
    return path


def _run(reports: Path, store: Path, port: int) -> "subprocess.Popen[bytes]":
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options: list[str | Path] = ["--pace", PACE, "--store", store, "--metrics-listen", f"127.0.0.1:{port}"]
    return start("run", "-a", "ukraine-hypothetical", f"ndjson={reports}", *options, **quiet)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    assert process.wait(timeout=60) == 130


def _worker() -> DriverMetrics:
    """What a worker says that has a backlog of late reports."""
    metrics = DriverMetrics(Role.WORKER)
    metrics.reports_received("csv", "patrols", 100)
    metrics.late("csv", 3)
    metrics.event_time(datetime(2026, 3, 1, tzinfo=UTC))
    metrics.consumer_lag("truceline.reports", 0, 17)
    metrics.broker_connected(True)
    metrics.state_reports(100)
    return metrics


def _console() -> DriverMetrics:
    """What a console says to which two listen."""
    metrics = DriverMetrics(Role.SERVE)
    metrics.listening(2)
    metrics.cut()
    return metrics


def _labels(alert: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in alert["labels"].items() if name != "instance"}


def test_a_source_that_is_rejected_becomes_a_ticket(watched: Watched) -> None:
    (alert, *_) = until("a ticket", lambda: watched.pager.alerts("/ticket", "TrucelineManyRejects"))
    assert _labels(alert) == {
        "alertname": "TrucelineManyRejects",
        "job": "truceline-run",
        "source": "ndjson",
        "urgency": "ticket",
    }
    assert re.fullmatch(r"ndjson: .*% of the rows are rejected", alert["annotations"]["summary"])
    until("the heartbeat", lambda: watched.pager.alerts("/heartbeat", "TrucelineHeartbeat"))
    assert watched.pager.alerts("/page", "TrucelineManyRejects") == []


def test_promtool_finds_nothing_to_blame_on_a_run_s_page(watched: Watched) -> None:
    (port,) = watched.ports["truceline-run"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        page = answer.read()
    assert b"truceline_reports_received_total{" in page
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def _filled(expression: str) -> str:
    """A dashboard's query as Grafana would send it."""
    values = {"$__rate_interval": "10s", "$job": ".*", "$source": ".*"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
]


@pytest.mark.parametrize("expression", QUERIES)
def test_a_query_of_the_dashboard_gives_series(watched: Watched, expression: str) -> None:
    until(f"series of {expression}", lambda: watched.prometheus.query(_filled(expression)))


def test_the_variables_of_the_dashboard_have_values(watched: Watched) -> None:
    values = {}
    for variable in DASHBOARD["templating"]["list"]:
        if found := re.fullmatch(r"label_values\((\w+), (\w+)\)", variable.get("definition", "")):
            told = watched.prometheus.ask(f"/api/v1/label/{found[2]}/values", **{"match[]": found[1]})
            values[variable["name"]] = set(told["data"])
    assert values["job"] == {"truceline-run", "truceline-worker", "truceline-serve"}
    assert {"sim", "csv"} <= values["source"]


def test_the_counts_that_are_scraped_are_the_run_s_own(watched: Watched) -> None:
    rejected = 'sum(truceline_reports_rejected_total{job="truceline-run"})'
    received = 'sum(truceline_reports_received_total{job="truceline-run"})'
    until("a hundred rows", lambda: watched.prometheus.query(f"{rejected} + {received} > 100"))
    ((_, share),) = [told["value"] for told in watched.prometheus.query(f"{rejected} / ({rejected} + {received})")]
    assert 0.05 < float(share) < 0.15


def test_a_worker_that_goes_pages_somebody_and_silences_what_follows(watched: Watched) -> None:
    """It comes last: the worker does not come back."""
    until("a ticket", lambda: watched.pager.alerts("/ticket", "TrucelineEventTimeBehind"))
    watched.worker.close()
    (alert, *_) = until("a page", lambda: watched.pager.alerts("/page", "TrucelineNoWorker"))
    assert alert["annotations"]["runbook"] == "docs/operating.md#a-worker-is-down"
    until("one page is enough", lambda: _inhibited(watched.alertmanager, "TrucelineWorkerDown"))
    until("no ticket any more", lambda: _inhibited(watched.alertmanager, "TrucelineEventTimeBehind"))
    assert not _inhibited(watched.alertmanager, "TrucelineNoWorker")


def _held(manager: Server, name: str) -> list[Any]:
    return list(manager.ask("/api/v2/alerts", filter=f'alertname="{name}"'))


def _inhibited(manager: Server, name: str) -> bool:
    return any(alert["status"]["inhibitedBy"] for alert in _held(manager, name))
