"""The tables of docs/scenarios.md, from the code: `python -m tests.scenario.tables` prints them."""

from pipeline.scenario import scenarios
from pipeline.scenario.kinds import ANYWHERE, KINDS, Kind, Said, Where
from pipeline.scenario.observers import NETWORKS, Network

_WHERE = {Where.FRONT: "front", Where.DEPTH: "depth", Where.FAR: "far"}


def incidents_table() -> str:
    """What happens, how often, and who sees it."""
    head = (
        "| incident | where | precise · broad · vague report | how many | quiet, a day | routine, a day | seen by |\n"
    )
    return head + "|---|---|---|---|---|---|---|\n" + "\n".join(map(_kind, KINDS)) + "\n"


def observers_table() -> str:
    """How good the observers are."""
    times = "times: error, margin, grain"
    head = f"| observers | footprint | precise, broad | {times} | count error | delay: least, mean, most | ledger |\n"
    return head + "|---|---|---|---|---|---|---|\n" + "\n".join(map(_network, NETWORKS)) + "\n"


def _kind(kind: Kind) -> str:
    where = _WHERE[kind.where]
    if kind.where is Where.DEPTH:
        where += f", {kind.depth_m[0] / 1000:g}–{kind.depth_m[1] / 1000:g} km"
    count = f"{kind.number[0]}–{kind.number[1]} {kind.unit}" if kind.unit else "–"
    seen = ", ".join(
        f"{name} {near:g}" + ("" if half_m == ANYWHERE else f" ({half_m / 1000:g} km)")
        for name, (near, half_m) in kind.seen.items()
    )
    said = " · ".join(dict.fromkeys(map(_said, kind.said)))
    per_day = [f"{scenarios()[name].per_day.get(kind.name, 0.0):g}" for name in ("quiet", "routine")]
    return f"| {' | '.join([kind.name.replace('_', ' '), where, said, count, *per_day, seen])} |"


def _said(said: Said) -> str:
    weapons = " or ".join(weapon.value.replace("_", " ") for weapon in said.weapons)
    calibre = f" {said.calibre_mm} mm" if said.calibre_mm is not None else ""
    return said.activity.value.replace("_", " ") + (f": {weapons}{calibre}" if weapons else "")


def _network(network: Network) -> str:
    if network.spacing_m:
        stands = f"every {network.spacing_m / 1000:g} km, about {network.offset_m / 1000:g} km off the line"
    else:
        stands = f"{network.observers} of them"
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
    columns = [f"{network.title} ({network.name}); {stands}", footprint, said, times, count, delay, ledgers]
    return f"| {' | '.join(columns)} |"


if __name__ == "__main__":
    print(incidents_table())
    print(observers_table())
