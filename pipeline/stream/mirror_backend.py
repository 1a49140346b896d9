"""Acting over a broker, for a console that shows a mirror: an act goes to the workers, and their answer comes back.

What is refused here is refused by what the mirror shows. An act that was sent is kept by the workers whatever came
between, and belongs to whatever rests on its anchor then; that is what their answer says.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline.law.lifecycle import Case
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import ActionKind, Status
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.sources.base import digest
from pipeline.store import Store, open_store
from pipeline.store.acting import Acted, Acting, RefusedError, UnansweredError, UnsentError
from pipeline.store.database import store_errors
from pipeline.store.history import entries_after, last_entry
from pipeline.store.ledger import CHANGES
from pipeline.stream.acts import Told, duplicates, make
from pipeline.stream.connection import check_connection, kafka_options
from pipeline.stream.errors import NoConnectionError, StreamError
from pipeline.stream.routing import NOT_SEALED, decode_action
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import partitions

if TYPE_CHECKING:
    from kafka import KafkaProducer

ANSWER_S = 10.0
"""So long an act waits for what the workers say of it."""

_CONNECT_S = 2.0
_SEND_S = 10.0
_LOOK_S = 0.02
_AT_ONCE = 1_000
_encode = msgspec.json.Encoder().encode


class _Sent(NamedTuple):
    """An act on its way, and up to where the mirror was when it went."""

    action: Action
    sha256: str
    entry: int


class MirrorBackend:
    """A mirror to read, and the broker to act over. Any thread may use it; close it at the end.

    Args:
        path: the mirror's file, which whoever mirrors keeps as the topics are.
        trouble: says why it may not be so; None where it is.
        answer_s: how long an act waits for its answer.
    """

    def __init__(
        self,
        path: Path,
        settings: Settings,
        trouble: Callable[[], str | None] = lambda: None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        answer_s: float = ANSWER_S,
    ) -> None:
        self.path, self._settings, self._trouble = path, settings, trouble
        self._clock, self._answer_s = clock, answer_s
        self._post, self._turn = _Post(settings), threading.Lock()
        self._shards: Shards | None = None

    @property
    def trouble(self) -> str | None:
        """Why the mirror may not be as the topics are; None where it is."""
        return self._trouble()

    def close(self) -> None:
        """Gives the connection up."""
        self._post.close()

    def act(
        self,
        alert: Alert,
        kind: ActionKind,
        by: str,
        *,
        revision: int | None = None,
        other: Alert | None = None,
        **fields: Any,
    ) -> Acted:
        """Sends an act, and waits for what the workers make of it.

        Raises:
            RefusedError: it cannot be done, as the mirror or a worker has it, and why.
            MovedOnError: the alert has another revision by now, and nothing was sent.
            UnsentError: the broker does not take it.
            UnansweredError: it was sent, and no worker has answered in time.
        """
        if kind is ActionKind.SEAL:
            raise RefusedError(NOT_SEALED)
        with open_store(self.path) as store:
            before = _actions(store, alert)
            on = self._told(store, alert, other is not None)
            meant = None if other is None else self._told(store, other, True)
            known = self._places(store, before, other is not None)
            entry = last_entry(store.connection)
            self._make_sure()
            # Of two at once, the first is to come first: the law goes by the time of an act.
            with self._turn:
                made = make(on, known, before, kind, by, self._clock(), revision=revision, other=meant, **fields)
                value = _encode(made.action)
                on_its_way = self._post.send(made.action.agreement.encode(), value)
            self._post.wait(on_its_way)
            sent = _Sent(made.action, digest(value), entry)
            answer = self._answer(store, sent)
            return Acted(made.action, _case(store, made.action, answer), answer.revision, [answer])

    def _make_sure(self) -> None:
        """Makes sure that the broker is there, where it may not be: what is put on its way now might never arrive."""
        if self.trouble is not None:
            try:
                check_connection(self._settings, timeout_s=_CONNECT_S)
            except NoConnectionError as error:
                raise UnsentError(f"nothing was sent: {error}") from error

    def _answer(self, store: Store, sent: _Sent) -> Revision:
        """What the workers made of an act, as soon as the mirror has it."""
        until, entry, version = time.monotonic() + self._answer_s, sent.entry, -1
        while True:
            with store_errors(store.path):
                (seen,) = store.connection.execute("PRAGMA data_version").fetchone()
            if seen != version:
                version = seen
                entry, answer = _heard(store, sent, entry)
                if answer is not None:
                    return answer
            if time.monotonic() >= until:
                raise UnansweredError(
                    f"it was sent and is kept, but no worker has answered within {self._answer_s:.0f} s; it is applied "
                    "as soon as one works again, and is not to be done once more"
                )
            time.sleep(_LOOK_S)

    def _places(self, store: Store, before: list[Action], is_placed: bool) -> dict[str, Told]:
        """The alerts that stand in the place of others by what operators did."""
        found = (store.alert(name) for name in sorted(duplicates(before)))
        return {one.alert_id: self._told(store, one, is_placed) for one in found if one is not None}

    def _told(self, store: Store, alert: Alert, is_placed: bool) -> Told:
        """An alert as the topics have it; its partition matters only where another alert is to follow it."""
        said = [*store.history(alert.alert_id)]
        if not said:
            raise RefusedError(f"{alert.alert_id}: no worker has said anything of it yet")
        look = Acting(store).look(alert)
        judged = None if look is None else look.case.judged
        return Told(said[-1], judged, self._partition(store, said[-1].alert) if is_placed else 0)

    def _partition(self, store: Store, alert: Alert) -> int:
        """Which partition says an alert; those of provisions that remember are one keeper's, for each agreement."""
        incident = store.incident(alert.incident_id)
        if alert.incident_ids or incident is None:
            return 0
        if self._shards is None:
            try:
                self._shards = Shards(partitions(self._settings, "tiles")["tiles"], DEFAULT.observers)
            except StreamError as error:
                raise UnsentError(f"nothing was sent: {error}") from error
        return self._shards.owner(incident.window.tile)


