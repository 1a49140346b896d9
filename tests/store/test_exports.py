"""A later export of a table: revisions and retractions, and the same alerts as by that export alone."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc
from pipeline.model.records import Reject
from pipeline.model.report import Origin, Report
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import Row
from pipeline.store import Recorder, Store, open_store
from pipeline.store.exports import Difference, LaterExport, note_export, root_of, with_earlier
from tests.worlds import DAY, report, world

NEAR = Disc(37.45, 48.35, 50.0)
Table = dict[int, Report]


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


def row(number: int, minute: int, step: int, ledger: str = "independent") -> Report:
    place = Disc(37.45 + step / 100, 48.35, 50.0)
    return report(f"{number:03}", place, at=timedelta(hours=8, minutes=30 * minute), ledger=ledger)


# Each report at a time and a place of its own: where two are equal, a tie goes by ids, and those of revisions differ.
tables = st.dictionaries(
    st.integers(0, 6), st.tuples(st.integers(0, 2), st.integers(0, 4), st.sampled_from(["independent", "public"]))
).map(lambda made: {n: row(n, 10 * n + minute, step, ledger) for n, (minute, step, ledger) in made.items()})


def rejected(data: bytes) -> Row:
    why = RejectReason.BAD_VALUE
    return Row(1, 0, reject=Reject(file="b", row=1, position=0, field="", reason=why, detail="", source="test",
        bytes=data, length=len(data), sha256="0" * 64))  # fmt: skip


class Run:
    """Reads exports into a store, one after the other."""

    def __init__(self, store: Store, agreement: Agreement) -> None:
        self.store = store
        self.recorder = Recorder(store, [agreement], {}, clock=lambda: DAY + timedelta(days=9))

    def plain(self, name: str, table: Sequence[Report]) -> None:
        self.recorder.record(
            [told(one, name) for one in table], within=lambda: note_export(self.store.connection, name)
        )

    def over(
        self, name: str, table: Sequence[Report], *earlier: str, bad: Sequence[Row] = (), whole: bool = True
    ) -> Difference:
        rows = [Row(number, 0, (told(one, name),)) for number, one in enumerate(table, start=1)]
        export = LaterExport(self.store, with_earlier(self.store, [*earlier, name]))
        export.compare([*rows, *bad])
        difference = export.settle(whole=whole)
        reports = [one for some in rows for one in export.revised(some).reports]
        self.recorder.record(reports, within=lambda: note_export(self.store.connection, name, earlier))
        for retractions in export.withdrawals():
            self.recorder.record(retractions)
        export.close()
        return difference


def told(one: Report, name: str) -> Report:
    return replace(one, origin=Origin(name, 1, "0" * 64))


def view(store: Store) -> list[tuple[object, ...]]:
    """The current alerts without the ids that tell a revision from what it revises."""
    return sorted(
        (a.provision, a.observed_from, a.observed_until, a.lon, a.lat, a.probability, a.severity, a.standing,
         sorted(map(root_of, a.report_ids)))
        for a in store.alerts(possible=True)
    )  # fmt: skip


def counts(difference: Difference) -> tuple[int, int, int, int]:
    return difference.added, difference.changed, difference.withdrawn, difference.unchanged


@settings(max_examples=40)
@given(exports=st.lists(tables, min_size=2, max_size=4), again=st.booleans())
def test_exports_over_each_other_give_the_alerts_of_the_last_alone(
    agreement: Agreement, exports: list[Table], again: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with open_store(f"{folder}/one.db", write=True) as alone:
            Run(alone, agreement).plain("last", [*exports[-1].values()])
            expected = view(alone), alone.figures()["incidents"]
        with open_store(f"{folder}/all.db", write=True) as store:
            run = Run(store, agreement)
            run.plain("0", [*exports[0].values()])
            for number, table in enumerate(exports[1:], start=1):
                difference = run.over(str(number), [*table.values()], str(number - 1))
                assert difference.added + difference.changed + difference.unchanged == len(table)
            if exports[-1]:
                assert (view(store), store.figures()["incidents"]) == expected
            before = list(store.history()), store.figures()
            if again:
                difference = run.over(str(len(exports) - 1), [*exports[-1].values()], str(len(exports) - 2))
                assert counts(difference)[:3] == (0, 0, 0)
                assert (list(store.history()), store.figures()) == before
            log = [one for _, reports in store.reports() for one in reports]
            seen = view(store)
        with open_store(f"{folder}/backwards.db", write=True) as backwards:
            Recorder(backwards, [agreement], {}, clock=lambda: DAY + timedelta(days=9)).record(log[::-1])
            assert view(backwards) == seen


def test_a_row_that_changes_back_and_forth_is_a_chain(tmp_path: Path, agreement: Agreement) -> None:
    a, b = row(1, 0, 0), row(1, 0, 2)
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("t.csv", [a])
        for number, table in enumerate(([b], [a], [b], [a]), start=1):
            assert counts(run.over("t.csv", table, "t.csv")) == (0, 1, 0, 0)
            (alert,) = store.alerts()
            assert alert.lon == pytest.approx(37.47 if number % 2 else 37.45, abs=0.001)
        assert store.figures()["reports"] == 5
        assert counts(run.over("t.csv", [], "t.csv")) == (0, 0, 0, 0)  # an export without a good row is no deletion
        other = row(2, 0, 0)
        assert counts(run.over("t.csv", [other], "t.csv")) == (1, 0, 1, 0)
        assert counts(run.over("t.csv", [a, other], "t.csv")) == (0, 1, 0, 1)
        assert [alert.report_ids for alert in store.alerts()] != []


def test_a_torn_export_withdraws_nothing(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [row(1, 0, 0), row(2, 10, 0)])
        assert counts(run.over("b", [row(1, 0, 1)], "a", whole=False)) == (0, 1, 0, 0)
        assert len(list(store.alerts())) == 2


@pytest.mark.parametrize("bytes_", [b"002,2016-03-01,somewhere", b'x;"002";bad', b"002.0,1"])
def test_a_damaged_row_is_no_deletion(tmp_path: Path, agreement: Agreement, bytes_: bytes) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [row(1, 0, 0), row(2, 10, 0), row(3, 20, 0)])
        difference = run.over("b", [row(1, 0, 0)], "a", bad=[rejected(bytes_)])
        assert (counts(difference), difference.doubtful) == ((0, 0, 1, 1), 1)
        assert {alert.report_ids for alert in store.alerts()} == {("test:001",), ("test:002",)}


def test_rows_without_an_id_of_their_own_stay_while_some_row_cannot_be_read(
    tmp_path: Path, agreement: Agreement
) -> None:
    nameless = replace(row(1, 0, 0), report_id=f"test:row-{'0' * 24}")
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [nameless, row(2, 10, 0)])
        assert run.over("b", [row(2, 10, 0)], "a", bad=[rejected(b"no id at all")]).doubtful == 1
        assert counts(run.over("b", [row(2, 10, 0)], "a")) == (0, 0, 1, 1)


def test_several_contents_under_one_id_are_unchanged_while_they_are_the_same(
    tmp_path: Path, agreement: Agreement
) -> None:
    two = [row(1, 0, 0), row(1, 0, 3)]
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", two)
        assert counts(run.over("b", two[::-1], "a")) == (0, 0, 0, 1)
        assert counts(run.over("c", two[:1], "b")) == (0, 1, 0, 0)
        assert counts(run.over("d", two, "c")) == (0, 1, 0, 0)
        assert counts(run.over("d", two, "c")) == (0, 0, 0, 1)


def test_what_another_file_reports_is_left_alone(tmp_path: Path, agreement: Agreement) -> None:
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [row(1, 0, 0)])
        run.plain("other", [row(2, 10, 0)])
        assert counts(run.over("b", [row(3, 20, 0)], "a")) == (1, 0, 1, 0)
        assert {alert.report_ids for alert in store.alerts()} == {("test:002",), ("test:003",)}


def test_an_export_is_known_to_stand_for_those_before_it(tmp_path: Path, agreement: Agreement) -> None:
    """The second export repeated a row of the first; the third, which names the second alone, drops it."""
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [row(1, 0, 0), row(2, 10, 0)])
        assert counts(run.over("b", [row(1, 0, 0), row(2, 10, 1)], "a")) == (0, 1, 0, 1)
        assert counts(run.over("c", [row(2, 10, 1)], "b")) == (0, 0, 1, 1)
        assert len(list(store.alerts())) == 1


def test_a_correction_of_its_own_keeps_what_it_names(tmp_path: Path, agreement: Agreement) -> None:
    correction = replace(row(2, 10, 0), revises="test:001")
    with open_store(tmp_path / "t.db", write=True) as store:
        run = Run(store, agreement)
        run.plain("a", [row(1, 0, 0), correction])
        changed = replace(row(2, 10, 3), revises="test:001")
        assert counts(run.over("b", [row(1, 0, 0), changed], "a")) == (0, 1, 0, 1)
        (alert,) = store.alerts()
        assert alert.lon == pytest.approx(37.48, abs=0.001)
        assert counts(run.over("b", [row(1, 0, 0), changed], "a")) == (0, 0, 0, 2)
