"""A party that an operator names is held against the agreement's own, whether its file is at hand or not."""

from pathlib import Path

import pytest

from pipeline.cli.common import UserError
from pipeline.cli.parties import check_party
from pipeline.cli.whereabouts import Agreements
from pipeline.store import open_store
from tests.cli.recorded import CLEAR, agreement_file, record


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def kept(tmp_path: Path, agreement: Path) -> tuple[str, ...]:
    """What the store keeps of an agreement that is not shipped, and whose file may be anywhere by now."""
    with open_store(record(tmp_path / "truceline.db", agreement, [CLEAR])) as opened:
        assert opened.parties("another") == ()
        return opened.parties("world")


def test_the_store_knows_the_parties_of_what_it_was_judged_by(
    kept: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept == ("a", "b", "monitor")
    check_party("b", "world", Agreements(), kept)
    check_party(None, "world", Agreements(), kept)
    with pytest.raises(UserError, match=r"world has no party 'c'; its parties are a, b, monitor"):
        check_party("c", "world", Agreements(), kept)
    assert capsys.readouterr() == ("", "")


def test_the_file_decides_where_it_is_named(agreement: Path) -> None:
    with pytest.raises(UserError, match="its parties are a, b, monitor"):
        check_party("c", "world", Agreements([str(agreement)]), ("c",))


def test_a_name_that_nothing_can_check_is_taken_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    check_party("c\x1b[2J", "world", Agreements())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("c\\x1b[2J: not checked against the parties of world: its data is not at hand")
