"""`truceline agreement diff`, `export`, `new` and `schema`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.common import JsonOption, UserError, plural, say, write_data, write_json

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.agreement.difference import Change

OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="A shipped agreement's name, or a TOML file.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="The same, of the later text.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A shipped agreement's name, or a TOML file.")]
MapOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="A .geojson, or a .gpkg with the layers lines and zones.")
]
LineArgument = Annotated[
    Path, typer.Argument(metavar="LINE", help="A line as GeoJSON, of LineStrings in any order.", show_default=False)
]
TomlOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="The agreement's file; its name is the agreement's name.")
]

SchemaOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="OUT", help="Into a file, instead of to standard output.")
]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def diff(old: OldArgument, new: NewArgument, as_json: JsonOption = False) -> None:
    """Tell what changed between two versions of an agreement: first in the law, then in the words about it.

    Each line names the table, the entry and the key, with what it was and what it is.
    """
    from pipeline.agreement import load_agreement
    from pipeline.agreement.difference import differences

    found = differences(load_agreement(old), load_agreement(new))
    if as_json:
        for one in found:
            write_json(one._asdict())
        return
    if not found:
        write_data(b"no difference")
    for law, title in ((True, "In the law"), (False, "In words alone")):
        some = [one for one in found if one.law is law]
        if some:
            write_data(f"{title} ({len(some)})".encode())
        for one in some:
            for row in _rows(one):
                write_data(row.encode())


def schema(out: SchemaOption = None) -> None:
    """Give the JSON Schema of an agreement's file, by which an editor completes keys and marks what is wrong.

    Name it in the file's first line: #:schema ./agreement.json
    """
    from pipeline.resources import folder

    data = (folder("schemas") / "agreement.json").read_bytes()
    if out is None:
        write_data(data.rstrip(b"\n"))
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UserError(f"{out}: it cannot be written: {error.strerror}") from error
    say(f"{out}: written; name it in an agreement's first line: #:schema ./{out.name}")


def _rows(change: "Change") -> list[str]:
    from pipeline.cli.words import safe

    what = " ".join(filter(None, (change.table, change.id, change.key)))
    if not change.key:
        title = (change.before or change.after).get("title") or ""
        gone = "removed" if change.after is None else "added"
        return [safe(f"  {what}: {gone}{f', {title!r}' if title else ''}", 300)]
    return [f"  {safe(what)}", f"    was  {_told(change.before)}", f"    is   {_told(change.after)}"]


def _told(value: Any) -> str:
    from pipeline.cli.words import safe

    if value is None or value == "":
        return "not said"
    return safe(f"{value:,.1f}" if isinstance(value, float) else str(value), 300)


def export(name: NameArgument, out: MapOption) -> None:
    """Write an agreement's lines and zones for a map: GeoJSON (with `layer` telling which is which) or GeoPackage.

    Zones are polygons for drawing; what lies in a zone is measured, and never decided by the drawing.
    """
    from pipeline.agreement import load_agreement
    from pipeline.outputs import OutputError, whole_or_nothing

    if out.suffix.lower() not in (".geojson", ".gpkg"):
        raise UserError(f"{out}: the ending must be .geojson or .gpkg")
    agreement = load_agreement(name)
    try:
        with whole_or_nothing(out) as path:
            counts = _write_layers(path, agreement, out.suffix.lower() == ".gpkg")
    except OutputError as error:
        raise UserError(str(error)) from error
    say(f"{out}: {plural(counts['lines'], 'line')}, {plural(counts['zones'], 'zone')}")


def _write_layers(path: Path, agreement: "Agreement", packed: bool) -> dict[str, int]:
    import msgspec

    from pipeline.agreement.show import lines_geojson, zones_geojson

    layers = {"lines": lines_geojson(agreement), "zones": zones_geojson(agreement)}
    for layer, collection in layers.items():
        for feature in collection["features"]:
            feature["properties"] = {"layer": layer, **feature["properties"]}
    if packed:
        _write_gpkg(path, layers)
    else:
        features = [feature for collection in layers.values() for feature in collection["features"]]
        path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}) + b"\n")
    return {layer: len(collection["features"]) for layer, collection in layers.items()}


def _write_gpkg(path: Path, layers: dict[str, dict[str, Any]]) -> None:
    import geopandas
    import msgspec

    for layer, collection in layers.items():
        flat = [
            {
                **feature,
                "properties": {
                    key: msgspec.json.encode(value).decode() if isinstance(value, list | tuple | dict) else value
                    for key, value in feature["properties"].items()
                },
            }
            for feature in collection["features"]
        ]
        frame = geopandas.GeoDataFrame.from_features(flat, crs="EPSG:4326", columns=None if flat else ["geometry"])
        if flat:
            frame.to_file(path, driver="GPKG", layer=layer, engine="pyogrio")
        else:
            frame.to_file(path, driver="GPKG", layer=layer, engine="pyogrio", geometry_type="Unknown")


def new(line: LineArgument, out: TomlOption) -> None:
    """Begin an agreement: a commented file round a line, which passes `agreement check` as it stands.

    What is in it is invented: replace it sentence by sentence by what the text says. A file that is there stays.
    """
    from pipeline.agreement.skeleton import SkeletonError, skeleton

    if out.suffix != ".toml" or not _NAME.fullmatch(out.stem):
        raise UserError(f"{out}: name it such as river-accord.toml: small letters, digits and hyphens")
    if out.exists():
        raise UserError(f"{out}: it is there already, and is left as it is")
    try:
        text = skeleton(out.stem, line, out.parent)
    except SkeletonError as error:
        raise UserError(f"{line}: {error}") from error
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: it cannot be written: {error.strerror}") from error
    say(f"{out}: written; next: truceline agreement check {out}, then truceline agreement show {out}")
