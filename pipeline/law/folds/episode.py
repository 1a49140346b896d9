"""What lasts: an episode that some findings make together, and the alert that it is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
import numpy as np
from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import distance_m
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, DoubtNote, Finding
from pipeline.model.report import Time
from pipeline.model.taxonomy import Doubt, Standing, Status
from pipeline.monitor.judge import CAPPING, standing

MOST_NAMED = 64
"""So many incidents an episode names: the first, and the latest others."""

_OF_ONE = frozenset({Doubt.SINGLE_REPORT})
"""Doubts that several findings do not share."""


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """Some findings that are one thing.

    Attributes:
        first: the alert of the first of them.
        until: when the last of them ends.
        probability: of that finding.
        doubts: those of the finding that leaves the fewest: one that may be raised before one that may not.
        seen: how many findings.
        corroborated: whether independent observers saw it, at one time or at several.
    """

    first: Alert
    incident_ids: tuple[str, ...]
    report_ids: tuple[str, ...]
    until: Time
    probability: float
    doubts: tuple[DoubtNote, ...] = ()
    seen: int = 1
    corroborated: bool = False


class Evidence(Protocol):
    """What names an incident and its reports."""

    @property
    def incident_id(self) -> str:
        """The incident."""

    @property
    def report_ids(self) -> tuple[str, ...]:
        """Its reports."""


def begun(finding: Finding) -> Episode:
    """An episode of one finding."""
    alert = finding.alert
    return Episode(
        first=alert,
        incident_ids=(alert.incident_id,),
        report_ids=alert.report_ids,
        until=alert.observed_until,
        probability=alert.probability,
        doubts=alert.doubts,
        corroborated=alert.status is Status.CORROBORATED,
    )


def joined(episode: Episode, finding: Finding) -> Episode:
    """The episode with one more finding."""
    alert = finding.alert
    more = tuple(name for name in alert.report_ids if name not in episode.report_ids)
    clearer = (not _capped(alert.doubts), alert.probability) > (not _capped(episode.doubts), episode.probability)
    return replace(
        episode,
        incident_ids=_named((*episode.incident_ids, alert.incident_id)),
        report_ids=_named((*episode.report_ids, *more)),
        until=max(episode.until, alert.observed_until),
        probability=alert.probability if clearer else episode.probability,
        doubts=alert.doubts if clearer else episode.doubts,
        seen=episode.seen + 1,
        corroborated=episode.corroborated or alert.status is Status.CORROBORATED,
    )


def also_resting_on(episode: Episode, others: Iterable[Evidence]) -> Episode:
    """The episode with what else it rests on."""
    given = list(others)
    incidents = (*episode.incident_ids, *(one.incident_id for one in given))
    reports = (*episode.report_ids, *(name for one in given for name in one.report_ids))
    return replace(
        episode, incident_ids=_named(tuple(dict.fromkeys(incidents))), report_ids=_named(tuple(dict.fromkeys(reports)))
    )


def is_firm(agreement: Agreement, episode: Episode) -> bool:
    """Whether it is put before people."""
    return standing(episode.probability, episode.doubts, agreement) is Standing.RAISED


def _capped(doubts: Sequence[DoubtNote]) -> bool:
    return any(note.doubt in CAPPING for note in doubts)


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if len(names) <= MOST_NAMED else (names[0], *names[1 - MOST_NAMED :])


def as_alert(
    agreement: Agreement,
    episode: Episode,
    subject: str = "",
    *,
    probability: float | None = None,
    doubts: Sequence[DoubtNote] = (),
    figures: dict[str, Any],
) -> Alert:
    """The alert of an episode.

    Args:
        subject: tells it from other alerts of the provision that begin with the same incident.
        probability: the episode's own unless given.
        doubts: beside those of its first finding.
    """
    first = episode.first
    likely = round(episode.probability if probability is None else probability, 4)
    kept = tuple(note for note in episode.doubts if episode.seen == 1 or note.doubt not in _OF_ONE)
    notes = (*kept, *doubts)
    provision = f"{first.provision}/{subject}" if subject else first.provision
    return replace(
        first,
        alert_id=alert_id(first.agreement, provision, first.incident_id),
        status=Status.CORROBORATED if episode.corroborated else first.status,
        probability=likely,
        observed_until=max(first.observed_until, episode.until),
        report_ids=episode.report_ids,
        doubts=notes,
        standing=standing(likely, notes, agreement),
        incident_ids=episode.incident_ids,
        subject=subject,
        figures=figures,
    )


def nearest(episodes: Sequence[Episode], lon: float | None, lat: float | None, within_m: float) -> int | None:
    """Which of some episodes began nearest to a place; None where none did within so many metres."""
    placed = [number for number, one in enumerate(episodes) if one.first.lon is not None and one.first.lat is not None]
    if lon is None or lat is None or not placed:
        return None
    lons = np.array([episodes[number].first.lon for number in placed], dtype=float)
    lats = np.array([episodes[number].first.lat for number in placed], dtype=float)
    away_m = distance_m(np.full(len(placed), lon), np.full(len(placed), lat), lons, lats)
    best = int(away_m.argmin())
    return placed[best] if away_m[best] <= within_m else None


def nothing_there(finding: Finding) -> bool:
    """Whether what the incident says is that nothing is there (any more)."""
    counts = finding.incident.counts
    return bool(counts) and all(count.max == 0 for count in counts)


def seen_gone(finding: Finding, within_m: float) -> bool:
    """Whether that nothing is there is sure enough to close what stood, and speaks of that place alone."""
    sure = finding.alert.standing is Standing.RAISED
    return sure and nothing_there(finding) and (finding.alert.radius_m or 0.0) <= within_m


def whole_days(begin: datetime, end: datetime) -> int:
    """Full days between two times."""
    return (end - begin).days