def _actions(store: Store, alert: Alert) -> list[Action]:
    """What operators did with alerts of the same provision."""
    asked = "SELECT action FROM actions WHERE agreement = ? AND provision = ?"
    with store_errors(store.path):
        return [decode_action(row[0]) for row in store.connection.execute(asked, (alert.agreement, alert.provision))]


def _heard(store: Store, sent: _Sent, entry: int) -> tuple[int, Revision | None]:
    """How far the history is read for an answer, and the answer: of the act's own alert, where it changed several.

    Raises:
        RefusedError: a worker could not do it, and why.
    """
    action, found = sent.action, list[Revision]()
    while some := entries_after(store, entry, _AT_ONCE):
        entry = some[-1].number
        found += [one.said for one in some if _is_of(one.said, action)]
    asked = "SELECT detail FROM rejects WHERE source = 'actions' AND sha256 = ?"
    with store_errors(store.path):
        row = store.connection.execute(asked, (sent.sha256,)).fetchone()
    if row is not None:
        look = Acting(store).look(action.seen)
        raise RefusedError(row[0], () if look is None else look.case.allowed)
    return entry, min(found, key=lambda said: said.alert.alert_id != action.alert_id, default=None)


def _is_of(said: Revision, action: Action) -> bool:
    what = said.author, said.decided_at, said.change
    return what == (action.by, action.decided_at, CHANGES[action.kind])


def _case(store: Store, action: Action, answer: Revision) -> Case | None:
    """The alert that an act was done with, as the mirror shows it now; None where it stands no more."""
    if answer.alert.status is Status.SUPERSEDED and action.kind is not ActionKind.DUPLICATE:
        return None
    look = Acting(store).look(answer.alert)
    return None if look is None else look.case


class _Post:
    """One connection that acts are sent by; another one where it failed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: KafkaProducer | None = None
        self._lock = threading.Lock()

    def send(self, key: bytes, value: bytes) -> Any:
        """Puts an act on its way.

        Raises:
            UnsentError: it is not.
        """
        from kafka.errors import KafkaError

        try:
            return self._opened().send(f"{self._settings.prefix}actions", value, key)
        except (KafkaError, NoConnectionError) as error:
            self.close()
            raise UnsentError(f"nothing was sent: {error}") from error

    def wait(self, on_its_way: Any) -> None:
        """Comes back when the broker has it.

        Raises:
            UnsentError: the broker does not take it.
            UnansweredError: the broker may have it or not.
        """
        from kafka import errors

        try:
            on_its_way.get(timeout=_SEND_S + 1.0)
        except (errors.AuthorizationError, errors.MessageSizeTooLargeError, errors.RecordListTooLargeError) as error:
            raise UnsentError(f"nothing was sent: the broker refuses it: {error}") from error
        except errors.KafkaError as error:
            self.close()
            raise UnansweredError(
                f"the broker has not said within {_SEND_S:.0f} s that it has the act, and may have it all the same; "
                "look at the alert again before it is done once more"
            ) from error

    def close(self) -> None:
        """Gives the connection up."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):
                producer.close(timeout=0)

    def _opened(self) -> "KafkaProducer":
        from kafka import KafkaProducer

        with self._lock:
            if self._producer is None:
                check_connection(self._settings, timeout_s=_CONNECT_S)
                self._producer = KafkaProducer(
                    **kafka_options(self._settings),
                    client_id="truceline-act",
                    acks="all",
                    enable_idempotence=True,
                    delivery_timeout_ms=round(_SEND_S * 1_000),
                    request_timeout_ms=round(_SEND_S * 500),
                    max_block_ms=round(_SEND_S * 500),
                    allow_auto_create_topics=False,
                    metrics_enabled=False,
                )
            return self._producer
