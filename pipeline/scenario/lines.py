"""Reports and true incidents as lines of JSON.

Millions of lines are wanted, so each is put together from ready pieces rather than encoded from a record; a test
decodes every line and checks it.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from pipeline.model.footprint import wind_azimuths
from pipeline.model.taxonomy import Weapon
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS, Said
from pipeline.scenario.observers import BEARING, NETWORKS, NUMBER, Network
from pipeline.scenario.sightings import NO_CHAINAGE, NO_COUNT, ORIGINAL, Sightings
from pipeline.scenario.wordings import FIRST_HAND, WORDINGS
from pipeline.scenario.world import Integers, World

SOURCE = "sim"

_PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")
_HOUR_MS = 3_600_000
_WINDS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split()


class _Pieces(dict[tuple[int, ...], str]):
    """Pieces of JSON by what they depend on, each made once."""

    def __init__(self, make: Callable[..., str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: tuple[int, ...]) -> str:
        made = self[key] = self._make(*key)
        return made


def _said_json(said: Said) -> str:
    text = f'"activity":"{said.activity}"'
    if said.weapons:
        text += ',"weapons":[' + ",".join(f'"{weapon}"' for weapon in said.weapons) + "]"
    return text + (f',"calibre_mm":{said.calibre_mm}' if said.calibre_mm is not None else "")


def _count_json(kind: int, least: int, most: int) -> str:
    if least == NO_COUNT:
        return ""
    return f',"count":{{"min":{least},"max":{"null" if most == NO_COUNT else most},"unit":"{KINDS[kind].unit}"}}'


def _sector_json(azimuth: int, least_km: int, most_km: int) -> str:
    first, last = _WINDS[azimuth // 2], _WINDS[(azimuth + 1) // 2 % 16]
    azimuths = msgspec.json.encode(wind_azimuths(f"{first} to {last}")).decode()
    return f'"range_min_m":{least_km * 1000},"range_max_m":{most_km * 1000},"azimuths_deg":{azimuths}}}'


def _observer_json(network: Network, number: int) -> str:
    make, ledger = network.makes[number % len(network.makes)]
    return f'"observer":"{make}-{number + 1:03d}","ledger":"{ledger}"'


def _words(kind: int, said: int) -> str:
    what = KINDS[kind].said[said]
    weapons = " or ".join(weapon.value for weapon in what.weapons if weapon is not Weapon.UNKNOWN)
    return (what.activity.value + (f" ({weapons})" if weapons else "")).replace("_", " ")


def _sentence(kind: int, said: int, wording: int, part: int) -> str:
    """What a post says, with a hole where it says where."""
    return WORDINGS[wording].format(what=_words(kind, said), where="%s", when=_PARTS_OF_DAY[part])


_sentences = _Pieces(_sentence)
_said = _Pieces(lambda kind, said: _said_json(KINDS[kind].said[said]))
_count = _Pieces(_count_json)
_sector = _Pieces(_sector_json)
_observer = _Pieces(lambda network, number: _observer_json(NETWORKS[network], number))


def times(time_ms: Integers) -> list[str]:
    """RFC 3339 in UTC, to the millisecond.

    >>> times(np.array([1_772_323_200_001]))
    ['2026-03-01T00:00:00.001Z']
    """
    text: list[str] = np.datetime_as_string(time_ms.astype("datetime64[ms]"), timezone="UTC").tolist()
    return text


def _whole_times(time_ms: Integers) -> list[str]:
    """The same of whole grains, of which there are few: each is written once."""
    every, at = np.unique(time_ms, return_inverse=True)
    written = times(every)
    return [written[row] for row in at.tolist()]


def report_tails(network: Network, seen: Sightings, happened: Incidents, world: World) -> list[str]:
    """The reports' lines, all that follows the id.

    Args:
        happened: for each sighting its incident.
    """
    number, kinds = NUMBER[network.name], happened.kind.tolist()
    last = [""] * seen.size
    if network.relayed_s:
        last = _posts(network, seen, kinds)
    elif network.fix_s:
        last = _tracks(network, seen, happened)
    received = times(seen.received_ms)
    published = [f'"published_at":"{t}",' for t in times(seen.published_ms)] if network.relayed_s else [""] * seen.size
    counts = zip(kinds, seen.count_min.tolist(), seen.count_max.tolist(), strict=True)
    # Read by the fields' order in the record, as a reader of the file would expect them.
    return [
        f'"source":"sim","observed_from":"{begin}","observed_until":"{end}","footprint":{{{place},'
        f'{_said[kind, said]},{_observer[number, observer]},{publish}"received_at":"{receive}"{_count[count]}{more}}}'
        for kind, said, observer, begin, end, publish, receive, count, place, more in zip(
            kinds,
            seen.said.tolist(),
            seen.observer.tolist(),
            _whole_times(seen.begin_ms),
            _whole_times(seen.end_ms),
            published,
            received,
            counts,
            _bearings(network, seen, world) if network.footprint == BEARING else _discs(seen),
            last,
            strict=True,
        )
    ]


def _discs(seen: Sightings) -> list[str]:
    columns = zip(seen.lon.tolist(), seen.lat.tolist(), seen.radius_m.tolist(), strict=True)
    return [
        f'"kind":"disc","lon":{lon:.6f},"lat":{lat:.6f},"radius_m":{radius:.0f}}}'
        if radius > 0.0
        else '"kind":"nowhere"}'
        for lon, lat, radius in columns
    ]


def _bearings(network: Network, seen: Sightings, world: World) -> list[str]:
    posts = world.posts[network.name]
    stands = [
        f'"kind":"bearing","lon":{lon:.6f},"lat":{lat:.6f},'
        for lon, lat in zip(posts.lon.tolist(), posts.lat.tolist(), strict=True)
    ]
    sectors = zip(seen.azimuth.tolist(), seen.range_min_km.tolist(), seen.range_max_km.tolist(), strict=True)
    return [
        stands[observer] + _sector[sector] for observer, sector in zip(seen.observer.tolist(), sectors, strict=True)
    ]


def _posts(network: Network, seen: Sightings, kinds: list[int]) -> list[str]:
    """What posts say in words, and where. A copy word for word has its original's address too."""
    verbatim = (seen.original != ORIGINAL) & (seen.wording < len(FIRST_HAND))
    source = np.where(verbatim, seen.original, np.arange(seen.size))
    make = network.makes[0][0]
    columns = zip(
        kinds,
        seen.said.tolist(),
        seen.wording.tolist(),
        _places(seen),
        (seen.begin_ms // (6 * _HOUR_MS) % len(_PARTS_OF_DAY)).tolist(),
        (seen.observer[source] + 1).tolist(),
        seen.published_ms[source].tolist(),
        strict=True,
    )
    return [
        f',"text":"{_sentences[kind, said, wording, part] % where}"'
        f',"url":"https://example.org/{make}-{outlet:03d}/{published}"'
        for kind, said, wording, where, part, outlet, published in columns
    ]


def _places(seen: Sightings) -> list[str]:
    columns = zip(seen.radius_m.tolist(), seen.chainage_km.tolist(), seen.lon.tolist(), seen.lat.tolist(), strict=True)
    return [
        "a place without a name"
        if radius <= 0.0
        else f"km {chainage_km}"
        if chainage_km != NO_CHAINAGE
        else f"{lat:.1f}, {lon:.1f}"
        for radius, chainage_km, lon, lat in columns
    ]


def _tracks(network: Network, seen: Sightings, happened: Incidents) -> list[str]:
    """The fixes that one observer makes of one thing are of one track, named by who follows it and since when."""
    make = network.makes[0][0]
    return [
        f',"track_id":"{SOURCE}:{make}-{observer + 1:03d}-{begin}"'
        for observer, begin in zip(seen.observer.tolist(), happened.begin_ms.tolist(), strict=True)
    ]


def truth_lines(
    incident_ids: Sequence[str], happened: Incidents, violations: Sequence[str], report_ids: Sequence[str]
) -> list[str]:
    """True incidents, one a line.

    Args:
        violations, report_ids: for each incident the inside of its JSON list.
    """
    counts = zip(happened.kind.tolist(), happened.number.tolist(), happened.number.tolist(), strict=True)
    return [
        f'{{"incident_id":"{name}","observed_at":"{begin}","lon":{lon:.6f},"lat":{lat:.6f},{_said[count[0], 0]}'
        f'{_count[count] if KINDS[count[0]].unit else ""},"violations":[{broken}],"report_ids":[{reports}]}}'
        for name, begin, lon, lat, count, broken, reports in zip(
            incident_ids,
            times(happened.begin_ms),
            happened.lon.tolist(),
            happened.lat.tolist(),
            counts,
            violations,
            report_ids,
            strict=True,
        )
    ]


def invented_lines(report_ids: Sequence[str]) -> list[str]:
    """Inventions, one a line.

    Args:
        report_ids: for each the inside of its JSON list: the original post and its copies.
    """
    return [f'{{"report_ids":[{reports}]}}' for reports in report_ids]
