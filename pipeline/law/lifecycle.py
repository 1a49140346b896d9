"""The lifecycle of alerts: what operators did, laid over what the monitor judges.

A pure function of the set of alerts and the set of actions: sorted by time and id, so that neither the order in which
they come nor repeats matter. The monitor never sees an action, and no report undoes one. An action that cannot be done,
because two operators were at it at once or because two alerts have become one, is kept with the reason why; and an
alert that an operator has moved on stays in the current view when its reports are withdrawn.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.law.parts import Anchorage, Lineage, Part, Revised, parted, splits_of
from pipeline.law.transitions import Act, Course
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind, Status

_MOVES = frozenset({ActionKind.VERIFY, ActionKind.OUTCOME})
"""The actions for which an alert stays when no report supports it any longer."""

_NOTHING_LEFT = "no report that it was about supports an alert of this provision any longer"


class Case(NamedTuple):
    """An alert with all that was done with it.

    Attributes:
        alert: as it stands.
        judged: as the monitor judges it; of a part of a split alert, that part.
        acts: in order of time, those that could not be done among them.
        gone: no report supports it any longer: it stands by what an operator recorded.
        duplicate_of: the alert that it was marked as a duplicate of.
        allowed: what may be done with it from here.
    """

    alert: Alert
    judged: Alert
    acts: tuple[Act, ...]
    gone: bool
    duplicate_of: str | None
    allowed: tuple[ActionKind, ...]


class Docket(NamedTuple):
    """Alerts with their actions.

    Attributes:
        cases: by alert id.
        loose: what was done with alerts that stand no more, and what could not be done with any.
    """

    cases: Mapping[str, Case]
    loose: tuple[Act, ...]


def in_order(actions: Iterable[Action]) -> list[Action]:
    """Each action once, by the time at which it was decided, and then by id."""
    once = {action.action_id: action for action in actions}
    return sorted(once.values(), key=lambda action: (action.decided_at, action.action_id))


def apply(
    judged: Iterable[Alert],
    actions: Iterable[Action],
    revised: Revised | None = None,
    elsewhere: Container[str] = frozenset(),
) -> Docket:
    """Alerts as they stand, and what each action did or why it could not.

    Args:
        judged: alerts as the monitor judges them, each once.
        revised: which reports revise which: an action follows its anchor to the report that corrects it.
        elsewhere: where alerts are shared out: the ids of actions that are another's to apply, if they concern none of
            these.
    """
    ordered, lineage = in_order(actions), Lineage(revised or {})
    parts, refused = _parts(judged, ordered, lineage)
    anchorage, courses = Anchorage(parts), {part.alert.alert_id: Course(part.alert) for part in parts}
    taking = {action.action_id: _taking(action, anchorage, courses) for action in ordered}
    left = [action for action in ordered if not taking[action.action_id]]
    _bring_back(left, courses, taking, lineage, elsewhere)
    for action in ordered:
        for name in taking[action.action_id]:
            other, hindrance = _other(action, name, anchorage, courses)
            courses[name].take(action, hindrance or refused.get(action.action_id, ""), other)
    return _docket(ordered, courses, taking)


def _parts(judged: Iterable[Alert], ordered: Sequence[Action], lineage: Lineage) -> tuple[list[Part], dict[str, str]]:
    parts: list[Part] = []
    refused: dict[str, str] = {}
    for alert in sorted(judged, key=lambda alert: alert.alert_id):
        some, why = parted(alert, splits_of(alert, ordered, lineage), lineage)
        parts += some
        refused |= why
    return parts, refused


def _taking(action: Action, anchorage: Anchorage, known: Container[str]) -> list[str]:
    """The alerts that an action belongs to: those that rest on its anchor, else the one by whose id it was done.

    One report id may stand in two windows, where its publisher gave it another date; then it is two alerts' anchor.
    """
    resting = anchorage.at(action, action.report_id)
    if resting or action.alert_id in known or not action.seen.incident_ids:
        return resting or [action.alert_id] * (action.alert_id in known)
    # What rests on many reports goes on without one of them.
    return sorted({name for report_id in action.seen.report_ids for name in anchorage.at(action, report_id)})


def _bring_back(
    left: Sequence[Action],
    courses: dict[str, Course],
    taking: dict[str, list[str]],
    lineage: Lineage,
    elsewhere: Container[str],
) -> None:
    """Alerts that no report supports, for the actions that moved them on: as the operator saw them last."""
    waiting = list(left)
    for last in reversed([action for action in left if action.kind in _MOVES]):
        if last not in waiting:
            continue
        part = Part(last.seen, lineage)
        name = part.alert.alert_id
        mine = [one for one in waiting if one is last or part.takes(one) or one.alert_id == name]
        is_here = last.action_id not in elsewhere
        if is_here and name not in courses:
            courses[name] = Course(part.alert, gone=True)
        for one in mine:
            taking[one.action_id] = [name] * is_here
            waiting.remove(one)


def _other(action: Action, name: str, anchorage: Anchorage, courses: Mapping[str, Course]) -> tuple[str | None, str]:
    """The alert that stands where an action names another, or why it cannot be meant."""
    if action.kind is not ActionKind.DUPLICATE:
        return None, ""
    meant = anchorage.at(action, action.other_report_id or "")
    if not meant:
        return None, f"{action.other} stands no more"
    if name in meant:
        return None, f"it and {action.other} are one alert now"
    other = action.other if action.other in meant else meant[0]
    if courses[other].status is Status.SUPERSEDED:
        return None, f"{other} is itself marked as a duplicate of {courses[other].duplicate_of}"
    return other, ""


def _docket(ordered: Sequence[Action], courses: Mapping[str, Course], taking: Mapping[str, list[str]]) -> Docket:
    cases = {
        name: Case(
            alert=replace(course.judged, **course.fields()),
            judged=course.judged,
            acts=tuple(course.acts),
            gone=course.gone,
            duplicate_of=course.duplicate_of,
            allowed=course.allowed,
        )
        for name, course in sorted(courses.items())
        if course.stands
    }
    without = [course for course in courses.values() if not course.stands]
    left = {act.action.action_id: act for course in without for act in course.acts}
    loose = tuple(
        left.get(action.action_id, Act(action, False, _NOTHING_LEFT))
        for action in ordered
        if not any(name in cases for name in taking[action.action_id])
    )
    return Docket(cases, loose)
