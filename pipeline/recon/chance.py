"""The chance that something is noticed: what silence is worth.

For one asset at one moment and place, the worst that any of its records says counts, times the chance of its make,
times what is left of that at the distance. When an asset has to watch depends on its make (`Make.notices`), and on how
long the thing goes on; that is averaged over a few lengths, the same for all assets. Assets notice by themselves, but
for what a technique's `dependence` says. docs/recon.md has it in full.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array

from pipeline.geometry.earth import Floats, to_earth
from pipeline.recon.log import Integers, Log
from pipeline.recon.makes import Class, Makes
from pipeline.recon.watcher import Watcher, watcher

FINE_MS = 300_000
"""A slot is looked at so often at least. Outages of many assets at once are seen as such: what is averaged is the
chance that somebody notices, not the assets' own shares."""

LENGTHS = 8
"""How many lengths stand for all that a class may have."""

AT_ONCE_MS = 7 * 86_400_000
"""How much of a log is looked at together, to bound memory."""

EVENTS_AT_ONCE = 1_024
_ELEMENTS = 131_072
"""Numbers that are worked on together: few enough for the processor's cache."""

Missing = Callable[[int, int], Floats | None]
"""The chance that a watcher, by its number, misses things of a length, by its number; None where it misses them all."""

_SURE = 1.0 - 1e-15
"""In place of certainty, whose logarithm cannot be added to."""


def chance_seen(
    log: Log,
    lon: Floats,
    lat: Floats,
    class_name: str,
    begin_ms: int,
    slot_ms: int,
    slots: int,
    without: Collection[str] = frozenset(),
) -> Floats:
    """The chance that a thing which begins at a place, at a random moment of a slot, is noticed by somebody.

    Args:
        lon, lat: places in degrees.
        class_name: of `Makes.classes`.
        begin_ms, slot_ms, slots: slots of one length, one after the other.
        without: techniques that are left out.

    Returns:
        Chances of shape (places, slots).

    Raises:
        ValueError: there is no such class.
    """
    return chances_seen(log, lon, lat, [class_name], begin_ms, slot_ms, slots, without)[:, :, 0]


