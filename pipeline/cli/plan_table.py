"""A plan of looks on the screen, as records for programs, and as a file."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from pipeline.cli.common import UserError
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.words import safe
from pipeline.model.times import from_us
from pipeline.outputs import whole_or_nothing
from pipeline.recon.looks import Offered
from pipeline.recon.plan import Chosen, Plan
from pipeline.tables.rows import inert

ENDINGS = (".ndjson", ".csv", ".geojson")
LISTED = 12
"""So many reasons are listed."""

NAMED = 2
"""So many of the alerts and gaps that get no look for one reason are named; `--json` has them all."""

_HEADINGS = ("from (UTC)", "until", "asset", "finds", "points", "hours", "where", "why")
_FOLDS = Folds(first=(0, 1, 2, 3, 4, 5), second=(6,), third=(7,), standing_out=2)
_LEFT = ("times", "why there is no look", "at")
_LEFT_FOLDS = Folds(first=(0, 1), second=(2,), third=())
_WHY = ("times", "what stood in the way of an asset and a question")
_WHY_FOLDS = Folds(first=(0, 1), second=(), third=())


def check_name(out: Path | None) -> None:
    """Makes sure, before any work is done, that a file can have this name.

    Raises:
        UserError: it cannot.
    """
    if out is not None and out.suffix.lower() not in ENDINGS:
        raise UserError(f"{out}: the ending says the format: {', '.join(ENDINGS)}")
    if out is not None and not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}")


def print_plan(console: Console, made: Plan, found: Offered, aside: Sequence[tuple[str, str]]) -> None:
    """The looks, what gets none and why, and what stood in the way most often."""
    if made.chosen:
        print_rows(console, _HEADINGS, [_row(one) for one in made.chosen], _FOLDS)
    left: dict[str, list[str]] = {}
    for why, name in [
        *((one.why, one.question.name) for one in made.unanswered),
        *((why, name) for name, why in aside),
    ]:
        left.setdefault(why, []).append(name)
    if left:
        console.print()
        rows = sorted(left.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:LISTED]
        print_rows(console, _LEFT, [_left(why, names) for why, names in rows], _LEFT_FOLDS)
    if found.refused:
        console.print()
        most = _most_often(found)[:LISTED]
        print_rows(console, _WHY, [Row((f"{times:,}", safe(why))) for why, times in most], _WHY_FOLDS)


def _left(why: str, names: Sequence[str]) -> Row:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return Row((f"{len(names):,}", safe(why), safe(", ".join(names[:NAMED])) + more))


def _row(one: Chosen) -> Row:
    look = one.look
    begin, until = from_us(1000 * look.from_ms), from_us(1000 * look.until_ms)
    cells = (
        f"{begin:%m-%d %H:%M}",
        f"{until:%H:%M}",
        look.asset,
        f"{look.chances.found_if_so:.0%}",
        f"{one.points:.3f}",
        f"{look.cost_h:.1f}",
        one.question.title,
        one.why,
    )
    return Row(tuple(map(safe, cells)), "bold")


def _most_often(found: Offered) -> list[tuple[str, int]]:
    return sorted(found.refused.items(), key=lambda pair: (-pair[1], pair[0]))


def records(made: Plan, found: Offered, aside: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The plan itself, then its looks, then what gets none."""
    yield {
        "record": "plan",
        "policy": made.policy,
        "looks": len(made.chosen),
        "candidates": made.candidates,
        "points": round(made.points, 6),
        "cost_h": round(made.cost_h, 3),
        "price": made.terms.price,
        "budget_h": made.terms.budget_h,
        "worth": round(made.worth, 6),
        "bound": round(made.bound, 6),
        "proven": made.proven,
        "refused": [{"why": why, "times": times} for why, times in _most_often(found)],
    }
    for one in made.chosen:
        yield {"record": "look", **fields(one)}
    for left in made.unanswered:
        yield {"record": "no_look", "kind": left.question.kind, "about": left.question.name, "why": left.why}
    for name, why in aside:
        yield {"record": "no_look", "about": name, "why": why}


def fields(one: Chosen) -> dict[str, Any]:
    """A look as programs have it."""
    look, question = one.look, one.question
    return {
        "asset": look.asset,
        "kind": question.kind,
        "about": question.name,
        "where": question.title,
        "look_from": from_us(1000 * look.from_ms),
        "look_until": from_us(1000 * look.until_ms),
        "lon": round(question.lon, 6),
        "lat": round(question.lat, 6),
        "radius_m": round(question.radius_m, 1),
        "class": question.class_name,
        "found_if_so": round(look.chances.found_if_so, 4),
        "found_if_not": round(look.chances.found_if_not, 4),
        "points": round(one.points, 6),
        "left_before": round(one.before, 4),
        "left_after": round(one.after, 4),
        "cost_h": round(look.cost_h, 3),
        "why": one.why,
    }


def write_looks(out: Path, made: Plan) -> None:
    """Writes the looks in the format of the file's ending.

    Raises:
        OutputError: the file cannot be written.
    """
    rows = [msgspec.to_builtins(fields(one)) for one in made.chosen]
    with whole_or_nothing(out) as beside:
        if out.suffix.lower() == ".csv":
            _write_csv(beside, rows)
        elif out.suffix.lower() == ".ndjson":
            beside.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        else:
            features = [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                    "properties": row,
                }
                for row in rows
            ]
            beside.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}) + b"\n")


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\r\n")
        for number, row in enumerate(rows):
            if not number:
                table.writerow(row)
            table.writerow([inert(cell) if isinstance(cell, str) else cell for cell in row.values()])
