"""Maps as one HTML file: Leaflet and the page's own script and style inlined, and nothing fetched from anywhere."""

import base64
import hashlib
import re
from importlib.resources import files as resource_files
from typing import Any

import msgspec

from pipeline.resources import wheel_file

_LEAFLET = "django-js-lib-leaflet"
_UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def page(data: dict[str, Any]) -> str:
    """The whole page. What comes from reports is in `data` alone, which the browser reads as text, never as markup."""
    return filled("page.html", ("symbols.js", "filters.js", "page.js"), ("colours.css", "page.css"), data)


def filled(
    template: str, own_scripts: tuple[str, ...], own_styles: tuple[str, ...], data: dict[str, Any], **parts: str
) -> str:
    """A template with its scripts, styles and data in it.

    Args:
        parts: markup for places of its own; whatever is written into it is escaped already.
    """
    scripts = [_leaflet("leaflet.js"), "\n".join(map(_own, own_scripts))]
    styles = [_leaflet_style(), "\n".join(map(_own, own_styles))]
    parts |= {
        "policy": _policy(scripts, styles),
        "licence": _licence(),
        "styles": "\n".join(f"<style>{style}</style>" for style in styles),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
        "data": msgspec.json.encode(data).decode().translate(_UNSAFE),
    }
    # One pass, so that nothing within a part is taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _own(template))


def _policy(scripts: list[str], styles: list[str]) -> str:
    """Only these very scripts and styles run, and no address is ever asked for anything."""
    allowed = {"script-src": scripts, "style-src": styles}
    rules = [f"{kind} {' '.join(map(_hash, texts))}" for kind, texts in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _own(name: str) -> str:
    return (resource_files("pipeline.cli") / "page" / name).read_text(encoding="utf-8")


def _leaflet_file(name: str) -> bytes:
    """A file of Leaflet's wheel; it needs no Django to be read."""
    return wheel_file(_LEAFLET, name)


def _leaflet(name: str) -> str:
    """Leaflet's text without the pointer to its source map, which a browser's tools would go looking for.

    Its line ends become plain, as a browser makes them before it hashes what it read.
    """
    text = _leaflet_file(name).decode().replace("\r\n", "\n")
    return re.sub(r"\n//# sourceMappingURL=\S*\s*$", "\n", text)


def _leaflet_style() -> str:
    """Leaflet's style with its pictures within it."""
    style = re.sub(r"behavior: url\(#default#VML\);", "", _leaflet("leaflet.css"))
    return re.sub(r"url\(images/([\w-]+\.png)\)", lambda found: f"url({_data_uri(found[1])})", style)


def _data_uri(name: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(_leaflet_file(name)).decode()}"


def _licence() -> str:
    return _leaflet_file("LICENSE").decode().replace("--", "- -")