def chances_seen(
    log: Log,
    lon: Floats,
    lat: Floats,
    class_names: Sequence[str],
    begin_ms: int,
    slot_ms: int,
    slots: int,
    without: Collection[str] = frozenset(),
) -> Floats:
    """The same for several classes at once, which costs less: of shape (places, slots, classes)."""
    classes = [named(log.makes, name) for name in class_names]
    found = np.zeros((len(lon), slots, len(classes)))
    if not len(lon):
        return found
    order = _along(lon, lat)
    parts = -(-slot_ms // FINE_MS)
    fine_ms = begin_ms + (slot_ms * (2 * np.arange(slots * parts, dtype=np.int64) + 1)) // (2 * parts)
    together = max(1, AT_ONCE_MS // slot_ms)
    for first in range(0, slots, together):
        last = min(first + together, slots)
        time_ms = fine_ms[first * parts : last * parts]
        watch = Watch(log, lon[order], lat[order], (int(time_ms[0]), int(time_ms[-1])), without)
        for column, one in enumerate(classes):
            for begin, missed in watch.missed(one, time_ms, parts):
                at = first + begin // parts
                seen = 1.0 - missed.reshape(-1, parts, len(lon)).mean(axis=1)
                found[order, at : at + len(seen), column] = seen.T
    return found


def _along(lon: Floats, lat: Floats) -> Integers:
    """Places in the order in which they lie, the long way: those that one asset watches are then near each other."""
    earth = to_earth(lon, lat)
    apart = earth - earth.mean(axis=1, keepdims=True)
    longest = np.linalg.eigh(apart @ apart.T)[1][:, -1]
    return np.argsort(longest @ apart, kind="stable")


def chance_of_each(
    log: Log, lon: Floats, lat: Floats, time_ms: Integers, class_name: str, without: Collection[str] = frozenset()
) -> Floats:
    """The chance that each of some things is noticed by somebody, whose places and beginnings are known.

    Raises:
        ValueError: there is no such class.
    """
    wanted = named(log.makes, class_name)
    found = np.zeros(len(lon))
    order = np.argsort(time_ms, kind="stable")
    begin = 0
    while begin < len(order):
        near = int(np.searchsorted(time_ms[order], time_ms[order[begin]] + AT_ONCE_MS, side="right"))
        which = order[begin : min(begin + EVENTS_AT_ONCE, near)]
        times = time_ms[which]
        watch = Watch(log, lon[which], lat[which], (int(times[0]), int(times[-1])), without)
        found[which] = 1.0 - watch.missed_each(wanted, times)
        begin += len(which)
    return found


def named(makes: Makes, class_name: str) -> Class:
    """A class by its name.

    Raises:
        ValueError: there is none.
    """
    found = makes.class_named(class_name)
    if found is None:
        known = ", ".join(one.name for one in makes.classes)
        raise ValueError(f"{class_name!r} is no class of activity; there are {known}")
    return found


def dependences(makes: Makes) -> dict[str, float]:
    """The dependence within each technique that has any: the greatest that one of its makes states.

    It holds among the assets whose makes state any; the others miss by themselves.
    """
    stated: dict[str, float] = {}
    for make in makes.makes:
        stated[make.technique] = max(stated.get(make.technique, 0.0), make.dependence)
    return {technique: share for technique, share in stated.items() if share > 0.0}


class Misses:
    """The chance that all assets miss, in the making; within a technique by its dependence."""

    def __init__(self, shape: tuple[int, ...], dependence: float) -> None:
        self._dependence = dependence
        self._all = np.ones(shape)
        self._least = np.ones(shape) if dependence else self._all

    def copy(self) -> "Misses":
        """One that can be added to while this one stays."""
        made = Misses.__new__(Misses)
        made._dependence, made._all = self._dependence, self._all.copy()
        made._least = self._least.copy() if self._dependence else made._all
        return made

    def add(self, places: slice, missed: Floats | None) -> None:
        """One more asset, which misses with these chances at some places, and at the others for sure."""
        if missed is None:
            return
        self._all[..., places] *= missed
        if self._dependence:
            self._least[..., places] = np.minimum(self._least[..., places], missed)

    def total(self) -> Floats:
        """The chance that they all miss."""
        if not self._dependence:
            return self._all
        return np.asarray(self._dependence * self._least + (1.0 - self._dependence) * self._all)


class Watch:
    """All assets of a log before some places, during some time."""

    def __init__(
        self, log: Log, lon: Floats, lat: Floats, between_ms: tuple[int, int], without: Collection[str] = frozenset()
    ) -> None:
        longest_ms = int(1000 * max(one.lasts_s[1] for one in log.makes.classes))
        self._places = len(lon)
        self._dependences = dependences(log.makes)
        self._watchers = [
            found
            for one in log.assets
            if one.make is not None and one.make.technique not in without
            if (found := watcher(one, one.make, log, (lon, lat), (between_ms[0], between_ms[1] + longest_ms)))
        ]

    def missed(self, of: Class, time_ms: Integers, parts: int) -> Iterator[tuple[int, Floats]]:
        """The chance that a thing is missed by all, for each of some beginnings (rows) and each place.

        It comes in pieces, each with the number of its first row, which is a multiple of `parts`.
        """
        rows = max(1, _ELEMENTS // (self._places * parts)) * parts
        watchers = self._of(of)
        chances = [_effects(one, of) for one in watchers]
        tables = [[_table(one, time_ms, length) for length in _lengths_ms(of, one)] for one in watchers]
        for begin in range(0, len(time_ms), rows):
            end = min(begin + rows, len(time_ms))

            def missing(number: int, length: int, begin: int = begin, end: int = end) -> Floats | None:
                table = tables[number][length][begin:end]
                if not table.nnz:
                    return None
                return _missing(watchers[number], np.asarray(table @ chances[number]))

            yield begin, self._together(watchers, (end - begin, self._places), missing)

    def missed_each(self, of: Class, time_ms: Integers) -> Floats:
        """The same where each place has one beginning of its own."""
        watchers = self._of(of)
        chances = [_effects(one, of) for one in watchers]
        lengths_ms = [_lengths_ms(of, one) for one in watchers]

        def missing(number: int, length: int) -> Floats:
            one = watchers[number]
            row, column, weight = one.weights(time_ms[one.places], lengths_ms[number][length])
            sums = np.zeros(one.quality.shape[1])
            np.add.at(sums, row, weight * chances[number][column, row])
            return _missing(one, sums)

        return self._together(watchers, (self._places,), missing)

    def _of(self, of: Class) -> list[Watcher]:
        return [one for one in self._watchers if of.name in one.make.sees]

    def _together(self, watchers: Sequence[Watcher], shape: tuple[int, ...], missing: Missing) -> Floats:
        """The chance that all miss, averaged over the lengths."""
        fixed: dict[str, Misses] = {}
        for number, one in enumerate(watchers):
            if not one.by_length:
                self._in(fixed, one, shape).add(one.places, missing(number, 0))
        varying = [number for number, one in enumerate(watchers) if one.by_length]
        if not varying:
            return _product(fixed, shape)
        total = np.zeros(shape)
        for length in range(LENGTHS):
            added = {technique: misses.copy() for technique, misses in fixed.items()}
            for number in varying:
                one = watchers[number]
                self._in(added, one, shape).add(one.places, missing(number, length))
            total += _product(added, shape)
        return np.asarray(total / LENGTHS)

    def _in(self, misses: dict[str, Misses], one: Watcher, shape: tuple[int, ...]) -> Misses:
        """Where an asset's misses belong: to its technique, or to all that is missed independently."""
        technique = one.make.technique if one.make.dependence else ""
        if technique not in misses:
            misses[technique] = Misses(shape, self._dependences.get(technique, 0.0))
        return misses[technique]


def _product(misses: dict[str, Misses], shape: tuple[int, ...]) -> Floats:
    total = np.ones(shape)
    for one in misses.values():
        total *= one.total()
    return total


def _lengths_ms(of: Class, one: Watcher) -> list[float]:
    """Lengths that stand for all: the middles of as many equal parts; a single one where it does not matter."""
    shortest_s, longest_s = of.lasts_s
    if not one.by_length:
        return [longest_s * 1000.0]
    return [1000.0 * (shortest_s + (longest_s - shortest_s) * (part + 0.5) / LENGTHS) for part in range(LENGTHS)]


def _effects(one: Watcher, of: Class) -> Floats:
    """What is summed over sayings: chances, or where there are several tries the logarithms of missing."""
    chances = one.chances(of)
    return np.log1p(-np.minimum(chances, _SURE)) if one.tries_again else chances


def _missing(one: Watcher, sums: Floats) -> Floats:
    return np.asarray(np.exp(sums) if one.tries_again else 1.0 - sums)


def _table(one: Watcher, time_ms: Integers, lasts_ms: float) -> "csr_array[np.float64]":
    row, column, weight = one.weights(time_ms, lasts_ms)
    return csr_array((weight, (row, column)), shape=(len(time_ms), len(one.spans.sayings)))
