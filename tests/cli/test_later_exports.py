"""`run --replaces`: what is said of a later export, and of one that was run without it."""

from pathlib import Path

import pytest

from pipeline.store import open_store
from tests.cli.driving import Cli, line


def difference(told: dict[str, int]) -> tuple[int, ...]:
    return tuple(told[name] for name in ("added", "changed", "withdrawn", "unchanged"))


def test_a_later_export_changes_what_changed_and_withdraws_what_is_gone(cli: Cli, world: Path) -> None:
    Path("old.ndjson").write_bytes(line(1) + line(2) + line(3))
    Path("new.ndjson").write_bytes(line(1) + line(2, observed_from="2016-03-01T07:30:00Z") + line(4))
    plain = cli("run", "-a", world, "old.ndjson", "--json").json()
    assert plain["added"] is None
    told = cli("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    assert told.code == 0
    assert difference(told.json()) == (1, 1, 1, 1)
    assert told.json()["alerts"] == 3
    assert "alerts: 2 went, 2 came" in told.err
    with open_store("truceline.db") as store:
        before = list(store.history())
    again = cli("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    assert difference(again.json()) == (0, 0, 0, 3)
    with open_store("truceline.db") as store:
        assert list(store.history()) == before
    back = cli("run", "-a", world, "old.ndjson", "--replaces", "new.ndjson", "--json")
    assert difference(back.json()) == (0, 2, 1, 1)
    assert {len(alert.report_ids) for alert in open_store("truceline.db").alerts()} == {1}


def test_without_it_a_run_says_that_it_may_be_a_later_export(cli: Cli, world: Path) -> None:
    Path("old.ndjson").write_bytes(line(1) + line(2))
    first = cli("run", "-a", world, "old.ndjson")
    assert "--replaces" not in first.err
    assert "--replaces" not in cli("run", "-a", world, "old.ndjson").err
    Path("new.ndjson").write_bytes(line(1, text="More.") + line(2))
    told = cli("run", "-a", world, "new.ndjson")
    assert "1 report is in the store with other content: they count as versions" in told.err
    assert "--replaces old.ndjson" in told.err
    Path("old.ndjson").write_bytes(line(1) + line(2) + line(3))
    assert "old.ndjson: read before, and says more now" in cli("run", "-a", world, "old.ndjson").err


def test_a_torn_export_withdraws_nothing(cli: Cli, world: Path) -> None:
    import gzip

    Path("t.ndjson").write_bytes(line(1) + line(2))
    cli("run", "-a", world, "t.ndjson")
    Path("t.ndjson.gz").write_bytes(gzip.compress(line(1))[:-4])
    told = cli("run", "-a", world, "t.ndjson.gz", "--replaces", "t.ndjson", "--json")
    assert told.code == 1
    assert difference(told.json()) == (0, 0, 0, 1)
    assert told.json()["alerts"] == 2
    assert "nothing is withdrawn" in told.err


@pytest.mark.parametrize("cut", [60, -1])
def test_an_export_that_breaks_off_in_its_last_row_withdraws_nothing(cli: Cli, world: Path, cut: int) -> None:
    Path("old.ndjson").write_bytes(line(1) + line(2) + line(3))
    cli("run", "-a", world, "old.ndjson")
    damaged = line(2).replace(b"}", b"")
    Path("new.ndjson").write_bytes(line(1) + damaged[:cut].rstrip())
    told = cli("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    assert (told.code, told.json()["withdrawn"], told.json()["alerts"]) == (0, 0, 3)
    assert "new.ndjson: breaks off, so nothing is withdrawn for it" in told.err
    Path("new.ndjson").write_bytes(line(1) + damaged.rstrip() + b"\n")
    whole = cli("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    assert (whole.json()["withdrawn"], whole.json()["doubtful"]) == (1, 1)


def test_many_are_withdrawn_only_where_that_is_asked_for(cli: Cli, world: Path) -> None:
    Path("old.ndjson").write_bytes(b"".join(line(n) for n in range(20)))
    cli("run", "-a", world, "old.ndjson")
    Path("new.ndjson").write_bytes(b"".join(line(n) for n in range(9)) + line(30))
    words = ("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    told = cli(*words)
    assert (told.code, difference(told.json()), told.json()["doubtful"]) == (0, (1, 0, 0, 9), 11)
    assert "11 reports of the earlier export would be withdrawn, more than a fifth of it" in told.err
    assert "--withdraw-many" in told.err
    assert difference(cli(*words, "--withdraw-many").json()) == (0, 0, 11, 10)
    alone = cli("run", "-a", world, "new.ndjson", "--withdraw-many")
    assert (alone.code, "--replaces" in alone.err) == (2, True)


def test_a_run_that_stops_early_counts_no_withdrawal(cli: Cli, world: Path) -> None:
    Path("old.ndjson").write_bytes(line(1) + line(2))
    cli("run", "-a", world, "old.ndjson")
    Path("new.ndjson").write_bytes(line(1) + b"{}\n")
    words = ("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    told = cli(*words, "--strict")
    assert (told.code, told.json()["withdrawn"], told.json()["alerts"]) == (3, 0, 2)


def test_a_row_without_a_readable_id_may_be_any(cli: Cli, world: Path) -> None:
    Path("old.ndjson").write_bytes(line(1) + line(2))
    cli("run", "-a", world, "old.ndjson")
    Path("new.ndjson").write_bytes(line(1) + line(2, report_id=""))
    told = cli("run", "-a", world, "new.ndjson", "--replaces", "old.ndjson", "--json")
    assert (told.json()["withdrawn"], told.json()["alerts"]) == (0, 2)
    assert "cannot be read for the id, so nothing is withdrawn" in told.err


def test_rows_that_cannot_be_read_now_are_no_deletions(cli: Cli, world: Path) -> None:
    Path("t.ndjson").write_bytes(line(1) + line(2))
    cli("run", "-a", world, "t.ndjson")
    Path("t.ndjson").write_bytes(line(1) + line(2).replace(b'"lat"', b'"lot"'))
    told = cli("run", "-a", world, "t.ndjson", "--replaces", "t.ndjson", "--json")
    assert (told.json()["withdrawn"], told.json()["doubtful"], told.json()["alerts"]) == (0, 1, 2)
    assert "1 report of the earlier export may be among the rows that cannot be read now" in told.err


def test_what_cannot_be_compared_is_wrong_usage(cli: Cli, world: Path) -> None:
    Path("t.ndjson").write_bytes(line(1))
    assert cli("run", "-a", world, "t.ndjson", "--replaces", "t.ndjson").code == 2
    assert not Path("truceline.db").exists()
    cli("run", "-a", world, "t.ndjson")
    told = cli("run", "-a", world, "t.ndjson", "--replaces", "other.ndjson")
    assert told.code == 2
    assert "there are: t.ndjson" in told.err
    piped = cli("run", "-a", world, "ndjson=-", "--replaces", "t.ndjson")
    assert (piped.code, "read twice" in piped.err) == (2, True)
    sent = cli("send", "t.ndjson", "--replaces", "t.ndjson")
    assert (sent.code, "no state to compare" in sent.err) == (2, True)
    followed = cli("run", "-a", world, "t.ndjson", "--replaces", "t.ndjson", "--follow")
    assert (followed.code, "--follow" in followed.err) == (2, True)
