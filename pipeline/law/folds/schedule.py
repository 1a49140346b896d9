"""Schedules: what must be out of which zones by when; where it is kept; weapon by weapon where there is an inventory.

What is seen in a stage's zones before its date is progress, and after it a violation, which stands until a report says
that nothing is there. A weapon of the inventory is known by its serial number, which is the `track_id` of its reports;
it is in one of the states that monitors tell apart: in violation (within the zones), beyond the zones but outside
storage, in storage, not verified (not seen since the date).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.agreement.clauses import STORAGE
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import Item, ScheduleTable, Stage
from pipeline.law.effort import Efforts
from pipeline.law.folds.episode import (
    Episode,
    as_alert,
    begun,
    is_firm,
    joined,
    nearest,
    nothing_there,
    seen_gone,
    whole_days,
)
from pipeline.law.saying import figure, plural
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, Finding, Progress, track_tile
from pipeline.model.report import Time
from pipeline.model.taxonomy import Compliance, Whereabouts

_INSIDE = 0.5
"""With this share of its footprint in a zone a weapon is taken to be there."""


class Seen(msgspec.Struct, frozen=True):
    """Where a weapon of the inventory was last."""

    at: Time
    inside: float = 0.0
    stored: float = 0.0


@decodable
class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Violations that stand, by stage; what was seen before its date; weapons of the inventory by serial number."""

    open: dict[str, tuple[Episode, ...]] = {}
    early: dict[str, int] = {}
    items: dict[str, Seen] = {}


