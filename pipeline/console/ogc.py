"""OGC API Features: alerts, incidents, lines, zones and coverage as layers, for QGIS, ogr2ogr and the like.

Part 1, core, with GeoJSON and CRS84. A page of items goes on after the last id of the page before, so that nothing is
skipped or given twice while alerts come and go.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, PathParameter, QueryParameter

from pipeline.console.core import Given
from pipeline.console.layers import LAYERS, Asked, Layer, Span
from pipeline.console.listing import Box
from pipeline.console.problems import invalid, not_found
from pipeline.model.times import from_us

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CONFORMS = tuple(f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson"))
_JSON, _GEOJSON = "application/json", "application/geo+json"
_DESCRIPTION = "application/vnd.oai.openapi+json;version=3.1"
_KNOWN = frozenset({"bbox", "datetime", "limit", "offset", "after", "f", "bbox-crs", "crs"})

MOST = 10_000

Any_ = Request[Any, Any, Any]


def _link(request: Any_, path: str, rel: str, title: str, media_type: str = _JSON) -> dict[str, str]:
    base = str(request.base_url).rstrip("/")
    return {"href": f"{base}{path}", "rel": rel, "type": media_type, "title": title}


def _answer(content: object, media_type: str = _JSON) -> Response[bytes]:
    return Response(msgspec.json.encode(content), media_type=media_type)


@get("/ogc", sync_to_thread=False, tags=["ogc"])
def landing(request: Any_) -> Response[bytes]:
    """The landing page."""
    links = [
        _link(request, "/ogc", "self", "This page"),
        _link(request, "/openapi.json", "service-desc", "The API's description", _DESCRIPTION),
        _link(request, "/ogc/conformance", "conformance", "What this conforms to"),
        _link(request, "/ogc/collections", "data", "The collections"),
    ]
    about = "Suspected violations of a ceasefire, as they stand; what happened; where the lines and zones are."
    return _answer({"title": "Truceline", "description": about, "links": links})


@get("/ogc/conformance", sync_to_thread=False, tags=["ogc"])
def conformance() -> Response[bytes]:
    """What this conforms to."""
    return _answer({"conformsTo": _CONFORMS})


@get("/ogc/collections", sync_to_thread=False, tags=["ogc"])
def collections(request: Any_) -> Response[bytes]:
    """The collections."""
    links = [_link(request, "/ogc/collections", "self", "The collections")]
    return _answer({"links": links, "collections": [_about(request, layer) for layer in LAYERS.values()]})


@get("/ogc/collections/{name:str}", sync_to_thread=False, tags=["ogc"])
def collection(request: Any_, name: FromPath[str]) -> Response[bytes]:
    """One collection."""
    return _answer(_about(request, _layer(name)))


def _about(request: Any_, layer: Layer) -> dict[str, Any]:
    path = f"/ogc/collections/{layer.name}"
    return {
        "id": layer.name,
        "title": layer.title,
        "description": layer.about,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]], "crs": CRS84}},
        "links": [
            _link(request, path, "self", layer.title),
            _link(request, f"{path}/items", "items", layer.title, _GEOJSON),
        ],
    }


@get("/ogc/collections/{name:str}/items", sync_to_thread=True, tags=["ogc"])
def items(
    request: Any_,
    console: Given,
    name: FromPath[str],
    bbox: Annotated[str | None, QueryParameter(max_length=200)] = None,
    when: Annotated[str | None, QueryParameter(name="datetime", max_length=100)] = None,
    limit: Annotated[int, QueryParameter(ge=1)] = 1_000,
    offset: Annotated[int, QueryParameter(ge=0, le=100_000_000)] = 0,
    after: Annotated[str, QueryParameter(max_length=500)] = "",
) -> Response[bytes]:
    """Features of a collection, by id; `after` is the last id of the page before, as the link `next` has it."""
    layer = _layer(name)
    if unknown := sorted(set(request.query_params) - _KNOWN):
        raise invalid(f"there is no parameter {unknown[0][:60]}", unknown[0][:60])
    limit = min(limit, MOST)
    asked = Asked(None if bbox is None else Box.of(bbox), None if when is None else span_of(when), after)
    found = layer.read(console, asked, offset + limit + 1)[offset:]
    return _answer(_page(request, layer, found, limit), _GEOJSON)


def _page(request: Any_, layer: Layer, found: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    path, shown = f"/ogc/collections/{layer.name}/items", found[:limit]
    given = {key: value for key, value in request.query_params.items() if key in _KNOWN}
    links = [
        _link(request, f"{path}?{urlencode(given)}" if given else path, "self", "This page", _GEOJSON),
        _link(request, f"/ogc/collections/{layer.name}", "collection", layer.title),
    ]
    if len(found) > limit:
        more = {**given, "limit": str(limit), "after": shown[-1]["id"]}
        more.pop("offset", None)
        links.append(_link(request, f"{path}?{urlencode(more)}", "next", "The next page", _GEOJSON))
    return {
        "type": "FeatureCollection",
        "features": shown,
        "numberReturned": len(shown),
        "timeStamp": _now(request),
        "links": links,
    }


def _now(request: Any_) -> datetime:
    console = request.app.state["console"]
    now: datetime = console.now
    return now


@get("/ogc/collections/{name:str}/items/{feature:str}", sync_to_thread=True, tags=["ogc"])
def item(
    request: Any_, console: Given, name: FromPath[str], feature: Annotated[str, PathParameter(max_length=500)]
) -> Response[bytes]:
    """One feature by its id."""
    layer = _layer(name)
    found = layer.one(console, feature)
    if found is None:
        raise not_found("there is no feature of this id")
    links = [
        _link(request, f"/ogc/collections/{name}/items/{feature}", "self", "This feature", _GEOJSON),
        _link(request, f"/ogc/collections/{name}", "collection", layer.title),
    ]
    return _answer({**found, "links": links}, _GEOJSON)


def _layer(name: str) -> Layer:
    if name not in LAYERS:
        raise not_found(f"the collections are {', '.join(LAYERS)}")
    return LAYERS[name]


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def span_of(text: str) -> Span:
    """What `datetime` means: a time, or two with a slash between, of which one may be open.

    Raises:
        ProblemError: it means nothing.
    """
    begin, slash, end = text.partition("/")
    if not slash:
        return Span(_time(text), _time(text))
    first = None if begin in {"", ".."} else _time(begin)
    last = None if end in {"", ".."} else _time(end)
    if first is not None and last is not None and last < first:
        raise invalid("the interval ends before it begins", "datetime")
    return Span(first, last)


def _time(text: str) -> datetime:
    told = text.strip()
    try:
        if _RFC3339.fullmatch(told):
            return datetime.fromisoformat(told.upper())
        if re.fullmatch(r"\d{4}-\d\d-\d\d", told):
            return datetime.fromisoformat(told).replace(tzinfo=from_us(0).tzinfo)
    except ValueError as error:
        raise invalid("datetime is a time such as 2016-03-01T00:00:00Z, or two with a slash", "datetime") from error
    raise invalid("datetime is a time such as 2016-03-01T00:00:00Z, or two with a slash", "datetime")
