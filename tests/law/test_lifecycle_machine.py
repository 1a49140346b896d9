"""No sequence of reports and actions loses an action, reaches an unlisted status, or leaves one unexplained."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.cli.show_acts import Tended
from pipeline.cli.show_alert import Behind, sections
from pipeline.law.lifecycle import Case, Docket, apply, in_order
from pipeline.law.transitions import FOUND, RULES
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Status
from pipeline.monitor import MemoryWindows, Monitor
from tests.law.acting import NOON, REASONS, act, duplicate
from tests.monitor.fusion.telling import bridged, disc, told
from tests.monitor.remembering import AREAS, Book, in_memory
from tests.worlds import DAY, world

NEXT_DAY = DAY + timedelta(days=1)


@cache
def agreement() -> Agreement:
    with TemporaryDirectory() as folder:
        return world(Path(folder))


@cache
def pool() -> list[Report]:
    """Reports that join, part, correct and withdraw each other."""
    one, other, between = bridged()
    return [
        one,
        other,
        between,
        *(replace(report, retracted=True, published_at=NEXT_DAY) for report in (one, other, between)),
        replace(one, report_id="test:50", revises=one.report_id),
        replace(other, report_id="test:51", revises=other.report_id, footprint=disc(9_000)),
        told(60, "array-5", disc(9_000), at_s=60.0),
        told(61, "array-6", disc(9_000), at_s=61.0),
    ]


class Lifecycle(RuleBasedStateMachine):
    """A monitor that is fed, and operators who act on whatever stands."""

    @initialize()
    def begin(self) -> None:
        self.fed: list[Report] = []
        self.actions: list[Action] = []
        self.monitor, self.book = Monitor([agreement()], MemoryWindows(), AREAS), Book([agreement()])
        self.judged: Mapping[str, Alert] = {}
        self.docket: Docket = apply([], [])

    @rule(numbers=st.lists(st.integers(0, 9), min_size=1, max_size=3))
    def report(self, numbers: list[int]) -> None:
        batch = [pool()[number] for number in numbers]
        self.book.take(self.monitor.process(batch))
        self.fed += batch
        self._look()

    @precondition(lambda self: self.docket.cases)
    @rule(number=st.integers(0, 9), kind=st.sampled_from(ActionKind), found=st.sampled_from(sorted(FOUND)))
    def do(self, number: int, kind: ActionKind, found: Status) -> None:
        """Does something, allowed or not: two operators may be at it at once."""
        cases = list(self.docket.cases.values())
        case, other = cases[number % len(cases)], cases[(number + 1) % len(cases)]
        at = timedelta(seconds=len(self.actions) // 2)
        made = act(case, kind, at=at, **self._fields(case, kind, found))
        self.actions.append(duplicate(case, other, at=at) if kind is ActionKind.DUPLICATE else made)
        self._look()

    @staticmethod
    def _fields(case: Case, kind: ActionKind, found: Status) -> dict[str, Any]:
        if kind is ActionKind.OUTCOME:
            return {"outcome": found, "reason": REASONS[found]}
        if kind in (ActionKind.SPLIT, ActionKind.SEAL):
            return {"report_ids": case.judged.report_ids[-1:]}
        return {}

    def _revised(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for report in self.fed:
            if report.revises is not None:
                found.setdefault(report.revises, set()).add(report.report_id)
        return found

    def _look(self) -> None:
        self.judged = self.book.standing().alerts
        self.docket = apply(self.judged.values(), self.actions, self._revised())

    @invariant()
    def no_action_is_lost(self) -> None:
        cases = self.docket.cases.values()
        held = {one.action.action_id for case in cases for one in case.acts}
        loose = {one.action.action_id for one in self.docket.loose}
        assert held | loose == {one.action_id for one in self.actions}
        assert held.isdisjoint(loose)

    @invariant()
    def every_alert_has_a_listed_status_that_its_acts_explain(self) -> None:
        for case in self.docket.cases.values():
            moved = [one.action for one in case.acts if one.done and RULES[one.action.kind].becomes]
            if not moved or moved[-1].kind is ActionKind.REOPEN:
                assert case.alert.status is case.judged.status
            elif moved[-1].kind is ActionKind.OUTCOME:
                assert case.alert.status is moved[-1].outcome
            else:
                assert case.alert.status in (Status.UNDER_VERIFICATION, Status.SUPERSEDED)
            assert all(one.done or one.why for one in case.acts)
            assert {kind for kind, rule in RULES.items() if case.alert.status in rule.begins} == set(case.allowed)

    @invariant()
    def every_alert_can_be_shown_with_all_its_acts(self) -> None:
        for case in self.docket.cases.values():
            said = sections(case.alert, agreement(), Behind((), tended=Tended(case, case.acts)))
            lines = {section.heading: section.lines for section in said}
            assert len(lines.get("Actions", ())) == len(case.acts)

    @invariant()
    def every_judged_alert_stands(self) -> None:
        assert set(self.judged) <= set(self.docket.cases)

    @invariant()
    def what_was_found_stands_unless_an_operator_reopened_it(self) -> None:
        opened = [one for one in self.docket.loose if one.done and one.action.kind is ActionKind.REOPEN]
        found = [one for one in self.docket.loose if one.done and one.action.kind is ActionKind.OUTCOME]
        assert len(found) <= len(opened)

    def teardown(self) -> None:
        """In any other order it is the same."""
        judged = in_memory([agreement()], [self.fed[::-1]]) if self.fed else {}
        again = apply(judged.values(), [*self.actions[::-1], *self.actions[:2]], self._revised())
        assert again == self.docket
        assert all(one.decided_at >= NOON for one in in_order(self.actions))


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=60, stateful_step_count=14, deadline=None)