class Schedule:
    """The fold of a `schedule` provision."""

    state_type = Steps
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: ScheduleTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, (table.id,)
        self._stages = {stage.id: stage for stage in table.stages}
        self._items = {track_tile(item.serial): item for item in table.inventory}

    def begin(self) -> Steps:
        """Nothing was seen."""
        return Steps()

    def step(self, state: Steps, day: int, findings: Sequence[Finding], efforts: Efforts) -> tuple[Steps, list[Alert]]:
        """Opens, keeps up and closes violations; follows the inventory."""
        open_, early, items = dict(state.open), dict(state.early), dict(state.items)
        closed: list[Alert] = []
        for finding in findings:
            item = self._items.get(finding.incident.window.tile)
            if item is not None:
                items[item.serial] = _last_seen(items.get(item.serial), finding)
            stage = self._stages.get(finding.role)
            if stage is None or finding.alert.probability == 0.0:
                continue
            if finding.alert.observed_from < stage.complete_by and not self._within_after(finding, stage):
                early[stage.id] = early.get(stage.id, 0) + (not nothing_there(finding))
                continue
            open_[stage.id], ended = self._after(open_.get(stage.id, ()), finding, stage)
            closed += ended
        return Steps(open=open_, early=early, items=items), closed if self._table.raises else []

    def standing(self, state: Steps) -> list[Alert]:
        """Those that were not closed."""
        if not self._table.raises:
            return []
        return [
            self._alert(self._stages[name], episode, None)
            for name, episodes in sorted(state.open.items())
            for episode in episodes
        ]

    def progress(self, state: Steps, day: int, efforts: Efforts) -> list[Progress]:
        """Each stage: what is still seen, and where its inventory is."""
        return [self._stage_progress(stage, state, day) for stage in self._table.stages]

    @staticmethod
    def _within_after(finding: Finding, stage: Stage) -> bool:
        """Whether a track that began before the date was within the zones after it."""
        fixes = finding.incident.fixes
        return any(
            fix.observed_from >= stage.complete_by and share >= _INSIDE
            for fix, share in zip(fixes, finding.shares, strict=False)
        )

    def _after(
        self, episodes: tuple[Episode, ...], finding: Finding, stage: Stage
    ) -> tuple[tuple[Episode, ...], list[Alert]]:
        if finding.shares and finding.shares[-1] < _INSIDE:
            # A track is one finding: it was within, and went.
            return episodes, [self._alert(stage, begun(finding), finding.incident.fixes[-1].observed_from)]
        at = nearest(episodes, finding.alert.lon, finding.alert.lat, self._table.same_place_m)
        if nothing_there(finding):
            if at is None or not seen_gone(finding, self._table.same_place_m):
                return episodes, []
            ended = self._alert(stage, joined(episodes[at], finding), finding.alert.observed_until)
            return episodes[:at] + episodes[at + 1 :], [ended]
        if at is None:
            return (*episodes, begun(finding)), []
        return (*episodes[:at], joined(episodes[at], finding), *episodes[at + 1 :]), []

    def _alert(self, stage: Stage, episode: Episode, closed_at: Time | None) -> Alert:
        figures = {
            "stage": stage.id,
            "complete_by": stage.complete_by.isoformat(),
            "days_overdue": whole_days(stage.complete_by, episode.until),
            "times_seen": episode.seen,
            "last_seen": episode.until.isoformat(),
            "closed": closed_at.isoformat() if closed_at else None,
        }
        return as_alert(self._agreement, episode, stage.id, figures=figures)

    def _stage_progress(self, stage: Stage, state: Steps, day: int) -> Progress:
        ends = self._agreement.days.ends(day)
        due, started = ends > stage.complete_by, stage.begin is None or ends > stage.begin
        found = [one for one in state.open.get(stage.id, ()) if is_firm(self._agreement, one)]
        figures: dict[str, Any] = {"seen_before_date": state.early.get(stage.id, 0), "in_violation": len(found)}
        until = "running" if started else "to come"
        if due:
            until = f"{plural(whole_days(stage.complete_by, ends), 'day')} past its date"
        seen = plural(figures["seen_before_date"], "time")
        says = f"{until}; {figure(len(found))} in violation" if due else f"{until}; seen {seen}"
        inventory = [item for item in self._table.inventory if item.stage == stage.id]
        if inventory:
            states = Counter(self._state(item, stage, state).value for item in inventory)
            figures["inventory"] = dict(sorted(states.items()))
            says += "; of the inventory " + ", ".join(
                f"{figure(number)} {name.replace('_', ' ')}" for name, number in sorted(states.items())
            )
        kept = figures.get("inventory", {})
        broken = bool(found) or Whereabouts.IN_VIOLATION in kept
        unsure = len(state.open.get(stage.id, ())) > len(found) or Whereabouts.NOT_VERIFIED in kept
        after = Compliance.BROKEN if broken else Compliance.INDETERMINATE if unsure else Compliance.KEPT
        return Progress(
            agreement=self._agreement.name,
            provision=self.provision,
            subject=f"{stage.id}: {stage.title}",
            day=self._agreement.days.date_of(day).isoformat(),
            compliance=after if due else Compliance.PENDING,
            says=says,
            figures={**figures, "complete_by": stage.complete_by.isoformat()},
        )

    def _state(self, item: Item, stage: Stage, state: Steps) -> Whereabouts:
        seen = state.items.get(item.serial)
        if seen is None or seen.at < stage.complete_by:
            return Whereabouts.NOT_VERIFIED
        if seen.stored >= _INSIDE:
            return Whereabouts.IN_STORAGE
        return Whereabouts.IN_VIOLATION if seen.inside >= _INSIDE else Whereabouts.BEYOND_LINE_OUTSIDE_STORAGE


def _last_seen(before: Seen | None, finding: Finding) -> Seen:
    """Where a weapon was last; what is said of one place for storage and for the zones is one sighting."""
    incident = finding.incident
    at = incident.fixes[-1].observed_from if incident.fixes else incident.observed_from
    share = finding.shares[-1] if finding.shares else finding.alert.place_probability
    seen = before if before is not None and before.at == at else Seen(at)
    return replace(seen, stored=share) if finding.role == STORAGE else replace(seen, inside=share)
