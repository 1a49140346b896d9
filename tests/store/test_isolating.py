"""A report with which judging fails: it is found, wherever in the log it is, and nothing else is lost with it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc
from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.model.taxonomy import RejectReason
from pipeline.monitor import core
from pipeline.store import Recorder, Store, StoreError, open_store
from pipeline.store.isolating import MOST_REFUSED
from pipeline.store.news import News
from tests.worlds import DAY, report, world

NEAR = [Disc(37.45, 48.35, 50.0), Disc(37.46, 48.36, 50.0)]


class Fault(Exception):
    """One of ours, made here on purpose."""


@contextmanager
def faulty(name: str, fails: Callable[[Any], bool]) -> Iterator[None]:
    """A core of which one step fails where what it is given is so."""
    with pytest.MonkeyPatch.context() as patch:
        step = getattr(core, name)

        def failing(given: Any, *rest: Any) -> Any:
            if fails(given):
                raise Fault
            return step(given, *rest)

        patch.setattr(core, name, failing)
        yield


def judging_fails_with(poison: set[str]) -> Any:
    return faulty("judge", lambda incidents: any(poison.intersection(one.report_ids) for one in incidents))


@pytest.fixture(scope="module")
def agreements(tmp_path_factory: pytest.TempPathFactory) -> list[Agreement]:
    folder = tmp_path_factory.mktemp("worlds")
    return [world(folder), world(folder, "other", mirror=True)]


def rejected_of(rejects: Iterable[Reject]) -> list[str]:
    """Which reports some rejects are of, once for each."""
    failed = (reject.bytes for reject in rejects if reject.reason is RejectReason.FAILED)
    return sorted(msgspec.json.decode(said, type=Report).report_id for said in failed)


def rejected(store: Store) -> list[str]:
    return rejected_of(reject for _, reject in store.rejects())


def stands(store: Store) -> list[object]:
    """What the record says, as far as it does not depend on when it was said."""
    held = sorted(store.connection.execute("SELECT tile, day, report_id, content FROM reports"))
    retired = sorted(store.connection.execute("SELECT * FROM tombstones"))
    findings = sorted(store.connection.execute("SELECT * FROM findings"))
    return [held, retired, findings, list(store.incidents(unresolved=None)), list(store.alerts(possible=True))]


@st.composite
def tellings(draw: st.DrawFn) -> list[Report]:
    told = []
    for number in range(1, draw(st.integers(1, 10)) + 1):
        revises = draw(st.sampled_from([None, None, None, *range(1, number)]))
        at = timedelta(hours=8, minutes=draw(st.integers(0, 12)))
        place, observer = draw(st.sampled_from(NEAR)), draw(st.sampled_from(["one", "two", "three"]))
        revised = f"test:{revises}" if revises else None
        told.append(report(number, place, at=at, observer=observer, revises=revised))
    return told


@settings(deadline=None, max_examples=60)
@given(told=tellings(), draws=st.data())
def test_what_is_judged_later_ends_as_if_the_poison_had_never_come(
    agreements: Sequence[Agreement], told: Sequence[Report], draws: st.DataObject
) -> None:
    poison = draws.draw(st.sets(st.sampled_from([one.report_id for one in told]), max_size=3))
    size = draws.draw(st.integers(1, len(told)))
    parts = [told[begin : begin + size] for begin in range(0, len(told), size)]
    judged_first = draws.draw(st.booleans())
    with TemporaryDirectory() as folder:
        with open_store(Path(folder) / "with.db", write=True) as store:
            news: list[News] = []
            if judged_first:
                for part in parts:
                    Recorder(store, agreements[:1], {}, clock=lambda: DAY).record(part)
            recorder = Recorder(store, agreements, {}, clock=lambda: DAY, tells=news.append)
            if not judged_first:
                recorder.unjudged(list(enumerate(parts)), lambda _: None)
            with judging_fails_with(poison):
                recorder.catch_up()
                assert Recorder(store, agreements, {}, clock=lambda: DAY).catch_up() == 0
            refused = rejected(store)
            # Told within transactions, of which those that only tried are undone.
            assert set(refused) <= set(rejected_of(reject for one in news for reject in one.rejects))
            assert set(refused) <= poison
            left = stands(store)
        with open_store(Path(folder) / "without.db", write=True) as store:
            taken = [one for one in told if one.report_id not in refused]
            with judging_fails_with(poison):
                Recorder(store, agreements, {}, clock=lambda: DAY).record(taken)
            assert left == stands(store)


def refused_of(folder: Path, agreements: Sequence[Agreement], told: Sequence[Report], poison: set[str]) -> list[str]:
    """What is refused of reports, each in a frame of its own, that are judged when all of them are there."""
    with open_store(folder / "t.db", write=True) as store:
        recorder = Recorder(store, agreements, {}, clock=lambda: DAY)
        recorder.unjudged([(number, [one]) for number, one in enumerate(told)], lambda _: None)
        with judging_fails_with(poison):
            recorder.catch_up()
        return rejected(store)


def test_what_only_leads_to_the_poison_is_not_blamed(tmp_path: Path, agreements: Sequence[Agreement]) -> None:
    """The first is linked with the poison by the last alone, which comes after both."""
    told = [
        report(1, NEAR[0], observer="three"),
        report(2, NEAR[0], observer="one"),
        report(3, NEAR[1], observer="one"),
        report(4, NEAR[1], observer="three"),
    ]
    assert refused_of(tmp_path, agreements, told, {"test:3"}) == ["test:3"]


def test_a_revision_that_only_leads_to_the_poison_is_not_blamed(
    tmp_path: Path, agreements: Sequence[Agreement]
) -> None:
    """If it were, what it retires, which is poison too, would be back."""
    told = [
        report(1, NEAR[1], observer="two"),
        report(2, NEAR[1], observer="three"),
        report(3, NEAR[0], observer="one"),
        report(4, NEAR[0], observer="two", revises="test:1"),
    ]
    assert refused_of(tmp_path, agreements, told, {"test:1", "test:3"}) == ["test:3"]


def test_what_leads_to_the_poison_on_another_day_is_not_blamed(tmp_path: Path, agreements: Sequence[Agreement]) -> None:
    """A revision leads from the day that is judged first to the neighbours of what it retires, eight days later."""
    later = timedelta(days=8, hours=8)
    told = [
        report(1, NEAR[0], observer="three"),
        report(2, NEAR[0], observer="two", revises="test:3"),
        report(3, NEAR[0], observer="three", at=later),
        report(4, NEAR[0], observer="one", at=later),
        report(5, NEAR[1], observer="one", at=later),
        report(6, NEAR[1], observer="three", at=later),
        report(7, NEAR[0], observer="one"),
    ]
    assert refused_of(tmp_path, agreements, told, {"test:5", "test:7"}) == ["test:5", "test:7"]


def test_a_revision_of_what_was_judged_is_not_blamed_for_its_neighbour(
    tmp_path: Path, agreements: Sequence[Agreement]
) -> None:
    """It only has what was said eight days later looked at again."""
    later = timedelta(days=8, hours=8)
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder = Recorder(store, agreements, {}, clock=lambda: DAY)
        told = [report(number, NEAR[0], at=later, observer=one) for number, one in enumerate(("one", "two"), start=1)]
        recorder.record(told)
        recorder.unjudged([(0, [report(3, NEAR[0], revises="test:1")])], lambda _: None)
        with judging_fails_with({"test:2"}):
            recorder.catch_up()
        assert rejected(store) == ["test:2"]


@pytest.mark.parametrize(
    ("poison", "refused"),
    [({"test:2"}, []), ({"test:2", "test:3", "test:4"}, ["test:2", "test:3", "test:4"])],
    ids=["what-revises-it-stays", "what-revises-it-is-refused"],
)
def test_poison_that_is_revised_stays_gone_until_what_revises_it_is_refused(
    tmp_path: Path, agreements: Sequence[Agreement], poison: set[str], refused: list[str]
) -> None:
    """What revises a revision brings nothing back."""
    told = [
        report(1, NEAR[0], observer="one"),
        report(2, NEAR[0], observer="one"),
        report(3, NEAR[0], observer="one", revises="test:2"),
        report(4, NEAR[0], observer="one", revises="test:3"),
    ]
    assert refused_of(tmp_path, agreements, told, poison) == refused


def test_a_report_that_cannot_be_placed_is_rejected_and_the_others_are_taken(
    tmp_path: Path, agreements: Sequence[Agreement]
) -> None:
    marks: list[int] = []
    told = [report(number, NEAR[0], at=timedelta(hours=number)) for number in range(7, 15)]
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder = Recorder(store, agreements, {}, clock=lambda: DAY)
        with faulty("place", lambda reports: any(one.report_id == "test:9" for one in reports)):
            recorder.unjudged([(5, told[:4]), (6, told[4:])], marks.append)
            recorder.catch_up()
        assert marks == [5, 6]
        assert {row[0] for row in store.connection.execute("SELECT report_id FROM reports")} == {
            one.report_id for one in told if one.report_id != "test:9"
        }
        (reject,) = [reject for _, reject in store.rejects()]
        assert (reject.source, reject.reason, b"test:9" in reject.bytes) == ("test", RejectReason.FAILED, True)


def test_a_fault_with_everything_does_not_empty_the_record(tmp_path: Path, agreements: Sequence[Agreement]) -> None:
    told = [report(number, NEAR[0], at=timedelta(hours=number)) for number in range(2 * MOST_REFUSED)]
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder = Recorder(store, agreements, {}, clock=lambda: DAY)
        recorder.unjudged([(0, told)], lambda _: None)
        with faulty("judge", lambda _: True), pytest.raises(Fault):
            recorder.catch_up()
        assert store.figures()["reports"] == len(told)
        assert not rejected(store)
        recorder.catch_up()
        assert store.figures()["alerts"]


def test_a_disk_that_fails_is_no_reports_fault(tmp_path: Path, agreements: Sequence[Agreement]) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        recorder = Recorder(store, agreements, {}, clock=lambda: DAY)
        recorder.unjudged([(0, [report(1, NEAR[0])])], lambda _: None)
        store.connection.execute(
            "CREATE TEMP TRIGGER failing BEFORE INSERT ON main.incidents BEGIN SELECT RAISE(ABORT, 'no disk'); END"
        )
        with pytest.raises(StoreError, match="no disk"):
            recorder.catch_up()
        store.connection.execute("DROP TRIGGER failing")
        assert not rejected(store)
        assert store.figures()["reports"] == 1


def test_what_comes_after_frames_that_are_gone_is_still_judged(tmp_path: Path, agreements: Sequence[Agreement]) -> None:
    """A number of the log that was judged and closed is not given to a frame that is still to be judged."""

    def opened(store: Store) -> Recorder:
        return Recorder(store, agreements, {}, clock=lambda: DAY + timedelta(days=99), retention_days=30)

    with open_store(tmp_path / "t.db", write=True) as store:
        opened(store).record([report(1, NEAR[0], at=timedelta(days=30))])
        opened(store).record([report(2, NEAR[0])])
        opened(store).record([report(1, NEAR[0], at=timedelta(days=30), text="reworded")])
        store.connection.execute("DELETE FROM frames WHERE seq > 1")
        store.connection.execute("DELETE FROM reports WHERE seq > 1")
        late = opened(store)
        late.unjudged([(0, [report(3, NEAR[0], at=timedelta(days=31))])], lambda _: None)
        late.catch_up()
        assert any(alert.report_ids == ("test:3",) for alert in store.alerts())
