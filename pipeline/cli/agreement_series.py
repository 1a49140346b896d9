"""`truceline agreement series`: one file of dated shapes, out of what a publisher puts out day by day."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import JsonOption, UserError, plural, say, write_data, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.agreement.making import Care, Day

PathsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="GeoJSON files, or folders of them, of areas or lines.", show_default=False),
]
SeriesOutOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="A .geojson, which agreements read, or a .gpkg.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KEY=VALUE", help="Only features that say so; may be given several times."),
]
DateKeyOption = Annotated[
    str | None, typer.Option("--date-key", metavar="KEY", help="The property that holds the date of the content.")
]
ToleranceOption = Annotated[
    float, typer.Option("--tolerance-m", metavar="M", min=0.0, max=10_000.0, help="How far an edge may be moved.")
]
LeastOption = Annotated[
    float, typer.Option("--least-km2", metavar="KM2", min=0.0, help="Smaller parts and holes are dropped.")
]
KeepOption = Annotated[bool, typer.Option("--keep-doubtful", help="Keep the days that cannot be right, marked.")]


def series(
    paths: PathsArgument,
    out: SeriesOutOption,
    only: OnlyOption = None,
    date_key: DateKeyOption = None,
    tolerance_m: ToleranceOption = 25.0,
    least_km2: LeastOption = 0.01,
    keep_doubtful: KeepOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make one dated series out of daily areas or lines, for the [[series]] of an agreement.

    Each day is dated by what the file says itself, or else by its name; repaired once projected; its edges drawn with
    fewer corners; and held against its neighbours. Days that cannot be right are left out. Gaps stay gaps.
    """
    from pipeline.agreement.making import Care, as_features, in_order

    if out.suffix.lower() not in (".geojson", ".gpkg"):
        raise UserError(f"{out}: the ending must be .geojson or .gpkg")
    made = list(_made(paths, _chosen(only or []), date_key, Care(tolerance_m=tolerance_m, least_km2=least_km2)))
    days, dropped = in_order(made)
    for words in dropped:
        say(f"dropped: {words}")
    kept = [day for day in days if keep_doubtful or not day.doubtful]
    if not kept:
        raise UserError("no day is left")
    if len({day.is_area for day in kept}) > 1:
        raise UserError("some days are areas and some are lines: a series is of one or the other; see --only")
    _write(out, kept)
    for day, told in zip(days, as_features(days), strict=True):
        if as_json:
            write_json({**told, "kept": day in kept})
        else:
            write_data(_row(day, day in kept).encode())
    _sum_up(days, kept, out)


def _chosen(only: "Sequence[str]") -> "Mapping[str, list[str]]":
    chosen: dict[str, list[str]] = {}
    for given in only:
        key, equals, value = given.partition("=")
        if not key or not equals:
            raise UserError(f"--only {given!r}: write it as KEY=VALUE")
        chosen.setdefault(key, []).append(value)
    return chosen


def _made(
    paths: "Sequence[Path]", only: "Mapping[str, list[str]]", date_key: str | None, care: "Care"
) -> "Iterator[Day]":
    from pipeline.agreement.making import make_day
    from pipeline.agreement.published import PublishedError, find_files, read_published

    try:
        files = find_files(paths)
    except PublishedError as error:
        raise UserError(str(error)) from error
    apart: dict[str, set[str]] = {}
    for file in files:
        try:
            for drawn in read_published(file, only, date_key):
                for key, words in drawn.values.items():
                    apart.setdefault(key, set()).update(words)
                yield make_day(drawn, care)
        except (PublishedError, ValueError) as error:
            say(f"{file}: left out: {error}")
    for key, kinds in sorted(apart.items()):
        if key not in only and len(kinds) <= _FEW:
            say(f"features of a day differ in {key} ({', '.join(sorted(kinds))}): all are taken as one; see --only")


_FEW = 8
"""So many words under one key are kinds of feature; more are names or dates."""


def _write(out: Path, days: "Sequence[Day]") -> None:
    from pipeline.agreement.making import as_features, as_geojson
    from pipeline.outputs import OutputError, whole_or_nothing

    try:
        with whole_or_nothing(out) as path:
            if out.suffix.lower() == ".gpkg":
                import geopandas

                frame = geopandas.GeoDataFrame(as_features(days), geometry=[day.shape for day in days], crs="EPSG:4326")
                frame.to_file(path, driver="GPKG", layer="series", engine="pyogrio")
            else:
                path.write_bytes(as_geojson(days))
    except OutputError as error:
        raise UserError(str(error)) from error


def _row(day: "Day", kept: bool) -> str:
    from pipeline.cli.words import safe

    unit = "km²" if day.is_area else "km"
    dated = "by its name" if day.from_name else "" if not day.age_days else f"{day.age_days} d before its name"
    doubtful = [f"{'doubtful' if kept else 'LEFT OUT'}: {day.doubtful}"] if day.doubtful else []
    words = safe("; ".join([*doubtful, *day.repaired]), 500)
    return f"{day.content_date}  {day.measure:>10,.0f} {unit}  {day.corners:>6,} corners  {dated:<19} {words}".rstrip()


def _sum_up(days: "Sequence[Day]", kept: "Sequence[Day]", out: Path) -> None:
    from pipeline.agreement.making import gaps

    holes = gaps(kept)
    for day in days:
        if day.doubtful:
            what = "kept, though doubtful" if day in kept else "left out"
            say(f"{day.content_date}: {what}: {day.doubtful}")
        for note in day.notes:
            say(f"{day.content_date}: {note}")
    span = f"{kept[0].content_date} to {kept[-1].content_date}"
    say(f"{plural(len(kept), 'day')}, {span}, in {out}")
    if holes:
        longest = max(holes, key=lambda gap: gap[2])
        missing = sum(gap[2] for gap in holes)
        say(
            f"{plural(len(holes), 'gap')}, {plural(missing, 'day')} without a shape; the longest {longest[2]} days, "
            f"after {longest[0]}"
        )
