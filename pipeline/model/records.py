"""What the monitor makes of reports: incidents, matches, alerts, rejects; and the observation record."""

from typing import Any

import msgspec

from pipeline.model.decoding import decodable
from pipeline.model.footprint import Footprint
from pipeline.model.report import Attribution, Count, Origin, Time
from pipeline.model.taxonomy import (
    Activity,
    Change,
    Compliance,
    Doubt,
    Reason,
    RejectReason,
    Severity,
    Side,
    Standing,
    Status,
    Verdict,
    Weapon,
)
from pipeline.model.watch_terms import ObservationState


class Window(msgspec.Struct, frozen=True, order=True):
    """The unit of state: one tile of the fixed global grid, one UTC day of `observed_from`."""

    tile: str
    day: str


TRACK = "track:"
"""With this begins the tile that the reports of one track have to themselves."""


def track_tile(track_id: str) -> str:
    """The tile of a track."""
    return TRACK + track_id


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a track, and when."""

    observed_from: Time
    observed_until: Time
    footprint: Footprint


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened, seen by one or more reports. It exists once, whatever agreements are loaded.

    Attributes:
        report_ids: the canonical report's first, then the others', sorted.
        footprint: where, from all that locate it; of a track, its first place.
        counts: how many, a count for each unit that was counted in.
        occurred: the probability that it happened at all, from who says so.
        origins: how many say so independently of each other: copies of one origin are one.
        unresolved: it is a rumour too broad in place or time to tell which incident it saw: none of its own.
        fixes: for a track, its places in order of time.
        notified_at: of what is announced, when that was first published, as far as is known.
    """

    incident_id: str
    window: Window
    report_ids: tuple[str, ...]
    observed_from: Time
    observed_until: Time
    footprint: Footprint
    activity: Activity
    weapons: tuple[Weapon, ...] = ()
    calibre_mm: float | tuple[float, float] | None = None
    counts: tuple[Count, ...] = ()
    ledgers: tuple[str, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    occurred: float = 1.0
    origins: int = 1
    unresolved: bool = False
    fixes: tuple[Fix, ...] = ()
    notified_at: Time | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One report and one zone. `offset_m` is signed, left of the line negative; null where there is no line.

    `lon` and `lat` are the centre of the report's footprint; null where it is from nowhere.
    """

    report_id: str
    agreement: str
    zone: str | None
    line: str | None
    side: Side | None
    chainage_m: float | None
    offset_m: float | None
    probability: float
    verdict: Verdict
    observed_from: Time
    observed_until: Time
    lon: float | None
    lat: float | None


class DoubtNote(msgspec.Struct, frozen=True):
    """One reason why an alert is not more certain, with its figures."""

    doubt: Doubt
    figures: dict[str, Any]


class ReadingNote(msgspec.Struct, frozen=True):
    """One party's reading of the clause, for people to weigh.

    Attributes:
        probability: under this reading; None where it is not judged.
        standing: under this reading; None where it would be no alert, or is not judged.
    """

    reading: str
    party: str
    says: str
    probability: float | None = None
    standing: Standing | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that stands: one incident that looks like a breach of one provision.

    Attributes:
        incident_ids: where a provision remembers, all the incidents that it rests on; `incident_id` is the first.
        subject: what tells it from other alerts of such a provision that may rest on the same incidents.
        figures: what such a provision counted.
    """

    alert_id: str
    agreement: str
    agreement_version: str
    provision: str
    article: str
    incident_id: str
    status: Status
    severity: Severity
    reason: Reason
    probability: float
    place_probability: float
    observed_from: Time
    observed_until: Time
    line: str | None
    side: Side | None
    chainage_m: float | None
    offset_m: float | None
    lon: float | None
    lat: float | None
    radius_m: float | None
    report_ids: tuple[str, ...]
    doubts: tuple[DoubtNote, ...]
    readings: tuple[ReadingNote, ...]
    attribution: tuple[Attribution, ...]
    standing: Standing
    acknowledged_by: str | None
    assignee: str | None
    judged_by: str
    incident_ids: tuple[str, ...] = ()
    subject: str = ""
    figures: dict[str, Any] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One incident held against a provision that remembers: what that provision's verdict is made of.

    Attributes:
        role: what the incident is to the provision.
        alert: as if the incident decided alone.
        zone: the zone in which most of the footprint lies.
        shares: of a track, for each of its places, the share that lies in the provision's zones.
    """

    role: str
    alert: Alert
    zone: str
    incident: Incident
    shares: tuple[float, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provision that remembers stands at the end of a day, of one thing that it asks for.

    Attributes:
        subject: what it is about: a zone, a class of weapons, a stage.
        says: a plain sentence.
    """

    agreement: str
    provision: str
    subject: str
    day: str
    compliance: Compliance
    says: str
    figures: dict[str, Any]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an alert's history. Revision 1 is the first; nothing that was said is ever changed."""

    alert: Alert
    revision: int
    decided_at: Time
    change: Change
    author: str
    supersedes: tuple[str, ...] = ()
    superseded_by: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is found of some incidents for those provisions of one agreement that remember: a record of `findings`.

    Attributes:
        judged_by: by what data of the agreement, and by what rules.
        partition: of `tiles`, whose keeper tells it; an incident is always told by the same.
        reached: how far that keeper had read: of two records about an incident, the later counts.
        incident_ids: all that is found of these now is in `findings`; what was found of them before is no more.
        revisions: what was said of alerts that such provisions watch.
    """

    agreement: str
    judged_by: str
    partition: int
    reached: int
    incident_ids: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    revisions: tuple[Revision, ...] = ()


@decodable
class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be read, with its bytes: the first 64 KiB of them, their length and SHA-256.

    `row` counts from 1; `position` is the byte at which the row begins in the (decompressed) input.
    """

    file: str
    row: int
    position: int
    field: str
    reason: RejectReason
    detail: str
    source: str
    bytes: bytes
    length: int
    sha256: str


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that someone watched an area in an interval, and how well; or that an asset could not.

    Of two contents under one id, the greatest by (`published_at`, content) is current, as with reports; one that names
    another in `revises` takes its place. Where several records speak of one asset, moment and place, the worst that is
    said counts: an outage of two hours need not say anew what the asset watched before and after.

    Attributes:
        asset: a name of its own: what watched, or could not.
        make: which kind of asset it is, by its name in the catalogue of makes; None where that is not known.
        footprint: what was watched: a disc or a bearing about where the asset stands (it sees less further off), or
            the area that it swept. *Nowhere* stands for all of the asset's, whatever it watches else.
        quality: the share of what the asset notices when all is well, that it would have noticed; None where nobody
            said: then it watched as designed.
        reason: why it watched less or not at all, in the source's words.
    """

    observation_id: str
    source: str
    asset: str
    observed_from: Time
    observed_until: Time
    footprint: Footprint
    state: ObservationState
    make: str | None = None
    operator: str | None = None
    quality: float | None = None
    reason: str | None = None
    feed: str | None = None
    published_at: Time | None = None
    received_at: Time | None = None
    revises: str | None = None
    retracted: bool = False
    origin: Origin | None = None
