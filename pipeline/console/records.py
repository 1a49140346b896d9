"""What the API says and takes: records of its own, made of the model's."""

from datetime import datetime
from typing import Any

import msgspec

from pipeline.console.telling import Passage
from pipeline.model.records import Alert, Incident, Progress, Revision
from pipeline.model.report import Report, Time
from pipeline.model.taxonomy import (
    ActionKind,
    ActionReason,
    Basis,
    Change,
    Confidence,
    PartyResponse,
    Severity,
    Status,
)

MAX_WORDS = 4_000
MAX_NAME = 200


class Listed(Alert, frozen=True, kw_only=True):
    """An alert with what a list shows of it.

    Attributes:
        revision: which an act may name, so that it is refused if the alert has moved on.
        raised_at: when it was first raised, under whichever id.
        title: what its provision is called.
        place, off_line: where it is, in words.
        looked_after_by: its assignee; the supervisor where nobody acknowledged it in time.
    """

    revision: int
    raised_at: Time
    title: str
    place: str
    off_line: str
    looked_after_by: str | None
    overdue: bool


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the list: the gravest first, then the last raised.

    Attributes:
        entry: the last entry of the history that is in it; what comes after is told by `/api/events?after=`.
        next: the cursor with which the next page begins; null at the end.
    """

    alerts: list[Listed]
    entry: int
    next: str | None


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One change, as it is told to listeners."""

    entry: int
    revision: int
    change: Change
    author: str
    decided_at: Time
    supersedes: tuple[str, ...]
    superseded_by: tuple[str, ...]
    alert: Listed


class ActRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done with an alert, and whether it is in force."""

    action_id: str
    kind: ActionKind
    by: str
    decided_at: Time
    done: bool
    why: str | None
    reason: ActionReason | None
    text: str | None
    assignee: str | None
    outcome: Status | None
    party: str | None
    basis: Basis | None
    confidence: Confidence | None
    response: PartyResponse | None
    report_ids: tuple[str, ...]
    other: str | None


class AlertDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one alert.

    Attributes:
        doubts: why it is not more certain, a sentence each.
        reports: each in the version that counts; of a sealed one, what was sealed is null.
        allowed: what may be done with it from here.
        passages: all of it in words, in the order in which an operator asks.
        tasks: the looks that were asked for to verify it.
        now: where its incident stands no more, those that stand in its place.
    """

    alert: Listed
    doubts: list[str]
    incident: Incident | None
    reports: list[Report]
    history: list[Revision]
    acts: list[ActRecord]
    allowed: list[ActionKind]
    passages: list[Passage]
    tasks: list[dict[str, Any]]
    now: list[str]


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator wants done with an alert.

    Attributes:
        by: who does it.
        revision: the alert's that the operator had before him; it may be in `If-Match` instead.
        report_ids: those that a split tells apart, or that are to be sealed.
        other: the id of the alert of which this one is a duplicate.
    """

    action: ActionKind
    by: str = ""
    revision: int | None = None
    reason: ActionReason | None = None
    text: str | None = None
    assignee: str | None = None
    outcome: Status | None = None
    party: str | None = None
    basis: Basis | None = None
    confidence: Confidence | None = None
    response: PartyResponse | None = None
    report_ids: tuple[str, ...] = ()
    other: str | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an act. `alert` is null where it stands no more."""

    act: ActRecord
    alert: Listed | None
    allowed: list[ActionKind]


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the incidents, oldest first; `next` is the cursor with which the next page begins."""

    incidents: list[Incident]
    next: str | None


class IncidentDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one incident; `explained` is why its reports are one."""

    incident: Incident
    reports: list[Report]
    explained: dict[str, Any] | None
    alerts: list[str]
    predecessors: list[str]
    passages: list[Passage]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A format that can be read; an asset's or feed's health is in `/api/coverage`."""

    name: str
    title: str


class Compliances(msgspec.Struct, frozen=True, kw_only=True):
    """How the provisions of an agreement that remember stand."""

    agreement: str
    provisions: list[Progress]


class RegisterLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the alerts of one severity under one agreement; durations are medians, in seconds."""

    agreement: str
    severity: Severity
    raised: int
    seen: int
    until_seen_s: float | None
    under_verification: int
    confirmed: int
    not_a_violation: int
    refuted: int
    until_found_s: float | None
    superseded: int
    without_outcome: int
    without: float | None
    oldest_s: float | None


