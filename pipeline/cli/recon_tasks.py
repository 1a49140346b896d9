"""`truceline recon task`: looks that people ask each other for, from the proposal to what the look found."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    StoreOption,
    UserError,
    data_console,
    open_inputs,
    plural,
    say,
    say_next,
    write_json,
)

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.model.report import Report
    from pipeline.model.term import Term
    from pipeline.model.watch_terms import TaskStep
    from pipeline.recon.tasks import Task
    from pipeline.store import Store

WordArgument = Annotated[str, typer.Argument(metavar="list|show|ID", help="The tasks, one task, or a task's id.")]
ThenArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="ID|STEP",
        help="After show, a task's id. After an id, a step: request, accept, start, answer, fail or withdraw.",
        show_default=False,
    ),
]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who takes the step.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TERM", help="fail, withdraw: why; a term of docs/tasking.md.")
]
TextOption = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Words to it, kept as they are.")]
OutcomeOption = Annotated[
    str | None,
    typer.Option("--outcome", metavar="TERM", help="answer: evidence_found, nothing_found or unclear."),
]
ReportsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FILE|ID,…",
        help="answer: the reports that tell of it: a file of them, which is recorded, or their ids. May be repeated.",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="list: also tasks that have ended.")]
FilesOption = Annotated[
    list[str],
    typer.Option(
        "-a", "--agreement", metavar="FILE", help="The file of an agreement that is not shipped, to judge by."
    ),
]


def task(  # noqa: PLR0913, PLR0917 - one argument for each option
    word: WordArgument,
    then: ThenArgument = None,
    by: ByOption = None,
    reason: ReasonOption = None,
    text: TextOption = None,
    outcome: OutcomeOption = None,
    report: ReportsOption = None,
    every: AllOption = False,
    agreement: FilesOption = [],  # noqa: B006 - typer copies it
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """List and show verification tasks, and take a step with one.

    A task is proposed (`recon plan --propose`), requested, accepted, under way, and answered or failed; until then it
    may be withdrawn. A step that is not to be had from where a task stands is refused, with the reason. The reports of
    an answer are recorded as any other: they are evidence for the alert, and what it comes to is an operator's to
    record (`truceline act`). Nothing is sent to anybody.
    """
    from datetime import UTC, datetime

    said = {"--by": by, "--reason": reason, "--text": text, "--outcome": outcome, "--report": report}
    now = datetime.now(UTC)
    if word in ("list", "show"):
        if given := [name for name, value in said.items() if value is not None]:
            raise UserError(f"{word} takes no {given[0]}")
        if (then is None) is (word == "show"):
            raise UserError("show needs a task's id" if word == "show" else "list takes no further word")
        _list(store, now, every, as_json) if then is None else _show(store, then, now, as_json)
        return
    if then is None:
        raise UserError(
            f"name a step: truceline recon task {word} STEP --by NAME; or: truceline recon task show {word}"
        )
    if by is None or not by.strip():
        raise UserError("--by NAME: a step needs the name of whoever takes it")
    step, fields = _fields(then, reason, text, outcome, report)
    _tell(_taken(store, word, (step, by), fields, report or [], agreement), now, store, as_json)


def _list(path: Path, now: "datetime", every: bool, as_json: bool) -> None:
    from pipeline.cli.layout import print_rows
    from pipeline.cli.show_tasks import FOLDS, HEADINGS, task_fields, task_row
    from pipeline.recon.tasks import is_open
    from pipeline.store import open_store
    from pipeline.store.tasking import all_tasks

    with open_store(path) as opened:
        known = [one for one in all_tasks(opened).values() if one.state is not None]
    found = sorted((one for one in known if every or is_open(one)), key=_by_time)
    if as_json:
        for one in found:
            write_json(task_fields(one, now))
        return
    if found:
        print_rows(data_console(), HEADINGS, [task_row(one, now) for one in found], FOLDS)
    ended = len(known) - len(found)
    say(f"{plural(len(found), 'task')}" + (f"; {ended:,} more that have ended (--all)" if ended else ""))


def _by_time(one: "Task") -> tuple[Any, ...]:
    return (one.ask.look_from if one.ask is not None else one.taken[0].event.at, one.task_id)


def _show(path: Path, name: str, now: "datetime", as_json: bool) -> None:
    from pipeline.cli.printing import print_page
    from pipeline.cli.show_tasks import headline, task_fields, task_sections
    from pipeline.store import open_store

    with open_store(path) as opened:
        one = _named(opened, name)
    if as_json:
        write_json(task_fields(one, now))
        return
    says = one.ask.about if one.ask is not None else ""
    print_page(data_console(), one.task_id, headline(one), says, task_sections(one, now))


def _named(store: "Store", name: str) -> "Task":
    """A task by its id, or the beginning of it where only one begins so."""
    from pipeline.cli.words import nearest
    from pipeline.store.tasking import all_tasks

    known = {key: one for key, one in all_tasks(store).items() if one.state is not None}
    asked = name.strip().rstrip("….")
    found = [one for key, one in known.items() if asked and key.startswith(asked)]
    if len(found) != 1:
        raise UserError(nearest(asked, list(known), "task"))
    return found[0]


def _fields(
    word: str, reason: str | None, text: str | None, outcome: str | None, report: list[str] | None
) -> "tuple[TaskStep, dict[str, Any]]":
    """The step, and its own fields."""
    from pipeline.model.tasks import reasons_for_step
    from pipeline.model.watch_terms import TaskOutcome, TaskReason, TaskStep

    step = _term(TaskStep, word, "a step")
    if step is TaskStep.PROPOSE:
        raise UserError("a look is proposed with: truceline recon plan --propose --by NAME")
    if step is not TaskStep.ANSWER and (outcome is not None or report):
        raise UserError(f"{step} takes no --outcome and no --report: these are an answer's")
    fields: dict[str, Any] = {} if text is None else {"text": text}
    if step is TaskStep.ANSWER:
        if outcome is None:
            raise UserError(f"answer needs an --outcome: {', '.join(TaskOutcome)}")
        fields["outcome"] = _term(TaskOutcome, outcome, "an outcome")
    known = reasons_for_step(step)
    if known and reason is None:
        raise UserError(f"{step} needs a --reason: {', '.join(known)}")
    if reason is not None:
        if reason not in list(known):
            raise UserError(f"--reason {reason}: " + (f"one of {', '.join(known)}" if known else f"{step} takes none"))
        fields["reason"] = _term(TaskReason, reason, "a reason")
    return step, fields


def _term(terms: "type[Term]", word: str, noun: str) -> Any:
    from pipeline.cli.words import safe

    known = {term.value: term for term in terms}
    if word not in known:
        raise UserError(f"{safe(word, 60)!r} is not {noun}; one of {', '.join(known)}")
    return known[word]


def _taken(
    path: Path,
    name: str,
    step_by: "tuple[TaskStep, str]",
    fields: dict[str, Any],
    reports: Sequence[str],
    files: Sequence[str],
) -> "Task":
    """Takes the step; the reports of an answer are recorded before it, so that it names what is there."""
    from pipeline.store import open_store
    from pipeline.store.tasking import Tasking, TaskRefusedError

    step, by = step_by
    # Reports are recorded as a run does; a step alone goes beside one.
    with open_store(path, write=True, beside=not _inputs(reports)) as opened:
        known = _named(opened, name)
        if step not in known.allowed:
            fields = {**fields, "report_ids": ()}
        elif reports:
            fields = {**fields, "report_ids": _reports(opened, reports, files)}
        try:
            return Tasking(opened).take(known.task_id, step, by, **fields)
        except TaskRefusedError as refused:
            allowed = f"; from here: {', '.join(refused.allowed)}" if refused.allowed else ""
            raise UserError(f"{known.task_id}: {step} is refused: {refused}{allowed}") from refused


def _reports(store: "Store", words: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """The ids of an answer's reports; those in files are recorded as any other."""
    ids: list[str] = []
    inputs = _inputs(words)
    for word in words:
        if word not in inputs:
            ids += [part.strip() for part in word.split(",") if part.strip()]
    return tuple(dict.fromkeys([*ids, *(_recorded(store, inputs, files) if inputs else [])]))


