"""The table of alerts that an operator reads: one line each where there is room, else two."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pipeline.cli.common import UserError
from pipeline.cli.whereabouts import Agreements, off_line, place
from pipeline.cli.words import days_words, lasting, probability, safe, whole_days, zone_name, zone_of
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Severity, Standing
from pipeline.store import Store

STYLES = {Severity.GRAVE: "bold red", Severity.SERIOUS: "yellow", Severity.MINOR: "cyan"}
"""How a severity looks; its word stands beside it everywhere, so colour says nothing alone."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_GAP, _INDENT = "  ", "   "


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


def print_table(console: Console, alerts: Sequence[Alert], agreements: Agreements) -> None:
    """The alerts as a table with its headings."""
    zones = {zone_name(zone) for alert in alerts if (zone := zone_of(agreements.get(alert.agreement)))}
    local = zones.pop() if len(zones) == 1 else ""
    columns = [_headings(local), *(_cells(alert, agreements, bool(local)) for alert in alerts)]
    widths = [max(cell_len(row[number]) for row in columns) for number in range(len(columns[0]))]
    layout = _layout(columns, widths, console.width if console.is_terminal else None)
    for alert, cells in zip([None, *alerts], columns, strict=True):
        style = STYLES[alert.severity] if alert is not None else "bold"
        for line in _lines(cells, widths, style, layout):
            if alert is not None and alert.standing is Standing.POSSIBLE:
                line.stylize("dim")
            # What is too long for the narrowest terminal is folded, not cut: an id must be whole to be of use.
            console.print(line, soft_wrap=True)


_SEVERITY = 3
_FIRST, _SECOND, _THIRD = (0, 1, 2, 3, 4, 5), (6, 7), (8, 9)
"""Where one line does not hold everything, two or three do, in the same order."""


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
    )


def _cells(alert: Alert, agreements: Agreements, one_zone: bool) -> tuple[str, ...]:
    agreement = agreements.get(alert.agreement)
    return (
        *_time_cells(alert, zone_of(agreement), one_zone),
        alert.severity.value,
        probability(alert.probability),
        alert.standing.value,
        alert.alert_id,
        f"{alert.agreement}/{alert.provision}",
        place(alert, agreement),
        off_line(alert, agreement),
    )


def _time_cells(alert: Alert, zone: tzinfo | None, one_zone: bool) -> tuple[str, str, str]:
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


def _layout(rows: Sequence[Sequence[str]], widths: Sequence[int], room: int | None) -> tuple[Sequence[int], ...]:
    """Which cells stand on which line, the same for every row: one line where there is room, else two or three."""
    whole = range(len(widths))
    if room is None or _needed(widths, whole) <= room:
        return (whole,)
    second = (*_SECOND, *_THIRD)
    if all(len(_INDENT) + _needed([cell_len(cell) for cell in row], second) <= room for row in rows):
        return _FIRST, second
    return _FIRST, _SECOND, _THIRD


def _needed(widths: Sequence[int], numbers: Sequence[int]) -> int:
    return sum(widths[number] for number in numbers) + len(_GAP) * (len(numbers) - 1)


def _lines(cells: Sequence[str], widths: Sequence[int], style: str, layout: Sequence[Sequence[int]]) -> Iterator[Text]:
    yield _joined(cells, widths, layout[0], style)
    for numbers in layout[1:]:
        yield Text(_INDENT).append_text(_joined(cells, [0] * len(widths), numbers, style))


def _joined(cells: Sequence[str], widths: Sequence[int], numbers: Iterable[int], style: str) -> Text:
    line = Text()
    for number in numbers:
        if not cells[number] and not widths[number]:
            continue
        padding = " " * max(0, widths[number] - cell_len(cells[number]))
        line.append(cells[number], style if number == _SEVERITY or style == "bold" else "")
        line.append(padding + _GAP)
    line.rstrip()
    return line
