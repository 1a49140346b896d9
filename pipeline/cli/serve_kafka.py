"""A console over Kafka: a store that mirrors the broker's topics, and acts that go to the workers."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import DEFAULT_STORE, StoreOption, collect_seldom, say
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption, settings_of

if TYPE_CHECKING:
    from pipeline.stream.mirror_backend import MirrorBackend


def is_meant(config: Path | None, bootstrap: str | None, store: Path) -> bool:
    """Whether a broker's alerts are meant: that is said, or a broker is named and the store is its mirror or none."""
    from pipeline.cli import act_on_topics

    if act_on_topics.is_meant(config, bootstrap, store):
        return True
    if not _is_mirror(store):
        return False
    if os.environ.get("TRUCELINE_KAFKA"):
        return True
    say(f"{store}: shows a broker's topics as they were; to keep up with them and to act, name it with --kafka")
    return False


@contextmanager
def mirrored(
    config: Path | None, bootstrap: str | None, store: Path, tell: Callable[[str], None] = say
) -> "Iterator[MirrorBackend]":
    """A console's backend over a broker; the store is kept as the topics are until this ends.

    Args:
        tell: is told how it goes with the broker.

    Raises:
        StreamError, StoreError: there is nothing to show.
    """
    from pipeline.cli.onlooker import Onlooker
    from pipeline.stream.mirror_backend import MirrorBackend
    from pipeline.stream.mirroring import Mirroring

    settings = settings_of(config, bootstrap)
    with Mirroring(settings, store, tell, Onlooker(tell)) as mirroring:
        mirroring.start()
        backend = MirrorBackend(store, settings, lambda: mirroring.trouble)
        try:
            yield backend
        finally:
            backend.close()


def mirror(
    store: StoreOption = DEFAULT_STORE,
    once: Annotated[
        bool, typer.Option("--once", help="End when all is there that is on the topics now, and do not go on.")
    ] = False,
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
) -> None:
    """Keep a store as a broker's topics are: the alerts as workers say them, with history, evidence and acts.

    All that reads a store reads a mirror, while it is kept or later. Nobody writes to it: acts go to the workers, with
    --kafka. While the broker is away it waits. Killed and started again, it goes on where it was. Ctrl-C stops it.
    """
    from pipeline.cli.onlooker import Onlooker
    from pipeline.store import open_store
    from pipeline.stream.mirroring import Mirroring

    settings = settings_of(config, kafka)
    collect_seldom()
    with Mirroring(settings, store, say, Onlooker(say)) as mirroring:
        say(f"{store}: mirrors {','.join(settings.bootstrap_servers)}{'' if once else ' (Ctrl-C stops it)'}")
        # Without --once it is a service, and to be told to stop is how it ends.
        with nullcontext() if once else suppress(KeyboardInterrupt):
            mirroring.run(once=once)
    with open_store(store) as opened:
        figures = opened.figures()
    say(", ".join(f"{figures[name]:,} {name}" for name in ("reports", "incidents", "alerts", "possible", "rejects")))


def _is_mirror(store: Path) -> bool:
    from pipeline.store import StoreError, open_store
    from pipeline.stream.mirror import is_mirror

    try:
        with open_store(store) as opened:
            return is_mirror(opened)
    except StoreError:
        return False
