"""The tables of docs/scenarios.md, from the code: `python -m tests.scenario.tables` prints them."""

import msgspec

from pipeline.scenario import Scenario, scenarios
from pipeline.scenario.kinds import ANYWHERE, KINDS, Kind, Said, Where
from pipeline.scenario.observers import NETWORKS, Network

_WHERE = {Where.FRONT: "front", Where.DEPTH: "depth", Where.SITE: "sites", Where.FAR: "far"}
_NOT_SHOWN = ("name", "title", "description", "per_day")


def incidents_table() -> str:
    """What happens, and who sees it."""
    head = "| incident | where | precise · broad · vague report | how many | how long | seen by |\n"
    return head + "|---|---|---|---|---|---|\n" + "\n".join(map(_kind, KINDS)) + "\n"


def rates_table() -> str:
    """How often it happens in each scenario, and the scenario's other figures."""
    every = list(scenarios().values())
    rows = [(kind.name.replace("_", " "), *(f"{one.per_day.get(kind.name, 0.0):g}" for one in every)) for kind in KINDS]
    fields = [field.name for field in msgspec.structs.fields(Scenario) if field.name not in _NOT_SHOWN]
    rows += [(f"`{name}`", *(f"{getattr(one, name):g}" for one in every)) for name in fields]
    head = f"| incidents a day | {' | '.join(f'`{one.name}`' for one in every)} |\n"
    return head + "|---" * (len(every) + 1) + "|\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def observers_table() -> str:
    """How good the observers are."""
    times, delay = "times: error, margin, grain", "delay: least, mean, most"
    head = f"| observers | footprint | precise, broad | {times} | count error | {delay} | out of order | ledger |\n"
    return head + "|---|---|---|---|---|---|---|---|\n" + "\n".join(map(_network, NETWORKS)) + "\n"


def _kind(kind: Kind) -> str:
    where = _WHERE[kind.where]
    if kind.where is Where.SITE:
        where = f"{kind.sites} sites"
    if kind.depth_m[1]:
        where += f", {kind.depth_m[0] / 1000:g}–{kind.depth_m[1] / 1000:g} km"
    count = f"{kind.number[0]}–{kind.number[1]} {kind.unit}" if kind.unit else "–"
    lasts = "–".join(f"{seconds / 60:.3g}" for seconds in kind.lasts_s) + " min"
    seen = ", ".join(
        f"{name} {near:g}" + ("" if half_m == ANYWHERE else f" ({half_m / 1000:g} km)")
        for name, (near, half_m) in kind.seen.items()
    )
    said = " · ".join(dict.fromkeys(map(_said, kind.said)))
    return f"| {' | '.join([kind.name.replace('_', ' '), where, said, count, lasts, seen])} |"


def _said(said: Said) -> str:
    weapons = " or ".join(weapon.value.replace("_", " ") for weapon in said.weapons)
    calibre = f" {said.calibre_mm} mm" if said.calibre_mm is not None else ""
    return said.activity.value.replace("_", " ") + (f": {weapons}{calibre}" if weapons else "")


def _network(network: Network) -> str:
    if network.spacing_m:
        stands = f"every {network.spacing_m / 1000:g} km, about {network.offset_m / 1000:g} km off the line"
    else:
        stands = f"{network.observers} of them"
    if network.period_s[1]:
        stands += f"; each passes every {network.period_s[0] / 3600:g}–{network.period_s[1] / 3600:g} h"
        stands += f", {network.cloud:.0%} under cloud"
    elif network.fix_s:
        stands += f"; the nearest makes a fix every {network.fix_s} s"
    else:
        stands += f"; {network.slots} may see one incident"
    if network.range_error:
        footprint = f"bearing; range error {network.range_error:.0%}, azimuth error {network.azimuth_error:g} rad"
    else:
        footprint = f"disc, {network.radius_m[0]:g}–{network.radius_m[1]:g} m"
    times = f"{network.time_error_s:g} s, {network.margin_s:g} s, {network.grain_s} s"
    count = f"{network.count_error:.0%}" + (", at least" if network.open_count else "")
    delay = ", ".join(f"{seconds:g} s" for seconds in network.delay_s)
    said = ", ".join(f"{share:g}" for share in network.said)
    ledgers = ", ".join(f"{make}: {ledger}" for make, ledger in network.makes)
    columns = [
        f"{network.title} ({network.name}); {stands}",
        footprint,
        said,
        times,
        count,
        delay,
        _out(network),
        ledgers,
    ]
    return f"| {' | '.join(columns)} |"


def _out(network: Network) -> str:
    if not network.outage:
        return "–"
    least, most = (seconds / 3600 for seconds in network.outage_s)
    return f"{network.outage:.0%} a day, {least:g}–{most:g} h; jammed within {network.jam_reach_m / 1000:g} km"


if __name__ == "__main__":
    print(incidents_table())
    print(rates_table())
    print(observers_table())
