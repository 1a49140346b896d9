"""The wheel works by itself, what is installed is pinned, and no module outgrows a reader."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

from pipeline.resources import folder

CHECKOUT = Path(__file__).resolve().parents[1]
MAX_MODULE_LINES = 400
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==[0-9][A-Za-z0-9.!+]*$")
# Spelt apart so that this file does not name them either.
_REGISTRY_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("crates", "io"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("golang", "org"),
    ("maven", "org"),
    ("debian", "org"),
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an empty environment into which the wheel, and no checkout, was installed."""
    wheels = tmp_path_factory.mktemp("wheels")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(CHECKOUT)], wheels)
    (wheel,) = wheels.glob("truceline-*.whl")
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    programs = home / "bin"
    python = str(programs / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    _run([*pip, "install", "--no-index", "--no-deps", str(wheel)], wheels)
    # Its dependencies are those of this environment. A .pth in a folder reached by a .pth is not read, so the
    # editable install of the checkout does not come along.
    site = _run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], wheels).stdout.strip()
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(site, "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(borrowed)))
    return programs


def test_wheel_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    imported = _run([str(installed / "python"), "-c", "import pipeline; print(pipeline.__file__)"], tmp_path).stdout
    assert Path(imported.strip()).is_relative_to(installed.parent)
    agreements = _run([str(installed / "truceline"), "agreement", "list"], tmp_path).stdout
    shipped = {path.stem for path in (CHECKOUT / "geodata" / "agreements").glob("*.toml")}
    assert {"donbas-2015", "ukraine-hypothetical"} <= shipped <= set(agreements.split())
    sources = _run([str(installed / "truceline"), "sources"], tmp_path).stdout
    assert "ucdp" in sources
    assert "csv" in sources
    assert not list(tmp_path.iterdir()), "a command that only tells left files behind"


def test_wheel_carries_every_schema_and_geodata_file(installed: Path, tmp_path: Path) -> None:
    ask = "from pipeline.resources import folder; print(folder('schemas').parent)"
    data = Path(_run([str(installed / "python"), "-c", ask], tmp_path).stdout.strip())
    assert data.is_relative_to(installed.parent)
    for name in ("schemas", "geodata", "deploy/kafka"):
        assert _files(data / name) == _files(CHECKOUT / name) != {}


def test_module_and_command_are_the_same(installed: Path, tmp_path: Path) -> None:
    module = _run([str(installed / "python"), "-m", "pipeline", "sources"], tmp_path).stdout
    assert module == _run([str(installed / "truceline"), "sources"], tmp_path).stdout


def test_unknown_data_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="geodata, schemas"):
        folder("../tests")


def test_constraints_pin_every_dependency_by_version_alone() -> None:
    lines = [line for line in (CHECKOUT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = [_PIN.match(line) for line in lines]
    assert [line for line, pin in zip(lines, pins, strict=True) if not pin] == []
    pinned = {_normal(pin[1]) for pin in pins if pin}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += project["project"]["optional-dependencies"]["dev"]
    assert {_normal(re.split(r"[^A-Za-z0-9._-]", need)[0]) for need in wanted} - pinned == set()


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(re.escape(".".join(parts)) for parts in _REGISTRY_HOSTS))
    named = [path for path in _tracked() if hosts.search(path.read_text(encoding="utf-8", errors="ignore"))]
    assert named == []


def test_no_module_outgrows_a_reader() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (CHECKOUT / "pipeline").rglob("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > MAX_MODULE_LINES} == {}


def _run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TRUCELINE"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _tracked() -> list[Path]:
    """Every file that is, or would be, in the repository; all but the caches where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        found = [CHECKOUT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in CHECKOUT.rglob("*") if ".venv" not in path.parts and "__pycache__" not in path.parts]
    return [path for path in found if path.is_file()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
