"""Records that go to keepers beside what their topic is for, each to those who must hear of it.

What keepers make of a partition is kept with the offset that they have reached, in one transaction; so all that they go
by has to come on one topic. A record of another kind travels there as it is, with its kind in a header, and keeps its
place among the others.

    actions ──────► every partition of tiles, or the findings of its agreement
    observations ─► every partition of findings
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from pipeline.gazetteer import Gazetteer
from pipeline.law.transitions import unsaid
from pipeline.model.actions import Action
from pipeline.model.records import Reject
from pipeline.model.taxonomy import ActionKind, RejectReason
from pipeline.store.watchlog import OBSERVATIONS
from pipeline.stream.intake import Frame, framed, observed, received
from pipeline.stream.wire import encode, refused

KIND = "kind"
"""The header that says of which kind a record is, by the topic that it came on; without it, it is the topic's own."""

NOT_SEALED = (
    "what is sealed has to be destroyed, and a report cannot be taken out of the broker's topics nor out of what other "
    "readers keep of them: seal it in a store of `truceline run`, and let the topics expire"
)

decode_action = msgspec.json.Decoder(Action).decode


class To(NamedTuple):
    """Where a record goes: to the partition of its key, or without one to every partition."""

    topic: str
    key: str | None = None


class UnfitError(Exception):
    """A record that goes nowhere."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Forwarded(NamedTuple):
    """A record on its way; without a partition, the key's."""

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes


class Routed(NamedTuple):
    """What becomes of a record: where it goes, as which values, and what of it is rejected."""

    to: To
    values: Sequence[bytes]
    rejects: Sequence[Reject] = ()


def forward(
    kind: str, records: Sequence[Frame], partitions: int, gazetteer: Gazetteer
) -> tuple[list[Forwarded], list[Reject]]:
    """Where some records of a topic go, in their order; what cannot be used is rejected.

    Args:
        kind: the topic that they are of.
        partitions: of each topic that keepers read.
        gazetteer: against which places are checked.
    """
    forwarded, rejects = list[Forwarded](), list[Reject]()
    for record in records:
        try:
            routed = ROUTES[kind](record, gazetteer)
        except UnfitError as error:
            rejects.append(refused(record.place, kind, record.value, str(error), error.reason))
            continue
        rejects += routed.rejects
        topic, key = routed.to
        for value in routed.values:
            if key is not None:
                forwarded.append(Forwarded(topic, None, key.encode(), value))
            else:
                forwarded += [Forwarded(topic, number, None, value) for number in range(partitions)]
    return forwarded, rejects


def _of_action(record: Frame, _gazetteer: Gazetteer) -> Routed:
    """An act goes to all who may keep what it is anchored on: as reports come, that may be anybody."""
    try:
        action = decode_action(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnfitError(RejectReason.BAD_VALUE, str(error)) from error
    if action.kind is ActionKind.SEAL:
        raise UnfitError(RejectReason.REFUSED, NOT_SEALED)
    if why := unsaid(action):
        raise UnfitError(RejectReason.REFUSED, why)
    return Routed(To("findings", action.agreement) if action.seen.incident_ids else To("tiles"), [record.value])


def _of_observations(record: Frame, gazetteer: Gazetteer) -> Routed:
    """Who watched where concerns every agreement. Lines are checked here, so that one that is bad is told once."""
    taken_at = datetime.fromtimestamp(record.taken_at, UTC)
    watched, rejects = observed(record.value, record.place, gazetteer)
    return Routed(To("findings"), framed([encode(received(one, taken_at)) for one in watched]), rejects)


ROUTES: Mapping[str, Callable[[Frame, Gazetteer], Routed]] = {"actions": _of_action, OBSERVATIONS: _of_observations}
"""By topic, what becomes of each of its records; raises `UnfitError` where it goes nowhere."""
