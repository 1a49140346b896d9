"""What the record keeps: revisions, corrections, agreements that come later, sealed fields."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Disc
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import SEALABLE, Origin, Remark, Report
from pipeline.model.taxonomy import Change, Status
from pipeline.store import Recorder, Store, StoreError, open_store
from pipeline.store.frames import decode_frame, encode_frame
from tests.worlds import DAY, report, reports_near_the_line, world, write_world

NEAR_A = Disc(37.45, 48.35, 50.0)
AWAY = Disc(36.0, 50.0, 50.0)
NEXT_DAY = timedelta(days=1, hours=8)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "t.db", write=True) as opened:
        yield opened


def recorder(store: Store, *agreements: Agreement) -> Recorder:
    made = Recorder(store, agreements, {}, clock=lambda: DAY + timedelta(days=9))
    made.catch_up()
    return made


def provisions(store: Store) -> list[str]:
    return [alert.provision for alert in store.alerts(possible=True)]


def test_a_duplicate_is_recorded_once(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    first = record([report(1, NEAR_A), report(1, NEAR_A)])
    again = record([report(1, NEAR_A, feed="another", received_at=DAY)])
    assert (first.new, again.new) == ((True, False), (False,))
    assert store.figures()["reports"] == 1
    assert len(list(store.history())) == 1


def test_of_two_versions_the_later_published_counts_whatever_came_first(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    record([report(1, NEAR_A, published_at=DAY)])
    record([report(1, Disc(37.45, 48.36, 50.0), published_at=DAY + timedelta(days=2))])
    record([report(1, Disc(37.45, 48.37, 50.0), published_at=DAY + timedelta(days=1))])
    (alert,) = store.alerts()
    assert alert.lat == 48.36
    assert [entry.change for entry in store.history(alert.alert_id)] == [Change.REPORTED, Change.EVIDENCE_CHANGED]
    assert len(store.versions(["test:1"])["test:1"]) == 3


def test_a_correction_takes_the_old_alerts_place_and_says_so(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    record([report(1, NEAR_A)])
    (old,) = store.alerts()
    record([report(2, NEAR_A, at=NEXT_DAY, revises="test:1")])
    (new,) = store.alerts()
    assert new.report_ids == ("test:2",)
    last = list(store.history(old.alert_id))[-1]
    assert (last.alert.status, last.change) == (Status.SUPERSEDED, Change.EVIDENCE_WITHDRAWN)
    assert last.superseded_by == (new.alert_id,)
    assert next(iter(store.history(new.alert_id))).supersedes == (old.alert_id,)
    assert store.figures()["incidents"] == 1


def test_a_correction_holds_also_for_what_comes_after_it(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    record([report(2, AWAY, at=NEXT_DAY, revises="test:1")])
    record([report(1, NEAR_A)])
    assert provisions(store) == []


def test_one_ledger_cannot_retire_anothers_report(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    record([report(1, NEAR_A, ledger="independent")])
    record([report(2, AWAY, ledger="party:a", revises="test:1")])
    assert provisions(store) == ["ceasefire"]


def test_a_retraction_withdraws(store: Store, agreement: Agreement) -> None:
    record = recorder(store, agreement).record
    record([report(1, NEAR_A)])
    record([report(1, NEAR_A, retracted=True, published_at=DAY)])
    assert provisions(store) == []
    assert store.figures()["incidents"] == 0


def test_an_agreement_that_comes_later_judges_what_is_in_the_log(
    tmp_path: Path, store: Store, agreement: Agreement
) -> None:
    recorder(store).record([report(1, NEAR_A), report(2, AWAY)])
    assert provisions(store) == []
    assert recorder(store, agreement).catch_up() == 0
    assert provisions(store) == ["ceasefire"]
    (tmp_path / "later").mkdir()
    other = world(tmp_path / "later", "later")
    recorder(store, agreement, other)
    assert [alert.agreement for alert in store.alerts()] in (["later", "world"], ["world", "later"])


def test_a_changed_agreement_judges_everything_anew(tmp_path: Path, store: Store) -> None:
    path = write_world(tmp_path)
    recorder(store, load_agreement(path)).record([report(1, NEAR_A), report(2, Disc(37.6, 48.15, 50.0))])
    assert len(provisions(store)) == 2
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('side = "both"', 'side = "right"').replace('version = "1"', 'version = "2"'), "utf-8")
    recorder(store, load_agreement(path))
    (alert,) = store.alerts()
    assert (alert.report_ids, alert.agreement_version) == (("test:2",), "2")
    assert {entry.change for entry in store.history()} == {Change.REPORTED, Change.AGREEMENT_CHANGED}


def test_a_report_far_behind_is_late_and_recorded_all_the_same(store: Store, agreement: Agreement) -> None:
    record = Recorder(store, [agreement], {}, clock=lambda: DAY + timedelta(days=41)).record
    recent = report(1, AWAY, at=timedelta(days=40), received_at=DAY + timedelta(days=40))
    outcome = record([recent, report(2, NEAR_A), report(3, AWAY, at=timedelta(days=20))])
    assert outcome.late == (False, True, False)
    assert provisions(store) == ["ceasefire"]


def test_a_report_dated_in_the_future_makes_nothing_late(store: Store, agreement: Agreement) -> None:
    outcome = recorder(store, agreement).record(
        [report(1, AWAY, at=timedelta(days=3650), received_at=DAY), report(2, NEAR_A)]
    )
    assert outcome.late == (False, False)


@given(reports=st.lists(reports_near_the_line(), min_size=1, max_size=5), seed=st.binary(min_size=16, max_size=16))
def test_a_frame_gives_back_its_reports(reports: list[Report], seed: bytes) -> None:
    assert decode_frame(*encode_frame(reports, lambda n: (seed * n)[:n])) == reports


def test_what_may_be_sealed_stands_apart_and_is_committed_to() -> None:
    secret = report(
        1,
        NEAR_A,
        text="a witness",
        url="u",
        observer="the witness",
        remarks=(Remark("count", "the witness: N/K", RemarkRule.COUNT_NOT_KNOWN),),
        origin=Origin("f", 1, "0" * 64),
        ledger="public",
    )
    open_part, sealable = encode_frame([secret], lambda n: bytes(range(256))[:n])
    assert b"witness" not in open_part
    line, kept = msgspec.json.decode(open_part), msgspec.json.decode(sealable)
    assert set(line["sealed"]) == set(kept) == set(SEALABLE)
    for name in SEALABLE:
        salt, value = bytes.fromhex(kept[name][0]), msgspec.json.encode(kept[name][1])
        assert line["sealed"][name] == sha256(salt + name.encode() + b"\0" + value).hexdigest()
    assert len({salt for salt, _ in kept.values()}) == len(SEALABLE)
    sealed = msgspec.json.encode({**kept, "observer": None})
    assert decode_frame(open_part, sealed) == [replace(secret, observer=None)]


def test_the_record_can_be_read_while_it_is_written(tmp_path: Path, store: Store, agreement: Agreement) -> None:
    writer = recorder(store, agreement)
    with open_store(tmp_path / "t.db") as reader:
        assert list(reader.alerts()) == []
        writer.record([report(1, NEAR_A)])
        assert len(list(reader.alerts())) == 1


def test_a_second_writer_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(StoreError, match=r"another run \(process \d+\) is writing"):
        open_store(tmp_path / "t.db", write=True)


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path / "t.db", write=True).close()
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    for write in (False, True):
        with pytest.raises(StoreError, match="a store of version 99, and this Truceline reads version 5"):
            open_store(tmp_path / "t.db", write=write)


def test_a_store_of_the_version_before_is_read_and_brought_up_to_date_by_a_run(tmp_path: Path) -> None:
    open_store(tmp_path / "t.db", write=True).close()
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.executescript("DROP TABLE exports; DROP TABLE followed; PRAGMA user_version = 4;")
    with open_store(tmp_path / "t.db") as read:
        assert read.figures()["reports"] == 0
    with open_store(tmp_path / "t.db", write=True) as written:
        assert written.connection.execute("SELECT count(*) FROM followed").fetchone() == (0,)
        assert written.connection.execute("PRAGMA user_version").fetchone() == (5,)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at" * 30, b"SQLite format 3\0"])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="no Truceline store"):
        open_store(path, write=True)
    assert path.read_bytes() == content


def test_a_failed_batch_leaves_nothing_behind(store: Store, agreement: Agreement) -> None:
    writer = recorder(store, agreement)
    writer.record([report(1, NEAR_A)])
    store.connection.execute("CREATE TRIGGER full BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StoreError, match="disk is full"):
        writer.record([report(2, NEAR_A, at=timedelta(hours=9))])
    assert store.figures()["reports"] == 1
    store.connection.execute("DROP TRIGGER full")
    writer.record([report(2, NEAR_A, at=timedelta(hours=9))])
    assert len(provisions(store)) == 2


def test_a_store_in_a_folder_that_cannot_be_written_can_be_read(
    tmp_path: Path, agreement: Agreement, unprivileged: tuple[str, ...]
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    with open_store(folder / "t.db", write=True) as store:
        recorder(store, agreement).record([report(1, NEAR_A)])
    folder.chmod(0o555)
    asked = [
        *unprivileged,
        sys.executable,
        "-m",
        "pipeline",
        "alerts",
        "list",
        "--store",
        str(folder / "t.db"),
        "--json",
    ]
    listed = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert '"provision":"ceasefire"' in listed.stdout
