"""`truceline alerts`: list them, show one with all that is known of it, write them out, draw them on a map."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    LimitOption,
    OutOption,
    SinceOption,
    StoreOption,
    UserError,
    data_console,
    plural,
    save_text,
    say,
    write_data,
)
from pipeline.cli.printing import print_page

if TYPE_CHECKING:
    from pipeline.cli.choosing import Choice
    from pipeline.cli.show_acts import Tended
    from pipeline.cli.show_incident import Known
    from pipeline.model.records import Alert, Revision
    from pipeline.model.report import Report
    from pipeline.store import Store

app = typer.Typer(help="The alerts of a store: list, show, export, map.", no_args_is_help=True)

ON_A_TERMINAL = 50
ON_A_MAP = 20_000

ABOUT_P = "p: probability of a breach: that it happened at all, by who says so, and then, there and so as is forbidden"

PossibleOption = Annotated[
    bool, typer.Option("--possible", help="Also those that are only possible: broad, unclear, or below the threshold.")
]
NamedOption = Annotated[
    list[str],
    typer.Option(
        "-a",
        "--agreement",
        metavar="AGREEMENT",
        help="Only this agreement's alerts: a name, or the TOML file of one that is not shipped. May be repeated.",
    ),
]
ProvisionOption = Annotated[str | None, typer.Option("--provision", metavar="ID", help="Only of this provision.")]
RaisedSinceOption = Annotated[
    str | None,
    typer.Option(
        "--raised-since",
        metavar="T",
        help="Only what was raised from then on, whenever it happened; written as --since.",
    ),
]

StatusOption = Annotated[
    str | None, typer.Option("--status", metavar="TERM", help="Only of this status: alleged, confirmed, …")
]
AssigneeOption = Annotated[
    str | None,
    typer.Option("--assignee", metavar="NAME", help="Only what NAME looks after; overdue alerts are the supervisor's."),
]
UnacknowledgedOption = Annotated[
    bool, typer.Option("--unacknowledged", help="Only what waits for an outcome and nobody has seen.")
]


@app.command("list")
def list_alerts(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    store: StoreOption = DEFAULT_STORE,
    possible: PossibleOption = False,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    raised_since: RaisedSinceOption = None,
    status: StatusOption = None,
    assignee: AssigneeOption = None,
    unacknowledged: UnacknowledgedOption = False,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """The alerts that stand, oldest first.

    Times are UTC and the agreement's own; whole days are told as days. p is the probability of a breach: that it
    happened at all, by who says so and how many independently, times the share that the provision forbids of the place,
    time and weapon that the reports leave open. An alert that nobody acknowledged in time is the supervisor's. A
    terminal shows the latest 50 unless --limit says otherwise; a pipe and --json get all.
    """
    from datetime import UTC, datetime

    import msgspec

    from pipeline.cli.alert_table import print_table
    from pipeline.cli.choosing import Choice, choose
    from pipeline.cli.silence import judged_by, say_silence
    from pipeline.cli.tending import Wanted, tended_so, watched
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.taxonomy import Status
    from pipeline.store import open_store

    wanted, now = Wanted.of(status, assignee, unacknowledged), datetime.now(UTC)
    choice = Choice(agreement, provision, since, raised_since)

    console = data_console()
    shown = limit if limit is not None or as_json or not console.is_terminal else ON_A_TERMINAL
    with open_store(store) as opened:
        known = Agreements(choice.files)
        gone = list(opened.superseded()) if wanted.status is Status.SUPERSEDED else []
        found = tended_so(opened, choose(opened, known, choice, possible=possible, more=gone), wanted, now)
        alerts = found[-shown:] if shown else found
        if as_json:
            for alert in alerts:
                write_data(msgspec.json.encode(alert))
            return
        if alerts:
            say(ABOUT_P)
            print_table(console, alerts, known, watched(opened, alerts, now), opened.last_day())
        narrowed = bool(choice or wanted)
        every = choose(opened, known, choice, possible=True) if narrowed and not possible else found
        every = tended_so(opened, every, wanted, now)
        kept = len(every) - len(found) if narrowed else opened.figures()["possible"]
        _say_counts(len(alerts), len(found), 0 if possible else kept)
        say_silence(opened, judged_by(opened, known))


def _say_counts(shown: int, found: int, kept: int) -> None:
    said = plural(found, "alert") if shown == found else f"the latest {shown} of {plural(found, 'alert')}"
    more = f"; {kept:,} more are only possible (--possible)" if kept else ""
    say(said + more)


@app.command("show")
def show_alert(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="An alert's id, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
) -> None:
    """One alert: what, where, when, which article, of which incident and reports, why, and why not more certain.

    Beside the evidence stand the parties' responses; below it who has seen the alert and what operators did with it.
    """
    from datetime import UTC, datetime

    from pipeline.cli.choosing import Choice
    from pipeline.cli.evidence import evidence, standing_now, versions_of
    from pipeline.cli.show_alert import Behind, headline, sections, title
    from pipeline.cli.show_tasks import alert_task_lines, task_fields
    from pipeline.cli.whereabouts import Agreements
    from pipeline.cli.words import nearest
    from pipeline.store import open_store
    from pipeline.store.tasking import tasks_of

    # A narrow terminal or a mail may have cut it.
    alert_id = alert_id.strip().rstrip("….")
    with open_store(store) as opened:
        alert = opened.alert(alert_id) if alert_id else None
        if alert is None:
            ids = [alert.alert_id for alert in opened.alerts(possible=True)]
            raise UserError(nearest(alert_id, ids, "alert"))
        versions = versions_of(opened, [alert])
        reports, history = evidence(alert, versions), list(opened.history(alert.alert_id))
        known, now = _incident(opened, alert, reports), standing_now(opened, alert.incident_id)
        tended, last_day = _tended(opened, alert), opened.last_day()
        tasks = tasks_of(opened, alert)
    told_at = datetime.now(UTC)
    if as_json:
        import msgspec

        from pipeline.cli.tending import act_fields

        incident = None if known is None else msgspec.structs.asdict(known.incident)
        more: dict[str, object] = {"incident": incident, "reports": reports, "history": history}
        acts = [act_fields(act) for act in tended.acts]
        allowed = [] if tended.case is None else tended.case.allowed
        asked = [task_fields(task, told_at) for task in tasks]
        write_data(
            msgspec.json.encode(
                {**msgspec.structs.asdict(alert), **more, "actions": acts, "allowed": allowed, "tasks": asked}
            )
        )
        return
    from pipeline.cli.alert_table import STYLES

    data = Agreements(Choice(agreement).files).get(alert.agreement)
    told_tasks = alert_task_lines(tasks, told_at)
    told = Behind(reports, sum(map(len, versions.values())), known, now, history, tended, last_day, told_tasks)
    said = sections(alert, data, told)
    print_page(data_console(), alert.alert_id, headline(alert), title(alert, data), said, STYLES[alert.severity])


def _tended(store: "Store", alert: "Alert") -> "Tended":
    from datetime import UTC, datetime

    from pipeline.cli.tending import tended

    return tended(store, alert, datetime.now(UTC))


def _incident(store: "Store", alert: "Alert", reports: "Sequence[Report]") -> "Known | None":
    """The alert's incident, and why its reports are one; None where it stands no more."""
    from pipeline.cli.evidence import explained
    from pipeline.cli.show_incident import Known

    incident = store.incident(alert.incident_id)
    if incident is None or incident.report_ids != alert.report_ids:
        return None
    return Known(incident, explained(store, incident, reports))


