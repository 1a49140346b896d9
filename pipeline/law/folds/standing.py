"""What is forbidden as long as it lasts: a position, an obstacle. It is opened once, stands, and is closed.

Findings at one place are one violation. It is closed by a report that nothing is there any more (a count of 0), never
by silence: that nobody saw it again does not mean that it is gone.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import StandingTable
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
from pipeline.model.records import Alert, Finding, Progress
from pipeline.model.report import Time
from pipeline.model.taxonomy import Compliance


@decodable
class Open(msgspec.Struct, frozen=True):
    """The violations that stand."""

    episodes: tuple[Episode, ...] = ()


class Standing:
    """The fold of a `standing` provision."""

    state_type = Open
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: StandingTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, (table.id,)

    def begin(self) -> Open:
        """None stands."""
        return Open()

    def step(self, state: Open, day: int, findings: Sequence[Finding], efforts: Efforts) -> tuple[Open, list[Alert]]:
        """Opens, keeps up and closes violations."""
        episodes, closed = list(state.episodes), list[Alert]()
        for finding in findings:
            at = nearest(episodes, finding.alert.lon, finding.alert.lat, self._table.same_place_m)
            if not nothing_there(finding):
                if at is None:
                    episodes.append(begun(finding))
                else:
                    episodes[at] = joined(episodes[at], finding)
            elif at is not None and seen_gone(finding, self._table.same_place_m):
                ended = joined(episodes.pop(at), finding)
                closed.append(self._alert(ended, finding.alert.observed_until))
        return Open(tuple(episodes)), closed

    def standing(self, state: Open) -> list[Alert]:
        """Those that were not closed."""
        return [self._alert(episode, None) for episode in state.episodes]

    def progress(self, state: Open, day: int, efforts: Efforts) -> list[Progress]:
        """How many stand, and since when the oldest."""
        ends = self._agreement.days.ends(day)
        firm = [one for one in state.episodes if is_firm(self._agreement, one)]
        figures: dict[str, Any] = {"open": len(firm), "possible": len(state.episodes) - len(firm)}
        says = f"{figure(len(firm))} open"
        if firm:
            begun_at = min(one.first.observed_from for one in firm)
            figures["oldest_days"] = whole_days(begun_at, ends)
            says += f", the oldest for {plural(figures['oldest_days'], 'day')}"
        if figures["possible"]:
            says += f"; {figure(figures['possible'])} possible"
        broken = Compliance.INDETERMINATE if state.episodes else Compliance.KEPT
        return [
            Progress(
                agreement=self._agreement.name,
                provision=self.provision,
                subject="all zones",
                day=self._agreement.days.date_of(day).isoformat(),
                compliance=Compliance.BROKEN if firm else broken,
                says=says,
                figures=figures,
            )
        ]

    def _alert(self, episode: Episode, closed_at: Time | None) -> Alert:
        figures = {
            "times_seen": episode.seen,
            "last_seen": episode.until.isoformat(),
            "closed": closed_at.isoformat() if closed_at else None,
            "lasted_days": whole_days(episode.first.observed_from, episode.until),
        }
        return as_alert(self._agreement, episode, figures=figures)
