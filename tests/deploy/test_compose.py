"""compose.yaml and the Dockerfile, as far as they can be checked where there is no Docker: by their text."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli.app import app
from pipeline.stream.settings import SETTINGS
from tests.deploy.monitoring import DEPLOY, finish, load
from tests.test_docs import CHECKOUT

COMPOSE: dict[str, Any] = load(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "truceline"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def _volumes() -> Iterator[tuple[str, str, str]]:
    """Each volume as service, source, target; an anonymous one has no source."""
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source, target = ["", *volume.removesuffix(":ro").split(":")][-2:]
            yield name, source, target


def test_what_is_mounted_exists() -> None:
    named = set()
    for _, source, target in _volumes():
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
        elif source:
            named.add(source)
    assert named == set(COMPOSE["volumes"])


def test_services_wait_for_services_that_there_are() -> None:
    for service in SERVICES.values():
        waits = service.get("depends_on", {})
        assert set(waits) <= set(SERVICES)
        for other, how in waits.items() if isinstance(waits, dict) else ():
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_images_are_of_a_stated_version() -> None:
    for name, service in SERVICES.items():
        if name not in OURS:
            assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", service["image"])


def test_the_broker_is_the_one_that_the_tests_run() -> None:
    pom = (DEPLOY / "kafka" / "pom.xml").read_text(encoding="utf-8")
    (version,) = re.findall(r"<kafka\.version>([0-9.]+)</kafka\.version>", pom)
    assert SERVICES["broker"]["image"] == f"apache/kafka:{version}"


def test_the_worker_is_told_only_what_it_knows() -> None:
    variables = {name for service in OURS.values() for name in service["environment"]}
    assert variables <= {setting.variable for setting in SETTINGS.values()}
    assert {"TRUCELINE_KAFKA", "TRUCELINE_WORKER_METRICS_LISTEN"} <= variables


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_one_of_ours(name: str) -> None:
    command: Any = typer.main.get_command(app)
    for word in OURS[name]["command"]:
        command = command.commands[word]
    assert command.get_params is not None


def test_prometheus_scrapes_the_worker_s_port_by_its_name() -> None:
    worker = SERVICES["worker"]
    _, port = worker["environment"]["TRUCELINE_WORKER_METRICS_LISTEN"].split(":")
    assert worker["expose"] == [port]
    assert f"127.0.0.1:{port}/metrics" in " ".join(worker["healthcheck"]["test"])
    jobs = {job["job_name"]: job for job in load(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]}
    (found,) = jobs["truceline-worker"]["dns_sd_configs"]
    assert (found["names"], found["port"]) == (["worker"], int(port))


def test_programs_find_each_other_by_their_services_names() -> None:
    config = load(DEPLOY / "prometheus" / "prometheus.yml")
    (manager,) = config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    (source,) = load(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    for address in (manager, source["url"].removeprefix("http://"), OURS["worker"]["environment"]["TRUCELINE_KAFKA"]):
        assert address.split(":")[0] in SERVICES


def test_grafana_finds_its_dashboards() -> None:
    (provider,) = load(DEPLOY / "grafana" / "provisioning" / "dashboards" / "truceline.yml")["providers"]
    mounted = {target: source for name, source, target in _volumes() if name == "grafana"}
    folder = DEPLOY / mounted[provider["options"]["path"]]
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (folder / home.name).is_file()


@pytest.mark.needs("prometheus")
@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize(
    ("service", "program"), [("prometheus", "prometheus"), ("alertmanager", "prometheus-alertmanager")]
)
def test_options_are_those_that_the_program_has(service: str, program: str) -> None:
    known = set(re.findall(r"--[a-z.\-]+", finish("sh", "-c", f"{program} --help 2>&1")))
    for option in SERVICES[service]["command"]:
        name, _, value = option.partition("=")
        assert name in known
        target = next(
            (target for owner, _, target in _volumes() if owner == service and value.startswith(target)), None
        )
        assert not value.startswith("/") or target is not None, f"{value} is on no volume"


def _copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [word for line in lines for word in line.split()[:-1]]


def test_what_the_image_is_made_of_is_let_through_to_the_builder() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert set(_copied()) == {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert "*" in ignore


def test_what_is_copied_is_enough_to_build_from(tmp_path: Path) -> None:
    for name in _copied():
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    finish(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "out", tmp_path)
    (wheel,) = (tmp_path / "out").glob("truceline-*.whl")
    assert wheel.stat().st_size > 100_000


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)
    assert 'ENTRYPOINT ["truceline"]' in DOCKERFILE


def test_no_secret_is_written_down() -> None:
    variables = {name for service in SERVICES.values() for name in service.get("environment", ())}
    assert [name for name in variables if re.search("PASSWORD|SECRET|TOKEN", name)] == []
