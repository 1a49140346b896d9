"""An operator's act on its way to the keepers: on what it is done, what can be said of it before, and their answer.

An act is made here as it is in a store, on the alert as the topic has it, and held against the same law. What only the
keeper can know, as that another came between, it tells: with a revision by the act's author, or with a reject.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pipeline.law.lifecycle import Case, apply
from pipeline.law.transitions import unsaid
from pipeline.model.actions import Action
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import ActionKind, Status
from pipeline.sources.base import digest
from pipeline.store.acting import MovedOnError, RefusedError, check_done, check_same, compose
from pipeline.store.ledger import CHANGES
from pipeline.stream.courier import Courier, Parcel, Watch
from pipeline.stream.errors import BrokerUnreachableError
from pipeline.stream.routing import NOT_SEALED, decode_action
from pipeline.stream.settings import Settings
from pipeline.stream.tail import Heard, opened, placed, tail
from pipeline.stream.wire import TENDED, decode_reject, decode_revision, decode_tended

_DELIVER_S = 30.0
"""So long the broker may take to acknowledge an act."""

_POLL_MS = 200
_encode = msgspec.json.Encoder().encode


class Told(NamedTuple):
    """An alert as the topic has it: what was said last, as the reports alone have it, and which partition says so."""

    said: Revision
    judged: Alert | None
    partition: int

    @property
    def alert(self) -> Alert:
        """As it was said last."""
        return self.said.alert


class Alerts(NamedTuple):
    """Alerts whose ids begin so, by id; and the ids of all alerts that stand."""

    found: dict[str, Told]
    ids: list[str]


class Made(NamedTuple):
    """An act that nothing is known against, and the alert as it is to stand after it."""

    action: Action
    case: Case | None


def look(
    settings: Settings, beginnings: Iterable[str], named: Collection[str] = (), watch: Watch | None = None
) -> Alerts:
    """The alerts on the topic whose ids begin in some way, and some by their whole ids.

    Raises:
        NoConnectionError: there is no connection.
    """
    asked = tuple(beginnings)
    found: dict[str, Told] = {}
    ids: set[str] = set()
    for some in tail(settings, "alerts", from_beginning=True, follow=False, watch=watch):
        for heard in some:
            name = (heard.key or b"").decode(errors="replace")
            ids.add(name)
            if name.startswith(asked) or name in named:
                with suppress(msgspec.DecodeError):
                    _keep(found, name, told_of(heard))
    return Alerts(found, sorted(ids))


def _keep(found: dict[str, Told], name: str, told: Told) -> None:
    """Of each alert the greatest revision counts, not the last record."""
    if name not in found or told.said.revision >= found[name].said.revision:
        found[name] = told


def told_of(heard: Heard) -> Told:
    """The alert of a record of `alerts`.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    said, tended = decode_revision(heard.value or b""), heard.headers.get(TENDED)
    # An alert that nobody acted on is what the reports make of it; one that stands no more is nothing to act on.
    alone = said.alert if said.alert.status is not Status.SUPERSEDED else None
    return Told(said, alone if tended is None else decode_tended(tended).judged, heard.partition)


def done(settings: Settings, watch: Watch | None = None) -> list[Action]:
    """All that operators did, as far as the topic has it.

    Raises:
        NoConnectionError: there is no connection.
    """
    actions: list[Action] = []
    for some in tail(settings, "actions", from_beginning=True, follow=False, watch=watch):
        for heard in some:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                actions.append(decode_action(heard.value or b""))
    return actions


def duplicates(actions: Iterable[Action]) -> set[str]:
    """The ids of alerts that some actions name in the place of others."""
    return {one.other for one in actions if one.other is not None}


