"""`truceline act`: what an operator does with an alert, and the note from one watch to the next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pipeline.cli.common import DEFAULT_STORE, UNFINISHED, JsonOption, StoreOption, UserError, say, write_json
from pipeline.cli.kafka_options import ConfigOption

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.records import Alert
    from pipeline.model.taxonomy import ActionKind
    from pipeline.model.term import Term
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


class Wish(NamedTuple):
    """What a user wants done, as the command line has it."""

    alert_id: str
    action: str
    value: str | None
    by: str
    options: Mapping[str, str]
    revision: int | None
    files: list[str]

    @property
    def kind(self) -> "ActionKind":
        """The action, if it is one."""
        from pipeline.model.taxonomy import ActionKind

        found: ActionKind = _term(ActionKind, self.action, "an action")
        return found

    def fields(
        self, alert: "Alert", find: "Callable[[str], Alert]", known: "Agreements", kept: "Sequence[str]" = ()
    ) -> "tuple[dict[str, Any], Alert | None]":
        """The action's own fields, and the other alert that it names, which `find` gives by its id.

        `kept` are the agreement's parties, as a store keeps them.
        """
        from pipeline.cli.parties import check_party

        fields, other = _fields(find, self.kind, self.value, self.options, alert)
        check_party(fields.get("party"), alert.agreement, known, kept)
        return fields, other

    @contextmanager
    def refusals(self, alert_id: str) -> Iterator[None]:
        """What stands against it is told as the user's own mistake or as what came between."""
        from pipeline.store.acting import MovedOnError, RefusedError

        try:
            yield
        except RefusedError as refused:
            allowed = f"; from here: {', '.join(refused.allowed)}" if refused.allowed else ""
            raise UserError(f"{alert_id}: {self.action} is refused: {refused}{allowed}") from refused
        except MovedOnError as moved:
            raise UserError(str(moved), UNFINISHED) from moved


def _act_on_store(path: Path, wish: Wish) -> "Acted":
    from pipeline.cli.whereabouts import Agreements
    from pipeline.store import open_store
    from pipeline.store.acting import Acting

    kind, known = wish.kind, Agreements(wish.files)
    with open_store(path):
        pass  # A store that is not there is not to be made.
    with open_store(path, write=True) as opened:
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


_TAKES: Mapping[str, frozenset[str]] = {
    "attribute": frozenset({"basis", "confidence", "text"}),
    "respond": frozenset({"party", "text"}),
    "comment": frozenset(),
    "acknowledge": frozenset({"text"}),
    "assign": frozenset({"text"}),
}
"""The options of an action that takes no reason; all others take a reason and words."""


def _fields(
    find: "Callable[[str], Alert]", kind: "ActionKind", value: str | None, options: Mapping[str, str], alert: "Alert"
) -> "tuple[dict[str, Any], Alert | None]":
    """The action's own fields, and the other alert that it names."""
    from pipeline.model.taxonomy import ActionKind, Basis, Confidence

    takes = _TAKES.get(kind.value, frozenset({"reason", "text"}))
    if superfluous := sorted(set(options) - takes):
        raise UserError(
            f"{kind} takes no --{superfluous[0]}" + (f"; it takes --{', --'.join(sorted(takes))}" if takes else "")
        )
    fields: dict[str, Any] = dict(options)
    is_duplicate = kind is ActionKind.DUPLICATE
    other = find(_needed(value, "duplicate needs the id of the other alert")) if is_duplicate else None
    fields |= _of_value(kind, value, alert)
    if "basis" in fields:
        fields["basis"] = _term(Basis, fields["basis"], "a basis")
    if "confidence" in fields:
        fields["confidence"] = _term(Confidence, fields["confidence"], "a confidence")
    reason = _reason(kind, fields)
    return {**fields, **({} if reason is None else {"reason": reason})}, other


def _of_value(kind: "ActionKind", value: str | None, alert: "Alert") -> dict[str, Any]:
    """What the VALUE of an action says."""
    from pipeline.model.taxonomy import ActionKind, PartyResponse, Status

    if kind in (ActionKind.ACKNOWLEDGE, ActionKind.REOPEN) and value is not None:
        raise UserError(f"{kind} takes no value; words go with --text")
    if kind is ActionKind.ASSIGN:
        return {"assignee": value}
    if kind is ActionKind.COMMENT:
        return {"text": _needed(value, "comment needs the words")}
    if kind is ActionKind.VERIFY and value is not None:
        return {"text": value}
    if kind is ActionKind.OUTCOME:
        return {"outcome": _term(Status, _needed(value, "outcome needs what was found"), "a status")}
    if kind is ActionKind.ATTRIBUTE:
        return {"party": _needed(value, "attribute needs the party that the claim names")}
    if kind is ActionKind.RESPOND:
        return {"response": _term(PartyResponse, _needed(value, "respond needs what the party says"), "a response")}
    if kind is ActionKind.SPLIT:
        return {"report_ids": _reports(_needed(value, "split needs the reports that tell of another incident"))}
    if kind is ActionKind.SEAL:
        return {"report_ids": alert.report_ids if value is None else _reports(value)}
    return {}


def _reason(kind: "ActionKind", fields: Mapping[str, Any]) -> "Term | None":
    """The reason; where there is only one that it can be, that one."""
    from pipeline.model.actions import OUTCOMES, reasons_for

    outcome = fields.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise UserError(f"an outcome is one of {', '.join(OUTCOMES)}")
    known = reasons_for(kind, outcome)
    if not known:
        return None
    given = fields.get("reason")
    if given is None and len(known) > 1:
        about = f"{kind} {outcome}" if outcome else str(kind)
        raise UserError(f"{about} needs a --reason: {', '.join(known)}")
    if given is not None and given not in list(known):
        raise UserError(f"--reason {given}: for {outcome or kind} it is one of {', '.join(known)}")
    return known[0] if given is None else next(reason for reason in known if reason == given)


def _term(terms: "type[Term]", word: str, noun: str) -> Any:
    from pipeline.cli.words import safe

    known = {term.value: term for term in terms}
    if word not in known:
        raise UserError(f"{safe(word, 60)!r} is not {noun}; one of {', '.join(known)}")
    return known[word]


def _needed(value: str | None, lacking: str) -> str:
    if value is None or not value.strip():
        raise UserError(lacking)
    return value


def _reports(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


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
