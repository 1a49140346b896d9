"""Where the shipped data folders are, beside the package in a checkout or inside it in a wheel; and others' files."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = ("deploy", "geodata", "schemas")


class ResourceMissingError(RuntimeError):
    """A data folder that Truceline ships is not where it must be: the installation is damaged."""


def folder(name: str) -> Path:
    """The data folder `name`: `deploy`, `geodata` (agreements, lines, areas) or `schemas` (JSON Schemas, taxonomy).

    >>> folder("geodata").is_dir()
    True
    """
    if name not in _FOLDERS:
        raise ValueError(f"no data folder is called {name!r}; there are {', '.join(_FOLDERS)}")
    # The wheel's own data first: beside an installed package there may be anything.
    candidates = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    places = " or ".join(map(str, candidates))
    raise ResourceMissingError(f"the data folder {name!r} is missing (looked for {places}); install Truceline again")


def wheel_file(distribution: str, name: str) -> bytes:
    """A file that another package's wheel has installed, by its name without the folder.

    >>> wheel_file("django-js-lib-leaflet", "LICENSE")[:6]
    b'BSD 2-'
    """
    try:
        known = files(distribution) or []
    except PackageNotFoundError as error:
        raise ResourceMissingError(f"the package {distribution} is missing; install Truceline again") from error
    for path in known:
        if path.name == name:
            return path.read_binary()
    raise ResourceMissingError(f"{distribution} lacks {name}; install Truceline again")
