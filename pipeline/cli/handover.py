"""The note from one watch to the next, for a tired reader: what is open, new and waiting, gravest first."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipeline.agreement import Agreement
from pipeline.cli.alert_table import status_words
from pipeline.cli.choosing import since_time
from pipeline.cli.common import plural, save_text, say, write_data, write_json
from pipeline.cli.days import by_days
from pipeline.cli.show_acts import act_words
from pipeline.cli.show_doubts import sentence
from pipeline.cli.show_tasks import handover_task_lines, task_fields
from pipeline.cli.silence import Unwatched, judged_by, unwatched
from pipeline.cli.tending import action_fields
from pipeline.cli.whereabouts import Agreements, short_place
from pipeline.cli.words import lasting, probability, safe, stamp, zone_name, zone_of
from pipeline.law.handover import CONTRADICTING, Asked, Handover, handover
from pipeline.law.transitions import Act
from pipeline.law.waiting import Waiting
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind, Severity
from pipeline.store import open_store
from pipeline.store.tasking import all_tasks
from pipeline.store.watching import dockets, waiting
from pipeline.watch import load_watch

NOTHING = "Nothing."

LISTED = 20
"""So many alerts under one heading; a note that nobody reads to its end hands nothing over."""


def write_handover(store: Path, since: str | None, out: Path | None, files: Sequence[str], as_json: bool) -> None:
    """Writes the note, or says it as JSON."""
    now, watch = datetime.now(UTC), load_watch()
    begin = now - watch.length if since is None else since_time(since, now)
    with open_store(store) as opened:
        known = Agreements(files)
        alerts = list(opened.alerts())
        note = handover(waiting(opened, alerts), dockets(opened), begin, now, watch)
        last_day = opened.last_day()
        blind = unwatched(opened, judged_by(opened, known), begin, now)
        tasks = all_tasks(opened).values()
    if as_json:
        write_json(_fields(note) | _watch_fields(blind) | {"tasks": [task_fields(one, now) for one in tasks]})
        return
    text = "\n".join(lines(note, known, last_day, blind.lines, list(handover_task_lines(tasks, now)))) + "\n"
    if out is None:
        write_data(text.rstrip("\n").encode())
        return
    save_text(out, text.encode())
    say(f"{out}: {plural(len(note.open), 'open alert')}, {len(note.new):,} new, {len(note.overdue):,} overdue")


def lines(
    note: Handover,
    known: Agreements,
    last_day: date | None,
    blind: Sequence[str] | None = None,
    looks: Sequence[str] = (),
) -> Iterator[str]:
    """The note as Markdown.

    Args:
        last_day: the record's.
        blind: what was not watched; None where that was not asked.
        looks: those that were asked for.
    """
    yield f"# Handover, {stamp(note.now.replace(second=0))} UTC"
    yield ""
    yield f"The watch began at {stamp(note.since.replace(second=0))} UTC. {_in_short(note)}"
    yield from _section("Overdue: nobody has acknowledged these in time", _alerts(note.overdue, note, known, last_day))
    yield from _section("Contradicted: what came since speaks against an outcome", _contradicted(note, known, last_day))
    if blind is not None:
        yield from _section("Not watched: silence there is no quiet", blind)
    yield from _section("Waiting for verification", _asked(note.asked, known))
    if looks:
        yield from _section("Looks asked for", looks)
    yield from _section("New in this watch", _alerts(note.new, note, known, last_day))
    yield from _section("Responses received", _acts(note.responses, known))
    for severity in reversed(Severity):
        some = [one for one in note.open if one.alert.severity is severity]
        yield from _section(f"Open, {severity}: {len(some):,}", _alerts(some, note, known, last_day))
    yield from _section("Done in this watch", _done(note, known))


def _in_short(note: Handover) -> str:
    return (
        f"{plural(len(note.open), 'alert')} open, {len(note.new):,} of them new; {len(note.unacknowledged):,} "
        f"unacknowledged, {len(note.overdue):,} of them overdue; {len(note.asked):,} waiting for verification; "
        f"{len(note.contradicted):,} contradicted; {plural(len(note.responses), 'response')} received."
    )


def _section(heading: str, said: Iterable[str]) -> Iterator[str]:
    yield ""
    yield f"## {heading}"
    yield ""
    yield from list(said) or [NOTHING]


def _alerts(some: Sequence[Waiting], note: Handover, known: Agreements, last_day: date | None) -> Iterator[str]:
    for one in some[:LISTED]:
        alert = one.alert
        seen = f"seen by {_quoted(alert.acknowledged_by)}" if alert.acknowledged_by else "seen by nobody"
        given = f", given to {_quoted(alert.assignee)}" if alert.assignee else ""
        status = status_words(alert, known.get(alert.agreement), last_day)
        yield f"- {_named(one, known)}; {status}, {seen}{given}; open for {_age(one, note.now)}"
    if len(some) > LISTED:
        yield f"- and {len(some) - LISTED:,} more (`truceline alerts list --unacknowledged`, `--status`, `--assignee`)"


def _named(one: Waiting, known: Agreements) -> str:
    """An alert in one line: its id, gravity, what, when and where."""
    alert, agreement = one.alert, known.get(one.alert.agreement)
    what = f"{alert.severity}, {alert.agreement}/{alert.provision}, p {probability(alert.probability)}"
    return f"`{alert.alert_id}` {what}, {_when(alert, agreement)}, {short_place(alert, agreement)}"


def _when(alert: Alert, agreement: Agreement | None) -> str:
    """The days where it is told by days; else the time at which it began, in UTC and on the agreement's clock."""
    told = by_days(alert.observed_from, alert.observed_until, None if agreement is None else agreement.days)
    if told is not None:
        return told.words
    zone = zone_of(agreement)
    local = f" ({alert.observed_from.astimezone(zone):%H:%M} {zone_name(zone)})" if zone is not None else ""
    return f"{stamp(alert.observed_from.astimezone(UTC).replace(second=0))} UTC{local}"