@app.command("register")
def show_register(
    store: StoreOption = DEFAULT_STORE,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    raised_since: RaisedSinceOption = None,
    each: Annotated[bool, typer.Option("--each", help="A row for each alert.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What became of the raised alerts: from allegation to outcome, how long it took, and the share without one.

    Of those raised, some were superseded, as duplicates of others; each of the rest has an outcome or none. Durations
    are medians: until somebody saw an alert, and until its outcome was recorded. "Oldest" is the age of the oldest that
    has none.
    """
    from pipeline.cli.choosing import Choice, choose
    from pipeline.cli.register import duplicates_of, entries_of, print_register
    from pipeline.cli.silence import judged_by, say_silence
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store

    choice = Choice(agreement, provision, since, raised_since)
    with open_store(store) as opened:
        known = Agreements(choice.files)
        entries = entries_of(opened, choose(opened, known, choice, more=duplicates_of(opened)))
        print_register(entries, each, as_json)
        if not as_json:
            say_silence(opened, judged_by(opened, known))


@app.command("export")
def export_alerts(
    out: OutOption,
    store: StoreOption = DEFAULT_STORE,
    history: Annotated[bool, typer.Option("--history", help="Every revision of every alert, as it was said.")] = False,
    possible: PossibleOption = False,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    raised_since: RaisedSinceOption = None,
) -> None:
    """Writes the current view of the alerts, sorted by id, or with --history all that was ever said of any."""
    from pipeline.cli.choosing import Choice
    from pipeline.store import open_store
    from pipeline.tables import TableKind, check_output, write_records

    kind, choice = TableKind.HISTORY if history else TableKind.ALERTS, Choice(agreement, provision, since, raised_since)
    check_output(out, kind)
    with open_store(store) as opened:
        if choice:
            records = _exported(opened, choice, possible, history)
        else:
            records = opened.history() if history else opened.alerts(possible=possible)
        written = write_records(out, kind, records)
    say(f"{out}: {plural(written, 'revision' if history else 'alert')}")


def _exported(store: "Store", choice: "Choice", possible: bool, history: bool) -> "Iterator[Alert | Revision]":
    """The alerts of a choice by id; or all revisions of those and of superseded ones, in the order of their coming."""
    from pipeline.cli.choosing import choose
    from pipeline.cli.whereabouts import Agreements

    known = Agreements(choice.files)
    if not history:
        return iter(sorted(choose(store, known, choice, possible=possible), key=lambda alert: alert.alert_id))
    every = choose(store, known, choice, possible=True, more=store.superseded())
    ids = {alert.alert_id for alert in every}
    return (said for said in store.history() if said.alert.alert_id in ids)


@app.command("map")
def map_alerts(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.html", help="The page to write.")],
    store: StoreOption = DEFAULT_STORE,
    possible: PossibleOption = False,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    raised_since: RaisedSinceOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The latest N.")] = ON_A_MAP,
) -> None:
    """Writes one HTML file with the lines, the zones and the alerts; it opens offline and asks nobody for anything."""
    from pipeline.cli.choosing import Choice, choose
    from pipeline.cli.map_data import map_data
    from pipeline.cli.map_page import page
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store

    if out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{out}: a map is a web page; give it the ending .html")
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}")
    choice = Choice(agreement, provision, since, raised_since)
    with open_store(store) as opened:
        known = Agreements(choice.files)
        found = choose(opened, known, choice, possible=possible)
        data = map_data(opened, found[-limit:], known)
    save_text(out, page(data).encode())
    left = f"; the {len(found) - limit:,} before these are left out (--limit)" if len(found) > limit else ""
    say(f"{out}: {plural(min(len(found), limit), 'alert')}{left}")
