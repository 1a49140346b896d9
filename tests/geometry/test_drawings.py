"""The drawings of docs/geometry.md show what the code answers today; `make drawings` makes them anew."""

import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from tools.drawings_geometry import DRAWINGS

DOCS = Path(__file__).resolve().parents[2] / "docs"

_PATH = re.compile(r' d="([^"]*)"')
_COORDINATES = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_PIXELS = re.compile(r' c?[xy]="[^"]*"')


def _paths(drawing: str) -> list[shapely.MultiPoint]:
    return [shapely.MultiPoint(np.array(_COORDINATES.findall(path), dtype=float)) for path in _PATH.findall(drawing)]


def _words(drawing: str) -> str:
    """All but where things stand to the pixel, which another machine may round otherwise."""
    return _PIXELS.sub("", _PATH.sub("", drawing))


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_current(name: str) -> None:
    kept, made = (DOCS / "images" / name).read_text(encoding="utf-8"), DRAWINGS[name]()
    assert _words(kept) == _words(made)
    apart_px = [one.hausdorff_distance(other) for one, other in zip(_paths(kept), _paths(made), strict=True)]
    assert max(apart_px) <= 0.3


def test_every_drawing_is_shown() -> None:
    shown = re.findall(r"\(images/(geometry-[\w-]+\.svg)\)", (DOCS / "geometry.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(DRAWINGS)
