"""The words of one alert: what, where, when, which article, from which reports, why, and why not more certain.

No sentence here says who did it. Sides say where a place is; an attribution is quoted as somebody's claim.
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from pipeline.agreement import Agreement
from pipeline.agreement.format import ProvisionTable
from pipeline.agreement.sentence import sentence
from pipeline.cli.days import between
from pipeline.cli.printing import Section
from pipeline.cli.show_acts import Tended, act_line, responses, sealed, watch_lines
from pipeline.cli.show_doubts import doubts
from pipeline.cli.show_incident import Known, in_short
from pipeline.cli.show_reports import footprint_words, happened, report_lines, what_words
from pipeline.cli.sightings import unseen_lines
from pipeline.cli.whereabouts import off_line, party_name, place, short_name, side_in_full
from pipeline.cli.words import (
    distance,
    kilometres,
    lasting,
    position,
    probability,
    safe,
    stamp,
)
from pipeline.model.records import Alert, ReadingNote, Revision
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Side, Standing


class Behind(NamedTuple):
    """What stands behind an alert in the record.

    Attributes:
        reports: those that it rests on, each in the version that counts.
        versions: how many versions of them the record has in all.
        known: its incident, and why its reports are one; None where it stands no more.
        now: the incidents that stand in its place.
        tended: how it is looked after.
        last_day: the record's last.
        tasks: the looks that were asked for, in words.
    """

    reports: Sequence[Report]
    versions: int = 0
    known: Known | None = None
    now: Sequence[str] = ()
    history: Sequence[Revision] = ()
    tended: Tended = Tended(None, ())
    last_day: date | None = None
    tasks: tuple[str, ...] = ()


def sections(alert: Alert, agreement: Agreement | None, behind: Behind) -> list[Section]:
    """All that can be said of an alert, in the order in which an operator asks.

    Args:
        agreement: None where its data is not at hand; then only what the alert itself holds is said.
    """
    reports, known, acts = behind.reports, behind.known, behind.tended.acts
    said = [
        Section("What", _what(reports, known)),
        Section("Where", where(alert, agreement, reports)),
        Section("When", (*when(alert, agreement), *unseen_lines(alert, agreement, behind.last_day))),
        Section("Article", article(alert, agreement)),
        Section("Incident" if len(alert.incident_ids) < 2 else "Incidents", _incident(alert, behind)),
        Section("Counted", tuple(_figure(name, value) for name, value in alert.figures.items())),
        Section(_counted("Report", len(alert.report_ids)), _reports(alert, agreement, reports, behind.versions)),
        Section("Responses", responses(acts, agreement)),
        Section("Sealed", sealed(acts)),
        Section("Why", why(alert, agreement, None if known is None else known.incident.occurred)),
        Section("Why not more certain", doubts(alert, agreement) or ("Nothing is known that speaks against it.",)),
        Section("Attribution", attribution(alert, agreement)),
        Section("Readings", tuple(_reading(note, agreement) for note in alert.readings)),
        Section("Watch", watch_lines(alert, behind.tended)),
        Section("Actions", tuple(act_line(act, agreement) for act in acts)),
        Section("Tasks", behind.tasks),
        Section("History", tuple(_revision(revision) for revision in behind.history)),
    ]
    return [section for section in said if section.lines]


def title(alert: Alert, agreement: Agreement | None) -> str:
    """What the provision is called; its id where the agreement's data is not at hand."""
    table = _provision(alert, agreement)
    return table.title if table is not None else short_name(alert.provision)


def says(alert: Alert, agreement: Agreement | None) -> str:
    """What the provision says, in one sentence; empty where the agreement's data is not at hand."""
    table = _provision(alert, agreement)
    return "" if agreement is None or table is None else sentence(agreement.tables, table)


def headline(alert: Alert) -> str:
    """Its figures in one line."""
    figure = f"probability {probability(alert.probability)}"
    return f"{alert.severity} · {alert.standing} · {alert.status} · {figure}"


