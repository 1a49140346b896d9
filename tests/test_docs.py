"""The documentation is true where a program can tell: links resolve, words exist, tables name every key."""

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from pipeline.agreement import format as agreement_format
from pipeline.agreement import remembering
from pipeline.agreement.format import JUDGED, LISTS, UNJUDGED, ZONES, Header, ProvisionTable, UnjudgedTable
from pipeline.agreement.remembering import REMEMBERING, RememberingTable
from pipeline.agreement.table import Table
from pipeline.model import taxonomy
from pipeline.model.taxonomy import Doubt
from pipeline.monitor.judge import CAPPING
from pipeline.observers import Family, Kind, Linking
from pipeline.store.schema import TABLES
from tools import pages, schemas
from tools.fields import FIELDS

CHECKOUT = Path(__file__).resolve().parents[1]
DOCS = CHECKOUT / "docs"
PAGES = [CHECKOUT / "README.md", *sorted(DOCS.glob("*.md")), CHECKOUT / "geodata" / "README.md"]
OURS = [
    CHECKOUT / "README.md",
    *(DOCS / f"{name}.md" for name in ("architecture", "records", "agreements", "fusion", "geometry", "store")),
]
AGREEMENTS = (DOCS / "agreements.md").read_text(encoding="utf-8")

_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

ELSEWHERE = frozenset(
    """
    time_window between_lines
    application_id user_version
    share_inside share_in_force share_covered share_suspended area_km2 zone_km2 line_accuracy_m edge_distance_m
    line_valid_from line_valid_until line_status count_min count_max
    left_to_right right_to_left between_from between_until share_before share_after
    content_date age_days share_without share_least share_most valid_from valid_until days_to_next
    inside_from inside_until seen_minutes observed observed_before open_source
    """.split()
)
"""Words in code style that stand for something else: kinds of exception and zone, SQLite's pragmas, doubts' figures; a
technique."""


def prose(page: Path) -> str:
    """A page without its programs."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on a web page."""
    plain = (re.sub(r"[`*]", "", heading).lower() for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or not target.is_relative_to(CHECKOUT) or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.stem)
def test_every_word_in_code_style_exists(page: Path) -> None:
    terms = {word for entries in pages.term_lists().values() for entry in entries for word in entry.values()}
    fields = set(chain.from_iterable(FIELDS.values())) | {"bytes_base64"}
    keys = {field.encode_name for table in _tables() for field in msgspec.structs.fields(table)}
    columns = set(re.findall(r"^    (\w+) |TABLE (\w+)", TABLES, re.MULTILINE))
    figures = {field.name for table in (Linking, Kind, Family) for field in msgspec.structs.fields(table)}
    known = terms | fields | keys | figures | {word for pair in columns for word in pair} | ELSEWHERE
    assert {word for word in _CODE.findall(prose(page)) if word not in known} == set()


def _tables() -> Iterator[type[msgspec.Struct]]:
    for value in chain(vars(agreement_format).values(), vars(remembering).values()):
        if isinstance(value, type) and issubclass(value, Table):
            yield value


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of any depth."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {heading!r}"
    return found[1]


def first_column(text: str) -> dict[str, bool]:
    """The keys in a table's first column, and whether they are bold."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {key: bool(bold) for cell in cells for bold, key in re.findall(r"(\*\*)?`(\w+)`", cell)}


def keys(table: type[msgspec.Struct], without: type[msgspec.Struct] | None = None) -> dict[str, bool]:
    """The keys of a table of the format, and whether they are required."""
    left_out = {field.name for field in msgspec.structs.fields(without)} if without else set()
    fields = msgspec.structs.fields(table)
    return {field.encode_name: field.required for field in fields if field.name not in left_out}


SECTIONS = {
    "The head": keys(Header),
    **{name: keys(table) for name, table in LISTS.items()},
    "lines.markers": keys(agreement_format.Marker),
    "lines.sectors": keys(agreement_format.Sector),
    **{f"zones of kind {kind}": keys(table) for kind, table in ZONES.items()},
    "every provision": keys(ProvisionTable),
    **{f"provisions of kind {kind}": keys(table, without=ProvisionTable) for kind, table in JUDGED.items()},
    "every provision that remembers": keys(RememberingTable, without=ProvisionTable),
    **{f"provisions of kind {kind}": keys(table, without=RememberingTable) for kind, table in REMEMBERING.items()},
    "provisions.limits": keys(remembering.Limit),
    "provisions.stages": keys(remembering.Stage),
    "provisions.inventory": keys(remembering.Item),
    "provisions that are not yet judged": keys(UnjudgedTable, without=ProvisionTable),
    "weapon classes": keys(agreement_format.WeaponTable),
    "exceptions.notices": keys(agreement_format.Notice),
    "exceptions.windows": keys(agreement_format.Span),
}


@pytest.mark.parametrize("heading", SECTIONS)
def test_agreements_page_names_every_key_and_which_are_required(heading: str) -> None:
    assert first_column(section(AGREEMENTS, heading)) == SECTIONS[heading]


def test_agreements_page_names_every_kind_of_provision() -> None:
    named = set(re.findall(r"`(\w+)`", section(AGREEMENTS, "Not yet judged")))
    assert named == UNJUDGED


def test_agreements_page_explains_every_doubt_and_which_cap() -> None:
    rows = [line for line in section(AGREEMENTS, "Doubts").splitlines() if line.startswith("| `")]
    told = {row.split("`")[1]: "•" in row for row in rows}
    assert told == {doubt.value: doubt in CAPPING for doubt in Doubt}


def test_records_page_has_a_table_for_every_published_record_and_its_parts() -> None:
    text = (DOCS / "records.md").read_text(encoding="utf-8")
    for published in schemas.PUBLISHED:
        shown = first_column(section(text, published.file.capitalize()))
        told = FIELDS[published.record] if published.file != "reject" else {}
        assert set(told) <= set(shown)
    everything = first_column(text)
    for part in ("Disc", "Bearing", "Area", "Count", "Attribution", "Origin"):
        (record,) = [record for record in FIELDS if record.__name__ == part]
        assert set(FIELDS[record]) <= set(everything)


def test_taxonomy_page_has_every_list() -> None:
    text = (DOCS / "taxonomy.md").read_text(encoding="utf-8")
    for name, terms in taxonomy.LISTS.items():
        assert list(first_column(section(text, name))) == [term.value for term in terms]


def test_store_page_names_every_table() -> None:
    text = (DOCS / "store.md").read_text(encoding="utf-8")
    assert list(first_column(text)) == re.findall(r"CREATE TABLE (\w+)", TABLES)


def test_architecture_page_has_the_rooms_in_the_order_that_is_enforced() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c["layers"] for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    enforced = [name for layer in layers for name in re.findall(r"\w+", layer)]
    table = section((DOCS / "architecture.md").read_text(encoding="utf-8"), "The rooms")
    told = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)", line.split("|")[1])
    ]
    assert [name for name in told if name in enforced] == enforced
    there = {
        path.stem
        for path in (CHECKOUT / "pipeline").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__", "__main__"} == set(told)
