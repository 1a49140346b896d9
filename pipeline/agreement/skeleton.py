"""The beginning of an agreement: a file round a line, with every part that most agreements need."""

import os
from pathlib import Path
from typing import Any

import msgspec

_MOST_BYTES = 16 << 20


class SkeletonError(Exception):
    """The line cannot be used, and why."""


def skeleton(name: str, line: Path, folder: Path) -> str:
    """The text of an agreement called `name` in `folder`, about the line in a GeoJSON file.

    Raises:
        SkeletonError: the file cannot be read, or holds no line.
    """
    lon, lat = _first_end(line)
    file = Path(os.path.relpath(line.resolve(), folder.resolve())).as_posix()
    return _TEXT.format(name=name, file=msgspec.json.encode(file).decode(), lon=lon, lat=lat)


def _first_end(path: Path) -> tuple[float, float]:
    try:
        with path.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise SkeletonError(f"it cannot be read: {error.strerror}") from error
    if len(data) > _MOST_BYTES:
        raise SkeletonError("larger than 16 MiB")
    try:
        geometries = [feature["geometry"] for feature in msgspec.json.decode(data)["features"]]
        lon, lat = next(filter(None, map(_begin, geometries)))
        return float(lon), float(lat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SkeletonError(f"it is no JSON: {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, StopIteration) as error:
        raise SkeletonError("it is no FeatureCollection with a LineString or MultiLineString") from error


def _begin(geometry: dict[str, Any]) -> list[float] | None:
    """The first two numbers of a line."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "MultiLineString":
        coordinates = coordinates[0]
    return coordinates[0][:2] if kind in ("LineString", "MultiLineString") else None


_TEXT = """\
# An agreement as data. What stands here is INVENTED: replace it sentence by sentence by what the text says.
# Every key is explained in docs/agreements.md. Then: truceline agreement check {name}.toml
format = 1
name = "{name}"
version = "1"                                  # change it whenever the data changes
title = "An agreement that nobody signed"
hypothetical = true                            # leave it out once the text is a real one
timezone = "UTC"                               # such as "Europe/Kyiv": for people's tables and reporting days
in_force_from = 2030-01-01T00:00:00Z
# in_force_until = 2031-01-01T00:00:00Z

# Every number names its source, and how sure it is: high, medium or low.
[[sources]]
id = "text"
title = "The document"
where = "where it can be read"
confidence = "low"

[[parties]]
id = "a"
name = "Party A"

[[parties]]
id = "b"
name = "Party B"

[[lines]]
id = "line"
title = "The line"
called = "the line"                            # what sentences call it
file = {file}
starts_near = [{lon}, {lat}]                   # the end at which chainage is 0
left = "a"                                     # whose side is on the left, looking along the line from there
right = "b"
accuracy_m = 1000                              # how far the drawn line may be from the true one
source = "text"
confidence = "low"

# Named places along the line, for stretches of it.
#   [[lines.markers]]
#   id = "bridge"
#   name = "The bridge"
#   lon = {lon}
#   lat = {lat}

[[zones]]
id = "strip-a"
title = "5 km, the side of A"
kind = "offset"
line = "line"
side = "left"
to_m = 5000                                    # from the line, on this side; not the width of both
# between = ["bridge", "end"]                  # markers, or chainages in metres
party = "a"
source = "text"
confidence = "low"

[[zones]]
id = "strip-b"
title = "5 km, the side of B"
kind = "offset"
line = "line"
side = "right"
to_m = 5000
party = "b"
source = "text"
confidence = "low"

[[provisions]]
id = "no-fire"
article = "Article 1"
title = "No fire near the line"
kind = "prohibited_activity"
zones = ["strip-a", "strip-b"]                 # it holds in their union
activities = ["fire"]                          # terms and groups: docs/taxonomy.md
severity = "grave"
source = "text"
confidence = "low"
# exceptions = ["training"]

[[provisions]]
id = "no-heavy-weapons"
article = "Article 2"
title = "Heavy weapons withdrawn by 5 km"
kind = "withdrawal"
zones = ["strip-a", "strip-b"]
weapons = [{{ type = "heavy" }}]                 # type comes before calibre
severity = "serious"
source = "text"
confidence = "low"

# [[exceptions]]
# id = "training"
# kind = "notified"                            # or "time_window", with [[exceptions.windows]]
# title = "Training that was notified"
# activities = ["training"]                    # only these are excepted; leave it out for all
# from_reports = true                          # notices come as reports; else [[exceptions.notices]]
# notice_hours = 24                            # given so long before it begins
# source = "text"
# confidence = "low"
#
# [[exceptions]]
# id = "holiday"
# kind = "time_window"
# title = "The holiday"
# source = "text"
# confidence = "low"
#   [[exceptions.windows]]
#   from = 2030-06-21T00:00:00+02:00
#   until = 2030-06-23T00:00:00+02:00

# What the text says and the data cannot: so that nobody takes silence for permission.
[[not_encoded]]
clause = "Article 3"
says = "What it says."
why = "Why it is not in the data."
"""
