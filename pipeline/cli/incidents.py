"""`truceline incidents`: what happened, by all the reports of it. List, show why some reports are one, export."""

from collections.abc import Iterable
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
    say,
    write_data,
    write_json,
)
from pipeline.cli.printing import print_page

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.model.records import Alert, Incident
    from pipeline.monitor.fuse.explain import Pair
    from pipeline.store import Store

app = typer.Typer(help="The incidents of a store: list, show, export.", no_args_is_help=True)

ON_A_TERMINAL = 50

ABOUT_HAPPENED = "happened: probability that it happened at all, by who says so"

UnresolvedOption = Annotated[
    bool,
    typer.Option(
        "--unresolved", help="The rumours instead: too broad in place or time to tell which incident they saw."
    ),
]
WordsOption = Annotated[
    list[str],
    typer.Option(
        "-a",
        "--agreement",
        metavar="FILE",
        help="The TOML file of an agreement that is not shipped, for its clock and the names of places.",
    ),
]


@app.command("list")
def list_incidents(
    store: StoreOption = DEFAULT_STORE,
    unresolved: UnresolvedOption = False,
    reports: Annotated[int, typer.Option("--reports", metavar="N", min=1, help="Only with at least N reports.")] = 1,
    since: SinceOption = None,
    limit: LimitOption = None,
    agreement: WordsOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
) -> None:
    """What happened, by all the reports of it, oldest first; it is the same whatever agreements are loaded.

    "origins" counts the reports that are independent of each other: copies of one are one. "happened" is the
    probability that it happened at all, by who says so. A terminal shows the latest 50 unless --limit says otherwise; a
    pipe and --json get all.
    """
    import msgspec

    from pipeline.cli.silence import say_silence
    from pipeline.store import open_store

    console = data_console()
    shown = limit if limit is not None or as_json or not console.is_terminal else ON_A_TERMINAL
    with open_store(store) as opened:
        found = _chosen(opened.incidents(unresolved=unresolved), reports, since)
        incidents = found[-shown:] if shown else found
        if as_json:
            for incident in incidents:
                write_data(msgspec.json.encode(msgspec.structs.asdict(incident)))
            return
        if incidents:
            from pipeline.cli.incident_table import print_incidents

            say(ABOUT_HAPPENED)
            print_incidents(console, incidents, _agreements(opened, agreement))
        _say_counts(len(incidents), len(found), unresolved, opened.figures()["unresolved"])
        say_silence(opened, _agreements(opened, agreement))


def _say_counts(shown: int, found: int, unresolved: bool, rumours: int) -> None:
    noun = "unresolved rumour" if unresolved else "incident"
    said = plural(found, noun) if shown == found else f"the latest {shown} of {plural(found, noun)}"
    more = f"; {plural(rumours, 'unresolved rumour')} apart (--unresolved)" if rumours and not unresolved else ""
    say(said + more)


def _chosen(incidents: "Iterable[Incident]", reports: int, since: str | None) -> "list[Incident]":
    from datetime import UTC, datetime

    from pipeline.cli.choosing import since_time

    begin = since_time(since, datetime.now(UTC)) if since else None
    return [
        incident
        for incident in incidents
        if len(incident.report_ids) >= reports and (begin is None or incident.observed_until >= begin)
    ]


def _agreements(store: "Store", named: list[str]) -> "list[Agreement]":
    """The agreements of a store whose data is at hand."""
    from pipeline.cli.whereabouts import Agreements

    known = Agreements(named)
    each = (known.get(name) for name in dict.fromkeys([*known.named, *store.agreements()]))
    return [agreement for agreement in each if agreement is not None]


@app.command("show")
def show_incident(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="An incident's id, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
    agreement: WordsOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
) -> None:
    """One incident: what, where and when, who says so, why its reports are one, and what it took the place of.

    An id that stands no more is told with those that took its place.
    """
    from pipeline.store import open_store

    # A narrow terminal or a mail may have cut it.
    incident_id = incident_id.strip().rstrip("….")
    with open_store(store) as opened:
        incident = opened.incident(incident_id) if incident_id else None
        if incident is None:
            _tell_successors(opened, incident_id, as_json)
        elif as_json:
            write_json(_whole(opened, incident))
        else:
            _print(opened, incident, agreement)


def _print(store: "Store", incident: "Incident", named: list[str]) -> None:
    from pipeline.cli.evidence import evidence, explained, versions_of
    from pipeline.cli.incident_table import what
    from pipeline.cli.show_incident import Book, Known, headline, sections

    reports = evidence(incident, versions_of(store, [incident]))
    known = Known(incident, explained(store, incident, reports))
    book = Book(_alerts(store, incident), store.predecessors(incident.incident_id))
    said = sections(known, _agreements(store, named), reports, book)
    print_page(data_console(), incident.incident_id, headline(incident), what(incident).capitalize(), said)


def _alerts(store: "Store", incident: "Incident") -> "list[Alert]":
    return [alert for alert in store.alerts(possible=True) if alert.incident_id == incident.incident_id]


def _whole(store: "Store", incident: "Incident") -> dict[str, object]:
    """All that is known of an incident, for programs."""
    import msgspec

    from pipeline.cli.evidence import evidence, explained, versions_of

    reports = evidence(incident, versions_of(store, [incident]))
    why = explained(store, incident, reports)
    return {
        **msgspec.structs.asdict(incident),
        "reports": reports,
        "explained": None if why is None else {**why._asdict(), "pairs": [_pair(pair) for pair in why.pairs]},
        "alerts": [alert.alert_id for alert in _alerts(store, incident)],
        "predecessors": store.predecessors(incident.incident_id),
    }


def _pair(pair: "Pair") -> dict[str, object]:
    return {**pair._asdict(), "total": pair.total}


def _tell_successors(store: "Store", incident_id: str, as_json: bool) -> None:
    """Says of an id that stands no more what took its place.

    Raises:
        UserError: the record never heard of it.
    """
    from pipeline.cli.evidence import standing_now
    from pipeline.cli.words import safe

    if not incident_id or not store.successors(incident_id):
        raise UserError(_not_found(store, incident_id))
    now = standing_now(store, incident_id)
    if as_json:
        write_json({"incident_id": incident_id, "successors": now})
        return
    named = f"its reports now tell of {' and '.join(now)}" if now else "nor does what took its place"
    data_console().print(f"{safe(incident_id, 60)} stands no more: {named}", soft_wrap=True)


def _not_found(store: "Store", incident_id: str) -> str:
    """What to say of an id that is none: those that begin so, or the nearest."""
    from pipeline.cli.words import nearest

    return nearest(incident_id, [incident.incident_id for incident in store.incidents(unresolved=None)], "incident")


@app.command("export")
def export_incidents(out: OutOption, store: StoreOption = DEFAULT_STORE, unresolved: UnresolvedOption = False) -> None:
    """Writes the incidents that stand, in order of time, or with --unresolved the rumours."""
    from pipeline.store import open_store
    from pipeline.tables import TableKind, check_output, write_records

    check_output(out, TableKind.INCIDENTS)
    with open_store(store) as opened:
        written = write_records(out, TableKind.INCIDENTS, opened.incidents(unresolved=unresolved))
    say(f"{out}: {plural(written, 'unresolved rumour' if unresolved else 'incident')}")
