"""Why two sets of alerts or incidents differ: each item that came, went or changed, with its cause, to the report.

Every changed item has one cause, and counts in each figure once with it: so what the causes tell adds up to the
difference of the figures, exactly. An item goes on where it has the same key, or where it rests on a report on which
one did before; of several that do, the one that shares the most reports does. What is left over was merged into what
goes on, split off from it, came, or went.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from pipeline.model.term import Term


class Cause(Term):
    """Why something is counted otherwise."""

    RULE = "rule", "the agreement, its text or its reading is another"
    RETRACTED = "retracted", "a report was taken back"
    REVISED = "revised", "a report was corrected"
    WITHDRAWN = "withdrawn", "a report is not in the later record"
    LATE = "late", "a report that came in later, of what happened before"
    NEW = "new", "a report of what happened since"
    MERGED = "merged", "what were several is one"
    SPLIT = "split", "what was one is several"
    RECLASSIFIED = "reclassified", "the same reports are read as something else, beside others"
    ACT = "act", "an operator did something"
    FOLLOWS = "follows", "what other incidents or alerts mean together"


class Item(msgspec.Struct, frozen=True):
    """Something that is counted.

    Attributes:
        group: within it items are counted, and go on: of alerts, the agreement and the provision.
        key: its id within the group.
        name: what people call it by: an alert's id, an incident's.
        label: what it is counted as, such as a standing.
        report_ids: on which it rests.
        traits: what else is told of it, compared whole; where that alone differs, it is changed but no figure is.
        kind: what its reports are read as; another, of the same reports, is `reclassified`.
        acts: what operators did with it.
    """

    group: tuple[str, ...]
    key: str
    name: str
    label: str
    report_ids: tuple[str, ...]
    traits: tuple[Any, ...] = ()
    kind: tuple[Any, ...] = ()
    acts: tuple[Any, ...] = ()


class Changed(msgspec.Struct, frozen=True):
    """One item that came (`before` is None), went (`after` is None) or is told otherwise.

    Attributes:
        report_ids: the reports for which it is so; none where it is for none.
        others: the names of those with which it was merged, or from which it was split.
    """

    before: Item | None
    after: Item | None
    cause: Cause
    report_ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


Differs = Callable[[Iterable[str]], Mapping[str, Cause]]
"""Of some reports, those which the two records tell differently, each with why."""

_ORDER = {cause: number for number, cause in enumerate(Cause)}


def explain(before: Sequence[Item], after: Sequence[Item], differs: Differs) -> list[Changed]:
    """What changed between two sets of items, by group and key.

    Args:
        differs: of some reports, why they count otherwise.
    """
    changed: list[Changed] = []
    for olds, news in _grouped(before, after):
        kept, gone, come = _continued(olds, news)
        changed += filter(None, (_otherwise(old, new, differs) for old, new in kept))
        changed += [_went(old, news, differs) for old in gone]
        changed += [_came(new, olds, differs) for new in come]
    return sorted(changed, key=_by_group_and_key)


def _by_group_and_key(one: Changed) -> tuple[Any, ...]:
    item = one.after or one.before
    assert item is not None
    return item.group, item.key


def _grouped(before: Iterable[Item], after: Iterable[Item]) -> Iterable[tuple[list[Item], list[Item]]]:
    groups: dict[tuple[str, ...], tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
    for item in before:
        groups[item.group][0].append(item)
    for item in after:
        groups[item.group][1].append(item)
    return groups.values()


def _continued(olds: Sequence[Item], news: Sequence[Item]) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """Pairs of items that go on; those that went, those that came."""
    by_key = {item.key: item for item in news}
    kept = [(old, by_key[old.key]) for old in olds if old.key in by_key]
    paired = {old.key for old, _ in kept}
    gone = {old.key: old for old in olds if old.key not in paired}
    come = {new.key: new for new in news if new.key not in paired}
    on_report: dict[str, list[Item]] = defaultdict(list)
    for old in gone.values():
        for report_id in old.report_ids:
            on_report[report_id].append(old)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for new in come.values():
        for old in chain.from_iterable(on_report.get(report_id, ()) for report_id in new.report_ids):
            shared[old.key, new.key] += 1
    for (old_key, new_key), _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0])):
        if old_key in gone and new_key in come:
            kept.append((gone.pop(old_key), come.pop(new_key)))
    return kept, [*gone.values()], [*come.values()]


def _otherwise(old: Item, new: Item, differs: Differs) -> Changed | None:
    """What goes on, where it is told otherwise."""
    if (old.label, old.traits, old.kind, old.acts, old.key) == (new.label, new.traits, new.kind, new.acts, new.key):
        return None
    cause, report_ids = _by_reports({*old.report_ids, *new.report_ids}, differs)
    if cause is None:
        cause = _without_reports(old, new)
    return Changed(old, new, cause, report_ids)


def _without_reports(old: Item, new: Item) -> Cause:
    fewer, more = {*old.report_ids}, {*new.report_ids}
    if fewer < more:
        return Cause.MERGED
    if more < fewer:
        return Cause.SPLIT
    if old.kind != new.kind or fewer != more:
        return Cause.RECLASSIFIED
    return Cause.ACT if old.acts != new.acts else Cause.FOLLOWS


def _went(old: Item, news: Sequence[Item], differs: Differs) -> Changed:
    return _alone(old, news, differs, Cause.MERGED)


def _came(new: Item, olds: Sequence[Item], differs: Differs) -> Changed:
    return _alone(new, olds, differs, Cause.SPLIT)


def _alone(item: Item, others: Sequence[Item], differs: Differs, shared: Cause) -> Changed:
    """What has nothing on the other side with which it goes on."""
    before, after = (None, item) if shared is Cause.SPLIT else (item, None)
    cause, report_ids = _by_reports(item.report_ids, differs)
    if cause is not None:
        return Changed(before, after, cause, report_ids)
    mine = {*item.report_ids}
    with_it = tuple(sorted(other.name for other in others if mine.intersection(other.report_ids)))
    if with_it:
        return Changed(before, after, shared, (), with_it)
    return Changed(before, after, Cause.ACT if item.acts else Cause.FOLLOWS)


def _by_reports(report_ids: Iterable[str], differs: Differs) -> tuple[Cause | None, tuple[str, ...]]:
    """The first cause that some of the reports give, and which they are."""
    told = differs(report_ids)
    if not told:
        return None, ()
    cause = min(told.values(), key=_ORDER.__getitem__)
    return cause, tuple(sorted(report_id for report_id, why in told.items() if why is cause))
