"""Amendments: an event is judged by the text in force at its time, or by another on request."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement, AgreementError, load_agreement, shipped_agreements
from pipeline.agreement.load import check_agreement
from pipeline.agreement.terms import in_force
from pipeline.agreement.texts import ORIGINAL, by_text, text_at
from pipeline.model.footprint import Disc
from pipeline.model.taxonomy import Activity
from pipeline.monitor import MemoryWindows, Monitor
from tests.worlds import report, write_world

NEAR_A = Disc(37.45, 48.35, 50.0)
SECOND = """
[[amendments]]
id = "second"
title = "The second text"
from = 2016-03-03T00:00:00Z
source = "made-up"
confidence = "high"
"""
ADDED = ('id = "troops-a"', 'id = "troops-a"\nadded_by = "second"')
ENDED = ('id = "ceasefire"', 'id = "ceasefire"\nended_by = "second"')


def amended(folder: Path, *swaps: tuple[str, str], extra: str = SECOND) -> Path:
    path = write_world(folder, extra=extra)
    text = path.read_text("utf-8")
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return amended(tmp_path_factory.mktemp("texts"), ADDED, ENDED)


def judged(agreement: Agreement, hours: float) -> set[str]:
    """What fire, and troops, on A's side break so long after the first of March."""
    seen = [
        report(number, NEAR_A, activity, at=timedelta(hours=hours), observer="patrol")
        for number, activity in enumerate((Activity.EXPLOSION, Activity.TROOP_PRESENCE))
    ]
    changes = Monitor([agreement], MemoryWindows(), {}).process(seen)
    return {alert.provision for alert in changes.alerts[agreement.name]}


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("", {"ceasefire"}, {"troops-a"}),
        ("@original", {"ceasefire"}, {"ceasefire"}),
        ("@second", {"troops-a"}, {"troops-a"}),
        ("@2016-03-02", {"ceasefire"}, {"ceasefire"}),
        ("@2016-03-04", {"troops-a"}, {"troops-a"}),
    ],
)
def test_an_event_is_judged_by_the_text_of_its_time_or_by_the_one_asked_for(
    path: Path, text: str, before: set[str], after: set[str]
) -> None:
    agreement = load_agreement(f"{path}{text}")
    # The world's troops-a ends on 2 March 20:00 but for its own dates, so both moments lie within them.
    assert judged(agreement, 7) == before
    assert judged(agreement, 60) == after


def test_a_text_has_a_name_and_a_fingerprint_of_its_own(path: Path) -> None:
    texts = [load_agreement(f"{path}{text}") for text in ("", "@original", "@second")]
    assert [one.name for one in texts] == ["world", "world@original", "world@second"]
    assert len({one.fingerprint for one in texts}) == 3


def test_texts_stand_beside_each_other(path: Path) -> None:
    texts = [load_agreement(f"{path}{text}") for text in ("@original", "@second")]
    seen = [report(0, NEAR_A, Activity.EXPLOSION, at=timedelta(hours=60), observer="patrol")]
    changes = Monitor(texts, MemoryWindows(), {}).process(seen)
    assert {name: [alert.provision for alert in alerts] for name, alerts in changes.alerts.items()} == {
        "world@original": ["ceasefire"],
        "world@second": [],
    }


def test_a_text_that_is_not_there_is_told_with_those_that_are(path: Path) -> None:
    with pytest.raises(AgreementError, match=r"no text 'third'; its texts are original, second, or name a day"):
        load_agreement(f"{path}@third")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "second"', 'id = "original"', "'original' is the text before any amendment"),
        ("from = 2016-03-03", "from = 2016-01-03", "is not after the agreement's in_force_from"),
        ('added_by = "second"', 'added_by = "third"', "'third' is not among the amendments"),
        ('added_by = "second"', 'added_by = "second"\nended_by = "second"', "is not after"),
        (
            'source = "made-up"\nconfidence = "high"',
            'source = "x"\nconfidence = "high"',
            "'x' is not among the sources",
        ),
    ],
)
def test_what_does_not_fit_is_a_problem(tmp_path: Path, old: str, new: str, told: str) -> None:
    found = check_agreement(amended(tmp_path, ADDED, ENDED, (old, new)))
    assert any(told in str(problem) for problem in found), found


def test_two_texts_from_one_moment_are_a_problem(tmp_path: Path) -> None:
    twice = SECOND + SECOND.replace('"second"', '"third"')
    assert any("from the same moment" in str(one) for one in check_agreement(amended(tmp_path, extra=twice)))


@given(st.sampled_from(shipped_agreements()), st.data())
def test_what_is_in_force_at_a_time_is_what_the_text_of_that_time_has_in_force_then(
    name: str, data: st.DataObject
) -> None:
    tables = load_agreement(name).tables
    begins = [tables.header.in_force_from, *(one.begin for one in tables.amendments)]
    days = data.draw(st.integers(0, 3_000))
    at = data.draw(st.sampled_from(begins)).astimezone(UTC) + timedelta(days=days)
    alone = by_text(tables, text_at(tables, at))
    assert alone is not None

    def holding(one: object) -> set[str]:
        return {
            table.id
            for table in one.provisions  # type: ignore[attr-defined]
            if any(begin <= at and (until is None or at < until) for begin, until in in_force(one, table))  # type: ignore[arg-type]
        }

    assert holding(alone) == holding(tables)


def test_donbas_has_four_texts_each_with_more_than_the_one_before() -> None:
    tables = load_agreement("donbas-2015").tables
    names = [ORIGINAL, "addendum-2015", "framework-2016", "measures-2020"]
    found = [by_text(tables, name) for name in names]
    ids = [{table.id for table in one.provisions} for one in found if one is not None]
    assert [len(one) for one in ids] == sorted(len(one) for one in ids)
    assert all(earlier < later for earlier, later in pairwise(ids))
    days = [datetime(year, 12, 1, tzinfo=UTC) for year in (2015, 2016, 2020)]
    assert [text_at(tables, day) for day in days] == names[1:]
