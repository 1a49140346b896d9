"""The table of alerts that an operator reads: one line each where there is room, else two."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rich.console import Console

from pipeline.agreement import Agreement
from pipeline.cli.common import UserError
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.whereabouts import Agreements, off_line, place
from pipeline.cli.words import days_words, lasting, probability, safe, whole_days, zone_name, zone_of
from pipeline.law.handover import CONTRADICTING
from pipeline.model.records import Alert, Incident
from pipeline.model.taxonomy import Severity, Standing
from pipeline.store import Store

STYLES = {Severity.GRAVE: "bold red", Severity.SERIOUS: "yellow", Severity.MINOR: "cyan"}
"""How a severity looks; its word stands beside it everywhere, so colour says nothing alone."""


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def chosen(
    alerts: Iterable[Alert],
    *,
    agreement: Sequence[str] = (),
    provision: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[Alert]:
    """The alerts that were asked for, oldest first; with `limit`, the latest so many."""
    kept = (
        alert
        for alert in alerts
        if (not agreement or alert.agreement in agreement)
        and (provision is None or alert.provision == provision)
        and (since is None or alert.observed_until >= since)
    )
    if limit is None:
        return sorted(kept, key=_by_time)
    return sorted(heapq.nlargest(limit, kept, key=_by_time), key=_by_time)


def _by_time(alert: Alert) -> tuple[datetime, str]:
    return alert.observed_from, alert.alert_id


def since_time(text: str, now: datetime) -> datetime:
    """What `--since` means: a day, a time (UTC unless it has a zone), or so long before now.

    >>> now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> since_time("2026-03-01", now).isoformat(), since_time("36h", now).isoformat()
    ('2026-03-01T00:00:00+00:00', '2026-03-01T00:00:00+00:00')

    Raises:
        UserError: it is none of these.
    """
    try:
        if text[-1:] in _UNITS and text[:-1].isdecimal():
            return now - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"--since {safe(text, 60)}: write a day or time (2026-03-01T06:00Z), or 90m, 24h, 7d"
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def check_provision(store: Store, agreements: Agreements, provision: str) -> None:
    """Makes sure that a provision is one of which this store may have alerts.

    Raises:
        UserError: no agreement of the store has it, and no alert is of it.
    """
    judged = {name: agreements.get(name) for name in store.agreements()}
    known = {table.id for agreement in judged.values() if agreement for table in agreement.tables.provisions}
    if provision in known:
        return
    known |= {alert.provision for alert in store.alerts(possible=True)}
    if provision in known:
        return
    away = [name for name, agreement in judged.items() if agreement is None]
    hint = f"; the data of {', '.join(away)} is not at hand: name the file with --agreement" if away else ""
    raise UserError(
        f"--provision {safe(provision, 60)}: no agreement of this store has it; "
        f"known are {', '.join(sorted(known)) or 'none'}{hint}"
    )


def print_table(
    console: Console, alerts: Sequence[Alert], agreements: Agreements, watched: Mapping[str, str] | None = None
) -> None:
    """The alerts as a table with its headings.

    Args:
        watched: by alert id, who looks after it, or that nobody does.
    """
    looked_after = watched or {}
    local = one_clock(agreements.get(alert.agreement) for alert in alerts)
    rows = [
        Row(
            _cells(alert, agreements, bool(local), looked_after.get(alert.alert_id, "")),
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


def _cells(alert: Alert, agreements: Agreements, one_zone: bool, watched: str) -> tuple[str, ...]:
    agreement = agreements.get(alert.agreement)
    return (
        *time_cells(alert, zone_of(agreement), one_zone),
        alert.severity.value,
        probability(alert.probability),
        alert.standing.value,
        alert.alert_id,
        f"{alert.agreement}/{alert.provision}",
        place(alert, agreement),
        off_line(alert, agreement),
        status_words(alert),
        safe(watched, 60),
    )


def status_words(alert: Alert) -> str:
    """Its status, and that what came since contradicts it."""
    contradicted = any(note.doubt in CONTRADICTING for note in alert.doubts)
    return alert.status.value.replace("_", " ") + (", contradicted" if contradicted else "")


def time_cells(alert: Alert | Incident, zone: tzinfo | None, one_zone: bool) -> tuple[str, str, str]:
    """When it was in UTC and on the agreement's clock, and how long; whole days are told as days."""
    days = whole_days(alert.observed_from, alert.observed_until, zone)
    if days is not None and zone is not None:
        first, last = days
        return days_words(first, last, zone), "", lasting(last - first + timedelta(days=1))
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
