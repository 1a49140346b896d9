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
from pipeline.scenario.catalogue import BEGIN, Scenario, ScenarioError, scenario_named
from pipeline.scenario.incidents import DAY_MS, Incidents, Integers, happen
from pipeline.scenario.lines import SOURCE, report_tails, truth_lines
from pipeline.scenario.observers import NETWORKS
from pipeline.scenario.sightings import Sightings, see
from pipeline.scenario.truth import Judge, Violation
from pipeline.scenario.world import World

_AFTER_SIGNING = timedelta(days=30)


class Chunk(NamedTuple):
    """A stretch of a scenario: the reports that came in, in order of `received_at`, and what truly happened.

    Attributes:
        reports, truth: lines of JSON without their ends.
        until: to where the scenario has got.
        seen, violating: how many of the true incidents somebody reported, and how many broke a provision.
    """

    reports: list[str]
    truth: list[str]
    until: datetime
    seen: int
    violating: int


def generate(
    name: str, seed: int, agreement: Agreement, reports: int | None = None, begin: datetime | None = None
) -> Iterator[Chunk]:
    """Plays a scenario. The same name, seed, agreement and beginning give the same lines on every machine.

    Args:
        agreement: things happen along its first line, and it says which are violations.
        reports: how many reports, as many days as that takes; without it, one day.
        begin: `default_begin(agreement)` unless given.

    Raises:
        ScenarioError: an unknown scenario, or figures or an agreement with which it cannot be played.
    """
    scenario = scenario_named(name)
    if seed < 0 or (reports is not None and reports < 1):
        raise ScenarioError("a scenario needs a seed of 0 or more and at least one report")
    start = begin or default_begin(agreement)
    if start.tzinfo is None or not EARLIEST <= start <= LATEST:
        raise ScenarioError(f"a scenario begins between {EARLIEST.year} and {LATEST.year - 1}, in a stated time zone")
    return _days(_Player(scenario, seed, agreement), start.astimezone(UTC), reports)


def reports(
    name: str, seed: int, agreement: Agreement, reports: int | None = None, begin: datetime | None = None
) -> Iterator[Report]:
    """The reports alone, as records, in order of `received_at`. Takes what `generate` takes."""
    decode = msgspec.json.Decoder(Report).decode
    for chunk in generate(name, seed, agreement, reports, begin):
        yield from map(decode, chunk.reports)


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


class _Player:
    """Holds what passes from one day to the next: the reports that are still to come in, and the numbers given."""

    def __init__(self, scenario: Scenario, seed: int, agreement: Agreement) -> None:
        name = int.from_bytes(hashlib.sha256(scenario.name.encode()).digest()[:8], "big")
        self._scenario, self._entropy = scenario, (name, seed)
        self._world = World(agreement, self._rng(0))
        self._judge = Judge(agreement)
        self._stem = f"{scenario.name}-{seed}-"
        self._days, self._reports, self._incidents = 0, 0, 0
        self._held_ms: Integers = np.zeros(0, dtype=np.int64)
        self._held: list[str] = []

    def _rng(self, stream: int) -> np.random.Generator:
        """Every day has a stream of its own, so that no day depends on how much another drew."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([*self._entropy, stream])))

    def day(self, begin_ms: int, left: int | None) -> tuple[Chunk, int]:
        """One day, with no more than `left` new reports, and how many there were."""
        self._days += 1
        rng = self._rng(self._days)
        happened = happen(self._scenario, self._world, begin_ms, DAY_MS, rng)
        seen = [see(network, happened, self._world, rng) for network in NETWORKS]
        end_ms = begin_ms + DAY_MS
        if left is not None and sum(one.size for one in seen) >= left:
            happened, seen = _cut(happened, seen, left)
            end_ms = int(happened.begin_ms[-1]) + 1
        incident = np.concatenate([one.incident for one in seen])
        received_ms = np.concatenate([one.received_ms for one in seen])
        order = np.argsort(received_ms, kind="stable")
        lines, ids = self._number(seen, happened, order)
        violations = self._judge.violations(happened)
        chunk = Chunk(
            self._emit(received_ms[order], lines, end_ms),
            self._truth(happened, incident[order], ids, violations),
            _from_ms(end_ms),
            len(np.unique(incident)),
            sum(map(bool, violations)),
        )
        return chunk, len(lines)

    def rest(self, until: datetime) -> Chunk:
        """The reports that came in after the last incident."""
        return Chunk(self._emit(np.zeros(0, dtype=np.int64), [], None), [], until, 0, 0)

    def _number(
        self, seen: list[Sightings], happened: Incidents, order: NDArray[np.intp]
    ) -> tuple[list[str], list[str]]:
        """The day's lines and ids, numbered in order of reception, which tells nothing of what belongs together."""
        tails: list[str] = []
        for network, one in zip(NETWORKS, seen, strict=True):
            tails += report_tails(network, one, happened.at(one.incident), self._world)
        stem = f"{SOURCE}:{self._stem}"
        ids = [f'"{stem}{number}"' for number in range(self._reports + 1, self._reports + 1 + len(tails))]
        self._reports += len(tails)
        lines = [f'{{"report_id":{name},{tails[row]}' for name, row in zip(ids, order.tolist(), strict=True)]
        return lines, ids

    def _emit(self, received_ms: Integers, lines: list[str], before_ms: int | None) -> list[str]:
        """Takes in the day's lines, and gives out all that came in before a time; the rest is held."""
        times = np.concatenate([self._held_ms, received_ms])
        together = self._held + lines
        order = np.argsort(times, kind="stable")
        out = len(order) if before_ms is None else int(np.searchsorted(times[order], before_ms))
        self._held_ms = times[order[out:]]
        self._held = [together[row] for row in order[out:].tolist()]
        return [together[row] for row in order[:out].tolist()]

    def _truth(
        self, happened: Incidents, incident: Integers, ids: list[str], violations: list[tuple[Violation, ...]]
    ) -> list[str]:
        """The day's true incidents; `incident` and `ids` go with each other, in order of reception."""
        order = np.argsort(incident, kind="stable").tolist()
        sorted_ids = [ids[row] for row in order]
        bounds = np.searchsorted(incident[order], np.arange(happened.size + 1)).tolist()
        names = [f"{self._stem}{self._incidents + row + 1}" for row in range(happened.size)]
        self._incidents += happened.size
        return truth_lines(
            names,
            happened,
            [msgspec.json.encode(broken)[1:-1].decode() if broken else "" for broken in violations],
            [",".join(sorted_ids[first:last]) for first, last in pairwise(bounds)],
        )


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