def where(alert: Alert, agreement: Agreement | None, reports: Sequence[Report] = ()) -> tuple[str, ...]:
    """The place in words, along and off the line, and in degrees with its uncertainty."""
    lines = [place(alert, agreement)]
    if alert.line is not None and alert.chainage_m is not None and alert.offset_m is not None:
        lines.append(_along(alert, agreement))
    if alert.lon is not None and alert.lat is not None:
        reach = f", within {distance(alert.radius_m)}" if alert.radius_m else ", given as an exact point"
        lines.append(position(alert.lon, alert.lat) + reach)
    kinds = {footprint_words(report.footprint) for report in reports}
    return (*lines, *sorted(kinds)) if len(kinds) > 1 else tuple(lines)


def _along(alert: Alert, agreement: Agreement | None) -> str:
    known = agreement is not None and alert.line in agreement.lines
    table = agreement.line_table(str(alert.line)) if agreement is not None and known else None
    name = table.title if table is not None else f"line {alert.line}"
    give = f" (drawn to within {distance(table.accuracy_m)})" if table is not None else ""
    at = f"at its kilometre {kilometres(alert.chainage_m or 0.0)}"
    if alert.side is Side.BEYOND:
        return f"{off_line(alert, agreement)}: {name}{give}"
    if (alert.radius_m or 0.0) > abs(alert.offset_m or 0.0) or alert.side is Side.ON:
        return f"{off_line(alert, agreement)}, on either side: {name}{give}, {at}"
    # Nearer than the line is exact, a side is the drawing's and not the ground's.
    is_drawn = table is not None and abs(alert.offset_m or 0.0) <= table.accuracy_m + (alert.radius_m or 0.0)
    drawn = ", as the line is drawn" if is_drawn else ""
    return f"{distance(abs(alert.offset_m or 0.0))} from {name}{give}, {at}, {side_in_full(alert, agreement)}{drawn}"


def when(alert: Alert, agreement: Agreement | None) -> tuple[str, ...]:
    """The interval in UTC and on the agreement's clock."""
    span = alert.observed_until - alert.observed_from
    said = between(alert.observed_from, alert.observed_until, None if agreement is None else agreement.days)
    return (said, f"at some time within {lasting(span)}") if span.total_seconds() > 3600 else (said,)


def article(alert: Alert, agreement: Agreement | None) -> tuple[str, ...]:
    """Which clause of which agreement, and what it says."""
    table = _provision(alert, agreement)
    name = f"{alert.agreement}, version {alert.agreement_version}"
    if agreement is None or table is None:
        return alert.article, f"{name} (its data is not at hand: name its file with --agreement)"
    header = agreement.tables.header
    lines = [f"{alert.article}: {table.title}", sentence(agreement.tables, table)]
    lines.extend(
        f"Part of the text since: {one.title}" for one in agreement.tables.amendments if one.id == table.added_by
    )
    if table.note:
        lines.append(" ".join(table.note.split()))
    lines.append(f"{' '.join(header.title.split())} ({name})")
    if header.hypothetical:
        lines.append("HYPOTHETICAL: no such agreement is in force.")
    if agreement.version != alert.agreement_version:
        lines.append(f"Judged by version {alert.agreement_version}; the words here are of version {agreement.version}.")
    return tuple(lines)


def why(alert: Alert, agreement: Agreement | None, occurred: float | None = None) -> tuple[str, ...]:
    """The reason, and the shares whose product is the probability.

    Args:
        occurred: the probability that it happened at all; None where the incident is not at hand: it is what the other
            shares leave.
    """
    shares = {name: value for note in alert.doubts for name, value in note.figures.items()}
    in_time = float(shares.get("share_in_force", 1.0))
    covered = float(shares.get("share_covered", 1.0))
    free = 1.0 - float(shares.get("share_suspended", 0.0))
    factors = [("place", alert.place_probability), ("time", in_time), ("activity and weapon", covered)]
    if free < 1.0:
        factors.append(("no exception", free))
    lines = [f"{short_name(alert.reason.value)}: {alert.reason.meaning}."]
    if alert.probability == 0.0 and any(note.standing for note in alert.readings):
        return (*lines, "By the text it is no violation; it is kept because a reading has it otherwise.")
    if occurred is None:
        occurred = min(1.0, alert.probability / math.prod(value for _, value in factors))
    product = " × ".join(f"{name} {probability(value)}" for name, value in [("happened", occurred), *factors])
    lines.append(f"{product} = probability {probability(alert.probability)}.")
    if agreement is not None:
        lines.append(_standing(alert, probability(agreement.raise_from), alert.probability >= agreement.raise_from))
    return tuple(lines)


