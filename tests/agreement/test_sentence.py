"""Each provision in one sentence: it says what is judged, and what is judged otherwise is said otherwise."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from pipeline.agreement import Agreement, load_agreement, shipped_agreements
from pipeline.agreement.clauses import compile_clauses
from pipeline.agreement.format import (
    FlightTable,
    ProhibitedActivityTable,
    ProvisionTable,
    Tables,
    UnjudgedTable,
    WeaponTable,
    WithdrawalTable,
)
from pipeline.agreement.phrases import ACTIVITIES, WEAPONS
from pipeline.agreement.sentence import sentence
from pipeline.model.taxonomy import Activity, Severity, Weapon
from pipeline.model.term import Term, members
from tests.agreement.reading_sentences import read

ALL = [
    (load_agreement(name), table) for name in shipped_agreements() for table in load_agreement(name).tables.provisions
]
NAMES = [f"{agreement.name}:{table.id}" for agreement, table in ALL]
BY_ONE = (ProhibitedActivityTable, WithdrawalTable, FlightTable)
WORDS = {"id", "kind", "article", "title", "severity", "source", "confidence", "note", "params"}
"""Keys that say nothing of what is forbidden."""


def names_of(terms: type[Term]) -> list[str]:
    return sorted({term.value for term in terms} | {term.group for term in terms})


@pytest.mark.parametrize(("phrases", "terms"), [(ACTIVITIES, Activity), (WEAPONS, Weapon)])
def test_every_term_and_group_has_words_of_its_own(phrases: dict[str, str], terms: type[Term]) -> None:
    assert sorted(phrases) == names_of(terms)
    assert len(set(phrases.values())) == len(phrases)


@pytest.mark.parametrize(("agreement", "table"), ALL, ids=NAMES)
def test_it_is_one_sentence_of_plain_words(agreement: Agreement, table: ProvisionTable) -> None:
    said = sentence(agreement.tables, table)
    assert said[0].isupper()
    assert said.endswith(".")
    assert "_" not in said
    assert ". " not in said


@pytest.mark.parametrize(
    ("agreement", "table"),
    [pair for pair in ALL if isinstance(pair[1], BY_ONE)],
    ids=[name for name, pair in zip(NAMES, ALL, strict=True) if isinstance(pair[1], BY_ONE)],
)
def test_what_it_names_is_what_is_judged(agreement: Agreement, table: ProvisionTable) -> None:
    forbidden = read(sentence(agreement.tables, table))
    clause = next(one for one in agreement.clauses if one.provision_id == table.id)
    for activity in set(Activity) - {Activity.UNKNOWN}:
        for weapon in set(Weapon) - {Weapon.UNKNOWN}:
            for calibre in (60.0, 82.0, 99.0, 100.0, 120.0, 122.0, 300.0):
                judged = clause.covers(activity, (weapon,), calibre).share
                assert judged == forbidden.holds(activity, weapon, calibre), (activity, weapon, calibre)


calibres = st.one_of(st.none(), st.sampled_from([60.0, 82.0, 100.0, 120.0]))
weapon_tables = st.builds(
    WeaponTable,
    type=st.sampled_from(names_of(Weapon)),
    calibre_min_mm=calibres,
    calibre_below_mm=st.one_of(st.none(), st.sampled_from([122.0, 152.0, 300.0])),
)
weapons = st.lists(weapon_tables, min_size=1, max_size=4).map(tuple)


@st.composite
def provisions(draw: st.DrawFn) -> ProvisionTable:
    """A provision that is judged by one incident."""
    about: dict[str, Any] = {
        "id": "p",
        "source": "s",
        "confidence": "low",
        "article": "1",
        "title": "t",
        "severity": Severity.MINOR,
        "zones": ("both",),
    }
    kind = draw(st.sampled_from(["prohibited_activity", "withdrawal", "flight"]))
    if kind == "prohibited_activity":
        acts = draw(st.lists(st.sampled_from(names_of(Activity)), min_size=1, max_size=4, unique=True))
        armed = draw(st.one_of(st.just(()), weapons))
        return ProhibitedActivityTable(kind=kind, activities=tuple(acts), weapons=armed, **about)
    if kind == "withdrawal":
        return WithdrawalTable(kind=kind, weapons=draw(weapons), troops=draw(st.booleans()), **about)
    flying = sorted(members("aircraft", Weapon) | {"aircraft"})
    objects = draw(st.lists(st.sampled_from(flying), min_size=1, max_size=3, unique=True))
    return FlightTable(kind=kind, objects=tuple(objects), **about)


@given(
    provisions(),
    st.sampled_from(sorted(set(Activity) - {Activity.UNKNOWN})),
    st.sampled_from(sorted(set(Weapon) - {Weapon.UNKNOWN})),
    st.sampled_from([50.0, 60.0, 82.0, 100.0, 120.0, 122.0, 200.0, 300.0]),
)
def test_a_sentence_always_says_what_its_provision_judges(
    table: ProvisionTable, activity: Activity, weapon: Weapon, calibre: float
) -> None:
    tables = load_agreement("korea-2018").tables
    placed = replace(table, zones=("land-north",))
    (clause,) = compile_clauses(placed, {"land-north": 0}, (), (), ())
    said = read(sentence(tables, placed))
    assert clause.covers(activity, (weapon,), calibre).share == said.holds(activity, weapon, calibre)


def otherwise(value: Any) -> Iterator[Any]:
    """Other values of a key."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case datetime():
            yield value + timedelta(days=1)
        case tuple():
            if len(value) > 1:
                yield value[:-1]
            for index, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    for changed in changes(item):
                        yield (*value[:index], changed, *value[index + 1 :])


def changes(table: Any, without: frozenset[str] = frozenset()) -> Iterator[Any]:
    """The same table with one key changed, for each key that matters."""
    for field in fields(table):
        if field.name not in WORDS | without:
            for other in otherwise(getattr(table, field.name)):
                yield replace(table, **{field.name: other})


def told(tables: Tables, table: ProvisionTable) -> str:
    return sentence(replace(tables, provisions=(*tables.provisions, table)), table)


@pytest.mark.parametrize(
    ("agreement", "table"),
    [pair for pair in ALL if not isinstance(pair[1], UnjudgedTable)],
    ids=[name for name, pair in zip(NAMES, ALL, strict=True) if not isinstance(pair[1], UnjudgedTable)],
)
def test_what_is_judged_otherwise_is_said_otherwise(agreement: Agreement, table: ProvisionTable) -> None:
    said, tables = sentence(agreement.tables, table), agreement.tables
    for changed in changes(table):
        assert told(tables, changed) != said, changed
    for zone in tables.zones:
        if zone.id not in getattr(table, "zones", ()):
            continue
        for other in changes(zone, frozenset({"party", "lines", "between", "area_ids"})):
            moved = replace(tables, zones=tuple(other if one.id == zone.id else one for one in tables.zones))
            assert sentence(moved, table) != said, other


def test_sides_that_mirror_each_other_are_told_as_one() -> None:
    tables = load_agreement("korea-2018").tables
    said = {table.id: sentence(tables, table) for table in tables.provisions}
    assert said["no-attack"] == "No fire within 5 km of the Military Demarcation Line on both sides."
    assert "from its beginning to MDL marker 0646; or within 15 km" in said["no-uav"]


def test_dates_are_told_on_the_agreements_clock() -> None:
    tables = load_agreement("donbas-2015").tables
    said = {table.id: sentence(tables, table) for table in tables.provisions}
    assert (
        said["any-fire-2020"]
        == "From 27 July 2020, 00:01 on, no fire within 25 km of the line of contact on both sides."
    )
