"""Two records side by side: the causes add up to the difference, and name the reports that came between."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.analysis import Cause, Comparison, compare
from pipeline.analysis.comparing import INCIDENTS
from pipeline.archive.chosen import Period
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.store import Recorder, Store, open_store
from tests.archive.lived import MOMENTS, lived, moment
from tests.worlds import world, write_world

BY_REPORT = {Cause.RETRACTED, Cause.REVISED, Cause.LATE, Cause.NEW}


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, agreement: Agreement) -> Iterator[Store]:
    path, _ = lived(tmp_path_factory.mktemp("live") / "live.db", agreement)
    with open_store(path) as store:
        yield store


def as_of(live: Store, folder: Path, agreement: Agreement, time: datetime, *, acts: datetime | None = None) -> Path:
    """The record as it was known at a time; what operators did, by another."""
    path = folder / f"{time:%d%H}-{acts or time:%d%H}-{agreement.fingerprint}.db"
    if not path.exists():
        with open_store(path, write=True) as store:
            recorder = Recorder(store, [agreement], load_gazetteer().outlines, clock=lambda: time)
            recorder.keep(one for one in live.actions() if Period(as_of=acts or time).decided(one.decided_at))
            recorder.catch_up()
            known = filter(Period(as_of=time).takes, (one for _, some in live.reports() for one in some))
            recorder.record(list(known))
    return path


def compared(first: Path, last: Path, under: Path | None = None, until: datetime | None = None) -> Comparison:
    with ExitStack() as stack:
        stores = [None if path is None else stack.enter_context(open_store(path)) for path in (first, last, under)]
        assert stores[0] is not None
        assert stores[1] is not None
        return compare(stores[0], stores[1], under_law=stores[2], known_until=until)


def counted(path: Path) -> dict[tuple[tuple[str, ...], str], int]:
    """The figures of a record, counted plainly."""
    found: dict[tuple[tuple[str, ...], str], int] = {}
    with open_store(path) as store:
        names = [((one.agreement, one.provision), one.standing.value) for one in store.alerts(possible=True)]
        incidents = store.incidents(unresolved=None)
        for name in (*names, *((INCIDENTS, "unresolved" if one.unresolved else "incident") for one in incidents)):
            found[name] = found.get(name, 0) + 1
    return found


def adds_up(found: Comparison, first: Path, last: Path) -> bool:
    """Whether the figures are those of the records, and the causes add up to what they differ by."""
    befores = {(one.group, one.label): one.before for one in found.figures if one.before}
    afters = {(one.group, one.label): one.after for one in found.figures if one.after}
    sums = all(one.after - one.before == sum(one.by_cause.values()) for one in found.figures)
    return sums and (befores, afters) == (counted(first), counted(last))


def test_between_any_two_times_the_causes_add_up_and_name_what_came_between(
    live: Store, agreement: Agreement, tmp_path: Path
) -> None:
    draw, told = random.Random(3), set()
    received: dict[str, list[Report]] = {}
    for _, some in live.reports():
        for one in some:
            received.setdefault(one.report_id, []).append(one)
    for _ in range(25):
        begin, end = sorted(draw.sample(range(0, MOMENTS, 8), 2))
        times = moment(begin), moment(end)
        first, last = (as_of(live, tmp_path, agreement, time) for time in times)
        found = compared(first, last, until=times[0])
        assert adds_up(found, first, last), times
        for change in found.changed:
            told.add(change.cause)
            assert (change.cause in BY_REPORT) == bool(change.report_ids)
            for name in change.report_ids:
                came = [one.received_at for one in received[name] if one.received_at is not None]
                assert any(times[0] < time <= times[1] for time in came), (change, came)
    assert told >= {Cause.LATE, Cause.RETRACTED, Cause.REVISED, Cause.ACT}, told


def test_a_record_does_not_differ_from_itself(live: Store, agreement: Agreement, tmp_path: Path) -> None:
    path = as_of(live, tmp_path, agreement, moment(100))
    assert compared(path, path).changed == []


def test_where_operators_alone_did_something_every_change_is_an_act(
    live: Store, agreement: Agreement, tmp_path: Path
) -> None:
    first = as_of(live, tmp_path, agreement, moment(150), acts=moment(1))
    last = as_of(live, tmp_path, agreement, moment(150))
    found = compared(first, last)
    assert {change.cause for change in found.changed} == {Cause.ACT}
    assert adds_up(found, first, last)


def test_another_law_is_told_apart_from_what_came_in(live: Store, agreement: Agreement, tmp_path: Path) -> None:
    path = write_world(tmp_path)
    path.write_text(path.read_text().replace("to_m = 25000", "to_m = 9000"))
    other = load_agreement(path)
    first = as_of(live, tmp_path, agreement, moment(80))
    under = as_of(live, tmp_path, other, moment(80))
    last = as_of(live, tmp_path, other, moment(160))
    only_law = compared(first, under, under)
    assert {change.cause for change in only_law.changed} == {Cause.RULE}
    assert not any(one.after - one.before for one in only_law.figures if one.group == INCIDENTS)
    both = compared(first, last, under, until=moment(80))
    assert adds_up(both, first, last)
    assert [one for one in both.changed if one.cause is Cause.RULE] == only_law.changed
    reverse = compared(last, first, as_of(live, tmp_path, agreement, moment(160)), until=moment(160))
    assert adds_up(reverse, last, first)
    assert Cause.WITHDRAWN in {change.cause for change in reverse.changed}
