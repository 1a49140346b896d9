"""`truceline notify`: alerts told outwards, to an Alertmanager and to webhooks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    UNFINISHED,
    AgreementsOption,
    JsonOption,
    StoreOption,
    UserError,
    collect_seldom,
    number,
    plural,
    say,
    write_data,
    write_json,
)
from pipeline.cli.reporting import ListenOption, serve_metrics

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.notify.config import Config
    from pipeline.notify.looking import ReceiverState
    from pipeline.notify.outbox import Outbox
    from pipeline.notify.service import Notifier

app = typer.Typer(
    no_args_is_help=True,
    help="Tells of alerts outwards: to a Prometheus Alertmanager, and to webhooks (docs/notify.md).",
)

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="Who is told of what, as TOML.")]
OnceOption = Annotated[
    bool, typer.Option("--once", help="Tell what there is and end; exit 1 where somebody did not take it.")
]
StartOption = Annotated[
    bool,
    typer.Option(
        "--from-start", help="The first time, tell webhooks all that the history has, not what comes from now."
    ),
]
ReachOption = Annotated[bool, typer.Option("--reach", help="See whether everybody answers; nobody is told anything.")]
WhatArgument = Annotated[str, typer.Argument(metavar="list|show|retry", help="What to do.")]
NumberArgument = Annotated[int | None, typer.Argument(metavar="N", help="Its number in the list.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
ReceiverArgument = Annotated[str, typer.Argument(metavar="RECEIVER", help="Its name.")]


@app.command("run")
def run(
    config: ConfigArgument,
    store: StoreOption = DEFAULT_STORE,
    agreement: AgreementsOption = [],  # noqa: B006 - typer copies it
    once: OnceOption = False,
    from_start: StartOption = False,
    metrics_listen: ListenOption = None,
) -> None:
    """Follow a store and tell of its alerts, for as long as it runs.

    It reads while others write to the store. How far it is, and what is still to be delivered, stands in a file beside
    the store, so that nothing is lost whenever it is stopped, however that is. SIGTERM and Ctrl-C end it in order.
    """
    from contextlib import ExitStack
    from random import random

    from pipeline.cli.alert_words import AlertWords
    from pipeline.metrics import DriverMetrics, Role
    from pipeline.notify.config import load_config
    from pipeline.notify.outbox import open_outbox
    from pipeline.notify.service import Notifier
    from pipeline.store import open_store

    read, words = load_config(config), AlertWords(agreement)
    _warn(read)
    collect_seldom()
    with open_store(store) as opened:
        for name in opened.agreements():
            words.agreement(name)
    with ExitStack() as stack:
        outbox = stack.enter_context(open_outbox(store, run=True))
        metrics = DriverMetrics(Role.NOTIFY)
        serve_metrics(stack, metrics.registry, metrics_listen)
        notifier = Notifier(store, outbox, read, words, clock=_now, chance=random, metrics=metrics, say=say)
        waiting = _go(notifier, once, from_start)
    if waiting:
        raise UserError(f"{plural(waiting, 'notification')} could not be delivered yet", UNFINISHED)
    say("done" if once else "stopped")


def _go(notifier: "Notifier", once: bool, from_start: bool) -> int:
    """Runs a notifier until it is told to stop, or once; gives how much is still waiting."""
    import asyncio
    import signal

    async def following() -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, notifier.stop)
        await notifier.run(from_start=from_start)

    if once:
        return asyncio.run(notifier.once(from_start=from_start))
    asyncio.run(following())
    return 0


@app.command("check")
def check(config: ConfigArgument, reach: ReachOption = False, as_json: JsonOption = False) -> None:
    """Check who is told of what: every problem at once, with its file and key."""
    import asyncio

    from pipeline.cli.words import safe
    from pipeline.notify.config import load_config
    from pipeline.notify.reaching import reach as reach_all

    read = load_config(config)
    _warn(read)
    found = asyncio.run(reach_all(read)) if reach else dict.fromkeys(read.receivers, "")
    for name, wrong in found.items():
        if as_json:
            write_json({"receiver": name, "reached": not wrong if reach else None, "trouble": wrong})
        else:
            write_data(f"{name:<20}  {safe(wrong, 200) or ('answers' if reach else 'well written')}".encode())
    if any(found.values()):
        raise UserError(f"{plural(sum(map(bool, found.values())), 'receiver')} cannot be reached", UNFINISHED)


def _warn(read: "Config") -> None:
    """Says which secrets are none, in one line."""
    from pipeline.notify.secrets import is_open_to_all

    files = [str(path) for path in read.secret_files if is_open_to_all(path)]
    if files:
        say(f"warning: everybody on this machine may read {', '.join(files)}; `chmod 600` keeps a secret")


@app.command("state")
def state(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """Show how it goes with each receiver: what waits, what was put aside, what was wrong last."""
    import msgspec

    from pipeline.notify.looking import behind, states
    from pipeline.notify.outbox import open_outbox
    from pipeline.store import open_store

    with open_outbox(store) as outbox, open_store(store) as record:
        entries, found = behind(outbox, record), states(outbox)
    for one in found:
        if as_json:
            write_json({**msgspec.to_builtins(one), "behind": entries})
        else:
            write_data(_line(one).encode())
    if not as_json:
        say(f"{plural(entries, 'entry', 'entries')} of the history not yet taken in")


@app.command("resume")
def resume(receiver: ReceiverArgument, store: StoreOption = DEFAULT_STORE) -> None:
    """Send again to a receiver that said it was gone (status 410), or that is left alone for a while."""
    from pipeline.notify.outbox import open_outbox
    from pipeline.notify.receivers import resume as send_again

    with open_outbox(store) as outbox:
        if not send_again(outbox, receiver):
            raise UserError(f"there is no receiver {receiver}; `truceline notify state` has their names")
    say(f"{receiver} is sent to again")


@app.command("dead")
def dead(
    what: WhatArgument = "list",
    which: NumberArgument = None,
    everything: AllOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """List what could not be delivered and was put aside, show one, or send it again."""
    from pipeline.notify.outbox import open_outbox

    if what not in {"list", "show", "retry"}:
        raise UserError(f"{what}: one of list, show, retry")
    if (what == "list") != (which is None and not everything) or (which is not None and everything):
        raise UserError("say which: dead list, dead show N, dead retry N, dead retry --all")
    if what == "show" and which is None:
        raise UserError("say which: dead show N")
    with open_outbox(store) as outbox:
        if what == "retry":
            _retry(outbox, which)
        elif which is not None:
            _show(outbox, which)
        else:
            _list(outbox, as_json)


def _retry(outbox: "Outbox", which: int | None) -> None:
    from pipeline.notify.looking import retry

    count = retry(outbox, _now(), which)
    if which is not None and not count:
        raise UserError(f"there is nothing dead of number {which}; `truceline notify dead list` has the numbers")
    say(f"{plural(count, 'notification')} will be sent again")


def _show(outbox: "Outbox", which: int) -> None:
    from pipeline.notify.looking import dead_body

    body = dead_body(outbox, which)
    if body is None:
        raise UserError(f"there is nothing dead of number {which}; `truceline notify dead list` has the numbers")
    write_data(body)


def _list(outbox: "Outbox", as_json: bool) -> None:
    from pipeline.cli.words import safe
    from pipeline.notify.looking import dead_ones

    found = dead_ones(outbox)
    for one in found:
        if as_json:
            write_json(one._asdict())
            continue
        when, tries = f"{one.dead_at:%Y-%m-%d %H:%M}Z", plural(one.tries, "try", "tries")
        write_data(
            f"{one.number:>6}  {one.receiver}  {one.event_id}  {when}  {tries}  {safe(one.trouble, 200)}".encode()
        )
    if not found and not as_json:
        say("nothing is dead: all was delivered, or waits")


def _line(one: "ReceiverState") -> str:
    """How it goes with a receiver, for people."""
    from pipeline.cli.words import safe

    last = "never" if one.delivered_at is None else f"{one.delivered_at:%Y-%m-%d %H:%M:%S}Z"
    figures = f"{number(one.waiting)} waiting  {number(one.dead)} dead  {number(one.delivered)} delivered, last {last}"
    wrong = f"  stopped: {safe(one.stopped, 160)}" if one.stopped else f"  {safe(one.trouble, 160)}"
    return f"{one.receiver:<20}  {figures}{wrong}".rstrip()


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)
