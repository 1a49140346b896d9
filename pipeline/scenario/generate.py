"""A scenario, played: chunk by chunk, in the order in which its reports come in."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.agreement import Agreement
from pipeline.model.check import EARLIEST, LATEST
from pipeline.model.report import Report
from pipeline.model.times import to_us
from pipeline.recon.assets import Assets
from pipeline.recon.makes import Makes
from pipeline.scenario.catalogue import BEGIN, Scenario, ScenarioError, scenario_named
from pipeline.scenario.conditions import DAY_MS, Conditions, prevail
from pipeline.scenario.copies import with_copies
from pipeline.scenario.fielded import fielded
from pipeline.scenario.happen import happen
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.lines import SOURCE, invented_lines, report_tails, truth_lines
from pipeline.scenario.looks import Setting
from pipeline.scenario.observers import Network, networks
from pipeline.scenario.sightings import ORIGINAL, Sightings, see
from pipeline.scenario.truth import Judge, Violation
from pipeline.scenario.watching import Keeper
from pipeline.scenario.world import Integers, World

_AFTER_SIGNING = timedelta(days=30)


INVENTED = -1
NO_COPY = -1


class Chunk(NamedTuple):
    """A stretch of a scenario: the reports that came in, in order of `received_at`, and what truly happened.

    Attributes:
        reports, truth, invented: lines of JSON without their ends.
        incident: for each report the true incident that it tells of, by its place in the truth of the whole scenario,
            from 0; `INVENTED` where it tells of none.
        network: for each report its network, by its place in `NETWORKS`.
        copies: for each report the number, as at the end of its id, of the post that it copies; `NO_COPY` where it
            copies none.
        until: to where the scenario has got.
        seen, violating: how many of the true incidents somebody reported, and how many broke a provision.
        observations: lines of JSON, in order of `received_at`: who watched what, and who could not.
        kind: for each line of `truth` its kind, by its place in `KINDS`.
    """

    reports: list[str]
    truth: list[str]
    invented: list[str]
    incident: Integers
    network: Integers
    copies: Integers
    until: datetime
    seen: int
    violating: int
    observations: list[str]
    kind: Integers


def generate(
    name: str | Scenario,
    seed: int,
    agreement: Agreement,
    reports: int | None = None,
    begin: datetime | None = None,
    makes: Makes | None = None,
) -> Iterator[Chunk]:
    """Plays a scenario. The same name, seed, agreement and beginning give the same lines on every machine.

    Args:
        name: of a scenario that there is, or a scenario of the caller's own.
        agreement: things happen along its first line, and it says which are violations.
        reports: how many reports, as many days as that takes; without it, one day.
        begin: `default_begin(agreement)` unless given.
        makes: how well the observers notice things; the shipped makes unless given. What happens is the same.

    Raises:
        ScenarioError: an unknown scenario, or figures or an agreement with which it cannot be played.
    """
    scenario = scenario_named(name)
    if seed < 0 or (reports is not None and reports < 1):
        raise ScenarioError("a scenario needs a seed of 0 or more and at least one report")
    start = begin or default_begin(agreement)
    if start.tzinfo is None or not EARLIEST <= start <= LATEST:
        raise ScenarioError(f"a scenario begins between {EARLIEST.year} and {LATEST.year - 1}, in a stated time zone")
    return _days(_Player(scenario, seed, agreement, makes), start.astimezone(UTC), reports)


def reports(
    name: str | Scenario, seed: int, agreement: Agreement, reports: int | None = None, begin: datetime | None = None
) -> Iterator[Report]:
    """The reports alone, as records, in order of `received_at`. Takes what `generate` takes."""
    decode = msgspec.json.Decoder(Report).decode
    for chunk in generate(name, seed, agreement, reports, begin):
        yield from map(decode, chunk.reports)


def observers(name: str | Scenario, seed: int, agreement: Agreement) -> Assets:
    """A scenario's observers as assets of a mission, for `pipeline.recon`."""
    return fielded(world_of(name, seed, agreement), agreement)


def world_of(name: str | Scenario, seed: int, agreement: Agreement) -> World:
    """What of a scenario is fixed."""
    return World(agreement, _rng((_named(scenario_named(name)), seed), _WORLD))


def default_begin(agreement: Agreement) -> datetime:
    """1 March 2026 where the agreement is in force then, else the first midnight 30 days after it came into force."""
    since, until = agreement.in_force
    if since <= BEGIN and (until is None or BEGIN < until):
        return BEGIN
    return (since.astimezone(UTC) + _AFTER_SIGNING).replace(hour=0, minute=0, second=0, microsecond=0)


