"""The paths of what the record says as a whole: sources, agreements, compliance, the register, the handover."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromQuery

from pipeline.agreement import Agreement
from pipeline.agreement.show import as_json
from pipeline.console.acts import act_record
from pipeline.console.asked import Moment, Name, utc
from pipeline.console.core import Console, Given
from pipeline.console.problems import not_found
from pipeline.console.records import Compliances, HandoverNote, RegisterLine, Source
from pipeline.law.handover import gravest_first
from pipeline.law.handover import handover as note_of
from pipeline.law.register import Line, register
from pipeline.law.waiting import Waiting
from pipeline.sources.registry import sources
from pipeline.store.compliance import compliance
from pipeline.store.watching import dockets
from pipeline.watch import load_watch

_NAMED = 30
"""So many alerts of a list of the handover are told with it, not only their ids."""


@get("/api/sources", sync_to_thread=True, tags=["record"])
def list_sources() -> list[Source]:
    """The formats that can be read."""
    return [Source(name=one.name, title=one.title) for one in sources().values()]


@get("/api/agreements", sync_to_thread=True, tags=["record"])
def list_agreements(console: Given) -> list[dict[str, Any]]:
    """The agreements by which the store was judged: provisions with what each asks, lines and zones as GeoJSON.

    Of one whose data is not at hand there are the name and the version alone.
    """
    with console.reading() as store:
        judged = store.agreements()
    return [_agreement(console, name, version) for name, version in judged.items()]


def _agreement(console: Console, name: str, version: str) -> dict[str, Any]:
    found = console.settings.telling.agreement(name)
    if found is None:
        return {"name": name, "version": version, "at_hand": False}
    # An agreement of a fingerprint never says anything else.
    told: dict[str, Any] = console.laws.get((found.fingerprint,), 0, lambda: _told(console, found))
    return told


def _told(console: Console, found: Agreement) -> dict[str, Any]:
    told = as_json(found)
    asks = console.settings.telling.provisions(found)
    for provision in told["provisions"]:
        provision["asks"] = asks.get(provision["id"], "")
    sectors = [msgspec.to_builtins(one) for one in found.sectors]
    return {**told, "at_hand": True, "sectors": sectors}


@get("/api/compliance", sync_to_thread=True, tags=["record"])
def show_compliance(console: Given, agreement: Name = None, on: FromQuery[date | None] = None) -> list[Compliances]:
    """How the provisions that remember stand, at the end of a reporting day; else of the record's last."""
    return compliances(console, agreement, on)


def compliances(console: Console, agreement: str | None = None, on: date | None = None) -> list[Compliances]:
    """How the provisions that remember stand, for each agreement whose data is at hand as it was."""
    with console.reading() as store:
        names = list(store.agreements()) if agreement is None else [agreement]
        if agreement is not None and agreement not in store.agreements():
            raise not_found("the store was not judged by an agreement of this name")
        known = [found for name in names if (found := console.settings.telling.agreement(name)) is not None]
        same = [one for one in known if one.fingerprint == store.fingerprint(one.name)]
        return [Compliances(agreement=one.name, provisions=compliance(store, one, on)) for one in same]


@get("/api/register", sync_to_thread=True, tags=["record"])
def show_register(console: Given, raised_since: Moment = None) -> list[RegisterLine]:
    """What became of the alerts that were raised: a line for each agreement and severity."""
    with console.reading() as store:
        entries = console.settings.telling.register(store, store.alerts())
    found = [one for one in entries if raised_since is None or one.raised_at >= utc(raised_since)]
    return [_line(one) for one in register(found, console.now)]


def _line(one: Line) -> RegisterLine:
    told = {f"{name}_s" if name in _SPANS else name: _seconds(value) for name, value in one._asdict().items()}
    return RegisterLine(**told)


_SPANS = frozenset({"until_seen", "until_found", "oldest"})


def _seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value


@get("/api/handover", sync_to_thread=True, tags=["record"])
def show_handover(console: Given, since: Moment = None) -> HandoverNote:
    """What the next watch has to know; the watch began at `since`, or as long ago as a watch lasts."""
    return handover_note(console, utc(since))


def handover_note(console: Console, since: datetime | None = None) -> HandoverNote:
    """The note of the watch that began at a time, or as long ago as a watch lasts."""
    now, watch = console.now, load_watch()
    begin = now - watch.length if since is None else since
    rows = console.snapshot.rows
    with console.reading() as store:
        alerts = [rows[one.alert_id].waiting for one in store.alerts() if one.alert_id in rows]
        note = note_of(alerts, dockets(store), begin, now, watch)
        markdown = console.settings.telling.handover(store, note)
    late = sorted(note.overdue, key=gravest_first)
    asked = [one.waiting for one in note.asked]
    shown = [one.alert.alert_id for some in (late, asked, note.contradicted) for one in some[:_NAMED]]
    return HandoverNote(
        since=note.since,
        now=note.now,
        open=_ids(note.open),
        new=_ids(note.new),
        waiting_for_verification=_ids(asked),
        unacknowledged=_ids(note.unacknowledged),
        overdue=_ids(late),
        contradicted=_ids(note.contradicted),
        done=[act_record(act) for act in note.acts],
        responses=[act_record(act) for act in note.responses],
        named=[console.listed(rows[alert_id]) for alert_id in dict.fromkeys(shown)],
        markdown=markdown,
    )


def _ids(some: Any) -> list[str]:
    found: list[Waiting] = list(some)
    return [one.alert.alert_id for one in found]
