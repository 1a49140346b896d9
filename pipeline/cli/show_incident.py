"""The words of one incident: what, where, when, who says so, why its reports are one, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.agreement import Agreement
from pipeline.cli.common import plural
from pipeline.cli.days import between
from pipeline.cli.incident_table import places
from pipeline.cli.printing import Section
from pipeline.cli.show_reports import footprint_words, report_lines, what_words
from pipeline.cli.whereabouts import party_name
from pipeline.cli.words import lasting, probability, safe
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.monitor.fuse.evidence import TERMS
from pipeline.monitor.fuse.explain import Explained, Pair

MOST_PAIRS = 60
"""Pairs that are shown; of more, those that weigh least."""

_TIERS = {
    "located": "says well enough where and when",
    "broad": "says only broadly where or when",
    "dated": "says no more than the day",
    "alone": "an event of a curated set, which stands by itself",
    "unresolved": "too broad in place or time to tell which incident it saw",
}


class Known(NamedTuple):
    """An incident, and why its reports are one: None for a track, and where nobody asked."""

    incident: Incident
    explained: Explained | None = None


class Book(NamedTuple):
    """What the record holds about an incident beside it: its alerts, and the incidents whose place it took."""

    alerts: Sequence[Alert] = ()
    predecessors: Sequence[str] = ()


def sections(known: Known, agreements: Sequence[Agreement], reports: Sequence[Report], book: Book) -> list[Section]:
    """All that can be said of an incident.

    Args:
        agreements: those of the store whose data is at hand: they lend the names of places, and the first its clock.
        reports: the incident's, its canonical one first.
    """
    incident = known.incident
    said = [
        Section("What", (what_words(incident.activity, incident.weapons, incident.calibre_mm, incident.counts),)),
        Section("Where", _where(incident, agreements)),
        Section("When", _when(incident, agreements)),
        Section("Happened", happened(incident)),
        Section("Reports" if len(incident.report_ids) > 1 else "Report", _reports(known, agreements, reports)),
        Section("Why they are one", _why_one(known, reports)),
        Section("Attribution", _attribution(incident, agreements)),
        Section("Alerts", tuple(_alert(alert) for alert in book.alerts)),
        Section("Took the place of", tuple(book.predecessors)),
    ]
    return [section for section in said if section.lines]


def headline(incident: Incident) -> str:
    """Its figures in one line."""
    figures = f"{told_by(incident)} · happened with probability {probability(incident.occurred)}"
    return f"{figures} · unresolved" if incident.unresolved else figures


def told_by(incident: Incident) -> str:
    """How many reports, and from how many independent origins."""
    origins = plural(incident.origins, "independent origin") if incident.origins > 1 else "one origin"
    return f"{plural(len(incident.report_ids), 'report')} from {origins}"


def happened(incident: Incident) -> tuple[str, ...]:
    """How likely it happened at all, and why."""
    why = "That it is not made up" if incident.origins == 1 else "That not all of them are made up"
    lines = [f"{told_by(incident)}. {why}, and so that it happened: probability {probability(incident.occurred)}."]
    if incident.unresolved:
        lines.append("Unresolved: too broad in place or time to tell which incident it saw. It raises no alert.")
    return tuple(lines)


def in_short(known: Known) -> tuple[str, ...]:
    """The same for an alert's page: who says so, and the pair of reports that has the least to say for it."""
    incident = known.incident
    lines = [incident.incident_id, *happened(incident)]
    if incident.fixes:
        lines.append("The reports share a track.")
    if known.explained is not None and len(incident.report_ids) > 1:
        copied = origin_of(known.explained)
        lines.extend(f"{safe(one)} is a copy of {safe(other)}." for one, other in copied.items())
        if weighed := _weighed(known.explained, copied):
            lines.append(_least(min(weighed, key=lambda pair: pair.total)))
    if len(incident.report_ids) > 1:
        lines.append(f"Pair by pair: truceline incidents show {incident.incident_id}")
    return tuple(lines)


def _least(pair: Pair) -> str:
    parts = ", ".join(f"{term} {weight:+.1f}" for term, weight in pair.weights.items() if weight)
    return f"The pair with the least to say for it, {safe(pair.one)} and {safe(pair.two)}: {pair.total:+.1f} ({parts})."


def origin_of(explained: Explained) -> dict[str, str]:
    """Each copy's id, and the id of the first that told just the same."""
    found: dict[str, str] = {}
    for pair in explained.pairs:
        if pair.copies:
            found.setdefault(pair.two, pair.one)
    return found


def _weighed(explained: Explained, copied: Mapping[str, str]) -> list[Pair]:
    return [pair for pair in explained.pairs if pair.one not in copied and pair.two not in copied]


