"""What every test may use: the shared data, what a machine may lack, and how hard hypothesis tries."""

import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.needs import DATA, DROP_PRIVILEGES, NEEDS, demanded, missing, mount_small_disk, unknown

REQUIRE = os.environ.get("REQUIRE", "")

# The clock of a shared machine says nothing about the code, so no example has a deadline.
_no_clock = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _no_clock, max_examples=50)
settings.register_profile("ci", _no_clock, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("long", _no_clock, max_examples=500, print_blob=True)
settings.load_profile(os.environ.get("EXAMPLES") or ("ci" if os.environ.get("CI") else "quick"))


@pytest.fixture(scope="session", autouse=True)
def _surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What another version of the code kept is not what is tested; and Java spends no time on its second compiler.

    Brokers of tests live for seconds: code that is compiled well would be thrown away before it pays. It halves what
    starting one takes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        if "JAVA_TOOL_OPTIONS" not in os.environ:
            patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        yield


@pytest.fixture(scope="session")
def require() -> Callable[[str], None]:
    """Skip the test, by name, where the machine lacks something: `require("ogrinfo")`. Names are in tests/needs.py."""

    def _require(name: str) -> None:
        if reason := missing(name):
            pytest.skip(reason)

    return _require


@pytest.fixture(scope="session")
def shared_data(require: Callable[[str], None]) -> Callable[[str], Path]:
    """The path of a public table by its name in the shared data folder: `shared_data("ucdp_ged/….csv")`."""

    def _shared_data(name: str) -> Path:
        require("data")
        path = DATA / name
        if not path.exists():
            pytest.skip(f"needs data: {NEEDS['data'].how}, with {name} in it")
        return path

    return _shared_data


@pytest.fixture(scope="session")
def unprivileged(require: Callable[[str], None]) -> tuple[str, ...]:
    """What to put before a command so that file permissions hold for it, even where the tests run as root."""
    require("unprivileged")
    return () if os.geteuid() != 0 else DROP_PRIVILEGES


@pytest.fixture
def small_disk(require: Callable[[str], None], tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A folder on a disk of its own of so many bytes: `small_disk(1 << 20)`."""
    require("small_disk")
    mounted: list[Path] = []

    def _small_disk(size_bytes: int) -> Path:
        point = tmp_path / f"disk-{len(mounted)}"
        point.mkdir()
        subprocess.run(mount_small_disk(point, size_bytes), check=True)
        mounted.append(point)
        return point

    yield _small_disk
    for point in mounted:
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def pytest_configure(config: pytest.Config) -> None:
    if words := unknown(REQUIRE):
        raise pytest.UsageError(f"REQUIRE has {', '.join(words)}; known are all, {', '.join(NEEDS)}, and -NAME")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            if reason := missing(name):
                pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_if_demanded(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_demanded(report)
    return report


def _fail_if_demanded(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and demanded(reason := _reason(report), REQUIRE):
        report.outcome = "failed"
        report.longrepr = f"skipped, which REQUIRE={REQUIRE} forbids: {reason}"


def _reason(report: Any) -> str:
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return str(why).removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped and how to get it, each reason with its tests."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        skipped.setdefault(_reason(report), []).append(report.nodeid)
    if skipped:
        terminalreporter.section("skipped, and how to get it")
    for reason, tests in sorted(skipped.items()):
        terminalreporter.line(reason)
        for test in sorted(tests):
            terminalreporter.line(f"    {test}")
