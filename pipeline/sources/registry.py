"""Every source by its name: the built-in ones, and those that other packages add."""

import warnings
from functools import cache
from importlib.metadata import entry_points

from pipeline.sources.acled import Acled
from pipeline.sources.aircraft import Aircraft
from pipeline.sources.base import Source
from pipeline.sources.cap import Cap
from pipeline.sources.csv_table import CsvTable
from pipeline.sources.firms import Firms
from pipeline.sources.gdelt import Gdelt
from pipeline.sources.geojson import GeoJson
from pipeline.sources.ledger import Ledger
from pipeline.sources.liveuamap import Liveuamap
from pipeline.sources.ndjson import Ndjson
from pipeline.sources.nothing import Nothing
from pipeline.sources.notices import Notices
from pipeline.sources.osce import Osce
from pipeline.sources.ucdp import Ucdp
from pipeline.sources.viina import Viina
from pipeline.sources.weapons import Weapons

ENTRY_POINT_GROUP = "truceline.sources"
"""A package adds a source with an entry point of this group that names a Source object."""


_OWN: tuple[Source, ...] = (
    Ndjson(),
    Ucdp(),
    CsvTable(),
    Firms(),
    Gdelt(),
    Liveuamap(),
    Acled(),
    Viina(),
    Cap(),
    GeoJson(),
    Notices(),
    Aircraft(),
    Ledger(),
    Osce(),
    Weapons(),
)
BUILT_IN = frozenset({Nothing.name, *(source.name for source in _OWN)})
"""The sources that check their own reports; what any other gives goes through the gate."""


@cache
def sources() -> dict[str, Source]:
    """The sources by name, in the order in which they are listed.

    A plug-in that cannot be loaded, or whose name is taken, is left out with a warning.
    """
    found: dict[str, Source] = {source.name: source for source in _OWN}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        try:
            source = point.load()
            name, words = source.name, (source.name, source.title, source.describe)
            usable = callable(source.recognises) and callable(source.read)
        except Exception as error:  # noqa: BLE001
            # Whatever another package's code may raise must not take the built-in sources away.
            warnings.warn(f"the source plug-in {point.value!r} cannot be loaded: {error}", stacklevel=2)
            continue
        if not usable or not all(isinstance(word, str) and word for word in words):
            warnings.warn(f"the source plug-in {point.value!r} is no Source: see docs/sources.md", stacklevel=2)
        elif name in found:
            warnings.warn(f"the source plug-in {point.value!r} has the name {name!r}, which is taken", stacklevel=2)
        else:
            found[name] = source
    return dict(found)


def recognise(head: bytes, file_name: str) -> list[str]:
    """The names of the sources that recognise an input by its first 64 KiB, decompressed."""
    return [name for name, source in sources().items() if _recognises(source, head, file_name)]


def _recognises(source: Source, head: bytes, file_name: str) -> bool:
    try:
        return source.recognises(head, file_name)
    except Exception as error:
        if source.name in BUILT_IN:
            raise
        warnings.warn(f"the source plug-in {source.name!r} failed to look at {file_name}: {error!r}", stacklevel=2)
        return False
