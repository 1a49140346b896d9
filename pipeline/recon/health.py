"""Assets' health: what each does now, since when, how much it watched of late, and for how long it has been silent."""

from datetime import datetime
from typing import NamedTuple

import numpy as np

from pipeline.model.times import from_us, to_us
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.log import NOWHERE, AssetLog, Log, Sayings, Spans

DAY_MS = 86_400_000

_ORDER = (
    ObservationState.DENIED,
    ObservationState.JAMMED,
    ObservationState.OUTAGE,
    ObservationState.OBSCURED,
    ObservationState.DEGRADED,
    ObservationState.WATCHING,
)
"""Of several that are said of one moment, the first counts."""


class Health(NamedTuple):
    """How an asset does at a time.

    Attributes:
        make: as its records name it; None where none does.
        known: whether the catalogue of makes has it: else it is not known what it notices.
        state: the worst that is said of now; None where nothing is: it is silent, or between two passes.
        since: since when it is so.
        reason: what the record gives for it.
        watched_share: the share of the last 24 hours in which it watched anything, passes aside.
        passes: of what passes, how often it did in the last 24 hours.
        last: until when its records reach; what lies ahead is cut off.
        silent_h: for how long nothing has been said of it; 0 while something is.
    """

    asset: str
    make: str | None
    known: bool
    operator: str | None
    state: ObservationState | None
    since: datetime | None
    reason: str | None
    watched_share: float
    passes: int | None
    last: datetime | None
    silent_h: float


def health(log: Log, now: datetime) -> list[Health]:
    """The health of every asset of a log up to a time; what is said of later times is left out."""
    now_ms = to_us(now) // 1000
    return [_health(one, now_ms) for one in log.assets if (one.from_ms < now_ms).any()]


def _health(one: AssetLog, now_ms: int) -> Health:
    begun = np.flatnonzero(one.from_ms < now_ms)
    active = [row for row in begun.tolist() if one.until_ms[row] >= now_ms]
    last_ms = int(np.minimum(one.until_ms[begun], now_ms).max())
    state, since_ms, reason = _now(one, active)
    spans = one.spans(now_ms - DAY_MS, now_ms)
    passes = one.make is not None and one.make.notices == "pass"
    lately = (spans.pass_ms > now_ms - DAY_MS) & (spans.pass_ms <= now_ms)
    named = [record for record in reversed(one.records) if record.make is not None]
    operators = [record.operator for record in reversed(one.records) if record.operator is not None]
    return Health(
        one.asset,
        named[0].make if named else None,
        one.make is not None,
        operators[0] if operators else None,
        state,
        None if since_ms is None else from_us(1000 * since_ms),
        reason,
        _watched(spans, now_ms),
        int(lately.sum()) if passes else None,
        from_us(1000 * last_ms),
        0.0 if active else (now_ms - last_ms) / 3_600_000.0,
    )


def _now(one: AssetLog, active: list[int]) -> tuple[ObservationState | None, int | None, str | None]:
    """The worst that is said of a moment by what is active then, since when it has been so without a gap, and why."""
    if not active:
        return None, None, None
    worst = min((one.records[row].state for row in active), key=_ORDER.index)
    same = [row for row in range(len(one.records)) if one.records[row].state is worst]
    since_ms = min(int(one.from_ms[row]) for row in active if one.records[row].state is worst)
    for row in reversed(same):
        if one.from_ms[row] < since_ms <= one.until_ms[row]:
            since_ms = int(one.from_ms[row])
    reasons = [one.records[row].reason for row in active if one.records[row].state is worst]
    return worst, since_ms, next((reason for reason in reasons if reason), None)


def _watched(spans: Spans, now_ms: int) -> float:
    """The share of the last 24 hours in which something was watched."""
    edges_ms = np.clip(np.concatenate([[now_ms - DAY_MS], spans.cuts_ms, [now_ms]]), now_ms - DAY_MS, now_ms)
    sees = np.array([_sees(saying) for saying in spans.sayings])
    return float(np.diff(edges_ms)[sees[spans.which]].sum() / DAY_MS)


def _sees(saying: Sayings) -> bool:
    """Whether anything is left that it watches."""
    blind = {said.footprint for said in saying if said.quality <= 0.0}
    return NOWHERE not in blind and any(said.footprint not in blind | {NOWHERE} for said in saying)
