"""What tables say beside what was found: where nobody would have noticed, so that silence is not taken for quiet."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from pipeline.agreement import Agreement
from pipeline.cli.common import plural, say
from pipeline.cli.coverage_table import blackout_line
from pipeline.cli.whereabouts import Agreements
from pipeline.cli.words import stamp
from pipeline.law.effort import ANYTHING, percent
from pipeline.law.silence import Silence, silences
from pipeline.model.watch_terms import Watched
from pipeline.recon.blindness import Blackout, blackouts, blind_spells
from pipeline.recon.cells import cells_of
from pipeline.recon.coverage import OTHERS, Coverage, coverage
from pipeline.recon.grounds import Grounds
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from pipeline.store import Store
from pipeline.store.efforts import StoredEfforts

PATIENCE_S = 1.5
LATELY_DAYS = 7
"""So many days are looked at, the last ones: what is older is for `recon coverage`."""

UNSAID = "nobody said who watched, and silence may be blindness (docs/recon.md)"
BLIND_STEP_S = 900
LEAST_S = 1_800.0
MOST_SPELLS = 15

_MORE = "truceline recon coverage"


def say_silence(store: Store, known: Iterable[Agreement]) -> None:
    """Says on standard error where silence is no quiet, in the last days of the record; nothing without a watch log."""
    for line in silence_lines(store, known):
        say(line)


def judged_by(store: Store, known: Agreements) -> list[Agreement]:
    """The agreements by which a store was judged, as far as their data is at hand."""
    return [found for name in store.agreements() if (found := known.get(name)) is not None]


def silence_lines(store: Store, known: Iterable[Agreement]) -> Iterator[str]:
    """One line for each agreement, if anybody said who watched."""
    for agreement in known:
        efforts = StoredEfforts(store.connection, agreement)
        day = efforts.last_day
        if day is None:
            continue
        days = _lately(efforts, day)
        found = list(silences(agreement, efforts, days))
        if found:
            yield f"{agreement.name}, {_span(agreement, days)}: {_said(found, agreement)}"


def _lately(efforts: StoredEfforts, last: int) -> list[int]:
    """The last days without a gap: as many as are at hand, or can be reckoned in passing."""
    days, until = list[int](), time.monotonic() + PATIENCE_S
    for day in range(last, last - LATELY_DAYS, -1):
        if days and not efforts.at_hand(day) and time.monotonic() > until:
            break
        if efforts.observed(ANYTHING, day) is None:
            break
        days.append(day)
    return days[::-1]


def _said(found: Sequence[Silence], agreement: Agreement) -> str:
    blind = [one for one in found if one.level is Watched.UNOBSERVED or one.since is not None]
    partly = [one for one in found if one.level is Watched.PARTLY_OBSERVED and one not in blind]
    told = []
    if blind:
        told.append("unobserved " + ", ".join(_blind(one, agreement) for one in blind) + ": silence there is no quiet")
    if partly:
        told.append("partly observed " + ", ".join(f"{one.name} ({percent(one.share)})" for one in partly))
    whole = len(found) - len(blind) - len(partly)
    if whole:
        told.append(f"{plural(whole, 'sector')} observed")
    return "; ".join(told) + f" ({_MORE})"


def _blind(one: Silence, agreement: Agreement) -> str:
    since = "" if one.since is None else f" since {agreement.days.date_of(one.since)}"
    return f"{one.name}{since} ({percent(one.share)})"


def _span(agreement: Agreement, days: Sequence[int]) -> str:
    first, last = agreement.days.date_of(days[0]), agreement.days.date_of(days[-1])
    return f"{last}" if first == last else f"{first} to {last}"


class Unwatched(NamedTuple):
    """What was not watched in a time; `begin` and `until` may be earlier than asked, where the log ended before.

    `told` is None where nobody said who watched.
    """

    begin: datetime
    until: datetime
    told: list[tuple[str, Blackout]] | None
    lines: list[str]


def unwatched(store: Store, known: Iterable[Agreement], begin: datetime, until: datetime) -> Unwatched:
    """Where next to nothing would have been noticed in a watch, since when and why.

    Where the log does not reach into the watch (an old record is looked at), its last hours count instead.
    """
    log_ends = store.watched_until()
    if log_ends is None:
        return Unwatched(begin, until, None, [f"Not known: {UNSAID}."])
    lines: list[str] = []
    if log_ends < begin:
        begin, until = log_ends - (until - begin), log_ends
        lines += [f"Of the last hours of the observation log, {stamp(begin)} to {stamp(until)} UTC:", ""]
    told: list[tuple[str, Blackout]] = []
    for agreement in known:
        found, classes = _covered(store, agreement, begin, until)
        blind = blackouts(blind_spells(found, LEAST_S))
        told += [(agreement.name, one) for one in blind]
        lines += [f"- {blackout_line(one, found.cells.sectors, classes)}" for one in blind[:MOST_SPELLS]]
        lines += [f"- and {len(blind) - MOST_SPELLS:,} more (`{_MORE}`)"] * (len(blind) > MOST_SPELLS)
        untold = _untold(found)
        lines += [f"- {agreement.name}: {untold}"] if untold else []
        lines += [f"- {agreement.name}: nowhere for half an hour or longer"] * (not blind and not untold)
    return Unwatched(begin, until, told, lines)


def _untold(found: Coverage) -> str:
    """Since when, up to the end, nobody said who watched; and of how much of the time nobody did."""
    if found.told.all():
        return ""
    last = int(np.flatnonzero(found.told)[-1]) + 1 if found.told.any() else 0
    hours = (~found.told).sum() * BLIND_STEP_S / 3600.0
    since = f" from {stamp(found.begins(last))} UTC on" if last < found.steps else ""
    return f"nobody said who watched{since}, of {hours:.4g} h in all: there silence may be blindness"


def _covered(store: Store, agreement: Agreement, begin: datetime, until: datetime) -> tuple[Coverage, int]:
    """The mission's own coverage for all that the provisions are about; and how many classes that is."""
    makes = load_makes()
    log = Log.of(store.observations(begin, until), makes, agreement.areas)
    grounds = Grounds(agreement, makes).provisions.values()
    names = sorted({name for ground in grounds for name in ground.classes})
    return coverage(log, cells_of(agreement), names, begin, until, BLIND_STEP_S, OTHERS), len(names)