class SilenceMatcher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a label of an alert is to be; with `is_equal` false, what it is not to be."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class SilenceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator does not want others to be told of, why, and until when."""

    matchers: list[SilenceMatcher]
    comment: str
    ends_at: Time
    by: str = ""


class SilenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A silence of the Alertmanager.

    Attributes:
        state: `pending`, `active` or `expired`.
        holds: how many alerts it holds back now: those of `alert_ids`.
    """

    id: str
    state: str
    matchers: list[SilenceMatcher]
    created_by: str
    comment: str
    starts_at: Time
    ends_at: Time
    holds: int
    alert_ids: list[str]


class Silences(msgspec.Struct, frozen=True, kw_only=True):
    """The silences that concern alerts; `trouble` says why they are not known, where they are not."""

    configured: bool
    trouble: str | None
    silences: list[SilenceRecord]


class HandoverNote(msgspec.Struct, frozen=True, kw_only=True):
    """What the next watch has to know: ids of alerts, what was done, and the note in Markdown.

    `named` has the first alerts of what is overdue, waits for verification or is contradicted.
    """

    since: Time
    now: Time
    open: list[str]
    new: list[str]
    waiting_for_verification: list[str]
    unacknowledged: list[str]
    overdue: list[str]
    contradicted: list[str]
    done: list[ActRecord]
    responses: list[ActRecord]
    named: list[Listed]
    markdown: str


class CoverageRow(msgspec.Struct, frozen=True, kw_only=True):
    """Which share of what happened somewhere would have been noticed, and what silence there is called."""

    line: str
    sector: str
    name: str
    side: str | None
    from_m: float
    to_m: float
    class_name: str
    begin: Time
    until: Time
    share: float
    watched: str
    says: str
    noticed: int | None


class CoverageTable(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage over a time.

    Attributes:
        told: false where nobody ever said who watched.
        unknown_makes: assets of which it is not known what they notice.
        assets: how each does at the end.
    """

    agreement: str
    begin: datetime | None
    until: datetime | None
    told: bool
    rows: list[CoverageRow]
    unknown_makes: list[str]
    assets: list[dict[str, Any]]


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """A look that was asked for, as it stands.

    Attributes:
        overdue: it is open, and the time for the look has passed.
        kind: whether it is to verify an alert, or to close a gap in what is watched.
        about: the alert's id as it was when the look was proposed, or the name of the gap.
        notices: the class of activity of which signs are looked for.
        why: why the look was asked for, in a sentence.
        said: the last step in force, and by whom.
    """

    task_id: str
    state: str
    overdue: bool
    asset: str
    kind: str
    about: str
    agreement: str
    provision: str
    look_from: Time
    look_until: Time
    lon: float
    lat: float
    radius_m: float
    notices: str
    why: str
    said: str
    at: Time


class SpaceTime(msgspec.Struct, frozen=True, kw_only=True):
    """A line over time: each row of a matrix is an hour, each column a stretch of the line.

    Attributes:
        edges_m: the ends of the stretches, in metres along the line; one more than there are columns.
        hours: when each hour begins.
        alerts, grave: how many alerts stand there as raised, and how many of them are grave.
        covered: the share of what happened there that would have been noticed; null where nobody said who watched.
    """

    agreement: str
    line: str
    length_m: float
    edges_m: list[float]
    hours: list[Time]
    alerts: list[list[int]]
    grave: list[list[int]]
    covered: list[list[float | None]]
    markers: list[dict[str, Any]]


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts for a map, as columns of equal length; what has no place is left out, and counted."""

    entry: int
    alert_id: list[str]
    lon: list[float]
    lat: list[float]
    radius_m: list[float]
    severity: list[Severity]
    status: list[Status]
    standing: list[str]
    acknowledged: list[bool]
    observed_from: list[Time]
    without_place: int


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What time it is here.

    Attributes:
        pace: how many times as fast as the world's clock this one goes.
        playing: what is played, where nothing of it is real.
    """

    now: Time
    pace: float
    playing: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is."""

    status: str
    entry: int
    looked_at: datetime | None
