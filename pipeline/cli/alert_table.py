"""The table of alerts that an operator reads: one line each where there is room, else two."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

from rich.console import Console

from pipeline.agreement import Agreement
from pipeline.cli.days import by_days
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.sightings import unseen_words
from pipeline.cli.whereabouts import Agreements, off_line, place
from pipeline.cli.words import lasting, probability, safe, zone_name, zone_of
from pipeline.law.handover import CONTRADICTING
from pipeline.model.records import Alert, Incident
from pipeline.model.taxonomy import Severity, Standing

STYLES = {Severity.GRAVE: "bold red", Severity.SERIOUS: "yellow", Severity.MINOR: "cyan"}
"""How a severity looks; its word stands beside it everywhere, so colour says nothing alone."""


def print_table(
    console: Console,
    alerts: Sequence[Alert],
    agreements: Agreements,
    watched: Mapping[str, str] | None = None,
    as_of: date | None = None,
) -> None:
    """The alerts as a table with its headings.

    Args:
        watched: by alert id, who looks after it, or that nobody does.
        as_of: the record's last day, up to which something may not have been seen again.
    """
    looked_after = watched or {}
    local = one_clock(agreements.get(alert.agreement) for alert in alerts)
    rows = [
        Row(
            _cells(alert, agreements, bool(local), looked_after.get(alert.alert_id, ""), as_of),
            STYLES[alert.severity],
            alert.standing is Standing.POSSIBLE,
        )
        for alert in alerts
    ]
    print_rows(console, _headings(local), rows, _FOLDS)


def one_clock(agreements: Iterable[Agreement | None]) -> str:
    """The name of the clock that all of these keep; empty where they keep several or none."""
    zones = {zone_name(zone) for agreement in agreements if (zone := zone_of(agreement))}
    return zones.pop() if len(zones) == 1 else ""


_FOLDS = Folds((0, 1, 2, 3, 4, 5), (6, 7), (8, 9, 10, 11), standing_out=3)


def _headings(local: str) -> tuple[str, ...]:
    return (
        "time (UTC)",
        local or "local",
        "for",
        "severity",
        "p",
        "standing",
        "id",
        "agreement/provision",
        "place",
        "off the drawn line",
        "status",
        "looked after by",
    )


def _cells(alert: Alert, agreements: Agreements, one_zone: bool, watched: str, as_of: date | None) -> tuple[str, ...]:
    agreement = agreements.get(alert.agreement)
    return (
        *time_cells(alert, agreement, one_zone),
        alert.severity.value,
        probability(alert.probability),
        alert.standing.value,
        alert.alert_id,
        f"{alert.agreement}/{alert.provision}",
        place(alert, agreement),
        off_line(alert, agreement),
        status_words(alert, agreement, as_of),
        safe(watched, 60),
    )


def status_words(alert: Alert, agreement: Agreement | None, as_of: date | None) -> str:
    """Its status, that what came since contradicts it, and for how long nobody has seen what lasts."""
    contradicted = "contradicted" if any(note.doubt in CONTRADICTING for note in alert.doubts) else ""
    words = alert.status.value.replace("_", " "), contradicted, unseen_words(alert, agreement, as_of)
    return ", ".join(filter(None, words))


def time_cells(alert: Alert | Incident, agreement: Agreement | None, one_zone: bool) -> tuple[str, str, str]:
    """When it was in UTC and on the agreement's clock, and how long; a day and what is longer is told by days."""
    told = by_days(alert.observed_from, alert.observed_until, None if agreement is None else agreement.days)
    if told is not None:
        return told.words, "", lasting(told.lasts)
    zone = zone_of(agreement)
    return (
        f"{alert.observed_from.astimezone(UTC):%Y-%m-%d %H:%M}",
        clock(alert.observed_from, zone) + ("" if one_zone or zone is None else f" {zone_name(zone)}"),
        lasting(alert.observed_until - alert.observed_from),
    )


def clock(time: datetime, zone: tzinfo | None) -> str:
    """The hour on the agreement's clock; a day more or less than in UTC is marked."""
    if zone is None:
        return ""
    local = time.astimezone(zone)
    days = (local.date() - time.astimezone(UTC).date()).days
    return f"{local:%H:%M}{f' {days:+d} d' if days else ''}"