def make(
    on: Told,
    known: Mapping[str, Told],
    before: Sequence[Action],
    kind: ActionKind,
    by: str,
    now: datetime,
    *,
    revision: int | None = None,
    other: Told | None = None,
    **fields: Any,
) -> Made:
    """An act on an alert as it stands.

    Args:
        known: by id, the alerts that stand in the place of others by what operators did.
        before: what operators did.
        revision: of the alert that the operator had before him.
        other: of a duplicate, the other alert.

    Raises:
        RefusedError: it cannot be done, and why.
        MovedOnError: the alert has another revision by now.
    """
    seen = _standing(on)
    if revision is not None and revision != on.said.revision:
        raise MovedOnError(
            f"{seen.alert_id} has moved on: it stands at revision {on.said.revision}, not {revision}; "
            "look at it again before you act"
        )
    if kind is ActionKind.SEAL:
        raise RefusedError(NOT_SEALED)
    before = [one for one in before if (one.agreement, one.provision) == (seen.agreement, seen.provision)]
    places = [known[name] for name in sorted(duplicates(before)) if name in known]
    judged = {seen.alert_id: seen}
    judged |= {one.alert.alert_id: one.judged for one in places if one.judged and one.partition == on.partition}
    if other is not None:
        meant = _standing(other)
        check_same(seen, meant)
        if other.partition != on.partition:
            raise RefusedError(
                f"{meant.alert_id} is kept by another partition than {seen.alert_id}, and neither can follow the "
                "other; record an outcome instead, and say in it which one it repeats"
            )
        judged[meant.alert_id] = meant
        fields |= {"other": meant.alert_id, "other_report_id": meant.report_ids[0]}
    case = apply(judged.values(), before).cases[seen.alert_id]
    made = compose(seen, (act.action for act in case.acts), kind, by, now, fields)
    docket = apply(judged.values(), [*before, made])
    if why := unsaid(made):
        raise RefusedError(why, case.allowed)
    if _tended(case.alert) == _tended(on.alert):
        check_done(made, docket, case.allowed)
    return Made(made, docket.cases.get(seen.alert_id))


def _tended(alert: Alert) -> tuple[Status, str | None, str | None]:
    """What operators made of an alert. Where that is not what is known here of it, the keeper knows more or less."""
    return alert.status, alert.acknowledged_by, alert.assignee


def _standing(told: Told) -> Alert:
    if told.judged is None:
        instead = f"; in its place: {', '.join(told.said.superseded_by)}" if told.said.superseded_by else ""
        raise RefusedError(f"{told.alert.alert_id} stands no more{instead}: act on what stands")
    return told.judged


def send(settings: Settings, action: Action, wait_s: float, watch: Watch | None = None) -> Revision | None:
    """Sends an act, and waits a while for what came of it.

    Returns:
        The revision that it gave; None where no keeper has answered yet. It is in the record all the same.

    Raises:
        NoConnectionError: it could not be sent.
        RefusedError: a keeper could not do it, and why.
    """
    value = _encode(action)
    consumer = opened(settings)
    try:
        placed(consumer, [settings.prefix + name for name in _ANSWERS], from_beginning=False)
        with Courier(settings, watch) as courier:
            courier.send(Parcel(settings.prefix + "actions", [value], key=action.agreement.encode()))
            if not courier.deliver(_DELIVER_S):
                raise BrokerUnreachableError(f"the broker has not acknowledged the act within {_DELIVER_S:.0f} s")
        until = time.monotonic() + wait_s
        while (left_s := until - time.monotonic()) > 0.0:
            polled = consumer.poll(timeout_ms=min(_POLL_MS, max(1, round(left_s * 1_000))))
            answer = _answer(settings, action, digest(value), [one for some in polled.values() for one in some])
            if answer is not None:
                return answer
    finally:
        consumer.close(timeout_ms=2_000)
    return None


_ANSWERS = ("transitions", "rejects")


def _answer(settings: Settings, action: Action, sha256: str, records: Sequence[Any]) -> Revision | None:
    """The revision that an act gave, if it is among some records; its own alert's, where it gave several."""
    found: list[Revision] = []
    for record in records:
        with suppress(msgspec.DecodeError):
            if record.topic == settings.prefix + "rejects":
                reject = decode_reject(record.value or b"")
                if reject.sha256 == sha256:
                    raise RefusedError(reject.detail)
            else:
                found.append(decode_revision(record.value or b""))
    mine = [
        said
        for said in found
        if (said.author, said.decided_at, said.change) == (action.by, action.decided_at, CHANGES[action.kind])
    ]
    return min(mine, key=lambda said: said.alert.alert_id != action.alert_id, default=None)
