"""`truceline alerts`: list them, show one with all that is known of it, write them out, draw them on a map."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    OutOption,
    StoreOption,
    UserError,
    data_console,
    plural,
    save_text,
    say,
    write_data,
)

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.cli.show_alert import Section
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.records import Alert
    from pipeline.store import Store

app = typer.Typer(help="The alerts of a store: list, show, export, map.", no_args_is_help=True)

ON_A_TERMINAL = 50
ON_A_MAP = 20_000
READABLE = 110
"""Columns beyond which a sentence is hard to follow."""

ABOUT_P = "p: probability if the report is right; neither the source's trustworthiness nor corroboration is in it"

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
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="T", help="Only from a day or time on (UTC), or the last 90m, 24h, 7d.")
]
LimitOption = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="The latest N.")]


@app.command("list")
def list_alerts(
    store: StoreOption = DEFAULT_STORE,
    possible: PossibleOption = False,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """The alerts that stand, oldest first.

    Times are UTC and the agreement's own; whole days are told as days. p is the probability if the report is right: of
    the place, time and weapon that the report leaves open, the share that the provision forbids. Neither the source's
    trustworthiness nor corroboration is in it. A terminal shows the latest 50 unless --limit says otherwise; a pipe and
    --json get all.
    """
    import msgspec

    from pipeline.cli.alert_table import print_table
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store

    console = data_console()
    shown = limit if limit is not None or as_json or not console.is_terminal else ON_A_TERMINAL
    with open_store(store) as opened:
        known = Agreements(_files(agreement))
        found = _chosen(opened, known, agreement, provision, since, possible)
        alerts = found[-shown:] if shown else found
        if as_json:
            for alert in alerts:
                write_data(msgspec.json.encode(alert))
            return
        if alerts:
            say(ABOUT_P)
            print_table(console, alerts, known)
        narrowed = bool(agreement or provision or since)
        every = _chosen(opened, known, agreement, provision, since, True) if narrowed and not possible else found
        kept = len(every) - len(found) if narrowed else opened.figures()["possible"]
        _say_counts(len(alerts), len(found), 0 if possible else kept)


def _say_counts(shown: int, found: int, kept: int) -> None:
    said = plural(found, "alert") if shown == found else f"the latest {shown} of {plural(found, 'alert')}"
    more = f"; {kept:,} more are only possible (--possible)" if kept else ""
    say(said + more)


def _files(named: list[str]) -> list[str]:
    """Those of `-a` that are files; a bare name only chooses."""
    return [name for name in named if name.endswith(".toml")]


def _chosen(
    store: "Store",
    known: "Agreements",
    named: list[str],
    provision: str | None,
    since: str | None,
    possible: bool,
) -> "list[Alert]":
    from datetime import UTC, datetime

    from pipeline.cli.alert_table import check_provision, chosen, since_time

    names = [*known.named, *(name for name in named if not name.endswith(".toml"))]
    unknown = set(names) - set(store.agreements())
    if unknown:
        held = ", ".join(store.agreements()) or "none yet"
        raise UserError(f"this store has no alerts of {', '.join(sorted(unknown))}; its agreements: {held}")
    if provision is not None:
        check_provision(store, known, provision)
    begin = since_time(since, datetime.now(UTC)) if since else None
    return chosen(store.alerts(possible=possible), agreement=names, provision=provision, since=begin)


@app.command("show")
def show_alert(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="An alert's id, or its beginning.")],
    store: StoreOption = DEFAULT_STORE,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
) -> None:
    """One alert: what, where, when, which article, from which reports, why, and why not more certain."""
    from pipeline.cli.evidence import evidence, versions_of
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store

    # A narrow terminal or a mail may have cut it.
    alert_id = alert_id.strip().rstrip("….")
    with open_store(store) as opened:
        alert = opened.alert(alert_id) if alert_id else None
        if alert is None:
            raise UserError(_not_found(opened, alert_id))
        versions = versions_of(opened, [alert])
        reports, history = evidence(alert, versions), list(opened.history(alert.alert_id))
    if as_json:
        import msgspec

        whole = {**msgspec.structs.asdict(alert), "reports": reports, "history": history}
        write_data(msgspec.json.encode(whole))
        return
    from pipeline.cli.show_alert import headline, sections, title

    data = Agreements(_files(agreement)).get(alert.agreement)
    said = sections(alert, data, reports, sum(map(len, versions.values())), history)
    _print_alert(data_console(), alert, title(alert, data), headline(alert), said)


def _print_alert(console: "Console", alert: "Alert", title: str, figures: str, said: "Sequence[Section]") -> None:
    from rich.text import Text

    from pipeline.cli.alert_table import STYLES

    width = min(console.width, READABLE) - 2
    console.print(Text(alert.alert_id, "bold"), Text(figures, STYLES[alert.severity]), soft_wrap=True)
    console.print(Text(title, "bold"), soft_wrap=True)
    for heading, lines in said:
        console.print()
        console.print(Text(heading, "bold"))
        for line in lines:
            for row in Text(line).wrap(console, width):
                row.rstrip()
                console.print(Text("  ").append_text(row), soft_wrap=True)


def _not_found(store: "Store", alert_id: str) -> str:
    """What to say of an id that is none: those that begin so, or the nearest."""
    from difflib import get_close_matches

    ids = [alert.alert_id for alert in store.alerts(possible=True)]
    beginning = [known for known in ids if alert_id and known.startswith(alert_id)]
    from pipeline.cli.words import safe

    if beginning:
        return f"{safe(alert_id, 60)}: {len(beginning)} alerts begin so: {', '.join(beginning[:5])}"
    if not ids:
        return f"{safe(alert_id, 60)}: this store has no alerts"
    near = get_close_matches(alert_id[:60], ids, n=3, cutoff=0.0)
    return f"no alert has the id {safe(alert_id, 60)!r}; the nearest are {', '.join(near)}"


@app.command("export")
def export_alerts(
    out: OutOption,
    store: StoreOption = DEFAULT_STORE,
    history: Annotated[bool, typer.Option("--history", help="Every revision of every alert, as it was said.")] = False,
    possible: PossibleOption = False,
) -> None:
    """Writes the current view of the alerts, sorted by id, or with --history all that was ever said of any."""
    from pipeline.store import open_store
    from pipeline.tables import TableKind, check_output, write_records

    kind = TableKind.HISTORY if history else TableKind.ALERTS
    check_output(out, kind)
    with open_store(store) as opened:
        records = opened.history() if history else opened.alerts(possible=possible)
        written = write_records(out, kind, records)
    say(f"{out}: {plural(written, 'revision' if history else 'alert')}")


@app.command("map")
def map_alerts(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.html", help="The page to write.")],
    store: StoreOption = DEFAULT_STORE,
    possible: PossibleOption = False,
    agreement: NamedOption = [],  # noqa: B006 - typer copies it
    provision: ProvisionOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The latest N.")] = ON_A_MAP,
) -> None:
    """Writes one HTML file with the lines, the zones and the alerts; it opens offline and asks nobody for anything."""
    from pipeline.cli.map_data import map_data
    from pipeline.cli.map_page import page
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store

    if out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{out}: a map is a web page; give it the ending .html")
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}")
    with open_store(store) as opened:
        known = Agreements(_files(agreement))
        found = _chosen(opened, known, agreement, provision, since, possible)
        data = map_data(opened, found[-limit:], known)
    save_text(out, page(data).encode())
    left = f"; the {len(found) - limit:,} before these are left out (--limit)" if len(found) > limit else ""
    say(f"{out}: {plural(min(len(found), limit), 'alert')}{left}")
