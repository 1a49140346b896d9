"""The central test of acts: shared out or not, lost or not, what stands is what the law makes of reports and acts."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.law.lifecycle import apply
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, ActionReason, Status
from pipeline.store.acting import RefusedError
from pipeline.stream.routing import decode_action
from tests.law.acting import WELL_SAID
from tests.monitor.fusion.telling import disc, told
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.across import BORDER, NORTH, OUTCOMES, SOUTH, across, withdrawn
from tests.stream.sharing import NOW, Sharing
from tests.worlds import DAY, world

WATCHING = frozenset({"rising", "consult"})
"""The provisions that go by the alerts of others as they stand, and so by what operators did."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


POOL = [
    *across(),
    *(withdrawn(one) for one in across()),
    replace(NORTH, report_id="test:50", revises=NORTH.report_id),
    replace(SOUTH, report_id="test:52", revises="test:50", observed_from=DAY, observed_until=DAY),
    told(60, "array-5", disc(9_000, 4_000, about=BORDER), at_s=60.0),
    told(61, "array-6", disc(9_000, 4_000, about=BORDER), at_s=61.0),
]
"""Reports that join, part, correct and withdraw each other, across the border."""


class Do(msgspec.Struct, frozen=True):
    """Does something with the n-th alert that stands; what is refused is as good as not tried."""

    alert: int
    kind: ActionKind
    found: Status


def attempt(sharing: Sharing, step: Do) -> None:
    alerts = [*sharing.standing("ceasefire").values()]
    if not alerts:
        return
    alert = alerts[step.alert % len(alerts)]
    fields: dict[str, Any] = dict(OUTCOMES[step.found] if step.kind is ActionKind.OUTCOME else WELL_SAID[step.kind])
    other = None
    if step.kind is ActionKind.SPLIT:
        fields["report_ids"] = alert.report_ids[-1:]
    if step.kind is ActionKind.DUPLICATE:
        fields, other = {"reason": ActionReason.SAME_INCIDENT}, alerts[(step.alert + 1) % len(alerts)]
        if other == alert:
            return
    try:
        sharing.do(alert, step.kind, "Ines", other, **fields)
    except RefusedError:
        return


def expected(agreement: Agreement, sharing: Sharing, fed: Sequence[Report]) -> dict[str, Alert]:
    """What the law makes of the sets of reports and acts."""
    judged = in_memory([agreement], [[replace(one, received_at=NOW) for one in fed]])
    revised: dict[str, set[str]] = {}
    for report in fed:
        if report.revises is not None:
            revised.setdefault(report.revises, set()).add(report.report_id)
    given = [alert for alert in judged.values() if alert.provision not in WATCHING]
    cases = apply(given, map(decode_action, sharing.actions), revised).cases
    stands = {name: case.alert for name, case in cases.items() if case.alert.status is not Status.SUPERSEDED}
    return dict(sorted(stands.items()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.one_of(
            st.lists(st.sampled_from(POOL), min_size=1, max_size=3),
            st.builds(Do, st.integers(0, 5), st.sampled_from(ActionKind), st.sampled_from([*OUTCOMES])),
        ),
        min_size=2,
        max_size=10,
    ),
    count=st.sampled_from([1, 4]),
    loses=st.booleans(),
)
def test_what_stands_is_what_the_law_makes_of_the_sets(
    agreement: Agreement, steps: list[list[Report] | Do], count: int, loses: bool
) -> None:
    fed: list[Report] = []
    with TemporaryDirectory() as folder:
        sharing = Sharing(agreement, count, Path(folder))
        for step in steps:
            if isinstance(step, Do):
                attempt(sharing, step)
            else:
                sharing.take(step)
                fed += step
        if loses:
            before = len(sharing.said())
            sharing.lose()
            assert len(sharing.said()) == before
        sharing.close()
        stands = {name: one for name, one in sharing.standing().items() if one.provision not in WATCHING}
        assert as_bytes(stands) == as_bytes(expected(agreement, sharing, fed))
