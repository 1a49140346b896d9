"""A mission's assets on the screen: the table, one in full, and as records for programs."""

from collections.abc import Iterator, Sequence
from math import isfinite
from textwrap import wrap
from typing import Any

import msgspec
from rich.console import Console

from pipeline.agreement import Agreement
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.printing import READABLE
from pipeline.cli.words import distance, position, safe, stamp
from pipeline.recon.assets import Asset, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.makes import Make, Makes
from pipeline.recon.permission import Refusal, refusals, sided_line

_HEADINGS = ("asset", "make", "operator", "side", "where", "hours (UTC)", "allowed", "why not")
_FOLDS = Folds(first=(0, 1, 2, 3, 5, 6), second=(4,), third=(7,), standing_out=6)
_LABEL = 14


def print_assets(console: Console, assets: Sequence[Asset], agreement: Agreement, makes: Makes) -> None:
    """The table, in the mission's order."""
    rows = []
    for asset in assets:
        against = refusals(asset, agreement, makes)
        cells = (
            asset.asset_id,
            asset.make,
            asset.operator,
            asset.side or "",
            where(asset, agreement),
            hours(asset),
            "no" if against else "yes",
            "; ".join(map(_said, against)),
        )
        rows.append(Row(tuple(map(safe, cells)), "bold" if against else ""))
    print_rows(console, _HEADINGS, rows, _FOLDS)


def about(asset: Asset, agreement: Agreement, makes: Makes) -> Iterator[str]:
    """One asset in full, line by line."""
    make, against = makes.make(asset.make), refusals(asset, agreement, makes)
    yield safe(f"{asset.asset_id}: {asset.title}" if asset.title else asset.asset_id)
    yield ""
    staff = asset.staff if asset.staff_of is None else f"{asset.staff}, of {asset.staff_of}"
    valid = [f"from {stamp(asset.valid_from)}" if asset.valid_from else ""]
    valid += [f"until {stamp(asset.valid_until)}" if asset.valid_until else ""]
    entries = [
        ("make", f"{asset.make}: {make.title}" if make else asset.make),
        ("operator", asset.operator),
        ("staff", staff),
        ("consent of", ", ".join(asset.consent)),
        ("side", asset.side or ""),
        ("only in", ", ".join(asset.only_in)),
        ("never in", ", ".join(asset.never_in)),
        ("where", where(asset, agreement)),
        ("hours (UTC)", hours(asset)),
        ("there", " ".join(part for part in valid if part)),
        ("allowed", "no" if against else "yes"),
        *(("why not", _said(one)) for one in against),
        ("quality", "" if asset.quality >= 1.0 else f"{asset.quality:.0%} of what its make notices"),
        ("source", f"{asset.source}; confidence {asset.confidence}"),
        ("note", asset.note),
        *(_of_make(make, asset) if make else []),
    ]
    for label, words in entries:
        if words:
            yield from wrap(
                safe(words),
                READABLE,
                initial_indent=f"  {label:<{_LABEL}}",
                subsequent_indent=" " * (_LABEL + 2),
                break_on_hyphens=False,
            )


def as_record(asset: Asset, agreement: Agreement, makes: Makes) -> dict[str, Any]:
    """An asset for programs: as in the file, and whether it may."""
    against, make = refusals(asset, agreement, makes), makes.make(asset.make)
    return {
        **msgspec.to_builtins(asset),
        "domain": asset.domain,
        "reach_m": make.reach_m if make is not None and isfinite(make.reach_m) else None,
        "allowed": not against,
        "refusals": [{"rule": one.rule, "article": one.article, "reason": one.reason} for one in against],
    }


def where(asset: Asset, agreement: Agreement) -> str:
    """Where an asset is, in a few words."""
    match asset.where:
        case Standing(lon=lon, lat=lat, sectors_deg=sectors):
            looks = ", ".join(f"{begin:g}° to {end:g}°" for begin, end in sectors)
            return f"at {_place(lon, lat, agreement)}{f', looks {looks}' if looks else ''}"
        case Flying(home=home, track=track, on_ground=on_ground):
            goes = f"{'drives' if on_ground else 'flies'} past {len(track)} places" if track else "goes as it is asked"
            return f"{goes}, from {_place(*home, agreement)}"
        case Orbiting(altitude_m=altitude_m, descends_at_h=local_h, inclination_deg=inclination_deg):
            tells = (
                f"southwards at {_clock(local_h)} local" if local_h is not None else f"{inclination_deg:g}° inclined"
            )
            return f"in orbit, {distance(altitude_m)}, {tells}"
        case Everywhere(west=west, south=south, east=east, north=north):
            return f"everywhere from {south:g}° to {north:g}° N, {west:g}° to {east:g}° E"


def hours(asset: Asset) -> str:
    """When an asset looks each day."""
    begin, until = asset.hours.begin, asset.hours.until
    return "all day" if until - begin == 24.0 else f"{_clock(begin)} to {_clock(until)}"


def _place(lon: float, lat: float, agreement: Agreement) -> str:
    """Along the line whose sides are meant, where there is one."""
    table = sided_line(agreement)
    if table is None:
        return position(lon, lat)
    found = agreement.lines[table.id].locate([lon], [lat])
    side = "left" if found.left[0] else "right"
    return f"km {found.chainage_m[0] / 1000:.0f}, {distance(abs(float(found.offset_m[0])))} {side}"


def _clock(of_day: float) -> str:
    minutes = round(of_day * 60.0)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _said(refusal: Refusal) -> str:
    article = f" ({refusal.article})" if refusal.article else ""
    return f"{refusal.rule}: {refusal.reason}{article}"


def _of_make(make: Make, asset: Asset) -> list[tuple[str, str]]:
    """What the asset's make notices, and what that rests on."""
    notices = [
        f"{name} {one.chance:.0%}{f', half of that at {distance(one.half_m)}' if one.half_m else ''}"
        for name, one in sorted(make.sees.items())
    ]
    needs = [*(["daylight"] if make.daylight else []), *(["a clear sky"] if make.clear_sky else [])]
    cost = make.look_cost if asset.look_cost is None else asset.look_cost
    return [
        ("notices", "; ".join(notices)),
        ("when", _WHEN[make.notices]),
        ("needs", " and ".join(needs)),
        ("jamming", "blinds it" if make.jammable else "does not touch it"),
        ("a look costs", f"as {cost:g} h of a drone in the air"),
        ("figures", f"{make.source}; confidence {make.confidence}"),
    ]


_WHEN = {
    "beginning": "what begins while it watches",
    "moment": "what goes on as it looks, at a moment of it",
    "pass": "what goes on as it passes",
    "fixes": "what goes on, from fix to fix",
}