def _days(player: "_Player", start: datetime, wanted: int | None) -> Iterator[Chunk]:
    begin_ms, left = to_us(start) // 1000, wanted
    while left is None or left > 0:
        chunk, made = player.day(begin_ms, left)
        yield chunk
        begin_ms += DAY_MS
        if left is None:
            break
        left -= made
    yield player.rest(chunk.until)


class _Telling(NamedTuple):
    """What goes with each report besides its line: columns in one order."""

    received_ms: Integers
    incident: Integers
    network: Integers
    copies: Integers

    def at(self, rows: NDArray[np.intp]) -> "_Telling":
        return _Telling._make(column[rows] for column in self)

    def and_then(self, other: "_Telling") -> "_Telling":
        return _Telling._make(np.concatenate(columns) for columns in zip(self, other, strict=True))


_NOTHING = _Telling(*np.zeros((4, 0), dtype=np.int64))
_WORLD, _EVENTS, _CONDITIONS = range(3)


def _named(scenario: Scenario) -> int:
    """What a scenario's name draws by: what else it says draws alike."""
    return int.from_bytes(hashlib.sha256(scenario.name.encode()).digest()[:8], "big")


def _rng(entropy: tuple[int, int], *stream: int) -> np.random.Generator:
    """Every day has streams of its own, so that no day depends on how much another drew."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([*entropy, *stream])))


class _Player:
    """Holds what passes from one day to the next: the reports that are still to come in, and the numbers given."""

    def __init__(self, scenario: Scenario, seed: int, agreement: Agreement, makes: Makes | None) -> None:
        self._scenario, self._entropy = scenario, (_named(scenario), seed)
        self._world = World(agreement, self._rng(_WORLD))
        self._makes, self._networks = makes, networks(scenario.posts_vagueness)
        self._judge = Judge(agreement)
        self._stem = f"{scenario.name}-{seed}-"
        self._keeper = Keeper(self._world, self._stem)
        self._days, self._reports, self._incidents = 0, 0, 0
        self._held, self._held_lines = _NOTHING, list[str]()

    def _rng(self, *stream: int) -> np.random.Generator:
        return _rng(self._entropy, *stream)

    def _conditions(self, begin_ms: int) -> tuple[Conditions, Conditions]:
        """Of a day and of the next, into which some of what happens goes on."""
        today, tomorrow = (
            prevail(self._scenario, self._world, day, begin_ms + ahead * DAY_MS, self._rng(_CONDITIONS, day))
            for ahead, day in enumerate((self._days, self._days + 1))
        )
        return today, tomorrow

    def day(self, begin_ms: int, left: int | None) -> tuple[Chunk, int]:
        """One day, with no more than `left` new reports, and how many there were."""
        rng = self._rng(_EVENTS, self._days)
        today, tomorrow = self._conditions(begin_ms)
        setting = Setting(self._scenario, self._world, today.and_then(tomorrow), self._makes)
        self._days += 1
        happened = happen(self._scenario, self._world, setting.conditions, rng)
        seen = [self._see(network, happened, setting, rng) for network in self._networks]
        end_ms = begin_ms + DAY_MS
        if left is not None and sum(one.size for one in seen) >= left:
            happened, seen = _cut(happened, seen, left)
            end_ms = int(happened.begin_ms[-1]) + 1
        row = np.concatenate([one.incident for one in seen])
        order = np.argsort(np.concatenate([one.received_ms for one in seen]), kind="stable")
        telling = self._telling(happened, seen, order)
        lines, ids = self._number(seen, happened, order)
        violations = self._judge.violations(happened)
        truth, invented = self._truth(happened, row[order], ids, violations)
        chunk = Chunk(
            *self._emit(telling, lines, truth, invented, end_ms),
            _from_ms(end_ms),
            len(np.unique(row[~happened.invented[row]])),
            sum(map(bool, violations)),
            self._keeper.day(today, end_ms),
            happened.kind[~happened.invented],
        )
        return chunk, len(lines)

    def rest(self, until: datetime) -> Chunk:
        """The reports that came in after the last incident."""
        return Chunk(*self._emit(_NOTHING, [], [], [], None), until, 0, 0, [], np.zeros(0, dtype=np.int64))

    def _see(self, network: Network, happened: Incidents, setting: Setting, rng: np.random.Generator) -> Sightings:
        seen = see(network, happened, setting, rng)
        return with_copies(network, seen, self._scenario.copies_per_post, rng) if network.relayed_s else seen

    def _telling(self, happened: Incidents, seen: list[Sightings], order: NDArray[np.intp]) -> _Telling:
        """In order of reception, for the next so many numbers."""
        true = self._incidents + np.cumsum(~happened.invented) - 1
        incident = np.where(happened.invented, INVENTED, true)
        number = np.empty(len(order), dtype=np.int64)
        number[order] = self._reports + 1 + np.arange(len(order))
        firsts = np.cumsum([0, *(one.size for one in seen)])[:-1].tolist()
        copies = [
            np.where(one.original == ORIGINAL, NO_COPY, number[first + np.maximum(one.original, 0)])
            for first, one in zip(firsts, seen, strict=True)
        ]
        telling = _Telling(
            np.concatenate([one.received_ms for one in seen]),
            incident[np.concatenate([one.incident for one in seen])],
            np.repeat(np.arange(len(seen)), [one.size for one in seen]),
            np.concatenate(copies),
        )
        return telling.at(order)

    def _number(
        self, seen: list[Sightings], happened: Incidents, order: NDArray[np.intp]
    ) -> tuple[list[str], list[str]]:
        """The day's lines and ids, numbered in order of reception, which tells nothing of what belongs together."""
        tails: list[str] = []
        for network, one in zip(self._networks, seen, strict=True):
            tails += report_tails(network, one, happened.at(one.incident), self._world)
        stem = f"{SOURCE}:{self._stem}"
        ids = [f'"{stem}{number}"' for number in range(self._reports + 1, self._reports + 1 + len(tails))]
        self._reports += len(tails)
        lines = [f'{{"report_id":{name},{tails[row]}' for name, row in zip(ids, order.tolist(), strict=True)]
        return lines, ids

    def _emit(
        self, telling: _Telling, lines: list[str], truth: list[str], invented: list[str], before_ms: int | None
    ) -> tuple[list[str], list[str], list[str], Integers, Integers, Integers]:
        """Takes in the day's reports, and gives out all that came in before a time; the rest is held."""
        every, every_line = self._held.and_then(telling), self._held_lines + lines
        order = np.argsort(every.received_ms, kind="stable")
        out = len(order) if before_ms is None else int(np.searchsorted(every.received_ms[order], before_ms))
        self._held, given = every.at(order[out:]), every.at(order[:out])
        self._held_lines = [every_line[row] for row in order[out:].tolist()]
        given_lines = [every_line[row] for row in order[:out].tolist()]
        return given_lines, truth, invented, given.incident, given.network, given.copies

    def _truth(
        self, happened: Incidents, row: NDArray[np.intp], ids: list[str], violations: list[tuple[Violation, ...]]
    ) -> tuple[list[str], list[str]]:
        """The day's true incidents, and its inventions; `row` and `ids` go with each other, in order of reception."""
        order = np.argsort(row, kind="stable").tolist()
        sorted_ids = [ids[at] for at in order]
        bounds = np.searchsorted(row[order], np.arange(happened.size + 1)).tolist()
        of_each = [",".join(sorted_ids[first:last]) for first, last in pairwise(bounds)]
        true = np.flatnonzero(~happened.invented).tolist()
        names = [f"{self._stem}{self._incidents + number}" for number in range(1, len(true) + 1)]
        self._incidents += len(true)
        broken = [msgspec.json.encode(violations[at])[1:-1].decode() if violations[at] else "" for at in true]
        truth = truth_lines(names, happened.at(~happened.invented), broken, [of_each[at] for at in true])
        return truth, invented_lines([of_each[at] for at in np.flatnonzero(happened.invented).tolist() if of_each[at]])


def _cut(happened: Incidents, seen: list[Sightings], left: int) -> tuple[Incidents, list[Sightings]]:
    """The day up to the incident that brings the last report wanted; what goes beyond is as if it had not been sent."""
    incident = np.concatenate([one.incident for one in seen])
    kept = np.zeros(len(incident), dtype=bool)
    kept[np.argsort(incident, kind="stable")[:left]] = True
    last = int(incident[kept].max())
    bounds = np.cumsum([one.size for one in seen])[:-1]
    parts = np.split(kept, bounds)
    return happened.at(slice(0, last + 1)), [one.at(part) for one, part in zip(seen, parts, strict=True)]


def _from_ms(time_ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)
