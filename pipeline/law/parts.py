"""Which alert an action belongs to: anchors, what follows them, and alerts that an operator split.

A split leaves the incident as it is, for an incident is what the reports make of it under every agreement. It parts the
alert: the reports that the operator named are an alert of their own, of the same incident, with an id derived from the
first of them. Place and probability of both are those of the incident as a whole, and a doubt says so.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from pipeline.model.actions import Action
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.taxonomy import ActionKind, Doubt, Status

Revised = Mapping[str, Iterable[str]]
"""For report ids that others revise, the ids of those that do."""


class Lineage:
    """Which reports a report stands for: itself, and what it revises, however often that was done."""

    def __init__(self, revised: Revised) -> None:
        self._revises: dict[str, set[str]] = {}
        for old, revising in revised.items():
            for new in revising:
                self._revises.setdefault(new, set()).add(old)

    def of(self, report_ids: Iterable[str]) -> frozenset[str]:
        """The ids of these reports, and of all that they stand for."""
        found, asked = set(report_ids), list(report_ids)
        while asked:
            for old in self._revises.get(asked.pop(), ()):
                if old not in found:
                    found.add(old)
                    asked.append(old)
        return frozenset(found)


class Part:
    """An alert as the monitor judges it, or a part of one that an operator split.

    Attributes:
        keys: the anchors of which it takes the actions.
    """

    def __init__(self, alert: Alert, lineage: Lineage) -> None:
        self.alert, self.keys = alert, lineage.of(alert.report_ids)
        self.provision = alert.agreement, alert.provision, alert.subject

    def takes(self, action: Action) -> bool:
        """Whether the action is anchored on one of its reports."""
        return action.report_id in self.keys and self.provision == of_action(action)


def of_action(action: Action) -> tuple[str, str, str]:
    """The agreement, the provision and the subject within it, beyond which no action reaches."""
    return action.agreement, action.provision, action.seen.subject


class Anchorage:
    """Which alerts rest on which anchors, each known by its agreement, provision, subject and report."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._resting: dict[tuple[str, str, str, str], list[str]] = {}
        for part in parts:
            for report_id in part.keys:
                self._resting.setdefault((*part.provision, report_id), []).append(part.alert.alert_id)

    def at(self, action: Action, report_id: str) -> list[str]:
        """The ids of the alerts of an action's provision that rest on a report, sorted."""
        return sorted(self._resting.get((*of_action(action), report_id), ()))


def parted(alert: Alert, splits: Sequence[Action], lineage: Lineage) -> tuple[list[Part], dict[str, str]]:
    """The parts of an alert after the splits that concern it, in order of time.

    Returns:
        Also, by action id, why a split could not be done.
    """
    parts, refused = [Part(alert, lineage)], dict[str, str]()
    for split in splits:
        whole = next((part for part in parts if part.takes(split)), None)
        if whole is None:
            continue
        named = set(split.report_ids)
        first, *others = whole.alert.report_ids
        apart = tuple(report_id for report_id in others if not named.isdisjoint(lineage.of([report_id])))
        if not apart:
            is_first = not named.isdisjoint(lineage.of([first]))
            refused[split.action_id] = (
                f"{first} is the report by which the alert is known and stays with it: name the others"
                if is_first
                else "it rests on none of these reports, or they were told apart already"
            )
            continue
        parts.remove(whole)
        stays = tuple(report_id for report_id in whole.alert.report_ids if report_id not in apart)
        parts += [Part(_part(whole.alert, some, split), lineage) for some in (stays, apart)]
    return parts, refused


def _part(alert: Alert, report_ids: tuple[str, ...], split: Action) -> Alert:
    """The alert with some of its reports only."""
    is_new = report_ids[0] != alert.report_ids[0]
    figures = {"by": split.by, "reports": len(report_ids), "reports_before": len(alert.report_ids)}
    notes = [note for note in alert.doubts if note.doubt is not Doubt.SPLIT_BY_OPERATOR]
    single = len(report_ids) == 1
    if single and all(note.doubt is not Doubt.SINGLE_REPORT for note in notes):
        notes.append(DoubtNote(Doubt.SINGLE_REPORT, {}))
    name = alert_id(alert.agreement, alert.provision, f"{alert.incident_id}/{report_ids[0]}")
    return replace(
        alert,
        alert_id=name if is_new else alert.alert_id,
        status=Status.ALLEGED if single else alert.status,
        report_ids=report_ids,
        doubts=(*notes, DoubtNote(Doubt.SPLIT_BY_OPERATOR, figures)),
    )


def splits_of(alert: Alert, actions: Iterable[Action], lineage: Lineage) -> list[Action]:
    """The splits among some actions that are anchored on an alert's reports."""
    whole = Part(alert, lineage)
    return [one for one in actions if one.kind is ActionKind.SPLIT and one.report_ids and whole.takes(one)]
