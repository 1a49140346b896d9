"""A real Prometheus and a real Alertmanager, configured as deploy/ has it, but quicker; and a pager that listens."""

import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "rules" / "truceline.yml"
DEADLINE_S = 60.0
"""How long anything may take to start, or to be said."""


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def finish(*command: str | Path) -> str:
    """A tool's output; it must end well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(what: str, found: Callable[[], Any]) -> Any:
    """What is found, as soon as it is true."""
    end = time.monotonic() + DEADLINE_S
    while not (told := found()):
        assert time.monotonic() < end, f"not within {DEADLINE_S:.0f} s: {what}"
        threading.Event().wait(0.1)
    return told


class Server(NamedTuple):
    """One of Prometheus' own programs at work."""

    port: int

    def ask(self, path: str, **parameters: str) -> Any:
        """The answer to an API call; an error of the server's is one of the test."""
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters or path}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[Any]:
        """The series of an instant query."""
        told = self.ask("/api/v1/query", query=expression)
        assert told["status"] == "success", told
        return list(told["data"]["result"])

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def _serving(folder: Path, port: int, *command: str | Path) -> Iterator[Server]:
    """A program that was started, until it is ready, and then for the length of the block."""
    server = Server(port)
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            until(f"{command[0]} ready; see {log.name}", lambda: process.poll() is not None or server.is_ready())
            assert process.poll() is None, (folder / "log").read_text(errors="replace")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def hurried_rules() -> Any:
    """Our rules, where whatever must hold for some time must hold for half a second."""
    rules = load(RULES)
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        if "for" in rule:
            rule["for"] = "500ms"
    return rules


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, Sequence[int]], alertmanager: int) -> Iterator[Server]:
    """Prometheus with our configuration for one machine, scraping ports of this one by job, twice a second."""
    home = folder / "prometheus"
    (home / "rules").mkdir(parents=True)
    (home / "rules" / RULES.name).write_text(yaml.safe_dump(hurried_rules()), encoding="utf-8")
    config = load(DEPLOY / "prometheus" / "prometheus-loopback.yml")
    config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "250ms"}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    for name, ports in targets.items():
        jobs[name]["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
    config["scrape_configs"] = [jobs[name] for name in targets]
    (home / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    arguments = [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={home / 'data'}"]
    # What fires before Alertmanager has been found is told anew soon, and not after a minute.
    arguments.append("--rules.alert.resend-delay=1s")
    with _serving(home, port, "prometheus", f"--config.file={home / 'prometheus.yml'}", *arguments) as server:
        yield server


@contextmanager
def alertmanager(folder: Path, pager: int) -> Iterator[Server]:
    """Alertmanager with our routes, without their pauses, and with its receivers at the port `pager`."""
    home = folder / "alertmanager"
    home.mkdir()
    config = load(DEPLOY / "alertmanager" / "alertmanager.yml")
    for route in (config["route"], *config["route"]["routes"]):
        route.update(group_wait="200ms", group_interval="1s", repeat_interval="10s")
    for webhook in (webhook for receiver in config["receivers"] for webhook in receiver["webhook_configs"]):
        webhook["url"] = urllib.parse.urlsplit(webhook["url"])._replace(netloc=f"127.0.0.1:{pager}").geturl()
    (home / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    arguments = [f"--web.listen-address=127.0.0.1:{port}", f"--storage.path={home / 'data'}"]
    arguments.append("--cluster.listen-address=")
    program = "prometheus-alertmanager"
    with _serving(home, port, program, f"--config.file={home / 'alertmanager.yml'}", *arguments) as server:
        yield server


class Pager:
    """Whoever is told: the alerts that came to each path."""

    def __init__(self, port: int, told: list[tuple[str, dict[str, Any]]]) -> None:
        self.port, self._told = port, told

    def alerts(self, path: str, name: str) -> list[dict[str, Any]]:
        """The alerts of this name that were told at this path, firing or resolved."""
        said = [message for at, message in list(self._told) if at == path]
        return [alert for message in said for alert in message["alerts"] if alert["labels"]["alertname"] == name]


@contextmanager
def pager() -> Iterator[Pager]:
    """Listens on a port of this machine for what Alertmanager says."""
    told: list[tuple[str, dict[str, Any]]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.append((self.path, json.loads(self.rfile.read(length))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: what came is in `told`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Pager(server.server_port, told)
        finally:
            server.shutdown()
            thread.join()