def _asked(asked: Sequence[Asked], known: Agreements) -> Iterator[str]:
    for one in asked:
        words = act_words(one.action, known.get(one.action.agreement))
        yield f"- {_named(one.waiting, known)}; {_quoted(one.action.by)} {words}, {lasting(one.lasts) or '0 s'} ago"


def _contradicted(note: Handover, known: Agreements, last_day: date | None) -> Iterator[str]:
    for one in note.contradicted:
        yield f"- {_named(one, known)}; {status_words(one.alert, known.get(one.alert.agreement), last_day)}"
        for doubt in one.alert.doubts:
            if doubt.doubt in CONTRADICTING:
                yield f"  - {sentence(doubt, known.get(one.alert.agreement))}"


def _acts(acts: Sequence[Act], known: Agreements) -> Iterator[str]:
    for act in acts:
        one = act.action
        words = act_words(one, known.get(one.agreement))
        yield f"- {stamp(one.decided_at)} UTC, `{one.alert_id}`: {_quoted(one.by)} {words}"


def _done(note: Handover, known: Agreements) -> Iterator[str]:
    """How often each thing was done, and then every one but the mere acknowledgements."""
    kinds = [act.action.kind for act in note.acts]
    counted = [f"{kinds.count(kind):,} × {kind}" for kind in ActionKind if kind in kinds]
    if counted:
        yield f"{'; '.join(counted)}."
        yield ""
    yield from _acts([act for act in note.acts if act.action.kind is not ActionKind.ACKNOWLEDGE], known)


def _quoted(name: str | None) -> str:
    return safe(name or "", 200)


def _age(one: Waiting, now: datetime) -> str:
    return lasting(one.lasts(now)) or "0 s"


def _fields(note: Handover) -> dict[str, Any]:
    def ids(some: Sequence[Waiting]) -> list[dict[str, Any]]:
        return [
            {
                "alert_id": one.alert.alert_id,
                "severity": one.alert.severity,
                "status": one.alert.status,
                "raised_at": one.raised_at,
                "open_seconds": round(one.lasts(note.now).total_seconds()),
            }
            for one in some
        ]

    return {
        "since": note.since,
        "now": note.now,
        "open": ids(note.open),
        "new": ids(note.new),
        "waiting_for_verification": [
            {**ids([one.waiting])[0], "asked_by": one.action.by, "waiting_seconds": round(one.lasts.total_seconds())}
            for one in note.asked
        ],
        "unacknowledged": ids(note.unacknowledged),
        "overdue": ids(note.overdue),
        "contradicted": ids(note.contradicted),
        "responses": [action_fields(act.action) for act in note.responses],
        "done": [action_fields(act.action) for act in note.acts],
    }


def _watch_fields(blind: Unwatched) -> dict[str, Any]:
    """What was not watched; null where nobody said who watched."""
    told = None
    if blind.told is not None:
        told = [
            {"agreement": name, **one._asdict(), "causes": [cause._asdict() for cause in one.causes]}
            for name, one in blind.told
        ]
    return {"not_watched": told, "not_watched_since": blind.begin, "not_watched_until": blind.until}
