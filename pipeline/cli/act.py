"""`truceline act`: what an operator does with an alert, and the note from one watch to the next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, JsonOption, StoreOption, UserError, say, write_json
from pipeline.cli.kafka_options import ConfigOption
from pipeline.cli.wishes import Wish

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.records import Alert
    from pipeline.store import Store
    from pipeline.store.acting import Acted

_VALUES = (
    "assign NAME (without a name it takes the alert back); comment TEXT; verify [TEXT]; outcome confirmed, "
    "not_a_violation or refuted; attribute PARTY; duplicate ID; split REPORT_ID,…; respond deny, explain or "
    "claim_exception; seal [REPORT_ID,…] (all of them without one)"
)

IdArgument = Annotated[str | None, typer.Argument(metavar="ID", help="An alert's id, or its beginning.")]
ActionArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="ACTION",
        help="acknowledge, assign, comment, verify, outcome, attribute, duplicate, split, respond, seal or reopen.",
    ),
]
ValueArgument = Annotated[str | None, typer.Argument(metavar="VALUE", help=_VALUES + ".")]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who does it.")]
ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--reason", metavar="TERM", help="Why: a term of docs/lifecycle.md; for verify, outcome, seal, reopen."
    ),
]
TextOption = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Words to it, kept as they are.")]
PartyOption = Annotated[str | None, typer.Option("--party", metavar="ID", help="respond: the party that says so.")]
BasisOption = Annotated[
    str | None,
    typer.Option("--basis", metavar="TERM", help="attribute: observed, admission, statement, coded or inference."),
]
ConfidenceOption = Annotated[
    str | None, typer.Option("--confidence", metavar="TERM", help="attribute: low, moderate or high.")
]
RevisionOption = Annotated[
    int | None,
    typer.Option("--revision", metavar="N", min=1, help="Refuse, if the alert has moved on from this revision."),
]
HandoverOption = Annotated[bool, typer.Option("--handover", help="Write the note from one watch to the next.")]
SinceWatchOption = Annotated[
    str | None,
    typer.Option("--since", metavar="T", help="handover: when the watch began (UTC), or 90m, 12h; else 8 hours ago."),
]
NoteOption = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FILE.md", help="handover: the file to write; else standard output."),
]
FileOption = Annotated[
    list[str],
    typer.Option(
        "-a", "--agreement", metavar="FILE", help="The file of an agreement that is not shipped, for its names."
    ),
]

KafkaOption = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="HOST:PORT",
        help="Act on what the workers of this broker say, and not on a store.  [env var: TRUCELINE_KAFKA, where there "
        "is no store]",
        show_default=False,
    ),
]
WaitOption = Annotated[
    float,
    typer.Option("--wait", metavar="S", min=0.0, help="With a broker: seconds to wait for a worker's answer."),
]


def act(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    alert_id: IdArgument = None,
    action: ActionArgument = None,
    value: ValueArgument = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    text: TextOption = None,
    party: PartyOption = None,
    basis: BasisOption = None,
    confidence: ConfidenceOption = None,
    revision: RevisionOption = None,
    handover: HandoverOption = False,
    since: SinceWatchOption = None,
    out: NoteOption = None,
    agreement: FileOption = [],  # noqa: B006 - typer copies it
    store: StoreOption = DEFAULT_STORE,
    config: ConfigOption = None,
    kafka: KafkaOption = None,
    wait: WaitOption = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Do something with an alert, and record who did it, when and why.

    What is done is kept for good, beside the reports; no report undoes it. What cannot be done with an alert as it
    stands is refused, with the reason and what can be done instead. An attribution is a claim with an author, a basis
    and a confidence; a party's response stands beside the evidence. --handover writes what the next watch has to know.
    With --kafka the act goes to the workers, whose alerts follow; sealing and the handover are of a store.
    """
    if handover:
        if kafka is not None or config is not None:
            raise UserError("--handover is of a store, and workers keep none")
        if alert_id is not None:
            raise UserError("--handover is of all alerts: it takes no ID")
        from pipeline.cli.handover import write_handover

        write_handover(store, since, out, agreement, as_json)
        return
    if since is not None or out is not None:
        raise UserError("--since and --out go with --handover")
    if alert_id is None or action is None:
        raise UserError("name an alert and an action: truceline act ID ACTION [VALUE] --by NAME; or --handover")
    if by is None or not by.strip():
        raise UserError("--by NAME: an action needs the name of whoever does it")
    options = {"reason": reason, "text": text, "party": party, "basis": basis, "confidence": confidence}
    said = {name: option for name, option in options.items() if option is not None}
    wish = Wish(alert_id, action, value, by, said, revision, agreement)
    from pipeline.cli.act_on_topics import act_on_topics, is_meant

    if is_meant(config, kafka, store):
        _tell(act_on_topics(config, kafka, wish, wait), as_json)
    else:
        _tell(_act_on_store(store, wish), as_json)


def _act_on_store(path: Path, wish: Wish) -> "Acted":
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store.acting import Acting, acting_store

    kind, known = wish.kind, Agreements(wish.files)
    with acting_store(path, kind) as opened:
        alert = _alert(opened, wish.alert_id)
        fields, other = wish.fields(alert, lambda named: _alert(opened, named), known, opened.parties(alert.agreement))
        with wish.refusals(alert.alert_id):
            acting = Acting(opened, agreements=_judging(opened, known, alert))
            return acting.act(alert, kind, wish.by, revision=wish.revision, other=other, **fields)


def _judging(store: "Store", known: "Agreements", alert: "Alert") -> "list[Agreement]":
    """The agreement by which an alert was judged, if it is at hand as it was."""
    found = known.get(alert.agreement)
    same = found is not None and found.fingerprint == store.fingerprint(alert.agreement)
    return [found] if found is not None and same else []


def _alert(store: "Store", alert_id: str) -> "Alert":
    from pipeline.cli.words import nearest

    named = alert_id.strip().rstrip("….")
    alert = store.alert(named) if named else None
    if alert is None:
        raise UserError(nearest(named, [one.alert_id for one in store.alerts(possible=True)], "alert"))
    return alert


def _tell(done: "Acted", as_json: bool) -> None:
    import msgspec

    from pipeline.cli.show_acts import act_words
    from pipeline.cli.tending import action_fields
    from pipeline.cli.words import safe

    one = done.action
    if as_json:
        alert = None if done.case is None else msgspec.structs.asdict(done.case.alert)
        allowed = [] if done.case is None else done.case.allowed
        revision = done.revision if done.revisions else None
        write_json({"action": action_fields(one), "alert": alert, "revision": revision, "allowed": allowed})
        return
    status = "stands no more" if done.case is None else f"status {done.case.alert.status}"
    how = f"{status}, revision {done.revision}" if done.revisions else "sent, and no worker has answered yet"
    say(f"{one.alert_id}: {safe(one.by, 200)} {act_words(one, None)}; {how}")