def _where(incident: Incident, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    lines = [*places([incident], agreements), footprint_words(incident.footprint)]
    if incident.fixes:
        lines[-1] = f"a track of {plural(len(incident.fixes), 'place')}, of which the first and the last:"
        lines += [
            f"{between(fix.observed_from, fix.observed_until, None)}: {footprint_words(fix.footprint)}"
            for fix in (incident.fixes[0], incident.fixes[-1])
        ]
    return tuple(dict.fromkeys(lines))


def _when(incident: Incident, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    span = incident.observed_until - incident.observed_from
    days = agreements[0].days if agreements else None
    said = between(incident.observed_from, incident.observed_until, days)
    return (said, f"for {lasting(span)}, or at some time within it") if span.total_seconds() > 3600 else (said,)


def _reports(known: Known, agreements: Sequence[Agreement], reports: Sequence[Report]) -> tuple[str, ...]:
    days = agreements[0].days if agreements else None
    numbers = _numbers(known.incident)
    lines: list[str] = []
    for report in reports:
        first, *rest = report_lines(report, days)
        lines += [f"{numbers[report.report_id]}. {first}", *_standing(known, report.report_id, numbers), *rest]
    missing = set(known.incident.report_ids) - {report.report_id for report in reports}
    lines.extend(f"{numbers[name]}. {safe(name)}: not in this record's log" for name in sorted(missing))
    return tuple(lines)


def _standing(known: Known, report_id: str, numbers: Mapping[str, int]) -> list[str]:
    """Of which kind its observer is, what it is good for, and whose copy it is."""
    if known.explained is None or report_id not in known.explained.kinds:
        return []
    lines = [f"{known.explained.kinds[report_id]}; {_TIERS[known.explained.tiers[report_id]]}"]
    origin = origin_of(known.explained).get(report_id)
    if origin is not None:
        return [*lines, f"a copy of {numbers[origin]}: it tells just the same"]
    worded = [pair.one for pair in known.explained.pairs if pair.two == report_id and pair.weights["words"] > 0.0]
    return [*lines, f"in the same words, or at the same address, as {numbers[worded[0]]}"] if worded else lines


def _numbers(incident: Incident) -> dict[str, int]:
    return {report_id: number for number, report_id in enumerate(incident.report_ids, 1)}


def _why_one(known: Known, reports: Sequence[Report]) -> tuple[str, ...]:
    if len(known.incident.report_ids) == 1:
        return ()
    if known.explained is None:
        track = safe(next((report.track_id for report in reports if report.track_id), ""))
        return (f"The reports name the same track: {track}.",)
    weighed = _weighed(known.explained, origin_of(known.explained))
    if not weighed:
        return ("They are copies of one origin: they tell just the same of time, place and activity.",)
    left = max(0, len(weighed) - MOST_PAIRS)
    shown = sorted(weighed, key=lambda pair: pair.total)[:MOST_PAIRS] if left else weighed
    more = (f"The {plural(left, 'pair')} that weigh more are left out; --json has them.",) if left else ()
    return (*_table(shown, _numbers(known.incident), in_order=not left), *more, _MEANING)


_MEANING = (
    "Logarithms of how much likelier this is of one incident than of two: what is above 0 speaks for one. "
    "docs/fusion.md says how they are made up, and what is joined."
)


def _table(pairs: Sequence[Pair], numbers: Mapping[str, int], *, in_order: bool) -> list[str]:
    """The weights of pairs, term by term; a term that says nothing of any is left out.

    Args:
        in_order: by the reports' numbers, and not as they are given.
    """
    terms = [term for term in TERMS if any(pair.weights[term] for pair in pairs)]
    numbered = [(sorted((numbers[pair.one], numbers[pair.two])), pair) for pair in pairs]
    if in_order:
        numbered.sort(key=lambda entry: entry[0])
    rows = [("pair", *terms, "sum")]
    for (one, two), pair in numbered:
        rows.append((f"{one}, {two}", *(f"{pair.weights[term]:+.1f}" for term in terms), f"{pair.total:+.1f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _attribution(incident: Incident, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    data = agreements[0] if len(agreements) == 1 else None
    return tuple(
        f"{safe(claim.author)} names {safe(party_name(claim.party, data))}; basis: {claim.basis} "
        f"({claim.basis.meaning}). A claim, not a finding."
        for claim in incident.attributions
    )


def _alert(alert: Alert) -> str:
    figure = f"probability {probability(alert.probability)}"
    return f"{alert.alert_id}  {alert.agreement}/{alert.provision}: {alert.standing}, {alert.status}, {figure}"
