"""The console's page: its own files, Leaflet's out of the installed wheel, and what is drawn behind everything."""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
import numpy as np
import shapely
from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from pipeline.console.problems import not_found
from pipeline.gazetteer import load_gazetteer
from pipeline.model.taxonomy import ActionKind, ActionReason, Basis, Confidence, PartyResponse, Severity, Status
from pipeline.model.term import Term
from pipeline.recon.makes import load_makes
from pipeline.resources import wheel_file
from pipeline.watch import load_watch

LEAFLET = "django-js-lib-leaflet"

_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
}
_OUTLINE_DEG = 0.02
_DIGITS = 3


class PageFile(NamedTuple):
    """What is sent of a file, and the tag by which a browser knows that it has it already."""

    body: bytes
    media_type: str
    tag: str


def pages() -> Sequence[ControllerRouterHandler]:
    """The paths of the page: `/` and what it loads under `/page/`."""
    return [show_page, page_file]


@get("/", sync_to_thread=True, include_in_schema=False)
def show_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The page."""
    return _answer(request, "index.html")


@get("/page/{name:path}", sync_to_thread=True, include_in_schema=False)
def page_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    return _answer(request, name.removeprefix("/"))


def _answer(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    found = _file(name) if name in _known() else None
    if found is None:
        raise not_found("the page has no such file")
    # A browser asks each time, and is told in a word that nothing changed: a page is never a mix of two versions.
    headers = {"ETag": found.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(b"", status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


@cache
def _known() -> dict[str, Callable[[], bytes]]:
    """How each file of the page is come by."""
    own = {one.name: one.read_bytes for one in (files("pipeline.console") / "page").iterdir() if one.is_file()}
    return {
        **own,
        "leaflet/leaflet.js": _leaflet_script,
        "leaflet/leaflet.css": _leaflet_style,
        "leaflet/LICENSE": lambda: wheel_file(LEAFLET, "LICENSE"),
        "backdrop.json": _backdrop,
        "terms.json": _terms,
    }


@cache
def _file(name: str) -> PageFile:
    body = _known()[name]()
    kind = _TYPES.get(name.rpartition(".")[2], "text/plain")
    return PageFile(body, kind, f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def _leaflet_script() -> bytes:
    """Leaflet without the pointer to its source map, which a browser's tools would go looking for."""
    return re.sub(rb"\n//# sourceMappingURL=\S*\s*$", b"\n", wheel_file(LEAFLET, "leaflet.js"))


def _leaflet_style() -> bytes:
    """Leaflet's style without its pictures, of which the page uses none."""
    style = re.sub(rb"behavior: url\(#default#VML\);", b"", wheel_file(LEAFLET, "leaflet.css"))
    return re.sub(rb"background-image: url\([^)]*\);", b"", style)


def _backdrop() -> bytes:
    """Countries and regions, coarsely: a background, and no statement about borders."""
    areas = [
        {
            "area_id": area.area_id,
            "name": area.name,
            "country": area.name == area.country,
            "rings": _rings(shapely.simplify(area.geometry, _OUTLINE_DEG)),
        }
        for area in load_gazetteer().areas.values()
    ]
    return msgspec.json.encode({"areas": areas})


def _rings(geometry: shapely.Geometry) -> list[list[list[list[float]]]]:
    """Polygons of rings of places, latitude first."""
    return [
        [
            np.round(shapely.get_coordinates(ring)[:, ::-1], _DIGITS).tolist()
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        for polygon in shapely.get_parts(geometry)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
    ]


def _terms() -> bytes:
    """The closed lists from which an operator chooses, how long alerts may wait, and what counts as watched."""
    lists: dict[str, type[Term]] = {
        "actions": ActionKind,
        "reasons": ActionReason,
        "statuses": Status,
        "severities": Severity,
        "bases": Basis,
        "confidences": Confidence,
        "responses": PartyResponse,
    }
    told: dict[str, Any] = {
        name: [{"term": one.value, "meaning": one.meaning, "group": one.group} for one in terms]
        for name, terms in lists.items()
    }
    levels, watch = load_makes().words, load_watch()
    told["patience_s"] = {one.value: watch.patience(one).total_seconds() for one in Severity}
    told |= {"observed_from": levels.observed_from, "unobserved_below": levels.unobserved_below}
    return msgspec.json.encode(told)
