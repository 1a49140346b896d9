"""The items of a JSON document: each with its bytes, and one that is damaged costs itself."""

import io
import itertools
import json

import pytest

from pipeline.sources.json_items import Item, items
from pipeline.sources.records import ROW_LIMIT, TornInput

DOCUMENT = {
    "type": "FeatureCollection",
    "bbox": [1, {"features": []}],
    "features": [
        {"type": "Feature", "properties": {"é": 'ü]},{"', "parts": [{"x": 1}, {"x": 2}]}, "geometry": [number, 1.5]}
        for number in range(3)
    ],
    "after": 1,
}


def read(data: bytes, key: str | None = "features") -> list[Item]:
    found = list(items(io.BytesIO(data), key))
    for item in found:
        assert data[item.span.position : item.span.position + item.span.length][:65_536] == item.span.data[:65_536]
    assert [item.number for item in found] == list(range(1, len(found) + 1))
    return found


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_items_are_those_that_the_json_module_reads(indent: int | None, ascii_only: bool) -> None:
    data = json.dumps(DOCUMENT, indent=indent, ensure_ascii=ascii_only).encode()
    assert [item.value for item in read(data)] == DOCUMENT["features"]
    bare = json.dumps(DOCUMENT["features"], indent=indent).encode()
    assert [item.value for item in read(b"\xef\xbb\xbf " + bare, None)] == DOCUMENT["features"]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("damage", [b"x", b'"', b"{", b"}", b"]", b"[", b",", b"\xff", b"\\"])
def test_a_damaged_byte_costs_one_item_wherever_it_is(indent: int | None, damage: bytes) -> None:
    data = json.dumps(DOCUMENT, indent=indent).encode()
    whole = {item.span.position: item for item in read(data)}
    begins = sorted(whole)
    for at in range(begins[0] + 1, begins[-1] + 40):
        spoilt = data[:at] + damage + data[at + 1 :]
        hit = max(begin for begin in begins if begin <= at)
        left = {item.span.position: item.value for item in read(spoilt) if item.problem is None}
        for begin in begins:
            if begin == hit or (at in begins and damage == b'"'):
                continue  # a brace that became a quote looks like the end of the item before it
            assert left.get(begin) == whole[begin].value, (at, damage)


def test_a_document_that_breaks_off_gives_what_was_whole() -> None:
    data = json.dumps(DOCUMENT).encode()
    begin = read(data)[2].span.position
    given = items(io.BytesIO(data[: begin + 30]), "features")
    assert [item.value for item in itertools.islice(given, 2)] == DOCUMENT["features"][:2]  # type: ignore[index]
    with pytest.raises(TornInput) as torn:
        next(given)
    assert torn.value.span is not None
    assert (torn.value.span.position, torn.value.span.data) == (begin, data[begin : begin + 30])


@pytest.mark.parametrize(
    ("data", "key"), [(b"", None), (b" \n", "features"), (b"[]", None), (b'{"features":[]}', "features")]
)
def test_what_holds_nothing_has_no_items(data: bytes, key: str | None) -> None:
    assert read(data, key) == []


@pytest.mark.parametrize(("data", "key"), [(b'{"a":1}', "features"), (b'{"a":1}', None), (b"[[1]]", "features")])
def test_a_document_without_the_array_is_one_item_with_a_problem(data: bytes, key: str | None) -> None:
    (only,) = read(data, key)
    assert only.problem is not None
    assert (only.problem.reason, only.span.data) == ("not_json", data)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_json"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":"\xff"}', "bad_encoding"),
        (b'{"a":"' + b"x" * ROW_LIMIT * 9 + b'"}', "too_long"),
        (b"7", "not_json"),
    ],
)
def test_an_item_that_cannot_be_read_leaves_its_neighbours_alone(item: bytes, reason: str) -> None:
    first, spoilt, last = read(b'[{"a":1},' + item + b',{"a":2}]', None)
    assert (first.value, last.value) == ({"a": 1}, {"a": 2})
    assert spoilt.problem is not None
    assert spoilt.problem.reason == reason
    assert spoilt.span.length >= len(item)


@pytest.mark.parametrize("evil", [b',{"a":"' * 20_000, b'{"a":1,"b":[1,' * 20_000, b"{" * 20_000])
def test_a_document_made_to_be_hard_is_given_up_soon(evil: bytes) -> None:
    try:
        found = read(b'[{"a":"' + evil, None)
    except TornInput:
        return
    assert all(item.problem is not None for item in found)
