"""Two stores side by side: every figure of alerts and incidents that differs, and why, to the report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from pipeline.analysis.causes import Cause, Changed, Item, explain
from pipeline.model.identity import content_hash, precedence
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.store import Store

INCIDENTS = ("incidents",)
"""The group of incidents; those of alerts are an agreement and a provision."""


class Figure(msgspec.Struct, frozen=True):
    """One figure in both records; `by_cause` adds up to what they differ by."""

    group: tuple[str, ...]
    label: str
    before: int
    after: int
    by_cause: dict[Cause, int]


class Comparison(NamedTuple):
    """Every figure, in the order of the groups, and every item that is told otherwise.

    What another law alone would have changed comes first, as `rule`; then what the later record changed under it.
    """

    figures: list[Figure]
    changed: list[Changed]


def compare(
    before: Store,
    after: Store,
    *,
    under_law: Store | None = None,
    known_until: datetime | None = None,
    names: Mapping[str, str] | None = None,
) -> Comparison:
    """How two records differ, and why.

    Args:
        under_law: the earlier record judged by the later one's agreements, where these are others.
        known_until: up to when the earlier record knew what happened: what happened before is late where it is not in
            it, and new where it happened since. By default, the beginning of its last incident.
        names: what agreements are called in the earlier record that have another name in the later one.

    Raises:
        StoreError: a store cannot be read.
    """
    renamed = names or {}
    first, last = _items(before, {}), _items(after, renamed)
    middle = first if under_law is None else _items(under_law, renamed)
    changed = [
        msgspec.structs.replace(one, cause=Cause.RULE, report_ids=(), others=())
        for one in explain(first, middle, lambda _: {})
    ]
    until = known_until or max((one.observed_from for one in before.incidents(unresolved=None)), default=None)
    changed += explain(middle, last, _Reports(before, after, until).differing)
    return Comparison(_figures(first, last, changed), changed)


def _figures(before: Sequence[Item], after: Sequence[Item], changed: Iterable[Changed]) -> list[Figure]:
    least = Counter((item.group, item.label) for item in before)
    most = Counter((item.group, item.label) for item in after)
    by_cause: dict[tuple[tuple[str, ...], str], Counter[Cause]] = defaultdict(Counter)
    for one in changed:
        if one.before is not None:
            by_cause[one.before.group, one.before.label][one.cause] -= 1
        if one.after is not None:
            by_cause[one.after.group, one.after.label][one.cause] += 1
    return [
        Figure(*name, least[name], most[name], {cause: net for cause, net in by_cause[name].items() if net})
        for name in sorted(least.keys() | most.keys() | by_cause.keys())
    ]


def _items(store: Store, renamed: Mapping[str, str]) -> list[Item]:
    acts: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for action in store.actions():
        acts[action.agreement, action.provision, action.report_id].append(action.action_id)
    items = [_incident(one) for one in store.incidents(unresolved=None)]
    for alert in store.alerts(possible=True):
        done = sorted(
            name for one in alert.report_ids for name in acts.get((alert.agreement, alert.provision, one), ())
        )
        items.append(_alert(alert, renamed.get(alert.agreement, alert.agreement), tuple(done)))
    return items


def _incident(one: Incident) -> Item:
    label = "unresolved" if one.unresolved else "incident"
    return Item(INCIDENTS, one.incident_id, one.incident_id, label, one.report_ids, kind=(one.activity, one.weapons))


def _alert(alert: Alert, agreement: str, acts: tuple[str, ...]) -> Item:
    key = f"{alert.incident_id}/{alert.subject}"
    if alert.incident_ids:
        key += f"/{','.join(alert.incident_ids)}"
    return Item(
        (agreement, alert.provision),
        key,
        alert.alert_id,
        alert.standing.value,
        alert.report_ids,
        (alert.status, alert.severity),
        acts=acts,
    )


class _Reports:
    """Why reports count otherwise in the later of two records."""

    def __init__(self, before: Store, after: Store, until: datetime | None) -> None:
        self._before, self._after, self._until = before, after, until

    def differing(self, report_ids: Iterable[str]) -> dict[str, Cause]:
        """Of some reports, those which the records tell differently."""
        asked = sorted(set(report_ids))
        return dict(self._differing(asked))

    def _differing(self, asked: Sequence[str]) -> Iterator[tuple[str, Cause]]:
        earlier, later = self._before.versions(asked), self._after.versions(asked)
        revised = self._after.retired(asked) - self._before.retired(asked)
        for name in asked:
            cause = self._cause(_current(earlier.get(name)), _current(later.get(name)))
            if cause is None and name in revised:
                cause = Cause.REVISED
            if cause is not None:
                yield name, cause

    def _cause(self, old: Report | None, new: Report | None) -> Cause | None:
        if new is None:
            return None if old is None else Cause.WITHDRAWN
        if old is None:
            return Cause.NEW if self._until is None or new.observed_from > self._until else Cause.LATE
        if content_hash(old) == content_hash(new):
            return None
        return Cause.RETRACTED if new.retracted and not old.retracted else Cause.REVISED


def _current(versions: Sequence[Report] | None) -> Report | None:
    """The version that counts."""
    return max(versions, key=lambda one: precedence(one, content_hash(one))) if versions else None
