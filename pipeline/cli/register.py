"""`truceline alerts register`: from allegation to outcome, for those who answer for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.cli.common import data_console, plural, say, write_json
from pipeline.cli.layout import Folds, Row, print_rows
from pipeline.cli.words import lasting, share, stamp
from pipeline.law.register import Entry, Line, entry, register
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Standing, Status
from pipeline.store import Store
from pipeline.store.watching import dockets, waiting

_ALL = Folds((0, 1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12))
_EACH = Folds((0, 1, 2, 3), (4, 5), (6, 7))


def duplicates_of(store: Store) -> list[Alert]:
    """The raised alerts that operators marked as duplicates of others."""
    cases = [case for docket in dockets(store) for case in docket.cases.values()]
    return [
        case.alert
        for case in cases
        if case.alert.status is Status.SUPERSEDED and case.alert.standing is Standing.RAISED
    ]


def entries_of(store: Store, alerts: Sequence[Alert]) -> list[Entry]:
    """The way of some alerts."""
    cases = {name: case for docket in dockets(store) for name, case in docket.cases.items()}
    return [entry(one, cases.get(one.alert.alert_id)) for one in waiting(store, alerts)]


def print_register(entries: Sequence[Entry], each: bool, as_json: bool) -> None:
    """The register as a table, or an object a line."""
    now = datetime.now(UTC)
    lines = register(entries, now)
    if as_json:
        for fields in [_entry_fields(one, now) for one in entries] if each else [_line_fields(one) for one in lines]:
            write_json(fields)
        return
    if each:
        ordered = sorted(entries, key=lambda one: (one.raised_at, one.alert.alert_id))
        print_rows(data_console(), _EACH_HEADINGS, [Row(_entry_cells(one, now)) for one in ordered], _EACH)
    elif lines:
        print_rows(data_console(), _HEADINGS, [Row(_line_cells(one)) for one in lines], _ALL)
    say(_total(lines))


def _total(lines: Sequence[Line]) -> str:
    """All lines together; each alert that was raised counts once."""
    raised, superseded, left = (
        sum(getattr(one, name) for one in lines) for name in ("raised", "superseded", "without_outcome")
    )
    counted = raised - superseded
    among = "them" if not superseded else f"the other {counted:,}"
    instead = f"; {superseded:,} of them superseded, as duplicates of others" if superseded else ""
    never = f"; {left:,} of {among} without an outcome, {share(left / counted)}" if counted else ""
    return f"{plural(raised, 'alert')} raised{instead}{never}"


_HEADINGS = (
    "agreement",
    "severity",
    "raised",
    "seen",
    "until seen",
    "under verification",
    "confirmed",
    "not a violation",
    "refuted",
    "until outcome",
    "superseded",
    "without outcome",
    "oldest",
)
_EACH_HEADINGS = ("raised (UTC)", "severity", "status", "id", "agreement/provision", "seen", "verification", "age")


def _line_cells(one: Line) -> tuple[str, ...]:
    return (
        one.agreement,
        one.severity.value,
        f"{one.raised:,}",
        f"{one.seen:,}",
        _span(one.until_seen),
        *(f"{count:,}" for count in (one.under_verification, one.confirmed, one.not_a_violation, one.refuted)),
        _span(one.until_found),
        f"{one.superseded:,}",
        "" if one.without is None else f"{one.without_outcome:,} ({share(one.without)})",
        _span(one.oldest),
    )


def _line_fields(one: Line) -> dict[str, Any]:
    spans = ("until_seen", "until_found", "oldest")
    told = {name: value for name, value in one._asdict().items() if name not in spans}
    return {**told, **{f"{name}_seconds": _seconds(getattr(one, name)) for name in spans}}


def _entry_cells(one: Entry, now: datetime) -> tuple[str, ...]:
    alert = one.alert
    seen = "" if one.seen_at is None else f"after {_span(max(one.seen_at - one.raised_at, timedelta()))}"
    return (
        stamp(one.raised_at.astimezone(UTC).replace(second=0)),
        alert.severity.value,
        alert.status.value.replace("_", " "),
        alert.alert_id,
        f"{alert.agreement}/{alert.provision}",
        seen,
        "" if one.asked_at is None else stamp(one.asked_at.astimezone(UTC).replace(second=0)),
        _span(one.age(now)),
    )


def _entry_fields(one: Entry, now: datetime) -> dict[str, Any]:
    alert = one.alert
    return {
        "alert_id": alert.alert_id,
        "agreement": alert.agreement,
        "provision": alert.provision,
        "severity": alert.severity,
        "status": alert.status,
        "raised_at": one.raised_at,
        "seen_at": one.seen_at,
        "asked_at": one.asked_at,
        "found_at": one.found_at,
        "age_seconds": _seconds(one.age(now)),
    }


def _span(span: timedelta | None) -> str:
    return "" if span is None else lasting(span) or "0 s"


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())
