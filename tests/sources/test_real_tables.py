"""The page on real tables says what becomes of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sources.real_tables import FILES, PAGE, Given, row_of


@pytest.mark.parametrize("given", FILES, ids=lambda given: given.file)
def test_the_page_tells_what_becomes_of_a_real_table(given: Given, shared_data: Callable[[str], Path]) -> None:
    assert row_of(given, shared_data(given.file)) in PAGE.read_text(encoding="utf-8")