def _standing(alert: Alert, threshold: str, reached: bool) -> str:
    if alert.standing is Standing.RAISED:
        return f"Raised: the agreement raises from {threshold} up."
    if reached:
        return f"Possible: the agreement raises from {threshold} up, but a doubt keeps it from being more."
    return f"Possible: below {threshold}, from which the agreement raises."


def attribution(alert: Alert, agreement: Agreement | None) -> tuple[str, ...]:
    """Who names whom, and on what basis."""
    if not alert.attribution:
        return ("None made.",)
    return tuple(
        f"{safe(claim.author)} names {safe(party_name(claim.party, agreement))}; basis: {claim.basis} "
        f"({claim.basis.meaning}){_confidence(claim)}. A claim, not a finding."
        for claim in alert.attribution
    )


def _confidence(claim: Attribution) -> str:
    if claim.confidence is None:
        return ""
    return f"; confidence: {claim.confidence} ({claim.confidence.meaning})"


def _reading(note: ReadingNote, agreement: Agreement | None) -> str:
    said = f"{party_name(note.party, agreement)}: {safe(note.says)}"
    if note.probability is None:
        return said
    stands = f"{note.standing}, probability {probability(note.probability)}" if note.standing else "no violation"
    return f"{said} (Under this reading: {stands}.)"


def _what(reports: Sequence[Report], known: Known | None) -> tuple[str, ...]:
    if known is None:
        return tuple(dict.fromkeys(happened(report) for report in reports))
    incident = known.incident
    return (what_words(incident.activity, incident.weapons, incident.calibre_mm, incident.counts),)


def _figure(name: str, value: Any) -> str:
    said = ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else value
    said = f"{said:,.10g}" if isinstance(said, int | float) and not isinstance(said, bool) else str(said)
    return f"{name.replace('_', ' ')}: {safe(said)}"


def _incident(alert: Alert, behind: Behind) -> tuple[str, ...]:
    if alert.incident_ids:
        return (f"It rests on {len(alert.incident_ids)}: {', '.join(alert.incident_ids)}",)
    if behind.known is not None:
        return in_short(behind.known)
    now = f"; in its place: {', '.join(behind.now)}" if behind.now else ""
    return (f"{alert.incident_id} does not stand as this alert tells of it{now}",)


def _reports(alert: Alert, agreement: Agreement | None, reports: Sequence[Report], versions: int) -> tuple[str, ...]:
    days = None if agreement is None else agreement.days
    lines = [line for report in reports for line in report_lines(report, days)]
    missing = set(alert.report_ids) - {report.report_id for report in reports}
    lines.extend(f"{safe(report_id)}: not in this record's log" for report_id in sorted(missing))
    if versions > len(reports):
        lines.append(f"The record has {versions} versions of these; the one that counts is shown.")
    return tuple(lines)


def _revision(revision: Revision) -> str:
    author = safe(revision.author, 200)
    said = f"{revision.revision}. {stamp(revision.decided_at)} UTC, {author}: {revision.change.meaning}"
    alert = revision.alert
    return f"{said} ({alert.status}, {alert.standing}, probability {probability(alert.probability)})"


def _counted(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _provision(alert: Alert, agreement: Agreement | None) -> ProvisionTable | None:
    tables = agreement.tables.provisions if agreement is not None else ()
    return next((table for table in tables if table.id == alert.provision), None)