def _inputs(words: Sequence[str]) -> list[str]:
    return [word for word in words if word == "-" or Path(word.partition("=")[2] or word).exists()]


def _recorded(store: "Store", words: Sequence[str], files: Sequence[str]) -> list[str]:
    """Records the reports of some files, and gives their ids; a row that cannot be read stops it before that."""
    from pipeline.cli.whereabouts import Agreements
    from pipeline.gazetteer import load_gazetteer
    from pipeline.store import Recorder

    found: list[Report] = []
    for source in open_inputs([word if "=" in word else f"ndjson={word}" for word in words]):
        for row in source.rows():
            if row.reject is not None:
                at = f"{source.file}, row {row.reject.row}: {row.reject.field}"
                raise UserError(f"{at}: {row.reject.detail}; nothing was recorded")
            found += row.reports
    if not found:
        raise UserError(f"{', '.join(words)}: there are no reports in it")
    known = Agreements(files)
    at_hand = [known.get(name) for name in store.agreements()]
    judging = [one for one in at_hand if one is not None and one.fingerprint == store.fingerprint(one.name)]
    Recorder(store, judging, load_gazetteer().outlines).record(found)
    left = sorted(set(store.agreements()) - {one.name for one in judging})
    if left:
        say(f"{', '.join(left)}: the reports are judged by it with the next run; its data is not at hand as it was")
    return [one.report_id for one in found]


def _tell(done: "Task", now: "datetime", path: Path, as_json: bool) -> None:
    from pipeline.cli.show_tasks import state_words, step_line, task_fields
    from pipeline.model.watch_terms import TaskState

    if as_json:
        write_json(task_fields(done, now))
        return
    allowed = f"; from here: {', '.join(done.allowed)}" if done.allowed else ""
    say(f"{done.task_id}: {state_words(done, now)}{allowed}")
    say(step_line(done.taken[-1]))
    if done.state is TaskState.ANSWERED and done.ask is not None and done.ask.kind == "alert":
        say_next(f"alerts show {done.ask.about}", path)
