"""The tables of codes: every one is whole, and nothing becomes `unknown` in silence."""

import pytest

from pipeline.model.taxonomy import Activity, RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.codes import Code, Codes, code_tables
from pipeline.sources.registry import sources


@pytest.mark.parametrize("name", sorted(code_tables()))
def test_a_table_is_a_sources_and_says_why_where_it_names_no_term(name: str) -> None:
    assert name in sources()
    table = code_tables()[name]
    assert table.where
    for column, codes in table.columns.items():
        assert codes, column
        for word, code in codes.items():
            assert code.activity is not None or code.weapons or code.unit or code.why, (column, word)
            if code.activity in (Activity.UNKNOWN, Activity.OTHER):
                assert code.why or code.means, (column, word)


def test_the_longest_beginning_holds_and_a_word_that_is_not_listed_is_refused() -> None:
    codes = Codes("kind", {"shell*": Code(Activity.SHELLING), "shellfish": Code(Activity.OTHER)})
    assert codes.of("  SHELLing ").activity is Activity.SHELLING
    assert codes.of("Shellfish").activity is Activity.OTHER
    with pytest.raises(RowError, match="'flood' is none of the codes") as refused:
        codes.of("flood")
    assert refused.value.problem.reason is RejectReason.UNKNOWN_TERM
    with pytest.raises(RowError, match="is empty") as empty:
        codes.of(" ")
    assert empty.value.problem.reason is RejectReason.MISSING
