"""Provisions that remember, where the work is shared out: what keepers tell each other, with topics in memory."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.agreement import Agreement
from pipeline.model.report import Report
from tests.law.folding import NEAR_A, guns
from tests.monitor.remembering import as_bytes, in_memory
from tests.stream.sharing import Held, Sharing
from tests.worlds import report, retold_reports, world


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def sharing(agreement: Agreement, tmp_path: Path) -> Iterator[Sharing]:
    shared = Sharing(agreement, 2, tmp_path)
    yield shared
    shared.close()


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(reports=retold_reports(), count=st.sampled_from([1, 2, 4]), cuts=st.integers(1, 5))
def test_shared_out_or_not_provisions_that_remember_say_the_same(
    agreement: Agreement, reports: list[Report], count: int, cuts: int
) -> None:
    with TemporaryDirectory() as folder:
        shared = Sharing(agreement, count, Path(folder))
        for number in range(cuts):
            shared.take(reports[number::cuts])
        shared.close()
        assert shared.alerts() == as_bytes(in_memory([agreement], [reports]))


GIVEN = [
    guns(1, NEAR_A, 2, 2),
    guns(2, NEAR_A, 6, 6, day=1),
    guns(3, NEAR_A, 1, 1, day=4),
    *(report(f"shot-{day}", NEAR_A, at=timedelta(days=day)) for day in (1, 2, 3)),
]


def test_a_lost_file_is_made_anew_and_says_nothing_twice(sharing: Sharing, agreement: Agreement) -> None:
    sharing.take(GIVEN[:4])
    before = sharing.findings.end("alerts")
    sharing.law.close()
    sharing.law = sharing.law_keeper(sharing.findings.end("findings"), "findings-0.1.db")
    sharing.send(sharing.law, sharing.findings)
    assert sharing.findings.end("alerts") == before > 0
    sharing.take(GIVEN[4:])
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))


def test_what_was_told_twice_or_by_one_who_slept_changes_nothing(sharing: Sharing, agreement: Agreement) -> None:
    for one in GIVEN:
        sharing.take([one])
    for record in list(sharing.findings.held["findings"])[:-1]:
        sharing.findings.put("findings", record)
    sharing.fold()
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))


def test_what_cannot_be_read_or_was_judged_by_other_rules_is_passed_over(
    sharing: Sharing, agreement: Agreement
) -> None:
    other = b'{"agreement":"world","judged_by":"another","partition":0,"reached":9,"incident_ids":["in_1"]}'
    for value in (b"no record of ours", other):
        sharing.findings.put("findings", Held("world", value))
    for one in GIVEN:
        sharing.take([one])
    assert sharing.law.next_offset == sharing.findings.end("findings")
    assert sharing.alerts() == as_bytes(in_memory([agreement], [GIVEN]))
