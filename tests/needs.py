"""What some tests need and a machine may lack: how to see whether it is there, and how to get it.

Such a test is skipped by name, and the run's last lines say how to get what was missing. REQUIRE in the
environment names what may not be missing (`ogrinfo,data`, or `all`, or `all,-data`): then the test fails instead.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipeline.stream.broker_files import BrokerError, java

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DROP_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
"""Root without root's powers: it owns its files, but a read-only folder stops it as it stops anyone."""


class Need(NamedTuple):
    """Something that a machine may lack."""

    present: Callable[[], bool]
    how: str


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _programs(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) for name in names)


def _unprivileged() -> bool:
    return os.geteuid() != 0 or (shutil.which("setpriv") is not None and _runs([*DROP_PRIVILEGES, "true"]))


def _java() -> bool:
    try:
        java()
    except BrokerError:
        return False
    return True


def libfaketime() -> Path | None:
    """The library that gives a process another clock, for LD_PRELOAD; None where it is not there."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found[0] if found else None


def _small_disk() -> bool:
    with tempfile.TemporaryDirectory() as point:
        mounted = os.geteuid() == 0 and _runs(mount_small_disk(Path(point), 65536))
        return mounted and _runs(["umount", point])


def mount_small_disk(point: Path, size_bytes: int) -> list[str]:
    """The command that puts a disk of `size_bytes` at `point`."""
    return ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(point)]


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


NEEDS = {
    "data": Need(DATA.is_dir, "the folder shared/data beside the checkout, with the public tables"),
    "ogrinfo": Need(_program("ogrinfo"), "GDAL's command-line tools (Debian: apt-get install gdal-bin)"),
    "chromium": Need(_program("chromium", "chromium-browser"), "Chromium (Debian: apt-get install chromium)"),
    "java": Need(_java, "Java 17 or later, for Kafka (Debian: apt-get install openjdk-17-jre-headless)"),
    "maven": Need(_program("mvn"), "Apache Maven, which fetches Kafka (Debian: apt-get install maven)"),
    "openssl": Need(_program("openssl"), "openssl, for a broker's certificate (Debian: apt-get install openssl)"),
    "prometheus": Need(
        _programs("prometheus", "promtool"), "Prometheus and its promtool (Debian: apt-get install prometheus)"
    ),
    "alertmanager": Need(
        _programs("prometheus-alertmanager", "amtool"),
        "Alertmanager, as prometheus-alertmanager, and its amtool (Debian: apt-get install prometheus-alertmanager)",
    ),
    "faketime": Need(
        lambda: libfaketime() is not None,
        "libfaketime, for a clock that jumps (Debian: apt-get install libfaketime)",
    ),
    "unprivileged": Need(_unprivileged, "run the tests as an ordinary user, or install setpriv (Debian: util-linux)"),
    "small_disk": Need(_small_disk, "run the tests as root where mounting a tmpfs is allowed"),
}

_MISSING = re.compile(r"needs (\w+): ")


@cache
def missing(name: str) -> str | None:
    """Why a test that needs `name` cannot run here, or None where it can."""
    need = NEEDS[name]
    return None if need.present() else f"needs {name}: {need.how}"


def demanded(reason: str, require: str) -> bool:
    """Whether a skip for `reason` is a failure under the setting `require`.

    >>> demanded("needs ogrinfo: GDAL", "data,ogrinfo"), demanded("needs data: a folder", "all,-data")
    (True, False)
    >>> demanded("a whim", "all"), demanded("a whim", "data"), demanded("a whim", "")
    (True, False, False)
    """
    words = {word.strip() for word in require.split(",")} - {""}
    found = _MISSING.search(reason)
    name = found[1] if found else ""
    return (bool(name) and name in words) or ("all" in words and f"-{name}" not in words)


def unknown(require: str) -> list[str]:
    """The words of the setting that are no need's name."""
    words: Iterable[str] = (word.strip() for word in require.split(","))
    return [word for word in words if word and word != "all" and word.removeprefix("-") not in NEEDS]
